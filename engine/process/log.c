/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/process/clock.h"

enum { MESSAGE_MAX = 1024, LINE_MAX_BYTES = 256 + 4 * MESSAGE_MAX };

/* Set once by ph_log_init, before other threads run. */
static const char *program_name = "petahour";

/* Writes `from` as the inside of a quoted logfmt value; `to` has four bytes for each of `from`. */
static size_t quote(char *to, const char *from)
{
    static const char digits[] = "0123456789abcdef";
    char *p = to;
    for (; *from != '\0'; from++) {
        unsigned char c = (unsigned char)*from;
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            *p++ = '\\';
            *p++ = 'x';
            *p++ = digits[c >> 4];
            *p++ = digits[c & 15];
        } else {
            *p++ = (char)c;
        }
    }
    return (size_t)(p - to);
}

static void write_line(const char *level, const char *message)
{
    char at[40], line[LINE_MAX_BYTES];
    int head = snprintf(line, 256, "time=%s level=%s program=%.64s msg=\"",
                        ph_time_text(ph_clock_now(), at), level, program_name);
    size_t size = (size_t)head;
    size += quote(line + size, message);
    line[size++] = '"';
    line[size++] = '\n';
    /* There is nowhere to report that standard error is gone. */
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}

static void write_formatted(const char *level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void write_formatted(const char *level, const char *format, va_list args)
{
    char message[MESSAGE_MAX - 64];
    int wanted = vsnprintf(message, sizeof message, format, args);
    if (wanted < 0) (void)snprintf(message, sizeof message, "a message could not be formatted");
    if (wanted >= (int)sizeof message) memcpy(message + sizeof message - 4, "...", 4);
    write_line(level, message);
}

static void log_panic(const char *what, const char *file, int line)
{
    char message[512];
    (void)snprintf(message, sizeof message, "stopped on a bug: %s (%s:%d)", what, file, line);
    write_line("error", message);
    abort();
}

void ph_log_init(const char *program)
{
    program_name = program;
    ph_panic_set_hook(log_panic);
}

void ph_log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted("info", format, args);
    va_end(args);
}

void ph_log_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted("warning", format, args);
    va_end(args);
}

void ph_log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted("error", format, args);
    va_end(args);
}
