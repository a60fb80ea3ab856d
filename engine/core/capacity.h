/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/capacity.h - what every supplier has registered, offered and sold, per period.

    Law       for every supplier, site, hardware class and period, over all products together:
              (offered + sold) * hardware_units <= registered; over those that count attested
              capacity alone the same <= attested; attested <= registered.
    Units     hardware units; 64 bits hold 10^9 units of 2^32 hardware units each. */
#ifndef ENGINE_CORE_CAPACITY_H
#define ENGINE_CORE_CAPACITY_H

#include "engine/base/panic.h"
#include "engine/core/state.h"

void ph_capacity_init(ph_market *m, ph_arena *a);

/* Registers more units.  PH_REJECT_NONE, or why not (nothing changed then). */
ph_reject ph_capacity_register(ph_market *m, uint32_t supplier, const ph_register_capacity *c,
                               int64_t ret_args[2]);

/* Takes registered units that are unused away, unattested ones first; likewise. */
ph_reject ph_capacity_withdraw(ph_market *m, uint32_t supplier, const ph_withdraw_capacity *c,
                               int64_t ret_args[2]);

/* An auditor's word for units that are registered and not attested yet; likewise. */
ph_reject ph_capacity_attest(ph_market *m, uint32_t auditor, const ph_attest_capacity *c,
                             int64_t ret_args[2]);

/* Pool of a supplier for a product's hardware at its site, or PH_NONE if it registered none. */
uint32_t ph_capacity_pool(const ph_market *m, uint32_t supplier, uint32_t site, uint32_t hardware);

/* What is counted.  A product draws on registered units, and with attested_only on attested ones
   besides. */
typedef enum { PH_CAPACITY_REGISTERED, PH_CAPACITY_ATTESTED } ph_capacity_kind;

/* Hardware units of a pool in every period of a window. */
typedef struct {
    uint32_t pool;
    ph_capacity_kind kind;
    ph_window window;
    uint64_t units;
} ph_capacity_draw;

/* Moves the ring of a pool on to the present: what has passed is forgotten. */
void ph_capacity_move_on(ph_market *m, ph_pool *p);

static inline void ph_capacity_advance(ph_market *m, ph_pool *p)
{
    if (m->now.ns >= p->first_until_ns) ph_capacity_move_on(m, p);
}

static inline uint64_t *ph_capacity_used(const ph_pool *p, ph_capacity_kind kind)
{
    return kind == PH_CAPACITY_ATTESTED ? p->used_attested : p->used;
}

static inline const uint64_t *ph_capacity_total(const ph_pool *p, ph_capacity_kind kind)
{
    return kind == PH_CAPACITY_ATTESTED ? p->attested : p->registered;
}

/* True if the units are free in every period; else the first that has fewer. */
static inline bool ph_capacity_free(ph_market *m, const ph_capacity_draw *d, ph_period *ret_period,
                                    uint64_t *ret_free)
{
    ph_pool *p = &m->pools[d->pool];
    ph_capacity_advance(m, p);
    PH_ASSERT(d->window.first >= p->first && d->window.periods <= m->limits.ring_periods);
    const uint64_t *total = ph_capacity_total(p, d->kind), *used = ph_capacity_used(p, d->kind);
    for (uint32_t i = 0; i < d->window.periods; i++) {
        uint32_t ring = ph_ring(m, d->window.first + i);
        uint64_t free_units = total[ring] - used[ring];
        if (free_units >= d->units) continue;
        *ret_period = d->window.first + i;
        *ret_free = free_units;
        return false;
    }
    return true;
}

/* Offers units that are free.  Periods that have passed are left alone. */
static inline void ph_capacity_offer(ph_market *m, const ph_capacity_draw *d)
{
    const ph_pool *p = &m->pools[d->pool];
    const uint64_t *total = ph_capacity_total(p, d->kind);
    uint64_t *used = ph_capacity_used(p, d->kind);
    for (uint32_t i = 0; i < d->window.periods; i++) {
        ph_period t = d->window.first + i;
        if (t < p->first) continue; /* forgotten: a member of a group is offered again */
        uint32_t ring = ph_ring(m, t);
        used[ring] += d->units;
        PH_ASSERT(used[ring] <= total[ring]);
    }
}

/* Takes back what was offered and not sold; likewise. */
static inline void ph_capacity_take_back(ph_market *m, const ph_capacity_draw *d)
{
    ph_pool *p = &m->pools[d->pool];
    ph_capacity_advance(m, p);
    uint64_t *used = ph_capacity_used(p, d->kind);
    for (uint32_t i = 0; i < d->window.periods; i++) {
        ph_period t = d->window.first + i;
        if (t < p->first) continue;
        uint32_t ring = ph_ring(m, t);
        PH_ASSERT(used[ring] >= d->units);
        used[ring] -= d->units;
    }
}

/* Period length that site and hardware already use, or 0. */
uint32_t ph_capacity_period_seconds(const ph_market *m, uint32_t site, uint32_t hardware);

/* Site and hardware use this period length from now on, if none is in use. */
void ph_capacity_use_period_seconds(ph_market *m, uint32_t site, uint32_t hardware,
                                    uint32_t period_seconds);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: a class is there twice, or its products have other periods. */
bool ph_capacity_again(ph_market *m);

#endif
