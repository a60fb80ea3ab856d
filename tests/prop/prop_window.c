/* SPDX-License-Identifier: Apache-2.0 */
/* Long windows: executions in period after period, and contracts over many periods that are sold
   on, reported, confirmed and disputed here and there.  How contract-periods lie in runs is
   nobody's business: a twin is loaded again and again from a snapshot, where each stands alone, and
   both must say the same and write the same bytes.  All laws are checked after every command.

   PH_SEEDS=n runs n seeds (default 10) of PH_STEPS commands (default 1500); PH_SEED=s runs one. */
#include "engine/core/snapshot.h"
#include "engine/wire/codec.h"
#include "tests/prop/seeds.h"
#include "tests/sim/memory_disk.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { AHEAD = 48, PEOPLE = 4, CASH = 4000000, SNAPSHOT_BYTES = 1 << 24 };

static world w, twin;
static uint64_t seed, resold, ended;

static uint32_t chance(uint32_t n)
{
    return (uint32_t)(memory_chance(&seed) % n);
}

/* Both worlds get every command; their events must be equal bytes. */
static void both(ph_command c)
{
    static uint8_t bytes[2][1 << 22];
    (void)world_apply(&w, c);
    c.seq = ph_market_seq(twin.m) + 1;
    c.at = w.now;
    twin.out.cnt = 0;
    ph_market_apply(twin.m, &c, &twin.out);
    ph_writer a = ph_writer_of(bytes[0], sizeof bytes[0]);
    ph_writer b = ph_writer_of(bytes[1], sizeof bytes[1]);
    for (uint32_t i = 0; i < w.out.cnt; i++)
        ph_event_write(&a, &w.out.v[i]);
    for (uint32_t i = 0; i < twin.out.cnt; i++)
        ph_event_write(&b, &twin.out.v[i]);
    ck_assert(!a.full && ph_writer_size(&a) == ph_writer_size(&b));
    ck_assert_mem_eq(bytes[0], bytes[1], ph_writer_size(&a));
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        resold += e->kind == PH_EVT_TRADE && e->u.trade.from_contract.v != 0;
        ended += e->kind == PH_EVT_DELIVERY_FINAL;
    }
}

static void set_up_one(world *x)
{
    for (uint32_t i = 0; i < PEOPLE; i++)
        world_participant(x, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, CASH);
    uint32_t site = world_site(x, 2);
    ph_product_terms terms = world_terms(x, site);
    terms.maker_ppm = 30000;
    terms.taker_ppm = 70000;
    terms.fee_at_trade_ppm = 400000;
    terms.bond_ppm = 200000;
    terms.report_seconds = 4 * HOUR;
    terms.dispute_seconds = 2 * HOUR;
    world_product(x, &terms);
    for (uint32_t p = 2; p < 2 + PEOPLE; p++)
        world_capacity(x, p, site, 1, 40);
}

/* ---- Random commands ------------------------------------------------------------------------ */

static ph_period present(void)
{
    return (ph_period)(w.now.ns / PH_NS_PER_S / HOUR);
}

static ph_window window(void)
{
    ph_window at = {present() + 1 + chance(4) * chance(AHEAD / 4),
                    1 + chance(chance(4) == 0 ? 4 : AHEAD)};
    ph_period end = START_PERIOD + 60;
    if (at.first + at.periods > end) at.periods = at.first < end ? end - at.first : 1;
    return at;
}

static ph_contract_id contract(void)
{
    uint64_t cnt = ph_market_contract_cnt(w.m), last = cnt < 40 ? cnt : 40;
    return (ph_contract_id){cnt == 0 ? 0 : cnt - chance((uint32_t)last)};
}

static ph_command order(void)
{
    ph_side side = chance(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_shape shape = chance(4) == 0 ? PH_SHAPE_BLOCK : PH_SHAPE_EACH;
    ph_command c = world_order(&w, 2 + chance(PEOPLE), side, shape, (ph_window){0, 1},
                               1 + chance(6), 8 + chance(5));
    ph_new_order *n = &c.u.order;
    n->window = window();
    if (chance(5) == 0) n->time_in_force = PH_TIF_IOC;
    if (chance(3) == 0) n->stp = PH_STP_CANCEL_RESTING;
    if (shape == PH_SHAPE_BLOCK) n->all_or_none = chance(2) == 0;
    if (shape == PH_SHAPE_EACH && n->quantity > 2 && chance(5) == 0) n->display_quantity = 2;
    ph_contract_facts facts;
    if (side == PH_SIDE_SELL && chance(2) == 0 && ph_market_contract(w.m, contract(), &facts)) {
        /* What is held of a contract, or a part of it in the middle. */
        n->from_contract = contract();
        if (!ph_market_contract(w.m, n->from_contract, &facts) || facts.open_periods == 0) return c;
        w.client_order_id[c.sender.v]--;
        c.sender = facts.buyer;
        n->client_order_id = ++w.client_order_id[c.sender.v];
        n->quantity = 1 + chance(2);
        n->display_quantity = 0;
        n->window.first = facts.first_open + chance(facts.open_periods);
        n->window.periods = 1 + chance(facts.open_periods);
    }
    return c;
}

static ph_command of_delivery(void)
{
    ph_contract_id id = contract();
    ph_contract_facts facts;
    ph_period_view v;
    ph_command tick = {.kind = PH_CMD_TICK};
    if (!ph_market_contract(w.m, id, &facts)) return tick;
    ph_period from = present() - 4 + chance(4);
    if (!ph_market_contract_period(w.m, id, from, &v)) return tick;
    uint64_t all = (uint64_t)v.quantity * HOUR;
    uint32_t what = chance(4);
    if (what < 2)
        return (ph_command){.kind = PH_CMD_REPORT_DELIVERY,
                            .sender = facts.supplier,
                            .u.report = {.contract = id,
                                         .period = v.period,
                                         .delivered = all - chance(2) * chance(HOUR)}};
    if (what == 2)
        return (ph_command){.kind = PH_CMD_CONFIRM_DELIVERY,
                            .sender = facts.buyer,
                            .u.confirmation = {id, v.period}};
    return (ph_command){.kind = PH_CMD_DISPUTE_DELIVERY,
                        .sender = facts.buyer,
                        .u.figure = {id, v.period, all / 2}};
}

static ph_command anything(void)
{
    uint32_t kind = chance(20);
    if (kind < 12) return order();
    if (kind < 18) return of_delivery();
    if (kind == 18) return (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {2 + chance(PEOPLE)}};
    if (present() + AHEAD / 4 < START_PERIOD + 60 && chance(4) == 0)
        w.now.ns += chance(2 * HOUR) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

/* ---- The twin ------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *v;
    size_t cnt;
} bytes;

static void take(void *arg, const void *piece, size_t size)
{
    bytes *b = arg;
    ck_assert(b->cnt + size <= SNAPSHOT_BYTES);
    memcpy(b->v + b->cnt, piece, size);
    b->cnt += size;
}

static bytes written(const world *x)
{
    bytes b = {.v = malloc(SNAPSHOT_BYTES)};
    ck_assert_ptr_nonnull(b.v);
    ph_snapshot_write(x->m, take, &b);
    return b;
}

static void load_twin(const ph_market_limits *limits)
{
    bytes b = written(&w), again = written(&twin);
    ck_assert_uint_eq(b.cnt, again.cnt);
    ck_assert_mem_eq(b.v, again.v, b.cnt);
    memset(world_start(twin.block), 0, ph_market_footprint(limits));
    twin.m = ph_market_init(world_start(twin.block), limits);
    ph_snapshot_fault fault = {.what = NULL};
    ph_status s = ph_snapshot_load(twin.m, b.v, b.cnt, &fault);
    ck_assert_msg(s == PH_OK, "offset %llu: %s", (unsigned long long)fault.offset, fault.what);
    free(again.v);
    free(b.v);
}

START_TEST(runs_are_what_their_periods_are)
{
    seed = (uint64_t)environment("PH_SEED", _i);
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    twin = world_new(&limits);
    set_up_one(&w);
    set_up_one(&twin);
    resold = ended = 0;
    uint64_t steps = (uint64_t)environment("PH_STEPS", 1500);
    for (uint64_t step = 0; step < steps; step++) {
        mark_point();
        both(anything());
        if (step % 100 == 99) load_twin(&limits);
    }
    ck_assert_msg(resold > 0 && ended > 0, "seed %d: nothing was sold on, or nothing ended", _i);
    world_free(&w);
    world_free(&twin);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, runs_are_what_their_periods_are, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", 10));
}

int main(void)
{
    return suite_run("window", add);
}
