/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/depth.h"

#include <stdlib.h>
#include <string.h>

void phg_depth_release(phg_depth *l)
{
    free(l->v);
    *l = (phg_depth){0};
}

static bool is_worse(ph_side side, ph_price a, ph_price b)
{
    return side == PH_SIDE_BUY ? a < b : a > b;
}

/* Index of the first level that is not worse than `price`; cnt if all are.  Orders arrive near the
   best price, so the search starts there. */
static uint32_t find(const phg_depth *l, ph_side side, ph_price price)
{
    uint32_t low = 0, high = l->cnt;
    if (high != 0 && is_worse(side, l->v[high - 1].price, price)) return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_worse(side, l->v[middle].price, price))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ph_status phg_depth_add(phg_depth *l, ph_side side, ph_price price, uint64_t quantity)
{
    uint32_t i = find(l, side, price);
    if (i < l->cnt && l->v[i].price == price) {
        l->v[i].quantity += quantity;
        return PH_OK;
    }
    if (l->cnt == l->max) {
        if (l->max > UINT32_MAX / 2) return PH_EFULL;
        uint32_t more = l->max == 0 ? 2 : l->max * 2;
        phg_level *grown = realloc(l->v, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        l->v = grown;
        l->max = more;
    }
    memmove(l->v + i + 1, l->v + i, (l->cnt - i) * sizeof *l->v);
    l->v[i] = (phg_level){price, quantity};
    l->cnt++;
    return PH_OK;
}

ph_status phg_depth_take(phg_depth *l, ph_side side, ph_price price, uint64_t quantity)
{
    uint32_t i = find(l, side, price);
    if (i == l->cnt || l->v[i].price != price || l->v[i].quantity < quantity) return PH_ECORRUPT;
    l->v[i].quantity -= quantity;
    if (l->v[i].quantity != 0) return PH_OK;
    memmove(l->v + i, l->v + i + 1, (l->cnt - i - 1) * sizeof *l->v);
    l->cnt--;
    return PH_OK;
}

uint64_t phg_depth_at(const phg_depth *l, ph_side side, ph_price price)
{
    uint32_t i = find(l, side, price);
    return i < l->cnt && l->v[i].price == price ? l->v[i].quantity : 0;
}

phg_level phg_depth_best(const phg_depth *l)
{
    return l->cnt == 0 ? (phg_level){0, 0} : l->v[l->cnt - 1];
}
