/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/memory.h - large blocks straight from the system.

    Pages are zero and cost nothing until they are touched, so a block may be as large as the
    largest market without taking the memory of it.

    Owns      the caller owns every block and gives it back with the size it has.
    Thread    any. */
#ifndef ENGINE_PROCESS_MEMORY_H
#define ENGINE_PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

/* Maps `size` > 0 zero bytes, aligned to a page.  PH_EFULL: the system refuses. */
ph_status ph_memory_map(size_t size, void **ret);

/* Makes a block larger; it may move, *block is then the new place.  PH_EFULL: the block is as it
   was. */
ph_status ph_memory_grow(void **block, size_t size, size_t new_size);

/* Asks for large pages, which the system may or may not give. */
void ph_memory_prefer_large_pages(void *block, size_t size);

/* Takes all memory of a mapped block now, so that nothing waits for it later; what it holds stays.
   PH_EFULL: the system has not enough. */
ph_status ph_memory_touch(void *block, size_t size);

/* Bytes that the machine has, used or not. */
uint64_t ph_memory_of_machine(void);

/* Accepts NULL. */
void ph_memory_unmap(void *block, size_t size);

#endif
