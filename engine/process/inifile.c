/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/inifile.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

typedef struct {
    FILE *file;
    ph_inifile_on_pair on_pair;
    ph_inifile_on_fault on_fault; /* NULL: the first fault ends it */
    void *arg;
    unsigned line;
    bool expects_pair; /* the line should be one */
    unsigned faults;
    bool too_long;
    bool failed; /* why is set */
    char why[512];
} reading;

static const char not_a_line[] = "neither \"key = value\" nor \"[section]\"";

static void tell(reading *r, unsigned line, const char *why)
{
    r->faults++;
    r->on_fault(r->arg, line, why);
}

/* inih says only where the first line stands that it does not understand. */
static void judge_last_line(reading *r)
{
    if (r->on_fault != NULL && r->expects_pair) tell(r, r->line, not_a_line);
    r->expects_pair = false;
}

static bool should_be_pair(const char *line)
{
    line += strspn(line, " \t\r\n");
    if (line[0] == '[') return strchr(line, ']') == NULL;
    return line[0] != '\0' && line[0] != ';' && line[0] != '#';
}

/* inih's handler is not told the line, so the lines are counted where they are read. */
static char *next_line(char *to, int size, void *stream)
{
    reading *r = stream;
    judge_last_line(r);
    if (r->too_long || r->failed) return NULL;
    if (fgets(to, size, r->file) == NULL) return NULL;
    r->line++;
    size_t length = strlen(to);
    bool is_whole = length > 0 && to[length - 1] == '\n';
    if (!is_whole && !feof(r->file)) {
        r->too_long = true;
        return NULL;
    }
    r->expects_pair = should_be_pair(to);
    return to;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    reading *r = user;
    if (r->failed) return 0;
    r->expects_pair = false;
    ph_inifile_pair pair = {.section = section, .key = name, .value = value, .line = r->line};
    if (r->on_pair(r->arg, &pair, r->why, sizeof r->why)) return 1;
    if (r->on_fault != NULL) {
        tell(r, r->line, r->why);
        return 1;
    }
    r->failed = true;
    return 0;
}

static int parse(reading *r)
{
    /* inih's defaults silently cut a line at 200 bytes. */
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_max_line = PH_INIFILE_LINE_MAX;
    ini_initial_alloc = PH_INIFILE_LINE_MAX;
    ini_allow_multiline = false;
    ini_stop_on_first_error = r->on_fault == NULL;
    errno = 0;
    return ini_parse_stream(next_line, r, on_pair, r);
}

static void say_too_long(char *why, size_t why_size)
{
    (void)snprintf(why, why_size, "longer than %d bytes, or a zero byte in it",
                   PH_INIFILE_LINE_MAX - 2);
}

ph_status ph_inifile_read(FILE *file, const char *name, ph_inifile_on_pair take, void *arg,
                          char *err, size_t err_size)
{
    reading r = {.file = file, .on_pair = take, .arg = arg};
    int result = parse(&r);
    if (ferror(file)) {
        (void)snprintf(err, err_size, "could not read \"%s\": %s", name, strerror(errno));
        return PH_EIO;
    }
    if (r.failed) {
        (void)snprintf(err, err_size, "could not use \"%s\", line %u: %s", name, r.line, r.why);
        return PH_ECORRUPT;
    }
    if (r.too_long) {
        say_too_long(r.why, sizeof r.why);
        (void)snprintf(err, err_size, "could not read \"%s\", line %u: %s", name, r.line, r.why);
        return PH_ECORRUPT;
    }
    if (result == 0) return PH_OK;
    if (result < 0) {
        (void)snprintf(err, err_size, "could not read \"%s\": no memory", name);
        return PH_EIO;
    }
    (void)snprintf(err, err_size, "could not read \"%s\", line %d: %s", name, result, not_a_line);
    return PH_ECORRUPT;
}

ph_status ph_inifile_check(FILE *file, const ph_inifile_reader *reader, unsigned *ret_faults)
{
    reading r = {
        .file = file, .on_pair = reader->on_pair, .on_fault = reader->on_fault, .arg = reader->arg};
    int result = parse(&r);
    judge_last_line(&r);
    if (r.too_long) {
        say_too_long(r.why, sizeof r.why);
        tell(&r, r.line, r.why);
    } else if (result > 0 && r.faults == 0) {
        tell(&r, (unsigned)result, not_a_line);
    }
    *ret_faults = r.faults;
    return ferror(file) || result < 0 ? PH_EIO : PH_OK;
}
