/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/order_entry.h"

#include "engine/process/log.h"
#include "gateway/doors/accepts.h"
#include "gateway/entry/order_entry_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    FRAMES_PER_TURN = 64,
    MESSAGES_PER_TURN = 1024, /* or a little more: what comes behind them waits for all of them */
    FRAMES_PER_SESSION = 8,   /* sent in one turn */
};

#define TURN_NS PH_NS_PER_S /* turns come more often */

ph_status phg_order_entry_open(void *zmq_context, const phg_order_entry_settings *settings,
                               const ph_keyfile *keys, const phg_session_view *view,
                               phg_order_entry **ret, char err[PHG_ERR_SIZE])
{
    phg_order_entry *oe = calloc(1, sizeof *oe);
    if (!oe || phg_session_table_init(&oe->table, settings->sessions_max) != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make room for %u sessions: no memory",
                       (unsigned)settings->sessions_max);
        free(oe);
        return PH_EFULL;
    }
    oe->settings = *settings;
    oe->view = *view;
    oe->rates = (phg_rates){.messages_per_second = settings->messages_per_second,
                            .message_burst = settings->message_burst,
                            .questions_per_second = settings->questions_per_second,
                            .question_burst = settings->question_burst};
    ph_status s = phg_router_open(zmq_context, settings->endpoint, keys, &oe->socket, &oe->monitor,
                                  oe->endpoint, err);
    if (s != PH_OK) {
        phg_order_entry_close(oe);
        return s;
    }
    *ret = oe;
    return PH_OK;
}

void phg_order_entry_close(phg_order_entry *oe)
{
    if (!oe) return;
    if (oe->socket) (void)zmq_close(oe->socket);
    phg_accepts_close(oe->monitor);
    phg_session_table_release(&oe->table);
    phg_rates_release(&oe->rates);
    free(oe);
}

void *phg_order_entry_socket(phg_order_entry *oe)
{
    return oe->socket;
}

const char *phg_order_entry_endpoint(const phg_order_entry *oe)
{
    return oe->endpoint;
}

phg_order_entry_counts phg_order_entry_counted(const phg_order_entry *oe)
{
    phg_order_entry_counts counts = oe->counts;
    counts.sessions = oe->table.seated;
    return counts;
}

/* ---- Frames out --------------------------------------------------------------------------- */

/* What cannot be answered Busy costs the connection, which ends when it has too much of it. */
static void strike(const phg_taking *t)
{
    phg_connections_strike(t->routes->connections, PHG_INFLOW_ORDERS, t->from->file,
                           t->from->connection, t->now_ns);
}

void phg_order_entry_refuse(phg_taking *t, phg_refusal reason, const char *text)
{
    t->oe->counts.refused++;
    strike(t);
    if (t->seat && t->seat->session.state == PHG_SESSION_READY) {
        phg_session_refuse(&t->seat->session, reason, text);
        return;
    }
    phg_bytes message = phg_translate_refused(t->oe->view.translator, reason, text);
    if (message.p && phg_router_address(t->oe->socket, &t->from->id) == PH_OK)
        (void)phg_router_send(t->oe->socket, message.p, message.size);
}

/* What else a session is told of when little of it is left. */
enum { FEW_CONTROL = 1, FEW_REFUSED = 2, FEW_QUESTIONS = 4, FEW_UNDER_WAY = 8 };

/* Told once, until there is more again. */
static void watch_few(phg_session *s, uint8_t what, bool is_few)
{
    if (is_few && (s->told_few & what) == 0) s->owes_limits = true;
    s->told_few = (uint8_t)(is_few ? s->told_few | what : s->told_few & ~what);
}

/* A session that is over gives up its tag, so that its orders are cancelled. */
static void let_go(phg_order_entry *oe, phg_session *s)
{
    if (s->tag == 0 || s->state == PHG_SESSION_READY) return;
    s->tag = 0;
    phg_disconnects_look(oe->disconnects);
}

void phg_order_entry_leave(phg_order_entry *oe, phg_seat *seat)
{
    phg_session_table_leave(&oe->table, seat);
    let_go(oe, &seat->session);
}

ph_status phg_order_entry_give_session(phg_order_entry *oe, phg_seat *seat, uint64_t now_ns,
                                       bool *ret_is_waiting)
{
    phg_session *s = &seat->session;
    const phg_participant *who = phg_catalogue_of_key(oe->view.catalogue, seat->key);
    if (!who || who->state == PH_PARTICIPANT_CLOSED)
        phg_session_refuse(s, PHG_REFUSAL_UNKNOWN_KEY,
                           "the key was revoked, or the participant closed");
    else if (!phg_order_entry_may_read(oe, who, s->reads))
        phg_session_refuse(s, PHG_REFUSAL_NOT_ALLOWED, PHG_READS_NOT);
    phg_session_time(s, now_ns);
    if (s->owes_heartbeat) s->owes_limits = true;
    if (s->owes_limits) s->limits = phg_order_entry_limits(oe, seat, now_ns);
    for (int i = 0; phg_session_owes(s, &oe->view); i++) {
        ph_status status =
            i == FRAMES_PER_SESSION ? PH_EAGAIN : phg_router_address(oe->socket, &seat->id);
        if (status == PH_EAGAIN) {
            *ret_is_waiting = true;
            return PH_OK;
        }
        if (status != PH_OK) {
            s->state = phg_session_step(s->state, PHG_SESSION_GONE);
            break;
        }
        status = phg_session_fill(s, &oe->view, now_ns, &oe->out);
        if (status != PH_OK) return status;
        if (!phg_router_send(oe->socket, oe->out.bytes, oe->out.size))
            s->state = phg_session_step(s->state, PHG_SESSION_GONE);
    }
    let_go(oe, s);
    if (s->state == PHG_SESSION_CLOSED) phg_order_entry_leave(oe, seat);
    return PH_OK;
}

ph_status phg_order_entry_give(phg_order_entry *oe, uint64_t now_ns, bool *ret_is_waiting)
{
    *ret_is_waiting = false;
    for (uint32_t i = 0; i < oe->table.used; i++) {
        if (oe->table.seats[i].id.size == 0) continue;
        ph_status status =
            phg_order_entry_give_session(oe, &oe->table.seats[i], now_ns, ret_is_waiting);
        if (status != PH_OK) return status;
    }
    return PH_OK;
}

void phg_order_entry_refuse_all(phg_order_entry *oe, phg_refusal reason, const char *text)
{
    for (uint32_t i = 0; i < oe->table.used; i++)
        if (oe->table.seats[i].id.size != 0)
            phg_session_refuse(&oe->table.seats[i].session, reason, text);
}

bool phg_order_entry_is_open(const void *sessions, phg_tag tag)
{
    const phg_order_entry *oe = sessions;
    uint32_t i = phg_tag_read(tag).seat;
    if (i >= oe->table.used || oe->table.seats[i].id.size == 0) return false;
    const phg_session *s = &oe->table.seats[i].session;
    return s->tag == tag && s->state == PHG_SESSION_READY;
}

void phg_order_entry_linger(phg_order_entry *oe)
{
    phg_router_linger(oe->socket);
}

/* ---- Frames in ---------------------------------------------------------------------------- */

/* Client order id that a command uses, of a group its first; 0: none. */
static uint64_t id_of(const ph_command *c)
{
    if (c->kind == PH_CMD_NEW_ORDER) return c->u.order.client_order_id;
    return c->kind == PH_CMD_NEW_GROUP ? c->u.group.v[0].client_order_id : 0;
}

bool phg_order_entry_may_go(phg_taking *t, const ph_command *c)
{
    uint64_t id = id_of(c);
    if (id != 0 && phg_session_holds(&t->seat->session, id, t->now_ns)) return false;
    phg_session *s = &t->seat->session;
    phg_rates_of_one *rates = phg_rates_of(&t->oe->rates, t->from->who, t->now_ns);
    bool may = rates && phg_ratelimit_take(&s->messages, t->now_ns, 1) &&
               phg_ratelimit_take(&rates->messages, t->now_ns, 1);
    bool is_low =
        !may || phg_ratelimit_is_low(&s->messages) || phg_ratelimit_is_low(&rates->messages);
    if (is_low && !s->told_low) s->owes_limits = true;
    s->told_low = is_low;
    if (!may) t->oe->counts.limited++;
    return may;
}

static bool may_rest(const ph_command *c)
{
    if (c->kind != PH_CMD_NEW_ORDER) return c->kind == PH_CMD_NEW_GROUP;
    return c->u.order.time_in_force != PH_TIF_IOC && c->u.order.time_in_force != PH_TIF_FOK;
}

/* True if the command would add to the open orders of somebody who has as many as it may.  What is
   under way is not counted yet, so the engine's window may come on top. */
static bool is_full(const phg_taking *t, const ph_command *c)
{
    return may_rest(c) &&
           phg_entered_open(t->oe->view.entered, t->from->who) >= t->oe->settings.open_orders_max;
}

static ph_status command(phg_taking *t, ph_command *c)
{
    const uint64_t request = c->request; /* of an order there is none */
    phg_session *s = &t->seat->session;
    if (c->kind == PH_CMD_NEW_ORDER) c->request = s->tag;
    c->sender = t->from->who;
    bool may = phg_order_entry_may_go(t, c); /* paid for whether it is full or not */
    if (may && is_full(t, c)) {
        t->oe->counts.busy++;
        phg_session_full(s, request, id_of(c));
        return PH_OK;
    }
    ph_status status = may ? t->routes->send(t->routes->arg, c) : PH_EAGAIN;
    if (status == PH_OK) t->oe->counts.commands++;
    if (status != PH_EAGAIN) return status;
    t->oe->counts.busy++;
    phg_session_busy(s, request, id_of(c), t->now_ns);
    return PH_OK;
}

/* A question, or the catalogue. */
static bool may_ask(const phg_taking *t)
{
    phg_rates_of_one *rates = phg_rates_of(&t->oe->rates, t->from->who, t->now_ns);
    bool may = rates && phg_ratelimit_take(&rates->questions, t->now_ns, 1);
    if (!may) t->oe->counts.limited++;
    watch_few(&t->seat->session, FEW_QUESTIONS, !may || phg_ratelimit_is_low(&rates->questions));
    return may;
}

static void list(phg_taking *t, uint64_t request)
{
    if (may_ask(t) && phg_session_list(&t->seat->session, request)) return;
    t->oe->counts.busy++;
    phg_session_busy(&t->seat->session, request, 0, t->now_ns);
}

/* Logon and Heartbeat, which have a rate of their own. */
static bool may_control(const phg_taking *t)
{
    phg_rates_of_one *rates = phg_rates_of(&t->oe->rates, t->from->who, t->now_ns);
    bool may = rates && phg_ratelimit_take(&rates->control, t->now_ns, 1);
    if (!may) t->oe->counts.limited++;
    if (t->seat)
        watch_few(&t->seat->session, FEW_CONTROL, !may || phg_ratelimit_is_low(&rates->control));
    return may;
}

static void beat(const phg_taking *t)
{
    if (may_control(t)) return;
    strike(t);
    uint32_t left =
        t->routes->connections
            ? phg_connections_strikes_left(t->routes->connections, PHG_INFLOW_ORDERS, t->from->file,
                                           t->from->connection, t->now_ns)
            : PHG_STRIKES_BURST;
    watch_few(&t->seat->session, FEW_REFUSED, left < PHG_STRIKES_BURST / 4);
}

static void question(phg_taking *t, const phg_asked *asked)
{
    phg_asker asker = {t->from->id, t->from->who, asked->request};
    t->oe->counts.questions++;
    bool is_asked = may_ask(t) && phg_questions_ask(t->routes->questions, &asker, &asked->query,
                                                    t->now_ns) == PH_OK;
    watch_few(&t->seat->session, FEW_UNDER_WAY,
              phg_questions_under_way(t->routes->questions, asker.who) * 4 >=
                  PHG_QUESTIONS_PER_PARTICIPANT * 3);
    if (is_asked) return;
    t->oe->counts.busy++;
    phg_session_busy(&t->seat->session, asked->request, 0, t->now_ns);
}

static ph_status take_message(phg_taking *t, phg_in *m)
{
    if (m->kind == PHG_IN_LOGON) {
        if (!may_control(t)) {
            phg_order_entry_refuse(t, PHG_REFUSAL_RECOVERING,
                                   "the participant logs on too often; log on again later");
            return PH_OK;
        }
        return phg_order_entry_logon(t, &m->u.logon);
    }
    switch (m->kind) {
    case PHG_IN_COMMAND: return command(t, &m->u.command);
    case PHG_IN_LOGOUT: phg_session_logout(&t->seat->session); return PH_OK;
    case PHG_IN_LIST_CATALOGUE: list(t, m->u.request); return PH_OK;
    case PHG_IN_QUERY: question(t, &m->u.asked); return PH_OK;
    case PHG_IN_HEARTBEAT: beat(t); return PH_OK;
    case PHG_IN_LOGON: return PH_OK;
    }
    return PH_OK;
}

/* Every message may be answered Busy: what has no room for that is not taken.  What ends a session
   is that it does not read, not that it sends much at once. */
static ph_status make_room(phg_taking *t, uint32_t cnt)
{
    bool is_waiting;
    phg_seat *seat = t->seat;
    if (!seat || seat->session.busy_cnt + cnt <= PHG_BUSY_MAX) return PH_OK;
    ph_status status = phg_order_entry_give_session(t->oe, seat, t->now_ns, &is_waiting);
    t->seat = seat = phg_session_table_find(&t->oe->table, &t->from->id);
    if (status == PH_OK && seat && seat->session.busy_cnt + cnt > PHG_BUSY_MAX)
        phg_session_refuse(&seat->session, PHG_REFUSAL_NOT_READING,
                           "too many messages were sent without reading the busy answers");
    return status;
}

static ph_status take_messages(phg_taking *t, phg_in_frame *frame)
{
    bool is_open = t->seat && t->seat->session.state == PHG_SESSION_READY;
    if ((is_open || frame->v[0].kind == PHG_IN_LOGON) && !phg_order_entry_is_whole(t, frame))
        return PH_OK;
    for (uint32_t i = 0; i < frame->cnt; i++) {
        bool is_ready = t->seat && t->seat->session.state == PHG_SESSION_READY;
        if (!is_ready && frame->v[i].kind != PHG_IN_LOGON) {
            bool is_leaving = t->seat && t->seat->session.state == PHG_SESSION_LEAVING;
            if (!is_leaving)
                phg_order_entry_refuse(t, PHG_REFUSAL_NOT_LOGGED_ON,
                                       "the first message of a session is Logon");
            return PH_OK;
        }
        ph_status status = take_message(t, &frame->v[i]);
        if (status != PH_OK) return status;
        if (!t->seat) return PH_OK; /* the logon was refused, which is all that is said */
    }
    return PH_OK;
}

static ph_status take_frame(phg_taking *t)
{
    phg_order_entry *oe = t->oe;
    const phg_arrival *from = t->from;
    char why[PHG_WHY_SIZE];
    const phg_participant *who = phg_catalogue_participant(oe->view.catalogue, from->who);
    oe->counts.frames++;
    t->seat = phg_session_table_find(&oe->table, &from->id);
    if (t->seat && t->seat->key != from->key) {
        phg_order_entry_leave(oe, t->seat); /* the id of a connection that has gone */
        t->seat = NULL;
    }
    if (!who || who->state == PH_PARTICIPANT_CLOSED) {
        phg_order_entry_refuse(t, PHG_REFUSAL_UNKNOWN_KEY,
                               "the key belongs to no active participant");
        return PH_OK;
    }
    if (from->has_form && from->header[0] != PHG_PROTOCOL_VERSION) {
        phg_order_entry_refuse(t, PHG_REFUSAL_VERSION,
                               "the header's version is not spoken here, 1 is");
        return PH_OK;
    }
    bool ok = from->has_form && from->header[1] == PHG_KIND_CLIENT;
    if (!ok)
        (void)snprintf(why, sizeof why, "a message has a header {1, 1} of two bytes and a payload");
    zmq_msg_t payload = from->payload;
    if (ok)
        ok = phg_translate_in(oe->view.translator, zmq_msg_data(&payload), zmq_msg_size(&payload),
                              &oe->in, why);
    if (!ok) {
        oe->counts.malformed++;
        phg_order_entry_refuse(t, PHG_REFUSAL_MALFORMED, why);
        return PH_OK;
    }
    oe->taken += oe->in.cnt;
    if (t->seat) phg_session_heard(&t->seat->session, t->now_ns);
    ph_status status = make_room(t, oe->in.cnt);
    return status == PH_OK ? take_messages(t, &oe->in) : status;
}

/* A gateway that was stopped wakes up beside clients whose heartbeats it has not read yet. */
static void excuse_silence(phg_order_entry *oe, uint64_t now_ns)
{
    uint64_t since_ns = oe->turned_ns == 0 ? 0 : now_ns - oe->turned_ns;
    oe->turned_ns = now_ns;
    for (uint32_t i = 0; since_ns > TURN_NS && i < oe->table.used; i++)
        phg_session_excuse(&oe->table.seats[i].session, since_ns);
}

/* One that says something for the first time may be new.  *ret_is_over: it has sent too much that
   has no answer, and nothing more is taken from it. */
static ph_status take_sender(phg_order_entry *oe, phg_connections *c, const phg_arrival *from,
                             uint64_t now_ns, bool *ret_is_over)
{
    ph_status status = PH_OK;
    if (from->connection > oe->newest) {
        oe->newest = from->connection;
        status = phg_accepts_count(oe->monitor, c, PHG_INFLOW_ORDERS, now_ns);
    }
    phg_connections_said(c, PHG_INFLOW_ORDERS, from->file, from->connection, from->key);
    *ret_is_over = phg_connections_is_over(c, PHG_INFLOW_ORDERS, from->file, from->connection);
    return status;
}

static void end_sender(const phg_taking *t)
{
    phg_seat *seat = phg_session_table_find(&t->oe->table, &t->from->id);
    if (seat && seat->connection == t->from->connection)
        phg_session_refuse(&seat->session, PHG_REFUSAL_MALFORMED,
                           "too much was sent that is refused, or has no answer");
}

ph_status phg_order_entry_connections(phg_order_entry *oe, phg_connections *connections,
                                      uint64_t now_ns)
{
    for (uint32_t i = 0; i < oe->table.used; i++) {
        const phg_seat *seat = &oe->table.seats[i];
        if (seat->id.size != 0 && seat->session.state == PHG_SESSION_READY)
            phg_connections_used(connections, seat->file, seat->connection, now_ns);
    }
    return phg_accepts_count(oe->monitor, connections, PHG_INFLOW_ORDERS, now_ns);
}

ph_status phg_order_entry_take(phg_order_entry *oe, uint64_t now_ns, bool is_recovering,
                               const phg_order_entry_routes *routes)
{
    ph_status status = PH_OK;
    phg_arrival from;
    excuse_silence(oe, now_ns);
    oe->disconnects = routes->disconnects;
    phg_order_entry_end_taken_over(oe, routes->takeovers);
    oe->under_way = routes->under_way;
    oe->under_way_max = routes->under_way_max;
    oe->taken = 0;
    oe->connections = routes->connections;
    oe->questions = routes->questions;
    for (int i = 0; routes->has_frames && i < FRAMES_PER_TURN && status == PH_OK; i++) {
        if (oe->taken >= MESSAGES_PER_TURN) break;
        bool is_there = phg_router_receive(oe->socket, oe->view.catalogue, &from);
        if (is_there)
            phg_inflow_taken(routes->inflow, from.file, from.wire);
        else
            phg_inflow_emptied(routes->inflow, PHG_INFLOW_ORDERS);
        phg_taking t = {oe, NULL, &from, now_ns, is_recovering, routes};
        bool is_over = false;
        if (is_there) status = take_sender(oe, routes->connections, &from, now_ns, &is_over);
        if (is_over)
            end_sender(&t);
        else if (is_there && from.id.size != 0 && status == PH_OK)
            status = take_frame(&t);
        (void)zmq_msg_close(&from.payload);
        if (!is_there) break;
    }
    return status;
}

/* ---- Answers ------------------------------------------------------------------------------- */

typedef struct {
    phg_order_entry *oe;
    uint64_t now_ns;
} answering;

/* Sent at once or not at all: a session stores no messages. */
static void on_answer(void *arg, const phg_asker *asker, const ph_answer *answer)
{
    const answering *x = arg;
    phg_seat *seat = phg_session_table_find(&x->oe->table, &asker->id);
    if (!seat || seat->session.participant.v != asker->who.v ||
        seat->session.state != PHG_SESSION_READY)
        return;
    phg_bytes message = {NULL, 0};
    /* Nothing comes before LogonAccepted. */
    if (answer && !seat->session.owes_logon)
        message = phg_translate_answer(x->oe->view.translator, asker->request, answer);
    if (message.p && phg_router_address(x->oe->socket, &asker->id) == PH_OK) {
        (void)phg_router_send(x->oe->socket, message.p,
                              message.size); /* a lost receiver is noticed soon */
        seat->session.sent_ns = x->now_ns;
        return;
    }
    x->oe->counts.busy++;
    phg_session_busy(&seat->session, asker->request, 0, x->now_ns);
}

void phg_order_entry_answer(phg_order_entry *oe, uint64_t now_ns, phg_questions *questions)
{
    answering x = {oe, now_ns};
    phg_questions_turn(questions, now_ns, on_answer, &x);
}
