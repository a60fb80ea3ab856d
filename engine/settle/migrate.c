/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/process/stop.h"

enum {
    FILES_MAX = 256,
    NAME_MAX_BYTES = 64,
    FILE_BYTES_MAX = 1 << 20,
    PAUSE_MS = 1000,  /* between two tries, in which others work off what waited */
    SAY_SECONDS = 30, /* between two lines about the same migration */
};

/* Migration i has number i + 1. */
typedef struct {
    char name[NAME_MAX_BYTES]; /* "0001_ledger.sql"; empty: there is no such file */
    char sha256[2 * crypto_hash_sha256_BYTES + 1];
    bool is_applied;
    bool is_ours; /* applied by this call */
} migration;

struct ph_migrations {
    const char *directory;
    migration v[FILES_MAX];
    uint32_t cnt;
    bool may_be_later; /* than these: what the database has */
    ph_pg_error *error;
};

__attribute__((format(printf, 3, 4))) static ph_status say(ph_pg_error *e, ph_status s,
                                                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    e->sqlstate[0] = '\0';
    return s;
}

/* The number of "NNNN_name.sql"; 0 for another name. */
static uint32_t number_of(const char *name)
{
    size_t size = strlen(name);
    if (size < strlen("0001_a.sql") || strspn(name, "0123456789") != 4 || name[4] != '_' ||
        strcmp(name + size - 4, ".sql") != 0)
        return 0;
    return (uint32_t)strtoul(name, NULL, 10);
}

/* Reads a whole file as text; the caller frees *ret. */
static ph_status read_file(const char *directory, const char *name, char **ret, ph_pg_error *e)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    if (file == NULL) return say(e, PH_EIO, "could not open \"%s\": %s", path, strerror(errno));
    char *text = malloc(FILE_BYTES_MAX);
    size_t size = text == NULL ? 0 : fread(text, 1, FILE_BYTES_MAX, file);
    bool is_whole = text != NULL && ferror(file) == 0 && size < FILE_BYTES_MAX;
    (void)fclose(file); /* read only: nothing can be lost */
    if (!is_whole) {
        free(text);
        return say(e, PH_EIO, "could not read \"%s\" (at most %d bytes)", path, FILE_BYTES_MAX - 1);
    }
    text[size] = '\0';
    *ret = text;
    return PH_OK;
}

static ph_status add_file(ph_migrations *m, const char *name)
{
    uint32_t number = number_of(name);
    if (number == 0) return PH_OK;
    if (number > FILES_MAX || strlen(name) >= NAME_MAX_BYTES)
        return say(m->error, PH_ECORRUPT, "migration \"%s\": number or name is too large", name);
    migration *to = &m->v[number - 1];
    if (to->name[0] != '\0')
        return say(m->error, PH_ECORRUPT, "migrations \"%s\" and \"%s\" have the same number",
                   to->name, name);
    char *text = NULL;
    ph_status s = read_file(m->directory, name, &text, m->error);
    if (text == NULL) return s;
    uint8_t hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text)); /* cannot fail */
    free(text);
    (void)sodium_bin2hex(to->sha256, sizeof to->sha256, hash, sizeof hash);
    (void)snprintf(to->name, sizeof to->name, "%s", name);
    if (number > m->cnt) m->cnt = number;
    return PH_OK;
}

static ph_status list_files(ph_migrations *m)
{
    DIR *d = opendir(m->directory);
    if (d == NULL)
        return say(m->error, PH_ENOTFOUND, "could not open schema directory \"%s\": %s",
                   m->directory, strerror(errno));
    ph_status s = PH_OK;
    for (struct dirent *entry; s == PH_OK && (entry = readdir(d)) != NULL;)
        s = add_file(m, entry->d_name);
    (void)closedir(d); /* read only */
    if (s != PH_OK) return s;
    if (m->cnt == 0)
        return say(m->error, PH_ENOTFOUND, "there are no migrations (0001_name.sql) in \"%s\"",
                   m->directory);
    return PH_OK;
}

ph_status ph_migrations_read(const char *directory, ph_migrations **ret, ph_pg_error *reterr)
{
    ph_migrations *m = calloc(1, sizeof *m);
    if (m == NULL) return say(reterr, PH_EFULL, "no memory for the list of migrations");
    m->directory = directory;
    m->error = reterr;
    ph_status s = list_files(m);
    if (s == PH_OK)
        *ret = m;
    else
        ph_migrations_free(m);
    return s;
}

void ph_migrations_free(ph_migrations *m)
{
    free(m);
}

static ph_status on_applied(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_migrations *m = arg;
    PH_ASSERT(cnt == 3);
    unsigned long number = strtoul(columns[0], NULL, 10);
    if (number > m->cnt && m->may_be_later) return PH_OK;
    if (number == 0 || number > m->cnt)
        return say(m->error, PH_EVERSION,
                   "the database has migration \"%s\", which this program does not know: it is "
                   "older than the database",
                   columns[1]);
    migration *file = &m->v[number - 1];
    if (file->name[0] == '\0')
        return say(m->error, PH_ECORRUPT,
                   "the database has migration \"%s\", whose file is missing: put it back",
                   columns[1]);
    if (strcmp(file->sha256, columns[2]) != 0)
        return say(
            m->error, PH_ECORRUPT,
            "migration \"%s\" was applied with other content (SHA-256 %.16s..., the file has "
            "%.16s...): put the old file back and make the change a new migration",
            columns[1], columns[2], file->sha256);
    file->is_applied = true;
    return PH_OK;
}

static ph_status ask_applied(ph_pg *pg, ph_migrations *m)
{
    for (uint32_t i = 0; i < m->cnt; i++)
        m->v[i].is_applied = false;
    return ph_pg_ask(pg,
                     "SELECT number, name, encode(sha256, 'hex') FROM petahour.migration"
                     " ORDER BY number",
                     0, NULL, on_applied, m, m->error);
}

/* The row of a migration goes first, because it is the lock: whoever applies the same one waits for
   it, and nobody but the owner may write here. */
static ph_status claim(ph_pg *pg, const migration *file, uint32_t number, ph_pg_error *e)
{
    char text[12], begin[64];
    (void)snprintf(text, sizeof text, "%" PRIu32, number);
    (void)snprintf(begin, sizeof begin, "BEGIN; SET LOCAL lock_timeout = %d", PH_MIGRATE_LOCK_MS);
    const char *parameters[] = {text, file->name, file->sha256};
    ph_status s = ph_pg_run(pg, begin, e);
    if (s != PH_OK) return s;
    return ph_pg_ask(pg,
                     "INSERT INTO petahour.migration (number, name, sha256)"
                     " VALUES ($1::integer, $2, decode($3, 'hex'))",
                     3, parameters, NULL, NULL, e);
}

static ph_status run_file(ph_pg *pg, const char *directory, const migration *file, ph_pg_error *e)
{
    char *text = NULL;
    ph_status s = read_file(directory, file->name, &text, e);
    if (s != PH_OK) return s;
    s = ph_pg_run(pg, text, e);
    free(text);
    return s;
}

/* Something that a lock of others may delay. */
typedef ph_status (*attempt)(ph_pg *pg, ph_migrations *m, uint32_t i);

/* One transaction. */
static ph_status apply(ph_pg *pg, ph_migrations *m, uint32_t i)
{
    migration *file = &m->v[i];
    ph_status s = claim(pg, file, i + 1, m->error);
    bool is_claimed = s == PH_OK;
    if (is_claimed) s = run_file(pg, m->directory, file, m->error);
    if (s == PH_OK) s = ph_pg_commit(pg, m->error);
    if (s == PH_OK) {
        file->is_applied = file->is_ours = true;
        return PH_OK;
    }
    ph_pg_error first = *m->error, ignored; /* the first error is what is told */
    if (s != PH_EAGAIN && ph_pg_run(pg, "ROLLBACK", &ignored) != PH_OK) s = PH_EAGAIN;
    /* 23505: another one that migrates has applied it meanwhile. */
    if (!is_claimed && s == PH_ECORRUPT && strcmp(first.sqlstate, "23505") == 0)
        return ask_applied(pg, m);
    (void)say(m->error, s, "migration \"%s\" was not applied: %.600s", file->name, first.text);
    memcpy(m->error->sqlstate, first.sqlstate, sizeof first.sqlstate);
    return s;
}

/* Did another one that migrates make it at the same moment?  23505: it stands in the catalogue
   since; 42P06, 42P07, 42710: schema, table and type are there. */
static bool is_made_by_another(const ph_pg_error *e)
{
    static const char *const codes[] = {"23505", "42P06", "42P07", "42710"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(e->sqlstate, codes[i]) == 0) return true;
    }
    return false;
}

/* Makes the list of what was applied, if there is none, and reads it. */
static ph_status list_applied(ph_pg *pg, ph_migrations *m, uint32_t i)
{
    (void)i;
    ph_status s = ph_pg_run(pg,
                            "CREATE SCHEMA IF NOT EXISTS petahour;"
                            "CREATE TABLE IF NOT EXISTS petahour.migration (number integer PRIMARY"
                            " KEY, name text NOT NULL, sha256 bytea NOT NULL,"
                            " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())",
                            m->error);
    if (s != PH_OK && is_made_by_another(m->error)) return PH_EBUSY;
    return s == PH_OK ? ask_applied(pg, m) : s;
}

typedef struct {
    char text[400];
} holder;

static ph_status on_holder(void *arg, const char *const *columns, uint32_t cnt)
{
    holder *h = arg;
    PH_ASSERT(cnt == 1);
    (void)snprintf(h->text, sizeof h->text, "%s", columns[0]);
    return PH_OK;
}

/* Who has been in a transaction with one of the tables for longest: that is what a lock is usually
   not had for. */
static ph_status find_holder(ph_pg *pg, holder *ret, ph_pg_error *e)
{
    (void)snprintf(ret->text, sizeof ret->text, "a lock that is free again");
    return ph_pg_ask(
        pg,
        "SELECT format('the transaction of process %s (user %s, program \"%s\", %s), which has had"
        " %s for %s s', a.pid, a.usename, a.application_name, a.state, l.relation::regclass,"
        " extract(epoch FROM clock_timestamp() - a.xact_start)::bigint)"
        " FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_class c ON c.oid = l.relation"
        " JOIN pg_database d ON d.oid = l.database"
        " WHERE l.granted AND a.pid <> pg_backend_pid() AND d.datname = current_database()"
        " AND c.relnamespace = to_regnamespace('petahour') AND c.relkind IN ('r', 'p')"
        " AND a.xact_start IS NOT NULL ORDER BY a.xact_start, l.relation LIMIT 1",
        0, NULL, on_holder, ret, e);
}

/* Tries again and again while a lock is not had. */
static ph_status patiently(ph_pg *pg, ph_migrations *m, uint32_t i, attempt once,
                           uint32_t patience_seconds)
{
    uint64_t begun = ph_clock_monotonic_ns(), said = 0;
    for (;;) {
        ph_status s = once(pg, m, i);
        if (s != PH_EBUSY) return s;
        ph_pg_error why = *m->error;
        uint64_t now = ph_clock_monotonic_ns();
        holder h;
        s = find_holder(pg, &h, m->error);
        if (s != PH_OK) return s;
        if (now - begun >= patience_seconds * PH_NS_PER_S) {
            (void)say(m->error, PH_EBUSY,
                      "%.280s; it was tried for %" PRIu32 " s, and waits for %s; end that, or give "
                      "more --patience",
                      why.text, patience_seconds, h.text);
            memcpy(m->error->sqlstate, why.sqlstate, sizeof why.sqlstate);
            return PH_EBUSY;
        }
        if (said == 0 || now - said >= SAY_SECONDS * PH_NS_PER_S) {
            ph_log_warning("migration \"%s\" waits for %s; trying again for %" PRIu64 " s more",
                           m->v[i].name, h.text, patience_seconds - (now - begun) / PH_NS_PER_S);
            said = now;
        }
        struct pollfd stop = {.fd = ph_stop_descriptor(), .events = POLLIN};
        (void)poll(&stop, 1, PAUSE_MS); /* a failed wait is a short wait */
        if (ph_stop_requested()) return say(m->error, PH_EEND, "it was asked to stop");
    }
}

ph_status ph_migrate(ph_pg *pg, ph_migrations *m, uint32_t patience_seconds, uint32_t *ret_applied,
                     ph_pg_error *reterr)
{
    char begin[96];
    m->error = reterr;
    m->may_be_later = false;
    uint32_t applied = 0, first = 0;
    while (m->v[first].name[0] == '\0')
        first++;
    ph_pg_answer_within(pg, PH_PG_PATIENT_SECONDS);
    (void)snprintf(begin, sizeof begin, "SET client_min_messages = warning; SET lock_timeout = %d",
                   PH_MIGRATE_LOCK_MS);
    ph_status s = ph_pg_run(pg, begin, reterr);
    if (s == PH_OK) s = patiently(pg, m, first, list_applied, patience_seconds);
    for (uint32_t i = 0; i < m->cnt && s == PH_OK; i++) {
        if (m->v[i].is_applied || m->v[i].name[0] == '\0') continue;
        s = patiently(pg, m, i, apply, patience_seconds);
        applied += m->v[i].is_ours;
    }
    if (s == PH_OK) *ret_applied = applied;
    return s;
}

ph_status ph_migrations_check(ph_pg *pg, ph_migrations *m, bool may_be_later, ph_pg_error *reterr)
{
    m->error = reterr;
    m->may_be_later = may_be_later;
    ph_status s = ask_applied(pg, m);
    /* 42P01, 3F000: the table, the schema is not there. */
    bool is_empty = s == PH_EINVAL && (strcmp(reterr->sqlstate, "42P01") == 0 ||
                                       strcmp(reterr->sqlstate, "3F000") == 0);
    if (is_empty) s = PH_OK;
    for (uint32_t i = 0; i < m->cnt && s == PH_OK; i++) {
        if (!m->v[i].is_applied && m->v[i].name[0] != '\0')
            s = say(
                reterr, PH_ENOTFOUND,
                "the database lacks migration \"%s\": run petahour-settle --migrate CONNINFO as "
                "a user that may create roles",
                m->v[i].name);
    }
    return s;
}
