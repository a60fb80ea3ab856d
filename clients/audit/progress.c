/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/process/clock.h"

enum { WIDTH = 30, DRAW_NS = 100000000 };

ph_progress ph_progress_begin(const char *what, uint64_t total, bool quiet)
{
    uint64_t now = ph_clock_monotonic_ns();
    return (ph_progress){.is_shown = !quiet && isatty(STDERR_FILENO) == 1,
                         .what = what,
                         .total = total,
                         .started_ns = now,
                         .drawn_ns = now};
}

void ph_progress_at(ph_progress *p, uint64_t done)
{
    if (!p->is_shown) return;
    uint64_t now = ph_clock_monotonic_ns();
    if (now - p->drawn_ns < DRAW_NS) return;
    p->drawn_ns = now;
    uint64_t ms = (now - p->started_ns) / 1000000;
    uint64_t rate = ms == 0 ? 0 : done * 1000 / ms;
    if (p->total == 0) {
        fprintf(stderr, "\r\033[K%s %" PRIu64 " records, %" PRIu64 "/s", p->what, done, rate);
        return;
    }
    uint64_t part = done >= p->total ? WIDTH : done * WIDTH / p->total;
    char bar[WIDTH + 1] = {0};
    for (uint64_t i = 0; i < WIDTH; i++)
        bar[i] = i < part ? '#' : '.';
    fprintf(stderr, "\r\033[K%s [%s] %" PRIu64 " of %" PRIu64 " records, %" PRIu64 "/s", p->what,
            bar, done, p->total, rate);
}

void ph_progress_end(ph_progress *p)
{
    if (p->is_shown) fputs("\r\033[K", stderr);
    p->is_shown = false;
}
