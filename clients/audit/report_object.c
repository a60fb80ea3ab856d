/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/audit/rank.h"
#include "clients/audit/report.h"
#include "engine/base/limits.h"
#include "engine/base/period.h"
#include "engine/wire/codec.h"

/* The object in the making: the first member that could not be set makes it void. */
typedef struct {
    ph_report *r;
    const ph_market *m;
    bool is_full; /* no memory */
} making;

/* ---- Members ---------------------------------------------------------------------------- */

static void set(making *k, json_t *o, const char *key, json_t *v)
{
    if (json_object_set_new(o, key, v) != 0) k->is_full = true;
}

static void set_text(making *k, json_t *o, const char *key, const char *text)
{
    set(k, o, key, json_string(text));
}

static void set_wide(making *k, json_t *o, const char *key, ph_wide v)
{
    if (v <= INT64_MAX && v >= INT64_MIN) {
        set(k, o, key, json_integer((json_int_t)v));
        return;
    }
    char digits[48];
    char *p = digits + sizeof digits - 1;
    bool is_negative = v < 0;
    *p = '\0';
    for (; v != 0; v /= 10)
        *--p = (char)('0' + (int)(is_negative ? -(v % 10) : v % 10));
    if (is_negative) *--p = '-';
    set_text(k, o, key, p);
}

static void set_u64(making *k, json_t *o, const char *key, uint64_t v)
{
    set_wide(k, o, key, (ph_wide)v);
}

static json_t *add(making *k, json_t *list)
{
    json_t *o = json_object();
    if (json_array_append_new(list, o) != 0) k->is_full = true;
    return o;
}

static json_t *begin(making *k, json_t *of, const char *key, json_t *v)
{
    set(k, of, key, v);
    return v;
}

static void set_participant(making *k, json_t *o, const char *key, ph_participant_id id)
{
    char name_key[32];
    const ph_register_participant *p = ph_market_participant(k->m, id);
    snprintf(name_key, sizeof name_key, "%s_name", key);
    set_u64(k, o, key, id.v);
    if (p != NULL) set_text(k, o, name_key, p->name.s);
}

static void set_product(making *k, json_t *o, ph_product_id id)
{
    const ph_product_terms *p = ph_market_product(k->m, id);
    set_u64(k, o, "product", id.v);
    if (p != NULL) set_text(k, o, "symbol", p->symbol.s);
}

static void set_evidence(making *k, json_t *o, const ph_evidence *e, uint32_t columns)
{
    json_t *all = begin(k, o, "evidence", json_array());
    for (uint32_t i = 0; i < e->cnt; i++) {
        json_t *row = json_array();
        for (uint32_t c = 0; c < columns; c++)
            if (json_array_append_new(row, json_integer((json_int_t)e->v[i][c])) != 0)
                k->is_full = true;
        if (json_array_append_new(all, row) != 0) k->is_full = true;
    }
}

/* ---- What happened ---------------------------------------------------------------------- */

static void set_head(making *k, json_t *report)
{
    const ph_tally *t = &k->r->tally;
    const ph_open_market *opened = ph_market_opened(k->m);
    char at[40];
    set_text(k, report, "market", opened == NULL ? "" : opened->market.s);
    set_text(k, report, "currency", opened == NULL ? "" : opened->currency);
    json_t *o = begin(k, report, "records", json_object());
    set_u64(k, o, "count", t->record_cnt);
    set_u64(k, o, "first", t->first_seq);
    set_text(k, o, "first_at", ph_time_text(t->first_at, at));
    set_u64(k, o, "last", t->last_seq);
    set_text(k, o, "last_at", ph_time_text(t->last_at, at));
    o = begin(k, report, "commands", json_object());
    for (int c = 1; c <= PH_CMD_KIND_MAX; c++)
        if (t->commands[c] != 0)
            set_u64(k, o, ph_command_kind_name((ph_command_kind)c), t->commands[c]);
    json_t *all = begin(k, report, "rejects", json_array());
    for (int c = 1; c < PH_REJECT_CODES; c++) {
        if (t->rejects[c] == 0) continue;
        o = add(k, all);
        set_text(k, o, "reject", ph_reject_name((ph_reject)c));
        set_u64(k, o, "count", t->rejects[c]);
        set_text(k, o, "meaning", ph_reject_text((ph_reject)c));
    }
}

static void set_orders(making *k, json_t *report)
{
    const ph_tally *t = &k->r->tally;
    uint64_t cancelled = ph_tally_cancelled_cnt(t), ended = cancelled + t->filled_cnt;
    json_t *o = begin(k, report, "orders", json_object());
    set_u64(k, o, "accepted", t->order_cnt);
    set_u64(k, o, "filled", t->filled_cnt);
    set_u64(k, o, "cancelled", cancelled);
    set_u64(k, o, "resting_at_the_end", t->resting_cnt);
    set_u64(k, o, "executed_in_part_or_whole", t->traded_cnt + t->resting_traded_cnt);
    if (ended != 0)
        set_wide(k, o, "cancelled_of_ended_ppm", (ph_wide)cancelled * PH_PPM / (ph_wide)ended);
    set_u64(k, o, "self_trades_prevented", t->self_trade_cnt);
    json_t *all = begin(k, report, "cancels", json_array());
    for (int c = 1; c <= PH_CANCEL_REASON_MAX; c++) {
        if (t->cancel_cnt[c] == 0) continue;
        o = add(k, all);
        set_text(k, o, "reason", ph_cancel_reason_name((ph_cancel_reason)c));
        set_u64(k, o, "orders", t->cancel_cnt[c]);
        set_wide(k, o, "unit_periods", t->cancelled[c]);
    }
}

static void set_trading(making *k, json_t *o, const ph_tally_trading *t)
{
    set_u64(k, o, "trades", t->trade_cnt);
    set_u64(k, o, "fills", t->fill_cnt);
    set_wide(k, o, "unit_periods", t->unit_periods);
    set_wide(k, o, "notional_micro", t->notional);
    if (t->unit_periods != 0) set_wide(k, o, "average_micro", t->notional / t->unit_periods);
    if (t->first == 0) return;
    set_wide(k, o, "first_micro", t->first);
    set_wide(k, o, "high_micro", t->high);
    set_wide(k, o, "low_micro", t->low);
    set_wide(k, o, "last_micro", t->last);
}

static ph_wide by_trading_notional(const void *row)
{
    return ((const ph_tally_trading *)row)->notional;
}

static ph_wide by_day(const void *row)
{
    return -(ph_wide)((const ph_tally_trading *)row)->by.b;
}

/* Every row of a table of trading; `name` sets what it is of. */
static void set_table(making *k, json_t *report, const char *key, const ph_keyed *table,
                      void (*name)(making *k, json_t *o, const ph_tally_trading *t))
{
    const void **rows;
    uint32_t cnt;
    bool is_by_day = table == &k->r->tally.product_days;
    ph_ranking by = {.figure = is_by_day ? by_day : by_trading_notional};
    if (!ph_rank(table, &by, &rows, &cnt)) k->is_full = true;
    json_t *all = begin(k, report, key, json_array());
    for (uint32_t i = 0; i < cnt && !k->is_full; i++) {
        json_t *o = add(k, all);
        name(k, o, rows[i]);
        set_trading(k, o, rows[i]);
    }
    free(rows);
}

static void name_type(making *k, json_t *o, const ph_tally_trading *t)
{
    set_text(k, o, "compute_type", ph_compute_type_name((ph_compute_type)t->by.a));
}

static void name_product(making *k, json_t *o, const ph_tally_trading *t)
{
    set_product(k, o, (ph_product_id){(uint32_t)t->by.a});
}

static void name_day(making *k, json_t *o, const ph_tally_trading *t)
{
    char at[40];
    (void)ph_time_text((ph_time){t->by.b * 86400 * PH_NS_PER_S}, at); /* returns at */
    at[10] = '\0';
    set_text(k, o, "day", at);
    name_product(k, o, t);
}

static ph_wide by_volume(const void *row)
{
    const ph_tally_participant *p = row;
    return p->bought + p->sold;
}

static ph_wide by_notional(const void *row)
{
    return ((const ph_tally_participant *)row)->notional;
}

static ph_wide by_orders(const void *row)
{
    return (ph_wide)((const ph_tally_participant *)row)->order_cnt;
}

static void set_participants(making *k, json_t *report, const char *key,
                             ph_wide (*figure)(const void *row))
{
    const void **rows;
    uint32_t cnt;
    ph_ranking by = {.figure = figure};
    if (!ph_rank(&k->r->tally.participants, &by, &rows, &cnt)) k->is_full = true;
    json_t *all = begin(k, report, key, json_array());
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_tally_participant *p = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "participant", (ph_participant_id){(uint32_t)p->by.a});
        set_u64(k, o, "orders", p->order_cnt);
        set_u64(k, o, "trades", p->trade_cnt);
        set_wide(k, o, "bought_unit_periods", p->bought);
        set_wide(k, o, "sold_unit_periods", p->sold);
        set_wide(k, o, "notional_micro", p->notional);
    }
    free(rows);
}

static void set_money(making *k, json_t *report)
{
    const ph_tally *t = &k->r->tally;
    json_t *all = begin(k, report, "transfers", json_array());
    for (int r = 1; r <= PH_TRANSFER_REASON_MAX; r++) {
        if (t->transfer_cnt[r] == 0) continue;
        json_t *o = add(k, all);
        set_text(k, o, "reason", ph_transfer_reason_name((ph_transfer_reason)r));
        set_u64(k, o, "count", t->transfer_cnt[r]);
        set_wide(k, o, "sum_micro", t->transferred[r]);
    }
    json_t *o = begin(k, report, "fees", json_object());
    set_wide(k, o, "earned_micro", t->fees);
}

static void set_delivery(making *k, json_t *report)
{
    const ph_tally *t = &k->r->tally;
    char key[48];
    uint64_t final = 0;
    json_t *o = begin(k, report, "delivery", json_object());
    for (int c = 1; c <= PH_FINAL_CAUSE_MAX; c++)
        final += t->final_cnt[c];
    set_u64(k, o, "final", final);
    for (int c = 1; c <= PH_FINAL_CAUSE_MAX; c++) {
        snprintf(key, sizeof key, "final_%s", ph_final_cause_name((ph_final_cause)c));
        set_u64(k, o, key, t->final_cnt[c]);
    }
    for (int c = 1; c <= PH_DELIVERY_STEP_MAX; c++) {
        snprintf(key, sizeof key, "step_%s", ph_delivery_step_name((ph_delivery_step)c));
        set_u64(k, o, key, t->delivery_cnt[c]);
    }
    set_wide(k, o, "delivered_unit_seconds", t->delivered);
    set_wide(k, o, "promised_unit_seconds", t->promised);
    if (t->promised != 0) set_wide(k, o, "delivered_ppm", t->delivered * PH_PPM / t->promised);
    set_wide(k, o, "penalties_micro", t->transferred[PH_TRANSFER_PENALTY]);
    set_wide(k, o, "refunds_micro", t->transferred[PH_TRANSFER_REFUND]);
}

/* ---- Indicators ------------------------------------------------------------------------- */

/* An indicator: its definition with the figures in force, and a list for its rows. */
__attribute__((format(printf, 4, 5))) static json_t *indicator(making *k, json_t *report,
                                                               const char *key, const char *format,
                                                               ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* the longest fits */
    va_end(args);
    json_t *o = begin(k, report, key, json_object());
    set_text(k, o, "definition", text);
    return begin(k, o, "rows", json_array());
}

static void set_pairs(making *k, json_t *report)
{
    const ph_wash_pair **rows;
    uint32_t cnt;
    json_t *all = indicator(
        k, report, "wash_returns",
        "units of a product and period that one party sold to another and that the other sold back "
        "to it within %" PRIu64 " s of the last sale of that direction; each unit counts once.  "
        "Evidence: records of sale and return",
        k->r->bounds.wash_seconds);
    if (!ph_wash_pairs(&k->r->wash, &rows, &cnt)) k->is_full = true;
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_wash_pair *p = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "first", p->first);
        set_participant(k, o, "second", p->second);
        set_product(k, o, p->product);
        set_wide(k, o, "returned_unit_periods", p->returned);
        set_wide(k, o, "returned_micro", p->notional);
        set_u64(k, o, "returns", p->return_cnt);
        set_u64(k, o, "trades", p->trade_cnt);
        set_wide(k, o, "first_sold_unit_periods", p->sold_first);
        set_wide(k, o, "second_sold_unit_periods", p->sold_second);
        set_evidence(k, o, &p->evidence, 2);
    }
    free(rows);
}

static void set_positions(making *k, json_t *report)
{
    const ph_wash_position **rows;
    uint32_t cnt;
    json_t *all = indicator(
        k, report, "wash_positions",
        "who bought and sold a product so much alike that the position changed by at most %" PRIu64
        " ppm of the volume, at least %" PRIu64 " ppm of the volume with one counterparty.  "
        "Evidence: records of the first and last trade",
        k->r->bounds.net_ppm, k->r->bounds.counterparty_ppm);
    if (!ph_wash_positions(&k->r->wash, &rows, &cnt)) k->is_full = true;
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_wash_position *p = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "participant", p->participant);
        set_participant(k, o, "counterparty", p->counterparty);
        set_product(k, o, p->product);
        set_wide(k, o, "bought_unit_periods", p->bought);
        set_wide(k, o, "sold_unit_periods", p->sold);
        set_wide(k, o, "with_counterparty_unit_periods", p->with_counterparty);
        set_wide(k, o, "notional_micro", p->notional);
        ph_evidence e = {.cnt = 1, .v = {{p->first_seq, p->last_seq}}};
        set_evidence(k, o, &e, 2);
    }
    free(rows);
}

static void set_circles(making *k, json_t *report)
{
    const ph_wash_circle **rows;
    uint32_t cnt;
    json_t *all =
        indicator(k, report, "wash_circles",
                  "resales whose buyer already stood in the chain of the contract, as its supplier "
                  "or as a holder before (a supplier may buy back its own supply: rulebook 9).  "
                  "Evidence: records of the first contract of the chain, of the one that it held "
                  "or supplied, and of the return");
    if (!ph_wash_circles(&k->r->wash, &rows, &cnt)) k->is_full = true;
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_wash_circle *c = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "participant", c->participant);
        set_participant(k, o, "supplier", c->supplier);
        set_product(k, o, c->product);
        set_u64(k, o, "circles", c->circle_cnt);
        set_wide(k, o, "unit_periods", c->unit_periods);
        set_wide(k, o, "notional_micro", c->notional);
        set_evidence(k, o, &c->evidence, 3);
    }
    free(rows);
}

static void set_findings(making *k, json_t *report)
{
    const ph_spoof_row **rows;
    uint32_t cnt;
    json_t *all = indicator(
        k, report, "spoofing",
        "orders that came within %" PRIu64 " ppm of the best price, of which nothing executed and "
        "which their owner cancelled within %" PRIu64 " s, one after another, together at least "
        "%" PRIu64
        " times what it had or put on the other side meanwhile, some of which executed.  "
        "Evidence: records of the first order, the last cancel and the last execution on the other "
        "side",
        k->r->bounds.near_ppm, k->r->bounds.spoof_seconds, k->r->bounds.spoof_factor);
    if (!ph_spoof_findings(&k->r->spoof, &rows, &cnt)) k->is_full = true;
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_spoof_row *s = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "participant", s->participant);
        set_product(k, o, s->product);
        set_u64(k, o, "findings", s->finding_cnt);
        set_u64(k, o, "orders", s->order_cnt);
        set_wide(k, o, "withdrawn_unit_periods", s->withdrawn);
        set_wide(k, o, "other_side_unit_periods", s->other_side);
        set_wide(k, o, "other_side_executed_unit_periods", s->other_executed);
        set_evidence(k, o, &s->evidence, 3);
    }
    free(rows);
}

static void set_ratios(making *k, json_t *report)
{
    const ph_spoof_row **rows;
    uint32_t cnt;
    json_t *all = indicator(
        k, report, "cancelled_to_executed",
        "unit-periods that owners cancelled of orders that came within %" PRIu64 " ppm of the best "
        "price, over the unit-periods executed of such orders; who executed none is not ranked.  "
        "Evidence: records of the first and last cancel",
        k->r->bounds.near_ppm);
    if (!ph_spoof_ratios(&k->r->spoof, &rows, &cnt)) k->is_full = true;
    for (uint32_t i = 0; i < cnt && i < k->r->bounds.top && !k->is_full; i++) {
        const ph_spoof_row *s = rows[i];
        json_t *o = add(k, all);
        set_participant(k, o, "participant", s->participant);
        set_product(k, o, s->product);
        set_wide(k, o, "ratio_ppm", ph_spoof_ratio_ppm(s));
        set_wide(k, o, "cancelled_unit_periods", s->near_cancelled);
        set_wide(k, o, "executed_unit_periods", s->near_executed);
        set_u64(k, o, "orders", s->near_cnt);
        ph_evidence e = {.cnt = 1, .v = {{s->first_seq, s->last_seq}}};
        set_evidence(k, o, &e, 2);
    }
    free(rows);
}

json_t *ph_report_object(ph_report *r, const ph_market *m)
{
    json_t *report = json_object();
    making k = {.r = r, .m = m, .is_full = report == NULL};
    if (report == NULL) return NULL;
    set_head(&k, report);
    set_orders(&k, report);
    set_table(&k, report, "compute_types", &r->tally.types, name_type);
    set_table(&k, report, "products", &r->tally.products, name_product);
    set_table(&k, report, "product_days", &r->tally.product_days, name_day);
    set_participants(&k, report, "participants_by_volume", by_volume);
    set_participants(&k, report, "participants_by_notional", by_notional);
    set_participants(&k, report, "participants_by_orders", by_orders);
    set_money(&k, report);
    set_delivery(&k, report);
    set_pairs(&k, report);
    set_positions(&k, report);
    set_circles(&k, report);
    set_findings(&k, report);
    set_ratios(&k, report);
    if (!k.is_full) return report;
    json_decref(report);
    return NULL;
}
