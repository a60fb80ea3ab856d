/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/log.h - one line per fact, to standard error, as logfmt.

      time=2026-11-23T22:00:00.000000000Z level=info program=petahour-engine msg="ready" ...

    Messages are lower case, without a full stop, and say what could not be done, to what, why and
    what to do: could not sync segment "0007.phj": input/output error.  No secret is ever logged.

    Thread    any; a line is written with one write(2). */
#ifndef ENGINE_PROCESS_LOG_H
#define ENGINE_PROCESS_LOG_H

/* Name of the program for every line; the text must live as long as the process.  Also makes a
   panic log its sentence and abort.  Call once, first thing in main. */
void ph_log_init(const char *program);

void ph_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ph_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ph_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
