/* SPDX-License-Identifier: Apache-2.0 */
/* What a trade costs the feed of a gateway, and how much of it is candles by period.

   usage: bench_feed [ROW [TRADES]]

   One product, 720 open hours, TRADES trades (default 20,000) at RATE a second, so that minutes end
   on the way; a gate never closes.  Each trade is two records, of the order that rests and of the
   one that meets it.  Rows (all, if none is named):
     period     trades of one random hour between two EACH orders
     each       EACH orders of all 720 hours at one price
     block      one trade of ten is a block of all 720 hours at one price; the others are as above,
                so that each hour of the block has candles of its own
     columns    likewise, with a price for every hour
   and each with -followed: the candles are followed, and each trade is published.

   Prints for each row nanoseconds a trade of the whole feed; of the candles by period alone, which
   are given the same fills once more; their ratio; and of keeping the trade, so that it can be
   asked for, with telling it where -followed says so.  For instructions, of the first two:

     valgrind --tool=callgrind --toggle-collect=phg_period_candles_fill bench_feed period

   and so for phg_feed_count, which counts a trade in statistics and all candles. */
#include "engine/process/clock.h"
#include "gateway/bounds.h"
#include "gateway/replica/feed.h"
#include "gateway/replica/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS = 720, RATE = 20, SECONDS = 3600 };

/* 2026-12-01T00:00:00Z, and its hour since 1970. */
#define T0   UINT64_C(1796083200000000000)
#define HOUR 498912u

typedef enum { PERIOD, EACH, BLOCK, COLUMNS } kind;

typedef struct {
    const char *name;
    kind what;
    bool is_followed;
} row;

static const row rows[] = {
    {"period", PERIOD, false},   {"period-followed", PERIOD, true},
    {"each", EACH, false},       {"each-followed", EACH, true},
    {"block", BLOCK, false},     {"block-followed", BLOCK, true},
    {"columns", COLUMNS, false}, {"columns-followed", COLUMNS, true},
};

static phg_feed feed;
static phg_period_candles alone;
static phg_tape tape;
static phg_stream_store store; /* all in memory */
static phg_translator *translator;
static uint64_t seq, orders, chance, frames, frames_of_trades;
static ph_time now;

static void check(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "bench_feed: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint32_t below(uint32_t n)
{
    chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((chance >> 33) % n);
}

static void on_picture(void *arg, const phg_picture *picture)
{
    (void)arg;
    frames += picture->stream == PHG_STREAM_PERIOD_CANDLES;
    if (picture->stream == PHG_STREAM_TRADES) frames_of_trades++;
}

static void take(ph_command *c, const ph_event *events, uint32_t cnt)
{
    c->seq = ++seq;
    c->at = now;
    for (uint32_t i = 0; i < cnt; i++)
        check(phg_feed_take(&feed, c, (phg_event_at){events, cnt, i}) == PH_OK, "not taken");
}

static void list_product(void)
{
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    c.u.product = (ph_product_terms){.id = {1}, .period_seconds = SECONDS};
    const ph_event done = {.kind = PH_EVT_DONE, .u.done = {c.kind, 0}};
    take(&c, &done, 1);
    check(phg_tape_take(&tape, &store, translator, &c, (phg_event_at){&done, 1, 0}) == PH_OK,
          "not listed");
}

static ph_command new_order(ph_side side, ph_shape shape, ph_window w, ph_price price)
{
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {2}};
    c.u.order = (ph_new_order){.client_order_id = ++orders,
                               .product = {1},
                               .side = side,
                               .shape = shape,
                               .window = w,
                               .quantity = 3,
                               .price = price,
                               .time_in_force = PH_TIF_GTC};
    return c;
}

static ph_event accepted(void)
{
    return (ph_event){.kind = PH_EVT_ACCEPTED, .u.accepted = {{orders}, orders, 1}};
}

/* A trade of the window in segments of `each` periods; events: room for HOURS + 2. */
static uint32_t make_trade(ph_event *events, uint64_t trade, ph_window w, uint32_t each)
{
    const uint32_t cnt = w.periods / each;
    events[0] = accepted();
    events[1] = (ph_event){.kind = PH_EVT_TRADE,
                           .u.trade = {.trade = {trade},
                                       .contract = {trade},
                                       .product = {1},
                                       .buy_order = {orders},
                                       .sell_order = {orders - 1},
                                       .taker = PH_SIDE_BUY,
                                       .segment_cnt = cnt}};
    for (uint32_t i = 0; i < cnt; i++)
        events[2 + i] = (ph_event){
            .kind = PH_EVT_SEGMENT,
            .u.segment = {{w.first + i * each, each}, 3, 1000000 + (ph_price)below(100)}};
    return cnt + 2;
}

static void fill_alone(const ph_event *events, bool is_each)
{
    const ph_trade *t = &events[1].u.trade;
    for (uint32_t i = 0; i < t->segment_cnt; i++) {
        const ph_segment *g = &events[2 + i].u.segment;
        const phg_candle_fill fill = {seq,      t->taker, g->quantity, g->window.periods,
                                      g->price, is_each};
        check(phg_period_candles_fill(&alone,
                                      &(phg_period_fill){now, t->trade, g->window, &fill}) == PH_OK,
              "memory");
    }
    phg_period_candles_keep(&alone, PHG_PERIOD_CANDLES_MAX);
}

static void ignore(void *arg, uint32_t interval, const phg_candle_run *told)
{
    (void)arg, (void)interval, (void)told;
}

typedef struct {
    uint64_t all_ns, alone_ns, tape_ns;
} spent;

/* Keeps the trade. */
static void keep(const row *r, const ph_command *c, const ph_event *events, uint32_t cnt)
{
    const phg_tape_telling t = {&tape, &store, &feed, on_picture, NULL};
    for (uint32_t i = 0; i < cnt; i++)
        check(phg_tape_take(&tape, &store, translator, c, (phg_event_at){events, cnt, i}) == PH_OK,
              "not kept");
    if (r->is_followed) check(phg_tape_publish(&t) == PH_OK, "publish");
}

/* One trade of the row, in the feed, then in the candles alone, then kept. */
static spent trade_once(const row *r, uint64_t number)
{
    static ph_event events[HOURS + 2];
    const bool is_wide = r->what == EACH || (r->what != PERIOD && number % 10 == 0);
    const bool is_each = r->what == EACH || !is_wide;
    const ph_window w =
        is_wide ? (ph_window){HOUR + 1, HOURS} : (ph_window){HOUR + 1 + below(HOURS), 1};
    ph_command rests = new_order(PH_SIDE_SELL, PH_SHAPE_EACH, w, 1000000);
    ph_event rested = accepted();
    ph_command meets = new_order(PH_SIDE_BUY, is_each ? PH_SHAPE_EACH : PH_SHAPE_BLOCK, w, 1000100);
    uint32_t cnt = make_trade(events, number + 1, w, r->what == COLUMNS ? 1 : w.periods);
    uint64_t start = ph_clock_monotonic_ns();
    take(&rests, &rested, 1);
    take(&meets, events, cnt);
    if (r->is_followed) check(phg_feed_publish(&feed, on_picture, NULL) == PH_OK, "publish");
    uint64_t middle = ph_clock_monotonic_ns();
    fill_alone(events, is_each);
    if (r->is_followed) phg_period_candles_news(&alone, ignore, NULL);
    uint64_t end = ph_clock_monotonic_ns();
    keep(r, &meets, events, cnt);
    return (spent){middle - start, end - middle, ph_clock_monotonic_ns() - end};
}

static spent measure(const row *r, uint64_t trades)
{
    spent sum = {0};
    seq = orders = frames = frames_of_trades = 0;
    chance = 7;
    now.ns = T0;
    list_product();
    check(phg_feed_go_live(&feed, 1) == PH_OK, "go live");
    if (r->is_followed) {
        check(phg_feed_follow(&feed, PHG_STREAM_PERIOD_CANDLES, (ph_product_id){0}) == PH_OK,
              "follow");
        check(phg_period_candles_follow(&alone) == PH_OK, "memory");
        phg_tape_follow(&tape, (ph_product_id){0});
    }
    for (uint64_t i = 0; i < trades; i++) {
        now.ns += UINT64_C(1000000000) / RATE;
        const spent once = trade_once(r, i);
        sum.all_ns += once.all_ns;
        sum.alone_ns += once.alone_ns;
        sum.tape_ns += once.tape_ns;
    }
    check(alone.sum == feed.products[0].period_candles.sum, "the two are not the same");
    check(!r->is_followed || frames >= trades, "frames are missing");
    check(!r->is_followed || frames_of_trades >= trades, "trades are missing");
    check(phg_tape_number(&tape, (ph_product_id){1}) == trades, "trades are not kept");
    phg_tape_release(&tape);
    phg_stream_store_release(&store);
    phg_feed_release(&feed);
    phg_period_candles_release(&alone);
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t trades = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;
    bool is_known = false;
    if (trades == 0 || trades > SECONDS * RATE) {
        fprintf(stderr, "bench_feed: 1 to %d trades, so that no gate closes\n", SECONDS * RATE);
        return 2;
    }
    check(phg_translator_open(&translator) == PH_OK, "memory");
    printf("%-20s%10s%10s%8s%10s\n", "nanoseconds a trade", "feed", "candles", "ratio", "kept");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (argc > 1 && strcmp(argv[1], rows[i].name) != 0) continue;
        is_known = true;
        const spent s = measure(&rows[i], trades);
        printf("%-20s%10.0f%10.0f%8.2f%10.0f\n", rows[i].name, (double)s.all_ns / (double)trades,
               (double)s.alone_ns / (double)trades, (double)s.alone_ns / (double)s.all_ns,
               (double)s.tape_ns / (double)trades);
    }
    phg_translator_close(translator);
    if (is_known) return EXIT_SUCCESS;
    fprintf(stderr, "bench_feed: there is no row \"%s\"\n", argv[1]);
    return 2;
}
