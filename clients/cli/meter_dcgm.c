/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of accelerators, by the field names of NVIDIA's DCGM. */
#include "clients/cli/meter.h"

#include <stdio.h>
#include <string.h>

enum { CLOCKS_APART_MS = 60000, POWER_MAX_MW = 100000000 };
enum { COLUMN_POWER = 0, NAME_MAX_BYTES = 80 };

/* DCGM's values for "there is none": from DCGM_INT64_BLANK and DCGM_FP64_BLANK up. */
#define INT64_BLANK UINT64_C(9223372036854775792)
#define FP64_BLANK  UINT64_C(140737488355328)

static const char *const fields[] = {"DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_POWER_USAGE",
                                     "DCGM_FI_PROF_GR_ENGINE_ACTIVE"};

bool meter_thousandths(const char *text, uint64_t *ret)
{
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;
    size_t decimals = rest[0] == '.' ? strspn(rest + 1, "0123456789") : 0;
    if (whole == 0 || whole > 15) return false;
    if (rest[0] == '.' ? decimals == 0 || rest[1 + decimals] != '\0' : rest[0] != '\0')
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < whole; i++)
        v = 10 * v + (uint64_t)(text[i] - '0');
    for (size_t i = 0; i < 3; i++)
        v = 10 * v + (i < decimals ? (uint64_t)(rest[1 + i] - '0') : 0);
    *ret = v;
    return true;
}

/* A value that says that nothing could be read. */
static bool is_blank(const char *text)
{
    uint64_t whole = 0;
    if (strcmp(text, "NaN") == 0 || strcmp(text, "N/A") == 0) return true;
    char digits[24];
    snprintf(digits, sizeof digits, "%.*s", (int)strspn(text, "0123456789"), text);
    if (phc_number_parse(digits, UINT64_MAX, &whole) != PHC_OK) return false;
    return whole >= INT64_BLANK || (whole >= FP64_BLANK && whole < FP64_BLANK + 16);
}

/* One reading of one card.  power: thousandths of a watt, if is_power. */
typedef struct {
    uint64_t at_ms;
    bool blank, is_power;
    uint64_t power;
} reading;

static const char *note(meter *m, const char *name, const reading *r)
{
    size_t cnt = 0;
    if (r->at_ms > m->now_ms + CLOCKS_APART_MS) return "its time is in the future";
    if (m->seen_from_ms == 0 || r->at_ms < m->seen_from_ms) m->seen_from_ms = r->at_ms;
    if (r->at_ms > m->seen_until_ms) m->seen_until_ms = r->at_ms;
    meter_card *card = meter_find_card(m, name, &cnt);
    for (size_t i = 0; card != NULL && i < cnt; i++, card++) {
        meter_contract *c = &m->contracts[card->contract];
        card->is_seen = true;
        if (r->at_ms < card->told_ms) return "its time is before that of the card's last reading";
        card->told_ms = r->at_ms;
        uint64_t before = card->read_ms;
        if (r->blank) { /* of its power alone: the card is there */
            card->power_ms = 0;
            if (!r->is_power) card->read_ms = 0;
            continue;
        }
        if (before != 0 && r->at_ms > before && r->at_ms - before <= m->gap_ms) {
            card->span = meter_add(c, card->span, (meter_span){before, r->at_ms, 1});
            if (card->span == SIZE_MAX) return "there is no memory";
        }
        card->read_ms = r->at_ms;
        if (!r->is_power) continue;
        if (card->power_ms != 0 && r->at_ms > card->power_ms &&
            r->at_ms - card->power_ms <= m->gap_ms)
            meter_add_energy(c, card->power_ms, r->at_ms, card->power_mw);
        card->power_ms = r->at_ms;
        card->power_mw = r->power;
    }
    return NULL;
}

static const char *note_value(meter *m, const char *name, reading r, const char *value)
{
    uint64_t v = 0;
    r.blank = is_blank(value);
    if (!r.blank && !meter_thousandths(value, &v)) return "its value is not a decimal number";
    if (r.is_power && v > POWER_MAX_MW) return "its power is more than 100 kW";
    r.power = v;
    return note(m, name, &r);
}

/* ---- dcgm-exporter -------------------------------------------------------------------------- */

/* The value of a label in the text between the braces; false if there is none that ends. */
static bool label(const char *labels, const char *name, char *to, size_t room)
{
    size_t size = strlen(name);
    for (const char *at = labels; at != NULL && *at != '\0';) {
        const char *quote = strchr(at, '"');
        const char *end = quote == NULL ? NULL : strchr(quote + 1, '"');
        if (end == NULL) return false;
        if ((size_t)(quote - at) == size + 1 && memcmp(at, name, size) == 0 && at[size] == '=') {
            if ((size_t)(end - quote) > room) return false;
            memcpy(to, quote + 1, (size_t)(end - quote - 1));
            to[end - quote - 1] = '\0';
            return to[0] != '\0';
        }
        at = end[1] == ',' ? end + 2 : end + 1;
    }
    return false;
}

/* DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-604a...",Hostname="n1"} 98 1795896000000 */
const char *meter_read_exporter(meter *m, char *line)
{
    char name[NAME_MAX_BYTES];
    reading r = {.at_ms = 0};
    size_t size = strcspn(line, "{ ");
    size_t which = 0;
    if (line[0] == '#' || line[0] == '\0') return NULL;
    while (which < 3 && (strlen(fields[which]) != size || memcmp(line, fields[which], size) != 0))
        which++;
    if (which == 3) return NULL; /* another metric */
    char *brace = strchr(line, '}');
    if (line[size] != '{' || brace == NULL || brace[1] != ' ') return "it has no labels";
    *brace = '\0';
    if (!label(line + size + 1, "UUID", name, sizeof name)) return "it has no label UUID";
    char *value = brace + 2;
    char *stamp = strchr(value, ' ');
    if (stamp == NULL)
        return "it has no timestamp: record what /federate gives, or add milliseconds since 1970";
    *stamp++ = '\0';
    if (phc_number_parse(stamp, UINT64_MAX / 1000, &r.at_ms) != PHC_OK || r.at_ms == 0)
        return "its timestamp is not milliseconds since 1970";
    r.is_power = which == 1;
    return note_value(m, name, r, value);
}

/* ---- dcgmi dmon ----------------------------------------------------------------------------- */

static const char *dmon_columns(meter *m, const char *header)
{
    m->column[COLUMN_POWER] = SIZE_MAX;
    size_t n = 0;
    for (const char *at = header + strspn(header, " "); *at != '\0'; n++) {
        size_t size = strcspn(at, " ");
        if (size == 5 && memcmp(at, "POWER", 5) == 0) m->column[COLUMN_POWER] = n;
        at += size;
        at += strspn(at, " ");
    }
    m->has_columns = true;
    return n > 0 ? NULL : "its header names no field";
}

/* "2026-11-28T20:00:00Z GPU 0  98  512.311", after a header "... # Entity  GPUTL  POWER". */
const char *meter_read_dmon(meter *m, char *line)
{
    char name[NAME_MAX_BYTES];
    reading r = {.at_ms = 0};
    uint64_t at_ns = 0, card = 0;
    if (line[0] == '\0') return NULL;
    char *rest = strchr(line, ' ');
    if (rest == NULL) return "it has no time and no values";
    *rest++ = '\0';
    if (phc_time_parse(line, &at_ns) != PHC_OK)
        return "it does not begin with a UTC time like 2026-11-28T20:00:00Z";
    r.at_ms = at_ns / 1000000;
    rest += strspn(rest, " ");
    const char *header = strstr(rest, "Entity");
    if (rest[0] == '#' && header != NULL) return dmon_columns(m, header + strlen("Entity"));
    if (rest[0] == '#' || strcmp(rest, "Id") == 0 || strcmp(rest, "ID") == 0) return NULL;
    if (!m->has_columns) return "no header \"# Entity ...\" came before it";
    if (strncmp(rest, "GPU ", 4) != 0) return NULL; /* a slice, a switch */
    char *word = rest + 4;
    size_t digits = strspn(word, "0123456789");
    char *values = word + digits;
    if (*values != '\0') *values++ = '\0';
    if (phc_number_parse(word, 4096, &card) != PHC_OK) return "its card has no number";
    snprintf(name, sizeof name, "GPU %llu", (unsigned long long)card);
    size_t n = 0;
    const char *wrong = NULL;
    char *next = NULL;
    for (char *at = strtok_r(values, " ", &next); at != NULL && wrong == NULL;
         at = strtok_r(NULL, " ", &next), n++) {
        r.is_power = n == m->column[COLUMN_POWER];
        wrong = note_value(m, name, r, at);
    }
    return wrong != NULL ? wrong : n > 0 ? NULL : "it has no values";
}
