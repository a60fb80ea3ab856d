/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/checker.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/journal/checks.h"
#include "engine/process/memory.h"

enum {
    BESIDE_MIN = 32,      /* records of a batch that are worth a second thread */
    SPINS = 200,          /* looks before the processor is offered to others */
    ROUNDS_MAX = 50,      /* of such looks before the thread goes to sleep */
    DECODED_AT_ONCE = 32, /* records */
    CACHE_LINE = 64,
};

struct ph_checker {
    ph_journal_reader *reader;
    bool has_thread, is_beside; /* the second: compares this batch */
    ph_checker_mode mode;
    bool is_small; /* a batch that is not worth it */
    pthread_t thread;
    pthread_mutex_t lock; /* of job and is_over, for the sleeper */
    pthread_cond_t woken;
    atomic_bool is_over;

    /* Written by the caller. */
    _Alignas(CACHE_LINE) atomic_uint_fast64_t job;     /* number of the batch */
    _Alignas(CACHE_LINE) atomic_uint_fast32_t applied; /* records */
    atomic_bool is_last;                               /* no more will be applied */
    const ph_journal_batch *batch;
    const ph_replay_record *records;
    const ph_applied *gave;         /* one for each of them */
    _Atomic(const uint8_t *) bytes; /* encoded events */

    /* Written by whoever compares. */
    _Alignas(CACHE_LINE) atomic_uint_fast32_t compared; /* records */
    atomic_uint_fast64_t ended, ahead_of; /* the job that is compared; whose next batch is there */
    ph_status status;
    ph_checker_finding found;
    size_t byte_cnt;  /* compared */
    ph_digest digest; /* of them */
    bool has_ahead;
    ph_journal_batch ahead;
    ph_record_room ahead_records;
    ph_decoding decoding;
    enum { WORK_READ, WORK_DECODE, WORK_DONE } work;
};

/* ---- Comparing ----------------------------------------------------------------------------- */

/* Records from `from` on, as many as are done at once; `size` bytes before theirs are compared. */
static uint32_t compare_some(ph_checker *c, uint32_t from, uint32_t n, const uint8_t *bytes,
                             size_t *size)
{
    ph_checked checked[PH_CHECKS_MAX];
    uint64_t computed[PH_CHECKS_MAX];
    uint32_t cnt = n - from < PH_CHECKS_MAX ? n - from : PH_CHECKS_MAX;
    for (uint32_t i = 0; i < cnt; i++) {
        checked[i] = (ph_checked){bytes + *size, c->gave[from + i].event_size};
        *size += checked[i].size;
    }
    ph_chain_checks(c->batch->first_seq + from, checked, cnt, computed);
    for (uint32_t i = 0; i < cnt && c->status == PH_OK; i++) {
        if (computed[i] == c->records[from + i].event_check) continue;
        c->found.at = from + i;
        c->found.check = computed[i];
        c->status = PH_EDIVERGED;
    }
    return cnt;
}

/* Asks for all that will be hashed: it is in the cache of the other processor, and to wait for one
   line after the other takes longer than to hash them. */
static void ask_for(const ph_checker *c, uint32_t from, uint32_t n, const uint8_t *bytes)
{
    size_t size = 0;
    for (uint32_t i = from; i < n; i++)
        size += c->gave[i].event_size;
    for (size_t at = 0; at < size; at += CACHE_LINE)
        __builtin_prefetch(bytes + at);
}

/* Records from `from` up to n, whose events are there, as long as nothing differs. */
static void compare_up_to(ph_checker *c, uint32_t from, uint32_t n)
{
    const uint8_t *bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed) + c->byte_cnt;
    size_t size = 0;
    if (c->is_beside) ask_for(c, from, n, bytes);
    for (uint32_t i = from; i < n && c->status == PH_OK;)
        i += compare_some(c, i, n, bytes, &size);
    if (c->status == PH_OK) ph_digest_add(&c->digest, bytes, size);
    c->byte_cnt += size;
    atomic_store_explicit(&c->compared, n, memory_order_release);
}

static void finish(ph_checker *c, uint32_t n)
{
    if (c->status != PH_OK || n < c->batch->record_cnt) return;
    c->found.digest = ph_digest_end(&c->digest);
    if (ph_hash_equal(c->found.digest, c->batch->events)) return;
    c->status = PH_EDIVERGED;
    c->found.at = n;
}

/* ---- The second thread --------------------------------------------------------------------- */

/* Tells the processor that this is a wait. */
static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void look_again(uint32_t *looks)
{
    if (++*looks % SPINS == 0)
        (void)sched_yield(); /* the other half may need this processor */
    else
        relax();
}

/* A few microseconds towards the next batch and those that follow it, one after the other.  False:
   nothing is left to do. */
static bool work_ahead(ph_checker *c)
{
    switch (c->work) {
    case WORK_READ: {
        ph_journal_fault unused; /* whoever needs the batch looks again and is told */
        c->has_ahead = ph_journal_reader_next(c->reader, &c->ahead, &unused) == PH_OK;
        c->work = c->has_ahead ? WORK_DECODE : WORK_DONE;
        if (c->has_ahead) ph_decode_begin(&c->ahead, &c->decoding);
        return true;
    }
    case WORK_DECODE: {
        ph_status s = ph_decode(&c->decoding, &c->ahead_records, DECODED_AT_ONCE);
        if (s != PH_EAGAIN) c->work = WORK_DONE;
        if (s != PH_OK && s != PH_EAGAIN) c->decoding.cnt = UINT32_MAX;
        return true;
    }
    case WORK_DONE: break;
    }
    return ph_journal_reader_ahead(c->reader);
}

static void compare_beside(ph_checker *c)
{
    uint32_t done = 0, looks = 0;
    for (;;) {
        bool is_last = atomic_load_explicit(&c->is_last, memory_order_acquire);
        uint32_t n = (uint32_t)atomic_load_explicit(&c->applied, memory_order_acquire);
        if (n > done) {
            compare_up_to(c, done, n);
            done = n;
        } else if (is_last) {
            finish(c, n);
            return;
        } else if (!work_ahead(c)) {
            look_again(&looks);
        }
    }
}

/* The caller compares, or nobody does: all of the time is for what comes next.  Whoever has applied
   the last record waits for the batch behind it, and for no piece of those that follow. */
static void work_beside(ph_checker *c)
{
    for (uint32_t looks = 0; !atomic_load_explicit(&c->is_last, memory_order_acquire);)
        if (!work_ahead(c)) look_again(&looks);
}

/* False: there will be no more. */
static bool wait_for_job(ph_checker *c, uint64_t seen)
{
    for (uint32_t looks = 0; looks < SPINS * ROUNDS_MAX; look_again(&looks))
        if (atomic_load_explicit(&c->job, memory_order_acquire) != seen || c->is_over) break;
    int failed = pthread_mutex_lock(&c->lock);
    PH_ASSERT(failed == 0);
    while (atomic_load(&c->job) == seen && !c->is_over) {
        failed = pthread_cond_wait(&c->woken, &c->lock);
        PH_ASSERT(failed == 0);
    }
    bool is_over = c->is_over;
    failed = pthread_mutex_unlock(&c->lock);
    PH_ASSERT(failed == 0);
    return !is_over;
}

static void *run(void *arg)
{
    ph_checker *c = arg;
    for (uint64_t seen = 0; wait_for_job(c, seen);) {
        seen = atomic_load_explicit(&c->job, memory_order_acquire);
        c->work = WORK_READ;
        if (c->is_beside)
            compare_beside(c);
        else
            work_beside(c);
        atomic_store_explicit(&c->ended, seen, memory_order_release);
        while (c->work != WORK_DONE)
            (void)work_ahead(c);
        atomic_store_explicit(&c->ahead_of, seen, memory_order_release);
    }
    return NULL;
}

/* Signals are the caller's to take. */
static void start_thread(ph_checker *c)
{
    sigset_t all, before;
    int failed = sigfillset(&all) | pthread_sigmask(SIG_SETMASK, &all, &before);
    PH_ASSERT(failed == 0);
    c->has_thread = pthread_create(&c->thread, NULL, run, c) == 0;
    failed = pthread_sigmask(SIG_SETMASK, &before, NULL);
    PH_ASSERT(failed == 0);
    if (!c->has_thread) c->is_small = true; /* from now on */
}

static void set_job(ph_checker *c, bool is_over)
{
    int failed = pthread_mutex_lock(&c->lock);
    PH_ASSERT(failed == 0);
    if (is_over)
        c->is_over = true;
    else
        atomic_fetch_add_explicit(&c->job, 1, memory_order_release);
    failed = pthread_cond_signal(&c->woken) | pthread_mutex_unlock(&c->lock);
    PH_ASSERT(failed == 0);
}

static void wait_for(const atomic_uint_fast64_t *what, uint64_t value)
{
    for (uint32_t looks = 0; atomic_load_explicit(what, memory_order_acquire) != value;)
        look_again(&looks);
}

/* ---- The caller ---------------------------------------------------------------------------- */

ph_status ph_checker_new(ph_journal_reader *reader, ph_checker **ret)
{
    void *block;
    ph_status s = ph_memory_map(sizeof(ph_checker), &block);
    if (s != PH_OK) return s;
    ph_checker *c = block;
    c->reader = reader;
    int failed = pthread_mutex_init(&c->lock, NULL) | pthread_cond_init(&c->woken, NULL);
    PH_ASSERT(failed == 0);
    *ret = c;
    return PH_OK;
}

bool ph_checker_ahead(ph_checker *c, ph_journal_batch *ret, ph_record_room *records,
                      uint32_t *ret_decoded)
{
    wait_for(&c->ahead_of, atomic_load_explicit(&c->job, memory_order_relaxed));
    if (!c->has_ahead) return false;
    c->has_ahead = false;
    *ret = c->ahead;
    *ret_decoded = c->decoding.cnt;
    ph_record_room before = *records;
    *records = c->ahead_records;
    c->ahead_records = before;
    return true;
}

void ph_checker_begin(ph_checker *c, const ph_journal_batch *batch, const ph_replay_record *records,
                      const ph_applied *applied, ph_checker_mode mode)
{
    PH_ASSERT(!c->has_ahead);
    c->batch = batch;
    c->records = records;
    c->gave = applied;
    c->status = PH_OK;
    c->found = (ph_checker_finding){.at = 0};
    c->byte_cnt = 0;
    ph_digest_begin(&c->digest, PH_DIGEST_EVENTS);
    atomic_store_explicit(&c->applied, 0, memory_order_relaxed);
    atomic_store_explicit(&c->compared, 0, memory_order_relaxed);
    atomic_store_explicit(&c->is_last, false, memory_order_relaxed);
    bool is_large = batch->record_cnt >= BESIDE_MIN && !c->is_small;
    if (is_large && !c->has_thread) start_thread(c);
    is_large = is_large && c->has_thread;
    c->is_beside = is_large && mode == PH_CHECKER_BESIDE;
    c->mode = mode;
    if (is_large) set_job(c, false);
}

ph_status ph_checker_applied(ph_checker *c, const uint8_t *bytes, uint32_t n)
{
    atomic_store_explicit(&c->bytes, bytes, memory_order_relaxed);
    if (c->is_beside) {
        atomic_store_explicit(&c->applied, n, memory_order_release);
        return PH_OK;
    }
    compare_up_to(c, (uint32_t)atomic_load_explicit(&c->compared, memory_order_relaxed), n);
    return c->status;
}

void ph_checker_pause(ph_checker *c)
{
    uint64_t applied = atomic_load_explicit(&c->applied, memory_order_relaxed);
    for (uint32_t looks = 0;
         c->is_beside && atomic_load_explicit(&c->compared, memory_order_acquire) != applied;)
        look_again(&looks);
}

ph_status ph_checker_end(ph_checker *c, uint32_t n, ph_checker_finding *ret)
{
    atomic_store_explicit(&c->is_last, true, memory_order_release);
    if (c->is_beside) {
        wait_for(&c->ended, atomic_load_explicit(&c->job, memory_order_relaxed));
    } else if (c->mode != PH_CHECKER_NOT) {
        finish(c, n);
    }
    *ret = c->found;
    return c->status;
}

void ph_checker_free(ph_checker *c)
{
    if (c == NULL) return;
    if (c->has_thread) {
        set_job(c, true);
        int failed = pthread_join(c->thread, NULL);
        PH_ASSERT(failed == 0);
    }
    int failed = pthread_cond_destroy(&c->woken) | pthread_mutex_destroy(&c->lock);
    PH_ASSERT(failed == 0);
    ph_record_room_free(&c->ahead_records);
    ph_memory_unmap(c, sizeof *c);
}
