/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/frame.h"

#include "proto/shortest.h"

#include <stdlib.h>
#include <string.h>

/* Field 1, length-delimited: "messages" of a ClientFrame, and of a GatewayFrame. */
enum { TAG = 0x0a, ROOM = 256 << 10, ALIGN = 16 };

bool phc_frame_put(phc_frame *f, const uint8_t *message, size_t size)
{
    uint8_t start[1 + PB_LENGTH_MAX];
    if (size > PHC_FRAME_PAYLOAD_MAX || f->cnt == PHC_FRAME_MESSAGES_MAX) return false;
    start[0] = TAG;
    size_t n = (size_t)(pb_put_number(start + 1, size) - start);
    if (n + size > PHC_FRAME_PAYLOAD_MAX - f->size) return false;
    memcpy(f->payload + f->size, start, n);
    memcpy(f->payload + f->size + n, message, size);
    f->size += n + size;
    f->cnt++;
    return true;
}

bool phc_frame_header_ok(const void *header, size_t size, int kind)
{
    const uint8_t *h = header;
    return size == PHC_FRAME_HEADER_BYTES && h[0] == PHC_PROTOCOL_VERSION && h[1] == kind;
}

/* A number as protobuf-c reads it, which may be padded. */
static bool take_number(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0) continue;
        *ret = v;
        return true;
    }
    return false;
}

/* Takes one field; *ret is empty unless it is a message. */
static bool take_field(const uint8_t **p, const uint8_t *end, phc_frame_message *ret)
{
    enum { NUMBER = 0, EIGHT_BYTES = 1, BYTES = 2, FOUR_BYTES = 5 };
    uint64_t tag, size;
    *ret = (phc_frame_message){0};
    if (!take_number(p, end, &tag) || tag >> 3 == 0) return false;
    switch (tag & 7) {
    case NUMBER: return tag != (TAG >> 3) << 3 && take_number(p, end, &size);
    case EIGHT_BYTES: size = 8; break;
    case FOUR_BYTES: size = 4; break;
    case BYTES:
        if (!take_number(p, end, &size)) return false;
        break;
    default: return false;
    }
    if (size > (uint64_t)(end - *p) || (tag >> 3 == TAG >> 3 && tag != TAG)) return false;
    if (tag == TAG) *ret = (phc_frame_message){*p, (size_t)size};
    *p += size;
    return true;
}

bool phc_frame_next(const uint8_t **p, const uint8_t *end, phc_frame_message *ret)
{
    while (*p < end) {
        const uint8_t *begin = *p;
        if (!take_field(p, end, ret)) {
            *p = begin;
            return false;
        }
        if (ret->bytes != NULL) return true;
    }
    return false;
}

bool phc_frame_is_whole(const uint8_t *payload, size_t size)
{
    const uint8_t *p = payload, *end = payload + size;
    phc_frame_message m;
    while (phc_frame_next(&p, end, &m)) {
    }
    return p == end;
}

static void *take(void *arg, size_t size)
{
    phc_unpacking *u = arg;
    size_t span = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (u->room == NULL) u->room = malloc(ROOM);
    if (u->room != NULL && size <= ROOM && span <= ROOM - u->used) {
        u->used += span;
        return u->room + u->used - span;
    }
    void *p = malloc(size);
    u->asked += p != NULL;
    return p;
}

static void give(void *arg, void *p)
{
    phc_unpacking *u = arg;
    uintptr_t at = (uintptr_t)p, room = (uintptr_t)u->room;
    if (p == NULL || (u->room != NULL && at >= room && at < room + ROOM)) return;
    free(p);
    u->asked--;
}

Petahour__V1__GatewayMessage *phc_unpack(phc_unpacking *u, const void *bytes, size_t size)
{
    ProtobufCAllocator allocator = {take, give, u};
    u->used = 0;
    return petahour__v1__gateway_message__unpack(&allocator, size, bytes);
}

void phc_unpack_end(phc_unpacking *u, Petahour__V1__GatewayMessage *message)
{
    ProtobufCAllocator allocator = {take, give, u};
    if (u->asked != 0) petahour__v1__gateway_message__free_unpacked(message, &allocator);
    u->used = 0;
}

void phc_unpack_release(phc_unpacking *u)
{
    free(u->room);
    *u = (phc_unpacking){0};
}
