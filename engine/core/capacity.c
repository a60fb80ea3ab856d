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
    uint64_t *attested = ph_arena_take(a, cells, sizeof attested[0]);
    uint64_t *used_attested = ph_arena_take(a, cells, sizeof used_attested[0]);
    ph_index_init(&m->period_seconds_of, a, lim->pools_max + lim->products_max);
    if (a->start == NULL) return;
    for (uint32_t i = 1; i <= lim->pools_max; i++) {
        m->pools[i].registered = registered + (size_t)i * lim->ring_periods;
        m->pools[i].used = used + (size_t)i * lim->ring_periods;
        m->pools[i].attested = attested + (size_t)i * lim->ring_periods;
        m->pools[i].used_attested = used_attested + (size_t)i * lim->ring_periods;
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
    uint32_t in_use = 0;
    (void)ph_index_find(&m->period_seconds_of, pool_key(0, site, hardware), &in_use); /* none: 0 */
    return in_use;
}

void ph_capacity_use_period_seconds(ph_market *m, uint32_t site, uint32_t hardware,
                                    uint32_t period_seconds)
{
    ph_index_put(&m->period_seconds_of, pool_key(0, site, hardware), period_seconds);
}

void ph_capacity_move_on(ph_market *m, ph_pool *p)
{
    ph_period now = ph_period_at(m->now, p->period_seconds);
    p->first_until_ns = ph_period_start(now + 1, p->period_seconds).ns;
    uint32_t passed = now - p->first;
    if (passed == 0) return;
    if (passed > m->limits.ring_periods) passed = m->limits.ring_periods;
    for (uint32_t i = 0; i < passed; i++) {
        uint32_t ring = ph_ring(m, p->first + i);
        p->registered[ring] = 0;
        p->used[ring] = 0;
        if (!p->is_attested) continue; /* pages that nobody wrote to stay the system's */
        p->attested[ring] = 0;
        p->used_attested[ring] = 0;
    }
    p->first = now;
}

/* Site and hardware of a command, and its units. */
static ph_reject check_class(const ph_market *m, ph_site_id site, ph_hardware_id hardware,
                             uint32_t units, int64_t args[2])
{
    args[0] = site.v;
    args[1] = 0;
    if (site.v == 0 || site.v > m->site_cnt) return PH_REJECT_UNKNOWN_SITE;
    args[0] = hardware.v;
    if (hardware.v == 0 || hardware.v > m->hardware_cnt) return PH_REJECT_UNKNOWN_HARDWARE;
    args[0] = units;
    args[1] = PH_QUANTITY_MAX;
    if (units == 0 || units > PH_QUANTITY_MAX) return PH_REJECT_QUANTITY_RANGE;
    return PH_REJECT_NONE;
}

/* The window lies in what the ring holds from the present on. */
static ph_reject check_window(const ph_market *m, ph_window window, uint32_t period_seconds,
                              int64_t args[2])
{
    args[0] = window.first;
    args[1] = window.periods;
    if (window.periods == 0) return PH_REJECT_WINDOW_EMPTY;
    ph_period now = ph_period_at(m->now, period_seconds);
    args[1] = now;
    if (window.first < now) return PH_REJECT_PERIOD_CLOSED;
    args[0] = (int64_t)(ph_window_end(window) - 1);
    args[1] = (int64_t)now + m->limits.ring_periods - 1;
    return args[0] > args[1] ? PH_REJECT_PERIOD_TOO_FAR : PH_REJECT_NONE;
}

static ph_reject check_reference(uint64_t reference, uint64_t highest, int64_t args[2])
{
    args[0] = (int64_t)highest;
    args[1] = 0;
    return reference <= highest ? PH_REJECT_DUPLICATE : PH_REJECT_NONE;
}

static ph_reject check_register(ph_market *m, uint32_t supplier, const ph_register_capacity *c,
                                int64_t args[2])
{
    const ph_participant *p = &m->participants[supplier];
    ph_reject why = check_reference(c->reference, p->highest_capacity_reference, args);
    if (why == PH_REJECT_NONE) why = check_class(m, c->site, c->hardware, c->units, args);
    if (why != PH_REJECT_NONE) return why;
    args[0] = args[1] = c->period_seconds;
    if (!ph_period_seconds_ok(c->period_seconds)) return PH_REJECT_PERIOD_SECONDS;
    args[1] = ph_capacity_period_seconds(m, c->site.v, c->hardware.v);
    if (args[1] != 0 && args[1] != c->period_seconds) return PH_REJECT_PERIOD_SECONDS;
    why = check_window(m, c->window, c->period_seconds, args);
    if (why != PH_REJECT_NONE) return why;
    args[0] = 0;
    args[1] = m->limits.pools_max;
    bool is_new = ph_capacity_pool(m, supplier, c->site.v, c->hardware.v) == PH_NONE;
    return is_new && m->pool_cnt == m->limits.pools_max ? PH_REJECT_TABLE_FULL : PH_REJECT_NONE;
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
        ph_capacity_use_period_seconds(m, c->site.v, c->hardware.v, c->period_seconds);
    }
    ph_pool *p = &m->pools[at];
    ph_capacity_advance(m, p);
    for (uint32_t i = 0; i < c->window.periods; i++)
        p->registered[ph_ring(m, c->window.first + i)] += c->units;
    return PH_REJECT_NONE;
}

ph_reject ph_capacity_withdraw(ph_market *m, uint32_t supplier, const ph_withdraw_capacity *c,
                               int64_t ret_args[2])
{
    ph_participant *who = &m->participants[supplier];
    ph_reject why = check_reference(c->reference, who->highest_capacity_reference, ret_args);
    if (why == PH_REJECT_NONE) why = check_class(m, c->site, c->hardware, c->units, ret_args);
    if (why != PH_REJECT_NONE) return why;
    uint32_t at = ph_capacity_pool(m, supplier, c->site.v, c->hardware.v);
    ret_args[0] = c->window.first;
    ret_args[1] = 0;
    if (at == PH_NONE) return PH_REJECT_CAPACITY;
    ph_pool *p = &m->pools[at];
    why = check_window(m, c->window, p->period_seconds, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_capacity_draw draw = {at, PH_CAPACITY_REGISTERED, c->window, c->units};
    ph_period t;
    uint64_t units;
    if (!ph_capacity_free(m, &draw, &t, &units)) {
        ret_args[0] = t;
        ret_args[1] = (int64_t)units;
        return PH_REJECT_CAPACITY;
    }
    who->highest_capacity_reference = c->reference;
    for (uint32_t i = 0; i < c->window.periods; i++) {
        uint32_t ring = ph_ring(m, c->window.first + i);
        p->registered[ring] -= c->units;
        if (p->attested[ring] <= p->registered[ring]) continue;
        /* What is used of attested units is used of registered ones too, and those were free. */
        p->attested[ring] = p->registered[ring];
        PH_ASSERT(p->used_attested[ring] <= p->attested[ring]);
    }
    return PH_REJECT_NONE;
}

ph_reject ph_capacity_attest(ph_market *m, uint32_t auditor, const ph_attest_capacity *c,
                             int64_t ret_args[2])
{
    ph_participant *who = &m->participants[auditor];
    ph_reject why = check_reference(c->reference, who->highest_attestation_reference, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ret_args[0] = c->supplier.v;
    if (c->supplier.v == 0 || c->supplier.v > m->participant_cnt)
        return PH_REJECT_UNKNOWN_PARTICIPANT;
    why = check_class(m, c->site, c->hardware, c->units, ret_args);
    if (why != PH_REJECT_NONE) return why;
    uint32_t at = ph_capacity_pool(m, c->supplier.v, c->site.v, c->hardware.v);
    ret_args[0] = c->window.first;
    ret_args[1] = 0;
    if (at == PH_NONE) return PH_REJECT_ATTESTED_CAPACITY;
    ph_pool *p = &m->pools[at];
    why = check_window(m, c->window, p->period_seconds, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_capacity_advance(m, p);
    for (uint32_t i = 0; i < c->window.periods; i++) {
        uint32_t ring = ph_ring(m, c->window.first + i);
        ret_args[0] = (int64_t)c->window.first + i;
        ret_args[1] = (int64_t)(p->registered[ring] - p->attested[ring]);
        if (c->units > p->registered[ring] - p->attested[ring]) return PH_REJECT_ATTESTED_CAPACITY;
    }
    who->highest_attestation_reference = c->reference;
    p->is_attested = true;
    for (uint32_t i = 0; i < c->window.periods; i++)
        p->attested[ph_ring(m, c->window.first + i)] += c->units;
    return PH_REJECT_NONE;
}

bool ph_capacity_again(ph_market *m)
{
    for (uint32_t i = 1; i <= m->pool_cnt; i++) {
        const ph_pool *p = &m->pools[i];
        if (ph_capacity_pool(m, p->supplier, p->site, p->hardware) != PH_NONE) return false;
        uint32_t in_use = ph_capacity_period_seconds(m, p->site, p->hardware);
        if (in_use != 0 && in_use != p->period_seconds) return false;
        ph_index_put(&m->pool_of, pool_key(p->supplier, p->site, p->hardware), i);
        ph_capacity_use_period_seconds(m, p->site, p->hardware, p->period_seconds);
    }
    return true;
}
