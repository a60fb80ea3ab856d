/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/query/answer.h - a question of a participant, answered from a market.

    Whoever asks hears of its own orders, contracts and money alone; of others' orders it hears what
    the rulebook's questions say, and no names.

    Owns      nothing.
    Thread    that of the market. */
#ifndef ENGINE_QUERY_ANSWER_H
#define ENGINE_QUERY_ANSWER_H

#include "engine/core/question.h"
#include "engine/query/cash_history.h"
#include "engine/query/contract_history.h"
#include "engine/query/holdings.h"
#include "engine/query/order_history.h"
#include "engine/wire/query.h"

typedef struct {
    ph_question *question; /* room for trying orders */
    const ph_market *market;
    const ph_holdings *holdings;
    /* Of the records that made the market. */
    const ph_order_history *history;
    const ph_contract_history *contracts;
    const ph_cash_history *cash;
} ph_answerer;

void ph_answer_query(const ph_answerer *a, const ph_query *q, ph_answer *ret);

#endif
