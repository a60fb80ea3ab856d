/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/asked.h - questions to a small market, and whether the answers hold (rulebook 14):
    what a preview said is what comes, and what `why` names executes when it is tried, while nothing
    nearer does. */
#ifndef TESTS_PROP_ASKED_H
#define TESTS_PROP_ASKED_H

#include "engine/core/question.h"
#include "tests/unit/market_fixture.h"

typedef struct {
    void *block;
    ph_question *questions;
} asked_room;

asked_room asked_open(const ph_market_limits *limits);
void asked_close(asked_room *room);

/* The preview of an order; its fills add up. */
ph_preview asked_preview(const asked_room *room, const world *w, ph_participant_id who,
                         const ph_new_order *n);

/* The order that was asked about was the world's last command, and what it caused was said. */
void asked_preview_came(const world *w, const ph_preview *p, const ph_command *c);

/* Asks why an order does not execute, and tries every answer and all that is nearer. */
void asked_why(const asked_room *room, const world *w, ph_participant_id who,
               const ph_new_order *n);

#endif
