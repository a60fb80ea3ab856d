/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/gateway.h - the loop: authentication, records, sessions, market data, in one thread.

    Owns      the sockets and everything that is built from the records.
    Failure   what is wrong is logged where it is found; the status says that the process ends. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdint.h>

#include "engine/base/status.h"

typedef struct {
    char engine_link[256], notary_link[256], replica_link[256];
    char order_entry[256], market_data[256];
    char key_file[512], ready_file[512];
    uint32_t silence_seconds, sessions_max;
    uint32_t messages_per_second, message_burst;
    uint32_t session_messages_per_second, session_message_burst;
    uint32_t questions_per_second, question_burst;
    uint32_t open_orders_max;
    uint32_t streams_memory_mib;
    char streams_folder[256];
    char monitor[32]; /* 127.a.b.c:PORT, or empty */
    uint32_t ready_lag_seconds;
} phg_settings;

typedef struct phg_gateway phg_gateway;

/* Opens every door; `market` is the name that the engine's log must state. */
ph_status phg_gateway_open(const phg_settings *settings, const char *market, phg_gateway **ret);
void phg_gateway_close(phg_gateway *g); /* accepts NULL */

/* Serves until a signal asks to stop (engine/process/stop.h), then ends the sessions in order. */
ph_status phg_gateway_run(phg_gateway *g);

#endif
