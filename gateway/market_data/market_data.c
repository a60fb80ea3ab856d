/* SPDX-License-Identifier: Apache-2.0 */
/* long: one socket, and all that is said on it */
#include "gateway/market_data/market_data.h"

#include "engine/base/panic.h"
#include "gateway/bounds.h"
#include "gateway/doors/ratelimit.h"
#include "gateway/doors/zap.h"
#include "gateway/market_data/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    SUBSCRIPTIONS_PER_TURN = 256,
    SUBSCRIPTION_BYTES_MAX = 64,
    QUEUE_FRAMES = 4096,
    CONFLATED_MS = 250,
    ANSWERS_PER_SECOND = 256, /* frames that answer the requests of one participant */
    ANSWER_BURST = 2048,
};

/* A stream that somebody wants conflated. */
typedef struct {
    phg_topic topic;
    uint64_t told; /* number of its last frame when it was sent last; UINT64_MAX: send it */
    uint32_t followers;
} conflated;

struct phg_market_data {
    void *socket;
    phg_audience *audience;
    phg_inflow *inflow;            /* borrowed; NULL: nobody keeps count */
    uint64_t now_ns;               /* of this turn */
    phg_market_data_totals totals; /* but of the audience */
    char endpoint[128];
    phg_replica *replica;
    phg_feed *feed; /* of the replica */
    phg_translator *translator;
    ph_status failure; /* PH_OK, or why an answer or a frame could not be written */
    phg_histories kept;
    uint64_t served_cnt;     /* products, grades and sites whose streams are served */
    phg_ratelimit *requests; /* of participant n: requests[n - 1] */
    uint32_t request_cnt;
    conflated *conflated;
    uint32_t conflated_cnt;
    uint64_t conflated_due_ns;
    const char *answer_topic; /* of the request that is answered */
    size_t answer_topic_size;
    uint32_t answer_frames;
    phg_ratelimit *answer_allowance; /* that pays for it; NULL: nobody asked */
    uint32_t answer_participant;
};

static conflated *conflated_of(phg_market_data *md, const phg_topic *topic)
{
    for (uint32_t i = 0; i < md->conflated_cnt; i++) {
        conflated *c = &md->conflated[i];
        if (c->topic.kind == topic->kind && c->topic.product.v == topic->product.v) return c;
    }
    return NULL;
}

/* The last one that goes ends a conflated stream. */
static void leave(void *arg, const phg_named *named)
{
    phg_market_data *md = arg;
    phg_topic topic;
    if (!named->is_counted || phg_topic_read(named->bytes, named->size, &topic) != PH_OK) return;
    conflated *c = conflated_of(md, &topic);
    PH_ASSERT(c && c->followers != 0);
    if (--c->followers == 0) *c = md->conflated[--md->conflated_cnt];
}

/* wide: an open names everything that it borrows */
ph_status phg_market_data_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                               phg_replica *replica, phg_market_data **ret, char err[PHG_ERR_SIZE])
{
    const int one = 1, queue = QUEUE_FRAMES, unbounded = 0; /* by ZeroMQ: see inflow.h */
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
        zmq_setsockopt(md->socket, ZMQ_XPUB_NODROP, &one, sizeof one) != 0 ||
        zmq_setsockopt(md->socket, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(md->socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded) != 0 ||
        phg_audience_open(zmq_context, md->socket, leave, md, &md->audience) != PH_OK)
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
    phg_audience_close(md->audience);
    phg_histories_release(&md->kept);
    free(md->requests);
    free(md->conflated);
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

phg_market_data_counts phg_market_data_counted(const phg_market_data *md)
{
    phg_market_data_counts c = {.conflated = md->conflated_cnt};
    const phg_subscribers *s = phg_audience_subscribers(md->audience);
    for (uint32_t i = 0; i < s->file_max; i++) {
        if (!s->of_file[i] || s->of_file[i]->is_cut) continue;
        c.connections++;
        c.topics += s->of_file[i]->topic_cnt;
    }
    return c;
}

phg_market_data_totals phg_market_data_summed(const phg_market_data *md)
{
    phg_market_data_totals all = md->totals;
    all.slow = phg_audience_slow(md->audience);
    for (int i = 0; i < PHG_DROP_REASONS; i++)
        all.dropped[i] = phg_audience_dropped(md->audience, (phg_drop_reason)i);
    return all;
}

static void allow_loss(phg_market_data *md, int is_allowed)
{
    const int is_refused = !is_allowed;
    (void)zmq_setsockopt(md->socket, ZMQ_XPUB_NODROP, &is_refused, sizeof is_refused);
}

/* Nobody is waited for: a subscriber whose queue is full loses the frame.  That it is full is told
   once, until it has read half of it. */
static void send_frame(phg_market_data *md, const char *topic, size_t topic_size, phg_bytes frame)
{
    static const uint8_t header[PHG_HEADER_SIZE] = {PHG_PROTOCOL_VERSION, PHG_KIND_MARKET_DATA};
    bool is_lost = zmq_send(md->socket, topic, topic_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0;
    if (is_lost) {
        allow_loss(md, true);
        (void)zmq_send(md->socket, topic, topic_size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    }
    (void)zmq_send(md->socket, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    (void)zmq_send(md->socket, frame.p, frame.size, ZMQ_DONTWAIT);
    if (!is_lost) return;
    md->totals.lost++;
    allow_loss(md, false);
    phg_audience_lost(md->audience, topic, topic_size, md->now_ns);
}

/* Streams of a kind that exist. */
static uint32_t stream_cnt(const phg_market_data *md, phg_stream_kind kind)
{
    return kind == PHG_STREAM_REGION  ? md->replica->overview.site_cnt
           : kind == PHG_STREAM_TYPE  ? PH_COMPUTE_EDGE
           : kind == PHG_STREAM_GRADE ? md->feed->grade_cnt
                                      : md->feed->product_cnt;
}

/* NULL: there is no such product, type or site, frames of it are not kept, or no memory. */
static phg_history *history_of(phg_market_data *md, phg_stream_kind kind, ph_product_id product)
{
    return phg_histories_of(&md->kept, kind, product.v, stream_cnt(md, kind));
}

static void emit(void *arg, const phg_picture *picture)
{
    phg_market_data *md = arg;
    char topic[PHG_TOPIC_SIZE + 1];
    phg_bytes frame = phg_translate_picture(md->translator, picture);
    if (frame.p && picture->stream != PHG_STREAM_TRADES) { /* those are kept for ever */
        phg_history *history = history_of(md, picture->stream, picture->product);
        if (!history || phg_history_keep(history, picture->number, frame) != PH_OK) frame.p = NULL;
    }
    if (!frame.p) {
        md->failure = PH_EFULL;
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
    if (kind == PHG_STREAM_TRADES) return phg_tape_number(&md->replica->tape, product);
    return phg_feed_number(md->feed, kind, product);
}

static phg_overview_telling telling(phg_market_data *md, phg_feed_emit to)
{
    return (phg_overview_telling){&md->replica->overview, &md->replica->catalogue, md->feed, to,
                                  md};
}

static phg_tape_telling telling_trades(phg_market_data *md, phg_feed_emit to)
{
    return (phg_tape_telling){&md->replica->tape, &md->replica->streams.store, md->feed, to, md};
}

/* Everything that is new. */
static ph_status publish(phg_market_data *md)
{
    const phg_overview_telling t = telling(md, emit);
    const phg_tape_telling trades = telling_trades(md, emit);
    ph_status s = phg_tape_publish(&trades);
    if (s == PH_OK) s = phg_feed_publish(md->feed, emit, md);
    if (s == PH_OK) phg_overview_publish(&t);
    return s;
}

/* ---- Requests ------------------------------------------------------------------------------ */

/* What who asked has left when this answer, whose frames after the first are paid for later, ends
   here. */
static phg_stream_limits limits_after(const phg_market_data *md)
{
    phg_ratelimit *r = md->answer_allowance;
    uint32_t left = phg_ratelimit_left(r, md->now_ns);
    uint32_t owed = md->answer_frames > 1 ? md->answer_frames - 1 : 0;
    return (phg_stream_limits){.answers = {r->per_second, r->burst, left > owed ? left - owed : 0},
                               .named_bytes = phg_subscribers_named(
                                   phg_audience_subscribers(md->audience), md->answer_participant),
                               .named_bytes_max = PHG_NAMED_BYTES_MAX};
}

static void emit_answer(void *arg, const phg_picture *picture)
{
    phg_market_data *md = arg;
    md->answer_frames++;
    phg_stream_limits limits;
    phg_picture p = *picture;
    if (md->answer_allowance) {
        limits = limits_after(md);
        p.limits = &limits;
    }
    phg_bytes frame = phg_translate_picture(md->translator, &p);
    if (frame.p)
        send_frame(md, md->answer_topic, md->answer_topic_size, frame);
    else
        md->failure = PH_EFULL;
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

/* A frame that is sent again. */
static void emit_again(void *arg, const phg_picture *picture)
{
    phg_market_data *md = arg;
    phg_bytes frame = phg_translate_picture(md->translator, picture);
    if (frame.p)
        send_frame(md, md->answer_topic, md->answer_topic_size, frame);
    else
        md->failure = PH_EFULL;
}

/* Sends frames of the range as they were sent, all of them or none; how many. */
static uint32_t send_kept(phg_market_data *md, const phg_topic *topic)
{
    const phg_history *history = history_of(md, topic->kind, topic->product);
    if (!history || !phg_history_has(history, topic->first, topic->last)) return 0;
    for (uint64_t n = topic->first; n <= topic->last; n++)
        send_frame(md, md->answer_topic, md->answer_topic_size, phg_history_frame(history, n));
    return (uint32_t)(topic->last - topic->first + 1);
}

/* Sends the trades of the range that there are, or the first of them; in how many frames. */
static uint32_t send_trades(phg_market_data *md, const phg_topic *topic)
{
    const phg_tape_telling t = telling_trades(md, emit_again);
    uint32_t frames = 0;
    ph_status s = phg_tape_range(&t, topic->product, topic->first, topic->last, &frames);
    if (s != PH_OK) md->failure = s;
    return frames;
}

/* Frames, then a word that these were all. */
static phg_request_answer send_range(phg_market_data *md, const phg_topic *topic)
{
    const bool is_tape = topic->kind == PHG_STREAM_TRADES;
    const uint32_t cnt = is_tape ? send_trades(md, topic) : send_kept(md, topic);
    if (cnt == 0) {
        refuse(md, topic, PHG_ANSWER_NOT_KEPT,
               is_tape ? "these trades have not been made, or the gateway still reads the log"
                       : "these frames are not kept any more, or were never sent: ask for a "
                         "snapshot");
        return PHG_REQUEST_NOT_KEPT;
    }
    md->answer_frames += cnt;
    md->totals.sent_again += cnt;
    phg_picture end = {.stream = topic->kind,
                       .product = topic->product,
                       .epoch = md->feed->epoch,
                       .seq = md->feed->seq,
                       .number = number_of(md, topic->kind, topic->product),
                       .answer = PHG_ANSWER_RANGE_END};
    emit_answer(md, &end);
    return PHG_REQUEST_RANGE;
}

static bool send_whole(phg_market_data *md, const phg_topic *topic)
{
    const phg_overview_telling t = telling(md, emit_answer);
    const phg_tape_telling trades = telling_trades(md, emit_answer);
    if (topic->kind == PHG_STREAM_TRADES) return phg_tape_whole(&trades, topic->product);
    if (is_overview(topic->kind)) return phg_overview_whole(&t, topic->kind, topic->product.v);
    return phg_feed_whole(md->feed, topic->kind, topic->product, emit_answer, md);
}

/* What the participant may still be answered; NULL: the connection has gone, or no memory. */
static phg_ratelimit *allowance_of(phg_market_data *md, uint32_t participant, uint64_t now_ns)
{
    if (participant == 0) return NULL;
    if (participant > md->request_cnt) {
        uint32_t more = participant + 64;
        phg_ratelimit *grown = realloc(md->requests, more * sizeof *grown);
        if (!grown) return NULL;
        for (uint32_t i = md->request_cnt; i < more; i++)
            grown[i] = phg_ratelimit_of(ANSWERS_PER_SECOND, ANSWER_BURST, now_ns);
        md->requests = grown;
        md->request_cnt = more;
    }
    return &md->requests[participant - 1];
}

static phg_request_answer answer_one(phg_market_data *md, const phg_topic *topic, bool is_allowed)
{
    if (!is_allowed) {
        refuse(md, topic, PHG_ANSWER_BUSY, "too many requests: ask again later");
        return PHG_REQUEST_BUSY;
    }
    if (topic->first != 0) return send_range(md, topic);
    if (send_whole(md, topic)) return PHG_REQUEST_SNAPSHOT;
    refuse(md, topic, PHG_ANSWER_NOT_KEPT, "there is no such product, grade, type or region yet");
    return PHG_REQUEST_UNKNOWN;
}

/* What pays for an answer, which tells what is left of it. */
static phg_ratelimit *begin_answer(phg_market_data *md, uint32_t participant)
{
    md->answer_frames = 0;
    md->answer_participant = participant;
    md->answer_allowance = allowance_of(md, participant, md->now_ns);
    return md->answer_allowance;
}

/* How long an answer is shows when it is given: what was too much is paid before the next. */
static void answer(phg_market_data *md, const phg_topic *topic, uint32_t participant)
{
    phg_ratelimit *allowance = begin_answer(md, participant);
    const bool is_allowed = allowance && phg_ratelimit_take(allowance, md->now_ns, 1);
    md->totals.asked[answer_one(md, topic, is_allowed)]++;
    if (md->answer_frames > 1) phg_ratelimit_charge(allowance, md->now_ns, md->answer_frames - 1);
    md->answer_allowance = NULL;
}

/* ---- Subscriptions ------------------------------------------------------------------------- */

/* Sends it when it is due, also if it did not change: there is somebody new. */
static ph_status want_conflated(phg_market_data *md, const phg_topic *topic, phg_named *named)
{
    conflated *c = conflated_of(md, topic);
    if (!history_of(md, topic->kind, topic->product)) return PH_OK; /* not yet: see serve_new */
    if (!c) {
        conflated *grown = realloc(md->conflated, (md->conflated_cnt + 1) * sizeof *grown);
        if (!grown) return PH_EFULL;
        md->conflated = grown;
        c = &md->conflated[md->conflated_cnt++];
        *c = (conflated){.topic = *topic};
    }
    c->told = UINT64_MAX;
    if (!named->is_counted) c->followers++;
    named->is_counted = true;
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

/* A stream that somebody has named; what is not there is not served. */
static ph_status serve(phg_market_data *md, const phg_topic *topic, phg_named *named)
{
    if (topic->is_conflated) return named->is_counted ? PH_OK : want_conflated(md, topic, named);
    if (topic->kind == PHG_STREAM_TRADES)
        phg_tape_follow(&md->replica->tape, topic->product);
    else if (is_overview(topic->kind))
        phg_overview_follow(&md->replica->overview, topic->kind, topic->product.v);
    else
        return phg_feed_follow(md->feed, topic->kind, topic->product);
    return PH_OK;
}

/* Serves what was named before it was there. */
static ph_status serve_new(phg_market_data *md)
{
    const uint64_t cnt =
        UINT64_C(0) + md->feed->product_cnt + md->feed->grade_cnt + md->replica->overview.site_cnt;
    const phg_subscribers *all = phg_audience_subscribers(md->audience);
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < all->file_max && cnt != md->served_cnt && s == PH_OK; i++) {
        phg_subscriber *who = all->of_file[i];
        for (uint32_t k = 0; who && !who->is_cut && k < who->topic_cnt && s == PH_OK; k++) {
            phg_topic topic;
            phg_named *named = &who->topics[k];
            if (phg_topic_read(named->bytes, named->size, &topic) == PH_OK && !topic.is_request &&
                topic.name == 0)
                s = serve(md, &topic, named);
        }
    }
    md->served_cnt = cnt;
    return s;
}

/* ---- Messages of subscribers --------------------------------------------------------------- */

/* Says something under the name of a subscriber, to which it has subscribed for the moment. */
static void say(phg_market_data *md, phg_stream_answer what, const char *reason)
{
    phg_picture p = {
        .epoch = md->feed->epoch, .seq = md->feed->seq, .answer = what, .reason = reason};
    emit_answer(md, &p);
}

/* Tells who names that not much more may be. */
static void warn(phg_market_data *md, phg_subscriber *who)
{
    char topic[32];
    if (!phg_subscriber_is_near(phg_audience_subscribers(md->audience), who)) return;
    md->answer_topic_size = (size_t)snprintf(topic, sizeof topic, "!%016" PRIx64, who->name);
    md->answer_topic = topic;
    (void)begin_answer(md, who->participant);
    if (zmq_setsockopt(md->socket, ZMQ_SUBSCRIBE, topic, md->answer_topic_size) == 0) {
        say(md, PHG_ANSWER_LIMITS,
            "you have named most of what you may: unsubscribe from what you do not need");
        (void)zmq_setsockopt(md->socket, ZMQ_UNSUBSCRIBE, topic, md->answer_topic_size);
    }
    md->answer_allowance = NULL;
}

/* A topic that is asked about alone: the subscription stands while it is answered, and only that
   of who asked. */
static void answer_topic(phg_market_data *md, phg_subscriber *who, const phg_named *named,
                         const phg_topic *topic)
{
    md->answer_topic = (const char *)named->bytes;
    md->answer_topic_size = named->size;
    if (topic->name != 0) {
        who->name = topic->name;
        const char *why = phg_audience_why(md->audience, who);
        if (why) say(md, PHG_ANSWER_DROPPED, why);
    } else {
        answer(md, topic, who->participant);
    }
    (void)zmq_setsockopt(md->socket, ZMQ_UNSUBSCRIBE, named->bytes, named->size);
}

static ph_status subscribe(phg_market_data *md, phg_subscriber *who, phg_named *named,
                           const phg_topic *topic)
{
    /* Fails for a subscriber that has gone meanwhile, who needs nothing any more. */
    if (zmq_setsockopt(md->socket, ZMQ_SUBSCRIBE, named->bytes, named->size) != 0) return PH_OK;
    /* What is new belongs before what this subscriber is told. */
    ph_status s = publish(md);
    if (s != PH_OK) return s;
    /* Somebody new is told what stands. */
    if (topic->is_conflated) return want_conflated(md, topic, named);
    if (!topic->is_request && topic->name == 0) return serve(md, topic, named);
    answer_topic(md, who, named, topic);
    return PH_OK;
}

static void unsubscribe(phg_market_data *md, phg_subscriber *who, const void *topic, size_t size)
{
    phg_subscribers *subscribers = phg_audience_subscribers(md->audience);
    const phg_named *named = phg_subscriber_topic(who, topic, size);
    if (!named) return;
    leave(md, named);
    (void)phg_subscriber_forget(subscribers, who, topic, size);
    (void)zmq_setsockopt(md->socket, ZMQ_UNSUBSCRIBE, topic, size); /* if it was entered */
}

/* A message of a subscriber: 1 (subscribe) or 0 (no more), then the topic. */
static ph_status take_subscription(phg_market_data *md, zmq_msg_t *m)
{
    phg_topic topic;
    uint8_t *bytes = zmq_msg_data(m);
    const size_t size = zmq_msg_size(m);
    phg_subscriber *who = NULL;
    phg_subscribers *subscribers = phg_audience_subscribers(md->audience);
    if (size < 2 || bytes[0] > 1) return PH_OK;
    ph_status s = phg_audience_sender(md->audience, &md->replica->catalogue, m, &who);
    if (s != PH_OK || !who) return s;
    bytes++;
    if (bytes[-1] == 0) {
        unsubscribe(md, who, bytes, size - 1);
        return PH_OK;
    }
    switch (phg_subscriber_name(subscribers, who, bytes, size - 1)) {
    case PHG_NAMED_NO_MEMORY: return PH_EFULL;
    case PHG_NAMED_TOO_MUCH:
        phg_audience_drop(md->audience, who, md->endpoint, PHG_DROP_TOPICS);
        return PH_OK;
    case PHG_NAMED_AGAIN:
    case PHG_NAMED_NEW: break;
    }
    if (phg_topic_read(bytes, size - 1, &topic) != PH_OK)
        md->totals.no_topics++;
    else
        s = subscribe(md, who, phg_subscriber_topic(who, bytes, size - 1), &topic);
    if (s == PH_OK) warn(md, who);
    return s;
}

void phg_market_data_count(phg_market_data *md, phg_inflow *inflow)
{
    md->inflow = inflow;
    phg_audience_inflow(md->audience, inflow);
}

void phg_market_data_connect(phg_market_data *md, phg_connections *connections)
{
    phg_audience_count(md->audience, connections);
}

ph_status phg_market_data_connections(phg_market_data *md)
{
    return phg_audience_take(md->audience);
}

ph_status phg_market_data_take(phg_market_data *md, uint64_t now_ns)
{
    md->now_ns = now_ns;
    ph_status s = phg_audience_take(md->audience);
    for (int i = 0; i < SUBSCRIPTIONS_PER_TURN && s == PH_OK; i++) {
        zmq_msg_t m;
        (void)zmq_msg_init(&m); /* cannot fail */
        bool is_there = zmq_msg_recv(&m, md->socket, ZMQ_DONTWAIT) >= 0;
        if (is_there) {
            phg_inflow_taken(md->inflow, zmq_msg_get(&m, ZMQ_SRCFD),
                             phg_inflow_wire(zmq_msg_size(&m)));
            s = take_subscription(md, &m);
        } else {
            phg_inflow_emptied(md->inflow, PHG_INFLOW_MARKET_DATA);
        }
        (void)zmq_msg_close(&m);
        if (!is_there) break;
    }
    return s;
}

ph_status phg_market_data_give(phg_market_data *md, uint64_t now_ns)
{
    md->now_ns = now_ns;
    ph_status s = phg_audience_look(md->audience, md->endpoint, now_ns);
    if (s == PH_OK) s = publish(md);
    if (s == PH_OK) s = serve_new(md);
    if (s == PH_OK && md->feed->is_live) give_conflated(md, now_ns);
    return s == PH_OK ? md->failure : s;
}
