/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/frame.h"

#include <string.h>

/* Field 1, length-delimited: "messages" of a ClientFrame. */
enum { TAG = 0x0a, VARINT_MAX = 5 };

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
