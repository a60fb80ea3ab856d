/* SPDX-License-Identifier: Apache-2.0 */
/* long: the market in one place, as the rulebook tells it */
#include "tests/prop/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t PPM = 1000000, PRICE_MAX = INT64_C(1000000000000000);
static const uint64_t NS_PER_S = UINT64_C(1000000000);

void model_stop(const char *why)
{
    (void)fprintf(stderr, "model: %s\n", why);
    exit(2);
}

ph_event *model_tell(model *m, ph_event_kind kind)
{
    if (m->event_cnt == MODEL_EVENTS) model_stop("too many events");
    ph_event *e = &m->event[m->event_cnt++];
    *e = (ph_event){.kind = kind};
    return e;
}

void model_open(model *m)
{
    memset(m, 0, sizeof *m);
    m->participant[1].roles = PH_ROLE_OPERATOR;
    m->participant[1].state = PH_PARTICIPANT_ACTIVE;
}

/* ---- Orders that rest ------------------------------------------------------------------------ */

uint32_t model_open_in(const model_order *o, ph_period t)
{
    ph_window w = o->terms.window;
    return t >= w.first && t - w.first < w.periods ? o->open[t - w.first] : 0;
}

uint64_t model_open_units(const model_order *o)
{
    uint64_t sum = 0;
    model_order start;
    if (o->terms.shape == PH_SHAPE_FLEX) {
        for (uint32_t s = 0; s < o->terms.window.periods; s++) {
            if (model_start(o, s, &start)) return (uint64_t)start.open[0] * o->terms.duration;
        }
        return 0;
    }
    for (uint32_t i = 0; i < o->terms.window.periods; i++)
        sum += o->open[i];
    return sum;
}

bool model_start(const model_order *flex, uint32_t start, model_order *ret)
{
    uint32_t n = flex->terms.duration;
    if (start + n > flex->terms.window.periods) return false;
    *ret = *flex;
    ret->terms.shape = PH_SHAPE_BLOCK;
    ret->terms.all_or_none = true;
    ret->terms.window = (ph_window){flex->terms.window.first + start, n};
    for (uint32_t k = 0; k < n; k++) {
        ret->open[k] = flex->open[start + k];
        if (ret->open[k] == 0) return false;
    }
    return true;
}

model_order *model_resting(model *m, ph_order_id id)
{
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        if (m->resting[i].id.v == id.v) return &m->resting[i];
    }
    return NULL;
}

/* Orders with nothing left leave the book. */
static void sweep(model *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        if (model_open_units(&m->resting[i]) != 0) m->resting[kept++] = m->resting[i];
    }
    m->resting_cnt = kept;
}

/* Ends what is left of an order and says so. */
void model_cancelled(model *m, model_order *o, ph_cancel_reason reason)
{
    model_tell(m, PH_EVT_CANCELLED)->u.cancelled = (ph_cancelled){
        .order = o->id,
        .participant = {o->who},
        .client_order_id = o->terms.client_order_id,
        .product = o->terms.product,
        .reason = reason,
        .unit_periods = model_open_units(o),
    };
    memset(o->open, 0, sizeof o->open);
}

/* ---- Money and capacity that orders need ----------------------------------------------------- */

static model_wide share_up(model_wide amount, int64_t ppm)
{
    return (amount * ppm + PPM - 1) / PPM;
}

static model_wide hold(const model *m, const model_order *o, uint64_t unit_periods)
{
    if (o->terms.side == PH_SIDE_SELL) return (model_wide)o->bond * unit_periods;
    const ph_product_terms *p = &m->product[o->terms.product.v].terms;
    model_wide cost = (model_wide)o->terms.price * unit_periods;
    return cost + share_up(cost, p->maker_ppm > p->taker_ppm ? p->maker_ppm : p->taker_ppm);
}

/* What an order, which may rest or not, and the resting members of its group hold: the largest. */
static model_wide hold_with_group(const model *m, const model_order *o)
{
    model_wide most = hold(m, o, model_open_units(o));
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        const model_order *r = &m->resting[i];
        if (o->group == 0 || r->group != o->group || r->id.v == o->id.v) continue;
        model_wide of_member = hold(m, r, model_open_units(r));
        if (of_member > most) most = of_member;
    }
    return most;
}

ph_money model_held(const model *m, uint32_t who)
{
    model_wide sum = 0;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        const model_order *o = &m->resting[i];
        bool counted = false;
        for (uint32_t j = 0; j < i; j++)
            counted |= o->group != 0 && m->resting[j].group == o->group;
        if (o->who == who && !counted) sum += hold_with_group(m, o);
    }
    return (ph_money)sum;
}

static model_pool *pool_of(model *m, uint32_t who, ph_product_id product)
{
    const ph_product_terms *p = &m->product[product.v].terms;
    return &m->pool[who][p->site.v][p->hardware.v];
}

/* Hardware units that an order offers in a period. */
static int64_t offers(const model *m, const model_order *o, ph_period t)
{
    return (int64_t)model_open_in(o, t) * m->product[o->terms.product.v].terms.hardware_units;
}

/* Another member of the order's group offers more of the same, or as much and counts already. */
static bool outdone(model *m, uint32_t of, const model_pool *pool, ph_period t)
{
    const model_order *o = &m->resting[of];
    for (uint32_t i = 0; i < m->resting_cnt && o->group != 0; i++) {
        const model_order *r = &m->resting[i];
        if (i == of || r->group != o->group || pool_of(m, r->who, r->terms.product) != pool)
            continue;
        if (offers(m, r, t) > offers(m, o, t)) return true;
        if (offers(m, r, t) == offers(m, o, t) && i < of) return true;
    }
    return false;
}

/* Hardware units that a supplier has neither offered nor sold; not counting what `group` offers. */
int64_t model_capacity_free(model *m, uint32_t who, ph_product_id product, ph_period t,
                            uint64_t group)
{
    if (t >= MODEL_PERIODS) model_stop("period out of range");
    const model_pool *pool = pool_of(m, who, product);
    int64_t left = (int64_t)pool->registered[t] - (int64_t)pool->sold[t];
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        const model_order *o = &m->resting[i];
        if (o->who != who || o->terms.side != PH_SIDE_SELL) continue;
        if (pool_of(m, who, o->terms.product) != pool) continue;
        if (group != 0 && o->group == group) continue;
        if (!outdone(m, i, pool, t)) left -= offers(m, o, t);
    }
    return left;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static uint64_t gate_ns(const model *m, uint32_t product, ph_period t)
{
    const ph_product_terms *p = &m->product[product].terms;
    return ((uint64_t)t * p->period_seconds - p->gate_seconds) * NS_PER_S;
}

static void close_gate(model *m, uint32_t product, ph_period t)
{
    model_tell(m, PH_EVT_GATE_CLOSED)->u.gate_closed = (ph_gate_closed){{product}, t};
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        uint32_t lost = model_open_in(o, t);
        if (o->terms.product.v != product || lost == 0) continue;
        /* GATE_CLOSED says what an EACH order lost: there is nothing left to cancel. */
        model_order after = *o;
        after.open[t - o->terms.window.first] = 0;
        after.lost[t - o->terms.window.first] = true;
        if (o->terms.shape == PH_SHAPE_EACH) *o = after;
        if (o->terms.shape == PH_SHAPE_BLOCK || model_open_units(&after) == 0)
            model_cancelled(m, o, PH_CANCEL_GATE);
        else
            *o = after;
    }
    sweep(m);
}

/* The earliest gate that is due and has something resting, by time, then product, then period. */
static bool next_gate(const model *m, uint32_t *ret_product, ph_period *ret_period,
                      uint64_t *ret_due)
{
    bool found = false;
    uint64_t best = 0;
    for (uint32_t product = 1; product < MODEL_PRODUCTS; product++) {
        for (uint32_t i = 0; i < m->resting_cnt; i++) {
            const model_order *o = &m->resting[i];
            if (o->terms.product.v != product) continue;
            for (uint32_t k = 0; k < o->terms.window.periods; k++) {
                ph_period t = o->terms.window.first + k;
                uint64_t due = gate_ns(m, product, t);
                if (o->open[k] == 0 || due > m->now.ns) continue;
                bool first = !found || due < best;
                first = first || (due == best && product == *ret_product && t < *ret_period);
                if (!first) continue;
                found = true;
                best = due;
                *ret_product = product;
                *ret_period = t;
            }
        }
    }
    *ret_due = best;
    return found;
}

/* The GTT order that expires first, if it is due: by time, then id. */
static model_order *next_expiry(model *m)
{
    model_order *first = NULL;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        uint64_t at = o->terms.expire_at.ns;
        if (o->terms.time_in_force != PH_TIF_GTT || at > m->now.ns) continue;
        bool before = first == NULL || at < first->terms.expire_at.ns ||
                      (at == first->terms.expire_at.ns && o->id.v < first->id.v);
        if (before) first = o;
    }
    return first;
}

/* What time alone does: in order of time, at equal time gates first. */
static void pass_time(model *m)
{
    for (;;) {
        uint32_t product = 0;
        ph_period t = 0;
        uint64_t due = 0;
        bool gate = next_gate(m, &product, &t, &due);
        model_order *expires = next_expiry(m);
        if (!gate && expires == NULL) return;
        if (gate && (expires == NULL || due <= expires->terms.expire_at.ns)) {
            close_gate(m, product, t);
        } else {
            model_cancelled(m, expires, PH_CANCEL_EXPIRED);
            sweep(m);
        }
    }
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void reject(model *m, const ph_command *c, ph_reject code, int64_t arg0, int64_t arg1)
{
    model_tell(m, PH_EVT_REJECTED)->u.rejected =
        (ph_rejected){.command = c->kind, .code = code, .arg0 = arg0, .arg1 = arg1};
}

static void done(model *m, const ph_command *c, uint64_t count)
{
    model_tell(m, PH_EVT_DONE)->u.done = (ph_done){c->kind, count};
}

/* Registered, active and in this role; else says what is missing. */
static bool may(model *m, const ph_command *c, uint32_t role)
{
    uint32_t who = c->sender.v;
    const model_participant *p = &m->participant[who < MODEL_PARTICIPANTS ? who : 0];
    if (p->roles == 0)
        reject(m, c, PH_REJECT_UNKNOWN_PARTICIPANT, who, 0);
    else if (p->state != PH_PARTICIPANT_ACTIVE)
        reject(m, c, PH_REJECT_PARTICIPANT_NOT_ACTIVE, who, p->state);
    else if (role != 0 && (p->roles & role) == 0)
        reject(m, c, PH_REJECT_ROLE_MISSING, role, 0);
    else
        return true;
    return false;
}

/* ---- A new order: the checks before the book, in the order of section 5 ---------------------- */

static bool check_client_id(model *m, const ph_command *c)
{
    const model_participant *p = &m->participant[c->sender.v];
    uint64_t id = c->u.order.client_order_id;
    uint64_t highest = p->client_id_cnt == 0 ? 0 : p->client_id[p->client_id_cnt - 1];
    if (id > highest) return true;
    reject(m, c, PH_REJECT_DUPLICATE, (int64_t)highest, 0);
    for (uint32_t i = 0; i < p->client_id_cnt; i++) {
        if (p->client_id[i] == id && p->client_id_cnt - i <= MODEL_KEPT)
            m->event[m->event_cnt - 1].u.rejected.order = p->client_order[i];
    }
    return false;
}

static bool check_product(model *m, const ph_command *c)
{
    uint32_t id = c->u.order.product.v;
    const model_product *p = &m->product[id < MODEL_PRODUCTS ? id : 0];
    if (p->phase == 0)
        reject(m, c, PH_REJECT_UNKNOWN_PRODUCT, id, 0);
    else if (p->phase != PH_PHASE_OPEN)
        reject(m, c, PH_REJECT_PHASE, id, p->phase);
    else
        return true;
    return false;
}

void model_open_periods(const model *m, uint32_t product, uint64_t *ret_first, uint64_t *ret_last)
{
    const ph_product_terms *p = &m->product[product].terms;
    ph_period current = (ph_period)(m->now.ns / NS_PER_S / p->period_seconds);
    ph_period first = current;
    while (m->now.ns >= gate_ns(m, product, first))
        first++;
    *ret_first = first;
    *ret_last = (uint64_t)current + p->horizon;
}

static bool check_window(model *m, const ph_command *c)
{
    ph_window w = c->u.order.window;
    uint64_t first_open, last_open, last = (uint64_t)w.first + w.periods - 1;
    model_open_periods(m, c->u.order.product.v, &first_open, &last_open);
    if (w.periods == 0)
        reject(m, c, PH_REJECT_WINDOW_EMPTY, w.first, 0);
    else if (w.first < first_open)
        reject(m, c, PH_REJECT_PERIOD_CLOSED, w.first, (int64_t)first_open);
    else if (last > last_open)
        reject(m, c, PH_REJECT_PERIOD_TOO_FAR, (int64_t)last, (int64_t)last_open);
    else
        return true;
    return false;
}

static bool check_quantity(model *m, const ph_command *c)
{
    const ph_product_terms *p = &m->product[c->u.order.product.v].terms;
    ph_quantity quantity = c->u.order.quantity;
    if (quantity % p->lot != 0)
        reject(m, c, PH_REJECT_QUANTITY_LOT, quantity, p->lot);
    else if (quantity == 0 || quantity > p->quantity_max)
        reject(m, c, PH_REJECT_QUANTITY_RANGE, quantity, p->quantity_max);
    else
        return true;
    return false;
}

bool model_in_band(const model_product *p, ph_price reference, ph_price price)
{
    if (p->terms.band_ppm == 0) return true;
    model_wide away = (model_wide)price - reference;
    if (away < 0) away = -away;
    return away * PPM <= (model_wide)reference * p->terms.band_ppm;
}

/* Outside reference * (1 +- band): the bounds are the last prices inside. */
static bool check_price(model *m, const ph_command *c)
{
    const model_product *p = &m->product[c->u.order.product.v];
    ph_price price = c->u.order.price;
    model_wide lowest = share_up(p->reference, PPM - p->terms.band_ppm);
    model_wide highest = (model_wide)p->reference * (PPM + p->terms.band_ppm) / PPM;
    if (price < 1 || price > PRICE_MAX)
        reject(m, c, PH_REJECT_PRICE_RANGE, price, PRICE_MAX);
    else if (price % p->terms.tick != 0)
        reject(m, c, PH_REJECT_PRICE_TICK, price, p->terms.tick);
    else if (p->terms.band_ppm != 0 && price < lowest)
        reject(m, c, PH_REJECT_PRICE_BAND, price, (int64_t)lowest);
    else if (p->terms.band_ppm != 0 && price > highest)
        reject(m, c, PH_REJECT_PRICE_BAND, price, (int64_t)highest);
    else
        return true;
    return false;
}

/* Fields are numbered as in ph_new_order, from 1. */
enum {
    FIELD_SIDE = 3,
    FIELD_SHAPE = 4,
    FIELD_DURATION = 6,
    FIELD_EXPIRE_AT = 10,
    FIELD_ALL_OR_NONE = 11,
    FIELD_POST_ONLY = 12,
    FIELD_DISPLAY = 13,
    CLIPS_MOST = 64,
    EACH_LONGEST = 2208,
    BLOCKS_LONGEST = 64,
    STARTS_MOST = 168,
};

static bool check_display(model *m, const ph_command *c)
{
    const ph_new_order *o = &c->u.order;
    uint32_t lot = m->product[o->product.v].terms.lot, least = lot;
    while ((uint64_t)least * CLIPS_MOST < o->quantity)
        least += lot;
    if (o->display_quantity == 0) return true;
    if (o->display_quantity % lot == 0 && o->display_quantity >= least) return true;
    reject(m, c, PH_REJECT_DISPLAY_QUANTITY, o->display_quantity, least);
    return false;
}

/* `before` blocks more than rest: earlier members of a group that arrives. */
static bool check_blocks(model *m, const ph_command *c, uint32_t before)
{
    const ph_new_order *o = &c->u.order;
    uint32_t blocks = before;
    if (o->shape == PH_SHAPE_EACH) return true;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        const model_order *r = &m->resting[i];
        blocks += r->who == c->sender.v && r->terms.product.v == o->product.v &&
                  r->terms.shape != PH_SHAPE_EACH;
    }
    if (blocks < BLOCKS_LONGEST) return true;
    reject(m, c, PH_REJECT_BLOCKS_FULL, blocks, BLOCKS_LONGEST);
    return false;
}

static bool check_shape(model *m, const ph_command *c)
{
    const ph_new_order *o = &c->u.order;
    const ph_product_terms *p = &m->product[o->product.v].terms;
    bool flex = o->shape == PH_SHAPE_FLEX;
    bool at_once = o->time_in_force == PH_TIF_IOC || o->time_in_force == PH_TIF_FOK;
    int64_t field = 0;
    if (o->shape != PH_SHAPE_EACH && o->display_quantity != 0) field = FIELD_DISPLAY;
    if (o->shape == PH_SHAPE_EACH && o->all_or_none) field = FIELD_ALL_OR_NONE;
    if (o->time_in_force != PH_TIF_GTT && o->expire_at.ns != 0) field = FIELD_EXPIRE_AT;
    if (!flex && o->duration != 0) field = FIELD_DURATION;
    if (flex && o->side == PH_SIDE_SELL) field = FIELD_SIDE;
    if (field == 0 && !check_display(m, c)) return false;
    if (field == 0 && o->post_only && at_once) field = FIELD_POST_ONLY;
    if (field != 0) {
        reject(m, c, PH_REJECT_SHAPE_FIELD, field, 0);
        return false;
    }
    if (o->time_in_force == PH_TIF_GTT && o->expire_at.ns <= m->now.ns) {
        reject(m, c, PH_REJECT_EXPIRE_AT, (int64_t)o->expire_at.ns, (int64_t)m->now.ns);
        return false;
    }
    uint32_t longest = o->shape == PH_SHAPE_EACH ? EACH_LONGEST : p->block_periods_max;
    uint32_t length = flex ? o->duration : o->window.periods;
    if (length > longest) {
        reject(m, c, PH_REJECT_WINDOW_LENGTH, length, longest);
        return false;
    }
    int64_t starts = (int64_t)o->window.periods - o->duration + 1;
    if (flex && (o->duration == 0 || starts < 1 || starts > STARTS_MOST)) {
        reject(m, c, PH_REJECT_FLEX_STARTS, o->duration, starts);
        return false;
    }
    return true;
}

static bool check_capacity(model *m, const ph_command *c)
{
    const ph_new_order *o = &c->u.order;
    if (o->side == PH_SIDE_BUY) return true;
    int64_t needed = (int64_t)o->quantity * m->product[o->product.v].terms.hardware_units;
    for (uint32_t k = 0; k < o->window.periods; k++) {
        int64_t left = model_capacity_free(m, c->sender.v, o->product, o->window.first + k, 0);
        if (left >= needed) continue;
        reject(m, c, PH_REJECT_CAPACITY, (int64_t)o->window.first + k, left);
        return false;
    }
    return true;
}

static ph_money bond_per_unit_period(const model_product *p, const ph_new_order *o)
{
    ph_price price = o->price > p->reference ? o->price : p->reference;
    model_wide share = share_up(price, p->terms.bond_ppm);
    return share > p->terms.bond_fixed ? (ph_money)share : p->terms.bond_fixed;
}

/* Cash for the order, and with it its group, when the participant's other orders hold `others`. */
static bool check_cash_beside(model *m, const ph_command *c, const model_order *o, ph_money others)
{
    model_wide needed = hold_with_group(m, o);
    ph_money left = m->participant[o->who].cash - others;
    ph_reject code =
        o->terms.side == PH_SIDE_SELL ? PH_REJECT_CASH_FOR_BOND : PH_REJECT_CASH_FOR_HOLD;
    if (needed > INT64_MAX)
        reject(m, c, PH_REJECT_AMOUNT_OVERFLOW, 0, 0);
    else if (needed > left)
        reject(m, c, code, (int64_t)needed, left);
    else
        return true;
    return false;
}

static bool check_cash(model *m, const ph_command *c, const model_order *o)
{
    return check_cash_beside(m, c, o, model_held(m, o->who));
}

/* Accepts an order; `held` is for it, or for its group. */
static void accept(model *m, model_order *o, model_wide held)
{
    model_participant *p = &m->participant[o->who];
    if (p->client_id_cnt == MODEL_CLIENT_IDS) model_stop("too many client order ids");
    o->id.v = ++m->orders;
    o->place = ++m->places;
    p->client_id[p->client_id_cnt] = o->terms.client_order_id;
    p->client_order[p->client_id_cnt++] = o->id;
    model_tell(m, PH_EVT_ACCEPTED)->u.accepted = (ph_accepted){o->id, o->place, (ph_money)held};
}

/* The market as it was, and what the order does in it, are tried and thrown away. */
static bool would_trade(model *m, const model_order *o)
{
    static model saved;
    m->fill_cnt = 0; /* those of the order before were concluded */
    memcpy(&saved, m, offsetof(model, fill));
    model_order in = *o;
    in.place = m->places + 1;
    in.rests = false;
    m->reference_before = m->product[o->terms.product.v].reference;
    model_match(m, &in);
    bool trades = m->fill_cnt > 0 || in.halted;
    memcpy(m, &saved, offsetof(model, fill));
    return trades;
}

/* Where an order that rests stands: in order of place. */
static void rest(model *m, const model_order *o)
{
    if (m->resting_cnt == MODEL_RESTING) model_stop("too many resting orders");
    uint32_t at = m->resting_cnt++;
    for (; at > 0 && m->resting[at - 1].place > o->place; at--)
        m->resting[at] = m->resting[at - 1];
    m->resting[at] = *o;
    model_stand(&m->resting[at]);
}

/* Clips that were renewed and stand, once each. */
static void tell_clips(model *m)
{
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        for (uint32_t k = 0; k < o->terms.window.periods; k++) {
            if (!o->renewed[k] || o->open[k] == 0) continue;
            o->renewed[k] = false;
            model_tell(m, PH_EVT_CLIP_SHOWN)->u.clip_shown =
                (ph_clip_shown){.order = o->id,
                                .participant = {o->who},
                                .product = o->terms.product,
                                .period = o->terms.window.first + k,
                                .quantity = o->shown[k],
                                .place = o->queue_place[k]};
        }
    }
}

/* Matches an order, which does not rest; what is left rests, or ends. */
static void run_incoming(model *m, model_order *o)
{
    ph_product_id product = o->terms.product;
    m->fill_cnt = 0;
    m->reference_before = m->product[product.v].reference;
    o->before = model_open_units(o);
    o->lost_a_period = false;
    o->rests = false;
    for (uint32_t i = 0; i < m->resting_cnt; i++)
        m->resting[i].before = model_open_units(&m->resting[i]);
    model_match(m, o);
    model_conclude(m, o);
    if (o->halted) {
        model_cancelled(m, o, PH_CANCEL_BAND);
    } else if (model_open_units(o) == 0) {
        if (o->lost_a_period) model_cancelled(m, o, PH_CANCEL_NOTHING_LEFT);
    } else if (o->terms.time_in_force == PH_TIF_IOC) {
        model_cancelled(m, o, PH_CANCEL_IOC);
    } else if (o->terms.time_in_force == PH_TIF_FOK) {
        model_cancelled(m, o, PH_CANCEL_FOK);
    }
    if (o->halted) {
        m->product[product.v].phase = PH_PHASE_HALTED;
        model_tell(m, PH_EVT_PHASE_CHANGED)->u.phase_changed =
            (ph_phase_changed){product, PH_PHASE_HALTED};
    }
    sweep(m);
    tell_clips(m);
    if (model_open_units(o) > 0) rest(m, o);
}

/* The order that a command brings, if it passes the checks. */
static bool check_order(model *m, const ph_command *c, uint32_t blocks_before, model_order *ret)
{
    const ph_new_order *terms = &c->u.order;
    uint32_t role = terms->side == PH_SIDE_BUY ? PH_ROLE_BUYER : PH_ROLE_SUPPLIER;
    bool fine = may(m, c, role) && check_client_id(m, c) && check_product(m, c) &&
                check_window(m, c) && check_quantity(m, c) && check_price(m, c) &&
                check_shape(m, c) && check_blocks(m, c, blocks_before) && check_capacity(m, c);
    if (!fine) return false;
    if (terms->window.periods > MODEL_WINDOW) model_stop("window too long");
    *ret = (model_order){.who = c->sender.v, .terms = *terms};
    if (terms->side == PH_SIDE_SELL)
        ret->bond = bond_per_unit_period(&m->product[terms->product.v], terms);
    for (uint32_t k = 0; k < terms->window.periods; k++)
        ret->open[k] = terms->quantity;
    return check_cash(m, c, ret);
}

static void new_order(model *m, const ph_command *c)
{
    const ph_new_order *terms = &c->u.order;
    model_order o;
    if (!check_order(m, c, 0, &o)) {
        m->event[m->event_cnt - 1].u.rejected.client_order_id = terms->client_order_id;
        return;
    }
    if (terms->post_only && would_trade(m, &o)) {
        reject(m, c, PH_REJECT_POST_ONLY, 0, 0);
        m->event[m->event_cnt - 1].u.rejected.client_order_id = terms->client_order_id;
        return;
    }
    accept(m, &o, hold(m, &o, model_open_units(&o)));
    run_incoming(m, &o);
}

/* ---- Groups (section 10) --------------------------------------------------------------------- */

/* What only a member must be: of the first one's side, a block, whole or not at all. */
static bool check_member(model *m, const ph_command *c, uint32_t i)
{
    const ph_new_order *o = &c->u.group.v[i];
    int64_t field = 0;
    if (o->shape == PH_SHAPE_BLOCK && !o->all_or_none) field = FIELD_ALL_OR_NONE;
    if (o->shape == PH_SHAPE_EACH) field = FIELD_SHAPE;
    if (o->side != c->u.group.v[0].side) field = FIELD_SIDE;
    if (field != 0) reject(m, c, PH_REJECT_GROUP_MEMBER, field, 0);
    return field == 0;
}

/* A client order id must be above those of the members before it, too. */
static bool check_ids_of_group(model *m, const ph_command *c, uint32_t i)
{
    const ph_new_order *v = c->u.group.v;
    if (i == 0 || v[i].client_order_id > v[i - 1].client_order_id) return true;
    ph_command as_order = *c;
    as_order.u.order = v[i];
    (void)check_client_id(m, &as_order); /* for the order that used it */
    if (m->event_cnt == 0 || m->event[m->event_cnt - 1].kind != PH_EVT_REJECTED)
        reject(m, c, PH_REJECT_DUPLICATE, 0, 0);
    m->event[m->event_cnt - 1].u.rejected.arg0 = (int64_t)v[i - 1].client_order_id;
    return false;
}

/* All members, or the answer of the first that fails. */
static bool check_members(model *m, const ph_command *c, model_order *ret)
{
    for (uint32_t i = 0; i < c->u.group.cnt; i++) {
        ph_command as_order = *c;
        as_order.u.order = c->u.group.v[i];
        uint32_t before = 0;
        for (uint32_t k = 0; k < i; k++)
            before += ret[k].terms.product.v == as_order.u.order.product.v;
        if (check_member(m, c, i) && check_ids_of_group(m, c, i) &&
            check_order(m, &as_order, before, &ret[i]))
            continue;
        m->event[m->event_cnt - 1].u.rejected.member = i + 1;
        m->event[m->event_cnt - 1].u.rejected.client_order_id = as_order.u.order.client_order_id;
        return false;
    }
    return true;
}

/* The member that executes on arrival: the lowest cost / limit (SELL: highest), the first of
   equals; NULL if none does. */
static model_order *best_member(model *m, model_order *v, uint32_t cnt)
{
    model_order *best = NULL;
    model_wide best_cost = 0, best_limit = 1;
    for (uint32_t i = 0; i < cnt; i++) {
        const ph_new_order *t = &v[i].terms;
        uint32_t n = t->shape == PH_SHAPE_FLEX ? t->duration : t->window.periods;
        model_wide cost = 0, limit = (model_wide)t->price * n * t->quantity;
        if (!model_block_cost(m, &v[i], &cost)) continue;
        model_wide mine = cost * best_limit, other = best_cost * limit;
        if (best != NULL && (t->side == PH_SIDE_BUY ? mine >= other : mine <= other)) continue;
        best = &v[i];
        best_cost = cost;
        best_limit = limit;
    }
    return best;
}

static void new_group(model *m, const ph_command *c)
{
    static model_order v[PH_GROUP_MEMBERS_MAX];
    uint32_t cnt = c->u.group.cnt;
    if (!may(m, c, 0)) return;
    if (cnt == 0 || cnt > PH_GROUP_MEMBERS_MAX) {
        reject(m, c, PH_REJECT_GROUP_SIZE, cnt, PH_GROUP_MEMBERS_MAX);
        return;
    }
    if (!check_members(m, c, v)) return;
    model_order *best = best_member(m, v, cnt);
    if (best != NULL && best->terms.post_only) {
        reject(m, c, PH_REJECT_POST_ONLY, 0, 0);
        m->event[m->event_cnt - 1].u.rejected.member = (uint32_t)(best - v) + 1;
        m->event[m->event_cnt - 1].u.rejected.client_order_id = best->terms.client_order_id;
        return;
    }
    model_wide held = 0;
    m->groups++;
    for (uint32_t i = 0; i < cnt; i++) {
        model_wide one = hold(m, &v[i], model_open_units(&v[i]));
        if (one > held) held = one;
        v[i].group = m->groups;
    }
    for (uint32_t i = 0; i < cnt; i++)
        accept(m, &v[i], held);
    if (best != NULL) run_incoming(m, best);
    for (uint32_t i = 0; i < cnt; i++) {
        if (&v[i] == best) continue;
        if (best != NULL)
            model_cancelled(m, &v[i], PH_CANCEL_GROUP);
        else if (v[i].terms.time_in_force == PH_TIF_IOC)
            model_cancelled(m, &v[i], PH_CANCEL_IOC);
        else if (v[i].terms.time_in_force == PH_TIF_FOK)
            model_cancelled(m, &v[i], PH_CANCEL_FOK);
        else
            rest(m, &v[i]);
    }
}

/* ---- The other commands ---------------------------------------------------------------------- */

/* Cancels what rests of a participant (0: of any) in a product (0: in any); answers with how many.
   The answer comes first. */
static uint64_t cancel_all(model *m, uint32_t who, uint32_t product, ph_cancel_reason reason)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        if (who != 0 && o->who != who) continue;
        if (product != 0 && o->terms.product.v != product) continue;
        model_cancelled(m, o, reason);
        count++;
    }
    sweep(m);
    return count;
}

/* The sender's resting order that an id, or a client order id, names. */
static model_order *own_resting(model *m, uint32_t who, ph_order_id id, uint64_t client_order_id)
{
    model_order *found = NULL;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        bool named = id.v != 0 ? o->id.v == id.v : o->terms.client_order_id == client_order_id;
        if (named && o->who == who) found = o;
    }
    return found;
}

/* Open units of every period under a new total. */
static void open_under(const model *m, model_order *o, ph_quantity quantity)
{
    for (uint32_t k = 0; k < o->terms.window.periods; k++) {
        bool gone = o->terms.shape == PH_SHAPE_FLEX ? o->open[k] == 0 : o->lost[k];
        gone |= gate_ns(m, o->terms.product.v, o->terms.window.first + k) <= m->now.ns;
        o->open[k] = !gone && quantity > o->executed[k] ? quantity - o->executed[k] : 0;
    }
    o->terms.quantity = quantity;
}

static bool check_more_capacity(model *m, const ph_command *c, const model_order *before,
                                const model_order *after)
{
    const ph_new_order *terms = &after->terms;
    if (terms->side == PH_SIDE_BUY) return true;
    for (uint32_t k = 0; k < terms->window.periods; k++) {
        ph_period t = terms->window.first + k;
        if (after->open[k] <= before->open[k]) continue;
        /* A member may offer what its group does; of another only what comes on top is new. */
        int64_t left = model_capacity_free(m, before->who, terms->product, t, before->group);
        int64_t known = before->group == 0 ? offers(m, before, t) : 0;
        if (left >= offers(m, after, t) - known) continue;
        reject(m, c, PH_REJECT_CAPACITY, (int64_t)t, left);
        return false;
    }
    return true;
}

/* The order as if it did not rest: nothing of it is open or held. */
static model_order take_out(model *m, model_order *o)
{
    model_order taken = *o;
    memset(o->open, 0, sizeof o->open);
    sweep(m);
    return taken;
}

static bool replaced_would_trade(model *m, model_order *resting, const model_order *next)
{
    static model saved;
    memcpy(&saved, m, offsetof(model, fill));
    (void)take_out(m, resting);
    bool trades = model_open_units(next) > 0 && would_trade(m, next);
    memcpy(m, &saved, offsetof(model, fill));
    return trades;
}

static void tell_replaced(model *m, const model_order *o)
{
    model_tell(m, PH_EVT_REPLACED)->u.replaced =
        (ph_replaced){.order = o->id,
                      .participant = {o->who},
                      .client_order_id = o->terms.client_order_id,
                      .product = o->terms.product,
                      .place = o->place,
                      .price = o->terms.price,
                      .quantity = o->terms.quantity,
                      .unit_periods = model_open_units(o),
                      .hold = (ph_money)hold_with_group(m, o)};
}

static bool check_replace(model *m, const ph_command *c, model_order *o, model_order *next,
                          bool keeps)
{
    const model_product *p = &m->product[o->terms.product.v];
    ph_command as_order = *c;
    as_order.u.order = o->terms;
    as_order.u.order.price = c->u.replace.price;
    as_order.u.order.quantity = c->u.replace.quantity;
    if (p->phase != PH_PHASE_OPEN) {
        reject(m, c, PH_REJECT_PHASE, o->terms.product.v, p->phase);
        return false;
    }
    if (!check_quantity(m, &as_order) || !check_price(m, &as_order)) return false;
    if (!check_display(m, &as_order)) return false;
    open_under(m, next, c->u.replace.quantity);
    next->terms.price = c->u.replace.price;
    bool same = next->terms.price == o->terms.price && next->terms.quantity == o->terms.quantity;
    if (same) return true;
    if (!keeps && o->terms.side == PH_SIDE_SELL) next->bond = bond_per_unit_period(p, &next->terms);
    if (!check_more_capacity(m, c, o, next)) return false;
    ph_money others = model_held(m, o->who) - (ph_money)hold_with_group(m, o);
    if (!check_cash_beside(m, c, next, others)) return false;
    bool arrives = o->terms.shape != PH_SHAPE_EACH || !keeps;
    if (!o->terms.post_only || !arrives || !replaced_would_trade(m, o, next)) return true;
    reject(m, c, PH_REJECT_POST_ONLY, 0, 0);
    return false;
}

static void replace_order(model *m, const ph_command *c)
{
    const ph_replace_order *r = &c->u.replace;
    if (!may(m, c, 0)) {
        m->event[m->event_cnt - 1].u.rejected.client_order_id = r->client_order_id;
        return;
    }
    model_order *o = own_resting(m, c->sender.v, r->order, r->client_order_id);
    if (o == NULL) {
        reject(m, c, PH_REJECT_UNKNOWN_ORDER, (int64_t)r->order.v, 0);
        m->event[m->event_cnt - 1].u.rejected.client_order_id = r->client_order_id;
        return;
    }
    model_order next = *o;
    bool keeps = r->price == o->terms.price && r->quantity < o->terms.quantity;
    if (!check_replace(m, c, o, &next, keeps)) {
        m->event[m->event_cnt - 1].u.rejected.client_order_id = r->client_order_id;
        return;
    }
    bool same = r->price == o->terms.price && r->quantity == o->terms.quantity;
    if (!same && !keeps) next.place = ++m->places;
    tell_replaced(m, &next);
    if (same) return;
    if (keeps && o->terms.shape == PH_SHAPE_EACH) {
        *o = next;
        for (uint32_t k = 0; k < o->terms.window.periods; k++) {
            if (o->shown[k] > o->open[k]) o->shown[k] = o->open[k];
        }
        if (model_open_units(o) == 0) model_cancelled(m, o, PH_CANCEL_NOTHING_LEFT);
        sweep(m);
        return;
    }
    (void)take_out(m, o);
    if (model_open_units(&next) == 0)
        model_cancelled(m, &next, PH_CANCEL_NOTHING_LEFT);
    else
        run_incoming(m, &next);
}

static void cancel_order(model *m, const ph_command *c)
{
    if (!may(m, c, 0)) return;
    model_order *found = NULL;
    for (uint32_t i = 0; i < m->resting_cnt; i++) {
        model_order *o = &m->resting[i];
        bool named = c->u.cancel.order.v != 0
                         ? o->id.v == c->u.cancel.order.v
                         : o->terms.client_order_id == c->u.cancel.client_order_id;
        if (named && o->who == c->sender.v) found = o;
    }
    if (found == NULL) {
        reject(m, c, PH_REJECT_UNKNOWN_ORDER, (int64_t)c->u.cancel.order.v, 0);
        m->event[m->event_cnt - 1].u.rejected.client_order_id = c->u.cancel.client_order_id;
        return;
    }
    done(m, c, 1);
    model_cancelled(m, found, PH_CANCEL_REQUESTED);
    sweep(m);
}

static void mass_cancel(model *m, const ph_command *c)
{
    uint32_t product = c->u.mass_cancel.product.v;
    if (!may(m, c, 0)) return;
    if (product >= MODEL_PRODUCTS || (product != 0 && m->product[product].phase == 0)) {
        reject(m, c, PH_REJECT_UNKNOWN_PRODUCT, product, 0);
        return;
    }
    uint32_t answer = m->event_cnt;
    done(m, c, 0);
    m->event[answer].u.done.count = cancel_all(m, c->sender.v, product, PH_CANCEL_REQUESTED);
}

static void set_phase(model *m, const ph_command *c)
{
    ph_set_phase s = c->u.phase;
    if (!may(m, c, PH_ROLE_OPERATOR)) return;
    if (s.product.v >= MODEL_PRODUCTS || m->product[s.product.v].phase == 0) {
        reject(m, c, PH_REJECT_UNKNOWN_PRODUCT, s.product.v, 0);
        return;
    }
    uint32_t answer = m->event_cnt;
    done(m, c, 0);
    m->product[s.product.v].phase = s.phase;
    model_tell(m, PH_EVT_PHASE_CHANGED)->u.phase_changed = (ph_phase_changed){s.product, s.phase};
    if (s.phase == PH_PHASE_CLOSED)
        m->event[answer].u.done.count = cancel_all(m, 0, s.product.v, PH_CANCEL_CLOSED);
}

static void set_participant_state(model *m, const ph_command *c)
{
    ph_set_participant_state s = c->u.participant_state;
    if (!may(m, c, PH_ROLE_OPERATOR)) return;
    uint32_t who = s.participant.v;
    if (who >= MODEL_PARTICIPANTS || m->participant[who].roles == 0) {
        reject(m, c, PH_REJECT_UNKNOWN_PARTICIPANT, who, 0);
        return;
    }
    uint32_t answer = m->event_cnt;
    done(m, c, 0);
    m->participant[who].state = s.state;
    if (s.state != PH_PARTICIPANT_ACTIVE)
        m->event[answer].u.done.count = cancel_all(m, who, 0, PH_CANCEL_SUSPENDED);
}

static void payment(model *m, const ph_command *c)
{
    const ph_payment *p = &c->u.payment;
    uint32_t who = p->participant.v;
    if (!may(m, c, PH_ROLE_OPERATOR)) return;
    if (who >= MODEL_PARTICIPANTS || m->participant[who].roles == 0) {
        reject(m, c, PH_REJECT_UNKNOWN_PARTICIPANT, who, 0);
        return;
    }
    for (uint32_t i = 0; i < m->reference_cnt; i++) {
        if (strcmp(m->reference[i].s, p->reference.s) != 0) continue;
        reject(m, c, PH_REJECT_DUPLICATE, 0, 0);
        return;
    }
    model_participant *owner = &m->participant[who];
    ph_money left = owner->cash - model_held(m, who);
    bool in = c->kind == PH_CMD_DEPOSIT;
    if (!in && p->amount > left) {
        reject(m, c, PH_REJECT_CASH_FREE, p->amount, left);
        return;
    }
    if (m->reference_cnt == MODEL_REFERENCES) model_stop("too many payments");
    m->reference[m->reference_cnt++] = p->reference;
    done(m, c, 0);
    ph_account cash = {PH_ACCOUNT_CASH, who}, outside = {PH_ACCOUNT_EXTERNAL, 0};
    model_tell(m, PH_EVT_TRANSFER)->u.transfer =
        (ph_transfer){in ? outside : cash, in ? cash : outside, p->amount,
                      in ? PH_TRANSFER_DEPOSIT : PH_TRANSFER_WITHDRAWAL};
    owner->cash += in ? p->amount : -p->amount;
    m->external -= in ? p->amount : -p->amount;
}

static void register_capacity(model *m, const ph_command *c)
{
    const ph_register_capacity *r = &c->u.capacity;
    if (!may(m, c, PH_ROLE_SUPPLIER)) return;
    model_participant *p = &m->participant[c->sender.v];
    if (r->reference <= p->capacity_reference) {
        reject(m, c, PH_REJECT_DUPLICATE, (int64_t)p->capacity_reference, 0);
        return;
    }
    p->capacity_reference = r->reference;
    model_pool *pool = &m->pool[c->sender.v][r->site.v][r->hardware.v];
    for (uint32_t k = 0; k < r->window.periods; k++) {
        ph_period t = r->window.first + k;
        if (t >= MODEL_PERIODS) model_stop("period out of range");
        pool->registered[t] += r->units;
    }
    done(m, c, 0);
}

static void list_product(model *m, const ph_command *c)
{
    uint32_t id = c->u.product.id.v;
    if (id >= MODEL_PRODUCTS) model_stop("too many products");
    m->product[id] = (model_product){c->u.product, PH_PHASE_OPEN, c->u.product.reference_price};
    done(m, c, 0);
}

static void register_participant(model *m, const ph_command *c)
{
    uint32_t id = c->u.participant.id.v;
    if (id >= MODEL_PARTICIPANTS) model_stop("too many participants");
    m->participant[id].roles = c->u.participant.roles;
    m->participant[id].state = PH_PARTICIPANT_ACTIVE;
    done(m, c, 0);
}

void model_apply(model *m, const ph_command *c)
{
    m->event_cnt = 0;
    m->now = c->at;
    pass_time(m);
    switch (c->kind) {
    case PH_CMD_NEW_ORDER: new_order(m, c); break;
    case PH_CMD_NEW_GROUP: new_group(m, c); break;
    case PH_CMD_CANCEL_ORDER: cancel_order(m, c); break;
    case PH_CMD_MASS_CANCEL: mass_cancel(m, c); break;
    case PH_CMD_SET_PHASE: set_phase(m, c); break;
    case PH_CMD_SET_PARTICIPANT_STATE: set_participant_state(m, c); break;
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW: payment(m, c); break;
    case PH_CMD_REGISTER_CAPACITY: register_capacity(m, c); break;
    case PH_CMD_LIST_PRODUCT: list_product(m, c); break;
    case PH_CMD_REGISTER_PARTICIPANT: register_participant(m, c); break;
    case PH_CMD_TICK:
    case PH_CMD_OPEN_MARKET:
    case PH_CMD_REGISTER_SITE:
    case PH_CMD_REGISTER_HARDWARE: done(m, c, 0); break;
    case PH_CMD_REPLACE_ORDER: replace_order(m, c); break;
    case PH_CMD_ADD_KEY:
    case PH_CMD_REVOKE_KEY:
    case PH_CMD_SET_TERMS:
    case PH_CMD_SET_PRODUCT_STATE:
    case PH_CMD_WITHDRAW_CAPACITY:
    case PH_CMD_ATTEST_CAPACITY:
    case PH_CMD_MEASURE_SITE:
    case PH_CMD_REPORT_PROBE:
    case PH_CMD_HAND_OVER_ACCESS:
    case PH_CMD_REPORT_DELIVERY:
    case PH_CMD_CONFIRM_DELIVERY:
    case PH_CMD_DISPUTE_DELIVERY:
    case PH_CMD_RESOLVE_DISPUTE:
    case PH_CMD_SET_RULES_VERSION:
    case PH_CMD_COUNTERSIGN_CONTRACT:
    case PH_CMD_ROTATE_NOTARY_KEY:
    case PH_CMD_TAKE_OVER: break; /* not in the streams yet */
    }
}
