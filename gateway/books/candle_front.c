/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/candle_front.h"

#include "engine/base/panic.h"

#include <stdlib.h>

void phg_candle_front_release(phg_candle_front *f)
{
    free(f->v);
    free(f->stretches);
    *f = (phg_candle_front){.v = NULL};
}

/* ---- Where runs of the front begin ---------------------------------------------------------- */

ph_period phg_candle_front_next(const phg_candle_front *f, ph_period t, ph_period end, bool is_news)
{
    uint64_t wanted = ~(phg_candle_bit_of(t) - 1);
    while (t < end) {
        const phg_candle_stretch *s = phg_candle_stretch_of(f, t);
        const uint64_t bits = (is_news ? s->news : s->begins) & wanted;
        t -= t % PHG_STRETCH_PERIODS;
        if (bits != 0) {
            t += (ph_period)__builtin_ctzll(bits);
            return t < end ? t : end;
        }
        wanted = UINT64_MAX;
        if (end - t <= PHG_STRETCH_PERIODS) return end;
        t += PHG_STRETCH_PERIODS;
    }
    return end;
}

phg_candle_run *phg_candle_front_over(const phg_candle_front *f, ph_period t)
{
    ph_period at = t - t % PHG_STRETCH_PERIODS;
    uint64_t bits = phg_candle_stretch_of(f, t)->begins & (phg_candle_bit_of(t) - 1);
    while (bits == 0) {
        if (at <= f->first) return NULL;
        at -= PHG_STRETCH_PERIODS;
        bits = phg_candle_stretch_of(f, at)->begins;
    }
    phg_candle_run *run = phg_candle_front_at(f, at + 63 - (ph_period)__builtin_clzll(bits));
    return phg_candle_run_end(run) > t ? run : NULL;
}

void phg_candle_front_place(phg_candle_front *f, const phg_candle_run *run)
{
    const ph_period t = run->window.first;
    phg_candle_stretch *s = phg_candle_stretch_of(f, t);
    s->run[t % PHG_STRETCH_PERIODS] = (uint32_t)(run - f->v);
    s->begins |= phg_candle_bit_of(t);
    if (run->candle.is_new) s->news |= phg_candle_bit_of(t);
}

/* Makes stretches for all of [first, end). */
static ph_status widen(phg_candle_front *f, ph_period first, ph_period end)
{
    const uint32_t need = (end - 1) / PHG_STRETCH_PERIODS - first / PHG_STRETCH_PERIODS + 1;
    uint32_t max = f->stretch_max == 0 ? 4 : f->stretch_max;
    while (max < need)
        max *= 2;
    phg_candle_front wide = *f;
    wide.stretches = calloc(max, sizeof *wide.stretches);
    if (!wide.stretches) return PH_EFULL;
    wide.stretch_max = max;
    for (uint32_t i = 0; i < f->cnt; i++)
        phg_candle_front_place(&wide, &f->v[i]);
    free(f->stretches);
    *f = wide;
    return PH_OK;
}

ph_status phg_candle_front_reach(phg_candle_front *f, ph_window w)
{
    const bool is_empty = f->cnt == 0;
    const ph_period end = w.first + w.periods;
    const ph_period all_first = is_empty || w.first < f->first ? w.first : f->first;
    const ph_period all_end = is_empty || end > f->end ? end : f->end;
    if ((all_end - 1) / PHG_STRETCH_PERIODS - all_first / PHG_STRETCH_PERIODS >= f->stretch_max &&
        widen(f, all_first, all_end) != PH_OK)
        return PH_EFULL;
    f->first = all_first;
    f->end = all_end;
    return PH_OK;
}

/* ---- Runs of the front ---------------------------------------------------------------------- */

/* Room for one more.  False: no memory. */
static bool has_room(phg_candle_front *f)
{
    if (f->cnt < f->max) return true;
    const uint32_t more = f->max * 2 + 4;
    phg_candle_run *grown = realloc(f->v, more * sizeof *grown);
    if (!grown) return false;
    f->v = grown;
    f->max = more;
    return true;
}

phg_candle_run *phg_candle_front_make(phg_candle_front *f, ph_window w)
{
    if (!has_room(f)) return NULL;
    PH_ASSERT(f->v);
    phg_candle_run *run = &f->v[f->cnt++];
    *run = (phg_candle_run){w, 0, {.start = f->start, .is_new = true}};
    f->periods += w.periods;
    phg_candle_front_place(f, run);
    return run;
}

phg_candle_run *phg_candle_front_cut(phg_candle_front *f, uint32_t index, ph_period t)
{
    if (!has_room(f)) return NULL;
    phg_candle_run *run = &f->v[index], *second = &f->v[f->cnt++];
    run->candle.sum = 0;
    *second = *run;
    run->window.periods = t - run->window.first;
    second->window = (ph_window){t, second->window.periods - run->window.periods};
    phg_candle_front_place(f, second);
    return run;
}

void phg_candle_front_remove(phg_candle_front *f, phg_candle_run *run)
{
    *run = f->v[--f->cnt];
    if (run == &f->v[f->cnt]) return;
    const ph_period t = run->window.first;
    phg_candle_stretch_of(f, t)->run[t % PHG_STRETCH_PERIODS] = (uint32_t)(run - f->v);
}

void phg_candle_front_empty(phg_candle_front *f)
{
    for (ph_period t = f->first - f->first % PHG_STRETCH_PERIODS; t < f->end;) {
        phg_candle_stretch *s = phg_candle_stretch_of(f, t);
        s->begins = s->news = 0;
        if (f->end - t <= PHG_STRETCH_PERIODS) break;
        t += PHG_STRETCH_PERIODS;
    }
    f->is_passed_on = false;
    f->cnt = f->periods = 0;
    f->first = f->end = f->news_first = f->news_end = 0;
}

void phg_candle_front_told(phg_candle_front *f)
{
    ph_period t = f->news_first;
    while (t < f->news_end) {
        phg_candle_stretch_of(f, t)->news = 0;
        t -= t % PHG_STRETCH_PERIODS;
        if (f->news_end - t <= PHG_STRETCH_PERIODS) break;
        t += PHG_STRETCH_PERIODS;
    }
    f->news_first = f->news_end = 0;
}
