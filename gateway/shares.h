/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/shares.h - whose commands are under way to the engine, and who may send another one.

    The engine takes so many commands at a time of one gateway.  A participant has at most as many
    of them under way as are still free: alone half of all, two of them that want everything a third
    each, n of them 1 / (n + 1).  So whoever sends little always finds room, and waits behind a part
    of what others send (dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on
    Networking 6(2), 1998).  The engine answers commands in the order in which they were sent.

    Owns      its tables; phg_shares_release accepts a zeroed one.
    Thread    one.
    Failure   PH_EFULL: no memory. */
#ifndef GATEWAY_SHARES_H
#define GATEWAY_SHARES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef struct {
    uint32_t *whose; /* ring: of each command that is under way, first sent first */
    uint32_t first, cnt;
    uint32_t *own, own_max; /* of each participant, how many are under way */
} phg_shares;

ph_status phg_shares_init(phg_shares *s);
void phg_shares_release(phg_shares *s);

/* So many are still under way; 0: or the engine that had them is gone. */
void phg_shares_left(phg_shares *s, uint32_t under_way);

/* True if this participant may send another one, of `max` that the engine takes at a time. */
bool phg_shares_may(const phg_shares *s, ph_participant_id who, uint32_t max);

/* It has sent one, which phg_shares_may allowed. */
ph_status phg_shares_sent(phg_shares *s, ph_participant_id who);

#endif
