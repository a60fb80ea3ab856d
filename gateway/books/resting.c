/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/resting.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"

#include <stdlib.h>

void phg_resting_release(phg_resting *r)
{
    phg_resting_order *o;
    for (uint32_t at = 0; (o = phg_order_table_next(&r->orders, &at)) != NULL;)
        free(o->periods);
    phg_order_table_release(&r->orders);
}

ph_status phg_resting_put(phg_resting *r, const phg_resting_order *o)
{
    return phg_order_table_put(&r->orders, o, sizeof *o);
}

phg_resting_order *phg_resting_find(const phg_resting *r, ph_order_id id)
{
    return phg_order_table_find(&r->orders, id);
}

void phg_resting_drop(phg_resting *r, phg_resting_order *o)
{
    free(o->periods);
    phg_order_table_drop(&r->orders, o);
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
