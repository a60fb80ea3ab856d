/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/lookahead.h - the commands that come next, decoded before their turn.

    While one command is applied, the memory that the next ones will touch is on its way: with many
    resting orders to wait for it costs as much as the rest of the work.  A command is decoded once,
    here, and taken in the order in which it was added.  Nothing here changes the market.

    Owns      a ring of PH_SERVER_AHEAD commands; borrows the bytes of each until it is taken.
    Thread    one. */
#ifndef ENGINE_HOST_LOOKAHEAD_H
#define ENGINE_HOST_LOOKAHEAD_H

#include "engine/base/status.h"
#include "engine/core/market.h"
#include "engine/link/server.h"

typedef struct {
    const void *bytes;
    uint32_t size;
    ph_prefetch_memo memo;
    ph_status status; /* PH_ECORRUPT: it is no command */
    ph_command command;
} ph_lookahead_command;

/* All zero: empty. */
typedef struct {
    uint64_t added, taken;             /* since the start */
    uint64_t asked[PH_PREFETCH_STEPS]; /* that have this step of prefetching behind them */
    ph_lookahead_command ring[PH_SERVER_AHEAD];
} ph_lookahead;

/* Decodes one more.  More than the ring holds is a bug. */
void ph_lookahead_add(ph_lookahead *a, const void *bytes, uint32_t size);

/* The next command, which is the one in these bytes: decoded now if none was added, and anything
   else is a bug.  Asks for the memory of those behind it.  Valid until the next add or take. */
ph_lookahead_command *ph_lookahead_take(ph_lookahead *a, const ph_market *m, const void *bytes,
                                        uint32_t size);

#endif
