/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/catalogue.h - what is registered: participants, keys, sites, hardware, products.

    Built from the records of the engine alone, so it is the same on every gateway.  A registration
    counts once its DONE has been read.

    Owns      its tables; phg_catalogue_release accepts a zeroed one.
    Lifetime  pointers that a question returns are valid until the next phg_catalogue_take.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: the records contradict each other. */
#ifndef GATEWAY_CATALOGUE_H
#define GATEWAY_CATALOGUE_H

#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

typedef struct {
    ph_register_participant terms;
    ph_participant_state state;
} phg_participant;

typedef struct {
    ph_product_terms terms;
    ph_phase phase;
} phg_product;

/* A key of the notary that was named after the first. */
typedef struct {
    uint64_t seq; /* of the record that named it */
    ph_rotate_notary_key named;
} phg_notary_key;

typedef struct {
    bool opened;
    ph_open_market market;
    uint64_t seq; /* the last record that was taken */
    phg_participant *participants;
    ph_register_site *sites;
    ph_register_hardware *hardware;
    phg_product *products;
    uint32_t participant_cnt, participant_max;
    uint32_t site_cnt, site_max;
    uint32_t hardware_cnt, hardware_max;
    uint32_t product_cnt, product_max;
    phg_notary_key *notary_keys; /* in order */
    uint32_t notary_key_cnt, notary_key_max;
} phg_catalogue;

void phg_catalogue_release(phg_catalogue *c);

/* Takes one event of the command: DONE applies the command, PHASE_CHANGED a phase. */
ph_status phg_catalogue_take(phg_catalogue *c, const ph_command *command, const ph_event *e);

/* The participant whose connections this Curve25519 key authenticates; NULL if there is none. */
const phg_participant *phg_catalogue_by_key(const phg_catalogue *c, const ph_key *curve_key);

/* NULL if there is none with this number. */
const phg_participant *phg_catalogue_participant(const phg_catalogue *c, ph_participant_id id);
const phg_product *phg_catalogue_product(const phg_catalogue *c, ph_product_id id);

#endif
