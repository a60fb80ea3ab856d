/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/journaled_market.h - a small market whose commands and events are journaled, as an
    engine does it. */
#ifndef TESTS_UNIT_JOURNALED_MARKET_H
#define TESTS_UNIT_JOURNALED_MARKET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/journal/chain.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/replay/replay.h"
#include "engine/wire/codec.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/suite.h"

/* An engine in small: applies commands and journals them with their events. */
typedef struct {
    rig g;
    ph_market_limits limits;
    void *block;
    ph_market *market;
    ph_journal *journal;
    uint64_t segment_pages;
    ph_events events;
    uint8_t *event_bytes;
    uint64_t bend; /* the record whose events are journaled wrongly, 0: none */
} engine;

static inline ph_market_limits small_limits(void)
{
    ph_market_limits l = ph_market_limits_default();
    l.orders_max = 1024;
    l.order_periods_max = 4096;
    l.blocks_max = 64;
    l.contracts_max = 1024;
    l.deliveries_max = 1024;
    l.lots_max = 1024;
    l.products_max = 16;
    l.pools_max = 16;
    l.ring_periods = 64;
    l.levels_max = 4096;
    l.references_max = 8192;
    l.disputes_max = 16;
    l.probes_max = 16;
    l.terms_max = 64;
    return l;
}

static inline void open_journal(engine *e, const void *meta, uint32_t meta_size)
{
    ph_journal_options o = {.market = "replay.test",
                            .meta = meta,
                            .meta_size = meta_size,
                            .segment_bytes = e->segment_pages * PH_JOURNAL_PAGE,
                            .fill_bytes = PH_JOURNAL_PAGE};
    ph_journal_fault f;
    ck_assert_msg(ph_journal_open(e->g.writer_block, &e->g.disk, &o, &e->journal, &f) == PH_OK,
                  "%s", f.text);
}

static inline void begin_with(engine *e, uint64_t segment_pages)
{
    *e = (engine){.limits = small_limits(), .segment_pages = segment_pages};
    rig_begin(&e->g);
    size_t size = (ph_market_footprint(&e->limits) + 63) / 64 * 64;
    e->block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(e->block);
    memset(e->block, 0, size);
    e->market = ph_market_init(e->block, &e->limits);
    e->events.max = ph_market_events_max(&e->limits);
    e->events.v = calloc(e->events.max, sizeof(ph_event));
    e->event_bytes = malloc((size_t)e->events.max * PH_EVENT_BYTES_MAX);
    ck_assert(e->events.v != NULL && e->event_bytes != NULL);
    uint8_t meta[PH_LIMITS_SIZE];
    ph_limits_write(&e->limits, meta);
    open_journal(e, meta, sizeof meta);
}

/* So small that there are several. */
static inline void begin(engine *e)
{
    begin_with(e, 8);
}

static inline void end(engine *e)
{
    ph_journal_close(e->journal);
    free(e->block);
    free(e->events.v);
    free(e->event_bytes);
    rig_end(&e->g);
}

static inline void submit(engine *e, ph_command c)
{
    c.seq = ph_journal_next_seq(e->journal);
    c.at.ns = UINT64_C(1700000000000000000) + c.seq * 1000;
    e->events.cnt = 0;
    ph_market_apply(e->market, &c, &e->events);
    ph_writer w = ph_writer_of(e->event_bytes, (size_t)e->events.max * PH_EVENT_BYTES_MAX);
    for (uint32_t i = 0; i < e->events.cnt; i++)
        ph_event_write(&w, &e->events.v[i]);
    if (c.seq == e->bend) e->event_bytes[ph_writer_size(&w) - 1] ^= 1;
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_writer b = ph_writer_of(bytes, sizeof bytes);
    ph_command_write(&b, &c);
    ck_assert_int_eq(ph_journal_append(e->journal, c.at, bytes, (uint32_t)ph_writer_size(&b),
                                       e->event_bytes, (uint32_t)ph_writer_size(&w)),
                     PH_OK);
}

static inline void commit(engine *e)
{
    ph_journal_fault f;
    ck_assert_int_eq(ph_journal_commit(e->journal, &f), PH_OK);
}

static inline ph_key key_of(uint8_t n)
{
    ph_key k;
    memset(k.b, n, sizeof k.b);
    return k;
}

static inline ph_command open_market(void)
{
    ph_command c = {.kind = PH_CMD_OPEN_MARKET};
    c.u.open_market.rules_version = 1;
    ck_assert(ph_text_set(c.u.open_market.market.s, 64, "replay.test"));
    ck_assert(ph_text_set(c.u.open_market.currency, 4, "USD"));
    ck_assert(ph_text_set(c.u.open_market.operator_name.s, 64, "operator"));
    c.u.open_market.operator_curve_key = key_of(1);
    c.u.open_market.operator_sign_key = key_of(2);
    c.u.open_market.notary_sign_key = key_of(3);
    return c;
}

static inline ph_command deposit(int n)
{
    ph_command c = {.kind = PH_CMD_DEPOSIT, .sender = {1}};
    c.u.payment.participant.v = 1;
    c.u.payment.amount = 100 + n;
    char text[32];
    snprintf(text, sizeof text, "payment %d", n / 2); /* every second is a duplicate: rejected */
    ck_assert(ph_text_set(c.u.payment.reference.s, 32, text));
    return c;
}

/* A market of `batches` batches, of growing size. */
static inline void trade(engine *e, int batches)
{
    submit(e, open_market());
    commit(e);
    for (int b = 0, n = 0; b < batches; b++) {
        for (int i = 0; i <= b; i++)
            submit(e, deposit(n++));
        commit(e);
    }
}

#endif
