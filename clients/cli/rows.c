/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 16 };

cli_exit cli_say(cli_exit code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("petahour: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

json_t *cli_money(int64_t micro)
{
    char to[32];
    return json_string(phc_money_text(micro, to));
}

json_t *cli_path(const char *path)
{
    json_t *v = json_string(path);
    return v != NULL ? v : json_null();
}

json_t *cli_time(uint64_t ns)
{
    char to[40];
    return json_string(phc_time_text(ns, to));
}

/* JSON numbers of many readers are exact up to 2^53; above, text is. */
json_t *cli_number(uint64_t v)
{
    if (v <= UINT64_C(1) << 53) return json_integer((json_int_t)v);
    char to[24];
    snprintf(to, sizeof to, "%llu", (unsigned long long)v);
    return json_string(to);
}

json_t *cli_read_json(const char *path)
{
    json_error_t error;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        (void)cli_say(CLI_FAILED, "could not open \"%s\": %s", path, strerror(errno));
        return NULL;
    }
    json_t *v = json_loadf(f, JSON_REJECT_DUPLICATES, &error);
    (void)fclose(f); /* only read */
    if (v == NULL)
        (void)cli_say(CLI_FAILED, "could not read \"%s\": line %d: %s", path, error.line,
                      error.text);
    return v;
}

static const char *text_of(const json_t *v, char room[32])
{
    if (v == NULL || json_is_null(v)) return "-";
    if (json_is_string(v)) return json_string_value(v);
    if (json_is_boolean(v)) return json_is_true(v) ? "yes" : "no";
    snprintf(room, 32, "%lld", (long long)json_integer_value(v));
    return room;
}

/* Characters, not bytes: UTF-8 continuation bytes take no room on the screen. */
static int width_of(const char *text)
{
    int n = 0;
    for (const char *p = text; *p != '\0'; p++)
        if (((unsigned char)*p & 0xc0) != 0x80) n++;
    return n;
}

static void put_cell(const char *text, int width, bool right, bool last)
{
    int pad = width - width_of(text);
    if (right && pad > 0) printf("%*s", pad, "");
    /* Names come from others: no control characters reach the terminal. */
    for (const char *p = text; *p != '\0'; p++)
        putchar((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
    if (last) return;
    if (!right && pad > 0) printf("%*s", pad, "");
    fputs("  ", stdout);
}

static void dump(const json_t *v, size_t flags)
{
    (void)json_dumpf(v, stdout, flags | JSON_ENSURE_ASCII); /* a closed output: see main */
    putchar('\n');
}

void cli_print_rows(json_t *rows, const cli_column *columns, size_t cnt, bool json)
{
    int widths[COLUMNS_MAX];
    char room[32];
    size_t i;
    json_t *row;
    if (json) {
        dump(rows, JSON_INDENT(2));
        json_decref(rows);
        return;
    }
    for (size_t k = 0; k < cnt; k++) {
        widths[k] = width_of(columns[k].title);
        json_array_foreach(rows, i, row)
        {
            int w = width_of(text_of(json_object_get(row, columns[k].key), room));
            if (w > widths[k]) widths[k] = w;
        }
    }
    for (size_t k = 0; k < cnt; k++)
        put_cell(columns[k].title, widths[k], columns[k].right, k + 1 == cnt);
    putchar('\n');
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < cnt; k++)
            put_cell(text_of(json_object_get(row, columns[k].key), room), widths[k],
                     columns[k].right, k + 1 == cnt);
        putchar('\n');
    }
    json_decref(rows);
}

void cli_print_line(json_t *row, const cli_column *columns, size_t cnt, bool json)
{
    char room[32];
    if (json) {
        dump(row, JSON_COMPACT);
    } else {
        for (size_t k = 0; k < cnt; k++) {
            const json_t *v = json_object_get(row, columns[k].key);
            if (v == NULL || json_is_null(v)) continue;
            printf("%s%s=%s", k == 0 ? "" : " ", columns[k].title, text_of(v, room));
        }
        putchar('\n');
    }
    fflush(stdout);
    json_decref(row);
}

void cli_print_object(json_t *object, bool json)
{
    const char *key;
    json_t *value;
    char room[32];
    int width = 20;
    if (json) {
        dump(object, JSON_INDENT(2));
    } else {
        json_object_foreach(object, key, value)
        {
            if ((int)strlen(key) > width) width = (int)strlen(key);
        }
        json_object_foreach(object, key, value)
        {
            if (json_is_array(value) || json_is_object(value)) continue;
            printf("%-*s ", width, key);
            put_cell(text_of(value, room), 0, false, true);
            putchar('\n');
        }
    }
    json_decref(object);
}
