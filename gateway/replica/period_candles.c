/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/period_candles.h"

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "gateway/replica/book_sum.h"

#include <stdlib.h>
#include <string.h>

void phg_period_candles_release(phg_period_candles *c)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        for (uint32_t k = 0; k < s->cnt; k++)
            free(s->v[s->first + k].v);
        free(s->v);
        phg_candle_front_release(&s->front);
    }
    *c = (phg_period_candles){.sum = 0};
}

/* ---- The checksum --------------------------------------------------------------------------- */

/* What the first `periods` periods of a run are in it. */
static uint64_t sum_of(uint32_t interval, const phg_candle_run *run, uint32_t periods)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < periods; i++)
        sum += phg_sum_period_candle(run->window.first + i, phg_candle_seconds(interval),
                                     &run->candle);
    return sum;
}

/* These periods of a run go, or are no longer as they were told. */
static void take_out(phg_period_candles *c, uint32_t interval, phg_candle_run *run,
                     uint32_t periods)
{
    if (run->candle.is_new || !c->is_followed) return;
    const bool is_known = run->candle.sum != 0 && periods == run->window.periods;
    c->sum -= is_known ? run->candle.sum : sum_of(interval, run, periods);
    run->candle.sum = 0;
}

static void put_in(phg_period_candles *c, uint32_t interval, phg_candle_run *run)
{
    run->candle.is_new = false;
    run->candle.sum = sum_of(interval, run, run->window.periods);
    c->sum += run->candle.sum;
}

/* ---- What is complete ----------------------------------------------------------------------- */

/* Room for one more group.  False: no memory. */
static bool has_room_for_group(phg_candle_series *s)
{
    if (s->first + s->cnt < s->max) return true;
    if (s->cnt != 0 && s->first >= s->cnt) {
        memmove(s->v, s->v + s->first, s->cnt * sizeof *s->v);
        s->first = 0;
        return true;
    }
    const uint32_t more = s->max * 2 + 4;
    phg_candle_group *grown = realloc(s->v, more * sizeof *grown);
    if (!grown) return false;
    s->v = grown;
    s->max = more;
    return true;
}

/* The front becomes a group, its runs in order. */
static ph_status complete(phg_candle_series *s)
{
    phg_candle_front *f = &s->front;
    phg_candle_group g = {.start = f->start,
                          .cnt = f->cnt,
                          .periods = f->periods,
                          .has_news = f->news_first != f->news_end};
    g.v = malloc(f->cnt * sizeof *g.v);
    if (!g.v || !has_room_for_group(s)) {
        free(g.v);
        return PH_EFULL;
    }
    ph_period t = f->first;
    for (uint32_t i = 0; i < f->cnt; i++) {
        t = phg_candle_front_next(f, t, f->end, false);
        g.v[i] = *phg_candle_front_at(f, t);
        t = phg_candle_run_end(&g.v[i]);
    }
    s->v[s->first + s->cnt++] = g;
    phg_candle_front_empty(f);
    return PH_OK;
}

/* ---- Fills ---------------------------------------------------------------------------------- */

/* What a fill, or a run of a shorter interval, is in each of its periods. */
typedef struct {
    ph_window window;
    ph_period end;
    uint64_t trade, units;
    ph_wide notional;
    const phg_candle_fill *price;  /* NULL: no price counts */
    const phg_candle_run *shorter; /* NULL: a fill */
} each_period;

/* Takes what came after everything that the run has: no command is in both. */
static void append(phg_candle_run *run, const phg_candle_run *shorter)
{
    const phg_candle *from = &shorter->candle;
    phg_candle *k = &run->candle;
    run->last_trade = shorter->last_trade;
    k->trades += from->trades;
    k->volume += from->volume;
    k->notional += from->notional;
    if (from->open == 0) return;
    if (k->open == 0) {
        k->open = from->open;
        k->opened_by = from->opened_by;
    }
    k->close = from->close;
    k->closed_by = from->closed_by;
    if (from->high > k->high) k->high = from->high;
    if (k->low == 0 || from->low < k->low) k->low = from->low;
}

/* Takes a fill of all its periods into a run. */
static inline void take(phg_candle_run *run, const each_period *each)
{
    phg_candle *k = &run->candle;
    k->is_new = true;
    if (each->shorter) {
        append(run, each->shorter);
        return;
    }
    if (run->last_trade != each->trade) {
        run->last_trade = each->trade;
        k->trades++;
    }
    k->volume += each->units;
    k->notional += each->notional;
    if (each->price) phg_candle_price(k, each->price);
}

/* Sees that a run begins in period t of the fill, where none does.  False: no memory. */
static bool begin_run(phg_candle_front *f, ph_period t, const each_period *each)
{
    phg_candle_run *over = t == each->window.first ? phg_candle_front_over(f, t) : NULL;
    if (over) return phg_candle_front_cut(f, (uint32_t)(over - f->v), t) != NULL;
    return phg_candle_front_make(
               f, (ph_window){t, phg_candle_front_next(f, t, each->end, false) - t}) != NULL;
}

/* New runs begin in the window. */
static inline void widen_news(phg_candle_front *f, const each_period *each)
{
    const bool is_first = f->news_first == f->news_end;
    if (is_first || each->window.first < f->news_first) f->news_first = each->window.first;
    if (is_first || each->end > f->news_end) f->news_end = each->end;
}

/* Every run that begins in the window is new. */
static void touch(phg_candle_front *f, const each_period *each)
{
    ph_period t = each->window.first;
    widen_news(f, each);
    for (uint64_t bits = ~(phg_candle_bit_of(t) - 1);; bits = UINT64_MAX) {
        phg_candle_stretch *s = phg_candle_stretch_of(f, t);
        const ph_period left = each->end - (t - t % PHG_STRETCH_PERIODS);
        if (left <= PHG_STRETCH_PERIODS) {
            s->news |= s->begins & bits & (UINT64_MAX >> (PHG_STRETCH_PERIODS - left));
            return;
        }
        s->news |= s->begins & bits;
        t += PHG_STRETCH_PERIODS - t % PHG_STRETCH_PERIODS;
    }
}

/* The runs that begin in [t, stop), where `stop` is in the same stretch or its end.  Returns where
   the last of them ends; 0: no memory. */
static ph_period fill_stretch(phg_period_candles *c, uint32_t interval, const each_period *all,
                              ph_period t, ph_period stop)
{
    const each_period each = *all; /* of its own: nothing that is written can be it */
    const bool is_followed = c->is_followed;
    phg_candle_front *f = &c->series[interval].front;
    const phg_candle_stretch *stretch = phg_candle_stretch_of(f, t);
    phg_candle_run *v = f->v;
    while (t < stop) {
        if ((stretch->begins >> t % PHG_STRETCH_PERIODS & 1) == 0) {
            if (!begin_run(f, t, &each)) return 0;
            v = f->v;
        }
        phg_candle_run *run = &v[stretch->run[t % PHG_STRETCH_PERIODS]];
        t += run->window.periods;
        if (t > each.end) {
            run = phg_candle_front_cut(f, (uint32_t)(run - v), each.end);
            if (!run) return 0;
            t = each.end;
        }
        if (is_followed) take_out(c, interval, run, run->window.periods);
        take(run, &each);
    }
    return t;
}

/* A fill of one period that is a run by itself or in none, which is what most are.  False: it is
   another, or there is no memory. */
static inline bool fill_one(phg_period_candles *c, uint32_t interval, const each_period *each)
{
    phg_candle_series *s = &c->series[interval];
    phg_candle_front *f = &s->front;
    const ph_period t = each->window.first;
    if (t < f->first || each->end > f->end || each->window.periods != 1) return false;
    phg_candle_stretch *stretch = phg_candle_stretch_of(f, t);
    phg_candle_run *run;
    if ((stretch->begins >> t % PHG_STRETCH_PERIODS & 1) != 0) {
        run = &f->v[stretch->run[t % PHG_STRETCH_PERIODS]];
        if (run->window.periods != 1) return false;
    } else {
        run = phg_candle_front_over(f, t) ? NULL : phg_candle_front_make(f, each->window);
        if (!run) return false;
        s->periods++;
    }
    stretch->news |= phg_candle_bit_of(t);
    widen_news(f, each);
    if (c->is_followed) take_out(c, interval, run, 1);
    take(run, each);
    return true;
}

static ph_status fill_interval(phg_period_candles *c, uint32_t interval, const each_period *each)
{
    phg_candle_series *s = &c->series[interval];
    phg_candle_front *f = &s->front;
    const uint32_t before = f->periods;
    const bool is_inside = each->window.first >= f->first && each->end <= f->end;
    if (!is_inside && phg_candle_front_reach(f, each->window) != PH_OK) return PH_EFULL;
    for (ph_period t = each->window.first; t < each->end;) {
        const ph_period left = PHG_STRETCH_PERIODS - t % PHG_STRETCH_PERIODS;
        t = fill_stretch(c, interval, each, t, each->end - t < left ? each->end : t + left);
        if (t == 0) return PH_EFULL;
    }
    s->periods += f->periods - before;
    touch(f, each);
    return PH_OK;
}

static ph_status begin(phg_period_candles *c, uint32_t interval, uint64_t seconds);

/* Takes the front of an interval into the next longer one, and what has that already. */
static ph_status pass_on(phg_period_candles *c, uint32_t interval)
{
    phg_candle_front *f = &c->series[interval].front;
    if (f->is_passed_on || f->cnt == 0 || interval + 1 == PHG_INTERVALS) return PH_OK;
    f->is_passed_on = true;
    for (uint32_t i = interval + 1; i < PHG_INTERVALS; i++) {
        const phg_candle_front *to = &c->series[i].front;
        ph_status s = to->cnt != 0 && f->start < to->until ? PH_OK : begin(c, i, f->start);
        for (uint32_t k = 0; k < f->cnt && s == PH_OK; k++) {
            const each_period each = {
                .window = f->v[k].window, .end = phg_candle_run_end(&f->v[k]), .shorter = &f->v[k]};
            if (!fill_one(c, i, &each)) s = fill_interval(c, i, &each);
        }
        if (s != PH_OK || !to->is_passed_on) return s;
    }
    return PH_OK;
}

/* From here on the front is what begins with the interval that these seconds are in. */
static ph_status begin(phg_period_candles *c, uint32_t interval, uint64_t seconds)
{
    phg_candle_series *s = &c->series[interval];
    phg_candle_front *f = &s->front;
    ph_status status = pass_on(c, interval);
    if (status == PH_OK && f->cnt != 0) status = complete(s);
    if (status != PH_OK) return status;
    f->start = seconds - seconds % phg_candle_seconds(interval);
    f->until = f->start + phg_candle_seconds(interval);
    f->is_passed_on = c->is_followed;
    return s->cnt != 0 && s->v[s->first + s->cnt - 1].start >= f->start ? PH_ECORRUPT : PH_OK;
}

ph_status phg_period_candles_fill(phg_period_candles *c, const phg_period_fill *fill)
{
    const uint64_t seconds = fill->at.ns / PH_NS_PER_S;
    const phg_candle_fill *of = fill->fill;
    const each_period each = {
        .window = fill->window,
        .end = fill->window.first + fill->window.periods,
        .trade = fill->trade.v,
        .units = of->quantity,
        .notional = (ph_wide)of->quantity * of->price,
        .price = of->is_each ? of : NULL,
    };
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        const phg_candle_front *f = &c->series[i].front;
        const bool is_of_front = f->cnt != 0 && seconds < f->until;
        if (!is_of_front || !fill_one(c, i, &each)) {
            ph_status s = is_of_front ? PH_OK : begin(c, i, seconds);
            if (s == PH_OK) s = fill_interval(c, i, &each);
            if (s != PH_OK) return s;
        }
        if (!f->is_passed_on) break;
    }
    return PH_OK;
}

ph_status phg_period_candles_catch_up(phg_period_candles *c)
{
    for (uint32_t i = 0; i + 1 < PHG_INTERVALS; i++) {
        ph_status s = pass_on(c, i);
        if (s != PH_OK) return s;
    }
    if (c->kept_max != 0) phg_period_candles_keep(c, c->kept_max);
    return PH_OK;
}

/* ---- What leaves ---------------------------------------------------------------------------- */

void phg_period_candles_keep(phg_period_candles *c, uint32_t max)
{
    c->kept_max = max;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        const uint32_t last = s->front.cnt != 0 ? 0 : 1; /* the newest start stays */
        while (s->periods > max && s->cnt > last) {
            phg_candle_group *g = &s->v[s->first++];
            s->cnt--;
            for (uint32_t k = 0; k < g->cnt; k++)
                take_out(c, i, &g->v[g->first + k], g->v[g->first + k].window.periods);
            s->periods -= g->periods;
            s->dropped_before = g->start + phg_candle_seconds(i);
            free(g->v);
        }
    }
}

/* Periods of the group that are before `end`. */
static uint32_t close_group(phg_period_candles *c, uint32_t interval, phg_candle_group *g,
                            ph_period end)
{
    uint32_t closed = 0;
    while (g->cnt != 0 && g->v[g->first].window.first < end) {
        phg_candle_run *run = &g->v[g->first];
        const bool is_cut = phg_candle_run_end(run) > end;
        const uint32_t periods = is_cut ? end - run->window.first : run->window.periods;
        take_out(c, interval, run, periods);
        closed += periods;
        if (is_cut) {
            run->candle.sum = 0;
            run->window = (ph_window){end, run->window.periods - periods};
            break;
        }
        g->first++;
        g->cnt--;
    }
    g->periods -= closed;
    if (g->cnt == 0 || g->first <= g->cnt) return closed;
    memmove(g->v, g->v + g->first, g->cnt * sizeof *g->v);
    g->first = 0;
    phg_candle_run *less = realloc(g->v, g->cnt * sizeof *less);
    if (less) g->v = less;
    return closed;
}

/* Periods of the front that are before `end`. */
static uint32_t close_front(phg_period_candles *c, uint32_t interval, phg_candle_front *f,
                            ph_period end)
{
    uint32_t closed = 0;
    const ph_period last = end < f->end ? end : f->end;
    for (ph_period t = f->first; (t = phg_candle_front_next(f, t, last, false)) < last;) {
        phg_candle_run *run = phg_candle_front_at(f, t);
        const ph_period run_end = phg_candle_run_end(run);
        const uint32_t periods = (run_end < end ? run_end : end) - t;
        take_out(c, interval, run, periods);
        closed += periods;
        phg_candle_stretch_of(f, t)->begins &= ~phg_candle_bit_of(t);
        phg_candle_stretch_of(f, t)->news &= ~phg_candle_bit_of(t);
        if (run_end > end) {
            run->candle.sum = 0;
            run->window = (ph_window){end, run_end - end};
            phg_candle_front_place(f, run);
        } else {
            phg_candle_front_remove(f, run);
        }
        t = run_end;
    }
    f->periods -= closed;
    if (f->cnt == 0) phg_candle_front_empty(f);
    if (f->first < last && f->cnt != 0) f->first = last;
    if (f->news_first < f->first) f->news_first = f->first;
    if (f->news_first >= f->news_end) f->news_first = f->news_end = 0;
    return closed;
}

ph_status phg_period_candles_close(phg_period_candles *c, ph_period end, bool *ret_had_any)
{
    *ret_had_any = false;
    ph_status status = phg_period_candles_catch_up(c);
    if (status != PH_OK) return status;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        uint32_t left = 0, closed = close_front(c, i, &s->front, end);
        for (uint32_t k = 0; k < s->cnt; k++) {
            phg_candle_group *g = &s->v[s->first + k];
            closed += close_group(c, i, g, end);
            if (g->cnt == 0)
                free(g->v);
            else
                s->v[s->first + left++] = *g;
        }
        s->cnt = left;
        s->periods -= closed;
        *ret_had_any = *ret_had_any || closed != 0;
    }
    return PH_OK;
}

/* ---- What is told --------------------------------------------------------------------------- */

ph_status phg_period_candles_follow(phg_period_candles *c)
{
    ph_status status = phg_period_candles_catch_up(c);
    if (status != PH_OK) return status;
    c->is_followed = true;
    c->sum = 0;
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        s->dropped_before = 0;
        for (uint32_t k = 0; k < s->cnt; k++) {
            phg_candle_group *g = &s->v[s->first + k];
            g->has_news = false;
            for (uint32_t n = 0; n < g->cnt; n++)
                put_in(c, i, &g->v[g->first + n]);
        }
        for (uint32_t n = 0; n < s->front.cnt; n++)
            put_in(c, i, &s->front.v[n]);
        phg_candle_front_told(&s->front);
        s->front.is_passed_on = true;
    }
    return PH_OK;
}

void phg_period_candles_all(const phg_period_candles *c, phg_candle_run_tell tell, void *arg)
{
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        const phg_candle_series *s = &c->series[i];
        for (uint32_t k = 0; k < s->cnt; k++) {
            const phg_candle_group *g = &s->v[s->first + k];
            for (uint32_t n = 0; n < g->cnt; n++)
                tell(arg, i, &g->v[g->first + n]);
        }
        const phg_candle_front *f = &s->front;
        for (ph_period t = f->first; (t = phg_candle_front_next(f, t, f->end, false)) < f->end;) {
            const phg_candle_run *run = phg_candle_front_at(f, t);
            tell(arg, i, run);
            t = phg_candle_run_end(run);
        }
    }
}

static void group_news(phg_period_candles *c, uint32_t interval, phg_candle_group *g,
                       const phg_candle_run_tell tell, void *arg)
{
    for (uint32_t n = 0; n < g->cnt; n++) {
        phg_candle_run *run = &g->v[g->first + n];
        if (!run->candle.is_new) continue;
        put_in(c, interval, run);
        tell(arg, interval, run);
    }
    g->has_news = false;
}

static void front_news(phg_period_candles *c, uint32_t interval, phg_candle_front *f,
                       const phg_candle_run_tell tell, void *arg)
{
    const ph_period end = f->news_end;
    for (ph_period t = f->news_first; (t = phg_candle_front_next(f, t, end, true)) < end;) {
        phg_candle_run *run = phg_candle_front_at(f, t);
        put_in(c, interval, run);
        tell(arg, interval, run);
        t = phg_candle_run_end(run);
    }
    phg_candle_front_told(f);
}

/* What is new is in the last groups and the front. */
void phg_period_candles_news(phg_period_candles *c, phg_candle_run_tell tell, void *arg)
{
    PH_ASSERT(c->is_followed);
    for (uint32_t i = 0; i < PHG_INTERVALS; i++) {
        phg_candle_series *s = &c->series[i];
        uint32_t first = s->cnt;
        while (first > 0 && s->v[s->first + first - 1].has_news)
            first--;
        for (uint32_t k = first; k < s->cnt; k++)
            group_news(c, i, &s->v[s->first + k], tell, arg);
        front_news(c, i, &s->front, tell, arg);
        s->dropped_before = 0;
    }
}
