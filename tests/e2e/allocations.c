/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/e2e/allocations.c - a library to preload: who in a program takes memory and returns it.

    Seen are the allocator of the C library, whoever calls it, and the calls that map memory.
    The file that ALLOCATIONS_FILE names is shared with the test: a head of 8 bytes, whose first is
    not 0 as long as calls are counted, and whose last four say how many rows are in use; then ROWS
    rows of 96 bytes, a row for each place that calls:

       0  u64       calls
       8  u64       bytes that they asked for
      16  u64       offset of the place in its object
      24  char[16]  the thread's name
      40  char[8]   "main", "other" (a thread beside it) or "forked" (any of a forked process)
      48  char[16]  malloc, calloc, realloc, aligned, free, mmap, munmap
      64  char[32]  name of the object that the place is in

    The program is the real one, unchanged, and without a sanitizer, whose allocator would stand in
    front. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROWS = 1024 };

typedef struct {
    uint64_t calls, bytes, offset;
    char thread[16], where[8], call[16], object[32];
} row;

typedef struct {
    atomic_uchar counts, is_taken;
    uint8_t unused[2];
    atomic_uint cnt;
    row v[ROWS];
} table;

_Static_assert(sizeof(row) == 96 && sizeof(table) == 8 + ROWS * sizeof(row),
               "as the test reads it");

static table *shared; /* NULL: nothing is counted */
static pid_t program;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t cnt, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

__attribute__((constructor)) static void open_table(void)
{
    const char *path = getenv("ALLOCATIONS_FILE");
    if (path == NULL) return;
    int fd = (int)syscall(SYS_open, path, O_RDWR | O_CLOEXEC);
    void *p =
        (void *)syscall(SYS_mmap, NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || p == MAP_FAILED) abort(); /* the test says so: the program does not start */
    program = getpid();
    shared = p;
}

static void describe(row *r, const char *call, const void *place)
{
    Dl_info of = {.dli_fname = "?"};
    if (dladdr(place, &of) != 0) r->offset = (uint64_t)((const char *)place - (char *)of.dli_fbase);
    const char *slash = strrchr(of.dli_fname, '/');
    (void)strncpy(r->object, slash == NULL ? of.dli_fname : slash + 1, sizeof r->object - 1);
    (void)prctl(PR_GET_NAME, r->thread);
    bool is_main = syscall(SYS_gettid) == program;
    (void)strncpy(r->where,
                  getpid() != program ? "forked"
                  : is_main           ? "main"
                                      : "other",
                  sizeof r->where - 1);
    (void)strncpy(r->call, call, sizeof r->call - 1);
}

static bool is_same(const row *a, const row *b)
{
    return a->offset == b->offset && strcmp(a->object, b->object) == 0 &&
           strcmp(a->call, b->call) == 0 && strcmp(a->where, b->where) == 0 &&
           strcmp(a->thread, b->thread) == 0;
}

static void seen(const char *call, size_t size, const void *place)
{
    if (shared == NULL || atomic_load(&shared->counts) == 0) return;
    int why = errno;
    row r = {.calls = 0};
    describe(&r, call, place);
    while (atomic_exchange(&shared->is_taken, 1) != 0)
        continue;
    unsigned cnt = atomic_load(&shared->cnt), i = 0;
    while (i < cnt && !is_same(&shared->v[i], &r))
        i++;
    if (i == ROWS) abort(); /* the test says so */
    if (i == cnt) {
        shared->v[i] = r;
        atomic_store(&shared->cnt, cnt + 1);
    }
    shared->v[i].calls++;
    shared->v[i].bytes += size;
    atomic_store(&shared->is_taken, 0);
    errno = why;
}

#define PLACE __builtin_return_address(0)

/* The C library calls the parameters by names that are its own. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
void *malloc(size_t size)
{
    seen("malloc", size, PLACE);
    return __libc_malloc(size);
}

void *calloc(size_t cnt, size_t size)
{
    seen("calloc", cnt * size, PLACE);
    return __libc_calloc(cnt, size);
}

void *realloc(void *p, size_t size)
{
    seen("realloc", size, PLACE);
    return __libc_realloc(p, size);
}

void free(void *p)
{
    if (p != NULL) seen("free", 0, PLACE);
    __libc_free(p);
}

void *memalign(size_t alignment, size_t size)
{
    seen("aligned", size, PLACE);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    seen("aligned", size, PLACE);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    seen("aligned", size, PLACE);
    void *p = __libc_memalign(alignment, size);
    if (p == NULL) return ENOMEM;
    *ret = p;
    return 0;
}

/* wide: the signature is the system's */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    seen("mmap", size, PLACE);
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

int munmap(void *at, size_t size)
{
    seen("munmap", size, PLACE);
    return (int)syscall(SYS_munmap, at, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
