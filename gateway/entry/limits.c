/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/order_entry_parts.h"

static phg_rate_left left_of(phg_ratelimit *r, uint64_t now_ns)
{
    return (phg_rate_left){r->per_second, r->burst, phg_ratelimit_left(r, now_ns)};
}

/* What is counted of connections and of questions. */
static void add_counted(phg_order_entry *oe, const phg_seat *seat, uint64_t now_ns, phg_limits *l)
{
    const ph_participant_id who = seat->session.participant;
    phg_connections *c = oe->connections;
    l->questions_under_way_max = PHG_QUESTIONS_PER_PARTICIPANT;
    if (oe->questions) l->questions_under_way = phg_questions_under_way(oe->questions, who);
    l->connections_max = PHG_CONNECTIONS_MAX;
    l->mute_connections_max = PHG_CONNECTIONS_MUTE_MAX;
    l->refused = (phg_rate_left){PHG_STRIKES_PER_SECOND, PHG_STRIKES_BURST, PHG_STRIKES_BURST};
    if (!c) return;
    l->connections = phg_connections_of(c, PHG_INFLOW_ORDERS, who);
    l->market_data_connections = phg_connections_of(c, PHG_INFLOW_MARKET_DATA, who);
    l->mute_connections = phg_connections_mute(c, who, now_ns);
    l->refused.left =
        phg_connections_strikes_left(c, PHG_INFLOW_ORDERS, seat->file, seat->connection, now_ns);
}

phg_limits phg_order_entry_limits(phg_order_entry *oe, phg_seat *seat, uint64_t now_ns)
{
    phg_session *s = &seat->session;
    phg_rates_of_one *rates = phg_rates_of(&oe->rates, s->participant, now_ns);
    phg_limits l = {
        .session_messages = left_of(&s->messages, now_ns),
        .sessions = phg_session_table_count(&oe->table, s->participant),
        .sessions_max = PHG_SESSIONS_PER_PARTICIPANT_MAX,
        .open_orders = phg_entered_open(oe->view.entered, s->participant),
        .open_orders_max = oe->settings.open_orders_max,
        .under_way = oe->under_way,
        .under_way_max = oe->under_way_max,
        .busy_waiting = s->busy_cnt,
        .busy_waiting_max = PHG_BUSY_MAX,
    };
    add_counted(oe, seat, now_ns, &l);
    if (!rates) return l;
    l.control = left_of(&rates->control, now_ns);
    l.messages = left_of(&rates->messages, now_ns);
    l.questions = left_of(&rates->questions, now_ns);
    return l;
}
