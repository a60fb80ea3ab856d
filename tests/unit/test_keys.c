/* SPDX-License-Identifier: Apache-2.0 */
/* Rulebook 2: keys of participants are rotated and revoked by command. */
#include "engine/core/keys.h"

#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"

static world w;
static uint32_t one, two;

static void setup(void)
{
    ph_market_limits limits = world_limits();
    w = world_new(&limits);
    one = world_participant(&w, PH_ROLE_BUYER, 0);
    two = world_participant(&w, PH_ROLE_BUYER, 0);
}

static void teardown(void)
{
    world_free(&w);
}

static ph_command change(ph_command_kind kind, uint32_t sender, ph_key_use use, int key)
{
    ph_command c = {.kind = kind, .sender = {sender}, .u.key = {.use = use}};
    memset(&c.u.key.key, key, sizeof c.u.key.key);
    return c;
}

static void refused(ph_command c, ph_reject code, int64_t arg0, int64_t arg1)
{
    const ph_event *e = world_apply(&w, c);
    ck_assert_msg(e->kind == PH_EVT_REJECTED, "accepted, wanted %s", ph_reject_name(code));
    ck_assert_str_eq(ph_reject_name(e->u.rejected.code), ph_reject_name(code));
    ck_assert_int_eq(e->u.rejected.arg0, arg0);
    ck_assert_int_eq(e->u.rejected.arg1, arg1);
}

START_TEST(a_key_is_rotated)
{
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50));
    world_do(&w, change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, (int)one));
    ph_market_key keys[4];
    ck_assert_uint_eq(ph_market_keys(w.m, (ph_participant_id){one}, keys, 4), 2);
    ck_assert_int_eq(keys[0].key.b[0], 50);
    ck_assert(!keys[0].revoked && keys[1].revoked);
    ph_key fresh;
    memset(&fresh, 50, sizeof fresh);
    ck_assert_uint_eq(ph_market_key_owner(w.m, PH_KEY_CONNECTION, &fresh).v, one);
    ck_assert_uint_eq(ph_market_key_owner(w.m, PH_KEY_SIGNATURE, &fresh).v, 0);
    ck_assert_uint_eq(ph_market_key_owner(w.m, PH_KEY_CONNECTION, &keys[1].key).v, 0);
}
END_TEST

START_TEST(a_revoked_key_comes_back_to_its_owner_alone)
{
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50));
    world_do(&w, change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, 50));
    refused(change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, 50), PH_REJECT_UNKNOWN_KEY, one, 0);
    refused(change(PH_CMD_ADD_KEY, two, PH_KEY_CONNECTION, 50), PH_REJECT_KEY_TAKEN, one, 0);
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT,
                    .sender = {1},
                    .u.participant = {.id = {4}, .roles = PH_ROLE_BUYER, .name = {"n"}}};
    memset(&c.u.participant.curve_key, 50, sizeof c.u.participant.curve_key);
    refused(c, PH_REJECT_KEY_TAKEN, one, 0);
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50));
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50), PH_REJECT_KEY_TAKEN, one, 0);
    ck_assert_uint_eq(ph_market_keys(w.m, (ph_participant_id){one}, NULL, 0), 2);
}
END_TEST

START_TEST(signature_keys_are_unique_and_apart_from_connection_keys)
{
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_SIGNATURE, 60));
    refused(change(PH_CMD_ADD_KEY, two, PH_KEY_SIGNATURE, 60), PH_REJECT_KEY_TAKEN, one, 0);
    world_do(&w, change(PH_CMD_ADD_KEY, two, PH_KEY_CONNECTION, 60));
    ph_command c = {
        .kind = PH_CMD_REGISTER_PARTICIPANT,
        .sender = {1},
        .u.participant = {.id = {4}, .roles = PH_ROLE_BUYER, .name = {"n"}, .curve_key = {{9}}}};
    memset(&c.u.participant.sign_key, 60, sizeof c.u.participant.sign_key);
    refused(c, PH_REJECT_KEY_TAKEN, one, 0);
}
END_TEST

START_TEST(the_last_key_stays_and_a_fifth_has_no_room)
{
    ph_command last = change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, (int)one);
    refused(last, PH_REJECT_LAST_KEY, one, 0);
    for (int k = 50; k < 53; k++)
        world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, k));
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 53), PH_REJECT_TABLE_FULL, 1,
            PH_KEYS_MAX);
    world_do(&w, last);
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 53));
}
END_TEST

START_TEST(others_keys_change_by_an_operator_alone)
{
    ph_command c = change(PH_CMD_ADD_KEY, two, PH_KEY_CONNECTION, 50);
    c.u.key.participant.v = one;
    refused(c, PH_REJECT_ROLE_MISSING, PH_ROLE_OPERATOR, 0);
    c.sender.v = 1;
    world_do(&w, c);
    c.kind = PH_CMD_REVOKE_KEY;
    world_do(&w, c);
    c.u.key.participant.v = 99;
    refused(c, PH_REJECT_UNKNOWN_PARTICIPANT, 99, 0);
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_SIGNATURE, 0), PH_REJECT_FIELD_RANGE, 3, 0);
    /* Another's key is none of the sender's. */
    refused(change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, (int)two), PH_REJECT_UNKNOWN_KEY, one,
            0);
}
END_TEST

START_TEST(rotation_without_end_does_not_fill_the_table_for_others)
{
    ph_command add = change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 100);
    ph_command revoke = add;
    revoke.kind = PH_CMD_REVOKE_KEY;
    for (int i = 0; i < 255; i++) {
        add.u.key.key.b[0] = revoke.u.key.key.b[0] = (uint8_t)i;
        world_do(&w, add);
        world_do(&w, revoke);
    }
    add.u.key.key.b[0] = 255;
    refused(add, PH_REJECT_TABLE_FULL, 1, 256);
    world_do(&w, change(PH_CMD_ADD_KEY, two, PH_KEY_CONNECTION, 99));
}
END_TEST

START_TEST(a_key_for_reading_is_a_use_of_its_own)
{
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = {one}};
    memset(&c.u.take_over.key, 50, sizeof c.u.take_over.key);
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_READING, 50));
    ck_assert_uint_eq(ph_market_key_owner(w.m, PH_KEY_READING, &c.u.take_over.key).v, one);
    ck_assert_uint_eq(ph_market_key_owner(w.m, PH_KEY_CONNECTION, &c.u.take_over.key).v, 0);
    world_do(&w, c);
    /* What a key of connections may do does not change, nor whose it is. */
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50), PH_REJECT_KEY_TAKEN, one, 0);
    refused(change(PH_CMD_ADD_KEY, two, PH_KEY_READING, 50), PH_REJECT_KEY_TAKEN, one, 0);
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_READING, (int)one), PH_REJECT_KEY_TAKEN, one, 0);
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_SIGNATURE, 50));
    ph_command registers = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    registers.u.participant.id.v = two + 1;
    registers.u.participant.roles = PH_ROLE_BUYER;
    registers.u.participant.name.s[0] = 'x';
    memset(&registers.u.participant.curve_key, 50, sizeof registers.u.participant.curve_key);
    refused(registers, PH_REJECT_KEY_TAKEN, one, 0);
    /* None is needed: the last one goes, and comes back. */
    world_do(&w, change(PH_CMD_REVOKE_KEY, one, PH_KEY_READING, 50));
    refused(c, PH_REJECT_UNKNOWN_KEY, one, 0);
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50), PH_REJECT_KEY_TAKEN, one, 0);
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_READING, 50));
    for (int k = 60; k < 63; k++)
        world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_READING, k));
    refused(change(PH_CMD_ADD_KEY, one, PH_KEY_READING, 63), PH_REJECT_TABLE_FULL, 1, PH_KEYS_MAX);
}
END_TEST

START_TEST(a_session_takes_over_from_those_of_its_own_key)
{
    ph_command c = {.kind = PH_CMD_TAKE_OVER, .sender = {one}, .request = UINT64_MAX};
    memset(&c.u.take_over.key, (int)one, sizeof c.u.take_over.key);
    world_do(&w, c);
    c.sender.v = two;
    refused(c, PH_REJECT_UNKNOWN_KEY, two, 0);
    c.sender.v = one;
    world_do(&w, change(PH_CMD_ADD_KEY, one, PH_KEY_CONNECTION, 50));
    world_do(&w, change(PH_CMD_REVOKE_KEY, one, PH_KEY_CONNECTION, (int)one));
    refused(c, PH_REJECT_UNKNOWN_KEY, one, 0);
    memset(&c.u.take_over.key, 50, sizeof c.u.take_over.key);
    world_do(&w, c);
    /* Who is suspended still reads. */
    ph_command suspend = {.kind = PH_CMD_SET_PARTICIPANT_STATE, .sender = {1}};
    suspend.u.participant_state = (ph_set_participant_state){{one}, PH_PARTICIPANT_SUSPENDED};
    world_do(&w, suspend);
    world_do(&w, c);
    suspend.u.participant_state.state = PH_PARTICIPANT_CLOSED;
    world_do(&w, suspend);
    world_do(&w, c); /* changes nothing; the gateways let nobody in */
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_key_is_rotated);
    tcase_add_test(t, a_key_for_reading_is_a_use_of_its_own);
    tcase_add_test(t, a_session_takes_over_from_those_of_its_own_key);
    tcase_add_test(t, a_revoked_key_comes_back_to_its_owner_alone);
    tcase_add_test(t, signature_keys_are_unique_and_apart_from_connection_keys);
    tcase_add_test(t, the_last_key_stays_and_a_fifth_has_no_room);
    tcase_add_test(t, others_keys_change_by_an_operator_alone);
    tcase_add_test(t, rotation_without_end_does_not_fill_the_table_for_others);
}

int main(void)
{
    return suite_run("keys", add);
}
