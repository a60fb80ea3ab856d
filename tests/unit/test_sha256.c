/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/sha256.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/suite.h"

enum { SIZE_MAX_TRIED = 4 * 64 + 2 }; /* four blocks, and their border */

static uint8_t bytes[1 << 16];

static void setup(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 131 + i / 251);
}

static void assert_is_right(const ph_hash *h, size_t size)
{
    uint8_t expected[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(expected, bytes, size);
    ck_assert_mem_eq(h->b, expected, sizeof expected);
}

START_TEST(the_hash_of_abc_is_that_of_the_standard)
{
    char text[65];
    ph_hash h = ph_sha256("abc", 3);
    ck_assert_str_eq(sodium_bin2hex(text, sizeof text, h.b, sizeof h.b),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(every_length_around_the_blocks_is_as_another_library_has_it)
{
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size++) {
        ph_hash h = ph_sha256(bytes, size);
        assert_is_right(&h, size);
    }
    ph_hash h = ph_sha256(bytes, sizeof bytes);
    assert_is_right(&h, sizeof bytes);
}
END_TEST

START_TEST(bytes_may_come_in_parts)
{
    for (size_t size = 0; size <= SIZE_MAX_TRIED; size += 13) {
        for (size_t first = 0; first <= size; first++) {
            ph_sha256_state s;
            ph_sha256_begin(&s);
            ph_sha256_add(&s, bytes, first);
            ph_sha256_add(&s, bytes + first, size - first);
            ph_hash h = ph_sha256_end(&s);
            assert_is_right(&h, size);
        }
    }
}
END_TEST

START_TEST(a_copy_goes_on_by_itself)
{
    ph_sha256_state s;
    ph_sha256_begin(&s);
    ph_sha256_add(&s, bytes, 64);
    for (size_t size = 64; size <= SIZE_MAX_TRIED; size++) {
        ph_sha256_state copy = s;
        ph_sha256_add(&copy, bytes + 64, size - 64);
        ph_hash h = ph_sha256_end(&copy);
        assert_is_right(&h, size);
    }
}
END_TEST

START_TEST(a_pair_is_hashed_like_its_bytes)
{
    for (unsigned round = 0; round < 64; round++) {
        ph_hash left, right;
        bytes[0] = (uint8_t)round;
        bytes[1 + round] ^= 0x55;
        memcpy(left.b, bytes + 1, sizeof left.b);
        memcpy(right.b, bytes + 33, sizeof right.b);
        ph_hash h = ph_sha256_pair(bytes[0], &left, &right);
        assert_is_right(&h, 65);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, the_hash_of_abc_is_that_of_the_standard);
    tcase_add_test(t, every_length_around_the_blocks_is_as_another_library_has_it);
    tcase_add_test(t, bytes_may_come_in_parts);
    tcase_add_test(t, a_copy_goes_on_by_itself);
    tcase_add_test(t, a_pair_is_hashed_like_its_bytes);
}

int main(void)
{
    if (sodium_init() < 0) return EXIT_FAILURE;
    return suite_run("sha256", add);
}
