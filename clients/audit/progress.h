/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/progress.h - how far a long command is, on standard error if that is a terminal.

    Owns      nothing.
    Thread    one. */
#ifndef CLIENTS_AUDIT_PROGRESS_H
#define CLIENTS_AUDIT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool is_shown;
    const char *what;
    uint64_t total; /* 0: not known */
    uint64_t started_ns, drawn_ns;
} ph_progress;

/* Shows nothing if quiet, or if standard error is not a terminal. */
ph_progress ph_progress_begin(const char *what, uint64_t total, bool quiet);

/* Draws at most ten times a second. */
void ph_progress_at(ph_progress *p, uint64_t done);

/* Removes the line. */
void ph_progress_end(ph_progress *p);

#endif
