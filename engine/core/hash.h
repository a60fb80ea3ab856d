/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/hash.h - bytes to the key of an index: FNV-1a, then a finalizer. */
#ifndef ENGINE_CORE_HASH_H
#define ENGINE_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Never 0, which is no key of an index. */
static inline uint64_t ph_hash_key(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *b = bytes;
    uint64_t h = UINT64_C(0xCBF29CE484222325) ^ seed;
    for (size_t i = 0; i < size; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001B3);
    h = (h ^ h >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    h ^= h >> 33;
    return h == 0 ? 1 : h;
}

#endif
