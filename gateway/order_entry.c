/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/order_entry.h"

#include "engine/process/log.h"
#include "gateway/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    FRAMES_PER_TURN = 64,
    FRAMES_PER_SESSION = 8, /* sent in one turn */
};

#define TURN_NS PH_NS_PER_S /* turns come more often */

struct rates {
    phg_ratelimit messages, questions;
};

struct phg_order_entry {
    void *socket;
    char endpoint[128];
    phg_order_entry_settings settings;
    phg_session_view view;
    phg_order_entry_counts counts;
    phg_session_table table;
    struct rates *rates; /* of participant n: rates[n - 1] */
    uint32_t rate_cnt;
    phg_disconnects *disconnects;      /* borrowed, as routes bring it */
    uint32_t under_way, under_way_max; /* likewise */
    uint64_t turned_ns;                /* when the last turn began; 0: none has */
    phg_in_frame in;
    phg_out_frame out;
};

typedef struct {
    phg_order_entry *oe;
    phg_seat *seat; /* NULL: no session */
    const phg_arrival *from;
    uint64_t now_ns;
    bool is_recovering;
    const phg_order_entry_routes *routes;
} taking;

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
    ph_status s =
        phg_router_open(zmq_context, settings->endpoint, keys, &oe->socket, oe->endpoint, err);
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
    phg_session_table_release(&oe->table);
    free(oe->rates);
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

/* Refuses with or without a session; a stranger whose queue is full is not told. */
static void refuse(taking *t, phg_refusal reason, const char *text)
{
    t->oe->counts.refused++;
    if (t->seat && t->seat->session.state == PHG_SESSION_READY) {
        phg_session_refuse(&t->seat->session, reason, text);
        return;
    }
    phg_bytes message = phg_translate_refused(t->oe->view.translator, reason, text);
    if (message.p && phg_router_address(t->oe->socket, &t->from->id) == PH_OK)
        (void)phg_router_send(t->oe->socket, message.p, message.size);
}

static struct rates *rates_of(phg_order_entry *oe, ph_participant_id who, uint64_t now_ns);

static phg_rate_left left_of(phg_ratelimit *r, uint64_t now_ns)
{
    return (phg_rate_left){r->per_second, r->burst, phg_ratelimit_left(r, now_ns)};
}

static phg_limits limits_of(phg_order_entry *oe, phg_session *s, uint64_t now_ns)
{
    struct rates *rates = rates_of(oe, s->participant, now_ns);
    phg_limits l = {
        .session_messages = left_of(&s->messages, now_ns),
        .sessions = phg_session_table_count(&oe->table, s->participant),
        .sessions_max = PHG_SESSIONS_PER_PARTICIPANT_MAX,
        .open_orders = phg_entered_open(oe->view.entered, s->participant),
        .open_orders_max = oe->settings.open_orders_max,
        .under_way = oe->under_way,
        .under_way_max = oe->under_way_max,
    };
    if (!rates) return l;
    l.messages = left_of(&rates->messages, now_ns);
    l.questions = left_of(&rates->questions, now_ns);
    return l;
}

/* A session that is over gives up its tag, so that its orders are cancelled. */
static void let_go(phg_order_entry *oe, phg_session *s)
{
    if (s->tag == 0 || s->state == PHG_SESSION_READY) return;
    s->tag = 0;
    phg_disconnects_look(oe->disconnects);
}

static void leave(phg_order_entry *oe, phg_seat *seat)
{
    phg_session_table_leave(&oe->table, seat);
    let_go(oe, &seat->session);
}

static ph_status give_session(phg_order_entry *oe, phg_seat *seat, uint64_t now_ns,
                              bool *ret_is_waiting)
{
    phg_session *s = &seat->session;
    const phg_participant *who = phg_catalogue_of_key(oe->view.catalogue, seat->key);
    if (!who || who->state == PH_PARTICIPANT_CLOSED)
        phg_session_refuse(s, PHG_REFUSAL_UNKNOWN_KEY,
                           "the key was revoked, or the participant closed");
    phg_session_time(s, now_ns);
    if (s->owes_heartbeat) s->owes_limits = true;
    if (s->owes_limits) s->limits = limits_of(oe, s, now_ns);
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
    if (s->state == PHG_SESSION_CLOSED) leave(oe, seat);
    return PH_OK;
}

ph_status phg_order_entry_give(phg_order_entry *oe, uint64_t now_ns, bool *ret_is_waiting)
{
    *ret_is_waiting = false;
    for (uint32_t i = 0; i < oe->table.used; i++) {
        if (oe->table.seats[i].id.size == 0) continue;
        ph_status status = give_session(oe, &oe->table.seats[i], now_ns, ret_is_waiting);
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

/* NULL: no memory. */
static struct rates *rates_of(phg_order_entry *oe, ph_participant_id who, uint64_t now_ns)
{
    if (who.v > oe->rate_cnt) {
        struct rates *grown = realloc(oe->rates, (who.v + 64ul) * sizeof *grown);
        if (!grown) return NULL;
        oe->rates = grown;
        for (uint32_t i = oe->rate_cnt; i < who.v + 64; i++)
            grown[i] = (struct rates){
                .messages = phg_ratelimit_of(oe->settings.messages_per_second,
                                             oe->settings.message_burst, now_ns),
                .questions = phg_ratelimit_of(oe->settings.questions_per_second,
                                              oe->settings.question_burst, now_ns),
            };
        oe->rate_cnt = who.v + 64;
    }
    return &oe->rates[who.v - 1];
}

/* Seats a new session, or says why not.  Those that are taken over may still be told. */
static phg_seat *sit(taking *t, bool takes_over)
{
    phg_session_table *table = &t->oe->table;
    phg_seat *seat = NULL;
    uint32_t max = PHG_SESSIONS_PER_PARTICIPANT_MAX * (takes_over ? 2 : 1);
    if (phg_session_table_count(table, t->from->who) >= max)
        refuse(t, PHG_REFUSAL_RECOVERING,
               "the participant has too many sessions open; end one of them");
    else if (!(seat = phg_session_table_sit(table, &t->from->id, t->from->who)))
        refuse(t, PHG_REFUSAL_RECOVERING,
               "the gateway has no free session; try again later or use another gateway");
    if (!seat) return NULL;
    seat->key = t->from->key;
    seat->session.reads_only = phg_catalogue_only_reads(t->oe->view.catalogue, seat->key);
    seat->session.messages = phg_ratelimit_of(t->oe->settings.session_messages_per_second,
                                              t->oe->settings.session_message_burst, t->now_ns);
    seat->session.silence_seconds = t->oe->settings.silence_seconds;
    seat->session.heard_ns = seat->session.sent_ns = t->now_ns;
    return seat;
}

/* Whose streams may be read comes from what is registered. */
static bool may_read(const taking *t, ph_participant_id whose)
{
    const phg_catalogue *c = t->oe->view.catalogue;
    const phg_participant *who = phg_catalogue_participant(c, t->from->who);
    if (!phg_catalogue_participant(c, whose)) return false;
    return whose.v == t->from->who.v || (who->terms.roles & PH_ROLE_AUDITOR) != 0;
}

/* Client order id that a command uses, of a group its first; 0: none. */
static uint64_t id_of(const ph_command *c)
{
    if (c->kind == PH_CMD_NEW_ORDER) return c->u.order.client_order_id;
    return c->kind == PH_CMD_NEW_GROUP ? c->u.group.v[0].client_order_id : 0;
}

/* True if the command may go to the engine now. */
static bool may_go(taking *t, const ph_command *c)
{
    uint64_t id = id_of(c);
    if (id != 0 && phg_session_holds(&t->seat->session, id, t->now_ns)) return false;
    phg_session *s = &t->seat->session;
    struct rates *rates = rates_of(t->oe, t->from->who, t->now_ns);
    bool may = rates && phg_ratelimit_take(&s->messages, t->now_ns, 1) &&
               phg_ratelimit_take(&rates->messages, t->now_ns, 1);
    bool is_low =
        !may || phg_ratelimit_is_low(&s->messages) || phg_ratelimit_is_low(&rates->messages);
    if (is_low && !s->told_low) s->owes_limits = true;
    s->told_low = is_low;
    if (!may) t->oe->counts.limited++;
    return may;
}

/* One that took over itself later, and whose word of that has not come back, is not meant. */
static bool is_taken_over(const phg_seat *seat, const phg_takeover *by)
{
    const phg_session *s = &seat->session;
    return seat->id.size != 0 && seat->key == by->key && !s->awaits_take_over &&
           s->took_over != by->by && s->state == PHG_SESSION_READY;
}

static void end_taken_over(phg_order_entry *oe, phg_takeovers *takeovers)
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
static ph_status take_over(taking *t, phg_tag as)
{
    phg_session *s = &t->seat->session;
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = t->from->who, .request = as};
    c.u.take_over.key = t->oe->view.catalogue->keys[t->from->key - 1].key;
    c.u.take_over.keeps = s->tag == 0;
    ph_status status = may_go(t, &c) ? t->routes->send(t->routes->arg, &c) : PH_EAGAIN;
    if (status != PH_OK) return status;
    t->oe->counts.commands++;
    s->took_over = as;
    s->awaits_take_over = true;
    return PH_OK;
}

/* What an accepted logon asked for. */
static ph_status begin(taking *t, const phg_logon *asked)
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
    refuse(t, PHG_REFUSAL_RECOVERING,
           "the engine cannot be told now that this session takes over; log on again shortly");
    return PH_OK;
}

/* A session that is over says its last word before another one begins on its connection; who does
   not read misses it. */
static ph_status make_way(taking *t)
{
    bool is_waiting = false;
    ph_status status = give_session(t->oe, t->seat, t->now_ns, &is_waiting);
    if (status == PH_OK && is_waiting) leave(t->oe, t->seat);
    t->seat = NULL;
    return status;
}

static ph_status logon(taking *t, const phg_logon *asked)
{
    phg_refusal why;
    char text[PHG_WHY_SIZE];
    if (t->is_recovering) {
        refuse(t, PHG_REFUSAL_RECOVERING,
               "the gateway is still reading the log; try again shortly");
        return PH_OK;
    }
    ph_participant_id whose = asked->copy_of.v != 0 ? asked->copy_of : t->from->who;
    if (!may_read(t, whose)) {
        refuse(t, PHG_REFUSAL_NOT_ALLOWED,
               "only an auditor may read the streams of another participant");
        return PH_OK;
    }
    if (!t->seat && !(t->seat = sit(t, asked->take_over))) return PH_OK;
    const phg_private *p = phg_private_streams_of(t->oe->view.streams, whose);
    if (phg_session_logon(&t->seat->session, t->from->who, asked, p, &why, text))
        return begin(t, asked);
    bool is_new = t->seat->session.state == PHG_SESSION_NEW;
    if (is_new) {
        leave(t->oe, t->seat);
        t->seat = NULL;
    }
    refuse(t, why, text);
    return PH_OK;
}

static bool may_rest(const ph_command *c)
{
    if (c->kind != PH_CMD_NEW_ORDER) return c->kind == PH_CMD_NEW_GROUP;
    return c->u.order.time_in_force != PH_TIF_IOC && c->u.order.time_in_force != PH_TIF_FOK;
}

/* True if the command would add to the open orders of somebody who has as many as it may.  What is
   under way is not counted yet, so the engine's window may come on top. */
static bool is_full(const taking *t, const ph_command *c)
{
    return may_rest(c) &&
           phg_entered_open(t->oe->view.entered, t->from->who) >= t->oe->settings.open_orders_max;
}

/* Why this kind of session does not send the command; NULL: it may. */
static const char *why_not(const phg_session *s, const ph_command *c)
{
    if (s->is_copy) return "a drop copy only reads";
    if (s->reads_only) return "the key of this connection is for reading; connect with another one";
    if (s->tag != 0 && c->kind == PH_CMD_NEW_GROUP)
        return "a group cannot be entered with cancel_on_disconnect; use a session without";
    return NULL;
}

static ph_status command(taking *t, ph_command *c)
{
    const uint64_t request = c->request; /* of an order there is none */
    phg_session *s = &t->seat->session;
    const char *wrong = why_not(s, c);
    if (wrong) {
        refuse(t, PHG_REFUSAL_NOT_ALLOWED, wrong);
        return PH_OK;
    }
    if (c->kind == PH_CMD_NEW_ORDER) c->request = s->tag;
    c->sender = t->from->who;
    bool may = may_go(t, c); /* paid for whether it is full or not */
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

static void question(taking *t, const phg_asked *asked)
{
    phg_asker asker = {t->from->id, t->from->who, asked->request};
    struct rates *rates = rates_of(t->oe, asker.who, t->now_ns);
    t->oe->counts.questions++;
    bool is_within = rates && phg_ratelimit_take(&rates->questions, t->now_ns, 1);
    if (!is_within) t->oe->counts.limited++;
    if (is_within &&
        phg_questions_ask(t->routes->questions, &asker, &asked->query, t->now_ns) == PH_OK)
        return;
    t->oe->counts.busy++;
    phg_session_busy(&t->seat->session, asked->request, 0, t->now_ns);
}

static ph_status take_message(taking *t, phg_in *m)
{
    if (m->kind == PHG_IN_LOGON) {
        bool is_over = t->seat && t->seat->session.state == PHG_SESSION_LEAVING;
        ph_status status = is_over ? make_way(t) : PH_OK;
        return status == PH_OK ? logon(t, &m->u.logon) : status;
    }
    switch (m->kind) {
    case PHG_IN_COMMAND: return command(t, &m->u.command);
    case PHG_IN_LOGOUT: phg_session_logout(&t->seat->session); return PH_OK;
    case PHG_IN_LIST_CATALOGUE:
        if (!phg_session_list(&t->seat->session, m->u.request))
            phg_session_busy(&t->seat->session, m->u.request, 0, t->now_ns);
        return PH_OK;
    case PHG_IN_QUERY:
        if (t->seat->session.is_copy)
            refuse(t, PHG_REFUSAL_NOT_ALLOWED, "a drop copy only reads");
        else
            question(t, &m->u.asked);
        return PH_OK;
    case PHG_IN_HEARTBEAT:
    case PHG_IN_LOGON: return PH_OK;
    }
    return PH_OK;
}

static ph_status take_messages(taking *t, phg_in_frame *frame)
{
    for (uint32_t i = 0; i < frame->cnt; i++) {
        bool is_ready = t->seat && t->seat->session.state == PHG_SESSION_READY;
        if (!is_ready && frame->v[i].kind != PHG_IN_LOGON) {
            bool is_leaving = t->seat && t->seat->session.state == PHG_SESSION_LEAVING;
            if (!is_leaving)
                refuse(t, PHG_REFUSAL_NOT_LOGGED_ON, "the first message of a session is Logon");
            return PH_OK;
        }
        ph_status status = take_message(t, &frame->v[i]);
        if (status != PH_OK) return status;
        if (!t->seat) return PH_OK; /* the logon was refused, which is all that is said */
    }
    return PH_OK;
}

static ph_status take_frame(taking *t)
{
    phg_order_entry *oe = t->oe;
    const phg_arrival *from = t->from;
    char why[PHG_WHY_SIZE];
    const phg_participant *who = phg_catalogue_participant(oe->view.catalogue, from->who);
    oe->counts.frames++;
    t->seat = phg_session_table_find(&oe->table, &from->id);
    if (t->seat && t->seat->key != from->key) {
        leave(oe, t->seat); /* the id of a connection that has gone */
        t->seat = NULL;
    }
    if (!who || who->state == PH_PARTICIPANT_CLOSED) {
        refuse(t, PHG_REFUSAL_UNKNOWN_KEY, "the key belongs to no active participant");
        return PH_OK;
    }
    if (from->has_form && from->header[0] != PHG_PROTOCOL_VERSION) {
        refuse(t, PHG_REFUSAL_VERSION, "the header's version is not spoken here, 1 is");
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
        refuse(t, PHG_REFUSAL_MALFORMED, why);
        return PH_OK;
    }
    if (t->seat) phg_session_heard(&t->seat->session, t->now_ns);
    ph_status status = take_messages(t, &oe->in);
    bool waits;
    if (status != PH_OK || !t->seat) return status;
    if (t->seat->session.busy_cnt <= PHG_BUSY_MAX - PHG_FRAME_MESSAGES_MAX) return PH_OK;
    /* What ends a session is that it does not read, not that it sends much at once. */
    return give_session(oe, t->seat, t->now_ns, &waits);
}

/* A gateway that was stopped wakes up beside clients whose heartbeats it has not read yet. */
static void excuse_silence(phg_order_entry *oe, uint64_t now_ns)
{
    uint64_t since_ns = oe->turned_ns == 0 ? 0 : now_ns - oe->turned_ns;
    oe->turned_ns = now_ns;
    for (uint32_t i = 0; since_ns > TURN_NS && i < oe->table.used; i++)
        phg_session_excuse(&oe->table.seats[i].session, since_ns);
}

ph_status phg_order_entry_take(phg_order_entry *oe, uint64_t now_ns, bool is_recovering,
                               const phg_order_entry_routes *routes)
{
    ph_status status = PH_OK;
    phg_arrival from;
    excuse_silence(oe, now_ns);
    oe->disconnects = routes->disconnects;
    end_taken_over(oe, routes->takeovers);
    oe->under_way = routes->under_way;
    oe->under_way_max = routes->under_way_max;
    for (int i = 0; routes->has_frames && i < FRAMES_PER_TURN && status == PH_OK; i++) {
        bool is_there = phg_router_receive(oe->socket, oe->view.catalogue, &from);
        if (is_there)
            phg_inflow_taken(routes->inflow, from.file, from.wire);
        else
            phg_inflow_emptied(routes->inflow, PHG_INFLOW_ORDERS);
        taking t = {oe, NULL, &from, now_ns, is_recovering, routes};
        if (is_there && from.id.size != 0) status = take_frame(&t);
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
