/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/host/settings.h - the [engine] section of the configuration.

    Units     sizes of tables are entries, as in ph_market_limits; _kib are 1,024 bytes. */
#ifndef ENGINE_HOST_SETTINGS_H
#define ENGINE_HOST_SETTINGS_H

#include "engine/core/market.h"
#include "engine/process/config.h"

typedef struct {
    char journal[1024]; /* directory */
    char spool[1024];
    char link[1024]; /* ipc://... */
    char ready_file[1024];
    char operator_name[64];
    ph_key operator_curve_key, operator_sign_key, notary_sign_key;
    uint64_t segment_kib;    /* a new journal segment begins when this would be passed */
    uint64_t snapshot_every; /* records between two snapshots; 0: none is written */
    uint32_t snapshots_kept; /* at least 1 */
    char monitor[32];        /* 127.a.b.c:PORT, or empty */
    uint32_t touch_tables;   /* 1: their memory is taken at the start */
    ph_market_limits limits; /* used when the journal is new */
} ph_engine_settings;

/* What the engine understands of its section; lives for ever. */
const ph_config_table *ph_engine_table(void);

#endif
