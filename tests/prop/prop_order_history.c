/* SPDX-License-Identifier: Apache-2.0 */
/* What a replica answers of an order is what the events said of it.  Random commands run in a
   market; beside it a list of facts, searched from end to end, notes what each event says of each
   order and each refusal.  After every command the answer about some orders, and now and then about
   all, is that of the list: to their owner, and to others that there is none.  A second history
   with a poor key, in which everything collides, answers the same.

   PH_SEEDS=n runs n seeds (default 24) of PH_STEPS commands (default 1500); PH_SEED=s runs one. */
#include "engine/base/period.h"
#include "engine/query/answer.h"

#include "tests/prop/seeds.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum { PERIODS = 10, PEOPLE = 7, ORDERS_MAX = 60, FACTS_MAX = 1 << 14 };

static world w;

/* ---- Facts: what the events said ------------------------------------------------------------- */

typedef struct {
    uint32_t who;
    ph_outcome outcome;
    bool is_kept;
    uint64_t order; /* 0: a refusal */
    ph_new_order terms;
    uint64_t executed, accepted_seq, ended_seq;
    ph_time accepted_at, ended_at;
    ph_cancel_reason reason;
    ph_rejected rejected;
} fact;

static fact facts[FACTS_MAX];
static uint32_t fact_cnt, ended[FACTS_MAX], ended_cnt, ended_max;
static uint64_t seen[PH_OUTCOME_MAX + 1], reasons[PH_CANCEL_REASON_MAX + 1];

static fact *of_order(uint64_t order)
{
    for (uint32_t i = fact_cnt; i-- > 0;)
        if (facts[i].order == order) return &facts[i];
    ck_abort_msg("an event of an order that was never accepted");
    return NULL;
}

static fact *of_client(uint32_t who, uint64_t client_order_id)
{
    for (uint32_t i = fact_cnt; i-- > 0;)
        if (facts[i].is_kept && facts[i].who == who &&
            facts[i].terms.client_order_id == client_order_id)
            return &facts[i];
    return NULL;
}

/* An accepted order of the participant with this id or a higher one is no longer kept. */
static bool is_long_ago(uint32_t who, uint64_t client_order_id)
{
    for (uint32_t i = 0; i < fact_cnt; i++)
        if (!facts[i].is_kept && facts[i].order != 0 && facts[i].who == who &&
            facts[i].terms.client_order_id >= client_order_id)
            return true;
    return false;
}

static fact *add_fact(const ph_command *c, const ph_new_order *n)
{
    ck_assert_uint_lt(fact_cnt, FACTS_MAX);
    facts[fact_cnt] = (fact){.who = c->sender.v, .terms = *n, .is_kept = true};
    return &facts[fact_cnt++];
}

static void forget_ended(uint32_t i)
{
    facts[ended[i]].is_kept = false;
    memmove(&ended[i], &ended[i + 1], (--ended_cnt - i) * sizeof ended[0]);
}

static void end(fact *f, const ph_command *c, ph_outcome outcome)
{
    f->outcome = outcome;
    f->ended_seq = c->seq;
    f->ended_at = c->at;
    ended[ended_cnt++] = (uint32_t)(f - facts);
    if (ended_cnt > ended_max) forget_ended(0);
}

/* A refusal that another one, or an order, comes in place of. */
static void forget_refusal(fact *f)
{
    for (uint32_t i = 0; i < ended_cnt; i++)
        if (&facts[ended[i]] == f) {
            forget_ended(i);
            return;
        }
    ck_abort_msg("a refusal that is kept has ended");
}

static void note_accepted(const ph_command *c, const ph_new_order *n, uint64_t order)
{
    fact *before = of_client(c->sender.v, n->client_order_id);
    if (before != NULL) forget_refusal(before);
    fact *f = add_fact(c, n);
    f->outcome = PH_OUTCOME_RESTING;
    f->order = order;
    f->accepted_seq = c->seq;
    f->accepted_at = c->at;
}

static void note_rejected(const ph_command *c, const ph_new_order *n, const ph_rejected *r)
{
    fact *before = of_client(c->sender.v, n->client_order_id);
    if (before == NULL && is_long_ago(c->sender.v, n->client_order_id)) return;
    if (before != NULL && (before->order != 0 || r->code == PH_REJECT_DUPLICATE)) return;
    if (before != NULL) forget_refusal(before);
    fact *f = add_fact(c, n);
    f->rejected = *r;
    end(f, c, PH_OUTCOME_REJECTED);
}

static void note_fills(const ph_command *c, const ph_event *e)
{
    const ph_trade *t = &e->u.trade;
    fact *sides[] = {of_order(t->buy_order.v), of_order(t->sell_order.v)};
    const uint64_t leaves[] = {t->buy_leaves, t->sell_leaves};
    for (int s = 0; s < 2; s++) {
        for (uint32_t i = 1; i <= t->segment_cnt; i++)
            for (uint32_t k = 0; k < e[i].u.segment.window.periods; k++)
                sides[s]->executed += e[i].u.segment.quantity;
        if (leaves[s] == 0) end(sides[s], c, PH_OUTCOME_FILLED);
    }
}

static void note(const ph_command *c)
{
    uint32_t member = 0;
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        const bool is_group = c->kind == PH_CMD_NEW_GROUP;
        if (e->kind == PH_EVT_ACCEPTED) {
            note_accepted(c, is_group ? &c->u.group.v[member++] : &c->u.order,
                          e->u.accepted.order.v);
        } else if (e->kind == PH_EVT_REJECTED && is_group) {
            for (uint32_t k = 0; k < c->u.group.cnt; k++)
                note_rejected(c, &c->u.group.v[k], &e->u.rejected);
        } else if (e->kind == PH_EVT_REJECTED && c->kind == PH_CMD_NEW_ORDER) {
            note_rejected(c, &c->u.order, &e->u.rejected);
        } else if (e->kind == PH_EVT_TRADE) {
            note_fills(c, e);
        } else if (e->kind == PH_EVT_CANCELLED) {
            fact *f = of_order(e->u.cancelled.order.v);
            f->reason = e->u.cancelled.reason;
            reasons[f->reason]++;
            end(f, c, PH_OUTCOME_CANCELLED);
        } else if (e->kind == PH_EVT_REPLACED) {
            fact *f = of_order(e->u.replaced.order.v);
            f->terms.price = e->u.replaced.price;
            f->terms.quantity = e->u.replaced.quantity;
        }
    }
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void *blocks[2], *room;
static ph_order_history *histories[2];
static ph_question *question;
static ph_holdings holdings;

/* Both histories answer; what they say is the same in every byte that is told. */
static const ph_answer_status *ask(uint32_t who, uint64_t order, uint64_t client_order_id)
{
    static ph_answer answer;
    static uint8_t bytes[2][512];
    size_t sizes[2];
    ph_query q = {.kind = PH_QUERY_STATUS,
                  .who = {who},
                  .order_id = {order},
                  .client_order_id = client_order_id};
    for (int i = 0; i < 2; i++) {
        ph_answerer a = {question, w.m, &holdings, histories[i], NULL, NULL};
        ph_answer_query(&a, &q, &answer);
        ph_writer writer = ph_writer_of(bytes[i], sizeof bytes[i]);
        ph_answer_write(&writer, 1, &answer);
        ck_assert(!writer.full);
        sizes[i] = ph_writer_size(&writer);
    }
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], sizes[0]);
    ck_assert_uint_eq(answer.seq, ph_market_seq(w.m));
    seen[answer.u.status.outcome]++;
    return &answer.u.status;
}

static void check_fact(const fact *f, const ph_answer_status *s)
{
    const ph_new_order *n = &f->terms;
    uint32_t length = n->shape == PH_SHAPE_FLEX ? n->duration : n->window.periods;
    ck_assert_int_eq(s->outcome, f->outcome);
    ck_assert_uint_eq(s->order.v, f->order);
    ck_assert_uint_eq(s->client_order_id, n->client_order_id);
    ck_assert(s->product.v == n->product.v && s->side == n->side && s->shape == n->shape);
    ck_assert(s->window.first == n->window.first && s->window.periods == n->window.periods);
    ck_assert(s->price == n->price && s->quantity == n->quantity && s->duration == n->duration);
    ck_assert_uint_eq(s->unit_periods, (uint64_t)n->quantity * length);
    ck_assert_uint_eq(s->executed, f->executed);
    ck_assert(s->accepted_seq == f->accepted_seq && s->accepted_at.ns == f->accepted_at.ns);
    ck_assert(s->ended_seq == f->ended_seq && s->ended_at.ns == f->ended_at.ns);
    ck_assert_int_eq(s->reason, f->reason);
    ck_assert_int_eq(s->reject, f->rejected.code);
    ck_assert(s->arg0 == f->rejected.arg0 && s->arg1 == f->rejected.arg1);
    ck_assert_uint_eq(s->failed, f->rejected.member != 0 ? f->rejected.client_order_id : 0);
    ph_resting_order o = {.unit_periods = 0};
    bool rests = f->order != 0 && ph_market_order(w.m, (ph_order_id){f->order}, &o);
    ck_assert_int_eq(rests, s->outcome == PH_OUTCOME_RESTING);
    ck_assert_uint_eq(s->leaves, o.unit_periods);
}

static void check_client(uint32_t who, uint64_t client_order_id)
{
    if (client_order_id == 0) return;
    const ph_answer_status *s = ask(who, 0, client_order_id);
    const fact *f = of_client(who, client_order_id);
    if (f != NULL) {
        check_fact(f, s);
        return;
    }
    ck_assert_int_eq(s->outcome,
                     is_long_ago(who, client_order_id) ? PH_OUTCOME_LONG_AGO : PH_OUTCOME_UNKNOWN);
    ck_assert(s->client_order_id == client_order_id && s->order.v == 0 && s->ended_seq == 0);
}

/* To its owner, and to another one, who hears of older ones of its own at most. */
static void check_order(const fact *f)
{
    const ph_answer_status *s = ask(f->who, f->order, 0);
    if (f->is_kept)
        check_fact(f, s);
    else
        ck_assert_int_eq(s->outcome, PH_OUTCOME_LONG_AGO);
    uint32_t other = 2 + (f->who - 1) % PEOPLE;
    s = ask(other, f->order, 0);
    bool has_older = false;
    for (uint32_t i = 0; i < fact_cnt && !has_older; i++)
        has_older = facts[i].who == other && facts[i].order > f->order && !facts[i].is_kept;
    ck_assert_int_eq(s->outcome, has_older ? PH_OUTCOME_LONG_AGO : PH_OUTCOME_UNKNOWN);
    ck_assert(s->client_order_id == 0 && s->product.v == 0 && s->accepted_seq == 0);
}

static void check_answers(uint32_t cnt)
{
    for (uint32_t i = 0; i < cnt && fact_cnt > 0; i++) {
        const fact *f = &facts[cnt < fact_cnt ? below(fact_cnt) : i];
        if (f->order != 0) check_order(f);
        check_client(f->who, f->terms.client_order_id);
        check_client(f->who, f->terms.client_order_id + below(3) - 1);
    }
    for (uint32_t who = 2; who < 2 + PEOPLE; who++) {
        check_client(who, w.client_order_id[who] + below(3));
        uint64_t last = 0;
        for (uint32_t i = 0; i < fact_cnt; i++)
            if (facts[i].order != 0 && facts[i].who == who) last = facts[i].terms.client_order_id;
        ck_assert_uint_eq(ask(who, UINT64_MAX, 0)->last_client_order_id, last);
    }
}

/* ---- Commands -------------------------------------------------------------------------------- */

static uint32_t anybody(void)
{
    return 2 + below(PEOPLE);
}

static ph_command random_order(uint32_t who)
{
    static const ph_shape shapes[] = {PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_BLOCK, PH_SHAPE_FLEX};
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    uint32_t first = below(PERIODS), dice = below(10);
    ph_command c =
        world_order(&w, who, side, shapes[below(side == PH_SIDE_BUY ? 4 : 3)],
                    (ph_window){0, 1 + below(PERIODS - first)}, 1 + below(5), 1 + below(12));
    ph_new_order *n = &c.u.order;
    n->window.first = ph_period_at(w.now, HOUR) + 1 + first;
    if (n->shape == PH_SHAPE_FLEX) n->duration = 1 + below(n->window.periods);
    if (dice < 2) n->time_in_force = dice == 0 ? PH_TIF_IOC : PH_TIF_FOK;
    if (dice >= 8) {
        n->time_in_force = PH_TIF_GTT;
        n->expire_at.ns = w.now.ns + (1 + below(6)) * 1800 * PH_NS_PER_S;
    }
    n->post_only = dice == 2;
    if (n->shape == PH_SHAPE_EACH && dice == 3) n->display_quantity = 1;
    if (below(2) == 0) n->stp = PH_STP_CANCEL_RESTING;
    return c;
}

/* Ids that were used, were refused, were passed over, or leave a gap. */
static ph_command random_entry(void)
{
    uint32_t who = anybody(), dice = below(12);
    uint64_t last = w.client_order_id[who];
    ph_command c = random_order(who);
    if (dice == 0) w.client_order_id[who] += 3;
    if (dice == 1) c.u.order.client_order_id = w.client_order_id[who] += 2;
    if (dice != 2 && dice != 3) return c;
    w.client_order_id[who] = last;
    uint64_t back = below(dice == 2 ? 8 : 400);
    c.u.order.client_order_id = last > back ? last - back : 1;
    return c;
}

static ph_command random_group(void)
{
    uint32_t who = anybody();
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {who}};
    c.u.group.cnt = 1 + below(4);
    for (uint32_t i = 0; i < c.u.group.cnt; i++) {
        ph_command one = random_order(who);
        while (one.u.order.shape == PH_SHAPE_EACH && below(20) != 0)
            one = random_order(who);
        c.u.group.v[i] = one.u.order;
        c.u.group.v[i].side = side;
        c.u.group.v[i].all_or_none = one.u.order.shape == PH_SHAPE_BLOCK;
    }
    return c;
}

static ph_command random_change(void)
{
    const fact *f =
        fact_cnt > 0 ? &facts[fact_cnt - 1 - below(fact_cnt < 60 ? fact_cnt : 60)] : &facts[0];
    uint32_t who = below(10) == 0 ? anybody() : f->who, dice = below(10);
    if (dice < 6)
        return (ph_command){.kind = PH_CMD_REPLACE_ORDER,
                            .sender = {who},
                            .u.replace = {.order = {f->order},
                                          .client_order_id = f->terms.client_order_id,
                                          .price = 1 + below(12),
                                          .quantity = 1 + below(7)}};
    if (dice < 9)
        return (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                            .sender = {who},
                            .u.cancel = {.client_order_id = f->terms.client_order_id}};
    return (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {who}};
}

static ph_command random_command(void)
{
    uint32_t dice = below(100);
    if (dice < 60) return random_entry();
    if (dice < 66) return random_group();
    if (dice < 86) return random_change();
    if (dice < 88)
        return (ph_command){.kind = PH_CMD_SET_PHASE,
                            .sender = {1},
                            .u.phase = {{1}, below(2) == 0 ? PH_PHASE_HALTED : PH_PHASE_CLOSED}};
    if (dice < 92)
        return (ph_command){
            .kind = PH_CMD_SET_PHASE, .sender = {1}, .u.phase = {{1}, PH_PHASE_OPEN}};
    if (dice < 95)
        return (ph_command){
            .kind = PH_CMD_SET_PARTICIPANT_STATE,
            .sender = {1},
            .u.participant_state = {{anybody()},
                                    dice == 92 ? PH_PARTICIPANT_SUSPENDED : PH_PARTICIPANT_ACTIVE}};
    w.now.ns += (uint64_t)below(below(8) == 0 ? 5 * HOUR : 1500) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

/* ---- A run ----------------------------------------------------------------------------------- */

static void apply(ph_command c)
{
    (void)world_apply(&w, c);
    c.seq = ph_market_seq(w.m);
    c.at = w.now;
    ph_replay_record record = {.command = c, .events = w.out.v, .event_cnt = w.out.cnt};
    for (int i = 0; i < 2; i++)
        ph_order_history_take(histories[i], &record);
    note(&c);
    ck_assert_uint_eq(ph_order_history_ended(histories[0]), ended_cnt);
}

static void *zeroed(size_t size)
{
    size = (size + 63) & ~(size_t)63;
    void *block = aligned_alloc(64, size);
    ck_assert_ptr_nonnull(block);
    return memset(block, 0, size);
}

static void begin(int seed)
{
    static const uint32_t maxima[] = {25, 0, FACTS_MAX, 1};
    ph_market_limits limits = world_limits();
    limits.orders_max = ORDERS_MAX; /* so that the table of orders is full now and then */
    rng_state = (uint64_t)seed;
    ended_max = maxima[seed % 4];
    w = world_new(&limits);
    room = zeroed(ph_question_footprint(&limits));
    question = ph_question_init(room, &limits);
    ph_order_history_key keys[2] = {{{0}}, {{0}}};
    for (int k = 0; k < 4; k++)
        keys[0].v[k] = (uint64_t)below(UINT32_MAX) << 32 | below(UINT32_MAX);
    for (int i = 0; i < 2; i++) {
        blocks[i] = zeroed(ph_order_history_footprint(&limits, ended_max));
        histories[i] = ph_order_history_init(blocks[i], &limits, ended_max, &keys[i]);
    }
    uint32_t supplier = 0;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        uint32_t roles = i < 3   ? PH_ROLE_SUPPLIER
                         : i < 5 ? PH_ROLE_BUYER
                                 : PH_ROLE_BUYER | PH_ROLE_SUPPLIER;
        uint32_t who = world_participant(&w, roles, 60000);
        if (supplier == 0) supplier = who;
    }
    uint32_t site = world_site(&w, supplier);
    ph_product_terms terms = world_terms(&w, site);
    world_product(&w, &terms);
    for (uint32_t who = 2; who < 2 + PEOPLE; who++)
        if (who < 5 || who > 6) world_capacity(&w, who, site, 1, 30);
}

START_TEST(the_answer_is_what_the_events_said)
{
    begin(environment("PH_SEED", _i));
    int steps = environment("PH_STEPS", 1500);
    for (int step = 0; step < steps; step++) {
        mark_point();
        apply(random_command());
        check_answers(3);
        if (step % 250 == 249) check_answers(fact_cnt);
    }
    ck_assert(steps < 1000 || (seen[PH_OUTCOME_RESTING] != 0 && seen[PH_OUTCOME_UNKNOWN] != 0));
    if (steps >= 1000 && ended_max > 1) {
        ck_assert(seen[PH_OUTCOME_FILLED] != 0 && seen[PH_OUTCOME_CANCELLED] != 0);
        ck_assert(seen[PH_OUTCOME_REJECTED] != 0);
        ck_assert(reasons[PH_CANCEL_IOC] != 0 && reasons[PH_CANCEL_FOK] != 0);
        ck_assert(reasons[PH_CANCEL_EXPIRED] != 0 && reasons[PH_CANCEL_GATE] != 0);
        ck_assert(reasons[PH_CANCEL_REQUESTED] != 0 && reasons[PH_CANCEL_GROUP] != 0);
    }
    ck_assert(steps < 1000 || ended_max == FACTS_MAX || seen[PH_OUTCOME_LONG_AGO] != 0);
    world_free(&w);
    free(room);
    free(blocks[0]);
    free(blocks[1]);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, the_answer_is_what_the_events_said, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", 24));
}

int main(void)
{
    return suite_run("order_history", add);
}
