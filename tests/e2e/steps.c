/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/e2e/steps.c - a library to preload: the steps by which a program changes what others can
    see, numbered, and the n-th of them its last or refused.

    A step is a call that changes a file or a name on the disk, makes one of the two durable, or
    hands bytes to somebody else: creating, writing, cutting and preallocating a file; syncing a
    file, a directory or a file system; renaming and removing; making a folder; giving a message to
    ZeroMQ and giving its bytes to a socket.  Reading is none; neither is standard error.

    The program that is stopped is the real one, unchanged.

    Steps of the disk (d), of the link (l) and of processes that the program forked (f) are numbered
    each on their own, from 1, because they are made beside each other.  The environment says what
    to do:

      STEPS_TRACE  file that every step is written to, a line each: d, l or f and its number, kind,
                   size, name
      STEPS_AT     the step that something happens at, e.g. d17
      STEPS_HOW    before, half, after: SIGKILL then, to the program and to whom it forked (half:
                   half of a write is done);
                   EIO, ENOSPC, EROFS: the step is refused, half of a write is done
      STEPS_EVER   with an error: all steps of the disk from there on are refused
      STEPS_CLOCK  file of 8 bytes, nanoseconds since 1970: what the wall clock says */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

typedef enum { BEFORE, HALF, AFTER, REFUSED } moment;

static struct {
    const char *trace; /* NULL: none is written */
    pid_t program;
    char family; /* of the step that something happens at */
    uint64_t at; /* 0: nothing happens */
    moment how;
    int error;
    bool is_ever;
    const uint64_t *clock; /* NULL: the machine's */
} plan;

/* Shared with whom the program forks. */
typedef struct {
    atomic_uint_fast64_t disk, link, forked;
} counts;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static counts *count;

static void *map(int fd, size_t size, int protection, int flags)
{
    void *p = mmap(NULL, size, protection, flags, fd, 0);
    if (p == MAP_FAILED) abort(); /* the test says so: the program does not start */
    return p;
}

/* Nothing below may be counted itself, so it goes past the C library. */
static void read_plan(void)
{
    const char *at = getenv("STEPS_AT"), *how = getenv("STEPS_HOW");
    const char *clock = getenv("STEPS_CLOCK");
    count = map(-1, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
    plan.trace = getenv("STEPS_TRACE");
    plan.program = getpid();
    if (at != NULL && at[0] != '\0') {
        plan.family = at[0];
        plan.at = strtoull(at + 1, NULL, 10);
    }
    plan.is_ever = getenv("STEPS_EVER") != NULL;
    if (how == NULL || strcmp(how, "before") == 0)
        plan.how = BEFORE;
    else if (strcmp(how, "half") == 0)
        plan.how = HALF;
    else if (strcmp(how, "after") == 0)
        plan.how = AFTER;
    else {
        plan.how = REFUSED;
        plan.error = strcmp(how, "ENOSPC") == 0 ? ENOSPC : strcmp(how, "EROFS") == 0 ? EROFS : EIO;
    }
    if (clock == NULL) return;
    int fd = (int)syscall(SYS_open, clock, O_RDONLY | O_CLOEXEC);
    plan.clock = map(fd, sizeof *plan.clock, PROT_READ, MAP_SHARED);
}

static void end_here(void)
{
    pid_t self = getpid();
    if (self != plan.program) (void)syscall(SYS_kill, plan.program, SIGKILL);
    (void)syscall(SYS_kill, self, SIGKILL);
    for (;;) /* another thread may run on for a moment; this one does not */
        (void)syscall(SYS_pause);
}

/* What becomes of a step. */
typedef enum { DONE, HALF_AND_END, DONE_AND_END, HALF_AND_REFUSED } verdict;

/* Opened for each line: whoever forks may close what it does not know. */
static void trace(char family, uint64_t n, const char *kind, size_t size, const char *name)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%c%llu %s %zu %s\n", family, (unsigned long long)n,
                          kind, size, name);
    if (plan.trace == NULL || length >= (int)sizeof line) return; /* a gap in the numbers is seen */
    long fd = syscall(SYS_open, plan.trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    (void)syscall(SYS_write, fd, line, (size_t)length);
    (void)syscall(SYS_close, fd);
}

static verdict judge(char family, const char *kind, size_t size, const char *name)
{
    int why = errno;
    (void)pthread_once(&once, read_plan); /* cannot fail */
    if (getpid() != plan.program) family = 'f';
    atomic_uint_fast64_t *counted = family == 'd'   ? &count->disk
                                    : family == 'l' ? &count->link
                                                    : &count->forked;
    uint64_t n = atomic_fetch_add(counted, 1) + 1;
    trace(family, n, kind, size, name);
    errno = why;
    if (plan.at == 0 || plan.family != family || n < plan.at) return DONE;
    if (plan.how == REFUSED) return n == plan.at || plan.is_ever ? HALF_AND_REFUSED : DONE;
    if (n > plan.at) return DONE; /* another thread, in the moment before the end */
    if (plan.how == BEFORE) end_here();
    return plan.how == HALF ? HALF_AND_END : DONE_AND_END;
}

static verdict judge_fd(const char *kind, size_t size, int fd)
{
    char link[64], name[256];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof name - 1);
    name[n < 0 ? 0 : n] = '\0';
    return judge('d', kind, size, name);
}

/* How much is to be done.  Half of what is not zero at the end, or a batch with its padding would
   be whole in its half; of whole sectors where there are any. */
static size_t part(verdict v, const void *bytes, size_t size)
{
    const char *p = bytes;
    if (v == DONE || v == DONE_AND_END) return size;
    while (p != NULL && size > 1 && p[size - 1] == 0)
        size--;
    return size / 2 < 512 ? size / 2 : size / 2 / 512 * 512;
}

/* A step that has no half is not done at all by half. */
static bool is_done(verdict v)
{
    return v == DONE || v == DONE_AND_END;
}

static long ended(verdict v, long result)
{
    if (v == HALF_AND_END || v == DONE_AND_END) end_here();
    if (v != HALF_AND_REFUSED) return result;
    errno = plan.error;
    return -1;
}

static bool is_kind(int fd, mode_t kind)
{
    struct stat st;
    int why = errno;
    bool is = fd > STDERR_FILENO && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
    errno = why;
    return is;
}

/* The function that this one stands before. */
#define REAL(type, name, ...)         \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, name)

/* The C library has names of its own for what it is given. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* ---- Bytes ---------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *p, size_t n)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!is_kind(fd, S_IFREG)) return real(fd, p, n);
    verdict v = judge_fd("write", n, fd);
    return ended(v, real(fd, p, part(v, p, n)));
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    verdict v = judge_fd("write", n, fd);
    return ended(v, real(fd, p, part(v, p, n), at));
}

ssize_t writev(int fd, const struct iovec *v, int cnt)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!is_kind(fd, S_IFREG)) return real(fd, v, cnt);
    verdict judged = judge_fd("write", (size_t)cnt, fd);
    return ended(judged, real(fd, v, (int)part(judged, NULL, (size_t)cnt)));
}

ssize_t pwritev64(int fd, const struct iovec *v, int cnt, off64_t at)
{
    REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
    verdict judged = judge_fd("write", (size_t)cnt, fd);
    return ended(judged, real(fd, v, (int)part(judged, NULL, (size_t)cnt), at));
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
    REAL(ssize_t, "send", int, const void *, size_t, int);
    verdict v = judge('l', "send", n, "socket");
    return ended(v, real(fd, p, part(v, p, n), flags));
}

int zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
    REAL(int, "zmq_msg_send", zmq_msg_t *, void *, int);
    verdict v = judge('l', "publish", zmq_msg_size(message), "message");
    return (int)ended(v, is_done(v) ? real(message, socket, flags) : -1);
}

/* ---- Files and names ------------------------------------------------------------------------ */

/* Making a file is a step; opening one that is there is none, nor is removing none. */
static bool is_there(int folder, const char *path)
{
    int why = errno;
    bool is = faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    errno = why;
    return is;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

static int open_at(int (*real)(int, const char *, int, ...), int folder, const char *path,
                   int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    bool makes = (flags & O_TRUNC) != 0 || ((flags & O_CREAT) != 0 && !is_there(folder, path));
    if (!makes) return real(folder, path, flags, mode);
    verdict v = judge('d', "make", 0, path);
    return (int)ended(v, is_done(v) ? real(folder, path, flags, mode) : -1);
}

int open64(const char *path, int flags, ...)
{
    REAL(int, "openat64", int, const char *, int, ...);
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_at(real, AT_FDCWD, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    REAL(int, "openat64", int, const char *, int, ...);
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_at(real, folder, path, flags, mode);
}

int fdatasync(int fd)
{
    REAL(int, "fdatasync", int);
    verdict v = judge_fd("sync", 0, fd);
    return (int)ended(v, is_done(v) ? real(fd) : -1);
}

int fsync(int fd)
{
    REAL(int, "fsync", int);
    verdict v = judge_fd(is_kind(fd, S_IFDIR) ? "sync-directory" : "sync", 0, fd);
    return (int)ended(v, is_done(v) ? real(fd) : -1);
}

int syncfs(int fd)
{
    REAL(int, "syncfs", int);
    verdict v = judge_fd("sync-all", 0, fd);
    return (int)ended(v, is_done(v) ? real(fd) : -1);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(int, "ftruncate64", int, off64_t);
    verdict v = judge_fd("cut", (size_t)size, fd);
    return (int)ended(v, is_done(v) ? real(fd, size) : -1);
}

int fallocate64(int fd, int mode, off64_t at, off64_t size)
{
    REAL(int, "fallocate64", int, int, off64_t, off64_t);
    verdict v = judge_fd("allocate", (size_t)size, fd);
    return (int)ended(v, is_done(v) ? real(fd, mode, at, size) : -1);
}

/* Says why by its result. */
int posix_fallocate64(int fd, off64_t at, off64_t size)
{
    REAL(int, "posix_fallocate64", int, off64_t, off64_t);
    verdict v = judge_fd("allocate", (size_t)size, fd);
    long result = ended(v, is_done(v) ? real(fd, at, size) : 0);
    return result < 0 ? errno : (int)result;
}

int rename(const char *from, const char *to)
{
    REAL(int, "rename", const char *, const char *);
    verdict v = judge('d', "rename", 0, to);
    return (int)ended(v, is_done(v) ? real(from, to) : -1);
}

int renameat(int folder, const char *from, int to_folder, const char *to)
{
    REAL(int, "renameat", int, const char *, int, const char *);
    verdict v = judge('d', "rename", 0, to);
    return (int)ended(v, is_done(v) ? real(folder, from, to_folder, to) : -1);
}

int unlink(const char *path)
{
    REAL(int, "unlink", const char *);
    if (!is_there(AT_FDCWD, path)) return real(path);
    verdict v = judge('d', "remove", 0, path);
    return (int)ended(v, is_done(v) ? real(path) : -1);
}

int unlinkat(int folder, const char *path, int flags)
{
    REAL(int, "unlinkat", int, const char *, int);
    if (!is_there(folder, path)) return real(folder, path, flags);
    verdict v = judge('d', "remove", 0, path);
    return (int)ended(v, is_done(v) ? real(folder, path, flags) : -1);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, "mkdir", const char *, mode_t);
    if (is_there(AT_FDCWD, path)) return real(path, mode);
    verdict v = judge('d', "make-folder", 0, path);
    return (int)ended(v, is_done(v) ? real(path, mode) : -1);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    REAL(int, "mkdirat", int, const char *, mode_t);
    if (is_there(folder, path)) return real(folder, path, mode);
    verdict v = judge('d', "make-folder", 0, path);
    return (int)ended(v, is_done(v) ? real(folder, path, mode) : -1);
}

/* ---- Time ----------------------------------------------------------------------------------- */

/* The stamp of a command is an input of the market: with the same stamps two runs must end in the
   same state, bit for bit. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    (void)pthread_once(&once, read_plan); /* cannot fail */
    if (id != CLOCK_REALTIME || plan.clock == NULL) return real(id, ret);
    uint64_t now = __atomic_load_n(plan.clock, __ATOMIC_RELAXED);
    *ret = (struct timespec){(time_t)(now / 1000000000), (long)(now % 1000000000)};
    return 0;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
