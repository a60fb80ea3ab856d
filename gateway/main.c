/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-gateway - lets participants in, takes their orders, tells them what became of them. */
#include "gateway/bounds.h"
#include "gateway/gateway.h"

#include "engine/process/config.h"
#include "engine/process/log.h"
#include "engine/process/options.h"
#include "engine/process/stop.h"

#include <stdlib.h>
#include <string.h>

#define ROW_PLACE(member, type, fallback, min, why)                              \
    {                                                                            \
#member, type, PH_CONFIG_AT(phg_settings, member), fallback, min, 0, why \
    }
#define ROW_NUMBER(member, fallback, min, max, why)                                         \
    {                                                                                       \
#member, PH_CONFIG_U32, PH_CONFIG_AT(phg_settings, member), fallback, min, max, why \
    }

static const ph_config_row rows[] = {
    ROW_PLACE(engine_link, PH_CONFIG_IPC_CONNECT, NULL, 1,
              "where the engine offers its records (ipc://...)"),
    ROW_PLACE(notary_link, PH_CONFIG_IPC_CONNECT, NULL, 1,
              "where the notary offers signed contracts (ipc://...)"),
    ROW_PLACE(replica_link, PH_CONFIG_IPC_CONNECT, "", 0,
              "where a replica answers questions (ipc://...); empty: they are answered Busy"),
    ROW_PLACE(order_entry, PH_CONFIG_TCP, "tcp://127.0.0.1:*", 1,
              "address for sessions; * takes a free port"),
    ROW_PLACE(market_data, PH_CONFIG_TCP, "tcp://127.0.0.1:*", 1,
              "address for subscribers; * takes a free port"),
    ROW_PLACE(key_file, PH_CONFIG_KEY_FILE, NULL, 1,
              "key pair of the gateway, as petahour keygen writes it"),
    ROW_PLACE(ready_file, PH_CONFIG_OWN_FILE, "", 0,
              "receives the addresses and the server key once it serves"),
    ROW_NUMBER(silence_seconds, "15", 3, 3600, "how long a client may be silent"),
    ROW_NUMBER(sessions_max, "1024", 1, PHG_SESSIONS_MAX, "sessions at one time"),
    ROW_NUMBER(messages_per_second, "10000", 1, 10000000, "commands of one participant"),
    ROW_NUMBER(message_burst, "100000", 1, 10000000, "commands of one participant at once"),
    ROW_NUMBER(session_messages_per_second, "10000", 1, 10000000, "commands of one session"),
    ROW_NUMBER(session_message_burst, "100000", 1, 10000000, "commands of one session at once"),
    ROW_NUMBER(questions_per_second, "20", 1, 1000000, "questions of one participant"),
    ROW_NUMBER(open_orders_max, "100000", 1, 100000000, "open orders of one participant"),
    ROW_NUMBER(question_burst, "40", 1, 1000000, "questions of one participant at once"),
    ROW_NUMBER(streams_memory_mib, "1024", 1, 1 << 24,
               "memory for private streams and trades; what was told before that lies in a file"),
    ROW_PLACE(streams_folder, PH_CONFIG_OWN_FOLDER, "/var/tmp", 1,
              "folder of that file, which has no name and ends with the gateway"),
    ROW_PLACE(monitor, PH_CONFIG_LOOPBACK, "", 0,
              "127.0.0.1:PORT for figures, health and readiness over HTTP; empty for none"),
    ROW_NUMBER(ready_lag_seconds, "10", 1, 86400,
               "not ready when records of the engine wait longer than this to be taken"),
};

static void check(const ph_config_market *market, const void *of, ph_config_faults *f)
{
    const phg_settings *s = of;
    (void)market;
    const char *colon = strrchr(s->order_entry, ':');
    if (colon != NULL && strcmp(colon, ":*") != 0 && strcmp(s->order_entry, s->market_data) == 0)
        ph_config_fault(f, "market_data",
                        "\"market_data\" is the address of \"order_entry\": give it another port");
    if (strcmp(s->engine_link, s->notary_link) == 0)
        ph_config_fault(f, "notary_link",
                        "\"notary_link\" is the socket of \"engine_link\": give [notary] link");
}

static const ph_config_table table = {
    .check = check,
    .section = "gateway",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(phg_settings),
};

int main(int argc, char **argv)
{
    static phg_settings settings;
    ph_config_market market;
    ph_options options = {0};
    ph_log_init("petahour-gateway");
    ph_options_parse(argc, argv, "Serves order entry and market data to the participants.",
                     &options);
    int end = ph_options_load(&options, &table, &market, &settings);
    if (end != PH_OPTIONS_SERVE) return end;
    ph_stop_install();
    phg_gateway *gateway = NULL;
    ph_status s = phg_gateway_open(&settings, market.name, &gateway);
    if (s == PH_OK) s = phg_gateway_run(gateway);
    phg_gateway_close(gateway);
    return s == PH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
