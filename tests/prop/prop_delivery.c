/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts under random streams: few participants sell, resell up to eight times, report, confirm,
   dispute, resolve, and let windows run out.  All laws are checked after every command, two markets
   that see the same commands must say the same, and money is what went in.  Over 30 seeds every
   kind of step, end and transfer must have happened.

   PH_SEEDS=n runs n seeds (default 30) of PH_STEPS commands (default 3000); PH_SEED=s runs one. */
#include "engine/base/period.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { PEOPLE = 6, METER = 3, CASH = 40000, PERIODS = 6 };

/* SplitMix64 (Steele, Lea, Flood 2014): the same everywhere. */
static uint64_t rng_state;

static uint64_t rng(void)
{
    uint64_t z = (rng_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint32_t below(uint64_t n)
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

/* What happened over all seeds. */
static struct {
    uint64_t steps[PH_DELIVERY_STEP_MAX + 1];
    uint64_t causes[PH_FINAL_CAUSE_MAX + 1];
    uint64_t transfers[PH_TRANSFER_REASON_MAX + 1];
    uint32_t resales; /* of the longest chain */
} seen;

static void count(void)
{
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        if (e->kind == PH_EVT_DELIVERY) seen.steps[e->u.delivery.step]++;
        if (e->kind == PH_EVT_DELIVERY_FINAL) seen.causes[e->u.delivery_final.cause]++;
        if (e->kind == PH_EVT_TRANSFER) seen.transfers[e->u.transfer.reason]++;
        if (e->kind != PH_EVT_TRADE) continue;
        ph_contract_facts facts;
        ck_assert(ph_market_contract(w.m, e->u.trade.contract, &facts));
        if (facts.resales > seen.resales) seen.resales = facts.resales;
    }
}

/* Both worlds get every command; their events must be equal bytes. */
static void both(ph_command c)
{
    static uint8_t bytes[2][1 << 20];
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
    count();
}

static void set_up_one(world *x)
{
    uint32_t all = PH_ROLE_SUPPLIER | PH_ROLE_BUYER;
    for (uint32_t i = 0; i < PEOPLE; i++) /* the second trades and meters */
        world_participant(x, i == METER - 2 ? all | PH_ROLE_METER : all, CASH);
    uint32_t site = world_site(x, 2);
    for (uint32_t i = 0; i < 2; i++) {
        ph_product_terms terms = world_terms(x, site);
        terms.maker_ppm = 30000;
        terms.taker_ppm = 70000;
        terms.fee_at_trade_ppm = 400000;
        terms.bond_fixed = 3;
        terms.bond_ppm = 200000;
        terms.report_seconds = 3000;
        terms.dispute_seconds = 2000 + 3000 * i;
        terms.resolve_seconds = 2500;
        terms.dispute_deposit = 2;
        terms.meter.v = i == 0 ? 0 : METER;
        world_product(x, &terms);
    }
    for (uint32_t p = 2; p < 2 + PEOPLE; p++)
        world_capacity(x, p, site, 1, 6);
}

static uint32_t anybody(void)
{
    return 2 + below(PEOPLE);
}

static ph_command random_order(void)
{
    uint32_t first = below(PERIODS);
    ph_shape shape = below(4) == 0 ? PH_SHAPE_BLOCK : PH_SHAPE_EACH;
    ph_command c =
        world_order(&w, anybody(), below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL, shape,
                    (ph_window){0, 1 + below(PERIODS - first)}, 1 + below(4), 1 + below(20));
    c.u.order.product.v = 1 + below(2);
    c.u.order.window.first = ph_period_at(w.now, HOUR) + 1 + first;
    return c;
}

static uint64_t any_contract(void)
{
    uint64_t cnt = ph_market_contract_cnt(w.m);
    if (cnt == 0) return 1;
    uint64_t back = below(3) == 0 ? below(200) : below(8);
    return cnt > back ? cnt - back : 1;
}

/* Of a few that hold something to come, the one that was resold most often. */
static ph_contract_id resold_contract(void)
{
    ph_contract_id best = {any_contract()};
    uint32_t most = 0;
    for (uint32_t i = below(8); i > 0; i--) {
        ph_contract_id id = {any_contract()};
        ph_contract_facts facts;
        ph_period_view v;
        if (!ph_market_contract(w.m, id, &facts) || facts.resales < most) continue;
        if (!ph_market_contract_period(w.m, id, ph_period_at(w.now, HOUR) + 1, &v)) continue;
        most = facts.resales;
        best = id;
    }
    return best;
}

/* Offers what a contract holds; often somebody takes it at once. */
static void resell(void)
{
    ph_contract_id id = resold_contract();
    ph_contract_facts facts;
    ph_period_view v;
    if (!ph_market_contract(w.m, id, &facts)) return;
    ph_period from = ph_period_at(w.now, HOUR) + 1 + below(3);
    if (!ph_market_contract_period(w.m, id, from, &v)) return;
    ph_command c = random_order();
    w.client_order_id[c.sender.v]--;
    c.sender = below(20) == 0 ? c.sender : facts.buyer;
    c.u.order.client_order_id = ++w.client_order_id[c.sender.v];
    c.u.order.product = facts.product;
    c.u.order.side = PH_SIDE_SELL;
    c.u.order.from_contract = id;
    c.u.order.window = (ph_window){v.period, 1 + below(2)};
    c.u.order.quantity = below(3) == 0 ? 1 + below(4) : v.quantity;
    both(c);
    if (below(4) == 0) return;
    ph_command buy = c;
    buy.sender.v = anybody();
    buy.u.order.from_contract.v = 0;
    buy.u.order.side = PH_SIDE_BUY;
    buy.u.order.client_order_id = ++w.client_order_id[buy.sender.v];
    both(buy);
}

static uint64_t random_figure(uint64_t most)
{
    uint32_t dice = below(5);
    if (dice == 0) return most;
    if (dice == 1) return below(3);
    return below(most + 2);
}

/* A contract of which an open period is over, if a few tries find one; else any. */
static ph_contract_id delivered_contract(void)
{
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_period_view v;
    for (uint32_t i = 0; i < 200 && cnt > 0; i++) {
        ph_contract_id id = {1 + rng() % cnt};
        bool open = ph_market_contract_period(w.m, id, 0, &v);
        if (open && v.period < ph_period_at(w.now, HOUR)) return id;
    }
    return (ph_contract_id){any_contract()};
}

/* Something about the oldest open contract-period of a contract; mostly by who may. */
static void deliver(void)
{
    ph_contract_id id = delivered_contract();
    ph_contract_facts facts;
    ph_period_view v;
    if (!ph_market_contract(w.m, id, &facts)) return;
    if (!ph_market_contract_period(w.m, id, 0, &v)) return;
    uint64_t most = (uint64_t)v.quantity * HOUR, figure = random_figure(most);
    ph_command c = {.kind = PH_CMD_REPORT_DELIVERY, .sender = facts.supplier};
    if (below(3) == 0) c.sender.v = METER;
    uint32_t dice = v.state == PH_STATE_AWAITED ? 0 : below(12);
    if (dice < 3) {
        c.u.report = (ph_report_delivery){.contract = id, .period = v.period, .delivered = figure};
    } else if (dice < 5) {
        c.kind = PH_CMD_CONFIRM_DELIVERY;
        c.sender = facts.buyer;
        c.u.confirmation = (ph_confirm_delivery){id, v.period};
    } else if (dice < 10) {
        c.kind = PH_CMD_DISPUTE_DELIVERY;
        c.sender = facts.buyer;
        if (dice >= 7) c.sender.v = anybody();
        if (dice == 9) figure = v.reported + 1 + below(2000);
        c.u.figure = (ph_delivery_figure){id, v.period, figure};
    } else {
        c.kind = PH_CMD_RESOLVE_DISPUTE;
        c.sender.v = 1;
        if (below(3) == 0) figure = v.reported;
        c.u.figure = (ph_delivery_figure){id, v.period, figure};
    }
    both(c);
}

static void pass_time(void)
{
    uint64_t due = ph_market_next_due(w.m).ns;
    if (below(6) == 0 && due != UINT64_MAX && due > w.now.ns)
        w.now.ns = due - below(2); /* at a window's end, or just before */
    else
        w.now.ns += (uint64_t)below(below(8) == 0 ? 4000 : 600) * PH_NS_PER_S;
    both((ph_command){.kind = PH_CMD_TICK});
}

static void random_step(void)
{
    uint32_t dice = below(100);
    if (dice < 22)
        both(random_order());
    else if (dice < 45)
        resell();
    else if (dice < 88)
        deliver();
    else if (dice < 96)
        pass_time();
    else
        both((ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {anybody()}});
}

/* What lots say of a contract-period is what it holds, and premiums lie above the price. */
static void check_lots(uint64_t id)
{
    ph_contract_facts facts;
    ck_assert(ph_market_contract(w.m, (ph_contract_id){id}, &facts));
    ph_period_view v;
    for (ph_period t = 0; ph_market_contract_period(w.m, (ph_contract_id){id}, t, &v);
         t = v.period + 1) {
        uint64_t units = 0;
        ph_lot_view lot;
        for (uint32_t n = 0; ph_market_lot(w.m, (ph_contract_id){id}, v.period, n, &lot); n++) {
            units += lot.quantity;
            ph_price above = lot.paid > lot.supplier ? lot.paid - lot.supplier : 0;
            if (facts.resales > 0) ck_assert_int_eq(lot.premiums[facts.resales - 1], above);
            if (facts.resales == 0) ck_assert_int_eq(lot.paid, lot.supplier);
        }
        ck_assert_uint_eq(units, v.quantity);
    }
}

/* When all windows have run out, every contract is settled and all money is cash or fees. */
static void check_the_end(void)
{
    both((ph_command){.kind = PH_CMD_TICK});
    for (uint32_t p = 2; p < 2 + PEOPLE; p++)
        both((ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {p}});
    for (uint64_t id = 1; id <= ph_market_contract_cnt(w.m); id++)
        check_lots(id);
    w.now.ns += UINT64_C(100) * HOUR * PH_NS_PER_S;
    both((ph_command){.kind = PH_CMD_TICK});
    ck_assert_uint_eq(ph_market_next_due(w.m).ns, UINT64_MAX);
    ph_money sum = ph_market_balance(w.m, (ph_account){PH_ACCOUNT_FEES, 0});
    for (uint32_t p = 2; p < 2 + PEOPLE; p++)
        sum += ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, p});
    ck_assert_int_eq(sum, PEOPLE * CASH);
}

static void run_seed(int seed)
{
    fprintf(stderr, "seed %d\n", seed);
    rng_state = (uint64_t)seed;
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    twin = world_new(&limits);
    set_up_one(&w);
    set_up_one(&twin);
    int steps = environment("PH_STEPS", 3000);
    for (int step = 0; step < steps; step++) {
        mark_point();
        random_step();
    }
    check_the_end();
    world_free(&w);
    world_free(&twin);
}

START_TEST(contracts_end_and_every_law_holds)
{
    if (getenv("PH_SEED") != NULL) {
        run_seed(environment("PH_SEED", 0));
        return;
    }
    int seeds = environment("PH_SEEDS", 30);
    for (int seed = 0; seed < seeds; seed++)
        run_seed(seed);
    if (seeds < 30) return; /* too few to have seen everything */
    for (int i = 1; i <= PH_DELIVERY_STEP_MAX; i++)
        ck_assert_msg(seen.steps[i] > 0, "step %d never happened", i);
    for (int i = 1; i <= PH_FINAL_CAUSE_MAX; i++)
        ck_assert_msg(seen.causes[i] > 0, "cause %d never happened", i);
    for (int i = 1; i <= PH_TRANSFER_REASON_MAX; i++) {
        if (i == PH_TRANSFER_WITHDRAWAL || i == PH_TRANSFER_DEPOSIT) continue;
        ck_assert_msg(seen.transfers[i] > 0, "transfer %d never happened", i);
    }
    ck_assert_uint_eq(seen.resales, PH_RESALES_MAX);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 550);
    tcase_add_test(t, contracts_end_and_every_law_holds);
}

int main(void)
{
    return suite_run("delivery streams", add);
}
