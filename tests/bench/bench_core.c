/* SPDX-License-Identifier: Apache-2.0 */
/* The core on one thread: every figure beside a bare array ladder of the same run.

     bench_core            all rows
     bench_core FILE       the mix of an order stream from a file
     bench_core --PART     one part of the rows: mix, latency, windows, blocks, beside-blocks,
                           memory, growth; or brief, a short stream for counting instructions

   Commands are made beforehand, batch by batch; only ph_market_apply is timed.  Checks, ledger and
   events are on.  Machines are noisy: the ratio counts, not the figure beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "tests/bench/array_ladder.h"
#include "tests/bench/bench_market.h"
#include "tests/bench/bench_windows.h"
#include "tests/bench/order_stream.h"

enum { BATCH = 256, RUNS = 3, FILLS_MAX = 4096 };

/* ---- A stream through the market ------------------------------------------------------------ */

typedef struct {
    const order_stream *s;
    uint32_t periods; /* of a product: instrument i is product i / periods, period i % periods */
    bench_market b;
    uint32_t *executed; /* per id, of what rests: a replace states totals */
    uint64_t trades, volume, notional, fifo;
    uint32_t *latency[STREAM_TYPES]; /* ns, or NULL */
    uint32_t latency_cnt[STREAM_TYPES];
} play;

static play play_new(const order_stream *s, uint32_t periods)
{
    const stream_header *h = &s->header;
    uint32_t products = (h->instrument_cnt + periods - 1) / periods;
    uint32_t orders = h->preload_cnt * 2 + 100000;
    ph_market_limits limits = bench_limits(products, periods, orders, orders);
    play p = {.s = s, .periods = periods, .b = bench_market_new(&limits, products)};
    p.executed = calloc((size_t)h->id_max + 1, sizeof p.executed[0]);
    PH_ASSERT(p.executed != NULL);
    return p;
}

static void play_free(play *p)
{
    bench_market_free(&p->b);
    free(p->executed);
}

static ph_command command_of(play *p, const stream_record *r)
{
    ph_side side = r->side == STREAM_BUY ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_window window = {BENCH_FIRST + r->instrument % p->periods, 1};
    ph_command c;
    if (r->type == STREAM_NEW || r->type == STREAM_IOC) {
        c = bench_order(&p->b, r->id, side, PH_SHAPE_EACH, window);
        c.u.order.product.v = 1 + r->instrument / p->periods;
        c.u.order.quantity = r->quantity;
        c.u.order.price = r->price;
        if (r->type == STREAM_IOC) c.u.order.time_in_force = PH_TIF_IOC;
        return c;
    }
    uint32_t who = side == PH_SIDE_SELL ? 2 + r->id % BENCH_SUPPLIERS
                                        : 2 + BENCH_SUPPLIERS + r->id % BENCH_BUYERS;
    if (r->type == STREAM_CANCEL)
        return (ph_command){
            .kind = PH_CMD_CANCEL_ORDER, .sender = {who}, .u.cancel = {.order = {r->id}}};
    return (ph_command){
        .kind = PH_CMD_REPLACE_ORDER,
        .sender = {who},
        .u.replace = {.order = {r->id}, .price = r->price, .quantity = r->quantity}};
}

/* Executions of one command, best price first, then place, as the stream's hash wants them. */
typedef struct {
    uint32_t maker, units;
    ph_price price;
} execution;

static void read_fills(play *p, const stream_record *r)
{
    static execution v[FILLS_MAX];
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < p->b.out.cnt; i++) {
        const ph_event *e = &p->b.out.v[i];
        if (e->kind != PH_EVT_TRADE) continue;
        const ph_trade *t = &e->u.trade;
        const ph_segment *segment = &e[1].u.segment;
        PH_ASSERT(cnt < FILLS_MAX && t->segment_cnt == 1);
        execution x = {(uint32_t)(t->taker == PH_SIDE_BUY ? t->sell_order.v : t->buy_order.v),
                       segment->quantity, segment->price};
        uint32_t at = cnt++;
        bool buys = t->taker == PH_SIDE_BUY;
        for (; at > 0 && (buys ? v[at - 1].price > x.price : v[at - 1].price < x.price); at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
    for (uint32_t i = 0; i < cnt; i++) {
        p->trades++;
        p->volume += v[i].units;
        p->notional += v[i].units * (uint64_t)v[i].price;
        p->fifo = stream_fifo(p->fifo, v[i].maker, r->id, v[i].units);
        p->executed[v[i].maker] += v[i].units;
        p->executed[r->id] += v[i].units;
    }
}

static void preload(play *p)
{
    for (uint32_t i = 0; i < p->s->header.preload_cnt; i++) {
        ph_command c = command_of(p, &p->s->v[i]);
        bench_apply(&p->b, &c);
    }
}

/* Looks ahead in the batch, as a replay and the sequencer do: each step for each command once,
   where the batch begins for all that are near enough. */
static void look_ahead(play *p, const ph_command *c, uint32_t i, uint32_t cnt)
{
    static const uint32_t ahead[PH_PREFETCH_STEPS] = {16, 11, 7, 3, 1};
    static ph_prefetch_memo memo[BATCH];
    for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++) {
        uint32_t last = i + ahead[step];
        for (uint32_t at = i == 0 ? 1 : last; at <= last && at < cnt; at++)
            ph_market_prefetch(p->b.m, &c[at], step, &memo[at]);
    }
}

/* Reading what a command executed is not timed; a replace of the same batch needs it. */
static uint64_t play_batch(play *p, const stream_record *r, uint32_t cnt)
{
    static ph_command c[BATCH];
    uint64_t spent = 0;
    for (uint32_t i = 0; i < cnt; i++)
        c[i] = command_of(p, &r[i]);
    for (uint32_t i = 0; i < cnt;) {
        /* As far as no command trades, all is timed in one piece. */
        uint64_t start = bench_now();
        uint32_t from = i;
        bool traded = false;
        while (i < cnt && !traded) {
            if (c[i].kind == PH_CMD_REPLACE_ORDER && i != from) break;
            if (c[i].kind == PH_CMD_REPLACE_ORDER)
                c[i].u.replace.quantity = r[i].quantity + p->executed[r[i].id];
            look_ahead(p, c, i, cnt);
            bench_apply(&p->b, &c[i]);
            traded = p->b.out.cnt > 1 && p->b.out.v[1].kind == PH_EVT_TRADE;
            i++;
        }
        uint64_t took = bench_now() - start;
        spent += took;
        if (traded) read_fills(p, &r[i - 1]);
        uint8_t type = r[from].type;
        if (p->latency[type] != NULL && i == from + 1)
            p->latency[type][p->latency_cnt[type]++] = (uint32_t)took;
    }
    return spent;
}

/* Million commands a second of the measured part; ends the program if the result is wrong. */
static double play_run(play *p, uint32_t batch)
{
    const stream_header *h = &p->s->header;
    preload(p);
    const stream_record *r = p->s->v + h->preload_cnt;
    uint64_t spent = 0;
    for (uint32_t i = 0; i < h->command_cnt; i += batch) {
        uint32_t cnt = h->command_cnt - i < batch ? h->command_cnt - i : batch;
        spent += play_batch(p, r + i, cnt);
    }
    bool same = p->trades == h->trades && p->volume == h->volume && p->notional == h->notional &&
                p->fifo == h->fifo && p->b.rejected == 0 &&
                ph_market_order_cnt(p->b.m) == h->live_at_end;
    if (!same) {
        fprintf(stderr,
                "the market's result is not the stream's: %llu trades of %llu, %llu refused\n",
                (unsigned long long)p->trades, (unsigned long long)h->trades,
                (unsigned long long)p->b.rejected);
        exit(1);
    }
    return (double)h->command_cnt * 1000 / (double)spent;
}

static double ladder_run(const order_stream *s)
{
    const stream_header *h = &s->header;
    array_ladder l = ladder_new(h->instrument_cnt, h->id_max);
    for (uint32_t i = 0; i < h->preload_cnt; i++)
        ladder_apply(&l, &s->v[i]);
    uint64_t start = bench_now();
    for (uint32_t i = 0; i < h->command_cnt; i++)
        ladder_apply(&l, &s->v[h->preload_cnt + i]);
    uint64_t spent = bench_now() - start;
    bool same = l.trades == h->trades && l.volume == h->volume && l.fifo == h->fifo;
    ladder_free(&l);
    PH_ASSERT(same);
    return (double)h->command_cnt * 1000 / (double)spent;
}

static void mix_row(const char *name, const order_stream *s, uint32_t periods)
{
    double market[RUNS], bare[RUNS];
    for (int i = 0; i < RUNS; i++) {
        play p = play_new(s, periods);
        market[i] = play_run(&p, BATCH);
        play_free(&p);
        bare[i] = ladder_run(s);
    }
    double m = bench_median(market, RUNS), b = bench_median(bare, RUNS);
    printf("%-46s %8.2f %8.2f %8.3f\n", name, m, b, m / b);
    fflush(stdout);
}

static void mix_rows(uint32_t commands)
{
    static const struct {
        const char *name;
        uint32_t instruments, periods, resting;
    } rows[] = {
        {"1 product-period, 100,000 resting", 1, 1, 100000},
        {"100 (100 products), 100,000 resting", 100, 1, 100000},
        {"100 (periods of 1 product), 100,000 resting", 100, 100, 100000},
        {"10,000 (100 x 100), 100,000 resting", 10000, 100, 100000},
        {"10,000 (10,000 products), 100,000 resting", 10000, 1, 100000},
        {"1 product-period, 1,000,000 resting", 1, 1, 1000000},
        {"100 (100 products), 1,000,000 resting", 100, 1, 1000000},
        {"10,000 (100 x 100), 1,000,000 resting", 10000, 100, 1000000},
    };
    printf("\nSingle-period orders: 50 %% new, 45 %% cancel, 3 %% IOC, 2 %% replace; million a "
           "second\n%-46s %8s %8s %8s\n",
           "", "market", "ladder", "ratio");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        order_stream s = stream_generate(rows[i].instruments, rows[i].resting, commands, 1);
        mix_row(rows[i].name, &s, rows[i].periods);
        stream_free(&s);
    }
}

/* ---- Latency -------------------------------------------------------------------------------- */

static void latency_rows(uint32_t commands)
{
    static const char *const names[STREAM_TYPES] = {"new", "cancel", "IOC", "replace"};
    order_stream s = stream_generate(100, 100000, commands, 1);
    play p = play_new(&s, 1);
    for (int k = 0; k < STREAM_TYPES; k++)
        p.latency[k] = calloc(commands, sizeof p.latency[k][0]);
    (void)play_run(&p, 1);
    printf(
        "\nLatency of one command, ns, two readings of the clock included (100 products, 100,000 "
        "resting)\n%-46s %8s %8s %8s %8s\n",
        "", "50 %", "99 %", "99.9 %", "most");
    for (int k = 0; k < STREAM_TYPES; k++) {
        bench_latency_row(names[k], p.latency[k], p.latency_cnt[k]);
        free(p.latency[k]);
    }
    play_free(&p);
    stream_free(&s);
}

/* ---- Memory and growth ---------------------------------------------------------------------- */

static double per_item(ph_market_limits small, ph_market_limits large, uint32_t items)
{
    return (double)(ph_market_footprint(&large) - ph_market_footprint(&small)) / items;
}

static void memory_rows(void)
{
    enum { SMALL = 1 << 19, LARGE = 1 << 20 };
    ph_market_limits base = bench_limits(100, 100, SMALL, SMALL), more = base;
    printf("\nMemory of the block that holds the market, bytes\n");
    more.orders_max = LARGE;
    printf("%-46s %8.0f\n", "per order", per_item(base, more, LARGE - SMALL));
    more = base;
    more.order_periods_max = LARGE;
    double node = per_item(base, more, LARGE - SMALL);
    more = base;
    more.levels_max = LARGE;
    double level = per_item(base, more, LARGE - SMALL);
    printf("%-46s %8.0f\n", "per order-period", node);
    printf("%-46s %8.0f\n", "per price at which orders rest in a period", level);
    printf("%-46s %8.0f\n", "per order-period, four at a price", node + level / 4);
    more = base;
    more.contracts_max += SMALL;
    printf("%-46s %8.0f\n", "per contract", per_item(base, more, SMALL));
    more = base;
    more.deliveries_max += SMALL;
    printf("%-46s %8.0f\n", "per contract-period", per_item(base, more, SMALL));
}

static double mix_ns(uint32_t instruments, uint32_t periods, uint32_t resting)
{
    order_stream s = stream_generate(instruments, resting, 200000, 1);
    play p = play_new(&s, periods);
    double rate = play_run(&p, BATCH);
    play_free(&p);
    stream_free(&s);
    return 1000 / rate;
}

static void growth_rows(void)
{
    printf("\nGrowth: ns a command of the mix\n%-46s %8s %8s %8s %8s\n", "", "x 1", "x 10", "x 100",
           "x 1,000");
    static const struct {
        const char *name;
        uint32_t instruments[4], periods[4], resting[4];
    } rows[] = {
        {"resting orders, from 1,000 (1 product-period)",
         {1, 1, 1, 1},
         {1, 1, 1, 1},
         {1000, 10000, 100000, 1000000}},
        {"products, from 10 (100,000 resting)",
         {10, 100, 1000, 10000},
         {1, 1, 1, 1},
         {100000, 100000, 100000, 100000}},
        {"periods, from 8 (1 product, 100,000 resting)",
         {8, 80, 800, 8000},
         {8, 80, 800, 8000},
         {100000, 100000, 100000, 100000}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("%-46s", rows[i].name);
        for (int k = 0; k < 4; k++) {
            printf(" %8.0f",
                   mix_ns(rows[i].instruments[k], rows[i].periods[k], rows[i].resting[k]));
            fflush(stdout);
        }
        printf("\n");
    }
    printf("%-46s", "blocks, from 4 (SELL EACH of 1 period)");
    for (uint32_t blocks = 4; blocks <= BENCH_BLOCKS; blocks *= 10)
        printf(" %8.0f", bench_beside_blocks(blocks));
    printf("\n");
}

static void brief_run(void)
{
    order_stream s = stream_generate(100, 10000, 190000, 1);
    play p = play_new(&s, 1);
    (void)play_run(&p, BATCH);
    printf("%u\n", s.header.preload_cnt + s.header.command_cnt);
    play_free(&p);
    stream_free(&s);
}

static void mix_all(void)
{
    mix_rows(1000000);
}

static void latency_all(void)
{
    latency_rows(500000);
    bench_kind_rows();
}

static void file_row(const char *path)
{
    order_stream s = stream_read(path);
    printf("%-46s %8s %8s %8s\n", "million commands a second", "market", "ladder", "ratio");
    mix_row(path, &s, 1);
    stream_free(&s);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *option;
        void (*run)(void);
        bool always;
    } parts[] = {{"--mix", mix_all, true},
                 {"--latency", latency_all, true},
                 {"--windows", bench_window_rows, true},
                 {"--blocks", bench_block_rows, true},
                 {"--beside-blocks", bench_beside_blocks_rows, true},
                 {"--memory", memory_rows, true},
                 {"--growth", growth_rows, true},
                 {"--brief", brief_run, false}};
    bool known = argc == 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        bool named = argc > 1 && strcmp(argv[1], parts[i].option) == 0;
        known |= named;
        if (named || (argc == 1 && parts[i].always)) parts[i].run();
    }
    if (!known) file_row(argv[1]);
    return 0;
}
