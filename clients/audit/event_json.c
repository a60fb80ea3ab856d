/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/event_json.h"

#include <stdbool.h>
#include <string.h>

#include "clients/audit/field.h"
#include "engine/base/panic.h"

typedef struct {
    char *p, *end;
} line;

static void put(line *l, char c)
{
    PH_ASSERT(l->p < l->end);
    *l->p++ = c;
}

static void put_text(line *l, const char *text, size_t size)
{
    PH_ASSERT((size_t)(l->end - l->p) >= size);
    memcpy(l->p, text, size);
    l->p += size;
}

static void put_u64(line *l, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v != 0);
    put_text(l, digits + n, sizeof digits - n);
}

static void put_i64(line *l, int64_t v)
{
    if (v < 0) put(l, '-');
    put_u64(l, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Text of the market has no control characters, so that two marks alone need an escape. */
static void put_quoted(line *l, const char *text)
{
    put(l, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') put(l, '\\');
        put(l, *text);
    }
    put(l, '"');
}

static void put_hex(line *l, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    put(l, '"');
    for (size_t i = 0; i < size; i++) {
        put(l, digits[bytes[i] >> 4]);
        put(l, digits[bytes[i] & 15]);
    }
    put(l, '"');
}

/* ,"name": or, in front, without the comma. */
static void put_name(line *l, const char *name)
{
    if (l->p[-1] != '{') put(l, ',');
    put_quoted(l, name);
    put(l, ':');
}

static uint32_t load_u32(const void *from)
{
    uint32_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

static uint64_t load_u64(const void *from)
{
    uint64_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* Bits that are no role cannot be said in words. */
static void put_roles(line *l, uint32_t roles)
{
    if ((roles & ~(uint32_t)PH_ROLES_ALL) != 0) {
        put_u64(l, roles);
        return;
    }
    put(l, '[');
    for (unsigned bit = 0; ph_role_word(bit) != NULL; bit++) {
        if (!(roles >> bit & 1)) continue;
        if (l->p[-1] != '[') put(l, ',');
        put_quoted(l, ph_role_word(bit));
    }
    put(l, ']');
}

static void put_account(line *l, const ph_account *a)
{
    put(l, '{');
    put_name(l, "kind");
    put_quoted(l, ph_account_kind_name(a->kind));
    put_name(l, "id");
    put_u64(l, a->id);
    put(l, '}');
}

static void put_fields(line *l, ph_field_list fields, const void *of);

static void put_group(line *l, const ph_new_group *g)
{
    PH_ASSERT(g->cnt <= PH_GROUP_MEMBERS_MAX);
    put(l, '[');
    for (uint32_t i = 0; i < g->cnt; i++) {
        if (i != 0) put(l, ',');
        put(l, '{');
        put_fields(l, ph_command_fields(PH_CMD_NEW_ORDER), &g->v[i]);
        put(l, '}');
    }
    put(l, ']');
}

static void put_access(line *l, const ph_hand_over_access *a)
{
    PH_ASSERT(a->size <= PH_ACCESS_BYTES_MAX);
    put_name(l, "contract");
    put_u64(l, a->contract.v);
    put_name(l, "sealed");
    put_hex(l, a->sealed, a->size);
}

static void put_reject(line *l, uint32_t code)
{
    put_u64(l, code);
    put_name(l, "reject");
    put_quoted(l, ph_reject_name((ph_reject)code));
}

static void put_field(line *l, const ph_field *f, const void *at)
{
    if (f->form == PH_FORM_access) {
        put_access(l, at);
        return;
    }
    put_name(l, f->name);
    switch (f->form) {
    case PH_FORM_u32:
    case PH_FORM_period: put_u64(l, load_u32(at)); break;
    case PH_FORM_u64:
    case PH_FORM_time: put_u64(l, load_u64(at)); break;
    case PH_FORM_i32: put_i64(l, (int32_t)load_u32(at)); break;
    case PH_FORM_i64: put_i64(l, (int64_t)load_u64(at)); break;
    case PH_FORM_boo:
        if (*(const bool *)at)
            put_text(l, "true", 4);
        else
            put_text(l, "false", 5);
        break;
    case PH_FORM_enu: put_quoted(l, ph_enumeration_word(f->of, load_u32(at))); break;
    case PH_FORM_text: put_quoted(l, at); break;
    case PH_FORM_blob: put_hex(l, at, f->size); break;
    case PH_FORM_roles: put_roles(l, load_u32(at)); break;
    case PH_FORM_reject: put_reject(l, load_u32(at)); break;
    case PH_FORM_account: put_account(l, at); break;
    case PH_FORM_group: put_group(l, at); break;
    case PH_FORM_access: break;
    }
}

static void put_fields(line *l, ph_field_list fields, const void *of)
{
    for (size_t i = 0; i < fields.cnt; i++)
        put_field(l, &fields.v[i], (const char *)of + fields.v[i].offset);
}

size_t ph_event_json(uint64_t seq, ph_time at, const ph_event *e, char to[PH_JSON_LINE_MAX])
{
    line l = {.p = to, .end = to + PH_JSON_LINE_MAX};
    put(&l, '{');
    put_name(&l, "seq");
    put_u64(&l, seq);
    put_name(&l, "at");
    put_u64(&l, at.ns);
    put_name(&l, "event");
    put_quoted(&l, ph_event_kind_name(e->kind));
    put_fields(&l, ph_event_fields(e->kind), &e->u);
    put(&l, '}');
    return (size_t)(l.p - to);
}

size_t ph_command_json(const ph_command *c, char to[PH_JSON_LINE_MAX])
{
    line l = {.p = to, .end = to + PH_JSON_LINE_MAX};
    put(&l, '{');
    put_name(&l, "at");
    put_u64(&l, c->at.ns);
    put_name(&l, "sender");
    put_u64(&l, c->sender.v);
    put_name(&l, "command");
    put_quoted(&l, ph_command_kind_name(c->kind));
    put_name(&l, "request");
    put_u64(&l, c->request);
    put_fields(&l, ph_command_fields(c->kind), &c->u);
    put(&l, '}');
    return (size_t)(l.p - to);
}

size_t ph_sizes_json(const ph_market_limits *limits, char to[PH_JSON_LINE_MAX])
{
    line l = {.p = to, .end = to + PH_JSON_LINE_MAX};
    put(&l, '{');
    put_name(&l, "market");
    put(&l, '{');
#define X(size)          \
    put_name(&l, #size); \
    put_u64(&l, limits->size);
    PH_MARKET_SIZES(X)
#undef X
    put(&l, '}');
    put(&l, '}');
    return (size_t)(l.p - to);
}
