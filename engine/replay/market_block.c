/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/market_block.h"

#include <string.h>

#include "engine/base/panic.h"
#include "engine/process/memory.h"

/* Before the market's block: how much was mapped.  A page, so that the block stays aligned. */
enum { BLOCK_OFFSET = 4096 };

ph_status ph_market_block_new(const ph_market_limits *limits, ph_market **ret)
{
    size_t size = ph_market_footprint(limits);
    if (size == 0) return PH_EINVAL;
    if (size > SIZE_MAX - BLOCK_OFFSET) return PH_EFULL;
    size += BLOCK_OFFSET;
    void *mapped;
    ph_status s = ph_memory_map(size, &mapped);
    if (s != PH_OK) return s;
    ph_memory_prefer_large_pages(mapped, size);
    memcpy(mapped, &size, sizeof size);
    void *block = (uint8_t *)mapped + BLOCK_OFFSET;
    ph_market *m = ph_market_init(block, limits);
    PH_ASSERT((void *)m == block);
    *ret = m;
    return PH_OK;
}

void ph_market_block_free(ph_market *m)
{
    if (m == NULL) return;
    uint8_t *mapped = (uint8_t *)m - BLOCK_OFFSET;
    size_t size;
    memcpy(&size, mapped, sizeof size);
    ph_memory_unmap(mapped, size);
}
