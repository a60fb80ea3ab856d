/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-audit - checks a market from its journal alone: chain, results, contracts, database. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/audit/audit.h"
#include "clients/audit/export_tables.h"
#include "engine/base/period.h"
#include "engine/process/log.h"

enum {
    KEY_JSON = 0x100,
    KEY_KEY,
    KEY_ID,
    KEY_FROM,
    KEY_TO,
    KEY_RECORDS,
    KEY_DATABASE,
    KEY_LAWS,
    KEY_COMMANDS,
    KEY_LOG,
    KEY_JOURNAL,
    KEY_ENTRY,
    KEY_STATE,
    KEY_SNAPSHOT,
    KEY_WITNESS_KEY,
    KEY_AT,
    KEY_UNTIL,
    KEY_STATE_EVERY,
    KEY_FROM_TIME,
    KEY_TO_TIME,
    KEY_WHAT,
    KEY_FORMAT,
    KEY_OUT,
    KEY_TOP,
    KEY_WASH_SECONDS,
    KEY_NET_PPM,
    KEY_COUNTERPARTY_PPM,
    KEY_SPOOF_SECONDS,
    KEY_SPOOF_FACTOR,
    KEY_NEAR_PPM,
    KEY_CONTRACTS,
    KEY_MONTH,
    KEY_PARTICIPANT,
    KEY_DATASET,
    KEY_COUNTERSIGNATURES,
    KEY_STATEMENTS,
    KEY_CHAIN_ONLY
};

#define OPTION_JSON                                                   \
    {                                                                 \
        "json", KEY_JSON, NULL, 0, "write JSON instead of a table", 0 \
    }
#define OPTION_QUIET                                 \
    {                                                \
        "quiet", 'q', NULL, 0, "show no progress", 0 \
    }

static const struct argp_option verify_options[] = {
    {"log", KEY_LOG, "FOLDER", 0, "check its transparency log too: checkpoint and tiles", 0},
    {"contracts", KEY_CONTRACTS, "FOLDER", 0,
     "check saved contracts too: proofs, signatures and countersignatures of all files *.json", 0},
    {"key", KEY_KEY, "HEX", 0, "public key of the notary instead of the one the journal states", 0},
    OPTION_JSON,
    OPTION_QUIET,
    {0},
};

static const struct argp_option prove_options[] = {
    {"log", KEY_LOG, "FOLDER", 0, "the transparency log: checkpoint and tiles", 0},
    {"journal", KEY_JOURNAL, "DIRECTORY", 0, "the journal, which states the key and has records",
     0},
    {"key", KEY_KEY, "HEX", 0, "public key of the notary", 0},
    {"entry", KEY_ENTRY, "HEX", 0, "check: the record hash, where there is no journal", 0},
    {0},
};

static const struct argp_option witness_options[] = {
    {"log", KEY_LOG, "FOLDER", 0, "the transparency log: checkpoint and tiles", 0},
    {"journal", KEY_JOURNAL, "DIRECTORY", 0, "the journal, which states the key of the log", 0},
    {"key", KEY_KEY, "HEX", 0, "public key of the log", 0},
    {"state", KEY_STATE, "FILE", 0, "the checkpoint that was cosigned last; made when missing", 0},
    {"witness-key", KEY_WITNESS_KEY, "FILE", 0, "the witness's own key file", 0},
    {"at", KEY_AT, "SECONDS", 0, "time of the cosignature since 1970, instead of now", 0},
    {0},
};

static const struct argp_option replay_options[] = {
    {"from-snapshot", KEY_SNAPSHOT, "FILE", 0, "begin with the state of FILE, not with record 1",
     0},
    {"state-every", KEY_STATE_EVERY, "N", 0, "write a hash of the state every N records", 0},
    {"until", KEY_UNTIL, "SEQ", 0, "stop behind record SEQ, and write the hash of the state there",
     0},
    {"countersignatures", KEY_COUNTERSIGNATURES, NULL, 0,
     "verify the countersignatures of the parties too: 50 microseconds each", 0},
    {"statements", KEY_STATEMENTS, NULL, 0,
     "verify what participants signed of what they measured too, delivery reports above all: the "
     "same",
     0},
    {"chain-only", KEY_CHAIN_ONLY, NULL, 0, "do not compare the results with the journal's", 0},
    OPTION_JSON,
    OPTION_QUIET,
    {0},
};

static const struct argp_option report_options[] = {
    {"from", KEY_FROM_TIME, "TIME", 0,
     "count from this time on: 2026-11-23 or 2026-11-23T22:00:00Z", 0},
    {"to", KEY_TO_TIME, "TIME", 0, "count what was before this time", 0},
    {"top", KEY_TOP, "N", 0, "lines of each ranking; 10", 0},
    {"wash-seconds", KEY_WASH_SECONDS, "N", 0,
     "time in which what was sold comes back; 86400, a day", 1},
    {"net-ppm", KEY_NET_PPM, "N", 0,
     "largest change of a position, in millionths of the volume; 100000", 1},
    {"counterparty-ppm", KEY_COUNTERPARTY_PPM, "N", 0,
     "least volume with one counterparty, in millionths of the volume; 500000", 1},
    {"spoof-seconds", KEY_SPOOF_SECONDS, "N", 0, "time in which an order is withdrawn; 60", 1},
    {"spoof-factor", KEY_SPOOF_FACTOR, "N", 0,
     "withdrawn quantity, in multiples of that on the other side; 5", 1},
    {"near-ppm", KEY_NEAR_PPM, "N", 0, "distance from the best price, in millionths of it; 20000",
     1},
    OPTION_JSON,
    OPTION_QUIET,
    {0},
};

static const struct argp_option export_options[] = {
    {"what", KEY_WHAT, "TABLE", 0,
     "orders, fills, trades, contracts, transfers, deliveries, rejects, accounts or all", 0},
    {"format", KEY_FORMAT, "FORM", 0, "csv or jsonl", 0},
    {"out", KEY_OUT, "DIRECTORY", 0,
     "write a file for each table there, instead of one to standard output", 0},
    OPTION_QUIET,
    {0},
};

static const struct argp_option contract_options[] = {
    {"id", KEY_ID, "N", 0, "show contract N of the journal instead of checking a file", 0},
    {"key", KEY_KEY, "HEX", 0, "public key of the notary instead of the one the journal states", 0},
    OPTION_QUIET,
    {0},
};

static const struct argp_option compare_options[] = {
    {"database", KEY_DATABASE, "CONNINFO", 0, "the database, as libpq understands it", 0},
    OPTION_QUIET,
    {0},
};

static const struct argp_option invoice_options[] = {
    {"database", KEY_DATABASE, "CONNINFO", 0, "the database, as libpq understands it", 0},
    {"month", KEY_MONTH, "YYYY-MM", 0, "the month, in UTC", 0},
    {"dataset", KEY_DATASET, "NAME", 0,
     "of FOCUS: cost-and-usage (without it), invoice-detail or billing-period", 0},
    {"participant", KEY_PARTICIPANT, "N", 0,
     "of this participant, as an auditor; without it, of whoever the database knows you as", 0},
    {0},
};

static const struct argp_option journal_options[] = {
    {"records", KEY_RECORDS, NULL, 0, "one line per record instead of one per batch", 0},
    {"commands", KEY_COMMANDS, NULL, 0, "the commands as a scenario, for simulate", 0},
    {"from", KEY_FROM, "SEQ", 0, "begin with the batch or record that holds SEQ", 0},
    {"to", KEY_TO, "SEQ", 0, "end with the one that holds SEQ", 0},
    OPTION_JSON,
    {0},
};

static const struct argp_option simulate_options[] = {
    {"quiet", 'q', NULL, 0, "write the last line only", 0},
    {"check-laws", KEY_LAWS, NULL, 0, "check every law of the market after each command", 0},
    {0},
};

/* What a command takes besides its options. */
typedef enum {
    ARGS_JOURNAL,
    ARGS_EXPORT,
    ARGS_DATABASE,
    ARGS_INVOICE,
    ARGS_CONTRACT,
    ARGS_SCENARIO,
    ARGS_PROVE,
    ARGS_WITNESS
} args_form;

static const struct command {
    const char *name;
    const char *args;
    const char *doc;
    const struct argp_option *options;
    args_form form;
    int (*run)(const ph_audit_request *q);
} commands[] = {
    {"verify", "JOURNAL",
     "Check every byte of a journal: segments, chain of hashes, records.\v"
     "Nothing is recomputed, so this runs at the speed of the disk.",
     verify_options, ARGS_JOURNAL, ph_audit_verify},
    {"replay", "JOURNAL",
     "Recompute every fill, fee, contract and balance, and say \"equal\" or name the first record "
     "that differs.\v"
     "With --from-snapshot only what follows the snapshot is recomputed; the chain of hashes is "
     "read from the first record all the same.  With --chain-only every byte is verified and every "
     "command applied, but the results are taken as they come out: the state at once, no proof.",
     replay_options, ARGS_JOURNAL, ph_audit_replay},
    {"report", "JOURNAL",
     "Recompute the market and report what happened in it: trading by compute type, product and "
     "day, orders, refusals, participants, fees, delivery; and where trading looks like wash "
     "trading or spoofing.\v"
     "Such figures are where to look, with the records to look up; they are no verdict.  "
     "Options without a value given have the one behind the semicolon.",
     report_options, ARGS_JOURNAL, ph_audit_report},
    {"export", "JOURNAL --what=TABLE --format=FORM",
     "Recompute the market and write what happened as tables, complete and exact.\v"
     "Money is in micro-units (columns ending in _micro), time in nanoseconds (_ns).  All columns "
     "are in clients/audit/README.md.",
     export_options, ARGS_EXPORT, ph_audit_export},
    {"contract", "JOURNAL FILE\nJOURNAL --id=N\n--key=HEX FILE",
     "Check a saved contract: canonical bytes, inclusion proof, signature, and that the journal "
     "gives the same bytes.\v"
     "Without a journal only what the contract proves by itself is checked, with the key given.",
     contract_options, ARGS_CONTRACT, ph_audit_contract},
    {"compare", "JOURNAL --database=CONNINFO",
     "Recompute the market and compare it with the rows of a settlement database.", compare_options,
     ARGS_DATABASE, ph_audit_compare},
    {"invoice", "--database=CONNINFO --month=YYYY-MM",
     "Write what a participant was charged and used in a month as CSV, in the columns of FOCUS "
     "1.4.\v"
     "Each line is a transfer of the books and never changes; refunds and penalties are lines of "
     "the month in which the money moved.  Of --dataset invoice-detail each is a line of the "
     "invoice, issued or not.  What the columns mean here is in schema/README.md.",
     invoice_options, ARGS_INVOICE, ph_audit_invoice},
    {"journal", "JOURNAL", "List what a journal holds, verifying it on the way.", journal_options,
     ARGS_JOURNAL, ph_audit_journal},
    {"simulate", "FILE",
     "Run a scenario without an engine: commands as JSON Lines in (FILE, or - for standard "
     "input), events as JSON Lines out.\v"
     "The last line has digests of all events and of the state, for comparing two runs.  The form "
     "of the lines is in clients/audit/README.md.",
     simulate_options, ARGS_SCENARIO, ph_audit_simulate},
    {"prove", "inclusion SEQ\nconsistency OLD [NEW]\ncheck FILE [OLD]",
     "Prove that record SEQ is in a transparency log, or that its checkpoint NEW (the newest) goes "
     "on from OLD, to standard output; or check such a proof.\v"
     "OLD and NEW are files of checkpoints or numbers of records.  Proofs need --log; all need "
     "--journal or --key, to know who signs.",
     prove_options, ARGS_PROVE, ph_audit_prove},
    {"witness", "--log=FOLDER --state=FILE --witness-key=FILE",
     "Cosign the checkpoint of a transparency log if it goes on from the one that was cosigned "
     "last, and write it with the cosignature to standard output.\v"
     "A rollback is refused, and two checkpoints that no one history has are shown as a fork "
     "(exit status 16) and kept in STATE.fork.",
     witness_options, ARGS_WITNESS, ph_audit_witness},
};

enum { COMMAND_CNT = sizeof commands / sizeof commands[0] };

/* A day stands for its first instant; 1970 began with none that an option can mean. */
static bool day_parse(const char *text, ph_time *ret)
{
    static const char midnight[] = "T00:00:00Z";
    char whole[40] = "";
    size_t size = strlen(text);
    if (size + sizeof midnight <= sizeof whole) memcpy(whole, text, size);
    if (size == sizeof "2026-11-23" - 1) memcpy(whole + size, midnight, sizeof midnight);
    return ph_time_parse(whole, ret) == PH_OK && ret->ns != 0;
}

static uint64_t instant(const struct argp_state *state, const char *option, const char *text)
{
    ph_time at = {0};
    if (!day_parse(text, &at))
        argp_error(state,
                   "--%s %s: not a time; give one like 2026-11-23 or 2026-11-23T22:00:00Z, in UTC",
                   option, text);
    return at.ns;
}

static uint64_t number_to(const struct argp_state *state, const char *option, const char *text,
                          uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v == 0 || v > most)
        argp_error(state, "--%s %s: not a number from 1 to %" PRIu64, option, text, most);
    return v;
}

static uint64_t number(const struct argp_state *state, const char *option, const char *text)
{
    return number_to(state, option, text, UINT64_MAX);
}

/* Arguments of a command while they are read. */
typedef struct {
    const struct command *command;
    ph_audit_request request;
    const char *args[3];
    unsigned arg_cnt;
} reading;

static void settle_prove(const struct argp_state *state, reading *r)
{
    ph_audit_request *q = &r->request;
    const char *what = r->arg_cnt == 0 ? "" : r->args[0];
    bool is_check = strcmp(what, "check") == 0, is_inclusion = strcmp(what, "inclusion") == 0;
    if (!is_check && !is_inclusion && strcmp(what, "consistency") != 0)
        argp_error(state, "give inclusion, consistency or check first");
    if (r->arg_cnt < 2 || (is_inclusion && r->arg_cnt != 2))
        argp_error(state, "give what to prove: inclusion SEQ, consistency OLD [NEW] or check FILE "
                          "[OLD]");
    if (is_check == (q->log != NULL))
        argp_error(state, is_check ? "check reads the proof alone: no --log"
                                   : "no log: give --log FOLDER");
    if (q->entry != NULL && (!is_check || q->journal != NULL))
        argp_error(state, "--entry is for check where there is no journal: leave it out");
    memcpy(q->args, r->args, sizeof q->args);
}

static void settle_witness(const struct argp_state *state, const reading *r)
{
    const ph_audit_request *q = &r->request;
    if (r->arg_cnt != 0) argp_error(state, "one argument too many: %s", r->args[0]);
    if (q->log == NULL || q->state == NULL || q->witness_key == NULL)
        argp_error(state, "give --log FOLDER, --state FILE and --witness-key FILE");
}

static void settle_export(const struct argp_state *state, const ph_audit_request *q)
{
    const char *what = q->what == NULL ? "" : q->what, *form = q->form == NULL ? "" : q->form;
    bool is_all = strcmp(what, "all") == 0;
    if (!is_all && ph_table_of(what) == PH_TABLE_CNT)
        argp_error(state, "which table? give --what orders, fills, trades, contracts, transfers, "
                          "deliveries, rejects, accounts or all");
    if (strcmp(form, "csv") != 0 && strcmp(form, "jsonl") != 0)
        argp_error(state, "in which form? give --format csv or --format jsonl");
    if (is_all && q->out == NULL)
        argp_error(state, "all tables do not fit one output: give --out DIRECTORY");
}

static void settle_invoice(const struct argp_state *state, const reading *r)
{
    const ph_audit_request *q = &r->request;
    char day[16];
    ph_time at;
    if (r->arg_cnt != 0) argp_error(state, "one argument too many: %s", r->args[0]);
    if (q->database == NULL || q->month == NULL) {
        argp_error(state, "give --database CONNINFO and --month YYYY-MM");
    } else {
        (void)snprintf(day, sizeof day, "%.7s-01", q->month);
        if (strlen(q->month) != sizeof "2026-11" - 1 || !day_parse(day, &at))
            argp_error(state, "--month %s: not a month; give one like 2026-11", q->month);
        if (!ph_audit_has_dataset(q->dataset))
            argp_error(state, "--dataset %s: not cost-and-usage, invoice-detail or billing-period",
                       q->dataset);
        if (q->id != 0 && q->dataset != NULL && strcmp(q->dataset, "billing-period") == 0)
            argp_error(state, "--participant: a billing period is the same for everybody");
    }
}

static void settle_args(const struct argp_state *state, reading *r)
{
    ph_audit_request *q = &r->request;
    if (r->command->form == ARGS_EXPORT) settle_export(state, q);
    if (r->command->form == ARGS_INVOICE) {
        settle_invoice(state, r);
    } else if (r->command->form == ARGS_PROVE || r->command->form == ARGS_WITNESS) {
        if (r->command->form == ARGS_PROVE)
            settle_prove(state, r);
        else
            settle_witness(state, r);
        if (q->journal == NULL && q->key == NULL)
            argp_error(state, "who signs? give --key HEX or --journal DIRECTORY");
    } else if (r->command->form == ARGS_SCENARIO) {
        if (r->arg_cnt != 1) argp_error(state, "give one file, or - for standard input");
        q->scenario = r->args[0];
    } else if (r->command->form != ARGS_CONTRACT) {
        if (r->arg_cnt != 1) argp_error(state, "give one journal directory");
        q->journal = r->args[0];
    } else if (q->id != 0) {
        if (r->arg_cnt != 1) argp_error(state, "give one journal directory with --id");
        if (q->key != NULL)
            argp_error(state, "--id shows what the journal gives and its key: no --key");
        q->journal = r->args[0];
    } else {
        if (r->arg_cnt == 0 || r->arg_cnt > 2 || (r->arg_cnt == 1 && q->key == NULL))
            argp_error(state, "give a journal directory and the file of a saved contract, or --key "
                              "and the file");
        q->journal = r->arg_cnt == 2 ? r->args[0] : NULL;
        q->contract = r->args[r->arg_cnt - 1];
    }
    if (r->command->run == ph_audit_verify && q->key != NULL && q->log == NULL &&
        q->contracts == NULL)
        argp_error(state, "--key is for --log and --contracts: give one of them, or no key");
    if (r->command->form == ARGS_DATABASE && q->database == NULL)
        argp_error(state, "no database: give --database CONNINFO");
    if (q->commands && (q->from != 0 || q->json || q->records))
        argp_error(state, "--commands begins with the first and has one form: no --from, --json "
                          "or --records");
    if (q->to != 0 && q->from > q->to) argp_error(state, "--from is after --to: exchange them");
}

static error_t take_bound(int key, char *arg, struct argp_state *state)
{
    reading *r = state->input;
    ph_report_bounds *b = &r->request.bounds;
    switch (key) {
    case KEY_TOP: b->top = number(state, "top", arg); break;
    case KEY_WASH_SECONDS: b->wash_seconds = number(state, "wash-seconds", arg); break;
    case KEY_NET_PPM: b->net_ppm = number(state, "net-ppm", arg); break;
    case KEY_COUNTERPARTY_PPM: b->counterparty_ppm = number(state, "counterparty-ppm", arg); break;
    case KEY_SPOOF_SECONDS: b->spoof_seconds = number(state, "spoof-seconds", arg); break;
    case KEY_SPOOF_FACTOR: b->spoof_factor = number(state, "spoof-factor", arg); break;
    case KEY_NEAR_PPM: b->near_ppm = number(state, "near-ppm", arg); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    reading *r = state->input;
    ph_audit_request *q = &r->request;
    switch (key) {
    case 'q': q->quiet = true; break;
    case KEY_JSON: q->json = true; break;
    case KEY_COMMANDS: q->commands = true; break;
    case KEY_LAWS: q->check_laws = true; break;
    case KEY_RECORDS: q->records = true; break;
    case KEY_KEY: q->key = arg; break;
    case KEY_DATABASE: q->database = arg; break;
    case KEY_MONTH: q->month = arg; break;
    case KEY_DATASET: q->dataset = arg; break;
    case KEY_PARTICIPANT: q->id = number_to(state, "participant", arg, UINT32_MAX); break;
    case KEY_LOG: q->log = arg; break;
    case KEY_JOURNAL: q->journal = arg; break;
    case KEY_SNAPSHOT: q->snapshot = arg; break;
    case KEY_ENTRY: q->entry = arg; break;
    case KEY_STATE: q->state = arg; break;
    case KEY_WITNESS_KEY: q->witness_key = arg; break;
    case KEY_AT: q->at = number(state, "at", arg); break;
    case KEY_ID: q->id = number(state, "id", arg); break;
    case KEY_FROM: q->from = number(state, "from", arg); break;
    case KEY_TO: q->to = number(state, "to", arg); break;
    case KEY_UNTIL: q->until = number(state, "until", arg); break;
    case KEY_STATE_EVERY: q->state_every = number(state, "state-every", arg); break;
    case KEY_FROM_TIME: q->from = instant(state, "from", arg); break;
    case KEY_TO_TIME: q->to = instant(state, "to", arg); break;
    case KEY_WHAT: q->what = arg; break;
    case KEY_FORMAT: q->form = arg; break;
    case KEY_OUT: q->out = arg; break;
    case KEY_CONTRACTS: q->contracts = arg; break;
    case KEY_COUNTERSIGNATURES: q->countersignatures = true; break;
    case KEY_STATEMENTS: q->statements = true; break;
    case KEY_CHAIN_ONLY: q->chain_only = true; break;
    case ARGP_KEY_ARG:
        if (r->arg_cnt == sizeof r->args / sizeof r->args[0])
            argp_error(state, "one argument too many: %s", arg);
        r->args[r->arg_cnt++] = arg;
        break;
    case ARGP_KEY_END: settle_args(state, r); break;
    default: return take_bound(key, arg, state);
    }
    return 0;
}

/* Letters that two words share at the start: enough to guess a misspelt command. */
static size_t common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return n;
}

static const struct command *find(const struct argp_state *state, const char *name)
{
    const struct command *near = &commands[0];
    for (int i = 0; i < COMMAND_CNT; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
        if (common(commands[i].name, name) > common(near->name, name)) near = &commands[i];
    }
    argp_error(state, "there is no command \"%s\"; did you mean \"%s\"?", name, near->name);
    return near; /* argp_error does not return */
}

/* The command and where its arguments begin. */
typedef struct {
    const struct command *command;
    int at;
} choice;

static error_t take_command(int key, char *arg, struct argp_state *state)
{
    choice *c = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        c->command = find(state, arg);
        c->at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        break;
    case ARGP_KEY_NO_ARGS: argp_error(state, "no command: see petahour-audit help"); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const char doc[] =
    "Checks a market from its journal alone, without the programs that made it.\v"
    "Commands:\n"
    "  verify JOURNAL          check every byte and the chain of hashes\n"
    "  replay JOURNAL          recompute every result: equal, or what differs\n"
    "  report JOURNAL          what happened, and where to look closer\n"
    "  export JOURNAL --what=TABLE --format=FORM\n"
    "                          write tables as CSV or JSON Lines\n"
    "  contract JOURNAL FILE   check a saved contract, its proof and signature\n"
    "  contract --key=HEX FILE the same with the notary's key alone\n"
    "  compare JOURNAL --database=CONNINFO\n"
    "                          compare a settlement database with the journal\n"
    "  invoice --database=CONNINFO --month=YYYY-MM\n"
    "                          what a participant was charged and used, as CSV\n"
    "  journal JOURNAL         list what a journal holds\n"
    "  simulate FILE           run commands of a file without an engine\n"
    "  prove ...               make and check proofs of the transparency log\n"
    "  witness ...             cosign its checkpoint if it goes on from the last\n"
    "\n"
    "help COMMAND tells more.  Exit status: 0 right, 1 could not be done, 2 usage, 4 not found, "
    "8 something is not as it should be, 16 one key signed two histories.";

/* However the program ends: argp writes help and version, and ends it. */
static void check_output(int status, void *arg)
{
    (void)arg;
    if (ph_audit_end(status) != status) _exit(PH_AUDIT_FAILED);
}

int main(int argc, char **argv)
{
    ph_log_init("petahour-audit");
    argp_err_exit_status = PH_AUDIT_USAGE;
    argp_program_version = "petahour-audit " PETAHOUR_VERSION;
    if (sodium_init() < 0 || on_exit(check_output, NULL) != 0) {
        ph_audit_say("could not start: no source of randomness, or no memory");
        return PH_AUDIT_FAILED;
    }

    choice chosen = {.command = NULL};
    struct argp top = {.parser = take_command, .args_doc = "COMMAND ...", .doc = doc};
    bool asks_help = argc > 1 && strcmp(argv[1], "help") == 0;
    char help[] = "--help";
    if (asks_help && argc == 2) argv[1] = help;
    if (asks_help && argc > 2) argv[1] = argv[2]; /* help COMMAND is COMMAND --help */
    if (argp_parse(&top, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0 || chosen.command == NULL)
        return PH_AUDIT_USAGE;

    char name[64]; /* what the messages of the command's own arguments begin with */
    snprintf(name, sizeof name, "petahour-audit %s", chosen.command->name);
    struct argp own = {.options = chosen.command->options,
                       .parser = take_option,
                       .args_doc = chosen.command->args,
                       .doc = chosen.command->doc};
    reading r = {.command = chosen.command};
    char *own_help[] = {name, help, NULL};
    if (asks_help) return argp_parse(&own, 2, own_help, 0, NULL, &r); /* exits */
    argv[chosen.at] = name;
    if (argp_parse(&own, argc - chosen.at, argv + chosen.at, 0, NULL, &r) != 0)
        return PH_AUDIT_USAGE;
    return chosen.command->run(&r.request);
}
