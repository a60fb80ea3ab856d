/* SPDX-License-Identifier: Apache-2.0 */
/* The two messages of which there are most, without protobuf-c: orders in, and what is said of
   them.  Both are the shortest encoding, which is the only one there is: fields in order, none
   with its default, no padding. */
#include "gateway/translate_in.h"
#include "gateway/translate_order.h"

#include "engine/base/panic.h"

#include <string.h>

enum {
    TAG_FRAME = 0x0a,     /* GatewayFrame.messages, ClientFrame.messages */
    TAG_NEW_ORDER = 0x22, /* ClientMessage.new_order */
    TAG_REPORT = 0x2a,    /* GatewayMessage.execution_report */
    TAG_AS_UNDERSTOOD = 0x42,
    ORDER_FIELDS = 16,
    NUMBER_MAX = 12, /* bytes of a field with a number: two of tag, ten of value */
    ORDER_MAX = ORDER_FIELDS * NUMBER_MAX,
    HEADS_MAX = 8, /* two tags and lengths before a report */
};

/* ---- In -------------------------------------------------------------------------------------- */

/* False: cut, padded, or more than 64 bits. */
static bool take_number(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t byte = *(*p)++;
        if (shift == 63 && byte > 1) return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0) continue;
        *ret = v;
        return byte != 0 || shift == 0;
    }
    return false;
}

/* Fields of an order, all of them numbers, by their own numbers; 0: not there. */
static bool take_fields(const uint8_t *p, const uint8_t *end, uint64_t fields[ORDER_FIELDS + 1])
{
    uint64_t before = 0, tag;
    while (p < end) {
        if (!take_number(&p, end, &tag) || (tag & 7) != 0) return false;
        tag >>= 3;
        if (tag <= before || tag > ORDER_FIELDS) return false;
        if (!take_number(&p, end, &fields[tag]) || fields[tag] == 0) return false;
        before = tag;
    }
    return true;
}

static bool fits(const uint64_t f[ORDER_FIELDS + 1])
{
    bool numbers = f[2] <= UINT32_MAX && f[5] <= UINT32_MAX && f[6] <= UINT32_MAX &&
                   f[7] <= UINT32_MAX && f[8] <= UINT32_MAX && f[14] <= UINT32_MAX;
    bool lists = f[3] <= INT32_MAX && f[4] <= INT32_MAX && f[10] <= INT32_MAX && f[15] <= INT32_MAX;
    return numbers && lists && f[12] <= 1 && f[13] <= 1;
}

bool phg_read_order(const uint8_t *p, size_t size, Petahour__V1__NewOrder *ret)
{
    uint64_t f[ORDER_FIELDS + 1] = {0}, length;
    const uint8_t *end = p + size;
    if (size == 0 || *p++ != TAG_NEW_ORDER) return false;
    if (!take_number(&p, end, &length) || length != (uint64_t)(end - p)) return false;
    if (!take_fields(p, end, f) || !fits(f)) return false;
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

static uint8_t *put_number(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put(uint8_t *p, uint32_t field, uint64_t v)
{
    return v == 0 ? p : put_number(put_number(p, field << 3), v);
}

static size_t put_order(uint8_t *p, const ph_new_order *o)
{
    uint8_t *end = put(p, 1, o->client_order_id);
    end = put(end, 2, o->product.v);
    end = put(end, 3, (uint64_t)o->side);
    end = put(end, 4, (uint64_t)o->shape);
    end = put(end, 5, o->window.first);
    end = put(end, 6, o->window.periods);
    end = put(end, 7, o->duration);
    end = put(end, 8, o->quantity);
    end = put(end, 9, (uint64_t)o->price);
    end = put(end, 10, (uint64_t)o->time_in_force);
    end = put(end, 11, o->expire_at.ns);
    end = put(end, 12, o->all_or_none);
    end = put(end, 13, o->post_only);
    end = put(end, 14, o->display_quantity);
    end = put(end, 15, (uint64_t)o->stp);
    end = put(end, 16, o->from_contract.v);
    return (size_t)(end - p);
}

static uint8_t *put_before(uint8_t *body, uint8_t tag, size_t size)
{
    uint8_t length[NUMBER_MAX];
    size_t n = (size_t)(put_number(length, size) - length);
    memcpy(body - n, length, n);
    body[-(ptrdiff_t)n - 1] = tag;
    return body - n - 1;
}

bool phg_report_is_plain(const phg_report *r)
{
    return r->segment_cnt == 0 && r->code == PH_REJECT_NONE && r->cancel_reason == 0;
}

phg_bytes phg_write_report(uint8_t room[PHG_PLAIN_REPORT_MAX], const phg_report *r)
{
    _Static_assert(HEADS_MAX + 28 * NUMBER_MAX + 4 + ORDER_MAX <= PHG_PLAIN_REPORT_MAX, "it fits");
    uint8_t *body = room + HEADS_MAX, *p = body;
    PH_ASSERT(phg_report_is_plain(r));
    p = put(p, 1, r->number);
    p = put(p, 2, r->seq);
    p = put(p, 3, r->at.ns);
    p = put(p, 4, (uint64_t)r->type);
    p = put(p, 5, r->order.v);
    p = put(p, 6, r->client_order_id);
    p = put(p, 7, r->leaves);
    if (r->as_understood) {
        uint8_t order[ORDER_MAX];
        size_t size = put_order(order, r->as_understood);
        *p++ = TAG_AS_UNDERSTOOD;
        p = put_number(p, size);
        memcpy(p, order, size);
        p += size;
    }
    p = put(p, 9, (uint64_t)r->hold);
    p = put(p, 15, r->trade.v);
    p = put(p, 16, r->contract.v);
    p = put(p, 17, r->product.v);
    p = put(p, 18, (uint64_t)r->side);
    p = put(p, 19, r->taker);
    p = put(p, 21, (uint64_t)r->notional);
    p = put(p, 22, (uint64_t)r->fee);
    p = put(p, 23, (uint64_t)r->bond);
    p = put(p, 25, r->period);
    p = put(p, 26, r->ended);
    p = put(p, 27, r->quantity);
    p = put(p, 28, (uint64_t)r->price);
    p = put(p, 29, r->group.v);
    p = put(p, 30, r->from_contract.v);
    p = put(p, 31, (uint64_t)r->premium);
    p = put(p, 32, (uint64_t)r->fee_at_trade);
    body = put_before(body, TAG_REPORT, (size_t)(p - body));
    body = put_before(body, TAG_FRAME, (size_t)(p - body));
    return (phg_bytes){body, (size_t)(p - body)};
}
