/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/terms.h"

#include <string.h>

#include "engine/base/period.h"
#include "engine/core/capacity.h"
#include "engine/core/fill.h"
#include "engine/core/hash.h"
#include "engine/core/place.h"
#include "engine/core/registry.h"

enum { TABLE_TERMS = 12 }; /* for TABLE_FULL: place in ph_market_limits */

void ph_terms_init(ph_market *m, ph_arena *a)
{
    uint32_t max = m->limits.terms_max;
    m->terms = ph_arena_take(a, (size_t)max + 1, sizeof m->terms[0]);
    m->next_symbol = ph_arena_take(a, (size_t)max + 1, sizeof m->next_symbol[0]);
    ph_index_init(&m->symbol_of, a, max);
}

/* A field of a command, counted from 1 in the order of its struct, has this value. */
static ph_reject field(int number, int64_t value, int64_t args[2])
{
    args[0] = number;
    args[1] = value;
    return PH_REJECT_FIELD_RANGE;
}

/* ---- Symbols -------------------------------------------------------------------------------- */

static uint64_t symbol_hash(const ph_text64 *symbol)
{
    return ph_hash_key(symbol, sizeof *symbol, 0);
}

/* The first row of terms with this symbol, or PH_NONE. */
static uint32_t symbol_row(const ph_market *m, const ph_text64 *symbol)
{
    uint32_t row = PH_NONE;
    (void)ph_index_find(&m->symbol_of, symbol_hash(symbol), &row); /* none: PH_NONE */
    while (row != PH_NONE && memcmp(&m->terms[row].symbol, symbol, sizeof *symbol) != 0)
        row = m->next_symbol[row];
    return row;
}

/* A symbol that a product ever had stays that product's. */
static bool symbol_taken(const ph_market *m, const ph_product_terms *p)
{
    uint32_t row = symbol_row(m, &p->symbol);
    return row != PH_NONE && m->terms[row].id.v != p->id.v;
}

static void remember_symbol(ph_market *m, uint32_t row)
{
    const ph_text64 *symbol = &m->terms[row].symbol;
    if (symbol_row(m, symbol) != PH_NONE) return;
    uint32_t before = PH_NONE;
    (void)ph_index_find(&m->symbol_of, symbol_hash(symbol), &before); /* none: PH_NONE */
    m->next_symbol[row] = before;
    ph_index_put(&m->symbol_of, symbol_hash(symbol), row);
}

/* ---- Checks --------------------------------------------------------------------------------- */

/* Fields of a product against their ranges, one row each: number, value, lowest, highest. */
static ph_reject check_ranges(const ph_market *m, const ph_product_terms *p, int64_t args[2])
{
    const int64_t quantity = p->quantity_max, lot = p->lot, wmin = PH_WINDOW_SECONDS_MIN;
    const struct {
        int number;
        int64_t value, low, high;
    } rows[] = {
        {8, p->hardware_units, 1, PH_QUANTITY_MAX},
        {15, p->availability_ppm, 0, PH_PPM},
        {17, p->tick, 1, PH_PRICE_MAX},
        {18, lot, 1, PH_QUANTITY_MAX},
        {19, quantity, lot, PH_QUANTITY_MAX},
        {20, p->block_periods_max, 1, PH_BLOCK_PERIODS_MAX},
        {21, p->horizon, 1,
         PH_HORIZON_MAX < m->limits.ring_periods - 2 ? PH_HORIZON_MAX
                                                     : (int64_t)m->limits.ring_periods - 2},
        {23, p->maker_ppm, 0, PH_FEE_PPM_MAX},
        {24, p->taker_ppm, 0, PH_FEE_PPM_MAX},
        {25, p->fee_at_trade_ppm, 0, PH_PPM},
        {26, p->bond_fixed, 0, PH_PRICE_MAX},
        {27, p->bond_ppm, 0, PH_BOND_PPM_MAX},
        {28, p->report_seconds, wmin, UINT32_MAX},
        {29, p->dispute_seconds, wmin, UINT32_MAX},
        {30, p->resolve_seconds, wmin, UINT32_MAX},
        {31, p->dispute_deposit, 0, PH_PRICE_MAX},
        {33, p->reference_price, 1, PH_PRICE_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value < rows[i].low || rows[i].value > rows[i].high)
            return field(rows[i].number, rows[i].value, args);
    }
    return PH_REJECT_NONE;
}

static ph_reject check_terms(const ph_market *m, const ph_product_terms *p, int64_t args[2])
{
    if (p->symbol.s[0] == '\0' || symbol_taken(m, p)) return field(2, 0, args);
    if (p->model.s[0] == '\0') return field(5, 0, args);
    if (p->unit.s[0] == '\0') return field(6, 0, args);
    args[0] = p->hardware.v;
    args[1] = 0;
    if (p->hardware.v == 0 || p->hardware.v > m->hardware_cnt) return PH_REJECT_UNKNOWN_HARDWARE;
    args[0] = p->site.v;
    if (p->site.v == 0 || p->site.v > m->site_cnt) return PH_REJECT_UNKNOWN_SITE;
    uint32_t in_use = ph_capacity_period_seconds(m, p->site.v, p->hardware.v);
    args[0] = p->period_seconds;
    args[1] = in_use;
    bool differs = in_use != 0 && in_use != p->period_seconds;
    if (differs || !ph_period_seconds_ok(p->period_seconds)) return PH_REJECT_PERIOD_SECONDS;
    if (p->meter.v != 0) {
        args[0] = p->meter.v;
        args[1] = 0;
        if (p->meter.v > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
        args[0] = PH_ROLE_METER;
        if (!(m->participants[p->meter.v].registered.roles & PH_ROLE_METER))
            return PH_REJECT_ROLE_MISSING;
    }
    return check_ranges(m, p, args);
}

static ph_reject check_room(const ph_market *m, int64_t args[2])
{
    args[0] = TABLE_TERMS;
    args[1] = m->limits.terms_max;
    return m->terms_cnt == m->limits.terms_max ? PH_REJECT_TABLE_FULL : PH_REJECT_NONE;
}

/* What never changes, one row each: number, value, what the product has. */
static ph_reject check_fixed(const ph_product_terms *p, const ph_product_terms *had,
                             int64_t args[2])
{
    const struct {
        int number;
        uint32_t value, had;
    } rows[] = {
        {7, p->hardware.v, had->hardware.v},
        {8, p->hardware_units, had->hardware_units},
        {14, p->site.v, had->site.v},
        {16, p->period_seconds, had->period_seconds},
        {18, p->lot, had->lot},
    };
    args[0] = 6;
    args[1] = 0;
    if (memcmp(&p->unit, &had->unit, sizeof p->unit) != 0) return PH_REJECT_FIXED_FIELD;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        args[0] = rows[i].number;
        args[1] = rows[i].value;
        if (rows[i].value != rows[i].had) return PH_REJECT_FIXED_FIELD;
    }
    return PH_REJECT_NONE;
}

/* A product that is not delisted. */
static ph_reject check_known(const ph_market *m, uint32_t product, int64_t args[2])
{
    args[0] = product;
    args[1] = 0;
    if (product == 0 || product > m->product_cnt) return PH_REJECT_UNKNOWN_PRODUCT;
    args[1] = m->products[product].state;
    return args[1] == PH_PRODUCT_DELISTED ? PH_REJECT_PRODUCT_STATE : PH_REJECT_NONE;
}

/* ---- Commands ------------------------------------------------------------------------------- */

void ph_terms_apply(ph_product *p, const ph_product_terms *t)
{
    p->terms = *t;
    p->order_terms =
        (ph_order_terms){.tick = t->tick,
                         .bond_fixed = t->bond_fixed,
                         .bond_ppm = t->bond_ppm,
                         .band_ppm = t->band_ppm,
                         .fee_ppm = t->maker_ppm > t->taker_ppm ? t->maker_ppm : t->taker_ppm,
                         .lot = t->lot,
                         .quantity_max = t->quantity_max,
                         .site = t->site.v,
                         .hardware = t->hardware.v,
                         .hardware_units = t->hardware_units,
                         .attested_only = t->attested_only};
}

static void append(ph_market *m, ph_product *p, const ph_product_terms *terms)
{
    ph_terms_apply(p, terms);
    p->terms_version++;
    p->terms_at = ++m->terms_cnt;
    m->terms[p->terms_at] = *terms;
    remember_symbol(m, p->terms_at);
}

static void open_books(const ph_market *m, ph_product *p)
{
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        for (uint32_t i = 0; i < m->limits.ring_periods; i++)
            ph_book_at(&p->side[s], i)->best = PH_KEY_NONE;
    }
}

ph_reject ph_terms_list(ph_market *m, const ph_product_terms *p, int64_t ret_args[2])
{
    ph_reject why = ph_registry_check_id(p->id.v, m->product_cnt, m->limits.products_max, ret_args);
    if (why == PH_REJECT_NONE) why = check_terms(m, p, ret_args);
    if (why == PH_REJECT_NONE) why = check_room(m, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_product *fresh = &m->products[++m->product_cnt];
    append(m, fresh, p);
    ph_capacity_use_period_seconds(m, p->site.v, p->hardware.v, p->period_seconds);
    fresh->state = PH_PRODUCT_LISTED;
    fresh->phase = PH_PHASE_OPEN;
    fresh->reference = p->reference_price;
    open_books(m, fresh);
    return PH_REJECT_NONE;
}

/* Ends all resting orders of a product; the answer comes first. */
static void end_orders(ph_market *m, uint32_t product, ph_command_kind kind,
                       ph_cancel_reason reason)
{
    ph_fill_begin(m, PH_NONE);
    uint64_t cnt = reason == 0 ? 0 : ph_place_end_all(m, 0, product, reason);
    ph_emit(m, PH_EVT_DONE)->u.done = (ph_done){.command = kind, .count = cnt};
    ph_fill_settle(m);
}

ph_reject ph_terms_renew(ph_market *m, const ph_product_terms *terms, int64_t ret_args[2])
{
    ph_reject why = check_known(m, terms->id.v, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ph_product *p = &m->products[terms->id.v];
    why = check_fixed(terms, &p->terms, ret_args);
    if (why == PH_REJECT_NONE) why = check_terms(m, terms, ret_args);
    if (why == PH_REJECT_NONE) why = check_room(m, ret_args);
    if (why != PH_REJECT_NONE) return why;
    /* The orders end under the terms that they were accepted under: what they give back is counted
       by these.  With none left, the next order finds its first gate by the new terms. */
    end_orders(m, terms->id.v, PH_CMD_SET_TERMS, PH_CANCEL_TERMS_CHANGED);
    append(m, p, terms);
    p->open_until_ns = 0; /* open periods are reckoned anew, by the new gate and horizon */
    if (p->last_traded == 0) p->reference = terms->reference_price;
    ph_emit(m, PH_EVT_TERMS_SET)->u.terms_set =
        (ph_terms_set){.product = terms->id, .terms_version = p->terms_version};
    return PH_REJECT_NONE;
}

ph_reject ph_terms_set_state(ph_market *m, const ph_set_product_state *s, int64_t ret_args[2])
{
    ph_reject why = check_known(m, s->product.v, ret_args);
    if (why != PH_REJECT_NONE) return why;
    m->products[s->product.v].state = s->state;
    end_orders(m, s->product.v, PH_CMD_SET_PRODUCT_STATE,
               s->state == PH_PRODUCT_DELISTED ? PH_CANCEL_CLOSED : (ph_cancel_reason)0);
    return PH_REJECT_NONE;
}

/* ---- Questions ------------------------------------------------------------------------------ */

bool ph_market_product_state(const ph_market *m, ph_product_id id, ph_product_state *ret_state,
                             uint32_t *ret_terms_version)
{
    if (id.v == 0 || id.v > m->product_cnt) return false;
    *ret_state = m->products[id.v].state;
    *ret_terms_version = m->products[id.v].terms_version;
    return true;
}

bool ph_terms_again(ph_market *m)
{
    int64_t args[2];
    uint32_t seen = 0; /* products so far: each was listed with its first terms */
    for (uint32_t i = 1; i <= m->terms_cnt; i++) {
        const ph_product_terms *t = &m->terms[i];
        bool is_new = t->id.v == seen + 1;
        if (t->id.v == 0 || t->id.v > m->product_cnt || (!is_new && t->id.v > seen)) return false;
        ph_product *p = &m->products[t->id.v];
        if (!is_new && check_fixed(t, &m->terms[p->terms_at], args) != PH_REJECT_NONE) return false;
        if (check_terms(m, t, args) != PH_REJECT_NONE) return false;
        if (is_new) seen++;
        p->terms_at = i;
        p->terms_version++;
        remember_symbol(m, i);
        ph_capacity_use_period_seconds(m, t->site.v, t->hardware.v, t->period_seconds);
    }
    for (uint32_t i = 1; i <= m->product_cnt; i++)
        open_books(m, &m->products[i]);
    return seen == m->product_cnt;
}
