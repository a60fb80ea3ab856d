/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/follow_truth.h"

#include "tests/unit/book_truth.h"
#include "tests/unit/suite.h"

#include <stdlib.h>

static truth_record *records;
static uint64_t record_cnt, record_max;
static truth_fill *fills;
static uint32_t fill_cnt, fill_max;
static uint8_t *shapes; /* of order n */
static uint64_t shape_max;

void truth_forget(void)
{
    free(records);
    free(fills);
    free(shapes);
    records = NULL;
    fills = NULL;
    shapes = NULL;
    record_cnt = record_max = shape_max = 0;
    fill_cnt = fill_max = 0;
}

uint32_t truth_grade(const ph_product_terms *terms)
{
    return terms->memory_mib == 0 ? 1 : 2;
}

/* Adds the rows of one book to those of another, equal ones as one. */
static void add_book(book_truth *to, const book_truth *more)
{
    for (uint32_t i = 0; i < more->level_cnt; i++) {
        const truth_level *l = &more->levels[i];
        uint32_t k = 0;
        while (k < to->level_cnt &&
               (to->levels[k].side != l->side || to->levels[k].period != l->period ||
                to->levels[k].price != l->price))
            k++;
        ck_assert(k < TRUTH_LEVELS_MAX);
        if (k == to->level_cnt)
            to->levels[to->level_cnt++] = *l;
        else
            to->levels[k].quantity += l->quantity;
    }
    for (uint32_t i = 0; i < more->block_cnt; i++) {
        const phg_block_terms *b = &more->blocks[i].terms;
        uint32_t k = 0;
        while (k < to->block_cnt &&
               (to->blocks[k].terms.side != b->side || to->blocks[k].terms.shape != b->shape ||
                to->blocks[k].terms.all_or_none != b->all_or_none ||
                to->blocks[k].terms.window.first != b->window.first ||
                to->blocks[k].terms.window.periods != b->window.periods ||
                to->blocks[k].terms.duration != b->duration ||
                to->blocks[k].terms.price != b->price))
            k++;
        ck_assert(k < TRUTH_BLOCKS_MAX);
        if (k == to->block_cnt)
            to->blocks[to->block_cnt++] = more->blocks[i];
        else
            to->blocks[k].units += more->blocks[i].units;
    }
}

/* ---- What was traded ------------------------------------------------------------------------ */

static void remember_shape(ph_order_id id, ph_shape shape)
{
    if (id.v >= shape_max) {
        uint64_t more = id.v * 2 + 64;
        shapes = realloc(shapes, more);
        ck_assert_ptr_nonnull(shapes);
        memset(shapes + shape_max, 0, more - shape_max);
        shape_max = more;
    }
    shapes[id.v] = (uint8_t)shape;
}

static bool is_each(ph_order_id id)
{
    ck_assert(id.v < shape_max && shapes[id.v] != 0);
    return shapes[id.v] == PH_SHAPE_EACH;
}

static void close_by_stamp(const ph_market *m, truth_record *now, uint32_t product)
{
    uint32_t first = ph_gate_first_open(m, &m->products[product].terms);
    if (first > now->closed[product]) now->closed[product] = first;
}

static void add_fill(const ph_market *m, uint64_t seq, const ph_trade *t, const ph_segment *g,
                     uint32_t closed)
{
    const ph_product_terms *terms = &m->products[t->product.v].terms;
    if (fill_cnt == fill_max) {
        fill_max = fill_max * 2 + 256;
        fills = realloc(fills, fill_max * sizeof *fills);
        ck_assert_ptr_nonnull(fills);
    }
    fills[fill_cnt++] = (truth_fill){
        .seq = seq,
        .at_ns = m->now.ns,
        .trade = t->trade.v,
        .product = t->product.v,
        .first = g->window.first,
        .periods = g->window.periods,
        .units = g->quantity,
        .price = g->price,
        .taker = t->taker,
        .is_each = is_each(t->buy_order) && is_each(t->sell_order),
        .is_resale = t->from_contract.v != 0,
        .closed = closed,
        .gflops = {terms->gflops_fp16, terms->gflops_fp32, terms->gflops_fp64},
        .period_seconds = terms->period_seconds,
    };
}

static void take_event(const ph_market *m, uint64_t seq, truth_record *now, const ph_command *c,
                       const ph_event *e)
{
    if (e->kind == PH_EVT_ACCEPTED) {
        ck_assert_int_eq(c->kind, PH_CMD_NEW_ORDER); /* groups are not among the commands */
        remember_shape(e->u.accepted.order, c->u.order.shape);
        if (c->u.order.shape == PH_SHAPE_EACH) close_by_stamp(m, now, c->u.order.product.v);
    } else if (e->kind == PH_EVT_REPLACED) {
        if (is_each(e->u.replaced.order)) close_by_stamp(m, now, e->u.replaced.product.v);
    } else if (e->kind == PH_EVT_GATE_CLOSED) {
        uint32_t *closed = &now->closed[e->u.gate_closed.product.v];
        if (e->u.gate_closed.period >= *closed) *closed = e->u.gate_closed.period + 1;
    } else if (e->kind == PH_EVT_TRADE) {
        close_by_stamp(m, now, e->u.trade.product.v);
        for (uint32_t i = 1; i <= e->u.trade.segment_cnt; i++)
            add_fill(m, seq, &e->u.trade, &e[i].u.segment, now->closed[e->u.trade.product.v]);
    }
}

/* ---- Books ---------------------------------------------------------------------------------- */

/* Of the best level of each side in each period. */
static uint64_t sum_best(const book_truth *b)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < b->level_cnt; i++) {
        const truth_level *l = &b->levels[i];
        phg_best best = {0};
        bool is_counted = false; /* with the bid of its period, or a better level of its side */
        for (uint32_t k = 0; k < b->level_cnt; k++) {
            const truth_level *other = &b->levels[k];
            if (other->period != l->period) continue;
            is_counted = is_counted || k < i;
            bool is_bid = other->side == PH_SIDE_BUY;
            ph_price *price = is_bid ? &best.bid : &best.ask;
            if (*price != 0) continue;
            *price = other->price;
            *(is_bid ? &best.bid_quantity : &best.ask_quantity) = other->quantity;
        }
        if (!is_counted) sum += phg_sum_best(l->period, &best);
    }
    return sum;
}

static void keep_books(const ph_market *m, truth_record *now)
{
    static book_truth book, grades[TRUTH_GRADES + 1];
    memset(grades, 0, sizeof grades);
    now->product_cnt = ph_market_product_cnt(m);
    ck_assert(now->product_cnt <= TRUTH_PRODUCTS_MAX);
    for (uint32_t i = 1; i <= now->product_cnt; i++) {
        const ph_product *p = &m->products[i];
        uint32_t grade = truth_grade(&p->terms);
        truth_read(m, (ph_product_id){i}, UINT32_MAX, &book);
        now->depth[i] = truth_sum(&book);
        now->prices[i] = sum_best(&book);
        add_book(&grades[grade], &book);
        now->grade[grade] += phg_sum_member(grade, (ph_product_id){i});
        now->site_of[i] = p->terms.site.v;
        now->reference[i] = p->reference;
        now->phase[i] = p->phase;
    }
    for (uint32_t i = 1; i <= TRUTH_GRADES; i++)
        now->grade[i] += truth_sum(&grades[i]);
}

static void keep_measurements(const ph_market *m, truth_record *now)
{
    now->site_cnt = m->site_cnt;
    ck_assert(now->site_cnt <= TRUTH_SITES_MAX);
    for (uint32_t i = 1; i <= now->site_cnt; i++) {
        const ph_site_measurement *s = ph_market_site_measurement(m, (ph_site_id){i});
        now->sites[i] = s ? s->values : (ph_measure_site){.measured_at = {0}};
    }
    now->probe_cnt = ph_market_probe_cnt(m);
    ck_assert(now->probe_cnt <= TRUTH_PROBES_MAX);
    for (uint32_t i = 1; i <= now->probe_cnt; i++)
        now->probes[i - 1] = ph_market_probe_nth(m, i)->values;
}

void truth_take(const ph_market *m, uint64_t seq, const ph_command *c, const ph_event *events,
                uint32_t cnt)
{
    if (seq >= record_max) {
        record_max = seq * 2 + 64;
        records = realloc(records, record_max * sizeof *records);
        ck_assert_ptr_nonnull(records);
    }
    ck_assert_uint_eq(seq, record_cnt + 1);
    truth_record *now = &records[seq];
    *now = (truth_record){.fill_cnt = 0};
    if (record_cnt != 0) memcpy(now->closed, records[record_cnt].closed, sizeof now->closed);
    record_cnt = seq;
    for (uint32_t i = 0; i < cnt; i++)
        take_event(m, seq, now, c, &events[i]);
    now->fill_cnt = fill_cnt;
    keep_books(m, now);
    keep_measurements(m, now);
}

const truth_record *truth_after(uint64_t seq)
{
    ck_assert(seq >= 1 && seq <= record_cnt);
    return &records[seq];
}

const truth_fill *truth_fills(void)
{
    return fills;
}

uint32_t truth_fill_cnt(void)
{
    return fill_cnt;
}
