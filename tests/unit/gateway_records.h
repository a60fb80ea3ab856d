/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/gateway_records.h - records as an engine writes them, for tests of the gateway.

    The tests say what the market decided; nothing here knows a rule of it. */
#ifndef TESTS_UNIT_GATEWAY_RECORDS_H
#define TESTS_UNIT_GATEWAY_RECORDS_H

#include <check.h>
#include <string.h>

#include "engine/wire/codec.h"
#include "engine/wire/record.h"
#include "gateway/replica/replica.h"

/* 2026-12-01T00:00:00Z, and its hour since 1970. */
#define T0   UINT64_C(1796083200000000000)
#define HOUR 498912u

static inline ph_event accepted(uint64_t order, ph_money hold)
{
    return (ph_event){.kind = PH_EVT_ACCEPTED, .u.accepted = {{order}, order, hold}};
}

static inline ph_event done(ph_command_kind kind, uint64_t count)
{
    return (ph_event){.kind = PH_EVT_DONE, .u.done = {kind, count}};
}

static inline ph_event segment(ph_period first, uint32_t periods, ph_quantity q, ph_price price)
{
    return (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = {{first, periods}, q, price}};
}

static inline ph_event cancelled(uint64_t order, uint32_t who, uint64_t client, uint64_t units)
{
    return (ph_event){.kind = PH_EVT_CANCELLED,
                      .u.cancelled = {.order = {order},
                                      .participant = {who},
                                      .client_order_id = client,
                                      .product = {1},
                                      .reason = PH_CANCEL_REQUESTED,
                                      .unit_periods = units}};
}

static inline ph_event gate_closed(ph_period t)
{
    return (ph_event){.kind = PH_EVT_GATE_CLOSED, .u.gate_closed = {{1}, t}};
}

static inline ph_command new_order(uint32_t sender, uint64_t client, ph_side side, ph_window w,
                                   ph_quantity q, ph_price price)
{
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {sender}};
    c.u.order = (ph_new_order){.client_order_id = client,
                               .product = {1},
                               .side = side,
                               .shape = PH_SHAPE_EACH,
                               .window = w,
                               .quantity = q,
                               .price = price,
                               .time_in_force = PH_TIF_GTC,
                               .stp = PH_STP_CANCEL_INCOMING};
    return c;
}

/* Sell order `sell` of participant 2 against buy order `buy` of participant 3. */
static inline ph_event trade(uint64_t id, uint64_t buy, uint64_t buy_leaves, uint64_t sell,
                             uint64_t sell_leaves, uint32_t segment_cnt)
{
    return (ph_event){.kind = PH_EVT_TRADE,
                      .u.trade = {.trade = {id},
                                  .contract = {id},
                                  .product = {1},
                                  .terms_version = 1,
                                  .buyer = {3},
                                  .seller = {2},
                                  .supplier = {2},
                                  .buy_order = {buy},
                                  .sell_order = {sell},
                                  .buy_client_order_id = buy + 100,
                                  .sell_client_order_id = sell + 200,
                                  .buy_leaves = buy_leaves,
                                  .sell_leaves = sell_leaves,
                                  .taker = PH_SIDE_BUY,
                                  .notional = 1000,
                                  .buyer_fee = 15,
                                  .supplier_fee = 5,
                                  .bond = 70,
                                  .segment_cnt = segment_cnt}};
}

static inline size_t write_record(uint8_t *room, size_t size, uint64_t seq, const ph_command *c,
                                  const ph_event *events, uint32_t cnt)
{
    static uint8_t event_room[1 << 20];
    uint8_t command_room[PH_COMMAND_BYTES_MAX];
    ph_writer cw = ph_writer_of(command_room, sizeof command_room);
    ph_writer ew = ph_writer_of(event_room, sizeof event_room);
    ph_writer w = ph_writer_of(room, size);
    ph_command_write(&cw, c);
    for (uint32_t i = 0; i < cnt; i++)
        ph_event_write(&ew, &events[i]);
    ck_assert(!ew.full);
    ph_record_write(&w, seq, c->at, command_room, (uint32_t)ph_writer_size(&cw), event_room,
                    (uint32_t)ph_writer_size(&ew));
    ck_assert(!w.full);
    return ph_writer_size(&w);
}

/* Hands one record to the replica; numbers and stamps go on from what it has. */
static inline ph_status take(phg_replica *r, ph_command c, const ph_event *events, uint32_t cnt)
{
    static uint8_t room[1 << 20];
    uint64_t seq = r->feed.seq + 1;
    if (c.at.ns == 0) c.at.ns = T0 + seq;
    size_t size = write_record(room, sizeof room, seq, &c, events, cnt);
    return phg_replica_take_record(r, seq, room, size);
}

static inline ph_status take_done(phg_replica *r, ph_command c)
{
    ph_event e = done(c.kind, 0);
    return take(r, c, &e, 1);
}

static inline ph_command register_participant(uint32_t id, uint32_t roles)
{
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}, .request = 40 + id};
    c.u.participant.id.v = id;
    c.u.participant.roles = roles;
    c.u.participant.name.s[0] = (char)('A' + id % 26);
    memset(c.u.participant.curve_key.b, (int)id, 32);
    memset(c.u.participant.sign_key.b, (int)id + 100, 32);
    c.u.participant.curve_key.b[1] ^= (uint8_t)(id >> 8); /* nobody has another's key */
    c.u.participant.sign_key.b[1] ^= (uint8_t)(id >> 8);
    return c;
}

static inline ph_command open_market(void)
{
    ph_command c = {.kind = PH_CMD_OPEN_MARKET};
    c.u.open_market = (ph_open_market){.rules_version = 1,
                                       .market = {"test.petahour"},
                                       .currency = "USD",
                                       .operator_name = {"operator"}};
    memset(c.u.open_market.operator_curve_key.b, 1, 32);
    memset(c.u.open_market.notary_sign_key.b, 99, 32);
    return c;
}

static inline ph_command list_product(uint32_t id)
{
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    c.u.product = (ph_product_terms){.id = {id},
                                     .symbol = {"AI.H100"},
                                     .compute_type = PH_COMPUTE_AI,
                                     .architecture = PH_ARCH_GPU,
                                     .model = {"H100"},
                                     .unit = {"card"},
                                     .period_seconds = 3600,
                                     .gate_seconds = 3600,
                                     .tick = 1,
                                     .lot = 1};
    return c;
}

/* A market with its operator (1), a supplier (2), a buyer (3) and product 1. */
static inline void set_up_market(phg_replica *r)
{
    ck_assert_int_eq(phg_replica_init(r), PH_OK);
    ck_assert_int_eq(take_done(r, open_market()), PH_OK);
    ck_assert_int_eq(take_done(r, register_participant(2, PH_ROLE_SUPPLIER)), PH_OK);
    ck_assert_int_eq(take_done(r, register_participant(3, PH_ROLE_BUYER)), PH_OK);
    ck_assert_int_eq(take_done(r, list_product(1)), PH_OK);
}

#endif
