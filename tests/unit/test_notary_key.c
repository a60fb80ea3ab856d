/* SPDX-License-Identifier: Apache-2.0 */
/* The key that signs contracts is changed by a command of an OPERATOR. */
#include "engine/core/notary_key.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t buyer;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    buyer = world_participant(&w, PH_ROLE_BUYER, 0);
}

static void teardown(void)
{
    world_free(&w);
}

static ph_command rotate(uint32_t sender, uint32_t key)
{
    ph_command c = {.kind = PH_CMD_ROTATE_NOTARY_KEY,
                    .sender = {sender},
                    .u.notary_key = {.proof = {{9, 8, 7}}}};
    memcpy(c.u.notary_key.key.b, &key, sizeof key);
    return c;
}

static const ph_rejected *refused(ph_command c, ph_reject code)
{
    const ph_event *e = world_apply(&w, c);
    ck_assert_int_eq(e->kind, PH_EVT_REJECTED);
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(code));
    return &e->u.rejected;
}

START_TEST(keys_are_listed_with_the_records_that_named_them)
{
    const ph_notary_key *keys;
    ck_assert_uint_eq(ph_market_notary_keys(w.m, &keys), 1);
    ck_assert_uint_eq(keys[0].seq, 1);
    world_do(&w, rotate(1, 500));
    uint64_t seq = ph_market_seq(w.m);
    world_do(&w, rotate(1, 501));
    ck_assert_uint_eq(ph_market_notary_keys(w.m, &keys), 3);
    ck_assert_uint_eq(keys[1].seq, seq);
    ck_assert_uint_eq(keys[2].seq, seq + 1);
    ck_assert_int_eq(keys[1].key.b[0], 500 & 0xff);
    ck_assert_int_eq(keys[2].proof.b[1], 8);
}
END_TEST

START_TEST(what_is_no_new_key_is_refused)
{
    const ph_notary_key *keys;
    ck_assert_int_eq(refused(rotate(buyer, 500), PH_REJECT_ROLE_MISSING)->arg0, PH_ROLE_OPERATOR);
    ck_assert_int_eq(refused(rotate(1, 0), PH_REJECT_FIELD_RANGE)->arg0, 1);
    world_do(&w, rotate(1, 500));
    ck_assert_int_eq(refused(rotate(1, 500), PH_REJECT_KEY_TAKEN)->arg0, 0);
    ph_command c = {.kind = PH_CMD_ADD_KEY,
                    .sender = {buyer},
                    .u.key = {.use = PH_KEY_SIGNATURE, .key = rotate(1, 600).u.notary_key.key}};
    world_do(&w, c);
    ck_assert_int_eq(refused(rotate(1, 600), PH_REJECT_KEY_TAKEN)->arg0, buyer);
    ck_assert_uint_eq(ph_market_notary_keys(w.m, &keys), 2);
}
END_TEST

START_TEST(the_table_has_an_end)
{
    for (uint32_t i = 1; i < PH_NOTARY_KEYS_MAX; i++)
        world_do(&w, rotate(1, 1000 + i));
    const ph_rejected *r = refused(rotate(1, 5000), PH_REJECT_TABLE_FULL);
    ck_assert_int_eq(r->arg0, 18);
    ck_assert_int_eq(r->arg1, PH_NOTARY_KEYS_MAX);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, keys_are_listed_with_the_records_that_named_them);
    tcase_add_test(tests, what_is_no_new_key_is_refused);
    tcase_add_test(tests, the_table_has_an_end);
}

int main(void)
{
    return suite_run("notary_key", add);
}
