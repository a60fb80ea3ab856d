/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/attack_logs.h - three real journals with their transparency logs, and the commands of
    petahour-audit that judge what was made of them.

    The second journal is a fork of the first: another history of the same market, which the same
    key signs.  The third is of another market, and the same key signs it as well. */
#ifndef TESTS_PROP_ATTACK_LOGS_H
#define TESTS_PROP_ATTACK_LOGS_H

#include "clients/audit/audit.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/log_folder.h"
#include "engine/notary/log_tree.h"
#include "tests/prop/attack.h"

#define MARKET    "market.example"
#define ELSEWHERE "market.elsewhere"

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signer;

extern signer by_notary, by_attacker, by_witness, by_buyer, by_supplier;

typedef enum { TRUE_LOG, FORK, FOREIGN_LOG, LOGS } log_kind;

enum { LEAVES_MAX = 1024 };

typedef struct {
    const char *market;
    char journal[128], folder[128]; /* the folder has the newest checkpoint and every tile */
    uint64_t cnt;                   /* records */
    ph_hash records[LEAVES_MAX], leaves[LEAVES_MAX], roots[LEAVES_MAX + 1];
} market_log;

extern market_log logs[LOGS];
extern uint64_t common; /* records that the journal and its fork begin with */

/* Makes all of it once; the folder that everything is in. */
const char *attack_logs_begin(void);
void attack_logs_end(void);

ph_hash_source logs_source(log_kind of);

/* A text that is signed, as a note. */
text sign_text(const char *bytes, size_t size, const char *name, const signer *by);

/* The checkpoint of the first `cnt` records. */
text checkpoint_of(log_kind of, uint64_t cnt, const signer *by);

/* Makes the newest checkpoint of a log that of its first `cnt` records: what anybody finds who
   looks into the folder. */
void logs_show(log_kind of, const text *note);

/* True if the notary signed it, of this market; and what it says. */
bool believe(const char *note, size_t size, ph_log_checkpoint *ret);

/* The log that has this root at this size; LOGS: none. */
log_kind log_of(const ph_log_checkpoint *c);

/* A file in the folder; the paths last. */
const char *put_file(const char *name, const text *t);
const char *file_path(const char *name);

/* Runs a command; what it says is in the two texts. */
extern char said_out[1 << 16], said_err[1 << 14];
int judge(int (*command)(const ph_audit_request *q), const ph_audit_request *q);

/* The key in hexadecimal digits. */
extern char notary_hex[65];

static inline bool is_said(const char *what)
{
    return strstr(said_err, what) != NULL;
}

static inline bool is_shown(const char *what)
{
    return strstr(said_out, what) != NULL;
}

#endif
