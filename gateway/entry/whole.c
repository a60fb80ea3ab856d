/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/order_entry_parts.h"

/* The kind of a session, as far as it says what may be sent. */
typedef struct {
    bool is_copy, reads_only, cancels;
} manner;

/* The Logon of a frame, which stands first or behind a Logout alone; NULL: it has none there. */
static const phg_in *logon_in(const phg_in_frame *frame)
{
    const uint32_t at = frame->v[0].kind == PHG_IN_LOGOUT ? 1 : 0;
    return at < frame->cnt && frame->v[at].kind == PHG_IN_LOGON ? &frame->v[at] : NULL;
}

/* Of the session in which the frame is taken: the one that is open, or that its Logon opens. */
static manner manner_of(const phg_taking *t, const phg_in_frame *frame)
{
    const phg_session *s = t->seat ? &t->seat->session : NULL;
    const phg_in *logon = logon_in(frame);
    manner m = {.reads_only = phg_catalogue_only_reads(t->oe->view.catalogue, t->from->key)};
    if (s && s->state == PHG_SESSION_READY && frame->v[0].kind != PHG_IN_LOGOUT) {
        m.is_copy = s->is_copy;
        m.cancels = s->tag != 0;
    }
    if (!logon) return m;
    m.is_copy = logon->u.logon.copy_of.v != 0;
    m.cancels = m.cancels || logon->u.logon.cancel_on_disconnect;
    return m;
}

/* Why this kind of session does not send the message; NULL: it may. */
static const char *why_not(const manner *m, const phg_in *in)
{
    if (in->kind != PHG_IN_COMMAND && in->kind != PHG_IN_QUERY) return NULL;
    if (m->is_copy) return "a drop copy only reads";
    if (in->kind == PHG_IN_QUERY) return NULL;
    if (m->reads_only) return "the key of this connection is for reading; connect with another one";
    if (m->cancels && in->u.command.kind == PH_CMD_NEW_GROUP)
        return "a group cannot be entered with cancel_on_disconnect; use a session without";
    return NULL;
}

bool phg_order_entry_is_whole(phg_taking *t, const phg_in_frame *frame)
{
    const manner m = manner_of(t, frame);
    const phg_in *logon = logon_in(frame);
    for (uint32_t i = 0; i < frame->cnt; i++) {
        const phg_in *in = &frame->v[i];
        const char *wrong = why_not(&m, in);
        if (wrong) {
            phg_order_entry_refuse(t, PHG_REFUSAL_NOT_ALLOWED, wrong);
            return false;
        }
        if ((in->kind == PHG_IN_LOGON && in != logon) ||
            (in->kind == PHG_IN_LOGOUT && i + 1 != frame->cnt && in + 1 != logon)) {
            phg_order_entry_refuse(t, PHG_REFUSAL_MALFORMED,
                                   "a Logon is the first message of its frame, a Logout the last; "
                                   "or a Logout is the first and a Logon the second");
            return false;
        }
    }
    return true;
}
