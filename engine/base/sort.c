/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/sort.h"

#include <string.h>

#include "engine/base/panic.h"

enum { FEW = 16 };

typedef bool (*before_fn)(const void *a, const void *b);

static bool is_sorted(const uint8_t *v, uint32_t cnt, size_t size, before_fn before)
{
    for (uint32_t i = 1; i < cnt; i++) {
        if (before(v + i * size, v + (i - 1) * size)) return false;
    }
    return true;
}

static void insertion(uint8_t *v, uint32_t cnt, size_t size, before_fn before)
{
    uint8_t one[PH_SORT_SIZE_MAX];
    for (uint32_t i = 1; i < cnt; i++) {
        memcpy(one, v + i * size, size);
        uint32_t j = i;
        for (; j > 0 && before(one, v + (j - 1) * size); j--)
            memcpy(v + j * size, v + (j - 1) * size, size);
        memcpy(v + j * size, one, size);
    }
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
    uint8_t one[PH_SORT_SIZE_MAX];
    memcpy(one, a, size);
    memcpy(a, b, size);
    memcpy(b, one, size);
}

/* Lets element i sink until none of its children comes after it. */
static void sink(uint8_t *v, uint32_t i, uint32_t cnt, size_t size, before_fn before)
{
    for (;;) {
        uint64_t child = 2 * (uint64_t)i + 1;
        if (child >= cnt) return;
        if (child + 1 < cnt && before(v + child * size, v + (child + 1) * size)) child++;
        if (!before(v + i * size, v + child * size)) return;
        swap(v + i * size, v + child * size, size);
        i = (uint32_t)child;
    }
}

void ph_sort(void *v, uint32_t cnt, size_t size, bool (*before)(const void *a, const void *b))
{
    PH_ASSERT(size > 0 && size <= PH_SORT_SIZE_MAX);
    uint8_t *p = v;
    if (is_sorted(p, cnt, size, before)) return;
    if (cnt <= FEW) {
        insertion(p, cnt, size, before);
        return;
    }
    for (uint32_t i = cnt / 2; i > 0; i--)
        sink(p, i - 1, cnt, size, before);
    for (uint32_t last = cnt - 1; last > 0; last--) {
        swap(p, p + last * size, size);
        sink(p, 0, last, size, before);
    }
}
