/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/tape.h"

#include <stdlib.h>

void phg_tape_release(phg_tape *t)
{
    for (uint32_t i = 0; i < t->product_cnt; i++)
        phg_stream_release(&t->products[i].trades);
    free(t->products);
    free(t->news);
    *t = (phg_tape){0};
}

/* NULL: it is not listed. */
static phg_tape_product *product_of(const phg_tape *t, ph_product_id id)
{
    return id.v == 0 || id.v > t->product_cnt ? NULL : &t->products[id.v - 1];
}

/* ---- Taking --------------------------------------------------------------------------------- */

static ph_status take_product(phg_tape *t, ph_product_id id)
{
    if (id.v != t->product_cnt + 1) return PH_ECORRUPT;
    if (t->product_cnt == t->product_max) {
        if (t->product_max > UINT32_MAX / 4) return PH_EFULL;
        uint32_t more = t->product_max * 2 + 16;
        phg_tape_product *products = realloc(t->products, more * sizeof *products);
        if (!products) return PH_EFULL;
        t->products = products;
        uint32_t *news = realloc(t->news, more * sizeof *news);
        if (!news) return PH_EFULL;
        t->news = news;
        t->product_max = more;
    }
    t->products[t->product_cnt++] = (phg_tape_product){.is_followed = t->all};
    return PH_OK;
}

/* wide: what phg_tape_take was given */
static ph_status take_trade(phg_tape *t, phg_stream_store *store, phg_translator *translator,
                            const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    phg_tape_product *p = product_of(t, e->u.trade.product);
    if (!p || e->u.trade.segment_cnt > events.cnt - events.at - 1) return PH_ECORRUPT;
    ph_status s = phg_stream_add(store, &p->trades,
                                 phg_translate_trade(translator, p->trades.cnt + 1, c->at, e));
    if (s != PH_OK || p->is_listed) return s;
    p->is_listed = true;
    t->news[t->news_cnt++] = e->u.trade.product.v;
    return PH_OK;
}

ph_status phg_tape_take(phg_tape *t, phg_stream_store *store, phg_translator *translator,
                        const ph_command *c, phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    if (e->kind == PH_EVT_TRADE) return take_trade(t, store, translator, c, events);
    if (e->kind != PH_EVT_DONE || c->kind != PH_CMD_LIST_PRODUCT) return PH_OK;
    return take_product(t, c->u.product.id);
}

/* ---- Telling -------------------------------------------------------------------------------- */

static phg_picture picture_of(const phg_tape_telling *t, ph_product_id id, uint64_t number)
{
    return (phg_picture){.stream = PHG_STREAM_TRADES,
                         .product = id,
                         .number = number,
                         .epoch = t->feed->epoch,
                         .seq = t->feed->seq};
}

/* Emits one frame of trades *from to `last`, which there are, or a long one in parts; *from is then
   the next one, and *frames more. */
static ph_status tell(const phg_tape_telling *t, ph_product_id id, uint64_t *from, uint64_t last,
                      uint32_t *frames)
{
    const phg_stream *trades = &product_of(t->tape, id)->trades;
    const uint64_t cnt = last - *from + 1;
    phg_stream_run run;
    ph_status s =
        phg_stream_take(t->store, trades, *from, cnt > UINT32_MAX ? UINT32_MAX : (uint32_t)cnt,
                        PHG_TAPE_FRAME_BYTES, &run);
    const bool is_long = s == PH_OK && run.cnt == 0;
    if (is_long) s = phg_stream_take(t->store, trades, *from, 1, SIZE_MAX, &run);
    if (s != PH_OK) return s;
    *from += run.cnt;
    phg_picture p = picture_of(t, id, *from - 1);
    for (const uint8_t *at = run.bytes, *end = at + run.size; at < end; at += p.tape.size) {
        p.tape = (phg_bytes){at, is_long ? phg_trade_part(at, end) : run.size};
        /* `seq` has seen what comes behind it too. */
        p.more = *from <= trades->cnt || at + p.tape.size < end;
        t->emit(t->arg, &p);
        *frames += 1;
    }
    return PH_OK;
}

ph_status phg_tape_publish(const phg_tape_telling *t)
{
    phg_tape *tape = t->tape;
    ph_status s = PH_OK;
    uint32_t frames = 0;
    for (uint32_t i = 0; i < tape->news_cnt && s == PH_OK; i++) {
        const ph_product_id id = {tape->news[i]};
        phg_tape_product *p = product_of(tape, id);
        uint64_t next = p->told + 1;
        while (t->feed->is_live && p->is_followed && next <= p->trades.cnt && s == PH_OK)
            s = tell(t, id, &next, p->trades.cnt, &frames);
        p->told = p->trades.cnt;
        p->is_listed = false;
    }
    tape->news_cnt = 0;
    return s;
}

void phg_tape_follow(phg_tape *t, ph_product_id id)
{
    phg_tape_product *p = product_of(t, id);
    if (p) p->is_followed = true;
    if (id.v != 0 || t->all) return;
    for (uint32_t i = 0; i < t->product_cnt; i++)
        t->products[i].is_followed = true;
    t->all = true;
}

uint64_t phg_tape_number(const phg_tape *t, ph_product_id id)
{
    const phg_tape_product *p = product_of(t, id);
    return p ? p->trades.cnt : 0;
}

bool phg_tape_whole(const phg_tape_telling *t, ph_product_id id)
{
    const phg_tape_product *of = product_of(t->tape, id);
    if (!of || !t->feed->is_live) return false;
    phg_picture p = picture_of(t, id, of->trades.cnt);
    p.answer = PHG_ANSWER_SNAPSHOT;
    t->emit(t->arg, &p);
    return true;
}

ph_status phg_tape_range(const phg_tape_telling *t, ph_product_id id, uint64_t first, uint64_t last,
                         uint32_t *ret_frames)
{
    const uint64_t end = phg_tape_number(t->tape, id);
    ph_status s = PH_OK;
    *ret_frames = 0;
    if (!t->feed->is_live) return PH_OK;
    if (last > end) last = end;
    while (first <= last && *ret_frames < PHG_TAPE_FRAMES_MAX && s == PH_OK)
        s = tell(t, id, &first, last, ret_frames);
    return s;
}
