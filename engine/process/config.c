/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/config.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/process/inifile.h"
#include "engine/process/location.h"
#include "engine/process/z85.h"

enum { ROWS_MAX = 64 };

static const char *const sections[] = {"market", "engine",  "notary",
                                       "settle", "gateway", "replica"};

static const ph_config_row market_rows[] = {
    {"name", PH_CONFIG_TEXT, PH_CONFIG_AT(ph_config_market, name), NULL, 1, 0,
     "origin of everything that is signed; never changes once the journal exists"},
    {"currency", PH_CONFIG_TEXT, PH_CONFIG_AT(ph_config_market, currency), "USD", 3, 0,
     "three letters of ISO 4217"},
};

static const ph_config_table market_table = {
    .section = "market",
    .rows = market_rows,
    .row_cnt = sizeof market_rows / sizeof market_rows[0],
    .settings_size = sizeof(ph_config_market),
};

/* One section that is being filled: its table, its values, and where each key was given. */
typedef struct {
    const ph_config_table *table;
    char *values;
    unsigned lines[ROWS_MAX];
    bool is_bad[ROWS_MAX]; /* what the file says of it is no value, or nothing */
} part;

typedef struct {
    part market, own;
    ph_config_on_fault on_fault;
    void *arg;
    unsigned faults, faults_of_words;
} reading;

struct ph_config_faults {
    reading *reading;
};

/* Steps that turn a into b, one character at a time; names of keys are short. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    size_t n = strlen(b), row[LONGEST + 1];
    if (n > LONGEST) return LONGEST;
    for (size_t i = 0; i <= n; i++)
        row[i] = i;
    for (; *a != '\0'; a++) {
        size_t diagonal = row[0];
        row[0]++;
        for (size_t i = 1; i <= n; i++) {
            size_t best = diagonal + (*a == b[i - 1] ? 0 : 1);
            diagonal = row[i];
            if (row[i] + 1 < best) best = row[i] + 1;
            if (row[i - 1] + 1 < best) best = row[i - 1] + 1;
            row[i] = best;
        }
    }
    return row[n];
}

/* A name is near when at most half of what was written has to change, and not more than this. */
enum { NEAR_MAX = 3 };

static bool say_unknown(const ph_config_table *table, const char *key, char *why, size_t why_size)
{
    const char *closest = table->rows[0].key;
    for (uint32_t i = 1; i < table->row_cnt; i++) {
        if (distance(key, table->rows[i].key) < distance(key, closest))
            closest = table->rows[i].key;
    }
    size_t steps = distance(key, closest);
    bool is_near = steps <= NEAR_MAX && 2 * steps <= strlen(key);
    (void)snprintf(why, why_size, "[%s] has no key \"%s\"%s%s%s (--print-config lists all)",
                   table->section, key, is_near ? "; the closest is \"" : "",
                   is_near ? closest : "", is_near ? "\"" : "");
    return false;
}

static bool say_section(const char *section, char *why, size_t why_size)
{
    size_t used =
        (size_t)snprintf(why, why_size, "no program has a section [%.40s]; there are", section);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && used < why_size; i++)
        used += (size_t)snprintf(why + used, why_size - used, " [%s]", sections[i]);
    return false;
}

static bool read_number(const char *text, uint64_t *ret)
{
    if (text[0] < '0' || text[0] > '9') return false;
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *ret = v;
    return true;
}

static bool set_number(const ph_config_row *row, const char *text, char *at, char *why,
                       size_t why_size)
{
    uint64_t v = 0;
    if (!read_number(text, &v) || v < row->min || v > row->max) {
        (void)snprintf(why, why_size,
                       "\"%s\" must be a whole number from %" PRIu64 " to %" PRIu64
                       ", not \"%.80s\"",
                       row->key, row->min, row->max, text);
        return false;
    }
    uint32_t narrow = (uint32_t)v;
    if (row->type == PH_CONFIG_U32) {
        PH_ASSERT(row->size == sizeof narrow && row->max <= UINT32_MAX);
        memcpy(at, &narrow, sizeof narrow);
    } else {
        PH_ASSERT(row->size == sizeof v);
        memcpy(at, &v, sizeof v);
    }
    return true;
}

static bool set_text(const ph_config_row *row, const char *text, char *at, char *why,
                     size_t why_size)
{
    if (strlen(text) >= row->min && ph_text_set(at, row->size, text)) return true;
    (void)snprintf(why, why_size,
                   "\"%s\" must be text of %" PRIu64 " to %zu bytes without control characters",
                   row->key, row->min, row->size - 1);
    return false;
}

static bool set_key(const ph_config_row *row, const char *text, char *at, char *why,
                    size_t why_size)
{
    uint8_t bytes[32];
    size_t size = 0;
    PH_ASSERT(row->size == sizeof bytes);
    bool is_z85 = row->type == PH_CONFIG_KEY_Z85;
    bool ok = is_z85
                  ? ph_z85_read(text, bytes) == PH_OK
                  : strlen(text) == 64 &&
                        sodium_hex2bin(bytes, 32, text, 64, NULL, &size, NULL) == 0 && size == 32;
    if (!ok) {
        (void)snprintf(why, why_size, "\"%s\" must be a public key as %s", row->key,
                       is_z85 ? "40 characters of Z85" : "64 hexadecimal digits");
        return false;
    }
    memcpy(at, bytes, sizeof bytes);
    return true;
}

static bool set_value(const ph_config_row *row, const char *text, char *values, char *why,
                      size_t why_size)
{
    char *at = values + row->offset;
    switch (row->type) {
    case PH_CONFIG_TEXT:
    case PH_CONFIG_PATH:
    case PH_CONFIG_FOLDER:
    case PH_CONFIG_OWN_FOLDER:
    case PH_CONFIG_OWN_FILE:
    case PH_CONFIG_KEY_FILE:
    case PH_CONFIG_IPC_BIND:
    case PH_CONFIG_IPC_CONNECT:
    case PH_CONFIG_LOOPBACK: return set_text(row, text, at, why, why_size);
    case PH_CONFIG_TCP: /* of a port that is none, ZeroMQ takes the lower 16 bits */
        return set_text(row, text, at, why, why_size) && ph_location_check(row, at, why, why_size);
    case PH_CONFIG_U32:
    case PH_CONFIG_U64: return set_number(row, text, at, why, why_size);
    case PH_CONFIG_KEY_Z85:
    case PH_CONFIG_KEY_HEX: return set_key(row, text, at, why, why_size);
    }
    ph_panic("a row of a configuration table has no type", __FILE__, __LINE__);
}

static bool take_pair(void *arg, const ph_inifile_pair *pair, char *why, size_t why_size)
{
    reading *r = arg;
    part *to = strcmp(pair->section, r->own.table->section) == 0 ? &r->own
               : strcmp(pair->section, "market") == 0            ? &r->market
                                                                 : NULL;
    if (to == NULL) {
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
            if (strcmp(pair->section, sections[i]) == 0) return true;
        }
        return say_section(pair->section, why, why_size);
    }
    for (uint32_t i = 0; i < to->table->row_cnt; i++) {
        const ph_config_row *row = &to->table->rows[i];
        if (strcmp(row->key, pair->key) != 0) continue;
        if (to->lines[i] != 0) {
            (void)snprintf(why, why_size, "\"%s\" was given in line %u already", pair->key,
                           to->lines[i]);
            return false;
        }
        to->lines[i] = pair->line;
        to->is_bad[i] = !set_value(row, pair->value, to->values, why, why_size);
        return !to->is_bad[i];
    }
    return say_unknown(to->table, pair->key, why, why_size);
}

static void tell(reading *r, unsigned line, const char *sentence)
{
    r->faults++;
    r->on_fault(r->arg, line, sentence);
}

static void take_fault(void *arg, unsigned line, const char *why)
{
    tell(arg, line, why);
}

/* Defaults where the file says nothing, or nothing that is a value. */
static void complete(reading *r, part *p)
{
    char why[512];
    for (uint32_t i = 0; i < p->table->row_cnt; i++) {
        const ph_config_row *row = &p->table->rows[i];
        if (p->lines[i] != 0 && !p->is_bad[i]) continue;
        if (row->fallback == NULL && p->lines[i] != 0) continue;
        if (row->fallback == NULL) {
            p->is_bad[i] = true;
            (void)snprintf(why, sizeof why, "[%s] lacks \"%s\", which has no default (%s)",
                           p->table->section, row->key, row->why);
            tell(r, 0, why);
            continue;
        }
        bool fits = set_value(row, row->fallback, p->values, why, sizeof why);
        PH_ASSERT(fits);
    }
}

/* NULL: there is no such row. */
static const unsigned *line_of(const part *p, const char *key, bool *ret_is_bad)
{
    for (uint32_t i = 0; i < p->table->row_cnt; i++) {
        if (strcmp(p->table->rows[i].key, key) != 0) continue;
        *ret_is_bad = p->is_bad[i];
        return &p->lines[i];
    }
    return NULL;
}

/* The words.  PH_EIO: the file could not be read, which was told. */
static ph_status read_words(FILE *file, reading *r)
{
    char why[256];
    unsigned faults = 0; /* counted by tell as well */
    const ph_inifile_reader reader = {take_pair, take_fault, r};
    ph_status s = ph_inifile_check(file, &reader, &faults);
    if (s != PH_OK) {
        (void)snprintf(why, sizeof why, "could not be read to its end: %s",
                       errno == 0 ? "no memory" : strerror(errno));
        tell(r, 0, why);
        return s;
    }
    complete(r, &r->market);
    const char *currency = ((const ph_config_market *)(const void *)r->market.values)->currency;
    bool is_bad = false;
    const unsigned *line = line_of(&r->market, "currency", &is_bad);
    PH_ASSERT(line != NULL);
    if (!is_bad && strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        tell(r, *line, "\"currency\" must be three capital letters, as in USD");
    complete(r, &r->own);
    return PH_OK;
}

void ph_config_fault(ph_config_faults *f, const char *key, const char *format, ...)
{
    char why[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    reading *r = f->reading;
    bool is_bad = r->faults_of_words != 0;
    const unsigned *line = line_of(&r->own, key, &is_bad);
    if (line == NULL) line = line_of(&r->market, key, &is_bad);
    /* Of a value that is not the file's nothing more is to be said. */
    if (!is_bad) tell(r, line == NULL ? 0 : *line, why);
}

static void check_own(reading *r)
{
    ph_config_faults faults = {r};
    const ph_config_table *table = r->own.table;
    if (table->check != NULL) table->check((const void *)r->market.values, r->own.values, &faults);
}

/* What the words name. */
static void look_at_places(reading *r)
{
    char why[1024];
    const part *p = &r->own;
    for (uint32_t i = 0; i < p->table->row_cnt; i++) {
        const ph_config_row *row = &p->table->rows[i];
        if (!p->is_bad[i] && !ph_location_check(row, p->values + row->offset, why, sizeof why))
            tell(r, p->lines[i], why);
    }
}

static ph_status examine(const char *path, reading *r, bool is_check, ph_config_market *ret_market,
                         void *ret_settings)
{
    char why[512];
    const ph_config_table *table = r->own.table;
    PH_ASSERT(table->row_cnt > 0 && table->row_cnt <= ROWS_MAX);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        ph_status s = errno == ENOENT ? PH_ENOTFOUND : errno == EACCES ? PH_EDENIED : PH_EIO;
        (void)snprintf(why, sizeof why, "could not be opened: %s", strerror(errno));
        tell(r, 0, why);
        return s;
    }
    ph_config_market market = {0};
    char *settings = calloc(1, table->settings_size);
    ph_status s = PH_EFULL;
    if (settings == NULL) {
        tell(r, 0, "could not be read: no memory");
    } else {
        r->market.values = (char *)&market;
        r->own.values = settings;
        s = read_words(file, r);
        r->faults_of_words = r->faults;
        if (s == PH_OK && is_check) look_at_places(r);
        if (s == PH_OK && (is_check || table->is_checked_at_start)) check_own(r);
        if (s == PH_OK && r->faults != 0) s = PH_EINVAL;
    }
    (void)fclose(file); /* read only: nothing can be lost */
    if (s == PH_OK) {
        *ret_market = market;
        memcpy(ret_settings, settings, table->settings_size);
    }
    free(settings);
    return s;
}

uint32_t ph_config_check(const char *path, const ph_config_table *table,
                         ph_config_on_fault on_fault, void *arg, ph_config_market *ret_market,
                         void *ret_settings)
{
    reading r = {.market = {.table = &market_table},
                 .own = {.table = table},
                 .on_fault = on_fault,
                 .arg = arg};
    (void)examine(path, &r, true, ret_market, ret_settings); /* r.faults says the same */
    return r.faults;
}

typedef struct {
    const char *path;
    char *err;
    size_t err_size;
    bool is_told;
} first_fault;

static void keep_first(void *arg, unsigned line, const char *sentence)
{
    first_fault *f = arg;
    char at[32] = "";
    if (f->is_told) return;
    f->is_told = true;
    if (line != 0) (void)snprintf(at, sizeof at, ", line %u", line);
    (void)snprintf(f->err, f->err_size, "could not use configuration \"%s\"%s: %s", f->path, at,
                   sentence);
}

ph_status ph_config_read(const char *path, const ph_config_table *table,
                         ph_config_market *ret_market, void *ret_settings, char *err,
                         size_t err_size)
{
    first_fault first = {path, err, err_size, false};
    reading r = {.market = {.table = &market_table},
                 .own = {.table = table},
                 .on_fault = keep_first,
                 .arg = &first};
    return examine(path, &r, false, ret_market, ret_settings);
}

static void print_row(FILE *to, const ph_config_row *row, const char *values)
{
    const char *at = values + row->offset;
    char text[65];
    uint32_t narrow;
    uint64_t wide;
    fprintf(to, "\n; %s", row->why);
    if (row->type == PH_CONFIG_U32 || row->type == PH_CONFIG_U64)
        fprintf(to, " (%" PRIu64 " to %" PRIu64 ")", row->min, row->max);
    if (row->fallback == NULL)
        fprintf(to, "; must be given");
    else if (row->fallback[0] != '\0')
        fprintf(to, "; default %s", row->fallback);
    fprintf(to, "\n%s = ", row->key);
    switch (row->type) {
    case PH_CONFIG_TEXT:
    case PH_CONFIG_PATH:
    case PH_CONFIG_FOLDER:
    case PH_CONFIG_OWN_FOLDER:
    case PH_CONFIG_OWN_FILE:
    case PH_CONFIG_KEY_FILE:
    case PH_CONFIG_IPC_BIND:
    case PH_CONFIG_IPC_CONNECT:
    case PH_CONFIG_TCP:
    case PH_CONFIG_LOOPBACK: fprintf(to, "%s\n", at); break;
    case PH_CONFIG_U32:
        memcpy(&narrow, at, sizeof narrow);
        fprintf(to, "%" PRIu32 "\n", narrow);
        break;
    case PH_CONFIG_U64:
        memcpy(&wide, at, sizeof wide);
        fprintf(to, "%" PRIu64 "\n", wide);
        break;
    case PH_CONFIG_KEY_Z85: fprintf(to, "%s\n", ph_z85_write((const uint8_t *)at, text)); break;
    case PH_CONFIG_KEY_HEX:
        fprintf(to, "%s\n", sodium_bin2hex(text, sizeof text, (const uint8_t *)at, 32));
        break;
    }
}

void ph_config_print(FILE *to, const ph_config_table *table, const ph_config_market *market,
                     const void *settings)
{
    fprintf(to, "[market]\n");
    for (uint32_t i = 0; i < market_table.row_cnt; i++)
        print_row(to, &market_table.rows[i], (const char *)market);
    fprintf(to, "\n[%s]\n", table->section);
    for (uint32_t i = 0; i < table->row_cnt; i++)
        print_row(to, &table->rows[i], settings);
}
