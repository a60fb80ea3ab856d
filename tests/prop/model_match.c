/* SPDX-License-Identifier: Apache-2.0 */
/*  Matching as section 6 says it: ladders are sorted anew for every question, blocks take their
    units one by one. */
#include "tests/prop/model.h"

#include <string.h>

/* ---- Ladders and columns (6, 6.1) ------------------------------------------------------------ */

/* The EACH orders of one side in one period, best first; what they still have. */
typedef struct {
    model_order *order[MODEL_RESTING + 1];
    uint32_t cnt;
} ladder;

static ph_side opposite(ph_side side)
{
    return side == PH_SIDE_BUY ? PH_SIDE_SELL : PH_SIDE_BUY;
}

/* A buyer who arrives wants a low price, a seller a high one. */
static bool better_for(ph_side side, model_wide a, model_wide b)
{
    return side == PH_SIDE_BUY ? a < b : a > b;
}

static bool within(ph_side side, model_wide price, model_wide limit)
{
    return !better_for(side, limit, price);
}

/* `extra`, if not NULL, stands behind all others at its price. */
static ladder ladder_of(model *m, ph_product_id product, ph_side side, ph_period t,
                        uint32_t without, model_order *extra)
{
    ladder l = {.cnt = 0};
    for (uint32_t i = 0; i <= m->resting_cnt; i++) {
        model_order *o = i < m->resting_cnt ? &m->resting[i] : extra;
        if (o == NULL || o->terms.product.v != product.v || o->terms.side != side) continue;
        if (o->terms.shape != PH_SHAPE_EACH || o->who == without) continue;
        if (model_open_in(o, t) == 0) continue;
        uint32_t at = l.cnt++;
        for (; at > 0; at--) {
            const model_order *before = l.order[at - 1];
            bool behind = before->terms.price != o->terms.price
                              ? better_for(opposite(side), before->terms.price, o->terms.price)
                              : before->place < o->place;
            if (behind) break;
            l.order[at] = l.order[at - 1];
        }
        l.order[at] = o;
    }
    return l;
}

/* The order that supplies the k-th unit (from 0) of a ladder, or NULL. */
static model_order *supplier_of(const ladder *l, ph_period t, uint64_t k)
{
    for (uint32_t i = 0; i < l->cnt; i++) {
        uint64_t units = model_open_in(l->order[i], t);
        if (k < units) return l->order[i];
        k -= units;
    }
    return NULL;
}

/* What a block may draw on in each period of its window. */
typedef struct {
    ph_window window;
    ladder period[MODEL_WINDOW];
} column;

static void column_of(model *m, const model_order *block, model_order *extra, column *ret)
{
    const ph_new_order *b = &block->terms;
    ret->window = b->window;
    for (uint32_t i = 0; i < b->window.periods; i++)
        ret->period[i] =
            ladder_of(m, b->product, opposite(b->side), b->window.first + i, block->who, extra);
}

static model_order *column_supplier(const column *c, uint32_t i, uint64_t k)
{
    return supplier_of(&c->period[i], c->window.first + i, k);
}

/* c(k), k from 0; false if it does not exist. */
static bool column_cost(const column *c, uint64_t k, model_wide *ret)
{
    model_wide sum = 0;
    for (uint32_t i = 0; i < c->window.periods; i++) {
        const model_order *o = column_supplier(c, i, k);
        if (o == NULL) return false;
        sum += o->terms.price;
    }
    *ret = sum;
    return true;
}

/* ---- Fills ----------------------------------------------------------------------------------- */

static void fill(model *m, model_order *a, model_order *b, ph_period t, uint64_t units,
                 ph_price price)
{
    if (a == NULL || b == NULL) model_stop("a fill with nobody");
    bool a_buys = a->terms.side == PH_SIDE_BUY;
    if (m->fill_cnt == MODEL_FILLS) model_stop("too many fills");
    m->fill[m->fill_cnt++] = (model_fill){a_buys ? a : b, a_buys ? b : a, t, units, price};
    model_order *both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        both[i]->open[t - both[i]->terms.window.first] -= (uint32_t)units;
        both[i]->executed[t - both[i]->terms.window.first] += (uint32_t)units;
    }
}

/* Units of the column to a block, each supplier at its own price, but `extra` at `offer`.  The
   suppliers are looked up before anything moves. */
static void fill_from_column(model *m, model_order *block, const column *c, uint64_t units,
                             const model_order *extra, ph_price offer)
{
    static model_order *supplier[MODEL_WINDOW][1 << 10];
    if (units > 1 << 10) model_stop("too many units");
    for (uint32_t i = 0; i < c->window.periods; i++) {
        for (uint64_t k = 0; k < units; k++)
            supplier[i][k] = column_supplier(c, i, k);
    }
    for (uint32_t i = 0; i < c->window.periods; i++) {
        for (uint64_t k = 0; k < units; k++) {
            model_order *o = supplier[i][k];
            fill(m, block, o, c->window.first + i, 1, o == extra ? offer : o->terms.price);
        }
    }
}

/* ---- An incoming BLOCK (6.2) ----------------------------------------------------------------- */

/* Resting blocks of the other side with the same window, best price first, then place. */
static uint32_t same_window(model *m, const model_order *in, model_order **ret)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        const ph_new_order *b = &o->terms, *a = &in->terms;
        if (b->shape != PH_SHAPE_BLOCK || b->side == a->side || b->product.v != a->product.v)
            continue;
        if (b->window.first != a->window.first || b->window.periods != a->window.periods) continue;
        if (o->who == in->who || o->open[0] == 0) continue;
        uint32_t at = cnt++;
        for (; at > 0 && better_for(a->side, b->price, ret[at - 1]->terms.price); at--)
            ret[at] = ret[at - 1];
        ret[at] = o;
    }
    return cnt;
}

/* What an incoming block would take. */
typedef struct {
    uint64_t units;                      /* in all */
    uint64_t column_units;               /* from the column */
    uint64_t block_units[MODEL_RESTING]; /* from each of (b) */
    model_wide cost;
} plan;

/* One unit after the other, the cheaper source first, (b) at equal cost; `p` may have begun. */
static void plan_rest(const model_order *in, const column *c, model_order *const *b, uint32_t b_cnt,
                      plan *p)
{
    ph_side side = in->terms.side;
    uint32_t n = in->terms.window.periods, next = 0;
    while (p->units < in->open[0]) {
        uint64_t wanted = in->open[0] - p->units;
        for (; next < b_cnt; next++) {
            uint64_t left = b[next]->open[0] - p->block_units[next];
            if (left != 0 && !(b[next]->terms.all_or_none && left > wanted)) break;
        }
        model_wide of_column = 0, of_block = 0;
        bool have_column = column_cost(c, p->column_units, &of_column), have_block = next < b_cnt;
        if (have_block) of_block = (model_wide)b[next]->terms.price * n;
        if (!have_column && !have_block) break;
        bool from_block = have_block && (!have_column || !better_for(side, of_column, of_block));
        model_wide cost = from_block ? of_block : of_column;
        if (!in->terms.all_or_none && !within(side, cost, (model_wide)in->terms.price * n)) break;
        uint64_t units = from_block && b[next]->terms.all_or_none ? b[next]->open[0] : 1;
        if (from_block)
            p->block_units[next] += units;
        else
            p->column_units += units;
        p->units += units;
        p->cost += cost * (model_wide)units;
    }
}

/* All or none: everything is there and costs no more than the limit in all. */
static bool plan_fits(const model_order *in, const plan *p)
{
    if (!in->terms.all_or_none) return true;
    model_wide limit = (model_wide)in->terms.price * in->terms.window.periods * in->open[0];
    return p->units == in->open[0] && within(in->terms.side, p->cost, limit);
}

/* A plan that begins with as many units of b[head] as both have; false if it is not usable. */
static bool plan_with(const model_order *in, const column *c, model_order *const *b, uint32_t b_cnt,
                      uint32_t head, plan *ret)
{
    const model_order *h = b[head];
    if (!within(in->terms.side, h->terms.price, in->terms.price)) return false;
    uint64_t units = h->open[0] < in->open[0] ? h->open[0] : in->open[0];
    if (h->terms.all_or_none && units != h->open[0]) return false;
    *ret = (plan){.units = units};
    ret->block_units[head] = units;
    ret->cost = (model_wide)h->terms.price * in->terms.window.periods * (model_wide)units;
    plan_rest(in, c, b, b_cnt, ret);
    return true;
}

/* An all-or-none block of (b) within the limit was passed over and is larger than what is taken. */
static bool larger_passed_over(const model_order *in, model_order *const *b, uint32_t b_cnt,
                               const plan *p)
{
    for (uint32_t i = 0; i < b_cnt; i++) {
        bool inside = within(in->terms.side, b[i]->terms.price, in->terms.price);
        if (b[i]->terms.all_or_none && inside && p->block_units[i] == 0 &&
            b[i]->open[0] > p->units && p->units < in->open[0])
            return true;
    }
    return false;
}

static void match_block(model *m, model_order *in)
{
    static column c;
    static model_order *b[MODEL_RESTING];
    uint32_t b_cnt = same_window(m, in, b);
    column_of(m, in, NULL, &c);
    plan best = {0};
    plan_rest(in, &c, b, b_cnt, &best);
    if (in->terms.all_or_none && !plan_fits(in, &best)) {
        best = (plan){0};
        for (uint32_t i = 0; i < b_cnt && best.units == 0; i++) {
            plan try;
            if (plan_with(in, &c, b, b_cnt, i, &try) && plan_fits(in, &try)) best = try;
        }
    } else if (!in->terms.all_or_none && larger_passed_over(in, b, b_cnt, &best)) {
        for (uint32_t i = 0; i < b_cnt; i++) {
            plan try;
            if (plan_with(in, &c, b, b_cnt, i, &try) && try.units > best.units) best = try;
        }
    }
    if (in->terms.time_in_force == PH_TIF_FOK && best.units < in->open[0]) return;
    for (uint32_t i = 0; i < b_cnt; i++) {
        ph_window w = in->terms.window;
        for (uint32_t k = 0; k < w.periods && best.block_units[i] != 0; k++)
            fill(m, in, b[i], w.first + k, best.block_units[i], b[i]->terms.price);
    }
    fill_from_column(m, in, &c, best.column_units, NULL, 0);
}

/* ---- An incoming EACH (6.4) ------------------------------------------------------------------ */

typedef struct {
    model_order *order; /* NULL: there is none */
    model_wide price;
    ph_period period; /* of a period candidate */
    ph_window window; /* of a block candidate; FLEX: of the start that it offers from */
    uint64_t units;   /* of a block candidate */
} candidate;

static candidate period_candidate(model *m, const model_order *in)
{
    candidate best = {.order = NULL};
    ph_window w = in->terms.window;
    for (uint32_t k = 0; k < w.periods; k++) {
        if (in->open[k] == 0) continue;
        ph_side side = opposite(in->terms.side);
        ladder l = ladder_of(m, in->terms.product, side, w.first + k, 0, NULL);
        if (l.cnt == 0) continue;
        ph_price price = l.order[0]->terms.price;
        if (!within(in->terms.side, price, in->terms.price)) continue;
        if (best.order != NULL && !better_for(in->terms.side, price, best.price)) continue;
        best = (candidate){.order = l.order[0], .price = price, .period = w.first + k};
    }
    return best;
}

/* Units from the first on that draw on the same orders. */
static uint64_t first_run(const column *c, uint64_t most)
{
    uint64_t units = 0;
    for (; units < most; units++) {
        for (uint32_t i = 0; i < c->window.periods; i++) {
            const model_order *o = column_supplier(c, i, units);
            if (o == NULL || o != column_supplier(c, i, 0)) return units;
        }
    }
    return units;
}

static model_wide round_for(ph_side side, model_wide r, model_wide n)
{
    model_wide down = r / n;
    if (r % n != 0 && r < 0) down--;
    return side == PH_SIDE_SELL || down * n == r ? down : down + 1;
}

/* True if a resting block would execute with the help of the incoming order; what it offers. */
static bool block_offer(model *m, model_order *in, model_order *block, candidate *ret)
{
    static column c;
    const ph_new_order *b = &block->terms;
    column_of(m, block, in, &c);
    uint64_t units = b->all_or_none ? block->open[0] : first_run(&c, block->open[0]);
    model_wide cost = 0, others = 0, supplied = 0;
    for (uint64_t k = 0; k < units; k++) {
        model_wide of_unit;
        if (!column_cost(&c, k, &of_unit)) return false;
        cost += of_unit;
        for (uint32_t i = 0; i < b->window.periods; i++) {
            const model_order *o = column_supplier(&c, i, k);
            if (o == in)
                supplied++;
            else
                others += o->terms.price;
        }
    }
    model_wide limit = (model_wide)b->price * b->window.periods * (model_wide)units;
    if (supplied == 0 || !within(b->side, cost, limit)) return false;
    model_wide offer = round_for(in->terms.side, limit - others, supplied);
    ph_price tick = m->product[b->product.v].terms.tick;
    if (in->terms.side == PH_SIDE_BUY && offer < tick) offer = tick;
    *ret = (candidate){.order = block, .price = offer, .units = units, .window = b->window};
    return true;
}

/* The best start of a FLEX; equal: the earliest. */
static bool flex_offer(model *m, model_order *in, model_order *flex, candidate *ret)
{
    candidate best = {.order = NULL};
    for (uint32_t s = 0; s < flex->terms.window.periods; s++) {
        static model_order start;
        candidate one;
        if (!model_start(flex, s, &start) || !block_offer(m, in, &start, &one)) continue;
        if (best.order == NULL || better_for(in->terms.side, one.price, best.price)) best = one;
    }
    *ret = best;
    ret->order = flex;
    return best.order != NULL;
}

static bool touches(const model_order *block, const model_order *in)
{
    for (uint32_t k = 0; k < in->terms.window.periods; k++) {
        if (in->open[k] != 0 && model_open_in(block, in->terms.window.first + k) != 0) return true;
    }
    return false;
}

/* The better price wins; equal: the lower place. */
static bool wins(ph_side side, const candidate *a, const candidate *b)
{
    if (b->order == NULL) return true;
    if (a->price != b->price) return better_for(side, a->price, b->price);
    return a->order->place < b->order->place;
}

static candidate block_candidate(model *m, model_order *in)
{
    candidate best = {.order = NULL};
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        if (o->terms.shape == PH_SHAPE_EACH || o->terms.side == in->terms.side) continue;
        if (o->terms.product.v != in->terms.product.v || o->who == in->who) continue;
        candidate offer;
        bool flex = o->terms.shape == PH_SHAPE_FLEX;
        if (!touches(o, in)) continue;
        if (!(flex ? flex_offer(m, in, o, &offer) : block_offer(m, in, o, &offer))) continue;
        if (wins(in->terms.side, &offer, &best)) best = offer;
    }
    return best;
}

/* 6.7 */
static void prevent_self_trade(model *m, model_order *in, model_order *own, ph_period t)
{
    if (in->terms.stp == PH_STP_CANCEL_RESTING) {
        model_cancelled(m, own, PH_CANCEL_SELF_TRADE);
        return;
    }
    uint32_t k = t - in->terms.window.first;
    model_tell(m, PH_EVT_PERIOD_LOST)->u.period_lost = (ph_period_lost){
        .order = in->id,
        .participant = {in->who},
        .client_order_id = in->terms.client_order_id,
        .product = in->terms.product,
        .period = t,
        .quantity = in->open[k],
        .reason = PH_CANCEL_SELF_TRADE,
    };
    in->open[k] = 0;
    in->lost[k] = true;
    in->lost_a_period = true;
}

static void match_each(model *m, model_order *in)
{
    static column c;
    for (;;) {
        candidate period = period_candidate(m, in), block = block_candidate(m, in);
        if (period.order == NULL && block.order == NULL) return;
        if (block.order != NULL && wins(in->terms.side, &block, &period)) {
            model_order block_at = *block.order;
            block_at.terms.window = block.window;
            column_of(m, &block_at, in, &c);
            fill_from_column(m, block.order, &c, block.units, in, (ph_price)block.price);
            if (block.order->terms.shape == PH_SHAPE_FLEX)
                memset(block.order->open, 0, sizeof block.order->open);
        } else if (period.order->who == in->who) {
            prevent_self_trade(m, in, period.order, period.period);
        } else if (!model_in_band(&m->product[in->terms.product.v], m->reference_before,
                                  (ph_price)period.price)) {
            in->halted = true;
            return;
        } else {
            uint64_t units = in->open[period.period - in->terms.window.first];
            uint64_t theirs = model_open_in(period.order, period.period);
            if (theirs < units) units = theirs;
            fill(m, in, period.order, period.period, units, (ph_price)period.price);
            m->product[in->terms.product.v].reference = (ph_price)period.price;
        }
    }
}

/* 6.3: the cheapest start that has all units. */
static void match_flex(model *m, model_order *in)
{
    static column c;
    static model_order start;
    bool found = false;
    model_wide best = 0;
    ph_window where = in->terms.window;
    for (uint32_t s = 0; s < in->terms.window.periods; s++) {
        if (!model_start(in, s, &start)) continue;
        column_of(m, &start, NULL, &c);
        model_wide cost = 0, unit = 0;
        bool all = true;
        for (uint64_t k = 0; k < in->terms.quantity && all; k++) {
            all = column_cost(&c, k, &unit);
            cost += unit;
        }
        if (!all || (found && cost >= best)) continue;
        found = true;
        best = cost;
        where = start.terms.window;
    }
    model_wide limit = (model_wide)in->terms.price * in->terms.duration * in->terms.quantity;
    if (!found || best > limit) return;
    start.terms.window = where;
    column_of(m, &start, NULL, &c);
    fill_from_column(m, in, &c, in->terms.quantity, NULL, 0);
    memset(in->open, 0, sizeof in->open);
}

/* 6.5: an EACH order with FOK looks at period candidates alone, all of them or none. */
static void match_whole(model *m, model_order *in)
{
    static ladder l[MODEL_WINDOW];
    ph_window w = in->terms.window;
    bool prints = true, any = false;
    ph_price worst = 0;
    for (uint32_t k = 0; k < w.periods; k++) {
        l[k] = ladder_of(m, in->terms.product, opposite(in->terms.side), w.first + k, 0, NULL);
        for (uint64_t unit = 0; unit < in->terms.quantity; unit++) {
            const model_order *o = supplier_of(&l[k], w.first + k, unit);
            if (o == NULL || o->who == in->who ||
                !within(in->terms.side, o->terms.price, in->terms.price))
                return;
            prints &= model_in_band(&m->product[in->terms.product.v], m->reference_before,
                                    o->terms.price);
            if (!any || better_for(in->terms.side, worst, o->terms.price)) worst = o->terms.price;
            any = true;
        }
    }
    in->halted = !prints;
    for (uint32_t k = 0; k < w.periods && prints; k++) {
        for (uint64_t left = in->terms.quantity; left > 0; left--) {
            model_order *o = supplier_of(&l[k], w.first + k, 0);
            fill(m, in, o, w.first + k, 1, o->terms.price);
        }
    }
    if (prints) m->product[in->terms.product.v].reference = worst;
}

void model_match(model *m, model_order *incoming)
{
    if (incoming->terms.shape == PH_SHAPE_BLOCK)
        match_block(m, incoming);
    else if (incoming->terms.shape == PH_SHAPE_FLEX)
        match_flex(m, incoming);
    else if (incoming->terms.time_in_force == PH_TIF_FOK)
        match_whole(m, incoming);
    else
        match_each(m, incoming);
}
