/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of which there are most, without protobuf-c: orders and cancels in, and what is said
   of orders.  All are the shortest encoding, which is the only one there is: fields in order, none
   with its default, no padding. */
#include "gateway/translate/translate_in.h"
#include "gateway/translate/translate_order.h"

#include "engine/base/panic.h"
#include "engine/wire/codec.h"
#include "gateway/translate/translate_write.h"

#include <string.h>

enum {
    TAG_FRAME = 0x0a,     /* GatewayFrame.messages, ClientFrame.messages */
    TAG_NEW_ORDER = 0x22, /* ClientMessage.new_order */
    TAG_CANCEL = 0x2a,    /* ClientMessage.cancel_order */
    TAG_REPORT = 0x2a,    /* GatewayMessage.execution_report */
    TAG_AS_UNDERSTOOD = 0x42,
    ORDER_FIELDS = 16,
    CANCEL_FIELDS = 3,
    ORDER_MAX = ORDER_FIELDS * PB_FIELD_MAX,
    REASON_MAX = 64, /* bytes of the name of a reason to cancel */
    HEADS_MAX = 8,   /* two tags and lengths before a report */
};

/* ---- In -------------------------------------------------------------------------------------- */

static bool fits(const uint64_t f[ORDER_FIELDS + 1])
{
    bool numbers = f[2] <= UINT32_MAX && f[5] <= UINT32_MAX && f[6] <= UINT32_MAX &&
                   f[7] <= UINT32_MAX && f[8] <= UINT32_MAX && f[14] <= UINT32_MAX;
    bool lists = f[3] <= INT32_MAX && f[4] <= INT32_MAX && f[10] <= INT32_MAX && f[15] <= INT32_MAX;
    return numbers && lists && f[12] <= 1 && f[13] <= 1;
}

/* The fields of a message that is alone under this tag. */
static bool take_fields(uint8_t tag, const uint8_t *p, size_t size, uint32_t most, uint64_t f[])
{
    uint64_t length;
    const uint8_t *end = p + size;
    return size != 0 && *p++ == tag && pb_take_number(&p, end, &length) &&
           length == (uint64_t)(end - p) && pb_take_numbers(p, end, most, f);
}

bool phg_read_cancel(const uint8_t *bytes, size_t size, Petahour__V1__CancelOrder *ret)
{
    uint64_t f[CANCEL_FIELDS + 1] = {0};
    if (!take_fields(TAG_CANCEL, bytes, size, CANCEL_FIELDS, f)) return false;
    petahour__v1__cancel_order__init(ret);
    ret->request = f[1];
    ret->order = f[2];
    ret->client_order_id = f[3];
    return true;
}

bool phg_read_order(const uint8_t *bytes, size_t size, Petahour__V1__NewOrder *ret)
{
    uint64_t f[ORDER_FIELDS + 1] = {0};
    if (!take_fields(TAG_NEW_ORDER, bytes, size, ORDER_FIELDS, f) || !fits(f)) return false;
    petahour__v1__new_order__init(ret);
    ret->client_order_id = f[1];
    ret->product = (uint32_t)f[2];
    ret->side = (Petahour__V1__Side)f[3];
    ret->shape = (Petahour__V1__Shape)f[4];
    ret->first_period = (uint32_t)f[5];
    ret->periods = (uint32_t)f[6];
    ret->duration = (uint32_t)f[7];
    ret->quantity = (uint32_t)f[8];
    ret->price = (int64_t)f[9];
    ret->time_in_force = (Petahour__V1__TimeInForce)f[10];
    ret->expire_at = f[11];
    ret->all_or_none = f[12] != 0;
    ret->post_only = f[13] != 0;
    ret->display_quantity = (uint32_t)f[14];
    ret->self_trade_prevention = (Petahour__V1__SelfTradePrevention)f[15];
    ret->from_contract = f[16];
    return true;
}

/* ---- Out ------------------------------------------------------------------------------------- */

static size_t put_order(uint8_t *p, const ph_new_order *o)
{
    uint8_t *end = pb_put(p, 1, o->client_order_id);
    end = pb_put(end, 2, o->product.v);
    end = pb_put(end, 3, (uint64_t)o->side);
    end = pb_put(end, 4, (uint64_t)o->shape);
    end = pb_put(end, 5, o->window.first);
    end = pb_put(end, 6, o->window.periods);
    end = pb_put(end, 7, o->duration);
    end = pb_put(end, 8, o->quantity);
    end = pb_put(end, 9, (uint64_t)o->price);
    end = pb_put(end, 10, (uint64_t)o->time_in_force);
    end = pb_put(end, 11, o->expire_at.ns);
    end = pb_put(end, 12, o->all_or_none);
    end = pb_put(end, 13, o->post_only);
    end = pb_put(end, 14, o->display_quantity);
    end = pb_put(end, 15, (uint64_t)o->stp);
    end = pb_put(end, 16, o->from_contract.v);
    return (size_t)(end - p);
}

static uint8_t *put_text(uint8_t *p, uint32_t field, const char *text)
{
    size_t size = strlen(text);
    PH_ASSERT(size <= REASON_MAX);
    p = pb_put_number(pb_put_number(p, field << 3 | 2), size);
    memcpy(p, text, size);
    return p + size;
}

static uint8_t *put_before(uint8_t *body, uint8_t tag, size_t size)
{
    uint8_t length[PB_FIELD_MAX];
    size_t n = (size_t)(pb_put_number(length, size) - length);
    memcpy(body - n, length, n);
    body[-(ptrdiff_t)n - 1] = tag;
    return body - n - 1;
}

bool phg_report_is_plain(const phg_report *r)
{
    return r->segment_cnt <= PHG_PLAIN_SEGMENTS_MAX && r->code == PH_REJECT_NONE;
}

phg_bytes phg_write_report(uint8_t room[PHG_PLAIN_REPORT_MAX], const phg_report *r)
{
    _Static_assert(HEADS_MAX + 28 * PB_FIELD_MAX + 4 + ORDER_MAX +
                           PHG_PLAIN_SEGMENTS_MAX * PHG_PUT_SEGMENT_MAX + 3 + REASON_MAX <=
                       PHG_PLAIN_REPORT_MAX,
                   "it fits");
    uint8_t *body = room + HEADS_MAX, *p = body;
    PH_ASSERT(phg_report_is_plain(r));
    p = pb_put(p, 1, r->number);
    p = pb_put(p, 2, r->seq);
    p = pb_put(p, 3, r->at.ns);
    p = pb_put(p, 4, (uint64_t)r->type);
    p = pb_put(p, 5, r->order.v);
    p = pb_put(p, 6, r->client_order_id);
    p = pb_put(p, 7, r->leaves);
    if (r->as_understood) {
        uint8_t order[ORDER_MAX];
        size_t size = put_order(order, r->as_understood);
        *p++ = TAG_AS_UNDERSTOOD;
        p = pb_put_number(p, size);
        memcpy(p, order, size);
        p += size;
    }
    p = pb_put(p, 9, (uint64_t)r->hold);
    p = pb_put(p, 15, r->trade.v);
    p = pb_put(p, 16, r->contract.v);
    p = pb_put(p, 17, r->product.v);
    p = pb_put(p, 18, (uint64_t)r->side);
    p = pb_put(p, 19, r->taker);
    for (uint32_t i = 0; i < r->segment_cnt; i++) {
        PH_ASSERT(r->segments[i].kind == PH_EVT_SEGMENT);
        p = phg_put_segment(p, 20, &r->segments[i].u.segment);
    }
    p = pb_put(p, 21, (uint64_t)r->notional);
    p = pb_put(p, 22, (uint64_t)r->fee);
    p = pb_put(p, 23, (uint64_t)r->bond);
    if (r->cancel_reason != 0) p = put_text(p, 24, ph_cancel_reason_name(r->cancel_reason));
    p = pb_put(p, 25, r->period);
    p = pb_put(p, 26, r->ended);
    p = pb_put(p, 27, r->quantity);
    p = pb_put(p, 28, (uint64_t)r->price);
    p = pb_put(p, 29, r->group.v);
    p = pb_put(p, 30, r->from_contract.v);
    p = pb_put(p, 31, (uint64_t)r->premium);
    p = pb_put(p, 32, (uint64_t)r->fee_at_trade);
    body = put_before(body, TAG_REPORT, (size_t)(p - body));
    body = put_before(body, TAG_FRAME, (size_t)(p - body));
    return (phg_bytes){body, (size_t)(p - body)};
}
