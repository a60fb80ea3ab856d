/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/notary_link.h - follows the notary, and keeps its signatures under our own roots.

      item of the notary  ->  its note, once a batch  ->  verified against our row  ->  a row

    An item waits until the rows of its batch are there.  A note is believed only if it is signed by
    the key in force for the batch, under the text of the root that the books have; another one is
    an alarm and leaves no row.  Which item comes next is computed from the rows, so nothing is
    missed after a start, and what is there already is not written again.

    A notary that is away, behind or wrong stops nothing: a turn takes what has come and waits for
    nothing but the database.

    Owns      its socket and context.
    Thread    one. */
#ifndef ENGINE_SETTLE_NOTARY_LINK_H
#define ENGINE_SETTLE_NOTARY_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/settle/database.h"

typedef struct ph_notary_link ph_notary_link;

/* Nothing is connected before the first turn.  PH_EFULL: no memory or no more sockets; PH_EINVAL:
   the market's name is none that a notary signs. */
ph_status ph_notary_link_open(const char *endpoint, const char *market, ph_notary_link **ret);

/* Takes what has come of batches whose rows are there, and writes what holds.  PH_OK: something
   came, and more may be there.  PH_EAGAIN: nothing that can be taken now.  Others: of the database,
   as database.h. */
ph_status ph_notary_link_turn(ph_notary_link *l, ph_database *d, uint64_t monotonic_ns);

/* To wait for, beside other things: readable when something has come since it was last readable;
   -1: there is none now. */
int ph_notary_link_descriptor(const ph_notary_link *l);

/* Whether the notary was heard of lately, and how many signatures were written and refused. */
typedef struct {
    bool is_connected;
    uint64_t written, refused;
} ph_notary_link_state;
ph_notary_link_state ph_notary_link_look(const ph_notary_link *l);

/* Accepts NULL. */
void ph_notary_link_close(ph_notary_link *l);

#endif
