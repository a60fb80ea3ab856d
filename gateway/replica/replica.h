/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/replica.h - everything that the gateway knows, built from records and signed
    contracts.

    Owns      its parts; phg_replica_release accepts a zeroed one.
    Thread    one.
    Laws      the same records give the same replica, whatever the gateway did in between.
    Failure   after PH_EFULL (no memory) and PH_ECORRUPT (not what an engine or a notary writes) the
              replica is not whole any more: stop. */
#ifndef GATEWAY_REPLICA_REPLICA_H
#define GATEWAY_REPLICA_REPLICA_H

#include "gateway/books/catalogue.h"
#include "gateway/replica/entered.h"
#include "gateway/replica/feed.h"
#include "gateway/replica/overview.h"
#include "gateway/replica/private_stream.h"
#include "gateway/replica/takeovers.h"
#include "gateway/replica/tape.h"
#include "gateway/translate/translate.h"

typedef struct {
    phg_catalogue catalogue;
    phg_feed feed;
    phg_overview overview;
    phg_private_streams streams;
    phg_tape tape; /* in the store of the streams */
    phg_entered entered;
    phg_takeovers takeovers;
    phg_translator *translator;
    ph_event *events; /* of the record that is taken */
    uint32_t event_max;
} phg_replica;

/* PH_EFULL: no memory. */
ph_status phg_replica_init(phg_replica *r);
void phg_replica_release(phg_replica *r);

/* Takes item `number` of the engine's stream. */
ph_status phg_replica_take_record(phg_replica *r, uint64_t number, const void *bytes, size_t size);

/* Takes the next item of the notary's stream, a contract or a countersignature.  PH_EAGAIN: its
   record has not been taken yet; the replica is as it was, come again. */
ph_status phg_replica_take_sealed(phg_replica *r, const void *bytes, size_t size);

#endif
