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

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_stream_ends_in_its_own_book);
    tcase_add_test(t, a_phase_that_is_not_listed_makes_no_book);
    tcase_add_test(t, a_stream_ends_in_its_own_loss);
    tcase_add_test(t, why_it_was_dropped_is_handed_over);
    tcase_add_test(t, a_stream_that_ended_may_begin_again);
}

int main(void)
{
    return suite_run("phc_follow", add);
}
