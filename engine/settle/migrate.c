/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"

enum { FILES_MAX = 256, NAME_MAX_BYTES = 64, FILE_BYTES_MAX = 1 << 20 };

/* Migration i has number i + 1. */
typedef struct {
    char name[NAME_MAX_BYTES]; /* "0001_ledger.sql"; empty: there is no such file */
    char sha256[2 * crypto_hash_sha256_BYTES + 1];
    bool is_applied;
} migration;

typedef struct {
    migration v[FILES_MAX];
    uint32_t cnt;
    ph_pg_error *error;
} migrations;

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

static ph_status add_file(migrations *m, const char *directory, const char *name)
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
    ph_status s = read_file(directory, name, &text, m->error);
    if (text == NULL) return s;
    uint8_t hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text)); /* cannot fail */
    free(text);
    (void)sodium_bin2hex(to->sha256, sizeof to->sha256, hash, sizeof hash);
    (void)snprintf(to->name, sizeof to->name, "%s", name);
    if (number > m->cnt) m->cnt = number;
    return PH_OK;
}

static ph_status list_files(migrations *m, const char *directory)
{
    DIR *d = opendir(directory);
    if (d == NULL)
        return say(m->error, PH_ENOTFOUND, "could not open schema directory \"%s\": %s", directory,
                   strerror(errno));
    ph_status s = PH_OK;
    for (struct dirent *entry; s == PH_OK && (entry = readdir(d)) != NULL;)
        s = add_file(m, directory, entry->d_name);
    (void)closedir(d); /* read only */
    if (s != PH_OK) return s;
    if (m->cnt == 0)
        return say(m->error, PH_ENOTFOUND, "there are no migrations (0001_name.sql) in \"%s\"",
                   directory);
    return PH_OK;
}

static ph_status on_applied(void *arg, const char *const *columns, uint32_t cnt)
{
    migrations *m = arg;
    PH_ASSERT(cnt == 3);
    unsigned long number = strtoul(columns[0], NULL, 10);
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

static ph_status ask_applied(ph_pg *pg, migrations *m)
{
    for (uint32_t i = 0; i < m->cnt; i++)
        m->v[i].is_applied = false;
    return ph_pg_ask(pg,
                     "SELECT number, name, encode(sha256, 'hex') FROM petahour.migration"
                     " ORDER BY number",
                     0, NULL, on_applied, m, m->error);
}

static ph_status apply_one(ph_pg *pg, const char *directory, const migration *file,
                           const char *number, ph_pg_error *e)
{
    char *text = NULL;
    ph_status s = read_file(directory, file->name, &text, e);
    if (s != PH_OK) return s;
    s = ph_pg_run(pg, text, e);
    free(text);
    const char *parameters[] = {number, file->name, file->sha256};
    if (s == PH_OK) s = ph_pg_run(pg, "RESET ROLE", e);
    if (s == PH_OK)
        s = ph_pg_ask(pg,
                      "INSERT INTO petahour.migration (number, name, sha256)"
                      " VALUES ($1::integer, $2, decode($3, 'hex'))",
                      3, parameters, NULL, NULL, e);
    return s;
}

/* One transaction. */
static ph_status apply(ph_pg *pg, const char *directory, migrations *m, uint32_t i)
{
    char number[12];
    (void)snprintf(number, sizeof number, "%u", i + 1);
    ph_status s = ph_pg_run(pg, "BEGIN", m->error);
    if (s == PH_OK) s = apply_one(pg, directory, &m->v[i], number, m->error);
    if (s == PH_OK) return ph_pg_commit(pg, m->error);
    ph_pg_error first = *m->error, ignored; /* the first error is what is told */
    if (s != PH_EAGAIN && ph_pg_run(pg, "ROLLBACK", &ignored) != PH_OK) s = PH_EAGAIN;
    (void)say(m->error, s, "migration \"%s\" was not applied: %.600s", m->v[i].name, first.text);
    memcpy(m->error->sqlstate, first.sqlstate, sizeof first.sqlstate);
    return s;
}

ph_status ph_migrate(ph_pg *pg, const char *directory, uint32_t *ret_applied, ph_pg_error *reterr)
{
    migrations *m = calloc(1, sizeof *m);
    if (m == NULL) return say(reterr, PH_EFULL, "no memory for the list of migrations");
    m->error = reterr;
    uint32_t applied = 0;
    ph_status s = list_files(m, directory);
    ph_pg_be_patient(pg);
    /* Until the connection ends, which keeps a second petahour-settle waiting from the first table
       on: two that make one at the same time are an error to the server. */
    if (s == PH_OK) s = ph_pg_run(pg, "SELECT pg_advisory_lock(7307199662470231)", reterr);
    if (s == PH_OK)
        s = ph_pg_run(pg,
                      "SET client_min_messages = warning;"
                      "CREATE SCHEMA IF NOT EXISTS petahour;"
                      "CREATE TABLE IF NOT EXISTS petahour.migration (number integer PRIMARY KEY,"
                      " name text NOT NULL, sha256 bytea NOT NULL,"
                      " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())",
                      reterr);
    if (s == PH_OK) s = ask_applied(pg, m);
    for (uint32_t i = 0; i < m->cnt && s == PH_OK; i++) {
        if (m->v[i].is_applied || m->v[i].name[0] == '\0') continue;
        s = apply(pg, directory, m, i);
        applied++;
    }
    free(m);
    if (s == PH_OK) *ret_applied = applied;
    return s;
}

ph_status ph_migrate_check(ph_pg *pg, const char *directory, ph_pg_error *reterr)
{
    migrations *m = calloc(1, sizeof *m);
    if (m == NULL) return say(reterr, PH_EFULL, "no memory for the list of migrations");
    m->error = reterr;
    ph_status s = list_files(m, directory);
    if (s == PH_OK) s = ask_applied(pg, m);
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
    free(m);
    return s;
}
