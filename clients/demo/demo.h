/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/demo.h - the acts of the demonstration, each a process of its own.

    Files of a run, below its folder: gateway.ready (where the gateway is), keys/SLUG.key,
    receipts/SLUG.log (see receipts.h), latency/STAGE-WORKER.txt (one acknowledgement time in
    nanoseconds a line), contract.json (a contract with its proof), stdout: lines for the script. */
#ifndef CLIENTS_DEMO_DEMO_H
#define CLIENTS_DEMO_DEMO_H

#include "clients/demo/scenario.h"

typedef struct {
    const char *run; /* folder */
    phc_gateway gateway;
    const phc_scenario *scenario;
    uint32_t worker, workers; /* this process trades for every workers-th participant */
    bool opening;
    uint32_t window; /* orders of one participant that may be unanswered */
} phc_demo;

/* Exit codes of the acts are those of the program. */
int phc_demo_setup(const phc_demo *d);
int phc_demo_trade(const phc_demo *d);
int phc_demo_verify(const phc_demo *d);

/* Opens the connection of the participant with this slug; NULL after a message to stderr. */
phc_client *phc_demo_open(const phc_demo *d, const char *slug, phc_config config);

/* "RUN/folder/slug.suffix". */
char *phc_demo_path(const phc_demo *d, const char *folder, const char *slug, const char *suffix,
                    char to[512]);

/* Nanoseconds since some fixed instant. */
uint64_t phc_demo_now_ns(void);

#endif
