/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_market.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/wire/codec.h"

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * PH_NS_PER_S + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_median(double *v, uint32_t n)
{
    qsort(v, n, sizeof v[0], by_value);
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int by_latency(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void bench_latency_row(const char *name, uint32_t *v, uint32_t cnt)
{
    if (cnt == 0) return;
    qsort(v, cnt, sizeof v[0], by_latency);
    printf("%-46s %8u %8u %8u %8u\n", name, v[cnt / 2], v[(size_t)cnt * 99 / 100],
           v[(size_t)cnt * 999 / 1000], v[cnt - 1]);
    fflush(stdout);
}

static uint32_t power_of_two(uint32_t n)
{
    uint32_t p = 16;
    while (p < n)
        p *= 2;
    return p;
}

ph_market_limits bench_limits(uint32_t products, uint32_t periods, uint32_t orders,
                              uint32_t order_periods)
{
    return (ph_market_limits){.participants_max = 1 + BENCH_SUPPLIERS + BENCH_BUYERS,
                              .sites_max = 1,
                              .hardware_max = 1,
                              .products_max = products,
                              .pools_max = BENCH_SUPPLIERS,
                              .ring_periods = power_of_two(periods + 8),
                              .orders_max = orders,
                              .order_periods_max = order_periods,
                              .blocks_max = 1 << 16,
                              .contracts_max = 1 << 21,
                              .references_max = 256,
                              .terms_max = products,
                              .deliveries_max = 1 << 21,
                              .lots_max = 1 << 21,
                              .disputes_max = 16,
                              .probes_max = 16,
                              .levels_max = order_periods};
}

static bench_listener *listens;

void bench_listen(bench_listener *listener)
{
    listens = listener;
}

void bench_apply(bench_market *b, ph_command *c)
{
    c->seq = ++b->seq;
    c->at.ns = b->at_ns;
    b->out.cnt = 0;
    ph_market_apply(b->m, c, &b->out);
    b->rejected += b->out.v[0].kind == PH_EVT_REJECTED;
    if (listens != NULL) listens(c, &b->out);
}

static void must(bench_market *b, ph_command c)
{
    uint64_t before = b->rejected;
    bench_apply(b, &c);
    if (b->rejected == before) return;
    fprintf(stderr, "%s was refused: %s\n", ph_command_kind_name(c.kind),
            ph_reject_text(b->out.v[0].u.rejected.code));
    exit(1);
}

static void register_all(bench_market *b)
{
    for (uint32_t id = 2; id < 2 + BENCH_SUPPLIERS + BENCH_BUYERS; id++) {
        bool supplier = id < 2 + BENCH_SUPPLIERS;
        ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT,
                        .sender = {1},
                        .u.participant = {.id = {id},
                                          .roles = supplier ? PH_ROLE_SUPPLIER : PH_ROLE_BUYER,
                                          .name = {"someone"}}};
        memset(&c.u.participant.curve_key, (int)id, sizeof c.u.participant.curve_key);
        memset(&c.u.participant.sign_key, (int)id, sizeof c.u.participant.sign_key);
        must(b, c);
        ph_command d = {.kind = PH_CMD_DEPOSIT,
                        .sender = {1},
                        .u.payment = {.participant = {id}, .amount = PH_PRICE_MAX * 40}};
        snprintf(d.u.payment.reference.s, sizeof d.u.payment.reference.s, "payment %u", id);
        must(b, d);
    }
    must(b, (ph_command){.kind = PH_CMD_REGISTER_SITE,
                         .sender = {1},
                         .u.site = {.id = {1},
                                    .owner = {2},
                                    .region = {"ulanqab"},
                                    .name = {"site"},
                                    .pue_ppm = 1200000}});
    must(b, (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                         .sender = {1},
                         .u.hardware = {.id = {1}, .name = {"card"}}});
    for (uint32_t id = 2; id < 2 + BENCH_SUPPLIERS; id++)
        must(b, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                             .sender = {id},
                             .u.capacity = {.reference = 1,
                                            .site = {1},
                                            .hardware = {1},
                                            .period_seconds = 3600,
                                            .window = {BENCH_PERIOD, b->limits.ring_periods},
                                            .units = PH_QUANTITY_MAX}});
}

static void list_products(bench_market *b, uint32_t products)
{
    uint32_t horizon = b->limits.ring_periods - 2;
    if (horizon > PH_HORIZON_MAX) horizon = PH_HORIZON_MAX;
    for (uint32_t id = 1; id <= products; id++) {
        ph_product_terms t = {.id = {id},
                              .compute_type = PH_COMPUTE_AI,
                              .architecture = PH_ARCH_GPU,
                              .model = {"H100"},
                              .unit = {"card"},
                              .hardware = {1},
                              .hardware_units = 1,
                              .site = {1},
                              .period_seconds = 3600,
                              .tick = 1,
                              .lot = 1,
                              .quantity_max = 1000000,
                              .block_periods_max = horizon,
                              .horizon = horizon,
                              .maker_ppm = 1000,
                              .taker_ppm = 2000,
                              .fee_at_trade_ppm = 500000,
                              .bond_ppm = 100000,
                              .report_seconds = 86400,
                              .dispute_seconds = 86400,
                              .resolve_seconds = 86400,
                              .reference_price = 1000};
        snprintf(t.symbol.s, sizeof t.symbol.s, "AI.BENCH-%u", id);
        must(b, (ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t});
    }
}

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PH_ASSERT(p != MAP_FAILED);
    (void)madvise(p, size, MADV_HUGEPAGE); /* without it the figures are what small pages give */
    return p;
}

bench_market bench_market_new(const ph_market_limits *limits, uint32_t products)
{
    bench_market b = {.limits = *limits,
                      .at_ns = (uint64_t)BENCH_PERIOD * 3600 * PH_NS_PER_S,
                      .size = ph_market_footprint(limits)};
    PH_ASSERT(b.size != 0);
    b.block = map(b.size);
    memset(b.block, 0, b.size); /* every page is there before anything is timed, as in the engine */
    b.m = ph_market_init(b.block, limits);
    b.out.max = ph_market_events_max(limits);
    b.out.v = map(b.out.max * sizeof b.out.v[0]);
    memset(b.out.v, 0, (size_t)PH_FILLS_PER_COMMAND_MAX * sizeof b.out.v[0]);
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    ph_text_set(c.u.open_market.market.s, sizeof c.u.open_market.market.s, "market.bench");
    ph_text_set(c.u.open_market.currency, sizeof c.u.open_market.currency, "USD");
    ph_text_set(c.u.open_market.operator_name.s, sizeof c.u.open_market.operator_name.s, "op");
    must(&b, c);
    register_all(&b);
    list_products(&b, products);
    return b;
}

void bench_market_free(bench_market *b)
{
    munmap(b->block, b->size);
    munmap(b->out.v, b->out.max * sizeof b->out.v[0]);
    *b = (bench_market){0};
}

ph_command bench_order(bench_market *b, uint32_t turn, ph_side side, ph_shape shape,
                       ph_window window)
{
    uint32_t who = side == PH_SIDE_SELL ? 2 + turn % BENCH_SUPPLIERS
                                        : 2 + BENCH_SUPPLIERS + turn % BENCH_BUYERS;
    return (ph_command){.kind = PH_CMD_NEW_ORDER,
                        .sender = {who},
                        .u.order = {.client_order_id = ++b->client_order_id[who],
                                    .product = {1},
                                    .side = side,
                                    .shape = shape,
                                    .window = window,
                                    .quantity = 1,
                                    .price = 1000,
                                    .time_in_force = PH_TIF_GTC,
                                    .stp = PH_STP_CANCEL_INCOMING}};
}
