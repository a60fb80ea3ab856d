/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/array_ladder.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"

array_ladder ladder_new(uint32_t instruments, uint32_t id_max)
{
    array_ladder l = {.orders = calloc((size_t)id_max + 1, sizeof l.orders[0]),
                      .books = calloc(instruments, sizeof l.books[0]),
                      .levels = calloc((size_t)instruments * LADDER_PRICES, sizeof l.levels[0])};
    PH_ASSERT(l.orders != NULL && l.books != NULL && l.levels != NULL);
    for (uint32_t i = 0; i < instruments; i++)
        l.books[i] = (ladder_book){l.levels + (size_t)i * LADDER_PRICES, 0, LADDER_PRICES};
    return l;
}

void ladder_free(array_ladder *l)
{
    free(l->orders);
    free(l->books);
    free(l->levels);
    *l = (array_ladder){0};
}

static void find_best(ladder_book *b)
{
    while (b->bid > 0 && b->levels[b->bid].head == 0)
        b->bid--;
    while (b->ask < LADDER_PRICES && b->levels[b->ask].head == 0)
        b->ask++;
}

static void leave(array_ladder *l, uint32_t id)
{
    ladder_order *o = &l->orders[id];
    ladder_book *b = &l->books[o->instrument];
    ladder_level *level = &b->levels[o->price];
    *(o->prev != 0 ? &l->orders[o->prev].next : &level->head) = o->next;
    *(o->next != 0 ? &l->orders[o->next].prev : &level->tail) = o->prev;
    find_best(b);
}

static void rest(array_ladder *l, uint32_t id)
{
    ladder_order *o = &l->orders[id];
    ladder_book *b = &l->books[o->instrument];
    ladder_level *level = &b->levels[o->price];
    o->next = 0;
    o->prev = level->tail;
    *(level->tail != 0 ? &l->orders[level->tail].next : &level->head) = id;
    level->tail = id;
    if (o->side == STREAM_BUY && o->price > b->bid) b->bid = o->price;
    if (o->side == STREAM_SELL && o->price < b->ask) b->ask = o->price;
}

static void match(array_ladder *l, uint32_t id)
{
    ladder_order *o = &l->orders[id];
    ladder_book *b = &l->books[o->instrument];
    while (o->quantity > 0) {
        int price = o->side == STREAM_BUY ? b->ask : b->bid;
        bool none = price == 0 || price == LADDER_PRICES;
        if (none || (o->side == STREAM_BUY ? price > o->price : price < o->price)) return;
        uint32_t maker = b->levels[price].head;
        ladder_order *k = &l->orders[maker];
        uint16_t units = k->quantity < o->quantity ? k->quantity : o->quantity;
        l->trades++;
        l->volume += units;
        l->notional += (uint64_t)units * (uint64_t)price;
        l->fifo = stream_fifo(l->fifo, maker, id, units);
        o->quantity = (uint16_t)(o->quantity - units);
        k->quantity = (uint16_t)(k->quantity - units);
        if (k->quantity > 0) continue;
        leave(l, maker);
        if (l->filled != NULL) l->filled(l->arg, maker);
    }
}

void ladder_apply(array_ladder *l, const stream_record *r)
{
    ladder_order *o = &l->orders[r->id];
    if (r->type == STREAM_CANCEL) {
        leave(l, r->id);
        return;
    }
    if (r->type == STREAM_MODIFY) leave(l, r->id);
    *o = (ladder_order){
        .instrument = r->instrument, .price = r->price, .quantity = r->quantity, .side = r->side};
    match(l, r->id);
    if (o->quantity > 0 && r->type != STREAM_IOC) rest(l, r->id);
}
