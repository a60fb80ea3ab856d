/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/group.h - exclusive groups: at most one member executes (rulebook 10).

    Members form a ring (ph_order.group).  A group holds what its largest member needs: its first
    member carries the hold of all, and ph_order.offered says with how many units a SELL member
    counts in what the group offers.

    Law       per group, site, hardware and period (or held contract and period) the largest
              member's units are offered, once. */
#ifndef ENGINE_CORE_GROUP_H
#define ENGINE_CORE_GROUP_H

#include "engine/core/state.h"

/* Accepted orders become a group, which offers and holds from now on. */
void ph_group_join(ph_market *m, const uint32_t *slots, uint32_t cnt);

/* A block, of a group or not, executed some of its units: it leaves the book when nothing is left;
   the other members of its group end. */
void ph_group_executed(ph_market *m, uint32_t slot);

/* PH_REJECT_NONE if the group may offer `units` of this member instead of what it offers now, and
   then does; otherwise why not. */
ph_reject ph_group_reoffer(ph_market *m, uint32_t slot, uint32_t units, int64_t ret_args[2]);

/* What the group has to hold, with `changed` (NULL: none) in place of this member; false if it does
   not fit. */
bool ph_group_hold_with(const ph_market *m, uint32_t slot, const ph_order *changed, ph_money *ret);

/* What the group holds now. */
ph_money ph_group_hold(const ph_market *m, uint32_t slot);

/* At the end of a command that touched a member: what the group offers and holds is that of the
   members that are left; the others leave the ring. */
void ph_group_settle(ph_market *m, uint32_t slot);

/* Sets what a group holds to what its members need: its first member carries it. */
void ph_group_rehold(ph_market *m, uint32_t slot);

#endif
