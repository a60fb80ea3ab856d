/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/follow_trades.h"

#include "clients/lib/client.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { PRODUCT = 42, EPOCH = 9, TRADES_MAX = 64 };

typedef Petahour__V1__StreamAnswer answer;

#define NONE      PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED
#define SNAPSHOT  PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT
#define RANGE_END PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END
#define NOT_KEPT  PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_NOT_KEPT
#define BUSY      PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_BUSY

static phc_client *client;
static void *context;
static struct {
    uint64_t trades[TRADES_MAX];
    uint32_t trade_cnt, books, problems;
    uint64_t book_number;
    uint32_t losses[PHC_LOSS_BUSY + 1];
    uint64_t gap_first, gap_last;
    uint64_t ends_at; /* number of the trade in whose callback it is unfollowed */
} told;

static void on_every_trade(void *arg, const phc_public_trade *t)
{
    (void)arg;
    ck_assert(t->product == PRODUCT && t->trade == t->number * 3 && t->segment_cnt == 1);
    ck_assert_uint_lt(told.trade_cnt, TRADES_MAX);
    told.trades[told.trade_cnt++] = t->number;
    if (t->number != told.ends_at) return;
    ck_assert_int_eq(phc_unfollow_trades(client, PRODUCT), PHC_OK);
    ck_assert_int_eq(phc_unfollow_trades(client, PRODUCT), PHC_ENOTFOUND);
}

static void on_book(void *arg, const phc_book *b)
{
    (void)arg;
    ck_assert(b->stream == PHC_STREAM_TRADES && b->product == PRODUCT && b->epoch == EPOCH);
    told.books++;
    told.book_number = b->stream_number;
}

/* wide: the form that the library calls */
static void on_loss(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                    uint64_t last)
{
    (void)arg;
    ck_assert(stream == PHC_STREAM_TRADES && product == PRODUCT);
    told.losses[loss]++;
    told.gap_first = first;
    told.gap_last = last;
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    (void)arg, (void)text;
    ck_assert_int_eq(status, PHC_ECORRUPT);
    told.problems++;
}

static void set_up(void)
{
    memset(&told, 0, sizeof told);
    client = calloc(1, sizeof *client);
    ck_assert_ptr_nonnull(client);
    context = zmq_ctx_new();
    client->sub = zmq_socket(context, ZMQ_SUB); /* never connected */
    ck_assert_ptr_nonnull(client->sub);
    client->cb.on_every_trade = on_every_trade;
    client->cb.on_book = on_book;
    client->cb.on_loss = on_loss;
    client->cb.on_problem = on_problem;
}

static void tear_down(void)
{
    phc_follow_trades_release(client);
    phc_unpack_release(&client->unpacking);
    (void)zmq_close(client->sub);
    (void)zmq_ctx_term(context);
    free(client->segments.v);
    free(client);
}

/* A frame with trades `first` to `last` (none: last < first) of the topic. */
static void tell(answer a, uint64_t number, uint64_t first, uint64_t last, bool more)
{
    static uint8_t bytes[4096];
    Petahour__V1__Segment segment;
    Petahour__V1__Segment *segments[] = {&segment};
    Petahour__V1__PublicTrade trades[16], *pointers[16];
    Petahour__V1__MarketDataFrame m;
    petahour__v1__market_data_frame__init(&m);
    petahour__v1__segment__init(&segment);
    segment.periods = segment.quantity = 1;
    m.product = PRODUCT;
    m.stream_number = number;
    m.epoch = EPOCH;
    m.answer = a;
    m.more = more;
    m.trades = pointers;
    for (uint64_t n = first; n <= last; n++) {
        Petahour__V1__PublicTrade *t = &trades[m.n_trades];
        petahour__v1__public_trade__init(t);
        t->number = n;
        t->trade = n * 3;
        t->taker = PETAHOUR__V1__SIDE__SIDE_BUY;
        t->segments = segments;
        t->n_segments = 1;
        pointers[m.n_trades++] = t;
    }
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    const char *topic = more || a != NONE ? "?E0000002a" : "E0000002a";
    ck_assert(phc_follow_trades_take(client, topic, strlen(topic), bytes, size));
}

static void traded(uint64_t first, uint64_t last)
{
    tell(NONE, last, first, last, false);
}

/* In an answer, when there are more. */
static void again(uint64_t first, uint64_t last)
{
    tell(NONE, last, first, last, true);
}

static void say(answer a, uint64_t number)
{
    tell(a, number, 1, 0, false);
}

static void follow(uint64_t from)
{
    ck_assert_int_eq(phc_follow_trades(client, PRODUCT, from), PHC_OK);
    ck_assert_int_eq(phc_follow_trades(client, PRODUCT, from), PHC_OK);
    ck_assert_uint_eq(client->tape_cnt, 1);
}

static const char *asked(void)
{
    return client->tapes[0]->request;
}

/* Every trade from `from` to `last` was told, once and in order. */
static void check_told(uint64_t from, uint64_t last)
{
    ck_assert_uint_eq(told.trade_cnt, last + 1 - from);
    for (uint32_t i = 0; i < told.trade_cnt; i++)
        ck_assert_uint_eq(told.trades[i], from + i);
}

START_TEST(what_was_traded_before_comes_first)
{
    follow(1);
    ck_assert_str_eq(asked(), "?E0000002a");
    say(SNAPSHOT, 5);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000001-0000000000000005");
    traded(6, 6); /* it comes again when its turn is */
    ck_assert_uint_eq(told.trade_cnt, 0);
    again(1, 3);
    again(4, 5);
    say(RANGE_END, 6);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000006-0000000000000006");
    again(6, 6);
    ck_assert_uint_eq(told.books, 0); /* there may be more */
    say(RANGE_END, 6);
    check_told(1, 6);
    ck_assert(told.books == 1 && told.book_number == 6 && told.losses[PHC_LOSS_GAP] == 0);
    traded(7, 7);
    ck_assert(told.books == 2 && told.book_number == 7);
    check_told(1, 7);
}
END_TEST

START_TEST(a_gap_is_noticed_and_asked_for)
{
    follow(1);
    say(SNAPSHOT, 0);
    ck_assert(told.books == 1 && told.book_number == 0);
    traded(1, 2);
    traded(2, 3); /* doubled in part */
    traded(1, 2); /* late */
    traded(6, 6);
    ck_assert(told.losses[PHC_LOSS_GAP] == 1 && told.gap_first == 4 && told.gap_last == 6);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000004-0000000000000006");
    traded(8, 9);
    again(4, 6);
    say(RANGE_END, 9);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000007-0000000000000009");
    again(7, 9);
    say(RANGE_END, 9);
    check_told(1, 9);
    ck_assert_uint_eq(told.losses[PHC_LOSS_GAP], 1);
}
END_TEST

/* Nothing comes: it is asked for again, and a lost last trade is found. */
START_TEST(what_is_quiet_is_asked)
{
    follow(3);
    phc_follow_trades_time(client, phc_follow_trades_due_ms(client));
    ck_assert_str_eq(asked(), "?E0000002a");
    say(SNAPSHOT, 3);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000003-0000000000000003");
    for (int i = 0; i < 3; i++)
        phc_follow_trades_time(client, phc_follow_trades_due_ms(client));
    ck_assert_uint_eq(told.losses[PHC_LOSS_SILENCE], 1);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000003-0000000000000003");
    again(3, 3);
    say(RANGE_END, 3);
    phc_follow_trades_time(client, phc_follow_trades_due_ms(client));
    ck_assert_str_eq(asked(), "?E0000002a");
    say(SNAPSHOT, 4);
    again(4, 4);
    say(RANGE_END, 4);
    check_told(3, 4);
    ck_assert_uint_eq(told.books, 2);
}
END_TEST

START_TEST(who_is_too_eager_waits)
{
    follow(1);
    say(SNAPSHOT, 2);
    say(BUSY, 2);
    ck_assert_uint_eq(told.losses[PHC_LOSS_BUSY], 1);
    const uint64_t due = phc_follow_trades_due_ms(client);
    traded(3, 3); /* no reason to ask sooner */
    ck_assert_uint_eq(phc_follow_trades_due_ms(client), due);
    phc_follow_trades_time(client, due);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000001-0000000000000003");
    say(RANGE_END, 3); /* and every frame of it got lost */
    const uint64_t later = phc_follow_trades_due_ms(client);
    ck_assert_uint_ge(later, due);
    phc_follow_trades_time(client, later);
    again(1, 3);
    say(RANGE_END, 3);
    check_told(1, 3);
}
END_TEST

/* It moves to a gateway that has not read as far, then to one that has. */
START_TEST(another_gateway_goes_on)
{
    follow(1);
    say(SNAPSHOT, 0);
    traded(1, 4);
    phc_follow_trades_renew(client);
    ck_assert_str_eq(asked(), "?E0000002a");
    say(NOT_KEPT, 0); /* it reads the log */
    phc_follow_trades_time(client, phc_follow_trades_due_ms(client));
    say(SNAPSHOT, 2);
    ck_assert_uint_eq(told.book_number, 4);
    traded(3, 3);
    traded(4, 5);
    phc_follow_trades_renew(client);
    say(SNAPSHOT, 8);
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000006-0000000000000008");
    again(6, 8);
    say(RANGE_END, 8);
    check_told(1, 8);
    ck_assert_uint_eq(told.losses[PHC_LOSS_GAP], 0);
}
END_TEST

/* A part of trade `number`, of as many segments as trade. */
static void tell_part(answer a, uint64_t number, uint32_t before, uint32_t cnt, uint32_t all)
{
    static uint8_t bytes[4096];
    Petahour__V1__Segment segment;
    Petahour__V1__Segment *segments[8];
    Petahour__V1__PublicTrade t, *trades[] = {&t};
    Petahour__V1__MarketDataFrame m;
    petahour__v1__market_data_frame__init(&m);
    petahour__v1__public_trade__init(&t);
    petahour__v1__segment__init(&segment);
    for (uint32_t i = 0; i < cnt; i++)
        segments[i] = &segment;
    t.number = number;
    t.trade = number * 3;
    t.taker = PETAHOUR__V1__SIDE__SIDE_BUY;
    t.segments = segments;
    t.n_segments = cnt;
    t.segments_before = before;
    t.segments_in_all = all;
    m.product = PRODUCT;
    m.stream_number = number;
    m.epoch = EPOCH;
    m.answer = a;
    m.trades = trades;
    m.n_trades = 1;
    m.more = before + cnt < all;
    size_t size = petahour__v1__market_data_frame__pack(&m, bytes);
    ck_assert(phc_follow_trades_take(client, "E0000002a", 9, bytes, size));
}

/* Each part once, also when one is lost and all are sent again. */
START_TEST(a_long_trade_comes_in_parts)
{
    follow(1);
    say(SNAPSHOT, 0);
    told.books = 0;
    tell_part(NONE, 1, 0, 1, 3);
    ck_assert(told.trade_cnt == 1 && told.books == 0 && told.losses[PHC_LOSS_GAP] == 0);
    tell_part(NONE, 1, 0, 1, 3); /* doubled */
    tell_part(NONE, 1, 2, 1, 3); /* the one before is lost */
    ck_assert_uint_eq(told.trade_cnt, 1);
    phc_follow_trades_time(client, phc_follow_trades_due_ms(client));
    ck_assert_str_eq(asked(), "?E0000002a:0000000000000001-0000000000000001");
    for (uint32_t before = 0; before < 3; before++)
        tell_part(NONE, 1, before, 1, 3);
    ck_assert_uint_eq(told.trade_cnt, 3);
    say(RANGE_END, 1);
    ck_assert(told.books == 1 && told.book_number == 1);
    traded(2, 2);
    ck_assert(told.trade_cnt == 4 && told.trades[3] == 2);
}
END_TEST

START_TEST(it_may_begin_now)
{
    follow(0);
    traded(7, 7); /* whether it is new is not known yet */
    say(SNAPSHOT, 7);
    ck_assert(told.books == 1 && told.book_number == 7 && told.trade_cnt == 0);
    traded(8, 8);
    check_told(8, 8);
}
END_TEST

START_TEST(it_may_end_in_its_own_trade)
{
    follow(1);
    say(SNAPSHOT, 0);
    told.ends_at = 2;
    traded(1, 3);
    check_told(1, 2);
    ck_assert_uint_eq(told.books, 1);
    traded(4, 4);
    phc_follow_trades_time(client, phc_now_ms());
    check_told(1, 2);
    ck_assert_uint_eq(phc_follow_trades_due_ms(client), UINT64_MAX);
}
END_TEST

START_TEST(what_no_gateway_sends_is_refused)
{
    ck_assert_int_eq(phc_follow_trades(client, 0, 1), PHC_EINVAL);
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_TRADES, 1), PHC_EINVAL);
    ck_assert_int_eq(phc_unfollow_trades(client, PRODUCT), PHC_ENOTFOUND);
    follow(1);
    ck_assert(!phc_follow_trades_take(client, "D0000002a", 9, "", 0));
    ck_assert(phc_follow_trades_take(client, "E0000002a", 9, "\xff", 1));
    ck_assert_uint_eq(told.problems, 1);
    say(SNAPSHOT, 0);
    tell(NONE, 9, 1, 0, false); /* says that there are some, and has none */
    ck_assert_uint_eq(told.losses[PHC_LOSS_GAP], 1);
    ck_assert_uint_eq(told.trade_cnt, 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, what_was_traded_before_comes_first);
    tcase_add_test(t, a_gap_is_noticed_and_asked_for);
    tcase_add_test(t, what_is_quiet_is_asked);
    tcase_add_test(t, who_is_too_eager_waits);
    tcase_add_test(t, another_gateway_goes_on);
    tcase_add_test(t, a_long_trade_comes_in_parts);
    tcase_add_test(t, it_may_begin_now);
    tcase_add_test(t, it_may_end_in_its_own_trade);
    tcase_add_test(t, what_no_gateway_sends_is_refused);
}

int main(void)
{
    return suite_run("phc_follow_trades", add);
}
