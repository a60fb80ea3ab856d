/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate_prices.h"

#include "engine/base/panic.h"
#include "gateway/bounds.h"
#include "gateway/translate/translate_write.h"

enum {
    MESSAGE_MAX = 2 + PB_LENGTH_MAX,
    TRADE_MAX = MESSAGE_MAX + 6 * PB_FIELD_MAX,
    RUN_MAX = MESSAGE_MAX + 6 * PB_FIELD_MAX,
    FRAME_MAX = 4 * PB_FIELD_MAX + MESSAGE_MAX + 5 * PB_FIELD_MAX,
};

bool phg_picture_is_prices(const phg_picture *p)
{
    bool has_rows = (p->level_cnt | p->block_cnt | p->statistics_cnt | p->candle_cnt | p->site_cnt |
                     p->probe_cnt | p->member_cnt | p->dropped_cnt) != 0;
    return !has_rows && !p->totals && p->reference == 0 && p->closed_before == 0 && !p->reason &&
           !p->limits;
}

size_t phg_prices_room(const phg_picture *p)
{
    size_t size =
        FRAME_MAX + (size_t)p->trade_cnt * TRADE_MAX + p->tape.size + (size_t)p->run_cnt * RUN_MAX;
    for (uint32_t i = 0; i < p->trade_cnt; i++)
        size += (size_t)p->trades[i].segment_cnt * PHG_PUT_SEGMENT_MAX;
    return size;
}

static uint8_t *put_trade(uint8_t *p, const phg_public_trade *t)
{
    uint8_t *begin = pb_put_begin(p, 5);
    p = pb_put(begin, 1, t->trade.v);
    p = pb_put(p, 2, t->at.ns);
    p = pb_put(p, 3, (uint64_t)t->taker);
    for (uint32_t i = 0; i < t->segment_cnt; i++)
        p = phg_put_segment(p, 4, &t->segments[i]);
    return pb_put_end(begin, pb_put(p, 5, t->number));
}

size_t phg_trade_room(const ph_trade *e)
{
    return (size_t)(e->segment_cnt / PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX + 1) * TRADE_MAX +
           (size_t)e->segment_cnt * PHG_PUT_SEGMENT_MAX;
}

size_t phg_write_trade(uint8_t *room, uint64_t number, ph_time at, const ph_event *trade)
{
    const ph_trade *e = &trade->u.trade;
    const uint32_t all = e->segment_cnt;
    uint8_t *p = room;
    uint32_t first = 0;
    do {
        const uint32_t left = all - first, most = PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX;
        const uint32_t end = first + (left < most ? left : most);
        uint8_t *begin = pb_put_begin(p, 5);
        p = pb_put(begin, 1, e->trade.v);
        p = pb_put(p, 2, at.ns);
        p = pb_put(p, 3, (uint64_t)e->taker);
        for (uint32_t i = first; i < end; i++)
            p = phg_put_segment(p, 4, &trade[1 + i].u.segment);
        p = pb_put(p, 5, number);
        if (all > most) p = pb_put(pb_put(p, 6, first), 7, all);
        p = pb_put_end(begin, p);
        first = end;
    } while (first < all);
    return (size_t)(p - room);
}

size_t phg_trade_part(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *at = p + 1, *body;
    size_t size;
    bool is_whole = pb_take_bytes(&at, end, &body, &size);
    PH_ASSERT(is_whole);
    return (size_t)(at - p);
}

static uint8_t *put_run(uint8_t *p, const phg_run *r)
{
    uint8_t *begin = pb_put_begin(p, 6);
    p = pb_put(begin, 1, r->window.first);
    p = pb_put(p, 2, r->window.periods);
    p = pb_put(p, 3, (uint64_t)r->best.bid);
    p = pb_put(p, 4, r->best.bid_quantity);
    p = pb_put(p, 5, (uint64_t)r->best.ask);
    p = pb_put(p, 6, r->best.ask_quantity);
    return pb_put_end(begin, p);
}

size_t phg_write_prices(uint8_t *room, const phg_picture *picture)
{
    PH_ASSERT(phg_picture_is_prices(picture));
    uint8_t *p = pb_put(room, 1, picture->product.v);
    p = pb_put(p, 2, picture->number);
    p = pb_put(p, 3, picture->epoch);
    p = pb_put(p, 4, picture->seq);
    for (uint32_t i = 0; i < picture->trade_cnt; i++)
        p = put_trade(p, &picture->trades[i]);
    if (picture->tape.p) {
        memcpy(p, picture->tape.p, picture->tape.size);
        p += picture->tape.size;
    }
    for (uint32_t i = 0; i < picture->run_cnt; i++)
        p = put_run(p, &picture->runs[i]);
    if (picture->phase != 0) {
        uint8_t *begin = pb_put_begin(p, 7);
        p = pb_put_end(begin, pb_put(begin, 1, (uint64_t)picture->phase));
    }
    p = pb_put_fixed64(p, 8, picture->checksum);
    p = pb_put(p, 9, picture->more);
    p = pb_put(p, 10, (uint64_t)picture->answer);
    p = pb_put(p, 24, picture->trades_so_far);
    return (size_t)(p - room);
}
