/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data.h"

#include "gateway/bounds.h"
#include "gateway/history.h"
#include "gateway/ratelimit.h"
#include "gateway/zap.h"

#include <errno.h>
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
    CONFLATED_MS = 250,
    ANSWERS_PER_SECOND = 256, /* frames that answer the requests of one key */
    ANSWER_BURST = 2048,
};

/* What was sent last of each stream of a product. */
typedef struct {
    phg_history prices, depth, statistics, candles, grade, region;
} histories;

/* A stream that somebody wants conflated. */
typedef struct {
    phg_topic topic;
    uint64_t told; /* number of its last frame when it was sent last; UINT64_MAX: send it */
} conflated;

struct phg_market_data {
    void *socket;
    char endpoint[128];
    phg_replica *replica;
    phg_feed *feed; /* of the replica */
    phg_translator *translator;
    phg_ratelimit snapshots;
    bool has_started; /* snapshots is set */
    bool *is_wanted;  /* of product n: is_wanted[n - 1] */
    uint32_t wanted_max, wanted_cnt, next;
    bool all_wanted;
    bool has_no_memory; /* a frame could not be written */
    histories *kept;    /* of product, grade or site n: kept[n - 1] */
    uint32_t kept_cnt;
    phg_history types[PH_COMPUTE_EDGE];
    phg_ratelimit *requests; /* of key n: requests[n - 1] */
    uint32_t request_cnt;
    conflated *conflated;
    uint32_t conflated_cnt;
    uint64_t conflated_due_ns;
    const char *answer_topic; /* of the request that is answered */
    size_t answer_topic_size;
    uint32_t answer_frames;
};

void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], phg_stream_kind kind, ph_product_id product)
{
    to[0] = (char)kind;
    for (uint32_t i = PHG_TOPIC_SIZE - 1, v = product.v; i > 0; i--, v >>= 4)
        to[i] = "0123456789abcdef"[v & 15];
    to[PHG_TOPIC_SIZE] = '\0';
}

/* Reads `digits` lower-case hexadecimal digits. */
static bool read_hex(const char *text, size_t digits, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            v = v * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + (uint64_t)(c - 'a') + 10;
        else
            return false;
    }
    *ret = v;
    return true;
}

/* "?", the topic of one stream, and what is wanted of it. */
static ph_status read_request(const char *text, size_t size, phg_topic *ret)
{
    enum { NUMBER = 16, FIRST = PHG_TOPIC_SIZE + 1, LAST = FIRST + NUMBER + 1 };
    phg_topic topic;
    if (size < PHG_TOPIC_SIZE || phg_topic_read(text, PHG_TOPIC_SIZE, &topic) != PH_OK)
        return PH_EINVAL;
    topic.is_request = true;
    if (size == PHG_TOPIC_SIZE && topic.kind != PHG_STREAM_PRICES) {
        *ret = topic;
        return PH_OK;
    }
    if (size != LAST + NUMBER || text[FIRST - 1] != ':' || text[LAST - 1] != '-') return PH_EINVAL;
    if (!read_hex(text + FIRST, NUMBER, &topic.first) ||
        !read_hex(text + LAST, NUMBER, &topic.last) || topic.first == 0 || topic.last < topic.first)
        return PH_EINVAL;
    *ret = topic;
    return PH_OK;
}

/* "~" and the topic of one stream. */
static ph_status read_conflated(const char *text, size_t size, phg_topic *ret)
{
    phg_topic topic;
    if (size != PHG_TOPIC_SIZE || phg_topic_read(text, size, &topic) != PH_OK ||
        topic.kind == PHG_STREAM_PRICES)
        return PH_EINVAL;
    topic.is_conflated = true;
    *ret = topic;
    return PH_OK;
}

ph_status phg_topic_read(const void *bytes, size_t size, phg_topic *ret)
{
    const char *text = bytes;
    uint64_t product = 0;
    if (size > 1 && text[0] == '?') return read_request(text + 1, size - 1, ret);
    if (size > 1 && text[0] == '~') return read_conflated(text + 1, size - 1, ret);
    if (size != 1 && size != PHG_TOPIC_SIZE) return PH_EINVAL;
    static const char kinds[] = {PHG_STREAM_PRICES,  PHG_STREAM_DEPTH, PHG_STREAM_STATISTICS,
                                 PHG_STREAM_CANDLES, PHG_STREAM_TYPE,  PHG_STREAM_REGION,
                                 PHG_STREAM_GRADE};
    if (!memchr(kinds, text[0], sizeof kinds)) return PH_EINVAL;
    if (size != 1 && (!read_hex(text + 1, PHG_TOPIC_SIZE - 1, &product) || product == 0))
        return PH_EINVAL;
    *ret = (phg_topic){.kind = (phg_stream_kind)text[0], .product = {(uint32_t)product}};
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
    md->replica = replica;
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
    for (uint32_t i = 0; i < md->kept_cnt; i++) {
        phg_history_release(&md->kept[i].prices);
        phg_history_release(&md->kept[i].depth);
        phg_history_release(&md->kept[i].statistics);
        phg_history_release(&md->kept[i].candles);
        phg_history_release(&md->kept[i].grade);
        phg_history_release(&md->kept[i].region);
    }
    for (uint32_t i = 0; i < PH_COMPUTE_EDGE; i++)
        phg_history_release(&md->types[i]);
    free(md->kept);
    free(md->requests);
    free(md->conflated);
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

/* XPUB never waits: a subscriber whose queue is full loses the frame. */
static void send_frame(phg_market_data *md, const char *topic, size_t topic_size, phg_bytes frame)
{
    static const uint8_t header[PHG_HEADER_SIZE] = {PHG_PROTOCOL_VERSION, PHG_KIND_MARKET_DATA};
    (void)zmq_send(md->socket, topic, topic_size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(md->socket, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(md->socket, frame.p, frame.size, ZMQ_DONTWAIT);
}

/* NULL: there is no such product, type or site, or no memory. */
static phg_history *history_of(phg_market_data *md, phg_stream_kind kind, ph_product_id product)
{
    uint32_t cnt = kind == PHG_STREAM_REGION  ? md->replica->overview.site_cnt
                   : kind == PHG_STREAM_TYPE  ? PH_COMPUTE_EDGE
                   : kind == PHG_STREAM_GRADE ? md->feed->grade_cnt
                                              : md->feed->product_cnt;
    if (product.v == 0 || product.v > cnt) return NULL;
    if (kind == PHG_STREAM_TYPE) return &md->types[product.v - 1];
    if (product.v > md->kept_cnt) {
        uint32_t more = cnt + 16;
        histories *grown = realloc(md->kept, more * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + md->kept_cnt, 0, (more - md->kept_cnt) * sizeof *grown);
        md->kept = grown;
        md->kept_cnt = more;
    }
    histories *of = &md->kept[product.v - 1];
    switch (kind) {
    case PHG_STREAM_PRICES: return &of->prices;
    case PHG_STREAM_DEPTH: return &of->depth;
    case PHG_STREAM_STATISTICS: return &of->statistics;
    case PHG_STREAM_CANDLES: return &of->candles;
    case PHG_STREAM_GRADE: return &of->grade;
    case PHG_STREAM_REGION: return &of->region;
    case PHG_STREAM_TYPE: break;
    }
    return NULL;
}

static void emit(void *arg, const phg_picture *picture)
{
    phg_market_data *md = arg;
    char topic[PHG_TOPIC_SIZE + 1];
    phg_bytes frame = phg_translate_picture(md->translator, picture);
    phg_history *history = history_of(md, picture->stream, picture->product);
    if (!frame.p || !history || phg_history_keep(history, picture->number, frame) != PH_OK) {
        md->has_no_memory = true;
        return;
    }
    phg_topic_write(topic, picture->stream, picture->product);
    send_frame(md, topic, PHG_TOPIC_SIZE, frame);
}

static bool is_overview(phg_stream_kind kind)
{
    return kind == PHG_STREAM_TYPE || kind == PHG_STREAM_REGION;
}

static uint64_t number_of(phg_market_data *md, phg_stream_kind kind, ph_product_id product)
{
    if (is_overview(kind)) return phg_overview_number(&md->replica->overview, kind, product.v);
    return phg_feed_number(md->feed, kind, product);
}

static phg_overview_telling telling(phg_market_data *md, phg_feed_emit to)
{
    return (phg_overview_telling){&md->replica->overview, &md->replica->catalogue, md->feed, to,
                                  md};
}

/* Everything that is new. */
static ph_status publish(phg_market_data *md)
{
    const phg_overview_telling t = telling(md, emit);
    ph_status s = phg_feed_publish(md->feed, emit, md);
    if (s == PH_OK) phg_overview_publish(&t);
    return s;
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void emit_answer(void *arg, const phg_picture *picture)
{
    phg_market_data *md = arg;
    phg_bytes frame = phg_translate_picture(md->translator, picture);
    md->answer_frames++;
    if (frame.p)
        send_frame(md, md->answer_topic, md->answer_topic_size, frame);
    else
        md->has_no_memory = true;
}

static void refuse(phg_market_data *md, const phg_topic *topic, phg_stream_answer answer,
                   const char *reason)
{
    phg_picture p = {.stream = topic->kind,
                     .product = topic->product,
                     .epoch = md->feed->epoch,
                     .seq = md->feed->seq,
                     .number = number_of(md, topic->kind, topic->product),
                     .answer = answer,
                     .reason = reason};
    emit_answer(md, &p);
}

/* Frames as they were sent, then a word that these were all. */
static void send_range(phg_market_data *md, const phg_topic *topic)
{
    const phg_history *history = history_of(md, topic->kind, topic->product);
    if (!history || !phg_history_has(history, topic->first, topic->last)) {
        refuse(md, topic, PHG_ANSWER_NOT_KEPT,
               "these frames are not kept any more, or were never sent: ask for a snapshot");
        return;
    }
    for (uint64_t n = topic->first; n <= topic->last; n++)
        send_frame(md, md->answer_topic, md->answer_topic_size, phg_history_frame(history, n));
    md->answer_frames += (uint32_t)(topic->last - topic->first) + 1;
    phg_picture end = {.stream = topic->kind,
                       .product = topic->product,
                       .epoch = md->feed->epoch,
                       .seq = md->feed->seq,
                       .number = number_of(md, topic->kind, topic->product),
                       .answer = PHG_ANSWER_RANGE_END};
    emit_answer(md, &end);
}

static bool send_whole(phg_market_data *md, const phg_topic *topic)
{
    const phg_overview_telling t = telling(md, emit_answer);
    if (is_overview(topic->kind)) return phg_overview_whole(&t, topic->kind, topic->product.v);
    return phg_feed_whole(md->feed, topic->kind, topic->product, emit_answer, md);
}

/* What the key may still be answered; NULL: the connection has gone, or no memory. */
static phg_ratelimit *allowance_of(phg_market_data *md, uint32_t key, uint64_t now_ns)
{
    if (key == 0) return NULL;
    if (key > md->request_cnt) {
        uint32_t more = key + 64;
        phg_ratelimit *grown = realloc(md->requests, more * sizeof *grown);
        if (!grown) return NULL;
        for (uint32_t i = md->request_cnt; i < more; i++)
            grown[i] = phg_ratelimit_of(ANSWERS_PER_SECOND, ANSWER_BURST, now_ns);
        md->requests = grown;
        md->request_cnt = more;
    }
    return &md->requests[key - 1];
}

/* How long an answer is shows when it is given: what was too much is paid before the next. */
static void answer(phg_market_data *md, const phg_topic *topic, phg_ratelimit *allowance,
                   uint64_t now_ns)
{
    md->answer_frames = 0;
    if (!allowance || !phg_ratelimit_take(allowance, now_ns, 1))
        refuse(md, topic, PHG_ANSWER_BUSY, "too many requests: ask again later");
    else if (topic->first != 0)
        send_range(md, topic);
    else if (!send_whole(md, topic))
        refuse(md, topic, PHG_ANSWER_NOT_KEPT,
               "there is no such product, grade, type or region yet");
    if (md->answer_frames > 1) phg_ratelimit_charge(allowance, now_ns, md->answer_frames - 1);
}

/* ---- Subscriptions ------------------------------------------------------------------------- */

static ph_status want_prices(phg_market_data *md, ph_product_id product)
{
    if (product.v != 0) return want(md, product.v);
    ph_status s = PH_OK;
    for (uint32_t i = 1; i <= md->feed->product_cnt && s == PH_OK; i++)
        s = want(md, i);
    return s;
}

/* Sends it when it is due, also if it did not change: there is somebody new. */
static ph_status want_conflated(phg_market_data *md, const phg_topic *topic)
{
    for (uint32_t i = 0; i < md->conflated_cnt; i++) {
        conflated *c = &md->conflated[i];
        if (c->topic.kind != topic->kind || c->topic.product.v != topic->product.v) continue;
        c->told = UINT64_MAX;
        return PH_OK;
    }
    if (!history_of(md, topic->kind, topic->product)) return PH_OK; /* there is no such stream */
    conflated *grown = realloc(md->conflated, (md->conflated_cnt + 1) * sizeof *grown);
    if (!grown) return PH_EFULL;
    md->conflated = grown;
    md->conflated[md->conflated_cnt++] = (conflated){*topic, UINT64_MAX};
    return PH_OK;
}

static void give_conflated(phg_market_data *md, uint64_t now_ns)
{
    if (now_ns < md->conflated_due_ns) return;
    md->conflated_due_ns = now_ns + CONFLATED_MS * UINT64_C(1000000);
    for (uint32_t i = 0; i < md->conflated_cnt; i++) {
        conflated *c = &md->conflated[i];
        if (c->told == number_of(md, c->topic.kind, c->topic.product)) continue;
        char topic[PHG_TOPIC_SIZE + 2] = "~";
        phg_topic_write(topic + 1, c->topic.kind, c->topic.product);
        md->answer_topic = topic;
        md->answer_topic_size = PHG_TOPIC_SIZE + 1;
        if (send_whole(md, &c->topic)) c->told = number_of(md, c->topic.kind, c->topic.product);
    }
}

/* A message of a subscriber: 1 (subscribe) or 0 (no more), then the topic. */
static ph_status take_subscription(phg_market_data *md, zmq_msg_t *m, uint64_t now_ns)
{
    phg_topic topic;
    const uint8_t *bytes = zmq_msg_data(m);
    size_t size = zmq_msg_size(m);
    if (size < 2 || size > SUBSCRIPTION_BYTES_MAX || bytes[0] > 1) return PH_OK;
    if (phg_topic_read(bytes + 1, size - 1, &topic) != PH_OK) return PH_OK;
    bool is_new = bytes[0] == 1;
    int option = is_new ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
    /* Fails for a subscriber that has gone meanwhile, who needs nothing any more. */
    if (zmq_setsockopt(md->socket, option, bytes + 1, size - 1) != 0 || !is_new) return PH_OK;
    /* What is new belongs before what this subscriber is told. */
    ph_status s = publish(md);
    if (s != PH_OK) return s;
    if (topic.is_conflated) return want_conflated(md, &topic);
    if (!topic.is_request) {
        if (is_overview(topic.kind))
            phg_overview_follow(&md->replica->overview, topic.kind, topic.product.v);
        else
            s = phg_feed_follow(md->feed, topic.kind, topic.product);
        if (s != PH_OK) return s;
        return topic.kind == PHG_STREAM_PRICES ? want_prices(md, topic.product) : PH_OK;
    }
    md->answer_topic = (const char *)bytes + 1;
    md->answer_topic_size = size - 1;
    uint32_t key = phg_zap_user(zmq_msg_gets(m, "User-Id"));
    /* The subscription stands while the answer is sent, and only that of who asked. */
    answer(md, &topic, allowance_of(md, key, now_ns), now_ns);
    (void)zmq_setsockopt(md->socket, ZMQ_UNSUBSCRIBE, bytes + 1, size - 1);
    return PH_OK;
}

ph_status phg_market_data_take(phg_market_data *md, uint64_t now_ns)
{
    ph_status s = PH_OK;
    for (int i = 0; i < SUBSCRIPTIONS_PER_TURN && s == PH_OK; i++) {
        zmq_msg_t m;
        (void)zmq_msg_init(&m); /* cannot fail */
        bool is_there = zmq_msg_recv(&m, md->socket, ZMQ_DONTWAIT) >= 0;
        if (is_there) s = take_subscription(md, &m, now_ns);
        (void)zmq_msg_close(&m);
        if (!is_there) break;
    }
    return s;
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
    ph_status s = publish(md);
    if (s == PH_OK && md->feed->is_live) give_conflated(md, now_ns);
    if (s == PH_OK && md->feed->is_live) s = give_snapshots(md, now_ns);
    *ret_is_waiting = md->feed->is_live && md->wanted_cnt != 0;
    return md->has_no_memory ? PH_EFULL : s;
}
