/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-settle - replays the journal and keeps PostgreSQL rows equal to it. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/process/log.h"
#include "engine/process/options.h"
#include "engine/process/stop.h"
#include "engine/settle/conninfo.h"
#include "engine/settle/loop.h"
#include "engine/settle/migrate.h"

typedef struct {
    char journal[512], database[1024], notary_link[256], ready_file[512], snapshots[512],
        monitor[32];
    uint64_t snapshot_every;
    uint32_t answer_seconds, ready_lag_seconds;
} settings;

static const ph_config_row rows[] = {
    {"journal", PH_CONFIG_FOLDER, PH_CONFIG_AT(settings, journal), NULL, 1, 0,
     "directory of the journal that is followed"},
    {"database", PH_CONFIG_TEXT, PH_CONFIG_AT(settings, database), NULL, 1, 0,
     "connection string of libpq, as in: host=/run/postgresql dbname=petahour "
     "user=petahour_settle"},
    {"answer_seconds", PH_CONFIG_U32, PH_CONFIG_AT(settings, answer_seconds), "60", 1, 86400,
     "a statement that the database has not answered after so long is given up with its "
     "connection, "
     "and what became of it is looked up"},
    {"notary_link", PH_CONFIG_IPC_CONNECT, PH_CONFIG_AT(settings, notary_link), "", 0, 0,
     "where the notary offers signed contracts (ipc://...), whose signatures are then kept beside "
     "the roots; empty: they are not"},
    {"ready_file", PH_CONFIG_OWN_FILE, PH_CONFIG_AT(settings, ready_file), "", 0, 0,
     "written when the database is connected"},
    {"snapshots", PH_CONFIG_OWN_FOLDER, PH_CONFIG_AT(settings, snapshots), "", 0, 0,
     "directory for snapshots of its own, which make a start short; empty for none"},
    {"snapshot_every", PH_CONFIG_U64, PH_CONFIG_AT(settings, snapshot_every), "1000000", 1,
     UINT64_MAX, "records between two snapshots; one more at the end"},
    {"monitor", PH_CONFIG_LOOPBACK, PH_CONFIG_AT(settings, monitor), "", 0, 0,
     "127.0.0.1:PORT for figures, health and readiness over HTTP; empty for none"},
    {"ready_lag_seconds", PH_CONFIG_U32, PH_CONFIG_AT(settings, ready_lag_seconds), "60", 1, 86400,
     "not ready when a record of the journal waits longer than this for its rows"},
};

static void tell_conninfo(void *arg, const char *sentence)
{
    ph_config_fault(arg, "database", "\"database\": %s", sentence);
}

/* Without a connection: what the string says and names. */
static void check(const ph_config_market *market, const void *of, ph_config_faults *f)
{
    const settings *s = of;
    (void)market;
    ph_conninfo_check(s->database, tell_conninfo, f);
}

static const ph_config_table table = {
    .check = check,
    .is_checked_at_start = true, /* libpq would tell it as a connection that failed */
    .section = "settle",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(settings),
};

typedef struct {
    ph_options common;
    const char *schema;  /* directory of the migrations */
    const char *migrate; /* connection string of the owner; NULL: follow the journal */
    uint32_t patience;   /* seconds that a migration tries to get a lock */
    bool is_once;
} arguments;

enum { KEY_ONCE = 0x200, KEY_SCHEMA, KEY_MIGRATE, KEY_PATIENCE, PATIENCE_S = 600 };

/* EXIT_USELESS is for whoever starts us again by himself: it would end in the same way. */
enum { EXIT_USAGE = 2, EXIT_USELESS = 3 };

static uint32_t read_patience(const char *arg, struct argp_state *state)
{
    enum { A_DAY = 86400 };
    char *end;
    errno = 0;
    unsigned long seconds = strtoul(arg, &end, 10);
    if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || errno != 0 || seconds > A_DAY)
        argp_error(state, "--patience is 0 to %d seconds, not \"%s\"", A_DAY, arg);
    return (uint32_t)seconds;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &a->common; break;
    case KEY_ONCE: a->is_once = true; break;
    case KEY_SCHEMA: a->schema = arg; break;
    case KEY_MIGRATE: a->migrate = arg; break;
    case KEY_PATIENCE: a->patience = read_patience(arg, state); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void parse(int argc, char **argv, arguments *ret)
{
    static const struct argp_option options[] = {
        {"once", KEY_ONCE, NULL, 0, "end when everything that is durable is written", 0},
        {"schema", KEY_SCHEMA, "DIR", 0, "read migrations from DIR (default " PH_SCHEMA_DIR ")", 0},
        {"migrate", KEY_MIGRATE, "CONNINFO", 0,
         "bring the database to this program's schema, as a user that may create roles, and end",
         0},
        {"patience", KEY_PATIENCE, "SECONDS", 0,
         "try so long for a lock that a migration needs and others hold (default 600)", 0},
        {0},
    };
    struct argp_child children[] = {{ph_options_argp(), 0, NULL, 0}, {0}};
    struct argp argp = {
        .options = options,
        .parser = take_option,
        .doc = "Writes every order, contract and transfer of the journal to PostgreSQL, exactly "
               "once.",
        .children = children,
    };
    ph_options_init();
    if (argp_parse(&argp, argc, argv, 0, NULL, ret) != 0) exit(EXIT_USAGE);
}

static int migrate(const arguments *a)
{
    ph_pg *pg = NULL;
    ph_migrations *m = NULL;
    ph_pg_error e = {0};
    uint32_t applied = 0;
    ph_status s = ph_migrations_read(a->schema, &m, &e);
    if (s == PH_OK) s = ph_pg_open(a->migrate, "petahour-settle --migrate", &pg, &e);
    if (s == PH_OK) s = ph_migrate(pg, m, a->patience, &applied, &e);
    ph_pg_close(pg);
    ph_migrations_free(m);
    if (s != PH_OK) {
        ph_log_error("could not migrate the database: %s", e.text);
        return EXIT_FAILURE;
    }
    ph_log_info("the database has the schema of this program; %u migrations were applied", applied);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    arguments a = {.schema = PH_SCHEMA_DIR, .patience = PATIENCE_S};
    ph_config_market market;
    settings s;
    ph_log_init("petahour-settle");
    parse(argc, argv, &a);
    int end = ph_options_load(&a.common, &table, &market, &s);
    if (end != PH_OPTIONS_SERVE) return end;
    ph_stop_install();
    if (a.migrate != NULL) return migrate(&a);
    ph_settle_options options = {
        .journal = s.journal,
        .database = s.database,
        .answer_seconds = s.answer_seconds,
        .notary_link = s.notary_link,
        .schema = a.schema,
        .market = market.name,
        .ready_file = s.ready_file,
        .snapshots = s.snapshots,
        .snapshot_every = s.snapshot_every,
        .monitor = s.monitor,
        .ready_lag_seconds = s.ready_lag_seconds,
        .is_once = a.is_once,
    };
    ph_status ended = ph_settle_run(&options);
    return ended == PH_OK ? EXIT_SUCCESS : ph_settle_is_final(ended) ? EXIT_USELESS : EXIT_FAILURE;
}
