/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/keyed.h"

#include <string.h>

#include "tests/unit/suite.h"

enum { KEYS = 300, STEPS = 40000 };

typedef struct {
    ph_keyed_by by;
    uint64_t value;
} row;

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

START_TEST(it_holds_what_a_plain_list_would_hold)
{
    static uint64_t plain[KEYS]; /* 0: not there */
    memset(plain, 0, sizeof plain);
    uint32_t cnt = 0;
    ph_keyed k = ph_keyed_of(sizeof(row));
    for (uint64_t i = 1; i <= STEPS; i++) {
        uint64_t chance = mix(i + UINT64_C(77777) * (uint64_t)_i);
        /* Times of growing and of shrinking. */
        bool puts = (chance >> 40) % 100 < (i / 2000 % 2 == 0 ? 70 : 30);
        uint64_t n = chance % KEYS;
        ph_keyed_by by = {n % 7, n};
        row *r = ph_keyed_find(&k, by);
        ck_assert(plain[n] == 0 ? r == NULL : r != NULL && r->value == plain[n]);
        if (puts) {
            r = ph_keyed_put(&k, by);
            ck_assert_uint_eq(r->value, plain[n]);
            cnt += plain[n] == 0;
            r->value = plain[n] = i;
        } else if (r != NULL) {
            ph_keyed_remove(&k, r);
            plain[n] = 0;
            cnt--;
        }
        ck_assert_uint_eq(k.cnt, cnt);
    }
    for (uint32_t i = 0; i < k.cnt; i++) {
        const row *r = ph_keyed_at(&k, i);
        ck_assert_uint_eq(r->value, plain[r->by.b]);
        ck_assert_ptr_eq(ph_keyed_find(&k, r->by), r);
    }
    ph_keyed_free(&k);
    ck_assert_ptr_null(ph_keyed_find(&k, (ph_keyed_by){1, 1}));
}
END_TEST

START_TEST(many_keys_that_differ_in_one_number_are_found)
{
    ph_keyed k = ph_keyed_of(sizeof(row));
    for (uint64_t i = 0; i < 100000; i++)
        ((row *)ph_keyed_put(&k, (ph_keyed_by){i << 32, 5}))->value = i + 1;
    ck_assert_uint_eq(k.cnt, 100000);
    for (uint64_t i = 0; i < 100000; i++)
        ck_assert_uint_eq(((row *)ph_keyed_find(&k, (ph_keyed_by){i << 32, 5}))->value, i + 1);
    ck_assert_ptr_null(ph_keyed_find(&k, (ph_keyed_by){5, 0}));
    ph_keyed_free(&k);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, it_holds_what_a_plain_list_would_hold, 0, 4);
    tcase_add_test(t, many_keys_that_differ_in_one_number_are_found);
}

int main(void)
{
    return suite_run("keyed", add);
}
