/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/plain.h"

#include "clients/lib/encode_parts.h"

#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of all lengths, from a generator that is the same everywhere. */
static uint64_t state;

static uint64_t any(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t v = state ^ state >> 29;
    return v >> (v & 63);
}

static uint64_t any_or_none(void)
{
    uint64_t v = any();
    return any() % 3 == 0 ? 0 : v;
}

static phc_order any_order(void)
{
    return (phc_order){
        .client_order_id = any() | 1,
        .product = (uint32_t)any_or_none(),
        .side = (phc_side)(1 + any() % 2),
        .shape = (phc_shape)(1 + any() % 3),
        .first_period = (uint32_t)any_or_none(),
        .periods = (uint32_t)any_or_none(),
        .duration = (uint32_t)any_or_none(),
        .quantity = (uint32_t)any_or_none(),
        .price = (int64_t)any_or_none(),
        .time_in_force = (phc_time_in_force)(1 + any() % 4),
        .expire_at = any_or_none(),
        .all_or_none = any() % 2,
        .post_only = any() % 2,
        .display_quantity = (uint32_t)any_or_none(),
        .self_trade = (phc_self_trade)(any() % 3),
        .from_contract = any_or_none(),
    };
}

static bool is_order(const phc_order *a, const phc_order *b)
{
    return a->client_order_id == b->client_order_id && a->product == b->product &&
           a->side == b->side && a->shape == b->shape && a->first_period == b->first_period &&
           a->periods == b->periods && a->duration == b->duration && a->quantity == b->quantity &&
           a->price == b->price && a->time_in_force == b->time_in_force &&
           a->expire_at == b->expire_at && a->all_or_none == b->all_or_none &&
           a->post_only == b->post_only && a->display_quantity == b->display_quantity &&
           a->self_trade == b->self_trade && a->from_contract == b->from_contract;
}

START_TEST(every_order_is_what_protobuf_writes)
{
    state = 1;
    for (int i = 0; i < 20000; i++) {
        phc_order o = any_order();
        Petahour__V1__NewOrder m;
        phc_message by_protobuf, by_hand;
        ck_assert_ptr_null(phc_fill_order(&o, &m));
        PACK(NEW_ORDER, new_order, m, &by_protobuf);
        ck_assert_ptr_null(phc_encode_order(&o, &by_hand));
        ck_assert_uint_eq(by_hand.size, by_protobuf.size);
        ck_assert_mem_eq(by_hand.bytes, by_protobuf.bytes, by_hand.size);
    }
}
END_TEST

/* A field that is new in the protocol would be lost without a word. */
START_TEST(no_field_is_new)
{
    ck_assert_uint_eq(petahour__v1__new_order__descriptor.n_fields, 16);
    ck_assert_uint_eq(petahour__v1__execution_report__descriptor.n_fields, 32);
    ck_assert_uint_eq(petahour__v1__segment__descriptor.n_fields, 4);
}
END_TEST

/* ---- Reports --------------------------------------------------------------------------------- */

enum { SEGMENTS_MAX = 3, REPORT_MAX = 1024 };

static Petahour__V1__NewOrder order;
static Petahour__V1__Segment segments[SEGMENTS_MAX], *segment_list[SEGMENTS_MAX];
static char reason[PHC_PLAIN_TEXT_MAX];

/* Any plain report; valid until the next. */
static Petahour__V1__ExecutionReport any_report(void)
{
    Petahour__V1__ExecutionReport m;
    petahour__v1__execution_report__init(&m);
    m.stream_number = any_or_none();
    m.sequence = any_or_none();
    m.at = any_or_none();
    m.type = (Petahour__V1__ExecutionType)(1 + any() % 8);
    m.order = any_or_none();
    m.client_order_id = any_or_none();
    m.leaves = any_or_none();
    m.hold = (int64_t)any_or_none();
    m.trade = any_or_none();
    m.contract = any_or_none();
    m.product = (uint32_t)any_or_none();
    m.side = (Petahour__V1__Side)(1 + any() % 2);
    m.taker = any() % 2;
    m.notional = (int64_t)any_or_none();
    m.fee = (int64_t)any_or_none();
    m.bond = (int64_t)any_or_none();
    m.period = (uint32_t)any_or_none();
    m.ended = any_or_none();
    m.quantity = (uint32_t)any_or_none();
    m.price = (int64_t)any_or_none();
    m.group = any_or_none();
    m.from_contract = any_or_none();
    m.premium = (int64_t)any_or_none();
    m.fee_at_trade = (int64_t)any_or_none();
    phc_order o = any_order();
    ck_assert_ptr_null(phc_fill_order(&o, &order));
    if (m.type == PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ACCEPTED || any() % 4 == 0)
        m.as_understood = &order;
    memset(reason, 0, sizeof reason);
    memset(reason, 'R', any() % sizeof reason);
    m.cancel_reason = reason;
    m.n_segments = any() % (SEGMENTS_MAX + 1);
    m.segments = segment_list;
    for (size_t i = 0; i < m.n_segments; i++) {
        petahour__v1__segment__init(&segments[i]);
        segments[i].first_period = (uint32_t)any_or_none();
        segments[i].periods = (uint32_t)any_or_none();
        segments[i].quantity = (uint32_t)any_or_none();
        segments[i].price = (int64_t)any_or_none();
        segment_list[i] = &segments[i];
    }
    return m;
}

static size_t pack(Petahour__V1__ExecutionReport *m, uint8_t to[REPORT_MAX])
{
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT;
    g.execution_report = m;
    ck_assert_uint_le(petahour__v1__gateway_message__get_packed_size(&g), REPORT_MAX);
    return petahour__v1__gateway_message__pack(&g, to);
}

static bool is_report(const phc_report *a, const phc_report *b)
{
    bool is = a->stream_number == b->stream_number && a->sequence == b->sequence &&
              a->at == b->at && a->type == b->type && a->order == b->order &&
              a->client_order_id == b->client_order_id && a->leaves == b->leaves &&
              is_order(&a->as_understood, &b->as_understood) && a->hold == b->hold &&
              a->reject_code == b->reject_code && strcmp(a->reject_name, b->reject_name) == 0 &&
              strcmp(a->reject_text, b->reject_text) == 0 && a->reject_arg0 == b->reject_arg0 &&
              a->reject_arg1 == b->reject_arg1;
    is = is && a->trade == b->trade && a->contract == b->contract && a->product == b->product &&
         a->side == b->side && a->taker == b->taker && a->notional == b->notional &&
         a->fee == b->fee && a->bond == b->bond && a->segment_cnt == b->segment_cnt &&
         strcmp(a->cancel_reason, b->cancel_reason) == 0 && a->period == b->period;
    is = is && a->ended == b->ended && a->quantity == b->quantity && a->price == b->price &&
         a->group == b->group && a->from_contract == b->from_contract && a->premium == b->premium &&
         a->fee_at_trade == b->fee_at_trade && a->replayed == b->replayed;
    for (size_t i = 0; is && i < a->segment_cnt; i++) {
        const phc_segment *s = &a->segments[i], *t = &b->segments[i];
        is = s->first_period == t->first_period && s->periods == t->periods &&
             s->quantity == t->quantity && s->price == t->price;
    }
    return is;
}

static phc_segments by_hand_room, by_protobuf_room;

static void end(void)
{
    free(by_hand_room.v);
    free(by_protobuf_room.v);
    by_hand_room = by_protobuf_room = (phc_segments){0};
}

/* What the bytes are by hand, if they are taken, and by protobuf-c, which then must take them. */
static bool is_taken_alike(const uint8_t *bytes, size_t size)
{
    phc_report by_hand, by_protobuf;
    phc_plain_room room = {.segments = &by_hand_room};
    uint8_t again[REPORT_MAX];
    if (!phc_plain_report(bytes, size, &room, &by_hand)) return false;
    Petahour__V1__GatewayMessage *u = petahour__v1__gateway_message__unpack(NULL, size, bytes);
    ck_assert_ptr_nonnull(u);
    ck_assert_int_eq(u->message_case, PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT);
    ck_assert(phc_decode_report(u->execution_report, &by_protobuf_room, &by_protobuf));
    ck_assert(is_report(&by_hand, &by_protobuf));
    ck_assert_uint_eq(petahour__v1__gateway_message__get_packed_size(u), size);
    (void)petahour__v1__gateway_message__pack(u, again);
    ck_assert_mem_eq(again, bytes, size);
    petahour__v1__gateway_message__free_unpacked(u, NULL);
    return true;
}

START_TEST(every_plain_report_is_read)
{
    state = 2;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[REPORT_MAX];
        Petahour__V1__ExecutionReport m = any_report();
        bool is_rejection = m.type == PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_REJECTED;
        if (is_rejection) m.reject_code = 1 + (uint32_t)any() % 1000;
        size_t size = pack(&m, bytes);
        ck_assert(is_taken_alike(bytes, size) == !is_rejection);
        if (i >= 500) continue;
        for (size_t cut = 0; cut < size; cut++)
            ck_assert(!is_taken_alike(bytes, cut));
    }
}
END_TEST

/* What is taken is the shortest encoding, and says what protobuf-c understands. */
START_TEST(nothing_else_is_read)
{
    uint32_t taken = 0;
    state = 3;
    for (int i = 0; i < 60000; i++) {
        uint8_t bytes[REPORT_MAX];
        Petahour__V1__ExecutionReport m = any_report();
        size_t size = pack(&m, bytes);
        for (uint64_t k = any() % 3 + 1; k > 0; k--)
            bytes[any() % size] = (uint8_t)any();
        if (any() % 8 == 0) size -= any() % size;
        taken += is_taken_alike(bytes, size);
    }
    ck_assert_uint_ge(taken, 1000); /* or nothing was tried */
}
END_TEST

START_TEST(a_report_that_makes_no_sense_is_left_to_protobuf)
{
    static const struct {
        const char *what;
        size_t size;
        uint8_t bytes[12];
    } cases[] = {
        {"nothing", 0, {0}},
        {"another message", 2, {0x32, 0x00}},
        {"no type", 2, {0x2a, 0x00}},
        {"a type that is none", 4, {0x2a, 0x02, 0x20, 0x09}},
        {"an acceptance of nothing", 4, {0x2a, 0x02, 0x20, 0x01}},
        {"an order without words", 6, {0x2a, 0x04, 0x20, 0x01, 0x42, 0x00}},
        {"a trade without a side", 4, {0x2a, 0x02, 0x20, 0x03}},
        {"a field twice", 6, {0x2a, 0x04, 0x20, 0x04, 0x20, 0x04}},
        {"fields out of order", 6, {0x2a, 0x04, 0x28, 0x01, 0x20, 0x04}},
        {"a default", 6, {0x2a, 0x04, 0x20, 0x04, 0x28, 0x00}},
        {"padding", 6, {0x2a, 0x04, 0x20, 0x84, 0x00}},
        {"a field that is new", 7, {0x2a, 0x05, 0x20, 0x04, 0x88, 0x02, 0x01}},
        {"more behind it", 5, {0x2a, 0x02, 0x20, 0x04, 0x00}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        phc_report r = {.sequence = 77};
        phc_plain_room room = {.segments = &by_hand_room};
        ck_assert_msg(!phc_plain_report(cases[i].bytes, cases[i].size, &room, &r), "%s",
                      cases[i].what);
        ck_assert_uint_eq(r.sequence, 77);
    }
    ck_assert(is_taken_alike((const uint8_t[]){0x2a, 0x02, 0x20, 0x04}, 4));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, NULL, end);
    tcase_add_test(t, every_order_is_what_protobuf_writes);
    tcase_add_test(t, no_field_is_new);
    tcase_add_test(t, every_plain_report_is_read);
    tcase_add_test(t, nothing_else_is_read);
    tcase_add_test(t, a_report_that_makes_no_sense_is_left_to_protobuf);
}

int main(void)
{
    return suite_run("phc_plain", add);
}
