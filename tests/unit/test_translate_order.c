/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate_order.h"

#include "engine/wire/codec.h"

#include "tests/unit/suite.h"

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

static ph_new_order any_order(void)
{
    return (ph_new_order){
        .client_order_id = any_or_none(),
        .product = {(uint32_t)any_or_none()},
        .side = (ph_side)(any() % 3),
        .shape = (ph_shape)(any() % 4),
        .window = {(uint32_t)any_or_none(), (uint32_t)any_or_none()},
        .duration = (uint32_t)any_or_none(),
        .quantity = (uint32_t)any_or_none(),
        .price = (int64_t)any_or_none(),
        .time_in_force = (ph_time_in_force)(any() % 5),
        .expire_at = {any_or_none()},
        .all_or_none = any() % 2,
        .post_only = any() % 2,
        .display_quantity = (uint32_t)any_or_none(),
        .stp = (ph_stp)(any() % 4),
        .from_contract = {any_or_none()},
    };
}

static bool is_order(const Petahour__V1__NewOrder *m, const ph_new_order *o)
{
    return m->client_order_id == o->client_order_id && m->product == o->product.v &&
           (int)m->side == (int)o->side && (int)m->shape == (int)o->shape &&
           m->first_period == o->window.first && m->periods == o->window.periods &&
           m->duration == o->duration && m->quantity == o->quantity && m->price == o->price &&
           (int)m->time_in_force == (int)o->time_in_force && m->expire_at == o->expire_at.ns &&
           m->all_or_none == o->all_or_none && m->post_only == o->post_only &&
           m->display_quantity == o->display_quantity &&
           (int)m->self_trade_prevention == (int)o->stp && m->from_contract == o->from_contract.v;
}

static ph_event any_segment(void)
{
    ph_event e = {.kind = PH_EVT_SEGMENT};
    e.u.segment = (ph_segment){{(uint32_t)any_or_none(), (uint32_t)any_or_none()},
                               (uint32_t)any_or_none(),
                               (int64_t)any_or_none()};
    return e;
}

static bool is_segment(const Petahour__V1__Segment *m, const ph_segment *s)
{
    return m->first_period == s->window.first && m->periods == s->window.periods &&
           m->quantity == s->quantity && m->price == s->price;
}

static size_t pack_order(const Petahour__V1__NewOrder *o, uint8_t *to)
{
    Petahour__V1__NewOrder copy = *o;
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_NEW_ORDER;
    m.new_order = &copy;
    return petahour__v1__client_message__pack(&m, to);
}

START_TEST(every_report_is_what_protobuf_writes)
{
    state = 1;
    for (int i = 0; i < 20000; i++) {
        ph_new_order order = any_order();
        ph_event segments[PHG_PLAIN_SEGMENTS_MAX];
        for (uint32_t k = 0; k < PHG_PLAIN_SEGMENTS_MAX; k++)
            segments[k] = any_segment();
        phg_report r = {
            .number = any_or_none(),
            .seq = any_or_none(),
            .at = {any_or_none()},
            .type = (phg_report_type)(any() % 9),
            .order = {any_or_none()},
            .client_order_id = any_or_none(),
            .leaves = any_or_none(),
            .as_understood = any() % 4 == 0 ? NULL : &order,
            .hold = (int64_t)any_or_none(),
            .trade = {any_or_none()},
            .contract = {any_or_none()},
            .product = {(uint32_t)any_or_none()},
            .side = (ph_side)(any() % 3),
            .taker = any() % 2,
            .segments = segments,
            .segment_cnt = (uint32_t)(any() % (PHG_PLAIN_SEGMENTS_MAX + 1)),
            .cancel_reason = (ph_cancel_reason)(any() % (PH_CANCEL_REASON_MAX + 1)),
            .notional = (int64_t)any_or_none(),
            .fee = (int64_t)any_or_none(),
            .bond = (int64_t)any_or_none(),
            .period = (uint32_t)any_or_none(),
            .ended = any_or_none(),
            .quantity = (uint32_t)any_or_none(),
            .price = (int64_t)any_or_none(),
            .group = {any_or_none()},
            .from_contract = {any_or_none()},
            .premium = (int64_t)any_or_none(),
            .fee_at_trade = (int64_t)any_or_none(),
        };
        uint8_t room[PHG_PLAIN_REPORT_MAX], again[PHG_PLAIN_REPORT_MAX];
        phg_bytes b = phg_write_report(room, &r);
        Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->n_messages, 1);
        const Petahour__V1__ExecutionReport *m = f->messages[0]->execution_report;
        ck_assert(m->stream_number == r.number && m->sequence == r.seq && m->at == r.at.ns);
        ck_assert((int)m->type == (int)r.type && m->order == r.order.v && m->leaves == r.leaves);
        ck_assert(m->client_order_id == r.client_order_id && m->hold == r.hold);
        ck_assert(m->trade == r.trade.v && m->contract == r.contract.v);
        ck_assert(m->product == r.product.v && (int)m->side == (int)r.side);
        ck_assert(m->taker == r.taker && m->notional == r.notional && m->fee == r.fee);
        ck_assert(m->bond == r.bond && m->period == r.period && m->ended == r.ended);
        ck_assert(m->quantity == r.quantity && m->price == r.price && m->group == r.group.v);
        ck_assert(m->from_contract == r.from_contract.v && m->premium == r.premium);
        ck_assert(m->fee_at_trade == r.fee_at_trade);
        const char *reason = r.cancel_reason == 0 ? "" : ph_cancel_reason_name(r.cancel_reason);
        ck_assert_str_eq(m->cancel_reason, reason);
        ck_assert_uint_eq(m->n_segments, r.segment_cnt);
        bool are_same = true;
        for (uint32_t k = 0; k < r.segment_cnt; k++)
            are_same = are_same && is_segment(m->segments[k], &segments[k].u.segment);
        ck_assert(are_same);
        ck_assert((m->as_understood != NULL) == (r.as_understood != NULL));
        if (r.as_understood != NULL) ck_assert(is_order(m->as_understood, &order));
        ck_assert_uint_eq(petahour__v1__gateway_frame__get_packed_size(f), b.size);
        ck_assert_uint_eq(petahour__v1__gateway_frame__pack(f, again), b.size);
        ck_assert_mem_eq(again, b.p, b.size);
        petahour__v1__gateway_frame__free_unpacked(f, NULL);
    }
}
END_TEST

/* What has a field that is written by hand in neither direction would be lost without a word. */
START_TEST(no_field_is_new)
{
    ck_assert_uint_eq(petahour__v1__new_order__descriptor.n_fields, 16);
    ck_assert_uint_eq(petahour__v1__execution_report__descriptor.n_fields, 32);
    ck_assert_uint_eq(petahour__v1__segment__descriptor.n_fields, 4);
    ck_assert_uint_eq(petahour__v1__cancel_order__descriptor.n_fields, 3);
}
END_TEST

START_TEST(rejections_and_long_trades_are_not_plain)
{
    phg_report r = {.type = PHG_REPORT_ACCEPTED};
    ck_assert(phg_report_is_plain(&r));
    r.code = PH_REJECT_NONE + 1;
    ck_assert(!phg_report_is_plain(&r));
    r = (phg_report){.segment_cnt = PHG_PLAIN_SEGMENTS_MAX};
    ck_assert(phg_report_is_plain(&r));
    r.segment_cnt++;
    ck_assert(!phg_report_is_plain(&r));
}
END_TEST

START_TEST(every_order_is_read)
{
    state = 2;
    for (int i = 0; i < 20000; i++) {
        ph_new_order o = any_order();
        Petahour__V1__NewOrder m, got;
        uint8_t bytes[512];
        petahour__v1__new_order__init(&m);
        m.client_order_id = o.client_order_id;
        m.product = o.product.v;
        m.side = (Petahour__V1__Side)o.side;
        m.shape = (Petahour__V1__Shape)o.shape;
        m.first_period = o.window.first;
        m.periods = o.window.periods;
        m.duration = o.duration;
        m.quantity = o.quantity;
        m.price = o.price;
        m.time_in_force = (Petahour__V1__TimeInForce)o.time_in_force;
        m.expire_at = o.expire_at.ns;
        m.all_or_none = o.all_or_none;
        m.post_only = o.post_only;
        m.display_quantity = o.display_quantity;
        m.self_trade_prevention = (Petahour__V1__SelfTradePrevention)o.stp;
        m.from_contract = o.from_contract.v;
        size_t size = pack_order(&m, bytes);
        ck_assert(phg_read_order(bytes, size, &got));
        ck_assert(is_order(&got, &o));
        for (size_t cut = 0; cut < size; cut++)
            ck_assert(!phg_read_order(bytes, cut, &got));
    }
}
END_TEST

/* What is taken is the shortest encoding, and says what protobuf-c understands. */
START_TEST(nothing_else_is_read)
{
    uint32_t taken = 0;
    state = 3;
    for (int i = 0; i < 200000; i++) {
        Petahour__V1__NewOrder m, got;
        uint8_t bytes[512], again[512];
        petahour__v1__new_order__init(&m);
        m.client_order_id = any();
        m.product = 1;
        m.side = PETAHOUR__V1__SIDE__SIDE_BUY;
        m.first_period = (uint32_t)any();
        m.price = (int64_t)any_or_none();
        m.post_only = any() % 2;
        m.from_contract = any_or_none();
        size_t size = pack_order(&m, bytes);
        for (uint64_t k = any() % 3 + 1; k > 0; k--)
            bytes[any() % size] = (uint8_t)any();
        if (any() % 8 == 0) size -= any() % size;
        if (!phg_read_order(bytes, size, &got)) continue;
        taken++;
        Petahour__V1__ClientMessage *u = petahour__v1__client_message__unpack(NULL, size, bytes);
        ck_assert_ptr_nonnull(u);
        ck_assert_int_eq(u->message_case, PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_NEW_ORDER);
        ck_assert_uint_eq(u->base.n_unknown_fields + u->new_order->base.n_unknown_fields, 0);
        ck_assert_uint_eq(petahour__v1__client_message__get_packed_size(u), size);
        ck_assert_uint_eq(pack_order(u->new_order, again), size);
        ck_assert_mem_eq(again, bytes, size);
        ck_assert_uint_eq(pack_order(&got, again), size);
        ck_assert_mem_eq(again, bytes, size);
        petahour__v1__client_message__free_unpacked(u, NULL);
    }
    ck_assert_uint_ge(taken, 1000); /* or nothing was tried */
}
END_TEST

static size_t pack_cancel(const Petahour__V1__CancelOrder *o, uint8_t *to)
{
    Petahour__V1__CancelOrder copy = *o;
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_CANCEL_ORDER;
    m.cancel_order = &copy;
    return petahour__v1__client_message__pack(&m, to);
}

/* Each cancel is, and nothing else: a changed one only if it says what protobuf-c understands. */
START_TEST(every_cancel_is_read)
{
    uint32_t taken = 0;
    state = 4;
    for (int i = 0; i < 100000; i++) {
        Petahour__V1__CancelOrder m, got;
        uint8_t bytes[128], again[128];
        petahour__v1__cancel_order__init(&m);
        m.request = any_or_none();
        m.order = any_or_none();
        m.client_order_id = any_or_none();
        size_t size = pack_cancel(&m, bytes);
        ck_assert_uint_ge(size, 2); /* tag and length */
        ck_assert(phg_read_cancel(bytes, size, &got));
        ck_assert(got.request == m.request && got.order == m.order);
        ck_assert_uint_eq(got.client_order_id, m.client_order_id);
        for (size_t cut = 0; cut < size; cut++)
            ck_assert(!phg_read_cancel(bytes, cut, &got));
        bytes[any() % size] = (uint8_t)any();
        if (!phg_read_cancel(bytes, size, &got)) continue;
        taken++;
        Petahour__V1__ClientMessage *u = petahour__v1__client_message__unpack(NULL, size, bytes);
        ck_assert_ptr_nonnull(u);
        ck_assert_int_eq(u->message_case, PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_CANCEL_ORDER);
        ck_assert_uint_eq(pack_cancel(u->cancel_order, again), size);
        ck_assert_mem_eq(again, bytes, size);
        ck_assert_uint_eq(pack_cancel(&got, again), size);
        ck_assert_mem_eq(again, bytes, size);
        petahour__v1__client_message__free_unpacked(u, NULL);
    }
    ck_assert_uint_ge(taken, 1000); /* or nothing was tried */
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_cancel_is_read);
    tcase_add_test(t, every_report_is_what_protobuf_writes);
    tcase_add_test(t, no_field_is_new);
    tcase_add_test(t, rejections_and_long_trades_are_not_plain);
    tcase_add_test(t, every_order_is_read);
    tcase_add_test(t, nothing_else_is_read);
}

int main(void)
{
    return suite_run("translate_order", add);
}
