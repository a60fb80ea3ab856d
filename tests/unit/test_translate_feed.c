/* SPDX-License-Identifier: Apache-2.0 */
/* long: a frame of each kind, and what a client must read in it */
/* Golden frames of market data: what each kind of frame looks like on the wire, and that the client
   library reads every field of it.

   tests/golden/frames/market_data.txt has one line per frame: its name and the payload, in
   hexadecimal.  A line is added for a new frame and never edited.

   PH_GOLDEN_WRITE=1 appends the lines that are missing. */
#include "clients/lib/decode.h"
#include "clients/lib/market_book.h"
#include "gateway/replica/book_sum.h"
#include "gateway/translate/translate.h"
#include "gateway/translate/translate_prices.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192 };

typedef Petahour__V1__MarketDataFrame market_data_frame;

static phg_picture picture_of(phg_stream_kind kind)
{
    return (phg_picture){
        .stream = kind, .product = {42}, .number = 5, .epoch = UINT64_MAX, .seq = 1234};
}

static phg_picture write_prices(void)
{
    static const ph_segment segments[] = {{{1, 2}, 3, 4}, {{5, 6}, 7, 8}};
    static const phg_public_trade trades[] = {{{1}, {2}, PH_SIDE_BUY, segments, 2, 0},
                                              {{2}, {3}, PH_SIDE_SELL, segments, 1, 0}};
    static const phg_run runs[] = {{{9, 10}, {11, 12, 13, 14}}};
    phg_picture p = picture_of(PHG_STREAM_PRICES);
    p.trades = trades;
    p.trade_cnt = 2;
    p.runs = runs;
    p.run_cnt = 1;
    p.phase = PH_PHASE_CALL;
    return p;
}

static void check_prices(const market_data_frame *f)
{
    phc_segments room = {0};
    phc_public_trade t;
    phc_best_prices b;
    ck_assert(phc_decode_public_trade(f->trades[0], f->product, &room, &t));
    ck_assert(t.trade == 1 && t.at == 2 && t.taker == PHC_BUY && t.segment_cnt == 2);
    ck_assert(t.segments[1].price == 8 && f->n_trades == 2 && f->product == 42);
    phc_decode_best_prices(f->best_prices[0], f->product, &b);
    ck_assert(b.first_period == 9 && b.periods == 10 && b.bid == 11 && b.ask == 12);
    ck_assert(b.bid_quantity == 13 && b.ask_quantity == 14);
    ck_assert(f->phases[0]->phase == PETAHOUR__V1__PHASE__PHASE_CALL);
    free(room.v);
}

/* Part of a snapshot of prices, and the last one. */
static phg_picture write_prices_part(void)
{
    phg_picture p = write_prices();
    p.trade_cnt = 0;
    p.answer = PHG_ANSWER_SNAPSHOT;
    p.more = true;
    return p;
}

static void check_prices_part(const market_data_frame *f)
{
    ck_assert(f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT && f->more);
    ck_assert(f->n_trades == 0 && f->n_best_prices == 1 && f->checksum == 0);
}

static phg_picture write_prices_book(void)
{
    static const phg_run runs[] = {{{498912, 2}, {90, 100, 7, 8}}, {{498914, 1}, {0, 110, 0, 9}}};
    phg_picture p = picture_of(PHG_STREAM_PRICES);
    p.runs = runs;
    p.run_cnt = 2;
    p.phase = PH_PHASE_OPEN;
    p.answer = PHG_ANSWER_SNAPSHOT;
    for (uint32_t i = 0; i < 2; i++)
        p.checksum += phg_sum_best(498912 + i, &runs[0].best);
    p.checksum += phg_sum_best(498914, &runs[1].best);
    return p;
}

static void check_prices_book(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    ck_assert(v.best_price_cnt == 3 && v.checksum == f->checksum && v.checksum != 0);
    ck_assert(v.phase == PHC_PHASE_OPEN);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert(v.best_prices[i].first_period == 498912 + i && v.best_prices[i].periods == 1 &&
                  v.best_prices[i].product == 42);
    ck_assert(v.best_prices[1].bid == 90 && v.best_prices[1].bid_quantity == 7);
    ck_assert(v.best_prices[2].bid == 0 && v.best_prices[2].ask == 110 &&
              v.best_prices[2].ask_quantity == 9);
    phc_market_book_release(&b);
}

/* A snapshot says how many trades there were. */
static phg_picture write_prices_traded(void)
{
    phg_picture p = write_prices_book();
    p.trades_so_far = 300;
    return p;
}

static void check_prices_traded(const market_data_frame *f)
{
    ck_assert(f->trades_so_far == 300 && f->n_best_prices == 2 && f->n_trades == 0);
    check_prices_book(f);
}

/* Trades 41 and 42 of a product, as they are kept. */
static phg_picture write_trades(void)
{
    static uint8_t kept[256];
    static const ph_event events[] = {
        {.kind = PH_EVT_TRADE,
         .u.trade = {.trade = {1000}, .taker = PH_SIDE_SELL, .segment_cnt = 2}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{498912, 2}, 3, 4000000}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{498915, 1}, 5, 6000000}},
        {.kind = PH_EVT_TRADE,
         .u.trade = {.trade = {1002}, .taker = PH_SIDE_BUY, .segment_cnt = 1}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{498912, 24}, 7, 8000000}},
    };
    phg_picture p = picture_of(PHG_STREAM_TRADES);
    p.number = 42;
    p.tape = (phg_bytes){kept, 0};
    for (uint32_t i = 0; i < 2; i++)
        p.tape.size += phg_write_trade(kept + p.tape.size, 41 + i,
                                       (ph_time){1796083200000000000u + i}, &events[3 * i]);
    return p;
}

static void check_trades(const market_data_frame *f)
{
    phc_segments room = {0};
    phc_public_trade t;
    ck_assert(f->n_trades == 2 && f->stream_number == 42 && f->checksum == 0);
    ck_assert(phc_decode_public_trade(f->trades[0], f->product, &room, &t));
    ck_assert(t.number == 41 && t.trade == 1000 && t.taker == PHC_SELL && t.segment_cnt == 2);
    ck_assert(t.segments[1].first_period == 498915 && t.segments[1].price == 6000000);
    ck_assert(phc_decode_public_trade(f->trades[1], f->product, &room, &t));
    ck_assert(t.number == 42 && t.trade == 1002 && t.taker == PHC_BUY && t.segment_cnt == 1);
    ck_assert(t.segments[0].periods == 24 && t.segments[0].quantity == 7 && t.product == 42);
    free(room.v);
}

static phg_picture write_depth(void)
{
    static const phg_level_run levels[] = {{PH_SIDE_BUY, {498912, 2}, 90, 7},
                                           {PH_SIDE_BUY, {498912, 1}, 95, 1},
                                           {PH_SIDE_SELL, {498913, 1}, 100, 8}};
    static const phg_block_told blocks[] = {
        {{PH_SIDE_SELL, PH_SHAPE_FLEX, true, {498912, 48}, 24, 80}, 3}};
    phg_picture p = picture_of(PHG_STREAM_DEPTH);
    p.levels = levels;
    p.level_cnt = 3;
    p.blocks = blocks;
    p.block_cnt = 1;
    p.closed_before = 498912;
    p.checksum = UINT64_C(0x0123456789abcdef);
    return p;
}

static void check_depth(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    ck_assert(v.period_cnt == 2 && v.periods[0].period == 498912 && v.periods[0].bid_cnt == 2);
    ck_assert(v.periods[0].bids[0].price == 95 && v.periods[0].bids[1].quantity == 7);
    ck_assert(v.periods[1].bid_cnt == 1 && v.periods[1].ask_cnt == 1);
    ck_assert(v.periods[1].asks[0].price == 100 && v.periods[1].asks[0].quantity == 8);
    const phc_block_depth *k = &v.blocks[0];
    ck_assert(v.block_cnt == 1 && k->side == PHC_SELL && k->shape == PHC_FLEX && k->all_or_none);
    ck_assert(k->first_period == 498912 && k->periods == 48 && k->duration == 24);
    ck_assert(k->price == 80 && k->units == 3);
    ck_assert(f->stream_number == 5 && f->epoch == UINT64_MAX && f->sequence == 1234 && !f->more);
    ck_assert(f->checksum == UINT64_C(0x0123456789abcdef) && f->closed_before == 498912);
    phc_market_book_release(&b);
}

static phg_picture write_statistics(void)
{
    static const phg_statistics_run runs[] = {
        {{498912, 3},
         {.last = 5, .high = 7, .low = 3, .volume = 20, .notional = 99, .open_interest = 18}}};
    phg_picture p = picture_of(PHG_STREAM_STATISTICS);
    p.statistics = runs;
    p.statistics_cnt = 1;
    p.phase = PH_PHASE_HALTED;
    p.reference = 6;
    p.checksum = 1;
    return p;
}

static void check_statistics(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    const phc_period_statistics *s = &v.statistics[2];
    ck_assert(v.statistics_cnt == 3 && s->period == 498914 && s->last == 5 && s->high == 7);
    ck_assert(s->low == 3 && s->volume == 20 && s->average_price == 4 && s->open_interest == 18);
    ck_assert(v.phase == PHC_PHASE_HALTED && v.reference_price == 6);
    phc_market_book_release(&b);
}

static phg_picture write_candles(void)
{
    static const phg_candle_told candles[] = {
        {60,
         {0},
         {.start = 1796083200,
          .open = 5,
          .high = 7,
          .low = 3,
          .close = 4,
          .volume = 20,
          .trades = 2,
          .notional = 99}},
        {86400, {0}, {.start = 1796083200, .volume = 20, .trades = 2, .notional = 99}}};
    phg_picture p = picture_of(PHG_STREAM_CANDLES);
    p.candles = candles;
    p.candle_cnt = 2;
    p.checksum = 1;
    return p;
}

static void check_candles(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    const phc_candle *k = &v.candles[0];
    ck_assert(v.candle_cnt == 2 && k->interval_seconds == 60 && k->start == 1796083200);
    ck_assert(k->open == 5 && k->high == 7 && k->low == 3 && k->close == 4 && k->volume == 20);
    ck_assert(k->average_price == 4 && k->trades == 2 && v.candles[1].interval_seconds == 86400);
    phc_market_book_release(&b);
}

static phg_picture write_period_candles(void)
{
    static const phg_candle_told candles[] = {
        {60,
         {498912, 3},
         {.start = 1796083200,
          .open = 5,
          .high = 7,
          .low = 3,
          .close = 4,
          .volume = 20,
          .trades = 2,
          .notional = 99}},
        {86400, {498913, 1}, {.start = 1796083200, .volume = 20, .trades = 2, .notional = 99}}};
    phg_picture p = picture_of(PHG_STREAM_PERIOD_CANDLES);
    p.candles = candles;
    p.candle_cnt = 2;
    p.dropped[0] = (phg_candles_dropped){60, 1796083140};
    p.dropped_cnt = 1;
    p.closed_before = 498912;
    for (uint32_t t = 498912; t < 498915; t++)
        p.checksum += phg_sum_period_candle(t, 60, &candles[0].candle);
    p.checksum += phg_sum_period_candle(498913, 86400, &candles[1].candle);
    return p;
}

/* The same candle in every period of a run; what began before, and periods that closed, go. */
static void check_period_candles(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    market_data_frame before;
    Petahour__V1__Candle old, *olds[] = {&old};
    petahour__v1__market_data_frame__init(&before);
    before.candles = olds;
    before.n_candles = 1;
    for (uint32_t i = 0; i < 2; i++) {
        petahour__v1__candle__init(&old);
        old.interval_seconds = 60;
        old.start = i == 0 ? 1796083200 : 1796083080;
        old.first_period = i == 0 ? 498911 : 498913;
        old.periods = i == 0 ? 1 : 3;
        old.volume = old.trades = 1;
        ck_assert_int_eq(phc_market_book_take(&b, &before), PHC_OK);
    }
    phc_market_book_view(&b, &v);
    ck_assert(v.period_candle_cnt == 4 && v.candle_cnt == 0);
    for (int i = 0; i < 2; i++) /* told again it says the same */
        ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    ck_assert(v.period_candle_cnt == 3 && v.candle_cnt == 0 && v.checksum == f->checksum);
    ck_assert(v.period_candles[0].period == 498912 && v.period_candles[0].candle_cnt == 1);
    ck_assert(v.period_candles[1].period == 498913 && v.period_candles[1].candle_cnt == 2);
    const phc_candle *k = v.period_candles[1].candles;
    ck_assert(k[0].interval_seconds == 60 && k[0].start == 1796083200 && k[0].open == 5);
    ck_assert(k[0].high == 7 && k[0].low == 3 && k[0].close == 4 && k[0].volume == 20);
    ck_assert(k[0].average_price == 4 && k[0].trades == 2 && k[1].interval_seconds == 86400);
    phc_market_book_release(&b);
}

/* More candles than a gateway has are not taken, nor runs that end behind the last period. */
START_TEST(too_many_period_candles_are_corrupt)
{
    const struct {
        uint32_t first, periods;
        phc_status status;
    } runs[] = {{5, PHC_PERIOD_CANDLES_KEPT, PHC_OK},
                {UINT32_MAX - 3, 1, PHC_ECORRUPT},
                {5, 1, PHC_OK},
                {5, PHC_PERIOD_CANDLES_KEPT + 1, PHC_ECORRUPT},
                {UINT32_MAX, 2, PHC_ECORRUPT},
                {5, 0, PHC_ECORRUPT}};
    ck_assert_int_eq(PHC_PERIOD_CANDLES_KEPT, PHG_PERIOD_CANDLES_MAX);
    phc_market_book b = {0};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        Petahour__V1__Candle m, *candles[] = {&m};
        market_data_frame f;
        petahour__v1__market_data_frame__init(&f);
        petahour__v1__candle__init(&m);
        f.candles = candles;
        f.n_candles = 1;
        m.interval_seconds = 3600;
        m.first_period = runs[i].first;
        m.periods = runs[i].periods;
        ck_assert_int_eq(phc_market_book_take(&b, &f), runs[i].status);
    }
    phc_market_book_release(&b);
}
END_TEST

static phg_overview_totals totals_of(void)
{
    return (phg_overview_totals){.products = 2,
                                 .open_interest = 30,
                                 .day_start = 1796083200,
                                 .day = {.trades = 1, .volume = 4, .notional = 10},
                                 .ever = {.trades = 3,
                                          .volume = 20,
                                          .notional = 99,
                                          .rated = {99, 50, 0},
                                          .work = {3600000000, 1800000000, 0}}};
}

static phg_picture write_type(void)
{
    static phg_overview_totals totals;
    totals = totals_of();
    totals.compute_type = PH_COMPUTE_AI;
    phg_picture p = picture_of(PHG_STREAM_TYPE);
    p.product.v = PH_COMPUTE_AI;
    p.totals = &totals;
    p.checksum = phg_sum_totals(PH_COMPUTE_AI, &totals);
    return p;
}

static void check_type(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    const phc_market_totals *t = v.totals;
    ck_assert(t->compute_type == PHC_AI && t->region[0] == '\0' && t->products == 2);
    ck_assert(t->open_interest == 30 && t->day == 1796083200 && t->of_day.trades == 1);
    ck_assert(t->of_day.volume == 4 && t->of_day.average_price == 2 && t->ever.trades == 3);
    ck_assert(t->ever.pflops_hour[0] == 99 && t->ever.pflops_hour[1] == 100);
    ck_assert(t->ever.pflops_hour[2] == 0 && t->of_day.pflops_hour[0] == 0);
    ck_assert(v.checksum == f->checksum);
    phc_market_book_release(&b);
}

static phg_picture write_region(void)
{
    static phg_overview_totals totals;
    static const phg_site_told sites[] = {
        {{7}, {{7}, {99}, 1100000, 20000, 30000, 2, {{0}}}, 1100000},
        {{9}, {.site = {0}}, 1200000}};
    static const ph_report_probe probe = {{"gz"}, {7}, {98}, 28000, 10000, 999000, {{0}}};
    static const ph_report_probe *const probes[] = {&probe};
    totals = totals_of();
    totals.region = "ulanqab";
    phg_picture p = picture_of(PHG_STREAM_REGION);
    p.product.v = 7;
    p.totals = &totals;
    p.sites = sites;
    p.site_cnt = 2;
    p.probes = probes;
    p.probe_cnt = 1;
    p.checksum = phg_sum_totals(7, &totals) + phg_sum_site(&sites[0]) + phg_sum_site(&sites[1]) +
                 phg_sum_probe(&probe);
    return p;
}

static void check_region(const market_data_frame *f)
{
    phc_market_book b = {0};
    phc_book v = {.product = 0};
    for (int i = 0; i < 2; i++) /* the same again replaces itself */
        ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    phc_market_book_view(&b, &v);
    ck_assert_str_eq(v.totals->region, "ulanqab");
    const phc_site_figures *s = v.sites;
    ck_assert(v.site_cnt == 2 && s[0].site == 7 && s[0].measured_at == 99 &&
              s[0].pue_ppm == 1100000);
    ck_assert(s[0].cue_ppm == 20000 && s[0].wue_ppm == 30000 && s[0].green_grade == 2);
    ck_assert(s[1].site == 9 && s[1].measured_at == 0 && s[1].pue_ppm == 1200000);
    const phc_network_figures *n = v.networks;
    ck_assert_str_eq(n->region, "gz");
    ck_assert(v.network_cnt == 1 && n->site == 7 && n->measured_at == 98 && n->rtt_us == 28000);
    ck_assert(n->bandwidth_mbps == 10000 && n->reachable_ppm == 999000);
    ck_assert(v.checksum == f->checksum);
    phc_market_book_release(&b);
}

/* A client's book forgets the oldest candle when the gateway does. */
START_TEST(candles_are_forgotten_alike)
{
    phc_market_book b = {0};
    market_data_frame f;
    Petahour__V1__Candle m;
    Petahour__V1__Candle *candles[] = {&m};
    uint64_t sum = 0;
    petahour__v1__market_data_frame__init(&f);
    f.candles = candles;
    f.n_candles = 1;
    for (uint64_t i = 0; i < PHG_CANDLES_KEPT + 5; i++) {
        const uint32_t intervals[] = {86400, 60};
        for (int k = 0; k < 2; k++) {
            petahour__v1__candle__init(&m);
            m.interval_seconds = intervals[k];
            m.start = i * 86400;
            m.volume = m.trades = 1;
            ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_OK);
            phg_candle c = {.start = m.start, .volume = 1, .trades = 1};
            if (i >= 5) sum += phg_sum_candle(m.interval_seconds, &c);
        }
    }
    ck_assert(b.candle_cnt == 2 * PHG_CANDLES_KEPT && b.checksum == sum);
    ck_assert(b.candles[0].start == 5 * 86400 && b.candles[0].interval_seconds == 60);
    ck_assert_int_eq(PHG_CANDLES_KEPT, PHC_CANDLES_KEPT);
    m.start = 0;
    ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_ECORRUPT);
    phc_market_book_release(&b);
}
END_TEST

static phg_picture write_grade(void)
{
    static const phg_member_told members[] = {{{3}, false}, {{7}, false}, {{9}, true}};
    phg_picture p = write_depth();
    p.stream = PHG_STREAM_GRADE;
    p.closed_before = 0;
    p.members = members;
    p.member_cnt = 3;
    return p;
}

static void check_grade(const market_data_frame *f)
{
    ck_assert(f->n_levels == 3 && f->n_blocks == 1 && f->n_grade_products == 3);
    ck_assert(f->grade_products[0]->product == 3 && !f->grade_products[0]->left);
    ck_assert(f->grade_products[2]->product == 9 && f->grade_products[2]->left);
    uint64_t levels = 0;
    phc_market_book b = {0}, depth = {0};
    phc_book view;
    for (int i = 0; i < 2; i++) /* told again it says the same */
        ck_assert_int_eq(phc_market_book_take(&b, f), PHC_OK);
    market_data_frame without = *f;
    without.n_grade_products = 0;
    ck_assert_int_eq(phc_market_book_take(&depth, &without), PHC_OK);
    levels = depth.checksum;
    phc_market_book_view(&b, &view);
    ck_assert(view.grade_product_cnt == 2 && view.grade_products[0] == 3);
    ck_assert_uint_eq(view.checksum - levels, phg_sum_member(f->product, (ph_product_id){3}) +
                                                  phg_sum_member(f->product, (ph_product_id){7}));
    Petahour__V1__GradeProduct gone = *f->grade_products[0], *gone_rows[] = {&gone};
    gone.left = 1;
    without.n_levels = without.n_blocks = 0;
    without.n_grade_products = 1;
    without.grade_products = gone_rows;
    ck_assert_int_eq(phc_market_book_take(&b, &without), PHC_OK);
    phc_market_book_view(&b, &view);
    ck_assert(view.grade_product_cnt == 1 && view.grade_products[0] == 7);
    ck_assert_uint_eq(view.checksum - levels, phg_sum_member(f->product, (ph_product_id){7}));
    phc_market_book_release(&b);
    phc_market_book_release(&depth);
}

static phg_picture write_snapshot_part(void)
{
    phg_picture p = write_depth();
    p.answer = PHG_ANSWER_SNAPSHOT;
    p.more = true;
    p.checksum = 0;
    return p;
}

static void check_snapshot_part(const market_data_frame *f)
{
    ck_assert(f->more && f->checksum == 0 && f->n_levels == 3);
    ck_assert(f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT);
}

static phg_picture write_not_kept(void)
{
    phg_picture p = picture_of(PHG_STREAM_DEPTH);
    p.answer = PHG_ANSWER_NOT_KEPT;
    p.reason = "these frames are not kept any more";
    return p;
}

static void check_not_kept(const market_data_frame *f)
{
    ck_assert(f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_NOT_KEPT);
    ck_assert_str_eq(f->reason, "these frames are not kept any more");
    ck_assert_uint_eq(f->stream_number, 5);
}

static const phg_stream_limits some_limits = {{256, 2048, 1900}, 33, 1 << 19};

static void check_some_limits(const market_data_frame *f)
{
    phc_stream_limits l;
    ck_assert_ptr_nonnull(f->limits);
    phc_decode_stream_limits(f->limits, &l);
    ck_assert(l.answers.per_second == 256 && l.answers.burst == 2048 && l.answers.left == 1900);
    ck_assert(l.named_bytes == 33 && l.named_bytes_max == 1 << 19);
}

static phg_picture write_range_end(void)
{
    phg_picture p = picture_of(PHG_STREAM_DEPTH);
    p.answer = PHG_ANSWER_RANGE_END;
    p.limits = &some_limits;
    return p;
}

static void check_range_end(const market_data_frame *f)
{
    ck_assert(f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END);
    check_some_limits(f);
}

/* Frames of prices are written by hand, but for what is told to one alone. */
static phg_picture write_prices_asked_for(void)
{
    phg_picture p = write_prices_book();
    p.limits = &some_limits;
    return p;
}

static void check_prices_asked_for(const market_data_frame *f)
{
    check_prices_book(f);
    check_some_limits(f);
}

#define ROW(name)                         \
    {                                     \
#name, write_##name, check_##name \
    }

static const struct {
    const char *name;
    phg_picture (*write)(void);
    void (*check)(const market_data_frame *f);
} rows[] = {
    ROW(prices),      ROW(depth),
    ROW(statistics),  ROW(snapshot_part),
    ROW(not_kept),    ROW(candles),
    ROW(type),        ROW(region),
    ROW(grade),       ROW(period_candles),
    ROW(prices_part), ROW(prices_book),
    ROW(range_end),   ROW(prices_asked_for),
    ROW(trades),      ROW(prices_traded),
};
enum { ROW_CNT = sizeof rows / sizeof rows[0] };

static const char *golden_path(void)
{
    const char *path = getenv("PH_GOLDEN_FRAMES");
    ck_assert_msg(path != NULL, "PH_GOLDEN_FRAMES names the file of frames");
    return path;
}

/* The bytes of one frame; 0: it has no line. */
static size_t golden_bytes(const char *name, uint8_t *to, size_t max)
{
    static char line[LINE_MAX_BYTES];
    FILE *f = fopen(golden_path(), "re");
    size_t size = strlen(name), cnt = 0;
    while (f != NULL && cnt == 0 && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, name, size) != 0 || line[size] != ' ') continue;
        cnt = strlen(line + size + 1) / 2;
        ck_assert(cnt <= max && phc_hex_parse(line + size + 1, to, cnt) == PHC_OK);
    }
    if (f != NULL) fclose(f);
    return cnt;
}

static void append_line(const char *name, phg_bytes b)
{
    char hex[LINE_MAX_BYTES];
    FILE *f = fopen(golden_path(), "ae");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s %s\n", name, phc_hex_text(b.p, b.size, hex));
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(every_frame_is_the_same_bytes_for_ever)
{
    phg_translator *translator;
    uint8_t golden[LINE_MAX_BYTES / 2];
    ck_assert_int_eq(phg_translator_open(&translator), PH_OK);
    phg_picture p = rows[_i].write();
    phg_bytes b = phg_translate_picture(translator, &p);
    size_t size = golden_bytes(rows[_i].name, golden, sizeof golden);
    if (size == 0 && getenv("PH_GOLDEN_WRITE") != NULL) append_line(rows[_i].name, b);
    ck_assert_msg(size != 0, "%s has no line in %s", rows[_i].name, golden_path());
    ck_assert_uint_eq(b.size, size);
    ck_assert_mem_eq(b.p, golden, size);
    market_data_frame *f = petahour__v1__market_data_frame__unpack(NULL, size, golden);
    ck_assert_ptr_nonnull(f);
    rows[_i].check(f);
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
    phg_translator_close(translator);
}
END_TEST

/* A customer trusts its gateway, but not with its memory. */
START_TEST(rows_that_no_gateway_sends_are_corrupt)
{
    Petahour__V1__DepthLevels l;
    Petahour__V1__DepthLevels *levels[] = {&l};
    market_data_frame f;
    petahour__v1__market_data_frame__init(&f);
    f.levels = levels;
    f.n_levels = 1;
    const struct {
        uint32_t first, periods;
        int side;
        int64_t price;
    } bad[] = {{1, 0, 1, 1}, {1, UINT32_MAX, 1, 1}, {UINT32_MAX, 2, 1, 1}, {1, 1, 0, 1},
               {1, 1, 3, 1}, {1, 1, 1, 0},          {1, 1, 1, -1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        phc_market_book b = {0};
        petahour__v1__depth_levels__init(&l);
        l.first_period = bad[i].first;
        l.periods = bad[i].periods;
        l.side = (Petahour__V1__Side)bad[i].side;
        l.price = bad[i].price;
        l.quantity = 1;
        ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_ECORRUPT);
        phc_market_book_release(&b);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, every_frame_is_the_same_bytes_for_ever, 0, ROW_CNT);
    tcase_add_test(t, candles_are_forgotten_alike);
    tcase_add_test(t, too_many_period_candles_are_corrupt);
    tcase_add_test(t, rows_that_no_gateway_sends_are_corrupt);
}

int main(void)
{
    return suite_run("translate_feed", add);
}
