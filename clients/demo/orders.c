/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRONG_ONE_IN = 61,
    CANCEL_ONE_IN = 9,
    BLOCK_HOURS_MAX = 168,
    TOKENS_PER_CARD = 5000,
    POOR_SHARE = 4, /* the poor buyer has a quarter of what it would need */
};

/* How far the jobs of each log have been used. */
typedef struct {
    uint32_t job[PHC_DATA_LOG_CNT];
    uint32_t hour;
    uint32_t unwanted[PHC_SCENARIO_PARTICIPANTS_MAX]; /* action to take back next; 0: none */
} progress;

/* ---- Appending ----------------------------------------------------------------------------- */

/* Room for one order and one cancel each was made before. */
static phc_scenario_action *append(phc_scenario *s, uint32_t participant)
{
    phc_scenario_action *a = &s->actions[s->action_cnt++];
    *a = (phc_scenario_action){.participant = participant};
    return a;
}

static void append_order(phc_scenario *s, uint32_t participant, bool opening, const phc_order *o)
{
    phc_scenario_action *a = append(s, participant);
    a->opening = opening;
    a->order = *o;
    s->order_cnt++;
}

/* Takes back, before the next order of a participant, the one that it does not want any more. */
static void append_buy(phc_scenario *s, progress *g, uint32_t participant, const phc_order *o)
{
    if (g->unwanted[participant] != 0) {
        phc_scenario_action *a = append(s, participant);
        a->is_cancel = true;
        a->cancels = g->unwanted[participant] - 1;
        g->unwanted[participant] = 0;
    }
    append_order(s, participant, false, o);
    if (o->time_in_force == PHC_GTC && phc_scenario_chance(s, CANCEL_ONE_IN) == 0) {
        g->unwanted[participant] = s->action_cnt;
    }
}

/* ---- Choosing ------------------------------------------------------------------------------ */

static uint32_t trader(const phc_scenario *s, phc_trader_kind kind, uint32_t of)
{
    for (uint32_t i = 0; i < s->participant_cnt; i++) {
        if (s->participants[i].kind == kind && s->participants[i].of == of) return i;
    }
    return 0; /* cannot be: every kind and cluster was added */
}

/* Any product of a type; the data has some of each, or the scenario's laws refuse it. */
static const phc_scenario_product *any_product(phc_scenario *s, phc_compute_type type)
{
    uint32_t at[PHC_DATA_PRICES_MAX], n = 0;
    for (uint32_t i = 0; i < s->product_cnt; i++) {
        if (s->products[i].compute_type == type) at[n++] = i;
    }
    return n == 0 ? &s->products[0] : &s->products[at[phc_scenario_chance(s, n)]];
}

/* A price between `from` and `to` thousandths of the way from the lowest to the list price. */
static int64_t price_between(phc_scenario *s, int64_t floor, int64_t ask, uint32_t from,
                             uint32_t to)
{
    int64_t thousandths = (int64_t)(from + phc_scenario_chance(s, to - from + 1));
    int64_t price = floor + (ask - floor) / 1000 * thousandths;
    price -= price % PHC_SCENARIO_TICK;
    return price < PHC_SCENARIO_TICK ? PHC_SCENARIO_TICK : price;
}

/* What a buyer would pay: now and then less than any supplier takes. */
static int64_t bid(phc_scenario *s, const phc_scenario_product *p)
{
    if (phc_scenario_chance(s, 4) == 0) return price_between(s, p->floor / 2, p->floor, 200, 1000);
    return price_between(s, p->floor, p->ask, 0, 1000);
}

static void choose_life(phc_scenario *s, phc_order *o)
{
    o->time_in_force = phc_scenario_chance(s, 3) == 0 ? PHC_IOC : PHC_GTC;
}

/* Some orders are wrong on purpose: the market has to say no to them. */
static void maybe_spoil(phc_scenario *s, phc_order *o)
{
    if (phc_scenario_chance(s, WRONG_ONE_IN) != 0) return;
    if (phc_scenario_chance(s, 2) == 0) {
        o->price += 37;
    } else {
        o->quantity += s->products[o->product - 1].quantity_max;
    }
}

static uint32_t hours_of(uint64_t seconds)
{
    uint64_t hours = (seconds + 3599) / 3600;
    if (hours == 0) hours = 1;
    return hours > BLOCK_HOURS_MAX ? BLOCK_HOURS_MAX : (uint32_t)hours;
}

/* The hour of the four weeks in which a job of a log begins. */
static uint32_t start_of(const phc_scenario *s, uint32_t submit_s, uint32_t hours)
{
    return s->config.first_period + submit_s / 3600 % (PHC_DATA_HOURS - hours + 1);
}

/* ---- Suppliers ----------------------------------------------------------------------------- */

static void open_slice(phc_scenario *s, const phc_scenario_offering *f, uint32_t units,
                       int64_t price)
{
    if (units == 0) return;
    phc_order o = {
        .product = s->products[f->product].id,
        .side = PHC_SELL,
        .shape = PHC_EACH,
        .first_period = s->config.first_period,
        .periods = PHC_DATA_HOURS,
        .quantity = units,
        .price = price - price % PHC_SCENARIO_TICK,
        .time_in_force = PHC_GTC,
    };
    append_order(s, f->participant, true, &o);
}

/* Half at the list price, the rest in two cheaper slices; a fifth is kept for later. */
static void open_offering(phc_scenario *s, const phc_scenario_offering *f)
{
    int64_t room = f->ask - f->floor;
    open_slice(s, f, f->units / 2, f->ask);
    open_slice(s, f, f->units / 5, f->floor + room * 2 / 3);
    open_slice(s, f, f->units / 10, f->floor + room / 4);
}

/* Capacity that is left over for a few hours or days, at a price that finds a buyer. */
static void late_supply(phc_scenario *s)
{
    const phc_scenario_offering *f = &s->offerings[phc_scenario_chance(s, s->offering_cnt)];
    uint32_t hours = 1 + (uint32_t)phc_scenario_chance(s, 48);
    phc_order o = {
        .product = s->products[f->product].id,
        .side = PHC_SELL,
        .shape = PHC_EACH,
        .periods = hours,
        .first_period =
            s->config.first_period + (uint32_t)phc_scenario_chance(s, PHC_DATA_HOURS - hours + 1),
        .quantity = 1 + (uint32_t)phc_scenario_chance(s, f->units / 32 + 1),
        .price = price_between(s, f->floor, f->ask, 0, 500),
        .time_in_force = PHC_GTC,
    };
    if (phc_scenario_chance(s, 4) == 0) o.time_in_force = PHC_IOC;
    if (phc_scenario_chance(s, 25) == 0) o.quantity += f->units; /* more than it has */
    append_order(s, f->participant, false, &o);
}

/* ---- Buyers -------------------------------------------------------------------------------- */

static void buy_block(phc_scenario *s, progress *g, uint32_t participant,
                      const phc_scenario_product *p, const phc_order *window)
{
    phc_order o = *window;
    o.product = p->id;
    o.side = PHC_BUY;
    o.shape = PHC_BLOCK;
    o.price = bid(s, p);
    choose_life(s, &o);
    maybe_spoil(s, &o);
    append_buy(s, g, participant, &o);
}

static const phc_data_job *next_job(phc_scenario *s, progress *g, phc_data_log log)
{
    return &s->data->jobs[log][g->job[log]++ % s->data->job_cnt[log]];
}

/* A training job: cards for as long as a job of that cluster ran, all at once from 8 cards on. */
static void philly_job(phc_scenario *s, progress *g)
{
    const phc_data_job *j = next_job(s, g, PHC_DATA_PHILLY);
    uint32_t pick = (uint32_t)phc_scenario_chance(s, s->data->runtime_cnt);
    uint32_t hours = hours_of(s->data->runtimes_s[pick]);
    phc_order o = {
        .first_period = start_of(s, j->submit_s, hours),
        .periods = hours,
        .quantity = j->units,
        .all_or_none = j->units >= 8,
    };
    buy_block(s, g, trader(s, PHC_TRADER_PHILLY, j->cluster), any_product(s, PHC_AI), &o);
}

/* A batch job: its processors as vCPUs, or two to a node. */
static void hpc2n_job(phc_scenario *s, progress *g)
{
    const phc_data_job *j = next_job(s, g, PHC_DATA_HPC2N);
    bool nodes = phc_scenario_chance(s, 2) == 0;
    uint32_t hours = hours_of(j->run_s);
    phc_order o = {
        .first_period = start_of(s, j->submit_s, hours),
        .periods = hours,
        .quantity = nodes ? (j->units + 1) / 2 : j->units,
        .all_or_none = nodes,
    };
    buy_block(s, g, trader(s, PHC_TRADER_HPC2N, 0),
              any_product(s, nodes ? PHC_SUPERCOMPUTING : PHC_GENERAL), &o);
}

/* A job of 1993: one of its nodes is a vCPU today, eight are a node. */
static void nasa_job(phc_scenario *s, progress *g)
{
    const phc_data_job *j = next_job(s, g, PHC_DATA_NASA);
    bool nodes = j->units >= 8;
    uint32_t hours = hours_of(j->run_s);
    phc_order o = {
        .first_period = start_of(s, j->submit_s, hours),
        .periods = hours,
        .quantity = nodes ? j->units / 8 : j->units,
    };
    buy_block(s, g, trader(s, PHC_TRADER_NASA, j->cluster),
              any_product(s, nodes ? PHC_SUPERCOMPUTING : PHC_GENERAL), &o);
}

/* Serving a model near its users: as many cards an hour as that hour's tokens need. */
static void inference_hours(phc_scenario *s, progress *g)
{
    uint32_t hours = 1 + (uint32_t)phc_scenario_chance(s, 6);
    uint32_t first = g->hour % (PHC_DATA_HOURS - hours + 1);
    g->hour += hours;
    const phc_scenario_product *p =
        any_product(s, phc_scenario_chance(s, 4) == 0 ? PHC_AI : PHC_EDGE);
    phc_order o = {
        .product = p->id,
        .side = PHC_BUY,
        .shape = PHC_EACH,
        .first_period = s->config.first_period + first,
        .periods = hours,
        .quantity = 1 + (uint32_t)(s->data->tokens[first] / TOKENS_PER_CARD),
        .price = bid(s, p),
    };
    choose_life(s, &o);
    maybe_spoil(s, &o);
    append_buy(s, g, trader(s, PHC_TRADER_INFERENCE, 0), &o);
}

/* ---- Money --------------------------------------------------------------------------------- */

/* What the market will hold for an order, rounded up generously; false: it does not fit. */
static bool needed(const phc_scenario *s, const phc_order *o, int64_t *ret)
{
    const phc_scenario_product *p = &s->products[o->product - 1];
    int64_t price = o->price;
    if (o->side == PHC_SELL && p->ask > price) price = p->ask;
    int64_t v;
    if (!phc_notional(price, o->quantity, o->periods, &v)) return false;
    *ret = o->side == PHC_SELL ? v / 5 + 1 : v + v / 100 + 1;
    return true;
}

/* Every participant gets what all its orders need; the last cluster only a small part of it, so
   that some of its orders are refused for want of money. */
static bool make_deposits(phc_scenario *s, char *fault)
{
    for (uint32_t i = 0; i < s->action_cnt; i++) {
        const phc_scenario_action *a = &s->actions[i];
        int64_t v = 0, *sum = &s->participants[a->participant].deposit;
        if (!a->is_cancel && (!needed(s, &a->order, &v) || v > INT64_MAX / 4 - *sum)) {
            (void)snprintf(fault, PHC_DATA_FAULT_MAX, "the orders of %s need more money than fits",
                           s->participants[a->participant].name);
            return false;
        }
        *sum += v;
    }
    uint32_t poor = trader(s, PHC_TRADER_PHILLY, s->data->cluster_cnt - 1);
    s->participants[poor].deposit /= POOR_SHARE;
    for (uint32_t i = 0; i < s->participant_cnt; i++) {
        s->participants[i].deposit += 1000000; /* nobody comes without a dollar */
    }
    return true;
}

bool phc_orders_make(phc_scenario *s, char *fault)
{
    s->action_max = s->config.orders * 2; /* a cancel for each order at most */
    s->actions = calloc(s->action_max, sizeof *s->actions);
    progress *g = calloc(1, sizeof *g);
    if (s->actions == NULL || g == NULL) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "not enough memory for the orders");
        free(g);
        return false;
    }
    for (uint32_t i = 0; i < s->offering_cnt; i++) {
        if (s->order_cnt + 3 <= s->config.orders) open_offering(s, &s->offerings[i]);
    }
    while (s->order_cnt < s->config.orders) {
        uint64_t x = phc_scenario_chance(s, 100);
        if (x < 55) {
            philly_job(s, g);
        } else if (x < 67) {
            hpc2n_job(s, g);
        } else if (x < 79) {
            nasa_job(s, g);
        } else if (x < 92) {
            inference_hours(s, g);
        } else {
            late_supply(s);
        }
    }
    free(g);
    return make_deposits(s, fault);
}
