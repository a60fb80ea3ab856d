/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/backfill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/settle/tables.h"

static const char leaf[] = "contract.leaf";

static const ph_table_list *const lists[] = {&ph_market_tables, &ph_signed_tables,
                                             &ph_history_tables, &ph_delivery_tables};

static bool is_named(const ph_table *table, const char *name)
{
    return strcmp(strchr(table->name, '.') + 1, name) == 0;
}

static bool is_known(const char *name)
{
    if (strcmp(name, leaf) == 0) return true;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (size_t k = 0; k < lists[i]->cnt; k++) {
            if (is_named(&lists[i]->v[k], name)) return true;
        }
    }
    return false;
}

static ph_status on_row(void *arg, const char *const *columns, uint32_t cnt)
{
    ph_backfill *b = arg;
    PH_ASSERT(cnt == 3);
    if (b->cnt == PH_BACKFILL_MAX || !is_known(columns[0])) return PH_EVERSION;
    ph_backfill_row *row = &b->v[b->cnt++];
    (void)snprintf(row->name, sizeof row->name, "%s", columns[0]);
    row->done = strtoull(columns[1], NULL, 10);
    row->to = strtoull(columns[2], NULL, 10);
    return PH_OK;
}

ph_status ph_backfill_read(ph_pg *pg, ph_backfill *ret, ph_pg_error *reterr)
{
    *ret = (ph_backfill){0};
    ph_status s = ph_pg_ask(pg,
                            "SELECT name, done_seq, to_seq FROM petahour.backfill"
                            " WHERE done_seq < to_seq ORDER BY name",
                            0, NULL, on_row, ret, reterr);
    if (s == PH_EVERSION)
        (void)snprintf(reterr->text, sizeof reterr->text,
                       "petahour.backfill asks for rows that this program does not know: it is "
                       "older than the database");
    return s;
}

ph_status ph_backfill_resolve(ph_pg *pg, const char *market, ph_position *ret_at, ph_backfill *ret,
                              ph_pg_error *reterr)
{
    ph_position at;
    ph_backfill found;
    ph_status s = ph_position_lock(pg, market, &at, reterr);
    if (s == PH_OK) s = ph_backfill_read(pg, &found, reterr);
    if (s == PH_OK) s = ph_position_confirm(pg, market, reterr);
    if (s != PH_OK) return s;
    *ret_at = at;
    *ret = found;
    return PH_OK;
}

static const ph_backfill_row *find(const ph_backfill *b, const char *name)
{
    for (uint32_t i = 0; i < b->cnt; i++) {
        if (strcmp(b->v[i].name, name) == 0) return &b->v[i];
    }
    return NULL;
}

bool ph_backfill_is_behind(const ph_backfill *now, const ph_backfill *before)
{
    for (uint32_t i = 0; i < now->cnt; i++) {
        const ph_backfill_row *was = find(before, now->v[i].name);
        /* One that was not there before was done. */
        if (was == NULL || now->v[i].done < was->done) return true;
    }
    return false;
}

bool ph_backfill_wants(const ph_backfill *b, uint64_t last_seq)
{
    for (uint32_t i = 0; i < b->cnt; i++) {
        if (b->v[i].done < last_seq && last_seq <= b->v[i].to) return true;
    }
    return false;
}

bool ph_backfill_ends_at(const ph_backfill *b, uint64_t last_seq)
{
    for (uint32_t i = 0; i < b->cnt; i++) {
        if (b->v[i].done == last_seq || b->v[i].to == last_seq) return true;
    }
    return false;
}

/* The leaf goes as four numbers: arrays of numbers are what the connection sends. */
static ph_status write_leaves(ph_pg *pg, const ph_rows *rows, ph_pg_error *e)
{
    enum { WORDS = 4 };
    uint64_t cnt = rows->cnt.contracts, changed = 0;
    if (cnt == 0) return PH_OK;
    int64_t *block = reallocarray(NULL, cnt, (1 + WORDS) * sizeof *block);
    if (block == NULL) {
        *e = (ph_pg_error){.text = "no memory for leaf hashes"};
        return PH_EFULL;
    }
    for (uint64_t i = 0; i < cnt; i++) {
        block[i] = (int64_t)rows->contracts[i].trade.contract.v;
        for (uint64_t k = 0; k < WORDS; k++) {
            uint64_t word = 0;
            for (size_t n = 0; n < 8; n++)
                word = word << 8 | rows->contracts[i].leaf.b[8 * k + n];
            block[(k + 1) * cnt + i] = (int64_t)word;
        }
    }
    const int64_t *const arrays[] = {block, block + cnt, block + 2 * cnt, block + 3 * cnt,
                                     block + 4 * cnt};
    ph_status s = ph_pg_arrays(
        pg,
        "UPDATE petahour.contract c"
        " SET leaf = int8send(n.a) || int8send(n.b) || int8send(n.c) || int8send(n.d)"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
        " AS n (id, a, b, c, d) WHERE c.id = n.id",
        1 + WORDS, arrays, (uint32_t)cnt, &changed, e);
    free(block);
    if (s != PH_OK || changed == cnt) return s;
    *e = (ph_pg_error){.text = "a contract of the journal has no row"};
    return PH_ECORRUPT;
}

static ph_status write_named(ph_pg *pg, const char *name, const ph_rows *rows, ph_pg_error *e)
{
    if (strcmp(name, leaf) == 0) return write_leaves(pg, rows, e);
    ph_status s = PH_OK;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (size_t k = 0; s == PH_OK && k < lists[i]->cnt; k++) {
            if (is_named(&lists[i]->v[k], name)) s = ph_table_copy(pg, &lists[i]->v[k], rows, e);
        }
    }
    return s;
}

static ph_status move(ph_pg *pg, const char *market, uint64_t epoch, const char *name,
                      const ph_rows *rows, ph_pg_error *e)
{
    char numbers[3][24];
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRIu64, epoch);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRIu64, rows->first_seq);
    (void)snprintf(numbers[2], sizeof numbers[2], "%" PRIu64, rows->last_seq);
    const char *parameters[] = {market, numbers[0], name, numbers[1], numbers[2]};
    return ph_pg_ask(pg, "SELECT petahour.fill($1, $2::bigint, $3, $4::bigint, $5::bigint)", 5,
                     parameters, NULL, NULL, e);
}

ph_status ph_backfill_write(ph_pg *pg, const char *market, uint64_t epoch, const ph_rows *rows,
                            ph_backfill *b, ph_pg_error *reterr)
{
    ph_status s = ph_pg_run(pg, "BEGIN", reterr);
    for (uint32_t i = 0; s == PH_OK && i < b->cnt; i++) {
        if (b->v[i].done >= rows->first_seq || b->v[i].to < rows->last_seq) continue;
        s = move(pg, market, epoch, b->v[i].name, rows, reterr);
        if (s == PH_OK) s = write_named(pg, b->v[i].name, rows, reterr);
    }
    if (s == PH_OK) s = ph_pg_commit(pg, reterr);
    if (s != PH_OK) return ph_transaction_end(pg, s);
    for (uint32_t i = 0; i < b->cnt; i++) {
        if (b->v[i].done < rows->first_seq && b->v[i].to >= rows->last_seq)
            b->v[i].done = rows->last_seq;
    }
    return PH_OK;
}
