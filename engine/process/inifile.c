/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/inifile.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

typedef struct {
    FILE *file;
    ph_inifile_on_pair on_pair;
    void *arg;
    unsigned line;
    bool too_long;
    bool failed; /* why is set */
    char why[512];
} reading;

/* inih's handler is not told the line, so the lines are counted where they are read. */
static char *next_line(char *to, int size, void *stream)
{
    reading *r = stream;
    if (r->too_long || r->failed) return NULL;
    if (fgets(to, size, r->file) == NULL) return NULL;
    r->line++;
    size_t length = strlen(to);
    bool is_whole = length > 0 && to[length - 1] == '\n';
    if (!is_whole && !feof(r->file)) {
        r->too_long = true;
        return NULL;
    }
    return to;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    reading *r = user;
    if (r->failed) return 0;
    ph_inifile_pair pair = {.section = section, .key = name, .value = value, .line = r->line};
    if (r->on_pair(r->arg, &pair, r->why, sizeof r->why)) return 1;
    r->failed = true;
    return 0;
}

ph_status ph_inifile_read(FILE *file, const char *name, ph_inifile_on_pair take, void *arg,
                          char *err, size_t err_size)
{
    /* inih's defaults silently cut a line at 200 bytes. */
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_max_line = PH_INIFILE_LINE_MAX;
    ini_initial_alloc = PH_INIFILE_LINE_MAX;
    ini_allow_multiline = false;
    ini_stop_on_first_error = true;

    reading r = {.file = file, .on_pair = take, .arg = arg};
    errno = 0;
    int result = ini_parse_stream(next_line, &r, on_pair, &r);
    if (ferror(file)) {
        (void)snprintf(err, err_size, "could not read \"%s\": %s", name, strerror(errno));
        return PH_EIO;
    }
    if (r.failed) {
        (void)snprintf(err, err_size, "could not use \"%s\", line %u: %s", name, r.line, r.why);
        return PH_ECORRUPT;
    }
    if (r.too_long) {
        (void)snprintf(err, err_size,
                       "could not read \"%s\", line %u: longer than %d bytes, or a zero byte in it",
                       name, r.line, PH_INIFILE_LINE_MAX - 2);
        return PH_ECORRUPT;
    }
    if (result == 0) return PH_OK;
    if (result < 0) {
        (void)snprintf(err, err_size, "could not read \"%s\": no memory", name);
        return PH_EIO;
    }
    (void)snprintf(err, err_size,
                   "could not read \"%s\", line %d: neither \"key = value\" nor \"[section]\"",
                   name, result);
    return PH_ECORRUPT;
}
