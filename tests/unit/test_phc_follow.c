/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/follow.h"

#include "clients/lib/client.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCH = 9, PRODUCT = 42 };

static phc_client *client;
static int books, losses;

static void on_book(void *arg, const phc_book *b)
{
    (void)arg;
    books++;
    ck_assert_int_eq(phc_unfollow(client, b->stream, b->product), PHC_OK);
    ck_assert_int_eq(phc_unfollow(client, b->stream, b->product), PHC_ENOTFOUND);
    ck_assert_uint_eq(b->checksum, 0); /* what was handed over stays until the callback returns */
}

/* wide: the form that the library calls */
static void on_loss(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                    uint64_t last)
{
    (void)arg, (void)loss, (void)first, (void)last;
    losses++;
    (void)phc_unfollow(client, stream, product);
}

static void set_up(void)
{
    client = calloc(1, sizeof *client);
    ck_assert_ptr_nonnull(client);
    client->cb.on_book = on_book;
    client->cb.on_loss = on_loss;
    strcpy(client->gateway.market_data, "tcp://127.0.0.1:1"); /* never connected to */
    books = losses = 0;
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_DEPTH, PRODUCT), PHC_OK);
}

static void tear_down(void)
{
    phc_follow_release(client);
    phc_unpack_release(&client->unpacking);
    free(client->segments.v);
    free(client);
}

/* A frame of the stream without rows, whose book is empty. */
static void tell(uint64_t number, uint64_t epoch, Petahour__V1__StreamAnswer answer)
{
    uint8_t bytes[64];
    Petahour__V1__MarketDataFrame m;
    petahour__v1__market_data_frame__init(&m);
    m.product = PRODUCT;
    m.stream_number = number;
    m.epoch = epoch;
    m.answer = answer;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_take(client, "D0000002a", 9, bytes, size));
}

START_TEST(a_stream_ends_in_its_own_book)
{
    tell(3, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED);
    tell(2, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
    ck_assert_int_eq(books, 1); /* the frame that waited is no longer wanted */
    tell(4, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED);
    ck_assert_int_eq(books, 1);
}
END_TEST

/* A client would look for the word of it, and has none. */
START_TEST(a_phase_that_is_not_listed_makes_no_book)
{
    uint8_t bytes[64];
    Petahour__V1__PhaseChange phase, *phases[] = {&phase};
    Petahour__V1__MarketDataFrame m;
    petahour__v1__phase_change__init(&phase);
    petahour__v1__market_data_frame__init(&m);
    m.product = PRODUCT;
    m.epoch = EPOCH;
    m.stream_number = 2;
    m.answer = PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT;
    m.phases = phases;
    m.n_phases = 1;
    for (int v = 0; v <= 5; v += 5) {
        phase.phase = (Petahour__V1__Phase)v;
        size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
        ck_assert(phc_follow_take(client, "D0000002a", 9, bytes, size));
        ck_assert_int_eq(books, 0);
    }
    phase.phase = PETAHOUR__V1__PHASE__PHASE_HALTED;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_take(client, "D0000002a", 9, bytes, size));
    ck_assert_int_eq(books, 1);
}
END_TEST

START_TEST(a_stream_ends_in_its_own_loss)
{
    client->cb.on_book = NULL;
    tell(2, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
    tell(3, EPOCH + 1, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED);
    ck_assert_int_eq(losses, 1);
    ck_assert_uint_eq(client->follow_cnt, 0);
}
END_TEST

static phc_stream_limits told_limits;

/* It may end the stream that was asked for. */
static void on_stream_limits(void *arg, const phc_stream_limits *l)
{
    (void)arg;
    told_limits = *l;
    (void)phc_unfollow(client, PHC_STREAM_DEPTH, PRODUCT);
}

START_TEST(how_close_it_is_to_its_limits_is_handed_over)
{
    uint8_t bytes[64];
    Petahour__V1__StreamLimits l;
    Petahour__V1__MarketDataFrame m;
    petahour__v1__stream_limits__init(&l);
    petahour__v1__market_data_frame__init(&m);
    client->cb.on_stream_limits = on_stream_limits;
    m.product = PRODUCT;
    m.answer = PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT;
    m.limits = &l;
    l.answers_per_second = 1;
    l.answer_burst = 2;
    l.answers_left = 3;
    l.named_bytes = 4;
    l.named_bytes_max = 5;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_take(client, "?D0000002a", 10, bytes, size));
    ck_assert(told_limits.answers.per_second == 1 && told_limits.answers.burst == 2);
    ck_assert(told_limits.answers.left == 3 && told_limits.named_bytes == 4);
    ck_assert(told_limits.named_bytes_max == 5 && books == 0);
}
END_TEST

static char why[64];

static void on_dropped(void *arg, const char *text)
{
    (void)arg;
    snprintf(why, sizeof why, "%s", text);
}

START_TEST(why_it_was_dropped_is_handed_over)
{
    uint8_t bytes[64];
    char text[] = "too slow";
    Petahour__V1__MarketDataFrame m;
    petahour__v1__market_data_frame__init(&m);
    client->cb.on_dropped = on_dropped;
    m.answer = PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_DROPPED;
    m.reason = text;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_take(client, "!00000000000000ff", 17, bytes, size));
    ck_assert_str_eq(why, "too slow");
    ck_assert(books == 0 && losses == 0);
}
END_TEST

START_TEST(a_stream_that_ended_may_begin_again)
{
    tell(2, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_DEPTH, PRODUCT), PHC_OK);
    tell(2, EPOCH, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
    ck_assert_int_eq(books, 2);
    phc_follow_time(client, 0);
}
END_TEST

/* ---- Prices and trades ---------------------------------------------------------------------- */

enum { PERIOD = 498912 };

/* What was handed over last; trades in their order. */
static struct {
    int64_t bid; /* of PERIOD; 0: none */
    size_t price_cnt;
    phc_phase phase;
    uint64_t trades[16];
    int books, trade_cnt, losses[PHC_LOSS_BUSY + 1];
} told;

static void on_prices(void *arg, const phc_book *b)
{
    (void)arg;
    told.books++;
    told.price_cnt = b->best_price_cnt;
    told.bid = b->best_price_cnt == 0 ? 0 : b->best_prices[0].bid;
    told.phase = b->phase;
}

static void on_trade(void *arg, const phc_public_trade *t)
{
    (void)arg;
    told.trades[told.trade_cnt++] = t->trade;
}

/* wide: the form that the library calls */
static void on_lost(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                    uint64_t last)
{
    (void)arg, (void)stream, (void)product, (void)first, (void)last;
    told.losses[loss]++;
}

static void follow_prices(void)
{
    memset(&told, 0, sizeof told);
    client->cb.on_book = on_prices;
    client->cb.on_trade = on_trade;
    client->cb.on_loss = on_lost;
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_PRICES, PRODUCT), PHC_OK);
}

/* A frame of prices: the bid of PERIOD, which is all that its book has, and a trade. */
typedef struct {
    uint64_t number, epoch;
    int64_t bid;
    uint64_t trade; /* 0: none */
    phc_phase phase;
    bool is_snapshot;
} prices;

static uint64_t sum_of(int64_t bid)
{
    phc_market_book b = {0};
    Petahour__V1__BestPrices m;
    petahour__v1__best_prices__init(&m);
    m.first_period = PERIOD;
    m.periods = 1;
    m.bid = bid;
    m.bid_quantity = bid == 0 ? 0 : 1;
    ck_assert_int_eq(phc_market_book_prices(&b, PRODUCT, &m), PHC_OK);
    uint64_t sum = b.checksum;
    phc_market_book_release(&b);
    return sum;
}

/* Of what is told next: another quantity than the checksum is of. */
static uint64_t altered;

static void tell_prices(prices p)
{
    uint8_t bytes[256];
    Petahour__V1__MarketDataFrame m;
    Petahour__V1__BestPrices best, *bests[] = {&best};
    Petahour__V1__PublicTrade trade, *trades[] = {&trade};
    Petahour__V1__Segment segment, *segments[] = {&segment};
    Petahour__V1__PhaseChange phase, *phases[] = {&phase};
    petahour__v1__market_data_frame__init(&m);
    petahour__v1__best_prices__init(&best);
    petahour__v1__public_trade__init(&trade);
    petahour__v1__segment__init(&segment);
    petahour__v1__phase_change__init(&phase);
    m.product = PRODUCT;
    m.stream_number = p.number;
    m.epoch = p.epoch;
    best.first_period = PERIOD;
    best.periods = 1;
    best.bid = p.bid;
    best.bid_quantity = p.bid == 0 ? 0 : 1 + altered;
    m.best_prices = bests;
    m.n_best_prices = 1;
    segment.first_period = PERIOD;
    segment.periods = segment.quantity = 1;
    segment.price = 7;
    trade.trade = p.trade;
    trade.taker = PETAHOUR__V1__SIDE__SIDE_BUY;
    trade.segments = segments;
    trade.n_segments = 1;
    m.trades = trades;
    m.n_trades = p.trade != 0;
    phase.phase = (Petahour__V1__Phase)p.phase;
    m.phases = phases;
    m.n_phases = p.phase != 0;
    m.checksum = sum_of(p.bid);
    if (p.is_snapshot) m.answer = PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_take(client, "P0000002a", 9, bytes, size));
}

START_TEST(late_prices_are_never_put_over_newer_ones)
{
    follow_prices();
    tell_prices((prices){10, EPOCH, 100, 0, PHC_PHASE_OPEN, true});
    ck_assert(told.books == 1 && told.bid == 100 && told.phase == PHC_PHASE_OPEN);
    tell_prices((prices){11, EPOCH, 110, 1, 0, false});
    tell_prices((prices){12, EPOCH, 120, 0, PHC_PHASE_HALTED, false});
    tell_prices((prices){11, EPOCH, 110, 1, 0, false});
    tell_prices((prices){10, EPOCH, 100, 0, PHC_PHASE_OPEN, true});
    ck_assert(told.books == 3 && told.bid == 120 && told.phase == PHC_PHASE_HALTED);
    ck_assert(told.trade_cnt == 1 && told.trades[0] == 1);
}
END_TEST

/* A change of the phase behind a gap is no snapshot: what is missing is asked for. */
START_TEST(a_phase_behind_a_gap_waits)
{
    follow_prices();
    tell_prices((prices){10, EPOCH, 100, 0, PHC_PHASE_OPEN, true});
    tell_prices((prices){12, EPOCH, 120, 2, PHC_PHASE_HALTED, false});
    ck_assert(told.books == 1 && told.bid == 100 && told.phase == PHC_PHASE_OPEN);
    ck_assert(told.trade_cnt == 0 && told.losses[PHC_LOSS_GAP] == 1);
    tell_prices((prices){11, EPOCH, 110, 1, 0, false});
    ck_assert(told.books == 3 && told.bid == 120 && told.phase == PHC_PHASE_HALTED);
    ck_assert(told.trade_cnt == 2 && told.trades[0] == 1 && told.trades[1] == 2);
}
END_TEST

/* The gateway that a client moves to may not have read as far. */
START_TEST(a_trade_is_told_once_by_two_gateways)
{
    follow_prices();
    tell_prices((prices){10, EPOCH, 100, 0, 0, true});
    tell_prices((prices){11, EPOCH, 110, 1, 0, false});
    tell_prices((prices){12, EPOCH, 120, 2, 0, false});
    tell_prices((prices){4, EPOCH + 1, 110, 1, 0, false});
    ck_assert(told.losses[PHC_LOSS_EPOCH] == 1);
    tell_prices((prices){4, EPOCH + 1, 110, 0, 0, true});
    tell_prices((prices){5, EPOCH + 1, 120, 2, 0, false});
    tell_prices((prices){6, EPOCH + 1, 0, 3, 0, false});
    ck_assert(told.books == 6 && told.bid == 0 && told.price_cnt == 0);
    ck_assert(told.trade_cnt == 3 && told.trades[1] == 2 && told.trades[2] == 3);
}
END_TEST

/* No book is handed over that has not the checksum; a new snapshot is waited for. */
START_TEST(a_changed_level_is_noticed)
{
    follow_prices();
    altered = 1;
    tell_prices((prices){10, EPOCH, 100, 0, 0, true});
    ck_assert(told.books == 0 && told.losses[PHC_LOSS_CHECKSUM] == 1);
    altered = 0;
    tell_prices((prices){10, EPOCH, 100, 0, 0, true});
    ck_assert(told.books == 1 && told.bid == 100);
    altered = 1;
    tell_prices((prices){11, EPOCH, 110, 1, 0, false});
    ck_assert(told.books == 1 && told.losses[PHC_LOSS_CHECKSUM] == 2);
    altered = 0;
    tell_prices((prices){12, EPOCH, 120, 2, 0, false});
    ck_assert(told.books == 1 && told.bid == 100);
    tell_prices((prices){11, EPOCH, 110, 0, 0, true});
    ck_assert(told.books == 3 && told.bid == 120);
    ck_assert(told.trade_cnt == 2 && told.trades[0] == 1 && told.trades[1] == 2);
}
END_TEST

START_TEST(prices_that_no_gateway_sends_are_refused)
{
    static const struct {
        uint32_t first, periods;
        int64_t bid;
        uint64_t bid_quantity;
        int64_t ask;
        uint64_t ask_quantity;
    } bad[] = {{1, 0, 5, 1, 0, 0},  {1, PHC_BOOK_PERIODS_MAX + 1, 5, 1, 0, 0},
               {1, 1, -5, 1, 0, 0}, {1, 1, 5, 0, 0, 0},
               {1, 1, 0, 1, 0, 0},  {1, 1, 5, 1, 6, 0},
               {1, 1, 5, 1, -1, 1}, {UINT32_MAX, 2, 5, 1, 0, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        phc_market_book b = {0};
        Petahour__V1__BestPrices m;
        petahour__v1__best_prices__init(&m);
        m.first_period = bad[i].first;
        m.periods = bad[i].periods;
        m.bid = bad[i].bid;
        m.bid_quantity = bad[i].bid_quantity;
        m.ask = bad[i].ask;
        m.ask_quantity = bad[i].ask_quantity;
        ck_assert_int_eq(phc_market_book_prices(&b, PRODUCT, &m), PHC_ECORRUPT);
        ck_assert(b.best_cnt == 0 && b.checksum == 0);
        phc_market_book_release(&b);
    }
}
END_TEST

/* Runs over runs, as they come: the rows are those of a plain array. */
START_TEST(runs_of_prices_replace_each_other)
{
    enum { PERIODS = 200 };
    static int64_t bid[PERIODS + 8];
    phc_market_book b = {0};
    uint64_t state = 1;
    for (int n = 0; n < 3000; n++) {
        Petahour__V1__BestPrices m;
        petahour__v1__best_prices__init(&m);
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t at = (uint32_t)(state >> 33) % PERIODS, cnt = 1 + (uint32_t)(state >> 50) % 8;
        m.first_period = PERIOD + at;
        m.periods = cnt;
        m.bid = (int64_t)(state >> 60) % 3;
        m.bid_quantity = (uint64_t)m.bid;
        ck_assert_int_eq(phc_market_book_prices(&b, PRODUCT, &m), PHC_OK);
        for (uint32_t i = 0; i < cnt; i++)
            bid[at + i] = m.bid;
        size_t row = 0;
        for (uint32_t i = 0; i < PERIODS + 8; i++) {
            if (bid[i] == 0) continue;
            ck_assert(row < b.best_cnt && b.best[row].first_period == PERIOD + i);
            ck_assert_int_eq(b.best[row++].bid, bid[i]);
        }
        ck_assert_uint_eq(row, b.best_cnt);
    }
    Petahour__V1__BestPrices all;
    petahour__v1__best_prices__init(&all);
    all.first_period = PERIOD;
    all.periods = PERIODS + 8;
    ck_assert_int_eq(phc_market_book_prices(&b, PRODUCT, &all), PHC_OK);
    ck_assert(b.best_cnt == 0 && b.checksum == 0);
    phc_market_book_release(&b);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_stream_ends_in_its_own_book);
    tcase_add_test(t, a_phase_that_is_not_listed_makes_no_book);
    tcase_add_test(t, a_stream_ends_in_its_own_loss);
    tcase_add_test(t, how_close_it_is_to_its_limits_is_handed_over);
    tcase_add_test(t, why_it_was_dropped_is_handed_over);
    tcase_add_test(t, a_stream_that_ended_may_begin_again);
    tcase_add_test(t, late_prices_are_never_put_over_newer_ones);
    tcase_add_test(t, a_phase_behind_a_gap_waits);
    tcase_add_test(t, a_trade_is_told_once_by_two_gateways);
    tcase_add_test(t, a_changed_level_is_noticed);
    tcase_add_test(t, prices_that_no_gateway_sends_are_refused);
    tcase_add_test(t, runs_of_prices_replace_each_other);
}

int main(void)
{
    return suite_run("phc_follow", add);
}
