/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_file.h"
#include "engine/wire/codec.h"
#include "tests/bench/order_stream.h"

enum { PRODUCTS = 100, EVENT_BYTES = 1 << 22 };

/* What the listener writes to; there is one journal at a time. */
static struct {
    ph_journal *journal;
    uint8_t *events;
    bench_journal made;
    uint32_t pending;
    uint32_t *executed; /* per order, of what rests: a replace states totals */
} to;

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void commit(void)
{
    ph_journal_fault fault;
    if (to.pending == 0) return;
    if (ph_journal_commit(to.journal, &fault) != PH_OK) fail("could not commit", fault.text);
    to.pending = 0;
    to.made.batches++;
}

/* Quantities of a trade go to both of its orders. */
static void add_executed(const ph_events *events)
{
    for (uint32_t i = 0; i < events->cnt; i++) {
        const ph_event *e = &events->v[i];
        if (e->kind != PH_EVT_TRADE) continue;
        PH_ASSERT(e->u.trade.segment_cnt == 1);
        to.executed[e->u.trade.buy_order.v] += e[1].u.segment.quantity;
        to.executed[e->u.trade.sell_order.v] += e[1].u.segment.quantity;
    }
}

static void append(const ph_command *c, const ph_events *events)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_writer e = ph_writer_of(to.events, EVENT_BYTES);
    ph_command_write(&w, c);
    for (uint32_t i = 0; i < events->cnt; i++)
        ph_event_write(&e, &events->v[i]);
    PH_ASSERT(!w.full && !e.full);
    ph_status s = ph_journal_append(to.journal, c->at, bytes, (uint32_t)ph_writer_size(&w),
                                    to.events, (uint32_t)ph_writer_size(&e));
    if (s != PH_OK) fail("could not append", ph_status_text(s));
    to.made.records++;
    to.made.bytes += ph_writer_size(&w);
    to.made.event_bytes += ph_writer_size(&e);
    add_executed(events);
    if (++to.pending == BENCH_JOURNAL_BATCH) commit();
}

static ph_command command_of(bench_market *b, const stream_record *r)
{
    ph_side side = r->side == STREAM_BUY ? PH_SIDE_BUY : PH_SIDE_SELL;
    uint32_t who = side == PH_SIDE_SELL ? 2 + r->id % BENCH_SUPPLIERS
                                        : 2 + BENCH_SUPPLIERS + r->id % BENCH_BUYERS;
    ph_command c;
    switch (r->type) {
    case STREAM_CANCEL:
        return (ph_command){
            .kind = PH_CMD_CANCEL_ORDER, .sender = {who}, .u.cancel = {.order = {r->id}}};
    case STREAM_MODIFY:
        return (ph_command){.kind = PH_CMD_REPLACE_ORDER,
                            .sender = {who},
                            .u.replace = {.order = {r->id},
                                          .price = r->price,
                                          .quantity = r->quantity + to.executed[r->id]}};
    default:
        c = bench_order(b, r->id, side, PH_SHAPE_EACH, (ph_window){BENCH_FIRST, 1});
        c.u.order.product.v = 1 + r->instrument;
        c.u.order.quantity = r->quantity;
        c.u.order.price = r->price;
        if (r->type == STREAM_IOC) c.u.order.time_in_force = PH_TIF_IOC;
        return c;
    }
}

static void write_snapshot(const char *directory, const bench_market *b)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/%s", directory, PH_MARKET_FILE_FOLDER);
    ph_disk_posix disk;
    if (ph_disk_posix_open(folder, true, &disk) != PH_OK) fail(folder, disk.why);
    ph_journal_position end = ph_journal_end(to.journal);
    ph_state_head head = {
        .seq = end.seq, .at = end.at, .chain = end.chain, .market = {"market.bench"}};
    ph_status s = ph_market_file_write(&disk.disk, &head, b->m, 1);
    if (s != PH_OK) fail("could not write a snapshot", ph_status_text(s));
    ph_disk_posix_close(&disk);
}

/* All of the stream, with a snapshot nine tenths of the way. */
static void feed(const char *directory, bench_market *b, const order_stream *s)
{
    uint32_t cnt = s->header.preload_cnt + s->header.command_cnt, at = (uint32_t)(cnt * 0.9);
    uint64_t taken = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        ph_command c = command_of(b, &s->v[i]);
        bench_apply(b, &c);
        if (i < at || taken != 0) continue;
        commit();
        write_snapshot(directory, b);
        taken = to.made.records;
    }
    commit();
    to.made.tail = to.made.records - taken;
    if (b->rejected != 0) fail("the stream", "the market refused some of it");
}

bench_journal bench_journal_write(const char *directory, uint32_t resting, uint32_t commands)
{
    order_stream s = stream_generate(PRODUCTS, resting, commands, 1);
    uint32_t orders = resting * 2 + 100000;
    ph_market_limits limits = bench_limits(PRODUCTS, 1, orders, orders);
    memset(&to, 0, sizeof to);
    to.made.limits = limits;
    to.events = malloc(EVENT_BYTES);
    to.executed = calloc((size_t)s.header.id_max + 1, sizeof to.executed[0]);
    void *memory = aligned_alloc(64, (ph_journal_footprint() + 63) / 64 * 64);
    if (to.events == NULL || to.executed == NULL || memory == NULL) fail("a journal", "no memory");
    uint8_t meta[PH_LIMITS_SIZE];
    ph_limits_write(&limits, meta);
    ph_journal_options options = {.market = "market.bench", .meta = meta, .meta_size = sizeof meta};
    ph_disk_posix disk;
    ph_journal_fault fault;
    if (ph_disk_posix_open(directory, true, &disk) != PH_OK) fail(directory, disk.why);
    if (ph_journal_open(memory, &disk.disk, &options, &to.journal, &fault) != PH_OK)
        fail(directory, fault.text);
    bench_listen(append);
    bench_market b = bench_market_new(&limits, PRODUCTS);
    feed(directory, &b, &s);
    bench_listen(NULL);
    bench_market_free(&b);
    ph_journal_close(to.journal);
    ph_disk_posix_close(&disk);
    free(memory);
    free(to.events);
    free(to.executed);
    stream_free(&s);
    return to.made;
}
