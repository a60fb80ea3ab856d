/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/policy.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/notary/checkpoint.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"
#include "tests/unit/a_contract.h"
#include "tests/unit/suite.h"

#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="

static const char root_text[] = "market.example/contracts/41\n2\n" ROOT "\n";

static void assert_reading(const void *bytes, size_t size, unsigned readings)
{
    ck_assert_uint_eq(ph_policy_readings("market.example", bytes, size), readings);
    ck_assert_int_eq(ph_policy_check("market.example", 41, bytes, size), PH_EDENIED);
}

START_TEST(the_root_of_this_batch_is_signed)
{
    size_t size = sizeof root_text - 1;
    ck_assert_uint_eq(ph_policy_readings("market.example", root_text, size),
                      PH_READING_CONTRACT_ROOT);
    ck_assert_int_eq(ph_policy_check("market.example", 41, root_text, size), PH_OK);
}
END_TEST

START_TEST(roots_of_others_are_not)
{
    size_t size = sizeof root_text - 1;
    ck_assert_int_eq(ph_policy_check("market.example", 40, root_text, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check("market.example", 42, root_text, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check("market.exampl", 41, root_text, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check("", 41, root_text, size), PH_EDENIED);
    const char *other = "other.example/contracts/41\n2\n" ROOT "\n";
    assert_reading(other, strlen(other), PH_READING_OTHER_ROOT);
    const char *elsewhere = "market.example/elsewhere\n2\n" ROOT "\n";
    assert_reading(elsewhere, strlen(elsewhere), 0);
}
END_TEST

/* A checkpoint of the log is signed as one, and never as the root of a batch. */
START_TEST(the_log_of_this_market_is_signed)
{
    const char *log = "market.example/journal\n41\n" ROOT "\n";
    size_t size = strlen(log);
    assert_reading(log, size, PH_READING_LOG_ROOT);
    ck_assert_int_eq(ph_policy_check_log("market.example", 41, log, size), PH_OK);
    ck_assert_int_eq(ph_policy_check_log("market.example", 42, log, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check_log("other.example", 41, log, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check_log("market.example", 41, log, size - 1), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check_log("market.example", 41, root_text, sizeof root_text - 1),
                     PH_EDENIED);
    ck_assert_uint_eq(ph_policy_readings("other.example", log, size), PH_READING_OTHER_ROOT);
    const char *both = "cosignature/v1/journal\n41\n" ROOT "\n";
    ck_assert_int_eq(ph_policy_check_log("cosignature/v1", 41, both, strlen(both)), PH_EDENIED);
}
END_TEST

START_TEST(cut_or_longer_texts_are_not)
{
    for (size_t size = 0; size < sizeof root_text - 1; size++)
        ck_assert_int_eq(ph_policy_check("market.example", 41, root_text, size), PH_EDENIED);
    ck_assert_int_eq(ph_policy_check("market.example", 41, root_text, sizeof root_text),
                     PH_EDENIED);
}
END_TEST

START_TEST(a_contract_is_not)
{
    a_contract made;
    uint8_t bytes[1024];
    a_contract_make(&made);
    size_t size = a_contract_write(&made, bytes, sizeof bytes);
    assert_reading(bytes, size, PH_READING_CONTRACT);
    assert_reading(bytes, 100, PH_READING_CONTRACT);
}
END_TEST

START_TEST(commands_records_and_events_are_not)
{
    uint8_t command[PH_COMMAND_BYTES_MAX], record[2048], event[PH_EVENT_BYTES_MAX];
    ph_command c = {.kind = PH_CMD_MASS_CANCEL, .sender = {5}, .request = 9};
    ph_writer w = ph_writer_of(command, sizeof command);
    ph_command_write(&w, &c);
    size_t command_size = ph_writer_size(&w);
    assert_reading(command, command_size, PH_READING_COMMAND);

    w = ph_writer_of(record, sizeof record);
    ph_record_write(&w, 7, (ph_time){1}, command, (uint32_t)command_size, "", 0);
    assert_reading(record, ph_writer_size(&w), PH_READING_RECORD);

    ph_event e = {.kind = PH_EVT_REFERENCE_SET, .u.reference_set = {{3}, 5}};
    w = ph_writer_of(event, sizeof event);
    ph_event_write(&w, &e);
    assert_reading(event, ph_writer_size(&w), PH_READING_EVENT);
}
END_TEST

START_TEST(inputs_of_hashes_and_cosignatures_are_not)
{
    uint8_t node[65] = {1};
    assert_reading(node, sizeof node, PH_READING_NODE);
    uint8_t leaf[9] = {0};
    assert_reading(leaf, sizeof leaf, PH_READING_NODE);
    const char *witness =
        "cosignature/v1\ntime 1700000000\nmarket.example/contracts/41\n2\n" ROOT "\n";
    assert_reading(witness, strlen(witness), PH_READING_COSIGNATURE);
    assert_reading("subtree/v1\n", 12, PH_READING_COSIGNATURE);
}
END_TEST

/* A market whose own roots would start like a cosignature gets none signed: two readings. */
START_TEST(two_readings_are_one_too_many)
{
    const char *both = "cosignature/v1/contracts/41\n2\n" ROOT "\n";
    ck_assert_uint_eq(ph_policy_readings("cosignature/v1", both, strlen(both)),
                      PH_READING_CONTRACT_ROOT | PH_READING_COSIGNATURE);
    ck_assert_int_eq(ph_policy_check("cosignature/v1", 41, both, strlen(both)), PH_EDENIED);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_root_of_this_batch_is_signed);
    tcase_add_test(t, roots_of_others_are_not);
    tcase_add_test(t, the_log_of_this_market_is_signed);
    tcase_add_test(t, cut_or_longer_texts_are_not);
    tcase_add_test(t, a_contract_is_not);
    tcase_add_test(t, commands_records_and_events_are_not);
    tcase_add_test(t, inputs_of_hashes_and_cosignatures_are_not);
    tcase_add_test(t, two_readings_are_one_too_many);
}

int main(void)
{
    return suite_run("policy", add);
}
