/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/audit.h - the commands of petahour-audit.

    Each reads a journal directory (or a saved contract, or a scenario), writes what it found to
    standard output and what it could not do to standard error, and returns the exit status.

    Owns      nothing between commands.
    Thread    one. */
#ifndef CLIENTS_AUDIT_AUDIT_H
#define CLIENTS_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

enum {
    PH_AUDIT_RIGHT = 0,     /* done, and everything was as it should be */
    PH_AUDIT_FAILED = 1,    /* could not be done */
    PH_AUDIT_USAGE = 2,     /* the arguments make no sense */
    PH_AUDIT_NOT_FOUND = 4, /* what was asked for is not there */
    PH_AUDIT_WRONG = 8,     /* done, and something is not as it should be */
    PH_AUDIT_FORK = 16,     /* done, and one key signed two histories */
};

/* From where on the report shows something; report.h has the defaults. */
typedef struct {
    uint64_t top;              /* lines of each ranking */
    uint64_t wash_seconds;     /* in which what was sold comes back */
    uint64_t net_ppm;          /* change of position, of the volume */
    uint64_t counterparty_ppm; /* volume with the largest counterparty, of the volume */
    uint64_t spoof_seconds;    /* in which an order is withdrawn */
    uint64_t spoof_factor;     /* what was withdrawn, over what stood on the other side */
    uint64_t near_ppm;         /* distance from the best price, of that price */
} ph_report_bounds;

/* What the arguments say; members that a command has no option for are zero. */
typedef struct {
    const char *journal;   /* directory, or NULL */
    const char *contract;  /* file of a saved contract, or NULL */
    const char *contracts; /* folder of saved contracts, or NULL */
    const char *scenario;  /* file, or "-" for standard input */
    const char *database;  /* connection string */
    const char *month;     /* of invoice: YYYY-MM */
    const char *dataset;   /* the same: of FOCUS, or NULL */
    const char *key;       /* 64 hexadecimal digits, or NULL: the one the journal states */
    const char *log;       /* folder of a transparency log, or NULL */
    const char *snapshot;  /* file of a snapshot to begin with, or NULL */
    const char *args[3];   /* of prove: what to prove, and of what */
    const char *entry;     /* record hash, 64 hexadecimal digits, or NULL */
    const char *state, *witness_key; /* files of a witness */
    uint64_t at;                     /* seconds since 1970, 0: now */
    uint64_t id;                     /* number of a contract or participant, or 0 */
    uint64_t from, to;               /* records; to 0: the last.  report: times, to 0: no end */
    uint64_t until;                  /* the last record that is replayed, or 0 */
    uint64_t state_every;            /* records between two hashes of the state, or 0 */
    const char *what, *form, *out;   /* of export */
    ph_report_bounds bounds;         /* of report; 0: the default */
    bool json;
    bool records;  /* one line per record instead of one per batch */
    bool commands; /* the commands as a scenario */
    bool quiet;    /* no progress; simulate: only the last line */
    bool check_laws;
    bool countersignatures; /* of replay: verify them */
    bool statements;        /* the same */
    bool chain_only;        /* of replay: do not compare the results */
} ph_audit_request;

int ph_audit_verify(const ph_audit_request *q);
int ph_audit_replay(const ph_audit_request *q);
int ph_audit_contract(const ph_audit_request *q);
int ph_audit_compare(const ph_audit_request *q);
int ph_audit_invoice(const ph_audit_request *q);
/* invoice can write this data set; NULL: the first one. */
bool ph_audit_has_dataset(const char *name);
int ph_audit_journal(const ph_audit_request *q);
int ph_audit_report(const ph_audit_request *q);
int ph_audit_export(const ph_audit_request *q);
int ph_audit_simulate(const ph_audit_request *q);
int ph_audit_prove(const ph_audit_request *q);
int ph_audit_witness(const ph_audit_request *q);

/* Writes "petahour-audit: <sentence>" to standard error. */
void ph_audit_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads --key: 64 hexadecimal digits.  PH_AUDIT_USAGE: it is not, which is said. */
int ph_audit_key(const char *text, ph_key *ret);

/* The exit status for a status of the journal or the replay. */
int ph_audit_exit(ph_status s);

/* Ends a command: what could not be written to standard output is a failure, which takes no
   finding away: a status other than PH_AUDIT_RIGHT stays. */
int ph_audit_end(int status);

#endif
