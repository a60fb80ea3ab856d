/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/frame.h"

#include "clients/lib/decode.h"
#include "clients/lib/encode.h"
#include "tests/unit/suite.h"

#include <string.h>

static phc_frame frame;

static void begin(void)
{
    frame.cnt = 0;
    frame.size = 0;
}

static Petahour__V1__ClientFrame *read_back(void)
{
    return petahour__v1__client_frame__unpack(NULL, frame.size, frame.payload);
}

START_TEST(a_frame_is_what_protobuf_reads)
{
    phc_message m;
    phc_order o = {.client_order_id = 300,
                   .product = 7,
                   .side = PHC_SELL,
                   .shape = PHC_EACH,
                   .first_period = 498912,
                   .periods = 48,
                   .quantity = 4,
                   .price = 2500000,
                   .time_in_force = PHC_GTC,
                   .display_quantity = 2};
    ck_assert_ptr_null(phc_encode_order(&o, &m));
    ck_assert(phc_frame_put(&frame, m.bytes, m.size));
    phc_encode_heartbeat(&m);
    ck_assert(phc_frame_put(&frame, m.bytes, m.size));
    phc_encode_logon(&(phc_logon_asked){.next_report = 5,
                                        .next_contract = 6,
                                        .next_countersignature = 7,
                                        .receive = true,
                                        .cancel_on_disconnect = true,
                                        .copy_of = 4},
                     &m);
    ck_assert(phc_frame_put(&frame, m.bytes, m.size));
    Petahour__V1__ClientFrame *f = read_back();
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n_messages, 3);
    ck_assert_uint_eq(f->messages[0]->new_order->client_order_id, 300);
    ck_assert_int_eq(f->messages[0]->new_order->price, 2500000);
    ck_assert_uint_eq(f->messages[0]->new_order->display_quantity, 2);
    ck_assert_int_eq(f->messages[1]->message_case, PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_HEARTBEAT);
    const Petahour__V1__Logon *l = f->messages[2]->logon;
    ck_assert(l->next_report == 5 && l->next_contract == 6 && l->next_countersignature == 7);
    ck_assert(l->receive && l->cancel_on_disconnect && !l->take_over && l->copy_of == 4);
    petahour__v1__client_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(a_frame_holds_256_messages)
{
    phc_message m;
    phc_encode_heartbeat(&m);
    for (int i = 0; i < PHC_FRAME_MESSAGES_MAX; i++)
        ck_assert(phc_frame_put(&frame, m.bytes, m.size));
    ck_assert(!phc_frame_put(&frame, m.bytes, m.size));
    ck_assert_uint_eq(frame.cnt, PHC_FRAME_MESSAGES_MAX);
}
END_TEST

START_TEST(a_frame_never_passes_its_size)
{
    static uint8_t bytes[PHC_FRAME_PAYLOAD_MAX + 1];
    ck_assert(!phc_frame_put(&frame, bytes, sizeof bytes));
    ck_assert(!phc_frame_put(&frame, bytes, PHC_FRAME_PAYLOAD_MAX));
    ck_assert(!phc_frame_put(&frame, bytes, PHC_FRAME_PAYLOAD_MAX - 3));
    ck_assert_uint_eq(frame.size, 0);
    ck_assert(phc_frame_put(&frame, bytes, PHC_FRAME_PAYLOAD_MAX - 4));
    ck_assert_uint_eq(frame.size, PHC_FRAME_PAYLOAD_MAX);
    ck_assert(!phc_frame_put(&frame, bytes, 0));
}
END_TEST

START_TEST(a_header_says_version_and_kind)
{
    static const uint8_t good[] = {1, PHC_KIND_GATEWAY}, old[] = {0, PHC_KIND_GATEWAY};
    ck_assert(phc_frame_header_ok(good, 2, PHC_KIND_GATEWAY));
    ck_assert(!phc_frame_header_ok(good, 2, PHC_KIND_MARKET_DATA));
    ck_assert(!phc_frame_header_ok(good, 1, PHC_KIND_GATEWAY));
    ck_assert(!phc_frame_header_ok(good, 0, PHC_KIND_GATEWAY));
    ck_assert(!phc_frame_header_ok(old, 2, PHC_KIND_GATEWAY));
}
END_TEST

START_TEST(orders_that_are_no_words_of_the_protocol_are_refused)
{
    phc_message m = {.size = 77};
    phc_order good = {.client_order_id = 1,
                      .side = PHC_BUY,
                      .shape = PHC_EACH,
                      .time_in_force = PHC_GTC},
              o;
    ck_assert_ptr_null(phc_encode_order(&good, &m));
    m.size = 77;
    o = good, o.client_order_id = 0;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    o = good, o.side = (phc_side)0;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    o = good, o.side = (phc_side)3;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    o = good, o.shape = (phc_shape)0;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    o = good, o.time_in_force = (phc_time_in_force)5;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    o = good, o.self_trade = (phc_self_trade)3;
    ck_assert_ptr_nonnull(phc_encode_order(&o, &m));
    ck_assert_ptr_nonnull(phc_encode_cancel(0, 0, 1, &m));
    ck_assert_ptr_nonnull(phc_encode_phase(1, (phc_phase)0, 1, &m));
    ck_assert_ptr_nonnull(phc_encode_participant_state(1, (phc_participant_state)4, 1, &m));
    ck_assert_uint_eq(m.size, 77);
}
END_TEST

START_TEST(texts_that_do_not_fit_are_refused)
{
    phc_message m = {.size = 77};
    char long_text[80];
    memset(long_text, 'x', sizeof long_text);
    long_text[79] = '\0';
    phc_participant p = {.id = 2, .name = long_text};
    ck_assert_ptr_nonnull(phc_encode_participant(&p, 1, &m));
    p.name = "";
    ck_assert_ptr_nonnull(phc_encode_participant(&p, 1, &m));
    p.name = NULL;
    ck_assert_ptr_nonnull(phc_encode_participant(&p, 1, &m));
    p.name = "two\nlines";
    ck_assert_ptr_nonnull(phc_encode_participant(&p, 1, &m));
    ck_assert_ptr_nonnull(phc_encode_payment(true, 1, 1, "", 1, &m));
    ck_assert_ptr_nonnull(phc_encode_payment(false, 1, 1, long_text, 1, &m));
    phc_product t = {.symbol = "S",
                     .model = "M",
                     .unit = "card",
                     .compute_type = PHC_AI,
                     .architecture = PHC_GPU};
    ck_assert_ptr_null(phc_encode_product(&t, 1, &m));
    m.size = 77;
    t.unit = "longer than fifteen";
    ck_assert_ptr_nonnull(phc_encode_product(&t, 1, &m));
    t.unit = "card";
    t.compute_type = (phc_compute_type)0;
    ck_assert_ptr_nonnull(phc_encode_product(&t, 1, &m));
    ck_assert_uint_eq(m.size, 77);
}
END_TEST

/* The longest product still fits a message. */
START_TEST(the_longest_message_fits)
{
    phc_message m;
    char s[64], k[32];
    memset(s, 'x', sizeof s);
    memset(k, 'y', sizeof k);
    s[63] = '\0';
    k[31] = '\0';
    phc_product t;
    memset(&t, 0xff, sizeof t);
    t.attested_only = true; /* which has no other value */
    t.symbol = s;
    t.model = t.interconnect = k;
    t.unit = k + 16;
    t.compute_type = PHC_EDGE;
    t.architecture = PHC_NPU;
    ck_assert_ptr_null(phc_encode_product(&t, UINT64_MAX, &m));
    ck_assert_uint_gt(m.size, 0);
}
END_TEST

static size_t refusal_of(char *text, uint8_t *to)
{
    Petahour__V1__SessionRefused refused;
    Petahour__V1__GatewayMessage message;
    petahour__v1__session_refused__init(&refused);
    refused.text = text;
    petahour__v1__gateway_message__init(&message);
    message.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_SESSION_REFUSED;
    message.session_refused = &refused;
    return petahour__v1__gateway_message__pack(&message, to);
}

/* One while the one before is read, and one after the other. */
START_TEST(a_message_is_given_up_whole)
{
    enum { LONGEST = 2000000, STEP = 400000 };
    static char text[LONGEST + 1];
    static uint8_t bytes[LONGEST + 64], inner_bytes[64];
    char word[] = "inner";
    phc_unpacking u = {0};
    size_t inner_size = refusal_of(word, inner_bytes);
    for (size_t length = 0; length <= LONGEST; length += STEP) {
        memset(text, 'x', length);
        size_t size = refusal_of(text, bytes);
        Petahour__V1__GatewayMessage *m = phc_unpack(&u, bytes, size);
        ck_assert_ptr_nonnull(m);
        Petahour__V1__GatewayMessage *inner = phc_unpack(&u, inner_bytes, inner_size);
        ck_assert_ptr_nonnull(inner);
        ck_assert_str_eq(inner->session_refused->text, word);
        phc_unpack_end(&u, inner);
        ck_assert_str_eq(m->session_refused->text, text);
        phc_unpack_end(&u, m);
        ck_assert_uint_eq(u.used, 0);
        if (length != 0) ck_assert_ptr_null(phc_unpack(&u, bytes, size - 1));
        ck_assert(u.used == 0 && !u.is_full);
    }
    phc_unpack_release(&u);
}
END_TEST

static uint8_t longest[PHC_FRAME_RECEIVED_MAX + 64];

static uint8_t *put_length(uint8_t *to, size_t size)
{
    for (; size >= 0x80; size >>= 7)
        *to++ = (uint8_t)(size | 0x80);
    *to++ = (uint8_t)size;
    return to;
}

/* Field `outer` with as many empty messages of field `inner` as `size` bytes have. */
static size_t empty_messages(unsigned outer, unsigned inner, size_t size)
{
    uint8_t *p = put_length(longest, outer << 3 | 2);
    p = put_length(p, size / 2 * 2);
    for (size_t i = 0; i < size / 2; i++) {
        *p++ = (uint8_t)(inner << 3 | 2);
        *p++ = 0;
    }
    return (size_t)(p - longest);
}

START_TEST(the_longest_report_is_read)
{
    enum { SEGMENTS = 65536 }; /* of a trade: as many fills as a command has */
    const int64_t dearest = INT64_C(1000000000000000);
    static Petahour__V1__Segment all[SEGMENTS], *segments[SEGMENTS];
    Petahour__V1__ExecutionReport report;
    Petahour__V1__GatewayMessage message;
    phc_unpacking u = {0};
    petahour__v1__execution_report__init(&report);
    petahour__v1__gateway_message__init(&message);
    for (size_t i = 0; i < SEGMENTS; i++) {
        petahour__v1__segment__init(&all[i]);
        all[i].first_period = all[i].periods = all[i].quantity = UINT32_MAX;
        all[i].price = dearest;
        segments[i] = &all[i];
    }
    report.segments = segments;
    report.n_segments = SEGMENTS;
    message.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT;
    message.execution_report = &report;
    size_t size = petahour__v1__gateway_message__get_packed_size(&message);
    ck_assert_uint_le(size, PHC_FRAME_RECEIVED_MAX - 1024); /* the rest of a report fits beside */
    ck_assert_uint_eq(petahour__v1__gateway_message__pack(&message, longest), size);
    Petahour__V1__GatewayMessage *m = phc_unpack(&u, longest, size);
    ck_assert_ptr_nonnull(m);
    ck_assert_uint_eq(m->execution_report->n_segments, SEGMENTS);
    ck_assert_int_eq(m->execution_report->segments[SEGMENTS - 1]->price, dearest);
    ck_assert_uint_le(u.used, PHC_UNPACKED_MAX - (1 << 20));
    phc_unpack_end(&u, m);
    phc_unpack_release(&u);
}
END_TEST

/* Two bytes of an empty message become dozens in memory. */
START_TEST(a_message_that_grows_is_refused)
{
    enum { DEPTH_ANSWER = 42, DEPTH_ROWS = 5, POSITIONS_ANSWER = 44, POSITIONS = 3 };
    phc_unpacking u = {0};
    size_t size = empty_messages(DEPTH_ANSWER, DEPTH_ROWS, PHC_FRAME_RECEIVED_MAX - 64);
    ck_assert_ptr_null(phc_unpack(&u, longest, size));
    ck_assert(u.is_full && u.used == 0);
    size = empty_messages(POSITIONS_ANSWER, POSITIONS, 512 << 10);
    ck_assert_ptr_null(phc_unpack(&u, longest, size));
    ck_assert(u.is_full && u.used == 0);
    size = empty_messages(POSITIONS_ANSWER, POSITIONS, 512);
    Petahour__V1__GatewayMessage *m = phc_unpack(&u, longest, size);
    ck_assert_ptr_nonnull(m);
    ck_assert(!u.is_full && m->positions_answer->n_positions == 256);
    phc_unpack_end(&u, m);
    phc_unpack_release(&u);
}
END_TEST

/* As many as fit what a connection takes, of the part that is largest in memory. */
START_TEST(market_data_that_grows_has_bounds)
{
    enum { CANDLES = 17, TAG_BYTES = 3 };
    phc_unpacking u = {0};
    size_t size = 0;
    for (; size + TAG_BYTES <= PHC_MARKET_DATA_MAX; size += TAG_BYTES)
        memcpy(longest + size, (uint8_t[]){0x80 | (CANDLES << 3 & 0x7f) | 2, CANDLES >> 4, 0},
               TAG_BYTES);
    Petahour__V1__MarketDataFrame *m = phc_unpack_market_data(&u, longest, size);
    ck_assert_ptr_nonnull(m);
    ck_assert_uint_eq(m->n_candles, size / TAG_BYTES);
    ck_assert_uint_le(u.used, PHC_UNPACKED_MAX);
    size_t used = u.used;
    while (phc_unpack_market_data(&u, longest, size) != NULL)
        used = u.used;
    ck_assert(u.is_full && u.used == used); /* what was read before stays */
    phc_unpack_release(&u);
}
END_TEST

START_TEST(the_messages_of_a_frame_come_one_by_one)
{
    /* Unknown fields of every form between them, one message empty, a length with padding. */
    static const uint8_t payload[] = {0x0a, 2, 0x1a, 0, 0x10, 0x85, 0x01, 0x0a, 0x00, 0x19, 1,
                                      2,    3, 4,    5, 6,    7,    8,    0x22, 2,    9,    9,
                                      0x25, 1, 2,    3, 4,    0x0a, 0x81, 0x00, 7};
    const uint8_t *p = payload, *end = payload + sizeof payload;
    phc_frame_message m;
    ck_assert(phc_frame_is_whole(payload, sizeof payload));
    ck_assert(phc_frame_next(&p, end, &m));
    ck_assert(m.bytes == payload + 2 && m.size == 2);
    ck_assert(phc_frame_next(&p, end, &m));
    ck_assert_uint_eq(m.size, 0);
    ck_assert(phc_frame_next(&p, end, &m));
    ck_assert(m.size == 1 && m.bytes[0] == 7);
    ck_assert(!phc_frame_next(&p, end, &m));
    ck_assert_ptr_eq(p, end);
}
END_TEST

START_TEST(what_is_no_frame_is_recognised)
{
    static const struct {
        size_t size;
        uint8_t bytes[12];
    } cases[] = {
        {1, {0x0a}},             /* no length */
        {2, {0x0a, 1}},          /* cut */
        {3, {0x0a, 0x80, 0x80}}, /* a length without an end */
        {2, {0x08, 1}},          /* a message that is a number */
        {5, {0x0d, 1, 2, 3, 4}}, /* or four bytes */
        {2, {0x02, 0}},          /* field 0 */
        {2, {0x0b, 0}},          /* a group */
        {4, {0x0a, 0, 0x25, 1}}, /* four bytes that are cut */
        {3, {0x19, 1, 2}},       /* eight */
        {11, {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}}, /* longer than all */
    };
    ck_assert(phc_frame_is_whole((const uint8_t *)"", 0));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(!phc_frame_is_whole(cases[i].bytes, cases[i].size), "case %zu", i);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, a_frame_is_what_protobuf_reads);
    tcase_add_test(t, a_frame_holds_256_messages);
    tcase_add_test(t, a_frame_never_passes_its_size);
    tcase_add_test(t, a_message_is_given_up_whole);
    tcase_add_test(t, the_longest_report_is_read);
    tcase_add_test(t, a_message_that_grows_is_refused);
    tcase_add_test(t, market_data_that_grows_has_bounds);
    tcase_add_test(t, the_messages_of_a_frame_come_one_by_one);
    tcase_add_test(t, what_is_no_frame_is_recognised);
    tcase_add_test(t, a_header_says_version_and_kind);
    tcase_add_test(t, orders_that_are_no_words_of_the_protocol_are_refused);
    tcase_add_test(t, texts_that_do_not_fit_are_refused);
    tcase_add_test(t, the_longest_message_fits);
}

int main(void)
{
    return suite_run("phc_frame", add);
}
