/* SPDX-License-Identifier: Apache-2.0 */
/* long: subscribers of every kind at one door, which share a market that moves */
/* The door of market data with real subscribers: who falls behind, names too much, leaves. */
#include "gateway/market_data/history.h"
#include "tests/unit/market_data_fixture.h"

/* Reads what is there; the numbers of stream D go on without a gap. */
static void read_all(void *s, uint64_t *number)
{
    char topic[64];
    for (frame *f; (f = read_frame(s, topic)) != NULL; free_frame(f)) {
        ck_assert_str_eq(topic, "D00000001");
        ck_assert(*number == 0 || f->stream_number == *number + 1);
        *number = f->stream_number;
    }
}

/* Reads until it is told that it was dropped, for this; false: it was not. */
static bool is_told(void *s, const char *why)
{
    char topic[64];
    bool is = false;
    for (frame *f; !is && (f = read_frame(s, topic)) != NULL; free_frame(f)) {
        is = f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_DROPPED;
        bool is_warned = f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_LIMITS;
        ck_assert_msg(!is || strstr(f->reason, why) != NULL, "%s", f->reason);
        ck_assert((is || is_warned) == (strcmp(topic, name) == 0));
    }
    return is;
}

START_TEST(who_falls_behind_is_dropped_and_told_why)
{
    uint64_t number = 0, until = deadline();
    void *lazy = subscriber(ZMQ_SUB, READER), *good = patient_subscriber(OTHER);
    subscribe(lazy, name);
    for (const char *kind = "PDG"; *kind != '\0'; kind++)
        subscribe(lazy, (const char[]){*kind, '\0'});
    subscribe(good, "D00000001");
    wait_for(2, 5, 0);
    while (dropped(PHG_DROP_SLOW) == 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "nobody was dropped");
        if (depth_number() < number + 1000) move_market(); /* no faster than the other one reads */
        turn();
        read_all(good, &number);
    }
    while (!is_told(lazy, "slowly")) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was told nothing");
        turn();
    }
    wait_for(2, 5, 0); /* it is back */
    move_market();
    while (number < depth_number()) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "the other one was not served");
        turn();
        read_all(good, &number);
    }
    ck_assert(dropped(PHG_DROP_SLOW) == 1 && dropped(PHG_DROP_TOPICS) == 0);
    ck_assert_uint_gt(phg_market_data_summed(door).lost, 0);
    (void)zmq_close(lazy);
    (void)zmq_close(good);
}
END_TEST

START_TEST(who_catches_up_stays)
{
    uint64_t number = 0, until = deadline();
    void *s = subscriber(ZMQ_SUB, READER);
    char topic[64];
    subscribe(s, "D");
    wait_for(1, 1, 0);
    while (phg_market_data_summed(door).slow == 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it did not lose a frame");
        move_market();
        turn();
    }
    /* The door's time stands still while it reads, however long that takes here. */
    stopped_ns = ph_clock_monotonic_ns();
    while (phg_market_data_summed(door).slow != 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it did not catch up");
        zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};
        while (zmq_poll(&item, 1, 200) > 0)
            for (frame *f; (f = read_frame(s, topic)) != NULL; free_frame(f))
                number = f->stream_number;
        stopped_ns += UINT64_C(100000000);
        turn();
    }
    stopped_ns += UINT64_C(10000000000);
    turn();
    ck_assert(dropped(PHG_DROP_SLOW) == 0 && dropped(PHG_DROP_TOPICS) == 0);
    ck_assert_uint_gt(phg_market_data_summed(door).lost, 0);
    ck_assert_uint_gt(number, 0);
    (void)zmq_close(s);
}
END_TEST

START_TEST(a_conflated_stream_ends_with_its_last_follower)
{
    void *first = subscriber(ZMQ_SUB, READER), *second = subscriber(ZMQ_SUB, OTHER);
    subscribe(first, "~D00000001");
    subscribe(first, "~D00000009"); /* there is none */
    subscribe(second, "~D00000001");
    subscribe(second, "~K00000001");
    wait_for(2, 4, 2);
    ck_assert_int_eq(zmq_setsockopt(first, ZMQ_UNSUBSCRIBE, "~D00000001", 10), 0);
    wait_for(2, 3, 2);
    ck_assert_int_eq(zmq_setsockopt(second, ZMQ_UNSUBSCRIBE, "~K00000001", 10), 0);
    wait_for(2, 2, 1);
    (void)zmq_close(second);
    wait_for(1, 1, 0);
    subscribe(first, "~D00000001");
    wait_for(1, 2, 1);
    (void)zmq_close(first);
    wait_for(0, 0, 0);
}
END_TEST

/* The same said twice, or taken back without having been said, changes no count. */
START_TEST(nobody_can_keep_a_conflated_stream_alive)
{
    void *raw = subscriber(ZMQ_XSUB, READER), *good = subscriber(ZMQ_SUB, OTHER);
    subscribe(good, "~D00000001");
    wait_for(1, 1, 1);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(zmq_send(raw, "\1~D00000001", 11, 0), 11);
    ck_assert_int_eq(zmq_send(raw, "\1~K00000001", 11, 0), 11);
    wait_for(2, 3, 2);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(zmq_send(raw, "\0~D00000001", 11, 0), 11);
    wait_for(2, 2, 2);
    (void)zmq_close(raw);
    wait_for(1, 1, 1);
    (void)zmq_close(good);
    wait_for(0, 0, 0);
}
END_TEST

START_TEST(who_names_too_much_is_dropped_and_told_why)
{
    char text[64];
    uint64_t number = 0, until = deadline();
    void *greedy = subscriber(ZMQ_SUB, READER), *good = patient_subscriber(OTHER);
    subscribe(good, "D00000001");
    subscribe(greedy, name);
    wait_for(2, 2, 0);
    uint32_t named = 0;
    while (dropped(PHG_DROP_TOPICS) == 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "nobody was dropped: %u of %u topics",
                      phg_market_data_counted(door).topics, named);
        snprintf(text, sizeof text, "%031u", named++);
        subscribe(greedy, text);
        turn();
        ck_assert_uint_le(phg_market_data_counted(door).topics, PHG_NAMED_BYTES_MAX / 31 + 3);
        if (named % 100 == 0) move_market();
        read_all(good, &number);
    }
    ck_assert_uint_ge(named, PHG_NAMED_BYTES_MAX / 31 - 2);
    for (uint32_t i = 0; i < named; i++) {
        snprintf(text, sizeof text, "%031u", i);
        ck_assert_int_eq(zmq_setsockopt(greedy, ZMQ_UNSUBSCRIBE, text, 31), 0);
    }
    while (!is_told(greedy, "too many topics")) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was told nothing");
        turn();
        read_all(good, &number);
    }
    (void)zmq_close(greedy);
    (void)zmq_close(good);
}
END_TEST

/* Names topics of 31 bytes until so many bytes are named; returns how many times it was told of its
   limits, and with which bytes last. */
static uint32_t name_up_to(void *s, uint32_t bytes, uint32_t *at, uint32_t *ret_told_of)
{
    char text[64], topic[64];
    uint32_t told = 0;
    for (; *at * 31 < bytes; ++*at) {
        snprintf(text, sizeof text, "%031u", *at);
        subscribe(s, text);
        turn();
    }
    wait_for(1, *at + 1, 0);
    for (frame *f; (f = read_frame(s, topic)) != NULL; free_frame(f)) {
        ck_assert_str_eq(topic, name);
        ck_assert_int_eq(f->answer, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_LIMITS);
        ck_assert_ptr_nonnull(f->limits);
        ck_assert_uint_eq(f->limits->named_bytes_max, PHG_NAMED_BYTES_MAX);
        *ret_told_of = f->limits->named_bytes;
        told++;
    }
    return told;
}

/* Nothing is asked for, so nothing else says how much is left. */
START_TEST(who_only_follows_is_told_before_it_names_too_much)
{
    const uint32_t near = PHG_NAMED_BYTES_MAX / 4 * 3;
    uint32_t at = 0, told_of = 0, told = 0;
    uint64_t until = deadline();
    void *s = subscriber(ZMQ_SUB, READER);
    subscribe(s, name);
    wait_for(1, 1, 0);
    ck_assert_uint_eq(name_up_to(s, near - 1000, &at, &told_of), 0);
    while ((told = name_up_to(s, near + 1000, &at, &told_of)) == 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was told nothing");
        turn();
    }
    ck_assert_uint_eq(told, 1);
    ck_assert(told_of >= near && told_of < near + 31);
    /* Once, until there was room again. */
    ck_assert_uint_eq(name_up_to(s, near + 3000, &at, &told_of), 0);
    const uint32_t last = at;
    for (; at > last - 200; at--) {
        char text[64];
        snprintf(text, sizeof text, "%031u", at - 1);
        ck_assert_int_eq(zmq_setsockopt(s, ZMQ_UNSUBSCRIBE, text, 31), 0);
    }
    while ((told = name_up_to(s, near + 1000, &at, &told_of)) == 0)
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was told nothing");
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(dropped(PHG_DROP_TOPICS), 0);
    (void)zmq_close(s);
}
END_TEST

/* The door takes nothing for so long that the bound on what was sent is reached first. */
START_TEST(who_sends_faster_than_is_taken_is_told_why)
{
    char text[1001];
    const char *const endpoints[PHG_INFLOW_DOORS] = {"tcp://127.0.0.1:1",
                                                     phg_market_data_endpoint(door)};
    uint64_t until = deadline();
    phg_inflow *inflow;
    ck_assert_int_eq(phg_inflow_open(endpoints, &inflow), PH_OK);
    phg_market_data_count(door, inflow);
    void *hasty = connected(ZMQ_SUB, READER, 16, -1); /* or it is back, and sends all of it again */
    subscribe(hasty, name);
    wait_for(1, 1, 0);
    for (uint32_t i = 0; i < 2 * PHG_INFLOW_MARKET_DATA_BYTES_MAX / 1000; i++) {
        snprintf(text, sizeof text, "%01000u", i);
        subscribe(hasty, text);
    }
    while (phg_inflow_ended(inflow, PHG_INFLOW_MARKET_DATA) == 0)
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was not ended");
    (void)zmq_close(hasty);
    void *back = subscriber(ZMQ_SUB, READER);
    subscribe(back, name);
    while (!is_told(back, "more than could be taken")) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "it was told nothing");
        turn();
    }
    ck_assert_uint_eq(dropped(PHG_DROP_AHEAD), 1);
    (void)zmq_close(back);
    phg_market_data_count(door, NULL);
    phg_inflow_close(inflow);
}
END_TEST

/* Asks, and turns until so many requests were answered so. */
static void ask(void *s, const char *request, phg_request_answer answer, uint64_t cnt)
{
    uint64_t until = deadline();
    subscribe(s, request);
    do {
        turn();
        ck_assert_msg(ph_clock_monotonic_ns() < until, "\"%s\": no such answer", request);
    } while (phg_market_data_summed(door).asked[answer] != cnt);
}

START_TEST(every_request_is_counted_by_its_answer)
{
    char range[64];
    void *s = subscriber(ZMQ_SUB, READER);
    stopped_ns = ph_clock_monotonic_ns(); /* what may be asked does not grow */
    subscribe(s, "D00000001");
    wait_for(1, 1, 0);
    while (depth_number() < 520) {
        move_market();
        turn();
    }
    ask(s, "?D00000001", PHG_REQUEST_SNAPSHOT, 1);
    ask(s, "?D00000009", PHG_REQUEST_UNKNOWN, 1);
    ask(s, "?D00000001:0000000000000001-0000000000000002", PHG_REQUEST_NOT_KEPT, 1);
    for (uint32_t i = 0; i < 5; i++) {
        snprintf(range, sizeof range, "?D00000001:%016x-%016x", 10u + i, 509u + i);
        ask(s, range, PHG_REQUEST_RANGE, i + UINT64_C(1));
    }
    ask(s, "?D00000001:000000000000000a-000000000000000b", PHG_REQUEST_BUSY, 1);
    subscribe(s, "nothing");
    wait_for(1, 11, 0);
    const phg_market_data_totals t = phg_market_data_summed(door);
    ck_assert(t.asked[PHG_REQUEST_SNAPSHOT] == 1 && t.asked[PHG_REQUEST_RANGE] == 5);
    ck_assert(t.asked[PHG_REQUEST_NOT_KEPT] == 1 && t.asked[PHG_REQUEST_UNKNOWN] == 1);
    ck_assert(t.asked[PHG_REQUEST_BUSY] == 1 && t.sent_again == 2500 && t.no_topics == 1);
    ck_assert(t.lost == 0 && t.slow == 0);
    (void)zmq_close(s);
}
END_TEST

/* Frames that are there, by their topics; those of others are a mistake. */
static uint32_t read_frames(void *s, const char *topic)
{
    char name_of[64];
    uint32_t cnt = 0;
    for (frame *f; (f = read_frame(s, name_of)) != NULL; free_frame(f), cnt++)
        ck_assert_str_eq(name_of, topic);
    return cnt;
}

/* Turns until a frame is there. */
static frame *wait_for_frame(void *s, char *topic)
{
    uint64_t until = deadline();
    frame *f;
    while ((f = read_frame(s, topic)) == NULL) {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "no frame came");
        turn();
    }
    return f;
}

/* One subscribes to everything again and again; another one, who reads the prices of a product,
   receives what happens and nothing else. */
START_TEST(nobody_receives_what_another_one_asked_for)
{
    char topic[64];
    void *restless = subscriber(ZMQ_SUB, READER), *quiet = subscriber(ZMQ_SUB, OTHER);
    subscribe(quiet, "P00000001");
    wait_for(1, 1, 0);
    move_prices();
    frame *f = wait_for_frame(quiet, topic);
    uint64_t number = f->stream_number;
    free_frame(f);
    while (read_frames(quiet, "P00000001") != 0)
        turn();
    for (int i = 0; i < 50; i++) {
        subscribe(restless, "P");
        wait_for(2, 2, 0);
        ck_assert_int_eq(zmq_setsockopt(restless, ZMQ_UNSUBSCRIBE, "P", 1), 0);
        wait_for(2, 1, 0);
    }
    move_prices();
    f = wait_for_frame(quiet, topic);
    ck_assert_str_eq(topic, "P00000001");
    ck_assert_uint_eq(f->stream_number, number + 1);
    ck_assert(f->n_phases == 0 && f->n_best_prices == 1);
    free_frame(f);
    ask(restless, "?P00000001", PHG_REQUEST_SNAPSHOT, 1);
    f = wait_for_frame(restless, topic);
    while (strcmp(topic, "?P00000001") != 0) {
        free_frame(f);
        f = wait_for_frame(restless, topic);
    }
    ck_assert(f->n_phases == 1 && f->stream_number == number + 1 && !f->more && f->checksum != 0);
    free_frame(f);
    move_prices();
    f = wait_for_frame(quiet, topic);
    ck_assert_uint_eq(f->stream_number, number + 2);
    free_frame(f);
    ck_assert_uint_eq(read_frames(quiet, "P00000001"), 0);
    (void)zmq_close(restless);
    (void)zmq_close(quiet);
}
END_TEST

/* The last offer is taken. */
static void trade_last(uint64_t trade_number)
{
    const ph_window w = {HOUR + 10, 1};
    ph_command c = new_order(OTHER, ++next_order, PH_SIDE_BUY, w, 1, 2000);
    ph_event e[] = {accepted(next_order, 0),
                    trade(trade_number, next_order, 0, next_order - 1, 0, 1),
                    segment(HOUR + 10, 1, 1, 900)};
    e[1].u.trade.buyer.v = OTHER;
    e[1].u.trade.seller.v = e[1].u.trade.supplier.v = READER;
    ck_assert_int_eq(take(&replica, c, e, 3), PH_OK);
}

/* Reads an answer to the end; of the trades in it the first and the last number. */
static Petahour__V1__StreamAnswer read_trades(void *s, const char *request, uint64_t *first,
                                              uint64_t *last)
{
    char topic[64];
    *first = *last = 0;
    for (;;) {
        frame *f = wait_for_frame(s, topic);
        Petahour__V1__StreamAnswer answer = f->answer;
        ck_assert_str_eq(topic, request);
        for (size_t i = 0; i < f->n_trades; i++) {
            ck_assert(*last == 0 || f->trades[i]->number == *last + 1);
            *last = f->trades[i]->number;
            if (*first == 0) *first = *last;
        }
        ck_assert(f->n_trades == 0 || f->stream_number == *last);
        free_frame(f);
        if (answer != PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED) return answer;
    }
}

/* However many there were, nobody having followed them, and to who asked alone. */
START_TEST(every_trade_can_be_asked_for)
{
    enum { TRADES = 2 * PHG_HISTORY_FRAMES };
    uint64_t first, last;
    char topic[64];
    void *s = subscriber(ZMQ_SUB, READER), *other = subscriber(ZMQ_SUB, OTHER);
    for (uint64_t n = 1; n <= TRADES; n++) {
        move_prices();
        trade_last(n);
        turn();
    }
    subscribe(other, "E");
    wait_for(1, 1, 0);
    const char *all = "?E00000001:0000000000000001-ffffffffffffffff";
    ask(s, all, PHG_REQUEST_RANGE, 1);
    ck_assert_int_eq(read_trades(s, all, &first, &last),
                     PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END);
    ck_assert(first == 1 && last == TRADES);
    const uint64_t sent_again = phg_market_data_summed(door).sent_again;
    ck_assert(sent_again > 1 && sent_again <= PHG_TAPE_FRAMES_MAX);
    const char *few = "?E00000001:00000000000000ff-0000000000000100";
    ask(s, few, PHG_REQUEST_RANGE, 2);
    ck_assert_int_eq(read_trades(s, few, &first, &last),
                     PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END);
    ck_assert(first == 255 && last == 256);
    const char *none = "?E00000001:0000000000000401-0000000000000401";
    ask(s, none, PHG_REQUEST_NOT_KEPT, 1);
    ck_assert_int_eq(read_trades(s, none, &first, &last),
                     PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_NOT_KEPT);
    ask(s, "?E00000001", PHG_REQUEST_SNAPSHOT, 1);
    frame *f = wait_for_frame(s, topic);
    ck_assert(f->stream_number == TRADES && f->n_trades == 0 && f->limits != NULL);
    free_frame(f);
    ask(s, "?E00000009", PHG_REQUEST_UNKNOWN, 1);
    move_prices();
    trade_last(TRADES + 1);
    f = wait_for_frame(other, topic);
    ck_assert_str_eq(topic, "E00000001");
    ck_assert(f->stream_number == TRADES + 1 && f->n_trades == 1);
    ck_assert_uint_eq(f->trades[0]->number, TRADES + 1);
    free_frame(f);
    ask(s, "?P00000001", PHG_REQUEST_SNAPSHOT, 2);
    while (f = wait_for_frame(s, topic), strcmp(topic, "?P00000001") != 0)
        free_frame(f);
    ck_assert(f->trades_so_far == TRADES + 1 && f->n_trades == 0);
    free_frame(f);
    subscribe(other, "P");
    wait_for(2, 8, 0);
    move_prices();
    trade_last(TRADES + 2);
    while (f = wait_for_frame(other, topic), topic[0] != 'P')
        free_frame(f);
    ck_assert(f->n_trades == 1 && f->trades[0]->number == TRADES + 2 && f->trades_so_far == 0);
    free_frame(f);
    (void)zmq_close(s);
    (void)zmq_close(other);
}
END_TEST

/* What a long answer is worth is paid before the next. */
START_TEST(trades_are_paid_for_by_frames)
{
    uint64_t trades = 0, asked = 0;
    char request[64];
    void *s = subscriber(ZMQ_SUB, READER);
    stopped_ns = ph_clock_monotonic_ns(); /* what may be asked does not grow */
    while (trades < 20000) {
        move_prices();
        trade_last(++trades);
    }
    while (phg_market_data_summed(door).asked[PHG_REQUEST_BUSY] == 0) {
        snprintf(request, sizeof request, "?E00000001:%016x-ffffffffffffffff",
                 1 + (unsigned)asked++);
        subscribe(s, request);
        uint64_t until = deadline();
        const phg_market_data_totals before = phg_market_data_summed(door);
        phg_market_data_totals t = before;
        while (t.asked[PHG_REQUEST_RANGE] + t.asked[PHG_REQUEST_BUSY] < asked) {
            turn();
            t = phg_market_data_summed(door);
            ck_assert_msg(ph_clock_monotonic_ns() < until, "\"%s\": no answer", request);
        }
        ck_assert_uint_le(t.sent_again - before.sent_again, PHG_TAPE_FRAMES_MAX);
    }
    /* 2,048 frames at once: each answer has 32, and the word that ends it. */
    ck_assert_uint_eq(asked, 2048 / (PHG_TAPE_FRAMES_MAX + 1) + 2);
    (void)zmq_close(s);
}
END_TEST

/* Nobody gets more by another key. */
START_TEST(keys_of_a_participant_share_what_it_may_ask)
{
    ph_command c = {.kind = PH_CMD_ADD_KEY, .sender = {READER}};
    c.u.key.use = PH_KEY_CONNECTION;
    ck_assert_int_eq(
        zmq_curve_keypair(public_text[SECOND_OF_READER], secret_text[SECOND_OF_READER]), 0);
    ck_assert_ptr_nonnull(zmq_z85_decode(c.u.key.key.b, public_text[SECOND_OF_READER]));
    ck_assert_int_eq(take_done(&replica, c), PH_OK);
    void *first = subscriber(ZMQ_SUB, READER), *second = subscriber(ZMQ_SUB, SECOND_OF_READER);
    void *other = subscriber(ZMQ_SUB, OTHER);
    stopped_ns = ph_clock_monotonic_ns(); /* what may be asked does not grow */
    subscribe(first, "D00000001");
    wait_for(1, 1, 0);
    while (depth_number() < 512) {
        move_market();
        turn();
    }
    ask(first, "?D00000001:0000000000000001-0000000000000200", PHG_REQUEST_RANGE, 1);
    ask(first, "?D00000001:0000000000000002-0000000000000200", PHG_REQUEST_RANGE, 2);
    ask(first, "?D00000001:0000000000000003-0000000000000200", PHG_REQUEST_RANGE, 3);
    ask(first, "?D00000001:0000000000000004-0000000000000200", PHG_REQUEST_RANGE, 4);
    ask(second, "?D00000001", PHG_REQUEST_SNAPSHOT, 1);
    ask(second, "?D00000001:0000000000000001-0000000000000001", PHG_REQUEST_RANGE, 5);
    ask(second, "?D00000001:0000000000000002-0000000000000002", PHG_REQUEST_BUSY, 1);
    ask(other, "?D00000001", PHG_REQUEST_SNAPSHOT, 2);
    (void)zmq_close(first);
    (void)zmq_close(second);
    (void)zmq_close(other);
}
END_TEST

/* The answer to a request: its frames but the last are dropped. */
static frame *answer_of(void *s, const char *request)
{
    char topic[64];
    frame *f;
    subscribe(s, request);
    while ((f = wait_for_frame(s, topic))->answer == 0)
        free_frame(f);
    ck_assert_str_eq(topic, request);
    return f;
}

static void check_left(void *s, const char *request, uint32_t answers_left, uint32_t named_bytes)
{
    frame *f = answer_of(s, request);
    ck_assert_msg(f->limits != NULL, "%s: no limits are told", request);
    ck_assert_uint_eq(f->limits->answers_per_second, 256);
    ck_assert_uint_eq(f->limits->answer_burst, 2048);
    ck_assert_uint_eq(f->limits->answers_left, answers_left);
    ck_assert_uint_eq(f->limits->named_bytes, named_bytes);
    ck_assert_uint_eq(f->limits->named_bytes_max, PHG_NAMED_BYTES_MAX);
    free_frame(f);
}

/* Every answer tells what is left after it; what is sent to everybody says nothing of one. */
START_TEST(an_answer_tells_what_is_left)
{
    char topic[64];
    void *s = subscriber(ZMQ_SUB, READER);
    zmq_setsockopt(s, ZMQ_RCVHWM, &(int){0}, sizeof(int));
    stopped_ns = ph_clock_monotonic_ns(); /* what may be asked does not grow */
    subscribe(s, "D00000001");
    wait_for(1, 1, 0);
    for (int i = 0; i < 4; i++) {
        move_market();
        turn();
        frame *f = wait_for_frame(s, topic);
        ck_assert(f->answer == 0 && f->limits == NULL);
        free_frame(f);
    }
    check_left(s, "?D00000001", 2047, 9 + 10);
    check_left(s, "?D00000009", 2046, 9 + 20);
    check_left(s, "?D00000001:0000000000000001-0000000000000003", 2042, 9 + 20 + 44);
    (void)zmq_close(s);
}
END_TEST

/* Who comes before the product is served when it is there. */
START_TEST(what_is_not_there_yet_comes_when_it_is)
{
    char topic[64];
    void *s = subscriber(ZMQ_SUB, READER);
    subscribe(s, "~D00000002");
    subscribe(s, "P00000002");
    wait_for(1, 2, 0);
    ck_assert_int_eq(take_done(&replica, list_product(2)), PH_OK);
    frame *f = wait_for_frame(s, topic);
    ck_assert_str_eq(topic, "~D00000002");
    ck_assert_int_eq(f->answer, PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
    free_frame(f);
    wait_for(1, 2, 1);
    ph_command c = new_order(READER, 1, PH_SIDE_SELL, (ph_window){HOUR + 10, 1}, 1, 1000);
    c.u.order.product.v = 2;
    ph_event e = accepted(1, 0);
    ck_assert_int_eq(take(&replica, c, &e, 1), PH_OK);
    f = wait_for_frame(s, topic);
    ck_assert_str_eq(topic, "P00000002");
    ck_assert_uint_eq(f->stream_number, 1);
    free_frame(f);
    (void)zmq_close(s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, who_falls_behind_is_dropped_and_told_why);
    tcase_add_test(t, who_catches_up_stays);
    tcase_add_test(t, a_conflated_stream_ends_with_its_last_follower);
    tcase_add_test(t, nobody_can_keep_a_conflated_stream_alive);
    tcase_add_test(t, who_names_too_much_is_dropped_and_told_why);
    tcase_add_test(t, who_only_follows_is_told_before_it_names_too_much);
    tcase_add_test(t, who_sends_faster_than_is_taken_is_told_why);
    tcase_add_test(t, every_request_is_counted_by_its_answer);
    tcase_add_test(t, an_answer_tells_what_is_left);
    tcase_add_test(t, nobody_receives_what_another_one_asked_for);
    tcase_add_test(t, keys_of_a_participant_share_what_it_may_ask);
    tcase_add_test(t, every_trade_can_be_asked_for);
    tcase_add_test(t, trades_are_paid_for_by_frames);
    tcase_add_test(t, what_is_not_there_yet_comes_when_it_is);
}

int main(void)
{
    return suite_run("market_data", add);
}
