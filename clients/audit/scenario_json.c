/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/scenario_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/field.h"
#include "clients/audit/wide_json.h"
#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"

/* A line while it is read. */
typedef struct {
    const ph_market *m;
    ph_command_kind kind;
    uint32_t period_seconds; /* of the product or the capacity that the line is about; 0: unknown */
    uint32_t member;         /* of a group, from 1; 0 outside */
    char *why;
} reading;

static bool refuse(const reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const reading *r, const char *format, ...)
{
    int n = 0;
    if (r->member != 0)
        n = snprintf(r->why, PH_SCENARIO_WHY_SIZE, "order %" PRIu32 " of the group: ", r->member);
    va_list args;
    va_start(args, format);
    vsnprintf(r->why + n, PH_SCENARIO_WHY_SIZE - (size_t)n, format, args);
    va_end(args);
    return false;
}

/* What a field is when the line does not say. */
typedef struct {
    ph_command_kind kind;
    const char *name;
    uint32_t value;
} absent;

static const absent may_be_absent[] = {
    {PH_CMD_OPEN_MARKET, "operator_curve_key", 0},
    {PH_CMD_OPEN_MARKET, "operator_sign_key", 0},
    {PH_CMD_OPEN_MARKET, "notary_sign_key", 0},
    {PH_CMD_REGISTER_PARTICIPANT, "curve_key", 0},
    {PH_CMD_REGISTER_PARTICIPANT, "sign_key", 0},
    {PH_CMD_LIST_PRODUCT, "gflops_fp16", 0},
    {PH_CMD_LIST_PRODUCT, "gflops_fp32", 0},
    {PH_CMD_LIST_PRODUCT, "gflops_fp64", 0},
    {PH_CMD_LIST_PRODUCT, "memory_mib", 0},
    {PH_CMD_LIST_PRODUCT, "interconnect", 0},
    {PH_CMD_LIST_PRODUCT, "gate_seconds", 0},
    {PH_CMD_LIST_PRODUCT, "maker_ppm", 0},
    {PH_CMD_LIST_PRODUCT, "taker_ppm", 0},
    {PH_CMD_LIST_PRODUCT, "fee_at_trade_ppm", 0},
    {PH_CMD_LIST_PRODUCT, "bond_fixed", 0},
    {PH_CMD_LIST_PRODUCT, "bond_ppm", 0},
    {PH_CMD_LIST_PRODUCT, "dispute_deposit", 0},
    {PH_CMD_LIST_PRODUCT, "meter", 0},
    {PH_CMD_LIST_PRODUCT, "band_ppm", 0},
    {PH_CMD_LIST_PRODUCT, "terms_hash", 0},
    {PH_CMD_LIST_PRODUCT, "attested_only", 0},
    {PH_CMD_NEW_ORDER, "duration", 0},
    {PH_CMD_NEW_ORDER, "expire_at", 0},
    {PH_CMD_NEW_ORDER, "all_or_none", 0},
    {PH_CMD_NEW_ORDER, "post_only", 0},
    {PH_CMD_NEW_ORDER, "display_quantity", 0},
    {PH_CMD_NEW_ORDER, "stp", PH_STP_CANCEL_INCOMING},
    {PH_CMD_NEW_ORDER, "from_contract", 0},
    {PH_CMD_CANCEL_ORDER, "order", 0},
    {PH_CMD_CANCEL_ORDER, "client_order_id", 0},
    {PH_CMD_MASS_CANCEL, "product", 0},
    {PH_CMD_MASS_CANCEL, "participant", 0},
    {PH_CMD_REPLACE_ORDER, "order", 0},
    {PH_CMD_REPLACE_ORDER, "client_order_id", 0},
    {PH_CMD_ADD_KEY, "participant", 0},
    {PH_CMD_REVOKE_KEY, "participant", 0},
    {PH_CMD_ATTEST_CAPACITY, "document", 0},
    {PH_CMD_ATTEST_CAPACITY, "signature", 0},
    {PH_CMD_MEASURE_SITE, "signature", 0},
    {PH_CMD_REPORT_PROBE, "signature", 0},
    {PH_CMD_REPORT_DELIVERY, "energy_wh", 0},
    {PH_CMD_REPORT_DELIVERY, "signature", 0},
    {PH_CMD_COUNTERSIGN_CONTRACT, "signature", 0},
    {PH_CMD_ROTATE_NOTARY_KEY, "proof", 0},
    {PH_CMD_ROTATE_NOTARY_KEY, "endorsement", 0},
    {PH_CMD_TAKE_OVER, "from", 0},
    {PH_CMD_TAKE_OVER, "keeps", 0},
};

static const absent *absent_of(ph_command_kind kind, const char *name)
{
    if (kind == PH_CMD_SET_TERMS) kind = PH_CMD_LIST_PRODUCT;
    for (size_t i = 0; i < sizeof may_be_absent / sizeof may_be_absent[0]; i++) {
        if (may_be_absent[i].kind == kind && strcmp(may_be_absent[i].name, name) == 0)
            return &may_be_absent[i];
    }
    return NULL;
}

/* ---- Single values: false after saying why ----------------------------------------------- */

static bool read_unsigned(const reading *r, const char *name, const json_t *v, uint64_t most,
                          uint64_t *ret)
{
    if (ph_wide_json_u64(v, ret) && *ret <= most) return true;
    return refuse(r, "\"%s\": give a whole number from 0 to %" PRIu64, name, most);
}

static bool read_signed(const reading *r, const char *name, const json_t *v, int64_t most,
                        int64_t *ret)
{
    if (ph_wide_json_i64(v, ret) && *ret <= most && *ret >= -most - 1) return true;
    return refuse(r, "\"%s\": give a whole number from %" PRId64 " to %" PRId64, name, -most - 1,
                  most);
}

static bool read_time(const reading *r, const char *name, const json_t *v, ph_time *ret)
{
    if (ph_wide_json_u64(v, &ret->ns)) return true;
    if (json_is_string(v) && ph_time_parse(json_string_value(v), ret) == PH_OK) return true;
    return refuse(r,
                  "\"%s\": give nanoseconds since 1970 or a time like "
                  "\"2026-11-23T22:00:00Z\"",
                  name);
}

static bool read_period(const reading *r, const char *name, const json_t *v, uint32_t *ret)
{
    uint64_t number;
    if (!json_is_string(v) || ph_wide_json_u64(v, &number)) {
        if (!read_unsigned(r, name, v, UINT32_MAX, &number)) return false;
        *ret = (uint32_t)number;
        return true;
    }
    ph_time at;
    if (!read_time(r, name, v, &at)) return false;
    if (!ph_period_seconds_ok(r->period_seconds))
        return refuse(r,
                      "\"%s\": how long its periods are is not known here; give the number of "
                      "the period",
                      name);
    ph_period t = ph_period_at(at, r->period_seconds);
    if (ph_period_start(t, r->period_seconds).ns != at.ns)
        return refuse(r, "\"%s\": no period begins at %s; periods have %" PRIu32 " seconds", name,
                      json_string_value(v), r->period_seconds);
    *ret = t;
    return true;
}

static bool read_word(const reading *r, const ph_field *f, const json_t *v, unsigned *ret)
{
    *ret = json_is_string(v) ? ph_enumeration_value(f->of, json_string_value(v)) : 0;
    if (*ret != 0) return true;
    char words[200] = "";
    size_t n = 0;
    for (unsigned w = 1; strcmp(ph_enumeration_word(f->of, w), "?") != 0; w++) {
        const char *word = ph_enumeration_word(f->of, w);
        if (n + strlen(word) + 3 > sizeof words) break;
        n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n == 0 ? "" : ", ", word);
    }
    return refuse(r, "\"%s\": give one of %s", f->name, words);
}

static bool read_text(const reading *r, const ph_field *f, const json_t *v, char *to)
{
    if (json_is_string(v) && ph_text_set(to, f->size, json_string_value(v))) return true;
    return refuse(r, "\"%s\": give a text of at most %zu bytes without control characters", f->name,
                  f->size - 1);
}

static bool read_hex(const json_t *v, size_t most, uint8_t *to, size_t *ret_size)
{
    if (!json_is_string(v) || json_string_length(v) > 2 * most) return false;
    size_t size = json_string_length(v);
    return sodium_hex2bin(to, most, json_string_value(v), size, NULL, ret_size, NULL) == 0 &&
           2 * *ret_size == size;
}

static bool read_blob(const reading *r, const ph_field *f, const json_t *v, uint8_t *to)
{
    size_t size;
    if (read_hex(v, f->size, to, &size) && size == f->size) return true;
    return refuse(r, "\"%s\": give %zu hexadecimal digits", f->name, 2 * f->size);
}

/* The bit of a role, or 0. */
static uint32_t role_of(const json_t *v)
{
    for (unsigned bit = 0; json_is_string(v) && ph_role_word(bit) != NULL; bit++) {
        if (strcmp(ph_role_word(bit), json_string_value(v)) == 0) return UINT32_C(1) << bit;
    }
    return 0;
}

static bool read_roles(const reading *r, const char *name, const json_t *v, uint32_t *ret)
{
    uint64_t bits = 0;
    if (json_is_integer(v)) {
        if (!read_unsigned(r, name, v, UINT32_MAX, &bits)) return false;
        *ret = (uint32_t)bits;
        return true;
    }
    bool ok = json_is_array(v);
    for (size_t i = 0; ok && i < json_array_size(v); i++) {
        uint32_t role = role_of(json_array_get(v, i));
        ok = role != 0 && (bits & role) == 0;
        bits |= role;
    }
    *ret = (uint32_t)bits;
    if (ok) return true;
    return refuse(r,
                  "\"%s\": give a list of SUPPLIER, BUYER, METER, AUDITOR, OPERATOR, each at most "
                  "once",
                  name);
}

/* ---- Fields ------------------------------------------------------------------------------- */

static bool read_fields(reading *r, json_t *of, ph_command_kind kind, void *to);

static bool read_group(reading *r, const char *name, const json_t *v, ph_new_group *g)
{
    size_t cnt = json_array_size(v);
    if (!json_is_array(v) || cnt > PH_GROUP_MEMBERS_MAX)
        return refuse(r, "\"%s\": give a list of at most %d orders", name, PH_GROUP_MEMBERS_MAX);
    g->cnt = (uint32_t)cnt;
    for (uint32_t i = 0; i < g->cnt; i++) {
        r->member = i + 1;
        json_t *order = json_array_get(v, i);
        if (!json_is_object(order)) return refuse(r, "give an object with the fields of an order");
        r->period_seconds = 0;
        if (!read_fields(r, order, PH_CMD_NEW_ORDER, &g->v[i])) return false;
    }
    r->member = 0;
    return true;
}

static bool read_access(const reading *r, const json_t *of, ph_hand_over_access *a)
{
    const json_t *contract = json_object_get(of, "contract"),
                 *sealed = json_object_get(of, "sealed");
    if (contract == NULL) return refuse(r, "\"contract\" is missing: HAND_OVER_ACCESS needs it");
    if (sealed == NULL) return refuse(r, "\"sealed\" is missing: HAND_OVER_ACCESS needs it");
    if (!read_unsigned(r, "contract", contract, UINT64_MAX, &a->contract.v)) return false;
    size_t size;
    if (!read_hex(sealed, sizeof a->sealed, a->sealed, &size))
        return refuse(r, "\"sealed\": give at most %zu hexadecimal digits, two for a byte",
                      2 * sizeof a->sealed);
    a->size = (uint32_t)size;
    return true;
}

static void keep_u32(void *to, uint32_t v)
{
    memcpy(to, &v, sizeof v);
}

/* Later fields of the line may need to know how long its periods are. */
static void learn_period(reading *r, const char *name, uint32_t v)
{
    if (strcmp(name, "period_seconds") == 0) r->period_seconds = v;
    if (strcmp(name, "product") != 0 || r->m == NULL) return;
    const ph_product_terms *p = ph_market_product(r->m, (ph_product_id){v});
    if (p != NULL) r->period_seconds = p->period_seconds;
}

static bool read_u32(reading *r, const ph_field *f, const json_t *v, void *to)
{
    uint64_t number;
    if (!read_unsigned(r, f->name, v, UINT32_MAX, &number)) return false;
    keep_u32(to, (uint32_t)number);
    learn_period(r, f->name, (uint32_t)number);
    return true;
}

static bool read_i32(const reading *r, const char *name, const json_t *v, void *to)
{
    int64_t number;
    if (!read_signed(r, name, v, INT32_MAX, &number)) return false;
    keep_u32(to, (uint32_t)(int32_t)number);
    return true;
}

static bool read_boo(const reading *r, const char *name, const json_t *v, bool *to)
{
    if (!json_is_boolean(v)) return refuse(r, "\"%s\": give true or false", name);
    *to = json_is_true(v);
    return true;
}

static bool read_field(reading *r, const ph_field *f, const json_t *v, void *to)
{
    switch (f->form) {
    case PH_FORM_u32: return read_u32(r, f, v, to);
    case PH_FORM_u64: return read_unsigned(r, f->name, v, UINT64_MAX, to);
    case PH_FORM_i32: return read_i32(r, f->name, v, to);
    case PH_FORM_i64: return read_signed(r, f->name, v, INT64_MAX, to);
    case PH_FORM_boo: return read_boo(r, f->name, v, to);
    case PH_FORM_enu: return read_word(r, f, v, to);
    case PH_FORM_text: return read_text(r, f, v, to);
    case PH_FORM_blob: return read_blob(r, f, v, to);
    case PH_FORM_time: return read_time(r, f->name, v, to);
    case PH_FORM_period: return read_period(r, f->name, v, to);
    case PH_FORM_roles: return read_roles(r, f->name, v, to);
    case PH_FORM_group: return read_group(r, f->name, v, to);
    case PH_FORM_access: break; /* more than one field of the line: see read_fields */
    case PH_FORM_reject:
    case PH_FORM_account: break; /* of events alone */
    }
    PH_ASSERT(false);
    return false;
}

static bool is_of_line(const char *name)
{
    static const char *const names[] = {"at", "sender", "command", "request", "note"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

static bool is_field(ph_field_list fields, const char *name)
{
    for (size_t i = 0; i < fields.cnt; i++) {
        if (fields.v[i].form == PH_FORM_access)
            return strcmp(name, "contract") == 0 || strcmp(name, "sealed") == 0;
        if (strcmp(fields.v[i].name, name) == 0) return true;
    }
    return false;
}

/* Text of a foreign file in a message: bounded, so that what to do still fits. */
static bool refuse_unknown(const reading *r, const char *name, ph_command_kind kind)
{
    return refuse(r, "\"%.60s\" is no field of %s: take it out or correct its name", name,
                  ph_command_kind_name(kind));
}

static bool read_fields(reading *r, json_t *of, ph_command_kind kind, void *to)
{
    ph_field_list fields = ph_command_fields(kind);
    const char *name;
    json_t *v;
    json_object_foreach(of, name, v)
    {
        bool of_line = r->member == 0 && is_of_line(name);
        if (!of_line && !is_field(fields, name)) return refuse_unknown(r, name, kind);
    }
    for (size_t i = 0; i < fields.cnt; i++) {
        const ph_field *f = &fields.v[i];
        void *at = (char *)to + f->offset;
        if (f->form == PH_FORM_access) return read_access(r, of, at);
        v = json_object_get(of, f->name);
        const absent *without = absent_of(kind, f->name);
        if (v == NULL && without == NULL)
            return refuse(r, "\"%s\" is missing: %s needs it", f->name, ph_command_kind_name(kind));
        if (v == NULL && without->value != 0) keep_u32(at, without->value);
        if (v != NULL && !read_field(r, f, v, at)) return false;
    }
    return true;
}

/* ---- Lines -------------------------------------------------------------------------------- */

/* What no single field can say. */
static bool complete(const reading *r, const json_t *of, ph_command *c)
{
    bool by_order = c->kind == PH_CMD_CANCEL_ORDER || c->kind == PH_CMD_REPLACE_ORDER;
    if (by_order && json_object_get(of, "order") == NULL &&
        json_object_get(of, "client_order_id") == NULL)
        return refuse(r, "give \"order\" or \"client_order_id\"");
    if (c->kind == PH_CMD_REGISTER_PARTICIPANT) {
        ph_register_participant *p = &c->u.participant;
        if (json_object_get(of, "curve_key") == NULL)
            p->curve_key = ph_scenario_key("curve_key", p->id);
        if (json_object_get(of, "sign_key") == NULL)
            p->sign_key = ph_scenario_key("sign_key", p->id);
    }
    if (c->kind == PH_CMD_OPEN_MARKET) {
        ph_open_market *o = &c->u.open_market;
        const ph_participant_id operator= {1};
        if (json_object_get(of, "operator_curve_key") == NULL)
            o->operator_curve_key = ph_scenario_key("curve_key", operator);
        if (json_object_get(of, "operator_sign_key") == NULL)
            o->operator_sign_key = ph_scenario_key("sign_key", operator);
        if (json_object_get(of, "notary_sign_key") == NULL)
            o->notary_sign_key = ph_scenario_key("notary_sign_key", operator);
    }
    return true;
}

static bool read_command(reading *r, json_t *of, ph_scenario_line *ret)
{
    ph_command *c = &ret->command;
    const char *word = ph_wide_json_text(json_object_get(of, "command"));
    const json_t *at = json_object_get(of, "at"), *sender = json_object_get(of, "sender"),
                 *request = json_object_get(of, "request");
    unsigned kind = word == NULL ? 0 : ph_enumeration_value(PH_ENUM_command_kind, word);
    if (kind == 0)
        return refuse(r, "\"command\": \"%.40s\" is not known; the README lists the commands",
                      word == NULL ? "" : word);
    c->kind = (ph_command_kind)kind;
    ret->has_at = at != NULL;
    if (at != NULL && !read_time(r, "at", at, &c->at)) return false;
    uint64_t number = 0;
    bool of_nobody = c->kind == PH_CMD_TICK || c->kind == PH_CMD_OPEN_MARKET;
    if (sender == NULL && !of_nobody)
        return refuse(r, "\"sender\" is missing: give the id of the participant that sends it");
    if (sender != NULL && !read_unsigned(r, "sender", sender, UINT32_MAX, &number)) return false;
    c->sender.v = (uint32_t)number;
    if (request != NULL && !read_unsigned(r, "request", request, UINT64_MAX, &c->request))
        return false;
    return read_fields(r, of, c->kind, &c->u) && complete(r, of, c);
}

static bool read_market(const reading *r, json_t *sizes, ph_market_limits *ret)
{
    const char *name;
    json_t *v;
    if (!json_is_object(sizes)) return refuse(r, "\"market\": give an object with sizes");
    *ret = ph_market_limits_default();
    json_object_foreach(sizes, name, v)
    {
        uint32_t *to = NULL;
        uint64_t number;
#define X(limit) \
    if (strcmp(name, #limit) == 0) to = &ret->limit;
        PH_MARKET_SIZES(X)
#undef X
        if (to == NULL)
            return refuse(r, "\"%.60s\" is no size of a market: take it out or correct its name",
                          name);
        if (!read_unsigned(r, name, v, UINT32_MAX, &number)) return false;
        *to = (uint32_t)number;
    }
    if (ph_market_footprint(ret) == 0)
        return refuse(r, "\"market\": these sizes make no sense together; the README has the "
                         "bounds");
    return true;
}

static bool read_line(reading *r, json_t *of, ph_scenario_line *ret)
{
    if (!json_is_object(of)) return refuse(r, "not an object: a line is {\"command\": ...}");
    const json_t *note = json_object_get(of, "note");
    if (note != NULL && ph_wide_json_text(note) == NULL) return refuse(r, "\"note\": give a text");
    if (json_object_get(of, "command") != NULL) {
        ret->kind = PH_LINE_COMMAND;
        return read_command(r, of, ret);
    }
    json_t *market = json_object_get(of, "market");
    ret->kind = market != NULL ? PH_LINE_MARKET : PH_LINE_NOTE;
    size_t known = (note != NULL) + (size_t)(market != NULL);
    if (known == 0 || json_object_size(of) != known)
        return refuse(r, "\"command\" is missing: a line is a command, {\"market\": {sizes}} or "
                         "{\"note\": text}");
    return market == NULL || read_market(r, market, &ret->limits);
}

/* The sentence may repeat text of the file, which a terminal should not obey. */
static void make_printable(char *why)
{
    for (; *why != '\0'; why++) {
        if (*why < ' ' || *why > '~') *why = '?';
    }
}

ph_status ph_scenario_line_read(const char *text, size_t size, const ph_market *m,
                                ph_scenario_line *ret, char why[PH_SCENARIO_WHY_SIZE])
{
    reading r = {.m = m, .why = why};
    ph_scenario_line line;
    memset(&line, 0, sizeof line);
    json_t *of = NULL;
    ph_status st = ph_wide_json_load(text, size, &of, why, PH_SCENARIO_WHY_SIZE);
    if (st == PH_OK && !read_line(&r, of, &line)) st = PH_EINVAL;
    json_decref(of);
    if (st == PH_OK)
        *ret = line;
    else
        make_printable(why);
    return st;
}

ph_key ph_scenario_key(const char *use, ph_participant_id id)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%s %" PRIu32, use, id.v);
    PH_ASSERT(n > 0 && (size_t)n < sizeof text);
    ph_key key;
    crypto_generichash(key.b, sizeof key.b, (const unsigned char *)text, strlen(text), NULL, 0);
    return key;
}

ph_command ph_scenario_open_market(void)
{
    static const char text[] = "{\"command\":\"OPEN_MARKET\",\"rules_version\":1,"
                               "\"market\":\"market.example\",\"currency\":\"USD\","
                               "\"operator_name\":\"operator\"}";
    ph_scenario_line line;
    char why[PH_SCENARIO_WHY_SIZE];
    ph_status st = ph_scenario_line_read(text, sizeof text - 1, NULL, &line, why);
    PH_ASSERT(st == PH_OK);
    return line.command;
}
