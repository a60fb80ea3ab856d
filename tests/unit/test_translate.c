/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate.h"

#include "petahour/v1/session.pb-c.h"

#include "gateway/translate/translate_buffers.h"
#include "tests/unit/suite.h"

#include <string.h>

static phg_translator *translator;
static phg_in_frame in;
static char why[PHG_WHY_SIZE];
static uint8_t bytes[PHG_FRAME_BYTES_MAX + 1024];

static void set_up(void)
{
    ck_assert_int_eq(phg_translator_open(&translator), PH_OK);
    why[0] = '\0';
}

static void tear_down(void)
{
    phg_translator_close(translator);
}

static size_t pack_frame(Petahour__V1__ClientMessage *message, size_t cnt)
{
    static Petahour__V1__ClientMessage *messages[300];
    Petahour__V1__ClientFrame frame;
    petahour__v1__client_frame__init(&frame);
    for (size_t i = 0; i < cnt; i++)
        messages[i] = message;
    frame.n_messages = cnt;
    frame.messages = messages;
    ck_assert_uint_le(petahour__v1__client_frame__get_packed_size(&frame), sizeof bytes);
    return petahour__v1__client_frame__pack(&frame, bytes);
}

static Petahour__V1__NewOrder an_order(void)
{
    Petahour__V1__NewOrder o;
    petahour__v1__new_order__init(&o);
    o.client_order_id = UINT64_MAX;
    o.product = 7;
    o.side = PETAHOUR__V1__SIDE__SIDE_SELL;
    o.shape = PETAHOUR__V1__SHAPE__SHAPE_BLOCK;
    o.first_period = 498912;
    o.periods = 24;
    o.quantity = 8;
    o.price = -5;
    o.time_in_force = PETAHOUR__V1__TIME_IN_FORCE__TIME_IN_FORCE_GTT;
    o.expire_at = 12345;
    o.all_or_none = 1;
    return o;
}

static size_t pack_order(Petahour__V1__NewOrder *o, size_t cnt)
{
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_NEW_ORDER;
    m.new_order = o;
    return pack_frame(&m, cnt);
}

static bool takes(size_t size)
{
    return phg_translate_in(translator, bytes, size, &in, why);
}

START_TEST(an_order_arrives_field_by_field)
{
    Petahour__V1__NewOrder o = an_order();
    ck_assert(takes(pack_order(&o, 1)));
    ck_assert_uint_eq(in.cnt, 1);
    ck_assert_int_eq(in.v[0].kind, PHG_IN_COMMAND);
    const ph_command *c = &in.v[0].u.command;
    ck_assert_int_eq(c->kind, PH_CMD_NEW_ORDER);
    ck_assert_uint_eq(c->sender.v, 0);
    ck_assert_uint_eq(c->u.order.client_order_id, UINT64_MAX);
    ck_assert_uint_eq(c->u.order.product.v, 7);
    ck_assert_int_eq(c->u.order.side, PH_SIDE_SELL);
    ck_assert_int_eq(c->u.order.shape, PH_SHAPE_BLOCK);
    ck_assert_uint_eq(c->u.order.window.first, 498912);
    ck_assert_uint_eq(c->u.order.window.periods, 24);
    ck_assert_int_eq(c->u.order.price, -5);
    ck_assert_int_eq(c->u.order.time_in_force, PH_TIF_GTT);
    ck_assert_uint_eq(c->u.order.expire_at.ns, 12345);
    ck_assert(c->u.order.all_or_none && !c->u.order.post_only);
    ck_assert_int_eq(c->u.order.stp, PH_STP_CANCEL_INCOMING);
}
END_TEST

START_TEST(a_frame_carries_at_most_256_messages)
{
    Petahour__V1__NewOrder o = an_order();
    ck_assert(takes(pack_order(&o, 256)));
    ck_assert_uint_eq(in.cnt, 256);
    ck_assert(!takes(pack_order(&o, 257)));
    ck_assert_ptr_nonnull(strstr(why, "256"));
    ck_assert(!takes(0));
}
END_TEST

START_TEST(enumerations_outside_their_lists_are_refused)
{
    for (int field = 0; field < 4; field++) {
        for (int v = -1; v <= 99; v += 1) {
            Petahour__V1__NewOrder o = an_order();
            int max[] = {PH_SIDE_SELL, PH_SHAPE_FLEX, PH_TIF_FOK, PH_STP_CANCEL_RESTING};
            if (field == 0) o.side = (Petahour__V1__Side)v;
            if (field == 1) o.shape = (Petahour__V1__Shape)v;
            if (field == 2) o.time_in_force = (Petahour__V1__TimeInForce)v;
            if (field == 3) o.self_trade_prevention = (Petahour__V1__SelfTradePrevention)v;
            bool is_listed = v >= (field == 3 ? 0 : 1) && v <= max[field];
            ck_assert_int_eq(takes(pack_order(&o, 1)), is_listed);
        }
    }
    ck_assert_ptr_nonnull(strstr(why, "self_trade_prevention"));
    ck_assert_ptr_nonnull(strstr(why, "message 1"));
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    Petahour__V1__NewOrder o = an_order();
    size_t size = pack_order(&o, 3);
    for (size_t cut = 0; cut < size; cut++) {
        if (cut == size / 3 || cut == size / 3 * 2) continue; /* whole messages */
        ck_assert(!takes(cut));
    }
    ck_assert(takes(size));
}
END_TEST

START_TEST(unknown_fields_are_refused_at_any_depth)
{
    static const struct {
        const char *what;
        uint8_t v[24];
        size_t size;
    } rows[] = {
        {"in the frame", {0x10, 0x01}, 2},
        {"in the frame, after a heartbeat", {0x0a, 0x02, 0x1a, 0x00, 0x10, 0x01}, 6},
        {"in a message", {0x0a, 0x05, 0x1a, 0x00, 0xf8, 0x07, 0x01}, 7},
        {"a message of a kind that is not known", {0x0a, 0x03, 0x9a, 0x06, 0x00}, 5},
        {"in a heartbeat", {0x0a, 0x04, 0x1a, 0x02, 0x08, 0x01}, 6},
        {"in a product", {0x0a, 0x07, 0x5a, 0x05, 0x12, 0x03, 0xf8, 0x07, 0x01}, 9},
        {"in an order of a group", {0x0a, 8, 0x92, 0x01, 5, 0x12, 3, 0xa0, 0x1f, 1}, 10},
        {"nothing in a message", {0x0a, 0x00}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(bytes, rows[i].v, rows[i].size);
        ck_assert_msg(!takes(rows[i].size), "%s", rows[i].what);
        ck_assert_msg(strstr(why, "known") != NULL, "%s: %s", rows[i].what, why);
    }
}
END_TEST

START_TEST(only_the_shortest_encoding_is_taken)
{
    static const struct {
        const char *what;
        uint8_t v[24];
        size_t size;
    } rows[] = {
        {"a zero that is the default", {0x0a, 0x05, 0x32, 0x03, 0x08, 0x00, 0x10}, 7},
        {"request 0 given", {0x0a, 0x04, 0x32, 0x02, 0x08, 0x00}, 6},
        {"a field given twice", {0x0a, 0x06, 0x32, 0x04, 0x08, 0x01, 0x08, 0x02}, 8},
        {"a varint with padding", {0x0a, 0x05, 0x32, 0x03, 0x08, 0x81, 0x00}, 7},
        {"a length with padding", {0x0a, 0x82, 0x00, 0x1a, 0x00}, 5},
        {"two kinds in one message", {0x0a, 0x04, 0x12, 0x00, 0x1a, 0x00}, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(bytes, rows[i].v, rows[i].size);
        ck_assert_msg(!takes(rows[i].size), "%s", rows[i].what);
    }
    memcpy(bytes, (const uint8_t[]){0x0a, 0x02, 0x1a, 0x00}, 4);
    ck_assert(takes(4));
    ck_assert_int_eq(in.v[0].kind, PHG_IN_HEARTBEAT);
}
END_TEST

/* 65,536 bytes of empty messages, of messages in messages, of unknown fields: refused, and never
   more memory than the arena. */
START_TEST(small_frames_do_not_become_large)
{
    size_t size = PHG_FRAME_BYTES_MAX;
    for (size_t i = 0; i + 1 < size; i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0x00;
    }
    /* Size and number are looked at before anything is unpacked. */
    translator->arena_used = 0;
    ck_assert(!takes(size));
    ck_assert(!takes(size + 1));
    ck_assert(!takes(2 * (PHG_FRAME_MESSAGES_MAX + 1)));
    ck_assert_uint_eq(translator->arena_used, 0);
    ck_assert(!takes(2)); /* one is unpacked, and says nothing */
    ck_assert_uint_gt(translator->arena_used, 0);
    /* One message of nothing but unknown fields. */
    static const uint8_t head[4] = {0x0a, 0xfc, 0xff, 0x03};
    memcpy(bytes, head, sizeof head);
    for (size_t i = 4; i + 2 < size; i += 3) {
        bytes[i] = 0xf8;
        bytes[i + 1] = 0x07;
        bytes[i + 2] = 0x01;
    }
    ck_assert(!takes(size));
    ck_assert_uint_le(translator->arena_used, PHG_ARENA_SIZE);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert(!takes(size));
    ck_assert(!takes(size + 1));
    ck_assert_ptr_nonnull(strstr(why, "65536"));
}
END_TEST

static Petahour__V1__RegisterParticipant a_participant(void)
{
    static uint8_t key[40];
    Petahour__V1__RegisterParticipant p;
    petahour__v1__register_participant__init(&p);
    static char name[] = "Ulanqab Compute";
    p.request = 5;
    p.id = 2;
    p.roles = 1;
    p.name = name;
    p.curve_key = (ProtobufCBinaryData){32, key};
    p.sign_key = (ProtobufCBinaryData){32, key};
    return p;
}

static bool takes_participant(Petahour__V1__RegisterParticipant *p)
{
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_PARTICIPANT;
    m.register_participant = p;
    return takes(pack_frame(&m, 1));
}

START_TEST(keys_have_32_bytes)
{
    Petahour__V1__RegisterParticipant p = a_participant();
    ck_assert(takes_participant(&p));
    ck_assert_str_eq(in.v[0].u.command.u.participant.name.s, "Ulanqab Compute");
    for (size_t size = 0; size <= 40; size++) {
        p = a_participant();
        p.curve_key.len = size;
        ck_assert_int_eq(takes_participant(&p), size == 32);
        p = a_participant();
        p.sign_key.len = size;
        ck_assert_int_eq(takes_participant(&p), size == 32);
    }
    ck_assert_ptr_nonnull(strstr(why, "sign_key"));
}
END_TEST

START_TEST(texts_fit_and_have_no_control_characters)
{
    char name[80];
    memset(name, 'x', sizeof name);
    for (size_t size = 60; size < 70; size++) {
        Petahour__V1__RegisterParticipant p = a_participant();
        name[size] = '\0';
        p.name = name;
        ck_assert_int_eq(takes_participant(&p), size <= 63);
        name[size] = 'x';
    }
    ck_assert_ptr_nonnull(strstr(why, "name"));
    static char bell[] = "a\ab";
    Petahour__V1__RegisterParticipant p = a_participant();
    p.name = bell;
    ck_assert(!takes_participant(&p));
}
END_TEST

/* A zero byte would cut the text short without a word. */
START_TEST(a_zero_byte_in_a_text_is_refused)
{
    Petahour__V1__RegisterParticipant p = a_participant();
    ck_assert(takes_participant(&p));
    size_t size = 0;
    while (memcmp(bytes + size, "Ulanqab", 7) != 0)
        size++;
    bytes[size + 3] = '\0';
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_PARTICIPANT;
    p = a_participant();
    m.register_participant = &p;
    uint8_t copy[512];
    memcpy(copy, bytes, sizeof copy);
    size_t whole = pack_frame(&m, 1);
    memcpy(bytes, copy, sizeof copy);
    ck_assert(!takes(whole));
}
END_TEST

START_TEST(any_byte_changed_is_refused_or_means_something_else)
{
    Petahour__V1__NewOrder o = an_order();
    size_t size = pack_order(&o, 2);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            pack_order(&o, 2);
            bytes[i] = (uint8_t)(bytes[i] ^ (1 << bit));
            if (!takes(size)) ck_assert_str_ne(why, "");
        }
    }
}
END_TEST

START_TEST(a_product_comes_back_as_it_was_listed)
{
    phg_catalogue c = {0};
    ph_command list = {.kind = PH_CMD_LIST_PRODUCT};
    list.u.product = (ph_product_terms){.id = {1},
                                        .symbol = {"EDGE.X"},
                                        .compute_type = PH_COMPUTE_EDGE,
                                        .architecture = PH_ARCH_NPU,
                                        .model = {"m"},
                                        .unit = {"core"},
                                        .hardware = {3},
                                        .tick = INT64_MAX,
                                        .bond_fixed = -1,
                                        .terms_hash = {{1, 2, 3}}};
    ph_event e = {.kind = PH_EVT_DONE, .u.done = {PH_CMD_LIST_PRODUCT, 0}};
    ck_assert_int_eq(phg_catalogue_take(&c, &list, &e), PH_OK);
    phg_bytes row = phg_translate_catalogue_row(translator, 9, &c, 0);
    Petahour__V1__GatewayFrame *frame = petahour__v1__gateway_frame__unpack(NULL, row.size, row.p);
    ck_assert_ptr_nonnull(frame);
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    Petahour__V1__ListProduct p;
    petahour__v1__list_product__init(&p);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LIST_PRODUCT;
    m.list_product = &p;
    p.product = frame->messages[0]->catalogue_entry->product;
    ck_assert(takes(pack_frame(&m, 1)));
    ck_assert_int_eq(memcmp(&in.v[0].u.command.u.product, &list.u.product, sizeof list.u.product),
                     0);
    petahour__v1__gateway_frame__free_unpacked(frame, NULL);
    ck_assert_uint_eq(phg_translate_catalogue_row(translator, 9, &c, 1).size, 0);
    phg_catalogue_release(&c);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, an_order_arrives_field_by_field);
    tcase_add_test(t, a_frame_carries_at_most_256_messages);
    tcase_add_test(t, enumerations_outside_their_lists_are_refused);
    tcase_add_test(t, every_truncation_is_refused);
    tcase_add_test(t, unknown_fields_are_refused_at_any_depth);
    tcase_add_test(t, only_the_shortest_encoding_is_taken);
    tcase_add_test(t, small_frames_do_not_become_large);
    tcase_add_test(t, keys_have_32_bytes);
    tcase_add_test(t, texts_fit_and_have_no_control_characters);
    tcase_add_test(t, a_zero_byte_in_a_text_is_refused);
    tcase_add_test(t, any_byte_changed_is_refused_or_means_something_else);
    tcase_add_test(t, a_product_comes_back_as_it_was_listed);
}

int main(void)
{
    return suite_run("translate", add);
}
