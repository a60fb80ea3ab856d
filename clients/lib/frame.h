/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/frame.h - frames: 1 to 256 encoded messages that travel together.

    A frame's payload is a protobuf message with one repeated field, so encoded messages are put one
    after the other, each with a tag and its length; nothing is encoded twice when it is sent
    again.

    Owns      nothing: the bytes are in the struct.
    Laws      cnt <= PHC_FRAME_MESSAGES_MAX, size <= PHC_FRAME_PAYLOAD_MAX. */
#ifndef CLIENTS_LIB_FRAME_H
#define CLIENTS_LIB_FRAME_H

#include "clients/lib/petahour.h"

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

/* True if `header` is that of a frame of `kind` in this protocol version. */
bool phc_frame_header_ok(const void *header, size_t size, int kind);

#endif
