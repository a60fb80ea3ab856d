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
    t.symbol = s;
    t.model = t.interconnect = k;
    t.unit = k + 16;
    t.compute_type = PHC_EDGE;
    t.architecture = PHC_NPU;
    ck_assert_ptr_null(phc_encode_product(&t, UINT64_MAX, &m));
    ck_assert_uint_gt(m.size, 0);
}
END_TEST

/* Messages that fit the room and one that does not, read one after the other. */
START_TEST(a_message_is_read_in_or_beside_its_room)
{
    enum { LONGEST = 400000, STEP = 100000 };
    static char text[LONGEST + 1];
    static uint8_t bytes[LONGEST + 64];
    Petahour__V1__SessionRefused refused;
    Petahour__V1__GatewayMessage message;
    phc_unpacking u = {0};
    for (size_t length = 0; length <= LONGEST; length += STEP) {
        memset(text, 'x', length);
        petahour__v1__session_refused__init(&refused);
        refused.text = text;
        petahour__v1__gateway_message__init(&message);
        message.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_SESSION_REFUSED;
        message.session_refused = &refused;
        size_t size = petahour__v1__gateway_message__pack(&message, bytes);
        Petahour__V1__GatewayMessage *m = phc_unpack(&u, bytes, size);
        ck_assert_ptr_nonnull(m);
        ck_assert_str_eq(m->session_refused->text, text);
        ck_assert((u.asked != 0) == (length > 2 * STEP));
        phc_unpack_end(&u, m);
        ck_assert_uint_eq(u.asked, 0);
        if (length != 0) ck_assert_ptr_null(phc_unpack(&u, bytes, size - 1));
        ck_assert_uint_eq(u.asked, 0);
    }
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
    tcase_add_test(t, a_message_is_read_in_or_beside_its_room);
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
