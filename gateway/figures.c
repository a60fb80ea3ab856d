/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/figures.h"

enum {
    SEQUENCE,
    ENGINE_SEQUENCE,
    LAG,
    BEHIND,
    CONTRACTS,
    UNSIGNED_CNT,
    ENGINE_CONNECTED,
    NOTARY_CONNECTED,
    IN_FLIGHT,
    SESSIONS,
    FRAMES,
    COMMANDS,
    QUESTIONS,
    BUSY,
    LIMITED,
    MALFORMED,
    REFUSED,
    DROPPED,
    SLOW = DROPPED + PHG_DROP_REASONS,
    LOST,
    ASKED,
    SENT_AGAIN = ASKED + PHG_REQUEST_KINDS,
    TOPICS_REFUSED,
    SENDERS_ENDED,
    STREAMS_MEMORY,
    STREAMS_FILE,
    ENDED,
};

#define CONNECTIONS_ENDED(reason)                                                               \
    {                                                                                           \
        "petahour_gateway_connections_ended_total", PH_METRIC_COUNTER, "reason=\"" reason "\"", \
            "Connections that had no reason to stay, by reason."                                \
    }

#define SUBSCRIBERS_DROPPED(reason)                                                               \
    {                                                                                             \
        "petahour_gateway_subscribers_dropped_total", PH_METRIC_COUNTER, "reason=\"" reason "\"", \
            "Connections to market data that were too slow or named too much, by reason."         \
    }

#define REQUESTS(answer)                                                                           \
    {                                                                                              \
        "petahour_gateway_market_data_requests_total", PH_METRIC_COUNTER, "answer=\"" answer "\"", \
            "Requests of subscribers for market data, by what they were told."                     \
    }

static const ph_metric_row rows[] = {
    [SEQUENCE] = {"petahour_gateway_sequence", PH_METRIC_GAUGE, NULL,
                  "Record of the engine that was taken last."},
    [ENGINE_SEQUENCE] = {"petahour_gateway_engine_sequence", PH_METRIC_GAUGE, NULL,
                         "Last record that the engine told of."},
    [LAG] = {"petahour_gateway_lag_records", PH_METRIC_GAUGE, NULL,
             "Records of the engine that were not taken yet."},
    [BEHIND] = {"petahour_gateway_lag_seconds", PH_METRIC_SINCE, NULL,
                "How long records have been waiting to be taken, 0 if none are."},
    [CONTRACTS] = {"petahour_gateway_contracts_signed", PH_METRIC_GAUGE, NULL,
                   "Contracts that the notary has brought."},
    [UNSIGNED_CNT] = {"petahour_gateway_contracts_unsigned", PH_METRIC_GAUGE, NULL,
                      "Contracts that are concluded and that the notary has not brought yet."},
    [ENGINE_CONNECTED] = {"petahour_gateway_engine_connected", PH_METRIC_GAUGE, NULL,
                          "1 when the engine was heard of lately."},
    [NOTARY_CONNECTED] = {"petahour_gateway_notary_connected", PH_METRIC_GAUGE, NULL,
                          "1 when the notary was heard of lately."},
    [IN_FLIGHT] = {"petahour_gateway_commands_in_flight", PH_METRIC_GAUGE, NULL,
                   "Commands that the engine has not answered yet."},
    [SESSIONS] = {"petahour_gateway_sessions", PH_METRIC_GAUGE, NULL, "Sessions of clients."},
    [FRAMES] = {"petahour_gateway_frames_total", PH_METRIC_COUNTER, NULL,
                "Frames of clients that were taken."},
    [COMMANDS] = {"petahour_gateway_commands_total", PH_METRIC_COUNTER, NULL,
                  "Commands that were handed to the engine."},
    [QUESTIONS] = {"petahour_gateway_questions_total", PH_METRIC_COUNTER, NULL,
                   "Questions of clients."},
    [BUSY] = {"petahour_gateway_busy_total", PH_METRIC_COUNTER, NULL,
              "Commands and questions that were answered Busy."},
    [LIMITED] = {"petahour_gateway_limited_total", PH_METRIC_COUNTER, NULL,
                 "Of these: over the rate of their participant."},
    [MALFORMED] = {"petahour_gateway_malformed_frames_total", PH_METRIC_COUNTER, NULL,
                   "Frames of clients that could not be read."},
    [REFUSED] = {"petahour_gateway_refusals_total", PH_METRIC_COUNTER, NULL,
                 "Log-ons refused and sessions ended by the gateway."},
    [DROPPED + PHG_DROP_SLOW] = SUBSCRIBERS_DROPPED("slow"),
    [DROPPED + PHG_DROP_TOPICS] = SUBSCRIBERS_DROPPED("topics"),
    [DROPPED + PHG_DROP_AHEAD] = SUBSCRIBERS_DROPPED("ahead"),
    [SLOW] = {"petahour_gateway_subscribers_slow", PH_METRIC_GAUGE, NULL,
              "Subscribers that may have lost a frame and were not seen to have caught up."},
    [LOST] = {"petahour_gateway_market_data_frames_lost_total", PH_METRIC_COUNTER, NULL,
              "Frames of market data that found the queue of at least one subscriber full."},
    [ASKED + PHG_REQUEST_SNAPSHOT] = REQUESTS("snapshot"),
    [ASKED + PHG_REQUEST_RANGE] = REQUESTS("range"),
    [ASKED + PHG_REQUEST_NOT_KEPT] = REQUESTS("not_kept"),
    [ASKED + PHG_REQUEST_UNKNOWN] = REQUESTS("unknown"),
    [ASKED + PHG_REQUEST_BUSY] = REQUESTS("busy"),
    [SENT_AGAIN] = {"petahour_gateway_market_data_frames_sent_again_total", PH_METRIC_COUNTER, NULL,
                    "Frames of market data that were sent again because they were asked for."},
    [TOPICS_REFUSED] = {"petahour_gateway_topics_refused_total", PH_METRIC_COUNTER, NULL,
                        "Topics of market data that are none, and requests that were refused."},
    [SENDERS_ENDED] = {"petahour_gateway_senders_ended_total", PH_METRIC_COUNTER, NULL,
                       "Connections that sent more than could be taken, and were ended."},
    [STREAMS_MEMORY] = {"petahour_gateway_private_streams_bytes", PH_METRIC_GAUGE,
                        "place=\"memory\"", "Private streams, by where they are."},
    [STREAMS_FILE] = {"petahour_gateway_private_streams_bytes", PH_METRIC_GAUGE, "place=\"file\"",
                      "Private streams, by where they are."},
    [ENDED + PHG_END_IDLE] = CONNECTIONS_ENDED("idle"),
    [ENDED + PHG_END_MANY] = CONNECTIONS_ENDED("many"),
    [ENDED + PHG_END_BARRED] = CONNECTIONS_ENDED("barred"),
    [ENDED + PHG_END_FLOOD] = CONNECTIONS_ENDED("flood"),
};

void phg_figures_describe(ph_monitor_settings *settings)
{
    settings->rows = rows;
    settings->row_cnt = sizeof rows / sizeof rows[0];
    settings->behind_row = BEHIND;
}

void phg_figures_tell(ph_metrics *m, const phg_figures *f)
{
    ph_metrics_set(m, SEQUENCE, f->sequence);
    ph_metrics_set(m, ENGINE_SEQUENCE, f->engine_sequence);
    ph_metrics_set(m, LAG, f->lag);
    ph_metrics_set(m, BEHIND, f->behind.ns);
    ph_metrics_set(m, CONTRACTS, f->contracts);
    ph_metrics_set(m, UNSIGNED_CNT, f->unsigned_cnt);
    ph_metrics_set(m, ENGINE_CONNECTED, f->engine_connected);
    ph_metrics_set(m, NOTARY_CONNECTED, f->notary_connected);
    ph_metrics_set(m, IN_FLIGHT, f->in_flight);
    ph_metrics_set(m, SESSIONS, f->sessions);
    ph_metrics_set(m, FRAMES, f->frames);
    ph_metrics_set(m, COMMANDS, f->commands);
    ph_metrics_set(m, QUESTIONS, f->questions);
    ph_metrics_set(m, BUSY, f->busy);
    ph_metrics_set(m, LIMITED, f->limited);
    ph_metrics_set(m, MALFORMED, f->malformed);
    ph_metrics_set(m, REFUSED, f->refused);
    const phg_market_data_totals *md = &f->market_data;
    for (uint32_t i = 0; i < PHG_DROP_REASONS; i++)
        ph_metrics_set(m, DROPPED + i, md->dropped[i]);
    ph_metrics_set(m, SLOW, md->slow);
    ph_metrics_set(m, LOST, md->lost);
    for (uint32_t i = 0; i < PHG_REQUEST_KINDS; i++)
        ph_metrics_set(m, ASKED + i, md->asked[i]);
    ph_metrics_set(m, SENT_AGAIN, md->sent_again);
    ph_metrics_set(m, TOPICS_REFUSED,
                   md->no_topics + md->asked[PHG_REQUEST_NOT_KEPT] +
                       md->asked[PHG_REQUEST_UNKNOWN] + md->asked[PHG_REQUEST_BUSY]);
    ph_metrics_set(m, SENDERS_ENDED, f->senders_ended);
    ph_metrics_set(m, STREAMS_MEMORY, f->streams_memory);
    ph_metrics_set(m, STREAMS_FILE, f->streams_file);
    for (uint32_t i = 0; i < PHG_END_REASONS; i++)
        ph_metrics_set(m, ENDED + i, f->ended[i]);
}
