/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/sort.h - sorting by a total order, in place, the same everywhere.

    No two elements may be equal in the order, so that no algorithm can break a tie its own way;
    the library's qsort allocates and promises nothing about ties.  Insertion for few elements,
    heapsort (Williams 1964) for many: O(n log n) in the worst case; sorted input costs one pass. */
#ifndef ENGINE_BASE_SORT_H
#define ENGINE_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PH_SORT_SIZE_MAX = 64 };

/* Sorts cnt elements of `size` bytes (<= PH_SORT_SIZE_MAX); before(a, b) is true when a comes
   first. */
void ph_sort(void *v, uint32_t cnt, size_t size, bool (*before)(const void *a, const void *b));

#endif
