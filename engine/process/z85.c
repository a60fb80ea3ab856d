/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/z85.h"

#include <string.h>

static const char alphabet[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

_Static_assert(sizeof alphabet == 85 + 1, "eighty-five digits");

ph_status ph_z85_read(const char *text, uint8_t ret[32])
{
    uint8_t bytes[32];
    if (strnlen(text, PH_Z85_KEY_SIZE + 1) != PH_Z85_KEY_SIZE) return PH_EINVAL;
    for (size_t group = 0; group < 8; group++) {
        uint64_t v = 0;
        for (size_t i = 0; i < 5; i++) {
            const char *digit = strchr(alphabet, text[group * 5 + i]);
            if (digit == NULL) return PH_EINVAL;
            v = v * 85 + (uint64_t)(digit - alphabet);
        }
        /* Five digits reach a little past 32 bits; such a group stands for nothing. */
        if (v > UINT32_MAX) return PH_EINVAL;
        for (size_t i = 0; i < 4; i++)
            bytes[group * 4 + i] = (uint8_t)(v >> (24 - 8 * i));
    }
    memcpy(ret, bytes, sizeof bytes);
    return PH_OK;
}

char *ph_z85_write(const uint8_t from[32], char to[PH_Z85_KEY_SIZE + 1])
{
    for (size_t group = 0; group < 8; group++) {
        uint32_t v = 0;
        for (size_t i = 0; i < 4; i++)
            v = v << 8 | from[group * 4 + i];
        for (size_t i = 5; i-- > 0;) {
            to[group * 5 + i] = alphabet[v % 85];
            v /= 85;
        }
    }
    to[PH_Z85_KEY_SIZE] = '\0';
    return to;
}
