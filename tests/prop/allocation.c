/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/allocation.h"

#include <errno.h>
#include <execinfo.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif

enum { FRAMES_MAX = 32 };

static const char *forbidden; /* during what; NULL: allowed */

static void say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n; /* the abort says it, too */
}

static void seen(const char *call)
{
    if (forbidden == NULL) return;
    const char *during = forbidden;
    forbidden = NULL; /* what follows may allocate */
    say(call);
    say(" during ");
    say(during);
    say(", called from:\n");
    void *frames[FRAMES_MAX];
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    abort();
}

void allocation_forbid(const char *during)
{
    forbidden = during;
}

void allocation_allow(void)
{
    forbidden = NULL;
}

#ifdef UNDER_ASAN

/* Of sanitizer/allocator_interface.h, which not every compiler brings along. */
extern int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *p,
                                                                       size_t size),
                                                     void (*on_free)(const volatile void *p));

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    (void)size;
    seen("an allocation");
}

static void on_free(const volatile void *p)
{
    if (p != NULL) seen("free");
}

__attribute__((constructor)) static void install(void)
{
    if (__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) == 0) abort();
}

#else

#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* The allocator of the C library by its other names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t cnt, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);
extern void *__sbrk(intptr_t by);

/* The C library calls the parameters by names that are its own. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
void *malloc(size_t size)
{
    seen("malloc");
    return __libc_malloc(size);
}

void *calloc(size_t cnt, size_t size)
{
    seen("calloc");
    return __libc_calloc(cnt, size);
}

void *realloc(void *p, size_t size)
{
    seen("realloc");
    return __libc_realloc(p, size);
}

void free(void *p)
{
    if (p != NULL) seen("free");
    __libc_free(p);
}

void *memalign(size_t alignment, size_t size)
{
    seen("memalign");
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    seen("aligned_alloc");
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    seen("posix_memalign");
    void *p = __libc_memalign(alignment, size);
    if (p == NULL) return ENOMEM;
    *ret = p;
    return 0;
}

/* wide: the signature is the system's */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    seen("mmap");
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

int munmap(void *at, size_t size)
{
    seen("munmap");
    return (int)syscall(SYS_munmap, at, size);
}

void *sbrk(intptr_t by)
{
    seen("sbrk");
    return __sbrk(by);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

#endif

/* The first backtrace loads a library, which allocates. */
__attribute__((constructor)) static void warm(void)
{
    void *frame;
    (void)backtrace(&frame, 1);
}
