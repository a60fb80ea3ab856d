/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/full_market.h - a small market in which every table has rows.

    Keys, countersignatures, measurements, attested capacity, two versions of terms; contracts
    that are awaited, reported, disputed and resold at a premium; EACH, iceberg, BLOCK, FLEX
    and GTT orders, an order that offers a contract held, and a group of either side. */
#ifndef TESTS_UNIT_FULL_MARKET_H
#define TESTS_UNIT_FULL_MARKET_H

#include "engine/base/panic.h"
#include "engine/core/snapshot.h"
#include "tests/unit/delivery_fixture.h"

enum { FULL_BYTES_MAX = 1 << 22 };

static inline void full_registry(deal *d)
{
    uint32_t auditor = world_participant(&d->w, PH_ROLE_AUDITOR, 0);
    ph_window window = {START_PERIOD, 62};
    world_do(&d->w, (ph_command){.kind = PH_CMD_ATTEST_CAPACITY,
                                 .sender = {auditor},
                                 .u.attestation = {.reference = 1,
                                                   .supplier = {d->supplier},
                                                   .site = {d->site},
                                                   .hardware = {1},
                                                   .window = window,
                                                   .units = 500}});
    world_do(&d->w, (ph_command){.kind = PH_CMD_ADD_KEY,
                                 .sender = {d->buyer},
                                 .u.key = {.use = PH_KEY_SIGNATURE, .key = {{77}}}});
    world_do(&d->w, (ph_command){.kind = PH_CMD_MEASURE_SITE,
                                 .sender = {d->meter},
                                 .u.measurement = {.site = {d->site},
                                                   .measured_at = d->w.now,
                                                   .pue_ppm = 1100000,
                                                   .green_grade = 2}});
    world_do(&d->w, (ph_command){.kind = PH_CMD_REPORT_PROBE,
                                 .sender = {d->meter},
                                 .u.probe = {.region = {"gui'an"},
                                             .site = {d->site},
                                             .measured_at = d->w.now,
                                             .reachable_ppm = 999999}});
}

static inline void full_products(deal *d)
{
    ph_product_terms t = deal_terms(d);
    t.maker_ppm = 10000;
    t.taker_ppm = 20000;
    t.fee_at_trade_ppm = 300000;
    t.bond_fixed = 3;
    deal_list(d, &t);
    t.dispute_deposit = 5;
    world_do(&d->w, (ph_command){.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = t});
    ph_product_terms attested = world_terms(&d->w, d->site);
    attested.attested_only = true;
    attested.hardware_units = 2;
    attested.meter.v = d->meter;
    deal_list(d, &attested);
}

/* Contracts of periods 0 .. 3; the clock goes on to behind period 0. */
static inline void full_contracts(deal *d)
{
    uint64_t sold = deal_sell(d, d->buyer, 4, 10, 7);
    uint64_t resold = deal_resell(d, sold, d->buyer, d->second, 4, 12);
    (void)deal_resell(d, resold, d->second, d->third, 2, 20);
    uint64_t other = deal_sell(d, d->third, 2, 5, 6);
    world_do(&d->w, (ph_command){.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                                 .sender = {d->buyer},
                                 .u.countersignature = {.contract = {resold}, .key = {{77}}}});
    world_do(&d->w, (ph_command){.kind = PH_CMD_ROTATE_NOTARY_KEY,
                                 .sender = {1},
                                 .u.notary_key = {.key = {{88}}, .proof = {{1}}}});
    deal_clock(d, 1, 10);
    world_do(&d->w, deal_report(d->supplier, sold, 0, 9000));
    world_do(&d->w, deal_report(d->supplier, resold, 0, 3600));
    world_do(&d->w, deal_dispute(d->second, resold, 0, 1000));
    world_do(&d->w, deal_dispute(d->buyer, resold, 0, 7200));
    world_do(&d->w, deal_report(d->supplier, other, 0, 18000));
    world_do(&d->w, deal_confirm(d->third, other, 0));
    world_do(&d->w, deal_offer(d, d->buyer, sold, (ph_window){2, 2}, 3, 50));
}

static inline void full_group(deal *d, uint32_t who, ph_side side, ph_price price)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {who}, .u.group = {.cnt = 3}};
    for (uint32_t i = 0; i < 3; i++) {
        ph_window window = {10 + 2 * i, 3};
        c.u.group.v[i] =
            world_order(&d->w, who, side, PH_SHAPE_BLOCK, window, 2 + i, price).u.order;
        c.u.group.v[i].all_or_none = true;
    }
    c.u.group.v[2].product.v = 2;
    world_do(&d->w, c);
}

static inline void full_orders(deal *d)
{
    ph_window window = {5, 6};
    ph_command c = world_order(&d->w, d->supplier, PH_SIDE_SELL, PH_SHAPE_EACH, window, 20, 30);
    c.u.order.display_quantity = 3;
    world_do(&d->w, c);
    c = world_order(&d->w, d->other, PH_SIDE_SELL, PH_SHAPE_EACH, window, 5, 30);
    c.u.order.time_in_force = PH_TIF_GTT;
    c.u.order.expire_at.ns = d->w.now.ns + 90 * HOUR * PH_NS_PER_S;
    world_do(&d->w, c);
    world_do(&d->w, world_order(&d->w, d->third, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){5, 2}, 4,
                                30)); /* the iceberg shows its second clip */
    c = world_order(&d->w, d->third, PH_SIDE_BUY, PH_SHAPE_FLEX, (ph_window){5, 6}, 2, 3);
    c.u.order.duration = 3;
    world_do(&d->w, c);
    world_do(&d->w,
             world_order(&d->w, d->second, PH_SIDE_BUY, PH_SHAPE_BLOCK, (ph_window){6, 4}, 3, 4));
    world_do(&d->w,
             world_order(&d->w, d->other, PH_SIDE_SELL, PH_SHAPE_BLOCK, (ph_window){7, 4}, 3, 90));
    c = world_order(&d->w, d->supplier, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){6, 2}, 3, 60);
    c.u.order.product.v = 2;
    world_do(&d->w, c);
    full_group(d, d->supplier, PH_SIDE_SELL, 80);
    full_group(d, d->second, PH_SIDE_BUY, 2);
}

static inline void full_open(deal *d)
{
    deal_open(d);
    full_registry(d);
    full_products(d);
    full_contracts(d);
    full_orders(d);
}

typedef struct {
    size_t cnt;
    uint8_t v[FULL_BYTES_MAX];
} full_bytes;

static inline void full_take(void *arg, const void *piece, size_t size)
{
    full_bytes *b = arg;
    PH_ASSERT(b->cnt + size <= sizeof b->v);
    memcpy(b->v + b->cnt, piece, size);
    b->cnt += size;
}

static inline void full_write(const ph_market *m, full_bytes *ret)
{
    ret->cnt = 0;
    ph_snapshot_write(m, full_take, ret);
}

#endif
