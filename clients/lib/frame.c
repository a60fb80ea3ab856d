/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/frame.h"

#include "proto/shortest.h"

#include <stdlib.h>
#include <string.h>

/* Field 1, length-delimited: "messages" of a ClientFrame, and of a GatewayFrame. */
enum { TAG = 0x0a, ALIGN = 16 };

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

/* NULL also where there is no memory: such a message is then refused, as one that does not fit. */
static void *take(void *arg, size_t size)
{
    phc_unpacking *u = arg;
    if (u->room == NULL) u->room = malloc(PHC_UNPACKED_MAX);
    u->is_full = u->room == NULL || size > PHC_UNPACKED_MAX - ALIGN;
    size_t span = u->is_full ? 0 : (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    u->is_full = u->is_full || span > PHC_UNPACKED_MAX - u->used;
    if (u->is_full) return NULL;
    u->used += span;
    return u->room + u->used - span;
}

/* All of a message is given up at once. */
static void give(void *arg, void *p)
{
    (void)arg, (void)p;
}

static void *unpack(phc_unpacking *u, const ProtobufCMessageDescriptor *type, const void *bytes,
                    size_t size)
{
    ProtobufCAllocator allocator = {take, give, u};
    size_t before = u->used;
    u->is_full = false;
    void *m = protobuf_c_message_unpack(type, &allocator, size, bytes);
    if (m == NULL) u->used = before;
    return m;
}

Petahour__V1__GatewayMessage *phc_unpack(phc_unpacking *u, const void *bytes, size_t size)
{
    return unpack(u, &petahour__v1__gateway_message__descriptor, bytes, size);
}

Petahour__V1__MarketDataFrame *phc_unpack_market_data(phc_unpacking *u, const void *bytes,
                                                      size_t size)
{
    return unpack(u, &petahour__v1__market_data_frame__descriptor, bytes, size);
}

void phc_unpack_end(phc_unpacking *u, const void *message)
{
    u->used = (size_t)((const uint8_t *)message - u->room);
}

void phc_unpack_release(phc_unpacking *u)
{
    free(u->room);
    *u = (phc_unpacking){0};
}
