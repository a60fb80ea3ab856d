/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/store.h"

#include <stdlib.h>
#include <string.h>

/* At least doubles, so that growing costs little in all. */
static bool grow(void **list, uint64_t *room, uint64_t needed, size_t row_size)
{
    if (needed <= *room) return true;
    uint64_t wanted = *room < 64 ? 64 : *room * 2;
    if (wanted < needed) wanted = needed;
    if (wanted > UINT32_MAX) return false;
    void *fresh = reallocarray(*list, wanted, row_size);
    if (fresh == NULL) return false;
    *list = fresh;
    *room = wanted;
    return true;
}

#define GROW(list)                                                                  \
    (fresh = rows->list,                                                            \
     is_grown = grow(&fresh, &rows->room.list, needed->list, sizeof rows->list[0]), \
     rows->list = fresh, is_grown)

/* The index is a hash of places in `accounts`: a larger one is filled anew. */
static bool grow_index(ph_rows *rows)
{
    uint64_t size = ph_rows_index_size(rows->room.accounts);
    if (size <= rows->account_index_size) return true;
    uint32_t *fresh = calloc(size, sizeof *fresh);
    if (fresh == NULL) return false;
    free(rows->account_index);
    rows->account_index = fresh;
    rows->account_index_size = size;
    ph_rows_index(rows);
    return true;
}

ph_status ph_store_reserve(ph_rows *rows, const ph_rows_room *needed)
{
    void *fresh;
    bool is_grown;
    if (!GROW(registered) || !GROW(proofs) || !GROW(events) || !GROW(days) || !GROW(orders) ||
        !GROW(ends) || !GROW(contracts) || !GROW(roots) || !GROW(segments) || !GROW(transfers) ||
        !GROW(accounts) || !grow_index(rows))
        return PH_EFULL;
    return PH_OK;
}

void ph_store_release(ph_rows *rows)
{
    free(rows->registered);
    free(rows->proofs);
    free(rows->events);
    free(rows->days);
    free(rows->orders);
    free(rows->ends);
    free(rows->contracts);
    free(rows->roots);
    free(rows->segments);
    free(rows->transfers);
    free(rows->accounts);
    free(rows->account_index);
    *rows = (ph_rows){0};
}
