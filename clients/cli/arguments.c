/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CONNECT = 0x1000, KEY_KEY, KEY_JSON, KEY_TIMEOUT, KEY_FIELD = 0x2000 };
enum { TIMEOUT_SECONDS = 15, TIMEOUT_SECONDS_MAX = 3600 };

typedef struct {
    cli_field *fields;
    size_t cnt;
    cli_common *common;
} reading;

static bool positional(const cli_field *f)
{
    return isupper((unsigned char)f->name[0]);
}

/* "-77.5" or "40.8106" to millionths of a degree. */
static bool degrees(const char *text, int32_t *ret)
{
    int64_t v;
    bool minus = text[0] == '-';
    if (phc_money_parse(text + minus, &v) != PHC_OK || v > INT64_C(180000000)) return false;
    *ret = (int32_t)(minus ? -v : v);
    return true;
}

/* NULL, or what the text should have been. */
/* Keys separated by commas. */
static bool keys_of(const char *text, cli_keys *ret)
{
    cli_keys k = {.cnt = 0};
    char hex[65];
    for (;;) {
        size_t size = strcspn(text, ",");
        if (size != 64 || k.cnt == PHC_TRUSTED_KEYS_MAX) return false;
        memcpy(hex, text, 64);
        hex[64] = '\0';
        if (phc_hex_parse(hex, k.v[k.cnt], sizeof k.v[0]) != PHC_OK) return false;
        k.cnt++;
        if (text[size] == '\0') break;
        text += size + 1;
    }
    *ret = k;
    return true;
}

/* Only digits, and still no number: it is above what fits. */
static bool is_too_large(const char *text)
{
    return text[strspn(text, "0")] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static const char *convert(const cli_field *f, const char *text)
{
    uint64_t number;
    switch (f->kind) {
    case CLI_TEXT:
        if (text[0] == '\0') return "it is empty";
        *(const char **)f->to = text;
        return NULL;
    case CLI_FLAG: *(bool *)f->to = true; return NULL;
    case CLI_U32:
        if (phc_number_parse(text, UINT32_MAX, &number) != PHC_OK)
            return is_too_large(text) ? "too large: at most 4294967295"
                                      : "not a whole number from 0 to 4294967295";
        *(uint32_t *)f->to = (uint32_t)number;
        return NULL;
    case CLI_U64:
        if (phc_number_parse(text, UINT64_MAX, f->to) == PHC_OK) return NULL;
        return is_too_large(text) ? "too large: at most 18446744073709551615"
                                  : "not a whole number";
    case CLI_ID:
        if (phc_number_parse(text, UINT64_MAX, &number) != PHC_OK || number == 0)
            return is_too_large(text) ? "too large: at most 18446744073709551615"
                                      : "not a whole number from 1 to 18446744073709551615";
        *(uint64_t *)f->to = number;
        return NULL;
    case CLI_MONEY:
        return phc_money_parse(text, f->to) == PHC_OK
                   ? NULL
                   : "not a decimal number with at most six places, like 2.5, or above "
                     "9223372036854.775807";
    case CLI_TIME:
        return phc_time_parse(text, f->to) == PHC_OK ? NULL
                                                     : "not a UTC time like 2026-12-01T00:00:00Z";
    case CLI_DEGREES: return degrees(text, f->to) ? NULL : "not degrees like 40.8106 or -74.5";
    case CLI_SHAPE: return phc_shape_parse(text, f->to) ? NULL : "not each, block or flex";
    case CLI_TIF: return phc_time_in_force_parse(text, f->to) ? NULL : "not gtc, gtt, ioc or fok";
    case CLI_COMPUTE_TYPE:
        return phc_compute_type_parse(text, f->to) ? NULL
                                                   : "not general, ai, supercomputing or edge";
    case CLI_ARCHITECTURE:
        return phc_architecture_parse(text, f->to)
                   ? NULL
                   : "not x86, arm, mips, power, risc-v, alpha, gpu, asic, fpga or npu";
    case CLI_PHASE: return phc_phase_parse(text, f->to) ? NULL : "not open, call, halted or closed";
    case CLI_ROLES:
        return phc_roles_parse(text, f->to)
                   ? NULL
                   : "not a list like supplier,buyer of supplier, buyer, meter, auditor, operator";
    case CLI_PRODUCT_STATE:
        return phc_product_state_parse(text, f->to) ? NULL : "not listed, halted or delisted";
    case CLI_KEY_USE:
        return phc_key_use_parse(text, f->to) ? NULL : "not connection, signature or reading";
    case CLI_KEY_Z85:
        return phc_z85_parse(text, f->to) == PHC_OK ? NULL : "not Z85 of 40 characters";
    case CLI_KEY_HEX:
        return phc_hex_parse(text, f->to, 32) == PHC_OK ? NULL : "not 64 hexadecimal digits";
    case CLI_KEYS_HEX:
        return keys_of(text, f->to) ? NULL : "not 64 hexadecimal digits for each of 1 to 16 keys";
    }
    return "not known";
}

static void take(cli_field *f, const char *text, struct argp_state *state)
{
    const char *dashes = positional(f) ? "" : "--";
    if (f->given) argp_error(state, "%s%s is given twice", dashes, f->name);
    const char *wrong = convert(f, text != NULL ? text : "");
    if (wrong != NULL)
        argp_error(state, "could not read %s%s \"%s\": %s", dashes, f->name, text, wrong);
    f->given = true;
}

static void take_positional(reading *r, const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < r->cnt; i++) {
        cli_field *f = &r->fields[i];
        if (!positional(f) || f->given) continue;
        take(f, text, state);
        return;
    }
    argp_error(state, "too many arguments: \"%s\"", text);
}

static void check_complete(reading *r, struct argp_state *state)
{
    for (size_t i = 0; i < r->cnt; i++) {
        const cli_field *f = &r->fields[i];
        if (f->required && !f->given)
            argp_error(state, "%s%s is missing", positional(f) ? "" : "--", f->name);
    }
}

static error_t on_argument(int key, char *arg, struct argp_state *state)
{
    reading *r = state->input;
    uint64_t number;
    switch (key) {
    case KEY_CONNECT: r->common->connect_file = arg; return 0;
    case KEY_KEY: r->common->key_file = arg; return 0;
    case KEY_JSON: r->common->json = true; return 0;
    case KEY_TIMEOUT:
        if (phc_number_parse(arg, TIMEOUT_SECONDS_MAX, &number) != PHC_OK || number == 0)
            argp_error(state, "could not read --timeout \"%s\": not 1 to 3600 seconds", arg);
        r->common->timeout_seconds = (uint32_t)number;
        return 0;
    case ARGP_KEY_ARG: take_positional(r, arg, state); return 0;
    case ARGP_KEY_END: check_complete(r, state); return 0;
    default: break;
    }
    if (key < KEY_FIELD || (size_t)(key - KEY_FIELD) >= r->cnt) return ARGP_ERR_UNKNOWN;
    take(&r->fields[key - KEY_FIELD], arg, state);
    return 0;
}

void cli_read(int argc, char **argv, const char *doc, cli_field *fields, size_t cnt,
              cli_common *ret)
{
    struct argp_option options[CLI_FIELDS_MAX + 6] = {0};
    char usage[256] = "";
    size_t n = 0;
    if (cnt > CLI_FIELDS_MAX) abort();
    for (size_t i = 0; i < cnt; i++) {
        const cli_field *f = &fields[i];
        if (positional(f)) {
            size_t used = strlen(usage);
            snprintf(usage + used, sizeof usage - used, f->required ? "%s%s" : "%s[%s]",
                     used == 0 ? "" : " ", f->name);
            continue;
        }
        options[n++] = (struct argp_option){
            .name = f->name, .key = KEY_FIELD + (int)i, .arg = f->arg, .doc = f->doc, .group = 1};
    }
    options[n++] = (struct argp_option){
        .name = "connect",
        .key = KEY_CONNECT,
        .arg = "FILE",
        .group = 2,
        .doc = "Where the gateway is: its ready file, or several with ':' between them "
               "(default: $PETAHOUR_CONNECT)"};
    options[n++] = (struct argp_option){.name = "key",
                                        .key = KEY_KEY,
                                        .arg = "FILE",
                                        .group = 2,
                                        .doc = "Key file (default: $PETAHOUR_KEY)"};
    options[n++] = (struct argp_option){.name = "timeout",
                                        .key = KEY_TIMEOUT,
                                        .arg = "SECONDS",
                                        .group = 2,
                                        .doc = "How long to wait (default: 15)"};
    options[n++] = (struct argp_option){
        .name = "json", .key = KEY_JSON, .group = 2, .doc = "Results as JSON, for programs"};
    *ret = (cli_common){.connect_file = getenv("PETAHOUR_CONNECT"),
                        .key_file = getenv("PETAHOUR_KEY"),
                        .timeout_seconds = TIMEOUT_SECONDS};
    reading r = {.fields = fields, .cnt = cnt, .common = ret};
    struct argp argp = {.options = options, .parser = on_argument, .args_doc = usage, .doc = doc};
    argp_err_exit_status = CLI_USAGE;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &r); /* exits rather than fail */
}
