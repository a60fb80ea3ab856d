/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/spoof.h"

#include "clients/audit/rank.h"
#include "engine/base/limits.h"

/* Withdrawn orders of one side that followed each other. */
typedef struct {
    uint64_t order_cnt, units;
    ph_time last_at;
    uint64_t first_seq, last_seq, other_seq;
    /* The other side when the first order came, and when the last was withdrawn. */
    uint64_t open_before, placed_before, executed_before;
    uint64_t placed_after, executed_after;
} burst;

/* One side of one participant in one product. */
typedef struct {
    ph_keyed_by by; /* a: participant; b: product, side */
    ph_participant_id participant;
    ph_product_id product;
    uint64_t open;             /* unit-periods that rest */
    uint64_t placed, executed; /* ever */
    uint64_t executed_seq;     /* the last record that executed */
    burst burst;
} side_row;

enum { OPEN, PLACED, EXECUTED }; /* of the other side, kept in ph_live_order.other */

ph_spoof ph_spoof_begin(const ph_report_bounds *bounds)
{
    return (ph_spoof){.bounds = *bounds,
                      .sides = ph_keyed_of(sizeof(side_row)),
                      .rows = ph_keyed_of(sizeof(ph_spoof_row))};
}

static ph_side other_of(ph_side side)
{
    return side == PH_SIDE_BUY ? PH_SIDE_SELL : PH_SIDE_BUY;
}

static side_row *side_of(ph_spoof *s, ph_participant_id who, ph_product_id product, ph_side side)
{
    side_row *r =
        ph_keyed_put(&s->sides, (ph_keyed_by){who.v, (uint64_t)product.v << 32 | (uint64_t)side});
    if (r == NULL) return NULL;
    r->participant = who;
    r->product = product;
    return r;
}

static ph_spoof_row *row_of(ph_spoof *s, ph_participant_id who, ph_product_id product)
{
    ph_spoof_row *r = ph_keyed_put(&s->rows, (ph_keyed_by){who.v, product.v});
    if (r == NULL) return NULL;
    r->participant = who;
    r->product = product;
    return r;
}

static bool is_near(const ph_spoof *s, const ph_market *m, const ph_live_order *o)
{
    ph_price best;
    uint64_t shown;
    ph_side side = o->terms.side;
    ph_period t = o->terms.window.first;
    ph_market_best(m, o->terms.product, side, t, &best, &shown);
    if (best == 0) ph_market_best(m, o->terms.product, other_of(side), t, &best, &shown);
    if (best == 0) return true;
    ph_wide gap = side == PH_SIDE_BUY ? best - o->price : o->price - best;
    return gap * PH_PPM <= (ph_wide)best * (ph_wide)s->bounds.near_ppm;
}

bool ph_spoof_accepted(ph_spoof *s, const ph_market *m, ph_live_order *o)
{
    ph_side side = o->terms.side;
    side_row *other = side_of(s, o->participant, o->terms.product, other_of(side));
    if (other == NULL) return false;
    o->is_near = is_near(s, m, o);
    o->other[OPEN] = other->open;
    o->other[PLACED] = other->placed;
    o->other[EXECUTED] = other->executed;
    side_row *own = side_of(s, o->participant, o->terms.product, side);
    if (own == NULL) return false;
    own->open += o->offered;
    own->placed += o->offered;
    return true;
}

bool ph_spoof_open(ph_spoof *s, const ph_live_order *o, uint64_t before)
{
    side_row *own = side_of(s, o->participant, o->terms.product, o->terms.side);
    if (own == NULL) return false;
    own->open += o->open - before; /* modulo 2^64: the sum of what is open is never negative */
    if (o->open > before) own->placed += o->open - before;
    return true;
}

static bool add_execution(ph_spoof *s, const ph_live_order *o, const ph_live_trade *t)
{
    side_row *own = side_of(s, o->participant, o->terms.product, o->terms.side);
    if (own == NULL) return false;
    own->executed += t->unit_periods;
    own->executed_seq = t->record->command.seq;
    return true;
}

bool ph_spoof_trade(ph_spoof *s, const ph_live_trade *t)
{
    return add_execution(s, t->buy, t) && add_execution(s, t->sell, t);
}

/* ---- Bursts ----------------------------------------------------------------------------- */

/* The burst is over: is it a finding? */
static bool close_burst(ph_spoof *s, side_row *own)
{
    burst b = own->burst;
    own->burst = (burst){.order_cnt = 0};
    if (b.order_cnt == 0) return true;
    ph_wide other = (ph_wide)b.open_before + (b.placed_after - b.placed_before);
    uint64_t executed = b.executed_after - b.executed_before;
    if (executed == 0 || (ph_wide)b.units < other * (ph_wide)s->bounds.spoof_factor) return true;
    ph_spoof_row *row = row_of(s, own->participant, own->product);
    if (row == NULL) return false;
    row->finding_cnt++;
    row->order_cnt += b.order_cnt;
    row->withdrawn += b.units;
    row->other_side += other;
    row->other_executed += executed;
    ph_evidence_add(&row->evidence, b.first_seq, b.last_seq, b.other_seq);
    return true;
}

static bool is_within(const ph_spoof *s, ph_time from, ph_time to)
{
    return (to.ns - from.ns + PH_NS_PER_S - 1) / PH_NS_PER_S <= s->bounds.spoof_seconds;
}

static bool add_withdrawn(ph_spoof *s, const ph_live_order *o)
{
    const side_row *other = ph_keyed_find(
        &s->sides, (ph_keyed_by){o->participant.v, (uint64_t)o->terms.product.v << 32 |
                                                       (uint64_t)other_of(o->terms.side)});
    side_row *own = side_of(s, o->participant, o->terms.product, o->terms.side);
    if (own == NULL || other == NULL) return false; /* both were put when the order came */
    burst *b = &own->burst;
    if (b->order_cnt != 0 && !is_within(s, b->last_at, o->end_at) && !close_burst(s, own))
        return false;
    if (b->order_cnt == 0 || o->seq < b->first_seq) {
        b->first_seq = o->seq;
        b->open_before = o->other[OPEN];
        b->placed_before = o->other[PLACED];
        b->executed_before = o->other[EXECUTED];
    }
    b->order_cnt++;
    b->units += o->open;
    b->last_at = o->end_at;
    b->last_seq = o->end_seq;
    b->placed_after = other->placed;
    b->executed_after = other->executed;
    b->other_seq = other->executed_seq;
    return true;
}

static bool add_near(ph_spoof *s, const ph_live_order *o, bool is_cancelled)
{
    ph_spoof_row *row = row_of(s, o->participant, o->terms.product);
    if (row == NULL) return false;
    row->near_cnt++;
    row->near_executed += o->executed;
    if (!is_cancelled) return true;
    row->near_cancelled += o->open;
    row->last_seq = o->end_seq;
    if (row->first_seq == 0) row->first_seq = o->end_seq;
    return true;
}

bool ph_spoof_end(ph_spoof *s, const ph_live_order *o, bool counts)
{
    bool is_cancelled = o->state == PH_ORDER_CANCELLED && o->reason == PH_CANCEL_REQUESTED &&
                        o->end_sender.v == o->participant.v;
    if (counts && o->is_near) {
        if (!add_near(s, o, is_cancelled)) return false;
        bool is_withdrawn = is_cancelled && o->executed == 0 && is_within(s, o->at, o->end_at);
        if (is_withdrawn && !add_withdrawn(s, o)) return false;
    }
    side_row *own = side_of(s, o->participant, o->terms.product, o->terms.side);
    if (own == NULL) return false;
    own->open -= o->open;
    return true;
}

bool ph_spoof_rest(ph_spoof *s, const ph_live_order *o)
{
    return !o->is_near || add_near(s, o, false);
}

bool ph_spoof_close(ph_spoof *s)
{
    for (uint32_t i = 0; i < s->sides.cnt; i++)
        if (!close_burst(s, ph_keyed_at(&s->sides, i))) return false;
    return true;
}

/* ---- Rankings --------------------------------------------------------------------------- */

static bool has_finding(const void *row, const void *arg)
{
    (void)arg;
    return ((const ph_spoof_row *)row)->finding_cnt != 0;
}

static ph_wide by_orders(const void *row)
{
    return ((const ph_spoof_row *)row)->order_cnt;
}

bool ph_spoof_findings(const ph_spoof *s, const ph_spoof_row ***ret, uint32_t *ret_cnt)
{
    ph_ranking r = {.lets_through = has_finding, .figure = by_orders};
    return ph_rank(&s->rows, &r, (const void ***)ret, ret_cnt);
}

ph_wide ph_spoof_ratio_ppm(const ph_spoof_row *row)
{
    return row->near_cancelled * PH_PPM / row->near_executed;
}

static bool has_ratio(const void *row, const void *arg)
{
    const ph_spoof_row *r = row;
    (void)arg;
    return r->near_cancelled != 0 && r->near_executed != 0;
}

static ph_wide by_ratio(const void *row)
{
    return ph_spoof_ratio_ppm(row);
}

bool ph_spoof_ratios(const ph_spoof *s, const ph_spoof_row ***ret, uint32_t *ret_cnt)
{
    ph_ranking r = {.lets_through = has_ratio, .figure = by_ratio};
    return ph_rank(&s->rows, &r, (const void ***)ret, ret_cnt);
}

void ph_spoof_free(ph_spoof *s)
{
    ph_keyed_free(&s->sides);
    ph_keyed_free(&s->rows);
}
