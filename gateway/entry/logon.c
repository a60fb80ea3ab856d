/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/order_entry_parts.h"

/* Seats a new session, or says why not.  Those that are taken over may still be told. */
static phg_seat *sit(phg_taking *t, bool takes_over)
{
    phg_session_table *table = &t->oe->table;
    phg_seat *seat = NULL;
    uint32_t max = PHG_SESSIONS_PER_PARTICIPANT_MAX * (takes_over ? 2 : 1);
    if (phg_session_table_count(table, t->from->who) >= max)
        phg_order_entry_refuse(t, PHG_REFUSAL_TOO_MANY_SESSIONS,
                               "the participant has too many sessions open; end one of them");
    else if (!(seat = phg_session_table_sit(table, &t->from->id, t->from->who)))
        phg_order_entry_refuse(
            t, PHG_REFUSAL_RECOVERING,
            "the gateway has no free session; try again later or use another gateway");
    if (!seat) return NULL;
    seat->key = t->from->key;
    seat->file = t->from->file;
    seat->connection = t->from->connection;
    seat->session.reads_only = phg_catalogue_only_reads(t->oe->view.catalogue, seat->key);
    seat->session.messages = phg_ratelimit_of(t->oe->settings.session_messages_per_second,
                                              t->oe->settings.session_message_burst, t->now_ns);
    seat->session.silence_seconds = t->oe->settings.silence_seconds;
    seat->session.heard_ns = seat->session.sent_ns = t->now_ns;
    return seat;
}

/* Whose streams may be read comes from what is registered. */
bool phg_order_entry_may_read(const phg_order_entry *oe, const phg_participant *who,
                              ph_participant_id whose)
{
    if (whose.v == 0 || whose.v == who->terms.id.v) return true;
    return phg_catalogue_participant(oe->view.catalogue, whose) &&
           who->state == PH_PARTICIPANT_ACTIVE && (who->terms.roles & PH_ROLE_AUDITOR) != 0;
}

/* One that took over itself later, and whose word of that has not come back, is not meant. */
static bool is_taken_over(const phg_seat *seat, const phg_takeover *by)
{
    const phg_session *s = &seat->session;
    return seat->id.size != 0 && seat->key == by->key && !s->awaits_take_over &&
           s->took_over != by->by && s->state == PHG_SESSION_READY;
}

void phg_order_entry_end_taken_over(phg_order_entry *oe, phg_takeovers *takeovers)
{
    for (uint32_t n = 0; n < takeovers->cnt; n++) {
        const phg_takeover *by = &takeovers->v[n];
        for (uint32_t i = 0; i < oe->table.used; i++) {
            phg_session *s = &oe->table.seats[i].session;
            if (s->took_over == by->by) s->awaits_take_over = false;
            if (!is_taken_over(&oe->table.seats[i], by)) continue;
            if (s->tag != 0) phg_disconnects_taken_over(oe->disconnects, s->tag, by);
            phg_session_refuse(s, PHG_REFUSAL_TAKEN_OVER,
                               "another session with the same key has taken over");
        }
    }
    takeovers->cnt = 0;
}

/* Tells every gateway.  PH_EAGAIN: not now. */
static ph_status take_over(phg_taking *t, phg_tag as)
{
    phg_session *s = &t->seat->session;
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = t->from->who, .request = as};
    c.u.take_over.key = t->oe->view.catalogue->keys[t->from->key - 1].key;
    c.u.take_over.keeps = s->tag == 0;
    ph_status status =
        phg_order_entry_may_go(t, &c) ? t->routes->send(t->routes->arg, &c) : PH_EAGAIN;
    if (status != PH_OK) return status;
    t->oe->counts.commands++;
    s->took_over = as;
    s->awaits_take_over = true;
    return PH_OK;
}

/* What an accepted logon asked for. */
static ph_status begin(phg_taking *t, const phg_logon *asked)
{
    phg_session *s = &t->seat->session;
    phg_tag tag = s->tag;
    if (tag == 0 && (asked->cancel_on_disconnect || asked->take_over))
        tag = phg_disconnects_tag(t->oe->disconnects, (uint32_t)(t->seat - t->oe->table.seats),
                                  phg_catalogue_key_place(t->oe->view.catalogue, t->from->key));
    if (asked->cancel_on_disconnect) s->tag = tag;
    s->owes_limits = true;
    ph_status status = asked->take_over ? take_over(t, tag) : PH_OK;
    if (status != PH_EAGAIN) return status;
    s->owes_logon = false;
    phg_order_entry_refuse(
        t, PHG_REFUSAL_RECOVERING,
        "the engine cannot be told now that this session takes over; log on again shortly");
    return PH_OK;
}

/* A session that is over says its last word before another one begins on its connection; who does
   not read misses it. */
static ph_status make_way(phg_taking *t)
{
    bool is_waiting = false;
    ph_status status = phg_order_entry_give_session(t->oe, t->seat, t->now_ns, &is_waiting);
    if (status == PH_OK && is_waiting) phg_order_entry_leave(t->oe, t->seat);
    t->seat = NULL;
    return status;
}

ph_status phg_order_entry_logon(phg_taking *t, const phg_logon *asked)
{
    phg_refusal why;
    char text[PHG_WHY_SIZE];
    bool is_over = t->seat && t->seat->session.state == PHG_SESSION_LEAVING;
    ph_status status = is_over ? make_way(t) : PH_OK;
    if (status != PH_OK) return status;
    if (t->is_recovering) {
        phg_order_entry_refuse(t, PHG_REFUSAL_RECOVERING,
                               "the gateway is still reading the log; try again shortly");
        return PH_OK;
    }
    ph_participant_id whose = asked->copy_of.v != 0 ? asked->copy_of : t->from->who;
    const phg_participant *who = phg_catalogue_participant(t->oe->view.catalogue, t->from->who);
    if (!phg_order_entry_may_read(t->oe, who, whose)) {
        phg_order_entry_refuse(t, PHG_REFUSAL_NOT_ALLOWED, PHG_READS_NOT);
        return PH_OK;
    }
    if (!t->seat && !(t->seat = sit(t, asked->take_over))) return PH_OK;
    const phg_private *p = phg_private_streams_of(t->oe->view.streams, whose);
    if (phg_session_logon(&t->seat->session, t->from->who, asked, p, &why, text))
        return begin(t, asked);
    bool is_new = t->seat->session.state == PHG_SESSION_NEW;
    if (is_new) {
        phg_order_entry_leave(t->oe, t->seat);
        t->seat = NULL;
    }
    phg_order_entry_refuse(t, why, text);
    return PH_OK;
}
