/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/capacity.h"

#include <string.h>

#include "engine/base/panic.h"
#include "engine/base/period.h"

enum { SITE_BITS = 20, HARDWARE_BITS = 12 }; /* ph_market_footprint bounds both */

void ph_capacity_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    m->pools = ph_arena_take(a, (size_t)lim->pools_max + 1, sizeof m->pools[0]);
    ph_index_init(&m->pool_of, a, lim->pools_max);
    size_t cells = ((size_t)lim->pools_max + 1) * lim->ring_periods;
    uint64_t *registered = ph_arena_take(a, cells, sizeof registered[0]);
    uint64_t *used = ph_arena_take(a, cells, sizeof used[0]);
    if (a->start == NULL) return;
    for (uint32_t i = 1; i <= lim->pools_max; i++) {
        m->pools[i].registered = registered + (size_t)i * lim->ring_periods;
        m->pools[i].used = used + (size_t)i * lim->ring_periods;
    }
}

static uint64_t pool_key(uint32_t supplier, uint32_t site, uint32_t hardware)
{
    return (uint64_t)supplier << (SITE_BITS + HARDWARE_BITS) | (uint64_t)site << HARDWARE_BITS |
           hardware;
}

uint32_t ph_capacity_pool(const ph_market *m, uint32_t supplier, uint32_t site, uint32_t hardware)
{
    uint32_t pool = PH_NONE;
    (void)ph_index_find(&m->pool_of, pool_key(supplier, site, hardware), &pool); /* none: PH_NONE */
    return pool;
}

uint32_t ph_capacity_period_seconds(const ph_market *m, uint32_t site, uint32_t hardware)
{
    for (uint32_t i = 1; i <= m->pool_cnt; i++) {
        if (m->pools[i].site == site && m->pools[i].hardware == hardware)
            return m->pools[i].period_seconds;
    }
    for (uint32_t i = 1; i <= m->product_cnt; i++) {
        const ph_product_terms *terms = &m->products[i].terms;
        if (terms->site.v == site && terms->hardware.v == hardware) return terms->period_seconds;
    }
    return 0;
}

/* Moves the ring on to the present: what has passed is forgotten. */
static void advance(ph_market *m, ph_pool *p)
{
    ph_period now = ph_period_at(m->now, p->period_seconds);
    uint32_t passed = now - p->first;
    if (passed == 0) return;
    if (passed > m->limits.ring_periods) passed = m->limits.ring_periods;
    for (uint32_t i = 0; i < passed; i++) {
        uint32_t ring = ph_ring(m, p->first + i);
        p->registered[ring] = 0;
        p->used[ring] = 0;
    }
    p->first = now;
}

static ph_reject check_register(ph_market *m, uint32_t supplier, const ph_register_capacity *c,
                                int64_t args[2])
{
    const ph_participant *p = &m->participants[supplier];
    if (c->reference <= p->highest_capacity_reference) {
        args[0] = (int64_t)p->highest_capacity_reference;
        return PH_REJECT_DUPLICATE;
    }
    args[0] = c->site.v;
    if (c->site.v == 0 || c->site.v > m->site_cnt) return PH_REJECT_UNKNOWN_SITE;
    args[0] = c->hardware.v;
    if (c->hardware.v == 0 || c->hardware.v > m->hardware_cnt) return PH_REJECT_UNKNOWN_HARDWARE;
    args[0] = args[1] = c->period_seconds;
    if (!ph_period_seconds_ok(c->period_seconds)) return PH_REJECT_PERIOD_SECONDS;
    args[1] = ph_capacity_period_seconds(m, c->site.v, c->hardware.v);
    if (args[1] != 0 && args[1] != c->period_seconds) return PH_REJECT_PERIOD_SECONDS;
    args[0] = c->units;
    args[1] = PH_QUANTITY_MAX;
    if (c->units == 0 || c->units > PH_QUANTITY_MAX) return PH_REJECT_QUANTITY_RANGE;
    args[0] = c->window.first;
    args[1] = c->window.periods;
    if (c->window.periods == 0) return PH_REJECT_WINDOW_EMPTY;
    ph_period now = ph_period_at(m->now, c->period_seconds);
    args[1] = now;
    if (c->window.first < now) return PH_REJECT_PERIOD_CLOSED;
    args[0] = (int64_t)(ph_window_end(c->window) - 1);
    args[1] = (int64_t)now + m->limits.ring_periods - 1;
    if (args[0] > args[1]) return PH_REJECT_PERIOD_TOO_FAR;
    if (ph_capacity_pool(m, supplier, c->site.v, c->hardware.v) == PH_NONE &&
        m->pool_cnt == m->limits.pools_max) {
        args[0] = 0;
        args[1] = m->limits.pools_max;
        return PH_REJECT_TABLE_FULL;
    }
    return PH_REJECT_NONE;
}

ph_reject ph_capacity_register(ph_market *m, uint32_t supplier, const ph_register_capacity *c,
                               int64_t ret_args[2])
{
    int64_t args[2] = {0, 0};
    ph_reject why = check_register(m, supplier, c, args);
    if (why != PH_REJECT_NONE) {
        memcpy(ret_args, args, sizeof args);
        return why;
    }
    m->participants[supplier].highest_capacity_reference = c->reference;
    uint32_t at = ph_capacity_pool(m, supplier, c->site.v, c->hardware.v);
    if (at == PH_NONE) {
        at = ++m->pool_cnt;
        ph_pool *fresh = &m->pools[at];
        fresh->supplier = supplier;
        fresh->site = c->site.v;
        fresh->hardware = c->hardware.v;
        fresh->period_seconds = c->period_seconds;
        fresh->first = ph_period_at(m->now, c->period_seconds);
        ph_index_put(&m->pool_of, pool_key(supplier, c->site.v, c->hardware.v), at);
    }
    ph_pool *p = &m->pools[at];
    advance(m, p);
    for (uint32_t i = 0; i < c->window.periods; i++)
        p->registered[ph_ring(m, c->window.first + i)] += c->units;
    return PH_REJECT_NONE;
}

bool ph_capacity_free(ph_market *m, uint32_t pool, ph_window window, uint64_t units,
                      ph_period *ret_period, uint64_t *ret_free)
{
    ph_pool *p = &m->pools[pool];
    advance(m, p);
    PH_ASSERT(window.first >= p->first && window.periods <= m->limits.ring_periods);
    for (uint32_t i = 0; i < window.periods; i++) {
        uint32_t ring = ph_ring(m, window.first + i);
        uint64_t free_units = p->registered[ring] - p->used[ring];
        if (free_units >= units) continue;
        *ret_period = window.first + i;
        *ret_free = free_units;
        return false;
    }
    return true;
}

void ph_capacity_offer(ph_market *m, uint32_t pool, ph_window window, uint64_t units)
{
    ph_pool *p = &m->pools[pool];
    for (uint32_t i = 0; i < window.periods; i++) {
        uint32_t ring = ph_ring(m, window.first + i);
        p->used[ring] += units;
        PH_ASSERT(p->used[ring] <= p->registered[ring]);
    }
}

void ph_capacity_take_back(ph_market *m, uint32_t pool, ph_window window, uint64_t units)
{
    ph_pool *p = &m->pools[pool];
    advance(m, p);
    for (uint32_t i = 0; i < window.periods; i++) {
        ph_period t = window.first + i;
        if (t < p->first) continue;
        uint32_t ring = ph_ring(m, t);
        PH_ASSERT(p->used[ring] >= units);
        p->used[ring] -= units;
    }
}
