/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/figures.h"

enum {
    SEQUENCE,
    DURABLE,
    LAST,
    LAG,
    BEHIND,
    ANSWERED,
    DROPPED,
    ENDED,
    ENDED_CONTRACTS,
    STATEMENTS_FROM,
};

static const ph_metric_row rows[] = {
    [SEQUENCE] = {"petahour_replica_sequence", PH_METRIC_GAUGE, NULL,
                  "Record that was replayed last."},
    [DURABLE] = {"petahour_replica_journal_sequence", PH_METRIC_GAUGE, NULL,
                 "Last record that is known to be in the journal."},
    [LAST] = {"petahour_replica_last_record_timestamp_seconds", PH_METRIC_INSTANT, NULL,
              "Stamp of the record that was replayed last."},
    [LAG] = {"petahour_replica_lag_records", PH_METRIC_GAUGE, NULL,
             "Records of the journal that were not replayed yet."},
    [BEHIND] = {"petahour_replica_lag_seconds", PH_METRIC_SINCE, NULL,
                "Age of the oldest record that was not replayed yet, 0 if there is none."},
    [ANSWERED] = {"petahour_replica_questions_answered_total", PH_METRIC_COUNTER, NULL,
                  "Questions that were answered."},
    [DROPPED] = {"petahour_replica_questions_dropped_total", PH_METRIC_COUNTER, NULL,
                 "Messages that were no questions."},
    [ENDED] = {"petahour_replica_ended_orders", PH_METRIC_GAUGE, NULL,
               "Orders that ended and whose status is kept."},
    [ENDED_CONTRACTS] = {"petahour_replica_ended_contracts", PH_METRIC_GAUGE, NULL,
                         "Contracts that ended and are kept."},
    [STATEMENTS_FROM] = {"petahour_replica_statements_from_timestamp_seconds", PH_METRIC_INSTANT,
                         NULL, "First day of which a statement can be asked for."},
};

void ph_query_figures_describe(ph_monitor_settings *settings)
{
    settings->rows = rows;
    settings->row_cnt = sizeof rows / sizeof rows[0];
    settings->behind_row = BEHIND;
}

void ph_query_figures_tell(ph_metrics *m, const ph_query_figures *f)
{
    ph_metrics_set(m, SEQUENCE, f->sequence);
    ph_metrics_set(m, DURABLE, f->durable);
    ph_metrics_set(m, LAST, f->last.ns);
    ph_metrics_set(m, LAG, f->lag);
    ph_metrics_set(m, BEHIND, f->behind.ns);
    ph_metrics_set(m, ANSWERED, f->answered);
    ph_metrics_set(m, DROPPED, f->dropped);
    ph_metrics_set(m, ENDED, f->ended);
    ph_metrics_set(m, ENDED_CONTRACTS, f->ended_contracts);
    ph_metrics_set(m, STATEMENTS_FROM, f->statements_from.ns);
}
