/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/sort.h"

#include "tests/unit/suite.h"

typedef struct {
    uint32_t key;
    uint32_t number;
} element;

static bool before(const void *va, const void *vb)
{
    const element *a = va, *b = vb;
    return a->key != b->key ? a->key < b->key : a->number < b->number;
}

/* Every length from none to more than a few, in three shapes: any, falling, many equal keys. */
START_TEST(sorts_every_length)
{
    element v[200];
    uint32_t cnt = (uint32_t)_i;
    for (int shape = 0; shape < 3; shape++) {
        uint64_t seen = 0, x = 88172645463325252ull + cnt;
        for (uint32_t i = 0; i < cnt; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            uint32_t any = (uint32_t)x;
            v[i] = (element){.key = shape == 0   ? any
                                    : shape == 1 ? cnt - i
                                                 : any % 3,
                             .number = cnt - i};
            seen += v[i].key + 7ull * v[i].number;
        }
        ph_sort(v, cnt, sizeof v[0], before);
        for (uint32_t i = 0; i < cnt; i++) {
            if (i > 0) ck_assert(before(&v[i - 1], &v[i]));
            seen -= v[i].key + 7ull * v[i].number;
        }
        ck_assert_uint_eq(seen, 0);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, sorts_every_length, 0, 200);
}

int main(void)
{
    return suite_run("sort", add);
}
