/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/live_fixture.h - a small market whose records an auditor listens to.

    world_of_four's suppliers and buyers, all of whom may buy and sell on, in product 1. */
#ifndef TESTS_UNIT_LIVE_FIXTURE_H
#define TESTS_UNIT_LIVE_FIXTURE_H

#include "clients/audit/spoof.h"
#include "clients/audit/tally.h"
#include "clients/audit/wash.h"
#include "tests/unit/market_fixture.h"

enum { TRADER = 2, TRADER_CNT = 8, UNITS = 1000 };

typedef struct {
    world w;
    ph_live_orders live;
    ph_wash wash;
    ph_spoof spoof;
    ph_tally tally;
    bool counts;
} listening;

static inline bool listen_accepted(void *arg, const ph_market *m, ph_live_order *o)
{
    listening *l = arg;
    return ph_spoof_accepted(&l->spoof, m, o) && ph_tally_accepted(&l->tally, o);
}

static inline bool listen_open(void *arg, const ph_live_order *o, uint64_t before)
{
    listening *l = arg;
    return ph_spoof_open(&l->spoof, o, before);
}

static inline bool listen_trade(void *arg, const ph_market *m, const ph_live_trade *t)
{
    listening *l = arg;
    return ph_spoof_trade(&l->spoof, t) && ph_wash_trade(&l->wash, m, t, l->counts) &&
           ph_tally_trade(&l->tally, m, t);
}

static inline bool listen_end(void *arg, const ph_live_order *o)
{
    listening *l = arg;
    ph_tally_end(&l->tally, o);
    return ph_spoof_end(&l->spoof, o, l->counts);
}

/* What a report does with a record. */
static inline void listen_take(listening *l, const ph_command *c)
{
    ph_replay_record r = {
        .command = *c, .events = l->w.out.v, .event_cnt = l->w.out.cnt, .event_check = 0};
    r.command.seq = ph_market_seq(l->w.m);
    r.command.at = l->w.now;
    ph_tally_record(&l->tally, &r);
    ck_assert(ph_live_take(&l->live, l->w.m, &r,
                           &(ph_live_listener){.on_accepted = listen_accepted,
                                               .on_open = listen_open,
                                               .on_trade = listen_trade,
                                               .on_end = listen_end,
                                               .arg = l}));
    ck_assert_uint_eq(l->live.orders.cnt, ph_market_order_cnt(l->w.m));
}

/* Sends a command, which must be accepted; returns its record. */
static inline uint64_t listen_do(listening *l, ph_command c)
{
    world_do(&l->w, c);
    listen_take(l, &c);
    return ph_market_seq(l->w.m);
}

static inline listening listen_begin(const ph_report_bounds *bounds)
{
    ph_market_limits limits = world_limits();
    listening l = {.w = world_new(&limits),
                   .live = ph_live_begin(),
                   .wash = ph_wash_begin(bounds),
                   .spoof = ph_spoof_begin(bounds),
                   .tally = ph_tally_begin(),
                   .counts = true};
    for (int i = 0; i < TRADER_CNT; i++)
        world_participant(&l.w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, 1000000000);
    uint32_t site = world_site(&l.w, TRADER);
    ph_product_terms terms = world_terms(&l.w, site);
    world_product(&l.w, &terms);
    for (uint32_t who = TRADER; who < TRADER + TRADER_CNT; who++)
        world_capacity(&l.w, who, site, 1, UNITS);
    return l;
}

static inline void listen_end_all(listening *l)
{
    ph_live_free(&l->live);
    ph_wash_free(&l->wash);
    ph_spoof_free(&l->spoof);
    ph_tally_free(&l->tally);
    world_free(&l->w);
}

static inline void listen_wait(listening *l, uint64_t seconds)
{
    l->w.now.ns += seconds * PH_NS_PER_S;
}

/* An EACH order of one period; returns its number. */
static inline uint64_t listen_order(listening *l, uint32_t who, ph_side side, ph_quantity quantity,
                                    ph_price price)
{
    ph_command c =
        world_order(&l->w, who, side, PH_SHAPE_EACH, (ph_window){40, 1}, quantity, price);
    (void)listen_do(l, c); /* the number is in the events */
    return world_event(&l->w, PH_EVT_ACCEPTED, 0)->u.accepted.order.v;
}

static inline uint64_t listen_cancel(listening *l, uint32_t who, uint64_t order)
{
    return listen_do(
        l,
        (ph_command){.kind = PH_CMD_CANCEL_ORDER, .sender = {who}, .u.cancel = {.order = {order}}});
}

/* Sells supply of `seller` to `buyer`; returns the record of the trade. */
static inline uint64_t listen_sell(listening *l, uint32_t seller, uint32_t buyer,
                                   ph_quantity quantity, ph_price price)
{
    (void)listen_order(l, seller, PH_SIDE_SELL, quantity, price);
    (void)listen_order(l, buyer, PH_SIDE_BUY, quantity, price);
    ck_assert_uint_eq(world_cnt(&l->w, PH_EVT_TRADE), 1);
    return ph_market_seq(l->w.m);
}

/* `seller` sells on what it holds by the contract. */
static inline uint64_t listen_resell(listening *l, uint64_t contract, uint32_t seller,
                                     uint32_t buyer, ph_quantity quantity)
{
    ph_command c =
        world_order(&l->w, seller, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){40, 1}, quantity, 10);
    c.u.order.from_contract.v = contract;
    (void)listen_do(l, c); /* the trade is what counts */
    (void)listen_order(l, buyer, PH_SIDE_BUY, quantity, 10);
    ck_assert_uint_eq(world_cnt(&l->w, PH_EVT_TRADE), 1);
    return ph_market_seq(l->w.m);
}

#endif
