/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/frame.h - frames: 1 to 256 encoded messages that travel together.

    A frame's payload is a protobuf message with one repeated field, so encoded messages are put one
    after the other, each with a tag and its length; nothing is encoded twice when it is sent
    again.

    Owns      nothing: the bytes are in the struct; a phc_unpacking owns its room.
    Laws      cnt <= PHC_FRAME_MESSAGES_MAX, size <= PHC_FRAME_PAYLOAD_MAX. */
#ifndef CLIENTS_LIB_FRAME_H
#define CLIENTS_LIB_FRAME_H

#include "clients/lib/petahour.h"

#include "petahour/v1/session.pb-c.h"

enum {
    PHC_FRAME_HEADER_BYTES = 2,
    PHC_PROTOCOL_VERSION = 1,
    PHC_KIND_CLIENT = 1,
    PHC_KIND_GATEWAY = 2,
    PHC_KIND_MARKET_DATA = 3,
    PHC_FRAME_PAYLOAD_MAX = PHC_FRAME_BYTES_MAX - PHC_FRAME_HEADER_BYTES,
    /* A gateway's frame may hold one contract of the longest kind. */
    PHC_FRAME_RECEIVED_MAX = 2 * 1024 * 1024,
};

typedef struct {
    uint32_t cnt;
    size_t size;
    uint8_t payload[PHC_FRAME_PAYLOAD_MAX];
} phc_frame;

/* False, and nothing changed, if the message does not fit any more. */
bool phc_frame_put(phc_frame *f, const uint8_t *message, size_t size);

/* One message of a received frame, encoded. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} phc_frame_message;

/* Takes the next message out of the payload [*p, end) of a GatewayFrame; fields that are not known
   are passed over.  False: *p is the end, or what is there is no frame, and *p is left where that
   begins. */
bool phc_frame_next(const uint8_t **p, const uint8_t *end, phc_frame_message *ret);

/* True if the whole payload is that of a frame; its messages may still be none. */
bool phc_frame_is_whole(const uint8_t *payload, size_t size);

/* Memory of the message that is being read: its parts are cut from one piece, because asking for
   each costs more than reading them.  What does not fit is asked for. */
typedef struct {
    uint8_t *room; /* NULL: not yet */
    size_t used;
    size_t asked; /* parts outside the room that are held */
} phc_unpacking;

/* Reads a GatewayMessage; NULL: it is none, or there is no memory.  Valid until phc_unpack_end; one
   at a time. */
Petahour__V1__GatewayMessage *phc_unpack(phc_unpacking *u, const void *bytes, size_t size);
void phc_unpack_end(phc_unpacking *u, Petahour__V1__GatewayMessage *message);
void phc_unpack_release(phc_unpacking *u);

/* True if `header` is that of a frame of `kind` in this protocol version. */
bool phc_frame_header_ok(const void *header, size_t size, int kind);

#endif
