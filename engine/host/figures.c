/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/figures.h"

/* Tables that fill up; the bound of each is a member of ph_market_limits. */
#define TABLES(X)   \
    X(participants) \
    X(sites)        \
    X(hardware)     \
    X(products)     \
    X(contracts)    \
    X(orders)

#define X(table) TABLE_##table,
typedef enum { TABLES(X) TABLE_CNT } market_table;
#undef X

enum {
    SEQUENCE,
    LAST_STAMP,
    COMMANDS,
    DROPPED,
    COMMITS,
    COMMIT_SECONDS,
    REPLAYED,
    REPLAY_SECONDS,
    SNAPSHOT_SEQUENCE,
    SNAPSHOT_INSTANT,
    SNAPSHOT_PAUSE,
    SNAPSHOT_FAILURES,
    FOLLOWERS,
    FOLLOWER_LAG,
    RECORDS_SENT,
    ENTRIES,
    ENTRIES_MAX = ENTRIES + TABLE_CNT,
    REJECTS = ENTRIES_MAX + TABLE_CNT, /* of code n: REJECTS + n - 1 */
};

#define X(name, code, text, arg0, arg1) \
    _Static_assert((code) < PH_SEQUENCER_REJECTS_MAX, "a place for each code");
PH_REJECTS(X)
#undef X

#define ROW(type, name, help)                     \
    {                                             \
        "petahour_engine_" name, type, NULL, help \
    }
#define LABELLED(type, name, labels, help)          \
    {                                               \
        "petahour_engine_" name, type, labels, help \
    }

static const ph_metric_row rows[] = {
    [SEQUENCE] = ROW(PH_METRIC_GAUGE, "sequence", "Record that was applied last."),
    [LAST_STAMP] = ROW(PH_METRIC_INSTANT, "last_record_timestamp_seconds",
                       "Stamp of the record that was made durable last."),
    [COMMANDS] =
        ROW(PH_METRIC_COUNTER, "commands_total", "Commands that were sequenced, ticks included."),
    [DROPPED] = ROW(PH_METRIC_COUNTER, "commands_dropped_total",
                    "Messages of gateways that were no commands."),
    [COMMITS] = ROW(PH_METRIC_COUNTER, "commits_total",
                    "Batches that were made durable, each with one sync."),
    [COMMIT_SECONDS] = ROW(PH_METRIC_HISTOGRAM, "commit_seconds",
                           "Time that the commit of a batch took, sync included."),
    [REPLAYED] = ROW(PH_METRIC_GAUGE, "start_replayed_records", "Records that the start replayed."),
    [REPLAY_SECONDS] = ROW(PH_METRIC_SECONDS, "start_replay_seconds",
                           "Time that the start took until the market stood."),
    [SNAPSHOT_SEQUENCE] = ROW(PH_METRIC_GAUGE, "snapshot_sequence",
                              "Record of the newest snapshot, 0 if there is none."),
    [SNAPSHOT_INSTANT] = ROW(PH_METRIC_INSTANT, "snapshot_timestamp_seconds",
                             "When this process wrote a snapshot last, 0 if it has not."),
    [SNAPSHOT_PAUSE] = ROW(PH_METRIC_SECONDS, "snapshot_pause_seconds",
                           "Time that the snapshot begun last stopped the sequencer."),
    [SNAPSHOT_FAILURES] =
        ROW(PH_METRIC_COUNTER, "snapshot_failures_total", "Snapshots that could not be written."),
    [FOLLOWERS] = ROW(PH_METRIC_GAUGE, "followers", "Gateways that follow the engine."),
    [FOLLOWER_LAG] = ROW(PH_METRIC_GAUGE, "follower_lag_records",
                         "Records that the slowest gateway was not sent yet."),
    [RECORDS_SENT] = ROW(PH_METRIC_COUNTER, "records_sent_total",
                         "Records that were sent, counted for each gateway."),
#define X(table)                                                                                   \
    [ENTRIES + TABLE_##table] = LABELLED(PH_METRIC_GAUGE, "table_entries", "table=\"" #table "\"", \
                                         "Entries in use, by table of the market."),
    TABLES(X)
#undef X
#define X(table)                                                               \
    [ENTRIES_MAX + TABLE_##table] =                                            \
        LABELLED(PH_METRIC_GAUGE, "table_entries_max", "table=\"" #table "\"", \
                 "Entries that a table of the market has room for."),
        TABLES(X)
#undef X
#define X(name, code, text, arg0, arg1)                                                         \
    [REJECTS + (code)-1] = LABELLED(PH_METRIC_COUNTER, "rejects_total", "reason=\"" #name "\"", \
                                    "Commands that the market refused, by reason."),
            PH_REJECTS(X)
#undef X
};

enum { ROW_CNT = sizeof rows / sizeof rows[0] };

const ph_metric_row *ph_figures_rows(uint32_t *ret_cnt)
{
    *ret_cnt = ROW_CNT;
    return rows;
}

void ph_figures_start(ph_metrics *m, const ph_market_limits *limits, uint64_t replayed,
                      uint64_t replay_ns)
{
    ph_metrics_set(m, REPLAYED, replayed);
    ph_metrics_set(m, REPLAY_SECONDS, replay_ns);
#define X(table) ph_metrics_set(m, ENTRIES_MAX + TABLE_##table, limits->table##_max);
    TABLES(X)
#undef X
}

static void take_market(ph_metrics *m, const ph_market *market)
{
    ph_metrics_set(m, SEQUENCE, ph_market_seq(market));
    ph_metrics_set(m, ENTRIES + TABLE_participants, ph_market_participant_cnt(market));
    ph_metrics_set(m, ENTRIES + TABLE_sites, ph_market_site_cnt(market));
    ph_metrics_set(m, ENTRIES + TABLE_hardware, ph_market_hardware_cnt(market));
    ph_metrics_set(m, ENTRIES + TABLE_products, ph_market_product_cnt(market));
    ph_metrics_set(m, ENTRIES + TABLE_contracts, ph_market_contract_cnt(market));
    ph_metrics_set(m, ENTRIES + TABLE_orders, ph_market_order_cnt(market));
}

static void take_sequencer(ph_metrics *m, const ph_sequencer *sequencer)
{
    const ph_sequencer_counts *c = ph_sequencer_count(sequencer);
    ph_metrics_set(m, COMMANDS, c->commands);
    ph_metrics_set(m, COMMITS, c->commits);
    ph_metrics_set(m, LAST_STAMP, c->last.ns);
    for (uint32_t row = REJECTS; row < ROW_CNT; row++)
        ph_metrics_set(m, row, c->rejects[row - REJECTS + 1]);
}

void ph_figures_turn(ph_metrics *m, const ph_figures_of *of)
{
    ph_server_counts server = ph_server_count(of->server);
    ph_snapshots_counts snapshots = ph_snapshots_count(of->snapshots);
    take_market(m, of->market);
    take_sequencer(m, of->sequencer);
    ph_metrics_set(m, FOLLOWERS, server.followers);
    ph_metrics_set(m, FOLLOWER_LAG, ph_server_lag(of->server));
    ph_metrics_set(m, RECORDS_SENT, server.items_sent);
    ph_metrics_set(m, DROPPED, of->dropped);
    ph_metrics_set(m, SNAPSHOT_SEQUENCE, snapshots.newest);
    ph_metrics_set(m, SNAPSHOT_INSTANT, snapshots.written.ns);
    ph_metrics_set(m, SNAPSHOT_PAUSE, snapshots.paused_ns);
    ph_metrics_set(m, SNAPSHOT_FAILURES, snapshots.failures);
}

void ph_figures_commit(ph_metrics *m, uint64_t ns)
{
    ph_metrics_observe(m, COMMIT_SECONDS, ns);
}
