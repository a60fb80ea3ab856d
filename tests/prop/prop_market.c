/* SPDX-License-Identifier: Apache-2.0 */
/* Random commands in a world so small that everything collides: few participants, two products that
   share hardware, ten periods, tiny prices and quantities.  All laws are checked after every
   command, and two markets that see the same commands must say the same, one of them loaded again
   and again from a snapshot of the other.

   PH_SEEDS=n runs n seeds (default 60) of PH_STEPS commands (default 3000); PH_SEED=s runs one.
   A failure prints the seed and the step. */
#include "engine/base/period.h"
#include "engine/core/snapshot.h"
#include "tests/prop/asked.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PERIODS = 10,
    SUPPLIERS = 3,
    BUYERS = 3,
    BOTH = 2,
    PRODUCTS = 2,
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same everywhere. */
static uint64_t rng_state;

static uint64_t rng(void)
{
    uint64_t z = (rng_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(rng() % n);
}

static int environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    if (text == NULL) return otherwise;
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > INT32_MAX) {
        fprintf(stderr, "%s is a whole number, not \"%s\"\n", name, text);
        exit(2);
    }
    return (int)value;
}

static world w, twin;
static uint64_t traded, countersigned;
static asked_room room;

/* Both worlds get every command; their events must be equal bytes. */
static void both(ph_command c)
{
    static uint8_t bytes[2][1 << 20];
    ph_preview p = {.reject = PH_REJECT_NONE};
    /* Of one world only: the twin shows that asking changes nothing.  What time alone does comes
       first, and a question does not wait for it. */
    bool asks = c.kind == PH_CMD_NEW_ORDER && ph_market_next_due(w.m).ns > w.now.ns &&
                ph_market_seq(w.m) % 3 == 0;
    if (asks) {
        p = asked_preview(&room, &w, c.sender, &c.u.order);
        if (ph_market_seq(w.m) % 27 == 0) asked_why(&room, &w, c.sender, &c.u.order);
    }
    (void)world_apply(&w, c);
    if (asks) asked_preview_came(&w, &p, &c);
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
    REQUIRE(!a.full && ph_writer_size(&a) == ph_writer_size(&b));
    ck_assert_mem_eq(bytes[0], bytes[1], ph_writer_size(&a));
    traded += world_cnt(&w, PH_EVT_TRADE);
    if (c.kind == PH_CMD_COUNTERSIGN_CONTRACT && w.out.v[w.out.cnt - 1].kind == PH_EVT_DONE)
        countersigned += w.out.v[w.out.cnt - 1].u.done.count;
}

static void set_up_one(world *x)
{
    uint32_t supplier = 0;
    for (int i = 0; i < SUPPLIERS; i++)
        supplier = world_participant(x, PH_ROLE_SUPPLIER, 20000);
    for (int i = 0; i < BUYERS; i++)
        world_participant(x, PH_ROLE_BUYER, 20000);
    for (int i = 0; i < BOTH; i++)
        world_participant(x, PH_ROLE_BUYER | PH_ROLE_SUPPLIER, 20000);
    uint32_t meter = world_participant(x, PH_ROLE_METER, 0);
    uint32_t site = world_site(x, supplier);
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        ph_product_terms terms = world_terms(x, site);
        terms.hardware_units = 1 + i * 2;
        terms.maker_ppm = 20000 * i;
        terms.taker_ppm = 50000;
        terms.fee_at_trade_ppm = 300000;
        terms.bond_ppm = 100000;
        terms.gate_seconds = 600 * i;
        terms.report_seconds = 3600;
        terms.dispute_seconds = 2400;
        terms.resolve_seconds = 3600;
        terms.dispute_deposit = 3;
        terms.meter.v = i == 0 ? 0 : meter;
        world_product(x, &terms);
    }
    for (uint32_t p = 2; p <= ph_market_participant_cnt(x->m); p++) {
        if (p > 1 + SUPPLIERS && p <= 1 + SUPPLIERS + BUYERS) continue;
        if (p == meter) continue;
        world_capacity(x, p, site, 1, 12);
    }
}

static uint32_t anybody(void)
{
    return 2 + below(SUPPLIERS + BUYERS + BOTH);
}

static void shape_order(ph_new_order *n)
{
    if (n->shape == PH_SHAPE_FLEX) {
        n->side = PH_SIDE_BUY;
        n->duration = 1 + below(n->window.periods);
    }
    n->all_or_none = n->shape == PH_SHAPE_BLOCK && below(3) == 0;
    uint32_t tif = below(10);
    if (tif == 0) n->time_in_force = PH_TIF_IOC;
    if (tif == 1) n->time_in_force = PH_TIF_FOK;
    if (tif >= 8) {
        n->time_in_force = PH_TIF_GTT;
        n->expire_at.ns = w.now.ns + (1 + below(6)) * 1800 * PH_NS_PER_S;
    }
    n->post_only = tif > 1 && below(6) == 0;
    if (n->shape == PH_SHAPE_EACH && below(4) == 0) n->display_quantity = 1 + below(2);
    if (below(2) == 0) n->stp = PH_STP_CANCEL_RESTING;
}

static ph_command random_order(void)
{
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    static const ph_shape shapes[] = {PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_BLOCK, PH_SHAPE_FLEX};
    ph_shape shape = shapes[below(side == PH_SIDE_BUY ? 4 : 3)];
    uint32_t first = below(PERIODS), periods = 1 + below(PERIODS - first);
    ph_command c = world_order(&w, anybody(), side, shape, (ph_window){first, periods},
                               1 + below(5), 1 + below(12));
    c.u.order.window.first = ph_period_at(w.now, HOUR) + 1 + first;
    c.u.order.product.v = 1 + below(PRODUCTS);
    shape_order(&c.u.order);
    return c;
}

static ph_command random_group(void)
{
    uint32_t who = anybody();
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {who}};
    c.u.group.cnt = 1 + below(4);
    for (uint32_t i = 0; i < c.u.group.cnt; i++) {
        bool flex = side == PH_SIDE_BUY && below(3) == 0;
        ph_command one = random_order();
        while (one.u.order.shape == PH_SHAPE_EACH)
            one = random_order();
        ph_new_order *n = &c.u.group.v[i];
        *n = one.u.order;
        n->client_order_id = ++w.client_order_id[who];
        n->side = side;
        n->shape = flex ? PH_SHAPE_FLEX : PH_SHAPE_BLOCK;
        n->all_or_none = !flex;
        n->duration = flex ? 1 + below(n->window.periods) : 0;
    }
    return c;
}

/* ---- Contracts: sold on, reported, confirmed, disputed, resolved ---------------------------- */

static uint64_t recent_contract(void)
{
    uint64_t cnt = ph_market_contract_cnt(w.m);
    uint64_t back = below(40);
    return cnt > back ? cnt - back : 1;
}

/* One that still has periods to come; often one that was resold before. */
static uint64_t held_contract(void)
{
    uint64_t id = recent_contract();
    ph_contract_facts best, facts;
    if (!ph_market_contract(w.m, (ph_contract_id){id}, &best)) return id;
    for (uint32_t i = below(16); i > 0; i--) {
        uint64_t other = recent_contract();
        if (!ph_market_contract(w.m, (ph_contract_id){other}, &facts)) continue;
        if (facts.open_periods == 0 || facts.first_open <= ph_period_at(w.now, HOUR)) continue;
        if (best.open_periods > 0 && facts.resales < best.resales) continue;
        best = facts;
        id = other;
    }
    return id;
}

/* One whose first unfinished period is over. */
static uint64_t delivered_contract(void)
{
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_contract_facts facts;
    for (uint32_t i = 0; i < 60 && cnt > 0; i++) {
        uint64_t id = 1 + rng() % cnt;
        if (ph_market_contract(w.m, (ph_contract_id){id}, &facts) && facts.open_periods > 0 &&
            facts.first_open < ph_period_at(w.now, HOUR))
            return id;
    }
    return recent_contract();
}

static ph_command random_resale(void)
{
    uint64_t id = held_contract();
    ph_command c = random_order();
    ph_contract_facts facts;
    if (!ph_market_contract(w.m, (ph_contract_id){id}, &facts)) return c;
    w.client_order_id[c.sender.v]--;
    ph_new_order *n = &c.u.order;
    c.sender = facts.buyer;
    n->client_order_id = ++w.client_order_id[c.sender.v];
    n->product = facts.product;
    n->side = PH_SIDE_SELL;
    if (n->shape == PH_SHAPE_FLEX) n->shape = PH_SHAPE_BLOCK;
    n->duration = 0;
    n->from_contract.v = id;
    n->quantity = 1 + below(2);
    n->window.periods = 1 + below(2);
    if (facts.open_periods > 0) n->window.first = facts.first_open + below(2);
    return c;
}

static ph_command random_delivery(void)
{
    uint64_t id = below(8) == 0 ? recent_contract() : delivered_contract();
    ph_period now = ph_period_at(w.now, HOUR), t = now - below(4);
    ph_contract_facts facts;
    if (!ph_market_contract(w.m, (ph_contract_id){id}, &facts))
        return (ph_command){.kind = PH_CMD_TICK};
    if (facts.open_periods > 0 && below(4) != 0) t = facts.first_open;
    uint32_t dice = below(10), who = facts.buyer.v, seconds = below(5) * HOUR / 2;
    if (dice < 5) {
        uint32_t by = below(2) == 0 ? facts.supplier.v : ph_market_participant_cnt(w.m);
        return (ph_command){.kind = PH_CMD_REPORT_DELIVERY,
                            .sender = {by},
                            .u.report = {.contract = {id}, .period = t, .delivered = seconds}};
    }
    if (dice < 6)
        return (ph_command){.kind = PH_CMD_CONFIRM_DELIVERY,
                            .sender = {who},
                            .u.confirmation = {.contract = {id}, .period = t}};
    if (dice < 9 && below(2) == 0) who = anybody();
    return (ph_command){.kind = dice < 9 ? PH_CMD_DISPUTE_DELIVERY : PH_CMD_RESOLVE_DISPUTE,
                        .sender = {dice < 9 ? who : 1},
                        .u.figure = {.contract = {id}, .period = t, .delivered = seconds}};
}

/* Keys of a few values, so that revoked ones come back and others' are tried. */
static ph_command random_signature(void)
{
    uint32_t dice = below(10), who = anybody();
    ph_key key = {{(uint8_t)(who * 4 + below(4))}};
    ph_contract_facts facts;
    uint64_t id = recent_contract();
    if (dice == 0) {
        ph_command c = {.kind = PH_CMD_ROTATE_NOTARY_KEY, .sender = {below(8) == 0 ? who : 1}};
        uint64_t bits = rng() % 1000;
        memcpy(c.u.notary_key.key.b, &bits, sizeof bits);
        return c;
    }
    if (dice == 1)
        return (ph_command){.kind = PH_CMD_TAKE_OVER,
                            .sender = {who},
                            .request = rng(),
                            .u.take_over = {.key = key}};
    if (dice < 4)
        return (ph_command){.kind = below(3) == 0 ? PH_CMD_REVOKE_KEY : PH_CMD_ADD_KEY,
                            .sender = {who},
                            .u.key = {.use = PH_KEY_SIGNATURE, .key = key}};
    if (ph_market_contract(w.m, (ph_contract_id){id}, &facts) && below(5) != 0) {
        who = below(2) == 0 ? facts.buyer.v : facts.supplier.v;
        key.b[0] = (uint8_t)(who * 4 + below(4));
    }
    return (ph_command){.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                        .sender = {who},
                        .u.countersignature = {.contract = {id}, .key = key}};
}

static ph_command random_replace(uint64_t orders)
{
    return (ph_command){.kind = PH_CMD_REPLACE_ORDER,
                        .sender = {anybody()},
                        .u.replace = {.order = {1 + rng() % (orders + 1)},
                                      .price = 1 + below(12),
                                      .quantity = 1 + below(6)}};
}

static void random_step(uint64_t orders)
{
    uint32_t dice = below(100);
    if (dice < 30) {
        both(random_order());
    } else if (dice < 34) {
        both(random_signature());
    } else if (dice < 48) {
        both(random_resale());
    } else if (dice < 60) {
        both(random_delivery());
    } else if (dice < 65) {
        both(random_group());
    } else if (dice < 78) {
        both(random_replace(orders));
    } else if (dice < 85) {
        both((ph_command){.kind = PH_CMD_CANCEL_ORDER,
                          .sender = {anybody()},
                          .u.cancel = {.order = {1 + rng() % (orders + 1)}}});
    } else if (dice < 87) {
        both((ph_command){.kind = PH_CMD_MASS_CANCEL,
                          .sender = {anybody()},
                          .u.mass_cancel = {.product = {below(PRODUCTS + 1)}}});
    } else if (dice < 95) {
        /* Now and then several gates at once, as after a standstill. */
        w.now.ns += (uint64_t)below(below(8) == 0 ? 5 * HOUR : 1200) * PH_NS_PER_S;
        both((ph_command){.kind = PH_CMD_TICK});
    } else if (dice < 97) {
        ph_phase phase = below(3) == 0 ? PH_PHASE_CLOSED : PH_PHASE_HALTED;
        ph_product_id product = {1 + below(PRODUCTS)};
        both((ph_command){.kind = PH_CMD_SET_PHASE, .sender = {1}, .u.phase = {product, phase}});
        both((ph_command){
            .kind = PH_CMD_SET_PHASE, .sender = {1}, .u.phase = {product, PH_PHASE_OPEN}});
    } else if (dice < 99) {
        ph_participant_id who = {anybody()};
        both((ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                          .sender = {1},
                          .u.participant_state = {who, PH_PARTICIPANT_SUSPENDED}});
        both((ph_command){.kind = PH_CMD_SET_PARTICIPANT_STATE,
                          .sender = {1},
                          .u.participant_state = {who, PH_PARTICIPANT_ACTIVE}});
    } else {
        ph_command c = {.kind = PH_CMD_DEPOSIT,
                        .sender = {1},
                        .u.payment = {.participant = {2 + below(BUYERS + BOTH + SUPPLIERS)},
                                      .amount = 1 + below(5000)}};
        snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "top-up %llu",
                 (unsigned long long)rng());
        both(c);
    }
}

/* ---- Snapshots: the twin is thrown away and loaded from what the other one writes ---------- */

typedef struct {
    uint8_t *v;
    size_t cnt, max;
} bytes;

static void take(void *arg, const void *piece, size_t size)
{
    bytes *b = arg;
    ck_assert(b->cnt + size <= b->max);
    memcpy(b->v + b->cnt, piece, size);
    b->cnt += size;
}

static bytes written(const world *x)
{
    bytes b = {.max = 1 << 26};
    b.v = malloc(b.max);
    ck_assert_ptr_nonnull(b.v);
    ph_snapshot_write(x->m, take, &b);
    return b;
}

static void load_twin(const ph_market_limits *limits)
{
    bytes b = written(&w), again = written(&twin);
    ck_assert_msg(b.cnt == again.cnt && memcmp(b.v, again.v, b.cnt) == 0,
                  "equal markets write other bytes");
    free(again.v);
    memset(world_start(twin.block), 0, ph_market_footprint(limits));
    twin.m = ph_market_init(world_start(twin.block), limits);
    ph_snapshot_fault fault = {.what = NULL};
    ph_status s = ph_snapshot_load(twin.m, b.v, b.cnt, &fault);
    ck_assert_msg(s == PH_OK, "offset %llu: %s", (unsigned long long)fault.offset, fault.what);
    again = written(&twin);
    ck_assert_msg(b.cnt == again.cnt && memcmp(b.v, again.v, b.cnt) == 0,
                  "a loaded market writes other bytes");
    free(again.v);
    free(b.v);
}

static int at_seed, at_step = -1; /* -1: over */

/* Also when an assertion of the market ends the program. */
static void say_where(void)
{
    if (at_step >= 0) fprintf(stderr, "seed %d, step %d\n", at_seed, at_step);
}

static void say_where_and_abort(int number)
{
    (void)number;
    say_where();
}

START_TEST(every_law_holds_after_every_command)
{
    int seed = environment("PH_SEED", _i);
    rng_state = (uint64_t)seed;
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    twin = world_new(&limits);
    room = asked_open(&limits);
    set_up_one(&w);
    set_up_one(&twin);
    traded = countersigned = 0;
    int steps = environment("PH_STEPS", 3000);
    at_seed = seed;
    at_step = 0;
    (void)atexit(say_where);
    const struct sigaction on_abort = {.sa_handler = say_where_and_abort};
    ck_assert_int_eq(sigaction(SIGABRT, &on_abort, NULL), 0);
    for (int step = 0; step < steps; step++) {
        mark_point();
        at_step = step;
        random_step((uint64_t)step);
        if (step % 500 == 499) load_twin(&limits);
    }
    ck_assert_msg(traded > 0, "seed %d: nothing traded", seed);
    ck_assert_msg(countersigned > 0 || steps < 1000, "seed %d: nothing countersigned", seed);
    at_step = -1;
    world_free(&w);
    world_free(&twin);
    asked_close(&room);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, every_law_holds_after_every_command, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", 60));
}

int main(void)
{
    return suite_run("market", add);
}
