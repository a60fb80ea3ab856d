/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/figures.h"

enum {
    SEQUENCE,
    DURABLE,
    LAST,
    LAG,
    BEHIND,
    CONTRACTS,
    ITEMS,
    LOG_SIZE,
    CHECKPOINT,
    FOLLOWERS,
    ITEM_LAG,
};

static const ph_metric_row rows[] = {
    [SEQUENCE] = {"petahour_notary_sequence", PH_METRIC_GAUGE, NULL,
                  "Record that was replayed last."},
    [DURABLE] = {"petahour_notary_journal_sequence", PH_METRIC_GAUGE, NULL,
                 "Last record that is known to be in the journal."},
    [LAST] = {"petahour_notary_last_record_timestamp_seconds", PH_METRIC_INSTANT, NULL,
              "Stamp of the record that was replayed last."},
    [LAG] = {"petahour_notary_lag_records", PH_METRIC_GAUGE, NULL,
             "Records of the journal that were not replayed yet."},
    [BEHIND] = {"petahour_notary_lag_seconds", PH_METRIC_SINCE, NULL,
                "Age of the oldest record that was not replayed yet, 0 if there is none."},
    [CONTRACTS] = {"petahour_notary_contracts_sealed", PH_METRIC_GAUGE, NULL,
                   "Contracts that are sealed."},
    [ITEMS] = {"petahour_notary_items", PH_METRIC_GAUGE, NULL,
               "Contracts and countersignatures that gateways can fetch."},
    [LOG_SIZE] = {"petahour_notary_log_records", PH_METRIC_GAUGE, NULL,
                  "Records under the checkpoint that is published, 0 if no log is."},
    [CHECKPOINT] = {"petahour_notary_checkpoint_timestamp_seconds", PH_METRIC_INSTANT, NULL,
                    "When a checkpoint was published last, 0 if it was not."},
    [FOLLOWERS] = {"petahour_notary_followers", PH_METRIC_GAUGE, NULL,
                   "Gateways that fetch contracts."},
    [ITEM_LAG] = {"petahour_notary_follower_lag_items", PH_METRIC_GAUGE, NULL,
                  "Items that the slowest gateway was not sent yet."},
};

void ph_notary_figures_describe(ph_monitor_settings *settings)
{
    settings->rows = rows;
    settings->row_cnt = sizeof rows / sizeof rows[0];
    settings->behind_row = BEHIND;
}

void ph_notary_figures_tell(ph_metrics *m, const ph_notary_figures *f)
{
    ph_metrics_set(m, SEQUENCE, f->sequence);
    ph_metrics_set(m, DURABLE, f->durable);
    ph_metrics_set(m, LAST, f->last.ns);
    ph_metrics_set(m, LAG, f->lag);
    ph_metrics_set(m, BEHIND, f->behind.ns);
    ph_metrics_set(m, CONTRACTS, f->contracts);
    ph_metrics_set(m, ITEMS, f->items);
    ph_metrics_set(m, LOG_SIZE, f->log_size);
    ph_metrics_set(m, CHECKPOINT, f->checkpoint.ns);
    ph_metrics_set(m, FOLLOWERS, f->followers);
    ph_metrics_set(m, ITEM_LAG, f->item_lag);
}
