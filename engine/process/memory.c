/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include "engine/base/panic.h"

ph_status ph_memory_map(size_t size, void **ret)
{
    PH_ASSERT(size > 0);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED) return PH_EFULL;
    *ret = p;
    return PH_OK;
}

ph_status ph_memory_grow(void **block, size_t size, size_t new_size)
{
    PH_ASSERT(new_size >= size);
    void *p = mremap(*block, size, new_size, MREMAP_MAYMOVE);
    if (p == MAP_FAILED) return PH_EFULL;
    *block = p;
    return PH_OK;
}

void ph_memory_prefer_large_pages(void *block, size_t size)
{
    (void)madvise(block, size, MADV_HUGEPAGE); /* only a wish: small pages work as well */
}

ph_status ph_memory_touch(void *block, size_t size)
{
    return madvise(block, size, MADV_POPULATE_WRITE) == 0 ? PH_OK : PH_EFULL;
}

uint64_t ph_memory_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages < 0 || page < 0 ? 0 : (uint64_t)pages * (uint64_t)page;
}

void ph_memory_unmap(void *block, size_t size)
{
    if (block == NULL) return;
    int failed = munmap(block, size);
    PH_ASSERT(failed == 0);
}
