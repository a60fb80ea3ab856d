/* SPDX-License-Identifier: Apache-2.0 */
/* long: market, gateway, proxy and client, who turn together */
/* A client always notices what is lost, and always returns to the market's own book.

   Random commands run in a market; the gateway's replica gets nothing but the records and
   publishes on its real socket.  Between it and a real client stands a proxy that loses, doubles,
   reorders and delays frames by a seed, then nothing at all gets through for longer than the
   gateway keeps frames, then the gateway is started again.  Every book that the client hands over,
   in the middle of all this too, is the book that the market had at the sequence that it states:
   best prices, depth, also of grades, statistics, candles, totals and measurements are found anew
   each time; and when the proxy is honest again the client comes to the last one by itself.  Every
   trade is told once, but what happened while a loss that the client was told of lasted; and who
   follows every trade of a product is told every one, once and in order, all the time.  In the end
   the proxy changes levels inside frames, or leaves them out, of changes and of snapshots.

   PH_SEEDS=n runs n seeds (default 1) of PH_STEPS commands a round (default 300); PH_SEED=s runs
   one. */
#include "clients/lib/petahour.h"
#include "engine/base/period.h"
#include "engine/process/clock.h"
#include "engine/wire/record.h"
#include "gateway/doors/zap.h"
#include "gateway/market_data/history.h"
#include "gateway/market_data/market_data.h"
#include "gateway/replica/book_sum.h"

#include "tests/prop/follow_alter.h"
#include "tests/prop/follow_truth.h"
#include "tests/prop/seeds.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

#include <zmq.h>

enum {
    PERIODS = 10,
    PRODUCTS = 3, /* at two sites; the second changes its grade now and then */
    SITES = 2,
    PEOPLE = 8,    /* who do anything, the operator among them */
    MINUTE_SELLER, /* who trade each minute: with orders of their own they would not */
    MINUTE_BUYER,
    PARTICIPANTS = MINUTE_BUYER,
    RECORD_MAX = 1 << 18,
    RECORDS_MAX = 1 << 14,
    HELD_MAX = 64,
    MEMORY_MIB = 81920, /* of products of the second grade */
    DESIGN_PUE_PPM = 1200000,
    PATIENCE_MS = 150000,
    CONFLATED = 3, /* product whose best prices are followed so: without trades */
};

/* ---- The market and its records ------------------------------------------------------------- */

typedef struct {
    uint8_t *bytes;
    size_t size;
} record;

static world w;
static record records[RECORDS_MAX];
static uint32_t record_cnt;
static phg_replica replica;

static void open_replica(void)
{
    ck_assert_int_eq(phg_replica_init(&replica), PH_OK);
    replica.feed.period_candles_max = TRUTH_PERIOD_CANDLES_MAX;
}

/* What the market was told and said goes to the replica as a record. */
static void tell(const ph_command *c)
{
    static uint8_t command[PH_COMMAND_BYTES_MAX], events[RECORD_MAX], room[RECORD_MAX + 2048];
    ph_writer cw = ph_writer_of(command, sizeof command);
    ph_writer ew = ph_writer_of(events, sizeof events);
    ph_writer rw = ph_writer_of(room, sizeof room);
    ph_command_write(&cw, c);
    for (uint32_t i = 0; i < w.out.cnt; i++)
        ph_event_write(&ew, &w.out.v[i]);
    ck_assert(!ew.full && record_cnt < RECORDS_MAX);
    ph_record_write(&rw, record_cnt + 1, w.now, command, (uint32_t)ph_writer_size(&cw), events,
                    (uint32_t)ph_writer_size(&ew));
    record *r = &records[record_cnt++];
    r->size = ph_writer_size(&rw);
    r->bytes = malloc(r->size);
    ck_assert_ptr_nonnull(r->bytes);
    memcpy(r->bytes, room, r->size);
    ck_assert_int_eq(phg_replica_take_record(&replica, record_cnt, room, r->size), PH_OK);
    truth_take(w.m, record_cnt, c, w.out.v, w.out.cnt);
}

static void step(ph_command c)
{
    (void)world_apply(&w, c);
    tell(&c);
}

static ph_command random_order(uint32_t who)
{
    static const ph_shape shapes[] = {PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_EACH, PH_SHAPE_BLOCK,
                                      PH_SHAPE_FLEX};
    uint32_t first = below(PERIODS), periods = 1 + below(PERIODS - first);
    ph_side side = below(2) == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
    ph_shape shape = shapes[below(side == PH_SIDE_BUY ? 5 : 4)];
    ph_command c =
        world_order(&w, who, side, shape, (ph_window){0, periods}, 1 + below(12), 1 + below(30));
    ph_new_order *n = &c.u.order;
    n->window.first = ph_period_at(w.now, HOUR) + 1 + first;
    n->product.v = 1 + below(PRODUCTS);
    if (shape == PH_SHAPE_FLEX) n->duration = 1 + below(periods);
    if (shape == PH_SHAPE_EACH && below(3) == 0) n->display_quantity = 1 + below(4);
    n->all_or_none = shape == PH_SHAPE_BLOCK && below(3) == 0;
    return c;
}

/* Of what a buyer holds of one of the last contracts. */
static ph_command random_resale(void)
{
    ph_contract_facts facts;
    uint64_t cnt = ph_market_contract_cnt(w.m);
    ph_contract_id id = {cnt > 30 ? cnt - below(30) : 1 + below(30)};
    if (!ph_market_contract(w.m, id, &facts)) return random_order(2 + below(PEOPLE - 1));
    ph_command c = world_order(&w, facts.buyer.v, PH_SIDE_SELL, PH_SHAPE_EACH,
                               (ph_window){0, 1 + below(2)}, 1 + below(2), 1 + below(30));
    c.u.order.product = facts.product;
    c.u.order.from_contract = id;
    c.u.order.window.first = facts.first_open + below(2);
    return c;
}

/* Product 2 is of the grade of the first product, or of the third. */
static ph_command other_grade(void)
{
    const phg_product *now = &replica.catalogue.products[1];
    const ph_product_terms *to =
        &replica.catalogue.products[now->terms.memory_mib == 0 ? 2 : 0].terms;
    ph_command c = {.kind = PH_CMD_SET_TERMS, .sender = {1}, .u.product = now->terms};
    c.u.product.memory_mib = to->memory_mib;
    c.u.product.gflops_fp16 = to->gflops_fp16;
    c.u.product.gflops_fp32 = to->gflops_fp32;
    c.u.product.gflops_fp64 = to->gflops_fp64;
    return c;
}

/* Of a site, or of the network to it; some are too old to be taken. */
static ph_command measured(void)
{
    static const char *const regions[] = {"ulanqab", "guizhou", "ningxia"};
    ph_time at = {w.now.ns - (uint64_t)below(60) * PH_NS_PER_S};
    ph_command c = {.kind = PH_CMD_MEASURE_SITE, .sender = {2 + below(PEOPLE - 1)}};
    if (below(2) == 0) {
        c.u.measurement = (ph_measure_site){.site = {1 + below(SITES)},
                                            .measured_at = at,
                                            .pue_ppm = 1000000 + below(500000),
                                            .cue_ppm = below(900000),
                                            .wue_ppm = below(900000),
                                            .green_grade = 1 + below(5)};
        return c;
    }
    c.kind = PH_CMD_REPORT_PROBE;
    c.u.probe = (ph_report_probe){.site = {1 + below(SITES)},
                                  .measured_at = at,
                                  .rtt_us = below(50000),
                                  .bandwidth_mbps = below(10000),
                                  .reachable_ppm = below(1000001)};
    ph_text_set(c.u.probe.region.s, sizeof c.u.probe.region.s, regions[below(3)]);
    return c;
}

static uint32_t halted; /* product that is, for a moment; 0: none */

/* Halts a product, or opens it again. */
static ph_command other_phase(void)
{
    ph_command c = {.kind = PH_CMD_SET_PHASE, .sender = {1}};
    bool is_open = halted == 0;
    if (is_open) halted = 1 + below(PRODUCTS);
    c.u.phase = (ph_set_phase){{halted}, is_open ? PH_PHASE_HALTED : PH_PHASE_OPEN};
    if (!is_open) halted = 0;
    return c;
}

static ph_command random_command(void)
{
    uint32_t dice = below(100);
    ph_resting_order o = {.participant = {2}};
    ph_order_id id = {1 + below(1 + record_cnt)};
    while (dice >= 60 && dice < 90 && id.v > 1 && !ph_market_order(w.m, id, &o))
        id.v--;
    if (halted != 0 && below(3) == 0) return other_phase();
    if (dice < 8) return random_resale();
    if (dice < 60) return random_order(2 + below(PEOPLE - 1));
    if (dice < 80)
        return (ph_command){
            .kind = PH_CMD_REPLACE_ORDER,
            .sender = o.participant,
            .u.replace = {.order = id, .price = 1 + below(30), .quantity = 1 + below(14)}};
    if (dice < 90)
        return (ph_command){
            .kind = PH_CMD_CANCEL_ORDER, .sender = o.participant, .u.cancel = {.order = id}};
    if (dice < 91 && below(3) == 0) return other_grade();
    if (dice == 91) return measured();
    if (dice == 90 && below(2) == 0) return other_phase();
    if (dice < 91)
        return (ph_command){.kind = PH_CMD_MASS_CANCEL, .sender = {2 + below(PEOPLE - 1)}};
    w.now.ns += (uint64_t)below(300) * PH_NS_PER_S;
    return (ph_command){.kind = PH_CMD_TICK};
}

static void set_up_market(const uint8_t client_key[32])
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    w.check_laws = false;
    open_replica();
    ph_command open = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    ph_text_set(open.u.open_market.market.s, 64, "market.test");
    ph_text_set(open.u.open_market.currency, 4, "USD");
    ph_text_set(open.u.open_market.operator_name.s, 64, "op");
    tell(&open);
    for (uint32_t id = 2; id <= PARTICIPANTS; id++) {
        ph_command p = {
            .kind = PH_CMD_REGISTER_PARTICIPANT,
            .sender = {1},
            .u.participant = {
                {id}, PH_ROLE_SUPPLIER | PH_ROLE_BUYER | PH_ROLE_METER, {"p"}, {{0}}, {{0}}}};
        memset(p.u.participant.curve_key.b, (int)id, 32);
        if (id == 2) memcpy(p.u.participant.curve_key.b, client_key, 32);
        step(p);
        ph_command d = {.kind = PH_CMD_DEPOSIT, .sender = {1}, .u.payment = {{id}, 1000000, {"?"}}};
        snprintf(d.u.payment.reference.s, sizeof d.u.payment.reference.s, "first %u", id);
        step(d);
    }
    for (uint32_t i = 1; i <= SITES; i++) {
        ph_command site = {.kind = PH_CMD_REGISTER_SITE,
                           .sender = {1},
                           .u.site = {{i}, {2}, {"ulanqab"}, {"?"}, 0, 0, 0, DESIGN_PUE_PPM}};
        if (i == 2) ph_text_set(site.u.site.region.s, sizeof site.u.site.region.s, "guizhou");
        snprintf(site.u.site.name.s, sizeof site.u.site.name.s, "site-%u", i);
        step(site);
    }
    step((ph_command){
        .kind = PH_CMD_REGISTER_HARDWARE, .sender = {1}, .u.hardware = {{1}, {"card"}}});
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        ph_command list = {.kind = PH_CMD_LIST_PRODUCT,
                           .sender = {1},
                           .u.product = world_terms(&w, 2 - i % SITES)};
        list.u.product.gflops_fp16 = 989000;
        list.u.product.gflops_fp32 = 67000;
        if (i == PRODUCTS) {
            list.u.product.memory_mib = MEMORY_MIB;
            list.u.product.gflops_fp16 = 0;
            list.u.product.gflops_fp64 = 7;
        }
        step(list);
    }
    for (uint32_t id = 2; id <= PARTICIPANTS; id++)
        for (uint32_t i = 1; i <= SITES; i++)
            step((ph_command){.kind = PH_CMD_REGISTER_CAPACITY,
                              .sender = {id},
                              .u.capacity = {i, {i}, {1}, HOUR, {START_PERIOD, 62}, 400}});
}

/* ---- The gateway's door --------------------------------------------------------------------- */

static void *context;
static ph_keyfile server_keys;
static phg_zap *zap;
static phg_market_data *door;

static void open_door(const char *endpoint, uint64_t epoch)
{
    char err[PHG_ERR_SIZE] = "";
    ph_status s;
    uint64_t until = ph_clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
    do /* ZeroMQ gives up the address of a socket that was closed in a thread of its own */
        s = phg_market_data_open(context, endpoint, &server_keys, &replica, &door, err);
    while (s == PH_EBUSY && ph_clock_monotonic_ns() < until);
    ck_assert_msg(s == PH_OK, "%s", err);
    ck_assert_int_eq(phg_feed_go_live(&replica.feed, epoch), PH_OK);
}

/* Ends the gateway and begins another one, which knows nothing but the records. */
static void start_again(uint64_t epoch)
{
    char endpoint[128];
    snprintf(endpoint, sizeof endpoint, "%s", phg_market_data_endpoint(door));
    phg_market_data_close(door);
    phg_replica_release(&replica);
    open_replica();
    for (uint32_t i = 0; i < record_cnt; i++)
        ck_assert_int_eq(
            phg_replica_take_record(&replica, i + 1, records[i].bytes, records[i].size), PH_OK);
    open_door(endpoint, epoch);
}

/* ---- The proxy ------------------------------------------------------------------------------ */

typedef struct {
    zmq_msg_t part[3];
    uint32_t rounds; /* until it goes on */
} held_frame;

static struct {
    void *context, *up, *down;
    char endpoint[128];
    enum { HONEST, FAULTY, SHUT, ALTERING } mood;
    held_frame held[HELD_MAX];
    uint32_t held_cnt;
    uint64_t passed, lost, doubled, delayed, altered[ALTER_KINDS];
} proxy;

static void open_proxy(const phc_key *front, const phc_key *back)
{
    const int one = 1, none = 0;
    size_t size = sizeof proxy.endpoint;
    proxy.context = zmq_ctx_new();
    proxy.up = zmq_socket(proxy.context, ZMQ_XSUB);
    proxy.down = zmq_socket(proxy.context, ZMQ_XPUB);
    zmq_setsockopt(proxy.up, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(proxy.down, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(proxy.up, ZMQ_RECONNECT_IVL, &(int){20}, sizeof(int));
    /* Else ZeroMQ ends the program when it connects again after its queue was full. */
    zmq_setsockopt(proxy.up, ZMQ_RCVHWM, &none, sizeof none);
    zmq_setsockopt(proxy.up, ZMQ_CURVE_SERVERKEY, server_keys.curve_public.b, 32);
    zmq_setsockopt(proxy.up, ZMQ_CURVE_PUBLICKEY, back->curve_public, 32);
    zmq_setsockopt(proxy.up, ZMQ_CURVE_SECRETKEY, back->curve_secret, 32);
    zmq_setsockopt(proxy.down, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(proxy.down, ZMQ_CURVE_SECRETKEY, front->curve_secret, 32);
    zmq_setsockopt(proxy.down, ZMQ_XPUB_VERBOSER, &one, sizeof one);
    ck_assert_int_eq(zmq_connect(proxy.up, phg_market_data_endpoint(door)), 0);
    ck_assert_int_eq(zmq_bind(proxy.down, "tcp://127.0.0.1:*"), 0);
    ck_assert_int_eq(zmq_getsockopt(proxy.down, ZMQ_LAST_ENDPOINT, proxy.endpoint, &size), 0);
}

static void send_on(zmq_msg_t part[3])
{
    for (int i = 0; i < 3; i++) {
        zmq_msg_t copy;
        (void)zmq_msg_init(&copy);
        ck_assert_int_eq(zmq_msg_copy(&copy, &part[i]), 0);
        if (zmq_msg_send(&copy, proxy.down, (i < 2 ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT) < 0)
            (void)zmq_msg_close(&copy);
    }
    proxy.passed++;
}

static void close_parts(zmq_msg_t part[3])
{
    for (int i = 0; i < 3; i++)
        (void)zmq_msg_close(&part[i]);
}

static void release_held(bool all)
{
    for (uint32_t i = 0; i < proxy.held_cnt;) {
        held_frame *h = &proxy.held[i];
        if (!all && --h->rounds > 0) {
            i++;
            continue;
        }
        send_on(h->part);
        close_parts(h->part);
        *h = proxy.held[--proxy.held_cnt];
    }
}

static void pass_frame(zmq_msg_t part[3])
{
    uint32_t dice = below(100);
    if (proxy.mood == SHUT || (proxy.mood == FAULTY && dice < 15)) {
        proxy.lost++;
    } else if (proxy.mood == FAULTY && dice < 30 && proxy.held_cnt < HELD_MAX) {
        held_frame *h = &proxy.held[proxy.held_cnt++];
        for (int i = 0; i < 3; i++) {
            (void)zmq_msg_init(&h->part[i]);
            ck_assert_int_eq(zmq_msg_move(&h->part[i], &part[i]), 0);
        }
        h->rounds = 1 + below(below(4) == 0 ? 60 : 4);
        proxy.delayed++;
        return;
    } else {
        if (proxy.mood == ALTERING && dice < 25)
            proxy.altered[alter_level(&part[2], below(UINT32_MAX))]++;
        send_on(part);
        if (proxy.mood == FAULTY && dice < 40) {
            send_on(part);
            proxy.doubled++;
        }
    }
    close_parts(part);
}

static void turn_proxy(void)
{
    zmq_msg_t m;
    (void)zmq_msg_init(&m);
    while (zmq_msg_recv(&m, proxy.down, ZMQ_DONTWAIT) >= 0)
        (void)zmq_msg_send(&m, proxy.up, ZMQ_DONTWAIT);
    (void)zmq_msg_close(&m);
    for (;;) {
        zmq_msg_t part[3];
        for (int i = 0; i < 3; i++)
            (void)zmq_msg_init(&part[i]);
        bool is_there = zmq_msg_recv(&part[0], proxy.up, ZMQ_DONTWAIT) >= 0;
        for (int i = 1; i < 3 && is_there; i++)
            ck_assert_int_ge(zmq_msg_recv(&part[i], proxy.up, 0), 0);
        if (!is_there) break;
        pass_frame(part);
    }
    release_held(proxy.mood == HONEST);
}

/* ---- The client ----------------------------------------------------------------------------- */

static phc_client *client;

enum { PRICES, DEPTH, STATISTICS, CANDLES, PERIOD_CANDLES, TYPE, REGION, GRADE, TRADES, STREAMS };

static struct {
    uint64_t books, number[STREAMS][PRODUCTS + 1], epoch[STREAMS][PRODUCTS + 1],
        sequence[STREAMS][PRODUCTS + 1];
    uint64_t losses[PHC_LOSS_BUSY + 1], trade_gaps;
} seen;

/* From the rows, with the gateway's own function. */
static uint64_t sum_of(const phc_book *b)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < b->period_cnt; i++) {
        const phc_period_depth *p = &b->periods[i];
        for (size_t k = 0; k < p->bid_cnt; k++)
            sum += phg_sum_level(PH_SIDE_BUY, p->period, p->bids[k].price, p->bids[k].quantity);
        for (size_t k = 0; k < p->ask_cnt; k++)
            sum += phg_sum_level(PH_SIDE_SELL, p->period, p->asks[k].price, p->asks[k].quantity);
        for (size_t k = 1; k < p->bid_cnt; k++)
            ck_assert_int_gt(p->bids[k - 1].price, p->bids[k].price);
        for (size_t k = 1; k < p->ask_cnt; k++)
            ck_assert_int_lt(p->asks[k - 1].price, p->asks[k].price);
    }
    for (size_t i = 0; i < b->block_cnt; i++) {
        const phc_block_depth *k = &b->blocks[i];
        phg_block_terms t = {(ph_side)k->side, (ph_shape)k->shape,
                             k->all_or_none,   {k->first_period, k->periods},
                             k->duration,      k->price};
        sum += phg_sum_block(&t, k->units);
    }
    for (size_t i = 0; i < b->best_price_cnt; i++) {
        const phc_best_prices *p = &b->best_prices[i];
        ck_assert(p->product == b->product && p->periods == 1);
        ck_assert(i == 0 || b->best_prices[i - 1].first_period < p->first_period);
        const phg_best best = {p->bid, p->ask, p->bid_quantity, p->ask_quantity};
        sum += phg_sum_best(p->first_period, &best);
    }
    for (size_t i = 0; i < b->grade_product_cnt; i++)
        sum += phg_sum_member(b->product, (ph_product_id){b->grade_products[i]});
    return sum;
}

static uint32_t index_of(phc_stream stream)
{
    switch (stream) {
    case PHC_STREAM_PRICES: return PRICES;
    case PHC_STREAM_DEPTH: return DEPTH;
    case PHC_STREAM_STATISTICS: return STATISTICS;
    case PHC_STREAM_CANDLES: return CANDLES;
    case PHC_STREAM_PERIOD_CANDLES: return PERIOD_CANDLES;
    case PHC_STREAM_TYPE: return TYPE;
    case PHC_STREAM_REGION: return REGION;
    case PHC_STREAM_GRADE: return GRADE;
    case PHC_STREAM_TRADES: return TRADES;
    }
    ck_abort_msg("a stream that nobody followed");
    return 0;
}

static void on_book(void *arg, const phc_book *b)
{
    (void)arg;
    uint32_t stream = index_of(b->stream);
    uint64_t *number = &seen.number[stream][b->product], *epoch = &seen.epoch[stream][b->product];
    seen.books++;
    ck_assert(b->product >= 1 && b->product <= PRODUCTS && b->sequence <= record_cnt);
    if (*epoch == b->epoch) ck_assert_uint_ge(b->stream_number, *number);
    *epoch = b->epoch;
    *number = b->stream_number;
    seen.sequence[stream][b->product] = b->sequence;
    if (stream == PRICES) {
        ck_assert_msg(sum_of(b) == truth_after(b->sequence)->prices[b->product],
                      "product %u at record %llu: not the market's best prices", b->product,
                      (unsigned long long)b->sequence);
        ck_assert_int_eq((int)b->phase, (int)truth_after(b->sequence)->phase[b->product]);
        if (b->product != CONFLATED) truth_prices_told(b);
    }
    if (stream == DEPTH)
        ck_assert_msg(sum_of(b) == truth_after(b->sequence)->depth[b->product],
                      "product %u at record %llu: not the market's book", b->product,
                      (unsigned long long)b->sequence);
    if (stream == TRADES) {
        ck_assert_uint_eq(b->stream_number, truth_tape_number(b->product));
        ck_assert_msg(truth_tape_is_whole(b->product, b->sequence),
                      "product %u at record %llu: not every trade was told", b->product,
                      (unsigned long long)b->sequence);
    }
    truth_check_figures(b, DESIGN_PUE_PPM);
    if (stream == GRADE)
        ck_assert_msg(sum_of(b) == truth_after(b->sequence)->grade[b->product],
                      "grade %u at record %llu: not the market's books together", b->product,
                      (unsigned long long)b->sequence);
}

static void on_loss(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                    uint64_t last)
{
    (void)arg;
    (void)first;
    (void)last;
    bool begins_anew =
        loss == PHC_LOSS_NOT_KEPT || loss == PHC_LOSS_EPOCH || loss == PHC_LOSS_CHECKSUM;
    if (index_of(stream) == PRICES && begins_anew) truth_prices_lost(product);
    ck_assert(product >= 1 && product <= PRODUCTS && phc_loss_text(loss) != NULL);
    if (index_of(stream) == TRADES) {
        ck_assert(loss == PHC_LOSS_GAP || loss == PHC_LOSS_SILENCE || loss == PHC_LOSS_BUSY);
        seen.trade_gaps += loss == PHC_LOSS_GAP;
        return;
    }
    seen.losses[loss]++;
}

static void on_trade(void *arg, const phc_public_trade *t)
{
    (void)arg;
    ck_assert_uint_ne(t->product, CONFLATED);
    truth_trade_told(t);
}

static void on_every_trade(void *arg, const phc_public_trade *t)
{
    (void)arg;
    truth_every_trade_told(t);
}

static void open_client(const phc_key *key, const phc_key *front)
{
    char err[256], server_key[41];
    phc_z85_text(front->curve_public, server_key);
    /* Nobody takes orders here. */
    phc_config f = {.order_entry = "tcp://127.0.0.1:1",
                    .market_data = proxy.endpoint,
                    .server_key = server_key,
                    .key = key,
                    .callbacks = {.on_book = on_book,
                                  .on_loss = on_loss,
                                  .on_trade = on_trade,
                                  .on_every_trade = on_every_trade}};
    phc_status s = phc_open(&f, &client, err, sizeof err);
    ck_assert_msg(s == PHC_OK, "%s", err);
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        ck_assert_int_eq(i != CONFLATED ? phc_follow(client, PHC_STREAM_PRICES, i)
                                        : phc_follow_conflated(client, PHC_STREAM_PRICES, i),
                         PHC_OK);
        ck_assert_int_eq(phc_follow(client, PHC_STREAM_DEPTH, i), PHC_OK);
        ck_assert_int_eq(phc_follow(client, PHC_STREAM_STATISTICS, i), PHC_OK);
        ck_assert_int_eq(phc_follow_trades(client, i, 1), PHC_OK);
        ck_assert_int_eq(i == 1 ? phc_follow(client, PHC_STREAM_CANDLES, i)
                                : phc_follow_conflated(client, PHC_STREAM_CANDLES, i),
                         PHC_OK);
        ck_assert_int_eq(i != 1 ? phc_follow(client, PHC_STREAM_PERIOD_CANDLES, i)
                                : phc_follow_conflated(client, PHC_STREAM_PERIOD_CANDLES, i),
                         PHC_OK);
    }
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_GRADE, 1), PHC_OK);
    ck_assert_int_eq(phc_follow_conflated(client, PHC_STREAM_GRADE, 2), PHC_OK);
    ck_assert_int_eq(phc_follow(client, PHC_STREAM_TYPE, PHC_AI), PHC_OK);
    for (uint32_t i = 1; i <= SITES; i++)
        ck_assert_int_eq(phc_follow(client, PHC_STREAM_REGION, i), PHC_OK);
}

/* ---- All together --------------------------------------------------------------------------- */

static void turn(void)
{
    phg_zap_turn(zap, &replica.catalogue, false);
    ck_assert_int_eq(phg_market_data_take(door, ph_clock_monotonic_ns()), PH_OK);
    ck_assert_int_eq(phg_market_data_give(door, ph_clock_monotonic_ns()), PH_OK);
    turn_proxy();
    phc_status s = phc_turn(client, 1);
    ck_assert(s == PHC_OK || s == PHC_ETIMEOUT);
}

static bool is_in_step(void)
{
    phg_overview *o = &replica.overview;
    if (seen.number[TYPE][PHC_AI] != phg_overview_number(o, PHG_STREAM_TYPE, PHC_AI) ||
        seen.epoch[TYPE][PHC_AI] != replica.feed.epoch)
        return false;
    for (uint32_t i = 1; i <= SITES; i++)
        if (seen.number[REGION][i] != phg_overview_number(o, PHG_STREAM_REGION, i) ||
            seen.epoch[REGION][i] != replica.feed.epoch)
            return false;
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        const phg_feed_product *p = &replica.feed.products[i - 1];
        const uint64_t numbers[] = {p->prices.number, p->depth.number, p->statistics.number,
                                    p->trading.number, p->period_trading.number};
        if (!truth_tape_is_whole(i, record_cnt)) return false;
        for (uint32_t k = 0; k <= PERIOD_CANDLES; k++)
            if (seen.epoch[k][i] != replica.feed.epoch || seen.number[k][i] != numbers[k])
                return false;
    }
    for (uint32_t i = 1; i <= TRUTH_GRADES; i++)
        if (seen.epoch[GRADE][i] != replica.feed.epoch ||
            seen.number[GRADE][i] !=
                phg_feed_number(&replica.feed, PHG_STREAM_GRADE, (ph_product_id){i}))
            return false;
    return true;
}

/* The proxy is honest: the client comes to the market's last book by itself. */
static void wait_for_step(void)
{
    proxy.mood = HONEST;
    uint64_t until = ph_clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
    do {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "the client did not come back");
        turn();
    } while (!is_in_step());
    /* Nothing happened to the book since the record that the client's is of. */
    for (uint32_t i = 1; i <= PRODUCTS; i++) {
        ck_assert_uint_eq(truth_after(seen.sequence[PRICES][i])->prices[i],
                          truth_after(record_cnt)->prices[i]);
        ck_assert_uint_eq(truth_after(seen.sequence[DEPTH][i])->depth[i],
                          truth_after(record_cnt)->depth[i]);
    }
    for (uint32_t i = 1; i <= TRUTH_GRADES; i++)
        ck_assert_uint_eq(truth_after(seen.sequence[GRADE][i])->grade[i],
                          truth_after(record_cnt)->grade[i]);
}

/* Several records may come in one turn of a gateway. */
static void trade(int steps, bool is_hasty)
{
    for (int i = 0; i < steps; i++) {
        for (uint32_t k = 1 + below(3); k > 0; k--)
            step(random_command());
        if (is_hasty)
            ck_assert_int_eq(phg_market_data_give(door, ph_clock_monotonic_ns()), PH_OK);
        else
            turn();
        if (is_hasty) turn_proxy();
    }
}

/* Turns until the client has candles of the first product that are not many frames old. */
static void let_it_catch_up(void)
{
    uint64_t until = ph_clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
    do {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "the client did not come back");
        turn();
    } while (seen.number[CANDLES][1] + 100 < replica.feed.products[0].trading.number);
}

/* Something of the first product is traded in every minute, until its oldest ones are forgotten. */
static void trade_each_minute(void)
{
    if (halted != 0) step(other_phase());
    for (int minutes = 0; minutes < PHC_CANDLES_KEPT + 5; minutes++) {
        w.now.ns += 60 * PH_NS_PER_S;
        const ph_side sides[] = {PH_SIDE_SELL, PH_SIDE_BUY};
        for (uint32_t i = 0; i < 2; i++) {
            ph_command c = world_order(&w, MINUTE_SELLER + i, sides[i], PH_SHAPE_EACH,
                                       (ph_window){0, 1}, 1, sides[i] == PH_SIDE_BUY ? 30 : 1);
            c.u.order.window.first = ph_period_at(w.now, HOUR) + 2;
            step(c);
        }
        let_it_catch_up();
    }
}

/* Frames come, in order and whole, but for levels in some.  A client that believes one of them
   hands over a book that is not the market's. */
static void alter_levels(void)
{
    enum { EACH = 8 };
    uint64_t until = ph_clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000);
    proxy.mood = ALTERING;
    do {
        ck_assert_msg(ph_clock_monotonic_ns() < until, "nothing that was altered was noticed");
        trade(1, false);
    } while (proxy.altered[ALTER_CHANGE] < EACH || proxy.altered[ALTER_SNAPSHOT] < EACH ||
             seen.losses[PHC_LOSS_CHECKSUM] < EACH);
    wait_for_step();
}

static void run_rounds(void)
{
    int steps = environment("PH_STEPS", 300);
    proxy.mood = FAULTY;
    trade(steps, false);
    wait_for_step();
    ck_assert_uint_gt(seen.losses[PHC_LOSS_GAP], 0);
    proxy.mood = FAULTY;
    trade_each_minute();
    wait_for_step();
    ck_assert_uint_gt(truth_forgotten().of_product, 0);
    ck_assert_uint_gt(truth_forgotten().of_periods, 100);
    trade(50, false);
    proxy.mood = SHUT; /* for longer than frames are kept */
    trade(3 * PHG_HISTORY_FRAMES, true);
    wait_for_step();
    ck_assert_uint_gt(seen.losses[PHC_LOSS_NOT_KEPT], 0);
    start_again(2);
    wait_for_step();
    ck_assert_uint_gt(seen.losses[PHC_LOSS_EPOCH], 0);
    proxy.mood = FAULTY;
    trade(steps, false);
    start_again(3);
    trade(steps / 2, false);
    wait_for_step();
    /* The proxy changed nothing so far: a checksum that does not hold would be the gateway's
       fault. */
    ck_assert_uint_eq(seen.losses[PHC_LOSS_CHECKSUM], 0);
    alter_levels();
    ck_assert(truth_trades().told > truth_trades().in_holes / 2);
    ck_assert_uint_gt(seen.trade_gaps, 0);
}

START_TEST(a_client_always_comes_back)
{
    phc_key client_key, front, server;
    rng_state = (uint64_t)environment("PH_SEED", _i);
    ck_assert_int_eq(phc_key_generate("client", &client_key), PHC_OK);
    ck_assert_int_eq(phc_key_generate("front", &front), PHC_OK);
    ck_assert_int_eq(phc_key_generate("server", &server), PHC_OK);
    memcpy(server_keys.curve_public.b, server.curve_public, 32);
    memcpy(server_keys.curve_secret, server.curve_secret, 32);
    context = zmq_ctx_new();
    set_up_market(client_key.curve_public);
    ck_assert_int_eq(phg_zap_open(context, &zap), PH_OK);
    open_door("tcp://127.0.0.1:*", 1);
    open_proxy(&front, &client_key);
    open_client(&client_key, &front);
    wait_for_step();
    run_rounds();
    printf("candles forgotten: %llu of products, %llu of periods\n",
           (unsigned long long)truth_forgotten().of_product,
           (unsigned long long)truth_forgotten().of_periods);
    printf("trades: %llu told, %llu not seen in holes\n", (unsigned long long)truth_trades().told,
           (unsigned long long)truth_trades().in_holes);
    printf("altered: %llu changes, %llu snapshots\n",
           (unsigned long long)proxy.altered[ALTER_CHANGE],
           (unsigned long long)proxy.altered[ALTER_SNAPSHOT]);
    printf("trades of which none may be missing: %llu, %llu, %llu; %llu gaps were noticed\n",
           (unsigned long long)truth_tape_number(1), (unsigned long long)truth_tape_number(2),
           (unsigned long long)truth_tape_number(3), (unsigned long long)seen.trade_gaps);
    printf("%llu books; frames: %llu passed, %llu lost, %llu doubled, %llu late; noticed: %llu "
           "gaps, %llu not kept, %llu checksums, %llu epochs, %llu silences, %llu busy\n",
           (unsigned long long)seen.books, (unsigned long long)proxy.passed,
           (unsigned long long)proxy.lost, (unsigned long long)proxy.doubled,
           (unsigned long long)proxy.delayed, (unsigned long long)seen.losses[PHC_LOSS_GAP],
           (unsigned long long)seen.losses[PHC_LOSS_NOT_KEPT],
           (unsigned long long)seen.losses[PHC_LOSS_CHECKSUM],
           (unsigned long long)seen.losses[PHC_LOSS_EPOCH],
           (unsigned long long)seen.losses[PHC_LOSS_SILENCE],
           (unsigned long long)seen.losses[PHC_LOSS_BUSY]);
    phc_close(client);
    release_held(true);
    (void)zmq_close(proxy.up);
    (void)zmq_close(proxy.down);
    (void)zmq_ctx_term(proxy.context);
    phg_market_data_close(door);
    phg_zap_close(zap);
    (void)zmq_ctx_term(context);
    phg_replica_release(&replica);
    for (uint32_t i = 0; i < record_cnt; i++)
        free(records[i].bytes);
    world_free(&w);
    truth_forget();
    truth_forget_candles();
    truth_forget_trades();
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 900);
    tcase_add_loop_test(t, a_client_always_comes_back, 0,
                        getenv("PH_SEED") != NULL ? 1 : environment("PH_SEEDS", 1));
}

int main(void)
{
    return suite_run("follow", add);
}
