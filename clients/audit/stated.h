/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/stated.h - what participants of a journal signed of what they measured.

    Owns      nothing that is not released by its close.
    Thread    one.
    Failure   said on standard error; the exit status is returned. */
#ifndef CLIENTS_AUDIT_STATED_H
#define CLIENTS_AUDIT_STATED_H

#include <jansson.h>

#include "clients/audit/audit.h"
#include "engine/notary/statements.h"

enum { PH_STATED_NAMED = 100 };

/* A statement whose signature is false. */
typedef struct {
    uint64_t seq;
    ph_command_kind kind;
    ph_participant_id participant;
    ph_site_id site;         /* of what is not a report */
    ph_contract_id contract; /* of a report, with its period */
    ph_period period;
} ph_stated_false;

/* Begins as zero. */
typedef struct {
    ph_statements judge;
    uint64_t taken, holding, is_false;
    ph_stated_false named[PH_STATED_NAMED]; /* the first of the false ones */
} ph_stated;

/* Counts a record. */
void ph_stated_count(ph_stated *s, const ph_replay_record *r);

/* Judges the records of a batch, which left the market so. */
int ph_stated_batch(ph_stated *s, const ph_market *m, const ph_replay_batch *batch);

/* is_judged: every batch was judged. */
void ph_stated_print(const ph_stated *s, bool is_judged);
json_t *ph_stated_json(const ph_stated *s, bool is_judged);
void ph_stated_close(ph_stated *s);

#endif
