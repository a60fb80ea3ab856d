/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/session.h"

#include "engine/base/panic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NEW     PHG_SESSION_NEW
#define READY   PHG_SESSION_READY
#define LEAVING PHG_SESSION_LEAVING
#define CLOSED  PHG_SESSION_CLOSED
static const phg_session_state next_state[PHG_SESSION_STATE_CNT][PHG_SESSION_EVENT_CNT] = {
    /*            LOGON    LOGOUT   FAULT    SAID     GONE   */
    [NEW] = {READY, NEW, NEW, NEW, CLOSED},
    [READY] = {READY, LEAVING, LEAVING, READY, CLOSED},
    [LEAVING] = {LEAVING, LEAVING, LEAVING, CLOSED, CLOSED},
    [CLOSED] = {CLOSED, CLOSED, CLOSED, CLOSED, CLOSED},
};
#undef NEW
#undef READY
#undef LEAVING
#undef CLOSED

phg_session_state phg_session_step(phg_session_state s, phg_session_event e)
{
    PH_ASSERT(s < PHG_SESSION_STATE_CNT && e < PHG_SESSION_EVENT_CNT);
    return next_state[s][e];
}

bool phg_session_logon(phg_session *s, ph_participant_id who, const phg_logon *logon,
                       const phg_private *p, phg_refusal *ret_why, char text[PHG_WHY_SIZE])
{
    PH_ASSERT(s->state == PHG_SESSION_NEW || s->state == PHG_SESSION_READY);
    if (logon->protocol_version != PHG_PROTOCOL_VERSION) {
        *ret_why = PHG_REFUSAL_VERSION;
        (void)snprintf(text, PHG_WHY_SIZE, "protocol version %" PRIu32 " is not spoken here, %d is",
                       logon->protocol_version, PHG_PROTOCOL_VERSION);
        return false;
    }
    if (logon->next_report == 0 || logon->next_report > p->reports.cnt + 1) {
        *ret_why = PHG_REFUSAL_STREAM_NUMBER;
        (void)snprintf(text, PHG_WHY_SIZE,
                       "next_report is %" PRIu64 " where 1 to %" PRIu64 " can be asked for",
                       logon->next_report, p->reports.cnt + 1);
        return false;
    }
    /* Contracts that are concluded but not signed yet may be waited for. */
    if (logon->next_contract == 0 || logon->next_contract > p->contract_cnt + 1) {
        *ret_why = PHG_REFUSAL_STREAM_NUMBER;
        (void)snprintf(text, PHG_WHY_SIZE,
                       "next_contract is %" PRIu64 " where 1 to %" PRIu64 " can be asked for",
                       logon->next_contract, p->contract_cnt + 1);
        return false;
    }
    if (logon->next_countersignature > p->countersignature_cnt + 1) {
        *ret_why = PHG_REFUSAL_STREAM_NUMBER;
        (void)snprintf(text, PHG_WHY_SIZE,
                       "next_countersignature is %" PRIu64 " where 1 to %" PRIu64
                       " can be asked for",
                       logon->next_countersignature, p->countersignature_cnt + 1);
        return false;
    }
    s->state = phg_session_step(s->state, PHG_SESSION_LOGON);
    s->participant = who;
    s->is_copy = logon->copy_of.v != 0;
    s->reads = s->is_copy ? logon->copy_of : who;
    s->receive = logon->receive;
    s->next_report = logon->next_report;
    s->next_contract = logon->next_contract;
    s->next_countersignature = logon->next_countersignature;
    s->notary_keys = 0;
    s->owes_logon = true;
    s->lists_catalogue = false;
    s->held_order = 0;
    s->busy_cnt = 0;
    return true;
}

void phg_session_refuse(phg_session *s, phg_refusal reason, const char *text)
{
    if (s->state != PHG_SESSION_READY) return;
    s->state = phg_session_step(s->state, PHG_SESSION_FAULT);
    s->refusal = reason;
    (void)snprintf(s->refusal_text, sizeof s->refusal_text, "%s", text);
}

void phg_session_logout(phg_session *s)
{
    if (s->state != PHG_SESSION_READY) return;
    s->state = phg_session_step(s->state, PHG_SESSION_LOGOUT);
    s->owes_logout = true;
}

bool phg_session_list(phg_session *s, uint64_t request)
{
    if (s->lists_catalogue) return false;
    s->lists_catalogue = true;
    s->catalogue_request = request;
    s->catalogue_row = 0;
    return true;
}

void phg_session_heard(phg_session *s, uint64_t now_ns)
{
    s->heard_ns = now_ns;
}

void phg_session_excuse(phg_session *s, uint64_t stood_ns)
{
    s->heard_ns += stood_ns;
}

void phg_session_time(phg_session *s, uint64_t now_ns)
{
    uint64_t silence_ns = s->silence_seconds * PH_NS_PER_S;
    if (s->state != PHG_SESSION_READY) return;
    if (now_ns - s->heard_ns > silence_ns)
        phg_session_refuse(s, PHG_REFUSAL_SILENT,
                           "nothing was heard for longer than silence_seconds");
    else if (now_ns - s->sent_ns > silence_ns / 3)
        s->owes_heartbeat = true;
}

bool phg_session_holds(phg_session *s, uint64_t client_order_id, uint64_t now_ns)
{
    if (s->held_order == 0) return false;
    if (client_order_id > s->held_order && now_ns < s->held_until_ns) return true;
    s->held_order = 0;
    return false;
}

static void owe_busy(phg_session *s, phg_busy busy)
{
    if (s->busy_cnt == PHG_BUSY_MAX) {
        phg_session_refuse(s, PHG_REFUSAL_NOT_READING,
                           "too many messages were sent without reading the busy answers");
        return;
    }
    s->busy[s->busy_cnt++] = busy;
    if (s->busy_cnt == PHG_BUSY_MAX / 4 * 3) s->owes_limits = true;
}

void phg_session_full(phg_session *s, uint64_t request, uint64_t client_order_id)
{
    owe_busy(s, (phg_busy){request, client_order_id, true});
}

void phg_session_busy(phg_session *s, uint64_t request, uint64_t client_order_id, uint64_t now_ns)
{
    if (client_order_id != 0 && s->held_order == 0) {
        s->held_order = client_order_id;
        s->held_until_ns = now_ns + PHG_BUSY_HOLD_NS;
    }
    owe_busy(s, (phg_busy){request, client_order_id, false});
}

static bool owes_stream(const phg_session *s, const phg_private *p)
{
    if (!s->receive) return false;
    if (s->next_report <= p->reports.cnt || s->next_contract <= p->contracts.cnt) return true;
    return s->next_countersignature != 0 && s->next_countersignature <= p->countersignatures.cnt;
}

bool phg_session_owes(const phg_session *s, const phg_session_view *view)
{
    if (s->state != PHG_SESSION_READY && s->state != PHG_SESSION_LEAVING) return false;
    if (s->owes_logon || s->owes_logout || s->refusal != 0 || s->busy_cnt != 0) return true;
    if (s->state == PHG_SESSION_LEAVING) return false;
    if (s->lists_catalogue || s->owes_heartbeat || s->owes_limits) return true;
    if (s->notary_keys < view->catalogue->notary_key_cnt) return true;
    return owes_stream(s, phg_private_streams_of(view->streams, s->reads));
}

/* Appends one message; PH_EAGAIN: it belongs into the next frame. */
static ph_status append(phg_out_frame *f, phg_bytes message)
{
    if (!message.p) return PH_EFULL;
    if (f->cnt == PHG_FRAME_MESSAGES_MAX || message.size > sizeof f->room - f->size)
        return PH_EAGAIN;
    memcpy(f->room + f->size, message.p, message.size);
    f->size += message.size;
    f->cnt++;
    return PH_OK;
}

static phg_bytes logon_accepted(const phg_session *s, const phg_session_view *view)
{
    const phg_participant *who = phg_catalogue_participant(view->catalogue, s->participant);
    const phg_private *p = phg_private_streams_of(view->streams, s->reads);
    PH_ASSERT(who && view->catalogue->opened);
    phg_logon_accepted a = {
        .participant = s->participant,
        .roles = who->terms.roles,
        .last_report = p->reports.cnt,
        .last_contract = p->contracts.cnt,
        .last_countersignature = p->countersignatures.cnt,
        .last_client_order_id = p->last_client_order_id,
        .market = &view->catalogue->market,
        .silence_seconds = s->silence_seconds,
        .cancel_on_disconnect = s->tag != 0,
        .reads_only = s->reads_only,
        .copy_of = s->is_copy ? s->reads : (ph_participant_id){0},
    };
    return phg_translate_logon_accepted(view->translator, &a);
}

static ph_status fill_first(phg_session *s, const phg_session_view *view, phg_out_frame *f)
{
    if (s->owes_logon) {
        ph_status status = append(f, logon_accepted(s, view));
        if (status != PH_OK) return status;
        s->owes_logon = false;
    }
    ph_status status = PH_OK;
    if (s->owes_limits && s->state == PHG_SESSION_READY) {
        status = append(f, phg_translate_limits(view->translator, &s->limits));
        if (status == PH_OK) s->owes_limits = false;
    }
    while (status == PH_OK && s->state == PHG_SESSION_READY &&
           s->notary_keys < view->catalogue->notary_key_cnt) {
        const phg_notary_key *k = &view->catalogue->notary_keys[s->notary_keys];
        status = append(f, phg_translate_notary_key(view->translator, k));
        if (status == PH_OK) s->notary_keys++;
    }
    uint32_t said = 0;
    while (said < s->busy_cnt && status == PH_OK) {
        status = append(f, phg_translate_busy(view->translator, &s->busy[said]));
        if (status == PH_OK) said++;
    }
    s->busy_cnt -= said;
    memmove(s->busy, s->busy + said, s->busy_cnt * sizeof *s->busy);
    return status;
}

static ph_status fill_catalogue(phg_session *s, const phg_session_view *view, phg_out_frame *f)
{
    while (s->lists_catalogue) {
        phg_bytes row = phg_translate_catalogue_row(view->translator, s->catalogue_request,
                                                    view->catalogue, s->catalogue_row);
        bool is_end = row.p && row.size == 0;
        if (is_end)
            row = phg_translate_catalogue_end(view->translator, s->catalogue_request,
                                              view->catalogue->seq);
        ph_status status = append(f, row);
        if (status != PH_OK) return status;
        s->catalogue_row++;
        if (is_end) s->lists_catalogue = false;
    }
    return PH_OK;
}

/* Runs of a stream; a message that is longer than a frame goes alone, from where it lies. */
static ph_status fill_stream(phg_out_frame *f, phg_stream_store *store, const phg_stream *stream,
                             uint64_t *next)
{
    phg_stream_run run;
    ph_status status = PH_OK;
    while (*next <= stream->cnt && f->cnt < PHG_FRAME_MESSAGES_MAX) {
        status = phg_stream_take(store, stream, *next, PHG_FRAME_MESSAGES_MAX - f->cnt,
                                 sizeof f->room - f->size, &run);
        if (status != PH_OK || run.cnt == 0) break;
        memcpy(f->room + f->size, run.bytes, run.size);
        f->size += run.size;
        f->cnt += run.cnt;
        *next += run.cnt;
    }
    if (status != PH_OK || *next > stream->cnt || f->cnt != 0) return status;
    status = phg_stream_take(store, stream, *next, 1, SIZE_MAX, &run);
    f->bytes = run.bytes;
    f->size = run.size;
    f->cnt = PHG_FRAME_MESSAGES_MAX; /* nothing may be added */
    *next += 1;
    return status;
}

static ph_status fill_last(phg_session *s, const phg_session_view *view, phg_out_frame *f)
{
    phg_bytes word = s->owes_logout
                         ? phg_translate_logout_accepted(view->translator)
                         : phg_translate_refused(view->translator, s->refusal, s->refusal_text);
    ph_status status = append(f, word);
    if (status != PH_OK) return status;
    s->owes_logout = false;
    s->refusal = 0;
    s->state = phg_session_step(s->state, PHG_SESSION_SAID);
    return PH_OK;
}

static ph_status fill(phg_session *s, const phg_session_view *view, phg_out_frame *f)
{
    ph_status status = fill_first(s, view, f);
    if (status != PH_OK) return status;
    if (s->state == PHG_SESSION_LEAVING) return fill_last(s, view, f);
    status = fill_catalogue(s, view, f);
    if (status != PH_OK) return status;
    const phg_private *p = phg_private_streams_of(view->streams, s->reads);
    if (s->receive) {
        phg_stream_store *store = &view->streams->store;
        status = fill_stream(f, store, &p->reports, &s->next_report);
        if (status == PH_OK) status = fill_stream(f, store, &p->contracts, &s->next_contract);
        /* Never before the contract that it is under. */
        if (status == PH_OK && s->next_countersignature != 0 && s->next_contract > p->contracts.cnt)
            status = fill_stream(f, store, &p->countersignatures, &s->next_countersignature);
        if (status != PH_OK) return status;
    }
    /* A heartbeat says what every other message says too. */
    if (s->owes_heartbeat && f->cnt <= 1)
        status = append(f, phg_translate_heartbeat(view->translator));
    return status;
}

ph_status phg_session_fill(phg_session *s, const phg_session_view *view, uint64_t now_ns,
                           phg_out_frame *ret)
{
    ret->bytes = ret->room;
    ret->size = 0;
    ret->cnt = 0;
    ph_status status = fill(s, view, ret);
    if (status == PH_EAGAIN) status = PH_OK; /* the rest goes with the next frame */
    if (status != PH_OK) return status;
    s->owes_heartbeat = false;
    s->sent_ns = now_ns;
    return PH_OK;
}
