/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/difference.h - the first record that came out differently, with both values.

    The journal keeps a checksum of the events of each record, not the events: what it states is
    that checksum, what was recomputed are the events and theirs.

    Owns      nothing.
    Thread    one. */
#ifndef CLIENTS_AUDIT_DIFFERENCE_H
#define CLIENTS_AUDIT_DIFFERENCE_H

#include <jansson.h>

#include "engine/replay/replay.h"

/* To standard output: number, segment and offset, the command, both values, and the recomputed
   events, one line of JSON each. */
void ph_difference_print(uint64_t seq, const ph_replay_difference *d);

/* The same as an object; NULL: no memory. */
json_t *ph_difference_json(uint64_t seq, const ph_replay_difference *d);

#endif
