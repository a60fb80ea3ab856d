/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/private_stream.h - what each participant is told: numbered reports and
    contracts.

    Built from the records of the engine and the items of the notary alone, so message n of a
    participant is the same on every gateway and after every restart.  A message is kept as the
    framed bytes that sessions send, see stream.h; a session holds nothing but a number, so however
    many sessions read a stream and however slowly, memory is the store's alone.

    Who is told what
      REJECTED, ACCEPTED, DONE   the sender of the command
       CANCELLED, PERIOD_LOST,    the owner of the order
       REPLACED, CLIP_SHOWN
       GATE_CLOSED                the owners of EACH orders that lose something in that period
       TRADE                      both parties, each its own side, fee and leaves; of a resale, the
                                  supplier as well
       DELIVERY, DELIVERY_FINAL   buyer, supplier, and everybody through whom it was resold
       HAND_OVER_ACCESS           the buyer
       TRANSFER                   whose cash it changes, those of a command together
       contract                   buyer, supplier and seller, in a stream of its own numbers
       countersignature           the same, in a third stream

    Owns      its streams; phg_private_streams_release accepts a zeroed one.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: the events are not what a market writes. */
#ifndef GATEWAY_REPLICA_PRIVATE_STREAM_H
#define GATEWAY_REPLICA_PRIVATE_STREAM_H

#include "gateway/replica/feed.h"
#include "gateway/replica/parties.h"
#include "gateway/replica/stream.h"
#include "gateway/translate/translate.h"

typedef struct {
    phg_stream reports, contracts, countersignatures;
    uint64_t contract_cnt;         /* concluded, signed or not */
    uint64_t countersignature_cnt; /* taken by the market, judged or not */
    uint64_t last_client_order_id;
    ph_money cash;
} phg_private;

/* A movement of the command that is taken. */
typedef struct {
    ph_participant_id who;
    uint32_t number; /* among those of the command */
    phg_movement movement;
} phg_private_movement;

typedef struct {
    phg_stream_store store; /* of all messages */
    phg_private *v;         /* of participant n: v[n - 1] */
    uint32_t cnt, max;
    uint64_t concluded_cnt;          /* contracts that the engine's records concluded */
    uint64_t signed_cnt;             /* contracts that the notary's stream has brought */
    phg_contract_parties *contracts; /* of contract n: contracts[n - 1]; concluded_cnt of them */
    uint64_t contract_max;
    phg_private_movement *movements;
    uint32_t movement_cnt, movement_max;
    ph_contract_id about; /* contract that the next transfers of the command are about */
} phg_private_streams;

void phg_private_streams_release(phg_private_streams *s);

/* Participants 1 .. cnt exist from now on.  PH_EFULL: no memory. */
ph_status phg_private_streams_reach(phg_private_streams *s, uint32_t cnt);

/* Takes one event of the command; the feed has taken it before.  After the last event comes
   phg_private_streams_end. */
ph_status phg_private_streams_take(phg_private_streams *s, phg_translator *t, const phg_feed *feed,
                                   const ph_command *c, phg_event_at events);

/* The command is over: tells what it moved. */
ph_status phg_private_streams_end(phg_private_streams *s, phg_translator *t, const ph_command *c);

/* Takes the next contract of the notary's stream.  PH_EAGAIN: the record that concludes it has not
   been taken yet, so nobody could be told what it is about. */
ph_status phg_private_streams_take_contract(phg_private_streams *s, phg_translator *t,
                                            const ph_signed_contract *contract);

/* Takes the next countersignature of the notary's stream.  PH_EAGAIN: its record has not been taken
   yet. */
ph_status phg_private_streams_take_countersignature(phg_private_streams *s, phg_translator *t,
                                                    const ph_countersignature *c, uint64_t seq);

/* What the participant is told; an empty one if it was told nothing yet. */
const phg_private *phg_private_streams_of(const phg_private_streams *s, ph_participant_id id);

#endif
