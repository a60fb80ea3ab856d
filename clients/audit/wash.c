/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/wash.h"

#include <stdlib.h>

#include "clients/audit/rank.h"
#include "engine/base/limits.h"

enum { SWEEP_FIRST = 1 << 16 };

/* Units of one period that a participant sold to another and that have not come back. */
typedef struct {
    ph_keyed_by by; /* a: seller, buyer; b: product, period */
    uint64_t units;
    ph_time last_at;
    uint64_t seq;
} waiting_units;

/* One fill while it is looked at. */
typedef struct {
    ph_wash *w;
    const ph_live_trade *t;
    const ph_segment *segment;
    ph_wash_pair *pair; /* NULL: it does not count */
    uint64_t returned;
} looking;

static uint64_t two(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

void ph_evidence_add(ph_evidence *e, uint64_t first, uint64_t second, uint64_t third)
{
    if (e->cnt == PH_EVIDENCE_MAX) return;
    e->v[e->cnt][0] = first;
    e->v[e->cnt][1] = second;
    e->v[e->cnt][2] = third;
    e->cnt++;
}

ph_wash ph_wash_begin(const ph_report_bounds *bounds)
{
    return (ph_wash){.bounds = *bounds,
                     .waiting = ph_keyed_of(sizeof(waiting_units)),
                     .pairs = ph_keyed_of(sizeof(ph_wash_pair)),
                     .positions = ph_keyed_of(sizeof(ph_wash_position)),
                     .circles = ph_keyed_of(sizeof(ph_wash_circle)),
                     .sweep_at = SWEEP_FIRST};
}

/* ---- Returns ---------------------------------------------------------------------------- */

static bool is_late(const ph_wash *w, const waiting_units *u, ph_time at)
{
    uint64_t since = at.ns - u->last_at.ns;
    return (since + PH_NS_PER_S - 1) / PH_NS_PER_S > w->bounds.wash_seconds;
}

/* Forgets what can no longer come back in time, so that memory follows wash_seconds. */
static void sweep(ph_wash *w, ph_time now)
{
    if (w->waiting.cnt < w->sweep_at) return;
    for (uint32_t i = w->waiting.cnt; i-- != 0;) {
        waiting_units *u = ph_keyed_at(&w->waiting, i);
        if (u->units == 0 || is_late(w, u, now)) ph_keyed_remove(&w->waiting, u);
    }
    w->sweep_at = w->waiting.cnt < SWEEP_FIRST / 2 ? SWEEP_FIRST : 2 * w->waiting.cnt;
}

/* Takes back what waits, up to `units`; the rest begins to wait for the other direction. */
static bool look_at_period(looking *l, ph_period period)
{
    const ph_trade *trade = l->t->trade;
    const ph_command *c = &l->t->record->command;
    uint32_t buyer = trade->buyer.v, seller = trade->seller.v;
    uint64_t units = l->segment->quantity, where = two(trade->product.v, period);
    waiting_units *back = ph_keyed_find(&l->w->waiting, (ph_keyed_by){two(buyer, seller), where});
    if (back != NULL && back->units != 0 && !is_late(l->w, back, c->at)) {
        uint64_t returned = units < back->units ? units : back->units;
        back->units -= returned;
        units -= returned;
        l->returned += returned;
        if (l->pair != NULL) {
            ph_evidence *e = &l->pair->evidence;
            bool is_new =
                e->cnt == 0 || e->v[e->cnt - 1][0] != back->seq || e->v[e->cnt - 1][1] != c->seq;
            if (is_new) ph_evidence_add(e, back->seq, c->seq, 0);
        }
    }
    if (units == 0) return true;
    waiting_units *on = ph_keyed_put(&l->w->waiting, (ph_keyed_by){two(seller, buyer), where});
    if (on == NULL) return false;
    if (is_late(l->w, on, c->at)) on->units = 0;
    on->units += units;
    on->last_at = c->at;
    on->seq = c->seq;
    return true;
}

static bool look_for_returns(ph_wash *w, const ph_live_trade *t, ph_wash_pair *pair)
{
    looking l = {.w = w, .t = t, .pair = pair};
    for (uint32_t s = 0; s < t->trade->segment_cnt; s++) {
        l.segment = &t->segments[s].u.segment;
        uint64_t before = l.returned;
        for (uint32_t p = 0; p < l.segment->window.periods; p++)
            if (!look_at_period(&l, l.segment->window.first + p)) return false;
        if (pair != NULL) pair->notional += (ph_wide)l.segment->price * (l.returned - before);
    }
    if (pair == NULL) return true;
    pair->returned += l.returned;
    pair->return_cnt += l.returned != 0;
    return true;
}

/* ---- Positions and circles -------------------------------------------------------------- */

static ph_wash_pair *count_pair(ph_wash *w, const ph_live_trade *t)
{
    uint32_t buyer = t->trade->buyer.v, seller = t->trade->seller.v;
    bool is_first = seller < buyer;
    uint32_t first = is_first ? seller : buyer, second = is_first ? buyer : seller;
    ph_wash_pair *p =
        ph_keyed_put(&w->pairs, (ph_keyed_by){two(first, second), t->trade->product.v});
    if (p == NULL) return NULL;
    p->first.v = first;
    p->second.v = second;
    p->product = t->trade->product;
    p->trade_cnt++;
    *(is_first ? &p->sold_first : &p->sold_second) += t->unit_periods;
    return p;
}

static bool count_position(ph_wash *w, const ph_live_trade *t, ph_participant_id who)
{
    ph_wash_position *p = ph_keyed_put(&w->positions, (ph_keyed_by){who.v, t->trade->product.v});
    if (p == NULL) return false;
    p->participant = who;
    p->product = t->trade->product;
    *(who.v == t->trade->buyer.v ? &p->bought : &p->sold) += t->unit_periods;
    p->notional += t->trade->notional;
    p->last_seq = t->record->command.seq;
    if (p->first_seq == 0) p->first_seq = p->last_seq;
    return true;
}

static uint64_t seq_of(const ph_wash *w, ph_contract_id id)
{
    return id.v == 0 || id.v > w->seq_cnt ? 0 : w->seqs[id.v - 1];
}

static bool keep_seq(ph_wash *w, const ph_live_trade *t)
{
    if (w->seq_cnt == w->seq_max) {
        uint64_t max = w->seq_max == 0 ? 4096 : 2 * w->seq_max;
        uint64_t *seqs = realloc(w->seqs, max * sizeof *seqs);
        if (seqs == NULL) return false;
        w->seqs = seqs;
        w->seq_max = max;
    }
    w->seqs[w->seq_cnt++] = t->record->command.seq; /* contracts are numbered from 1, densely */
    return true;
}

/* Walks the chain back from the contract that was split; at most PH_RESALES_MAX links. */
static bool look_for_circle(ph_wash *w, const ph_market *m, const ph_live_trade *t)
{
    ph_contract_id link = t->trade->from_contract, met = {0}, oldest = {0};
    ph_contract_facts facts;
    for (int n = 0; n <= PH_RESALES_MAX && ph_market_contract(m, link, &facts); n++) {
        oldest = link;
        link = facts.from_contract;
        /* What it bought as a holder of this link has come back to it. */
        if (met.v == 0 && n != 0 && facts.buyer.v == t->trade->buyer.v) met = oldest;
    }
    if (met.v == 0 && t->trade->supplier.v == t->trade->buyer.v) met = oldest;
    if (met.v == 0) return true;
    ph_wash_circle *c =
        ph_keyed_put(&w->circles, (ph_keyed_by){two(t->trade->buyer.v, t->trade->supplier.v),
                                                t->trade->product.v});
    if (c == NULL) return false;
    c->participant = t->trade->buyer;
    c->supplier = t->trade->supplier;
    c->product = t->trade->product;
    c->circle_cnt++;
    c->unit_periods += t->unit_periods;
    c->notional += t->trade->notional;
    ph_evidence_add(&c->evidence, seq_of(w, oldest), seq_of(w, met), t->record->command.seq);
    return true;
}

bool ph_wash_trade(ph_wash *w, const ph_market *m, const ph_live_trade *t, bool counts)
{
    ph_wash_pair *pair = NULL;
    if (!keep_seq(w, t)) return false;
    if (counts) {
        pair = count_pair(w, t);
        if (pair == NULL || !count_position(w, t, t->trade->buyer) ||
            !count_position(w, t, t->trade->seller))
            return false;
        if (t->trade->from_contract.v != 0 && !look_for_circle(w, m, t)) return false;
    }
    sweep(w, t->record->command.at);
    return look_for_returns(w, t, pair);
}

/* ---- Rankings --------------------------------------------------------------------------- */

static ph_wide least(ph_wide a, ph_wide b)
{
    return a < b ? a : b;
}

static bool has_returned(const void *row, const void *arg)
{
    (void)arg;
    return ((const ph_wash_pair *)row)->returned != 0;
}

static ph_wide by_returned(const void *row)
{
    return ((const ph_wash_pair *)row)->returned;
}

bool ph_wash_pairs(ph_wash *w, const ph_wash_pair ***ret, uint32_t *ret_cnt)
{
    ph_ranking r = {.lets_through = has_returned, .figure = by_returned};
    return ph_rank(&w->pairs, &r, (const void ***)ret, ret_cnt);
}

static bool is_flat(const void *row, const void *arg)
{
    const ph_wash_position *p = row;
    const ph_report_bounds *b = arg;
    ph_wide volume = p->bought + p->sold;
    ph_wide net = p->bought < p->sold ? p->sold - p->bought : p->bought - p->sold;
    return least(p->bought, p->sold) != 0 && net * PH_PPM <= volume * (ph_wide)b->net_ppm &&
           p->with_counterparty * PH_PPM >= volume * (ph_wide)b->counterparty_ppm;
}

static ph_wide by_volume(const void *row)
{
    const ph_wash_position *p = row;
    return 2 * least(p->bought, p->sold);
}

static void meet(ph_wash *w, ph_participant_id who, ph_participant_id other, const ph_wash_pair *of)
{
    ph_wash_position *p = ph_keyed_find(&w->positions, (ph_keyed_by){who.v, of->product.v});
    ph_wide volume = of->sold_first + of->sold_second;
    if (p == NULL || volume <= p->with_counterparty) return;
    p->with_counterparty = volume;
    p->counterparty = other;
}

bool ph_wash_positions(ph_wash *w, const ph_wash_position ***ret, uint32_t *ret_cnt)
{
    for (uint32_t i = 0; i < w->pairs.cnt; i++) {
        const ph_wash_pair *pair = ph_keyed_at(&w->pairs, i);
        meet(w, pair->first, pair->second, pair);
        meet(w, pair->second, pair->first, pair);
    }
    ph_ranking r = {.lets_through = is_flat, .figure = by_volume, .arg = &w->bounds};
    return ph_rank(&w->positions, &r, (const void ***)ret, ret_cnt);
}

static ph_wide by_units(const void *row)
{
    return ((const ph_wash_circle *)row)->unit_periods;
}

bool ph_wash_circles(ph_wash *w, const ph_wash_circle ***ret, uint32_t *ret_cnt)
{
    ph_ranking r = {.figure = by_units};
    return ph_rank(&w->circles, &r, (const void ***)ret, ret_cnt);
}

void ph_wash_free(ph_wash *w)
{
    ph_keyed_free(&w->waiting);
    ph_keyed_free(&w->pairs);
    ph_keyed_free(&w->positions);
    ph_keyed_free(&w->circles);
    free(w->seqs);
    w->seqs = NULL;
}
