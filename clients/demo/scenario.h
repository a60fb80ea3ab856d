/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/scenario.h - the market of the demonstration: who is in it and what they do.

    From the data files, a seed and a first hour: participants, sites, hardware, products, capacity,
    and for every participant the orders and cancels that it sends, in order.  The same arguments
    give the same scenario in every process, so that the processes of the demonstration need not
    talk to each other.

    Owns      itself; phc_scenario_free.  Points into the data, which must live as long.
    Units     prices and amounts: millionths of a US dollar; periods: hours since 1970.
    Laws      see phc_scenario_broken. */
#ifndef CLIENTS_DEMO_SCENARIO_H
#define CLIENTS_DEMO_SCENARIO_H

#include "clients/demo/data.h"

enum {
    PHC_SCENARIO_PARTICIPANTS_MAX = 48,
    PHC_SCENARIO_OFFERINGS_MAX = 512,
    PHC_SCENARIO_ORDERS_MIN = 2000,
    PHC_SCENARIO_ORDERS_MAX = 1000000,
    PHC_SCENARIO_HOUR = 3600,
    PHC_SCENARIO_TICK = 100,
    PHC_SCENARIO_HORIZON = 800,
    PHC_SCENARIO_MAKER_PPM = 500,
    PHC_SCENARIO_TAKER_PPM = 1500,
    PHC_SCENARIO_BOND_PPM = 100000,
};

typedef struct {
    uint64_t seed;
    uint32_t orders;       /* new orders in all */
    uint32_t first_period; /* first hour that is traded; must be open for the whole run */
} phc_scenario_config;

typedef enum {
    PHC_TRADER_CLOUD,
    PHC_TRADER_PROVIDER,
    PHC_TRADER_PHILLY,
    PHC_TRADER_HPC2N,
    PHC_TRADER_NASA,
    PHC_TRADER_INFERENCE,
} phc_trader_kind;

/* A participant; id is its number in the market (the operator is 1). */
typedef struct {
    uint32_t id, roles;
    char slug[32]; /* name of its key file */
    char name[64];
    phc_trader_kind kind;
    uint32_t of;     /* index of its cloud, provider or cluster */
    int64_t deposit; /* covers its orders, except the poor one's */
} phc_scenario_participant;

/* A product: a grade at a site. */
typedef struct {
    uint32_t id, site, grade, hardware; /* site and hardware: ids in the market */
    char symbol[64];
    phc_compute_type compute_type;
    int64_t ask, floor; /* list price, and the lowest that a supplier would take */
    uint32_t quantity_max;
} phc_scenario_product;

/* Units that a supplier offers of a product. */
typedef struct {
    uint32_t participant, product; /* indexes */
    uint32_t units;
    int64_t ask, floor;
} phc_scenario_offering;

typedef struct {
    uint32_t participant; /* index */
    phc_capacity capacity;
} phc_scenario_capacity;

/* One thing that a participant does. */
typedef struct {
    uint32_t participant; /* index */
    bool opening;         /* before the buyers come */
    bool is_cancel;
    uint32_t cancels; /* index of the action whose order it takes back */
    phc_order order;  /* client_order_id is 0: taken when it is sent */
} phc_scenario_action;

typedef struct {
    phc_scenario_config config;
    const phc_data *data;
    phc_scenario_participant participants[PHC_SCENARIO_PARTICIPANTS_MAX];
    const char *hardware[PHC_DATA_GRADES_MAX]; /* id is index + 1 */
    phc_scenario_product products[PHC_DATA_PRICES_MAX];
    phc_scenario_offering offerings[PHC_SCENARIO_OFFERINGS_MAX];
    phc_scenario_capacity capacities[PHC_SCENARIO_OFFERINGS_MAX];
    uint32_t participant_cnt, hardware_cnt, product_cnt, offering_cnt, capacity_cnt;
    phc_scenario_action *actions;
    uint32_t action_cnt, action_max, order_cnt;
    uint64_t chance; /* state of the generator */
} phc_scenario;

/* Builds the scenario.  NULL: refused, and fault (PHC_DATA_FAULT_MAX bytes) says why. */
phc_scenario *phc_scenario_new(const phc_data *d, const phc_scenario_config *c, char *fault);

/* NULL is taken. */
void phc_scenario_free(phc_scenario *s);

/* NULL, or the first law that does not hold: ids are dense, every product has a supplier, what is
   offered fits the registered capacity, every window is inside the four weeks, and all four compute
   types are ordered. */
const char *phc_scenario_broken(const phc_scenario *s);

/* The registration of a site, a product (index) as the market wants it. */
phc_site phc_scenario_site(const phc_scenario *s, uint32_t site, char name[64]);
phc_product phc_scenario_product_terms(const phc_scenario *s, uint32_t product);

/* Next number below n (n >= 1) of the scenario's own generator. */
uint64_t phc_scenario_chance(phc_scenario *s, uint64_t n);

#endif
