/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    GAPS_MAX = 3,         /* connections in a row that miss the same number */
    AHEAD_MAX = 8,        /* refusals in a row of a stream number: some six seconds */
    SEGMENTS_MAX = 65536, /* of one contract */
};

static bool may_send(const phc_client *c)
{
    return c->state == PHC_READY || (c->state == PHC_READING && c->reports_read);
}

/* ---- What is due --------------------------------------------------------------------------- */

static void send_control(phc_client *c, void (*encode)(phc_message *ret), uint64_t now_ms)
{
    phc_message m;
    encode(&m);
    c->frame.cnt = 0;
    c->frame.size = 0;
    bool fits = phc_frame_put(&c->frame, m.bytes, m.size);
    if (fits && phc_client_send(c)) c->said_ms = now_ms;
}

static void send_logon(phc_client *c, uint64_t now_ms)
{
    phc_message m;
    c->probing = c->next_report == 0 || c->next_contract == 0 || c->next_countersignature == 0;
    phc_encode_logon(
        &(phc_logon_asked){
            .next_report = c->probing ? 1 : c->next_report,
            .next_contract = c->probing ? 1 : c->next_contract,
            .next_countersignature = c->probing ? 1 : c->next_countersignature,
            .receive = !c->probing,
            .cancel_on_disconnect = c->cancel_on_disconnect,
            .take_over = c->take_over,
            .copy_of = c->copy_of,
        },
        &m);
    c->frame.cnt = 0;
    c->frame.size = 0;
    if (!phc_frame_put(&c->frame, m.bytes, m.size) || !phc_client_send(c)) return;
    c->logon_sent = true;
    c->said_ms = now_ms;
}

void phc_session_time(phc_client *c, uint64_t now_ms)
{
    if (c->state == PHC_DOWN && now_ms >= c->next_attempt_ms) phc_connection_attempt(c);
    if (c->sub == NULL && now_ms >= c->next_feed_attempt_ms) phc_connection_feed(c);
    if (c->state == PHC_LOGGING_ON && !c->logon_sent) send_logon(c, now_ms);
    if ((c->state == PHC_CONNECTING || c->state == PHC_LOGGING_ON) && now_ms >= c->deadline_ms) {
        char why[320];
        snprintf(why, sizeof why, "no answer from \"%s\"", c->gateway.order_entry);
        phc_connection_lose(c, why);
    }
    if (c->state != PHC_READING && c->state != PHC_READY) return;
    uint64_t silence_ms = (uint64_t)c->logon.silence_seconds * 1000;
    if (now_ms - c->heard_ms > silence_ms) {
        phc_connection_lose(c, "nothing was heard from the gateway for too long");
        return;
    }
    if (now_ms - c->said_ms >= silence_ms / 3) send_control(c, phc_encode_heartbeat, now_ms);
}

static uint64_t session_due_ms(const phc_client *c)
{
    if (c->state == PHC_DOWN) return c->next_attempt_ms;
    if (c->state == PHC_CONNECTING || c->state == PHC_LOGGING_ON) return c->deadline_ms;
    if (c->state != PHC_READING && c->state != PHC_READY) return UINT64_MAX;
    uint64_t silence_ms = (uint64_t)c->logon.silence_seconds * 1000;
    uint64_t due = c->heard_ms + silence_ms + 1, beat = c->said_ms + silence_ms / 3;
    if (beat < due) due = beat;
    uint64_t outbox = may_send(c) ? phc_outbox_due_ms(&c->outbox) : UINT64_MAX;
    return outbox < due ? outbox : due;
}

uint64_t phc_session_due_ms(const phc_client *c)
{
    uint64_t due = session_due_ms(c);
    bool wants_feed = c->sub == NULL && c->gateway.market_data[0] != '\0';
    return wants_feed && c->next_feed_attempt_ms < due ? c->next_feed_attempt_ms : due;
}

/* ---- Sending what waits -------------------------------------------------------------------- */

static void tell_not_taken(phc_client *c, uint64_t client_order_id, const char *name,
                           const char *text)
{
    phc_report r = {.type = PHC_NOT_TAKEN,
                    .client_order_id = client_order_id,
                    .reject_name = name,
                    .reject_text = text,
                    .cancel_reason = ""};
    c->handled++;
    if (c->cb.on_report != NULL) c->cb.on_report(c->cb.arg, &r);
}

static void report_dead(phc_client *c)
{
    uint64_t id;
    while ((id = phc_outbox_take_dead(&c->outbox, c->client_order_id_used)) != 0)
        tell_not_taken(c, id, "NOT_TAKEN",
                       "not taken while the market was busy, and a later client_order_id was; send "
                       "it under a new one");
}

void phc_session_send(phc_client *c, uint64_t now_ms)
{
    uint64_t newest = c->next_report - 1;
    if (newest < c->logon.last_report) newest = c->logon.last_report;
    while (may_send(c)) {
        phc_out *e = phc_outbox_next(&c->outbox, now_ms);
        if (e == NULL) return;
        if (e->tried) {
            report_dead(c);
            e = phc_outbox_next(&c->outbox, now_ms);
            if (e == NULL) return;
        }
        if (!phc_client_send_begin(c)) return;
        c->again = true; /* sending may swallow the sign that something arrived */
        c->frame.cnt = 0;
        c->frame.size = 0;
        while (e != NULL && phc_frame_put(&c->frame, phc_out_bytes(e), e->size)) {
            phc_outbox_sent(&c->outbox, e, newest);
            e = phc_outbox_next(&c->outbox, now_ms);
        }
        if (!phc_client_send_end(c)) {
            phc_connection_lose(c, "the connection ended while sending");
            return;
        }
        c->said_ms = now_ms;
    }
}

uint32_t phc_session_reads(const phc_client *c)
{
    return c->logon.copy_of != 0 ? c->logon.copy_of : c->logon.participant;
}

/* ---- Receiving ----------------------------------------------------------------------------- */

static void read_up(phc_client *c)
{
    if (c->state != PHC_READING) return;
    if (c->next_report > c->logon.last_report && !c->reports_read) {
        c->reports_read = true;
        c->again = true;
    }
    if (!c->reports_read || c->next_contract <= c->logon.last_contract ||
        c->next_countersignature <= c->logon.last_countersignature)
        return;
    c->state = PHC_READY;
    c->handled++;
    if (c->cb.on_ready != NULL) c->cb.on_ready(c->cb.arg);
}

static void on_logon(phc_client *c, const Petahour__V1__LogonAccepted *m)
{
    phc_logon l;
    if (c->state != PHC_LOGGING_ON || !c->logon_sent || !phc_decode_logon(m, &l) ||
        l.copy_of != c->copy_of || l.cancel_on_disconnect != c->cancel_on_disconnect) {
        phc_connection_lose(c, "the gateway's answer to the logon makes no sense");
        return;
    }
    if (c->probing) {
        if (c->next_report == 0) c->next_report = l.last_report + 1;
        if (c->next_contract == 0) c->next_contract = l.last_contract + 1;
        if (c->next_countersignature == 0) c->next_countersignature = l.last_countersignature + 1;
        /* On the same connection: the session of a second one would count beside this one. */
        c->logon_sent = false;
        c->again = true;
        return;
    }
    snprintf(c->market, sizeof c->market, "%s", l.market);
    snprintf(c->currency, sizeof c->currency, "%s", l.currency);
    l.market = c->market;
    l.currency = c->currency;
    c->logon = l;
    c->logged_on_ms = phc_now_ms();
    c->ahead = 0;
    (void)phc_notary_begin(&c->notary_keys, l.notary_sign_key,
                           c->trusted_cnt == 0 ? NULL : c->trusted[0], c->trusted_cnt);
    if (l.last_client_order_id > c->client_order_id_used)
        c->client_order_id_used = l.last_client_order_id;
    c->state = PHC_READING;
    c->handled++;
    if (c->cb.on_logon != NULL) c->cb.on_logon(c->cb.arg, &l);
    read_up(c);
}

/* True if it would be so again, for ever. */
static bool is_final(phc_client *c, phc_refusal why)
{
    switch (why) {
    case PHC_REFUSED_VERSION:
    case PHC_REFUSED_MALFORMED:
    case PHC_REFUSED_TAKEN_OVER:
    case PHC_REFUSED_NOT_ALLOWED: return true;
    case PHC_REFUSED_STREAM_NUMBER: return ++c->ahead >= AHEAD_MAX;
    case PHC_REFUSED_NOT_LOGGED_ON:
    case PHC_REFUSED_UNKNOWN_KEY:
    case PHC_REFUSED_RECOVERING:
    case PHC_REFUSED_SILENT:
    case PHC_REFUSED_TOO_MANY_SESSIONS:
    case PHC_REFUSED_NOT_READING: break;
    }
    return false;
}

static void on_refused(phc_client *c, const Petahour__V1__SessionRefused *m)
{
    char text[300];
    snprintf(text, sizeof text, "the gateway refused the session: %.200s", m->text);
    c->handled++;
    phc_refusal why = (phc_refusal)m->reason;
    if (c->cb.on_refused != NULL) c->cb.on_refused(c->cb.arg, why, m->text);
    if (is_final(c, why))
        phc_client_stop(c, text);
    else
        phc_connection_lose(c, text);
}

bool phc_session_number(phc_client *c, const char *stream, uint64_t number, uint64_t *next)
{
    if (number == *next) {
        (*next)++;
        c->gaps = 0;
        return true;
    }
    if (number < *next) return false;
    char text[200];
    snprintf(text, sizeof text, "the %s stream has a gap: number %llu came after %llu", stream,
             (unsigned long long)number, (unsigned long long)(*next - 1));
    phc_client_problem(c, PHC_ECORRUPT, text);
    if (++c->gaps >= GAPS_MAX)
        phc_client_stop(c, text);
    else
        phc_connection_lose(c, text);
    return false;
}

static void settle_order(phc_client *c, const phc_report *r, bool *ret_echo)
{
    *ret_echo = false;
    if (r->type == PHC_ACCEPTED && r->client_order_id > c->client_order_id_used)
        c->client_order_id_used = r->client_order_id;
    if (r->type != PHC_ACCEPTED && r->type != PHC_REJECTED) return;
    if (phc_outbox_answered(&c->outbox, PHC_OUT_ORDER, r->client_order_id, r->stream_number)) {
        c->again = true;
        return;
    }
    *ret_echo = r->type == PHC_REJECTED && !r->replayed &&
                strcmp(r->reject_name, "DUPLICATE") == 0 &&
                phc_outbox_is_echo(&c->outbox, PHC_OUT_ORDER, r->client_order_id);
}

static void nonsense(phc_client *c, const char *text)
{
    phc_client_problem(c, PHC_ECORRUPT, text);
    phc_connection_lose(c, text);
}

void phc_session_report(phc_client *c, phc_report *r)
{
    bool echo;
    if (c->state != PHC_READING && c->state != PHC_READY) return;
    if (!phc_session_number(c, "private", r->stream_number, &c->next_report)) return;
    r->replayed = r->stream_number <= c->logon.last_report;
    settle_order(c, r, &echo);
    bool has_contract = r->type == PHC_TRADE || r->type == PHC_ASSIGNED;
    if (has_contract && phc_match_report(&c->match, r) == PHC_MATCH_DIFFERS)
        phc_client_problem(c, PHC_EVERIFY, "a contract differs from the report of its trade");
    c->handled++;
    if (!echo && c->cb.on_report != NULL) c->cb.on_report(c->cb.arg, r);
    read_up(c);
}

static void on_report(phc_client *c, const Petahour__V1__ExecutionReport *m)
{
    phc_report r;
    if (phc_decode_report(m, &c->segments, &r))
        phc_session_report(c, &r);
    else
        nonsense(c, "an execution report makes no sense");
}

static void on_result(phc_client *c, const Petahour__V1__CommandResult *m)
{
    phc_result r;
    phc_decode_result(m, &r);
    if (!phc_session_number(c, "private", r.stream_number, &c->next_report)) return;
    r.replayed = r.stream_number <= c->logon.last_report;
    bool known = phc_outbox_answered(&c->outbox, PHC_OUT_COMMAND, r.request, r.stream_number);
    bool echo = !known && !r.replayed && r.request >= c->request_first &&
                phc_outbox_is_echo(&c->outbox, PHC_OUT_COMMAND, r.request);
    if (known) c->again = true;
    if (known && r.reject_code != 0) phc_signatures_refused(c, &r);
    c->handled++;
    if (!echo && c->cb.on_result != NULL) c->cb.on_result(c->cb.arg, &r);
    read_up(c);
}

static void on_delivery(phc_client *c, const Petahour__V1__DeliveryNotice *m)
{
    phc_delivery d;
    if (!phc_decode_delivery(m, &d)) {
        nonsense(c, "a notice of a delivery makes no sense");
        return;
    }
    if (!phc_session_number(c, "private", d.stream_number, &c->next_report)) return;
    d.replayed = d.stream_number <= c->logon.last_report;
    c->handled++;
    if (c->cb.on_delivery != NULL) c->cb.on_delivery(c->cb.arg, &d);
    read_up(c);
}

static void on_final(phc_client *c, const Petahour__V1__DeliveryFinal *m)
{
    phc_delivery_final f;
    if (!phc_decode_final(m, &f)) {
        nonsense(c, "the end of a delivery makes no sense");
        return;
    }
    if (!phc_session_number(c, "private", f.stream_number, &c->next_report)) return;
    f.replayed = f.stream_number <= c->logon.last_report;
    c->handled++;
    if (c->cb.on_delivery_final != NULL) c->cb.on_delivery_final(c->cb.arg, &f);
    read_up(c);
}

static void on_access(phc_client *c, const Petahour__V1__AccessHandedOver *m)
{
    phc_access a;
    phc_decode_access(m, &a);
    if (!phc_session_number(c, "private", a.stream_number, &c->next_report)) return;
    a.replayed = a.stream_number <= c->logon.last_report;
    c->handled++;
    if (c->cb.on_access != NULL) c->cb.on_access(c->cb.arg, &a);
    read_up(c);
}

static void on_cash(phc_client *c, const Petahour__V1__CashMovements *m)
{
    phc_cash k;
    phc_movement room[PHC_MOVEMENTS_MAX];
    if (!phc_decode_cash(m, room, &k)) {
        nonsense(c, "a message has more movements of cash than any may have");
        return;
    }
    if (!phc_session_number(c, "private", k.stream_number, &c->next_report)) return;
    k.replayed = k.stream_number <= c->logon.last_report;
    c->handled++;
    if (c->cb.on_cash != NULL) c->cb.on_cash(c->cb.arg, &k);
    read_up(c);
}

/* NULL if the contract may be handed over. */
static const char *judge_contract(phc_client *c, const phc_signed_contract *s, phc_contract *ret,
                                  bool *ret_matched, char *err, size_t err_size)
{
    const char *why = phc_signatures_judge(c, s, err, err_size);
    if (why != NULL) return why;
    if (!phc_segments_room(&c->segments, SEGMENTS_MAX)) return "no memory for its segments";
    if (phc_contract_read(s->canonical, s->canonical_size, c->segments.v, c->segments.room, ret) !=
        PHC_OK)
        return "the bytes are not those of a contract";
    uint32_t whose = phc_session_reads(c);
    if (ret->buyer != whose && ret->supplier != whose && ret->seller != whose)
        return "it is a contract between others";
    phc_match_verdict v = phc_match_contract(&c->match, ret, whose);
    *ret_matched = v == PHC_MATCH_EQUAL;
    return v == PHC_MATCH_DIFFERS ? "it differs from the report of its trade" : NULL;
}

static void on_contract(phc_client *c, const Petahour__V1__Contract *m)
{
    phc_signed_contract s;
    phc_contract k;
    char err[200], text[300];
    bool matched = false;
    phc_decode_contract(m, &s);
    if (!phc_session_number(c, "contract", s.stream_number, &c->next_contract)) return;
    const char *why = judge_contract(c, &s, &k, &matched, err, sizeof err);
    c->handled++;
    if (why != NULL) {
        snprintf(text, sizeof text, "contract %llu of the stream was not accepted: %s",
                 (unsigned long long)s.stream_number, why);
        phc_client_problem(c, PHC_EVERIFY, text);
    } else {
        phc_signatures_contract(c, &k, &s);
        if (c->cb.on_contract != NULL) c->cb.on_contract(c->cb.arg, &k, &s, matched);
    }
    read_up(c);
}

static void on_limits(phc_client *c, const Petahour__V1__Limits *m)
{
    phc_limits l;
    phc_decode_limits(m, &l);
    c->handled++;
    if (c->cb.on_limits != NULL) c->cb.on_limits(c->cb.arg, &l);
}

/* Room comes when orders end, and what ends them waits behind this one: it is given up. */
static void on_full(phc_client *c, const Petahour__V1__Busy *m)
{
    static const char why[] = "not taken because the participant has as many open orders as it may";
    bool is_group = m->request != 0;
    phc_out_kind kind = is_group ? PHC_OUT_COMMAND : PHC_OUT_ORDER;
    uint64_t id = is_group ? m->request : m->client_order_id;
    if (!phc_outbox_answered(&c->outbox, kind, id, UINT64_MAX)) return;
    c->again = true;
    if (!is_group) {
        tell_not_taken(c, m->client_order_id, "OPEN_ORDERS", why);
        return;
    }
    phc_result r = {.request = id, .command = "NEW_GROUP", .reject_code = PHC_OPEN_ORDERS};
    r.reject_name = "OPEN_ORDERS";
    r.reject_text = why;
    c->handled++;
    if (c->cb.on_result != NULL) c->cb.on_result(c->cb.arg, &r);
}

static void on_busy(phc_client *c, const Petahour__V1__Busy *m)
{
    uint64_t now = phc_now_ms();
    if (m->open_orders) {
        on_full(c, m);
        return;
    }
    /* A group has a request and the id of its first order. */
    bool known = m->client_order_id != 0 && m->request == 0
                     ? phc_outbox_busy(&c->outbox, PHC_OUT_ORDER, m->client_order_id, now)
                     : phc_outbox_busy(&c->outbox, PHC_OUT_COMMAND, m->request, now) ||
                           phc_outbox_busy(&c->outbox, PHC_OUT_QUERY, m->request, now);
    if (!known) return;
    c->handled++;
    if (c->cb.on_busy != NULL) c->cb.on_busy(c->cb.arg, m->request, m->client_order_id);
}

static void on_catalogue_entry(phc_client *c, const Petahour__V1__CatalogueEntry *m)
{
    phc_catalogue_row row;
    phc_catalogue_entry e;
    if (!phc_decode_catalogue(m, &row, &e)) {
        phc_client_problem(c, PHC_ECORRUPT, "a row of the catalogue makes no sense");
        return;
    }
    c->handled++;
    if (c->cb.on_catalogue != NULL) c->cb.on_catalogue(c->cb.arg, &e);
}

static void on_catalogue_end(phc_client *c, const Petahour__V1__CatalogueEnd *m)
{
    if (!phc_outbox_answered(&c->outbox, PHC_OUT_QUERY, m->request, 0)) return;
    c->handled++;
    c->again = true;
    if (c->cb.on_catalogue_end != NULL) c->cb.on_catalogue_end(c->cb.arg, m->request, m->sequence);
}

/* An answer belongs to a question that still waits; what is no answer ends the connection. */
static bool answered(phc_client *c, bool ok, uint64_t request)
{
    if (!ok) {
        nonsense(c, "an answer makes no sense");
        return false;
    }
    if (!phc_outbox_answered(&c->outbox, PHC_OUT_QUERY, request, 0)) return false;
    c->handled++;
    c->again = true;
    return true;
}

#define HAS(NAME) (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_##NAME)

static void on_answer(phc_client *c, const Petahour__V1__GatewayMessage *m)
{
    const phc_callbacks *cb = &c->cb;
    union {
        phc_preview preview;
        phc_why why;
        phc_depth depth;
        phc_open_orders orders;
        phc_positions positions;
        phc_balances balances;
        phc_order_status status;
        phc_contracts contracts;
        phc_account_statement statement;
    } a;
    if (HAS(PREVIEW_ANSWER)) {
        bool ok = phc_decode_preview(m->preview_answer, &c->answer, &a.preview);
        if (answered(c, ok, m->preview_answer->request) && cb->on_preview != NULL)
            cb->on_preview(cb->arg, &a.preview);
    } else if (HAS(WHY_ANSWER)) {
        phc_decode_why(m->why_answer, &a.why);
        if (answered(c, true, a.why.request) && cb->on_why != NULL) cb->on_why(cb->arg, &a.why);
    } else if (HAS(DEPTH_ANSWER)) {
        bool ok = phc_decode_depth(m->depth_answer, &c->answer, &a.depth);
        if (answered(c, ok, m->depth_answer->request) && cb->on_depth != NULL)
            cb->on_depth(cb->arg, &a.depth);
    } else if (HAS(ORDERS_ANSWER)) {
        bool ok = phc_decode_open_orders(m->orders_answer, &c->answer, &a.orders);
        if (answered(c, ok, m->orders_answer->request) && cb->on_open_orders != NULL)
            cb->on_open_orders(cb->arg, &a.orders);
    } else if (HAS(POSITIONS_ANSWER)) {
        bool ok = phc_decode_positions(m->positions_answer, &c->answer, &a.positions);
        if (answered(c, ok, m->positions_answer->request) && cb->on_positions != NULL)
            cb->on_positions(cb->arg, &a.positions);
    } else if (HAS(BALANCES_ANSWER)) {
        phc_decode_balances(m->balances_answer, &a.balances);
        if (answered(c, true, a.balances.request) && cb->on_balances != NULL)
            cb->on_balances(cb->arg, &a.balances);
    } else if (HAS(ORDER_STATUS_ANSWER)) {
        bool ok = phc_decode_order_status(m->order_status_answer, &a.status);
        if (answered(c, ok, m->order_status_answer->request) && cb->on_order_status != NULL)
            cb->on_order_status(cb->arg, &a.status);
    } else if (HAS(CONTRACTS_ANSWER)) {
        bool ok = phc_decode_contracts(m->contracts_answer, &c->answer, &a.contracts);
        if (answered(c, ok, m->contracts_answer->request) && cb->on_contracts != NULL)
            cb->on_contracts(cb->arg, &a.contracts);
    } else if (HAS(STATEMENT_ANSWER)) {
        bool ok = phc_decode_statement(m->statement_answer, &c->answer, &a.statement);
        if (answered(c, ok, m->statement_answer->request) && cb->on_statement != NULL)
            cb->on_statement(cb->arg, &a.statement);
    }
}

void phc_session_message(phc_client *c, const Petahour__V1__GatewayMessage *m)
{
    bool open = c->state == PHC_READING || c->state == PHC_READY;
    switch (m->message_case) {
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGON_ACCEPTED:
        on_logon(c, m->logon_accepted);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_SESSION_REFUSED:
        on_refused(c, m->session_refused);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_HEARTBEAT: return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGOUT_ACCEPTED:
        phc_connection_lose(c, "the gateway ended the session");
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_BUSY: on_busy(c, m->busy); return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LIMITS: on_limits(c, m->limits); return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT:
        if (open) on_report(c, m->execution_report);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_COMMAND_RESULT:
        if (open) on_result(c, m->command_result);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_NOTICE:
        if (open) on_delivery(c, m->delivery_notice);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_FINAL:
        if (open) on_final(c, m->delivery_final);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ACCESS_HANDED_OVER:
        if (open) on_access(c, m->access_handed_over);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CASH_MOVEMENTS:
        if (open) on_cash(c, m->cash_movements);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CONTRACT:
        if (open) on_contract(c, m->contract);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_COUNTERSIGNATURE:
        if (open) phc_signatures_take(c, m->countersignature);
        read_up(c);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_NOTARY_KEY:
        if (open) phc_signatures_key(c, m->notary_key);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_PREVIEW_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_WHY_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DEPTH_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ORDERS_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_POSITIONS_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_BALANCES_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ORDER_STATUS_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CONTRACTS_ANSWER:
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_STATEMENT_ANSWER:
        if (open) on_answer(c, m);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_ENTRY:
        if (open) on_catalogue_entry(c, m->catalogue_entry);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_END:
        if (open) on_catalogue_end(c, m->catalogue_end);
        return;
    case PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE__NOT_SET:
    case _PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE__CASE_IS_INT_SIZE: break;
    }
    /* A newer gateway may say more; what belongs to a stream is missed by its number. */
}
