/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/subscribers.h"

#include "tests/unit/suite.h"

#include <string.h>

enum { FILE_NUMBER = 9 };

static phg_subscribers s;

static void tear_down(void)
{
    phg_subscribers_release(&s);
}

/* Who sends as this connection from the file; NULL: nobody. */
static phg_subscriber *sender(uint64_t connection, int file)
{
    phg_subscriber *who, *ended;
    ck_assert_int_eq(phg_subscribers_find(&s, connection, file, &who, &ended), PH_OK);
    ck_assert_ptr_null(ended);
    return who;
}

static phg_subscriber *begun(uint64_t connection, int file)
{
    ck_assert_int_eq(phg_subscribers_begun(&s, file), PH_OK);
    phg_subscriber *who = sender(connection, file);
    ck_assert_ptr_nonnull(who);
    who->participant = 3;
    return who;
}

static phg_naming name(phg_subscriber *who, const char *topic)
{
    return phg_subscriber_name(&s, who, topic, strlen(topic));
}

START_TEST(a_topic_is_named_once_and_taken_back_once)
{
    phg_subscriber *who = begun(1, FILE_NUMBER);
    static const char *const topics[] = {"D00000002", "D", "P00000001", "D0000000", "?D00000002"};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(name(who, topics[i]), PHG_NAMED_NEW);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(name(who, topics[i]), PHG_NAMED_AGAIN);
    ck_assert_uint_eq(s.named[3], 9 + 1 + 9 + 8 + 10);
    phg_subscriber_topic(who, "P00000001", 9)->is_counted = true;
    ck_assert_ptr_null(phg_subscriber_topic(who, "P0000000", 8));
    ck_assert(phg_subscriber_forget(&s, who, "D", 1) && !phg_subscriber_forget(&s, who, "D", 1));
    ck_assert(phg_subscriber_topic(who, "P00000001", 9)->is_counted);
    ck_assert_uint_eq(s.named[3], 9 + 9 + 8 + 10);
}
END_TEST

/* As many topics as a flood names, named and taken back in an order of no kind, beside a list. */
START_TEST(what_is_named_is_what_was_not_taken_back)
{
    enum { TOPICS = 20000, STEPS = 200000 };
    static bool is_named[TOPICS];
    phg_subscriber *who = begun(1, FILE_NUMBER);
    uint64_t random = 1;
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        const uint32_t n = (uint32_t)(random >> 40) % TOPICS, size = n % 7 == 0 ? 5 : 4;
        uint8_t topic[5] = {(uint8_t)n, (uint8_t)(n >> 8), 1, 2, 3};
        REQUIRE((phg_subscriber_topic(who, topic, size) != NULL) == is_named[n]);
        if (random >> 63) {
            phg_naming named = phg_subscriber_name(&s, who, topic, size);
            REQUIRE(named == (is_named[n] ? PHG_NAMED_AGAIN : PHG_NAMED_NEW));
            if (!is_named[n]) phg_subscriber_topic(who, topic, size)->is_counted = n % 2 == 0;
            cnt += !is_named[n];
            is_named[n] = true;
        } else {
            REQUIRE(phg_subscriber_forget(&s, who, topic, size) == is_named[n]);
            cnt -= is_named[n];
            is_named[n] = false;
        }
        REQUIRE(who->topic_cnt == cnt);
    }
    for (uint32_t n = 0; n < TOPICS; n++) {
        uint8_t topic[5] = {(uint8_t)n, (uint8_t)(n >> 8), 1, 2, 3};
        const phg_named *is = phg_subscriber_topic(who, topic, n % 7 == 0 ? 5 : 4);
        REQUIRE((is != NULL) == is_named[n] && (!is || is->is_counted == (n % 2 == 0)));
    }
}
END_TEST

START_TEST(all_connections_of_a_participant_count_together)
{
    static uint8_t topic[1024];
    phg_subscriber *who[2] = {begun(1, 4), begun(2, 70)};
    uint32_t cnt = PHG_NAMED_BYTES_MAX / sizeof topic;
    for (uint32_t i = 0; i < cnt; i++) {
        memcpy(topic, &i, sizeof i);
        ck_assert_int_eq(phg_subscriber_name(&s, who[i % 2], topic, sizeof topic), PHG_NAMED_NEW);
    }
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_int_eq(name(who[i], "D"), PHG_NAMED_TOO_MUCH);
    phg_subscriber *other = begun(3, 71);
    other->participant = 4;
    ck_assert_int_eq(name(other, "D"), PHG_NAMED_NEW);
    phg_subscribers_ended(&s, 4);
    ck_assert_int_eq(name(who[1], "D"), PHG_NAMED_NEW);
    ck_assert_uint_eq(s.named[3], PHG_NAMED_BYTES_MAX / 2 + 1);
}
END_TEST

START_TEST(what_comes_after_the_end_is_of_nobody)
{
    ck_assert_ptr_null(sender(1, FILE_NUMBER)); /* never begun */
    ck_assert_ptr_null(sender(1, -1));
    ck_assert_ptr_null(sender(1, 1 << 30));
    (void)begun(1, FILE_NUMBER);
    phg_subscribers_ended(&s, FILE_NUMBER);
    ck_assert_ptr_null(sender(1, FILE_NUMBER));
    phg_subscriber *who = begun(5, FILE_NUMBER); /* the file is used again */
    ck_assert_ptr_null(sender(1, FILE_NUMBER));
    ck_assert_ptr_null(sender(0, FILE_NUMBER));
    ck_assert_ptr_eq(sender(5, FILE_NUMBER), who);
    ck_assert_ptr_eq(phg_subscribers_on(&s, FILE_NUMBER), who);
}
END_TEST

START_TEST(a_later_connection_ends_the_one_before)
{
    phg_subscriber *who = begun(1, FILE_NUMBER), *found, *ended;
    ck_assert_int_eq(name(who, "D"), PHG_NAMED_NEW);
    ck_assert_int_eq(phg_subscribers_find(&s, 2, FILE_NUMBER, &found, &ended), PH_OK);
    ck_assert(found == NULL && ended == who);
    who = begun(2, FILE_NUMBER);
    ck_assert(who->topic_cnt == 0 && s.named[3] == 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, a_topic_is_named_once_and_taken_back_once);
    tcase_add_test(t, what_is_named_is_what_was_not_taken_back);
    tcase_add_test(t, all_connections_of_a_participant_count_together);
    tcase_add_test(t, what_comes_after_the_end_is_of_nobody);
    tcase_add_test(t, a_later_connection_ends_the_one_before);
}

int main(void)
{
    return suite_run("subscribers", add);
}
