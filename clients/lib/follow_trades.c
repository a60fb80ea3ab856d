/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/follow_trades.h"

#include "clients/lib/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    TOPIC_BYTES = 9,
    ANSWER_MS = 1000,   /* until a request counts as lost */
    QUIET_MS = 1000,    /* without a trade: is there really none? */
    QUIET_STREAMS = 32, /* that are asked so; of more each is asked less often */
    LATER_MS = 500,     /* after BUSY, or an answer that brought nothing */
    PATIENCE = 3,       /* requests without an answer that are worth a word */
    PRODUCTS_MAX = 4096,
};

static void topic_of(const phc_tape *t, char to[TOPIC_BYTES + 1])
{
    (void)snprintf(to, TOPIC_BYTES + 1, "%c%08x", (char)PHC_STREAM_TRADES, t->product);
}

static void say(phc_client *c, const phc_tape *t, phc_loss loss, uint64_t first, uint64_t last)
{
    c->handled++;
    if (c->cb.on_loss != NULL)
        c->cb.on_loss(c->cb.arg, PHC_STREAM_TRADES, t->product, loss, first, last);
}

/* ---- Asking --------------------------------------------------------------------------------- */

/* A request is a subscription: the one before ends, so that the same can be asked again. */
static void ask(phc_client *c, phc_tape *t, const char *request)
{
    t->due_ms = phc_now_ms() + ANSWER_MS;
    t->is_later = false;
    t->unanswered++;
    if (c->sub == NULL || t->has_ended) return;
    /* Both fail for what is no socket only. */
    if (t->request[0] != '\0')
        (void)zmq_setsockopt(c->sub, ZMQ_UNSUBSCRIBE, t->request, strlen(t->request));
    (void)snprintf(t->request, sizeof t->request, "%s", request);
    (void)zmq_setsockopt(c->sub, ZMQ_SUBSCRIBE, t->request, strlen(t->request));
}

static void ask_count(phc_client *c, phc_tape *t)
{
    char topic[TOPIC_BYTES + 1], request[PHC_TRADES_REQUEST_BYTES];
    t->is_asking = false;
    topic_of(t, topic);
    (void)snprintf(request, sizeof request, "?%s", topic);
    ask(c, t, request);
}

static void ask_trades(phc_client *c, phc_tape *t)
{
    char topic[TOPIC_BYTES + 1], request[PHC_TRADES_REQUEST_BYTES];
    t->is_asking = true;
    t->asked_at = t->number;
    topic_of(t, topic);
    (void)snprintf(request, sizeof request, "?%s:%016" PRIx64 "-%016" PRIx64, topic, t->number + 1,
                   t->wanted);
    ask(c, t, request);
}

/* An answer came: when to ask again. */
static void be_quiet(const phc_client *c, phc_tape *t)
{
    uint64_t more = c->tape_cnt > QUIET_STREAMS ? c->tape_cnt : QUIET_STREAMS;
    t->due_ms = phc_now_ms() + QUIET_MS * more / QUIET_STREAMS;
    t->unanswered = 0;
}

static void be_later(phc_tape *t)
{
    t->is_asking = false;
    t->is_later = true;
    t->due_ms = phc_now_ms() + LATER_MS;
    t->unanswered = 0;
}

/* ---- Taking --------------------------------------------------------------------------------- */

/* Everything that there is has been told. */
static void hand_over(phc_client *c, phc_tape *t, const Petahour__V1__MarketDataFrame *m)
{
    if (!t->has_news || t->has_ended) return;
    t->has_news = false;
    phc_book b = {.stream = PHC_STREAM_TRADES,
                  .product = t->product,
                  .epoch = m->epoch,
                  .stream_number = t->number,
                  .sequence = m->sequence};
    c->handled++;
    if (c->cb.on_book != NULL) c->cb.on_book(c->cb.arg, &b);
}

static void tell(phc_client *c, phc_tape *t, const Petahour__V1__PublicTrade *m)
{
    phc_public_trade trade;
    if (!phc_decode_public_trade(m, t->product, &c->segments, &trade)) {
        phc_client_problem(c, PHC_ECORRUPT, "a public trade makes no sense");
        return;
    }
    c->handled++;
    if (c->cb.on_every_trade != NULL) c->cb.on_every_trade(c->cb.arg, &trade);
}

/* Trades as they happen, or that were asked for. */
static void take_frame(phc_client *c, phc_tape *t, const Petahour__V1__MarketDataFrame *m)
{
    const uint64_t before = t->number;
    const bool was_in_step = before >= t->wanted;
    if (t->from_now) return; /* where it begins is told by the answer that is under way */
    for (size_t i = 0; i < m->n_trades && !t->has_ended; i++) {
        const Petahour__V1__PublicTrade *trade = m->trades[i];
        if (trade->number != t->number + 1 || trade->segments_before != t->segments) continue;
        const uint64_t end = t->segments + (uint64_t)trade->n_segments;
        const bool is_last = end >= trade->segments_in_all;
        if (is_last) t->number++;
        t->segments = is_last ? 0 : (uint32_t)end;
        t->has_news = true;
        tell(c, t, trade);
    }
    if (t->has_ended || !t->is_known) return;
    if (m->stream_number > t->wanted) t->wanted = m->stream_number;
    if (t->number >= t->wanted) {
        if (!t->is_asking) be_quiet(c, t);
        if (!m->more) hand_over(c, t, m);
    } else if (t->segments != 0 && m->stream_number == t->number + 1) {
        if (!t->is_later) be_quiet(c, t); /* the parts behind this one are on their way */
    } else if (t->is_asking) {
        if (t->number != before) t->due_ms = phc_now_ms() + ANSWER_MS;
    } else {
        if (was_in_step) say(c, t, PHC_LOSS_GAP, t->number + 1, t->wanted);
        if (!t->is_later && !t->has_ended) ask_trades(c, t);
    }
}

/* The gateway says how many trades there are, for the first time or when all that were asked for
   have been sent.  What happened since comes behind it by itself. */
static void take_count(phc_client *c, phc_tape *t, const Petahour__V1__MarketDataFrame *m)
{
    if (t->from_now) t->number = m->stream_number;
    t->from_now = false;
    t->is_known = true;
    t->wanted = m->stream_number;
    const bool is_stuck = t->is_asking && t->number == t->asked_at;
    t->is_asking = false;
    be_quiet(c, t);
    if (t->number >= t->wanted)
        hand_over(c, t, m);
    else if (is_stuck)
        be_later(t); /* what was sent got lost */
    else
        ask_trades(c, t);
}

static void take(phc_client *c, phc_tape *t, const Petahour__V1__MarketDataFrame *m)
{
    switch (m->answer) {
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED: take_frame(c, t, m); return;
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT:
        /* One that is late says less than is known. */
        if (!t->is_asking) take_count(c, t, m);
        return;
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END: take_count(c, t, m); return;
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_BUSY:
        say(c, t, PHC_LOSS_BUSY, 0, 0);
        be_later(t);
        return;
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_NOT_KEPT:
        t->is_known = false; /* no such product yet, or the gateway still reads the log */
        be_later(t);
        return;
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_DROPPED:
    case PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_LIMITS:
    case _PETAHOUR__V1__STREAM_ANSWER_IS_INT_SIZE: return;
    }
}

static phc_tape *find(const phc_client *c, uint32_t product)
{
    for (uint32_t i = 0; i < c->tape_cnt; i++)
        if (c->tapes[i]->product == product) return c->tapes[i];
    return NULL;
}

bool phc_follow_trades_take(phc_client *c, const void *topic, size_t topic_size, const void *bytes,
                            size_t size)
{
    const char *text = topic;
    if (topic_size > 1 && text[0] == '?') text++;
    if (topic_size < 1 || text[0] != (char)PHC_STREAM_TRADES) return false;
    Petahour__V1__MarketDataFrame *m = phc_unpack_market_data(&c->unpacking, bytes, size);
    if (m == NULL) {
        phc_follow_no_frame(c);
        return true;
    }
    phc_follow_limits(c, m->limits);
    phc_tape *t = find(c, m->product);
    if (t != NULL) take(c, t, m);
    phc_unpack_end(&c->unpacking, m);
    return true;
}

/* ---- Time, and beginning and ending --------------------------------------------------------- */

static void ask_again(phc_client *c, phc_tape *t)
{
    if (t->unanswered != 0 && t->unanswered % PATIENCE == 0) say(c, t, PHC_LOSS_SILENCE, 0, 0);
    if (t->is_known && t->number < t->wanted)
        ask_trades(c, t);
    else
        ask_count(c, t);
}

static void release_ended(phc_client *c)
{
    while (c->ended_tapes != NULL) {
        phc_tape *t = c->ended_tapes;
        c->ended_tapes = t->next_ended;
        free(t);
    }
}

void phc_follow_trades_time(phc_client *c, uint64_t now_ms)
{
    release_ended(c);
    for (uint32_t i = 0; i < c->tape_cnt; i++)
        if (c->sub != NULL && now_ms >= c->tapes[i]->due_ms) ask_again(c, c->tapes[i]);
}

uint64_t phc_follow_trades_due_ms(const phc_client *c)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < c->tape_cnt; i++)
        if (c->sub != NULL && c->tapes[i]->due_ms < due) due = c->tapes[i]->due_ms;
    return due;
}

/* Begins or ends the subscription to what comes by itself. */
static bool subscribe(phc_client *c, const phc_tape *t, int option)
{
    char topic[TOPIC_BYTES + 1];
    topic_of(t, topic);
    return zmq_setsockopt(c->sub, option, topic, TOPIC_BYTES) == 0;
}

/* Another gateway may not have read as far: how many there are is not known any more. */
static bool begin(phc_client *c, phc_tape *t)
{
    t->request[0] = '\0';
    t->is_known = false;
    t->has_news = true;
    t->wanted = 0;
    if (!subscribe(c, t, ZMQ_SUBSCRIBE)) return false;
    ask_count(c, t);
    t->unanswered = 0;
    return true;
}

void phc_follow_trades_renew(phc_client *c)
{
    for (uint32_t i = 0; i < c->tape_cnt; i++)
        if (!begin(c, c->tapes[i])) phc_client_problem(c, PHC_EIO, "could not subscribe again");
}

void phc_follow_trades_release(phc_client *c)
{
    for (uint32_t i = 0; i < c->tape_cnt; i++)
        free(c->tapes[i]);
    release_ended(c);
    free(c->tapes);
}

phc_status phc_follow_trades(phc_client *c, uint32_t product, uint64_t from)
{
    if (product == 0) {
        snprintf(c->error, sizeof c->error, "could not follow trades: they are of one product");
        return PHC_EINVAL;
    }
    if (c->sub == NULL && c->gateway.market_data[0] == '\0' && c->connect_file == NULL) {
        snprintf(c->error, sizeof c->error, "could not follow: no market data endpoint");
        return PHC_ENOTFOUND;
    }
    if (find(c, product) != NULL) return PHC_OK;
    if (c->tape_cnt == PRODUCTS_MAX) return PHC_EFULL;
    phc_tape **v = reallocarray(c->tapes, c->tape_cnt + 1, sizeof(void *));
    if (v == NULL) return PHC_ENOMEM;
    c->tapes = v;
    phc_tape *t = calloc(1, sizeof *t);
    if (t == NULL) return PHC_ENOMEM;
    t->product = product;
    t->from_now = from == 0;
    t->number = from == 0 ? 0 : from - 1;
    if (c->sub != NULL && !begin(c, t)) {
        free(t);
        return PHC_EIO;
    }
    v[c->tape_cnt++] = t;
    return PHC_OK;
}

phc_status phc_unfollow_trades(phc_client *c, uint32_t product)
{
    for (uint32_t i = 0; i < c->tape_cnt; i++) {
        phc_tape *t = c->tapes[i];
        if (t->product != product) continue;
        /* Both fail for what is no socket only. */
        if (c->sub != NULL) (void)subscribe(c, t, ZMQ_UNSUBSCRIBE);
        if (c->sub != NULL && t->request[0] != '\0')
            (void)zmq_setsockopt(c->sub, ZMQ_UNSUBSCRIBE, t->request, strlen(t->request));
        c->tapes[i] = c->tapes[--c->tape_cnt];
        t->has_ended = true;
        t->next_ended = c->ended_tapes;
        c->ended_tapes = t;
        return PHC_OK;
    }
    return PHC_ENOTFOUND;
}
