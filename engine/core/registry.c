/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/registry.h"

#include <string.h>

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/capacity.h"

enum { TABLE_TERMS = 12 }; /* for TABLE_FULL: place in ph_market_limits */

static void init_side(ph_market *m, ph_book_side *side, size_t product, ph_ladder *ladders,
                      int64_t *best, uint16_t *touching)
{
    size_t at = product * m->limits.ring_periods;
    side->ladders = ladders + at;
    side->best = best + at;
    side->touching = touching + at;
}

void ph_registry_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    m->participants =
        ph_arena_take(a, (size_t)lim->participants_max + 1, sizeof m->participants[0]);
    size_t ids = ((size_t)lim->participants_max + 1) * PH_CLIENT_IDS_KEPT;
    uint64_t *client_ids = ph_arena_take(a, ids, sizeof client_ids[0]);
    uint64_t *orders = ph_arena_take(a, ids, sizeof orders[0]);
    m->sites = ph_arena_take(a, (size_t)lim->sites_max + 1, sizeof m->sites[0]);
    m->hardware = ph_arena_take(a, (size_t)lim->hardware_max + 1, sizeof m->hardware[0]);
    m->products = ph_arena_take(a, (size_t)lim->products_max + 1, sizeof m->products[0]);
    m->terms = ph_arena_take(a, (size_t)lim->terms_max + 1, sizeof m->terms[0]);
    size_t cells = ((size_t)lim->products_max + 1) * lim->ring_periods;
    ph_ladder *ladders[3] = {NULL, NULL, NULL};
    int64_t *best[3] = {NULL, NULL, NULL};
    uint16_t *touching[3] = {NULL, NULL, NULL};
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        ladders[s] = ph_arena_take(a, cells, sizeof ladders[s][0]);
        best[s] = ph_arena_take(a, cells, sizeof best[s][0]);
        touching[s] = ph_arena_take(a, cells, sizeof touching[s][0]);
    }
    if (a->start == NULL) return;
    for (uint32_t i = 1; i <= lim->participants_max; i++) {
        m->participants[i].ids = client_ids + (size_t)i * PH_CLIENT_IDS_KEPT;
        m->participants[i].id_orders = orders + (size_t)i * PH_CLIENT_IDS_KEPT;
    }
    for (uint32_t i = 1; i <= lim->products_max; i++) {
        for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++)
            init_side(m, &m->products[i].side[s], i, ladders[s], best[s], touching[s]);
    }
}

/* The next id of a dense numbering, or why it is not. */
static ph_reject check_id(uint32_t id, uint32_t cnt, uint32_t max, int64_t args[2])
{
    args[0] = id;
    if (id >= 1 && id <= cnt) return PH_REJECT_ID_TAKEN;
    args[1] = (int64_t)cnt + 1;
    if (id != cnt + 1) return PH_REJECT_ID_NOT_NEXT;
    args[0] = 0;
    args[1] = max;
    return cnt == max ? PH_REJECT_TABLE_FULL : PH_REJECT_NONE;
}

/* A field of a command, counted from 1 in the order of its struct, has this value. */
static ph_reject field(int number, int64_t value, int64_t args[2])
{
    args[0] = number;
    args[1] = value;
    return PH_REJECT_FIELD_RANGE;
}

/* The participant that has this connection key, or 0. */
static uint32_t key_owner(const ph_market *m, const ph_key *key)
{
    for (uint32_t i = 1; i <= m->participant_cnt; i++) {
        if (memcmp(&m->participants[i].registered.curve_key, key, sizeof *key) == 0) return i;
    }
    return 0;
}

static void add_participant(ph_market *m, const ph_register_participant *p)
{
    ph_participant *fresh = &m->participants[++m->participant_cnt];
    fresh->registered = *p;
    fresh->state = PH_PARTICIPANT_ACTIVE;
}

/* The market's name is the origin of everything that is signed, which has its own marks. */
static bool is_origin(const ph_text64 *name)
{
    for (const char *p = name->s; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '+' || *p == '/') return false;
    }
    return name->s[0] != '\0';
}

ph_reject ph_registry_open(ph_market *m, const ph_open_market *o, int64_t ret_args[2])
{
    if (m->opened) {
        ret_args[0] = 1;
        return PH_REJECT_ID_TAKEN;
    }
    if (o->rules_version != 1) return field(1, o->rules_version, ret_args);
    if (!is_origin(&o->market)) return field(2, 0, ret_args);
    if (o->currency[0] == '\0') return field(3, 0, ret_args);
    m->opened = true;
    m->open_market = *o;
    add_participant(m, &(ph_register_participant){.id = {1},
                                                  .roles = PH_ROLE_OPERATOR,
                                                  .name = o->operator_name,
                                                  .curve_key = o->operator_curve_key,
                                                  .sign_key = o->operator_sign_key});
    return PH_REJECT_NONE;
}

ph_reject ph_registry_participant(ph_market *m, const ph_register_participant *p,
                                  int64_t ret_args[2])
{
    ph_reject why = check_id(p->id.v, m->participant_cnt, m->limits.participants_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (p->roles == 0 || (p->roles & ~(uint32_t)PH_ROLES_ALL) != 0)
        return field(2, p->roles, ret_args);
    if (p->name.s[0] == '\0') return field(3, 0, ret_args);
    uint32_t owner = key_owner(m, &p->curve_key);
    ret_args[0] = owner;
    ret_args[1] = 0;
    if (owner != 0) return PH_REJECT_KEY_TAKEN;
    add_participant(m, p);
    return PH_REJECT_NONE;
}

ph_reject ph_registry_site(ph_market *m, const ph_register_site *s, int64_t ret_args[2])
{
    ph_reject why = check_id(s->id.v, m->site_cnt, m->limits.sites_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ret_args[0] = s->owner.v;
    ret_args[1] = 0;
    if (s->owner.v == 0 || s->owner.v > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
    ret_args[0] = PH_ROLE_SUPPLIER;
    if (!(m->participants[s->owner.v].registered.roles & PH_ROLE_SUPPLIER))
        return PH_REJECT_ROLE_MISSING;
    if (s->region.s[0] == '\0') return field(3, 0, ret_args);
    if (s->name.s[0] == '\0') return field(4, 0, ret_args);
    if (s->latitude_udeg < -90000000 || s->latitude_udeg > 90000000)
        return field(5, s->latitude_udeg, ret_args);
    if (s->longitude_udeg < -180000000 || s->longitude_udeg > 180000000)
        return field(6, s->longitude_udeg, ret_args);
    if (s->pue_ppm < PH_PPM) return field(8, s->pue_ppm, ret_args);
    m->sites[++m->site_cnt] = *s;
    return PH_REJECT_NONE;
}

ph_reject ph_registry_hardware(ph_market *m, const ph_register_hardware *h, int64_t ret_args[2])
{
    ph_reject why = check_id(h->id.v, m->hardware_cnt, m->limits.hardware_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (h->name.s[0] == '\0') return field(2, 0, ret_args);
    m->hardware[++m->hardware_cnt] = *h;
    return PH_REJECT_NONE;
}

static bool symbol_taken(const ph_market *m, const ph_text64 *symbol)
{
    for (uint32_t i = 1; i <= m->product_cnt; i++) {
        if (memcmp(&m->products[i].terms.symbol, symbol, sizeof *symbol) == 0) return true;
    }
    return false;
}

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

static ph_reject check_product(ph_market *m, const ph_product_terms *p, int64_t args[2])
{
    ph_reject why = check_id(p->id.v, m->product_cnt, m->limits.products_max, args);
    if (why != PH_REJECT_NONE) return why;
    if (p->symbol.s[0] == '\0' || symbol_taken(m, &p->symbol)) return field(2, 0, args);
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

ph_reject ph_registry_product(ph_market *m, const ph_product_terms *p, int64_t ret_args[2])
{
    ph_reject why = check_product(m, p, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (m->terms_cnt == m->limits.terms_max) {
        ret_args[0] = TABLE_TERMS;
        ret_args[1] = m->limits.terms_max;
        return PH_REJECT_TABLE_FULL;
    }
    ph_product *fresh = &m->products[++m->product_cnt];
    fresh->terms = *p;
    fresh->terms_version = 1;
    fresh->terms_at = ++m->terms_cnt;
    m->terms[fresh->terms_at] = *p;
    fresh->state = PH_PRODUCT_LISTED;
    fresh->phase = PH_PHASE_OPEN;
    fresh->reference = p->reference_price;
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        for (uint32_t i = 0; i < m->limits.ring_periods; i++)
            fresh->side[s].best[i] = PH_KEY_NONE;
    }
    return PH_REJECT_NONE;
}
