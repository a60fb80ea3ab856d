/* SPDX-License-Identifier: Apache-2.0 */
/*  make_journal - a real journal of a trading day, without engine and gateway.

      make_journal DIRECTORY SEED RECORDS RECORDS_PER_BATCH [PAUSE_MS [RECORDS_PER_HOUR]]

    With RECORDS_PER_HOUR the market also delivers, disputes, sells on, measures and changes its
    terms, as time passes that much faster.  Command n follows from SEED, n and RECORDS_PER_HOUR
    alone, so a journal that is continued is the one that would have been made at once, and another
    SEED gives another journal.  Continues a journal that is there; pauses between batches when told
    to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/limits.h"
#include "engine/core/market.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/replay/replay.h"
#include "engine/wire/codec.h"
#include "tests/e2e/market_life.h"

enum { SUPPLIERS = 4, BUYERS = 4, PRODUCTS = 2, FIRST_PERIOD = 400000, HOUR = 3600 };

static _Noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "make_journal: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

static ph_command open_market(uint64_t seed)
{
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    (void)ph_text_set(c.u.open_market.market.s, 64, "settle.test");
    memcpy(c.u.open_market.currency, "USD", 4);
    (void)ph_text_set(c.u.open_market.operator_name.s, 64, "operator");
    memset(c.u.open_market.operator_curve_key.b, 200, 32);
    memcpy(c.u.open_market.operator_sign_key.b, &seed, sizeof seed);
    return c;
}

static ph_command participant(uint32_t id)
{
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    c.u.participant.id.v = id;
    c.u.participant.roles = id < 2 + SUPPLIERS ? PH_ROLE_SUPPLIER : PH_ROLE_BUYER;
    (void)snprintf(c.u.participant.name.s, 64,
                   "Gesch\xc3\xa4"
                   "ft %u",
                   id);
    memset(c.u.participant.curve_key.b, (int)id, 32);
    memset(c.u.participant.sign_key.b, (int)id + 100, 32);
    return c;
}

static ph_command payment(ph_command_kind kind, uint32_t id, ph_money amount, uint64_t seq)
{
    ph_command c = {.kind = kind, .sender = {1}};
    c.u.payment.participant.v = id;
    c.u.payment.amount = amount;
    (void)snprintf(c.u.payment.reference.s, 32, "payment %llu", (unsigned long long)seq);
    return c;
}

static ph_command product(uint32_t id)
{
    ph_command c = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    c.u.product = (ph_product_terms){.id = {id},
                                     .compute_type = id == 1 ? PH_COMPUTE_AI : PH_COMPUTE_GENERAL,
                                     .architecture = PH_ARCH_GPU,
                                     .model = {"H100"},
                                     .unit = {"card"},
                                     .hardware = {1},
                                     .hardware_units = 1,
                                     .site = {1},
                                     .period_seconds = HOUR,
                                     .tick = 1000,
                                     .lot = 1,
                                     .quantity_max = 1000000,
                                     .block_periods_max = 48,
                                     .horizon = 60,
                                     .maker_ppm = 500,
                                     .taker_ppm = 1500,
                                     .fee_at_trade_ppm = 200000,
                                     .bond_ppm = 100000,
                                     .report_seconds = 60,
                                     .dispute_seconds = 60,
                                     .resolve_seconds = 60,
                                     .reference_price = 2000000};
    (void)snprintf(c.u.product.symbol.s, 64, "TEST-%u", id);
    return c;
}

static ph_command capacity(uint32_t supplier)
{
    ph_command c = {.kind = PH_CMD_REGISTER_CAPACITY, .sender = {supplier}};
    c.u.capacity = (ph_register_capacity){.reference = UINT64_MAX - 7,
                                          .site = {1},
                                          .hardware = {1},
                                          .period_seconds = HOUR,
                                          .window = {FIRST_PERIOD, 64},
                                          .units = 500000000};
    return c;
}

static ph_command order(uint64_t seq, uint64_t random)
{
    bool is_buy = random & 1;
    uint64_t r = random >> 8;
    uint32_t who = is_buy ? 2 + SUPPLIERS + (uint32_t)(r % BUYERS) : 2 + (uint32_t)(r % SUPPLIERS);
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {who}, .request = random};
    ph_new_order *o = &c.u.order;
    *o = (ph_new_order){
        .client_order_id = seq,
        .product = {1 + (uint32_t)(r >> 4) % PRODUCTS},
        .side = is_buy ? PH_SIDE_BUY : PH_SIDE_SELL,
        .shape = PH_SHAPE_EACH,
        .window = {FIRST_PERIOD + 2 + (uint32_t)(r >> 8) % 40, 1 + (uint32_t)(r >> 16) % 12},
        .quantity = 1 + (ph_quantity)(r >> 24) % 20,
        .price = 1000 * (ph_price)(1900 + (r >> 32) % 200),
        .time_in_force = PH_TIF_GTC,
        .stp = PH_STP_CANCEL_INCOMING};
    if ((random >> 1) % 8 == 0) o->shape = PH_SHAPE_BLOCK;
    if ((random >> 1) % 8 == 1) o->time_in_force = PH_TIF_IOC;
    if ((random >> 1) % 8 == 2) o->time_in_force = PH_TIF_FOK;
    return c;
}

static ph_command cancel(uint64_t seq, uint64_t random)
{
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .request = random};
    c.sender.v = 2 + (uint32_t)(random >> 8) % (SUPPLIERS + BUYERS);
    c.u.cancel.order.v = 1 + (random >> 16) % seq;
    return c;
}

enum {
    PEOPLE = SUPPLIERS + BUYERS,
    SITE = 2 + 2 * PEOPLE,
    CAPACITY = SITE + 2,
    LIFE = CAPACITY + SUPPLIERS + PRODUCTS, /* first command after what every market has */
    METER = 2 + PEOPLE,
    AUDITOR,
};

/* Terms under which contract-periods are final within hours; product 2 has a meter. */
static ph_command delivery_terms(uint32_t id)
{
    ph_command c = product(id);
    c.kind = PH_CMD_SET_TERMS;
    c.u.product.report_seconds = c.u.product.dispute_seconds = c.u.product.resolve_seconds = 7200;
    c.u.product.dispute_deposit = 500000;
    c.u.product.bond_fixed = 1000;
    if (id == 2) c.u.product.meter.v = METER;
    return c;
}

/* Command `seq` of a market that delivers. */
static ph_command life(const ph_market *m, uint64_t seed, uint64_t seq, uint64_t at_ns)
{
    static const life_cast cast = {.supplier = 2,
                                   .buyer = 2 + SUPPLIERS,
                                   .people = SUPPLIERS,
                                   .meter = METER,
                                   .auditor = AUDITOR,
                                   .products = PRODUCTS,
                                   .period_seconds = HOUR};
    if (seq < LIFE + 2) {
        ph_command c = participant((uint32_t)(METER + seq - LIFE));
        c.u.participant.roles = seq == LIFE ? PH_ROLE_METER : PH_ROLE_AUDITOR;
        return c;
    }
    if (seq < LIFE + 2 + PRODUCTS) return delivery_terms((uint32_t)(1 + seq - LIFE - 2));
    return life_command(m, &cast, seq, at_ns, mix(seed * UINT64_C(1000000007) + seq));
}

/* Command `seq` of the day. */
static ph_command command(uint64_t seed, uint64_t seq)
{
    uint64_t random = mix(seed * UINT64_C(1000000007) + seq);
    uint32_t i = (uint32_t)(seq < 1000 ? seq : 1000);
    if (i == 1) return open_market(seed);
    if (i < 2 + PEOPLE) return participant(i);
    if (i < SITE) return payment(PH_CMD_DEPOSIT, i - PEOPLE, INT64_C(1000000000000000), seq);
    if (i == SITE)
        return (ph_command){.kind = PH_CMD_REGISTER_SITE,
                            .sender = {1},
                            .u.site = {.id = {1},
                                       .owner = {2},
                                       .region = {"ulanqab"},
                                       .name = {"site"},
                                       .latitude_udeg = -40994000,
                                       .longitude_udeg = 113132000,
                                       .racks = 10,
                                       .pue_ppm = 1200000}};
    if (i == SITE + 1)
        return (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                            .sender = {1},
                            .u.hardware = {.id = {1}, .name = {"card"}}};
    if (i < CAPACITY + SUPPLIERS) return capacity(2 + i - CAPACITY);
    if (i < CAPACITY + SUPPLIERS + PRODUCTS) return product(1 + i - CAPACITY - SUPPLIERS);
    uint32_t kind = (uint32_t)(random >> 48) % 1000;
    if (kind < 800) return order(seq, random);
    if (kind < 960) return cancel(seq, random);
    if (kind < 970) return payment(PH_CMD_DEPOSIT, 2 + kind % PEOPLE, 1000000, seq);
    if (kind < 980) return payment(PH_CMD_WITHDRAW, 2 + kind % PEOPLE, 999999, seq);
    if (kind < 982)
        return (ph_command){.kind = PH_CMD_SET_PHASE,
                            .sender = {1},
                            .u.phase = {{1}, kind == 980 ? PH_PHASE_HALTED : PH_PHASE_OPEN}};
    if (kind < 984)
        return (ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                            .sender = {1},
                            .u.participant_state = {{3},
                                                    kind == 982 ? PH_PARTICIPANT_SUSPENDED
                                                                : PH_PARTICIPANT_ACTIVE}};
    return (ph_command){.kind = PH_CMD_TICK};
}

static ph_market_limits limits(void)
{
    ph_market_limits l = ph_market_limits_default();
    l.ring_periods = 64;
    l.contracts_max = 1 << 20;
    return l;
}

/* The market as of the end of the journal, or a new one. */
static ph_market *market_at_end(const char *directory)
{
    ph_replay *r = NULL;
    ph_replay_error e = {.seq = 0};
    const ph_replay_batch *batch;
    ph_status s = ph_replay_open(directory, &r, &e);
    if (s == PH_ENOTFOUND) {
        ph_market_limits l = limits();
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
                      "[PAUSE_MS [RECORDS_PER_HOUR]]");
    uint64_t seed = strtoull(argv[2], NULL, 10), records = strtoull(argv[3], NULL, 10);
    uint64_t per_batch = strtoull(argv[4], NULL, 10);
    long pause_ms = argc > 5 ? strtol(argv[5], NULL, 10) : 0;
    uint64_t per_hour = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
    struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    static ph_market *m; /* its block goes with the process */
    m = market_at_end(argv[1]);
    ph_market_limits l = limits();
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
    uint64_t hour_ns = HOUR * PH_NS_PER_S, begin_ns = FIRST_PERIOD * hour_ns;
    for (uint64_t seq; (seq = ph_market_seq(m) + 1) <= records;) {
        /* gates close while people trade */
        uint64_t at_ns = begin_ns + seq * (hour_ns / (per_hour == 0 ? 5000 : per_hour));
        bool lives = per_hour != 0 && seq >= LIFE;
        ph_command c = lives ? life(m, seed, seq, at_ns) : command(seed, seq);
        c.seq = seq;
        c.at.ns = at_ns;
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
