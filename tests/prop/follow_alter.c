/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/follow_alter.h"

#include "tests/unit/suite.h"

#include <string.h>

#include "petahour/v1/market_data.pb-c.h"

static void change_prices(Petahour__V1__BestPrices *p)
{
    if (p->bid != 0)
        p->bid_quantity++;
    else
        p->ask_quantity += p->ask != 0;
}

/* Takes row `at` of `*cnt` away, and returns it: the rows, pointers, need no order. */
static void *take_out(void *rows, size_t *cnt, size_t at)
{
    void *row, *last;
    char *v = rows;
    memcpy(&row, v + at * sizeof row, sizeof row);
    memcpy(&last, v + --*cnt * sizeof last, sizeof last);
    memcpy(v + at * sizeof last, &last, sizeof last);
    return row;
}

static void *alter_row(Petahour__V1__MarketDataFrame *f, uint32_t at, bool is_left_out)
{
    if (at < f->n_levels) {
        if (is_left_out) return take_out(f->levels, &f->n_levels, at);
        f->levels[at]->quantity++;
        return NULL;
    }
    at -= (uint32_t)f->n_levels;
    if (at < f->n_blocks) {
        if (is_left_out) return take_out(f->blocks, &f->n_blocks, at);
        f->blocks[at]->units++;
        return NULL;
    }
    at -= (uint32_t)f->n_blocks;
    if (is_left_out) return take_out(f->best_prices, &f->n_best_prices, at);
    change_prices(f->best_prices[at]);
    return NULL;
}

alter_kind alter_level(zmq_msg_t *payload, uint32_t chance)
{
    Petahour__V1__MarketDataFrame *f =
        petahour__v1__market_data_frame__unpack(NULL, zmq_msg_size(payload), zmq_msg_data(payload));
    ck_assert_ptr_nonnull(f);
    size_t cnt = f->n_levels + f->n_blocks + f->n_best_prices;
    alter_kind kind = ALTER_NOTHING;
    if (f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED && cnt != 0)
        kind = ALTER_CHANGE;
    if (f->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT && cnt != 0)
        kind = ALTER_SNAPSHOT;
    if (kind != ALTER_NOTHING) {
        ProtobufCMessage *left_out = alter_row(f, chance / 2 % (uint32_t)cnt, chance % 2 == 0);
        size_t size = petahour__v1__market_data_frame__get_packed_size(f);
        (void)zmq_msg_close(payload);
        ck_assert_int_eq(zmq_msg_init_size(payload, size), 0);
        ck_assert_uint_eq(petahour__v1__market_data_frame__pack(f, zmq_msg_data(payload)), size);
        if (left_out != NULL) protobuf_c_message_free_unpacked(left_out, NULL);
    }
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
    return kind;
}
