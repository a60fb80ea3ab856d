/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/digest.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/settle/pg.h"
#include "engine/settle/store.h"
#include "engine/settle/tables.h"
#include "engine/settle/verdict.h"

/* One stretch of a table. */
typedef struct {
    uint64_t cnt, sum[2];
} stretch;

typedef struct {
    stretch *v;
    uint64_t room;
} stretches;

enum { TABLES_MAX = 64 };

struct ph_digest {
    ph_rows rows;
    ph_verdicts *verdicts;
    ph_hash *leaves; /* of every contract */
    uint64_t leaf_cnt, leaf_room;
    stretches tables[TABLES_MAX]; /* place as in `all`; a name that comes again uses its first */
    uint64_t seq;
    ph_hash chain; /* at seq */
};

/* ---- Tables ---------------------------------------------------------------------------------- */

static uint64_t orders_cnt(const ph_rows *rows)
{
    return rows->cnt.orders;
}

static uint64_t ends_cnt(const ph_rows *rows)
{
    return rows->cnt.ends;
}

static uint64_t days_cnt(const ph_rows *rows)
{
    return rows->cnt.days;
}

static bool end_row(ph_copy *c, const ph_row_end *end)
{
    if (end->state == PH_ROW_ORDER_RESTING) return false;
    ph_copy_row(c);
    ph_copy_count(c, end->order.v);
    ph_copy_i16(c, (int16_t)end->state);
    if (end->state == PH_ROW_ORDER_CANCELLED) {
        ph_copy_i16(c, (int16_t)end->reason);
        ph_copy_count(c, end->cancelled);
    } else {
        ph_copy_null(c);
        ph_copy_null(c);
    }
    ph_copy_count(c, end->seq);
    ph_copy_row_end(c);
    return true;
}

static bool write_end_at_once(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return end_row(c, &rows->orders[i].end);
}

static bool write_end(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return end_row(c, &rows->ends[i]);
}

static bool write_day(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    ph_copy_row(c);
    ph_copy_count(c, rows->days[i].first_seq);
    ph_copy_count(c, rows->days[i].day);
    ph_copy_row_end(c);
    return true;
}

#define ENDED         "(SELECT * FROM petahour.\"order\" WHERE state <> 1) ended"
#define ENDED_COLUMNS "id, state, cancel_reason, cancelled, ended_seq"

static const ph_table changed[] = {
    {ENDED, ENDED_COLUMNS, orders_cnt, write_end_at_once, 0},
    {ENDED, ENDED_COLUMNS, ends_cnt, write_end, 0},
    {"petahour.day", "first_seq, (day - 'epoch'::date)::bigint", days_cnt, write_day, 0},
};
static const ph_table_list changed_tables = {changed, sizeof changed / sizeof changed[0]};

static const ph_table_list *const all[] = {&ph_market_tables, &ph_signed_tables, &ph_history_tables,
                                           &ph_delivery_tables, &changed_tables};

/* Place i of all lists together; NULL after the last. */
static const ph_table *table_at(size_t i)
{
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        if (i < all[k]->cnt) return &all[k]->v[i];
        i -= all[k]->cnt;
    }
    return NULL;
}

/* The first place with the name of place i. */
static size_t first_place(size_t i)
{
    const char *name = table_at(i)->name;
    size_t k = 0;
    while (strcmp(table_at(k)->name, name) != 0)
        k++;
    return k;
}

static uint32_t column_cnt(const char *columns)
{
    uint32_t n = 1;
    for (const char *p = columns; *p != '\0'; p++)
        n += *p == ',';
    return n;
}

/* ---- Figures --------------------------------------------------------------------------------- */

static uint64_t big_endian(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v = v << 8 | p[i];
    return v;
}

/* Adds one row as COPY writes it, of which the last `skipped` fields do not count. */
static ph_status add_row(stretches *s, const uint8_t *row, size_t size, uint32_t skipped)
{
    const uint8_t *p = row + 2, *end = row + size;
    uint32_t fields = size < 2 ? 0 : (uint32_t)big_endian(row, 2);
    if (fields <= skipped || end - p < 12 || big_endian(p, 4) != 8) return PH_EINVAL;
    uint64_t key = big_endian(p + 4, 8), at = key / PH_DIGEST_STRETCH, hash[2];
    for (uint32_t i = skipped; i < fields; i++) {
        uint64_t n = end - p < 4 ? UINT32_MAX : big_endian(p, 4);
        if (end - p < 4 || (n != UINT32_MAX && n > (uint64_t)(end - p - 4))) return PH_EINVAL;
        p += n == UINT32_MAX ? 4 : 4 + n;
    }
    if (at >= s->room) {
        uint64_t room = at + 1 > 2 * s->room ? at + 1 : 2 * s->room;
        stretch *fresh = reallocarray(s->v, room, sizeof *fresh);
        if (fresh == NULL) return PH_EFULL;
        memset(fresh + s->room, 0, (room - s->room) * sizeof *fresh);
        s->v = fresh;
        s->room = room;
    }
    (void)crypto_generichash((uint8_t *)hash, sizeof hash, row + 2, (size_t)(p - row - 2), NULL,
                             0); /* cannot fail: its sizes are in range */
    s->v[at].cnt++;
    s->v[at].sum[0] += hash[0];
    s->v[at].sum[1] += hash[1];
    return PH_OK;
}

static ph_status find_leaves(void *arg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret)
{
    const ph_digest *d = arg;
    for (uint32_t i = 0; i < cnt; i++) {
        PH_ASSERT(contracts[i].v >= 1 && contracts[i].v <= d->leaf_cnt);
        ret[i] = d->leaves[contracts[i].v - 1];
    }
    return PH_OK;
}

ph_digest *ph_digest_make(void)
{
    ph_digest *d = calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    d->verdicts = ph_verdicts_new(find_leaves, d);
    if (d->verdicts != NULL) return d;
    free(d);
    return NULL;
}

static ph_status keep_leaves(ph_digest *d)
{
    if (d->leaf_cnt + d->rows.cnt.contracts > d->leaf_room) {
        uint64_t room = 2 * (d->leaf_cnt + d->rows.cnt.contracts) + 1024;
        ph_hash *fresh = reallocarray(d->leaves, room, sizeof *fresh);
        if (fresh == NULL) return PH_EFULL;
        d->leaves = fresh;
        d->leaf_room = room;
    }
    for (uint64_t i = 0; i < d->rows.cnt.contracts; i++)
        d->leaves[d->leaf_cnt++] = d->rows.contracts[i].leaf;
    return PH_OK;
}

static void release_figures(stretches *v)
{
    for (size_t i = 0; i < TABLES_MAX; i++)
        free(v[i].v);
}

void ph_digest_release(ph_digest *d)
{
    if (d == NULL) return;
    release_figures(d->tables);
    ph_store_release(&d->rows);
    ph_verdicts_free(d->verdicts);
    free(d->leaves);
    free(d);
}

static ph_status add_rows(ph_digest *d, size_t place, const ph_table *table)
{
    uint8_t bytes[PH_COPY_ROW_MAX];
    ph_status s = PH_OK;
    if (table->changing == column_cnt(table->columns)) return PH_OK;
    for (uint64_t i = 0, n = table->cnt(&d->rows); i < n && s == PH_OK; i++) {
        ph_copy c = ph_copy_of(bytes, sizeof bytes);
        if (!table->write(&c, &d->rows, i)) continue;
        PH_ASSERT(!c.is_full);
        s = add_row(&d->tables[place], bytes, ph_copy_size(&c), table->changing);
        PH_ASSERT(s != PH_EINVAL);
    }
    return s;
}

ph_status ph_digest_take(ph_digest *d, const ph_market *m, const ph_replay_batch *batch, char *why,
                         size_t why_size)
{
    ph_rows_room needed = ph_rows_needed(&d->rows, batch);
    ph_status s = ph_store_reserve(&d->rows, &needed);
    if (s != PH_OK) (void)snprintf(why, why_size, "no memory for rows");
    d->rows.market = m;
    if (s == PH_OK) s = ph_rows_take(&d->rows, batch, why, why_size);
    if (s == PH_OK) s = ph_verdicts_take(d->verdicts, &d->rows, batch, why, why_size);
    if (s == PH_OK &&
        ((s = ph_verdicts_judge(d->verdicts, &d->rows)) != PH_OK || (s = keep_leaves(d)) != PH_OK))
        (void)snprintf(why, why_size, "no memory for the leaf hashes of contracts");
    for (size_t i = 0; s == PH_OK && table_at(i) != NULL; i++) {
        PH_ASSERT(i < TABLES_MAX);
        s = add_rows(d, first_place(i), table_at(i));
        if (s != PH_OK) (void)snprintf(why, why_size, "no memory for the figures of rows");
    }
    d->seq = batch->first_seq + batch->record_cnt - 1;
    d->chain = batch->chain;
    ph_rows_clear(&d->rows);
    return s;
}

/* ---- The database ---------------------------------------------------------------------------- */

typedef struct {
    const ph_digest *journal;
    void (*on_difference)(void *arg, const char *sentence);
    void *arg;
    stretches table; /* that is being read */
    bool has_header; /* of it */
    uint64_t checked, seq;
    char chain[2 * sizeof(ph_hash) + 1]; /* as hexadecimal digits */
} reading;

__attribute__((format(printf, 2, 3))) static void differ(reading *r, const char *format, ...)
{
    char sentence[800];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    r->on_difference(r->arg, sentence);
}

/* A message of COPY is a row; the first has the header before it, the last is the trailer. */
static ph_status on_message(void *arg, const uint8_t *bytes, size_t size)
{
    reading *r = arg;
    if (!r->has_header) {
        if (size < PH_COPY_HEADER_SIZE) return PH_EINVAL;
        bytes += PH_COPY_HEADER_SIZE;
        size -= PH_COPY_HEADER_SIZE;
        r->has_header = true;
    }
    if (size == 0 || (size == 2 && big_endian(bytes, 2) == UINT16_MAX)) return PH_OK;
    r->checked++;
    return add_row(&r->table, bytes, size, 0);
}

static void compare_table(reading *r, const char *name, const stretches *there)
{
    static const stretch none = {0};
    const stretches *here = &r->table;
    if (strncmp(name, "(SELECT", 7) == 0) name = "ends of petahour.\"order\"";
    for (uint64_t i = 0; i < here->room || i < there->room; i++) {
        const stretch *a = i < here->room ? &here->v[i] : &none;
        const stretch *b = i < there->room ? &there->v[i] : &none;
        if (memcmp(a, b, sizeof *a) == 0) continue;
        uint64_t first = i * PH_DIGEST_STRETCH, last = first + PH_DIGEST_STRETCH - 1;
        if (a->cnt != b->cnt)
            differ(r,
                   "rows of %s numbered %" PRIu64 " to %" PRIu64 ": %" PRIu64
                   " in the database, %" PRIu64 " in the journal",
                   name, first, last, a->cnt, b->cnt);
        else
            differ(r,
                   "rows of %s numbered %" PRIu64 " to %" PRIu64
                   " are as many as in the journal, but not the same",
                   name, first, last);
    }
}

static ph_status read_table(ph_pg *pg, reading *r, size_t place, ph_pg_error *e)
{
    const ph_table *t = table_at(place);
    char sql[2048];
    size_t size = strlen(t->columns);
    /* Without the columns that change: each has a comma before it. */
    for (uint32_t i = 0; i < t->changing; i++) {
        do
            size--;
        while (t->columns[size] != ',');
    }
    int n = snprintf(sql, sizeof sql, "COPY (SELECT %.*s FROM %s) TO STDOUT (FORMAT binary)",
                     (int)size, t->columns, t->name);
    PH_ASSERT(n > 0 && (size_t)n < sizeof sql);
    r->has_header = false;
    ph_status s = ph_pg_copy_out(pg, sql, on_message, r, e);
    if (s == PH_OK) compare_table(r, t->name, &r->journal->tables[place]);
    free(r->table.v);
    r->table = (stretches){0};
    return s;
}

static ph_status on_position(void *arg, const char *const *columns, uint32_t cnt)
{
    reading *r = arg;
    PH_ASSERT(cnt == 2);
    r->seq = strtoull(columns[0], NULL, 10);
    (void)snprintf(r->chain, sizeof r->chain, "%s", columns[1]);
    return PH_OK;
}

static ph_status read_all(ph_pg *pg, reading *r, ph_pg_error *e)
{
    ph_status s = ph_pg_run(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
    if (s == PH_OK)
        s = ph_pg_ask(pg, "SELECT last_seq, encode(last_chain_hash, 'hex') FROM petahour.position",
                      0, NULL, on_position, r, e);
    if (s != PH_OK) return s;
    if (r->seq != r->journal->seq) {
        differ(r,
               "the database stands at record %" PRIu64 ", the journal at record %" PRIu64
               "; no rows were compared",
               r->seq, r->journal->seq);
        r->checked++;
        return PH_OK;
    }
    char chain[sizeof r->chain];
    (void)sodium_bin2hex(chain, sizeof chain, r->journal->chain.b, sizeof r->journal->chain.b);
    r->checked++;
    if (strcmp(chain, r->chain) != 0)
        differ(r,
               "the position states chain hash %s at record %" PRIu64 ", the journal has %s there",
               r->chain, r->seq, chain);
    for (size_t i = 0; s == PH_OK && table_at(i) != NULL; i++) {
        const ph_table *t = table_at(i);
        if (first_place(i) == i && t->changing != column_cnt(t->columns))
            s = read_table(pg, r, i, e);
    }
    return s;
}

ph_status ph_settle_compare_rows(const char *conninfo, const ph_digest *d,
                                 void (*on_difference)(void *arg, const char *sentence), void *arg,
                                 uint64_t *ret_checked)
{
    reading r = {.journal = d, .on_difference = on_difference, .arg = arg};
    ph_pg_error e = {0};
    ph_pg *pg = NULL;
    ph_status s = ph_pg_open(conninfo, "petahour-audit", &pg, &e);
    if (s == PH_OK) ph_pg_answer_within(pg, PH_PG_PATIENT_SECONDS);
    if (s == PH_OK) s = read_all(pg, &r, &e);
    ph_pg_close(pg);
    if (s != PH_OK) {
        differ(&r, "could not compare rows with the database: %s", e.text);
        return s;
    }
    *ret_checked = r.checked;
    return PH_OK;
}
