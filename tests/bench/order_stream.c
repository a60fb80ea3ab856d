/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/order_stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/panic.h"
#include "tests/bench/array_ladder.h"

enum { CENTRE = 1024, WANDER = 400, DISTANCE_MAX = 50, QUANTITY_MAX = 100 };

/* ---- Chance: xoshiro256** (Blackman, Vigna), seeded by SplitMix64; integers only ------------ */

typedef struct {
    uint64_t s[4];
} chance;

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t draw(chance *c)
{
    uint64_t *s = c->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static chance chance_of(uint64_t seed)
{
    chance c;
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        c.s[i] = z ^ (z >> 31);
    }
    return c;
}

static uint32_t below(chance *c, uint32_t n)
{
    return (uint32_t)(((draw(c) >> 32) * n) >> 32);
}

static int distance(chance *c)
{
    int d = 0;
    while (d < DISTANCE_MAX && below(c, 1000000) >= 80000)
        d++;
    return d;
}

/* ---- The market that the generator walks ---------------------------------------------------- */

typedef struct {
    order_stream stream;
    uint32_t cnt; /* records so far */
    uint32_t last_id;
    array_ladder ladder;
    chance c;
    int *fair;                   /* per instrument */
    uint32_t *live, *live_place; /* resting ids, and where each stands in that list */
    uint32_t live_cnt;
    uint32_t resting; /* what is aimed at */
} walk;

static void not_live(void *arg, uint32_t id)
{
    walk *w = arg;
    uint32_t last = w->live[--w->live_cnt];
    w->live[w->live_place[id]] = last;
    w->live_place[last] = w->live_place[id];
}

static void put(walk *w, stream_record r)
{
    stream_header *h = &w->stream.header;
    if (r.price < h->price_low) h->price_low = r.price;
    if (r.price > h->price_high) h->price_high = r.price;
    w->stream.v[w->cnt++] = r;
    if (r.type == STREAM_CANCEL || r.type == STREAM_MODIFY) not_live(w, r.id);
    ladder_apply(&w->ladder, &r);
    if (r.type == STREAM_CANCEL || r.type == STREAM_IOC) return;
    if (w->ladder.orders[r.id].quantity == 0) return;
    w->live_place[r.id] = w->live_cnt;
    w->live[w->live_cnt++] = r.id;
}

static stream_record record(uint32_t id, uint32_t instrument, int price, uint32_t quantity,
                            int type, int side) /* wide: the fields of a record */
{
    return (stream_record){.id = id,
                           .instrument = instrument,
                           .price = (uint16_t)price,
                           .quantity = (uint16_t)quantity,
                           .type = (uint8_t)type,
                           .side = (uint8_t)side};
}

static int passive(walk *w, uint32_t instrument, int side, int away)
{
    return side == STREAM_BUY ? w->fair[instrument] - away : w->fair[instrument] + 1 + away;
}

static bool put_ioc(walk *w, uint32_t *ret_instrument)
{
    uint32_t instrument = *ret_instrument = below(&w->c, w->stream.header.instrument_cnt);
    int side = (int)below(&w->c, 2);
    const ladder_book *b = &w->ladder.books[instrument];
    if (side == STREAM_BUY ? b->ask >= LADDER_PRICES : b->bid == 0) return false;
    uint32_t quantity = 1 + below(&w->c, QUANTITY_MAX);
    int price = side == STREAM_BUY ? b->ask + 2 : b->bid - 2;
    put(w, record(++w->last_id, instrument, price, quantity, STREAM_IOC, side));
    return true;
}

static uint32_t put_new(walk *w)
{
    uint32_t instrument = below(&w->c, w->stream.header.instrument_cnt);
    int side = (int)below(&w->c, 2), price;
    const ladder_book *b = &w->ladder.books[instrument];
    int64_t share = 20000 + ((int64_t)w->live_cnt - w->resting) * 1000000 / w->resting;
    if (share < 0) share = 0;
    if (share > 500000) share = 500000;
    if (below(&w->c, 1000000) < share) {
        int through = (int)below(&w->c, 4);
        price =
            side == STREAM_BUY ? w->fair[instrument] + 1 + through : w->fair[instrument] - through;
    } else {
        price = passive(w, instrument, side, distance(&w->c));
        if (w->live_cnt < w->resting) {
            if (side == STREAM_BUY && price >= b->ask) price = b->ask - 1;
            if (side == STREAM_SELL && price <= b->bid) price = b->bid + 1;
        }
    }
    uint32_t quantity = 1 + below(&w->c, QUANTITY_MAX);
    put(w, record(++w->last_id, instrument, price, quantity, STREAM_NEW, side));
    return instrument;
}

static uint32_t put_cancel(walk *w)
{
    uint32_t id = w->live[below(&w->c, w->live_cnt)];
    const ladder_order *o = &w->ladder.orders[id];
    uint32_t instrument = o->instrument;
    put(w, record(id, instrument, o->price, o->quantity, STREAM_CANCEL, o->side));
    return instrument;
}

static uint32_t put_modify(walk *w)
{
    uint32_t id = w->live[below(&w->c, w->live_cnt)];
    const ladder_order *o = &w->ladder.orders[id];
    uint32_t instrument = o->instrument;
    int price = passive(w, instrument, o->side, distance(&w->c));
    if (price == o->price) price += o->side == STREAM_BUY ? -1 : 1;
    uint32_t quantity = 1 + below(&w->c, QUANTITY_MAX);
    put(w, record(id, instrument, price, quantity, STREAM_MODIFY, o->side));
    return instrument;
}

static uint32_t put_next(walk *w)
{
    uint32_t dice = below(&w->c, 100), instrument;
    int type = dice < 50   ? STREAM_NEW
               : dice < 95 ? STREAM_CANCEL
               : dice < 98 ? STREAM_IOC
                           : STREAM_MODIFY;
    if (w->live_cnt == 0 && (type == STREAM_CANCEL || type == STREAM_MODIFY)) type = STREAM_NEW;
    if (type == STREAM_IOC && put_ioc(w, &instrument)) return instrument;
    if (type == STREAM_CANCEL) return put_cancel(w);
    if (type == STREAM_MODIFY) return put_modify(w);
    return put_new(w);
}

static void fair_walks(walk *w, uint32_t instrument)
{
    int *fair = &w->fair[instrument];
    *fair += below(&w->c, 2) != 0 ? 1 : -1;
    if (*fair < CENTRE - WANDER) (*fair)++;
    if (*fair > CENTRE + WANDER) (*fair)--;
}

order_stream stream_generate(uint32_t instruments, uint32_t resting, uint32_t commands,
                             uint64_t seed)
{
    PH_ASSERT(instruments > 0 && resting > 0);
    size_t ids = (size_t)resting + commands + 1;
    walk w = {.c = chance_of(seed),
              .ladder = ladder_new(instruments, (uint32_t)ids),
              .fair = calloc(instruments, sizeof w.fair[0]),
              .live = calloc(ids, sizeof w.live[0]),
              .live_place = calloc(ids + 1, sizeof w.live_place[0]),
              .resting = resting};
    w.stream = (order_stream){.header = {.magic = STREAM_MAGIC,
                                         .instrument_cnt = instruments,
                                         .preload_cnt = resting,
                                         .command_cnt = commands,
                                         .price_low = UINT32_MAX,
                                         .seed = seed},
                              .v = calloc(ids, sizeof w.stream.v[0])};
    PH_ASSERT(w.fair != NULL && w.live != NULL && w.live_place != NULL && w.stream.v != NULL);
    for (uint32_t i = 0; i < instruments; i++)
        w.fair[i] = CENTRE;
    for (uint32_t k = 0; k < resting; k++) {
        int side = (int)((k / instruments) & 1), away = distance(&w.c);
        uint32_t quantity = 1 + below(&w.c, QUANTITY_MAX);
        int price = passive(&w, k % instruments, side, away);
        put(&w, record(++w.last_id, k % instruments, price, quantity, STREAM_NEW, side));
    }
    uint32_t period = resting / instruments / 10;
    if (period < 50) period = 50;
    w.ladder.filled = not_live;
    w.ladder.arg = &w;
    for (uint32_t k = 0; k < commands; k++) {
        uint32_t instrument = put_next(&w);
        if (below(&w.c, period) == 0) fair_walks(&w, instrument);
    }
    stream_header *h = &w.stream.header;
    h->id_max = w.last_id;
    h->trades = w.ladder.trades;
    h->volume = w.ladder.volume;
    h->notional = w.ladder.notional;
    h->fifo = w.ladder.fifo;
    h->live_at_end = w.live_cnt;
    ladder_free(&w.ladder);
    free(w.fair);
    free(w.live);
    free(w.live_place);
    return w.stream;
}

/* ---- Files ---------------------------------------------------------------------------------- */

static _Noreturn void not_a_stream(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(2);
}

order_stream stream_read(const char *path)
{
    order_stream s = {.v = NULL};
    FILE *f = fopen(path, "rbe");
    if (f == NULL) not_a_stream(path, "cannot be opened");
    stream_header *h = &s.header;
    if (fread(h, sizeof *h, 1, f) != 1 || h->magic != STREAM_MAGIC)
        not_a_stream(path, "is not an order stream: its first eight bytes are not BOSTRM01");
    size_t cnt = (size_t)h->preload_cnt + h->command_cnt;
    s.v = calloc(cnt + 1, sizeof s.v[0]);
    if (s.v == NULL || fread(s.v, sizeof s.v[0], cnt, f) != cnt)
        not_a_stream(path, "ends before its last record");
    fclose(f);
    for (size_t i = 0; i < cnt; i++) {
        const stream_record *r = &s.v[i];
        if (r->id == 0 || r->id > h->id_max || r->instrument >= h->instrument_cnt ||
            r->type >= STREAM_TYPES || r->side > STREAM_SELL || r->price == 0 ||
            r->price >= LADDER_PRICES)
            not_a_stream(path, "has a record that is out of range");
    }
    return s;
}

void stream_free(order_stream *s)
{
    free(s->v);
    s->v = NULL;
}
