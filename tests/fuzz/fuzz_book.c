/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_book.c - the books that a customer's program keeps from market data frames.

    Odd first byte: the rest is frames as they come, each behind two bytes of its size.  Even: the
    rest chooses rows of few values, so that they meet, and frames are made of them.  Whatever was
    taken, a second book that is told what the first one shows has the same checksum: what was added
    and taken away row by row is what is there. */
#include "clients/lib/market_book.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 32768 };

/* ---- Rows of a frame that is made ------------------------------------------------------------ */

/* Lists of pointers, as protobuf-c wants them; the rows lie in one block. */
static void *lists[9][ROWS_MAX];
static uint8_t rows[ROWS_MAX * 128];
static size_t rows_size;

static void *put_row(const void *row, size_t size)
{
    if (size > sizeof rows - rows_size) abort(); /* too small for what is made here */
    void *at = rows + rows_size;
    memcpy(at, row, size);
    rows_size += (size + 15) / 16 * 16;
    return at;
}

static Petahour__V1__MarketDataFrame empty_frame(void)
{
    Petahour__V1__MarketDataFrame f;
    petahour__v1__market_data_frame__init(&f);
    rows_size = 0;
    f.product = 1;
    f.levels = (Petahour__V1__DepthLevels **)lists[0];
    f.blocks = (Petahour__V1__BlockDepth **)lists[1];
    f.statistics = (Petahour__V1__PeriodStatistics **)lists[2];
    f.candles = (Petahour__V1__Candle **)lists[3];
    f.sites = (Petahour__V1__SiteMeasurement **)lists[4];
    f.probes = (Petahour__V1__ProbeMeasurement **)lists[5];
    f.grade_products = (Petahour__V1__GradeProduct **)lists[6];
    f.phases = (Petahour__V1__PhaseChange **)lists[7];
    f.best_prices = (Petahour__V1__BestPrices **)lists[8];
    return f;
}

static void add_prices(Petahour__V1__MarketDataFrame *f, const phc_best_prices *b)
{
    Petahour__V1__BestPrices r;
    petahour__v1__best_prices__init(&r);
    r.first_period = b->first_period;
    r.periods = b->periods;
    r.bid = b->bid;
    r.bid_quantity = b->bid_quantity;
    r.ask = b->ask;
    r.ask_quantity = b->ask_quantity;
    if (f->n_best_prices < ROWS_MAX) f->best_prices[f->n_best_prices++] = put_row(&r, sizeof r);
}

static void add_level(Petahour__V1__MarketDataFrame *f, uint32_t first, uint32_t periods,
                      uint32_t side, phc_level level)
{
    Petahour__V1__DepthLevels r;
    petahour__v1__depth_levels__init(&r);
    r.first_period = first;
    r.periods = periods;
    r.side = (Petahour__V1__Side)side;
    r.price = level.price;
    r.quantity = level.quantity;
    if (f->n_levels < ROWS_MAX) f->levels[f->n_levels++] = put_row(&r, sizeof r);
}

static void add_block(Petahour__V1__MarketDataFrame *f, const phc_block_depth *b)
{
    Petahour__V1__BlockDepth r;
    petahour__v1__block_depth__init(&r);
    r.side = (Petahour__V1__Side)b->side;
    r.shape = (Petahour__V1__Shape)b->shape;
    r.all_or_none = b->all_or_none;
    r.first_period = b->first_period;
    r.periods = b->periods;
    r.duration = b->duration;
    r.price = b->price;
    r.units = b->units;
    if (f->n_blocks < ROWS_MAX) f->blocks[f->n_blocks++] = put_row(&r, sizeof r);
}

static void add_statistics(Petahour__V1__MarketDataFrame *f, const phc_period_statistics *s,
                           uint32_t periods)
{
    Petahour__V1__PeriodStatistics r;
    petahour__v1__period_statistics__init(&r);
    r.first_period = s->period;
    r.periods = periods;
    r.last = s->last;
    r.high = s->high;
    r.low = s->low;
    r.volume = s->volume;
    r.average_price = s->average_price;
    r.open_interest = s->open_interest;
    if (f->n_statistics < ROWS_MAX) f->statistics[f->n_statistics++] = put_row(&r, sizeof r);
}

/* Of each of the periods; of none: of all together. */
static void add_candle(Petahour__V1__MarketDataFrame *f, const phc_candle *k, uint32_t first,
                       uint32_t periods)
{
    Petahour__V1__Candle r;
    petahour__v1__candle__init(&r);
    r.interval_seconds = k->interval_seconds;
    r.start = k->start;
    r.open = k->open;
    r.high = k->high;
    r.low = k->low;
    r.close = k->close;
    r.volume = k->volume;
    r.average_price = k->average_price;
    r.trades = k->trades;
    r.first_period = first;
    r.periods = periods;
    if (f->n_candles < ROWS_MAX) f->candles[f->n_candles++] = put_row(&r, sizeof r);
}

static void add_site(Petahour__V1__MarketDataFrame *f, const phc_site_figures *s)
{
    Petahour__V1__SiteMeasurement r;
    petahour__v1__site_measurement__init(&r);
    r.site = s->site;
    r.measured_at = s->measured_at;
    r.pue_ppm = s->pue_ppm;
    r.cue_ppm = s->cue_ppm;
    r.wue_ppm = s->wue_ppm;
    r.green_grade = s->green_grade;
    if (f->n_sites < ROWS_MAX) f->sites[f->n_sites++] = put_row(&r, sizeof r);
}

static void add_network(Petahour__V1__MarketDataFrame *f, const phc_network_figures *n)
{
    Petahour__V1__ProbeMeasurement r;
    petahour__v1__probe_measurement__init(&r);
    r.region = put_row(n->region, strlen(n->region) + 1);
    r.site = n->site;
    r.measured_at = n->measured_at;
    r.rtt_us = n->rtt_us;
    r.bandwidth_mbps = n->bandwidth_mbps;
    r.reachable_ppm = n->reachable_ppm;
    if (f->n_probes < ROWS_MAX) f->probes[f->n_probes++] = put_row(&r, sizeof r);
}

static void add_member(Petahour__V1__MarketDataFrame *f, uint32_t product, bool left)
{
    Petahour__V1__GradeProduct r;
    petahour__v1__grade_product__init(&r);
    r.product = product;
    r.left = left;
    if (f->n_grade_products < ROWS_MAX)
        f->grade_products[f->n_grade_products++] = put_row(&r, sizeof r);
}

static Petahour__V1__Totals *totals_of(const phc_totals *t)
{
    Petahour__V1__Totals r;
    petahour__v1__totals__init(&r);
    r.trades = t->trades;
    r.volume = t->volume;
    r.average_price = t->average_price;
    r.pflops_hour_fp16 = t->pflops_hour[0];
    r.pflops_hour_fp32 = t->pflops_hour[1];
    r.pflops_hour_fp64 = t->pflops_hour[2];
    return put_row(&r, sizeof r);
}

static void set_totals(Petahour__V1__MarketDataFrame *f, const phc_market_totals *t)
{
    Petahour__V1__MarketTotals r;
    petahour__v1__market_totals__init(&r);
    r.compute_type = (Petahour__V1__ComputeType)t->compute_type;
    r.region = put_row(t->region, strlen(t->region) + 1);
    r.products = t->products;
    r.open_interest = t->open_interest;
    r.day = t->day;
    r.of_day = totals_of(&t->of_day);
    r.ever = totals_of(&t->ever);
    f->totals = put_row(&r, sizeof r);
}

/* ---- Books ----------------------------------------------------------------------------------- */

/* As a gateway would send it: packed, and read again. */
static phc_status take(phc_market_book *b, const Petahour__V1__MarketDataFrame *made)
{
    size_t size = petahour__v1__market_data_frame__get_packed_size(made);
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL) abort();
    (void)petahour__v1__market_data_frame__pack(made, bytes);
    Petahour__V1__MarketDataFrame *f = petahour__v1__market_data_frame__unpack(NULL, size, bytes);
    if (f == NULL) abort();
    phc_status s = phc_market_book_take(b, f);
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
    free(bytes);
    return s;
}

static void check_levels(const phc_level *v, size_t cnt, bool is_bid)
{
    for (size_t i = 0; i < cnt; i++) {
        if (v[i].quantity == 0 || v[i].price <= 0) abort();
        if (i > 0 && (is_bid ? v[i - 1].price <= v[i].price : v[i - 1].price >= v[i].price))
            abort();
    }
}

static void check_order(const phc_book *k)
{
    for (size_t i = 0; i < k->period_cnt; i++) {
        const phc_period_depth *p = &k->periods[i];
        if (i > 0 && k->periods[i - 1].period >= p->period) abort();
        if (p->bid_cnt + p->ask_cnt == 0) abort();
        check_levels(p->bids, p->bid_cnt, true);
        check_levels(p->asks, p->ask_cnt, false);
    }
    for (size_t i = 0; i < k->best_price_cnt; i++) {
        const phc_best_prices *b = &k->best_prices[i];
        if (i > 0 && b[-1].first_period >= b->first_period) abort();
        if (b->periods != 1 || (b->bid == 0 && b->ask == 0)) abort();
    }
    for (size_t i = 1; i < k->statistics_cnt; i++)
        if (k->statistics[i - 1].period >= k->statistics[i].period) abort();
    for (size_t i = 1; i < k->grade_product_cnt; i++)
        if (k->grade_products[i - 1] >= k->grade_products[i]) abort();
    if (k->totals != NULL && k->totals->compute_type != 0 &&
        phc_compute_type_text(k->totals->compute_type) == NULL)
        abort();
    if (k->phase != 0 && phc_phase_text(k->phase) == NULL) abort();
}

/* All that the book shows, as one frame. */
static Petahour__V1__MarketDataFrame told_again(const phc_book *k, uint32_t product)
{
    Petahour__V1__MarketDataFrame f = empty_frame();
    f.product = product;
    for (size_t i = 0; i < k->best_price_cnt; i++)
        add_prices(&f, &k->best_prices[i]);
    for (size_t i = 0; i < k->period_cnt; i++) {
        const phc_period_depth *p = &k->periods[i];
        for (size_t n = 0; n < p->bid_cnt; n++)
            add_level(&f, p->period, 1, PHC_BUY, p->bids[n]);
        for (size_t n = 0; n < p->ask_cnt; n++)
            add_level(&f, p->period, 1, PHC_SELL, p->asks[n]);
    }
    for (size_t i = 0; i < k->block_cnt; i++)
        add_block(&f, &k->blocks[i]);
    for (size_t i = 0; i < k->statistics_cnt; i++)
        add_statistics(&f, &k->statistics[i], 1);
    for (size_t i = 0; i < k->candle_cnt; i++)
        add_candle(&f, &k->candles[i], 0, 0);
    for (size_t i = 0; i < k->period_candle_cnt; i++)
        for (size_t n = 0; n < k->period_candles[i].candle_cnt; n++)
            add_candle(&f, &k->period_candles[i].candles[n], k->period_candles[i].period, 1);
    for (size_t i = 0; i < k->site_cnt; i++)
        add_site(&f, &k->sites[i]);
    for (size_t i = 0; i < k->network_cnt; i++)
        add_network(&f, &k->networks[i]);
    for (size_t i = 0; i < k->grade_product_cnt; i++)
        add_member(&f, k->grade_products[i], false);
    if (k->totals != NULL) set_totals(&f, k->totals);
    return f;
}

static void check(const phc_market_book *b, uint32_t product)
{
    phc_book shown, again;
    phc_market_book second = {0};
    phc_market_book_view(b, &shown);
    check_order(&shown);
    size_t cnt = shown.block_cnt + shown.statistics_cnt + shown.candle_cnt + shown.site_cnt +
                 shown.network_cnt + shown.grade_product_cnt + shown.best_price_cnt;
    for (size_t i = 0; i < shown.period_cnt; i++)
        cnt += shown.periods[i].bid_cnt + shown.periods[i].ask_cnt;
    for (size_t i = 0; i < shown.period_candle_cnt; i++)
        cnt += shown.period_candles[i].candle_cnt;
    if (cnt > ROWS_MAX / 4) return; /* runs of periods; what fits is enough */
    const Petahour__V1__MarketDataFrame f = told_again(&shown, product);
    if (take(&second, &f) != PHC_OK) abort();
    phc_market_book_view(&second, &again);
    if (again.checksum != shown.checksum || again.period_cnt != shown.period_cnt ||
        again.block_cnt != shown.block_cnt || again.candle_cnt != shown.candle_cnt ||
        again.period_candle_cnt != shown.period_candle_cnt ||
        again.best_price_cnt != shown.best_price_cnt)
        abort();
    phc_market_book_release(&second);
}

/* ---- Input ----------------------------------------------------------------------------------- */

static const uint8_t *p, *end;

static uint32_t below(uint32_t n)
{
    return p < end ? *p++ % n : 0;
}

/* Often small, now and then anything. */
static uint64_t number(void)
{
    uint64_t v = below(8);
    if (v != 7) return v;
    for (int i = 0; i < 8; i++)
        v = v << 8 | below(256);
    return v;
}

static void add_row(Petahour__V1__MarketDataFrame *f)
{
    static const uint32_t intervals[] = {60, 3600, 86400, 61};
    phc_site_figures site = {.site = below(4), .measured_at = number(), .pue_ppm = below(3)};
    phc_network_figures network = {.region = {(char)('a' + below(3))}, .site = below(4)};
    phc_best_prices prices = {.first_period = (uint32_t)number(), .periods = below(12)};
    phc_market_totals totals = {
        .compute_type = below(6), .products = below(4), .ever = {.volume = number()}};
    switch (below(10)) {
    case 0:
    case 1:
        add_level(f, (uint32_t)number(), 1 + below(12), below(4),
                  (phc_level){(int64_t)number(), number()});
        break;
    case 2:
        add_block(f, &(phc_block_depth){.side = below(4),
                                        .shape = below(5),
                                        .first_period = below(3),
                                        .price = below(3),
                                        .units = number()});
        break;
    case 3:
        add_statistics(f, &(phc_period_statistics){(uint32_t)number(), 1, 2, 3, number(), 4, 5},
                       below(12));
        break;
    case 4:
        for (uint64_t start = number(), cnt = below(256); cnt > 0; cnt--)
            add_candle(f,
                       &(phc_candle){.interval_seconds = intervals[below(4)],
                                     .start = start++,
                                     .volume = below(3)},
                       below(2) * below(8), below(2) * below(8));
        break;
    case 5: add_site(f, &site); break;
    case 6: add_network(f, &network); break;
    case 7: add_member(f, below(5), below(2) == 0); break;
    case 8:
        prices.bid = (int64_t)below(3);
        prices.bid_quantity = (uint64_t)prices.bid;
        prices.ask = (int64_t)number();
        prices.ask_quantity = prices.ask == 0 ? 0 : 1;
        add_prices(f, &prices);
        break;
    default: set_totals(f, &totals);
    }
}

static void take_made(phc_market_book *b)
{
    while (p < end) {
        Petahour__V1__MarketDataFrame f = empty_frame();
        Petahour__V1__PhaseChange phase;
        petahour__v1__phase_change__init(&phase);
        for (uint32_t cnt = 1 + below(6); cnt > 0 && p < end; cnt--)
            add_row(&f);
        if (below(4) == 0) f.closed_before = below(10);
        Petahour__V1__CandlesDropped dropped, *all_dropped[] = {&dropped};
        petahour__v1__candles_dropped__init(&dropped);
        dropped.interval_seconds = below(3) == 0 ? 3600 : 60;
        dropped.before = number();
        if (below(4) == 0) f.candles_dropped = all_dropped;
        f.n_candles_dropped = f.candles_dropped != NULL;
        if (below(4) == 0) {
            phase.phase = (Petahour__V1__Phase)below(6);
            f.phases[f.n_phases++] = &phase;
        }
        if (take(b, &f) != PHC_OK) return;
        check(b, 1);
    }
}

static void take_raw(phc_market_book *b)
{
    while (end - p > 2) {
        size_t size = (size_t)p[0] | (size_t)p[1] << 8;
        p += 2;
        if (size > (size_t)(end - p)) size = (size_t)(end - p);
        Petahour__V1__MarketDataFrame *f = petahour__v1__market_data_frame__unpack(NULL, size, p);
        p += size;
        if (f == NULL) return;
        f->product = 1; /* a book is of one product */
        phc_status s = phc_market_book_take(b, f);
        petahour__v1__market_data_frame__free_unpacked(f, NULL);
        if (s != PHC_OK) return;
        check(b, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    phc_market_book b = {0};
    if (size == 0) return 0;
    p = bytes + 1;
    end = bytes + size;
    if (bytes[0] % 2 == 0)
        take_made(&b);
    else
        take_raw(&b);
    phc_market_book_release(&b);
    return 0;
}
