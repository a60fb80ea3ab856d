/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate_buffers.h - what translate.c and translate_out.c share: the buffers.

    Owns      the arena, from which everything that protobuf-c asks for is cut, and the bytes that
              were written last. */
#ifndef GATEWAY_TRANSLATE_BUFFERS_H
#define GATEWAY_TRANSLATE_BUFFERS_H

#include <protobuf-c/protobuf-c.h>

#include "gateway/translate.h"

/* 16 bytes for each byte of the largest frame: what an honest frame needs is less than half. */
enum { PHG_ARENA_SIZE = 16 * PHG_FRAME_BYTES_MAX };

struct phg_translator {
    ProtobufCAllocator allocator;
    size_t arena_used;
    uint8_t *out;
    size_t out_max;
    void *scratch; /* segments and pointers of the message that is written */
    size_t scratch_max;
    _Alignas(16) uint8_t arena[PHG_ARENA_SIZE];
};

#endif
