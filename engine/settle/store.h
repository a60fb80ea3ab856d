/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/store.h - memory for rows: grows to the largest transaction so far and stays.

    Owns      the lists of the rows.
    Thread    one. */
#ifndef ENGINE_SETTLE_STORE_H
#define ENGINE_SETTLE_STORE_H

#include "engine/settle/rows.h"

/* Makes room for at least `needed` in rows, which may be all zero at first; what they hold stays.
   PH_EFULL: no memory, nothing changed that matters. */
ph_status ph_store_reserve(ph_rows *rows, const ph_rows_room *needed);

/* Frees the lists; accepts rows that are all zero. */
void ph_store_release(ph_rows *rows);

#endif
