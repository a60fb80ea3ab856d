/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    FRAMES_PER_TURN = 256,
    TOPIC_BYTES = 9, /* "P" and eight hexadecimal digits */
    PRODUCTS_MAX = 1 << 20,
};

/* Size of the topic of a product; of all when product is 0. */
static size_t topic_of(uint32_t product, char to[TOPIC_BYTES + 1])
{
    int size = product == 0 ? snprintf(to, TOPIC_BYTES + 1, "P")
                            : snprintf(to, TOPIC_BYTES + 1, "P%08x", product);
    return (size_t)size;
}

static bool subscribe(phc_client *c, int option, uint32_t product)
{
    char topic[TOPIC_BYTES + 1];
    size_t size = topic_of(product, topic);
    return zmq_setsockopt(c->sub, option, topic, size) == 0;
}

/* The gateway tells under this name why it ended a connection. */
static bool name_itself(phc_client *c)
{
    uint64_t number = 0;
    while (number == 0)
        randombytes_buf(&number, sizeof number);
    if (c->feed_name[0] == '\0')
        (void)snprintf(c->feed_name, sizeof c->feed_name, "!%016" PRIx64, number);
    return zmq_setsockopt(c->sub, ZMQ_SUBSCRIBE, c->feed_name, strlen(c->feed_name)) == 0;
}

void phc_feed_renew(phc_client *c)
{
    if (!name_itself(c)) phc_client_problem(c, PHC_EIO, "could not subscribe again");
    for (uint32_t i = 0; i < c->subscription_cnt; i++)
        if (!subscribe(c, ZMQ_SUBSCRIBE, c->subscriptions[i]))
            phc_client_problem(c, PHC_EIO, "could not subscribe again");
    phc_follow_renew(c);
}

phc_status phc_subscribe(phc_client *c, uint32_t product)
{
    bool may_come = c->connect_file != NULL && c->state == PHC_DOWN;
    if (c->sub == NULL && c->gateway.market_data[0] == '\0' && !may_come) {
        snprintf(c->error, sizeof c->error, "could not subscribe: no market data endpoint");
        return PHC_ENOTFOUND;
    }
    for (uint32_t i = 0; i < c->subscription_cnt; i++)
        if (c->subscriptions[i] == product) return PHC_OK;
    uint32_t *v = reallocarray(c->subscriptions, c->subscription_cnt + 1, sizeof *v);
    if (v == NULL) return PHC_ENOMEM;
    c->subscriptions = v;
    if (c->sub != NULL && !subscribe(c, ZMQ_SUBSCRIBE, product)) return PHC_EIO;
    v[c->subscription_cnt++] = product;
    return PHC_OK;
}

phc_status phc_unsubscribe(phc_client *c, uint32_t product)
{
    for (uint32_t i = 0; i < c->subscription_cnt; i++) {
        if (c->subscriptions[i] != product) continue;
        if (c->sub != NULL && !subscribe(c, ZMQ_UNSUBSCRIBE, product)) return PHC_EIO;
        c->subscriptions[i] = c->subscriptions[--c->subscription_cnt];
        /* What comes after the next subscription starts anew. */
        if (product != 0 && product < c->feed_room) c->feed[product] = (phc_feed_position){0};
        if (product == 0 && c->feed != NULL) memset(c->feed, 0, c->feed_room * sizeof *c->feed);
        return PHC_OK;
    }
    return PHC_ENOTFOUND;
}

/* NULL: no such product can exist, or no memory. */
static phc_feed_position *position_of(phc_client *c, uint32_t product)
{
    if (product == 0 || product >= PRODUCTS_MAX) return NULL;
    if (product >= c->feed_room) {
        uint32_t room = c->feed_room == 0 ? 256 : c->feed_room;
        while (room <= product)
            room *= 2;
        phc_feed_position *v = reallocarray(c->feed, room, sizeof *v);
        if (v == NULL) return NULL;
        memset(v + c->feed_room, 0, (room - c->feed_room) * sizeof *v);
        c->feed = v;
        c->feed_room = room;
    }
    return &c->feed[product];
}

/* True if the frame is news.  A frame with the last number again repeats the present prices for
   somebody who has just subscribed. */
static bool is_news(phc_client *c, const Petahour__V1__MarketDataFrame *f, phc_feed_position *p)
{
    uint64_t last = p->epoch == f->epoch ? p->last : 0;
    p->epoch = f->epoch;
    if (last != 0 && f->stream_number <= last) return false;
    p->last = f->stream_number;
    if (last == 0 || f->stream_number == last + 1) return true;
    c->handled++;
    if (c->cb.on_gap != NULL) c->cb.on_gap(c->cb.arg, f->product, last + 1, f->stream_number);
    return true;
}

static void on_frame(phc_client *c, const Petahour__V1__MarketDataFrame *f)
{
    phc_feed_position *p = position_of(c, f->product);
    if (p == NULL) {
        phc_client_problem(c, PHC_ECORRUPT, "market data of a product that cannot exist");
        return;
    }
    bool news = is_news(c, f, p);
    c->handled++;
    for (size_t i = 0; i < f->n_phases; i++) {
        phc_phase phase = (phc_phase)f->phases[i]->phase;
        if (phc_phase_text(phase) == NULL)
            phc_client_problem(c, PHC_ECORRUPT, "a phase makes no sense");
        else if (c->cb.on_phase != NULL)
            c->cb.on_phase(c->cb.arg, f->product, phase);
    }
    for (size_t i = 0; news && i < f->n_trades; i++) {
        phc_public_trade t;
        if (!phc_decode_public_trade(f->trades[i], f->product, &c->segments, &t))
            phc_client_problem(c, PHC_ECORRUPT, "a public trade makes no sense");
        else if (c->cb.on_trade != NULL)
            c->cb.on_trade(c->cb.arg, &t);
    }
    if (c->cb.on_best_prices == NULL) return;
    for (size_t i = 0; i < f->n_best_prices; i++) {
        phc_best_prices b;
        phc_decode_best_prices(f->best_prices[i], f->product, &b);
        c->cb.on_best_prices(c->cb.arg, &b);
    }
}

/* Topic, header, payload.  False if there is nothing. */
static bool receive_frame(phc_client *c)
{
    zmq_msg_t part[3];
    int cnt = 0;
    bool more = true;
    for (int i = 0; i < 3; i++)
        (void)zmq_msg_init(&part[i]); /* cannot fail */
    while (more) {
        zmq_msg_t *m = &part[cnt < 3 ? cnt : 2];
        if (zmq_msg_recv(m, c->sub, ZMQ_DONTWAIT) < 0) break;
        cnt++;
        more = zmq_msg_more(m) != 0;
    }
    Petahour__V1__MarketDataFrame *f = NULL;
    bool is_frame = cnt == 3 && phc_frame_header_ok(zmq_msg_data(&part[1]), zmq_msg_size(&part[1]),
                                                    PHC_KIND_MARKET_DATA);
    bool is_taken = is_frame && phc_follow_take(c, zmq_msg_data(&part[0]), zmq_msg_size(&part[0]),
                                                zmq_msg_data(&part[2]), zmq_msg_size(&part[2]));
    if (is_frame && !is_taken)
        f = petahour__v1__market_data_frame__unpack(NULL, zmq_msg_size(&part[2]),
                                                    zmq_msg_data(&part[2]));
    if (f != NULL) {
        on_frame(c, f);
        petahour__v1__market_data_frame__free_unpacked(f, NULL);
    } else if (cnt > 0 && !is_taken) {
        phc_client_problem(c, PHC_ECORRUPT, "market data that is no frame");
    }
    for (int i = 0; i < 3; i++)
        (void)zmq_msg_close(&part[i]);
    return cnt > 0;
}

void phc_feed_receive(phc_client *c)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        if (!c->sub_has || c->sub == NULL) return;
        if (!receive_frame(c)) c->sub_has = false;
    }
    c->again = true;
}
