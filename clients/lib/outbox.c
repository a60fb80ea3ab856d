/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/outbox.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, PAUSE_FIRST_MS = 10, PAUSE_MAX_MS = 1000 };

void phc_outbox_init(phc_outbox *o, size_t max)
{
    *o = (phc_outbox){.max = max};
}

void phc_outbox_release(phc_outbox *o)
{
    for (size_t i = o->first; i < o->end; i++)
        free(o->v[i].bytes);
    free(o->v);
    *o = (phc_outbox){0};
}

/* Moves what is not gone to the front. */
static void compact(phc_outbox *o)
{
    size_t kept = 0, next = SIZE_MAX;
    for (size_t i = o->first; i < o->end; i++) {
        if (i >= o->next && next == SIZE_MAX) next = kept;
        if (o->v[i].state != PHC_OUT_GONE) o->v[kept++] = o->v[i];
    }
    o->first = 0;
    o->end = kept;
    o->next = next == SIZE_MAX ? kept : next;
}

/* Room for one more at the end.  An entry that stays unanswered for long does not hold the room of
   those that were answered after it. */
static bool make_room(phc_outbox *o)
{
    if (o->end < o->room) return true;
    if (o->cnt < o->room / 2) {
        compact(o);
        return true;
    }
    size_t room = o->room == 0 ? ROOM_FIRST : 2 * o->room;
    phc_out *v = reallocarray(o->v, room, sizeof *v);
    if (v == NULL) return false;
    o->v = v;
    o->room = room;
    return true;
}

phc_status phc_outbox_put(phc_outbox *o, phc_out_kind kind, uint64_t id, const uint8_t *bytes,
                          size_t size)
{
    if (o->cnt >= o->max) return PHC_EFULL;
    if (!make_room(o)) return PHC_ENOMEM;
    phc_out *e = &o->v[o->end];
    uint8_t *outside = size <= sizeof e->inside ? NULL : malloc(size);
    if (outside == NULL && size > sizeof e->inside) return PHC_ENOMEM;
    e->kind = kind;
    e->state = PHC_OUT_WAITING;
    e->tried = false;
    e->id = id;
    e->after = 0;
    e->size = size;
    e->bytes = outside;
    memcpy(outside != NULL ? outside : e->inside, bytes, size);
    o->end++;
    o->cnt++;
    if (kind == PHC_OUT_ORDER && id > o->order_id_max) o->order_id_max = id;
    return PHC_OK;
}

phc_out *phc_outbox_next(phc_outbox *o, uint64_t now_ms)
{
    if (o->pause_ms != 0 && (now_ms < o->pause_until_ms || o->in_flight > 0)) return NULL;
    while (o->next < o->end && o->v[o->next].state != PHC_OUT_WAITING)
        o->next++;
    return o->next < o->end ? &o->v[o->next] : NULL;
}

void phc_outbox_sent(phc_outbox *o, phc_out *e, uint64_t last_report)
{
    if (!e->tried) {
        e->after = last_report;
    } else {
        uint64_t *most = e->kind == PHC_OUT_ORDER ? &o->resent_order_max : &o->resent_request_max;
        if (e->id > *most) *most = e->id;
    }
    e->tried = true;
    e->state = PHC_OUT_IN_FLIGHT;
    o->in_flight++;
    /* After a pause one message goes out alone to ask whether there is room; the length of the
       pause is kept until it is answered, so that it grows while the market stays busy. */
    o->pause_until_ms = 0;
}

static void drop(phc_outbox *o, phc_out *e)
{
    if (e->state == PHC_OUT_IN_FLIGHT) o->in_flight--;
    e->state = PHC_OUT_GONE;
    free(e->bytes);
    e->bytes = NULL;
    o->cnt--;
    while (o->first < o->end && o->v[o->first].state == PHC_OUT_GONE)
        o->first++;
    if (o->first == o->end) o->first = o->end = o->next = 0;
    if (o->next < o->first) o->next = o->first;
}

/* Outcomes come in the order of sending, so the search nearly always ends at once. */
static phc_out *find(phc_outbox *o, phc_out_kind kind, uint64_t id)
{
    for (size_t i = o->first; i < o->end; i++) {
        phc_out *e = &o->v[i];
        if (e->kind == kind && e->id == id && e->state != PHC_OUT_GONE && e->tried) return e;
    }
    return NULL;
}

bool phc_outbox_answered(phc_outbox *o, phc_out_kind kind, uint64_t id, uint64_t stream_number)
{
    phc_out *e = find(o, kind, id);
    if (e == NULL) return false;
    if (kind != PHC_OUT_QUERY && stream_number <= e->after) return false;
    drop(o, e);
    /* An answer to what was sent before a pause says nothing about the market's room now. */
    if (o->pause_until_ms == 0) o->pause_ms = 0;
    return true;
}

bool phc_outbox_is_echo(const phc_outbox *o, phc_out_kind kind, uint64_t id)
{
    return id <= (kind == PHC_OUT_ORDER ? o->resent_order_max : o->resent_request_max);
}

bool phc_outbox_busy(phc_outbox *o, phc_out_kind kind, uint64_t id, uint64_t now_ms)
{
    phc_out *e = find(o, kind, id);
    if (e == NULL || e->state != PHC_OUT_IN_FLIGHT) return false;
    e->state = PHC_OUT_WAITING;
    o->in_flight--;
    size_t at = (size_t)(e - o->v);
    if (at < o->next) o->next = at;
    /* One pause for all answers to what was in flight together. */
    if (o->pause_until_ms == 0) {
        o->pause_ms = o->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * o->pause_ms;
        if (o->pause_ms > PAUSE_MAX_MS) o->pause_ms = PAUSE_MAX_MS;
        o->pause_until_ms = now_ms + o->pause_ms;
    }
    return true;
}

void phc_outbox_lost(phc_outbox *o)
{
    for (size_t i = o->first; i < o->end; i++)
        if (o->v[i].state == PHC_OUT_IN_FLIGHT) o->v[i].state = PHC_OUT_WAITING;
    o->in_flight = 0;
    o->next = o->first;
    o->pause_ms = 0;
    o->pause_until_ms = 0;
}

uint64_t phc_outbox_take_dead(phc_outbox *o, uint64_t client_order_id_used)
{
    if (o->in_flight > 0) return 0;
    for (size_t i = o->next; i < o->end; i++) {
        phc_out *e = &o->v[i];
        if (e->state == PHC_OUT_GONE) continue;
        if (!e->tried) break; /* and so is nothing behind it */
        if (e->kind != PHC_OUT_ORDER || e->id > client_order_id_used) continue;
        uint64_t id = e->id;
        drop(o, e);
        return id;
    }
    return 0;
}

uint64_t phc_outbox_due_ms(const phc_outbox *o)
{
    if (o->pause_ms == 0 || o->pause_until_ms == 0 || o->in_flight > 0) return UINT64_MAX;
    return o->pause_until_ms;
}
