/* SPDX-License-Identifier: Apache-2.0 */
/* long: matching in one place, as section 6 tells it */
/*  Matching as section 6 says it: ladders are sorted anew for every question, blocks take their
    units one by one. */
#include "tests/prop/model.h"

#include <string.h>

/* ---- Ladders and columns (6, 6.1) ------------------------------------------------------------ */

/* The units of the EACH orders of one side in one period, best first: who supplies each. */
typedef struct {
    model_order *unit[MODEL_UNITS];
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

/* Who stands in a period's ladder, best first, by price and then by place in the queue; `extra`, if
   not NULL, behind all others at its price. */
typedef struct {
    model_order *order[MODEL_RESTING + 1];
    uint32_t cnt;
} queue;

static void queue_of(model *m, const model_order *like, ph_side side, ph_period t,
                     model_order *extra, queue *ret)
{
    ret->cnt = 0;
    for (uint32_t i = 0; i <= m->resting_cnt; i++) {
        model_order *o = i < m->resting_cnt ? &m->resting[i] : extra;
        if (o == NULL || o->terms.product.v != like->terms.product.v) continue;
        if (o->terms.side != side || o->terms.shape != PH_SHAPE_EACH) continue;
        if (model_open_in(o, t) == 0) continue;
        uint32_t at = ret->cnt++;
        for (; at > 0; at--) {
            const model_order *before = ret->order[at - 1];
            bool behind = before->terms.price != o->terms.price
                              ? better_for(opposite(side), before->terms.price, o->terms.price)
                              : o == extra || before->queue_place[t - before->terms.window.first] <
                                                  o->queue_place[t - o->terms.window.first];
            if (behind) break;
            ret->order[at] = ret->order[at - 1];
        }
        ret->order[at] = o;
    }
}

/* Units that a resting order gives at its n-th turn: what it shows, then clip after clip. */
static uint32_t turn_of(const model_order *o, ph_period t, uint32_t n)
{
    uint32_t open = model_open_in(o, t), k = t - o->terms.window.first;
    if (o->terms.display_quantity == 0) return n == 0 ? open : 0;
    uint32_t give = o->shown[k];
    for (uint32_t turn = 0; turn < n; turn++) {
        open -= give;
        give = o->terms.display_quantity < open ? o->terms.display_quantity : open;
    }
    return give;
}

static void supply(ladder *l, model_order *o, uint64_t units, uint64_t most)
{
    for (uint64_t k = 0; k < units && l->cnt < most; k++)
        l->unit[l->cnt++] = o;
}

/* What `taker` meets in a period, as far as it still wants units there; not those of `without`.
   The queue of a price is served in turns: first what is shown, then who came round again, and
   `extra` when all others have given all. */
static void ladder_of(model *m, const model_order *taker, ph_period t, uint32_t without,
                      model_order *extra, ladder *ret)
{
    static queue q;
    uint64_t most = taker->open[t - taker->terms.window.first];
    queue_of(m, taker, opposite(taker->terms.side), t, extra, &q);
    if (most > MODEL_UNITS) model_stop("too many units");
    ret->cnt = 0;
    uint32_t end;
    for (uint32_t first = 0; first < q.cnt; first = end) {
        ph_price price = q.order[first]->terms.price;
        for (end = first; end < q.cnt && q.order[end]->terms.price == price;)
            end++;
        bool gives = true;
        for (uint32_t turn = 0; gives; turn++) {
            gives = false;
            for (uint32_t i = first; i < end && ret->cnt < most; i++) {
                if (q.order[i]->who == without || q.order[i] == extra) continue;
                uint32_t units = turn_of(q.order[i], t, turn);
                gives |= units > 0;
                supply(ret, q.order[i], units, most);
            }
        }
        if (q.order[end - 1] == extra) supply(ret, extra, model_open_in(extra, t), most);
    }
}

/* The order that supplies the k-th unit (from 0) of a ladder, or NULL. */
static model_order *supplier_of(const ladder *l, uint64_t k)
{
    return k < l->cnt ? l->unit[k] : NULL;
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
        ladder_of(m, block, b->window.first + i, block->who, extra, &ret->period[i]);
}

static model_order *column_supplier(const column *c, uint32_t i, uint64_t k)
{
    return supplier_of(&c->period[i], k);
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

uint64_t model_column_units(model *m, const model_order *block, model_wide *ret_cost)
{
    static column c;
    const ph_new_order *b = &block->terms;
    uint64_t units = 0;
    model_wide of_unit;
    column_of(m, block, NULL, &c);
    *ret_cost = 0;
    while (units < block->open[0] && column_cost(&c, units, &of_unit) &&
           (b->price == 0 || within(b->side, of_unit, (model_wide)b->price * b->window.periods))) {
        units++;
        *ret_cost += of_unit;
    }
    return units;
}

/* ---- Fills ----------------------------------------------------------------------------------- */

void model_stand(model_order *o)
{
    o->rests = true;
    for (uint32_t k = 0; k < o->terms.window.periods; k++) {
        uint32_t clip = o->terms.display_quantity;
        o->shown[k] = clip == 0 || clip > o->open[k] ? o->open[k] : clip;
        o->queue_place[k] = o->place;
        o->renewed[k] = false;
    }
}

/* 6.8: units of a resting order left what it shows; the next clip goes to the back. */
static void take_shown(model *m, model_order *o, uint32_t k, uint32_t units)
{
    uint32_t clip = o->terms.display_quantity;
    if (units > o->shown[k]) model_stop("more than is shown");
    o->shown[k] -= units;
    if (clip == 0 || o->shown[k] > 0 || o->open[k] == 0) return;
    o->shown[k] = clip < o->open[k] ? clip : o->open[k];
    o->queue_place[k] = ++m->places;
    o->renewed[k] = true;
}

static void fill(model *m, model_order *a, model_order *b, ph_period t, uint64_t units,
                 ph_price price)
{
    if (a == NULL || b == NULL) model_stop("a fill with nobody");
    bool a_buys = a->terms.side == PH_SIDE_BUY;
    if (m->fill_cnt == MODEL_FILLS) model_stop("too many fills");
    m->fill[m->fill_cnt++] = (model_fill){a_buys ? a : b, a_buys ? b : a, t, units, price};
    model_order *both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        model_order *o = both[i];
        uint32_t k = t - o->terms.window.first;
        o->open[k] -= (uint32_t)units;
        o->executed[k] += (uint32_t)units;
        if (o->rests && o->terms.shape == PH_SHAPE_EACH) take_shown(m, o, k, (uint32_t)units);
    }
}

/* Units of the column to a block, each supplier at its own price, but `extra` at `offer`.  The
   suppliers are looked up before anything moves. */
static void fill_from_column(model *m, model_order *block, const column *c, uint64_t units,
                             const model_order *extra, ph_price offer)
{
    static model_order *supplier[MODEL_WINDOW][MODEL_UNITS];
    if (units > MODEL_UNITS) model_stop("too many units");
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

/* Within one execution a second member of a group is passed over (10). */
static bool member_taken(model_order *const *b, uint32_t b_cnt, const plan *p, uint32_t of)
{
    for (uint32_t i = 0; i < b_cnt; i++) {
        if (i != of && b[of]->group != 0 && b[i]->group == b[of]->group && p->block_units[i] > 0)
            return true;
    }
    return false;
}

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
            bool too_large = b[next]->terms.all_or_none && left > wanted;
            if (left != 0 && !too_large && !member_taken(b, b_cnt, p, next)) break;
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

/* What an incoming block takes from its column and from the blocks of its window. */
static plan plan_block(model *m, const model_order *in, column *c, model_order **b, uint32_t *b_cnt)
{
    *b_cnt = same_window(m, in, b);
    column_of(m, in, NULL, c);
    plan best = {0};
    plan_rest(in, c, b, *b_cnt, &best);
    if (in->terms.all_or_none && !plan_fits(in, &best)) {
        best = (plan){0};
        for (uint32_t i = 0; i < *b_cnt && best.units == 0; i++) {
            plan try;
            if (plan_with(in, c, b, *b_cnt, i, &try) && plan_fits(in, &try)) best = try;
        }
    } else if (!in->terms.all_or_none && larger_passed_over(in, b, *b_cnt, &best)) {
        for (uint32_t i = 0; i < *b_cnt; i++) {
            plan try;
            if (plan_with(in, c, b, *b_cnt, i, &try) && try.units > best.units) best = try;
        }
    }
    if (in->terms.time_in_force == PH_TIF_FOK && best.units < in->open[0]) best = (plan){0};
    return best;
}

void model_end_group(model *m, const model_order *executed)
{
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        if (executed->group == 0 || o->group != executed->group || o->id.v == executed->id.v)
            continue;
        if (model_open_units(o) > 0) model_cancelled(m, o, PH_CANCEL_GROUP);
    }
}

static void match_block(model *m, model_order *in)
{
    static column c;
    static model_order *b[MODEL_RESTING];
    uint32_t b_cnt;
    plan best = plan_block(m, in, &c, b, &b_cnt);
    if (best.units == 0) return;
    for (uint32_t i = 0; i < b_cnt; i++) {
        ph_window w = in->terms.window;
        if (best.block_units[i] == 0) continue;
        for (uint32_t k = 0; k < w.periods; k++)
            fill(m, in, b[i], w.first + k, best.block_units[i], b[i]->terms.price);
        model_end_group(m, b[i]);
    }
    fill_from_column(m, in, &c, best.column_units, NULL, 0);
    model_end_group(m, in);
}

/* ---- An incoming EACH (6.4) ------------------------------------------------------------------ */

typedef struct {
    model_order *order; /* NULL: there is none */
    model_wide price;
    uint64_t place;
    ph_period period; /* of a period candidate */
    ph_window window; /* of a block candidate; FLEX: of the start that it offers from */
    uint64_t units;   /* of a block candidate */
} candidate;

static candidate period_candidate(model *m, const model_order *in)
{
    static queue q;
    candidate best = {.order = NULL};
    ph_window w = in->terms.window;
    for (uint32_t k = 0; k < w.periods; k++) {
        if (in->open[k] == 0) continue;
        queue_of(m, in, opposite(in->terms.side), w.first + k, NULL, &q);
        if (q.cnt == 0) continue;
        ph_price price = q.order[0]->terms.price;
        if (!within(in->terms.side, price, in->terms.price)) continue;
        if (best.order != NULL && !better_for(in->terms.side, price, best.price)) continue;
        best = (candidate){
            .order = q.order[0],
            .price = price,
            .place = q.order[0]->queue_place[w.first + k - q.order[0]->terms.window.first],
            .period = w.first + k};
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
    *ret = (candidate){
        .order = block, .price = offer, .place = block->place, .units = units, .window = b->window};
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
    return a->place < b->place;
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
            for (uint32_t i = 0; i < block.window.periods; i++)
                block_at.open[i] = (uint32_t)block.units;
            column_of(m, &block_at, in, &c);
            fill_from_column(m, block.order, &c, block.units, in, (ph_price)block.price);
            if (block.order->terms.shape == PH_SHAPE_FLEX)
                memset(block.order->open, 0, sizeof block.order->open);
            model_end_group(m, block.order);
        } else if (period.order->who == in->who) {
            prevent_self_trade(m, in, period.order, period.period);
        } else if (!model_in_band(&m->product[in->terms.product.v], m->reference_before,
                                  (ph_price)period.price)) {
            in->halted = true;
            return;
        } else {
            uint64_t units = in->open[period.period - in->terms.window.first];
            uint64_t theirs = period.order->shown[period.period - period.order->terms.window.first];
            if (theirs < units) units = theirs;
            fill(m, in, period.order, period.period, units, (ph_price)period.price);
            m->product[in->terms.product.v].reference = (ph_price)period.price;
        }
    }
}

/* 6.3: the cheapest start that has all units, if it is within the limit. */
static bool plan_flex(model *m, const model_order *in, ph_window *ret_where, model_wide *ret_cost)
{
    static column c;
    static model_order start;
    bool found = false;
    for (uint32_t s = 0; s < in->terms.window.periods; s++) {
        if (!model_start(in, s, &start)) continue;
        column_of(m, &start, NULL, &c);
        model_wide cost = 0, unit = 0;
        bool all = true;
        for (uint64_t k = 0; k < in->terms.quantity && all; k++) {
            all = column_cost(&c, k, &unit);
            cost += unit;
        }
        if (!all || (found && cost >= *ret_cost)) continue;
        found = true;
        *ret_cost = cost;
        *ret_where = start.terms.window;
    }
    model_wide limit = (model_wide)in->terms.price * in->terms.duration * in->terms.quantity;
    return found && *ret_cost <= limit;
}

static void match_flex(model *m, model_order *in)
{
    static column c;
    static model_order start;
    ph_window where;
    model_wide cost;
    if (!plan_flex(m, in, &where, &cost)) return;
    (void)model_start(in, where.first - in->terms.window.first, &start);
    column_of(m, &start, NULL, &c);
    fill_from_column(m, in, &c, in->terms.quantity, NULL, 0);
    memset(in->open, 0, sizeof in->open);
    model_end_group(m, in);
}

bool model_block_cost(model *m, model_order *incoming, model_wide *ret)
{
    static column c;
    static model_order *b[MODEL_RESTING];
    uint32_t b_cnt;
    ph_window where;
    if (incoming->terms.shape == PH_SHAPE_FLEX) return plan_flex(m, incoming, &where, ret);
    plan p = plan_block(m, incoming, &c, b, &b_cnt);
    *ret = p.cost;
    return p.units > 0;
}

/* 6.5: an EACH order with FOK looks at period candidates alone, all of them or none. */
static void match_whole(model *m, model_order *in)
{
    static ladder l[MODEL_WINDOW];
    ph_window w = in->terms.window;
    bool prints = true, any = false;
    ph_price worst = 0;
    for (uint32_t k = 0; k < w.periods; k++) {
        ladder_of(m, in, w.first + k, 0, NULL, &l[k]);
        for (uint64_t unit = 0; unit < in->terms.quantity; unit++) {
            const model_order *o = supplier_of(&l[k], unit);
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
        for (uint64_t unit = 0; unit < in->terms.quantity; unit++) {
            model_order *o = supplier_of(&l[k], unit);
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
