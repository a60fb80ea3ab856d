/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/delivery_fixture.h - contracts in a small market: sold, reported, disputed, resold.

    Product 1 has the terms that a test chose; windows are 60 s for reports, 600 s for disputes and
    1200 s for resolving them.  Periods are relative to FIRST. */
#ifndef TESTS_UNIT_DELIVERY_FIXTURE_H
#define TESTS_UNIT_DELIVERY_FIXTURE_H

#include "tests/unit/market_fixture.h"

enum { REPORT_S = 60, DISPUTE_S = 600, RESOLVE_S = 1200, MUCH = 1000000000 };

typedef struct {
    world w;
    uint32_t supplier, other, buyer, second, third, meter; /* participants */
    uint32_t site;
} deal;

/* The terms of product 1 before it is listed. */
static inline ph_product_terms deal_terms(deal *d)
{
    ph_product_terms t = world_terms(&d->w, d->site);
    t.report_seconds = REPORT_S;
    t.dispute_seconds = DISPUTE_S;
    t.resolve_seconds = RESOLVE_S;
    return t;
}

static inline void deal_open(deal *d)
{
    ph_market_limits limits = world_limits();
    d->w = world_new(&limits);
    d->supplier = world_participant(&d->w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, MUCH);
    d->other = world_participant(&d->w, PH_ROLE_SUPPLIER, MUCH);
    d->buyer = world_participant(&d->w, PH_ROLE_BUYER | PH_ROLE_METER, MUCH);
    d->second = world_participant(&d->w, PH_ROLE_BUYER | PH_ROLE_METER, MUCH);
    d->third = world_participant(&d->w, PH_ROLE_BUYER, MUCH);
    d->meter = world_participant(&d->w, PH_ROLE_METER, 0);
    d->site = world_site(&d->w, d->supplier);
    world_capacity(&d->w, d->supplier, d->site, 1, 1000);
    world_capacity(&d->w, d->other, d->site, 1, 1000);
}

static inline void deal_list(deal *d, const ph_product_terms *t)
{
    world_product(&d->w, t);
}

/* The last contract that was concluded. */
static inline uint64_t deal_last(const deal *d)
{
    return ph_market_contract_cnt(d->w.m);
}

/* Sells capacity of `supplier` in periods of FIRST on; returns the contract. */
static inline uint64_t deal_sell(deal *d, uint32_t buyer, uint32_t periods, ph_quantity units,
                                 ph_price price)
{
    ph_window window = {0, periods};
    world_do(&d->w,
             world_order(&d->w, d->supplier, PH_SIDE_SELL, PH_SHAPE_EACH, window, units, price));
    world_do(&d->w, world_order(&d->w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, window, units, price));
    ck_assert_uint_eq(world_cnt(&d->w, PH_EVT_TRADE), 1);
    return deal_last(d);
}

static inline ph_command deal_offer(deal *d, uint32_t seller, uint64_t contract, ph_window window,
                                    ph_quantity units, ph_price price)
{
    ph_command c = world_order(&d->w, seller, PH_SIDE_SELL, PH_SHAPE_EACH, window, units, price);
    c.u.order.from_contract.v = contract;
    return c;
}

/* `seller` sells on from a contract that it holds; returns the new contract. */
static inline uint64_t deal_resell(deal *d, uint64_t contract, uint32_t seller, uint32_t buyer,
                                   ph_quantity units, ph_price price)
{
    world_do(&d->w, deal_offer(d, seller, contract, (ph_window){0, 1}, units, price));
    world_do(&d->w, world_order(&d->w, buyer, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){0, 1}, units,
                                price));
    ck_assert_uint_eq(world_cnt(&d->w, PH_EVT_TRADE), 1);
    return deal_last(d);
}

/* Moves the clock; nothing happens before the next command. */
static inline void deal_clock(deal *d, ph_period relative, int64_t seconds)
{
    d->w.now.ns = (uint64_t)((int64_t)(FIRST + relative) * HOUR + seconds) * PH_NS_PER_S;
}

static inline void deal_tick(deal *d)
{
    world_do(&d->w, (ph_command){.kind = PH_CMD_TICK});
}

static inline ph_command deal_report(uint32_t who, uint64_t contract, ph_period relative,
                                     uint64_t delivered)
{
    return (ph_command){
        .kind = PH_CMD_REPORT_DELIVERY,
        .sender = {who},
        .u.report = {.contract = {contract}, .period = FIRST + relative, .delivered = delivered}};
}

static inline ph_command deal_confirm(uint32_t who, uint64_t contract, ph_period relative)
{
    return (ph_command){.kind = PH_CMD_CONFIRM_DELIVERY,
                        .sender = {who},
                        .u.confirmation = {{contract}, FIRST + relative}};
}

static inline ph_command deal_dispute(uint32_t who, uint64_t contract, ph_period relative,
                                      uint64_t claim)
{
    return (ph_command){.kind = PH_CMD_DISPUTE_DELIVERY,
                        .sender = {who},
                        .u.figure = {{contract}, FIRST + relative, claim}};
}

static inline ph_command deal_resolve(uint64_t contract, ph_period relative, uint64_t figure)
{
    return (ph_command){.kind = PH_CMD_RESOLVE_DISPUTE,
                        .sender = {1},
                        .u.figure = {{contract}, FIRST + relative, figure}};
}

/* The command is refused for this reason. */
static inline const ph_rejected *deal_refused(deal *d, ph_command c, ph_reject why)
{
    const ph_event *e = world_apply(&d->w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "%s was not refused", ph_command_kind_name(c.kind));
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(why));
    return &e->u.rejected;
}

static inline ph_money deal_cash(const deal *d, uint32_t who)
{
    return ph_market_balance(d->w.m, (ph_account){PH_ACCOUNT_CASH, who});
}

static inline ph_money deal_account(const deal *d, ph_account_kind kind, uint64_t contract)
{
    return ph_market_balance(d->w.m, (ph_account){kind, contract});
}

static inline ph_money deal_fees(const deal *d)
{
    return ph_market_balance(d->w.m, (ph_account){PH_ACCOUNT_FEES, 0});
}

/* What the last command moved for a reason, added up. */
static inline ph_money deal_moved(const deal *d, ph_transfer_reason reason)
{
    ph_money sum = 0;
    for (uint32_t i = 0; i < d->w.out.cnt; i++) {
        const ph_event *e = &d->w.out.v[i];
        if (e->kind == PH_EVT_TRANSFER && e->u.transfer.reason == reason)
            sum += e->u.transfer.amount;
    }
    return sum;
}

/* The last command made one contract-period final, in this way. */
static inline void deal_final(const deal *d, ph_final_cause cause, uint64_t delivered)
{
    ck_assert_uint_eq(world_cnt(&d->w, PH_EVT_DELIVERY_FINAL), 1);
    const ph_delivery_final *f = &world_event(&d->w, PH_EVT_DELIVERY_FINAL, 0)->u.delivery_final;
    ck_assert_int_eq(f->cause, cause);
    ck_assert_uint_eq(f->delivered, delivered);
}

#endif
