/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/checks.h"

#include "engine/journal/chain.h"
#include "tests/unit/suite.h"

enum { BYTES = 2048, ROUNDS = 20000 };

static uint64_t drawn = 7;

static uint64_t draw(uint64_t below)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return drawn % below;
}

/* As many and as long as they like: the sums are those that libsodium computes one by one. */
START_TEST(sums_side_by_side_are_those_of_each_alone)
{
    uint8_t bytes[BYTES];
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)draw(256);
    for (int round = 0; round < ROUNDS; round++) {
        ph_checked v[PH_CHECKS_MAX];
        uint64_t ret[PH_CHECKS_MAX], first = draw(4) == 0 ? UINT64_MAX - draw(20) : draw(1000000);
        uint32_t cnt = (uint32_t)draw(PH_CHECKS_MAX + 1);
        for (uint32_t i = 0; i < cnt; i++) {
            size_t size = (size_t)draw(draw(8) == 0 ? BYTES : 130);
            v[i] = (ph_checked){bytes + draw(BYTES - size), size};
        }
        ph_chain_checks(first, v, cnt, ret);
        for (uint32_t i = 0; i < cnt; i++)
            ck_assert_uint_eq(ret[i], ph_chain_check(first + i, v[i].bytes, v[i].size));
    }
}
END_TEST

static void add(TCase *t)
{
    ph_chain_start();
    tcase_add_test(t, sums_side_by_side_are_those_of_each_alone);
}

int main(void)
{
    return suite_run("checks", add);
}
