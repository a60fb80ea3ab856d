/* SPDX-License-Identifier: Apache-2.0 */
/* What is new of depth, statistics and candles, and all of them, as frames. */
#include "gateway/replica/feed.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

#include <stdlib.h>

typedef phg_feed_page page;

static phg_feed_stream *stream_of(phg_feed_product *p, phg_stream_kind kind)
{
    switch (kind) {
    case PHG_STREAM_PRICES: return &p->prices;
    case PHG_STREAM_DEPTH: return &p->depth;
    case PHG_STREAM_STATISTICS: return &p->statistics;
    case PHG_STREAM_CANDLES: return &p->trading;
    case PHG_STREAM_PERIOD_CANDLES: return &p->period_trading;
    case PHG_STREAM_GRADE:
    case PHG_STREAM_TRADES:
    case PHG_STREAM_TYPE:
    case PHG_STREAM_REGION: break;
    }
    PH_ASSERT(false); /* not of a product's book */
    return NULL;
}

static page page_of(phg_feed *f, phg_feed_product *p, phg_stream_kind kind, phg_feed_emit emit,
                    void *arg)
{
    uint32_t number = (uint32_t)(p - f->products) + 1;
    page g = phg_feed_page_of(f, stream_of(p, kind), kind, number);
    g.product = p;
    g.emit = emit;
    g.arg = arg;
    g.picture.closed_before = p->closed_end > p->closed_news ? p->closed_end : p->closed_news;
    return g;
}

static void add_statistics(page *g, const phg_statistics_run *run)
{
    phg_feed_row(g);
    g->feed->statistics[g->picture.statistics_cnt++] = *run;
}

/* ---- Depth ---------------------------------------------------------------------------------- */

static const phg_depth *depth_at(const void *book, ph_period t, ph_side side)
{
    const phg_feed_product *p = book;
    if (t < p->first || t >= p->end) return NULL;
    return &phg_feed_period_of(p, t)->side[side - 1];
}

static phg_feed_levels levels_of(const phg_feed_product *p)
{
    return (phg_feed_levels){p, depth_at, p->first, p->end};
}

static void tell_blocks(page *g, bool is_all)
{
    phg_feed_stream *stream = g->stream;
    const phg_blocks *b = &g->product->blocks;
    for (uint32_t i = 0; i < b->row_cnt; i++) {
        const phg_block_row *block = &b->rows[i];
        if (!is_all && block->units == block->told) continue;
        if (!is_all)
            stream->checksum += phg_sum_block(&block->terms, block->units) -
                                phg_sum_block(&block->terms, block->told);
        if (!is_all || block->units != 0) phg_feed_add_block(g, &block->terms, block->units);
    }
}

static void tell_depth(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg)
{
    if (p->depth.is_followed) {
        page g = page_of(f, p, PHG_STREAM_DEPTH, emit, arg);
        const phg_feed_levels levels = levels_of(p);
        phg_feed_tell_changes(&g, &levels, p->changes, p->change_cnt, p->closed_end);
        tell_blocks(&g, false);
        phg_feed_turn_page(&g, false);
    } else {
        p->depth.number++;
    }
}

static uint64_t sum_depth(const phg_feed_product *p)
{
    const phg_feed_levels levels = levels_of(p);
    uint64_t sum = phg_feed_sum_levels(&levels);
    for (uint32_t i = 0; i < p->blocks.row_cnt; i++)
        sum += phg_sum_block(&p->blocks.rows[i].terms, p->blocks.rows[i].told);
    return sum;
}

/* ---- Statistics ----------------------------------------------------------------------------- */

static void extend_statistics(page *g, phg_statistics_run *run, ph_period t,
                              const phg_statistics *s)
{
    if (run->window.periods != 0 && ph_window_end(run->window) == t &&
        phg_statistics_is_same(&run->each, s)) {
        run->window.periods++;
        return;
    }
    if (run->window.periods != 0) add_statistics(g, run);
    *run = (phg_statistics_run){{t, 1}, *s};
}

/* Tells the periods that were traded in, or all; takes what is told into the checksum. */
static void tell_traded(page *g, ph_period first, ph_period end, bool is_all)
{
    phg_statistics_run run = {0};
    for (ph_period t = first; t < end; t++) {
        phg_feed_period *period = phg_feed_period_of(g->product, t);
        if (is_all ? phg_statistics_is_empty(&period->statistics) : !period->has_traded) continue;
        if (!is_all) {
            uint64_t sum = phg_sum_statistics(t, &period->statistics);
            g->stream->checksum += sum - period->statistics_sum;
            period->statistics_sum = sum;
            period->has_traded = false;
        }
        extend_statistics(g, &run, t, &period->statistics);
    }
    if (run.window.periods != 0) add_statistics(g, &run);
}

static void tell_statistics(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg)
{
    if (p->statistics.is_followed) {
        page g = page_of(f, p, PHG_STREAM_STATISTICS, emit, arg);
        g.picture.phase = p->phase;
        g.picture.reference = p->reference;
        tell_traded(&g, p->touched_first, p->touched_end, false);
        phg_feed_turn_page(&g, false);
    } else {
        p->statistics.number++;
    }
}

static uint64_t sum_statistics(phg_feed_product *p)
{
    uint64_t sum = 0;
    for (ph_period t = p->first; t < p->end; t++) {
        phg_feed_period *period = phg_feed_period_of(p, t);
        period->statistics_sum = phg_sum_statistics(t, &period->statistics);
        sum += period->statistics_sum;
    }
    return sum;
}

/* ---- Candles -------------------------------------------------------------------------------- */

/* wide: which of two streams, and where it is told */
static void tell_candles(phg_feed *f, phg_feed_product *p, phg_stream_kind kind, phg_feed_emit emit,
                         void *arg)
{
    phg_feed_stream *stream = stream_of(p, kind);
    if (!stream->is_followed) {
        stream->number++;
        return;
    }
    page g = page_of(f, p, kind, emit, arg);
    phg_feed_tell_candles(&g, false);
    phg_feed_turn_page(&g, false);
}

/* ---- All ----------------------------------------------------------------------------------- */

void phg_feed_tell_books(phg_feed *f, phg_feed_product *p, phg_feed_emit emit, void *arg)
{
    if (f->is_live && p->depth.has_news) tell_depth(f, p, emit, arg);
    if (f->is_live && p->statistics.has_news) tell_statistics(f, p, emit, arg);
    if (f->is_live && p->trading.has_news) tell_candles(f, p, PHG_STREAM_CANDLES, emit, arg);
    if (f->is_live && p->period_trading.has_news)
        tell_candles(f, p, PHG_STREAM_PERIOD_CANDLES, emit, arg);
    if (p->trading.has_news) phg_feed_candles_told(p);
    p->trading.has_news = p->period_trading.has_news = false;
    if (p->blocks.has_news) phg_blocks_told(&p->blocks);
    p->change_cnt = 0;
    p->closed_news = 0;
    p->depth.has_news = p->statistics.has_news = false;
}

static ph_status follow(phg_feed_product *p, phg_stream_kind kind)
{
    phg_feed_stream *stream = stream_of(p, kind);
    if (stream->is_followed) return PH_OK;
    stream->is_followed = true;
    stream->checksum = 0;
    if (kind == PHG_STREAM_PRICES) stream->checksum = phg_feed_sum_prices(p);
    if (kind == PHG_STREAM_DEPTH) stream->checksum = sum_depth(p);
    if (kind == PHG_STREAM_STATISTICS) stream->checksum = sum_statistics(p);
    return phg_feed_follow_candles(p, kind);
}

/* Whether a stream of every product is followed, also of what is listed later. */
static bool *all_of(phg_feed *f, phg_stream_kind kind)
{
    switch (kind) {
    case PHG_STREAM_PRICES: return &f->all_prices;
    case PHG_STREAM_DEPTH: return &f->all_depth;
    case PHG_STREAM_STATISTICS: return &f->all_statistics;
    case PHG_STREAM_CANDLES: return &f->all_candles;
    case PHG_STREAM_PERIOD_CANDLES: return &f->all_period_candles;
    case PHG_STREAM_GRADE:
    case PHG_STREAM_TRADES:
    case PHG_STREAM_TYPE:
    case PHG_STREAM_REGION: break;
    }
    PH_ASSERT(false); /* not of a product's book */
    return NULL;
}

ph_status phg_feed_follow(phg_feed *f, phg_stream_kind kind, ph_product_id id)
{
    if (kind == PHG_STREAM_GRADE) return phg_feed_follow_grade(f, id.v);
    if (id.v > f->product_cnt) return PH_OK;
    if (id.v != 0) return follow(&f->products[id.v - 1], kind);
    bool *all = all_of(f, kind);
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < f->product_cnt && s == PH_OK && !*all; i++)
        s = follow(&f->products[i], kind);
    if (s == PH_OK) *all = true;
    return s;
}

/* wide: the parts of a request and where its answer goes */
bool phg_feed_whole(phg_feed *f, phg_stream_kind kind, ph_product_id id, phg_feed_emit emit,
                    void *arg)
{
    if (kind == PHG_STREAM_GRADE) return phg_feed_whole_grade(f, id.v, emit, arg);
    phg_feed_product *p = phg_feed_product_of(f, id);
    if (!p || !f->is_live || follow(p, kind) != PH_OK) return false;
    if (kind == PHG_STREAM_PRICES) {
        phg_feed_tell_prices(f, p, emit, arg);
        return true;
    }
    page g = page_of(f, p, kind, emit, arg);
    g.picture.answer = PHG_ANSWER_SNAPSHOT;
    if (kind == PHG_STREAM_DEPTH) {
        const phg_feed_levels levels = levels_of(p);
        phg_feed_tell_levels(&g, &levels);
        tell_blocks(&g, true);
    } else if (kind == PHG_STREAM_STATISTICS) {
        g.picture.phase = p->phase;
        g.picture.reference = p->reference;
        tell_traded(&g, p->first, p->end, true);
    } else {
        phg_feed_tell_candles(&g, true);
    }
    phg_feed_turn_page(&g, false);
    return true;
}

uint64_t phg_feed_number(const phg_feed *f, phg_stream_kind kind, ph_product_id id)
{
    if (kind == PHG_STREAM_GRADE)
        return id.v == 0 || id.v > f->grade_cnt ? 0 : f->grades[id.v - 1].stream.number;
    const phg_feed_product *p = phg_feed_product_of(f, id);
    if (!p) return 0;
    switch (kind) {
    case PHG_STREAM_PRICES: return p->prices.number;
    case PHG_STREAM_DEPTH: return p->depth.number;
    case PHG_STREAM_STATISTICS: return p->statistics.number;
    case PHG_STREAM_CANDLES: return p->trading.number;
    case PHG_STREAM_PERIOD_CANDLES: return p->period_trading.number;
    case PHG_STREAM_GRADE:
    case PHG_STREAM_TRADES:
    case PHG_STREAM_TYPE:
    case PHG_STREAM_REGION: return 0;
    }
    return 0;
}
