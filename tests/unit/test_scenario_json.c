/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/scenario_json.h"

#include <stdlib.h>

#include "clients/audit/event_json.h"
#include "tests/unit/market_fixture.h"
#include "tests/unit/suite.h"
#include "tests/unit/wire_values.h"

enum { ROUNDS = 40 };

static ph_scenario_line taken(const char *text, const ph_market *m)
{
    char why[PH_SCENARIO_WHY_SIZE] = "";
    ph_scenario_line line;
    ck_assert_msg(ph_scenario_line_read(text, strlen(text), m, &line, why) == PH_OK, "%s: %s", text,
                  why);
    return line;
}

/* A line that is refused with a sentence that has both words; the result stays untouched. */
static void refused(const char *text, const ph_market *m, const char *word, const char *other)
{
    char why[PH_SCENARIO_WHY_SIZE] = "";
    ph_scenario_line line, before;
    memset(&line, 0xee, sizeof line);
    memcpy(&before, &line, sizeof line);
    ck_assert_msg(ph_scenario_line_read(text, strlen(text), m, &line, why) == PH_EINVAL,
                  "%s was taken", text);
    ck_assert_msg(strstr(why, word) != NULL && strstr(why, other) != NULL, "%s: \"%s\"", text, why);
    ck_assert_mem_eq(&line, &before, sizeof line);
}

static void check_round_trip(const uint8_t *bytes, size_t size)
{
    ph_command c;
    ck_assert_int_eq(ph_command_read(bytes, size, &c), PH_OK);
    c.at.ns = UINT64_MAX;
    char text[PH_JSON_LINE_MAX], why[PH_SCENARIO_WHY_SIZE];
    size_t text_size = ph_command_json(&c, text);
    ph_scenario_line line;
    ck_assert_msg(ph_scenario_line_read(text, text_size, NULL, &line, why) == PH_OK, "%s: %.*s",
                  why, (int)text_size, text);
    ck_assert_int_eq(line.kind, PH_LINE_COMMAND);
    ck_assert(line.has_at);
    ck_assert_uint_eq(line.command.at.ns, UINT64_MAX);
    uint8_t again[PH_COMMAND_BYTES_MAX];
    ck_assert_uint_eq(write_command(&line.command, again), size);
    ck_assert_msg(memcmp(again, bytes, size) == 0, "%.*s", (int)text_size, text);
}

/* The smallest form of a kind in its variant: kinds that are as long as they say have several. */
static ph_command variant(ph_command_kind kind, uint32_t n)
{
    ph_command c = smallest_command(kind);
    if (kind == PH_CMD_NEW_GROUP) {
        c.u.group.cnt = n % (PH_GROUP_MEMBERS_MAX + 1);
        for (uint32_t i = 0; i < c.u.group.cnt; i++)
            c.u.group.v[i] = smallest_command(PH_CMD_NEW_ORDER).u.order;
    } else if (kind == PH_CMD_HAND_OVER_ACCESS) {
        c.u.access.size = n == 0 ? 0 : n == 1 ? PH_ACCESS_BYTES_MAX : n * 7;
    }
    return c;
}

START_TEST(every_command_comes_back_equal)
{
    uint64_t seed = 92;
    for (int kind = 1; kind <= PH_CMD_KIND_MAX; kind++) {
        for (uint32_t i = 0; i < ROUNDS; i++) {
            uint8_t bytes[PH_COMMAND_BYTES_MAX];
            ph_command c = variant((ph_command_kind)kind, i);
            size_t size = write_command(&c, bytes);
            check_round_trip(bytes, size);
            fill(takes_command, bytes, size, &seed);
            check_round_trip(bytes, size);
        }
    }
}
END_TEST

#define ORDER_HEAD                                                                          \
    "{\"at\":5,\"sender\":3,\"command\":\"NEW_ORDER\",\"client_order_id\":1,\"product\":1," \
    "\"side\":\"BUY\",\"shape\":\"EACH\",\"periods\":2,\"quantity\":4,"
#define ORDER_TAIL ",\"time_in_force\":\"GTC\"}"
#define ORDER      ORDER_HEAD "\"first_period\":7,\"price\":9" ORDER_TAIL

START_TEST(what_may_be_absent_has_its_default)
{
    ph_command c = taken(ORDER, NULL).command;
    const ph_new_order want = {.client_order_id = 1,
                               .product = {1},
                               .side = PH_SIDE_BUY,
                               .shape = PH_SHAPE_EACH,
                               .window = {7, 2},
                               .quantity = 4,
                               .price = 9,
                               .time_in_force = PH_TIF_GTC,
                               .stp = PH_STP_CANCEL_INCOMING};
    ck_assert_int_eq(c.kind, PH_CMD_NEW_ORDER);
    ck_assert_uint_eq(c.sender.v, 3);
    ck_assert_uint_eq(c.request, 0);
    uint8_t bytes[PH_COMMAND_BYTES_MAX], expected[PH_COMMAND_BYTES_MAX];
    const ph_command wanted = {.kind = PH_CMD_NEW_ORDER, .sender = {3}, .u.order = want};
    size_t size = write_command(&wanted, expected);
    ck_assert_uint_eq(write_command(&c, bytes), size);
    ck_assert_mem_eq(bytes, expected, size);

    c = taken("{\"command\":\"CANCEL_ORDER\",\"sender\":2,\"order\":4,\"note\":\"why\"}", NULL)
            .command;
    ck_assert_uint_eq(c.u.cancel.order.v, 4);
    ck_assert_uint_eq(c.u.cancel.client_order_id, 0);
    ck_assert(!taken("{\"command\":\"TICK\"}", NULL).has_at);
}
END_TEST

START_TEST(keys_nobody_uses_are_made_and_differ)
{
    ph_key keys[7];
    size_t cnt = 0;
    for (unsigned id = 2; id <= 3; id++) {
        char text[128];
        snprintf(text, sizeof text,
                 "{\"sender\":1,\"command\":\"REGISTER_PARTICIPANT\",\"id\":%u,"
                 "\"roles\":[\"BUYER\",\"METER\"],\"name\":\"b\"}",
                 id);
        ph_command c = taken(text, NULL).command;
        ck_assert_uint_eq(c.u.participant.roles, PH_ROLE_BUYER | PH_ROLE_METER);
        keys[cnt++] = c.u.participant.curve_key;
        keys[cnt++] = c.u.participant.sign_key;
        ph_command again = taken(text, NULL).command;
        ck_assert_mem_eq(&again.u.participant, &c.u.participant, sizeof c.u.participant);
    }
    ph_command open = ph_scenario_open_market();
    keys[cnt++] = open.u.open_market.operator_curve_key;
    keys[cnt++] = open.u.open_market.operator_sign_key;
    keys[cnt++] = open.u.open_market.notary_sign_key;
    for (size_t i = 0; i < cnt; i++) {
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(&keys[i], &keys[j], sizeof keys[i]);
    }
}
END_TEST

START_TEST(times_and_periods_may_be_text)
{
    ck_assert_uint_eq(
        taken("{\"at\":\"1970-01-01T00:00:01.5Z\",\"command\":\"TICK\"}", NULL).command.at.ns,
        UINT64_C(1500000000));
    ph_market_limits limits = world_limits();
    world w = world_new(&limits);
    uint32_t supplier = world_participant(&w, PH_ROLE_SUPPLIER, 0);
    ph_product_terms terms = world_terms(&w, world_site(&w, supplier));
    world_product(&w, &terms);
    ph_command c =
        taken(ORDER_HEAD "\"first_period\":\"1970-02-11T17:00:00Z\",\"price\":9" ORDER_TAIL, w.m)
            .command;
    ck_assert_uint_eq(c.u.order.window.first, 1001);
    refused(ORDER_HEAD "\"first_period\":\"1970-02-11T17:15:00Z\",\"price\":9" ORDER_TAIL, w.m,
            "\"first_period\"", "no period begins");
    refused(ORDER_HEAD "\"first_period\":\"1970-02-11T17:00:00Z\",\"price\":9" ORDER_TAIL, NULL,
            "\"first_period\"", "number of the period");
    refused(ORDER_HEAD "\"first_period\":\"tomorrow\",\"price\":9" ORDER_TAIL, w.m,
            "\"first_period\"", "a time like");
    world_free(&w);
    c = taken("{\"sender\":2,\"command\":\"REGISTER_CAPACITY\",\"reference\":1,\"site\":1,"
              "\"hardware\":1,\"period_seconds\":900,\"first_period\":\"1970-01-01T01:15:00Z\","
              "\"periods\":3,\"units\":8}",
              NULL)
            .command;
    ck_assert_uint_eq(c.u.capacity.window.first, 5);
}
END_TEST

START_TEST(sizes_of_the_market)
{
    ph_market_limits limits = ph_market_limits_default();
    ph_scenario_line line = taken("{\"market\":{\"orders_max\":1024},\"note\":\"small\"}", NULL);
    ck_assert_int_eq(line.kind, PH_LINE_MARKET);
    ck_assert_uint_eq(line.limits.orders_max, 1024);
    ck_assert_uint_eq(line.limits.sites_max, limits.sites_max);
    ck_assert_int_eq(taken("{\"note\":\"nothing\"}", NULL).kind, PH_LINE_NOTE);
    refused("{\"market\":{\"orders\":1}}", NULL, "\"orders\"", "no size");
    refused("{\"market\":{\"ring_periods\":3}}", NULL, "\"market\"", "no sense");
    refused("{\"market\":{\"ring_periods\":-3}}", NULL, "\"ring_periods\"", "whole number");
    refused("{\"market\":7}", NULL, "\"market\"", "object");
}
END_TEST

/* The line of an order with one more field, or with another first period and price. */
static void order_refused(const char *fields, const char *word, const char *other)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", ORDER_HEAD, fields, ORDER_TAIL);
    refused(text, NULL, word, other);
}

START_TEST(nothing_is_guessed)
{
    order_refused("\"first_period\":7", "\"price\" is missing", "NEW_ORDER");
    order_refused("\"first_period\":7,\"price\":9.0", "\"price\"", "whole number");
    order_refused("\"first_period\":7,\"price\":9e0", "\"price\"", "whole number");
    order_refused("\"first_period\":7,\"price\":\"9\"", "\"price\"", "whole number");
    order_refused("\"first_period\":7,\"price\":null", "\"price\"", "whole number");
    order_refused("\"first_period\":7,\"price\":9223372036854775808", "\"price\"", "whole number");
    order_refused("\"first_period\":7,\"price\":99999999999999999999", "\"price\"",
                  "9223372036854775807");
    order_refused("\"first_period\":4294967296,\"price\":9", "\"first_period\"", "4294967295");
    order_refused("\"first_period\":-1,\"price\":9", "\"first_period\"", "from 0");
    order_refused("\"first_period\":7,\"price\":9,\"prise\":9", "\"prise\"", "no field");
    order_refused("\"first_period\":7,\"price\":9,\"price\":9", "not JSON", "price");
    order_refused("\"first_period\":7,\"price\":9,\"post_only\":1", "\"post_only\"", "true");
    order_refused("\"first_period\":7,\"price\":9,\"stp\":\"NONE\"", "\"stp\"", "CANCEL_RESTING");
    order_refused("\"first_period\":7,\"price\":9,\"stp\":1", "\"stp\"", "CANCEL_RESTING");
    order_refused("\"first_period\":7,\"price\":9,\"expire_at\":\"soon\"", "\"expire_at\"", "time");
    order_refused("\"first_period\":7,\"price\":9,\"expire_at\":99999999999999999999",
                  "\"expire_at\"", "nanoseconds");
    order_refused("\"first_period\":7,\"price\":9,\"request\":18446744073709551616", "\"request\"",
                  "18446744073709551615");
    order_refused("\"first_period\":7,\"price\":9,\"note\":1", "\"note\"", "text");
}
END_TEST

START_TEST(lines_that_are_none)
{
    refused("{", NULL, "not JSON", "");
    refused("[]", NULL, "not an object", "");
    refused("{}", NULL, "\"command\" is missing", "");
    refused("{\"note\":\"a\",\"at\":1}", NULL, "\"command\" is missing", "");
    refused("{\"command\":\"NEW\"}", NULL, "\"NEW\"", "not known");
    refused("{\"command\":12}", NULL, "\"command\"", "not known");
    refused("{\"command\":\"TICK\"} {}", NULL, "not JSON", "");
    refused("{\"command\":\"TICK\",\"at\":\"\\u00011\"}", NULL, "control character", "");
    refused("{\"command\":\"TICK\",\"at\":-1}", NULL, "\"at\"", "nanoseconds");
    refused("{\"command\":\"TICK\",\"sender\":1,\"x\\u001b[2J\":1}", NULL, "?[2J", "no field");
    refused("{\"command\":\"MASS_CANCEL\"}", NULL, "\"sender\" is missing", "");
    refused("{\"command\":\"CANCEL_ORDER\",\"sender\":1}", NULL, "\"order\"", "client_order_id");
    refused("{\"command\":\"REGISTER_HARDWARE\",\"sender\":1,\"id\":1,\"name\":123456789012345678"
            "90123}",
            NULL, "\"name\"", "text");
    refused("{\"note\":12345678901234567890}", NULL, "\"note\"", "text");
    refused("{\"command\":\"TICK\",\"at\":1,\"note\":-1234567890123456789}", NULL, "\"note\"",
            "text");
    refused("{\"command\":1234567890123456789}", NULL, "\"command\": \"\"", "not known");
    refused("{\"command\":\"REVOKE_KEY\",\"sender\":1,\"use\":\"SIGNATURE\",\"key\":\"00\"}", NULL,
            "\"key\"", "64 hexadecimal");
    refused("{\"command\":\"HAND_OVER_ACCESS\",\"sender\":1,\"contract\":1,\"sealed\":\"012\"}",
            NULL, "\"sealed\"", "1024");
    refused("{\"command\":\"HAND_OVER_ACCESS\",\"sender\":1,\"contract\":1}", NULL,
            "\"sealed\" is missing", "");
    refused("{\"command\":\"NEW_GROUP\",\"sender\":1,\"orders\":[{}]}", NULL,
            "order 1 of the group", "\"client_order_id\" is missing");
    refused("{\"command\":\"NEW_GROUP\",\"sender\":1,\"orders\":[1,2,3,4,5,6,7,8,9]}", NULL,
            "\"orders\"", "at most 8");
    refused("{\"command\":\"REGISTER_PARTICIPANT\",\"sender\":1,\"id\":2,\"name\":\"n\","
            "\"roles\":[\"BUYER\",\"BUYER\"]}",
            NULL, "\"roles\"", "at most once");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_command_comes_back_equal);
    tcase_add_test(t, what_may_be_absent_has_its_default);
    tcase_add_test(t, keys_nobody_uses_are_made_and_differ);
    tcase_add_test(t, times_and_periods_may_be_text);
    tcase_add_test(t, sizes_of_the_market);
    tcase_add_test(t, nothing_is_guessed);
    tcase_add_test(t, lines_that_are_none);
}

int main(void)
{
    return suite_run("scenario_json", add);
}
