/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/cash_history.h - what moved the cash of each participant, day by day.

    Fed with the records of a replay from its first one on.  Of each participant, UTC day and reason
    of a transfer there is one row: how many movements, what was received and what was paid.  Rows
    lie in a ring in the order in which they began, those of a participant in a chain from its
    newest to its oldest.  When the ring is full the oldest row is overwritten: statements then
    begin a day later than it was of.

    What is kept depends on the records and on `rows_max` alone, so a replica that was started again
    knows the same.

    Laws      cash when a day began + what was received - what was paid = cash when it ended.
    Units     micro-units of the market's currency; days are numbered since 1970.
    Work      a statement looks at the rows of its participant since its first day: at most
              PH_TRANSFER_REASON_MAX for each day.
    Owns      nothing: lives in the block of ph_cash_history_init, never grows, never moves.
    Thread    one.
    Full      never: the oldest row is overwritten. */
#ifndef ENGINE_QUERY_CASH_HISTORY_H
#define ENGINE_QUERY_CASH_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/market.h"
#include "engine/replay/replay.h"
#include "engine/wire/query.h"

enum { PH_CASH_ROWS_MAX = 100 * 1000 * 1000 };

typedef struct ph_cash_history ph_cash_history;

/* Bytes that init needs for a market of these limits; rows_max is 1 to PH_CASH_ROWS_MAX. */
size_t ph_cash_history_footprint(const ph_market_limits *limits, uint32_t rows_max);

/* An empty history in `block`, which has that many bytes, is aligned to 64 and all zero. */
ph_cash_history *ph_cash_history_init(void *block, const ph_market_limits *limits,
                                      uint32_t rows_max);

/* Takes the next record. */
void ph_cash_history_take(ph_cash_history *h, const ph_replay_record *record);

/* First day that can be asked for; 0 until something was overwritten. */
uint32_t ph_cash_history_first_day(const ph_cash_history *h);

/* Fills u.statement, cnt and rows.sums for the question (STATEMENT) of its participant, in an
   answer where they are 0.  Days that are not over, or not begun, count as far as is known. */
void ph_cash_history_find(const ph_cash_history *h, const ph_query *q, ph_answer *ret);

#endif
