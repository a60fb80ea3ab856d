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

#include "petahour/v1/market_data.pb-c.h"
#include "petahour/v1/session.pb-c.h"

enum {
    PHC_FRAME_HEADER_BYTES = 2,
    PHC_PROTOCOL_VERSION = 1,
    PHC_KIND_CLIENT = 1,
    PHC_KIND_GATEWAY = 2,
    PHC_KIND_MARKET_DATA = 3,
    PHC_FRAME_PAYLOAD_MAX = PHC_FRAME_BYTES_MAX - PHC_FRAME_HEADER_BYTES,
    /* One message that is longer than a frame goes alone: a contract, or the report of a trade, of
       65,536 segments. */
    PHC_FRAME_RECEIVED_MAX = 2 * 1024 * 1024,
    PHC_MARKET_DATA_MAX = 65536, /* payload of market data: there is nothing longer */
    PHC_WIRE_MORE = 1024,        /* bounds hold on the wire, where CURVE adds and shakes hands */
    PHC_UNPACKED_MAX = 10 << 20, /* memory of what is read; the longest message needs 8 MiB */
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

/* Memory of what is being read, cut from one piece of PHC_UNPACKED_MAX bytes: asking for each part
   costs more than reading it, and a few bytes of a hostile message may ask for much.  Pages that
   were never needed take none. */
typedef struct {
    uint8_t *room; /* NULL: not yet */
    size_t used;
    bool is_full; /* what was read last did not fit */
} phc_unpacking;

/* Read a GatewayMessage, a MarketDataFrame; NULL: it is none, or asks for more memory than there
   is.  What was read is valid until phc_unpack_end, which gives up what was read last. */
Petahour__V1__GatewayMessage *phc_unpack(phc_unpacking *u, const void *bytes, size_t size);
Petahour__V1__MarketDataFrame *phc_unpack_market_data(phc_unpacking *u, const void *bytes,
                                                      size_t size);
void phc_unpack_end(phc_unpacking *u, const void *message);
void phc_unpack_release(phc_unpacking *u);

/* True if `header` is that of a frame of `kind` in this protocol version. */
bool phc_frame_header_ok(const void *header, size_t size, int kind);

#endif
