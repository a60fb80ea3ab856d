/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/figures.h"

enum {
    SEQUENCE,
    ROWS_SEQ,
    DURABLE,
    LAST,
    LAG,
    BEHIND,
    EPOCH,
    ROWS,
    TRANSACTIONS,
    RETRIES,
    IN_DOUBT,
    STRAYS,
    CONNECTED,
    NOTARY_CONNECTED,
    SIGNATURES,
    REFUSED,
};

static const ph_metric_row rows[] = {
    [SEQUENCE] = {"petahour_settle_replayed_sequence", PH_METRIC_GAUGE, NULL,
                  "Record that was replayed last."},
    [ROWS_SEQ] = {"petahour_settle_sequence", PH_METRIC_GAUGE, NULL,
                  "Last record whose rows are in the database."},
    [DURABLE] = {"petahour_settle_journal_sequence", PH_METRIC_GAUGE, NULL,
                 "Last record that is known to be in the journal."},
    [LAST] = {"petahour_settle_last_record_timestamp_seconds", PH_METRIC_INSTANT, NULL,
              "Stamp of the record that was replayed last."},
    [LAG] = {"petahour_settle_lag_records", PH_METRIC_GAUGE, NULL,
             "Records of the journal that have no rows in the database yet."},
    [BEHIND] = {"petahour_settle_lag_seconds", PH_METRIC_SINCE, NULL,
                "Age of the oldest record that has no rows yet, 0 if there is none."},
    [EPOCH] = {"petahour_settle_epoch", PH_METRIC_GAUGE, NULL,
               "Epoch of the position, one more with each start."},
    [ROWS] = {"petahour_settle_rows_written_total", PH_METRIC_COUNTER, NULL,
              "Rows that were committed."},
    [TRANSACTIONS] = {"petahour_settle_transactions_total", PH_METRIC_COUNTER, NULL,
                      "Transactions that were committed."},
    [RETRIES] = {"petahour_settle_transaction_retries_total", PH_METRIC_COUNTER, NULL,
                 "Transactions that failed and were tried again."},
    [IN_DOUBT] = {"petahour_settle_transactions_in_doubt_total", PH_METRIC_COUNTER, NULL,
                  "Commits without an answer, whose position was read back."},
    [STRAYS] = {"petahour_settle_rows_without_partition", PH_METRIC_GAUGE, NULL,
                "Rows in DEFAULT partitions, 100000 at most."},
    [CONNECTED] = {"petahour_settle_database_connected", PH_METRIC_GAUGE, NULL,
                   "1 when the database is connected."},
    [NOTARY_CONNECTED] = {"petahour_settle_notary_connected", PH_METRIC_GAUGE, NULL,
                          "1 when the notary is followed and was heard of lately."},
    [SIGNATURES] = {"petahour_settle_signatures_written_total", PH_METRIC_COUNTER, NULL,
                    "Signatures of the notary that hold and have a row."},
    [REFUSED] = {"petahour_settle_signatures_refused_total", PH_METRIC_COUNTER, NULL,
                 "Signed roots of the notary that do not hold, or are not ours."},
};

void ph_settle_figures_describe(ph_monitor_settings *settings)
{
    settings->rows = rows;
    settings->row_cnt = sizeof rows / sizeof rows[0];
    settings->behind_row = BEHIND;
}

void ph_settle_figures_tell(ph_metrics *m, const ph_settle_figures *f)
{
    ph_metrics_set(m, SEQUENCE, f->sequence);
    ph_metrics_set(m, ROWS_SEQ, f->rows_seq);
    ph_metrics_set(m, DURABLE, f->durable);
    ph_metrics_set(m, LAST, f->last.ns);
    ph_metrics_set(m, LAG, f->lag);
    ph_metrics_set(m, BEHIND, f->behind.ns);
    ph_metrics_set(m, EPOCH, f->epoch);
    ph_metrics_set(m, ROWS, f->rows);
    ph_metrics_set(m, TRANSACTIONS, f->transactions);
    ph_metrics_set(m, RETRIES, f->retries);
    ph_metrics_set(m, IN_DOUBT, f->in_doubt);
    ph_metrics_set(m, STRAYS, f->strays);
    ph_metrics_set(m, CONNECTED, f->connected);
    ph_metrics_set(m, NOTARY_CONNECTED, f->notary_connected);
    ph_metrics_set(m, SIGNATURES, f->signatures);
    ph_metrics_set(m, REFUSED, f->signatures_refused);
}
