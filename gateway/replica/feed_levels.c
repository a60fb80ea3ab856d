/* SPDX-License-Identifier: Apache-2.0 */
/* Levels as rows of frames: those that changed, and all. */
#include "gateway/replica/feed.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

#include <stdlib.h>

phg_feed_page phg_feed_page_of(phg_feed *f, phg_feed_stream *stream, phg_stream_kind kind,
                               uint32_t number)
{
    return (phg_feed_page){
        .feed = f,
        .stream = stream,
        .picture = {.stream = kind,
                    .product = {number},
                    .epoch = f->epoch,
                    .seq = f->seq,
                    .levels = f->levels,
                    .blocks = f->blocks,
                    .statistics = f->statistics,
                    .candles = f->candles,
                    .members = f->members},
    };
}

void phg_feed_turn_page(phg_feed_page *g, bool more)
{
    phg_picture *picture = &g->picture;
    if (picture->answer == PHG_ANSWER_NONE) g->stream->number++;
    picture->number = g->stream->number;
    picture->more = more;
    picture->checksum = more ? 0 : g->stream->checksum;
    g->emit(g->arg, picture);
    picture->level_cnt = picture->block_cnt = 0;
    picture->statistics_cnt = picture->candle_cnt = picture->member_cnt = 0;
    picture->dropped_cnt = 0;
    picture->phase = 0;
    picture->reference = 0;
    /* What opened again is not taken away a second time. */
    if (g->product) picture->closed_before = g->product->closed_end;
}

void phg_feed_row(phg_feed_page *g)
{
    const phg_picture *p = &g->picture;
    if (p->level_cnt + p->block_cnt + p->statistics_cnt + p->candle_cnt + p->member_cnt ==
        PHG_ROWS_PER_FRAME_MAX)
        phg_feed_turn_page(g, true);
}

static void add_level(phg_feed_page *g, const phg_level_run *run)
{
    phg_feed_row(g);
    g->feed->levels[g->picture.level_cnt++] = *run;
}

void phg_feed_add_block(phg_feed_page *g, const phg_block_terms *terms, uint64_t units)
{
    phg_feed_row(g);
    g->feed->blocks[g->picture.block_cnt++] = (phg_block_told){*terms, units};
}

/* ---- What changed --------------------------------------------------------------------------- */

ph_status phg_feed_note(phg_feed_change **changes, uint32_t *cnt, uint32_t *max, phg_feed_change c)
{
    phg_feed_change *last = *cnt == 0 ? NULL : &(*changes)[*cnt - 1];
    if (last && last->side == c.side && last->price == c.price && c.first >= last->first &&
        c.first <= last->end) {
        if (c.end > last->end) last->end = c.end;
        return PH_OK;
    }
    if (*cnt == *max) {
        if (*max > UINT32_MAX / 4) return PH_EFULL;
        uint32_t more = *max * 2 + 16;
        phg_feed_change *grown = realloc(*changes, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        *changes = grown;
        *max = more;
    }
    PH_ASSERT(*changes); /* a place was made */
    (*changes)[(*cnt)++] = c;
    return PH_OK;
}

static uint64_t quantity_at(const phg_feed_levels *l, ph_period t, ph_side side, ph_price price)
{
    const phg_depth *depth = l->at(l->book, t, side);
    return depth ? phg_depth_at(depth, side, price) : 0;
}

static int by_price(const void *va, const void *vb)
{
    const phg_feed_change *a = va, *b = vb;
    if (a->side != b->side) return a->side < b->side ? -1 : 1;
    if (a->price != b->price) return a->price < b->price ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

/* Makes the run longer by period t, or tells it and begins another. */
static void extend(phg_feed_page *g, phg_level_run *run, const phg_feed_change *c, ph_period t,
                   uint64_t quantity)
{
    if (run->window.periods != 0 && run->side == c->side && run->price == c->price &&
        run->quantity == quantity && ph_window_end(run->window) == t) {
        run->window.periods++;
        return;
    }
    if (run->window.periods != 0) add_level(g, run);
    *run = (phg_level_run){c->side, {t, 1}, c->price, quantity};
}

void phg_feed_tell_changes(phg_feed_page *g, const phg_feed_levels *l, phg_feed_change *changes,
                           uint32_t cnt, ph_period from)
{
    phg_level_run run = {0};
    if (cnt > 1) qsort(changes, cnt, sizeof *changes, by_price);
    ph_period t = 0; /* the next period of this side and price that was not looked at */
    for (uint32_t i = 0; i < cnt; i++) {
        const phg_feed_change *c = &changes[i], *before = i == 0 ? NULL : c - 1;
        if (!before || before->side != c->side || before->price != c->price) t = from;
        for (t = t > c->first ? t : c->first; t < c->end; t++)
            extend(g, &run, c, t, quantity_at(l, t, c->side, c->price));
    }
    if (run.window.periods != 0) add_level(g, &run);
}

/* ---- All ------------------------------------------------------------------------------------ */

/* Each level where the period before does not have the same begins a run. */
void phg_feed_tell_levels(phg_feed_page *g, const phg_feed_levels *l)
{
    for (ph_period t = l->first; t < l->end; t++) {
        for (uint32_t i = 0; i < 2; i++) {
            ph_side side = i == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
            const phg_depth *depth = l->at(l->book, t, side);
            for (uint32_t k = depth->cnt; k-- > 0;) {
                phg_level_run run = {side, {t, 1}, depth->v[k].price, depth->v[k].quantity};
                if (t > l->first && quantity_at(l, t - 1, side, run.price) == run.quantity)
                    continue;
                while (quantity_at(l, t + run.window.periods, side, run.price) == run.quantity)
                    run.window.periods++;
                add_level(g, &run);
            }
        }
    }
}

uint64_t phg_feed_sum_levels(const phg_feed_levels *l)
{
    uint64_t sum = 0;
    for (ph_period t = l->first; t < l->end; t++)
        for (uint32_t i = 0; i < 2; i++) {
            ph_side side = i == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
            const phg_depth *depth = l->at(l->book, t, side);
            for (uint32_t k = 0; k < depth->cnt; k++)
                sum += phg_sum_level(side, t, depth->v[k].price, depth->v[k].quantity);
        }
    return sum;
}
