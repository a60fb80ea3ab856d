/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_buffers.h - what the files of the translation share: buffers,
    and writing a message.

    Owns      the arena, from which everything that protobuf-c asks for is cut, and the bytes that
              were written last. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_BUFFERS_H
#define GATEWAY_TRANSLATE_TRANSLATE_BUFFERS_H

#include <protobuf-c/protobuf-c.h>

#include "gateway/translate/translate.h"
#include "gateway/translate/translate_order.h"

#include "petahour/v1/session.pb-c.h"

/* 16 bytes for each byte of the largest frame: what an honest frame needs is less than half. */
enum { PHG_ARENA_SIZE = 16 * PHG_FRAME_BYTES_MAX };

struct phg_translator {
    ProtobufCAllocator allocator;
    size_t arena_used;
    uint8_t *out;
    size_t out_max;
    void *scratch; /* segments and pointers of the message that is written */
    size_t scratch_max;
    uint8_t plain[PHG_PLAIN_REPORT_MAX]; /* the plain report that was written last */
    _Alignas(16) uint8_t arena[PHG_ARENA_SIZE];
};

/* The generated initializers and our constants are both read only; protobuf-c's fields are not. */
char *phg_text_of(const char *s);
ProtobufCBinaryData phg_blob_of(const void *bytes, size_t size);

/* An order as a client sends it. */
Petahour__V1__NewOrder phg_order_of(const ph_new_order *o);

/* Room for `cnt` messages of `size` bytes and the pointers to them; NULL: no memory. */
void *phg_scratch(phg_translator *t, size_t cnt, size_t size);

/* Makes room for `need` bytes; false: no memory, and the room is as it was. */
bool phg_grow(void **room, size_t *max, size_t need);

void phg_fill_segment(Petahour__V1__Segment *to, const ph_segment *from);

/* The message alone, or as an element of a frame. */
phg_bytes phg_pack(phg_translator *t, const ProtobufCMessage *m, bool is_framed);

/* The message as an element of GatewayFrame.messages. */
phg_bytes phg_pack_message(phg_translator *t, const Petahour__V1__GatewayMessage *m);

#endif
