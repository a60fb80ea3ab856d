/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/plain.h"

#include "proto/shortest.h"

#include <string.h>

enum {
    TAG_NEW_ORDER = 0x22, /* ClientMessage.new_order */
    TAG_REPORT = 0x2a,    /* GatewayMessage.execution_report */
    ORDER_FIELDS = 16,
    SEGMENT_FIELDS = 4,
    REPORT_FIELDS = 32,
    /* Of a report, the fields that are no numbers. */
    AS_UNDERSTOOD = 8,
    SEGMENTS = 20,
    REASON = 24,
    /* Those of a rejection, which protobuf-c reads. */
    REJECT_FIRST = 10,
    REJECT_LAST = 14,
    NUMBER = 0, /* wire types */
    BYTES = 2,
};

_Static_assert(1 + PB_LENGTH_MAX + ORDER_FIELDS * PB_FIELD_MAX <= PHC_PLAIN_ORDER_MAX, "it fits");

/* ---- Out ------------------------------------------------------------------------------------- */

size_t phc_plain_order(uint8_t room[PHC_PLAIN_ORDER_MAX], const phc_order *o)
{
    uint8_t *begin = pb_put_begin(room, TAG_NEW_ORDER >> 3);
    uint8_t *p = pb_put(begin, 1, o->client_order_id);
    p = pb_put(p, 2, o->product);
    p = pb_put(p, 3, (uint64_t)o->side);
    p = pb_put(p, 4, (uint64_t)o->shape);
    p = pb_put(p, 5, o->first_period);
    p = pb_put(p, 6, o->periods);
    p = pb_put(p, 7, o->duration);
    p = pb_put(p, 8, o->quantity);
    p = pb_put(p, 9, (uint64_t)o->price);
    p = pb_put(p, 10, (uint64_t)o->time_in_force);
    p = pb_put(p, 11, o->expire_at);
    p = pb_put(p, 12, o->all_or_none);
    p = pb_put(p, 13, o->post_only);
    p = pb_put(p, 14, o->display_quantity);
    p = pb_put(p, 15, (uint64_t)o->self_trade);
    p = pb_put(p, 16, o->from_contract);
    return (size_t)(pb_put_end(begin, p) - room);
}

/* ---- In -------------------------------------------------------------------------------------- */

static bool take_order(const uint8_t *p, size_t size, phc_order *ret)
{
    uint64_t f[ORDER_FIELDS + 1] = {0};
    if (!pb_take_numbers(p, p + size, ORDER_FIELDS, f)) return false;
    if (f[2] > UINT32_MAX || f[5] > UINT32_MAX || f[6] > UINT32_MAX || f[7] > UINT32_MAX ||
        f[8] > UINT32_MAX || f[14] > UINT32_MAX)
        return false;
    if (f[3] > INT32_MAX || f[4] > INT32_MAX || f[10] > INT32_MAX || f[15] > INT32_MAX)
        return false;
    if (f[12] > 1 || f[13] > 1) return false;
    *ret = (phc_order){.client_order_id = f[1],
                       .product = (uint32_t)f[2],
                       .side = (phc_side)f[3],
                       .shape = (phc_shape)f[4],
                       .first_period = (uint32_t)f[5],
                       .periods = (uint32_t)f[6],
                       .duration = (uint32_t)f[7],
                       .quantity = (uint32_t)f[8],
                       .price = (int64_t)f[9],
                       .time_in_force = (phc_time_in_force)f[10],
                       .expire_at = f[11],
                       .all_or_none = f[12] != 0,
                       .post_only = f[13] != 0,
                       .display_quantity = (uint32_t)f[14],
                       .self_trade = (phc_self_trade)f[15],
                       .from_contract = f[16]};
    return phc_side_text(ret->side) != NULL && phc_shape_text(ret->shape) != NULL &&
           phc_time_in_force_text(ret->time_in_force) != NULL;
}

static bool take_segment(const uint8_t *p, size_t size, phc_segment *ret)
{
    uint64_t f[SEGMENT_FIELDS + 1] = {0};
    if (!pb_take_numbers(p, p + size, SEGMENT_FIELDS, f)) return false;
    if (f[1] > UINT32_MAX || f[2] > UINT32_MAX || f[3] > UINT32_MAX) return false;
    *ret = (phc_segment){.first_period = (uint32_t)f[1],
                         .periods = (uint32_t)f[2],
                         .quantity = (uint32_t)f[3],
                         .price = (int64_t)f[4]};
    return true;
}

/* A report on its way: its numbers by their fields, and the rest. */
typedef struct {
    uint64_t f[REPORT_FIELDS + 1];
    phc_order order;
    bool has_order;
    size_t segment_cnt;
} reading;

/* A field that is no number. */
static bool take_part(reading *r, phc_plain_room *room, uint64_t field, const uint8_t *p,
                      size_t size)
{
    switch (field) {
    case AS_UNDERSTOOD: r->has_order = take_order(p, size, &r->order); return r->has_order;
    case SEGMENTS:
        if (!phc_segments_room(room->segments, r->segment_cnt + 1)) return false;
        return take_segment(p, size, &room->segments->v[r->segment_cnt++]);
    case REASON:
        if (size == 0 || size >= sizeof room->reason || memchr(p, '\0', size) != NULL) return false;
        memcpy(room->reason, p, size);
        room->reason[size] = '\0';
        return true;
    default: return false;
    }
}

static bool take_fields(reading *r, phc_plain_room *room, const uint8_t *p, const uint8_t *end)
{
    uint64_t before = 0, tag;
    while (p < end) {
        if (!pb_take_number(&p, end, &tag)) return false;
        uint64_t field = tag >> 3;
        if (field < before || (field == before && field != SEGMENTS) || field > REPORT_FIELDS)
            return false;
        if (field >= REJECT_FIRST && field <= REJECT_LAST) return false;
        before = field;
        if ((tag & 7) == NUMBER && field != AS_UNDERSTOOD && field != SEGMENTS && field != REASON) {
            if (!pb_take_number(&p, end, &r->f[field]) || r->f[field] == 0) return false;
            continue;
        }
        const uint8_t *part;
        size_t size;
        if ((tag & 7) != BYTES || !pb_take_bytes(&p, end, &part, &size)) return false;
        if (!take_part(r, room, field, part, size)) return false;
    }
    return true;
}

/* As phc_decode_report has it. */
static bool makes_sense(const reading *r)
{
    const uint64_t *f = r->f;
    if (f[17] > UINT32_MAX || f[25] > UINT32_MAX || f[27] > UINT32_MAX) return false;
    if (f[4] < PHC_ACCEPTED || f[4] > PHC_ASSIGNED || f[18] > INT32_MAX || f[19] > 1) return false;
    if (f[4] == PHC_ACCEPTED && !r->has_order) return false;
    return f[4] != PHC_TRADE || phc_side_text((phc_side)f[18]) != NULL;
}

bool phc_plain_report(const uint8_t *bytes, size_t size, phc_plain_room *room, phc_report *ret)
{
    reading r = {.segment_cnt = 0};
    const uint64_t *f = r.f;
    const uint8_t *p = bytes + 1, *body;
    size_t body_size;
    if (size == 0 || bytes[0] != TAG_REPORT) return false;
    if (!pb_take_bytes(&p, bytes + size, &body, &body_size) || p != bytes + size) return false;
    room->reason[0] = '\0';
    if (!take_fields(&r, room, body, body + body_size) || !makes_sense(&r)) return false;
    *ret = (phc_report){.stream_number = f[1],
                        .sequence = f[2],
                        .at = f[3],
                        .type = (phc_report_type)f[4],
                        .order = f[5],
                        .client_order_id = f[6],
                        .leaves = f[7],
                        .hold = (int64_t)f[9],
                        .reject_name = "",
                        .reject_text = "",
                        .trade = f[15],
                        .contract = f[16],
                        .product = (uint32_t)f[17],
                        .side = (phc_side)f[18],
                        .taker = f[19] != 0,
                        .segments = room->segments->v,
                        .segment_cnt = r.segment_cnt,
                        .notional = (int64_t)f[21],
                        .fee = (int64_t)f[22],
                        .bond = (int64_t)f[23],
                        .cancel_reason = room->reason,
                        .period = (uint32_t)f[25],
                        .ended = f[26],
                        .quantity = (uint32_t)f[27],
                        .price = (int64_t)f[28],
                        .group = f[29],
                        .from_contract = f[30],
                        .premium = (int64_t)f[31],
                        .fee_at_trade = (int64_t)f[32]};
    if (r.has_order && f[4] == PHC_ACCEPTED) ret->as_understood = r.order;
    return true;
}
