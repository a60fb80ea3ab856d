/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/catalogue.h - what is registered: participants, keys, sites, hardware, products.

    Built from the records of the engine alone, so it is the same on every gateway.  A registration
    counts once its DONE has been read.

    Owns      its tables; phg_catalogue_release accepts a zeroed one.
    Lifetime  pointers that a question returns are valid until the next phg_catalogue_take.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: the records contradict each other. */
#ifndef GATEWAY_BOOKS_CATALOGUE_H
#define GATEWAY_BOOKS_CATALOGUE_H

#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"
#include "gateway/books/grades.h"
#include "gateway/books/key_index.h"

typedef struct {
    ph_register_participant terms;
    ph_participant_state state;
    uint32_t last_key; /* number of its newest key; 0: none */
} phg_participant;

typedef struct {
    ph_product_terms terms;
    uint32_t terms_version; /* from 1 */
    uint32_t grade;         /* number */
    ph_product_state state;
    ph_phase phase;
} phg_product;

/* A key that a participant has or had. */
typedef struct {
    ph_key key;
    ph_key_use use;
    ph_participant_id participant;
    bool is_revoked;
    uint32_t before; /* number of the key that the participant had before it; 0: none */
} phg_key;

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
    phg_key *keys;
    uint32_t participant_cnt, participant_max;
    uint32_t site_cnt, site_max;
    uint32_t hardware_cnt, hardware_max;
    uint32_t product_cnt, product_max;
    uint32_t key_cnt, key_max;
    phg_key_index key_index;
    phg_notary_key *notary_keys; /* in order */
    uint32_t notary_key_cnt, notary_key_max;
    phg_grades grades;
} phg_catalogue;

void phg_catalogue_release(phg_catalogue *c);

/* Takes one event of the command: DONE applies the command, PHASE_CHANGED a phase, TERMS_SET the
   command's terms. */
ph_status phg_catalogue_take(phg_catalogue *c, const ph_command *command, const ph_event *e);

/* Number of the Curve25519 key, for reading alone or not, that authenticates connections of
   somebody now; 0 if nobody has it. */
uint32_t phg_catalogue_connection_key(const phg_catalogue *c, const ph_key *key);

/* True if the key with this number commands nothing. */
bool phg_catalogue_only_reads(const phg_catalogue *c, uint32_t number);

/* Which of its participant's connection keys, ever, the key with this number is, from 0; below 256,
   as no participant has more. */
uint32_t phg_catalogue_key_place(const phg_catalogue *c, uint32_t number);

/* Whose connections the key with this number authenticates; NULL once it is revoked, and for
   numbers that no connection key has. */
const phg_participant *phg_catalogue_of_key(const phg_catalogue *c, uint32_t number);

/* The newest Ed25519 key in force of a participant of this catalogue; NULL if there is none. */
const ph_key *phg_catalogue_sign_key(const phg_catalogue *c, const phg_participant *who);

/* NULL if there is none with this number. */
const phg_participant *phg_catalogue_participant(const phg_catalogue *c, ph_participant_id id);
const phg_product *phg_catalogue_product(const phg_catalogue *c, ph_product_id id);

#endif
