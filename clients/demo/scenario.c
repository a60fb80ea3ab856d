/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/demo/orders.h"

/* Units that a cloud has of one hardware class at one site, by what the product is. */
enum {
    CARDS_AT_CLOUD = 256,
    NODES_AT_CLOUD = 64,
    VCPUS_AT_CLOUD = 8192,
    CARDS_AT_EDGE = 64,
    CARDS_AT_PROVIDER = 96,
    SITES_OF_PROVIDER = 2, /* sites at which a provider offers one grade */
};

/* splitmix64: small, and the same on every machine. */
uint64_t phc_scenario_chance(phc_scenario *s, uint64_t n)
{
    s->chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = s->chance;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % n;
}

static int64_t on_tick(int64_t price)
{
    return price - price % PHC_SCENARIO_TICK;
}

/* ---- Participants -------------------------------------------------------------------------- */

static phc_scenario_participant *add_participant(phc_scenario *s, phc_trader_kind kind, uint32_t of)
{
    if (s->participant_cnt == PHC_SCENARIO_PARTICIPANTS_MAX) return NULL;
    phc_scenario_participant *p = &s->participants[s->participant_cnt++];
    *p = (phc_scenario_participant){
        .id = s->participant_cnt + 1,
        .roles = kind <= PHC_TRADER_PROVIDER ? PHC_ROLE_SUPPLIER : PHC_ROLE_BUYER,
        .kind = kind,
        .of = of,
    };
    return p;
}

static bool make_participants(phc_scenario *s)
{
    const phc_data *d = s->data;
    phc_scenario_participant *p;
    for (uint32_t i = 0; i < d->cloud_cnt; i++) {
        if ((p = add_participant(s, PHC_TRADER_CLOUD, i)) == NULL) return false;
        (void)snprintf(p->slug, sizeof p->slug, "%s", d->clouds[i]);
        (void)snprintf(p->name, sizeof p->name, "%s (list prices)", d->clouds[i]);
    }
    for (uint32_t i = 0; i < d->provider_cnt; i++) {
        if ((p = add_participant(s, PHC_TRADER_PROVIDER, i)) == NULL) return false;
        (void)snprintf(p->slug, sizeof p->slug, "%s", d->providers[i].id);
        (void)snprintf(p->name, sizeof p->name, "%s (public offers)", d->providers[i].name);
    }
    for (uint32_t i = 0; i < d->cluster_cnt; i++) {
        if ((p = add_participant(s, PHC_TRADER_PHILLY, i)) == NULL) return false;
        (void)snprintf(p->slug, sizeof p->slug, "philly-%s", d->clusters[i]);
        (void)snprintf(p->name, sizeof p->name, "Philly virtual cluster %s", d->clusters[i]);
    }
    static const struct {
        phc_trader_kind kind;
        uint32_t of;
        const char *slug, *name;
    } others[] = {
        {PHC_TRADER_HPC2N, 0, "hpc2n", "HPC2N users"},
        {PHC_TRADER_NASA, 0, "nasa-users", "NASA iPSC users"},
        {PHC_TRADER_NASA, 1, "nasa-staff", "NASA iPSC staff"},
        {PHC_TRADER_INFERENCE, 0, "code-assistant", "Code assistant"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if ((p = add_participant(s, others[i].kind, others[i].of)) == NULL) return false;
        (void)snprintf(p->slug, sizeof p->slug, "%s", others[i].slug);
        (void)snprintf(p->name, sizeof p->name, "%s", others[i].name);
    }
    return true;
}

/* ---- Hardware and products ----------------------------------------------------------------- */

static uint32_t hardware_id(phc_scenario *s, const char *name)
{
    for (uint32_t i = 0; i < s->hardware_cnt; i++) {
        if (strcmp(s->hardware[i], name) == 0) return i + 1;
    }
    s->hardware[s->hardware_cnt++] = name;
    return s->hardware_cnt;
}

/* Where no spot price is listed, suppliers are taken to go down to the price of a year's
   reservation, or else to half of the list price. */
static int64_t lowest(const phc_data_price *p)
{
    int64_t v = p->spot > 0 ? p->spot : p->reserved > 0 ? p->reserved : p->on_demand / 2;
    return v < p->on_demand ? v : p->on_demand;
}

static void make_products(phc_scenario *s)
{
    static const char *const prefixes[] = {"", "GEN", "AI", "HPC", "EDGE"};
    const phc_data *d = s->data;
    for (uint32_t i = 0; i < d->price_cnt; i++) {
        const phc_data_price *price = &d->prices[i];
        const phc_data_site *site = &d->sites[price->site];
        const phc_data_grade *g = &d->grades[price->grade];
        phc_scenario_product *p = &s->products[s->product_cnt++];
        *p = (phc_scenario_product){
            .id = s->product_cnt,
            .site = price->site + 1,
            .grade = price->grade,
            .hardware = hardware_id(s, g->hardware),
            .compute_type = site->edge ? PHC_EDGE : g->compute_type,
            .ask = on_tick(price->on_demand),
            .floor = on_tick(lowest(price)),
            .quantity_max = g->compute_type == PHC_GENERAL ? VCPUS_AT_CLOUD : CARDS_AT_CLOUD,
        };
        (void)snprintf(p->symbol, sizeof p->symbol, "%s.%s.%s-%s", prefixes[p->compute_type],
                       g->name, d->clouds[site->cloud], site->region);
    }
}

/* ---- Capacity ------------------------------------------------------------------------------ */

static bool add_offering(phc_scenario *s, uint32_t participant, uint32_t product, uint32_t units,
                         int64_t ask, int64_t floor)
{
    if (s->offering_cnt == PHC_SCENARIO_OFFERINGS_MAX) return false;
    s->offerings[s->offering_cnt++] =
        (phc_scenario_offering){participant, product, units, on_tick(ask), on_tick(floor)};
    const phc_scenario_product *p = &s->products[product];
    uint32_t needed = units * s->data->grades[p->grade].hardware_units;
    uint64_t reference = 1;
    for (uint32_t i = 0; i < s->capacity_cnt; i++) {
        phc_scenario_capacity *c = &s->capacities[i];
        if (c->participant != participant) continue;
        if (c->capacity.site == p->site && c->capacity.hardware == p->hardware) {
            c->capacity.units += needed; /* several products of one hardware class at a site */
            return true;
        }
        reference++;
    }
    s->capacities[s->capacity_cnt++] = (phc_scenario_capacity){
        .participant = participant,
        .capacity =
            {
                .reference = reference,
                .site = p->site,
                .hardware = p->hardware,
                .period_seconds = PHC_SCENARIO_HOUR,
                .first_period = s->config.first_period,
                .periods = PHC_DATA_HOURS,
                .units = needed,
            },
    };
    return true;
}

static bool offer_of_clouds(phc_scenario *s)
{
    for (uint32_t i = 0; i < s->product_cnt; i++) {
        const phc_scenario_product *p = &s->products[i];
        uint32_t units = 0;
        switch (p->compute_type) {
        case PHC_GENERAL: units = VCPUS_AT_CLOUD; break;
        case PHC_AI: units = CARDS_AT_CLOUD; break;
        case PHC_SUPERCOMPUTING: units = NODES_AT_CLOUD; break;
        case PHC_EDGE: units = CARDS_AT_EDGE; break;
        }
        uint32_t cloud = s->data->sites[p->site - 1].cloud; /* clouds are the first participants */
        if (!add_offering(s, cloud, i, units, p->ask, p->floor)) return false;
    }
    return true;
}

/* A provider's dearest firm price of a grade, and its cheapest price of all; 0: it has none. */
static void prices_of_provider(const phc_data *d, uint32_t provider, uint32_t grade,
                               int64_t *ret_ask, int64_t *ret_floor)
{
    int64_t ask = 0, floor = 0;
    for (uint32_t i = 0; i < d->offer_cnt; i++) {
        const phc_data_offer *o = &d->offers[i];
        if (o->provider != provider || o->grade != grade) continue;
        if (!o->is_spot && o->price > ask) ask = o->price;
        if (floor == 0 || o->price < floor) floor = o->price;
    }
    *ret_ask = ask > 0 ? ask : floor;
    *ret_floor = floor;
}

/* Each provider competes at a few of the sites that have its grades. */
static bool offer_of_providers(phc_scenario *s)
{
    const phc_data *d = s->data;
    for (uint32_t i = 0; i < s->participant_cnt; i++) {
        if (s->participants[i].kind != PHC_TRADER_PROVIDER) continue;
        for (uint32_t g = 0; g < d->grade_cnt; g++) {
            int64_t ask, floor;
            prices_of_provider(d, s->participants[i].of, g, &ask, &floor);
            uint32_t at[PHC_DATA_PRICES_MAX], n = 0;
            for (uint32_t p = 0; p < s->product_cnt; p++) {
                if (s->products[p].grade == g) at[n++] = p;
            }
            for (uint32_t k = 0; k < SITES_OF_PROVIDER && n > 0 && ask > 0; k++) {
                uint32_t pick = (uint32_t)phc_scenario_chance(s, n);
                if (!add_offering(s, i, at[pick], CARDS_AT_PROVIDER, ask, floor)) return false;
                at[pick] = at[--n];
            }
        }
    }
    return true;
}

/* ---- As the market wants it ---------------------------------------------------------------- */

phc_site phc_scenario_site(const phc_scenario *s, uint32_t site, char name[64])
{
    const phc_data_site *x = &s->data->sites[site];
    (void)snprintf(name, 64, "%s %s", s->data->clouds[x->cloud], x->city);
    return (phc_site){
        .id = site + 1,
        .owner = s->participants[x->cloud].id,
        .region = x->region,
        .name = name,
        .latitude_udeg = x->latitude_udeg,
        .longitude_udeg = x->longitude_udeg,
        .racks = x->edge ? 8 : 400,
        .pue_ppm = x->pue_ppm,
    };
}

phc_product phc_scenario_product_terms(const phc_scenario *s, uint32_t product)
{
    const phc_scenario_product *p = &s->products[product];
    const phc_data_grade *g = &s->data->grades[p->grade];
    phc_product t = {
        .id = p->id,
        .symbol = p->symbol,
        .compute_type = p->compute_type,
        .architecture = g->architecture,
        .model = g->name,
        .unit = g->unit,
        .hardware = p->hardware,
        .hardware_units = g->hardware_units,
        .gflops_fp16 = g->gflops_fp16,
        .gflops_fp32 = g->gflops_fp32,
        .gflops_fp64 = g->gflops_fp64,
        .memory_mib = g->memory_mib,
        .interconnect = g->interconnect,
        .site = p->site,
        .availability_ppm = 999000,
        .period_seconds = PHC_SCENARIO_HOUR,
        .tick = PHC_SCENARIO_TICK,
        .lot = 1,
        .quantity_max = p->quantity_max,
        .block_periods_max = PHC_DATA_HOURS,
        .horizon = PHC_SCENARIO_HORIZON,
        .gate_seconds = 3600,
        .maker_ppm = PHC_SCENARIO_MAKER_PPM,
        .taker_ppm = PHC_SCENARIO_TAKER_PPM,
        .fee_at_trade_ppm = 200000,
        .bond_ppm = PHC_SCENARIO_BOND_PPM,
        .report_seconds = 86400,
        .dispute_seconds = 86400,
        .resolve_seconds = 86400,
        .dispute_deposit = 10000000,
        .reference_price = p->ask,
    };
    memcpy(t.terms_hash, s->data->terms_hash, sizeof t.terms_hash);
    return t;
}

/* ---- Laws ---------------------------------------------------------------------------------- */

static const char *offerings_broken(const phc_scenario *s)
{
    bool supplied[PHC_DATA_PRICES_MAX] = {0};
    for (uint32_t i = 0; i < s->offering_cnt; i++) {
        const phc_scenario_offering *o = &s->offerings[i];
        if (o->floor < PHC_SCENARIO_TICK || o->ask < o->floor) return "an offering has no price";
        supplied[o->product] = true;
    }
    for (uint32_t i = 0; i < s->product_cnt; i++) {
        if (!supplied[i]) return "a product has no supplier";
        if (s->products[i].id != i + 1) return "ids of products are not dense";
    }
    return NULL;
}

const char *phc_scenario_broken(const phc_scenario *s)
{
    const char *why = offerings_broken(s);
    if (why != NULL) return why;
    uint32_t orders = 0, of_type[5] = {0};
    for (uint32_t i = 0; i < s->action_cnt; i++) {
        const phc_scenario_action *a = &s->actions[i];
        if (a->participant >= s->participant_cnt) return "an action has no participant";
        if (a->is_cancel) {
            if (a->cancels >= i) return "a cancel comes before its order";
            if (s->actions[a->cancels].participant != a->participant) {
                return "a cancel is of somebody else's order";
            }
            continue;
        }
        orders++;
        if (a->order.product < 1 || a->order.product > s->product_cnt) {
            return "an order is for no product";
        }
        of_type[s->products[a->order.product - 1].compute_type]++;
        uint64_t end = (uint64_t)a->order.first_period + a->order.periods;
        if (end > (uint64_t)s->config.first_period + PHC_DATA_HOURS || a->order.periods == 0) {
            return "a window is not inside the four weeks";
        }
        if (s->participants[a->participant].deposit <= 0) return "a participant has no money";
    }
    if (orders != s->config.orders || orders != s->order_cnt) return "the orders do not add up";
    for (size_t i = 1; i < 5; i++) {
        if (of_type[i] == 0) return "a compute type has no orders";
    }
    return NULL;
}

phc_scenario *phc_scenario_new(const phc_data *d, const phc_scenario_config *c, char *fault)
{
    if (c->orders < PHC_SCENARIO_ORDERS_MIN || c->orders > PHC_SCENARIO_ORDERS_MAX) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "%u orders are not between %d and %d", c->orders,
                       PHC_SCENARIO_ORDERS_MIN, PHC_SCENARIO_ORDERS_MAX);
        return NULL;
    }
    phc_scenario *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX, "not enough memory for the scenario");
        return NULL;
    }
    s->config = *c;
    s->data = d;
    s->chance = c->seed;
    bool made = make_participants(s);
    if (made) {
        make_products(s);
        made = offer_of_clouds(s) && offer_of_providers(s);
    }
    if (!made) {
        (void)snprintf(fault, PHC_DATA_FAULT_MAX,
                       "the data has more participants or offerings than there is room for");
    }
    made = made && phc_orders_make(s, fault);
    const char *why = made ? phc_scenario_broken(s) : NULL;
    if (why != NULL) (void)snprintf(fault, PHC_DATA_FAULT_MAX, "the scenario is wrong: %s", why);
    if (made && why == NULL) return s;
    phc_scenario_free(s);
    return NULL;
}

void phc_scenario_free(phc_scenario *s)
{
    if (s != NULL) free(s->actions);
    free(s);
}
