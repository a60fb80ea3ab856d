/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics, totals and measurements, each from all fills or from the market's own. */
#include "tests/prop/follow_truth.h"

#include "engine/base/money.h"
#include "tests/unit/suite.h"

#include <string.h>

#define PRICE_UNIT ((ph_wide)1000000 * 3600) /* GFLOPS-seconds of a PFLOPS-hour */

enum { NS_PER_S = 1000000000, DAY_SECONDS = 86400 };

/* ---- Statistics ----------------------------------------------------------------------------- */

/* What was traded in one period. */
static phc_period_statistics statistics_of(const truth_record *now, uint32_t product, uint32_t t)
{
    phc_period_statistics s = {.period = t};
    ph_wide paid = 0;
    uint64_t last_seq = 0;
    for (uint32_t i = 0; i < now->fill_cnt; i++) {
        const truth_fill *f = &truth_fills()[i];
        if (f->product != product || t < f->first || t >= f->first + f->periods) continue;
        s.volume += f->units;
        paid += (ph_wide)f->price * f->units;
        if (!f->is_resale) s.open_interest += f->units;
        if (!f->is_each) continue;
        /* An order takes the best price of a period first. */
        if (f->seq != last_seq || truth_is_worse(f->taker, f->price, s.last)) s.last = f->price;
        last_seq = f->seq;
        if (f->price > s.high) s.high = f->price;
        if (s.low == 0 || f->price < s.low) s.low = f->price;
    }
    if (s.volume != 0) s.average_price = (int64_t)(paid / (ph_wide)s.volume);
    return s;
}

/* One past the last period in which anything was traded. */
static uint32_t last_period(const truth_record *now, uint32_t product)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < now->fill_cnt; i++) {
        const truth_fill *f = &truth_fills()[i];
        if (f->product == product && f->first + f->periods > end) end = f->first + f->periods;
    }
    return end;
}

static void check_statistics(const phc_book *b, const truth_record *now)
{
    size_t row = 0;
    ck_assert_int_eq(b->reference_price, now->reference[b->product]);
    ck_assert_int_eq((int)b->phase, (int)now->phase[b->product]);
    uint32_t end = last_period(now, b->product);
    for (uint32_t t = now->closed[b->product]; t < end; t++) {
        const phc_period_statistics s = statistics_of(now, b->product, t);
        if (s.volume == 0) continue;
        ck_assert_msg(row < b->statistics_cnt, "record %llu, period %u is not told",
                      (unsigned long long)b->sequence, t);
        const phc_period_statistics *is = &b->statistics[row++];
        ck_assert_uint_eq(is->period, t);
        ck_assert(is->last == s.last && is->high == s.high && is->low == s.low);
        ck_assert(is->volume == s.volume && is->average_price == s.average_price);
        ck_assert_uint_eq(is->open_interest, s.open_interest);
    }
    ck_assert_uint_eq(row, b->statistics_cnt);
}

/* ---- Totals --------------------------------------------------------------------------------- */

static void check_totals(const phc_totals *is, const truth_record *now, uint32_t site,
                         uint64_t from_second)
{
    uint64_t trades = 0, volume = 0, last_trade = 0;
    ph_wide paid = 0, rated[3] = {0}, work[3] = {0};
    for (uint32_t i = 0; i < now->fill_cnt; i++) {
        const truth_fill *f = &truth_fills()[i];
        if (site != 0 && now->site_of[f->product] != site) continue;
        if (f->at_ns / NS_PER_S < from_second) continue;
        ph_wide units = (ph_wide)f->units * f->periods;
        trades += f->trade != last_trade;
        last_trade = f->trade;
        volume += (uint64_t)units;
        paid += units * f->price;
        for (int k = 0; k < 3; k++) {
            if (f->gflops[k] != 0) rated[k] += units * f->price;
            work[k] += units * f->gflops[k] * f->period_seconds;
        }
    }
    ck_assert(is->trades == trades && is->volume == volume);
    ck_assert_int_eq(is->average_price, volume == 0 ? 0 : (int64_t)(paid / (ph_wide)volume));
    for (int k = 0; k < 3; k++)
        ck_assert_int_eq(is->pflops_hour[k],
                         work[k] == 0 ? 0 : (int64_t)(rated[k] * PRICE_UNIT / work[k]));
}

/* Of all products, or of those at a site. */
static void check_market(const phc_book *b, const truth_record *now, uint32_t site)
{
    uint32_t products = 0;
    uint64_t open = 0, day = 0;
    ck_assert_ptr_nonnull(b->totals);
    for (uint32_t i = 1; i <= now->product_cnt; i++)
        products += site == 0 || now->site_of[i] == site;
    for (uint32_t i = 0; i < now->fill_cnt; i++) {
        const truth_fill *f = &truth_fills()[i];
        day = f->at_ns / NS_PER_S / DAY_SECONDS * DAY_SECONDS;
        if (f->is_resale || (site != 0 && now->site_of[f->product] != site)) continue;
        for (uint32_t t = f->first; t < f->first + f->periods; t++)
            if (t >= now->closed[f->product]) open += f->units;
    }
    ck_assert_uint_eq(b->totals->products, products);
    ck_assert_uint_eq(b->totals->open_interest, open);
    ck_assert_uint_eq(b->totals->day, day);
    check_totals(&b->totals->ever, now, site, 0);
    check_totals(&b->totals->of_day, now, site, day);
}

static void check_measurements(const phc_book *b, const truth_record *now, uint32_t design_pue_ppm)
{
    const ph_measure_site *m = &now->sites[b->product];
    const phc_site_figures *s = b->sites;
    ck_assert(b->site_cnt == 1 && s->site == b->product);
    ck_assert_uint_eq(s->measured_at, m->measured_at.ns);
    ck_assert_uint_eq(s->pue_ppm, m->measured_at.ns == 0 ? design_pue_ppm : m->pue_ppm);
    ck_assert(s->cue_ppm == m->cue_ppm && s->wue_ppm == m->wue_ppm);
    ck_assert_uint_eq(s->green_grade, m->green_grade);
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < now->probe_cnt; i++) {
        const ph_report_probe *p = &now->probes[i];
        if (p->site.v != b->product) continue;
        cnt++;
        size_t at = 0;
        while (at < b->network_cnt && strcmp(b->networks[at].region, p->region.s) != 0)
            at++;
        ck_assert_uint_lt(at, b->network_cnt);
        const phc_network_figures *n = &b->networks[at];
        ck_assert(n->site == p->site.v && n->measured_at == p->measured_at.ns);
        ck_assert(n->rtt_us == p->rtt_us && n->bandwidth_mbps == p->bandwidth_mbps);
        ck_assert_uint_eq(n->reachable_ppm, p->reachable_ppm);
    }
    ck_assert_uint_eq(cnt, b->network_cnt);
}

void truth_check_figures(const phc_book *b, uint32_t design_pue_ppm)
{
    const truth_record *now = truth_after(b->sequence);
    switch (b->stream) {
    case PHC_STREAM_STATISTICS: check_statistics(b, now); return;
    case PHC_STREAM_CANDLES: truth_check_candles(b); return;
    case PHC_STREAM_PERIOD_CANDLES: truth_check_period_candles(b); return;
    case PHC_STREAM_TYPE: check_market(b, now, 0); return;
    case PHC_STREAM_REGION:
        check_market(b, now, b->product);
        check_measurements(b, now, design_pue_ppm);
        return;
    case PHC_STREAM_PRICES:
    case PHC_STREAM_DEPTH:
    case PHC_STREAM_TRADES:
    case PHC_STREAM_GRADE: return;
    }
}
