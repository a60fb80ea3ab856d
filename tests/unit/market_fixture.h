/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/market_fixture.h - a small market for tests of the core.

    One operator (participant 1), any number of suppliers and buyers with cash, one site, one
    hardware class, products of one-hour periods.  Periods in tests are relative to FIRST, the
    first one that is open at the start.

    Owns      the market and the events of the last command; released by world_free.
    Laws      every command checks ph_market_broken. */
#ifndef TESTS_UNIT_MARKET_FIXTURE_H
#define TESTS_UNIT_MARKET_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "engine/core/market.h"
#include "engine/wire/codec.h"
#include "tests/unit/suite.h"

enum { START_PERIOD = 1000, FIRST = START_PERIOD + 1, HOUR = 3600 };

typedef struct {
    ph_market *m;
    void *block; /* the market begins at world_start(block) */
    ph_events out;
    ph_time now;
    uint64_t client_order_id[128]; /* last used, by participant */
    uint64_t payments;
    bool check_laws;
} world;

static inline ph_market_limits world_limits(void)
{
    return (ph_market_limits){.participants_max = 32,
                              .sites_max = 8,
                              .hardware_max = 8,
                              .products_max = 8,
                              .pools_max = 32,
                              .ring_periods = 64,
                              .orders_max = 4096,
                              .order_periods_max = 1 << 14,
                              .blocks_max = 4096,
                              .contracts_max = 1 << 16,
                              .references_max = 256,
                              .terms_max = 64,
                              .deliveries_max = 1 << 13,
                              .lots_max = 1 << 13,
                              .disputes_max = 256,
                              .probes_max = 16,
                              .levels_max = 1 << 14};
}

/* Applies a command and leaves its events in w->out.  Returns the first event of the answer. */
static inline const ph_event *world_apply(world *w, ph_command c)
{
    c.seq = ph_market_seq(w->m) + 1;
    c.at = w->now;
    w->out.cnt = 0;
    ph_market_apply(w->m, &c, &w->out);
    const char *law = w->check_laws ? ph_market_broken(w->m) : NULL;
    REQUIRE_MSG(law == NULL, "after command %llu: %s", (unsigned long long)c.seq, law);
    for (uint32_t i = 0; i < w->out.cnt; i++) {
        ph_event_kind k = w->out.v[i].kind;
        if (k == PH_EVT_REJECTED || k == PH_EVT_ACCEPTED || k == PH_EVT_REPLACED ||
            k == PH_EVT_DONE)
            return &w->out.v[i];
    }
    ck_abort_msg("command %llu has no answer", (unsigned long long)c.seq);
    return NULL;
}

static inline void world_do(world *w, ph_command c)
{
    const ph_event *e = world_apply(w, c);
    REQUIRE_MSG(e->kind != PH_EVT_REJECTED, "%s refused: %s", ph_command_kind_name(c.kind),
                e->kind == PH_EVT_REJECTED ? ph_reject_text(e->u.rejected.code) : "");
}

/* Where a market begins in its block: aligned to 64. */
static inline void *world_start(void *block)
{
    uintptr_t past = (uintptr_t)block & 63;
    return (char *)block + (past == 0 ? 0 : 64 - past);
}

/* Room that is all zero and aligned to 64, in *ret_block, which is the caller's to free.  Pages
   that nobody touches cost nothing. */
static inline void *world_room(size_t size, void **ret_block)
{
    *ret_block = calloc(1, size + 63);
    ck_assert_ptr_nonnull(*ret_block);
    return world_start(*ret_block);
}

static inline world world_new(const ph_market_limits *limits)
{
    world w = {.now = {(uint64_t)START_PERIOD * HOUR * PH_NS_PER_S}, .check_laws = true};
    size_t size = ph_market_footprint(limits);
    ck_assert(size != 0);
    w.m = ph_market_init(world_room(size, &w.block), limits);
    w.out.max = ph_market_events_max(limits);
    /* Far more than most commands say: pages that nobody touches cost nothing. */
    w.out.v = mmap(NULL, w.out.max * sizeof w.out.v[0], PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(w.out.v != MAP_FAILED);
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    ph_text_set(c.u.open_market.market.s, sizeof c.u.open_market.market.s, "market.test");
    ph_text_set(c.u.open_market.currency, sizeof c.u.open_market.currency, "USD");
    ph_text_set(c.u.open_market.operator_name.s, sizeof c.u.open_market.operator_name.s, "op");
    world_do(&w, c);
    return w;
}

static inline void world_free(world *w)
{
    free(w->block);
    munmap(w->out.v, w->out.max * sizeof w->out.v[0]);
    *w = (world){0};
}

static inline uint32_t world_participant(world *w, uint32_t roles, ph_money cash)
{
    uint32_t id = ph_market_participant_cnt(w->m) + 1;
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT,
                    .sender = {1},
                    .u.participant = {.id = {id}, .roles = roles, .name = {"someone"}}};
    memset(&c.u.participant.curve_key, (int)id, sizeof c.u.participant.curve_key);
    world_do(w, c);
    if (cash == 0) return id;
    ph_command d = {
        .kind = PH_CMD_DEPOSIT, .sender = {1}, .u.payment = {.participant = {id}, .amount = cash}};
    snprintf(d.u.payment.reference.s, sizeof d.u.payment.reference.s, "payment %llu",
             (unsigned long long)++w->payments);
    world_do(w, d);
    return id;
}

/* A site owned by a supplier and hardware class 1 (registered on the first call). */
static inline uint32_t world_site(world *w, uint32_t owner)
{
    uint32_t id = ph_market_site_cnt(w->m) + 1;
    world_do(w, (ph_command){.kind = PH_CMD_REGISTER_SITE,
                             .sender = {1},
                             .u.site = {.id = {id},
                                        .owner = {owner},
                                        .region = {"ulanqab"},
                                        .name = {"site"},
                                        .pue_ppm = 1200000}});
    if (ph_market_hardware_cnt(w->m) == 0)
        world_do(w, (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                                 .sender = {1},
                                 .u.hardware = {.id = {1}, .name = {"card"}}});
    return id;
}

/* Terms with tick 1, lot 1, no fees, no bond, no band, no gate; change what a test is about. */
static inline ph_product_terms world_terms(world *w, uint32_t site)
{
    ph_product_terms t = {.id = {ph_market_product_cnt(w->m) + 1},
                          .compute_type = PH_COMPUTE_AI,
                          .architecture = PH_ARCH_GPU,
                          .model = {"H100"},
                          .unit = {"card"},
                          .hardware = {1},
                          .hardware_units = 1,
                          .site = {site},
                          .period_seconds = HOUR,
                          .tick = 1,
                          .lot = 1,
                          .quantity_max = 1000000,
                          .block_periods_max = 60,
                          .horizon = 60,
                          .report_seconds = 60,
                          .dispute_seconds = 60,
                          .resolve_seconds = 60,
                          .reference_price = 10};
    snprintf(t.symbol.s, sizeof t.symbol.s, "AI.TEST-%u", t.id.v);
    return t;
}

static inline void world_product(world *w, const ph_product_terms *t)
{
    world_do(w, (ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = *t});
}

static inline void world_capacity(world *w, uint32_t supplier, uint32_t site, uint64_t reference,
                                  uint32_t units)
{
    world_do(w, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                             .sender = {supplier},
                             .u.capacity = {.reference = reference,
                                            .site = {site},
                                            .hardware = {1},
                                            .period_seconds = HOUR,
                                            .window = {START_PERIOD, 62},
                                            .units = units}});
}

/* A GTC order of product 1 with the participant's next client order id. */
/* wide: the fields of an order that examples vary */
static inline ph_command world_order(world *w, uint32_t who, ph_side side, ph_shape shape,
                                     ph_window relative, ph_quantity quantity, ph_price price)
{
    return (ph_command){.kind = PH_CMD_NEW_ORDER,
                        .sender = {who},
                        .u.order = {.client_order_id = ++w->client_order_id[who],
                                    .product = {1},
                                    .side = side,
                                    .shape = shape,
                                    .window = {FIRST + relative.first, relative.periods},
                                    .quantity = quantity,
                                    .price = price,
                                    .time_in_force = PH_TIF_GTC,
                                    .stp = PH_STP_CANCEL_INCOMING}};
}

/* A market in which two suppliers and two buyers, rich and with 1,000 units, trade product 1. */
enum { SELLER = 2, SELLER_2 = 3, BUYER = 4, BUYER_2 = 5 };

static inline world world_of_four(void)
{
    ph_market_limits limits = world_limits();
    world w = world_new(&limits);
    for (uint32_t who = SELLER; who <= BUYER_2; who++)
        world_participant(&w, who <= SELLER_2 ? PH_ROLE_SUPPLIER : PH_ROLE_BUYER, 1000000000);
    uint32_t site = world_site(&w, SELLER);
    ph_product_terms terms = world_terms(&w, site);
    world_product(&w, &terms);
    world_capacity(&w, SELLER, site, 1, 1000);
    world_capacity(&w, SELLER_2, site, 1, 1000);
    return w;
}

/* Why the last command was refused; PH_REJECT_NONE if it was not. */
static inline ph_reject world_refusal(const world *w)
{
    for (uint32_t i = 0; i < w->out.cnt; i++) {
        if (w->out.v[i].kind == PH_EVT_REJECTED) return w->out.v[i].u.rejected.code;
    }
    return PH_REJECT_NONE;
}

/* Units that the last command executed between two orders in a period (relative), at a price. */
static inline uint64_t world_filled(const world *w, uint32_t buyer, uint32_t supplier,
                                    ph_period relative, ph_price price)
{
    uint64_t units = 0;
    bool wanted = false;
    for (uint32_t i = 0; i < w->out.cnt; i++) {
        const ph_event *e = &w->out.v[i];
        if (e->kind == PH_EVT_TRADE)
            wanted = e->u.trade.buyer.v == buyer && e->u.trade.supplier.v == supplier;
        if (e->kind != PH_EVT_SEGMENT || !wanted) continue;
        const ph_segment *s = &e->u.segment;
        bool inside = FIRST + relative >= s->window.first &&
                      FIRST + relative < s->window.first + s->window.periods;
        if (inside && s->price == price) units += s->quantity;
    }
    return units;
}

/* Events of one kind that the last command caused. */
static inline uint32_t world_cnt(const world *w, ph_event_kind kind)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < w->out.cnt; i++)
        cnt += w->out.v[i].kind == kind;
    return cnt;
}

/* The n-th event of one kind (from 0) of the last command; fails the test if there is none. */
static inline const ph_event *world_event(const world *w, ph_event_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < w->out.cnt; i++) {
        if (w->out.v[i].kind == kind && n-- == 0) return &w->out.v[i];
    }
    ck_abort_msg("no event %s", ph_event_kind_name(kind));
    return NULL;
}

#endif
