/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/rank.h"

#include <stdlib.h>

/* A figure beside its row, because qsort has no other argument. */
typedef struct {
    ph_wide figure;
    const void *row;
} place;

static int largest_first(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->figure != y->figure) return x->figure > y->figure ? -1 : 1;
    const ph_keyed_by *m = x->row, *n = y->row;
    if (m->a != n->a) return m->a < n->a ? -1 : 1;
    return m->b < n->b ? -1 : m->b > n->b;
}

bool ph_rank(const ph_keyed *k, const ph_ranking *by, const void ***ret, uint32_t *ret_cnt)
{
    *ret = NULL;
    *ret_cnt = 0;
    if (k->cnt == 0) return true;
    place *places = calloc(k->cnt, sizeof *places);
    const void **rows = calloc(k->cnt, sizeof *rows);
    if (places == NULL || rows == NULL) {
        free(places);
        free(rows);
        return false;
    }
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < k->cnt; i++) {
        const void *row = ph_keyed_at(k, i);
        if (by->lets_through != NULL && !by->lets_through(row, by->arg)) continue;
        places[cnt++] = (place){by->figure(row), row};
    }
    if (cnt != 0) qsort(places, cnt, sizeof *places, largest_first);
    for (uint32_t i = 0; i < cnt; i++)
        rows[i] = places[i].row;
    free(places);
    *ret = rows;
    *ret_cnt = cnt;
    return true;
}
