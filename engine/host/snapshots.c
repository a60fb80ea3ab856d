/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/snapshots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/file_posix.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/replay/market_file.h"

enum { NICENESS = 10, FIRST_DESCRIPTOR = 3, NS_PER_US = 1000, NS_PER_MS = 1000000 };

struct ph_snapshots {
    ph_snapshots_parts parts;
    char folder[1100];
    uint64_t tried; /* record of the snapshot that was begun last */
    pid_t child;    /* 0: none */
    int from_child; /* what the child says; its end is the child's */
    uint64_t begun_ns, paused_ns;
    uint64_t newest, failures;
    ph_time written;
};

void ph_snapshots_folder(const char *journal, char to[1100])
{
    (void)snprintf(to, 1100, "%s/%s", journal, PH_MARKET_FILE_FOLDER);
}

ph_status ph_snapshots_note(ph_spool *spool, uint64_t seq, uint8_t to[PH_STATE_NOTE_SIZE])
{
    ph_spool_mark mark;
    ph_status s = ph_spool_marked(spool, seq, &mark);
    if (s != PH_OK) return s;
    memset(to, 0, PH_STATE_NOTE_SIZE);
    ph_writer w = ph_writer_of(to, PH_STATE_NOTE_SIZE);
    ph_write_u64(&w, mark.offset);
    ph_write_u64(&w, mark.sum);
    return PH_OK;
}

ph_status ph_snapshots_open(const ph_snapshots_parts *parts, ph_snapshots **ret)
{
    ph_snapshots *s = calloc(1, sizeof *s);
    if (s == NULL) return PH_EFULL;
    s->parts = *parts;
    s->tried = s->newest = parts->newest;
    s->from_child = -1;
    ph_snapshots_folder(parts->settings->journal, s->folder);
    *ret = s;
    return PH_OK;
}

int ph_snapshots_descriptor(const ph_snapshots *s)
{
    return s->from_child;
}

/* ---- The child ----------------------------------------------------------------------------- */

/* Only the thread that forked is here: nothing may be used that another one could have held. */
static ph_status write_in_child(const ph_snapshots *s, const ph_state_head *head, const char **ret)
{
    ph_status st = ph_spool_sync_forked(s->parts.spool, s->parts.settings->spool);
    if (st != PH_OK) {
        *ret = "could not make the spool durable";
        return st;
    }
    ph_disk_posix d;
    *ret = "could not write into it";
    st = ph_disk_posix_open(s->folder, true, &d);
    if (st == PH_OK)
        st =
            ph_market_file_write(&d.disk, head, s->parts.market, s->parts.settings->snapshots_kept);
    if (st == PH_EIO || st == PH_EFULL || st == PH_EDENIED || st == PH_ENOTFOUND) {
        static char why[sizeof d.why];
        memcpy(why, d.why, sizeof why);
        *ret = why;
    } else if (st != PH_OK) {
        *ret = ph_status_text(st); /* what was read back is not what was written */
    }
    return st;
}

/* What goes wrong with it concerns the next start alone. */
static void index_in_child(const ph_snapshots *s, int to_engine)
{
    if (ph_spool_index_forked(s->parts.spool, s->parts.settings->spool) == PH_OK) return;
    const char *why = strerror(errno);
    ssize_t n = write(to_engine, why, strlen(why));
    (void)n; /* the next start tells as well */
}

/* The child must not outlive the engine, whose next start would meet it: neither its locks, which
   the copies of descriptors hold as well, nor its files. */
static _Noreturn void run_child(const ph_snapshots *s, const ph_state_head *head, pid_t engine,
                                int to_engine)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != engine) _exit(EXIT_FAILURE);
    if (dup2(to_engine, FIRST_DESCRIPTOR) < 0 || close_range(FIRST_DESCRIPTOR + 1, ~0U, 0) != 0)
        _exit(EXIT_FAILURE);
    (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* the engine has the right of way */
    const char *why = "";
    ph_status st = write_in_child(s, head, &why);
    if (st == PH_OK) {
        index_in_child(s, FIRST_DESCRIPTOR);
        _exit(EXIT_SUCCESS);
    }
    ssize_t n = write(FIRST_DESCRIPTOR, why, strlen(why));
    (void)n; /* without a reason the status alone tells that it failed */
    _exit(EXIT_FAILURE);
}

/* ---- The engine ---------------------------------------------------------------------------- */

ph_snapshots_counts ph_snapshots_count(const ph_snapshots *s)
{
    return (ph_snapshots_counts){.newest = s->newest,
                                 .written = s->written,
                                 .failures = s->failures,
                                 .paused_ns = s->paused_ns};
}

static void warn(ph_snapshots *s, uint64_t seq, const char *what, const char *why)
{
    s->failures++;
    ph_log_warning("%s a snapshot of record %llu in \"%s\": %s; the engine goes on, its next start "
                   "replays more",
                   what, (unsigned long long)seq, s->folder, why);
}

/* Signals stay blocked in the child: to stop is the engine's to decide. */
static pid_t fork_blocked(ph_snapshots *s)
{
    sigset_t all, before;
    int failed = sigfillset(&all) | sigprocmask(SIG_SETMASK, &all, &before);
    PH_ASSERT(failed == 0);
    uint64_t begun = ph_clock_monotonic_ns();
    pid_t child = fork();
    if (child != 0) {
        int error = errno;
        s->begun_ns = begun;
        s->paused_ns = ph_clock_monotonic_ns() - begun;
        failed = sigprocmask(SIG_SETMASK, &before, NULL);
        PH_ASSERT(failed == 0);
        errno = error;
    }
    return child;
}

static void begin(ph_snapshots *s, const ph_journal_position *end)
{
    ph_state_head head = {.seq = end->seq, .at = end->at, .chain = end->chain};
    int pipes[2];
    s->tried = end->seq;
    PH_ASSERT(ph_market_seq(s->parts.market) == end->seq);
    bool fits = ph_text_set(head.market.s, sizeof head.market.s, s->parts.market_name);
    PH_ASSERT(fits);
    if (ph_snapshots_note(s->parts.spool, end->seq, head.note) != PH_OK) {
        warn(s, end->seq, "could not take", "the spool cannot be read");
        return;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        warn(s, end->seq, "could not begin", strerror(errno));
        return;
    }
    pid_t engine = getpid(), child = fork_blocked(s);
    if (child == 0) run_child(s, &head, engine, pipes[1]);
    int error = errno;
    (void)close(pipes[1]);
    if (child < 0) {
        (void)close(pipes[0]);
        warn(s, end->seq, "could not begin", strerror(error));
        return;
    }
    s->child = child;
    s->from_child = pipes[0];
}

static void say_ended(ph_snapshots *s, int status, const char *why)
{
    char text[64];
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
        s->newest = s->tried;
        s->written = ph_clock_now();
        ph_log_info("wrote a snapshot of record %llu in %llu ms; it stopped the engine for %llu us",
                    (unsigned long long)s->tried,
                    (unsigned long long)((ph_clock_monotonic_ns() - s->begun_ns) / NS_PER_MS),
                    (unsigned long long)(s->paused_ns / NS_PER_US));
        if (why[0] != '\0')
            ph_log_warning("could not write the index of spool \"%s\": %s; the next start reads "
                           "more of the spool",
                           s->parts.settings->spool, why);
        return;
    }
    if (WIFSIGNALED(status))
        (void)snprintf(text, sizeof text, "its process was ended by signal %d", WTERMSIG(status));
    else
        (void)snprintf(text, sizeof text, "its process failed");
    warn(s, s->tried, "could not write", why[0] != '\0' ? why : text);
}

/* Waits for the child, which ends soon: its end of the pipe is closed, or it is waited for on
   purpose. */
static void collect(ph_snapshots *s)
{
    char why[128];
    size_t cnt = 0;
    for (ssize_t n; cnt < sizeof why - 1; cnt += (size_t)n) {
        n = read(s->from_child, why + cnt, sizeof why - 1 - cnt);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n <= 0)
            break;
    }
    why[cnt] = '\0';
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(s->child, &status, 0);
    while (ended < 0 && errno == EINTR);
    PH_ASSERT(ended == s->child);
    (void)close(s->from_child);
    s->from_child = -1;
    s->child = 0;
    say_ended(s, status, why);
}

/* Without waiting. */
static bool has_ended(const ph_snapshots *s)
{
    siginfo_t about = {.si_pid = 0};
    int failed = waitid(P_PID, (id_t)s->child, &about, WEXITED | WNOHANG | WNOWAIT);
    PH_ASSERT(failed == 0);
    return about.si_pid == s->child;
}

void ph_snapshots_turn(ph_snapshots *s)
{
    uint64_t every = s->parts.settings->snapshot_every;
    if (every == 0) return;
    if (s->child != 0) {
        if (has_ended(s)) collect(s);
        return;
    }
    ph_journal_position end = ph_journal_end(s->parts.journal);
    if (end.seq - s->tried >= every) begin(s, &end);
}

void ph_snapshots_end(ph_snapshots *s)
{
    if (s->parts.settings->snapshot_every == 0) return;
    if (s->child != 0) collect(s);
    ph_journal_position end = ph_journal_end(s->parts.journal);
    if (end.seq > s->tried) begin(s, &end);
    if (s->child != 0) collect(s);
}

void ph_snapshots_close(ph_snapshots *s)
{
    if (s == NULL) return;
    if (s->child != 0) {
        (void)kill(s->child, SIGKILL);
        collect(s);
    }
    free(s);
}
