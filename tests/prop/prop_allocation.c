/* SPDX-License-Identifier: Apache-2.0 */
/* The market takes no memory and returns none: random commands of every kind, accepted and refused,
   in tables so small that all of them fill up, and between them questions and snapshots, with the
   allocator and the calls that map memory watched (allocation.h).

   PH_SEEDS=n runs n seeds (default 48) of PH_STEPS commands (default 5000); PH_SEED=s runs one.
   A failure prints the seed, the command and where the call came from. */
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/period.h"
#include "engine/core/question.h"
#include "engine/core/snapshot.h"
#include "tests/prop/allocation.h"
#include "tests/prop/seeds.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { PERIODS = 10, KINDS = PH_CMD_KIND_MAX + 1, TABLES = 19, FEW = 8, SNAPSHOT_MAX = 1 << 23 };

static world w;
static uint64_t references, notary_keys;
static uint32_t accepted[KINDS], refused[KINDS], full[TABLES], rejects[256];
static uint8_t *written; /* by a snapshot */
static size_t written_cnt;
static ph_question *questions;
static void *questions_block;
static size_t questions_size;
static char during[128];
static int seed;

/* Another one of the tables is the one that fills up first. */
static ph_market_limits small_limits(int first)
{
    ph_market_limits l = world_limits();
    l.participants_max = 12;
    l.sites_max = l.products_max = l.pools_max = 4;
    l.hardware_max = 2;
    l.references_max = 60;
    l.terms_max = 12;
    l.probes_max = 3;
    uint32_t *few[] = {&l.orders_max,     &l.order_periods_max, &l.blocks_max,   &l.contracts_max,
                       &l.deliveries_max, &l.lots_max,          &l.disputes_max, &l.levels_max};
    static const uint32_t rows[] = {6, 32, 3, 200, 40, 40, 1, 8};
    *few[first % FEW] = rows[first % FEW];
    return l;
}

static uint32_t anybody(void)
{
    return 1 + below(ph_market_participant_cnt(w.m));
}

/* Two that sell and buy, two that buy. */
static uint32_t trader(void)
{
    return below(20) == 0 ? anybody() : 2 + below(4);
}

static void fill_name(char *to, size_t size)
{
    (void)snprintf(to, size, "name %u", below(1000));
}

/* ---- Who and what is registered */

static ph_product_terms random_terms(uint32_t id)
{
    ph_product_terms t = world_terms(&w, 1 + below(2));
    t.id.v = id;
    t.hardware.v = 1;
    t.hardware_units = 1 + below(2);
    t.maker_ppm = 20000 * below(2);
    t.taker_ppm = 50000;
    t.fee_at_trade_ppm = 300000;
    t.bond_ppm = 100000 * below(3);
    t.gate_seconds = 600 * below(3);
    t.band_ppm = below(3) == 0 ? 900000 : 0;
    t.report_seconds = 3600;
    t.dispute_seconds = 2400;
    t.resolve_seconds = 3600;
    t.dispute_deposit = below(4);
    t.meter.v = below(2) == 0 ? 4 + 2 * below(2) : 0; /* both are METERs */
    t.attested_only = below(8) == 0;
    (void)snprintf(t.symbol.s, sizeof t.symbol.s, "AI.TEST-%u-%u", id, below(100000));
    return t;
}

static ph_command of_registry(ph_command_kind kind)
{
    ph_command c = {.kind = kind, .sender = {below(10) == 0 ? anybody() : 1}};
    if (kind == PH_CMD_REGISTER_PARTICIPANT) {
        c.u.participant.id.v = ph_market_participant_cnt(w.m) + below(2);
        c.u.participant.roles = below(64);
        fill_name(c.u.participant.name.s, sizeof c.u.participant.name.s);
        memcpy(&c.u.participant.curve_key, &rng_state, sizeof rng_state);
    } else if (kind == PH_CMD_REGISTER_SITE) {
        c.u.site.id.v = ph_market_site_cnt(w.m) + below(2);
        c.u.site.owner.v = 2;
        c.u.site.pue_ppm = 900000 + below(400000);
        ph_text_set(c.u.site.region.s, sizeof c.u.site.region.s, "ulanqab");
        fill_name(c.u.site.name.s, sizeof c.u.site.name.s);
    } else if (kind == PH_CMD_REGISTER_HARDWARE) {
        c.u.hardware.id.v = ph_market_hardware_cnt(w.m) + below(2);
        fill_name(c.u.hardware.name.s, sizeof c.u.hardware.name.s);
    } else if (kind == PH_CMD_LIST_PRODUCT) {
        c.u.product = random_terms(ph_market_product_cnt(w.m) + below(2));
    } else {
        c.u.product = random_terms(1 + below(2));
        const ph_product_terms *old = ph_market_product(w.m, c.u.product.id);
        if (old != NULL && below(3) != 0) {
            c.u.product.site = old->site;
            c.u.product.hardware_units = old->hardware_units;
            c.u.product.symbol = old->symbol;
        }
    }
    return c;
}

static ph_command of_state(ph_command_kind kind)
{
    ph_command c = {.kind = kind, .sender = {below(10) == 0 ? anybody() : 1}};
    bool is_break = below(40) == 0; /* more is mended than broken */
    if (kind == PH_CMD_SET_PHASE) {
        ph_phase broken = (ph_phase)(PH_PHASE_CALL + below(3));
        c.u.phase = (ph_set_phase){{1 + below(2)}, is_break ? broken : PH_PHASE_OPEN};
    } else if (kind == PH_CMD_SET_PARTICIPANT_STATE) {
        c.u.participant_state = (ph_set_participant_state){
            {2 + below(5)}, is_break ? PH_PARTICIPANT_SUSPENDED : PH_PARTICIPANT_ACTIVE};
    } else if (kind == PH_CMD_SET_PRODUCT_STATE) {
        c.u.product_state = (ph_set_product_state){
            {1 + below(2)}, is_break ? PH_PRODUCT_HALTED : PH_PRODUCT_LISTED};
    } else {
        c.u.rules.version = below(3);
    }
    return c;
}

static ph_command of_keys(ph_command_kind kind)
{
    ph_command c = {.kind = kind, .sender = {anybody()}};
    if (kind == PH_CMD_ROTATE_NOTARY_KEY) {
        if (below(10) != 0) c.sender.v = 1;
        uint64_t key = ++notary_keys - below(2);
        memcpy(c.u.notary_key.key.b, &key, sizeof key);
        return c;
    }
    ph_key key = {{(uint8_t)(c.sender.v * 8 + below(8))}};
    if (kind == PH_CMD_COUNTERSIGN_CONTRACT) {
        c.u.countersignature.contract.v = 1 + below(20);
        c.u.countersignature.key = key;
        return c;
    }
    if (kind == PH_CMD_TAKE_OVER) { /* of the key that it was registered with, or of another */
        memset(c.u.take_over.key.b, (int)(c.sender.v + below(2)), sizeof c.u.take_over.key.b);
        return c;
    }
    c.u.key.use = below(4) == 0   ? PH_KEY_CONNECTION
                  : below(4) == 0 ? PH_KEY_READING
                                  : PH_KEY_SIGNATURE;
    c.u.key.key = key;
    return c;
}

static ph_command of_capacity(ph_command_kind kind)
{
    uint32_t whose = kind == PH_CMD_ATTEST_CAPACITY                               ? 5
                     : kind == PH_CMD_MEASURE_SITE || kind == PH_CMD_REPORT_PROBE ? 6
                                                                                  : 2 + below(2);
    ph_command c = {.kind = kind, .sender = {below(6) == 0 ? anybody() : whose}};
    ph_window window = {ph_period_at(w.now, HOUR) + below(6), 1 + below(PERIODS)};
    if (kind == PH_CMD_REGISTER_CAPACITY) {
        c.u.capacity = (ph_register_capacity){.reference = ++references,
                                              .site = {1 + below(3)},
                                              .hardware = {1 + below(2)},
                                              .period_seconds = HOUR,
                                              .window = window,
                                              .units = 1 + below(20)};
    } else if (kind == PH_CMD_WITHDRAW_CAPACITY) {
        c.u.capacity_withdrawal = (ph_withdraw_capacity){.reference = ++references,
                                                         .site = {1 + below(2)},
                                                         .hardware = {1},
                                                         .window = window,
                                                         .units = 1 + below(4)};
    } else if (kind == PH_CMD_ATTEST_CAPACITY) {
        c.u.attestation = (ph_attest_capacity){.reference = ++references,
                                               .supplier = {2},
                                               .site = {1},
                                               .hardware = {1},
                                               .window = window,
                                               .units = 1 + below(3)};
    } else if (kind == PH_CMD_MEASURE_SITE) {
        c.u.measurement = (ph_measure_site){.site = {1 + below(2)},
                                            .measured_at = w.now,
                                            .pue_ppm = 990000 + below(100000),
                                            .green_grade = below(6)};
    } else {
        c.u.probe = (ph_report_probe){.site = {1 + below(2)}, .measured_at = w.now};
        (void)snprintf(c.u.probe.region.s, sizeof c.u.probe.region.s, "region %u", below(4));
    }
    return c;
}

static ph_command of_money(ph_command_kind kind)
{
    ph_command c = {.kind = kind, .sender = {below(10) == 0 ? anybody() : 1}};
    c.u.payment.participant.v = anybody();
    c.u.payment.amount = below(5000);
    (void)snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "later %u",
                   below(10000));
    return c;
}

/* ---- Orders */

static ph_new_order random_order(uint32_t who, ph_side side)
{
    static const ph_shape shapes[] = {PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_BLOCK, PH_SHAPE_FLEX};
    ph_shape shape = shapes[below(side == PH_SIDE_BUY ? 4 : 3)];
    uint32_t first = below(PERIODS), periods = 1 + below(PERIODS - first);
    ph_command c = world_order(&w, who, side, shape, (ph_window){0, periods}, below(6),
                               (below(20) == 0 ? 0 : 6) + below(7));
    ph_new_order n = c.u.order;
    n.window.first = ph_period_at(w.now, HOUR) + 1 + first;
    n.product.v = below(30) == 0 ? 3 : 1 + below(2);
    if (shape == PH_SHAPE_FLEX) n.duration = 1 + below(periods);
    n.all_or_none = shape == PH_SHAPE_BLOCK && below(2) == 0;
    n.time_in_force = (ph_time_in_force)(PH_TIF_GTC + below(4));
    if (below(3) != 0) n.time_in_force = PH_TIF_GTC;
    if (n.time_in_force == PH_TIF_GTT) n.expire_at.ns = w.now.ns + below(6) * 1800 * PH_NS_PER_S;
    n.post_only = below(8) == 0;
    if (shape == PH_SHAPE_EACH && below(3) == 0) n.display_quantity = 1 + below(2);
    if (below(2) == 0) n.stp = PH_STP_CANCEL_RESTING;
    if (below(20) == 0) n.client_order_id = 1;
    return n;
}

/* Offers what the sender holds, if there is a contract to offer. */
static void make_resale(ph_command *c)
{
    ph_contract_facts facts;
    uint64_t cnt = ph_market_contract_cnt(w.m);
    uint64_t id = cnt > 10 ? cnt - below(10) : cnt;
    if (!ph_market_contract(w.m, (ph_contract_id){id}, &facts)) return;
    ph_new_order *n = &c->u.order;
    c->sender = facts.buyer;
    *n = random_order(facts.buyer.v, PH_SIDE_SELL);
    n->product = facts.product;
    n->from_contract.v = id;
    n->quantity = 1;
    n->window = (ph_window){facts.open_periods > 0 ? facts.first_open : n->window.first, 1};
}

static ph_command of_orders(ph_command_kind kind)
{
    ph_command c = {.kind = kind, .sender = {trader()}};
    ph_side side = c.sender.v > 3 || below(3) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    uint64_t order = 1 + below((uint32_t)ph_market_seq(w.m));
    if (kind == PH_CMD_NEW_ORDER) {
        c.u.order = random_order(c.sender.v, side);
        if (below(4) == 0) make_resale(&c);
    } else if (kind == PH_CMD_NEW_GROUP) {
        c.u.group.cnt = 1 + below(PH_GROUP_MEMBERS_MAX);
        for (uint32_t i = 0; i < c.u.group.cnt; i++) {
            do
                c.u.group.v[i] = random_order(c.sender.v, side);
            while (c.u.group.v[i].shape == PH_SHAPE_EACH);
            c.u.group.v[i].all_or_none = c.u.group.v[i].shape == PH_SHAPE_BLOCK;
        }
    } else if (kind == PH_CMD_REPLACE_ORDER) {
        c.u.replace =
            (ph_replace_order){.order = {order}, .price = below(13), .quantity = below(7)};
    } else if (kind == PH_CMD_CANCEL_ORDER) {
        c.u.cancel.order.v = order;
    } else {
        c.u.mass_cancel.product.v = below(4);
        c.u.mass_cancel.participant.v = below(8) == 0 ? anybody() : 0;
    }
    /* A resting order is its owner's to change. */
    ph_resting_order resting;
    bool is_change = kind == PH_CMD_REPLACE_ORDER || kind == PH_CMD_CANCEL_ORDER;
    for (int i = 0; i < 40 && is_change; i++) {
        order = 1 + below((uint32_t)ph_market_seq(w.m));
        if (!ph_market_order(w.m, (ph_order_id){order}, &resting)) continue;
        c.sender = resting.participant;
        if (kind == PH_CMD_REPLACE_ORDER)
            c.u.replace.order.v = order;
        else
            c.u.cancel.order.v = order;
        break;
    }
    return c;
}

/* ---- Delivery */

/* A contract whose first unfinished period is over; any, if a few looks find none. */
static uint64_t delivered_contract(ph_contract_facts *ret)
{
    uint64_t cnt = ph_market_contract_cnt(w.m), id = 1 + below((uint32_t)cnt + 2);
    for (int i = 0; i < 60 && cnt > 0; i++) {
        id = 1 + below((uint32_t)cnt);
        if (ph_market_contract(w.m, (ph_contract_id){id}, ret) && ret->open_periods > 0 &&
            ret->first_open < ph_period_at(w.now, HOUR))
            break;
    }
    return id;
}

static ph_command of_delivery(ph_command_kind kind)
{
    ph_contract_facts facts = {.buyer = {0}};
    uint64_t id = delivered_contract(&facts);
    ph_period t = facts.open_periods > 0 ? facts.first_open : ph_period_at(w.now, HOUR);
    bool is_suppliers = kind == PH_CMD_REPORT_DELIVERY || kind == PH_CMD_HAND_OVER_ACCESS;
    ph_command c = {.kind = kind, .sender = is_suppliers ? facts.supplier : facts.buyer};
    const ph_product_terms *terms = ph_market_contract_terms(w.m, (ph_contract_id){id});
    if (kind == PH_CMD_REPORT_DELIVERY && terms != NULL && terms->meter.v != 0 && below(2) == 0)
        c.sender = terms->meter;
    if (kind == PH_CMD_RESOLVE_DISPUTE) c.sender.v = 1;
    if (below(8) == 0) c.sender.v = anybody();
    uint64_t seconds = below(9) * HOUR / 8;
    if (kind == PH_CMD_HAND_OVER_ACCESS)
        c.u.access = (ph_hand_over_access){.contract = {id}, .size = below(40)};
    else if (kind == PH_CMD_REPORT_DELIVERY)
        c.u.report =
            (ph_report_delivery){.contract = {id}, .period = t, .delivered = HOUR / 2 + seconds};
    else if (kind == PH_CMD_CONFIRM_DELIVERY)
        c.u.confirmation = (ph_confirm_delivery){{id}, t};
    else
        c.u.figure = (ph_delivery_figure){{id}, t, seconds};
    return c;
}

/* ---- One step */

static ph_command random_command(void)
{
    static const struct {
        ph_command_kind first, last;
        uint32_t weight;
        ph_command (*make)(ph_command_kind kind);
    } families[] = {
        {PH_CMD_NEW_ORDER, PH_CMD_NEW_GROUP, 60, of_orders},
        {PH_CMD_REPORT_DELIVERY, PH_CMD_RESOLVE_DISPUTE, 25, of_delivery},
        {PH_CMD_HAND_OVER_ACCESS, PH_CMD_HAND_OVER_ACCESS, 2, of_delivery},
        {PH_CMD_SET_PHASE, PH_CMD_SET_PHASE, 4, of_state},
        {PH_CMD_SET_PARTICIPANT_STATE, PH_CMD_SET_PARTICIPANT_STATE, 4, of_state},
        {PH_CMD_SET_PRODUCT_STATE, PH_CMD_SET_PRODUCT_STATE, 4, of_state},
        {PH_CMD_SET_RULES_VERSION, PH_CMD_SET_RULES_VERSION, 1, of_state},
        {PH_CMD_DEPOSIT, PH_CMD_WITHDRAW, 2, of_money},
        {PH_CMD_ADD_KEY, PH_CMD_REVOKE_KEY, 2, of_keys},
        {PH_CMD_COUNTERSIGN_CONTRACT, PH_CMD_TAKE_OVER, 4, of_keys},
        {PH_CMD_REGISTER_PARTICIPANT, PH_CMD_REGISTER_HARDWARE, 1, of_registry},
        {PH_CMD_LIST_PRODUCT, PH_CMD_LIST_PRODUCT, 1, of_registry},
        {PH_CMD_SET_TERMS, PH_CMD_SET_TERMS, 1, of_registry},
        {PH_CMD_REGISTER_CAPACITY, PH_CMD_REGISTER_CAPACITY, 1, of_capacity},
        {PH_CMD_WITHDRAW_CAPACITY, PH_CMD_REPORT_PROBE, 3, of_capacity},
    };
    uint32_t cnt = sizeof families / sizeof families[0], sum = 0;
    for (uint32_t i = 0; i < cnt; i++)
        sum += families[i].weight;
    uint32_t dice = below(sum + 5);
    for (uint32_t i = 0; i < cnt; i++) {
        if (dice < families[i].weight) {
            uint32_t kinds = (uint32_t)(families[i].last - families[i].first + 1);
            uint32_t kind =
                below(3) != 0 ? 0 : below(kinds); /* the first is what there is most of */
            return families[i].make((ph_command_kind)(families[i].first + kind));
        }
        dice -= families[i].weight;
    }
    if (dice == 0) return (ph_command){.kind = PH_CMD_OPEN_MARKET};
    w.now.ns += (uint64_t)below(below(8) == 0 ? 5 * HOUR : 1200) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

static void watch(const char *what, const ph_command *c)
{
    (void)snprintf(during, sizeof during, "%s %s (seed %d, sequence %llu)", what,
                   ph_command_kind_name(c->kind), seed, (unsigned long long)ph_market_seq(w.m) + 1);
    allocation_forbid(during);
}

static void apply(ph_command *c)
{
    c->seq = ph_market_seq(w.m) + 1;
    c->at = w.now;
    w.out.cnt = 0;
    ph_prefetch_memo memo = {0};
    watch("a step of", c);
    for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++)
        ph_market_prefetch(w.m, c, step, &memo);
    ph_market_apply(w.m, c, &w.out);
    allocation_allow();
    ph_reject why = world_refusal(&w);
    if (why == PH_REJECT_NONE) {
        accepted[c->kind]++;
        return;
    }
    refused[c->kind]++;
    rejects[why]++;
    const ph_rejected *r = &world_event(&w, PH_EVT_REJECTED, 0)->u.rejected;
    if (why == PH_REJECT_TABLE_FULL && r->arg0 < TABLES) full[r->arg0]++;
}

static void ask(const ph_command *c)
{
    ph_preview p;
    ph_preview_fill fills[8];
    ph_why why;
    ph_depth_answer depth[PERIODS];
    ph_depth_question about = {.product = {1 + below(2)},
                               .side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL,
                               .periods = 1 + below(3),
                               .starts = {ph_period_at(w.now, HOUR) + 1, PERIODS}};
    watch("a question in front", c);
    ph_question_preview(questions, w.m, c->sender, &c->u.order, &p, (ph_preview_fills){fills, 8});
    ph_question_why(questions, w.m, c->sender, &c->u.order, &why);
    (void)ph_question_depth(w.m, &about, depth);
    allocation_allow();
}

static void take(void *arg, const void *piece, size_t size)
{
    (void)arg;
    if (written_cnt + size > SNAPSHOT_MAX) abort();
    memcpy(written + written_cnt, piece, size);
    written_cnt += size;
}

/* As an engine takes it: in a child that has the market as of the fork. */
static void snapshot_in_child(const ph_command *c)
{
    (void)fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        watch("a snapshot behind", c);
        written_cnt = 0;
        ph_snapshot_write(w.m, take, NULL);
        allocation_allow();
        _exit(written_cnt > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child: status %d", status);
}

/* The market goes on as what it wrote, in the memory that it has. */
static void load(const ph_market_limits *limits, const ph_command *c)
{
    watch("a load behind", c);
    written_cnt = 0;
    ph_snapshot_write(w.m, take, NULL);
    memset(world_start(w.block), 0, ph_market_footprint(limits));
    w.m = ph_market_init(world_start(w.block), limits);
    ph_snapshot_fault fault = {.what = ""};
    ph_status s = ph_snapshot_load(w.m, written, written_cnt, &fault);
    allocation_allow();
    ck_assert_msg(s == PH_OK, "offset %llu: %s", (unsigned long long)fault.offset, fault.what);
}

static void set_up(const ph_market_limits *limits)
{
    w = world_new(limits);
    w.check_laws = false; /* other properties look at them */
    world_participant(&w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, 200000);
    world_participant(&w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, 200000);
    world_participant(&w, PH_ROLE_BUYER | PH_ROLE_METER, 200000);
    world_participant(&w, PH_ROLE_BUYER | PH_ROLE_AUDITOR, 200000);
    world_participant(&w, PH_ROLE_METER, 0);
    uint32_t site = world_site(&w, 2);
    for (uint32_t id = 1; id <= 2; id++) {
        ph_product_terms t = random_terms(id);
        t.site.v = site;
        t.attested_only = false;
        world_product(&w, &t);
        world_capacity(&w, 1 + id, site, 1, 40);
    }
    references = notary_keys = 10;
    memset(questions_block, 0, questions_size);
    questions = ph_question_init(questions_block, limits);
}

static void run(uint32_t steps)
{
    rng_state = (uint64_t)seed;
    ph_market_limits limits = small_limits(seed);
    set_up(&limits);
    for (uint32_t step = 0; step < steps; step++) {
        ph_command c = random_command();
        if (step % 7 == 0 && c.kind == PH_CMD_NEW_ORDER) ask(&c);
        apply(&c);
        if (step % 2500 == 999) snapshot_in_child(&c);
        if (step % 1000 == 999) load(&limits, &c);
    }
    world_free(&w);
}

/* A stream without them would show nothing.  There is no newer version of the rules to switch on,
   the market is open, and a tick is always welcome. */
static void check_that_all_was_met(void)
{
    for (int i = PH_CMD_TICK; i <= PH_CMD_KIND_MAX; i++) {
        const char *name = ph_command_kind_name((ph_command_kind)i);
        bool is_never = i == PH_CMD_OPEN_MARKET || i == PH_CMD_SET_RULES_VERSION;
        ck_assert_msg(is_never || accepted[i] > 0, "no %s was accepted", name);
        ck_assert_msg(i == PH_CMD_TICK || refused[i] > 0, "no %s was refused", name);
    }
    /* By their place in ph_market_limits; 0 is the one that the command adds to. */
    static const int tables[] = {0, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        ck_assert_msg(full[tables[i]] > 0, "table %d was never full", tables[i]);
}

START_TEST(no_command_takes_memory)
{
    int seeds = environment("PH_SEEDS", 6 * FEW), first = environment("PH_SEED", 0);
    if (getenv("PH_SEED") != NULL) seeds = 1;
    int steps = environment("PH_STEPS", 5000);
    for (seed = first; seed < first + seeds; seed++) {
        mark_point();
        run((uint32_t)steps);
    }
    if (seeds >= 6 * FEW && steps >= 5000) check_that_all_was_met();
}
END_TEST

/* The watch sees what it is there for. */
static void *volatile kept;

START_TEST(an_allocation_is_seen)
{
    allocation_forbid("a test of the watch");
    kept = malloc(10);
    allocation_allow();
}
END_TEST

START_TEST(a_release_is_seen)
{
    kept = malloc(10);
    allocation_forbid("a test of the watch");
    free(kept);
    allocation_allow();
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 300);
    size_t size = 0;
    for (int i = 0; i < FEW; i++) {
        ph_market_limits limits = small_limits(i);
        size_t needed = (ph_question_footprint(&limits) + 63) & ~(size_t)63;
        if (needed > size) size = needed;
    }
    written = malloc(SNAPSHOT_MAX);
    questions_block = aligned_alloc(64, size);
    if (written == NULL || questions_block == NULL) exit(EXIT_FAILURE);
    questions_size = size;
    tcase_add_test_raise_signal(t, an_allocation_is_seen, SIGABRT);
    tcase_add_test_raise_signal(t, a_release_is_seen, SIGABRT);
    tcase_add_test(t, no_command_takes_memory);
}

int main(void)
{
    return suite_run("allocation", add);
}
