/* SPDX-License-Identifier: Apache-2.0 */
/* What a book has of compute types and regions. */
#include "clients/lib/book_row.h"
#include "clients/lib/market_book.h"

#include <stdlib.h>
#include <string.h>

static void take_totals(phc_totals *to, const Petahour__V1__Totals *m)
{
    *to = (phc_totals){.trades = 0};
    if (m == NULL) return;
    *to = (phc_totals){
        .trades = m->trades,
        .volume = m->volume,
        .average_price = m->average_price,
        .pflops_hour = {m->pflops_hour_fp16, m->pflops_hour_fp32, m->pflops_hour_fp64}};
}

static void put_totals(phc_book_row *r, const phc_totals *t)
{
    phc_book_row_put(r, t->trades, 8);
    phc_book_row_put(r, t->volume, 8);
    phc_book_row_put(r, (uint64_t)t->average_price, 8);
    for (int i = 0; i < 3; i++)
        phc_book_row_put(r, (uint64_t)t->pflops_hour[i], 8);
}

/* False: a text that is no region's. */
static bool take_region(char to[33], const char *from)
{
    size_t size = strlen(from);
    if (size > 32) return false;
    memcpy(to, from, size + 1);
    return true;
}

static phc_status take_all(phc_market_book *b, uint32_t number, const Petahour__V1__MarketTotals *m)
{
    phc_market_totals *t = &b->totals;
    phc_book_row r = {.size = 0};
    t->compute_type = (phc_compute_type)m->compute_type;
    bool is_listed = t->compute_type == 0 || phc_compute_type_text(t->compute_type) != NULL;
    if (!is_listed || !take_region(t->region, m->region)) return PHC_ECORRUPT;
    t->products = m->products;
    t->open_interest = m->open_interest;
    t->day = m->day;
    take_totals(&t->of_day, m->of_day);
    take_totals(&t->ever, m->ever);
    phc_book_row_put(&r, 'T', 1);
    phc_book_row_put(&r, number, 4);
    phc_book_row_put(&r, t->products, 4);
    phc_book_row_put(&r, t->open_interest, 8);
    phc_book_row_put(&r, t->day, 8);
    put_totals(&r, &t->of_day);
    put_totals(&r, &t->ever);
    uint64_t sum = phc_book_row_hash(&r);
    b->checksum += sum - b->totals_sum;
    b->totals_sum = sum;
    return PHC_OK;
}

static uint64_t sum_site(const phc_site_figures *s)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'M', 1);
    phc_book_row_put(&r, s->site, 4);
    phc_book_row_put(&r, s->measured_at, 8);
    phc_book_row_put(&r, s->pue_ppm, 4);
    phc_book_row_put(&r, s->cue_ppm, 4);
    phc_book_row_put(&r, s->wue_ppm, 4);
    phc_book_row_put(&r, s->green_grade, 4);
    return phc_book_row_hash(&r);
}

static uint64_t sum_network(const phc_network_figures *n)
{
    phc_book_row r = {.size = 0};
    phc_book_row_put(&r, 'N', 1);
    phc_book_row_put(&r, n->site, 4);
    phc_book_row_put(&r, n->measured_at, 8);
    phc_book_row_put(&r, n->rtt_us, 4);
    phc_book_row_put(&r, n->bandwidth_mbps, 4);
    phc_book_row_put(&r, n->reachable_ppm, 4);
    for (const char *c = n->region; *c != '\0'; c++)
        phc_book_row_put(&r, (uint8_t)*c, 1);
    return phc_book_row_hash(&r);
}

/* Room for one more row. */
static bool grow(void **rows, size_t *max, size_t cnt, size_t size)
{
    if (cnt < *max) return true;
    size_t more = *max == 0 ? 16 : *max * 2;
    void *grown = reallocarray(*rows, more, size);
    if (grown == NULL) return false;
    *rows = grown;
    *max = more;
    return true;
}

static phc_status take_site(phc_market_book *b, const Petahour__V1__SiteMeasurement *m)
{
    const phc_site_figures s = {m->site,    m->measured_at, m->pue_ppm,
                                m->cue_ppm, m->wue_ppm,     m->green_grade};
    size_t i = 0;
    while (i < b->site_cnt && b->sites[i].site != s.site)
        i++;
    if (i == b->site_cnt) {
        if (i == PHC_BOOK_ROWS_MAX) return PHC_ECORRUPT;
        void *rows = b->sites;
        if (!grow(&rows, &b->site_max, b->site_cnt, sizeof *b->sites)) return PHC_ENOMEM;
        b->sites = rows;
        b->site_cnt++;
    } else {
        b->checksum -= sum_site(&b->sites[i]);
    }
    b->sites[i] = s;
    b->checksum += sum_site(&s);
    return PHC_OK;
}

static phc_status take_network(phc_market_book *b, const Petahour__V1__ProbeMeasurement *m)
{
    phc_network_figures n = {.site = m->site,
                             .measured_at = m->measured_at,
                             .rtt_us = m->rtt_us,
                             .bandwidth_mbps = m->bandwidth_mbps,
                             .reachable_ppm = m->reachable_ppm};
    if (!take_region(n.region, m->region)) return PHC_ECORRUPT;
    size_t i = 0;
    while (i < b->network_cnt &&
           (b->networks[i].site != n.site || strcmp(b->networks[i].region, n.region) != 0))
        i++;
    if (i == b->network_cnt) {
        if (i == PHC_BOOK_ROWS_MAX) return PHC_ECORRUPT;
        void *rows = b->networks;
        if (!grow(&rows, &b->network_max, b->network_cnt, sizeof *b->networks)) return PHC_ENOMEM;
        b->networks = rows;
        b->network_cnt++;
    } else {
        b->checksum -= sum_network(&b->networks[i]);
    }
    b->networks[i] = n;
    b->checksum += sum_network(&n);
    return PHC_OK;
}

phc_status phc_market_book_overview(phc_market_book *b, const Petahour__V1__MarketDataFrame *f)
{
    phc_status s = f->totals == NULL ? PHC_OK : take_all(b, f->product, f->totals);
    for (size_t i = 0; i < f->n_sites && s == PHC_OK; i++)
        s = take_site(b, f->sites[i]);
    for (size_t i = 0; i < f->n_probes && s == PHC_OK; i++)
        s = take_network(b, f->probes[i]);
    return s;
}
