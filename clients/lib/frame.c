/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/frame.h"

#include <stdlib.h>
#include <string.h>

/* Field 1, length-delimited: "messages" of a ClientFrame. */
enum { TAG = 0x0a, VARINT_MAX = 5, ROOM = 256 << 10, ALIGN = 16 };

bool phc_frame_put(phc_frame *f, const uint8_t *message, size_t size)
{
    uint8_t start[1 + VARINT_MAX];
    size_t n = 0, left = size;
    if (size > PHC_FRAME_PAYLOAD_MAX || f->cnt == PHC_FRAME_MESSAGES_MAX) return false;
    start[n++] = TAG;
    for (; left >= 0x80; left >>= 7)
        start[n++] = (uint8_t)(left | 0x80);
    start[n++] = (uint8_t)left;
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

Petahour__V1__GatewayFrame *phc_unpack(phc_unpacking *u, const void *bytes, size_t size)
{
    ProtobufCAllocator allocator = {take, give, u};
    u->used = 0;
    return petahour__v1__gateway_frame__unpack(&allocator, size, bytes);
}

void phc_unpack_end(phc_unpacking *u, Petahour__V1__GatewayFrame *frame)
{
    ProtobufCAllocator allocator = {take, give, u};
    if (u->asked != 0) petahour__v1__gateway_frame__free_unpacked(frame, &allocator);
    u->used = 0;
}

void phc_unpack_release(phc_unpacking *u)
{
    free(u->room);
    *u = (phc_unpacking){0};
}
