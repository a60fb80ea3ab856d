/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/process/clock.h"

enum {
    MESSAGE_MAX = 960,
    EVENT_MAX = 128,
    ESCAPED_MAX = 6, /* bytes for one */
    LINE_BYTES = 16384,
};

/* Set once by ph_log_init and ph_log_set_format, before other threads run. */
static const char *program_name = "petahour";
static ph_log_format line_format = PH_LOG_LOGFMT;
static bool has_priority; /* systemd reads standard error */

/* A line that is being written; what does not fit is left out. */
typedef struct {
    char bytes[LINE_BYTES];
    size_t size;
} line;

static void put(line *l, const char *text, size_t size)
{
    if (size > sizeof l->bytes - 4 - l->size) return; /* the end always fits */
    memcpy(l->bytes + l->size, text, size);
    l->size += size;
}

static void put_text(line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* Bytes of the UTF-8 character that begins here; 0: none does. */
static size_t character(const unsigned char *p)
{
    if (p[0] < 0x80) return 1;
    size_t size = p[0] >= 0xf0 && p[0] <= 0xf4   ? 4
                  : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                  : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
                                                 : 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    bool is_long_form = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool is_none = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
    return is_long_form || is_none ? 0 : size;
}

/* The value as text in quotes that a parser of the format gives back. */
static void put_quoted(line *l, const char *value)
{
    char escaped[ESCAPED_MAX + 1];
    put(l, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0';) {
        size_t size = character(p);
        if (*p == '"' || *p == '\\')
            (void)snprintf(escaped, sizeof escaped, "\\%c", *p);
        else if (size == 0 || *p < 0x20 || *p == 0x7f)
            (void)snprintf(escaped, sizeof escaped,
                           line_format != PH_LOG_JSON ? "\\x%02x" : "\\u%04x",
                           size == 0 && line_format == PH_LOG_JSON ? 0xfffdU : (unsigned)*p);
        else
            escaped[0] = '\0';
        if (escaped[0] != '\0')
            put_text(l, escaped);
        else
            put(l, (const char *)p, size);
        p += size == 0 ? 1 : size;
    }
    put(l, "\"", 1);
}

static void put_key(line *l, const char *key)
{
    bool is_first = l->size == 0 || l->bytes[l->size - 1] == '{' || l->bytes[l->size - 1] == '>';
    if (line_format == PH_LOG_JSON) {
        put_text(l, is_first ? "\"" : ",\"");
        put_text(l, key);
        put_text(l, "\":");
    } else {
        if (!is_first) put(l, " ", 1);
        put_text(l, key);
        put(l, "=", 1);
    }
}

/* A word of ours, which needs no quotes in logfmt. */
static void put_word(line *l, const char *key, const char *word)
{
    put_key(l, key);
    if (line_format == PH_LOG_JSON)
        put_quoted(l, word);
    else
        put_text(l, word);
}

static const char *level_text(ph_log_level level)
{
    switch (level) {
    case PH_LOG_ERROR: return "error";
    case PH_LOG_WARNING: return "warning";
    case PH_LOG_INFO: return "info";
    }
    return "error";
}

static void write_line(ph_log_level level, const char *event, const char *message,
                       const ph_log_pair *pairs, uint32_t pair_cnt)
{
    char at[40], number[24];
    line l = {.size = 0};
    if (has_priority) {
        (void)snprintf(number, sizeof number, "<%d>", (int)level);
        put_text(&l, number);
    }
    if (line_format == PH_LOG_JSON) put(&l, "{", 1);
    put_word(&l, "time", ph_time_text(ph_clock_now(), at));
    put_word(&l, "level", level_text(level));
    put_word(&l, "program", program_name);
    put_word(&l, "event", event);
    put_key(&l, "msg");
    put_quoted(&l, message);
    for (uint32_t i = 0; i < pair_cnt; i++) {
        put_key(&l, pairs[i].key);
        (void)snprintf(number, sizeof number, "%" PRIu64, pairs[i].number);
        if (pairs[i].text == NULL)
            put_text(&l, number);
        else
            put_quoted(&l, pairs[i].text);
    }
    if (line_format == PH_LOG_JSON) l.bytes[l.size++] = '}';
    l.bytes[l.size++] = '\n';
    /* There is nowhere to report that standard error is gone. */
    ssize_t written = write(STDERR_FILENO, l.bytes, l.size);
    (void)written;
}

/* After vsnprintf: what did not fit, or could not be formatted, is told. */
static void end_message(char message[MESSAGE_MAX], int wanted)
{
    if (wanted < 0) (void)snprintf(message, MESSAGE_MAX, "a message could not be formatted");
    if (wanted >= MESSAGE_MAX) memcpy(message + MESSAGE_MAX - 4, "...", 4);
}

void ph_log_event(ph_log_level level, const char *event, const ph_log_pair *pairs,
                  uint32_t pair_cnt, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    end_message(message, wanted);
    write_line(level, event, message, pairs, pair_cnt);
}

/* "../engine/settle/loop.c", "turn": settle.loop.turn */
static void name_place(char to[EVENT_MAX], const char *file, const char *function)
{
    const char *from = file;
    uint32_t slashes = 0;
    for (const char *p = file + strlen(file); p > file && slashes < 2; p--) {
        if (p[-1] == '/' && ++slashes == 2) from = p;
    }
    (void)snprintf(to, EVENT_MAX, "%.*s.%s", (int)strcspn(from, "."), from, function);
    for (char *p = to; *p != '\0'; p++) {
        if (*p == '/') *p = '.';
    }
}

void ph_log_at(ph_log_level level, const char *file, const char *function, const char *format, ...)
{
    char message[MESSAGE_MAX], event[EVENT_MAX];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    end_message(message, wanted);
    name_place(event, file, function);
    write_line(level, event, message, NULL, 0);
}

static void log_panic(const char *what, const char *file, int number)
{
    char message[512];
    (void)snprintf(message, sizeof message, "stopped on a bug: %s (%s:%d)", what, file, number);
    write_line(PH_LOG_ERROR, "panic", message, NULL, 0);
    abort();
}

/* JOURNAL_STREAM names device and inode of the stream that systemd gave: is it still ours? */
static bool is_read_by_systemd(void)
{
    char ours[48];
    struct stat st;
    const char *stream = getenv("JOURNAL_STREAM");
    if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) return false;
    (void)snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, ours) == 0;
}

void ph_log_init(const char *program)
{
    program_name = program;
    has_priority = is_read_by_systemd();
    ph_panic_set_hook(log_panic);
}

void ph_log_set_format(ph_log_format format)
{
    line_format = format;
}
