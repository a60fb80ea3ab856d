/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/cli/cli.h - what the commands of `petahour` share.

    arguments.c   options and positional arguments of one command, read into variables
    saved.c       saved contracts
    rows.c        results as a table for people or as JSON for programs
    session.c     connecting, waiting, exit codes
    refusal.c     what the market says when it refuses
    catalogue.c   participants, sites, hardware and products, by number or by name

    A command is a function of main's form that returns an exit status.  Messages for people go to
    the error output, results to the standard output. */
#ifndef CLIENTS_CLI_CLI_H
#define CLIENTS_CLI_CLI_H

#include "clients/lib/petahour.h"

#include <jansson.h>

enum {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_REFUSED = 3, /* by the market */
    CLI_NOT_FOUND = 4,
    CLI_DENIED = 5, /* not authorised */
    CLI_NO_CONNECTION = 6,
    CLI_UNKNOWN_OUTCOME = 7, /* timed out */
    CLI_NOT_VERIFIED = 8,
};

typedef int cli_exit; /* one of the above; what main returns */

/* Says "petahour: ..." on the error output and returns code. */
cli_exit cli_say(cli_exit code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Arguments ----------------------------------------------------------------------------- */

typedef enum {
    CLI_TEXT,    /* const char * */
    CLI_FLAG,    /* bool */
    CLI_U32,     /* uint32_t */
    CLI_U64,     /* uint64_t */
    CLI_ID,      /* uint64_t, not 0 */
    CLI_MONEY,   /* int64_t, from decimal text */
    CLI_TIME,    /* uint64_t, nanoseconds */
    CLI_DEGREES, /* int32_t, millionths of a degree */
    CLI_SHAPE,   /* phc_shape; and so on */
    CLI_TIF,
    CLI_COMPUTE_TYPE,
    CLI_ARCHITECTURE,
    CLI_PHASE,
    CLI_ROLES,    /* uint32_t */
    CLI_KEY_Z85,  /* uint8_t[32] */
    CLI_KEY_HEX,  /* uint8_t[32] */
    CLI_KEYS_HEX, /* cli_keys, separated by commas */
    CLI_PRODUCT_STATE,
    CLI_KEY_USE,
} cli_kind;

typedef struct {
    size_t cnt;
    uint8_t v[PHC_TRUSTED_KEYS_MAX][32];
} cli_keys;

typedef struct {
    const char *name; /* "price" is --price; a name in capitals is a positional argument */
    const char *arg;  /* what stands for the value in the help; NULL for flags */
    cli_kind kind;
    bool required;
    void *to; /* unchanged when it is not given */
    const char *doc;
    bool given; /* set by reading */
} cli_field;

enum { CLI_FIELDS_MAX = 40 };

/* Options that every command has. */
typedef struct {
    const char *connect_file, *key_file;
    bool json;
    uint32_t timeout_seconds;
} cli_common;

/* Reads the arguments, or prints help and exits 0, or says what is wrong and exits 2.  argv[0] is
   the whole name of the command. */
void cli_read(int argc, char **argv, const char *doc, cli_field *fields, size_t cnt,
              cli_common *ret);

/* ---- Results ------------------------------------------------------------------------------- */

typedef struct {
    const char *key, *title;
    bool right; /* numbers */
} cli_column;

/* A file of JSON; NULL: a message said why it could not be read. */
json_t *cli_read_json(const char *path);

/* Prints an array of objects.  Takes the reference. */
void cli_print_rows(json_t *rows, const cli_column *columns, size_t cnt, bool json);
/* One row at a time, as it happens. */
void cli_print_line(json_t *row, const cli_column *columns, size_t cnt, bool json);
/* One object: names and values below each other.  Takes the reference. */
void cli_print_object(json_t *object, bool json);

json_t *cli_money(int64_t micro);   /* decimal text */
json_t *cli_path(const char *path); /* null if it is no UTF-8, which a path need not be */
json_t *cli_time(uint64_t ns);
json_t *cli_number(uint64_t v);

/* ---- Refusals ------------------------------------------------------------------------------ */

/* A "no" of the market. */
typedef struct {
    const char *command;     /* "NEW_ORDER": a field of it may be meant */
    const char *name, *text; /* "PRICE_TICK", and its sentence */
    int64_t args[2];
    uint32_t period_seconds; /* of a period that may be meant; 0: not known */
} cli_refusal;

enum { CLI_REFUSAL_ROOM = 512 };

/* "PRICE_TICK: price is not a multiple of the tick (price 2.55, tick 0.1)".  Returns to. */
char *cli_refusal_text(const cli_refusal *r, char to[CLI_REFUSAL_ROOM]);

/* ---- Session ------------------------------------------------------------------------------- */

typedef struct cli_session {
    cli_common common;
    phc_client *client;
    phc_key key;
    bool refused_key; /* the gateway does not know the key */
    char refusal[300];
    bool ready, ended;
    bool only_asks;          /* nothing that it sends changes anything */
    bool busy;               /* the market has said so to what is waited for */
    bool watching, lost;     /* the connection, while watching */
    uint64_t request;        /* whose result is waited for */
    uint64_t count;          /* orders that it cancelled, or put into a group */
    uint32_t period_seconds; /* of the periods that a refusal may name; 0: not known */
    bool answered;
    cli_exit outcome;
    uint64_t deadline_ms, quiet_since_ms;
    void *arg; /* the command's own */
} cli_session;

/* Connects and waits until the session is ready.  The command sets its own callbacks in cb; the
   session's are added.  On failure everything is released and the exit status returned. */
cli_exit cli_open(cli_session *s, const cli_common *common, phc_callbacks cb, uint64_t next_report,
                  uint64_t next_contract);
/* The same, without countersigning contracts that come in. */
cli_exit cli_open_reader(cli_session *s, const cli_common *common, phc_callbacks cb,
                         uint64_t next_report, uint64_t next_contract);
void cli_close(cli_session *s);

/* Turns until *done, or until the time is up. */
cli_exit cli_wait(cli_session *s, const bool *done);
/* Turns until nothing was told for `ms`. */
cli_exit cli_wait_quiet(cli_session *s, uint32_t ms);
/* market.c: says what is missing of a stream that is followed. */
void cli_on_loss(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                 uint64_t last);
/* Turns for ever; returns only on failure. */
cli_exit cli_watch(cli_session *s);

/* Says why nothing was sent. */
cli_exit cli_not_sent(const cli_session *s, phc_status sent);
/* Waits for the result of `request`, if it was sent; says what went wrong. */
cli_exit cli_answer(cli_session *s, phc_status sent, uint64_t request);
/* The same, then prints the facts, of which it takes the reference. */
cli_exit cli_finish(cli_session *s, phc_status sent, uint64_t request, json_t *facts);

uint64_t cli_now_ms(void);

/* ---- Catalogue ----------------------------------------------------------------------------- */

/* What becomes of a product beside its terms. */
typedef struct {
    uint32_t terms_version, grade;
    phc_product_state state;
    phc_phase phase;
} cli_listing;

typedef struct {
    phc_participant *participants;
    phc_site *sites;
    phc_hardware *hardware;
    phc_product *products;
    cli_listing *listings; /* of the products */
    size_t participant_cnt, site_cnt, hardware_cnt, product_cnt, listing_cnt;
    uint64_t request;
    bool complete, failed;
} cli_catalogue;

/* The session's callbacks must have been opened with these two. */
void cli_on_catalogue(void *arg, const phc_catalogue_entry *e);
void cli_on_catalogue_end(void *arg, uint64_t request, uint64_t sequence);

/* Asks for the catalogue and waits for it.  s->arg must point to a cli_catalogue, all zero. */
cli_exit cli_load_catalogue(cli_session *s);
void cli_free_catalogue(cli_catalogue *c);

/* A session with nothing but the catalogue; released by cli_end, which returns e. */
cli_exit cli_open_catalogue(cli_session *s, cli_catalogue *c, const cli_common *common);
int cli_end(cli_session *s, cli_catalogue *c, cli_exit e);

/* By number or by name, which must be of one alone; NULL and a message if there is none. */
const phc_product *cli_find_product(const cli_catalogue *c, const char *text);
const phc_site *cli_find_site(const cli_catalogue *c, const char *text);
const phc_hardware *cli_find_hardware(const cli_catalogue *c, const char *text);
const phc_participant *cli_find_participant(const cli_catalogue *c, const char *text);
/* NULL: it was not there when the catalogue was read. */
const phc_product *cli_product_of(const cli_catalogue *c, uint32_t id);
/* Name of a participant, or its number as text in `room`. */
const char *cli_participant_name(const cli_catalogue *c, uint32_t id, char room[16]);

/* ---- Orders -------------------------------------------------------------------------------- */

/* An order as the arguments say it: product and period are still words. */
typedef struct {
    phc_order order;
    const char *product;
    uint64_t from;
    bool asks, why; /* it is only asked about */
} cli_order_words;

cli_order_words cli_usual_order(phc_side side, bool asks);
void cli_read_order(int argc, char **argv, const char *doc, cli_order_words *w, cli_common *common);

/* ---- Commands ------------------------------------------------------------------------------ */

int cli_keygen(int argc, char **argv);
int cli_limits(int argc, char **argv);
int cli_participant_register(int argc, char **argv);
int cli_participant_list(int argc, char **argv);
int cli_participant_state(int argc, char **argv);
int cli_site_register(int argc, char **argv);
int cli_site_list(int argc, char **argv);
int cli_hardware_register(int argc, char **argv);
int cli_hardware_list(int argc, char **argv);
int cli_capacity_register(int argc, char **argv);
int cli_product_create(int argc, char **argv);
int cli_product_list(int argc, char **argv);
int cli_product_show(int argc, char **argv);
int cli_product_phase(int argc, char **argv);
int cli_deposit(int argc, char **argv);
int cli_withdraw(int argc, char **argv);
int cli_order_buy(int argc, char **argv);
int cli_order_sell(int argc, char **argv);
int cli_order_cancel(int argc, char **argv);
int cli_order_replace(int argc, char **argv);
int cli_order_group(int argc, char **argv);
int cli_key_add(int argc, char **argv);
int cli_key_revoke(int argc, char **argv);
int cli_product_terms(int argc, char **argv);
int cli_product_state(int argc, char **argv);
int cli_capacity_withdraw(int argc, char **argv);
int cli_capacity_attest(int argc, char **argv);
int cli_site_measure(int argc, char **argv);
int cli_probe_report(int argc, char **argv);
int cli_rules_set(int argc, char **argv);
int cli_access_give(int argc, char **argv);
int cli_access_show(int argc, char **argv);
int cli_delivery_report(int argc, char **argv);
int cli_delivery_confirm(int argc, char **argv);
int cli_delivery_dispute(int argc, char **argv);
int cli_delivery_resolve(int argc, char **argv);
int cli_delivery_list(int argc, char **argv);
int cli_cash_list(int argc, char **argv);
int cli_preview_buy(int argc, char **argv);
int cli_preview_sell(int argc, char **argv);
int cli_why(int argc, char **argv);
int cli_depth(int argc, char **argv);
int cli_order_status(int argc, char **argv);
int cli_position_list(int argc, char **argv);
int cli_contract_status(int argc, char **argv);
int cli_statement(int argc, char **argv);
int cli_order_list(int argc, char **argv);
int cli_book_show(int argc, char **argv);
int cli_market_depth(int argc, char **argv);
int cli_market_statistics(int argc, char **argv);
int cli_market_candles(int argc, char **argv);
int cli_market_grade(int argc, char **argv);
int cli_market_type(int argc, char **argv);
int cli_market_region(int argc, char **argv);
int cli_market_trades(int argc, char **argv);
int cli_trade_list(int argc, char **argv);
int cli_notary_rotate(int argc, char **argv);
int cli_contract_list(int argc, char **argv);
int cli_contract_save(int argc, char **argv);
int cli_contract_countersign(int argc, char **argv);
int cli_contract_verify(int argc, char **argv);
int cli_contract_text(int argc, char **argv);
int cli_contract_reservation(int argc, char **argv);
int cli_contract_manifest(int argc, char **argv);
int cli_meter_count(int argc, char **argv);
int cli_meter_report(int argc, char **argv);

/* The contract as Markdown, on standard output. */
void cli_print_contract(const phc_contract *c);

/* ---- Countersignatures of one contract ------------------------------------------------------ */

enum { CLI_PARTIES_MAX = 3 };

typedef enum {
    CLI_MISSING,
    CLI_HOLDS,
    CLI_OTHER_KEY, /* holds, but by a key that the contract does not name */
    CLI_FALSE,
} cli_countersigned;

/* A party and what became of its countersignature. */
typedef struct {
    const char *part, *name; /* "buyer"; of the contract */
    uint32_t participant;
    cli_countersigned verdict;
    uint8_t key[32]; /* unless it is missing */
} cli_party;

/* The parties of a contract, a supplier that sold itself once; returns how many.  given: cnt
   countersignatures, of which each party's first counts. */
size_t cli_parties(const phc_signed_contract *s, const phc_contract *c,
                   const phc_countersignature *given, size_t cnt, cli_party ret[CLI_PARTIES_MAX]);

/* One sentence about a party's countersignature. */
char *cli_party_text(const cli_party *p, char to[400]);

/* ---- A saved contract ----------------------------------------------------------------------- */

/* What its file has, and what the bytes say. */
typedef struct {
    phc_signed_contract file;
    phc_contract contract;
    bool has_countersignatures; /* the member is there */
    phc_countersignature given[CLI_PARTIES_MAX];
    size_t given_cnt;
    /* What the others point into. */
    json_t *json;
    uint8_t *canonical, *proof;
    phc_segment *segments;
} cli_saved;

/* Reads a file; CLI_FAILED if it is none, CLI_NOT_VERIFIED if its bytes are no contract's.  Nothing
   is proved by that.  Released by cli_saved_free when it was CLI_DONE. */
cli_exit cli_saved_read(const char *path, cli_saved *ret);
/* That one of the keys signed it, for `market` (NULL: the one that it names), and that no
   countersignature is false.  ret_key may be NULL. */
cli_exit cli_saved_verify(const cli_saved *f, const char *market, const cli_keys *keys,
                          const uint8_t **ret_key);
size_t cli_saved_parties(const cli_saved *f, cli_party ret[CLI_PARTIES_MAX]);
void cli_saved_free(cli_saved *f);

/* Periods in which a contract has the same number of units, whatever their prices. */
typedef struct {
    uint32_t first_period, periods, quantity;
} cli_run;

/* The runs in order; the caller frees.  CLI_FAILED: no memory. */
cli_exit cli_runs_of(const phc_contract *c, cli_run **ret, size_t *ret_cnt);
int cli_report_watch(int argc, char **argv);

#endif
