/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/event_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients/audit/field.h"
#include "clients/audit/wide_json.h"
#include "tests/unit/suite.h"
#include "tests/unit/wire_values.h"

enum { ROUNDS = 50 };

static uint64_t number(const json_t *v)
{
    uint64_t n = 0;
    int64_t negative = 0;
    if (ph_wide_json_u64(v, &n)) return n;
    ck_assert_msg(ph_wide_json_i64(v, &negative), "an integer");
    return (uint64_t)negative;
}

static void hex(ph_writer *w, const json_t *v, size_t size)
{
    const char *digits = json_string_value(v);
    ck_assert_uint_eq(json_string_length(v), 2 * size);
    for (size_t i = 0; i < size; i++) {
        char two[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        ph_write_u8(w, (uint8_t)strtoul(two, NULL, 16));
    }
}

static void text(ph_writer *w, const json_t *v, size_t size)
{
    char padded[64] = "";
    ck_assert_uint_lt(json_string_length(v), size);
    memcpy(padded, json_string_value(v), json_string_length(v));
    ph_write_bytes(w, padded, size);
}

static uint32_t roles(const json_t *v)
{
    if (json_is_integer(v)) return (uint32_t)number(v);
    uint32_t bits = 0;
    for (size_t i = 0; i < json_array_size(v); i++) {
        for (unsigned b = 0; b < 5; b++) {
            if (strcmp(ph_role_word(b), json_string_value(json_array_get(v, i))) == 0)
                bits |= 1u << b;
        }
    }
    return bits;
}

/* The canonical bytes of a field, from its JSON: where it lies in the struct plays no part. */
static void bytes_of(ph_writer *w, const ph_field *f, const json_t *line)
{
    const json_t *v = json_object_get(line, f->name);
    if (f->form == PH_FORM_reject) v = json_object_get(line, "code");
    ck_assert_msg(v != NULL, "%s is there", f->name);
    switch (f->form) {
    case PH_FORM_u32:
    case PH_FORM_i32:
    case PH_FORM_period:
    case PH_FORM_reject: ph_write_u32(w, (uint32_t)number(v)); break;
    case PH_FORM_u64:
    case PH_FORM_i64:
    case PH_FORM_time: ph_write_u64(w, number(v)); break;
    case PH_FORM_boo: ph_write_u8(w, json_is_true(v)); break;
    case PH_FORM_enu:
        ph_write_u8(w, (uint8_t)ph_enumeration_value(f->of, json_string_value(v)));
        break;
    case PH_FORM_text: text(w, v, f->size); break;
    case PH_FORM_blob: hex(w, v, f->size); break;
    case PH_FORM_roles: ph_write_u32(w, roles(v)); break;
    case PH_FORM_account:
        ph_write_u8(w, (uint8_t)ph_enumeration_value(
                           PH_ENUM_account_kind, json_string_value(json_object_get(v, "kind"))));
        ph_write_u64(w, number(json_object_get(v, "id")));
        break;
    case PH_FORM_group:
    case PH_FORM_access: ck_abort_msg("of commands alone");
    }
}

static json_t *parsed(const char *line, size_t size)
{
    json_t *v = NULL;
    char why[320];
    ck_assert_msg(ph_wide_json_load(line, size, &v, why, sizeof why) == PH_OK, "%s in %.*s", why,
                  (int)size, line);
    return v;
}

static void check_event(const uint8_t *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_event e = ph_event_read(&r);
    char line[PH_JSON_LINE_MAX];
    size_t line_size = ph_event_json(UINT64_MAX, (ph_time){UINT64_MAX - 1}, &e, line);
    json_t *v = parsed(line, line_size);
    ck_assert_uint_eq(number(json_object_get(v, "seq")), UINT64_MAX);
    ck_assert_uint_eq(number(json_object_get(v, "at")), UINT64_MAX - 1);
    ck_assert_str_eq(json_string_value(json_object_get(v, "event")), ph_event_kind_name(e.kind));
    ph_field_list fields = ph_event_fields(e.kind);
    uint8_t again[PH_EVENT_BYTES_MAX];
    ph_writer w = ph_writer_of(again, sizeof again);
    ph_write_u16(&w, (uint16_t)e.kind);
    for (size_t i = 0; i < fields.cnt; i++)
        bytes_of(&w, &fields.v[i], v);
    ck_assert_uint_eq(json_object_size(v), 3 + fields.cnt + (e.kind == PH_EVT_REJECTED));
    json_decref(v);
    ck_assert_mem_eq(again, bytes, size);
    ck_assert_uint_eq(ph_writer_size(&w), size);
}

START_TEST(every_event_is_written_with_every_field)
{
    uint64_t seed = 91;
    for (int kind = 1; kind <= PH_EVT_KIND_MAX; kind++) {
        uint8_t bytes[PH_EVENT_BYTES_MAX];
        ph_event e = smallest_event((ph_event_kind)kind);
        size_t size = write_event(&e, bytes);
        check_event(bytes, size);
        for (int i = 0; i < ROUNDS; i++) {
            fill(takes_event, bytes, size, &seed);
            check_event(bytes, size);
        }
    }
}
END_TEST

static const char *event_line(const ph_event *e, char line[PH_JSON_LINE_MAX])
{
    size_t size = ph_event_json(12, (ph_time){1000}, e, line);
    ck_assert_uint_lt(size, PH_JSON_LINE_MAX);
    line[size] = '\0';
    return line;
}

START_TEST(lines_are_written_as_described)
{
    char line[PH_JSON_LINE_MAX];
    ph_event e = {.kind = PH_EVT_TRANSFER,
                  .u.transfer = {{PH_ACCOUNT_CASH, 3},
                                 {PH_ACCOUNT_ESCROW, UINT64_MAX},
                                 INT64_MIN,
                                 PH_TRANSFER_NOTIONAL}};
    ck_assert_str_eq(event_line(&e, line),
                     "{\"seq\":12,\"at\":1000,\"event\":\"TRANSFER\","
                     "\"debit\":{\"kind\":\"CASH\",\"id\":3},"
                     "\"credit\":{\"kind\":\"ESCROW\",\"id\":18446744073709551615},"
                     "\"amount\":-9223372036854775808,\"reason\":\"NOTIONAL\"}");
    e = (ph_event){.kind = PH_EVT_REJECTED,
                   .u.rejected = {.command = PH_CMD_NEW_ORDER,
                                  .code = PH_REJECT_QUANTITY_LOT,
                                  .arg0 = 5,
                                  .arg1 = 2,
                                  .client_order_id = 9}};
    ck_assert_str_eq(event_line(&e, line),
                     "{\"seq\":12,\"at\":1000,\"event\":\"REJECTED\",\"command\":\"NEW_ORDER\","
                     "\"code\":12,\"reject\":\"QUANTITY_LOT\",\"arg0\":5,\"arg1\":2,"
                     "\"client_order_id\":9,\"member\":0,\"order\":0}");
    e = (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = {{1001, 2}, 6, 5}};
    ck_assert_str_eq(event_line(&e, line),
                     "{\"seq\":12,\"at\":1000,\"event\":\"SEGMENT\",\"first_period\":1001,"
                     "\"periods\":2,\"quantity\":6,\"price\":5}");
}
END_TEST

START_TEST(text_keeps_its_marks)
{
    char line[PH_JSON_LINE_MAX];
    ph_command c = {.kind = PH_CMD_REGISTER_HARDWARE,
                    .sender = {1},
                    .request = 7,
                    .u.hardware = {.id = {1}, .name = {"a \"b\" \\ \xc3\xa9"}}};
    line[ph_command_json(&c, line)] = '\0';
    ck_assert_str_eq(line, "{\"at\":0,\"sender\":1,\"command\":\"REGISTER_HARDWARE\",\"request\":7,"
                           "\"id\":1,\"name\":\"a \\\"b\\\" \\\\ \xc3\xa9\"}");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_event_is_written_with_every_field);
    tcase_add_test(t, lines_are_written_as_described);
    tcase_add_test(t, text_keeps_its_marks);
}

int main(void)
{
    return suite_run("event_json", add);
}
