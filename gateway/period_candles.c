/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/period_candles.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/book_sum.h"

#include <stdlib.h>
#include <string.h>

static ph_period end_of(const phg_candle_run *run)
{
    return (ph_period)ph_window_end(run->window);
}

void phg_period_candles_release(phg_period_candles *c)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        for (uint32_t k = 0; k < c->series[i].cnt; k++)
            free(c->series[i].v[k].v);
        free(c->series[i].v);
    }
    *c = (phg_period_candles){.sum = 0};
}

/* What the first `periods` periods of a run are in the checksum. */
static uint64_t sum_of(uint32_t interval, const phg_candle_run *run, uint32_t periods)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < periods; i++)
        sum += phg_sum_period_candle(run->window.first + i, phg_candle_seconds(interval),
                                     &run->candle);
    return sum;
}

/* These periods of a run go, or are no longer as they were told. */
static void take_out(phg_period_candles *c, uint32_t interval, const phg_candle_run *run,
                     uint32_t periods)
{
    if (c->is_followed && !run->candle.is_new) c->sum -= sum_of(interval, run, periods);
}

/* ---- Fills ---------------------------------------------------------------------------------- */

/* Makes place for one more run at `at`.  NULL: no memory. */
static phg_candle_run *insert(phg_candle_group *g, uint32_t at)
{
    if (g->cnt == g->max) {
        uint32_t more = g->max * 2 + 1;
        phg_candle_run *grown = realloc(g->v, more * sizeof *grown);
        if (!grown) return NULL;
        g->v = grown;
        g->max = more;
    }
    PH_ASSERT(g->v && at <= g->cnt);
    memmove(g->v + at + 1, g->v + at, (g->cnt++ - at) * sizeof *g->v);
    return &g->v[at];
}

/* The group of this start, which is the last one or a new one. */
static phg_candle_group *group_of(phg_candle_series *s, uint64_t start)
{
    if (s->cnt != 0 && s->v[s->cnt - 1].start >= start) return &s->v[s->cnt - 1];
    if (s->cnt == s->max) {
        uint32_t more = s->max * 2 + 4;
        phg_candle_group *grown = realloc(s->v, more * sizeof *grown);
        if (!grown) return NULL;
        s->v = grown;
        s->max = more;
    }
    PH_ASSERT(s->v);
    s->v[s->cnt] = (phg_candle_group){.start = start};
    return &s->v[s->cnt++];
}

/* Index of the first run that ends after this period. */
static uint32_t run_at(const phg_candle_group *g, ph_period t)
{
    uint32_t low = 0, high = g->cnt;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (end_of(&g->v[middle]) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Cuts run `at` in two before this period, which is in it. */
static ph_status cut(phg_candle_group *g, uint32_t at, ph_period t)
{
    phg_candle_run *first = insert(g, at);
    if (!first) return PH_EFULL;
    phg_candle_run *second = first + 1;
    *first = *second;
    first->window.periods = t - first->window.first;
    second->window.first = t;
    second->window.periods -= first->window.periods;
    return PH_OK;
}

static void touch(phg_candle_group *g, ph_window w)
{
    ph_period end = (ph_period)ph_window_end(w);
    if (g->news_first == g->news_end) {
        g->news_first = w.first;
        g->news_end = end;
    }
    if (w.first < g->news_first) g->news_first = w.first;
    if (end > g->news_end) g->news_end = end;
}

static ph_status fill_interval(phg_period_candles *c, uint32_t interval, const phg_period_fill *f)
{
    const uint64_t seconds = f->at.ns / PH_NS_PER_S;
    phg_candle_series *s = &c->series[interval];
    phg_candle_group *g = group_of(s, seconds - seconds % phg_candle_seconds(interval));
    if (!g) return PH_EFULL;
    PH_ASSERT(g->v || g->cnt == 0);
    const ph_period end = (ph_period)ph_window_end(f->window);
    uint32_t i = run_at(g, f->window.first);
    for (ph_period t = f->window.first; t < end; i++) {
        if (i >= g->cnt || g->v[i].window.first > t) {
            ph_period next = i >= g->cnt || g->v[i].window.first > end ? end : g->v[i].window.first;
            phg_candle_run *made = insert(g, i);
            if (!made) return PH_EFULL;
            *made = (phg_candle_run){{t, next - t}, 0, {.start = g->start, .is_new = true}};
            g->periods += next - t;
            s->periods += next - t;
        } else if (g->v[i].window.first < t) {
            if (cut(g, i++, t) != PH_OK) return PH_EFULL;
        }
        if (end_of(&g->v[i]) > end && cut(g, i, end) != PH_OK) return PH_EFULL;
        phg_candle_run *run = &g->v[i];
        take_out(c, interval, run, run->window.periods);
        run->candle.is_new = true;
        if (run->last_trade != f->trade.v) run->candle.trades++;
        run->last_trade = f->trade.v;
        phg_candle_take(&run->candle, f->fill, 1);
        t = end_of(run);
    }
    touch(g, f->window);
    return PH_OK;
}

ph_status phg_period_candles_fill(phg_period_candles *c, const phg_period_fill *fill)
{
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < PHG_INTERVALS && s == PH_OK; i++)
        s = fill_interval(c, i, fill);
    return s;
}

/* ---- What leaves ---------------------------------------------------------------------------- */

void phg_period_candles_keep(phg_period_candles *c, uint32_t max)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        uint32_t gone = 0;
        while (s->periods > max && gone + 1 < s->cnt) {
            phg_candle_group *g = &s->v[gone++];
            for (uint32_t k = 0; k < g->cnt; k++)
                take_out(c, i, &g->v[k], g->v[k].window.periods);
            s->periods -= g->periods;
            s->dropped_before = g->start + phg_candle_seconds(i);
            free(g->v);
        }
        if (gone == 0) continue;
        s->cnt -= gone;
        memmove(s->v, s->v + gone, s->cnt * sizeof *s->v);
    }
}

/* Periods of the group that are before `end`. */
static uint32_t close_group(phg_period_candles *c, uint32_t interval, phg_candle_group *g,
                            ph_period end)
{
    uint32_t closed = 0, gone = 0;
    for (; gone < g->cnt && g->v[gone].window.first < end; gone++) {
        phg_candle_run *run = &g->v[gone];
        bool is_cut = end_of(run) > end;
        uint32_t periods = is_cut ? end - run->window.first : run->window.periods;
        take_out(c, interval, run, periods);
        closed += periods;
        if (!is_cut) continue;
        run->window.first = end;
        run->window.periods -= periods;
        break;
    }
    g->periods -= closed;
    g->cnt -= gone;
    if (gone != 0 && g->cnt != 0) memmove(g->v, g->v + gone, g->cnt * sizeof *g->v);
    return closed;
}

bool phg_period_candles_close(phg_period_candles *c, ph_period end)
{
    bool had_any = false;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        uint32_t left = 0;
        for (uint32_t k = 0; k < s->cnt; k++) {
            phg_candle_group *g = &s->v[k];
            uint32_t closed = close_group(c, i, g, end);
            s->periods -= closed;
            had_any = had_any || closed != 0;
            if (g->cnt == 0)
                free(g->v);
            else
                s->v[left++] = *g;
        }
        s->cnt = left;
    }
    return had_any;
}

/* ---- What is told --------------------------------------------------------------------------- */

void phg_period_candles_follow(phg_period_candles *c)
{
    c->is_followed = true;
    c->sum = 0;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        s->dropped_before = 0;
        for (uint32_t k = 0; k < s->cnt; k++) {
            phg_candle_group *g = &s->v[k];
            g->news_first = g->news_end = 0;
            for (uint32_t n = 0; n < g->cnt; n++) {
                g->v[n].candle.is_new = false;
                c->sum += sum_of(i, &g->v[n], g->v[n].window.periods);
            }
        }
    }
}

void phg_period_candles_all(const phg_period_candles *c, phg_candle_run_tell tell, void *arg)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++)
        for (uint32_t k = 0; k < c->series[i].cnt; k++)
            for (uint32_t n = 0; n < c->series[i].v[k].cnt; n++)
                tell(arg, i, &c->series[i].v[k].v[n]);
}

static void group_news(phg_period_candles *c, uint32_t interval, phg_candle_group *g,
                       const phg_candle_run_tell tell, void *arg)
{
    for (uint32_t n = run_at(g, g->news_first); n < g->cnt; n++) {
        phg_candle_run *run = &g->v[n];
        if (run->window.first >= g->news_end) break;
        if (!run->candle.is_new) continue;
        run->candle.is_new = false;
        c->sum += sum_of(interval, run, run->window.periods);
        tell(arg, interval, run);
    }
    g->news_first = g->news_end = 0;
}

/* What is new is in the last groups. */
void phg_period_candles_news(phg_period_candles *c, phg_candle_run_tell tell, void *arg)
{
    PH_ASSERT(c->is_followed);
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        uint32_t first = s->cnt;
        while (first > 0 && s->v[first - 1].news_first != s->v[first - 1].news_end)
            first--;
        for (uint32_t k = first; k < s->cnt; k++)
            group_news(c, i, &s->v[k], tell, arg);
        s->dropped_before = 0;
    }
}
