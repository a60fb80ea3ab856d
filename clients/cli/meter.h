/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/cli/meter.h - recordings of accelerators and of a scheduler, counted by contract-period.

    meter_tally.c     when which units were there for a contract -> unit-seconds of each period
    meter_dcgm.c      lines of dcgm-exporter and of dcgmi dmon
    meter_sacct.c     lines of sacct --parsable2
    meter_scontrol.c  lines of scontrol --oneliner
    meter_state.c     what was reported already, on disk
    meter.c           the commands

    A unit is delivered while it is there, whether its buyer uses it or not.  Of a card or a
    reservation that is read every so often that is the time between two readings which are at most
    `gap` apart.  sacct knows jobs alone, so of them it is what the scheduler allocated.  In one
    period no more units count at a time than the contract has. */
#ifndef CLIENTS_CLI_METER_H
#define CLIENTS_CLI_METER_H

#include "clients/cli/cli.h"

/* One period of one contract. */
typedef struct {
    uint32_t period, quantity;
    uint64_t energy_uj;
} meter_period;

/* Units that were there from one time to another, in milliseconds since 1970. */
typedef struct {
    uint64_t from_ms, until_ms;
    uint32_t units;
} meter_span;

typedef struct {
    uint64_t number;
    uint32_t period_seconds;
    char unit[16], market[64];
    bool is_metered;       /* a card or a job is of it; others are left alone */
    bool is_absence_told;  /* of a card that the recording does not name */
    meter_period *periods; /* by number */
    meter_span *spans;
    size_t period_cnt, span_cnt, span_room;
} meter_contract;

/* A card that serves a contract. */
typedef struct {
    char name[80]; /* UUID, or "GPU 0" of dcgmi dmon */
    size_t contract;
    bool is_seen;     /* the recording names it, if only to say that it could not be read */
    uint64_t told_ms; /* last reading, also one that says that it could not be read */
    uint64_t read_ms; /* last reading; 0: it could not be read */
    uint64_t power_mw;
    uint64_t power_ms; /* when it was that; 0: never */
    size_t span;       /* its newest, or SIZE_MAX */
} meter_card;

/* A node of a Slurm cluster, as it was read last. */
typedef struct {
    char name[64];
    uint64_t read_ms;
    uint32_t cards;
    bool is_ready;
} meter_node;

/* A reservation, and how many units of its contract it had ready when it was read last. */
typedef struct {
    char name[80];
    size_t contract;
    uint64_t read_ms;
    uint32_t units;
    size_t span; /* its newest, or SIZE_MAX */
} meter_reservation;

typedef struct {
    meter_contract *contracts;
    meter_card *cards; /* by name */
    size_t contract_cnt, card_cnt;
    meter_node *nodes;
    meter_reservation *reservations;
    size_t node_cnt, node_room, node_next, reservation_cnt;
    uint64_t gap_ms;
    uint64_t seen_from_ms, seen_until_ms; /* what the recording covers */
    uint64_t now_ms;
    bool is_followed; /* more will come */
    /* dcgmi dmon, sacct: which column is what; SIZE_MAX: there is none. */
    bool has_columns;
    size_t column[8];
} meter;

/* Reads every *.json of a folder: saved contracts that verify. */
cli_exit meter_load_contracts(meter *m, const char *folder, const cli_keys *keys);
/* Lines "CONTRACT CARD".  A card may serve several contracts, one after the other. */
cli_exit meter_load_cards(meter *m, const char *path);
void meter_free(meter *m);

/* The contract with this number, or NULL. */
meter_contract *meter_find(const meter *m, uint64_t number);
/* "petahour_17_498868", a reservation of contract 17: its number; 0 for those that are not ours. */
uint64_t meter_contract_of(const char *reservation);
/* A card of the contract that the recording has not named so far, or NULL. */
const meter_card *meter_find_absent(const meter *m, const meter_contract *c);
/* First of the entries of a card, *ret_cnt of them; NULL if it serves none. */
meter_card *meter_find_card(const meter *m, const char *name, size_t *ret_cnt);

/* Notes that units were there.  Returns the span, which grows while until_ms of the one before is
   from_ms; SIZE_MAX when there is no memory. */
size_t meter_add(meter_contract *c, size_t before, meter_span s);
/* Adds what was drawn from one time to another to the periods. */
void meter_add_energy(meter_contract *c, uint64_t from_ms, uint64_t until_ms, uint64_t power_mw);

/* Unit-seconds of one period, rounded down; UINT64_MAX when there is no memory. */
uint64_t meter_delivered(const meter_contract *c, const meter_period *p);
/* The recording covers all of it; one that is followed, also what may come late. */
bool meter_covers(const meter *m, const meter_contract *c, const meter_period *p);

/* Reads one line, without its line feed, which may be changed.  NULL, or why it is bad. */
typedef const char *(*meter_reader)(meter *m, char *line);
const char *meter_read_exporter(meter *m, char *line);
const char *meter_read_dmon(meter *m, char *line);
const char *meter_read_sacct(meter *m, char *line);
const char *meter_read_scontrol(meter *m, char *line);

/* Reads one line with it, as getline gives it: with its line feed, and `size` > 0 bytes. */
const char *meter_read_line(meter *m, meter_reader read, char *line, size_t size);

/* Decimal text without sign to thousandths; what is finer is cut off.  False: it is none. */
bool meter_thousandths(const char *text, uint64_t *ret);

/* ---- What was reported ---------------------------------------------------------------------- */

typedef struct {
    uint64_t request;
    phc_delivery_report report;
    bool answered, done;
} meter_sent;

/* Reports that were sent, in order, and of whom.  Every line is on disk before the next step. */
typedef struct {
    int fd; /* -1: nothing is kept */
    char market[64];
    uint32_t who; /* 0: of nobody yet */
    meter_sent *sent;
    size_t cnt, room;
} meter_state;

/* path NULL: nothing is kept.  Holds the file alone until it is closed. */
cli_exit meter_state_open(meter_state *s, const char *path);
/* Of whom it is: CLI_USAGE if it is of another participant or market. */
cli_exit meter_state_claim(meter_state *s, const char *market, uint32_t who);
cli_exit meter_state_sent(meter_state *s, uint64_t request, const phc_delivery_report *r);
/* Does nothing if the request is not one of these, or was answered. */
cli_exit meter_state_answered(meter_state *s, uint64_t request, bool done);
/* The newest that was done for this contract-period, or NULL. */
const meter_sent *meter_state_find(const meter_state *s, uint64_t contract, uint32_t period);
/* True if the outcome of something is not known. */
bool meter_state_is_open(const meter_state *s);
void meter_state_close(meter_state *s);

#endif
