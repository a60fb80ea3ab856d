/* SPDX-License-Identifier: Apache-2.0 */
/* Trades settled in PostgreSQL, beside a bare COPY of the same rows.

     bench_settle CONNINFO TRADES TRADES_PER_TRANSACTION [signed]

   The database has the schema, and the same tables again in the schema `bare`: the same columns and
   indexes, and nothing else.  The market trades in memory; each transaction of its records is then
   settled as petahour-settle does (rows, position, balances, ends of orders, triggers, partitions,
   fsync), and at once the same rows are copied to the bare tables, in a transaction of its own.
   With "signed" both parties countersign every contract after the transaction that concluded it;
   each signature is verified, as in petahour-settle while the transaction before is written.
   Prints trades, seconds of both, seconds of processor of the server process of each, and seconds
   of processor of the settlement itself: rows, documents, and what it sends. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/panic.h"
#include "engine/notary/countersignatures.h"
#include "engine/settle/store.h"
#include "engine/settle/tables.h"
#include "engine/settle/verdict.h"
#include "engine/settle/write.h"
#include "tests/bench/bench_market.h"

enum { CHUNK = 64 * 1024, MAKER_UNITS = 3, WARM_TRANSACTIONS = 5, TABLES_MAX = 32 };

static const char market[] = "bench.test";

/* A contract that its parties have not countersigned yet. */
typedef struct {
    ph_trade trade;
    ph_hash leaf;
} unsigned_contract;

typedef struct {
    ph_key key;
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
} signing;

typedef struct {
    bench_market b;
    ph_pg *pg, *bare;
    ph_position at;
    ph_partitions partitions;
    uint64_t sum_from;
    ph_rows rows, ready; /* as petahour-settle has them */
    uint64_t ready_trades;
    ph_verdicts *verdicts;
    signing *people; /* by number; NULL: nobody countersigns */
    unsigned_contract *concluded;
    uint64_t concluded_cnt;
    uint64_t trades, settled_ns, bare_ns, settled;
    double own;                 /* seconds of our processor while settling */
    double server, bare_server; /* seconds of processor before what is measured */
} bench;

static void check(ph_status s, const ph_pg_error *e)
{
    if (s == PH_OK) return;
    fprintf(stderr, "bench_settle: %s\n", e->text);
    exit(1);
}

static ph_status on_pid(void *arg, const char *const *columns, uint32_t cnt)
{
    PH_ASSERT(cnt == 1);
    *(long *)arg = strtol(columns[0], NULL, 10);
    return PH_OK;
}

/* Seconds of processor that the server process of a connection has had: user and system time are
   fields 14 and 15, and the name before them has no space. */
static double server_seconds(ph_pg *pg)
{
    ph_pg_error e = {0};
    long pid = 0;
    char path[64], line[512];
    check(ph_pg_ask(pg, "SELECT pg_backend_pid()", 0, NULL, on_pid, &pid, &e), &e);
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    PH_ASSERT(file != NULL && fgets(line, sizeof line, file) != NULL);
    (void)fclose(file); /* read only */
    char *field = line;
    for (int i = 1; i < 14; i++)
        field = strchr(field, ' ') + 1;
    char *next;
    uint64_t user = strtoull(field, &next, 10), system = strtoull(next, NULL, 10);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Seconds of processor that this process has had. */
static double own_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail for this clock */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static ph_status find_leaves(void *arg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret)
{
    const bench *x = arg;
    ph_pg_error e = {0};
    check(ph_contract_leaves(x->pg, contracts, cnt, ret, &e), &e);
    return PH_OK;
}

/* One command, and its rows. */
static void apply(bench *x, ph_command *c)
{
    char why[256];
    bench_apply(&x->b, c);
    ph_replay_record record = {.command = *c, .events = x->b.out.v, .event_cnt = x->b.out.cnt};
    ph_replay_batch batch = {.first_seq = c->seq, .record_cnt = 1, .records = &record};
    ph_rows_room needed = ph_rows_needed(&x->rows, &batch);
    PH_ASSERT(ph_store_reserve(&x->rows, &needed) == PH_OK);
    uint64_t begin = bench_now();
    double own = own_seconds();
    ph_status s = ph_rows_take(&x->rows, &batch, why, sizeof why);
    if (s == PH_OK) s = ph_verdicts_take(x->verdicts, &x->rows, &batch, why, sizeof why);
    x->own += own_seconds() - own;
    x->settled_ns += bench_now() - begin;
    PH_ASSERT(s == PH_OK);
    for (uint32_t i = 0; i < x->b.out.cnt; i++)
        x->trades += x->b.out.v[i].kind == PH_EVT_TRADE;
}

/* A resting offer that MAKER_UNITS buyers take one unit of. */
static void trade(bench *x, uint32_t turn)
{
    ph_window window = {BENCH_FIRST + turn % 24, 1};
    uint32_t product = 1 + turn % 8;
    ph_command c = bench_order(&x->b, turn, PH_SIDE_SELL, PH_SHAPE_EACH, window);
    c.u.order.product.v = product;
    c.u.order.quantity = MAKER_UNITS;
    c.u.order.price = 1000;
    apply(x, &c);
    for (uint32_t i = 0; i < MAKER_UNITS; i++) {
        c = bench_order(&x->b, turn * MAKER_UNITS + i, PH_SIDE_BUY, PH_SHAPE_EACH, window);
        c.u.order.product.v = product;
        c.u.order.quantity = 1;
        c.u.order.price = 1000;
        c.u.order.time_in_force = PH_TIF_IOC;
        apply(x, &c);
    }
}

/* Puts the rows of a table; the COPY has begun. */
static void put_bare(bench *x, const ph_rows *rows, const ph_table *t)
{
    uint8_t chunk[CHUNK];
    ph_pg_error e = {0};
    ph_copy c = ph_copy_of(chunk, sizeof chunk);
    ph_copy_header(&c);
    for (uint64_t i = 0, n = t->cnt(rows); i < n; i++) {
        if (!t->write(&c, rows, i)) continue;
        if (ph_copy_size(&c) + PH_COPY_ROW_MAX + 2 <= sizeof chunk) continue;
        check(ph_pg_copy_put(x->bare, chunk, ph_copy_size(&c), &e), &e);
        c = ph_copy_of(chunk, sizeof chunk);
    }
    ph_copy_trailer(&c);
    check(ph_pg_copy_put(x->bare, chunk, ph_copy_size(&c), &e), &e);
}

static bool has_rows(const ph_rows *rows, const ph_table *t)
{
    uint8_t row[PH_COPY_ROW_MAX];
    for (uint64_t i = 0, n = t->cnt(rows); i < n; i++) {
        ph_copy c = ph_copy_of(row, sizeof row);
        if (t->write(&c, rows, i)) return true;
    }
    return false;
}

/* The same rows in a transaction that is sent as ours is: all of its COPY in one message. */
static void copy_bare(bench *x, const ph_rows *rows)
{
    char sql[16384] = "BEGIN";
    const ph_table *tables[TABLES_MAX];
    uint32_t cnt = 0;
    ph_pg_error e = {0};
    uint64_t stored = 0;
    size_t used = strlen(sql);
    for (size_t i = 0; i < ph_market_tables.cnt + ph_signed_tables.cnt; i++) {
        const ph_table *t = i < ph_market_tables.cnt
                                ? &ph_market_tables.v[i]
                                : &ph_signed_tables.v[i - ph_market_tables.cnt];
        if (!has_rows(rows, t)) continue;
        int n = snprintf(sql + used, sizeof sql - used,
                         "; COPY bare.%s (%s) FROM STDIN (FORMAT binary)", strchr(t->name, '.') + 1,
                         t->columns);
        PH_ASSERT(n > 0 && (size_t)n < sizeof sql - used && cnt < TABLES_MAX);
        used += (size_t)n;
        tables[cnt++] = t;
    }
    check(ph_pg_copy_begin(x->bare, sql, &e), &e);
    for (uint32_t i = 0; i < cnt; i++) {
        put_bare(x, rows, tables[i]);
        check(i + 1 < cnt ? ph_pg_copy_next(x->bare, &stored, &e)
                          : ph_pg_copy_end(x->bare, &stored, &e),
              &e);
    }
    check(ph_pg_commit(x->bare, &e), &e);
}

/* Everybody's key for signatures, before what is measured. */
static void add_keys(bench *x)
{
    uint32_t last = 1 + BENCH_SUPPLIERS + BENCH_BUYERS;
    x->people = calloc(last + 1, sizeof *x->people);
    PH_ASSERT(x->people != NULL && sodium_init() >= 0);
    for (uint32_t who = 2; who <= last; who++) {
        uint8_t seed[crypto_sign_ed25519_SEEDBYTES] = {(uint8_t)who};
        (void)crypto_sign_ed25519_seed_keypair(x->people[who].key.b, x->people[who].secret,
                                               seed); /* cannot fail */
        ph_command c = {.kind = PH_CMD_ADD_KEY,
                        .sender = {who},
                        .u.key = {.use = PH_KEY_SIGNATURE, .key = x->people[who].key}};
        bench_apply(&x->b, &c);
    }
}

static void countersign(bench *x, ph_participant_id who, const unsigned_contract *k)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    size_t size = ph_countersigned_text(ph_market_opened(x->b.m)->market.s, k->trade.contract,
                                        &k->leaf, text);
    ph_command c = {
        .kind = PH_CMD_COUNTERSIGN_CONTRACT,
        .sender = who,
        .u.countersignature = {.contract = k->trade.contract, .key = x->people[who.v].key}};
    (void)crypto_sign_ed25519_detached(c.u.countersignature.signature.b, NULL,
                                       (const uint8_t *)text, size,
                                       x->people[who.v].secret); /* cannot fail */
    apply(x, &c);
}

/* What the transaction before concluded. */
static void countersign_all(bench *x)
{
    for (uint64_t i = 0; i < x->concluded_cnt; i++) {
        countersign(x, x->concluded[i].trade.buyer, &x->concluded[i]);
        countersign(x, x->concluded[i].trade.supplier, &x->concluded[i]);
    }
    x->concluded_cnt = 0;
}

static void remember(bench *x)
{
    uint64_t cnt = x->rows.cnt.contracts;
    x->concluded = reallocarray(x->concluded, cnt, sizeof *x->concluded);
    PH_ASSERT(x->concluded != NULL);
    for (uint64_t i = 0; i < cnt; i++)
        x->concluded[i] =
            (unsigned_contract){x->rows.contracts[i].trade, x->rows.contracts[i].leaf};
    x->concluded_cnt = cnt;
}

static void write_rows(bench *x, ph_rows *rows, uint64_t trades)
{
    ph_pg_error e = {0};
    if (rows->last_seq == 0) return;
    ph_rows_sort(rows);
    check(ph_rows_write(x->pg, market, &x->at, rows, &x->partitions, &x->sum_from, &e), &e);
    x->at.seq = rows->last_seq;
    x->settled += trades;
}

/* The same rows once more, in nobody's way. */
static void compare_bare(bench *x, ph_rows *rows)
{
    if (rows->last_seq == 0) return;
    uint64_t begin = bench_now();
    copy_bare(x, rows);
    x->bare_ns += bench_now() - begin;
    ph_rows_clear(rows);
}

/* Rows with signatures wait for the next transaction's, so that these are verified while they are
   written. */
static void settle(bench *x)
{
    if (x->people != NULL) remember(x);
    uint64_t begin = bench_now();
    double own = own_seconds();
    PH_ASSERT(ph_verdicts_begin(x->verdicts, &x->rows, &x->ready) == PH_OK);
    write_rows(x, &x->ready, x->ready_trades);
    uint64_t verified = ph_verdicts_end(x->verdicts);
    if (verified == 0) write_rows(x, &x->rows, x->trades);
    x->own += own_seconds() - own;
    x->settled_ns += bench_now() - begin;
    for (uint64_t i = 0; i < x->rows.cnt.proofs; i++)
        PH_ASSERT(x->rows.proofs[i].holds);
    compare_bare(x, &x->ready);
    if (verified == 0) {
        compare_bare(x, &x->rows);
    } else {
        const ph_rows rows = x->ready;
        x->ready = x->rows;
        x->rows = rows;
        x->rows.market = x->b.m;
        x->rows.last_day = x->ready.last_day;
        x->ready_trades = x->trades;
    }
    x->trades = 0;
}

/* The rows of what the market had before its first trade are not measured, and not written: only
   its participants with their cash accounts, and the position. */
static void begin_books(bench *x)
{
    ph_pg_error e = {0};
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO petahour.account SELECT 2, i, 4000000000000000000, 0"
                   " FROM generate_series(1, %d) i;"
                   "SELECT petahour.take_position('%s');"
                   "SELECT petahour.advance('%s', 1, 1, %" PRIu64 ", '', decode(repeat('00', 32),"
                   " 'hex'))",
                   1 + BENCH_SUPPLIERS + BENCH_BUYERS, market, market, x->b.seq);
    check(ph_pg_run(x->pg, sql, &e), &e);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO petahour.participant SELECT i, i, 1, 'p' || i, 1, 1,"
                   " sha256(int8send(i)), sha256(int8send(-i))"
                   " FROM generate_series(1::bigint, %d) i",
                   1 + BENCH_SUPPLIERS + BENCH_BUYERS);
    check(ph_pg_run(x->pg, sql, &e), &e); /* whom countersignatures name */
    check(ph_position_take(x->pg, market, &x->at, &e), &e);
}

int main(int argc, char **argv)
{
    bool is_signed = argc == 5 && strcmp(argv[4], "signed") == 0;
    if (argc != 4 && !is_signed) {
        fprintf(stderr, "usage: bench_settle CONNINFO TRADES TRADES_PER_TRANSACTION [signed]\n");
        return 2;
    }
    uint64_t trades = strtoull(argv[2], NULL, 10), each = strtoull(argv[3], NULL, 10);
    ph_market_limits limits = bench_limits(8, 24, 4096, 4096);
    static bench x;
    ph_pg_error e = {0};
    x.b = bench_market_new(&limits, 8);
    x.rows.market = x.b.m;
    x.verdicts = ph_verdicts_new(find_leaves, &x);
    PH_ASSERT(x.verdicts != NULL);
    check(ph_pg_open(argv[1], "bench_settle", &x.pg, &e), &e);
    check(ph_pg_open(argv[1], "bench_settle bare", &x.bare, &e), &e);
    if (is_signed) add_keys(&x);
    begin_books(&x);
    uint32_t transactions = 0;
    for (uint32_t turn = 0; x.settled < trades; turn++) {
        trade(&x, turn);
        if (x.trades < each) continue;
        settle(&x);
        countersign_all(&x);
        if (++transactions != WARM_TRANSACTIONS) continue;
        x.settled_ns = x.bare_ns = x.settled = 0;
        x.own = 0;
        x.server = server_seconds(x.pg);
        x.bare_server = server_seconds(x.bare);
    }
    PH_ASSERT(x.b.rejected == 0);
    printf("%" PRIu64 " %.3f %.3f %.3f %.3f %.3f\n", x.settled, (double)x.settled_ns / 1e9,
           (double)x.bare_ns / 1e9, server_seconds(x.pg) - x.server,
           server_seconds(x.bare) - x.bare_server, x.own);
    ph_pg_close(x.pg);
    ph_pg_close(x.bare);
    ph_store_release(&x.rows);
    ph_store_release(&x.ready);
    ph_verdicts_free(x.verdicts);
    bench_market_free(&x.b);
    free(x.people);
    free(x.concluded);
    return 0;
}
