/* SPDX-License-Identifier: Apache-2.0 */
/* long: everything that one replica tells, beside one market */
/* What the gateway tells is what the market holds.  Random commands run in a market; the gateway's
   replica gets nothing but the records.  After every command the best prices that it would publish
   are those of the books, icebergs with what they show; every participant's private stream, read as
   a client reads it, gives the open quantity of every order and the cash that the market has; and
   everybody who has to do with a contract was told of its deliveries, and may expect the contract
   and its countersignatures.

   PH_SEEDS=n runs n seeds (default 20) of PH_STEPS commands (default 1500); PH_SEED=s runs one. */
#include "engine/base/period.h"
#include "engine/wire/record.h"
#include "gateway/replica/replica.h"

#include "petahour/v1/session.pb-c.h"

#include "tests/prop/seeds.h"
#include "tests/prop/traded.h"
#include "tests/unit/book_truth.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

/* Signature key of participant n: bytes SIGN_KEY + n. */
enum { SIGN_KEY = 100 };

enum {
    PERIODS = 10,
    PRODUCTS = 2,
    PEOPLE = 10,
    ORDERS_MAX = 1 << 14,
    CONTRACTS_MAX = 1 << 14,
    RECORD_MAX = 1 << 20,
    ROWS_MAX = 4096
};

static world w;
static phg_replica replica;
static uint64_t told_seq; /* records that the replica has */
static uint64_t present_seed;
static int present_step;

/* ---- What clients make of their streams ----------------------------------------------------- */

static uint64_t leaves[ORDERS_MAX];      /* of order n, as its owner was told last */
static phg_tag tags[ORDERS_MAX];         /* of order n; 0: it stays */
static uint64_t seen[PEOPLE + 2];        /* last number of each stream */
static int64_t cash[PEOPLE + 2];         /* sum of the movements */
static uint32_t finals[PEOPLE + 2];      /* DeliveryFinal in the present command */
static uint64_t contracts[PEOPLE + 2];   /* that name the participant */
static uint64_t signatures[PEOPLE + 2];  /* countersignatures under those */
static uint32_t answers;                 /* to the present command */
static uint64_t clips, replaced, closed; /* so that a run shows that they came */

static void read_report(const Petahour__V1__ExecutionReport *r)
{
    switch (r->type) {
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ACCEPTED:
        REQUIRE(r->order < ORDERS_MAX && leaves[r->order] == 0);
        REQUIRE(r->as_understood->client_order_id == r->client_order_id);
        leaves[r->order] = r->leaves;
        if (r->group == 0) answers++;
        return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_REJECTED: answers++; return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ASSIGNED: return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_CANCELLED: leaves[r->order] = 0; return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_CLIP_SHOWN:
        clips++;
        REQUIRE(leaves[r->order] == r->leaves);
        return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_REPLACED:
        replaced++;
        leaves[r->order] = r->leaves;
        return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_PERIOD_LOST:
        closed++;
        REQUIRE(leaves[r->order] == r->leaves + r->ended);
        leaves[r->order] = r->leaves;
        return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_TRADE: leaves[r->order] = r->leaves; return;
    case PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_UNSPECIFIED:
    case _PETAHOUR__V1__EXECUTION_TYPE_IS_INT_SIZE: break;
    }
    ck_abort_msg("a report of no type");
}

static void read_cash(uint32_t who, const Petahour__V1__CashMovements *m)
{
    for (size_t i = 0; i < m->n_movements; i++) {
        const char *reason = m->movements[i]->reason;
        cash[who] += m->movements[i]->amount;
        bool is_payment = strcmp(reason, "DEPOSIT") == 0 || strcmp(reason, "WITHDRAWAL") == 0;
        ck_assert_msg(is_payment == (m->movements[i]->contract == 0), "%s", reason);
        REQUIRE((m->movements[i]->reference[0] != '\0') == is_payment);
    }
    REQUIRE(m->cash == cash[who]);
}

#define IS(m, NAME) ((m)->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_##NAME)

static uint64_t read_message(uint32_t who, const Petahour__V1__GatewayMessage *m)
{
    if (IS(m, EXECUTION_REPORT)) {
        read_report(m->execution_report);
        return m->execution_report->stream_number;
    }
    if (IS(m, COMMAND_RESULT)) {
        answers++;
        return m->command_result->stream_number;
    }
    if (IS(m, CASH_MOVEMENTS)) {
        read_cash(who, m->cash_movements);
        return m->cash_movements->stream_number;
    }
    if (IS(m, DELIVERY_FINAL)) {
        finals[who]++;
        return m->delivery_final->stream_number;
    }
    if (IS(m, DELIVERY_NOTICE)) return m->delivery_notice->stream_number;
    ck_assert_msg(IS(m, ACCESS_HANDED_OVER), "a message that belongs into no private stream");
    return m->access_handed_over->stream_number;
}

/* The next messages of a participant's stream. */
static void read_run(uint32_t who, const phg_stream *s)
{
    phg_stream_run run;
    REQUIRE(phg_stream_take(&replica.streams.store, s, seen[who] + 1, UINT32_MAX, SIZE_MAX, &run) ==
            PH_OK);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, run.size, run.bytes);
    ck_assert_ptr_nonnull(f);
    REQUIRE(run.cnt != 0 && f->n_messages == run.cnt);
    for (size_t i = 0; i < f->n_messages; i++)
        REQUIRE(read_message(who, f->messages[i]) == ++seen[who]);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}

static void read_streams(void)
{
    answers = 0;
    memset(finals, 0, sizeof finals);
    for (uint32_t who = 1; who <= ph_market_participant_cnt(w.m); who++) {
        const phg_private *p = phg_private_streams_of(&replica.streams, (ph_participant_id){who});
        while (seen[who] < p->reports.cnt)
            read_run(who, &p->reports);
    }
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static void compare_prices(void)
{
    ph_period now = ph_period_at(w.now, HOUR);
    for (uint32_t product = 1; product <= ph_market_product_cnt(w.m); product++) {
        ph_product_id id = {product};
        for (ph_period t = now - 1; t < now + PERIODS + 4; t++) {
            ph_price bid, ask;
            uint64_t bid_quantity, ask_quantity;
            ph_market_best(w.m, id, PH_SIDE_BUY, t, &bid, &bid_quantity);
            ph_market_best(w.m, id, PH_SIDE_SELL, t, &ask, &ask_quantity);
            phg_best told = phg_feed_best(&replica.feed, id, t);
            bool same = told.bid == bid && told.bid_quantity == bid_quantity && told.ask == ask &&
                        told.ask_quantity == ask_quantity;
            REQUIRE_MSG(same, "product %u period %u: told %lld / %lld, is %lld / %lld", product,
                        t - now, (long long)told.bid, (long long)told.ask, (long long)bid,
                        (long long)ask);
        }
    }
}

static void compare_orders(void)
{
    for (uint64_t id = 1; id < ORDERS_MAX; id++) {
        ph_resting_order o = {.unit_periods = 0};
        if (leaves[id] == 0 && id % 16 != told_seq % 16) continue;
        (void)ph_market_order(w.m, (ph_order_id){id}, &o);
        REQUIRE_MSG(o.unit_periods == leaves[id], "order %llu has %llu open, was told %llu",
                    (unsigned long long)id, (unsigned long long)o.unit_periods,
                    (unsigned long long)leaves[id]);
    }
}

/* Open orders of everybody, and among them those that end with their session. */
static void compare_open(void)
{
    uint32_t open[PEOPLE + 2] = {0};
    uint64_t entered = 0;
    for (uint64_t id = 1; id < ORDERS_MAX; id++) {
        ph_resting_order o;
        bool rests = ph_market_order(w.m, (ph_order_id){id}, &o);
        const phg_entered_order *e = phg_entered_find(&replica.entered, (ph_order_id){id});
        REQUIRE_MSG((e != NULL) == (rests && tags[id] != 0), "order %llu", (unsigned long long)id);
        if (rests) open[o.participant.v]++;
        if (e == NULL) continue;
        REQUIRE(e->tag == tags[id] && e->participant.v == o.participant.v);
        entered++;
    }
    REQUIRE(replica.entered.orders.cnt == entered);
    for (uint32_t who = 1; who <= PEOPLE; who++)
        REQUIRE(phg_entered_open(&replica.entered, (ph_participant_id){who}) == open[who]);
}

static void compare_cash(void)
{
    for (uint32_t who = 1; who <= ph_market_participant_cnt(w.m); who++) {
        ph_money has = ph_market_balance(w.m, (ph_account){PH_ACCOUNT_CASH, who});
        REQUIRE(has == cash[who]);
    }
}

static void compare_finals(void)
{
    uint32_t should[PEOPLE + 2] = {0};
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        if (w.out.v[i].kind != PH_EVT_DELIVERY_FINAL) continue;
        ph_contract_facts facts;
        ck_assert(ph_market_contract(w.m, w.out.v[i].u.delivery_final.contract, &facts));
        should[facts.buyer.v]++;
        if (facts.supplier.v != facts.buyer.v) should[facts.supplier.v]++;
    }
    for (uint32_t who = 1; who <= PEOPLE + 1; who++)
        ck_assert_uint_ge(finals[who], should[who]);
}

static void count_for_parties(const ph_trade *trade, uint64_t cnt[PEOPLE + 2])
{
    uint32_t buyer = trade->buyer.v, supplier = trade->supplier.v, seller = trade->seller.v;
    cnt[buyer]++;
    if (supplier != buyer) cnt[supplier]++;
    if (seller != buyer && seller != supplier) cnt[seller]++;
}

static void compare_contracts(const ph_command *c)
{
    static ph_trade trades[CONTRACTS_MAX + 1];
    for (uint32_t i = 0; i < w.out.cnt; i++) {
        const ph_event *e = &w.out.v[i];
        if (e->kind == PH_EVT_TRADE) {
            ck_assert_uint_le(e->u.trade.contract.v, CONTRACTS_MAX);
            trades[e->u.trade.contract.v] = e->u.trade;
            count_for_parties(&e->u.trade, contracts);
        }
        if (e->kind == PH_EVT_DONE && c->kind == PH_CMD_COUNTERSIGN_CONTRACT &&
            e->u.done.count != 0)
            count_for_parties(&trades[c->u.countersignature.contract.v], signatures);
    }
    for (uint32_t who = 1; who <= PEOPLE; who++) {
        const phg_private *p = phg_private_streams_of(&replica.streams, (ph_participant_id){who});
        REQUIRE(p->contract_cnt == contracts[who]);
        REQUIRE(p->countersignature_cnt == signatures[who]);
    }
    const ph_notary_key *keys;
    uint32_t cnt = ph_market_notary_keys(w.m, &keys);
    ck_assert_uint_eq(replica.catalogue.notary_key_cnt, cnt - 1); /* the first opened the market */
    if (cnt > 1) {
        const phg_notary_key *last = &replica.catalogue.notary_keys[cnt - 2];
        ck_assert_mem_eq(last->named.key.b, keys[cnt - 1].key.b, 32);
    }
}

/* Everything that the market was told so far goes to the replica as a record. */
static void tell(const ph_command *c)
{
    static uint8_t command[PH_COMMAND_BYTES_MAX], events[RECORD_MAX], room[RECORD_MAX + 2048];
    ph_writer cw = ph_writer_of(command, sizeof command);
    ph_writer ew = ph_writer_of(events, sizeof events);
    ph_writer rw = ph_writer_of(room, sizeof room);
    ph_command_write(&cw, c);
    for (uint32_t i = 0; i < w.out.cnt; i++)
        ph_event_write(&ew, &w.out.v[i]);
    ck_assert(!ew.full);
    ph_record_write(&rw, ++told_seq, w.now, command, (uint32_t)ph_writer_size(&cw), events,
                    (uint32_t)ph_writer_size(&ew));
    ph_status s = phg_replica_take_record(&replica, told_seq, room, ph_writer_size(&rw));
    ck_assert_msg(s == PH_OK, "%s: %s", ph_command_kind_name(c->kind), ph_status_text(s));
}

/* Orders of one participant's sessions go to another session of its one key, or stay. */
static void pass_on(const ph_command *c)
{
    if (c->kind != PH_CMD_TAKE_OVER || w.out.v[0].kind != PH_EVT_DONE) return;
    for (uint64_t id = 1; id < ORDERS_MAX; id++) {
        ph_resting_order o;
        if (tags[id] == 0 || !ph_market_order(w.m, (ph_order_id){id}, &o)) continue;
        if (o.participant.v != c->sender.v) continue;
        if (c->u.take_over.from != 0 && tags[id] != c->u.take_over.from) continue;
        tags[id] = c->u.take_over.keeps ? 0 : c->request;
    }
}

static void step(ph_command c)
{
    if (c.kind == PH_CMD_NEW_ORDER && c.u.order.client_order_id % 3 != 0)
        c.request = phg_tag_of((phg_tag_parts){.gateway = 1, .seat = c.sender.v});
    (void)world_apply(&w, c);
    traded_take(w.m, &c, w.out.v, w.out.cnt);
    for (uint32_t i = 0; i < w.out.cnt && c.kind == PH_CMD_NEW_ORDER; i++)
        if (w.out.v[i].kind == PH_EVT_ACCEPTED) tags[w.out.v[i].u.accepted.order.v] = c.request;
    pass_on(&c);
    tell(&c);
    read_streams();
    ck_assert_uint_eq(answers, c.sender.v == 0 ? 0 : 1);
    compare_prices();
    compare_cash();
    compare_finals();
    compare_contracts(&c);
    if (told_seq % 4 == 0) compare_orders();
    if (told_seq % 64 == 0) compare_open();
}

/* ---- Random commands ------------------------------------------------------------------------ */

static uint32_t anybody(void)
{
    return 2 + below(PEOPLE - 2);
}

static ph_command random_order(uint32_t who)
{
    static const ph_shape shapes[] = {PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_BLOCK,
                                      PH_SHAPE_FLEX};
    uint32_t first = below(PERIODS), periods = 1 + below(PERIODS - first);
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_shape shape = shapes[below(side == PH_SIDE_BUY ? 5 : 4)];
    ph_command c =
        world_order(&w, who, side, shape, (ph_window){0, periods}, 1 + below(12), 1 + below(10));
    ph_new_order *n = &c.u.order;
    n->window.first = ph_period_at(w.now, HOUR) + 1 + first;
    n->product.v = 1 + below(PRODUCTS);
    if (shape == PH_SHAPE_FLEX) n->duration = 1 + below(periods);
    if (shape == PH_SHAPE_EACH && below(2) == 0) n->display_quantity = 1 + below(4);
    n->all_or_none = shape == PH_SHAPE_BLOCK && below(3) == 0;
    uint32_t tif = below(12);
    if (tif == 0) n->time_in_force = PH_TIF_IOC;
    if (tif == 1) n->time_in_force = PH_TIF_FOK;
    if (tif == 2) {
        n->time_in_force = PH_TIF_GTT;
        n->expire_at.ns = w.now.ns + (1 + below(6)) * 1800 * PH_NS_PER_S;
    }
    if (below(2) == 0) n->stp = PH_STP_CANCEL_RESTING;
    return c;
}

static ph_command random_group(uint32_t who)
{
    ph_command c = {.kind = PH_CMD_NEW_GROUP, .sender = {who}};
    c.u.group.cnt = 1 + below(3);
    for (uint32_t i = 0; i < c.u.group.cnt; i++) {
        ph_command one = random_order(who);
        while (one.u.order.shape == PH_SHAPE_EACH)
            one = random_order(who);
        c.u.group.v[i] = one.u.order;
        c.u.group.v[i].side = PH_SIDE_BUY;
        c.u.group.v[i].all_or_none = one.u.order.shape == PH_SHAPE_BLOCK;
    }
    return c;
}

static ph_command random_resale(void)
{
    ph_contract_facts facts;
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_contract_id id = {cnt > 30 ? cnt - below(30) : 1 + below(30)};
    if (!ph_market_contract(w.m, id, &facts)) return random_order(anybody());
    ph_command c = random_order(facts.buyer.v);
    ph_new_order *n = &c.u.order;
    n->product = facts.product;
    n->side = PH_SIDE_SELL;
    if (n->shape == PH_SHAPE_FLEX) n->shape = PH_SHAPE_EACH;
    n->duration = 0;
    n->from_contract = id;
    n->quantity = 1 + below(2);
    n->display_quantity = 0;
    n->window = (ph_window){facts.first_open + below(2), 1 + below(2)};
    return c;
}

static ph_command random_delivery(void)
{
    ph_contract_facts facts;
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_contract_id id = {0};
    for (int i = 0; i < 40 && cnt != 0; i++) {
        id.v = 1 + below((uint32_t)cnt);
        if (ph_market_contract(w.m, id, &facts) && facts.open_periods != 0 &&
            facts.first_open < ph_period_at(w.now, HOUR))
            break;
    }
    if (!ph_market_contract(w.m, id, &facts)) return (ph_command){.kind = PH_CMD_TICK};
    uint64_t dice = below(10), seconds = below(5) * HOUR / 2;
    if (dice < 5)
        return (ph_command){.kind = PH_CMD_REPORT_DELIVERY,
                            .sender = facts.supplier,
                            .u.report = {id, facts.first_open, seconds, 7, {{1}}}};
    if (dice < 6)
        return (ph_command){.kind = PH_CMD_CONFIRM_DELIVERY,
                            .sender = facts.buyer,
                            .u.confirmation = {id, facts.first_open}};
    if (dice < 7)
        return (ph_command){.kind = PH_CMD_HAND_OVER_ACCESS,
                            .sender = facts.supplier,
                            .u.access = {id, 3, {1, 2, 3}}};
    ph_participant_id who = dice < 9 ? facts.buyer : (ph_participant_id){1};
    return (ph_command){.kind = dice < 9 ? PH_CMD_DISPUTE_DELIVERY : PH_CMD_RESOLVE_DISPUTE,
                        .sender = who,
                        .u.figure = {id, facts.first_open, seconds}};
}

static ph_command random_terms(uint32_t product)
{
    ph_command c = {.kind = PH_CMD_SET_TERMS, .sender = {1}};
    c.u.product = *ph_market_product(w.m, (ph_product_id){product});
    c.u.product.gate_seconds = below(4) * 1800;
    c.u.product.taker_ppm = 10000 * below(5);
    return c;
}

/* By a party, or now and then by somebody else. */
static ph_command random_countersignature(void)
{
    ph_contract_facts facts;
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_contract_id id = {cnt == 0 ? 0 : 1 + below((uint32_t)cnt)};
    ph_participant_id who = {anybody()};
    if (ph_market_contract(w.m, id, &facts) && below(4) != 0)
        who = below(2) == 0 ? facts.buyer : facts.supplier;
    ph_command c = {.kind = PH_CMD_COUNTERSIGN_CONTRACT, .sender = who};
    c.u.countersignature.contract = id;
    memset(c.u.countersignature.key.b, SIGN_KEY + (int)who.v, 32);
    return c;
}

static ph_command random_notary_key(void)
{
    ph_command c = {.kind = PH_CMD_ROTATE_NOTARY_KEY, .sender = {below(4) == 0 ? anybody() : 1}};
    memset(c.u.notary_key.key.b, 1 + (int)below(255), 32);
    return c;
}

static ph_command random_take_over(void)
{
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = {anybody()}};
    memset(c.u.take_over.key.b, below(8) == 0 ? (int)anybody() : (int)c.sender.v, 32);
    c.request = phg_tag_of((phg_tag_parts){.gateway = 2, .seat = below(3)});
    if (below(3) == 0)
        c.u.take_over.from = phg_tag_of((phg_tag_parts){.gateway = 2, .seat = below(3)});
    c.u.take_over.keeps = below(2) == 0;
    return c;
}

static ph_command random_command(void)
{
    uint64_t orders = 0;
    for (uint64_t id = 1; id < ORDERS_MAX && (orders == 0 || below(3) != 0); id++)
        if (leaves[id] != 0 && below(6) == 0) orders = id;
    ph_resting_order o = {.participant = {anybody()}};
    (void)ph_market_order(w.m, (ph_order_id){orders}, &o);
    uint32_t dice = below(100);
    if (dice < 46) return random_order(anybody());
    if (dice < 54) return random_resale();
    if (dice < 64) return random_delivery();
    if (dice < 68) return random_group(anybody());
    if (dice < 80)
        return (ph_command){
            .kind = PH_CMD_REPLACE_ORDER,
            .sender = o.participant,
            .u.replace = {.order = {orders}, .price = 1 + below(10), .quantity = 1 + below(14)}};
    if (dice < 84)
        return (ph_command){
            .kind = PH_CMD_CANCEL_ORDER, .sender = o.participant, .u.cancel = {.order = {orders}}};
    if (dice < 86) return (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {anybody()}};
    if (dice < 87) return random_terms(1 + below(PRODUCTS));
    if (dice < 88)
        return (ph_command){.kind = PH_CMD_DEPOSIT,
                            .sender = {1},
                            .u.payment = {{anybody()}, 1 + below(5000), {"?"}}};
    if (dice < 92) return random_countersignature();
    if (dice < 93) return random_notary_key();
    if (dice < 94) return random_take_over();
    /* Now and then several gates at once, as after a standstill. */
    w.now.ns += (uint64_t)below(below(8) == 0 ? 5 * HOUR : 1500) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

/* ---- Streams of market data ----------------------------------------------------------------- */

enum { DEPTH, STATISTICS, CANDLES, PERIOD_CANDLES, STREAMS };

static const phg_stream_kind kinds[STREAMS] = {PHG_STREAM_DEPTH, PHG_STREAM_STATISTICS,
                                               PHG_STREAM_CANDLES, PHG_STREAM_PERIOD_CANDLES};

static uint64_t sums[STREAMS][PRODUCTS + 1];    /* of the last whole frame of each product */
static uint64_t numbers[STREAMS][PRODUCTS + 1]; /* of the last frame */
static uint64_t level_cnt, block_cnt, candle_cnt, compared[STREAMS];

/* STREAMS: it is of another stream. */
static int stream_of(const phg_picture *p)
{
    int stream = 0;
    while (stream < STREAMS && kinds[stream] != p->stream)
        stream++;
    return stream;
}

static void on_picture(void *arg, const phg_picture *p)
{
    (void)arg;
    const int stream = stream_of(p);
    if (stream == STREAMS) return;
    ck_assert_uint_eq(p->number, ++numbers[stream][p->product.v]);
    candle_cnt += p->candle_cnt;
    level_cnt += p->level_cnt;
    block_cnt += p->block_cnt;
    if (!p->more) sums[stream][p->product.v] = p->checksum;
}

/* What a snapshot says, one row for each period. */
typedef struct {
    uint64_t sum;
    uint32_t cnt; /* of statistics and candles */
    traded_row rows[ROWS_MAX];
} whole;

static void add_statistics(whole *all, const phg_statistics_run *run)
{
    const phg_statistics *s = &run->each;
    for (uint32_t k = 0; k < run->window.periods; k++) {
        all->sum += phg_sum_statistics(run->window.first + k, s);
        ck_assert(all->cnt < ROWS_MAX);
        all->rows[all->cnt++] = (traded_row){.period = run->window.first + k,
                                             .high = s->high,
                                             .low = s->low,
                                             .close = s->last,
                                             .volume = s->volume,
                                             .open_interest = s->open_interest,
                                             .average = phg_statistics_average(s)};
    }
}

static void add_candle(whole *all, const phg_candle_told *told, bool is_of_period)
{
    const phg_candle *c = &told->candle;
    ck_assert_int_eq(told->window.periods != 0, is_of_period);
    uint32_t k = 0;
    do {
        const ph_period t = told->window.first + k;
        all->sum += is_of_period ? phg_sum_period_candle(t, told->interval_seconds, c)
                                 : phg_sum_candle(told->interval_seconds, c);
        ck_assert(all->cnt < ROWS_MAX);
        all->rows[all->cnt++] = (traded_row){.interval_seconds = told->interval_seconds,
                                             .period = t,
                                             .start = c->start,
                                             .open = c->open,
                                             .high = c->high,
                                             .low = c->low,
                                             .close = c->close,
                                             .volume = c->volume,
                                             .trades = c->trades,
                                             .average = phg_candle_average(c)};
    } while (++k < told->window.periods);
}

static void on_whole(void *arg, const phg_picture *p)
{
    whole *all = arg;
    ck_assert_int_eq(p->answer, PHG_ANSWER_SNAPSHOT);
    for (uint32_t i = 0; i < p->level_cnt; i++)
        for (uint32_t k = 0; k < p->levels[i].window.periods; k++)
            all->sum += phg_sum_level(p->levels[i].side, p->levels[i].window.first + k,
                                      p->levels[i].price, p->levels[i].quantity);
    for (uint32_t i = 0; i < p->block_cnt; i++)
        all->sum += phg_sum_block(&p->blocks[i].terms, p->blocks[i].units);
    for (uint32_t i = 0; i < p->statistics_cnt; i++)
        add_statistics(all, &p->statistics[i]);
    for (uint32_t i = 0; i < p->candle_cnt; i++)
        add_candle(all, &p->candles[i], p->stream == PHG_STREAM_PERIOD_CANDLES);
    if (!p->more) ck_assert_uint_eq(p->checksum, all->sum);
}

static void describe(char *to, size_t size, const traded_row *r)
{
    (void)snprintf(to, size,
                   "%u s from %llu, period %u: %lld %lld %lld %lld, volume %llu, trades %llu, "
                   "open interest %llu, average %lld",
                   r->interval_seconds, (unsigned long long)r->start, r->period, (long long)r->open,
                   (long long)r->high, (long long)r->low, (long long)r->close,
                   (unsigned long long)r->volume, (unsigned long long)r->trades,
                   (unsigned long long)r->open_interest, (long long)r->average);
}

/* The rows of a snapshot are those that the trades make. */
static void compare_traded(int stream, uint32_t product, const whole *told)
{
    static traded_row rows[ROWS_MAX];
    uint32_t cnt = 0;
    if (stream == STATISTICS) cnt = traded_statistics(product, rows, ROWS_MAX);
    if (stream == CANDLES) cnt = traded_candles(product, rows, ROWS_MAX);
    if (stream == PERIOD_CANDLES) cnt = traded_period_candles(product, rows, ROWS_MAX);
    for (uint32_t i = 0; i < cnt || i < told->cnt; i++) {
        char is[256] = "nothing", should[256] = "nothing";
        if (i < told->cnt) describe(is, sizeof is, &told->rows[i]);
        if (i < cnt) describe(should, sizeof should, &rows[i]);
        ck_assert_msg(strcmp(is, should) == 0,
                      "seed %llu, step %d, record %llu, stream %c of product %u, row %u: told %s; "
                      "traded %s",
                      (unsigned long long)present_seed, present_step, (unsigned long long)told_seq,
                      (char)kinds[stream], product, i, is, should);
    }
    compared[stream] += cnt;
}

/* Publishes; then the checksum told last is that of the market's own book, and snapshots too. */
static void publish_and_compare(void)
{
    static book_truth truth;
    static whole told;
    ck_assert_int_eq(phg_feed_publish(&replica.feed, on_picture, NULL), PH_OK);
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        truth_read(w.m, (ph_product_id){i}, UINT32_MAX, &truth);
        ck_assert_uint_eq(sums[DEPTH][i], truth_sum(&truth));
        for (int k = 0; k < STREAMS && told_seq % 8 == 0; k++) {
            told.sum = told.cnt = 0;
            ck_assert(phg_feed_whole(&replica.feed, kinds[k], (ph_product_id){i}, on_whole, &told));
            ck_assert_uint_eq(told.sum, sums[k][i]);
            if (k != DEPTH) compare_traded(k, i, &told);
        }
    }
}

/* Everybody begins to follow when half of the day is over. */
static void begin_to_follow(void)
{
    ck_assert_int_eq(phg_feed_go_live(&replica.feed, 1), PH_OK);
    for (int k = 0; k < STREAMS; k++)
        phg_feed_follow(&replica.feed, kinds[k], (ph_product_id){0});
    memset(numbers, 0, sizeof numbers);
    memset(compared, 0, sizeof compared);
    level_cnt = block_cnt = candle_cnt = 0;
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        const phg_feed_product *p = &replica.feed.products[i - 1];
        sums[DEPTH][i] = p->depth.checksum;
        sums[STATISTICS][i] = p->statistics.checksum;
        sums[CANDLES][i] = p->trading.checksum;
        sums[PERIOD_CANDLES][i] = p->period_trading.checksum;
    }
}

/* Sets the market up, one record for each command, as an engine would have written them. */
static void set_up(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    ck_assert_int_eq(phg_replica_init(&replica), PH_OK);
    replica.feed.period_candles_max = 4 + (uint32_t)(present_seed % 3) * 4; /* so few: some leave */
    traded_begin(replica.feed.period_candles_max);
    memset(leaves, 0, sizeof leaves);
    memset(tags, 0, sizeof tags);
    memset(seen, 0, sizeof seen);
    memset(cash, 0, sizeof cash);
    memset(contracts, 0, sizeof contracts);
    memset(signatures, 0, sizeof signatures);
    told_seq = 0;
    ph_command open = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    ph_text_set(open.u.open_market.market.s, 64, "market.test");
    ph_text_set(open.u.open_market.currency, 4, "USD");
    ph_text_set(open.u.open_market.operator_name.s, 64, "op");
    tell(&open);
    for (uint32_t id = 2; id <= PEOPLE; id++) {
        ph_command p = {
            .kind = PH_CMD_REGISTER_PARTICIPANT,
            .sender = {1},
            .u.participant = {{id}, PH_ROLE_SUPPLIER | PH_ROLE_BUYER, {"p"}, {{0}}, {{0}}}};
        memset(p.u.participant.curve_key.b, (int)id, 32);
        memset(p.u.participant.sign_key.b, SIGN_KEY + (int)id, 32);
        step(p);
        ph_command d = {.kind = PH_CMD_DEPOSIT, .sender = {1}, .u.payment = {{id}, 20000, {"?"}}};
        snprintf(d.u.payment.reference.s, sizeof d.u.payment.reference.s, "first %u", id);
        step(d);
    }
    step((ph_command){.kind = PH_CMD_REGISTER_SITE,
                      .sender = {1},
                      .u.site = {{1}, {2}, {"ulanqab"}, {"site"}, 0, 0, 0, 1200000}});
    step((ph_command){
        .kind = PH_CMD_REGISTER_HARDWARE, .sender = {1}, .u.hardware = {{1}, {"card"}}});
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        ph_product_terms terms = world_terms(&w, 1);
        terms.bond_ppm = 100000;
        terms.taker_ppm = 50000;
        terms.maker_ppm = 20000;
        terms.fee_at_trade_ppm = 300000;
        terms.gate_seconds = 600 * (i - 1);
        terms.report_seconds = terms.dispute_seconds = terms.resolve_seconds = 3600;
        step((ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}, .u.product = terms});
    }
    for (uint32_t id = 2; id <= PEOPLE / 2; id++)
        step((ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                          .sender = {id},
                          .u.capacity = {1, {1}, {1}, HOUR, {START_PERIOD, 62}, 40}});
}

START_TEST(what_is_told_is_what_is)
{
    present_seed = rng_state = (uint64_t)environment("PH_SEED", _i);
    clips = replaced = closed = 0;
    set_up();
    int steps = environment("PH_STEPS", 1500);
    for (int i = 0; i < steps; i++) {
        mark_point();
        present_step = i;
        ph_command c = random_command();
        if (c.kind == PH_CMD_DEPOSIT)
            snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "more %d", i);
        step(c);
        if (i == steps / 2) begin_to_follow();
        if (i > steps / 2) publish_and_compare();
    }
    ck_assert_msg(clips > 0 && replaced > 0 && closed > 0, "clips %llu, replaced %llu, lost %llu",
                  (unsigned long long)clips, (unsigned long long)replaced,
                  (unsigned long long)closed);
    ck_assert_uint_gt(ph_market_contract_cnt(w.m), 20);
    ck_assert(level_cnt > 100 && block_cnt > 20 && candle_cnt > 20);
    ck_assert(compared[STATISTICS] > 100 && compared[CANDLES] > 100);
    ck_assert_msg(compared[PERIOD_CANDLES] > 100 && traded_left() > 0,
                  "%llu rows, %llu candles left", (unsigned long long)compared[PERIOD_CANDLES],
                  (unsigned long long)traded_left());
    uint64_t signed_cnt = 0;
    for (uint32_t who = 1; who <= PEOPLE; who++)
        signed_cnt += signatures[who];
    ck_assert(signed_cnt > 0 && replica.catalogue.notary_key_cnt > 0);
    phg_replica_release(&replica);
    world_free(&w);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, what_is_told_is_what_is, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", 20));
}

int main(void)
{
    return suite_run("gateway", add);
}
