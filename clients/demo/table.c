/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/table.h"

#include <stdio.h>
#include <string.h>

#include "clients/lib/petahour.h"

static const char SWF_COLUMNS[] =
    "job,submit_s,wait_s,run_s,processors,cpu_s,memory_kb,requested_processors,requested_s,"
    "requested_memory_kb,status,user,group,executable,queue,partition,preceding_job,think_s";

static const int64_t MONEY_MAX = INT64_C(10000000) * 1000000;

/* What one message quotes of a file: short, and never a control character. */
static const char *quoted(const char *text, char to[48])
{
    size_t n = 0;
    for (; text[n] != '\0' && n < 40; n++) {
        to[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    }
    if (text[n] != '\0') {
        memcpy(to + n, "...", 3);
        n += 3;
    }
    to[n] = '\0';
    return to;
}

static bool refuse_line(phc_table *t, const char *why)
{
    if (t->fault[0] == '\0') {
        (void)snprintf(t->fault, sizeof t->fault, "%s:%u: %s", t->name, t->line, why);
    }
    return false;
}

bool phc_table_refuse(phc_table *t, size_t column, const char *why)
{
    char text[48], reason[256];
    (void)snprintf(reason, sizeof reason, "%s: \"%s\" %s", t->columns[column],
                   quoted(t->fields[column], text), why);
    return refuse_line(t, reason);
}

const char *phc_table_fault(const phc_table *t)
{
    return t->fault[0] == '\0' ? NULL : t->fault;
}

/* Cuts the next line off; NULL at the end or when the line cannot be one of a text file. */
static char *next_line(phc_table *t)
{
    if (t->fault[0] != '\0' || t->next == t->end) return NULL;
    t->line++;
    char *line = t->next;
    char *stop = memchr(line, '\n', (size_t)(t->end - line));
    if (stop == NULL) {
        refuse_line(t, "the last line does not end: the file is cut off");
        return NULL;
    }
    if (stop - line >= PHC_TABLE_LINE_MAX) {
        refuse_line(t, "the line is too long");
        return NULL;
    }
    if (memchr(line, '\0', (size_t)(stop - line)) != NULL) {
        refuse_line(t, "a zero byte is not text");
        return NULL;
    }
    if (memchr(line, '\r', (size_t)(stop - line)) != NULL) {
        refuse_line(t, "a carriage return does not belong here");
        return NULL;
    }
    *stop = '\0';
    t->next = stop + 1;
    return line;
}

/* Cuts a line at commas; the number of fields, or more than the room when there are too many. */
static size_t cut_csv(char *line, char *fields[PHC_TABLE_COLUMNS_MAX])
{
    size_t n = 0;
    for (char *at = line; at != NULL; n++) {
        char *comma = strchr(at, ',');
        if (comma != NULL) *comma = '\0';
        if (n < PHC_TABLE_COLUMNS_MAX) fields[n] = at;
        at = comma == NULL ? NULL : comma + 1;
    }
    return n;
}

static size_t cut_swf(char *line, char *fields[PHC_TABLE_COLUMNS_MAX])
{
    size_t n = 0;
    for (char *rest = line, *word; (word = strsep(&rest, " \t")) != NULL;) {
        if (word[0] == '\0') continue;
        if (n < PHC_TABLE_COLUMNS_MAX) fields[n] = word;
        n++;
    }
    return n;
}

static void name_columns(phc_table *t, const char *header)
{
    char *names[PHC_TABLE_COLUMNS_MAX] = {0};
    (void)snprintf(t->header, sizeof t->header, "%s", header);
    t->column_cnt = cut_csv(t->header, names);
    for (size_t i = 0; i < PHC_TABLE_COLUMNS_MAX; i++)
        t->columns[i] = names[i];
}

bool phc_table_csv(phc_table *t, const char *name, char *text, size_t size, const char *header)
{
    *t = (phc_table){.name = name, .next = text, .end = text + size};
    name_columns(t, header);
    char *first = next_line(t);
    if (first == NULL) {
        t->line = 1;
        return refuse_line(t, "the file is empty");
    }
    if (strcmp(first, header) != 0) {
        char why[PHC_TABLE_LINE_MAX + 48];
        (void)snprintf(why, sizeof why, "the header is not \"%s\"", header);
        return refuse_line(t, why);
    }
    return true;
}

bool phc_table_swf(phc_table *t, const char *name, char *text, size_t size)
{
    *t = (phc_table){.name = name, .next = text, .end = text + size, .swf = true};
    name_columns(t, SWF_COLUMNS);
    if (size == 0) {
        t->line = 1;
        return refuse_line(t, "the file is empty");
    }
    return true;
}

char **phc_table_next(phc_table *t)
{
    char *line = next_line(t);
    while (line != NULL && t->swf && line[0] == ';')
        line = next_line(t);
    if (line == NULL) return NULL;
    if (line[0] == '\0') {
        refuse_line(t, "the line is empty");
        return NULL;
    }
    if (strchr(line, '"') != NULL) {
        refuse_line(t, "quotation marks do not belong here");
        return NULL;
    }
    size_t n = t->swf ? cut_swf(line, t->fields) : cut_csv(line, t->fields);
    if (n != t->column_cnt) {
        char why[64];
        (void)snprintf(why, sizeof why, "%zu fields where %zu are expected", n, t->column_cnt);
        refuse_line(t, why);
        return NULL;
    }
    return t->fields;
}

bool phc_table_number(phc_table *t, size_t column, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v;
    if (phc_number_parse(t->fields[column], max, &v) != PHC_OK || v < min) {
        char why[80];
        (void)snprintf(why, sizeof why, "is not a whole number from %llu to %llu",
                       (unsigned long long)min, (unsigned long long)max);
        return phc_table_refuse(t, column, why);
    }
    *ret = v;
    return true;
}

bool phc_table_money(phc_table *t, size_t column, bool may_be_empty, int64_t *ret)
{
    if (may_be_empty && t->fields[column][0] == '\0') {
        *ret = 0;
        return true;
    }
    int64_t v;
    if (phc_money_parse(t->fields[column], &v) != PHC_OK) {
        return phc_table_refuse(t, column, "is not an amount of money");
    }
    if (v > MONEY_MAX) return phc_table_refuse(t, column, "is more than ten million");
    *ret = v;
    return true;
}

bool phc_table_signed(phc_table *t, size_t column, int64_t max, int64_t *ret)
{
    const char *text = t->fields[column];
    bool negative = text[0] == '-';
    int64_t v;
    if (phc_money_parse(text + (negative ? 1 : 0), &v) != PHC_OK) {
        return phc_table_refuse(t, column, "is not a decimal number");
    }
    if (v > max) return phc_table_refuse(t, column, "is out of range");
    *ret = negative ? -v : v;
    return true;
}

bool phc_table_text(phc_table *t, size_t column, bool may_be_empty, char *to, size_t size)
{
    const char *text = t->fields[column];
    size_t n = strlen(text);
    if (n == 0 && !may_be_empty) return phc_table_refuse(t, column, "is empty");
    if (n >= size) return phc_table_refuse(t, column, "is too long");
    for (size_t i = 0; i < n; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return phc_table_refuse(t, column, "has a character that is not plain text");
        }
    }
    memcpy(to, text, n + 1);
    return true;
}
