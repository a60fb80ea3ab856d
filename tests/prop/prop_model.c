/* SPDX-License-Identifier: Apache-2.0 */
/* long: the streams and the comparison of everything that a command can cause */
/* The engine's market against the one in tests/prop/model.h, which was written from the rulebook
   alone: both get the same random commands in a world so small that everything collides, and must
   say and hold the same after every one.

   PH_SEEDS=n runs n seeds (default 56) of PH_STEPS commands (default 1500); PH_SEED=s runs one.
   A failure prints the seed, the step, the command and what both said. */
#include "tests/prop/model.h"

#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/question.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

#include <stdarg.h>

enum {
    QUARTER = 900,
    SEEDS = 56,
    STEPS = 1500,
    TEXT_MAX = 1 << 12
}; /* of a message: Check takes no longer ones */

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

static bool one_in(uint32_t n)
{
    return below(n) == 0;
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

/* What a seed's world is like. */
typedef struct {
    uint32_t suppliers, buyers, both; /* participants from 2 on, in this order */
    uint32_t products, periods;
    uint32_t quantity, price; /* largest */
    uint32_t block_percent;   /* of orders */
    uint32_t alike_percent;   /* of blocks: a window on a coarse grid */
    uint32_t aon_percent;     /* of blocks */
    uint32_t ioc_percent;
    uint32_t iceberg_percent; /* of EACH orders */
    ph_money unit;            /* of prices and cash: large ones come near the ends of 64 bits */
} habits;

static world w;
static model judge;
static habits h;
static int seed, step;
static uint64_t traded, commands, asked_units;

/* ---- What is said ---------------------------------------------------------------------------- */

/* Where an event stands when the order that the rules leave open is taken out: gates, the answer,
   trades with their segments and transfers, then what was lost and cancelled by order. */
typedef struct {
    uint64_t group, first, second;
    const ph_event *event;
} said;

static int said_compare(const void *a, const void *b)
{
    const said *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x->second < y->second ? -1 : x->second > y->second;
}

enum { GATES = 1, ANSWER = 2, PHASE = 3, TRADES = 4, LOST = 5, CANCELS = 6, PRINTS = 7, CLIPS = 8 };

static said said_of(const ph_event *e, uint64_t i, uint64_t trade)
{
    switch (e->kind) {
    case PH_EVT_GATE_CLOSED: return (said){GATES, i, 0, e};
    case PH_EVT_REJECTED:
    case PH_EVT_ACCEPTED:
    case PH_EVT_REPLACED:
    case PH_EVT_DONE: return (said){ANSWER, i, 0, e};
    case PH_EVT_PHASE_CHANGED: return (said){PHASE, i, 0, e};
    case PH_EVT_TRADE: return (said){TRADES, trade, 0, e};
    case PH_EVT_SEGMENT: return (said){TRADES, trade, 1 + i, e};
    case PH_EVT_TRANSFER:
        return (said){TRADES, trade, (UINT64_C(1) << 32) + (uint64_t)e->u.transfer.reason, e};
    case PH_EVT_PERIOD_LOST:
        return (said){LOST, e->u.period_lost.order.v, e->u.period_lost.period, e};
    case PH_EVT_CANCELLED: return (said){CANCELS, e->u.cancelled.order.v, 0, e};
    case PH_EVT_REFERENCE_SET: return (said){PRINTS, 0, 0, e};
    case PH_EVT_CLIP_SHOWN:
        return (said){CLIPS, e->u.clip_shown.order.v, e->u.clip_shown.period, e};
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
    case PH_EVT_TERMS_SET: return (said){GATES, i, 0, e};
    }
    return (said){0, 0, 0, e};
}

static uint32_t sort_said(const ph_event *v, uint32_t cnt, said *ret)
{
    uint64_t trade = 0;
    for (uint32_t i = 0; i < cnt; i++) {
        if (v[i].kind == PH_EVT_TRADE) trade = v[i].u.trade.trade.v;
        ret[i] = said_of(&v[i], i, trade);
    }
    qsort(ret, cnt, sizeof ret[0], said_compare);
    return cnt;
}

/* Clips that one command renews in several queues draw their places in an order that the rules do
   not name: the order within each queue is compared instead (same_queues). */
static bool same_event(const ph_event *x0, const ph_event *y0)
{
    uint8_t bytes[2][PH_EVENT_BYTES_MAX];
    ph_event clip[2] = {*x0, *y0};
    bool clips = x0->kind == PH_EVT_CLIP_SHOWN && y0->kind == PH_EVT_CLIP_SHOWN;
    clip[1].u.clip_shown.place = clips ? clip[0].u.clip_shown.place : clip[1].u.clip_shown.place;
    const ph_event *a = x0, *b = clips ? &clip[1] : y0;
    ph_writer x = ph_writer_of(bytes[0], sizeof bytes[0]);
    ph_writer y = ph_writer_of(bytes[1], sizeof bytes[1]);
    ph_event_write(&x, a);
    ph_event_write(&y, b);
    return ph_writer_size(&x) == ph_writer_size(&y) &&
           memcmp(bytes[0], bytes[1], ph_writer_size(&x)) == 0;
}

/* ---- What is printed when they differ -------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    if (used < TEXT_MAX) (void)vsnprintf(text + used, TEXT_MAX - used, format, args);
    va_end(args);
}

static void put_trade(char *text, const ph_trade *t)
{
    put(text, " %llu buyer %u order %llu leaves %llu supplier %u order %llu leaves %llu",
        (unsigned long long)t->trade.v, t->buyer.v, (unsigned long long)t->buy_order.v,
        (unsigned long long)t->buy_leaves, t->supplier.v, (unsigned long long)t->sell_order.v,
        (unsigned long long)t->sell_leaves);
    put(text, " product %u taker %d notional %lld fees %lld (%lld at once) %lld bond %lld",
        t->product.v, (int)t->taker, (long long)t->notional, (long long)t->buyer_fee,
        (long long)t->buyer_fee_at_trade, (long long)t->supplier_fee, (long long)t->bond);
}

static void put_event(char *text, const ph_event *e)
{
    put(text, "  %s", ph_event_kind_name(e->kind));
    if (e->kind == PH_EVT_REJECTED)
        put(text, " %s %lld %lld order %llu", ph_reject_name(e->u.rejected.code),
            (long long)e->u.rejected.arg0, (long long)e->u.rejected.arg1,
            (unsigned long long)e->u.rejected.order.v);
    else if (e->kind == PH_EVT_ACCEPTED)
        put(text, " order %llu place %llu hold %lld", (unsigned long long)e->u.accepted.order.v,
            (unsigned long long)e->u.accepted.place, (long long)e->u.accepted.hold);
    else if (e->kind == PH_EVT_DONE)
        put(text, " %llu", (unsigned long long)e->u.done.count);
    else if (e->kind == PH_EVT_CANCELLED)
        put(text, " order %llu %s %llu", (unsigned long long)e->u.cancelled.order.v,
            ph_cancel_reason_name(e->u.cancelled.reason),
            (unsigned long long)e->u.cancelled.unit_periods);
    else if (e->kind == PH_EVT_PERIOD_LOST)
        put(text, " order %llu period %u quantity %u", (unsigned long long)e->u.period_lost.order.v,
            e->u.period_lost.period, e->u.period_lost.quantity);
    else if (e->kind == PH_EVT_TRADE)
        put_trade(text, &e->u.trade);
    else if (e->kind == PH_EVT_SEGMENT)
        put(text, " [%u +%u) quantity %u price %lld", e->u.segment.window.first,
            e->u.segment.window.periods, e->u.segment.quantity, (long long)e->u.segment.price);
    else if (e->kind == PH_EVT_TRANSFER)
        put(text, " %s %llu -> %s %llu: %lld %s", ph_account_kind_name(e->u.transfer.debit.kind),
            (unsigned long long)e->u.transfer.debit.id,
            ph_account_kind_name(e->u.transfer.credit.kind),
            (unsigned long long)e->u.transfer.credit.id, (long long)e->u.transfer.amount,
            ph_transfer_reason_name(e->u.transfer.reason));
    else if (e->kind == PH_EVT_GATE_CLOSED)
        put(text, " product %u period %u", e->u.gate_closed.product.v, e->u.gate_closed.period);
    else if (e->kind == PH_EVT_REFERENCE_SET)
        put(text, " %lld", (long long)e->u.reference_set.price);
    else if (e->kind == PH_EVT_REPLACED)
        put(text, " place %llu open %llu hold %lld", (unsigned long long)e->u.replaced.place,
            (unsigned long long)e->u.replaced.unit_periods, (long long)e->u.replaced.hold);
    else if (e->kind == PH_EVT_CLIP_SHOWN)
        put(text, " order %llu period %u quantity %u place %llu",
            (unsigned long long)e->u.clip_shown.order.v, e->u.clip_shown.period,
            e->u.clip_shown.quantity, (unsigned long long)e->u.clip_shown.place);
    put(text, "\n");
}

static void put_order(char *text, const ph_new_order *o)
{
    put(text, " %s %s%s%s product %u [%u +%u) quantity %u price %lld stp %d client id %llu",
        o->side == PH_SIDE_BUY ? "BUY" : "SELL",
        o->shape == PH_SHAPE_BLOCK  ? "BLOCK"
        : o->shape == PH_SHAPE_FLEX ? "FLEX"
                                    : "EACH",
        o->all_or_none ? " ALL-OR-NONE" : "", o->time_in_force == PH_TIF_IOC ? " IOC" : "",
        o->product.v, o->window.first, o->window.periods, o->quantity, (long long)o->price,
        (int)o->stp, (unsigned long long)o->client_order_id);
}

static void put_book(char *text)
{
    for (uint32_t i = 0; i < judge.resting_cnt; i++) {
        const model_order *o = &judge.resting[i];
        put(text, "  order %llu of %u:", (unsigned long long)o->id.v, o->who);
        put_order(text, &o->terms);
        put(text, " display %u group %llu open", o->terms.display_quantity,
            (unsigned long long)o->group);
        for (uint32_t k = 0; k < o->terms.window.periods; k++)
            put(text, " %u", o->open[k]);
        put(text, "\n");
    }
}

/* Stops the test with all that is needed to look at the difference. */
static void differ(const ph_command *c, const char *how)
{
    static char text[TEXT_MAX];
    text[0] = '\0';
    put(text, "seed %d step %d: %s\ncommand %s of %u", seed, step, how,
        ph_command_kind_name(c->kind), c->sender.v);
    if (c->kind == PH_CMD_NEW_ORDER) put_order(text, &c->u.order);
    for (uint32_t i = 0; c->kind == PH_CMD_NEW_GROUP && i < c->u.group.cnt && i < 8; i++) {
        put(text, "\n ");
        put_order(text, &c->u.group.v[i]);
    }
    put(text, "\nthe engine says\n");
    for (uint32_t i = 0; i < w.out.cnt; i++)
        put_event(text, &w.out.v[i]);
    put(text, "the model says\n");
    for (uint32_t i = 0; i < judge.event_cnt; i++)
        put_event(text, &judge.event[i]);
    put(text, "the model's book after it\n");
    put_book(text);
    ck_abort_msg("%.2000s", text); /* Check takes no longer ones */
}

/* ---- What is held ---------------------------------------------------------------------------- */

/* One resting order of the engine is the model's, period by period. */
static bool same_order(const ph_order *o)
{
    const model_order *r = model_resting(&judge, (ph_order_id){o->id});
    if (r == NULL || r->who != o->participant || r->place != o->place) return false;
    if (r->bond != o->bond_unit || model_open_units(r) != o->left) return false;
    for (uint32_t k = 0; k < o->window.periods; k++) {
        uint32_t open = o->shape != PH_SHAPE_EACH ? o->open : w.m->nodes[o->node + k].open;
        if (o->shape == PH_SHAPE_FLEX) break; /* its units were compared */
        if (open != r->open[k]) return false;
        if (o->shape == PH_SHAPE_EACH && open > 0 && ph_book_shown(w.m, o->node + k) != r->shown[k])
            return false;
    }
    return true;
}

static uint64_t place_in_queue(const model_order *o, ph_period t)
{
    uint32_t slot = PH_NONE;
    bool rests = ph_row_index_find(&w.m->order_of, o->id.v, &slot);
    REQUIRE(rests);
    return ph_book_place(w.m, ph_order_node(&w.m->orders[slot], t));
}

/* Places of one queue are in the model's order: of two that stand at one price in one period the
   same is first. */
static bool same_queues(void)
{
    for (uint32_t i = 0; i < judge.resting_cnt; i++) {
        const model_order *a = &judge.resting[i];
        for (uint32_t j = 0; j < judge.resting_cnt; j++) {
            const model_order *b = &judge.resting[j];
            if (a->terms.display_quantity == 0 || a == b || b->terms.shape != PH_SHAPE_EACH)
                continue;
            if (a->terms.side != b->terms.side || a->terms.price != b->terms.price) continue;
            if (a->terms.product.v != b->terms.product.v) continue;
            for (uint32_t k = 0; k < a->terms.window.periods; k++) {
                ph_period t = a->terms.window.first + k;
                if (a->open[k] == 0 || model_open_in(b, t) == 0) continue;
                bool first = a->queue_place[k] < b->queue_place[t - b->terms.window.first];
                if ((place_in_queue(a, t) < place_in_queue(b, t)) != first) return false;
            }
        }
    }
    return true;
}

static const char *differ_in_orders(void)
{
    uint32_t cnt = 0;
    for (uint32_t i = 1; i <= ph_market_product_cnt(w.m); i++) {
        if (w.m->products[i].reference != judge.product[i].reference) return "a reference differs";
    }
    for (uint32_t p = 1; p <= ph_market_participant_cnt(w.m); p++) {
        for (uint32_t slot = w.m->participants[p].first_order; slot != PH_NONE;
             slot = w.m->order_links[slot].next) {
            if (!same_order(&w.m->orders[slot])) return "a resting order differs";
            cnt++;
        }
    }
    if (cnt != judge.resting_cnt || cnt != ph_market_order_cnt(w.m))
        return "the number of resting orders differs";
    if (!same_queues()) return "a queue differs";
    return NULL;
}

static const char *differ_in_money(void)
{
    for (uint32_t p = 1; p <= ph_market_participant_cnt(w.m); p++) {
        if (ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, p}) != judge.participant[p].cash)
            return "cash differs";
        if (ph_market_held(w.m, (ph_participant_id){p}) != model_held(&judge, p))
            return "held cash differs";
    }
    if (ph_market_balance(w.m, (ph_account){PH_ACCOUNT_FEES, 0}) != judge.fees)
        return "fees differ";
    if (ph_market_balance(w.m, (ph_account){PH_ACCOUNT_EXTERNAL, 0}) != judge.external)
        return "the money outside differs";
    for (uint32_t p = 1; p <= ph_market_product_cnt(w.m); p++) {
        if (w.m->products[p].reference != judge.product[p].reference)
            return "the reference price differs";
    }
    return NULL;
}

/* Free capacity of one supplier in the next periods of every product; the suppliers in turn. */
static const char *differ_in_capacity(void)
{
    uint32_t who = 2 + (uint32_t)(commands % (h.suppliers + h.buyers + h.both));
    for (uint32_t i = 1; i <= ph_market_product_cnt(w.m); i++) {
        const ph_product_terms *t = &judge.product[i].terms;
        uint32_t pool = ph_capacity_pool(w.m, who, t->site.v, t->hardware.v);
        if (pool == PH_NONE) continue;
        for (uint32_t k = 1; k < 14; k++) {
            ph_period period = ph_period_at(w.now, t->period_seconds) + k, unused;
            uint64_t units = 0;
            bool all = ph_capacity_free(
                w.m, &(ph_capacity_draw){pool, PH_CAPACITY_REGISTERED, {period, 1}, UINT32_MAX},
                &unused, &units);
            if (all) return "more capacity is free than there is";
            if ((int64_t)units != model_capacity_free(&judge, who, (ph_product_id){i}, period, 0))
                return "free capacity differs";
        }
    }
    return NULL;
}

static void both(ph_command c)
{
    static said engine_said[MODEL_EVENTS], model_said[MODEL_EVENTS];
    (void)world_apply(&w, c);
    c.at = w.now;
    model_apply(&judge, &c);
    commands++;
    traded += world_cnt(&w, PH_EVT_TRADE);
    if (w.out.cnt != judge.event_cnt) differ(&c, "another number of events");
    uint32_t cnt = sort_said(w.out.v, w.out.cnt, engine_said);
    (void)sort_said(judge.event, judge.event_cnt, model_said);
    for (uint32_t i = 0; i < cnt; i++) {
        if (same_event(engine_said[i].event, model_said[i].event)) continue;
        static char how[TEXT_MAX];
        how[0] = '\0';
        put(how, "these differ:\n");
        put_event(how, engine_said[i].event);
        put_event(how, model_said[i].event);
        differ(&c, how);
    }
    const char *how = differ_in_orders();
    if (how == NULL) how = differ_in_money();
    if (how == NULL) how = differ_in_capacity();
    if (how != NULL) differ(&c, how);
}

/* Fillable depth (14): what the engine says of every start, of those too that are not open. */
static void ask_depth(ph_depth_question a)
{
    enum { STARTS = 20 };
    ph_depth_answer said_of_start[STARTS];
    a.starts.periods = STARTS;
    if (ph_question_depth(w.m, &a, said_of_start) != PH_OK) ck_abort_msg("no depth");
    uint64_t first, last;
    model_open_periods(&judge, a.product.v, &first, &last);
    for (uint32_t i = 0; i < STARTS; i++) {
        ph_window window = {a.starts.first + i, a.periods};
        model_order block = {.who = a.except.v,
                             .terms = {.product = a.product,
                                       .side = a.side,
                                       .shape = PH_SHAPE_BLOCK,
                                       .window = window,
                                       .price = a.limit}};
        for (uint32_t k = 0; k < a.periods; k++)
            block.open[k] = MODEL_UNITS;
        model_wide cost = 0;
        bool is_open = window.first >= first && (uint64_t)window.first + a.periods - 1 <= last;
        uint64_t units = is_open ? model_column_units(&judge, &block, &cost) : 0;
        asked_units += units;
        if (units == MODEL_UNITS && units <= said_of_start[i].units) continue; /* counts no more */
        if (units == said_of_start[i].units && cost == said_of_start[i].notional) continue;
        static char text[TEXT_MAX];
        text[0] = '\0';
        put(text,
            "seed %d step %d: depth of product %u side %d [%u +%u) limit %lld except %u: ", seed,
            step, a.product.v, (int)a.side, window.first, a.periods, (long long)a.limit,
            a.except.v);
        put(text, "the engine says %llu for %lld, the model %llu for %lld\n",
            (unsigned long long)said_of_start[i].units, (long long)said_of_start[i].notional,
            (unsigned long long)units, (long long)cost);
        put_book(text);
        ck_abort_msg("%.2000s", text);
    }
}

/* ---- A world --------------------------------------------------------------------------------- */

static uint32_t participant_cnt(void)
{
    return h.suppliers + h.buyers + h.both;
}

static uint32_t somebody(void)
{
    return 2 + below(participant_cnt());
}

static void pay(ph_command_kind kind, uint32_t who, ph_money amount)
{
    ph_command c = {
        .kind = kind, .sender = {1}, .u.payment = {.participant = {who}, .amount = amount}};
    snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "payment %llu",
             (unsigned long long)++w.payments);
    both(c);
}

static void join(uint32_t roles, ph_money cash)
{
    uint32_t id = ph_market_participant_cnt(w.m) + 1;
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT,
                    .sender = {1},
                    .u.participant = {.id = {id}, .roles = roles, .name = {"someone"}}};
    memset(&c.u.participant.curve_key, (int)id, sizeof c.u.participant.curve_key);
    both(c);
    pay(PH_CMD_DEPOSIT, id, cash);
}

static uint64_t capacity_reference[MODEL_PARTICIPANTS];

static uint32_t period_seconds(uint32_t hardware)
{
    return hardware == 2 ? QUARTER : HOUR;
}

static void add_capacity(uint32_t who, uint32_t hardware, uint32_t periods, uint32_t units)
{
    both((ph_command){
        .kind = PH_CMD_REGISTER_CAPACITY,
        .sender = {who},
        .u.capacity = {.reference = ++capacity_reference[who],
                       .site = {1},
                       .hardware = {hardware},
                       .period_seconds = period_seconds(hardware),
                       .window = {ph_period_at(w.now, period_seconds(hardware)), periods},
                       .units = units}});
}

static bool sells(uint32_t who)
{
    return who >= 2 && (who < 2 + h.suppliers || who >= 2 + h.suppliers + h.buyers);
}

static void random_habits(void)
{
    h = (habits){.suppliers = 1 + below(3),
                 .buyers = 1 + below(3),
                 .both = 1 + below(3),
                 .products = 2 + below(2),
                 .periods = one_in(3) ? 2 + below(3) : 6 + below(5),
                 .quantity = 2 + below(5),
                 .price = 3 + below(10),
                 .block_percent = 10 + below(70),
                 .alike_percent = below(101),
                 .aon_percent = below(80),
                 .ioc_percent = below(30),
                 .iceberg_percent = one_in(4) ? 0 : below(80),
                 .unit = one_in(6) ? INT64_C(7000000000001) : 1};
}

/* The first two draw on the same hardware; the third has shorter periods. */
static void list_products(void)
{
    for (uint32_t i = 0; i < h.products; i++) {
        ph_product_terms t = world_terms(&w, 1);
        if (i == 2) {
            t.hardware.v = 2;
            t.period_seconds = QUARTER;
        }
        t.hardware_units = 1 + below(3);
        t.maker_ppm = one_in(2) ? 0 : below(60000);
        t.taker_ppm = one_in(3) ? 0 : below(90000);
        t.fee_at_trade_ppm = one_in(3) ? below(2) * 1000000 : below(1000001);
        t.bond_ppm = one_in(3) ? 0 : below(400000);
        t.bond_fixed = one_in(2) ? 0 : below(4) * h.unit;
        t.gate_seconds = one_in(2) ? 0 : below(4) * 900;
        t.tick = one_in(5) ? 2 : 1;
        if (one_in(2)) t.tick *= h.unit;
        t.lot = one_in(5) ? 2 : 1;
        t.quantity_max = one_in(4) ? 4 : 1000;
        t.block_periods_max = one_in(4) ? 4 : 40;
        t.horizon = one_in(4) ? 8 : 40;
        t.reference_price = (1 + below(h.price)) * h.unit;
        t.report_seconds = UINT32_MAX; /* nothing sold becomes final in these streams */
        t.band_ppm = one_in(8) ? 500000 + below(500000) : 0;
        both((ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = t});
    }
}

static void set_up(void)
{
    ph_market_limits limits = world_limits();
    limits.references_max = MODEL_REFERENCES;
    w = world_new(&limits);
    random_habits();
    model_open(&judge);
    judge.now = w.now;
    memset(capacity_reference, 0, sizeof capacity_reference);
    ph_money cash = (one_in(3) ? 400 : 50000) * h.unit;
    uint32_t units = one_in(3) ? 20 : 300;
    for (uint32_t i = 0; i < h.suppliers; i++)
        join(PH_ROLE_SUPPLIER, cash);
    for (uint32_t i = 0; i < h.buyers; i++)
        join(PH_ROLE_BUYER, cash);
    for (uint32_t i = 0; i < h.both; i++)
        join(PH_ROLE_SUPPLIER | PH_ROLE_BUYER, cash);
    (void)world_site(&w, 2);
    world_do(&w, (ph_command){.kind = PH_CMD_REGISTER_HARDWARE,
                              .sender = {1},
                              .u.hardware = {.id = {2}, .name = {"node"}}});
    list_products();
    for (uint32_t p = 2; p < 2 + participant_cnt(); p++) {
        if (!sells(p)) continue;
        add_capacity(p, 1, 62, 6 + below(units));
        if (!one_in(4)) add_capacity(p, 2, 62, 6 + below(units));
    }
}

/* ---- Commands -------------------------------------------------------------------------------- */

static ph_window random_window(const ph_product_terms *t, ph_shape shape)
{
    ph_period first_open = ph_period_at(w.now, t->period_seconds) + 1;
    if (shape == PH_SHAPE_BLOCK && below(100) < h.alike_percent) {
        /* Windows on a coarse grid, so that many are the same and the others overlap. */
        ph_period grid = (first_open + 2) / 3 * 3;
        return (ph_window){grid + below(2) * 3, one_in(3) ? 6 : 3};
    }
    uint32_t first = below(h.periods);
    return (ph_window){first_open + first, 1 + below(h.periods - first)};
}

/* Now and then something that must be refused. */
static void spoil(ph_command *c)
{
    ph_new_order *o = &c->u.order;
    switch (below(13)) {
    case 0: o->window.first -= 1 + below(2); break;
    case 1: o->window.periods = one_in(2) ? 0 : o->window.periods + 36; break;
    case 2: o->quantity = one_in(2) ? 0 : 999 + below(3); break;
    case 3:
        o->price = one_in(2) ? 0 : PH_PRICE_MAX + (one_in(3) ? 2 : 0);
        if (one_in(2)) o->quantity = 1000;
        break;
    case 4: o->client_order_id -= below(5); break;
    case 5: o->product.v = h.products + below(2); break;
    case 6: o->all_or_none = true; break;
    case 7: c->sender.v = one_in(2) ? 1 : participant_cnt() + 2; break;
    case 8: o->duration = below(12); break;
    case 9: o->display_quantity = 1 + below(16); break;
    case 10: o->quantity = o->display_quantity * 64 + below(2); break;
    case 11: o->side = o->side == PH_SIDE_BUY ? PH_SIDE_SELL : PH_SIDE_BUY; break;
    default: o->quantity += 1; break;
    }
}

static ph_command random_order(void)
{
    uint32_t who = somebody();
    bool may_sell = sells(who), may_buy = who >= 2 + h.suppliers;
    ph_side side = may_sell && (!may_buy || one_in(2)) ? PH_SIDE_SELL : PH_SIDE_BUY;
    ph_shape shape = below(100) < h.block_percent ? PH_SHAPE_BLOCK : PH_SHAPE_EACH;
    ph_command c = world_order(&w, who, side, shape, (ph_window){0, 1}, 1 + below(h.quantity),
                               (1 + below(h.price)) * h.unit);
    ph_new_order *o = &c.u.order;
    o->product.v = 1 + below(h.products);
    const ph_product_terms *t = ph_market_product(w.m, o->product);
    o->window = random_window(t, shape);
    if (!one_in(20)) {
        o->quantity += o->quantity % t->lot;
        o->price += o->price % t->tick;
    }
    o->all_or_none = shape == PH_SHAPE_BLOCK && below(100) < h.aon_percent;
    if (below(100) < h.ioc_percent) o->time_in_force = PH_TIF_IOC;
    if (one_in(2)) o->stp = PH_STP_CANCEL_RESTING;
    if (one_in(12)) o->time_in_force = PH_TIF_FOK;
    if (one_in(8)) {
        o->time_in_force = PH_TIF_GTT;
        o->expire_at.ns = w.now.ns + below(12) * UINT64_C(450000000000);
    }
    if (one_in(40)) o->post_only = true;
    if (shape == PH_SHAPE_BLOCK && side == PH_SIDE_BUY && one_in(4)) {
        o->shape = PH_SHAPE_FLEX;
        o->duration = 1 + below(o->window.periods);
    }
    if (o->shape == PH_SHAPE_EACH && below(100) < h.iceberg_percent) {
        if (one_in(2)) o->quantity += (2 + below(9)) * t->lot;
        o->display_quantity = (1 + below(3)) * t->lot;
    }
    if (one_in(15)) spoil(&c);
    return c;
}

static void random_replace(void)
{
    ph_command c = {.kind = PH_CMD_REPLACE_ORDER, .sender = {somebody()}};
    if (one_in(8) || judge.resting_cnt == 0) {
        c.u.replace.order.v = 1 + rng() % (judge.orders + 1);
        c.u.replace.price = (1 + below(h.price)) * h.unit;
        c.u.replace.quantity = 1 + below(h.quantity);
    } else {
        const model_order *o = &judge.resting[below(judge.resting_cnt)];
        c.sender.v = o->who;
        c.u.replace.order = o->id;
        c.u.replace.price = one_in(2) ? o->terms.price : (1 + below(h.price)) * h.unit;
        c.u.replace.quantity = one_in(4) ? o->terms.quantity : 1 + below(h.quantity + 2);
        /* About as many clips as an iceberg may have. */
        if (o->terms.display_quantity != 0 && one_in(10))
            c.u.replace.quantity = o->terms.display_quantity * (63 + below(3));
    }
    both(c);
}

static ph_command random_order_of(ph_side side, ph_product_id product, ph_window window)
{
    ph_command c = random_order();
    while (c.u.order.side != side)
        c = random_order();
    c.u.order.product = product;
    c.u.order.window = window;
    return c;
}

/* Blocks of one side, of which at most one executes; now and then something else. */
static void random_group(void)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP};
    uint32_t cnt = one_in(6) ? 1 + below(8) : 1 + below(3);
    ph_command first = random_order();
    uint32_t who = first.sender.v;
    bool alike = one_in(3);
    c.sender = first.sender;
    for (uint32_t i = 0; i < cnt; i++) {
        ph_command next = random_order_of(
            first.u.order.side, (ph_product_id){1 + below(h.products)}, first.u.order.window);
        ph_new_order *o = &c.u.group.v[i];
        *o = next.u.order;
        o->client_order_id = ++w.client_order_id[who < MODEL_PARTICIPANTS ? who : 0];
        if (!alike) o->window = random_window(ph_market_product(w.m, o->product), PH_SHAPE_BLOCK);
        o->display_quantity = 0;
        if (o->shape == PH_SHAPE_FLEX && o->duration > o->window.periods)
            o->duration = o->window.periods;
        if (o->shape == PH_SHAPE_EACH) o->shape = PH_SHAPE_BLOCK;
        o->all_or_none = o->shape == PH_SHAPE_BLOCK;
        if (one_in(30)) o->all_or_none = false;
        if (one_in(60)) o->shape = PH_SHAPE_EACH;
        if (one_in(60)) o->side = PH_SIDE_BUY;
        if (one_in(60)) o->client_order_id -= below(3);
        if (one_in(12)) o->post_only = true;
    }
    c.u.group.cnt = one_in(40) ? below(2) * (PH_GROUP_MEMBERS_MAX + 1) : cnt;
    both(c);
}

static void random_cancel(void)
{
    ph_command c = {.kind = PH_CMD_CANCEL_ORDER, .sender = {somebody()}};
    if (one_in(8) || judge.resting_cnt == 0) {
        c.u.cancel.order.v = 1 + rng() % (judge.orders + 1);
    } else {
        const model_order *o = &judge.resting[below(judge.resting_cnt)];
        c.sender.v = o->who;
        if (one_in(3))
            c.u.cancel.client_order_id = o->terms.client_order_id;
        else
            c.u.cancel.order = o->id;
    }
    both(c);
}

static void random_phase(void)
{
    static const ph_phase PHASES[] = {PH_PHASE_CLOSED, PH_PHASE_HALTED, PH_PHASE_HALTED};
    ph_product_id product = {1 + below(h.products)};
    ph_command c = {.kind = PH_CMD_SET_PHASE, .sender = {1}};
    c.u.phase = (ph_set_phase){product, PHASES[below(3)]};
    both(c);
    for (uint32_t i = below(3); i > 0; i--) {
        both(random_order());
        random_cancel();
    }
    c.u.phase.phase = PH_PHASE_OPEN;
    both(c);
}

static void random_suspension(void)
{
    ph_command c = {.kind = PH_CMD_SET_PARTICIPANT_STATE, .sender = {1}};
    c.u.participant_state = (ph_set_participant_state){{somebody()}, PH_PARTICIPANT_SUSPENDED};
    both(c);
    for (uint32_t i = below(3); i > 0; i--)
        both(random_order());
    c.u.participant_state.state = PH_PARTICIPANT_ACTIVE;
    both(c);
}

/* Many orders at once for one window: blocks that find several of their own window, all-or-none
   ones among them, and EACH orders under them. */
static void random_clump(void)
{
    ph_product_id product = {1 + below(h.products)};
    const ph_product_terms *t = ph_market_product(w.m, product);
    ph_window window = {ph_period_at(w.now, t->period_seconds) + 1 + below(3), 1 + below(4)};
    ph_price middle = (1 + below(h.price)) * h.unit;
    for (uint32_t i = 4 + below(12); i > 0; i--) {
        ph_command c = random_order();
        ph_new_order *o = &c.u.order;
        o->product = product;
        o->window = window;
        o->price = (middle + below(4) * h.unit) / t->tick * t->tick;
        if (o->shape == PH_SHAPE_EACH && one_in(2))
            o->window = (ph_window){window.first + below(window.periods), 1};
        both(c);
    }
}

/* What the second try of section 6.2 is about: cheap units in the column, all-or-none blocks of the
   same window behind them, and then a block that wants many. */
static void random_second_try(void)
{
    ph_product_id product = {1 + below(h.products)};
    const ph_product_terms *t = ph_market_product(w.m, product);
    ph_window window = {ph_period_at(w.now, t->period_seconds) + 2, 1 + below(3)};
    ph_side side = one_in(2) ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_side other = side == PH_SIDE_BUY ? PH_SIDE_SELL : PH_SIDE_BUY;
    ph_price grid = t->tick < h.unit ? h.unit / t->tick * t->tick : t->tick;
    ph_price middle = (4 + below(4)) * grid, worse = side == PH_SIDE_BUY ? grid : -grid;
    for (uint32_t i = 2 + below(4); i > 0; i--) {
        ph_command c = random_order_of(other, product, window);
        bool block = i == 1 || (i < 4 && c.u.order.shape == PH_SHAPE_BLOCK);
        c.u.order.shape = block ? PH_SHAPE_BLOCK : PH_SHAPE_EACH;
        c.u.order.all_or_none = block && !one_in(4);
        c.u.order.quantity = ((block ? 3 : 1) + below(4)) * t->lot;
        c.u.order.price = middle + worse * (below(3) + block);
        c.u.order.time_in_force = PH_TIF_GTC;
        both(c);
    }
    if (one_in(2)) {
        /* Of a group one member at most is taken. */
        ph_command group = {.kind = PH_CMD_NEW_GROUP, .u.group.cnt = 2 + below(2)};
        group.sender = random_order_of(other, product, window).sender;
        for (uint32_t i = 0; i < group.u.group.cnt; i++) {
            ph_quantity quantity = (1 + below(3)) * t->lot;
            group.u.group.v[i] = world_order(&w, group.sender.v, other, PH_SHAPE_BLOCK,
                                             (ph_window){0, 1}, quantity, middle + worse * below(3))
                                     .u.order;
            group.u.group.v[i].product = product;
            group.u.group.v[i].window = window;
            group.u.group.v[i].all_or_none = true;
        }
        both(group);
    }
    ph_command c = random_order_of(side, product, window);
    c.u.order.shape = PH_SHAPE_BLOCK;
    c.u.order.all_or_none = one_in(2);
    c.u.order.quantity = (3 + below(7)) * t->lot;
    c.u.order.price = middle + worse * (1 + below(4));
    both(c);
}

static void random_depth(void)
{
    ph_product_id product = {1 + below(h.products)};
    ph_period here = ph_period_at(w.now, ph_market_product(w.m, product)->period_seconds);
    ask_depth((ph_depth_question){.product = product,
                                  .side = one_in(2) ? PH_SIDE_BUY : PH_SIDE_SELL,
                                  .periods = 1 + below(4),
                                  .starts = {.first = here - 1 + below(3)},
                                  .limit = one_in(3) ? 0 : (1 + below(h.price)) * h.unit,
                                  .except = {one_in(3) ? 0 : somebody()}});
}

static void random_step(void)
{
    uint32_t dice = below(1000);
    if (dice < 735) {
        both(random_order());
    } else if (dice < 765) {
        random_group();
    } else if (dice < 815) {
        random_replace();
    } else if (dice < 830) {
        random_clump();
    } else if (dice < 865) {
        random_second_try();
    } else if (dice < 900) {
        random_cancel();
    } else if (dice < 910) {
        both((ph_command){.kind = PH_CMD_MASS_CANCEL,
                          .sender = {somebody()},
                          .u.mass_cancel = {.product = {below(h.products + 2)}}});
    } else if (dice < 960) {
        w.now.ns += (uint64_t)below(1500) * PH_NS_PER_S;
        if (one_in(2)) both((ph_command){.kind = PH_CMD_TICK});
    } else if (dice < 963) {
        random_phase();
    } else if (dice < 966) {
        random_suspension();
    } else if (dice < 985 && w.payments < MODEL_REFERENCES) {
        bool in = !one_in(4);
        pay(in ? PH_CMD_DEPOSIT : PH_CMD_WITHDRAW, somebody(),
            (1 + below(in ? 4000 : 500)) * h.unit);
    } else {
        uint32_t who = somebody();
        if (sells(who)) add_capacity(who, 1 + below(2), 20 + below(40), 1 + below(12));
    }
}

START_TEST(both_markets_say_and_hold_the_same)
{
    seed = environment("PH_SEED", _i);
    step = -1;
    rng_state = (uint64_t)seed;
    traded = commands = 0;
    set_up();
    int steps = environment("PH_STEPS", STEPS);
    for (step = 0; step < steps; step++) {
        mark_point();
        random_step();
        if (one_in(12)) random_depth();
    }
    if (getenv("PH_COUNT") != NULL)
        printf("seed %d: %llu commands, %llu trades, %llu units of depth\n", seed,
               (unsigned long long)commands, (unsigned long long)traded,
               (unsigned long long)asked_units);
    if (steps >= STEPS) ck_assert_uint_ge(commands * 9, (uint64_t)steps * 10);
    world_free(&w);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, both_markets_say_and_hold_the_same, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", SEEDS));
}

int main(void)
{
    return suite_run("model", add);
}
