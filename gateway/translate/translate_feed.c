/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of the feed to protobuf. */
#include "gateway/translate/translate.h"

#include "engine/base/panic.h"
#include "gateway/translate/translate_buffers.h"
#include "gateway/translate/translate_prices.h"

#include "petahour/v1/market_data.pb-c.h"

typedef struct {
    Petahour__V1__PublicTrade *trades;
    Petahour__V1__Segment *segments;
    Petahour__V1__BestPrices *runs;
    Petahour__V1__DepthLevels *levels;
    Petahour__V1__BlockDepth *blocks;
    Petahour__V1__PeriodStatistics *statistics;
    Petahour__V1__Candle *candles;
    Petahour__V1__SiteMeasurement *sites;
    Petahour__V1__ProbeMeasurement *probes;
    Petahour__V1__GradeProduct *members;
    void **pointers;
} picture_room;

static bool picture_scratch(phg_translator *t, const phg_picture *p, picture_room *ret)
{
    size_t segment_cnt = 0;
    for (uint32_t i = 0; i < p->trade_cnt; i++)
        segment_cnt += p->trades[i].segment_cnt;
    size_t trades = p->trade_cnt * sizeof *ret->trades;
    size_t segments = segment_cnt * sizeof *ret->segments;
    size_t runs = p->run_cnt * sizeof *ret->runs;
    size_t levels = p->level_cnt * sizeof *ret->levels;
    size_t blocks = p->block_cnt * sizeof *ret->blocks;
    size_t statistics = p->statistics_cnt * sizeof *ret->statistics;
    size_t pointers =
        (p->trade_cnt + segment_cnt + p->run_cnt + p->level_cnt + p->block_cnt + p->statistics_cnt +
         p->candle_cnt + p->site_cnt + p->probe_cnt + p->member_cnt) *
        sizeof(void *);
    size_t candles = p->candle_cnt * sizeof *ret->candles;
    size_t sites = p->site_cnt * sizeof *ret->sites;
    size_t probes = p->probe_cnt * sizeof *ret->probes;
    size_t members = p->member_cnt * sizeof *ret->members;
    size_t all = sites + probes + members + trades + segments + runs + levels + blocks +
                 statistics + candles + pointers + 1;
    if (!phg_grow(&t->scratch, &t->scratch_max, all)) return false;
    uint8_t *at = t->scratch;
    ret->pointers = (void **)(void *)at;
    at += pointers;
    ret->trades = (void *)at;
    at += trades;
    ret->segments = (void *)at;
    at += segments;
    ret->runs = (void *)at;
    at += runs;
    ret->levels = (void *)at;
    at += levels;
    ret->blocks = (void *)at;
    at += blocks;
    ret->statistics = (void *)at;
    at += statistics;
    ret->candles = (void *)at;
    at += candles;
    ret->sites = (void *)at;
    at += sites;
    ret->probes = (void *)at;
    at += probes;
    ret->members = (void *)at;
    return true;
}

static void fill_trades(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_trades = p->trade_cnt;
    m->trades = (Petahour__V1__PublicTrade **)room->pointers;
    room->pointers += p->trade_cnt;
    for (uint32_t i = 0; i < p->trade_cnt; i++) {
        const phg_public_trade *from = &p->trades[i];
        Petahour__V1__PublicTrade *to = &room->trades[i];
        petahour__v1__public_trade__init(to);
        to->trade = from->trade.v;
        to->at = from->at.ns;
        to->taker = (Petahour__V1__Side)from->taker;
        to->number = from->number;
        to->n_segments = from->segment_cnt;
        to->segments = (Petahour__V1__Segment **)room->pointers;
        room->pointers += from->segment_cnt;
        for (uint32_t k = 0; k < from->segment_cnt; k++) {
            phg_fill_segment(room->segments, &from->segments[k]);
            to->segments[k] = room->segments++;
        }
        m->trades[i] = to;
    }
}

static void fill_runs(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_best_prices = p->run_cnt;
    m->best_prices = (Petahour__V1__BestPrices **)room->pointers;
    room->pointers += p->run_cnt;
    for (uint32_t i = 0; i < p->run_cnt; i++) {
        const phg_run *from = &p->runs[i];
        Petahour__V1__BestPrices *to = &room->runs[i];
        petahour__v1__best_prices__init(to);
        to->first_period = from->window.first;
        to->periods = from->window.periods;
        to->bid = from->best.bid;
        to->bid_quantity = from->best.bid_quantity;
        to->ask = from->best.ask;
        to->ask_quantity = from->best.ask_quantity;
        m->best_prices[i] = to;
    }
}

static void fill_levels(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_levels = p->level_cnt;
    m->levels = (Petahour__V1__DepthLevels **)room->pointers;
    room->pointers += p->level_cnt;
    for (uint32_t i = 0; i < p->level_cnt; i++) {
        const phg_level_run *from = &p->levels[i];
        Petahour__V1__DepthLevels *to = &room->levels[i];
        petahour__v1__depth_levels__init(to);
        to->first_period = from->window.first;
        to->periods = from->window.periods;
        to->side = (Petahour__V1__Side)from->side;
        to->price = from->price;
        to->quantity = from->quantity;
        m->levels[i] = to;
    }
}

static void fill_blocks(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_blocks = p->block_cnt;
    m->blocks = (Petahour__V1__BlockDepth **)room->pointers;
    room->pointers += p->block_cnt;
    for (uint32_t i = 0; i < p->block_cnt; i++) {
        const phg_block_terms *from = &p->blocks[i].terms;
        Petahour__V1__BlockDepth *to = &room->blocks[i];
        petahour__v1__block_depth__init(to);
        to->side = (Petahour__V1__Side)from->side;
        to->shape = (Petahour__V1__Shape)from->shape;
        to->all_or_none = from->all_or_none;
        to->first_period = from->window.first;
        to->periods = from->window.periods;
        to->duration = from->duration;
        to->price = from->price;
        to->units = p->blocks[i].units;
        m->blocks[i] = to;
    }
}

static void fill_statistics(Petahour__V1__MarketDataFrame *m, const phg_picture *p,
                            picture_room *room)
{
    m->n_statistics = p->statistics_cnt;
    m->statistics = (Petahour__V1__PeriodStatistics **)room->pointers;
    room->pointers += p->statistics_cnt;
    for (uint32_t i = 0; i < p->statistics_cnt; i++) {
        const phg_statistics_run *from = &p->statistics[i];
        Petahour__V1__PeriodStatistics *to = &room->statistics[i];
        petahour__v1__period_statistics__init(to);
        to->first_period = from->window.first;
        to->periods = from->window.periods;
        to->last = from->each.last;
        to->high = from->each.high;
        to->low = from->each.low;
        to->volume = from->each.volume;
        to->average_price = phg_statistics_average(&from->each);
        to->open_interest = from->each.open_interest;
        m->statistics[i] = to;
    }
}

static void fill_candles(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_candles = p->candle_cnt;
    m->candles = (Petahour__V1__Candle **)room->pointers;
    room->pointers += p->candle_cnt;
    for (uint32_t i = 0; i < p->candle_cnt; i++) {
        const phg_candle *from = &p->candles[i].candle;
        Petahour__V1__Candle *to = &room->candles[i];
        petahour__v1__candle__init(to);
        to->interval_seconds = p->candles[i].interval_seconds;
        to->start = from->start;
        to->open = from->open;
        to->high = from->high;
        to->low = from->low;
        to->close = from->close;
        to->volume = from->volume;
        to->average_price = phg_candle_average(from);
        to->trades = from->trades;
        to->first_period = p->candles[i].window.first;
        to->periods = p->candles[i].window.periods;
        m->candles[i] = to;
    }
}

/* The messages of what left, of each interval one. */
typedef struct {
    Petahour__V1__CandlesDropped each[PHG_INTERVALS];
    Petahour__V1__CandlesDropped *pointers[PHG_INTERVALS];
} dropped_room;

static void fill_dropped(Petahour__V1__MarketDataFrame *m, const phg_picture *p, dropped_room *room)
{
    m->n_candles_dropped = p->dropped_cnt;
    m->candles_dropped = room->pointers;
    for (uint32_t i = 0; i < p->dropped_cnt; i++) {
        room->pointers[i] = &room->each[i];
        petahour__v1__candles_dropped__init(&room->each[i]);
        room->each[i].interval_seconds = p->dropped[i].interval_seconds;
        room->each[i].before = p->dropped[i].start;
    }
}

static void fill_totals(Petahour__V1__Totals *to, const phg_totals *from)
{
    petahour__v1__totals__init(to);
    to->trades = from->trades;
    to->volume = from->volume;
    to->average_price = phg_totals_average(from);
    to->pflops_hour_fp16 = phg_totals_per_pflops_hour(from, 0);
    to->pflops_hour_fp32 = phg_totals_per_pflops_hour(from, 1);
    to->pflops_hour_fp64 = phg_totals_per_pflops_hour(from, 2);
}

/* The messages of the totals, which a frame has once. */
typedef struct {
    Petahour__V1__MarketTotals all;
    Petahour__V1__Totals day, ever;
} totals_room;

static void fill_overview(Petahour__V1__MarketDataFrame *m, const phg_overview_totals *from,
                          totals_room *room)
{
    petahour__v1__market_totals__init(&room->all);
    fill_totals(&room->day, &from->day);
    fill_totals(&room->ever, &from->ever);
    room->all.compute_type = (Petahour__V1__ComputeType)from->compute_type;
    if (from->region) room->all.region = phg_text_of(from->region);
    room->all.products = from->products;
    room->all.open_interest = from->open_interest;
    room->all.day = from->day_start;
    room->all.of_day = &room->day;
    room->all.ever = &room->ever;
    m->totals = &room->all;
}

static void fill_sites(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_sites = p->site_cnt;
    m->sites = (Petahour__V1__SiteMeasurement **)room->pointers;
    room->pointers += p->site_cnt;
    for (uint32_t i = 0; i < p->site_cnt; i++) {
        const phg_site_told *from = &p->sites[i];
        Petahour__V1__SiteMeasurement *to = &room->sites[i];
        petahour__v1__site_measurement__init(to);
        to->site = from->site.v;
        to->measured_at = from->newest.measured_at.ns;
        to->pue_ppm = from->pue_ppm;
        to->cue_ppm = from->newest.cue_ppm;
        to->wue_ppm = from->newest.wue_ppm;
        to->green_grade = from->newest.green_grade;
        m->sites[i] = to;
    }
}

static void fill_probes(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_probes = p->probe_cnt;
    m->probes = (Petahour__V1__ProbeMeasurement **)room->pointers;
    room->pointers += p->probe_cnt;
    for (uint32_t i = 0; i < p->probe_cnt; i++) {
        const ph_report_probe *from = p->probes[i];
        Petahour__V1__ProbeMeasurement *to = &room->probes[i];
        petahour__v1__probe_measurement__init(to);
        to->region = phg_text_of(from->region.s);
        to->site = from->site.v;
        to->measured_at = from->measured_at.ns;
        to->rtt_us = from->rtt_us;
        to->bandwidth_mbps = from->bandwidth_mbps;
        to->reachable_ppm = from->reachable_ppm;
        m->probes[i] = to;
    }
}

static void fill_members(Petahour__V1__MarketDataFrame *m, const phg_picture *p, picture_room *room)
{
    m->n_grade_products = p->member_cnt;
    m->grade_products = (Petahour__V1__GradeProduct **)room->pointers;
    room->pointers += p->member_cnt;
    for (uint32_t i = 0; i < p->member_cnt; i++) {
        Petahour__V1__GradeProduct *to = &room->members[i];
        petahour__v1__grade_product__init(to);
        to->product = p->members[i].product.v;
        to->left = p->members[i].has_left;
        m->grade_products[i] = to;
    }
}

static void fill_limits(Petahour__V1__MarketDataFrame *m, const phg_stream_limits *l,
                        Petahour__V1__StreamLimits *room)
{
    petahour__v1__stream_limits__init(room);
    room->answers_per_second = l->answers.per_second;
    room->answer_burst = l->answers.burst;
    room->answers_left = l->answers.left;
    room->named_bytes = l->named_bytes;
    room->named_bytes_max = l->named_bytes_max;
    m->limits = room;
}

static phg_bytes translate_prices(phg_translator *t, const phg_picture *p)
{
    void *room = t->out;
    bool has_room = phg_grow(&room, &t->out_max, phg_prices_room(p));
    t->out = room;
    return has_room ? (phg_bytes){t->out, phg_write_prices(t->out, p)} : (phg_bytes){NULL, 0};
}

phg_bytes phg_translate_trade(phg_translator *t, uint64_t number, ph_time at, const ph_event *trade)
{
    void *room = t->out;
    bool has_room = phg_grow(&room, &t->out_max, phg_trade_room(&trade->u.trade));
    t->out = room;
    return has_room ? (phg_bytes){t->out, phg_write_trade(t->out, number, at, trade)}
                    : (phg_bytes){NULL, 0};
}

phg_bytes phg_translate_picture(phg_translator *t, const phg_picture *p)
{
    if (phg_picture_is_prices(p)) return translate_prices(t, p);
    PH_ASSERT(!p->tape.p); /* an answer with more than trades is a word about them */
    Petahour__V1__MarketDataFrame m;
    petahour__v1__market_data_frame__init(&m);
    picture_room room;
    if (!picture_scratch(t, p, &room)) return (phg_bytes){NULL, 0};
    m.product = p->product.v;
    m.stream_number = p->number;
    m.epoch = p->epoch;
    m.sequence = p->seq;
    fill_trades(&m, p, &room);
    fill_runs(&m, p, &room);
    fill_levels(&m, p, &room);
    fill_blocks(&m, p, &room);
    fill_statistics(&m, p, &room);
    fill_candles(&m, p, &room);
    fill_sites(&m, p, &room);
    fill_probes(&m, p, &room);
    fill_members(&m, p, &room);
    dropped_room dropped;
    fill_dropped(&m, p, &dropped);
    totals_room totals;
    if (p->totals) fill_overview(&m, p->totals, &totals);
    m.checksum = p->checksum;
    m.more = p->more;
    m.answer = (Petahour__V1__StreamAnswer)p->answer;
    if (p->reason) m.reason = phg_text_of(p->reason);
    Petahour__V1__StreamLimits limits;
    if (p->limits) fill_limits(&m, p->limits, &limits);
    m.closed_before = p->closed_before;
    m.reference_price = p->reference;
    m.trades_so_far = p->trades_so_far;
    Petahour__V1__PhaseChange phase;
    petahour__v1__phase_change__init(&phase);
    Petahour__V1__PhaseChange *phases[1] = {&phase};
    if (p->phase != 0) {
        phase.phase = (Petahour__V1__Phase)p->phase;
        m.phases = phases;
        m.n_phases = 1;
    }
    return phg_pack(t, &m.base, false);
}
