/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/write.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/settle/tables.h"

#define COPY_FORMAT "COPY %s (%s) FROM STDIN (FORMAT binary)"

enum {
    CHUNK = 64 * 1024,
    HEX_SIZE = 2 + 64 + 1,
    LITERAL_SIZE = 2 * 64 + 8, /* of a name, every byte of it escaped */
    BEGIN_SIZE = 512,
    COPY_SIZE = 2048,
    TABLES_MAX = 64,
};

_Static_assert(PH_COPY_HEADER_SIZE + PH_COPY_ROW_MAX + 2 <= CHUNK, "a chunk holds any row");

static ph_status wrong(ph_pg_error *e, ph_status s, const char *why)
{
    *e = (ph_pg_error){0};
    (void)snprintf(e->text, sizeof e->text, "%s", why);
    return s;
}

/* A hash as the text that bytea takes. */
static const char *hash_text(const ph_hash *h, char to[HEX_SIZE])
{
    memcpy(to, "\\x", 2);
    (void)sodium_bin2hex(to + 2, HEX_SIZE - 2, h->b, sizeof h->b); /* returns to + 2 */
    return to;
}

static const char *u64_text(uint64_t v, char to[24])
{
    (void)snprintf(to, 24, "%" PRIu64, v);
    return to;
}

typedef struct {
    ph_position position;
    bool is_found;
} found_position;

static ph_status on_position(void *arg, const char *const *columns, uint32_t cnt)
{
    found_position *f = arg;
    PH_ASSERT(cnt == 3);
    f->position.epoch = strtoull(columns[0], NULL, 10);
    f->position.seq = strtoull(columns[1], NULL, 10);
    if (!ph_pg_bytes(columns[2], f->position.chain.b, sizeof f->position.chain.b)) return PH_EINVAL;
    f->is_found = true;
    return PH_OK;
}

static ph_status ask_to_take(ph_pg *pg, const char *market, found_position *f, ph_pg_error *reterr)
{
    ph_status s = ph_pg_run(pg, "BEGIN", reterr);
    if (s != PH_OK) return s;
    return ph_pg_ask(
        pg, "SELECT epoch, last_seq, last_chain_hash::text FROM petahour.take_position($1)", 1,
        &market, on_position, f, reterr);
}

static bool is_there_already(ph_status s, const ph_pg_error *e)
{
    return s == PH_ECORRUPT && strcmp(e->sqlstate, "23505") == 0;
}

ph_status ph_position_take(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr)
{
    found_position f = {0};
    ph_status s = ask_to_take(pg, market, &f, reterr);
    /* There is one row.  Whose it is shows when it is there to be seen: another settlement of this
       market may have made it at the same moment. */
    if (is_there_already(s, reterr)) {
        s = ph_pg_run(pg, "ROLLBACK", reterr);
        if (s == PH_OK) s = ask_to_take(pg, market, &f, reterr);
    }
    if (is_there_already(s, reterr))
        return wrong(reterr, s, "this database has the rows of another market");
    if (s == PH_OK) s = ph_pg_commit(pg, reterr);
    if (s != PH_OK) return s;
    if (!f.is_found) return wrong(reterr, PH_EINVAL, "the position could not be read");
    *ret = f.position;
    return PH_OK;
}

ph_status ph_position_lock(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr)
{
    found_position f = {0};
    ph_status s = ph_pg_run(pg, "BEGIN", reterr);
    if (s == PH_OK)
        s = ph_pg_ask(pg,
                      "SELECT epoch, last_seq, last_chain_hash::text FROM petahour.position"
                      " WHERE market = $1 FOR UPDATE",
                      1, &market, on_position, &f, reterr);
    if (s != PH_OK) return s;
    if (!f.is_found) return wrong(reterr, PH_ENOTFOUND, "the position is not there any more");
    *ret = f.position;
    return PH_OK;
}

ph_status ph_position_confirm(ph_pg *pg, const char *market, ph_pg_error *reterr)
{
    /* A primary that lost its standbys shows what nobody else has, but cannot commit this. */
    ph_status s = ph_pg_ask(pg,
                            "UPDATE petahour.position SET moved_at = clock_timestamp()"
                            " WHERE market = $1",
                            1, &market, NULL, NULL, reterr);
    return s == PH_OK ? ph_pg_commit(pg, reterr) : s;
}

ph_status ph_position_read(ph_pg *pg, const char *market, ph_position *ret, ph_pg_error *reterr)
{
    ph_position found;
    ph_status s = ph_position_lock(pg, market, &found, reterr);
    if (s == PH_OK) s = ph_position_confirm(pg, market, reterr);
    if (s == PH_OK) *ret = found;
    return s;
}

typedef struct {
    ph_hash *to;
    uint32_t cnt, found;
} found_leaves;

static ph_status on_leaf(void *arg, const char *const *columns, uint32_t cnt)
{
    found_leaves *f = arg;
    PH_ASSERT(cnt == 2);
    uint64_t place = strtoull(columns[0], NULL, 10);
    PH_ASSERT(place >= 1 && place <= f->cnt);
    f->found += ph_pg_bytes(columns[1], f->to[place - 1].b, sizeof f->to[0].b);
    return PH_OK;
}

/* "{17,18}"; NULL: no memory.  The caller frees it. */
static char *array_text(const ph_contract_id *contracts, uint32_t cnt)
{
    enum { NUMBER_MAX = 21 }; /* with what comes before it */
    size_t size = ((size_t)cnt + 1) * NUMBER_MAX, at = 0;
    char *text = malloc(size);
    if (text == NULL) return NULL;
    for (uint32_t i = 0; i < cnt; i++)
        at += (size_t)snprintf(text + at, size - at, "%c%" PRIu64, i == 0 ? '{' : ',',
                               contracts[i].v);
    (void)snprintf(text + at, size - at, "}");
    return text;
}

ph_status ph_contract_leaves(ph_pg *pg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret,
                             ph_pg_error *reterr)
{
    found_leaves f = {.to = ret, .cnt = cnt};
    char *ids = array_text(contracts, cnt);
    if (ids == NULL) return wrong(reterr, PH_EFULL, "no memory for the numbers of contracts");
    const char *parameters[] = {ids};
    ph_status s = ph_pg_ask(pg,
                            "SELECT n.place, c.leaf::text"
                            " FROM unnest($1::bigint[]) WITH ORDINALITY AS n (id, place)"
                            " JOIN petahour.contract c USING (id)",
                            1, parameters, on_leaf, &f, reterr);
    free(ids);
    if (s == PH_OK && f.found != cnt)
        return wrong(reterr, PH_ECORRUPT, "rows, or leaf hashes in them, are missing");
    return s;
}

static ph_status on_sum_from(void *arg, const char *const *columns, uint32_t cnt)
{
    PH_ASSERT(cnt == 1);
    *(uint64_t *)arg = strtoull(columns[0], NULL, 10);
    return PH_OK;
}

ph_status ph_transaction_end(ph_pg *pg, ph_status failed)
{
    ph_pg_error ignored; /* the first error is what is told */
    if (failed == PH_EAGAIN || ph_pg_run(pg, "ROLLBACK", &ignored) == PH_OK) return failed;
    /* Not even that can be said, because a COPY is under way or the connection broke.  What was
       wrong with the rows is still wrong with them; only a collision is worth another try. */
    return failed == PH_EBUSY ? PH_EAGAIN : failed;
}

/* Place of the first row of a table; `cnt` if it gets none. */
static uint64_t first_row(const ph_table *table, const ph_rows *rows)
{
    uint8_t room[PH_COPY_ROW_MAX];
    uint64_t i = 0, cnt = table->cnt(rows);
    for (; i < cnt; i++) {
        ph_copy c = ph_copy_of(room, sizeof room);
        if (table->write(&c, rows, i)) break;
    }
    return i;
}

/* Puts the rows of a table from place `from` on, and says how many. */
static ph_status put_rows(ph_pg *pg, const ph_table *table, const ph_rows *rows, uint64_t from,
                          uint64_t *ret_sent, ph_pg_error *e)
{
    uint8_t chunk[CHUNK];
    uint64_t cnt = table->cnt(rows), sent = 0;
    ph_copy c = ph_copy_of(chunk, sizeof chunk);
    ph_copy_header(&c);
    for (uint64_t i = from; i < cnt; i++) {
        if (!table->write(&c, rows, i)) continue;
        PH_ASSERT(!c.is_full);
        sent++;
        if (ph_copy_size(&c) + PH_COPY_ROW_MAX + 2 <= sizeof chunk) continue;
        ph_status s = ph_pg_copy_put(pg, chunk, ph_copy_size(&c), e);
        if (s != PH_OK) return s;
        c = ph_copy_of(chunk, sizeof chunk);
    }
    ph_copy_trailer(&c);
    *ret_sent = sent;
    return ph_pg_copy_put(pg, chunk, ph_copy_size(&c), e);
}

static ph_status check_stored(const ph_table *table, uint64_t sent, uint64_t stored, ph_pg_error *e)
{
    if (stored == sent) return PH_OK;
    *e = (ph_pg_error){0};
    const char *name = strchr(table->name, '.') + 1;
    size_t quoted = name[0] == '"' ? 1 : 0;
    (void)snprintf(e->table, sizeof e->table, "%.*s", (int)(strlen(name) - 2 * quoted),
                   name + quoted);
    (void)snprintf(e->text, sizeof e->text,
                   "the server took another number of rows of %s than were sent: %" PRIu64
                   " of %" PRIu64 "; look for triggers and rules of that table",
                   table->name, stored, sent);
    return PH_ECORRUPT;
}

ph_status ph_table_copy(ph_pg *pg, const ph_table *table, const ph_rows *rows, ph_pg_error *e)
{
    char sql[COPY_SIZE];
    uint64_t sent = 0, stored = 0, first = first_row(table, rows);
    if (first == table->cnt(rows)) return PH_OK;
    (void)snprintf(sql, sizeof sql, COPY_FORMAT, table->name, table->columns);
    ph_status s = ph_pg_copy_begin(pg, sql, e);
    if (s == PH_OK) s = put_rows(pg, table, rows, first, &sent, e);
    if (s == PH_OK) s = ph_pg_copy_end(pg, &stored, e);
    return s == PH_OK ? check_stored(table, sent, stored, e) : s;
}

/* The tables that get rows, with the place of the first. */
typedef struct {
    const ph_table *v[TABLES_MAX];
    uint64_t first[TABLES_MAX];
    size_t cnt;
} filled;

static void add_tables(filled *f, const ph_table_list *list, const ph_rows *rows)
{
    for (size_t i = 0; i < list->cnt; i++) {
        uint64_t first = first_row(&list->v[i], rows);
        if (first == list->v[i].cnt(rows)) continue;
        PH_ASSERT(f->cnt < TABLES_MAX);
        f->v[f->cnt] = &list->v[i];
        f->first[f->cnt++] = first;
    }
}

static void find_filled(filled *f, const ph_rows *rows)
{
    add_tables(f, &ph_market_tables, rows);
    if (rows->cnt.proofs + rows->cnt.roots > 0) add_tables(f, &ph_signed_tables, rows);
    if (rows->cnt.registered + rows->cnt.events == 0) return;
    add_tables(f, &ph_history_tables, rows);
    add_tables(f, &ph_delivery_tables, rows);
}

/* The beginning of the transaction: the position moves before anything else.  Returns the size. */
static size_t begin_sql(ph_pg *pg, const char *market, const ph_position *at, const ph_rows *rows,
                        char *sql, size_t size)
{
    char name[LITERAL_SIZE], before[HEX_SIZE], after[HEX_SIZE];
    bool is_text = ph_pg_literal(pg, market, name, sizeof name);
    PH_ASSERT(is_text); /* a name of 64 bytes that the configuration has checked */
    int n = snprintf(sql, size,
                     "BEGIN; SELECT petahour.advance(%s, %" PRIu64 ", %" PRIu64 ", %" PRIu64
                     ", '%s', '%s')",
                     name, at->epoch, rows->first_seq, rows->last_seq,
                     hash_text(&rows->previous, before), hash_text(&rows->chain, after));
    PH_ASSERT(n > 0 && (size_t)n < size);
    return (size_t)n;
}

/* Begins the transaction, moves the position and copies the rows: one message to the server, then
   each table's rows as soon as it asks for them. */
static ph_status begin_and_copy(ph_pg *pg, const char *market, const ph_position *at,
                                const ph_rows *rows, ph_pg_error *e)
{
    filled f = {0};
    find_filled(&f, rows);
    size_t size = BEGIN_SIZE + f.cnt * COPY_SIZE;
    char *sql = malloc(size);
    if (sql == NULL) return wrong(e, PH_EFULL, "no memory for statements");
    size_t used = begin_sql(pg, market, at, rows, sql, size);
    for (size_t i = 0; i < f.cnt; i++) {
        int n = snprintf(sql + used, size - used, "; " COPY_FORMAT, f.v[i]->name, f.v[i]->columns);
        PH_ASSERT(n > 0 && (size_t)n < COPY_SIZE);
        used += (size_t)n;
    }
    ph_status s = f.cnt == 0 ? ph_pg_run(pg, sql, e) : ph_pg_copy_begin(pg, sql, e);
    free(sql); /* libpq has sent it */
    for (size_t i = 0; i < f.cnt && s == PH_OK; i++) {
        uint64_t sent = 0, stored = 0;
        s = put_rows(pg, f.v[i], rows, f.first[i], &sent, e);
        if (s == PH_OK)
            s = i + 1 < f.cnt ? ph_pg_copy_next(pg, &stored, e) : ph_pg_copy_end(pg, &stored, e);
        if (s == PH_OK) s = check_stored(f.v[i], sent, stored, e);
    }
    return s;
}

/* Four columns of one length, for a statement that changes rows which are there already, and how
   many it did change, which is known when the pipeline has ended. */
typedef struct {
    int64_t *v[4];
    uint32_t cnt;
    uint64_t changed;
} columns;

static bool columns_make(columns *c, uint64_t rows_max)
{
    int64_t *block = reallocarray(NULL, rows_max, 4 * sizeof *block);
    if (block == NULL) return false;
    *c = (columns){0};
    for (size_t i = 0; i < 4; i++)
        c->v[i] = block + i * rows_max;
    return true;
}

static void columns_release(columns *c)
{
    free(c->v[0]);
}

static ph_status columns_send(ph_pg *pg, const char *sql, columns *c, ph_pg_error *e)
{
    const int64_t *const arrays[] = {c->v[0], c->v[1], c->v[2], c->v[3]};
    return c->cnt == 0 ? PH_OK : ph_pg_arrays(pg, sql, 4, arrays, c->cnt, &c->changed, e);
}

static ph_status end_orders(ph_pg *pg, const ph_rows *rows, columns *c, ph_pg_error *e)
{
    if (rows->cnt.ends == 0) return PH_OK;
    if (!columns_make(c, rows->cnt.ends)) return wrong(e, PH_EFULL, "no memory for ends of orders");
    for (uint64_t i = 0; i < rows->cnt.ends; i++) {
        const ph_row_end *end = &rows->ends[i];
        c->v[0][i] = (int64_t)end->order.v;
        /* A filled order has neither reason nor rest: the statement makes NULL of 0 reasons. */
        c->v[1][i] = end->state == PH_ROW_ORDER_CANCELLED ? (int64_t)end->reason : 0;
        c->v[2][i] = (int64_t)end->cancelled;
        c->v[3][i] = (int64_t)end->seq;
    }
    c->cnt = (uint32_t)rows->cnt.ends;
    return columns_send(
        pg,
        "UPDATE petahour.\"order\" o SET state = CASE WHEN n.reason = 0 THEN 2 ELSE 3 END,"
        " cancel_reason = nullif(n.reason, 0),"
        " cancelled = CASE WHEN n.reason <> 0 THEN n.cancelled END, ended_seq = n.seq"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])"
        " AS n (id, reason, cancelled, seq) WHERE o.id = n.id",
        c, e);
}

static ph_status open_deposits(ph_pg *pg, const columns *moved, ph_pg_error *e)
{
    columns c = *moved; /* by kind, then number: the deposits are neighbours */
    while (c.cnt > 0 && c.v[0][c.cnt - 1] > PH_ACCOUNT_DEPOSIT)
        c.cnt--;
    uint32_t first = c.cnt;
    while (first > 0 && c.v[0][first - 1] == PH_ACCOUNT_DEPOSIT)
        first--;
    if (first == c.cnt) return PH_OK;
    const int64_t *const arrays[] = {c.v[1] + first};
    return ph_pg_arrays(pg,
                        "INSERT INTO petahour.account SELECT 6, id, 0, 0 FROM"
                        " unnest($1::bigint[]) AS n (id) ON CONFLICT DO NOTHING",
                        1, arrays, c.cnt - first, NULL, e);
}

static ph_status move_balances(ph_pg *pg, const ph_rows *rows, columns *c, ph_pg_error *e)
{
    if (rows->cnt.accounts == 0) return PH_OK;
    if (!columns_make(c, rows->cnt.accounts)) return wrong(e, PH_EFULL, "no memory for balances");
    for (uint64_t i = 0; i < rows->cnt.accounts; i++) {
        const ph_row_account *a = &rows->accounts[i];
        if (a->is_new) continue;
        c->v[0][c->cnt] = (int64_t)a->account.kind;
        c->v[1][c->cnt] = (int64_t)a->account.id;
        c->v[2][c->cnt] = a->amount;
        c->v[3][c->cnt] = (int64_t)a->moves;
        c->cnt++;
    }
    ph_status s = open_deposits(pg, c, e);
    if (s != PH_OK) return s;
    return columns_send(
        pg,
        "UPDATE petahour.account a SET balance = a.balance + n.amount,"
        " moves = a.moves + n.moves"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])"
        " AS n (kind, id, amount, moves) WHERE a.kind = n.kind::smallint AND a.id = n.id",
        c, e);
}

/* A day is known from its first record on; a later transaction of the same day adds nothing. */
static ph_status add_days(ph_pg *pg, const ph_rows *rows, ph_pg_error *e)
{
    columns c = {0};
    if (rows->cnt.days == 0) return PH_OK;
    if (!columns_make(&c, rows->cnt.days)) return wrong(e, PH_EFULL, "no memory for days");
    for (uint64_t i = 0; i < rows->cnt.days; i++) {
        c.v[0][i] = (int64_t)rows->days[i].day;
        c.v[1][i] = (int64_t)rows->days[i].first_seq;
    }
    const int64_t *const arrays[] = {c.v[0], c.v[1]};
    ph_status s = ph_pg_arrays(pg,
                               "INSERT INTO petahour.day SELECT 'epoch'::date + n.day::integer,"
                               " n.seq FROM unnest($1::bigint[], $2::bigint[]) AS n (day, seq)"
                               " ON CONFLICT DO NOTHING",
                               2, arrays, (uint32_t)rows->cnt.days, NULL, e);
    columns_release(&c);
    return s;
}

/* Changes of state are rare: one statement each, in the order in which they happened. */
static ph_status change_state(ph_pg *pg, const char *sql, uint64_t of, uint32_t to, ph_pg_error *e)
{
    char id[24], state[24];
    const char *parameters[] = {u64_text(of, id), u64_text(to, state)};
    return ph_pg_ask(pg, sql, 2, parameters, NULL, NULL, e);
}

static ph_status change_states(ph_pg *pg, const ph_rows *rows, ph_pg_error *e)
{
    static const char phase[] =
        "UPDATE petahour.product SET phase = $2::smallint WHERE id = $1::bigint";
    static const char product[] =
        "UPDATE petahour.product SET state = $2::smallint WHERE id = $1::bigint";
    static const char participant[] =
        "UPDATE petahour.participant SET state = $2::smallint WHERE id = $1::bigint";
    ph_status s = PH_OK;
    for (uint64_t i = 0; i < rows->cnt.events && s == PH_OK; i++) {
        const ph_event *event = &rows->events[i].event;
        if (event->kind != PH_EVT_PHASE_CHANGED) continue;
        const ph_phase_changed *p = &event->u.phase_changed;
        s = change_state(pg, phase, p->product.v, p->phase, e);
    }
    for (uint64_t i = 0; i < rows->cnt.registered && s == PH_OK; i++) {
        const ph_command *c = &rows->registered[i];
        if (c->kind == PH_CMD_SET_PARTICIPANT_STATE)
            s = change_state(pg, participant, c->u.participant_state.participant.v,
                             c->u.participant_state.state, e);
        else if (c->kind == PH_CMD_SET_PRODUCT_STATE)
            s = change_state(pg, product, c->u.product_state.product.v, c->u.product_state.state,
                             e);
    }
    return s;
}

static ph_status sum_up(ph_pg *pg, const ph_rows *rows, uint64_t *sum_from, ph_pg_error *e)
{
    char last[24];
    const char *parameters[] = {u64_text(rows->last_seq, last)};
    if (rows->last_seq < *sum_from) return PH_OK;
    return ph_pg_ask(pg, "SELECT petahour.sum_up($1::bigint)", 1, parameters, on_sum_from, sum_from,
                     e);
}

/* Everything that follows the COPYs, in one message: with few rows the way there and back is what
   counts. */
static ph_status follow(ph_pg *pg, const ph_rows *rows, uint64_t *sum_from, ph_pg_error *e)
{
    columns ends = {0}, balances = {0};
    ph_pg_error late;
    ph_pg_pipeline_begin(pg);
    ph_status s = end_orders(pg, rows, &ends, e);
    if (s == PH_OK) s = move_balances(pg, rows, &balances, e);
    if (s == PH_OK) s = add_days(pg, rows, e);
    if (s == PH_OK) s = change_states(pg, rows, e);
    if (s == PH_OK) s = sum_up(pg, rows, sum_from, e);
    ph_status ended = ph_pg_pipeline_end(pg, s == PH_OK ? e : &late);
    if (s == PH_OK) s = ended;
    if (s == PH_OK && ends.changed != ends.cnt)
        s = wrong(e, PH_ECORRUPT, "an order that ended has no row");
    else if (s == PH_OK && balances.changed != balances.cnt)
        s = wrong(e, PH_ECORRUPT, "an account that moved has no row");
    columns_release(&ends);
    columns_release(&balances);
    return s;
}

ph_status ph_rows_write(ph_pg *pg, const char *market, const ph_position *at, const ph_rows *rows,
                        ph_partitions *partitions, uint64_t *sum_from, ph_pg_error *reterr)
{
    PH_ASSERT(rows->last_seq != 0 && rows->first_seq == at->seq + 1);
    ph_status s = ph_partitions_make(pg, rows, partitions, reterr);
    if (s == PH_OK) s = begin_and_copy(pg, market, at, rows, reterr);
    uint64_t next_sum = *sum_from;
    if (s == PH_OK) s = follow(pg, rows, &next_sum, reterr);
    if (s == PH_OK) {
        s = ph_pg_commit(pg, reterr);
        if (s != PH_OK) return s;
        *sum_from = next_sum;
        /* Of what is committed nothing fails any more: a broken connection is found by the next. */
        ph_pg_error ignored;
        if (partitions->is_late) (void)ph_partitions_count(pg, partitions, &ignored);
        return PH_OK;
    }
    return ph_transaction_end(pg, s);
}
