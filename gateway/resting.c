/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/resting.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"

#include <stdlib.h>

void phg_resting_release(phg_resting *r)
{
    for (uint64_t i = 0; i < r->max; i++)
        free(r->v[i].periods);
    free(r->v);
    *r = (phg_resting){0};
}

/* Ids are given out in order, so their low bits spread them better than any mixing would. */
static uint64_t home(const phg_resting *r, ph_order_id id)
{
    return id.v & (r->max - 1);
}

static phg_resting_order *place_of(const phg_resting *r, ph_order_id id)
{
    uint64_t i = home(r, id);
    while (r->v[i].order.v != 0 && r->v[i].order.v != id.v)
        i = (i + 1) & (r->max - 1);
    return &r->v[i];
}

static ph_status grow(phg_resting *r)
{
    phg_resting bigger = {.cnt = r->cnt, .max = r->max == 0 ? 1024 : r->max * 2};
    bigger.v = calloc(bigger.max, sizeof *bigger.v);
    if (!bigger.v) return PH_EFULL;
    for (uint64_t i = 0; i < r->max; i++)
        if (r->v[i].order.v != 0) *place_of(&bigger, r->v[i].order) = r->v[i];
    free(r->v);
    *r = bigger;
    return PH_OK;
}

ph_status phg_resting_put(phg_resting *r, const phg_resting_order *o)
{
    if (o->order.v == 0) return PH_ECORRUPT;
    if (r->cnt * 4 >= r->max * 3) {
        ph_status s = grow(r);
        if (s != PH_OK) return s;
    }
    phg_resting_order *place = place_of(r, o->order);
    if (place->order.v != 0) return PH_ECORRUPT;
    *place = *o;
    r->cnt++;
    return PH_OK;
}

phg_resting_order *phg_resting_find(const phg_resting *r, ph_order_id id)
{
    if (r->max == 0 || id.v == 0) return NULL;
    phg_resting_order *place = place_of(r, id);
    return place->order.v == 0 ? NULL : place;
}

/* Closes the gap, so that a search never has to pass one: every entry behind it that would not be
   found any more moves up. */
void phg_resting_drop(phg_resting *r, phg_resting_order *o)
{
    PH_ASSERT(o->order.v != 0);
    uint64_t mask = r->max - 1;
    uint64_t gap = (uint64_t)(o - r->v);
    free(o->periods);
    for (uint64_t i = (gap + 1) & mask; r->v[i].order.v != 0; i = (i + 1) & mask) {
        uint64_t wants = home(r, r->v[i].order);
        if (((i - wants) & mask) < ((i - gap) & mask)) continue;
        r->v[gap] = r->v[i];
        gap = i;
    }
    r->v[gap] = (phg_resting_order){0};
    r->cnt--;
}

ph_quantity phg_resting_open(const phg_resting_order *o, ph_period t)
{
    PH_ASSERT(ph_window_has(o->window, t));
    if (!o->periods) return o->quantity;
    ph_quantity executed = o->periods[t - o->window.first].executed;
    return executed >= o->quantity ? 0 : o->quantity - executed; /* lost is more than any */
}

ph_quantity phg_resting_clip(const phg_resting_order *o, ph_quantity open)
{
    return o->display != 0 && open > o->display ? o->display : open;
}

ph_quantity phg_resting_shown(const phg_resting_order *o, ph_period t)
{
    ph_quantity open = phg_resting_open(o, t);
    if (o->display == 0 || !o->periods) return phg_resting_clip(o, open);
    ph_quantity shown = o->periods[t - o->window.first].shown;
    return shown < open ? shown : open;
}

phg_resting_period *phg_resting_period_of(phg_resting_order *o, ph_period t)
{
    PH_ASSERT(ph_window_has(o->window, t));
    if (!o->periods) {
        phg_resting_period *v = malloc(o->window.periods * sizeof *v);
        if (!v) return NULL;
        for (uint32_t i = 0; i < o->window.periods; i++)
            v[i] = (phg_resting_period){.shown = phg_resting_clip(o, o->quantity)};
        o->periods = v;
    }
    return &o->periods[t - o->window.first];
}
