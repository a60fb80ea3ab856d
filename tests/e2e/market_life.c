/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/market_life.h"

#include <stdio.h>
#include <string.h>

/* What a command of this life is made from. */
typedef struct {
    const ph_market *m;
    const life_cast *cast;
    uint64_t seq, at_ns, random;
    uint32_t now; /* period */
} life;

/* Bits of the random number, from `shift` on, as a number below `below`. */
static uint32_t pick(const life *l, uint32_t shift, uint32_t below)
{
    return (uint32_t)((l->random >> shift) % below);
}

/* ---- Orders --------------------------------------------------------------------------------- */

static ph_new_order order_terms(const life *l, uint32_t shift, uint32_t number)
{
    ph_new_order o = {.client_order_id = l->seq * 10 + number,
                      .product = {1 + pick(l, shift, l->cast->products)},
                      .side = pick(l, shift + 3, 2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL,
                      .shape = PH_SHAPE_EACH,
                      .window = {l->now + 1 + pick(l, shift + 4, 5), 1 + pick(l, shift + 7, 4)},
                      .quantity = 1 + pick(l, shift + 9, 20),
                      .price = 1000 * (ph_price)(1950 + pick(l, shift + 14, 100)),
                      .time_in_force = PH_TIF_GTC,
                      .stp = PH_STP_CANCEL_INCOMING};
    return o;
}

/* A contract whose first open period satisfies `is_wanted`, near the newest; 0 if there is none. */
static uint64_t find_contract(const life *l,
                              bool (*is_wanted)(const life *, const ph_period_view *),
                              ph_period_view *ret)
{
    uint64_t cnt = ph_market_contract_cnt(l->m), looked = cnt < 400 ? cnt : 400;
    uint64_t start = cnt == 0 ? 0 : l->random % looked;
    for (uint64_t i = 0; i < looked; i++) {
        uint64_t id = cnt - (start + i) % looked;
        ph_contract_id contract = {id};
        if (ph_market_contract_period(l->m, contract, 0, ret) && is_wanted(l, ret)) return id;
    }
    return 0;
}

static bool is_ahead(const life *l, const ph_period_view *p)
{
    return p->period > l->now && p->quantity > p->offered;
}

static ph_command resale(const life *l)
{
    ph_command c = {.kind = PH_CMD_NEW_ORDER};
    ph_period_view p = {0};
    ph_contract_facts facts = {.buyer = {0}};
    uint64_t id = find_contract(l, is_ahead, &p);
    ph_new_order *o = &c.u.order;
    *o = order_terms(l, 20, 0);
    if (id == 0 || !ph_market_contract(l->m, (ph_contract_id){id}, &facts)) return c;
    c.sender = facts.buyer;
    o->side = PH_SIDE_SELL;
    o->product = facts.product;
    o->window = (ph_window){p.period, 1};
    o->quantity =
        p.quantity - p.offered > 3 ? (p.quantity - p.offered) / 2 : p.quantity - p.offered;
    o->price = 1000 * (ph_price)(1900 + pick(l, 40, 120));
    o->from_contract.v = id;
    return c;
}

static ph_command group(const life *l)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP};
    c.sender.v = l->cast->buyer + pick(l, 50, l->cast->people);
    c.u.group.cnt = 2;
    for (uint32_t i = 0; i < 2; i++) {
        ph_new_order *o = &c.u.group.v[i];
        *o = order_terms(l, 10 + 7 * i, i);
        o->side = PH_SIDE_BUY;
        o->product.v = 1;
        o->shape = PH_SHAPE_BLOCK;
        o->all_or_none = true;
    }
    return c;
}

static ph_command order(const life *l)
{
    uint32_t what = pick(l, 56, 16);
    if (what < 3) return resale(l);
    if (what == 3) return group(l);
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .request = l->random};
    ph_new_order *o = &c.u.order;
    *o = order_terms(l, 20, 0);
    c.sender.v = (o->side == PH_SIDE_BUY ? l->cast->buyer : l->cast->supplier) +
                 pick(l, 40, l->cast->people);
    if (what == 4) o->display_quantity = o->quantity > 2 ? o->quantity / 2 : 0;
    if (what == 5) o->shape = PH_SHAPE_BLOCK;
    if (what == 6) o->time_in_force = PH_TIF_IOC;
    if (what == 7) {
        o->time_in_force = PH_TIF_GTT;
        o->expire_at.ns = l->at_ns + PH_NS_PER_S * 1800;
    }
    if (what == 8) o->stp = PH_STP_CANCEL_RESTING;
    return c;
}

static ph_command change_order(const life *l)
{
    ph_command c = {.kind = PH_CMD_REPLACE_ORDER, .request = l->random};
    ph_resting_order o;
    for (uint64_t id = 1 + l->random % l->seq, i = 0; i < 200; i++, id = 1 + id % l->seq) {
        if (!ph_market_order(l->m, (ph_order_id){id}, &o)) continue;
        c.sender = o.participant;
        if (pick(l, 44, 5) < 2) {
            c.kind = PH_CMD_CANCEL_ORDER;
            c.u.cancel = (ph_cancel_order){.order = {id}};
            return c;
        }
        c.u.replace = (ph_replace_order){.order = {id},
                                         .price = o.terms.price + 1000 * (pick(l, 48, 9) - 4),
                                         .quantity = o.terms.quantity + pick(l, 52, 9)};
        return c;
    }
    return (ph_command){.kind = PH_CMD_TICK};
}

/* ---- Delivery ------------------------------------------------------------------------------- */

static bool is_over(const life *l, const ph_period_view *p)
{
    return p->period < l->now && p->state != PH_STATE_DISPUTED;
}

static bool is_reported(const life *l, const ph_period_view *p)
{
    (void)l;
    return p->state == PH_STATE_REPORTED && !p->confirmed;
}

static bool is_disputed(const life *l, const ph_period_view *p)
{
    (void)l;
    return p->state == PH_STATE_DISPUTED;
}

static ph_command report(const life *l)
{
    ph_command c = {.kind = PH_CMD_REPORT_DELIVERY};
    ph_period_view p = {0};
    ph_contract_facts facts;
    uint64_t id = find_contract(l, is_over, &p);
    if (id == 0 || !ph_market_contract(l->m, (ph_contract_id){id}, &facts))
        return (ph_command){.kind = PH_CMD_TICK};
    const ph_product_terms *terms = ph_market_contract_terms(l->m, (ph_contract_id){id});
    bool by_meter = terms->meter.v != 0 && pick(l, 40, 8) != 0; /* sometimes the meter is silent */
    c.sender = by_meter ? terms->meter : facts.supplier;
    uint64_t all = (uint64_t)p.quantity * terms->period_seconds;
    c.u.report =
        (ph_report_delivery){.contract = {id},
                             .period = p.period,
                             .delivered = pick(l, 43, 3) == 0 ? all - pick(l, 30, 3000) % all : all,
                             .energy_wh = pick(l, 45, 2) * 700};
    memset(c.u.report.signature.b, (int)(l->random & 255), sizeof c.u.report.signature.b);
    return c;
}

static ph_command answer(const life *l)
{
    ph_command c = {.kind = PH_CMD_CONFIRM_DELIVERY};
    ph_period_view p = {0};
    ph_contract_facts facts;
    uint64_t id = find_contract(l, is_reported, &p);
    if (id == 0 || !ph_market_contract(l->m, (ph_contract_id){id}, &facts))
        return (ph_command){.kind = PH_CMD_TICK};
    c.sender = facts.buyer;
    c.u.confirmation = (ph_confirm_delivery){.contract = {id}, .period = p.period};
    if (pick(l, 40, 2) == 0 || p.reported == 0) return c;
    c.kind = PH_CMD_DISPUTE_DELIVERY;
    c.u.figure = (ph_delivery_figure){
        .contract = {id}, .period = p.period, .delivered = pick(l, 30, 100000) % p.reported};
    return c;
}

static ph_command resolve(const life *l)
{
    ph_period_view p = {0};
    uint64_t id = find_contract(l, is_disputed, &p);
    if (id == 0) return (ph_command){.kind = PH_CMD_TICK};
    if (pick(l, 40, 4) == 0) { /* the buyer takes its claim back */
        ph_contract_facts facts = {.buyer = {0}};
        (void)ph_market_contract(l->m, (ph_contract_id){id}, &facts); /* it has an open period */
        return (ph_command){
            .kind = PH_CMD_CONFIRM_DELIVERY,
            .sender = facts.buyer,
            .u.confirmation = {.contract = {id}, .period = p.period},
        };
    }
    return (ph_command){.kind = PH_CMD_RESOLVE_DISPUTE,
                        .sender = {1},
                        .u.figure = {.contract = {id},
                                     .period = p.period,
                                     .delivered = p.reported - pick(l, 30, 2) * p.reported / 100}};
}

static ph_command access_of(const life *l)
{
    ph_command c = {.kind = PH_CMD_HAND_OVER_ACCESS};
    ph_period_view p = {0};
    ph_contract_facts facts = {.supplier = {0}};
    uint64_t id = find_contract(l, is_ahead, &p);
    if (id != 0) (void)ph_market_contract(l->m, (ph_contract_id){id}, &facts); /* as above */
    c.sender = facts.supplier;
    c.u.access.contract.v = id;
    c.u.access.size = 1 + pick(l, 30, 100);
    memset(c.u.access.sealed, 7, c.u.access.size);
    return c;
}

/* ---- The rest ------------------------------------------------------------------------------- */

static ph_command key(const life *l)
{
    ph_command c = {.kind = PH_CMD_ADD_KEY};
    c.sender.v = l->cast->buyer + pick(l, 30, l->cast->people);
    static const ph_key_use uses[] = {PH_KEY_CONNECTION, PH_KEY_SIGNATURE, PH_KEY_READING};
    c.u.key = (ph_key_change){.use = uses[pick(l, 34, l->cast->key_uses)]};
    if (pick(l, 36, 2) == 0) {
        memcpy(c.u.key.key.b, &l->seq, sizeof l->seq);
        c.u.key.key.b[31] = 1;
        return c;
    }
    ph_market_key known[8];
    uint32_t cnt = ph_market_keys(l->m, c.sender, known, 8);
    if (cnt <= 2) return (ph_command){.kind = PH_CMD_TICK};
    const ph_market_key *revoked = &known[pick(l, 38, cnt < 8 ? cnt : 8)];
    c.kind = PH_CMD_REVOKE_KEY;
    c.u.key.use = revoked->use;
    c.u.key.key = revoked->key;
    return c;
}

static ph_command measure(const life *l)
{
    ph_command c = {.kind = PH_CMD_MEASURE_SITE, .sender = {l->cast->meter}};
    if (pick(l, 30, 2) == 0) {
        c.u.measurement = (ph_measure_site){.site = {1},
                                            .measured_at = {l->at_ns - PH_NS_PER_S},
                                            .pue_ppm = 1100000 + pick(l, 31, 1000),
                                            .cue_ppm = 300000,
                                            .wue_ppm = 20000,
                                            .green_grade = 1 + pick(l, 40, 5)};
        return c;
    }
    c.kind = PH_CMD_REPORT_PROBE;
    c.u.probe = (ph_report_probe){.region = {"shanghai"},
                                  .site = {1},
                                  .measured_at = {l->at_ns - PH_NS_PER_S},
                                  .rtt_us = 20000 + pick(l, 31, 1000),
                                  .bandwidth_mbps = 1000,
                                  .reachable_ppm = 999000};
    return c;
}

static ph_command capacity(const life *l)
{
    ph_window ahead = {l->now + 8, 2};
    uint32_t supplier = l->cast->supplier + pick(l, 33, l->cast->people);
    if (pick(l, 30, 2) == 0)
        return (ph_command){.kind = PH_CMD_ATTEST_CAPACITY,
                            .sender = {l->cast->auditor},
                            .u.attestation = {.reference = l->seq,
                                              .supplier = {supplier},
                                              .site = {1},
                                              .hardware = {1},
                                              .window = ahead,
                                              .units = 10}};
    return (ph_command){.kind = PH_CMD_WITHDRAW_CAPACITY,
                        .sender = {supplier},
                        .u.capacity_withdrawal = {.reference = UINT64_MAX - 7 + pick(l, 40, 7),
                                                  .site = {1},
                                                  .hardware = {1},
                                                  .window = ahead,
                                                  .units = 1000}};
}

static ph_command govern(const life *l)
{
    ph_command c = {.sender = {1}};
    uint32_t product = 1 + pick(l, 30, l->cast->products);
    switch (pick(l, 33, 6)) {
    case 0:
        c.kind = PH_CMD_SET_PRODUCT_STATE;
        c.u.product_state = (ph_set_product_state){
            {product}, pick(l, 40, 3) == 0 ? PH_PRODUCT_HALTED : PH_PRODUCT_LISTED};
        return c;
    case 1:
        c.kind = PH_CMD_SET_TERMS;
        c.u.product = *ph_market_product(l->m, (ph_product_id){product});
        c.u.product.taker_ppm = 1000 + pick(l, 40, 900);
        return c;
    case 2:
        c.kind = PH_CMD_SET_PHASE;
        c.u.phase = (ph_set_phase){{product}, pick(l, 40, 3) == 0 ? PH_PHASE_CALL : PH_PHASE_OPEN};
        return c;
    case 3:
        c.kind = PH_CMD_SET_PARTICIPANT_STATE;
        c.u.participant_state = (ph_set_participant_state){
            {l->cast->buyer},
            pick(l, 40, 3) == 0 ? PH_PARTICIPANT_SUSPENDED : PH_PARTICIPANT_ACTIVE};
        return c;
    case 4:
        c.kind = PH_CMD_MASS_CANCEL;
        c.sender.v = l->cast->buyer + pick(l, 40, l->cast->people);
        return c;
    default:
        c.kind = PH_CMD_DEPOSIT;
        c.u.payment.participant.v = l->cast->buyer;
        c.u.payment.amount = 5000000;
        (void)snprintf(c.u.payment.reference.s, 32, "payment %llu", (unsigned long long)l->seq);
        return c;
    }
}

ph_command life_command(const ph_market *m, const life_cast *cast, uint64_t seq, uint64_t at_ns,
                        uint64_t random)
{
    life l = {.m = m,
              .cast = cast,
              .seq = seq,
              .at_ns = at_ns,
              .random = random,
              .now = (uint32_t)(at_ns / PH_NS_PER_S / cast->period_seconds)};
    uint32_t what = (uint32_t)(random >> 24) % 100;
    if (what < 40) return order(&l);
    if (what < 47) return change_order(&l);
    if (what < 75) return report(&l);
    if (what < 86) return answer(&l);
    if (what < 89) return resolve(&l);
    if (what < 91) return access_of(&l);
    if (what < 93) return key(&l);
    if (what < 95) return measure(&l);
    if (what < 97) return capacity(&l);
    if (what < 99) return govern(&l);
    return (ph_command){.kind = PH_CMD_TICK};
}
