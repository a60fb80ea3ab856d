/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/report.h"

enum { CELL_SIZE = 256, COLUMNS_MAX = 24 };

static bool is_money(const char *key)
{
    size_t size = strlen(key);
    return size > 6 && strcmp(key + size - 6, "_micro") == 0;
}

/* "notional" for notional_micro. */
static const char *title(const char *key, char to[CELL_SIZE])
{
    size_t size = strlen(key) - (is_money(key) ? 6 : 0);
    snprintf(to, CELL_SIZE, "%.*s", (int)size, key);
    return to;
}

/* Digits with a point before the last six. */
static void put_money(const char *digits, char to[CELL_SIZE])
{
    const char *sign = digits[0] == '-' ? "-" : "";
    if (*sign != '\0') digits++;
    char wide[64];
    snprintf(wide, sizeof wide, "%s%s", strlen(digits) < 7 ? &"0000000"[strlen(digits)] : "",
             digits);
    int whole = (int)strlen(wide) - 6;
    snprintf(to, CELL_SIZE, "%s%.*s.%s", sign, whole, wide, wide + whole);
}

/* [[12, 15], [20, 31]] is "12-15 20-31". */
static void put_list(const json_t *list, char to[CELL_SIZE])
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        for (size_t c = 0; c < json_array_size(row) && used < CELL_SIZE - 24; c++)
            used += (size_t)snprintf(to + used, CELL_SIZE - used, "%s%" JSON_INTEGER_FORMAT,
                                     c != 0   ? "-"
                                     : i != 0 ? " "
                                              : "",
                                     json_integer_value(json_array_get(row, c)));
    }
}

static const char *cell(const char *key, const json_t *v, char to[CELL_SIZE])
{
    char digits[64];
    if (v == NULL) {
        snprintf(to, CELL_SIZE, "-");
    } else if (json_is_array(v)) {
        put_list(v, to);
    } else if (json_is_integer(v)) {
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        if (is_money(key))
            put_money(digits, to);
        else
            snprintf(to, CELL_SIZE, "%s", digits);
    } else if (is_money(key)) {
        put_money(json_string_value(v), to);
    } else {
        snprintf(to, CELL_SIZE, "%s", json_string_value(v));
    }
    return to;
}

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

typedef struct {
    const char *key;
    size_t width;
    bool is_left; /* text, evidence */
} column;

static void print_cell(const column *c, const char *text, bool is_last)
{
    int pad = (int)(c->width - width_of(text));
    if (c->is_left && is_last)
        printf("  %s", text);
    else if (c->is_left)
        printf("  %s%*s", text, pad, "");
    else
        printf("  %*s%s", pad, "", text);
}

static bool has_column(const column *columns, size_t cnt, const char *key)
{
    for (size_t i = 0; i < cnt; i++)
        if (strcmp(columns[i].key, key) == 0) return true;
    return false;
}

/* The columns of the rows shown, each as wide as its widest cell. */
static size_t columns_of(const json_t *rows, size_t row_cnt, column columns[COLUMNS_MAX])
{
    char text[CELL_SIZE];
    size_t cnt = 0;
    for (size_t i = 0; i < row_cnt; i++) {
        const char *key;
        json_t *v;
        json_object_foreach(json_array_get(rows, i), key, v)
        {
            if (cnt == COLUMNS_MAX || has_column(columns, cnt, key)) continue;
            bool is_left = json_is_array(v) || (json_is_string(v) && !is_money(key));
            columns[cnt++] = (column){key, width_of(title(key, text)), is_left};
        }
    }
    for (size_t i = 0; i < row_cnt; i++)
        for (size_t c = 0; c < cnt; c++) {
            const json_t *v = json_object_get(json_array_get(rows, i), columns[c].key);
            size_t width = width_of(cell(columns[c].key, v, text));
            if (width > columns[c].width) columns[c].width = width;
        }
    return cnt;
}

static void print_table(const json_t *rows, uint64_t top)
{
    column columns[COLUMNS_MAX];
    char text[CELL_SIZE];
    size_t all = json_array_size(rows), shown = all < top ? all : (size_t)top;
    if (all == 0) {
        puts("  none");
        return;
    }
    size_t cnt = columns_of(rows, shown, columns);
    for (size_t c = 0; c < cnt; c++)
        print_cell(&columns[c], title(columns[c].key, text), c + 1 == cnt);
    puts("");
    for (size_t i = 0; i < shown; i++) {
        const json_t *row = json_array_get(rows, i);
        for (size_t c = 0; c < cnt; c++)
            print_cell(&columns[c],
                       cell(columns[c].key, json_object_get(row, columns[c].key), text),
                       c + 1 == cnt);
        puts("");
    }
    if (shown < all) printf("  and %zu more: --top or --json shows them\n", all - shown);
}

/* Words of a definition in lines of at most 96 columns. */
static void print_words(const char *text)
{
    size_t at = 0;
    for (const char *p = text; *p != '\0';) {
        size_t size = strcspn(p, " ");
        if (at != 0 && at + 1 + size > 96) {
            puts("");
            at = 0;
        }
        printf("%s%.*s", at == 0 ? "  " : " ", (int)size, p);
        at += 1 + size;
        p += size;
        while (*p == ' ')
            p++;
    }
    puts("");
}

static void print_members(const json_t *o)
{
    char name[CELL_SIZE], text[CELL_SIZE];
    const char *key;
    json_t *v;
    /* jansson's macro takes no const */
    json_object_foreach((json_t *)(uintptr_t)o, key, v)
        printf("  %-27s %s\n", title(key, name), cell(key, v, text));
}

void ph_report_print(const json_t *report, uint64_t top)
{
    char name[CELL_SIZE], text[CELL_SIZE];
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)report, key, v)
    {
        if (json_is_string(v)) {
            printf("%-10s %s\n", title(key, name), cell(key, v, text));
            continue;
        }
        printf("\n%s\n", key);
        if (json_is_array(v)) {
            print_table(v, top);
        } else if (json_object_get(v, "rows") != NULL) {
            print_words(json_string_value(json_object_get(v, "definition")));
            print_table(json_object_get(v, "rows"), top);
        } else {
            print_members(v);
        }
    }
}
