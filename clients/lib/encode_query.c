/* SPDX-License-Identifier: Apache-2.0 */
/* Questions. */
#include "clients/lib/encode_parts.h"

enum { STARTS_MAX = 1024 };

/* An order that is only asked about has no number of its own. */
static const char *fill(const phc_order *o, Petahour__V1__NewOrder *m)
{
    phc_order own = *o;
    if (own.client_order_id == 0) own.client_order_id = 1;
    return phc_fill_order(&own, m);
}

const char *phc_encode_preview(const phc_order *o, uint64_t request, phc_message *ret)
{
    Petahour__V1__NewOrder order;
    const char *wrong = fill(o, &order);
    if (wrong != NULL) return wrong;
    Petahour__V1__AskPreview m;
    petahour__v1__ask_preview__init(&m);
    m.request = request;
    m.order = &order;
    PACK(ASK_PREVIEW, ask_preview, m, ret);
    return NULL;
}

const char *phc_encode_why(uint64_t order, const phc_order *stated, uint64_t request,
                           phc_message *ret)
{
    Petahour__V1__NewOrder terms;
    if ((order == 0) == (stated == NULL)) return "neither or both of an order and its number";
    const char *wrong = stated != NULL ? fill(stated, &terms) : NULL;
    if (wrong != NULL) return wrong;
    Petahour__V1__AskWhy m;
    petahour__v1__ask_why__init(&m);
    m.request = request;
    m.order = order;
    if (stated != NULL) m.stated = &terms;
    PACK(ASK_WHY, ask_why, m, ret);
    return NULL;
}

const char *phc_encode_depth(const phc_depth_question *q, uint64_t request, phc_message *ret)
{
    if (phc_side_text(q->side) == NULL) return "side is neither buy nor sell";
    if (q->starts == 0 || q->starts > STARTS_MAX) return "starts is not 1 to 1024";
    Petahour__V1__AskDepth m;
    petahour__v1__ask_depth__init(&m);
    m.request = request;
    m.product = q->product;
    m.side = (Petahour__V1__Side)q->side;
    m.periods = q->periods;
    m.first_start = q->first_start;
    m.starts = q->starts;
    m.limit = q->limit;
    m.without_own = q->without_own;
    PACK(ASK_DEPTH, ask_depth, m, ret);
    return NULL;
}

const char *phc_encode_ask_orders(uint64_t order, uint64_t after, uint64_t request,
                                  phc_message *ret)
{
    Petahour__V1__AskOrders m;
    petahour__v1__ask_orders__init(&m);
    m.request = request;
    m.order = order;
    m.after = after;
    PACK(ASK_ORDERS, ask_orders, m, ret);
    return NULL;
}

const char *phc_encode_ask_positions(uint64_t after, uint64_t request, phc_message *ret)
{
    Petahour__V1__AskPositions m;
    petahour__v1__ask_positions__init(&m);
    m.request = request;
    m.after = after;
    PACK(ASK_POSITIONS, ask_positions, m, ret);
    return NULL;
}

const char *phc_encode_ask_balances(uint64_t request, phc_message *ret)
{
    Petahour__V1__AskBalances m;
    petahour__v1__ask_balances__init(&m);
    m.request = request;
    PACK(ASK_BALANCES, ask_balances, m, ret);
    return NULL;
}

const char *phc_encode_ask_order_status(uint64_t order, uint64_t client_order_id, uint64_t request,
                                        phc_message *ret)
{
    if ((order == 0) == (client_order_id == 0))
        return "neither or both of an order's number and its client order id";
    Petahour__V1__AskOrderStatus m;
    petahour__v1__ask_order_status__init(&m);
    m.request = request;
    m.order = order;
    m.client_order_id = client_order_id;
    PACK(ASK_ORDER_STATUS, ask_order_status, m, ret);
    return NULL;
}

const char *phc_encode_ask_contracts(const phc_contracts_question *q, uint64_t request,
                                     phc_message *ret)
{
    Petahour__V1__AskContracts m;
    petahour__v1__ask_contracts__init(&m);
    m.request = request;
    m.after = q->after;
    m.product = q->product;
    m.open_only = q->open_only;
    PACK(ASK_CONTRACTS, ask_contracts, m, ret);
    return NULL;
}

const char *phc_encode_ask_statement(uint32_t first_day, uint32_t days, uint64_t request,
                                     phc_message *ret)
{
    if (days == 0) return "days is 0";
    Petahour__V1__AskStatement m;
    petahour__v1__ask_statement__init(&m);
    m.request = request;
    m.first_day = first_day;
    m.days = days;
    PACK(ASK_STATEMENT, ask_statement, m, ret);
    return NULL;
}
