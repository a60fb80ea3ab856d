/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/monitor.h - how a daemon is watched: figures, health and readiness over HTTP.

      GET /metrics    the figures of the daemon and of its process, in Prometheus' text format
      GET /healthz    200 while turns of the loop end; 503 when one takes longer than STALL_SECONDS
      GET /readyz     200 when the daemon does its work and is not behind; 503 and why otherwise

    The door is on loopback and has a thread of its own, which only reads: whoever asks, however
    often, does not hold the daemon up.  Without an address there is no door and no thread, and
    everything else is the same.

      ph_monitor_turn     the loop is about to work
      ph_monitor_idle     the loop is about to wait for something to happen
      ph_monitor_ready    NULL: it does its work; otherwise why not

    Owns      the figures, the thread, the socket; rows and reasons must live as long.
    Thread    the daemon's, but for what the door reads. */
#ifndef ENGINE_PROCESS_MONITOR_H
#define ENGINE_PROCESS_MONITOR_H

#include <stddef.h>

#include "engine/base/status.h"
#include "engine/process/metrics.h"

enum { PH_MONITOR_STALL_SECONDS = 60 };

#define PH_MONITOR_NO_ROW UINT32_MAX

typedef struct ph_monitor ph_monitor;

typedef struct {
    const char *address; /* 127.a.b.c:PORT; empty: no door */
    const ph_metric_row *rows;
    uint32_t row_cnt;
    uint32_t behind_row;      /* PH_METRIC_SINCE: how old is what was not done yet; or NO_ROW */
    uint32_t lag_seconds_max; /* when it is older than this the daemon is not ready */
} ph_monitor_settings;

/* Opens the door and logs its address.  Not ready at first ("starting").  err receives a sentence:
   PH_EINVAL, PH_EIO, PH_EFULL. */
ph_status ph_monitor_open(const ph_monitor_settings *settings, ph_monitor **ret, char *err,
                          size_t err_size);
void ph_monitor_close(ph_monitor *m); /* accepts NULL */

ph_metrics *ph_monitor_metrics(ph_monitor *m);

/* `why` lives for ever; NULL: ready. */
void ph_monitor_ready(ph_monitor *m, const char *why);

void ph_monitor_turn(ph_monitor *m);
void ph_monitor_idle(ph_monitor *m);

#endif
