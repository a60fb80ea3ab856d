/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate.h"

#include "gateway/translate/translate_buffers.h"
#include "gateway/translate/translate_in.h"

#include "petahour/v1/session.pb-c.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool phg_refuse(phg_reading *r, const char *format, ...)
{
    int used = 0;
    if (r->message != 0)
        used = snprintf(r->why, PHG_WHY_SIZE, "message %u of the frame: ", (unsigned)r->message);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->why + used, PHG_WHY_SIZE - (size_t)used, format, args);
    va_end(args);
    return false;
}

static void *arena_take(void *arg, size_t size)
{
    phg_translator *t = arg;
    if (size > PHG_ARENA_SIZE) return NULL;
    size_t need = (size + 15) & ~(size_t)15;
    if (need > PHG_ARENA_SIZE - t->arena_used) return NULL;
    void *p = t->arena + t->arena_used;
    t->arena_used += need;
    return p;
}

/* The whole arena is given back before the next frame. */
static void arena_give(void *arg, void *p)
{
    (void)arg;
    (void)p;
}

ph_status phg_translator_open(phg_translator **ret)
{
    phg_translator *t = aligned_alloc(16, (sizeof *t + 15) & ~(size_t)15);
    if (!t) return PH_EFULL;
    t->allocator = (ProtobufCAllocator){arena_take, arena_give, t};
    t->arena_used = 0;
    t->out = NULL;
    t->out_max = 0;
    t->scratch = NULL;
    t->scratch_max = 0;
    *ret = t;
    return PH_OK;
}

void phg_translator_close(phg_translator *t)
{
    if (!t) return;
    free(t->out);
    free(t->scratch);
    free(t);
}

static bool take_logon(const Petahour__V1__Logon *m, phg_in *to)
{
    to->kind = PHG_IN_LOGON;
    to->u.logon = (phg_logon){m->protocol_version,      m->next_report,
                              m->next_contract,         m->receive != 0,
                              m->next_countersignature, m->cancel_on_disconnect != 0,
                              m->take_over != 0,        {m->copy_of}};
    return true;
}

static bool take_message(phg_reading *r, const Petahour__V1__ClientMessage *m, phg_in *to)
{
    if (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LOGON)
        return take_logon(m->logon, to);
    if (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LOGOUT) {
        to->kind = PHG_IN_LOGOUT;
        return true;
    }
    if (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_HEARTBEAT) {
        to->kind = PHG_IN_HEARTBEAT;
        return true;
    }
    if (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LIST_CATALOGUE) {
        to->kind = PHG_IN_LIST_CATALOGUE;
        to->u.request = m->list_catalogue->request;
        return true;
    }
    bool ok = false;
    if (phg_take_query(r, m, &to->u.asked, &ok)) {
        to->kind = PHG_IN_QUERY;
        return ok;
    }
    to->kind = PHG_IN_COMMAND;
    memset(&to->u.command, 0, sizeof to->u.command);
    return phg_take_command(r, m, &to->u.command);
}

/* The message in field f of m, or the k-th of them; NULL if there is none. */
static const ProtobufCMessage *part_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                                       size_t k)
{
    const char *at = (const char *)m + f->offset;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t cnt = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
        return k < cnt ? (*(ProtobufCMessage * *const *)(const void *)at)[k] : NULL;
    }
    bool is_other =
        (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)(const void *)((const char *)m + f->quantifier_offset) != f->id;
    return is_other || k != 0 ? NULL : *(ProtobufCMessage *const *)(const void *)at;
}

/* Something that this version does not know, at any depth: messages contain each other at most
   three deep, never themselves. */
static bool has_unknown_fields(const ProtobufCMessage *m)
{
    if (m->n_unknown_fields != 0) return true;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_MESSAGE) continue;
        const ProtobufCMessage *part;
        for (size_t k = 0; (part = part_of(m, f, k)) != NULL; k++)
            if (has_unknown_fields(part)) return true;
    }
    return false;
}

/* Counts the messages of the frame without allocating; each is field 1 with a length. */
static bool count_messages(phg_reading *r, const uint8_t *p, size_t size, uint32_t *ret_cnt)
{
    const uint8_t *end = p + size;
    uint32_t cnt = 0;
    while (p < end) {
        if (*p++ != 0x0a) return phg_refuse(r, "the frame has a field that is not known");
        uint32_t length = 0;
        unsigned shift = 0;
        do {
            if (p == end || shift > 14)
                return phg_refuse(r, "a length of the frame is cut or too long");
            length |= (uint32_t)(*p & 0x7f) << shift;
            shift += 7;
        } while (*p++ & 0x80);
        if (length > (size_t)(end - p)) return phg_refuse(r, "the frame is cut");
        p += length;
        if (++cnt > PHG_FRAME_MESSAGES_MAX)
            return phg_refuse(r, "the frame has more than %d messages", PHG_FRAME_MESSAGES_MAX);
    }
    if (cnt == 0) return phg_refuse(r, "the frame has no message");
    *ret_cnt = cnt;
    return true;
}

/* False: it is neither an order nor a cancel, or it is refused. */
static bool take_plain(phg_reading *r, const uint8_t *p, uint32_t size, phg_in *to)
{
    Petahour__V1__NewOrder order;
    Petahour__V1__CancelOrder cancel;
    to->kind = PHG_IN_COMMAND;
    memset(&to->u.command, 0, sizeof to->u.command);
    if (phg_read_order(p, size, &order)) {
        to->u.command.kind = PH_CMD_NEW_ORDER;
        return phg_take_order(r, &order, &to->u.command.u.order);
    }
    if (!phg_read_cancel(p, size, &cancel)) return false;
    Petahour__V1__ClientMessage m;
    petahour__v1__client_message__init(&m);
    m.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_CANCEL_ORDER;
    m.cancel_order = &cancel;
    return phg_take_command(r, &m, &to->u.command);
}

/* Reads a frame of well-formed orders and cancels only, whose messages were counted.  False: it is
   another one, or one of them is refused. */
static bool take_plain_frame(const uint8_t *p, uint32_t cnt, phg_in_frame *ret)
{
    char why[PHG_WHY_SIZE];
    phg_reading r = {0, why};
    for (uint32_t i = 0; i < cnt; i++) {
        uint32_t length = *++p & 0x7f;
        bool is_padded = false;
        for (unsigned shift = 7; (*p++ & 0x80) != 0; shift += 7) {
            length |= (uint32_t)(*p & 0x7f) << shift;
            is_padded = *p == 0;
        }
        if (is_padded || !take_plain(&r, p, length, &ret->v[i])) return false;
        p += length;
    }
    ret->cnt = cnt;
    return true;
}

bool phg_translate_in(phg_translator *t, const void *bytes, size_t size, phg_in_frame *ret,
                      char why[PHG_WHY_SIZE])
{
    phg_reading r = {0, why};
    uint32_t cnt = 0;
    if (size > PHG_FRAME_BYTES_MAX)
        return phg_refuse(&r, "the frame has %zu bytes where %d are allowed", size,
                          PHG_FRAME_BYTES_MAX);
    if (!count_messages(&r, bytes, size, &cnt)) return false;
    if (take_plain_frame(bytes, cnt, ret)) return true;
    t->arena_used = 0;
    Petahour__V1__ClientFrame *frame =
        petahour__v1__client_frame__unpack(&t->allocator, size, bytes);
    if (!frame || frame->n_messages != cnt)
        return phg_refuse(&r, "the frame is not a ClientFrame of petahour.v1");
    for (uint32_t i = 0; i < cnt; i++) {
        r.message = i + 1;
        if (has_unknown_fields(&frame->messages[i]->base))
            return phg_refuse(&r, "has a field that is not known here");
        if (!take_message(&r, frame->messages[i], &ret->v[i])) return false;
    }
    r.message = 0;
    if (petahour__v1__client_frame__get_packed_size(frame) != size)
        return phg_refuse(&r, "the frame is not the shortest encoding of what it says");
    ret->cnt = cnt;
    return true;
}
