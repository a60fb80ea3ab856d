/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/outbox.h - commands that have no outcome yet, in the order in which they were given.

      WAITING --sent--> IN_FLIGHT --outcome--> gone
         ^                  |
         +----busy, lost----+

    After a lost connection everything in flight waits again, and is sent again in order once the
    private stream has been read up to what existed at logon: an outcome that exists has then been
    seen.  After a busy answer nothing is sent until a pause has passed and nothing is in flight,
    because an order that is overtaken by a later number can never be taken.

    Owns      the bytes of the entries; phc_outbox_release frees them.
    Units     time is milliseconds of any clock that does not go back, given by the caller.
    Thread    one.  No sockets, no clock. */
#ifndef CLIENTS_LIB_OUTBOX_H
#define CLIENTS_LIB_OUTBOX_H

#include "clients/lib/petahour.h"

typedef enum {
    PHC_OUT_ORDER = 1,   /* id is a client order id */
    PHC_OUT_COMMAND = 2, /* id is a request; the outcome is in the private stream */
    PHC_OUT_QUERY = 3,   /* id is a request; the outcome is not in the private stream */
} phc_out_kind;

enum { PHC_OUT_INSIDE = 64 };

typedef enum { PHC_OUT_WAITING, PHC_OUT_IN_FLIGHT, PHC_OUT_GONE } phc_out_state;

typedef struct {
    phc_out_kind kind;
    phc_out_state state;
    bool tried; /* was in flight before */
    uint64_t id;
    uint64_t after; /* its outcome has a higher stream number than this */
    size_t size;    /* of the encoded message */
    uint8_t *bytes; /* NULL: they are inside, as those of nearly every order are */
    uint8_t inside[PHC_OUT_INSIDE];
} phc_out;

typedef struct {
    phc_out *v; /* [first, end) are in use, GONE ones among them */
    size_t first, end, room;
    size_t cnt, in_flight, max;
    size_t next;           /* nothing before it is WAITING */
    uint64_t order_id_max; /* highest client order id ever put */
    uint64_t resent_order_max, resent_request_max;
    uint64_t pause_until_ms;
    uint32_t pause_ms; /* 0: not paused */
} phc_outbox;

void phc_outbox_init(phc_outbox *o, size_t max);
void phc_outbox_release(phc_outbox *o);

/* Keeps a copy of the message.  PHC_EFULL: max are unanswered; PHC_ENOMEM. */
phc_status phc_outbox_put(phc_outbox *o, phc_out_kind kind, uint64_t id, const uint8_t *bytes,
                          size_t size);

/* The next message to send now, or NULL: nothing waits, or it is paused. */
phc_out *phc_outbox_next(phc_outbox *o, uint64_t now_ms);

/* The encoded message; valid until the outbox changes. */
static inline const uint8_t *phc_out_bytes(const phc_out *e)
{
    return e->bytes != NULL ? e->bytes : e->inside;
}

/* It was sent; last_report is the newest private-stream number that exists for sure. */
void phc_outbox_sent(phc_outbox *o, phc_out *e, uint64_t last_report);

/* An outcome arrived.  True if it belongs to an entry, which is gone now. */
bool phc_outbox_answered(phc_outbox *o, phc_out_kind kind, uint64_t id, uint64_t stream_number);

/* The outcome belongs to no entry: true if it is the second answer to something sent twice. */
bool phc_outbox_is_echo(const phc_outbox *o, phc_out_kind kind, uint64_t id);

/* The market was at its limit: the entry waits again, everything pauses, longer each time. */
bool phc_outbox_busy(phc_outbox *o, phc_out_kind kind, uint64_t id, uint64_t now_ms);

/* The connection is gone: everything in flight waits again. */
void phc_outbox_lost(phc_outbox *o);

/* Takes out one order that was tried, waits, and cannot be taken any more because a client order
   id not below its own was taken.  0 if there is none.  Only true of what waits after the private
   stream was read up to what exists. */
uint64_t phc_outbox_take_dead(phc_outbox *o, uint64_t client_order_id_used);

/* When phc_outbox_next is worth asking again; UINT64_MAX: not because of time. */
uint64_t phc_outbox_due_ms(const phc_outbox *o);

#endif
