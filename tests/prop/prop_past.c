/* SPDX-License-Identifier: Apache-2.0 */
/* What a replica answers of contracts and of cash is what the events said.  Few participants sell,
   resell, report, confirm, dispute, resolve, put money in and take it out, and days go by.  Beside
   it stand lists that are searched from end to end: of contracts, with what each event says of
   them, and of all movements of cash.  After every command the answers to random questions of
   random participants are those of the lists; a statement up to now closes with what the market
   says of the participant's cash.

   PH_SEEDS=n runs n seeds (default 24) of PH_STEPS commands (default 1500); PH_SEED=s runs one. */
#include "engine/base/period.h"
#include "engine/query/answer.h"

#include "tests/prop/seeds.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

enum {
    PEOPLE = 5,
    METER = 3,
    CASH = 60000,
    PERIODS = 6,
    FACTS_MAX = 1 << 13,
    MOVES_MAX = 1 << 18,
    DAY_S = 86400
};

static world w;

/* ---- Facts: what the events said ------------------------------------------------------------- */

typedef struct {
    ph_trade trade;
    uint64_t unit_periods, open, resold, delivered, concluded_seq, ended_seq;
    ph_time concluded_at, ended_at;
    ph_period first, past;
    ph_money of_reason[PH_TRANSFER_REASON_MAX + 1]; /* out of its escrow and bond */
    bool is_kept;
} fact;

typedef struct {
    uint32_t who, day, row; /* row: that it is in, from 1 */
    ph_transfer_reason reason;
    ph_money amount; /* below 0: paid */
} move;

static fact facts[FACTS_MAX]; /* of contract n: facts[n] */
static move moves[MOVES_MAX];
static uint32_t fact_cnt, move_cnt, ended[FACTS_MAX], ended_cnt, ended_max, row_cnt, rows_max;
static uint32_t first_day;
static struct {
    uint64_t pages, dropped, resold, long_ago, statements, reasons[PH_TRANSFER_REASON_MAX + 1];
} seen;

static void close_units(uint64_t contract, uint64_t units, const ph_command *c)
{
    fact *f = &facts[contract];
    f->open -= units;
    if (f->open != 0) return;
    f->ended_seq = c->seq;
    f->ended_at = c->at;
    ended[ended_cnt++] = (uint32_t)contract;
}

static void note_trade(const ph_command *c, const ph_event *e)
{
    const ph_trade *t = &e->u.trade;
    ck_assert_uint_eq(t->contract.v, ++fact_cnt);
    ck_assert_uint_lt(fact_cnt, FACTS_MAX);
    ck_assert_uint_eq(t->trade.v, t->contract.v);
    fact *f = &facts[fact_cnt];
    *f = (fact){.trade = *t, .concluded_seq = c->seq, .concluded_at = c->at, .is_kept = true};
    f->first = UINT32_MAX;
    for (uint32_t i = 1; i <= t->segment_cnt; i++)
        for (uint32_t k = 0; k < e[i].u.segment.window.periods; k++) {
            ph_period p = e[i].u.segment.window.first + k;
            f->unit_periods += e[i].u.segment.quantity;
            if (p < f->first) f->first = p;
            if (p >= f->past) f->past = p + 1;
        }
    f->open = f->unit_periods;
    if (t->from_contract.v == 0) return;
    facts[t->from_contract.v].resold += f->unit_periods;
    close_units(t->from_contract.v, f->unit_periods, c);
    seen.resold++;
}

/* The number of the row that a movement is in: the ring has one for each participant, day and
   reason, and one more when the old one was overwritten. */
static uint32_t row_for(uint32_t who, uint32_t day, ph_transfer_reason reason)
{
    for (uint32_t i = move_cnt; i-- > 0 && moves[i].day == day;)
        if (moves[i].who == who && moves[i].reason == reason && moves[i].row + rows_max > row_cnt)
            return moves[i].row;
    return ++row_cnt;
}

static void note_move(const ph_command *c, ph_account account, ph_transfer_reason reason,
                      ph_money amount)
{
    if (account.kind != PH_ACCOUNT_CASH) return;
    ck_assert_uint_lt(move_cnt, MOVES_MAX);
    uint32_t day = (uint32_t)(c->at.ns / PH_NS_PER_S / DAY_S);
    uint32_t row = row_for((uint32_t)account.id, day, reason);
    moves[move_cnt++] = (move){(uint32_t)account.id, day, row, reason, amount};
    seen.reasons[reason]++;
}

static void note_transfer(const ph_command *c, const ph_transfer *t)
{
    note_move(c, t->debit, t->reason, -t->amount);
    note_move(c, t->credit, t->reason, t->amount);
    if (t->debit.kind == PH_ACCOUNT_ESCROW || t->debit.kind == PH_ACCOUNT_BOND)
        facts[t->debit.id].of_reason[t->reason] += t->amount;
}

static void note(const ph_command *c)
{
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        if (e->kind == PH_EVT_TRADE) note_trade(c, e);
        if (e->kind == PH_EVT_TRANSFER) note_transfer(c, &e->u.transfer);
        if (e->kind != PH_EVT_DELIVERY_FINAL) continue;
        const ph_delivery_final *f = &e->u.delivery_final;
        facts[f->contract.v].delivered += f->delivered;
        close_units(f->contract.v, f->promised / HOUR, c);
    }
    for (; ended_cnt > ended_max; ended_cnt--) {
        facts[ended[0]].is_kept = false;
        memmove(&ended[0], &ended[1], (ended_cnt - 1) * sizeof ended[0]);
    }
    for (uint32_t i = 0; i < move_cnt; i++)
        if (moves[i].row + rows_max <= row_cnt && moves[i].day >= first_day)
            first_day = moves[i].day + 1;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void *blocks[2];
static ph_contract_history *contracts;
static ph_cash_history *cash;
static ph_answer answer;

static void ask(const ph_query *q)
{
    static uint8_t bytes[PH_ANSWER_BYTES_MAX];
    static ph_answer back;
    uint64_t tag;
    ph_answerer a = {.market = w.m, .contracts = contracts, .cash = cash};
    ph_answer_query(&a, q, &answer);
    ck_assert_uint_eq(answer.seq, ph_market_seq(w.m));
    ph_writer writer = ph_writer_of(bytes, sizeof bytes);
    ph_answer_write(&writer, 1, &answer);
    ck_assert(!writer.full);
    ck_assert_int_eq(ph_answer_read(bytes, ph_writer_size(&writer), &tag, &back), PH_OK);
}

static uint32_t parts_of(const fact *f, uint32_t who)
{
    return (f->trade.buyer.v == who ? PH_PARTY_BUYER : 0u) |
           (f->trade.supplier.v == who ? PH_PARTY_SUPPLIER : 0u) |
           (f->trade.seller.v == who ? PH_PARTY_SELLER : 0u);
}

static void check_row(const fact *f, uint32_t who, const ph_answer_contract *c)
{
    const ph_trade *t = &f->trade;
    ck_assert_uint_eq(c->contract.v, t->contract.v);
    ck_assert(c->from_contract.v == t->from_contract.v && c->product.v == t->product.v);
    ck_assert(c->terms_version == t->terms_version && c->parts == parts_of(f, who));
    ck_assert(c->buyer.v == t->buyer.v && c->supplier.v == t->supplier.v);
    ck_assert(c->seller.v == t->seller.v && c->notional == t->notional);
    ck_assert(c->concluded_seq == f->concluded_seq && c->concluded_at.ns == f->concluded_at.ns);
    ck_assert(c->window.first == f->first && c->window.periods == f->past - f->first);
    ck_assert(c->unit_periods == f->unit_periods && c->open == f->open);
    ck_assert(c->resold == f->resold && c->delivered == f->delivered);
    ck_assert(c->ended_seq == f->ended_seq && c->ended_at.ns == f->ended_at.ns);
    ck_assert_int_eq(c->paid, f->of_reason[PH_TRANSFER_PAYMENT]);
    ck_assert_int_eq(c->supplier_fee, f->of_reason[PH_TRANSFER_SUPPLIER_FEE]);
    ck_assert_int_eq(c->refunded, f->of_reason[PH_TRANSFER_REFUND]);
    ck_assert_int_eq(c->penalty, f->of_reason[PH_TRANSFER_PENALTY]);
    ck_assert_int_eq(c->compensation, f->of_reason[PH_TRANSFER_FEE_COMPENSATION]);
    /* Whether something is open the market knows as well. */
    ph_contract_facts held;
    ck_assert(ph_market_contract(w.m, c->contract, &held));
    ck_assert_int_eq(held.open_periods != 0, c->open != 0);
    bool is_whole = t->from_contract.v == 0 && c->open == 0 && c->resold == 0;
    ck_assert(!is_whole || c->paid + c->supplier_fee + c->refunded == c->notional);
}

static void check_contracts(ph_query q)
{
    uint64_t dropped = 0, last_dropped = 0;
    uint32_t cnt = 0;
    ask(&q);
    for (uint32_t n = 1; n <= fact_cnt; n++) {
        const fact *f = &facts[n];
        if (parts_of(f, q.who.v) == 0) continue;
        if (!f->is_kept) {
            dropped++;
            last_dropped = n;
        }
        bool is_wanted = f->is_kept && n > q.after &&
                         (q.product.v == 0 || q.product.v == f->trade.product.v) &&
                         (!q.open_only || f->open != 0);
        if (!is_wanted || cnt == PH_QUERY_CONTRACTS_MAX) continue;
        ck_assert_uint_lt(cnt, answer.cnt);
        check_row(f, q.who.v, &answer.rows.contracts[cnt++]);
    }
    ck_assert_uint_eq(answer.cnt, cnt);
    ck_assert(answer.u.contracts.dropped == dropped);
    ck_assert(answer.u.contracts.last_dropped == last_dropped);
    seen.dropped += dropped != 0;
    seen.pages += answer.more;
    if (answer.more) ck_assert_uint_eq(cnt, PH_QUERY_CONTRACTS_MAX);
}

static void check_statement(ph_query q)
{
    ph_answer_sum sums[PH_TRANSFER_REASON_MAX + 1] = {{.cnt = 0}};
    ph_money opening = 0, closing = 0;
    uint64_t past = (uint64_t)q.first_day + q.days;
    ask(&q);
    const ph_answer_statement *s = &answer.u.statement;
    ck_assert_uint_eq(s->first_kept, first_day);
    ck_assert_int_eq(s->is_long_ago, q.first_day < first_day);
    seen.long_ago += s->is_long_ago;
    seen.statements += !s->is_long_ago && answer.cnt != 0;
    if (s->is_long_ago) {
        ck_assert(answer.cnt == 0 && s->opening == 0 && s->closing == 0);
        return;
    }
    for (uint32_t i = 0; i < move_cnt; i++) {
        const move *v = &moves[i];
        if (v->who != q.who.v || v->day >= past) continue;
        closing += v->amount;
        if (v->day < q.first_day) {
            opening += v->amount;
            continue;
        }
        sums[v->reason].cnt++;
        if (v->amount > 0)
            sums[v->reason].received += (uint64_t)v->amount;
        else
            sums[v->reason].paid += (uint64_t)-v->amount;
    }
    ck_assert_int_eq(s->opening, opening);
    ck_assert_int_eq(s->closing, closing);
    uint32_t cnt = 0;
    for (uint32_t r = 1; r <= PH_TRANSFER_REASON_MAX; r++) {
        if (sums[r].cnt == 0) continue;
        const ph_answer_sum *told = &answer.rows.sums[cnt++];
        ck_assert_uint_eq(told->reason, r);
        ck_assert(told->cnt == sums[r].cnt && told->received == sums[r].received);
        ck_assert_uint_eq(told->paid, sums[r].paid);
    }
    ck_assert_uint_eq(answer.cnt, cnt);
    if (past > w.now.ns / PH_NS_PER_S / DAY_S)
        ck_assert_int_eq(closing, ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, q.who.v}));
}

static uint32_t anybody(void)
{
    return 2 + below(PEOPLE);
}

static void check_answers(void)
{
    ph_query q = {.kind = PH_QUERY_CONTRACTS, .who = {1 + below(PEOPLE + 2)}};
    if (below(2) == 0) q.after = below(fact_cnt + 3);
    q.product.v = below(4) == 0 ? 1 + below(3) : 0;
    q.open_only = below(4) == 0;
    check_contracts(q);
    uint32_t today = (uint32_t)(w.now.ns / PH_NS_PER_S / DAY_S);
    ph_query s = {.kind = PH_QUERY_STATEMENT, .who = {1 + below(PEOPLE + 2)}, .days = 1 + below(4)};
    s.first_day = below(today + 2);
    if (below(3) == 0) s.first_day = first_day + below(2);
    if (below(3) == 0) s.days = UINT32_MAX;
    check_statement(s);
}

/* ---- Commands -------------------------------------------------------------------------------- */

static ph_command random_order(uint32_t who, ph_side side)
{
    uint32_t first = below(PERIODS);
    ph_command c =
        world_order(&w, who, side, below(4) == 0 ? PH_SHAPE_BLOCK : PH_SHAPE_EACH,
                    (ph_window){0, 1 + below(PERIODS - first)}, 1 + below(4), 1 + below(20));
    c.u.order.product.v = 1 + below(2);
    c.u.order.window.first = ph_period_at(w.now, HOUR) + 1 + first;
    return c;
}

static uint64_t any_contract(void)
{
    uint32_t back = below(below(3) == 0 ? 200 : 8);
    return fact_cnt > back ? fact_cnt - back : 1;
}

/* Offers what a contract holds, at a price that somebody takes now and then. */
static ph_command random_resale(void)
{
    ph_contract_id id = {any_contract()};
    ph_contract_facts held;
    ph_period_view v;
    ph_command c = random_order(anybody(), PH_SIDE_SELL);
    if (!ph_market_contract(w.m, id, &held) ||
        !ph_market_contract_period(w.m, id, ph_period_at(w.now, HOUR) + 1, &v))
        return c;
    w.client_order_id[c.sender.v]--;
    c.sender = held.buyer;
    c.u.order.client_order_id = ++w.client_order_id[c.sender.v];
    c.u.order.product = held.product;
    c.u.order.from_contract = id;
    c.u.order.window = (ph_window){v.period, 1 + below(2)};
    c.u.order.quantity = below(2) == 0 ? 1 : v.quantity;
    return c;
}

/* Of an open contract-period that is over, if a few tries find one. */
static ph_command random_delivery(void)
{
    ph_contract_id id = {any_contract()};
    ph_period_view v = {.period = ph_period_at(w.now, HOUR)};
    for (uint32_t i = 0; i < 100 && fact_cnt > 0; i++) {
        id.v = 1 + below(fact_cnt);
        if (ph_market_contract_period(w.m, id, 0, &v) && v.period < ph_period_at(w.now, HOUR))
            break;
    }
    ph_contract_facts held = {.buyer = {anybody()}};
    (void)ph_market_contract(w.m, id, &held); /* none yet: refused */
    uint64_t most = (uint64_t)v.quantity * HOUR, figure = below(3) == 0 ? most : below(10000);
    if (figure > most) figure = most;
    uint32_t by = held.product.v == 2 ? METER : held.supplier.v, dice = below(10);
    if (dice < 5)
        return (ph_command){.kind = PH_CMD_REPORT_DELIVERY,
                            .sender = {by},
                            .u.report = {.contract = id, .period = v.period, .delivered = figure}};
    if (dice < 7)
        return (ph_command){.kind = PH_CMD_CONFIRM_DELIVERY,
                            .sender = held.buyer,
                            .u.confirmation = {id, v.period}};
    if (dice < 9)
        return (ph_command){.kind = PH_CMD_DISPUTE_DELIVERY,
                            .sender = held.buyer,
                            .u.figure = {id, v.period, figure}};
    return (ph_command){
        .kind = PH_CMD_RESOLVE_DISPUTE, .sender = {1}, .u.figure = {id, v.period, figure}};
}

static ph_command random_payment(void)
{
    ph_command c = {.kind = below(2) == 0 ? PH_CMD_DEPOSIT : PH_CMD_WITHDRAW,
                    .sender = {1},
                    .u.payment = {.participant = {anybody()}, .amount = 1 + below(2000)}};
    (void)snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "payment %llu",
                   (unsigned long long)++w.payments);
    return c;
}

/* Capacity of the days to come: what was registered before is over. */
static ph_command more_capacity(void)
{
    static uint64_t reference = 1;
    return (ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                        .sender = {anybody()},
                        .u.capacity = {.reference = ++reference,
                                       .site = {1},
                                       .hardware = {1},
                                       .period_seconds = HOUR,
                                       .window = {ph_period_at(w.now, HOUR) + 1, 40},
                                       .units = 1 + below(3)}};
}

static ph_command random_command(void)
{
    uint32_t dice = below(100);
    if (dice < 45) return random_order(anybody(), below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL);
    if (dice < 60) return random_resale();
    if (dice < 85) return random_delivery();
    if (dice < 88) return random_payment();
    if (dice < 91) return more_capacity();
    w.now.ns += (uint64_t)below(below(12) == 0 ? 2 * DAY_S : 3000) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

/* ---- A run ----------------------------------------------------------------------------------- */

static void seen_by_all(ph_command c)
{
    c.seq = ph_market_seq(w.m);
    c.at = w.now;
    ph_replay_record record = {.command = c, .events = w.out.v, .event_cnt = w.out.cnt};
    ph_contract_history_take(contracts, w.m, &record);
    ph_cash_history_take(cash, &record);
    note(&c);
    ck_assert_uint_eq(ph_contract_history_ended(contracts), ended_cnt);
    ck_assert_uint_eq(ph_cash_history_first_day(cash), first_day);
}

static void apply(ph_command c)
{
    (void)world_apply(&w, c);
    seen_by_all(c);
}

/* What goes before it moved no cash. */
static void list_products(uint32_t site)
{
    for (uint32_t i = 0; i < 2; i++) {
        ph_product_terms terms = world_terms(&w, site);
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
        world_product(&w, &terms);
    }
}

static void begin(int seed)
{
    static const uint32_t ended_maxima[] = {10, 0, FACTS_MAX, 1};
    static const uint32_t row_maxima[] = {MOVES_MAX, 40, 200, 1};
    ph_market_limits limits = world_limits();
    rng_state = (uint64_t)seed;
    ended_max = ended_maxima[seed % 4];
    rows_max = row_maxima[seed / 2 % 4];
    w = world_new(&limits);
    contracts = ph_contract_history_init(
        world_room(ph_contract_history_footprint(&limits, ended_max), &blocks[0]), &limits,
        ended_max);
    cash = ph_cash_history_init(
        world_room(ph_cash_history_footprint(&limits, rows_max), &blocks[1]), &limits, rows_max);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        world_participant(
            &w, PH_ROLE_SUPPLIER | PH_ROLE_BUYER | (i + 2 == METER ? PH_ROLE_METER : 0), 0);
        ph_command c = random_payment();
        c.kind = PH_CMD_DEPOSIT;
        c.u.payment.participant.v = i + 2;
        c.u.payment.amount = CASH;
        apply(c);
    }
    uint32_t site = world_site(&w, 2);
    list_products(site);
    for (uint32_t who = 2; who < 2 + PEOPLE; who++)
        world_capacity(&w, who, site, 1, 6);
}

static void end_run(int steps)
{
    world_free(&w);
    free(blocks[0]);
    free(blocks[1]);
    if (steps < 1000) return;
    ck_assert(seen.resold != 0 && (rows_max < 40 || seen.statements != 0));
    ck_assert(ended_max == FACTS_MAX || seen.dropped != 0);
    ck_assert(rows_max > 200 || seen.long_ago != 0);
    static const ph_transfer_reason wanted[] = {
        PH_TRANSFER_DEPOSIT, PH_TRANSFER_WITHDRAWAL,  PH_TRANSFER_NOTIONAL, PH_TRANSFER_PAYMENT,
        PH_TRANSFER_REFUND,  PH_TRANSFER_BOND_RETURN, PH_TRANSFER_PENALTY,  PH_TRANSFER_RESALE};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_msg(seen.reasons[wanted[i]] != 0, "%s", ph_transfer_reason_name(wanted[i]));
}

START_TEST(the_answer_is_what_the_events_said)
{
    begin(environment("PH_SEED", _i));
    int steps = environment("PH_STEPS", 1500);
    for (int step = 0; step < steps; step++) {
        mark_point();
        apply(random_command());
        check_answers();
    }
    end_run(steps);
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
    return suite_run("past", add);
}
