/* SPDX-License-Identifier: Apache-2.0 */
/*  make_journal - a real journal of a trading day, without engine and gateway.

      make_journal DIRECTORY SEED RECORDS RECORDS_PER_BATCH [PAUSE_MS [RECORDS_PER_HOUR [KEY_USES]]]

    With RECORDS_PER_HOUR the market also delivers, disputes, sells on, measures and changes its
    terms, as time passes that much faster; its keys are for connections, signatures and reading, or
    with KEY_USES of the first so many of them, as a market had that knew no others yet.  Command n
    follows from SEED, n, RECORDS_PER_HOUR and KEY_USES alone, so a journal that is continued is the
    one that would have been made at once, and another SEED gives another journal.  Continues a
    journal that is there; pauses between batches when told to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define A_DAY_FIRST_PERIOD 400271 /* August 30, 2015, 23:00: the month ends soon */

#include "engine/core/market.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/replay/replay.h"
#include "engine/wire/codec.h"
#include "tests/e2e/market_life.h"
#include "tests/unit/a_day.h"

static _Noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "make_journal: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

enum {
    PEOPLE = DAY_SUPPLIERS + DAY_BUYERS,
    SITE = 2 + 2 * PEOPLE,
    CAPACITY = SITE + 2,
    LIFE = CAPACITY + DAY_SUPPLIERS + DAY_PRODUCTS, /* first command after what every market has */
    METER = 2 + PEOPLE,
    AUDITOR,
};

/* Terms under which contract-periods are final within hours; product 2 has a meter. */
static ph_command delivery_terms(uint32_t id)
{
    ph_command c = a_day_product(id);
    c.kind = PH_CMD_SET_TERMS;
    c.u.product.report_seconds = c.u.product.dispute_seconds = c.u.product.resolve_seconds = 7200;
    c.u.product.dispute_deposit = 500000;
    c.u.product.bond_fixed = 1000;
    if (id == 2) c.u.product.meter.v = METER;
    return c;
}

/* Command `seq` of a market that delivers. */
static ph_command life(const ph_market *m, uint64_t seed, uint64_t seq, uint64_t at_ns,
                       uint32_t key_uses)
{
    const life_cast cast = {.supplier = 2,
                            .buyer = 2 + DAY_SUPPLIERS,
                            .people = DAY_SUPPLIERS,
                            .meter = METER,
                            .auditor = AUDITOR,
                            .products = DAY_PRODUCTS,
                            .period_seconds = DAY_HOUR,
                            .key_uses = key_uses};
    if (seq < LIFE + 2) {
        ph_command c = a_day_participant((uint32_t)(METER + seq - LIFE));
        c.u.participant.roles = seq == LIFE ? PH_ROLE_METER : PH_ROLE_AUDITOR;
        return c;
    }
    if (seq < LIFE + 2 + DAY_PRODUCTS) return delivery_terms((uint32_t)(1 + seq - LIFE - 2));
    return life_command(m, &cast, seq, at_ns, a_day_mix(seed * UINT64_C(1000000007) + seq));
}

/* The market as of the end of the journal, or a new one. */
static ph_market *market_at_end(const char *directory)
{
    ph_replay *r = NULL;
    ph_replay_error e = {.seq = 0};
    const ph_replay_batch *batch;
    ph_status s = ph_replay_open(directory, &r, &e);
    if (s == PH_ENOTFOUND) {
        ph_market_limits l = a_day_limits();
        size_t size = (ph_market_footprint(&l) + 63) / 64 * 64;
        void *block = aligned_alloc(64, size);
        if (block == NULL) fail("no market", "no memory");
        memset(block, 0, size);
        return ph_market_init(block, &l);
    }
    if (s != PH_OK) fail("could not open the journal", e.text);
    while ((s = ph_replay_next(r, &batch, &e)) == PH_OK)
        continue;
    if (s != PH_EEND) fail("could not replay", e.text);
    ph_market *m = ph_replay_take_market(r);
    ph_replay_close(r);
    return m;
}

static void append(ph_journal *j, ph_market *m, ph_command c, ph_events *out, uint8_t *event_bytes)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    out->cnt = 0;
    ph_market_apply(m, &c, out);
    ph_writer b = ph_writer_of(bytes, sizeof bytes);
    ph_writer w = ph_writer_of(event_bytes, (size_t)out->max * PH_EVENT_BYTES_MAX);
    ph_command_write(&b, &c);
    for (uint32_t i = 0; i < out->cnt; i++)
        ph_event_write(&w, &out->v[i]);
    if (ph_journal_append(j, c.at, bytes, (uint32_t)ph_writer_size(&b), event_bytes,
                          (uint32_t)ph_writer_size(&w)) != PH_OK)
        fail("could not append", "the batch is full");
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("usage", "make_journal DIRECTORY SEED RECORDS RECORDS_PER_BATCH "
                      "[PAUSE_MS [RECORDS_PER_HOUR [KEY_USES]]]");
    uint64_t seed = strtoull(argv[2], NULL, 10), records = strtoull(argv[3], NULL, 10);
    uint64_t per_batch = strtoull(argv[4], NULL, 10);
    long pause_ms = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
    uint64_t per_hour = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
    uint32_t key_uses = argc > 7 ? (uint32_t)strtoul(argv[7], NULL, 10) : PH_KEY_READING;
    if (key_uses < 1 || key_uses > PH_KEY_READING) fail(argv[7], "KEY_USES are 1 to 3");
    struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    static ph_market *m; /* its block goes with the process */
    m = market_at_end(argv[1]);
    ph_market_limits l = a_day_limits();
    ph_disk_posix disk;
    ph_journal_fault f;
    ph_journal *j;
    uint8_t meta[PH_LIMITS_SIZE];
    ph_limits_write(&l, meta);
    ph_journal_options o = {.market = "settle.test", .meta = meta, .meta_size = sizeof meta};
    void *memory = aligned_alloc(64, (ph_journal_footprint() + 63) / 64 * 64);
    ph_events out = {.max = ph_market_events_max(&l)};
    /* For the worst command; the others touch a page of it. */
    size_t out_size = out.max * sizeof *out.v, bytes_size = (size_t)out.max * PH_EVENT_BYTES_MAX;
    void *out_block = NULL, *event_bytes = NULL;
    bool has_room = memory != NULL && ph_memory_map(out_size, &out_block) == PH_OK &&
                    ph_memory_map(bytes_size, &event_bytes) == PH_OK;
    if (!has_room) fail("no journal", "no memory");
    out.v = out_block;
    if (ph_disk_posix_open(argv[1], true, &disk) != PH_OK) fail(argv[1], disk.why);
    if (ph_journal_open(memory, &disk.disk, &o, &j, &f) != PH_OK) fail(argv[1], f.text);
    const uint64_t hour_ns = DAY_HOUR * PH_NS_PER_S;
    for (uint64_t seq; (seq = ph_market_seq(m) + 1) <= records;) {
        ph_command c = a_day_command(seed, seq);
        if (per_hour != 0) {
            uint64_t at_ns = DAY_PERIOD * hour_ns + seq * (hour_ns / per_hour);
            if (seq >= LIFE) c = life(m, seed, seq, at_ns, key_uses);
            c.seq = seq;
            c.at.ns = at_ns;
        }
        append(j, m, c, &out, event_bytes);
        if (seq % per_batch != 0 && seq != records) continue;
        if (ph_journal_commit(j, &f) != PH_OK) fail("could not commit", f.text);
        if (pause_ms != 0) (void)nanosleep(&pause, NULL); /* an early end is a shorter pause */
    }
    printf("%llu records, %llu contracts, %u resting orders\n", (unsigned long long)records,
           (unsigned long long)ph_market_contract_cnt(m), ph_market_order_cnt(m));
    ph_journal_close(j);
    ph_disk_posix_close(&disk);
    free(memory);
    ph_memory_unmap(out_block, out_size);
    ph_memory_unmap(event_bytes, bytes_size);
    return EXIT_SUCCESS;
}
