/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/log.h - one line per fact, to standard error, as logfmt or JSON.

      time=2026-11-23T22:00:00.000000000Z level=info program=petahour-engine event=ready
          msg="ready: takes commands" seq=17 link="ipc:///run/petahour/engine.sock"     (one line)

    Every line has time, level, program, event and msg; events that programs look for have names of
    their own and pairs besides, all others are named by where they are said: folder, file,
    function.  Under systemd a line begins with its priority, which systemd takes away.

    Messages are lower case, without a full stop, and say what could not be done, to what, why and
    what to do: could not sync segment "0007.phj": input/output error.  No secret is ever logged.

    Thread    any; a line is written with one write(2). */
#ifndef ENGINE_PROCESS_LOG_H
#define ENGINE_PROCESS_LOG_H

#include <stdint.h>

typedef enum { PH_LOG_ERROR = 3, PH_LOG_WARNING = 4, PH_LOG_INFO = 6 } ph_log_level;
typedef enum { PH_LOG_LOGFMT = 0, PH_LOG_JSON = 1 } ph_log_format;

/* Name of the program for every line; the text must live as long as the process.  Also makes a
   panic log its sentence and abort.  Call once, first thing in main. */
void ph_log_init(const char *program);

/* Before other threads run. */
void ph_log_set_format(ph_log_format format);

/* A fact beside the sentence: text, or with NULL the number. */
typedef struct {
    const char *key; /* lower case and _ */
    const char *text;
    uint64_t number;
} ph_log_pair;

/* A line with an event of this name, which never changes. */
void ph_log_event(ph_log_level level, const char *event, const ph_log_pair *pairs,
                  uint32_t pair_cnt, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A line whose event is named by the place in the program. */
void ph_log_at(ph_log_level level, const char *file, const char *function, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define ph_log_info(...)    ph_log_at(PH_LOG_INFO, __FILE__, __func__, __VA_ARGS__)
#define ph_log_warning(...) ph_log_at(PH_LOG_WARNING, __FILE__, __func__, __VA_ARGS__)
#define ph_log_error(...)   ph_log_at(PH_LOG_ERROR, __FILE__, __func__, __VA_ARGS__)

#endif
