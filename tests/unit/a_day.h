/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/a_day.h - commands of a trading day: command n follows from a seed and n alone.

    Participants, money, capacity and two products, then orders of all kinds, cancels, payments,
    phases and ticks, stamped so that gates close while people trade. */
#ifndef TESTS_UNIT_A_DAY_H
#define TESTS_UNIT_A_DAY_H

#include <stdio.h>
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "engine/core/market.h"

#ifndef A_DAY_FIRST_PERIOD
#define A_DAY_FIRST_PERIOD 400000 /* hours since 1970 */
#endif

enum {
    DAY_SUPPLIERS = 4,
    DAY_BUYERS = 4,
    DAY_PRODUCTS = 2,
    DAY_PERIOD = A_DAY_FIRST_PERIOD,
    DAY_HOUR = 3600,
};

static inline uint64_t a_day_mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

static inline ph_command a_day_open_market(uint64_t seed)
{
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    (void)ph_text_set(c.u.open_market.market.s, 64, "settle.test");
    memcpy(c.u.open_market.currency, "USD", 4);
    (void)ph_text_set(c.u.open_market.operator_name.s, 64, "operator");
    memset(c.u.open_market.operator_curve_key.b, 200, 32);
    memcpy(c.u.open_market.operator_sign_key.b, &seed, sizeof seed);
    return c;
}

static inline ph_command a_day_participant(uint32_t id)
{
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    c.u.participant.id.v = id;
    c.u.participant.roles = id < 2 + DAY_SUPPLIERS ? PH_ROLE_SUPPLIER : PH_ROLE_BUYER;
    (void)snprintf(c.u.participant.name.s, 64,
                   "Gesch\xc3\xa4"
                   "ft %u",
                   id);
    memset(c.u.participant.curve_key.b, (int)id, 32);
    memset(c.u.participant.sign_key.b, (int)id + 100, 32);
    return c;
}

static inline ph_command a_day_payment(ph_command_kind kind, uint32_t id, ph_money amount,
                                       uint64_t seq)
{
    ph_command c = {.kind = kind, .sender = {1}};
    c.u.payment.participant.v = id;
    c.u.payment.amount = amount;
    (void)snprintf(c.u.payment.reference.s, 32, "payment %llu", (unsigned long long)seq);
    return c;
}

static inline ph_command a_day_product(uint32_t id)
{
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    c.u.product = (ph_product_terms){.id = {id},
                                     .compute_type = id == 1 ? PH_COMPUTE_AI : PH_COMPUTE_GENERAL,
                                     .architecture = PH_ARCH_GPU,
                                     .model = {"H100"},
                                     .unit = {"card"},
                                     .hardware = {1},
                                     .hardware_units = 1,
                                     .site = {1},
                                     .period_seconds = DAY_HOUR,
                                     .tick = 1000,
                                     .lot = 1,
                                     .quantity_max = 1000000,
                                     .block_periods_max = 48,
                                     .horizon = 60,
                                     .maker_ppm = 500,
                                     .taker_ppm = 1500,
                                     .fee_at_trade_ppm = 200000,
                                     .bond_ppm = 100000,
                                     .report_seconds = 60,
                                     .dispute_seconds = 60,
                                     .resolve_seconds = 60,
                                     .reference_price = 2000000};
    (void)snprintf(c.u.product.symbol.s, 64, "TEST-%u", id);
    return c;
}

static inline ph_command a_day_capacity(uint32_t supplier)
{
    ph_command c = {.kind = PH_CMD_REGISTER_CAPACITY, .sender = {supplier}};
    c.u.capacity = (ph_register_capacity){.reference = UINT64_MAX - 7,
                                          .site = {1},
                                          .hardware = {1},
                                          .period_seconds = DAY_HOUR,
                                          .window = {DAY_PERIOD, 64},
                                          .units = 500000000};
    return c;
}

static inline ph_command a_day_order(uint64_t seq, uint64_t random)
{
    bool is_buy = random & 1;
    uint64_t r = random >> 8;
    uint32_t who =
        is_buy ? 2 + DAY_SUPPLIERS + (uint32_t)(r % DAY_BUYERS) : 2 + (uint32_t)(r % DAY_SUPPLIERS);
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {who}, .request = random};
    ph_new_order *o = &c.u.order;
    *o = (ph_new_order){
        .client_order_id = seq,
        .product = {1 + (uint32_t)(r >> 4) % DAY_PRODUCTS},
        .side = is_buy ? PH_SIDE_BUY : PH_SIDE_SELL,
        .shape = PH_SHAPE_EACH,
        .window = {DAY_PERIOD + 2 + (uint32_t)(r >> 8) % 40, 1 + (uint32_t)(r >> 16) % 12},
        .quantity = 1 + (ph_quantity)(r >> 24) % 20,
        .price = 1000 * (ph_price)(1900 + (r >> 32) % 200),
        .time_in_force = PH_TIF_GTC,
        .stp = PH_STP_CANCEL_INCOMING};
    if ((random >> 1) % 8 == 0) o->shape = PH_SHAPE_BLOCK;
    if ((random >> 1) % 8 == 1) o->time_in_force = PH_TIF_IOC;
    if ((random >> 1) % 8 == 2) o->time_in_force = PH_TIF_FOK;
    return c;
}

static inline ph_command a_day_cancel(uint64_t seq, uint64_t random)
{
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .request = random};
    c.sender.v = 2 + (uint32_t)(random >> 8) % (DAY_SUPPLIERS + DAY_BUYERS);
    c.u.cancel.order.v = 1 + (random >> 16) % seq;
    return c;
}

static inline ph_command a_day_unstamped(uint64_t seed, uint64_t seq)
{
    enum { PEOPLE = DAY_SUPPLIERS + DAY_BUYERS, SITE = 2 + 2 * PEOPLE, CAPACITY = SITE + 2 };
    uint64_t random = a_day_mix(seed * UINT64_C(1000000007) + seq);
    uint32_t i = (uint32_t)(seq < 1000 ? seq : 1000);
    if (i == 1) return a_day_open_market(seed);
    if (i < 2 + PEOPLE) return a_day_participant(i);
    if (i < SITE) return a_day_payment(PH_CMD_DEPOSIT, i - PEOPLE, INT64_C(1000000000000000), seq);
    if (i == SITE)
        return (ph_command){.kind = PH_CMD_REGISTER_SITE,
                            .sender = {1},
                            .u.site = {.id = {1},
                                       .owner = {2},
                                       .region = {"ulanqab"},
                                       .name = {"site"},
                                       .latitude_udeg = -40994000,
                                       .longitude_udeg = 113132000,
                                       .racks = 10,
                                       .pue_ppm = 1200000}};
    if (i == SITE + 1)
        return (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                            .sender = {1},
                            .u.hardware = {.id = {1}, .name = {"card"}}};
    if (i < CAPACITY + DAY_SUPPLIERS) return a_day_capacity(2 + i - CAPACITY);
    if (i < CAPACITY + DAY_SUPPLIERS + DAY_PRODUCTS)
        return a_day_product(1 + i - CAPACITY - DAY_SUPPLIERS);
    uint32_t kind = (uint32_t)(random >> 48) % 1000;
    if (kind < 800) return a_day_order(seq, random);
    if (kind < 960) return a_day_cancel(seq, random);
    if (kind < 970) return a_day_payment(PH_CMD_DEPOSIT, 2 + kind % PEOPLE, 1000000, seq);
    if (kind < 980) return a_day_payment(PH_CMD_WITHDRAW, 2 + kind % PEOPLE, 999999, seq);
    if (kind < 982)
        return (ph_command){.kind = PH_CMD_SET_PHASE,
                            .sender = {1},
                            .u.phase = {{1}, kind == 980 ? PH_PHASE_HALTED : PH_PHASE_OPEN}};
    if (kind < 984)
        return (ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                            .sender = {1},
                            .u.participant_state = {{3},
                                                    kind == 982 ? PH_PARTICIPANT_SUSPENDED
                                                                : PH_PARTICIPANT_ACTIVE}};
    return (ph_command){.kind = PH_CMD_TICK};
}

/* Command `seq` of the day, with sequence and stamp. */
static inline ph_command a_day_command(uint64_t seed, uint64_t seq)
{
    uint64_t hour_ns = DAY_HOUR * PH_NS_PER_S;
    ph_command c = a_day_unstamped(seed, seq);
    c.seq = seq;
    c.at.ns = DAY_PERIOD * hour_ns + seq * (hour_ns / 5000); /* gates close while people trade */
    return c;
}

static inline ph_market_limits a_day_limits(void)
{
    ph_market_limits l = ph_market_limits_default();
    l.ring_periods = 64;
    l.contracts_max = 1 << 20;
    return l;
}

#endif
