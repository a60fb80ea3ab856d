/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_windows.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/panic.h"
#include "tests/bench/array_ladder.h"

enum {
    RUNS = 3,
    PERIODS = 1000,
    OWN_IDS = PERIODS, /* of the ladder: of orders that are timed; what rests has larger ones */
    KIND_CNT = 5000,
};

/* ---- Commands, one after the other ----------------------------------------------------------- */

typedef ph_command maker(bench_market *b, uint32_t i);

static void must(const bench_market *b)
{
    const ph_event *e = &b->out.v[0];
    if (e->kind != PH_EVT_REJECTED) return;
    fprintf(stderr, "a command was refused: %s\n", ph_reject_text(e->u.rejected.code));
    exit(1);
}

/* Time of n commands that `make` gives, in ns each, and of every one if ret_each is not NULL; what
   an order leaves is cancelled untimed. */
static double time_each(bench_market *b, uint32_t n, maker *make, uint32_t *ret_each)
{
    uint64_t spent = 0;
    for (uint32_t i = 0; i < n; i++) {
        ph_command c = make(b, i);
        uint64_t start = bench_now();
        bench_apply(b, &c);
        uint64_t took = bench_now() - start;
        spent += took;
        if (ret_each != NULL) ret_each[i] = (uint32_t)took;
        must(b);
        if (c.kind != PH_CMD_NEW_ORDER) continue;
        ph_command cancel = {.kind = PH_CMD_CANCEL_ORDER,
                             .sender = c.sender,
                             .u.cancel = {.order = b->out.v[0].u.accepted.order}};
        ph_resting_order unused;
        if (ph_market_order(b->m, cancel.u.cancel.order, &unused)) bench_apply(b, &cancel);
    }
    return (double)spent / n;
}

static void each(bench_market *b, uint32_t i, ph_side side, ph_window window, uint32_t quantity,
                 ph_price price)
{
    ph_command c = bench_order(b, i, side, PH_SHAPE_EACH, window);
    c.u.order.quantity = quantity;
    c.u.order.price = price;
    bench_apply(b, &c);
    must(b);
}

/* ---- The same on the bare ladder, period by period ------------------------------------------- */

static array_ladder ladder_with(uint32_t resting)
{
    return ladder_new(PERIODS, OWN_IDS + resting + 1);
}

static void ladder_rest(array_ladder *l, uint32_t i, uint32_t period, uint8_t side,
                        uint16_t quantity, uint16_t price)
{
    stream_record r = {.id = OWN_IDS + 1 + i,
                       .instrument = period,
                       .price = price,
                       .quantity = quantity,
                       .type = STREAM_NEW,
                       .side = side};
    ladder_apply(l, &r);
}

/* `periods` orders like r, one in each period from the i-th start on; ns for all of them. */
static double ladder_each(array_ladder *l, uint32_t n, uint32_t step, uint32_t periods,
                          stream_record r)
{
    uint64_t spent = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = i * step % (PERIODS - periods);
        uint64_t start = bench_now();
        for (uint32_t t = 0; t < periods; t++) {
            r.id = 1 + t;
            r.instrument = first + t;
            ladder_apply(l, &r);
        }
        spent += bench_now() - start;
        for (uint32_t t = 0; t < periods; t++) {
            stream_record cancel = {.id = 1 + t, .type = STREAM_CANCEL};
            if (r.type == STREAM_NEW && l->orders[1 + t].quantity > 0) ladder_apply(l, &cancel);
        }
    }
    return (double)spent / n;
}

/* ---- Windows --------------------------------------------------------------------------------- */

enum { WINDOW = 720, WINDOWS = 2000, BIDS = 50 };

static ph_command sell_720(bench_market *b, uint32_t i)
{
    ph_command c = bench_order(b, i, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){BENCH_FIRST, WINDOW});
    c.u.order.price = 1000;
    return c;
}

static double market_window(bool executes)
{
    ph_market_limits limits = bench_limits(1, PERIODS, 1 << 17, 1 << 21);
    bench_market b = bench_market_new(&limits, 1);
    for (uint32_t i = 0; i < BIDS; i++)
        each(&b, i, PH_SIDE_BUY, (ph_window){BENCH_FIRST, WINDOW}, 5, 900 - i % 7);
    for (uint32_t i = 0; executes && i < BIDS; i++)
        each(&b, i, PH_SIDE_BUY, (ph_window){BENCH_FIRST, WINDOW}, 100, 1000 + i % 7);
    double ns = time_each(&b, WINDOWS, sell_720, NULL);
    bench_market_free(&b);
    return ns / WINDOW;
}

static double ladder_window(bool executes)
{
    array_ladder l = ladder_with(2 * BIDS * WINDOW);
    uint32_t id = 0;
    for (uint32_t i = 0; i < BIDS; i++)
        for (uint32_t t = 0; t < WINDOW; t++)
            ladder_rest(&l, id++, t, STREAM_BUY, 5, (uint16_t)(900 - i % 7));
    for (uint32_t i = 0; executes && i < BIDS; i++)
        for (uint32_t t = 0; t < WINDOW; t++)
            ladder_rest(&l, id++, t, STREAM_BUY, 100, (uint16_t)(1000 + i % 7));
    stream_record r = {.price = 1000, .quantity = 1, .type = STREAM_NEW, .side = STREAM_SELL};
    double ns = ladder_each(&l, WINDOWS, 0, WINDOW, r);
    ladder_free(&l);
    return ns / WINDOW;
}

void bench_window_rows(void)
{
    printf("\nSELL EACH over 720 periods, ns a period; beside orders of one period\n%-46s %8s %8s "
           "%8s\n",
           "", "market", "ladder", "ratio");
    for (int executes = 0; executes < 2; executes++) {
        double market[RUNS], bare[RUNS];
        for (int i = 0; i < RUNS; i++) {
            market[i] = market_window(executes == 1);
            bare[i] = ladder_window(executes == 1);
        }
        double m = bench_median(market, RUNS), l = bench_median(bare, RUNS);
        printf("%-46s %8.1f %8.1f %8.3f\n",
               executes == 1 ? "that executes in every period" : "that rests", m, l, l / m);
    }
}

/* ---- Blocks ---------------------------------------------------------------------------------- */

enum { OFFERS = 100000, STEP = 37, LIMIT = 1100 };

static uint32_t block_periods;

static ph_command buy_block(bench_market *b, uint32_t i)
{
    ph_window window = {BENCH_FIRST + (i * STEP) % (PERIODS - block_periods), block_periods};
    ph_command c = bench_order(b, i, PH_SIDE_BUY, PH_SHAPE_BLOCK, window);
    c.u.order.quantity = 2;
    c.u.order.price = LIMIT;
    return c;
}

static bench_market market_of_offers(void)
{
    ph_market_limits limits = bench_limits(1, PERIODS, 1 << 18, 1 << 21);
    bench_market b = bench_market_new(&limits, 1);
    for (uint32_t i = 0; i < OFFERS; i++)
        each(&b, i, PH_SIDE_SELL, (ph_window){BENCH_FIRST + i % PERIODS, 1}, 100,
             1000 + (i / PERIODS) % 50);
    return b;
}

static double ladder_blocks(uint32_t periods, uint32_t n)
{
    array_ladder l = ladder_with(OFFERS);
    for (uint32_t i = 0; i < OFFERS; i++)
        ladder_rest(&l, i, i % PERIODS, STREAM_SELL, 100, (uint16_t)(1000 + (i / PERIODS) % 50));
    stream_record r = {.price = LIMIT, .quantity = 2, .type = STREAM_IOC, .side = STREAM_BUY};
    double ns = ladder_each(&l, n, STEP, periods, r);
    ladder_free(&l);
    return ns;
}

void bench_block_rows(void)
{
    static const struct {
        uint32_t periods, n;
    } rows[] = {{24, 20000}, {WINDOW, 1500}};
    printf("\nBUY BLOCK against 100,000 resting single-period orders, thousand a second; beside as "
           "many orders of one period\n%-46s %8s %8s %8s\n",
           "", "market", "ladder", "ratio");
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        double market[RUNS], bare[RUNS];
        block_periods = rows[k].periods;
        for (int i = 0; i < RUNS; i++) {
            bench_market b = market_of_offers();
            market[i] = 1e6 / time_each(&b, rows[k].n, buy_block, NULL);
            bench_market_free(&b);
            bare[i] = 1e6 / ladder_blocks(rows[k].periods, rows[k].n);
        }
        char name[64];
        snprintf(name, sizeof name, "of %u periods, 2 units, executes", block_periods);
        double m = bench_median(market, RUNS), l = bench_median(bare, RUNS);
        printf("%-46s %8.1f %8.1f %8.3f\n", name, m, l, m / l);
    }
}

/* ---- Beside blocks that rest ----------------------------------------------------------------- */

static void rest_blocks(bench_market *b, uint32_t cnt)
{
    for (uint32_t i = 0; i < cnt; i++) {
        ph_window window = {BENCH_FIRST + (i * STEP) % 976, 24};
        ph_command c = bench_order(b, i, PH_SIDE_BUY, PH_SHAPE_BLOCK, window);
        c.u.order.quantity = 1 + i % 5;
        c.u.order.price = 900 - i % 50;
        if (i % 2 == 0) { /* half of them around the period that is sold */
            c.u.order.window.first = BENCH_FIRST + 500 - i / 2 % 24;
        }
        bench_apply(b, &c);
    }
}

static ph_command sell_one(bench_market *b, uint32_t i)
{
    ph_command c =
        bench_order(b, i, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){BENCH_FIRST + 500, 1});
    c.u.order.price = 1000;
    return c;
}

static double beside_blocks(uint32_t blocks, bool supplied, maker *make, uint32_t n)
{
    ph_market_limits limits = bench_limits(1, PERIODS, 1 << 15, 1 << 19);
    bench_market b = bench_market_new(&limits, 1);
    for (uint32_t i = 0; supplied && i < 10; i++)
        each(&b, i, PH_SIDE_SELL, (ph_window){BENCH_FIRST, PERIODS}, 100, 1001 + i);
    rest_blocks(&b, blocks);
    double v[RUNS];
    for (int i = 0; i < RUNS; i++)
        v[i] = time_each(&b, n, make, NULL);
    bench_market_free(&b);
    return bench_median(v, RUNS);
}

double bench_beside_blocks(uint32_t blocks)
{
    return beside_blocks(blocks, true, sell_one, 2000);
}

void bench_beside_blocks_rows(void)
{
    printf("\nSELL EACH beside resting BUY blocks of 24 periods that it cannot complete, ns\n"
           "%-46s %8s %8s %8s\n",
           "", "4,000", "none", "ratio");
    static const struct {
        const char *name;
        bool supplied;
        maker *make;
        uint32_t n;
    } rows[] = {
        {"1 period; blocks lack other periods", false, sell_one, 5000},
        {"1 period; blocks are supplied, too dear", true, sell_one, 5000},
        {"720 periods; blocks are supplied, too dear", true, sell_720, 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double with = beside_blocks(BENCH_BLOCKS, rows[i].supplied, rows[i].make, rows[i].n);
        double none = beside_blocks(0, rows[i].supplied, rows[i].make, rows[i].n);
        printf("%-46s %8.0f %8.0f %8.2f\n", rows[i].name, with, none, with / none);
    }
}

/* ---- Latency of other kinds ------------------------------------------------------------------ */

static ph_command each_24(bench_market *b, uint32_t i)
{
    ph_window window = {BENCH_FIRST + (i * STEP) % (PERIODS - 24), 24};
    ph_command c = bench_order(b, i, PH_SIDE_BUY, PH_SHAPE_EACH, window);
    c.u.order.quantity = 2;
    c.u.order.price = LIMIT;
    return c;
}

static ph_command fok_24(bench_market *b, uint32_t i)
{
    ph_command c = each_24(b, i);
    c.u.order.time_in_force = PH_TIF_FOK;
    return c;
}

static ph_command flex_24_of_48(bench_market *b, uint32_t i)
{
    ph_window window = {BENCH_FIRST + (i * STEP) % (PERIODS - 48), 48};
    ph_command c = bench_order(b, i, PH_SIDE_BUY, PH_SHAPE_FLEX, window);
    c.u.order.duration = 24;
    c.u.order.price = LIMIT;
    return c;
}

static ph_command group_of_two(bench_market *b, uint32_t i)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .u.group.cnt = 2};
    for (uint32_t k = 0; k < 2; k++) {
        ph_command one = buy_block(b, i);
        c.sender = one.sender;
        c.u.group.v[k] = one.u.order;
        c.u.group.v[k].all_or_none = true;
        c.u.group.v[k].quantity = 1 + k;
    }
    return c;
}

/* A contract of one unit and one hour, which has just ended, for each of the reports. */
static bench_market market_of_contracts(void)
{
    ph_market_limits limits = bench_limits(1, PERIODS, 1 << 18, 1 << 18);
    bench_market b = bench_market_new(&limits, 1);
    each(&b, 0, PH_SIDE_SELL, (ph_window){BENCH_FIRST, 1}, KIND_CNT, 1000);
    for (uint32_t i = 0; i < KIND_CNT; i++)
        each(&b, i, PH_SIDE_BUY, (ph_window){BENCH_FIRST, 1}, 1, 1000);
    b.at_ns = (uint64_t)(BENCH_FIRST + 1) * 3600 * PH_NS_PER_S;
    bench_apply(&b, &(ph_command){.kind = PH_CMD_TICK});
    return b;
}

static ph_command report(bench_market *b, uint32_t i)
{
    (void)b;
    return (ph_command){
        .kind = PH_CMD_REPORT_DELIVERY,
        .sender = {2},
        .u.report = {.contract = {i + 1}, .period = BENCH_FIRST, .delivered = 1800}};
}

/* Of 8 orders that somebody who has nothing else has just entered. */
static ph_command mass_cancel(bench_market *b, uint32_t i)
{
    ph_command c = {.kind = PH_CMD_MASS_CANCEL};
    for (uint32_t k = 0; k < 8; k++) {
        ph_command one = bench_order(b, i, PH_SIDE_BUY, PH_SHAPE_EACH,
                                     (ph_window){BENCH_FIRST + (i + k) % PERIODS, 1});
        one.u.order.price = 500;
        bench_apply(b, &one);
        must(b);
        c.sender = one.sender;
    }
    return c;
}

/* A stream of single-period orders has new orders, cancels, IOC and replaces of one period. */
void bench_kind_rows(void)
{
    static const struct {
        const char *name;
        bench_market (*open)(void);
        maker *make;
    } rows[] = {{"EACH of 24 periods, executes", market_of_offers, each_24},
                {"FOK of 24 periods, executes", market_of_offers, fok_24},
                {"BLOCK of 24 periods, executes", market_of_offers, buy_block},
                {"FLEX of 24 of 48 periods, executes", market_of_offers, flex_24_of_48},
                {"group of 2 blocks, one executes", market_of_offers, group_of_two},
                {"mass cancel of 8 orders", market_of_offers, mass_cancel},
                {"delivery report", market_of_contracts, report}};
    static uint32_t ns[KIND_CNT];
    block_periods = 24;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        bench_market b = rows[k].open();
        (void)time_each(&b, KIND_CNT, rows[k].make, ns);
        bench_latency_row(rows[k].name, ns, KIND_CNT);
        bench_market_free(&b);
    }
}
