/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/statistics.h"

static bool is_later(const phg_statistics_fill *fill, ph_price than)
{
    return fill->taker == PH_SIDE_BUY ? fill->price > than : fill->price < than;
}

void phg_statistics_take(phg_statistics *s, const phg_statistics_fill *fill)
{
    s->volume += fill->quantity;
    s->notional += (ph_wide)fill->price * fill->quantity;
    if (!fill->is_resale) s->open_interest += fill->quantity;
    if (!fill->is_each) return;
    if (s->last_seq != fill->seq || is_later(fill, s->last)) s->last = fill->price;
    s->last_seq = fill->seq;
    if (fill->price > s->high) s->high = fill->price;
    if (s->low == 0 || fill->price < s->low) s->low = fill->price;
}

ph_price phg_statistics_average(const phg_statistics *s)
{
    return s->volume == 0 ? 0 : (ph_price)(s->notional / (ph_wide)s->volume);
}

bool phg_statistics_is_empty(const phg_statistics *s)
{
    return s->volume == 0;
}

bool phg_statistics_is_same(const phg_statistics *a, const phg_statistics *b)
{
    return a->last == b->last && a->high == b->high && a->low == b->low && a->volume == b->volume &&
           a->open_interest == b->open_interest &&
           phg_statistics_average(a) == phg_statistics_average(b);
}
