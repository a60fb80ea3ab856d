/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/capacity.h - what every supplier has registered, offered and sold, per period.

    Law       for every supplier, site, hardware class and period, over all products together:
              (offered + sold) * hardware_units <= registered; over those that count attested
              capacity alone the same <= attested; attested <= registered.
    Units     hardware units; 64 bits hold 10^9 units of 2^32 hardware units each. */
#ifndef ENGINE_CORE_CAPACITY_H
#define ENGINE_CORE_CAPACITY_H

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

/* True if the units are free in every period; else the first that has fewer. */
bool ph_capacity_free(ph_market *m, const ph_capacity_draw *d, ph_period *ret_period,
                      uint64_t *ret_free);

/* Offers units that are free, or takes back what was offered and not sold.  Periods that have
   passed are left alone. */
void ph_capacity_offer(ph_market *m, const ph_capacity_draw *d);
void ph_capacity_take_back(ph_market *m, const ph_capacity_draw *d);

/* Period length that site and hardware already use, or 0. */
uint32_t ph_capacity_period_seconds(const ph_market *m, uint32_t site, uint32_t hardware);

/* Site and hardware use this period length from now on, if none is in use. */
void ph_capacity_use_period_seconds(ph_market *m, uint32_t site, uint32_t hardware,
                                    uint32_t period_seconds);

/* Builds what is looked things up with, from rows that a snapshot gave back.
   False: a class is there twice, or its products have other periods. */
bool ph_capacity_again(ph_market *m);

#endif
