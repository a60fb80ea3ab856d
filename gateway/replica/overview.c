/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/overview.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

#include <stdlib.h>
#include <string.h>

enum { SECONDS_PER_DAY = 86400, TYPES = PH_COMPUTE_EDGE };

void phg_overview_release(phg_overview *o)
{
    free(o->products);
    free(o->sites);
    free(o->probes);
    *o = (phg_overview){0};
}

/* ---- Taking --------------------------------------------------------------------------------- */

static ph_status add_product(phg_overview *o, const phg_catalogue *k)
{
    phg_product_totals *grown = realloc(o->products, k->product_cnt * sizeof *grown);
    if (!grown) return PH_EFULL;
    o->products = grown;
    memset(grown + o->product_cnt, 0, (k->product_cnt - o->product_cnt) * sizeof *grown);
    o->product_cnt = k->product_cnt;
    return PH_OK;
}

static ph_status add_site(phg_overview *o, const phg_catalogue *k)
{
    phg_overview_site *grown = realloc(o->sites, k->site_cnt * sizeof *grown);
    if (!grown) return PH_EFULL;
    o->sites = grown;
    for (; o->site_cnt < k->site_cnt; o->site_cnt++) {
        uint32_t first = 0;
        while (strcmp(k->sites[first].region.s, k->sites[o->site_cnt].region.s) != 0)
            first++;
        grown[o->site_cnt] = (phg_overview_site){.first = first + 1};
        grown[first].view.has_news = true;
    }
    o->has_news = true;
    return PH_OK;
}

static void news_of_site(phg_overview *o, ph_site_id site)
{
    o->sites[o->sites[site.v - 1].first - 1].view.has_news = true;
    o->has_news = true;
}

/* When its terms made it one of another type, the old one has news as well. */
static ph_status news_of_product(phg_overview *o, const ph_product_terms *terms)
{
    uint32_t type = (uint32_t)terms->compute_type;
    if (type == 0 || type > TYPES || terms->site.v > o->site_cnt) return PH_ECORRUPT;
    phg_product_totals *p = &o->products[terms->id.v - 1];
    if (p->type != 0) o->types[p->type - 1].has_news = true;
    p->type = terms->compute_type;
    o->types[type - 1].has_news = true;
    o->has_news = true;
    if (terms->site.v != 0) news_of_site(o, terms->site);
    return PH_OK;
}

static ph_status take_measurement(phg_overview *o, const ph_measure_site *m)
{
    if (m->site.v == 0 || m->site.v > o->site_cnt) return PH_ECORRUPT;
    o->sites[m->site.v - 1].newest = *m;
    news_of_site(o, m->site);
    return PH_OK;
}

static ph_status take_probe(phg_overview *o, const ph_report_probe *p)
{
    if (p->site.v == 0 || p->site.v > o->site_cnt) return PH_ECORRUPT;
    news_of_site(o, p->site);
    for (uint32_t i = 0; i < o->probe_cnt; i++) {
        if (o->probes[i].site.v != p->site.v || strcmp(o->probes[i].region.s, p->region.s) != 0)
            continue;
        o->probes[i] = *p;
        return PH_OK;
    }
    if (o->probe_cnt == o->probe_max) {
        uint32_t more = o->probe_max == 0 ? 16 : o->probe_max * 2;
        ph_report_probe *grown = realloc(o->probes, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        o->probes = grown;
        o->probe_max = more;
    }
    o->probes[o->probe_cnt++] = *p;
    return PH_OK;
}

/* Every total says which day it is of. */
static void begin_day(phg_overview *o, uint64_t start)
{
    if (o->day_start == start) return;
    o->day_start = start;
    for (uint32_t i = 0; i < TYPES; i++)
        o->types[i].has_news = true;
    for (uint32_t i = 0; i < o->site_cnt; i++)
        o->sites[o->sites[i].first - 1].view.has_news = true;
}

static ph_status take_trade(phg_overview *o, const phg_catalogue *k, const ph_command *c,
                            phg_event_at events)
{
    const ph_trade *trade = &events.v[events.at].u.trade;
    const phg_product *product = phg_catalogue_product(k, trade->product);
    if (!product || trade->segment_cnt > events.cnt - events.at - 1) return PH_ECORRUPT;
    phg_product_totals *p = &o->products[trade->product.v - 1];
    uint64_t seconds = c->at.ns / PH_NS_PER_S;
    begin_day(o, seconds - seconds % SECONDS_PER_DAY);
    if (p->day_start != o->day_start) p->day = (phg_totals){0};
    p->day_start = o->day_start;
    p->ever.trades++;
    p->day.trades++;
    for (uint32_t i = 0; i < trade->segment_cnt; i++) {
        const ph_segment *g = &events.v[events.at + 1 + i].u.segment;
        uint64_t units = (uint64_t)g->quantity * g->window.periods;
        phg_totals_fill(&p->ever, &product->terms, units, g->price);
        phg_totals_fill(&p->day, &product->terms, units, g->price);
    }
    return news_of_product(o, &product->terms);
}

static ph_status take_done(phg_overview *o, const phg_catalogue *k, const ph_command *c)
{
    if (c->kind == PH_CMD_LIST_PRODUCT) {
        ph_status s = add_product(o, k);
        return s == PH_OK ? news_of_product(o, &c->u.product) : s;
    }
    if (c->kind == PH_CMD_REGISTER_SITE) return add_site(o, k);
    if (c->kind == PH_CMD_MEASURE_SITE) return take_measurement(o, &c->u.measurement);
    if (c->kind == PH_CMD_REPORT_PROBE) return take_probe(o, &c->u.probe);
    return PH_OK;
}

ph_status phg_overview_take(phg_overview *o, const phg_catalogue *k, const ph_command *c,
                            phg_event_at events)
{
    const ph_event *e = &events.v[events.at];
    if (e->kind == PH_EVT_TRADE) return take_trade(o, k, c, events);
    if (e->kind == PH_EVT_DONE) return take_done(o, k, c);
    if (e->kind == PH_EVT_TERMS_SET) {
        const phg_product *p = phg_catalogue_product(k, e->u.terms_set.product);
        return p ? news_of_product(o, &p->terms) : PH_ECORRUPT;
    }
    if (e->kind == PH_EVT_GATE_CLOSED) {
        const phg_product *p = phg_catalogue_product(k, e->u.gate_closed.product);
        if (!p) return PH_ECORRUPT;
        bool has_traded = o->products[p->terms.id.v - 1].ever.trades != 0;
        return has_traded ? news_of_product(o, &p->terms) : PH_OK;
    }
    return PH_OK;
}

/* ---- Telling -------------------------------------------------------------------------------- */

static bool is_in(const phg_overview_telling *t, phg_stream_kind kind, uint32_t id,
                  const ph_product_terms *terms)
{
    if (kind == PHG_STREAM_TYPE) return (uint32_t)terms->compute_type == id;
    return terms->site.v != 0 && t->overview->sites[terms->site.v - 1].first == id;
}

static phg_overview_totals totals_of(const phg_overview_telling *t, phg_stream_kind kind,
                                     uint32_t id)
{
    const phg_overview *o = t->overview;
    phg_overview_totals totals = {.day_start = o->day_start};
    for (uint32_t i = 0; i < o->product_cnt; i++) {
        if (!is_in(t, kind, id, &t->catalogue->products[i].terms)) continue;
        const phg_product_totals *p = &o->products[i];
        totals.products++;
        totals.open_interest += t->feed->products[i].open_interest;
        phg_totals_add(&totals.ever, &p->ever);
        if (p->day_start == o->day_start) phg_totals_add(&totals.day, &p->day);
    }
    if (kind == PHG_STREAM_TYPE)
        totals.compute_type = (ph_compute_type)id;
    else
        totals.region = t->catalogue->sites[id - 1].region.s;
    return totals;
}

/* The frame that is built; all but the last have `more`. */
typedef struct {
    const phg_overview_telling *telling;
    phg_picture picture;
    uint64_t sum;
    phg_view *view;
    phg_site_told sites[PHG_ROWS_PER_FRAME_MAX];
    const ph_report_probe *probes[PHG_ROWS_PER_FRAME_MAX];
} page;

static void turn_page(page *g, bool more)
{
    phg_picture *p = &g->picture;
    if (p->answer == PHG_ANSWER_NONE) g->view->number++;
    p->number = g->view->number;
    p->more = more;
    p->checksum = more ? 0 : g->sum;
    g->telling->emit(g->telling->arg, p);
    p->site_cnt = p->probe_cnt = 0;
    p->totals = NULL;
}

static void add_sites(page *g, uint32_t region)
{
    const phg_overview *o = g->telling->overview;
    for (uint32_t i = 0; i < o->site_cnt; i++) {
        if (o->sites[i].first != region) continue;
        phg_site_told told = {{i + 1}, o->sites[i].newest, g->telling->catalogue->sites[i].pue_ppm};
        if (told.newest.measured_at.ns != 0) told.pue_ppm = told.newest.pue_ppm;
        if (g->picture.site_cnt == PHG_ROWS_PER_FRAME_MAX) turn_page(g, true);
        g->sites[g->picture.site_cnt++] = told;
        g->sum += phg_sum_site(&told);
    }
    for (uint32_t i = 0; i < o->probe_cnt; i++) {
        const ph_report_probe *probe = &o->probes[i];
        if (o->sites[probe->site.v - 1].first != region) continue;
        if (g->picture.site_cnt + g->picture.probe_cnt >= PHG_ROWS_PER_FRAME_MAX)
            turn_page(g, true);
        g->probes[g->picture.probe_cnt++] = probe;
        g->sum += phg_sum_probe(probe);
    }
}

static phg_view *view_of(phg_overview *o, phg_stream_kind kind, uint32_t id)
{
    if (kind == PHG_STREAM_TYPE) return id == 0 || id > TYPES ? NULL : &o->types[id - 1];
    if (id == 0 || id > o->site_cnt || o->sites[id - 1].first != id) return NULL;
    return &o->sites[id - 1].view;
}

static void tell(const phg_overview_telling *t, phg_stream_kind kind, uint32_t id,
                 phg_stream_answer answer)
{
    phg_overview_totals totals = totals_of(t, kind, id);
    page g = {
        .telling = t,
        .picture = {.stream = kind,
                    .product = {id},
                    .epoch = t->feed->epoch,
                    .seq = t->feed->seq,
                    .totals = &totals,
                    .answer = answer},
        .sum = phg_sum_totals(id, &totals),
        .view = view_of(t->overview, kind, id),
    };
    PH_ASSERT(g.view); /* who calls has asked, or it had news */
    g.picture.sites = g.sites;
    g.picture.probes = g.probes;
    if (kind == PHG_STREAM_REGION) add_sites(&g, id);
    turn_page(&g, false);
}

void phg_overview_publish(const phg_overview_telling *t)
{
    phg_overview *o = t->overview;
    if (!o->has_news) return;
    o->has_news = false;
    for (uint32_t i = 0; i < TYPES + o->site_cnt; i++) {
        bool is_type = i < TYPES;
        phg_view *view = is_type ? &o->types[i] : &o->sites[i - TYPES].view;
        if (!view->has_news) continue;
        view->has_news = false;
        if (!t->feed->is_live) continue;
        if (view->is_followed)
            tell(t, is_type ? PHG_STREAM_TYPE : PHG_STREAM_REGION, is_type ? i + 1 : i - TYPES + 1,
                 PHG_ANSWER_NONE);
        else
            view->number++;
    }
}

void phg_overview_follow(phg_overview *o, phg_stream_kind kind, uint32_t id)
{
    phg_view *view = id == 0 ? NULL : view_of(o, kind, id);
    if (view) view->is_followed = true;
    for (uint32_t i = 1; id == 0 && i <= (kind == PHG_STREAM_TYPE ? TYPES : o->site_cnt); i++)
        if ((view = view_of(o, kind, i)) != NULL) view->is_followed = true;
}

bool phg_overview_whole(const phg_overview_telling *t, phg_stream_kind kind, uint32_t id)
{
    phg_view *view = view_of(t->overview, kind, id);
    if (!view || !t->feed->is_live) return false;
    view->is_followed = true;
    tell(t, kind, id, PHG_ANSWER_SNAPSHOT);
    return true;
}

uint64_t phg_overview_number(phg_overview *o, phg_stream_kind kind, uint32_t id)
{
    const phg_view *view = view_of(o, kind, id);
    return view ? view->number : 0;
}
