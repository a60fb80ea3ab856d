/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/config.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/process/inifile.h"
#include "engine/process/z85.h"

enum { ROWS_MAX = 64 };

static const char *const sections[] = {"market",  "engine",  "notary", "settle",
                                       "gateway", "replica", "web"};

static const ph_config_row market_rows[] = {
    {"name", PH_CONFIG_TEXT, PH_CONFIG_AT(ph_config_market, name), NULL, 1, 0,
     "origin of everything that is signed; never changes once the journal exists"},
    {"currency", PH_CONFIG_TEXT, PH_CONFIG_AT(ph_config_market, currency), "USD", 3, 0,
     "three letters of ISO 4217"},
};

static const ph_config_table market_table = {
    "market", market_rows, sizeof market_rows / sizeof market_rows[0], sizeof(ph_config_market)};

/* One section that is being filled: its table, its values, and where each key was given. */
typedef struct {
    const ph_config_table *table;
    char *values;
    unsigned lines[ROWS_MAX];
} part;

typedef struct {
    part market, own;
} reading;

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

static bool say_unknown(const ph_config_table *table, const char *key, char *why, size_t why_size)
{
    const char *closest = table->rows[0].key;
    for (uint32_t i = 1; i < table->row_cnt; i++) {
        if (distance(key, table->rows[i].key) < distance(key, closest))
            closest = table->rows[i].key;
    }
    (void)snprintf(why, why_size,
                   "[%s] has no key \"%s\"; the closest is \"%s\" (--print-config "
                   "lists all)",
                   table->section, key, closest);
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
    case PH_CONFIG_PATH: return set_text(row, text, at, why, why_size);
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
        return set_value(row, pair->value, to->values, why, why_size);
    }
    return say_unknown(to->table, pair->key, why, why_size);
}

static ph_status complete(const part *p, const char *path, char *err, size_t err_size)
{
    char why[256];
    for (uint32_t i = 0; i < p->table->row_cnt; i++) {
        const ph_config_row *row = &p->table->rows[i];
        if (p->lines[i] != 0) continue;
        if (row->fallback == NULL) {
            (void)snprintf(err, err_size,
                           "could not use \"%s\": [%s] lacks \"%s\", which has no default (%s)",
                           path, p->table->section, row->key, row->why);
            return PH_EINVAL;
        }
        bool fits = set_value(row, row->fallback, p->values, why, sizeof why);
        PH_ASSERT(fits);
    }
    return PH_OK;
}

static ph_status read_file(FILE *file, const char *path, reading *r, char *err, size_t err_size)
{
    ph_status s = ph_inifile_read(file, path, take_pair, r, err, err_size);
    if (s != PH_OK) return s == PH_ECORRUPT ? PH_EINVAL : s;
    s = complete(&r->market, path, err, err_size);
    if (s != PH_OK) return s;
    const char *currency = ((const ph_config_market *)(const void *)r->market.values)->currency;
    if (strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        (void)snprintf(err, err_size,
                       "could not use \"%s\": \"currency\" must be three capital letters", path);
        return PH_EINVAL;
    }
    return complete(&r->own, path, err, err_size);
}

ph_status ph_config_read(const char *path, const ph_config_table *table,
                         ph_config_market *ret_market, void *ret_settings, char *err,
                         size_t err_size)
{
    PH_ASSERT(table->row_cnt > 0 && table->row_cnt <= ROWS_MAX);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        ph_status s = errno == ENOENT ? PH_ENOTFOUND : errno == EACCES ? PH_EDENIED : PH_EIO;
        (void)snprintf(err, err_size, "could not open configuration \"%s\": %s", path,
                       strerror(errno));
        return s;
    }
    ph_config_market market = {0};
    char *settings = calloc(1, table->settings_size);
    ph_status s = PH_EFULL;
    if (settings == NULL) {
        (void)snprintf(err, err_size, "could not read configuration \"%s\": no memory", path);
    } else {
        reading r = {.market = {.table = &market_table, .values = (char *)&market},
                     .own = {.table = table, .values = settings}};
        s = read_file(file, path, &r, err, err_size);
    }
    (void)fclose(file); /* read only: nothing can be lost */
    if (s == PH_OK) {
        *ret_market = market;
        memcpy(ret_settings, settings, table->settings_size);
    }
    free(settings);
    return s;
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
    case PH_CONFIG_PATH: fprintf(to, "%s\n", at); break;
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
