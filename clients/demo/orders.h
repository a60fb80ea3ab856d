/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/orders.h - what the participants of the scenario send.

    Suppliers open with EACH orders over the four weeks: half of what they have at the list price,
    the rest in two cheaper slices.  Then buyers come: jobs of the logs as BLOCK orders of hours,
    the inference trace as EACH orders, with limits between the lowest and the list price; suppliers
    add late supply.  One order in about sixty is wrong on purpose, and one in nine that may rest is
    taken back. */
#ifndef CLIENTS_DEMO_ORDERS_H
#define CLIENTS_DEMO_ORDERS_H

#include "clients/demo/scenario.h"

/* Appends all actions and sets the deposits.  False: fault says why. */
bool phc_orders_make(phc_scenario *s, char *fault);

#endif
