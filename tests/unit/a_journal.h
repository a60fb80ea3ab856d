/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/a_journal.h - a real journal of a small market, written the way the engine does.

    One operator, two suppliers and three buyers trade one product; batches of different sizes, some
    without contracts.  The same arguments give the same bytes.

    Owns      market, journal and disk; released by a_journal_close. */
#ifndef TESTS_UNIT_A_JOURNAL_H
#define TESTS_UNIT_A_JOURNAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/core/market.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/replay/limits.h"
#include "engine/wire/codec.h"

enum { A_JOURNAL_PERIOD = 464000, A_JOURNAL_EVENT_BYTES = 1 << 20 };

typedef struct {
    ph_market *m;
    void *block, *memory;
    ph_events out;
    uint8_t *event_bytes;
    ph_disk_posix disk;
    ph_journal *journal;
    ph_time now;
    uint64_t payments, client_order_id[8];
} a_journal;

static inline void *a_journal_room(size_t size)
{
    size = (size + 63) / 64 * 64;
    void *room = aligned_alloc(64, size);
    PH_ASSERT(room != NULL);
    memset(room, 0, size);
    return room;
}

/* Applies and appends; false: the market refused it, which is journaled too. */
static inline bool a_journal_try(a_journal *j, ph_command c)
{
    bool is_taken = true;
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_writer e = ph_writer_of(j->event_bytes, A_JOURNAL_EVENT_BYTES);
    j->now.ns += 1000000;
    c.seq = ph_market_seq(j->m) + 1;
    c.at = j->now;
    ph_command_write(&w, &c);
    j->out.cnt = 0;
    ph_market_apply(j->m, &c, &j->out);
    for (uint32_t i = 0; i < j->out.cnt; i++) {
        is_taken = is_taken && j->out.v[i].kind != PH_EVT_REJECTED;
        ph_event_write(&e, &j->out.v[i]);
    }
    PH_ASSERT(!w.full && !e.full);
    ph_status s = ph_journal_append(j->journal, c.at, bytes, (uint32_t)ph_writer_size(&w),
                                    j->event_bytes, (uint32_t)ph_writer_size(&e));
    PH_ASSERT(s == PH_OK);
    return is_taken;
}

/* The command must be accepted. */
static inline void a_journal_do(a_journal *j, ph_command c)
{
    bool is_taken = a_journal_try(j, c);
    PH_ASSERT(is_taken);
}

static inline void a_journal_commit(a_journal *j)
{
    ph_journal_fault fault;
    ph_status s = ph_journal_commit(j->journal, &fault);
    PH_ASSERT(s == PH_OK);
}

static inline void a_journal_register(a_journal *j, uint32_t id, uint32_t roles, const char *name)
{
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT,
                    .sender = {1},
                    .u.participant = {.id = {id}, .roles = roles}};
    bool fits = ph_text_set(c.u.participant.name.s, sizeof c.u.participant.name.s, name);
    PH_ASSERT(fits);
    memset(&c.u.participant.curve_key, (int)id, sizeof c.u.participant.curve_key);
    memset(&c.u.participant.sign_key, (int)(64 + id), sizeof c.u.participant.sign_key);
    a_journal_do(j, c);
    ph_command d = {.kind = PH_CMD_DEPOSIT,
                    .sender = {1},
                    .u.payment = {.participant = {id}, .amount = INT64_C(1000000000000)}};
    snprintf(d.u.payment.reference.s, sizeof d.u.payment.reference.s, "payment %u", id);
    a_journal_do(j, d);
}

static inline void a_journal_product(a_journal *j)
{
    ph_product_terms t = {.id = {1},
                          .symbol = {"AI.H100-SXM5-80G.ulanqab-1"},
                          .compute_type = PH_COMPUTE_AI,
                          .architecture = PH_ARCH_GPU,
                          .model = {"H100-SXM5-80G"},
                          .unit = {"card"},
                          .hardware = {1},
                          .hardware_units = 1,
                          .site = {1},
                          .availability_ppm = 999000,
                          .period_seconds = 3600,
                          .tick = 1,
                          .lot = 1,
                          .quantity_max = 1000,
                          .block_periods_max = 48,
                          .horizon = 60,
                          .maker_ppm = 1000,
                          .taker_ppm = 2000,
                          .fee_at_trade_ppm = 250000,
                          .bond_fixed = 100,
                          .report_seconds = 7200,
                          .dispute_seconds = 86400,
                          .resolve_seconds = 86400,
                          .reference_price = 2000000};
    memset(&t.terms_hash, 0xab, sizeof t.terms_hash);
    a_journal_do(j, (ph_command){.kind = PH_CMD_REGISTER_SITE,
                                 .sender = {1},
                                 .u.site = {.id = {1},
                                            .owner = {2},
                                            .region = {"ulanqab"},
                                            .name = {"Hall 1"},
                                            .pue_ppm = 1150000}});
    a_journal_do(j, (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                                 .sender = {1},
                                 .u.hardware = {.id = {1}, .name = {"NVIDIA H100 SXM5 80GB"}}});
    for (uint32_t supplier = 2; supplier <= 3; supplier++)
        a_journal_do(j, (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                                     .sender = {supplier},
                                     .u.capacity = {.reference = 1,
                                                    .site = {1},
                                                    .hardware = {1},
                                                    .period_seconds = 3600,
                                                    .window = {A_JOURNAL_PERIOD, 60},
                                                    .units = 100000}});
    a_journal_do(j, (ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t});
}

/* Makes the journal with its participants and product: one batch without contracts. */
static inline void a_journal_open(a_journal *j, const char *directory, const char *market,
                                  const ph_key *notary)
{
    ph_market_limits limits = {.participants_max = 8,
                               .sites_max = 2,
                               .hardware_max = 2,
                               .products_max = 2,
                               .pools_max = 8,
                               .ring_periods = 64,
                               .orders_max = 1024,
                               .order_periods_max = 1 << 14,
                               .blocks_max = 256,
                               .contracts_max = 1 << 14,
                               .references_max = 64,
                               .terms_max = 16,
                               .deliveries_max = 1 << 16,
                               .lots_max = 1 << 16,
                               .disputes_max = 64,
                               .probes_max = 16,
                               .levels_max = 1 << 14};
    uint8_t meta[PH_LIMITS_SIZE];
    ph_journal_fault fault;
    *j = (a_journal){.now = {(uint64_t)A_JOURNAL_PERIOD * 3600 * PH_NS_PER_S}};
    j->block = a_journal_room(ph_market_footprint(&limits));
    j->m = ph_market_init(j->block, &limits);
    j->out.max = ph_market_events_max(&limits);
    j->out.v = a_journal_room(j->out.max * sizeof j->out.v[0]);
    j->event_bytes = a_journal_room(A_JOURNAL_EVENT_BYTES);
    j->memory = a_journal_room(ph_journal_footprint());
    ph_limits_write(&limits, meta);
    ph_journal_options options = {
        .market = market, .meta = meta, .meta_size = sizeof meta, .fill_bytes = 1 << 16};
    ph_status s = ph_disk_posix_open(directory, true, &j->disk);
    PH_ASSERT(s == PH_OK);
    s = ph_journal_open(j->memory, &j->disk.disk, &options, &j->journal, &fault);
    PH_ASSERT(s == PH_OK);

    ph_command c = {.kind = PH_CMD_OPEN_MARKET,
                    .u.open_market = {.rules_version = 1,
                                      .currency = "USD",
                                      .operator_name = {"operator"},
                                      .notary_sign_key = *notary}};
    bool fits = ph_text_set(c.u.open_market.market.s, sizeof c.u.open_market.market.s, market);
    PH_ASSERT(fits);
    memset(&c.u.open_market.operator_curve_key, 1, sizeof c.u.open_market.operator_curve_key);
    memset(&c.u.open_market.operator_sign_key, 65, sizeof c.u.open_market.operator_sign_key);
    a_journal_do(j, c);
    a_journal_register(j, 2, PH_ROLE_SUPPLIER, "Hall");
    a_journal_register(j, 3, PH_ROLE_SUPPLIER, "Barn");
    a_journal_register(j, 4, PH_ROLE_BUYER, "Lab");
    a_journal_register(j, 5, PH_ROLE_BUYER, "Studio");
    a_journal_register(j, 6, PH_ROLE_BUYER, "Clinic");
    a_journal_product(j);
    a_journal_commit(j);
}

static inline void a_journal_order(a_journal *j, uint32_t who, ph_side side, ph_window window,
                                   ph_quantity quantity, ph_price price)
{
    window.first += A_JOURNAL_PERIOD + 2;
    a_journal_do(j, (ph_command){.kind = PH_CMD_NEW_ORDER,
                                 .sender = {who},
                                 .u.order = {.client_order_id = ++j->client_order_id[who],
                                             .product = {1},
                                             .side = side,
                                             .shape = PH_SHAPE_EACH,
                                             .window = window,
                                             .quantity = quantity,
                                             .price = price,
                                             .time_in_force = PH_TIF_GTC,
                                             .stp = PH_STP_CANCEL_INCOMING}});
}

static inline void a_journal_cancel_all(a_journal *j, uint32_t who)
{
    a_journal_do(j, (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {who}});
}

static inline void a_journal_round(a_journal *j, uint32_t n)
{
    uint32_t first = n % 20;
    ph_window window = {first, 4};
    for (uint32_t i = 0; i < n % 7; i++) {
        a_journal_order(j, 2 + i % 2, PH_SIDE_SELL, window, 3, 1000000 + i);
        a_journal_order(j, 4 + i % 3, PH_SIDE_BUY, window, 3, 1000000 + i);
    }
    if (n % 7 == 6) {
        a_journal_order(j, 2, PH_SIDE_SELL, window, 3, 900000);
        a_journal_order(j, 4, PH_SIDE_BUY, (ph_window){first, 2}, 1, 900000);
        a_journal_order(j, 5, PH_SIDE_BUY, window, 3, 900000);
    }
    a_journal_cancel_all(j, 5);
    a_journal_commit(j);
}

static inline void a_journal_close(a_journal *j)
{
    ph_journal_close(j->journal);
    ph_disk_posix_close(&j->disk);
    free(j->block);
    free(j->memory);
    free(j->out.v);
    free(j->event_bytes);
    *j = (a_journal){.m = NULL};
}

#endif
