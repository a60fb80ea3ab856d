/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/checks.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"

static void one_by_one(uint64_t first, const ph_checked *v, uint32_t cnt, uint64_t *ret)
{
    for (uint32_t i = 0; i < cnt; i++)
        ret[i] = ph_chain_check(first + i, v[i].bytes, v[i].size);
}

#if defined(__x86_64__)

enum {
    WORDS_MAX = 64, /* of the longest that is done beside others */
    CNT_MIN = 3,    /* fewer are done one by one */
};

/* One word of each. */
typedef uint64_t words __attribute__((vector_size(8 * PH_CHECKS_MAX)));

#define ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))
#define ROUND                 \
    v0 += v1;                 \
    v2 += v3;                 \
    v1 = ROTATE(v1, 13) ^ v0; \
    v3 = ROTATE(v3, 16) ^ v2; \
    v0 = ROTATE(v0, 32) + v3; \
    v2 += v1;                 \
    v3 = ROTATE(v3, 21) ^ v0; \
    v1 = ROTATE(v1, 17) ^ v2; \
    v2 = ROTATE(v2, 32);

/* What is hashed, word by word: the last one has the rest of the bytes and the size. */
typedef struct {
    words m[WORDS_MAX + 1], cnt;
    uint32_t least, most;
} message;

__attribute__((target("avx512f"))) static void lay(const ph_checked *v, uint32_t cnt, message *to)
{
    to->least = UINT32_MAX;
    to->most = 0;
    for (uint32_t i = 0; i < PH_CHECKS_MAX; i++) {
        const ph_checked *of = &v[i < cnt ? i : 0]; /* nobody asks for what is behind */
        uint32_t n = (uint32_t)(of->size / 8);
        uint64_t last = (uint64_t)of->size << 56;
        for (uint32_t k = 0; k < n; k++)
            to->m[k][i] = ph_load_u64(of->bytes + 8 * (size_t)k);
        for (size_t k = 0; k < of->size % 8; k++)
            last |= (uint64_t)of->bytes[8 * (size_t)n + k] << 8 * k;
        to->m[n][i] = last;
        to->cnt[i] = ++n;
        if (n < to->least) to->least = n;
        if (n > to->most) to->most = n;
    }
}

__attribute__((target("avx512f"))) static void side_by_side(uint64_t first, const ph_checked *v,
                                                            uint32_t cnt, uint64_t *ret)
{
    message of;
    lay(v, cnt, &of);
    uint64_t k0 = ph_load_u64((const uint8_t *)"petahour");
    words k1 = {first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, first + 7};
    words none = {0};
    words v0 = none + (k0 ^ UINT64_C(0x736f6d6570736575));
    words v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
    words v2 = none + (k0 ^ UINT64_C(0x6c7967656e657261));
    words v3 = k1 ^ UINT64_C(0x7465646279746573);
    for (uint32_t k = 0; k < of.least; k++) {
        v3 ^= of.m[k];
        ROUND ROUND v0 ^= of.m[k];
    }
    for (uint32_t k = of.least; k < of.most; k++) {
        words w0 = v0, w1 = v1, w2 = v2, w3 = v3, m = of.m[k];
        words on = (words)(of.cnt > none + k);
        v3 ^= m & on;
        ROUND ROUND v0 ^= m & on;
        v0 = (v0 & on) | (w0 & ~on);
        v1 = (v1 & on) | (w1 & ~on);
        v2 = (v2 & on) | (w2 & ~on);
        v3 = (v3 & on) | (w3 & ~on);
    }
    v2 ^= UINT64_C(0xff);
    ROUND ROUND ROUND ROUND v0 ^= v1 ^ v2 ^ v3;
    for (uint32_t i = 0; i < cnt; i++)
        ret[i] = v0[i];
}

void ph_chain_checks(uint64_t first, const ph_checked *v, uint32_t cnt, uint64_t *ret)
{
    PH_ASSERT(cnt <= PH_CHECKS_MAX);
    bool is_long = false;
    for (uint32_t i = 0; i < cnt; i++)
        is_long = is_long || v[i].size / 8 >= WORDS_MAX;
    if (is_long || cnt < CNT_MIN || !__builtin_cpu_supports("avx512f"))
        one_by_one(first, v, cnt, ret);
    else
        side_by_side(first, v, cnt, ret);
}

#else

void ph_chain_checks(uint64_t first, const ph_checked *v, uint32_t cnt, uint64_t *ret)
{
    PH_ASSERT(cnt <= PH_CHECKS_MAX);
    one_by_one(first, v, cnt, ret);
}

#endif
