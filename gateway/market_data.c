/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data.h"

#include "gateway/bounds.h"
#include "gateway/ratelimit.h"
#include "gateway/zap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    SUBSCRIPTIONS_PER_TURN = 256,
    SUBSCRIPTION_BYTES_MAX = 64,
    SNAPSHOTS_PER_SECOND = 2000,
    SNAPSHOTS_PER_TURN = 64,
    QUEUE_FRAMES = 4096,
};

struct phg_market_data {
    void *socket;
    char endpoint[128];
    phg_feed *feed;
    phg_translator *translator;
    phg_ratelimit snapshots;
    bool has_started; /* snapshots is set */
    bool *is_wanted;  /* of product n: is_wanted[n - 1] */
    uint32_t wanted_max, wanted_cnt, next;
    bool all_wanted;
    bool has_no_memory; /* a frame could not be written */
};

void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], ph_product_id product)
{
    (void)snprintf(to, PHG_TOPIC_SIZE + 1, "P%08" PRIx32, product.v);
}

ph_status phg_topic_read(const void *bytes, size_t size, ph_product_id *ret)
{
    const char *text = bytes;
    if ((size != 1 && size != PHG_TOPIC_SIZE) || text[0] != 'P') return PH_EINVAL;
    uint32_t v = 0;
    for (size_t i = 1; i < size; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            v = v * 16 + (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + (uint32_t)(c - 'a') + 10;
        else
            return PH_EINVAL;
    }
    if (size != 1 && v == 0) return PH_EINVAL;
    ret->v = v;
    return PH_OK;
}

/* wide: an open names everything that it borrows */
ph_status phg_market_data_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                               phg_replica *replica, phg_market_data **ret, char err[PHG_ERR_SIZE])
{
    const int one = 1, queue = QUEUE_FRAMES;
    phg_market_data *md = calloc(1, sizeof *md);
    if (!md) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make the market data socket: no memory");
        return PH_EFULL;
    }
    md->feed = &replica->feed;
    md->translator = replica->translator;
    md->socket = zmq_socket(zmq_context, ZMQ_XPUB);
    ph_status s = PH_EIO;
    if (!md->socket || phg_zap_guard(md->socket, keys, SUBSCRIPTION_BYTES_MAX) != PH_OK ||
        zmq_setsockopt(md->socket, ZMQ_XPUB_MANUAL, &one, sizeof one) != 0 ||
        zmq_setsockopt(md->socket, ZMQ_SNDHWM, &queue, sizeof queue) != 0)
        (void)snprintf(err, PHG_ERR_SIZE, "could not make the market data socket: %s",
                       zmq_strerror(errno));
    else
        s = phg_zap_bind(md->socket, endpoint, md->endpoint, err);
    if (s != PH_OK) {
        phg_market_data_close(md);
        return s;
    }
    *ret = md;
    return PH_OK;
}

void phg_market_data_close(phg_market_data *md)
{
    if (!md) return;
    if (md->socket) (void)zmq_close(md->socket);
    free(md->is_wanted);
    free(md);
}

void *phg_market_data_socket(phg_market_data *md)
{
    return md->socket;
}

const char *phg_market_data_endpoint(const phg_market_data *md)
{
    return md->endpoint;
}

/* Marks a product; one that is not listed yet has no picture to be sent. */
static ph_status want(phg_market_data *md, uint32_t product)
{
    if (product > md->feed->product_cnt) return PH_OK;
    if (md->feed->product_cnt > md->wanted_max) {
        uint32_t more = md->feed->product_cnt + 64;
        bool *grown = realloc(md->is_wanted, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        for (uint32_t i = md->wanted_max; i < more; i++)
            grown[i] = false;
        md->is_wanted = grown;
        md->wanted_max = more;
    }
    if (!md->is_wanted[product - 1]) md->wanted_cnt++;
    md->is_wanted[product - 1] = true;
    return PH_OK;
}

/* A message of a subscriber: 1 (subscribe) or 0 (no more), then the topic. */
static ph_status take_subscription(phg_market_data *md, const uint8_t *bytes, size_t size)
{
    ph_product_id product;
    if (size < 1 || bytes[0] > 1) return PH_OK;
    if (phg_topic_read(bytes + 1, size - 1, &product) != PH_OK) return PH_OK;
    int option = bytes[0] == 1 ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
    /* Fails for a subscriber that has gone meanwhile, who needs nothing any more. */
    if (zmq_setsockopt(md->socket, option, bytes + 1, size - 1) != 0) return PH_OK;
    if (bytes[0] != 1) return PH_OK;
    if (product.v != 0) return want(md, product.v);
    ph_status s = PH_OK;
    for (uint32_t i = 1; i <= md->feed->product_cnt && s == PH_OK; i++)
        s = want(md, i);
    return s;
}

ph_status phg_market_data_take(phg_market_data *md)
{
    ph_status s = PH_OK;
    for (int i = 0; i < SUBSCRIPTIONS_PER_TURN && s == PH_OK; i++) {
        uint8_t bytes[SUBSCRIPTION_BYTES_MAX];
        int size = zmq_recv(md->socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
        if (size < 0) break;
        if ((size_t)size <= sizeof bytes) s = take_subscription(md, bytes, (size_t)size);
    }
    return s;
}

/* XPUB never waits: a subscriber whose queue is full loses the frame. */
static void emit(void *arg, const phg_picture *picture)
{
    static const uint8_t header[PHG_HEADER_SIZE] = {PHG_PROTOCOL_VERSION, PHG_KIND_MARKET_DATA};
    phg_market_data *md = arg;
    char topic[PHG_TOPIC_SIZE + 1];
    phg_bytes frame = phg_translate_picture(md->translator, picture);
    if (!frame.p) {
        md->has_no_memory = true;
        return;
    }
    phg_topic_write(topic, picture->product);
    (void)zmq_send(md->socket, topic, PHG_TOPIC_SIZE, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(md->socket, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(md->socket, frame.p, frame.size, ZMQ_DONTWAIT);
}

static ph_status give_snapshots(phg_market_data *md, uint64_t now_ns)
{
    ph_status s = PH_OK;
    int sent = 0;
    for (uint32_t i = 0; i < md->wanted_max && md->wanted_cnt != 0 && s == PH_OK; i++) {
        uint32_t at = md->next < md->wanted_max ? md->next : 0;
        md->next = at + 1;
        if (!md->is_wanted[at]) continue;
        if (sent == SNAPSHOTS_PER_TURN || !phg_ratelimit_take(&md->snapshots, now_ns, 1)) {
            md->next = at;
            break;
        }
        md->is_wanted[at] = false;
        md->wanted_cnt--;
        sent++;
        s = phg_feed_snapshot(md->feed, (ph_product_id){at + 1}, emit, md);
    }
    return s;
}

ph_status phg_market_data_give(phg_market_data *md, uint64_t now_ns, bool *ret_is_waiting)
{
    if (!md->has_started) {
        md->snapshots = phg_ratelimit_of(SNAPSHOTS_PER_SECOND, SNAPSHOTS_PER_SECOND / 4, now_ns);
        md->has_started = true;
    }
    ph_status s = phg_feed_publish(md->feed, emit, md);
    if (s == PH_OK && md->feed->is_live) s = give_snapshots(md, now_ns);
    *ret_is_waiting = md->feed->is_live && md->wanted_cnt != 0;
    return md->has_no_memory ? PH_EFULL : s;
}
