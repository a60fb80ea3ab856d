/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting of a Slurm cluster: sacct --parsable2, with a reservation for each contract. */
#include "clients/cli/meter.h"

#include <stdio.h>
#include <string.h>

enum { JOB, START, END, RESERVATION, TRES, NODES, CPUS, COLUMN_CNT, WORDS_MAX = 128 };

static const char *const names[COLUMN_CNT] = {"JobID",     "Start",  "End",  "Reservation",
                                              "AllocTRES", "NNodes", "NCPUS"};

static size_t words_of(char *line, char *words[WORDS_MAX])
{
    size_t n = 0;
    for (char *at = line; n < WORDS_MAX;) {
        words[n++] = at;
        char *bar = strchr(at, '|');
        if (bar == NULL) break;
        *bar = '\0';
        at = bar + 1;
    }
    return n;
}

static const char *read_header(meter *m, char *const *words, size_t cnt)
{
    for (size_t i = 0; i < COLUMN_CNT; i++) {
        m->column[i] = SIZE_MAX;
        for (size_t k = 0; k < cnt; k++) {
            bool is_it = strcmp(words[k], names[i]) == 0 ||
                         (i == NODES && strcmp(words[k], "AllocNodes") == 0) ||
                         (i == CPUS && strcmp(words[k], "AllocCPUS") == 0);
            if (is_it) m->column[i] = k;
        }
        if (i <= RESERVATION && m->column[i] == SIZE_MAX)
            return "its header lacks one of JobID, Start, End, Reservation";
    }
    m->has_columns = true;
    m->column[COLUMN_CNT] = cnt;
    return NULL;
}

static const char *word(const meter *m, char *const *words, size_t column)
{
    return m->column[column] == SIZE_MAX ? "" : words[m->column[column]];
}

/* "cpu=4,gres/gpu=2,node=1": the number behind `name`. */
static bool tres(const char *text, const char *name, uint64_t *ret)
{
    size_t size = strlen(name);
    for (const char *at = text; *at != '\0';) {
        size_t end = strcspn(at, ",");
        if (end > size && memcmp(at, name, size) == 0 && at[size] == '=') {
            char number[24];
            snprintf(number, sizeof number, "%.*s", (int)(end - size - 1), at + size + 1);
            return phc_number_parse(number, UINT32_MAX, ret) == PHC_OK;
        }
        at += end + (at[end] == ',');
    }
    return false;
}

/* What the contract counts, of what the job was given. */
static const char *units_of(const meter *m, char *const *words, const char *unit, uint64_t *ret)
{
    const char *given = word(m, words, TRES);
    if (strcmp(unit, "node") == 0) {
        if (tres(given, "node", ret) ||
            phc_number_parse(word(m, words, NODES), UINT32_MAX, ret) == PHC_OK)
            return NULL;
        return "a contract of nodes needs AllocTRES with node=, or NNodes";
    }
    if (strcmp(unit, "core") == 0) {
        if (tres(given, "cpu", ret) ||
            phc_number_parse(word(m, words, CPUS), UINT32_MAX, ret) == PHC_OK)
            return NULL;
        return "a contract of cores needs AllocTRES with cpu=, or NCPUS";
    }
    if (tres(given, "gres/gpu", ret)) return NULL;
    return "a contract of cards needs AllocTRES with gres/gpu= (AccountingStorageTRES=gres/gpu)";
}

/* sacct writes local time; it runs with TZ=UTC. */
static bool time_of(const char *text, uint64_t *ret_ms)
{
    char utc[40];
    uint64_t ns = 0;
    if (strlen(text) != 19) return false;
    snprintf(utc, sizeof utc, "%sZ", text);
    if (phc_time_parse(utc, &ns) != PHC_OK) return false;
    *ret_ms = ns / 1000000;
    return true;
}

const char *meter_read_sacct(meter *m, char *line)
{
    char *words[WORDS_MAX];
    size_t cnt = words_of(line, words);
    if (!m->has_columns) return read_header(m, words, cnt);
    if (cnt != m->column[COLUMN_CNT]) return "it has another number of columns than the header";
    if (strchr(words[m->column[JOB]], '.') != NULL) return NULL; /* a step: the job has it all */
    meter_contract *c = meter_find(m, meter_contract_of(words[m->column[RESERVATION]]));
    if (c == NULL) return NULL;
    c->is_metered = true;
    const char *start = words[m->column[START]], *end = words[m->column[END]];
    if (strcmp(start, "Unknown") == 0 || strcmp(start, "None") == 0) return NULL; /* it waits */
    meter_span s = {.until_ms = m->seen_until_ms};
    if (!time_of(start, &s.from_ms)) return "its Start is not a time like 2026-11-28T20:00:00";
    bool runs = strcmp(end, "Unknown") == 0;
    if (!runs && !time_of(end, &s.until_ms))
        return "its End is not a time like 2026-11-28T20:00:00";
    uint64_t units = 0;
    const char *wrong = units_of(m, words, c->unit, &units);
    if (wrong != NULL) return wrong;
    if (!runs && s.until_ms < s.from_ms) return "it ended before it started";
    s.units = (uint32_t)units;
    if (units == 0 || s.until_ms <= s.from_ms) return NULL;
    return meter_add(c, SIZE_MAX, s) == SIZE_MAX ? "there is no memory" : NULL;
}
