/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/question.h"

#include <string.h>

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/base/sort.h"
#include "engine/core/check.h"
#include "engine/core/column.h"
#include "engine/core/fill.h"
#include "engine/core/gate.h"
#include "engine/core/ledger.h"
#include "engine/core/match.h"
#include "engine/core/match_block.h"
#include "engine/core/place.h"
#include "engine/core/trial.h"

struct ph_question {
    ph_trial trial;
};

size_t ph_question_footprint(const ph_market_limits *limits)
{
    ph_question q;
    ph_arena a = {.start = NULL};
    (void)ph_arena_take(&a, 1, sizeof q);
    ph_trial_init(&q.trial, &a, limits);
    return a.used;
}

ph_question *ph_question_init(void *block, const ph_market_limits *limits)
{
    PH_ASSERT(block != NULL && (uintptr_t)block % PH_ARENA_ALIGN == 0);
    ph_arena a = {.start = block, .used = 0, .size = ph_question_footprint(limits)};
    ph_question *q = ph_arena_take(&a, 1, sizeof *q);
    ph_trial_init(&q->trial, &a, limits);
    return q;
}

/* Questions use scratch that lives in the market and belongs to nobody between two commands; what
   the market remembers stays as it is. */
static ph_market *scratch_of(const ph_market *m)
{
    return (ph_market *)(uintptr_t)m;
}

/* ---- Checks ------------------------------------------------------------------------------- */

static ph_reject check_sender(const ph_market *m, uint32_t who, int64_t args[2])
{
    args[0] = who;
    if (who == 0 || who > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
    args[1] = m->participants[who].state;
    if (m->participants[who].state != PH_PARTICIPANT_ACTIVE)
        return PH_REJECT_PARTICIPANT_NOT_ACTIVE;
    args[0] = args[1] = 0;
    return PH_REJECT_NONE;
}

/* All checks before the book, with a client order id that is fresh; a->draft is given. */
static ph_reject check(const ph_market *m, uint32_t who, const ph_new_order *n, ph_new_order *fresh,
                       ph_arrival *a, int64_t args[2])
{
    ph_reject why = check_sender(m, who, args);
    if (why != PH_REJECT_NONE) return why;
    *fresh = *n;
    fresh->client_order_id = m->participants[who].highest_client_order_id + 1;
    *a = (ph_arrival){.n = fresh, .sender = who, .args = args, .draft = a->draft};
    uint64_t unused;
    return ph_check_order(scratch_of(m), a, &unused);
}

/* ---- Preview ------------------------------------------------------------------------------ */

static bool fill_before(const void *va, const void *vb)
{
    const ph_fill *a = va, *b = vb;
    return a->low_place < b->low_place; /* the incoming order is the higher of every fill */
}

static bool preview_before(const void *va, const void *vb)
{
    const ph_fill *a = va, *b = vb;
    if (a->window.first != b->window.first) return a->window.first < b->window.first;
    return a->price < b->price;
}

static void add_fees(const ph_market *m, const ph_order *o, ph_preview *ret)
{
    const ph_product_terms *terms = &m->products[o->product].terms;
    ph_sort(m->fills, m->fill_cnt, sizeof m->fills[0], fill_before);
    for (uint32_t i = 0; i < m->fill_cnt;) {
        ph_wide notional = 0;
        uint32_t j = i;
        for (; j < m->fill_cnt && m->fills[j].low_place == m->fills[i].low_place; j++)
            notional += (ph_wide)m->fills[j].price * m->fills[j].quantity;
        i = j;
        ph_money fee = ph_money_share_down((ph_money)notional, terms->taker_ppm);
        ret->contracts++;
        ret->notional += (ph_money)notional;
        ret->fee += fee;
        if (o->side == PH_SIDE_BUY)
            ret->fee_at_trade += ph_money_share_down(fee, terms->fee_at_trade_ppm);
    }
}

/* Fills in which the tried order takes part: a block that it completes trades with others too. */
static void keep_own_fills(ph_market *m, uint32_t slot)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < m->fill_cnt; i++) {
        if (m->fills[i].buy == slot || m->fills[i].sell == slot) m->fills[cnt++] = m->fills[i];
    }
    m->fill_cnt = cnt;
}

static uint32_t tell_fills(const ph_market *m, ph_side side, ph_preview_fill *fills, uint32_t max)
{
    ph_sort(m->fills, m->fill_cnt, sizeof m->fills[0], preview_before);
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < m->fill_cnt;) {
        ph_preview_fill f = {m->fills[i].window.first, m->fills[i].price, 0};
        for (; i < m->fill_cnt && m->fills[i].window.first == f.period &&
               m->fills[i].price == f.price;
             i++)
            f.units += m->fills[i].quantity;
        if (cnt < max) fills[cnt] = f;
        cnt++;
    }
    /* Sorted by rising price: a seller's best is the highest. */
    uint32_t told = cnt < max ? cnt : max;
    for (uint32_t i = 0; side == PH_SIDE_SELL && i < told;) {
        uint32_t end = i;
        while (end < told && fills[end].period == fills[i].period)
            end++;
        for (uint32_t low = i, high = end; low + 1 < high; low++, high--) {
            ph_preview_fill swap = fills[low];
            fills[low] = fills[high - 1];
            fills[high - 1] = swap;
        }
        i = end;
    }
    return cnt;
}

/* Matches a draft in a double of its book; what is left stays in no queue. */
static ph_market *try_draft(ph_question *q, const ph_market *m, const ph_order *draft)
{
    ph_market *t = ph_trial_of(&q->trial, m, draft->product);
    ph_trial_put(t, draft);
    uint32_t slot = ph_trial_slot(t);
    ph_fill_begin(t, slot);
    ph_fill_touch(t, slot);
    ph_place_execute(t, slot);
    return t;
}

static bool would_trade(ph_question *q, const ph_market *m, const ph_order *draft)
{
    ph_market *t = ph_trial_of(&q->trial, m, draft->product);
    ph_trial_put(t, draft);
    return ph_place_would_trade(t, ph_trial_slot(t));
}

static ph_cancel_reason end_of(const ph_order *o)
{
    if (o->ends != 0) return (ph_cancel_reason)o->ends;
    if (o->left > 0 && o->time_in_force == PH_TIF_IOC) return PH_CANCEL_IOC;
    if (o->left > 0 && o->time_in_force == PH_TIF_FOK) return PH_CANCEL_FOK;
    return (ph_cancel_reason)0;
}

void ph_question_preview(ph_question *q, const ph_market *m, ph_participant_id who,
                         const ph_new_order *n, ph_preview *ret, ph_preview_fills fills)
{
    *ret = (ph_preview){.reject = PH_REJECT_NONE};
    ph_new_order fresh;
    ph_order draft;
    ph_arrival a = {.draft = &draft};
    ret->reject = check(m, who.v, n, &fresh, &a, ret->args);
    if (ret->reject == PH_REJECT_NONE && n->post_only && would_trade(q, m, &draft))
        ret->reject = PH_REJECT_POST_ONLY;
    if (ret->reject != PH_REJECT_NONE) return;
    ret->hold = a.hold;
    ph_market *t = try_draft(q, m, &draft);
    const ph_order *o = &t->orders[ph_trial_slot(t)];
    ph_fill_split(t);
    keep_own_fills(t, ph_trial_slot(t));
    for (uint32_t i = 0; i < t->fill_cnt; i++)
        ret->executed += t->fills[i].quantity;
    ret->left = o->left;
    ret->ends = end_of(o);
    if (ret->left > 0 && ret->ends == 0) {
        bool fits = ph_ledger_hold_of(t, o, o->left, &ret->hold_after);
        PH_ASSERT(fits); /* less than the hold on acceptance */
    }
    add_fees(t, o, ret);
    ret->bond = o->bond_unit * (ph_money)ret->executed;
    ret->fill_cnt = tell_fills(t, n->side, fills.v, fills.max);
}

/* ---- Why ---------------------------------------------------------------------------------- */

/* A question in work: an order, and whether its likes would execute. */
typedef struct {
    ph_question *q;
    const ph_market *m;
    uint32_t who;
} asking;

/* Periods alone, when no block is in reach: every period has all units at acceptable prices. */
static bool periods_have_all(const asking *x, const ph_order *draft)
{
    ph_market *m = scratch_of(x->m);
    ph_trial_put(m, draft);
    uint32_t slot = ph_trial_slot(m);
    bool stops = draft->stp == PH_STP_CANCEL_INCOMING || draft->time_in_force == PH_TIF_FOK;
    for (uint32_t i = 0; i < draft->window.periods; i++) {
        ph_column c = ph_column_start(
            m, (ph_column_ask){slot, {draft->window.first + i, 1}, PH_NONE, NULL, stops});
        uint32_t want = draft->quantity;
        while (want > 0 && c.run > 0 && draft->key + c.unit_key >= 0) {
            uint32_t units = want < c.run ? want : c.run;
            ph_column_take(&c, units);
            want -= units;
        }
        if (want > 0) return false;
    }
    return true;
}

/* Whether all of a draft executes, whatever its owner can pay. */
static bool executes(const asking *x, const ph_order *draft)
{
    const ph_product *p = &x->m->products[draft->product];
    const ph_book_side *other = &p->side[ph_other_side((ph_side)draft->side)];
    if (draft->shape != PH_SHAPE_EACH) {
        ph_market *m = scratch_of(x->m);
        ph_trial_put(m, draft);
        ph_block_plan plan = ph_match_block_plan(m, ph_trial_slot(m));
        return plan.executes && plan.units == draft->quantity;
    }
    if (other->blocks.cnt == 0 && p->terms.band_ppm == 0) return periods_have_all(x, draft);
    ph_market *t = try_draft(x->q, x->m, draft);
    const ph_order *o = &t->orders[ph_trial_slot(t)];
    return o->left == 0 && t->lost_cnt == 0 && o->ends == 0;
}

/* Whether an order would be taken and all of it execute. */
static ph_reject taken(const asking *x, const ph_new_order *n, bool *ret_executes)
{
    ph_new_order fresh;
    ph_order draft;
    ph_arrival a = {.draft = &draft};
    int64_t args[2];
    *ret_executes = false;
    ph_reject why = check(x->m, x->who, n, &fresh, &a, args);
    if (why == PH_REJECT_NONE) *ret_executes = executes(x, &draft);
    return why;
}

static bool executes_at(const asking *x, const ph_order *draft, ph_price price)
{
    ph_order o = *draft;
    o.key = ph_key_of((ph_side)o.side, price);
    return executes(x, &o);
}

/* Between a price that does not execute and one that does, in ticks from one to the other. */
static ph_price best_price(const asking *x, const ph_order *draft, int64_t tick)
{
    ph_price limit = ph_price_of(draft->key), end = PH_PRICE_MAX / tick * tick;
    if (draft->side == PH_SIDE_SELL) end = tick;
    int64_t step = draft->side == PH_SIDE_BUY ? tick : -tick;
    int64_t low = 0, high = (end - limit) / step;
    if (high <= 0 || !executes_at(x, draft, limit + high * step)) return 0;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (executes_at(x, draft, limit + middle * step))
            high = middle;
        else
            low = middle;
    }
    return limit + high * step;
}

static void answer_price(const asking *x, const ph_new_order *n, const ph_order *draft, ph_why *ret)
{
    ph_new_order better = *n;
    better.post_only = false;
    better.price = best_price(x, draft, x->m->products[n->product.v].terms.tick);
    if (better.price == 0) return;
    bool fills;
    ret->price_reject = taken(x, &better, &fills);
    if (fills) ret->price = better.price;
}

/* Whether so many lots of a draft would execute, all of them. */
static bool lots_execute(const asking *x, const ph_order *draft, uint32_t lots)
{
    ph_order o = *draft;
    o.quantity = o.open = lots * x->m->products[draft->product].terms.lot;
    o.left = (uint64_t)o.quantity * (o.shape == PH_SHAPE_FLEX ? o.duration : o.window.periods);
    return executes(x, &o);
}

/* How many lots of so many a BLOCK would take that takes what it gets: as many as these alone
   execute, for what it passes over it would pass over again. */
static uint32_t lots_taken(const asking *x, const ph_order *draft, uint32_t lots)
{
    ph_market *m = scratch_of(x->m);
    const uint32_t lot = m->products[draft->product].terms.lot;
    ph_order o = *draft;
    o.quantity = o.open = lots * lot;
    o.left = (uint64_t)o.quantity * o.window.periods;
    o.all_or_none = false;
    o.time_in_force = PH_TIF_GTC;
    ph_trial_put(m, &o);
    return ph_match_block_plan(m, ph_trial_slot(m)).units / lot;
}

/* Where no block rests, less executes where more does.  A block that is all-or-none gives all or
   nothing, so with blocks the largest quantities are tried one by one, and below them what is left
   of a larger one. */
static void answer_quantity(const asking *x, const ph_new_order *n, const ph_order *draft,
                            ph_why *ret)
{
    const ph_product *p = &x->m->products[n->product.v];
    uint32_t lot = p->terms.lot, low = 0, high = n->quantity / lot; /* high does not execute */
    bool has_blocks = p->side[ph_other_side(n->side)].blocks.cnt > 0 && n->shape != PH_SHAPE_FLEX;
    for (uint32_t most = high; has_blocks && high > 1 && most - high < PH_WHY_QUANTITIES_MAX;) {
        if (!lots_execute(x, draft, --high)) continue;
        ret->quantity = high * lot;
        return;
    }
    const uint32_t tried = high; /* it and what is above, one by one */
    if (has_blocks && high > 1 && n->shape == PH_SHAPE_BLOCK) {
        uint32_t lots = lots_taken(x, draft, high - 1);
        if (lots > 0 && lots_execute(x, draft, lots)) low = lots;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (lots_execute(x, draft, middle))
            low = middle;
        else
            high = middle;
    }
    ret->quantity = low * lot;
    ret->more_quantities = has_blocks && tried > low + 1;
}

/* Nearer starts first, of two equally near ones the earlier. */
static void answer_start(const asking *x, const ph_new_order *n, ph_why *ret)
{
    const ph_product_terms *terms = &x->m->products[n->product.v].terms;
    int64_t first = ph_gate_first_open(x->m, terms);
    int64_t last = (int64_t)ph_gate_last_open(x->m, terms) - n->window.periods + 1;
    int64_t here = n->window.first;
    uint32_t tried = 0;
    for (int64_t away = 1; here - away >= first || here + away <= last; away++) {
        for (int side = -1; side <= 1; side += 2) {
            int64_t start = here + side * away;
            if (start < first || start > last) continue;
            if (tried == PH_WHY_STARTS_MAX) {
                ret->more_starts = true;
                return;
            }
            tried++;
            ph_new_order moved = *n;
            moved.window.first = (ph_period)start;
            bool fills;
            (void)taken(x, &moved, &fills); /* refused: this start does not */
            if (!fills) continue;
            ret->has_start = true;
            ret->start = (ph_period)start;
            return;
        }
    }
}

static void answer_products(const asking *x, const ph_new_order *n, ph_why *ret)
{
    const ph_product_terms *own = &x->m->products[n->product.v].terms;
    for (uint32_t i = 1; i <= x->m->product_cnt && ret->product_cnt < PH_WHY_PRODUCTS_MAX; i++) {
        const ph_product_terms *terms = &x->m->products[i].terms;
        if (i == n->product.v || terms->compute_type != own->compute_type ||
            terms->period_seconds != own->period_seconds)
            continue;
        ph_new_order other = *n;
        other.product.v = i;
        bool fills;
        (void)taken(x, &other, &fills); /* refused: this product does not */
        if (fills) ret->products[ret->product_cnt++] = terms->id;
    }
}

void ph_question_why(ph_question *q, const ph_market *m, ph_participant_id who,
                     const ph_new_order *n, ph_why *ret)
{
    *ret = (ph_why){.reject = PH_REJECT_NONE};
    asking x = {q, m, who.v};
    ph_new_order asked = *n, fresh;
    asked.post_only = false; /* it is asked when it would trade */
    ph_order draft;
    ph_arrival a = {.draft = &draft};
    int64_t args[2];
    ret->reject = check(m, who.v, &asked, &fresh, &a, args);
    if (ret->reject != PH_REJECT_NONE) return;
    ret->fills = executes(&x, &draft);
    if (ret->fills) return;
    answer_price(&x, &asked, &draft, ret);
    answer_quantity(&x, &asked, &draft, ret);
    answer_start(&x, &asked, ret);
    if (n->from_contract.v == 0) answer_products(&x, &asked, ret);
}

/* ---- Fillable depth ------------------------------------------------------------------------ */

static ph_depth_answer depth_at(ph_market *m, uint32_t slot, ph_window window, ph_price limit)
{
    ph_depth_answer answer = {0, 0};
    ph_side side = (ph_side)m->orders[slot].side;
    ph_wide key = (ph_wide)ph_key_of(side, limit) * window.periods, total = 0;
    ph_column c = ph_column_start(m, (ph_column_ask){slot, window, PH_NONE, NULL, false});
    while (c.run > 0 && (limit == 0 || key + c.unit_key >= 0)) {
        ph_wide then = total + (ph_wide)c.unit_key * c.run;
        if (then > INT64_MAX || then < -(ph_wide)INT64_MAX) break; /* more money than there is */
        total = then;
        answer.units += c.run;
        ph_column_take(&c, c.run);
    }
    answer.notional = (ph_money)(total < 0 ? -total : total);
    return answer;
}

ph_status ph_question_depth(const ph_market *m, const ph_depth_question *a, ph_depth_answer *ret)
{
    if (a->product.v == 0 || a->product.v > m->product_cnt) return PH_EINVAL;
    const ph_product_terms *terms = &m->products[a->product.v].terms;
    if (a->periods == 0 || a->periods > terms->block_periods_max) return PH_EINVAL;
    if (a->side != PH_SIDE_BUY && a->side != PH_SIDE_SELL) return PH_EINVAL;
    ph_market *scratch = scratch_of(m);
    ph_trial_put(scratch, &(ph_order){.product = a->product.v,
                                      .participant = a->except.v,
                                      .side = (uint8_t)a->side,
                                      .shape = PH_SHAPE_BLOCK});
    uint64_t first = ph_gate_first_open(m, terms), end = ph_gate_last_open(m, terms) + 1;
    for (uint32_t i = 0; i < a->starts.periods; i++) {
        uint64_t start = (uint64_t)a->starts.first + i;
        ret[i] = (ph_depth_answer){0, 0};
        if (start < first || start + a->periods > end) continue;
        ret[i] = depth_at(scratch, ph_trial_slot(m), (ph_window){(ph_period)start, a->periods},
                          a->limit);
    }
    return PH_OK;
}
