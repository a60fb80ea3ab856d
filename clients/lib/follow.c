/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/follow.h"

#include "clients/lib/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    TOPIC_BYTES = 9,
    ANSWER_MS = 1000,   /* until a request counts as lost */
    QUIET_MS = 1000,    /* without a frame: is there really none? */
    QUIET_STREAMS = 32, /* that are asked so; of more streams each is asked less often */
    LATER_MS = 500,     /* after BUSY */
    PATIENCE = 3,       /* requests without an answer that are worth a word */
    STREAMS_MAX = 4096,
};

const char *phc_loss_text(phc_loss l)
{
    switch (l) {
    case PHC_LOSS_GAP: return "frames are missing";
    case PHC_LOSS_NOT_KEPT: return "frames are missing that are not sent again";
    case PHC_LOSS_CHECKSUM: return "the book does not have the gateway's checksum";
    case PHC_LOSS_EPOCH: return "the gateway was started again, or it is another one";
    case PHC_LOSS_SILENCE: return "the gateway does not answer";
    case PHC_LOSS_BUSY: return "too many requests";
    }
    return NULL;
}

static bool is_stream(phc_stream s)
{
    switch (s) {
    case PHC_STREAM_PRICES:
    case PHC_STREAM_DEPTH:
    case PHC_STREAM_STATISTICS:
    case PHC_STREAM_CANDLES:
    case PHC_STREAM_PERIOD_CANDLES:
    case PHC_STREAM_TYPE:
    case PHC_STREAM_REGION:
    case PHC_STREAM_GRADE: return true;
    case PHC_STREAM_TRADES: break; /* has no book: see follow_trades.c */
    }
    return false;
}

static void topic_of(const phc_follow_stream *f, char to[TOPIC_BYTES + 1])
{
    (void)snprintf(to, TOPIC_BYTES + 1, "%c%08x", (char)f->stream, f->product);
}

static void say(phc_client *c, const phc_follow_stream *f, phc_loss loss, uint64_t first,
                uint64_t last)
{
    c->handled++;
    if (c->cb.on_loss != NULL) c->cb.on_loss(c->cb.arg, f->stream, f->product, loss, first, last);
}

/* ---- Asking --------------------------------------------------------------------------------- */

/* A request is a subscription: the one before ends, so that the same can be asked again. */
static void ask(phc_client *c, phc_follow_stream *f, const char *request)
{
    f->due_ms = phc_now_ms() + ANSWER_MS;
    f->unanswered++;
    if (c->sub == NULL || f->has_ended) return;
    /* Both fail for what is no socket only. */
    if (f->request[0] != '\0')
        (void)zmq_setsockopt(c->sub, ZMQ_UNSUBSCRIBE, f->request, strlen(f->request));
    (void)snprintf(f->request, sizeof f->request, "%s", request);
    (void)zmq_setsockopt(c->sub, ZMQ_SUBSCRIBE, f->request, strlen(f->request));
}

static void ask_snapshot(phc_client *c, phc_follow_stream *f)
{
    char topic[TOPIC_BYTES + 1], request[PHC_REQUEST_BYTES];
    f->is_in_step = false;
    f->wanted = 0;
    phc_market_book_release(&f->building);
    f->building_epoch = f->building_number = 0;
    topic_of(f, topic);
    (void)snprintf(request, sizeof request, "?%s", topic);
    ask(c, f, request);
}

static void ask_range(phc_client *c, phc_follow_stream *f, uint64_t first, uint64_t last)
{
    char topic[TOPIC_BYTES + 1], request[PHC_REQUEST_BYTES];
    topic_of(f, topic);
    (void)snprintf(request, sizeof request, "?%s:%016" PRIx64 "-%016" PRIx64, topic, first, last);
    ask(c, f, request);
}

/* ---- Frames that wait ----------------------------------------------------------------------- */

static void drop_waiting(phc_follow_stream *f, size_t i)
{
    free(f->waiting[i].bytes);
    f->waiting[i] = f->waiting[--f->waiting_cnt];
}

static void drop_all_waiting(phc_follow_stream *f)
{
    while (f->waiting_cnt > 0)
        drop_waiting(f, 0);
}

/* False: no room. */
static bool keep_waiting(phc_follow_stream *f, const Petahour__V1__MarketDataFrame *m,
                         const void *bytes, size_t size)
{
    for (size_t i = 0; i < f->waiting_cnt; i++)
        if (f->waiting[i].number == m->stream_number && f->waiting[i].epoch == m->epoch)
            return true;
    uint8_t *copy = f->waiting_cnt == PHC_FRAMES_WAITING_MAX ? NULL : malloc(size + 1);
    if (copy == NULL) return false;
    memcpy(copy, bytes, size);
    f->waiting[f->waiting_cnt++] = (phc_waiting_frame){m->stream_number, m->epoch, copy, size};
    return true;
}

/* ---- Taking --------------------------------------------------------------------------------- */

static void hand_over(phc_client *c, phc_follow_stream *f)
{
    phc_book b = {.stream = f->stream,
                  .product = f->product,
                  .epoch = f->epoch,
                  .stream_number = f->number,
                  .sequence = f->sequence};
    phc_market_book_view(&f->book, &b);
    c->handled++;
    if (c->cb.on_book != NULL) c->cb.on_book(c->cb.arg, &b);
}

/* Every frame is taken once, and its trades with it.  A gateway that lags behind the one before
   tells some again.  Of a conflated stream only the frames that are asked for would have any. */
static void tell_trades(phc_client *c, phc_follow_stream *f, const Petahour__V1__MarketDataFrame *m)
{
    for (size_t i = 0; i < m->n_trades && !f->is_conflated && !f->has_ended; i++) {
        phc_public_trade t;
        if (!phc_decode_public_trade(m->trades[i], f->product, &c->segments, &t)) {
            phc_client_problem(c, PHC_ECORRUPT, "a public trade makes no sense");
            continue;
        }
        if (t.trade < f->trades_from) continue;
        f->last_trade = t.trade;
        c->handled++;
        if (c->cb.on_trade != NULL) c->cb.on_trade(c->cb.arg, &t);
    }
}

/* The stream is as it should be: when to ask whether it is. */
static void be_quiet(const phc_client *c, phc_follow_stream *f)
{
    uint64_t more = c->follow_cnt > QUIET_STREAMS ? c->follow_cnt : QUIET_STREAMS;
    f->due_ms = phc_now_ms() + QUIET_MS * more / QUIET_STREAMS;
    f->unanswered = 0;
}

static void lose_step(phc_client *c, phc_follow_stream *f, phc_loss loss, uint64_t last)
{
    say(c, f, loss, f->number + 1, last);
    ask_snapshot(c, f);
}

/* The frame with the next number. */
static void take_next(phc_client *c, phc_follow_stream *f, const Petahour__V1__MarketDataFrame *m)
{
    f->number = m->stream_number;
    f->sequence = m->sequence;
    be_quiet(c, f);
    tell_trades(c, f, m);
    if (f->has_ended) return;
    if (phc_market_book_take(&f->book, m) != PHC_OK ||
        (!m->more && f->book.checksum != m->checksum)) {
        lose_step(c, f, PHC_LOSS_CHECKSUM, f->number);
        return;
    }
    if (!m->more) hand_over(c, f);
}

/* The frames after the last one up to `last` are missing. */
static void take_gap(phc_client *c, phc_follow_stream *f, uint64_t last)
{
    if (f->wanted < last) say(c, f, PHC_LOSS_GAP, f->number + 1, last);
    f->wanted = last;
    ask_range(c, f, f->number + 1, last);
}

/* Takes the frames that waited and whose turn it is; forgets those whose turn is over. */
static void take_waiting(phc_client *c, phc_follow_stream *f)
{
    for (size_t i = 0; f->is_in_step && i < f->waiting_cnt;) {
        phc_waiting_frame *w = &f->waiting[i];
        if (w->epoch != f->epoch || w->number <= f->number) {
            drop_waiting(f, i);
            continue;
        }
        if (w->number != f->number + 1) {
            i++;
            continue;
        }
        Petahour__V1__MarketDataFrame *m = phc_unpack_market_data(&c->unpacking, w->bytes, w->size);
        drop_waiting(f, i);
        if (m == NULL) {
            lose_step(c, f, PHC_LOSS_NOT_KEPT, f->number + 1);
            return;
        }
        take_next(c, f, m);
        phc_unpack_end(&c->unpacking, m);
        i = 0;
    }
    if (!f->is_in_step) return;
    if (f->wanted != 0 && f->number >= f->wanted) f->wanted = 0;
    if (f->waiting_cnt == 0 || f->wanted != 0) return;
    /* What waits is behind a gap: the lowest number says how long it is. */
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < f->waiting_cnt; i++)
        if (f->waiting[i].number < lowest) lowest = f->waiting[i].number;
    take_gap(c, f, lowest - 1);
}

static void take_frame(phc_client *c, phc_follow_stream *f, const Petahour__V1__MarketDataFrame *m,
                       const void *bytes, size_t size)
{
    if (f->is_in_step && m->epoch != f->epoch) {
        lose_step(c, f, PHC_LOSS_EPOCH, 0);
    } else if (f->is_in_step && m->stream_number <= f->number) {
        return;
    } else if (f->is_in_step && m->stream_number == f->number + 1) {
        take_next(c, f, m);
        take_waiting(c, f);
        return;
    }
    if (!keep_waiting(f, m, bytes, size)) {
        drop_all_waiting(f);
        if (f->is_in_step) lose_step(c, f, PHC_LOSS_NOT_KEPT, m->stream_number);
        return;
    }
    if (f->is_in_step) take_waiting(c, f);
}

/* Parts may be doubled and in any order: they say what stands, and the checksum says whether they
   are all there. */
static void take_snapshot(phc_client *c, phc_follow_stream *f,
                          const Petahour__V1__MarketDataFrame *m)
{
    bool is_news = m->epoch != f->epoch || m->stream_number > f->number;
    if (f->is_in_step && !(f->is_conflated && is_news)) return;
    if (m->epoch == f->epoch && m->stream_number < f->number) return;
    if (m->epoch != f->building_epoch || m->stream_number != f->building_number) {
        phc_market_book_release(&f->building);
        f->building_epoch = m->epoch;
        f->building_number = m->stream_number;
    }
    if (phc_market_book_take(&f->building, m) != PHC_OK) {
        phc_market_book_release(&f->building);
        return;
    }
    if (m->more) return;
    if (f->building.checksum != m->checksum) {
        lose_step(c, f, PHC_LOSS_CHECKSUM, m->stream_number);
        return;
    }
    phc_market_book_release(&f->book);
    f->book = f->building;
    f->building = (phc_market_book){0};
    f->epoch = m->epoch;
    f->number = m->stream_number;
    f->sequence = m->sequence;
    f->trades_from = f->last_trade + 1;
    f->is_in_step = true;
    be_quiet(c, f);
    hand_over(c, f);
    take_waiting(c, f);
}

/* A range ended, is not kept, or there were too many requests. */
static void take_answer(phc_client *c, phc_follow_stream *f, const Petahour__V1__MarketDataFrame *m)
{
    if (m->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_BUSY) {
        say(c, f, PHC_LOSS_BUSY, 0, 0);
        f->due_ms = phc_now_ms() + LATER_MS;
        return;
    }
    if (!f->is_in_step) {
        f->due_ms = phc_now_ms() + LATER_MS; /* no such product yet */
        return;
    }
    if (m->epoch != f->epoch) {
        lose_step(c, f, PHC_LOSS_EPOCH, 0);
    } else if (m->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_RANGE_END) {
        be_quiet(c, f);
        /* Some were lost again, or more than was known of. */
        if (m->stream_number > f->number) take_gap(c, f, m->stream_number);
    } else if (m->stream_number > f->number) {
        lose_step(c, f, PHC_LOSS_NOT_KEPT, m->stream_number);
    } else {
        be_quiet(c, f);
    }
}

static phc_follow_stream *find(const phc_client *c, phc_stream stream, uint32_t product)
{
    for (uint32_t i = 0; i < c->follow_cnt; i++)
        if (c->follows[i]->stream == stream && c->follows[i]->product == product)
            return c->follows[i];
    return NULL;
}

/* Said under the name of this client. */
static void take_reason(phc_client *c, const Petahour__V1__MarketDataFrame *m)
{
    if (m->answer != PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_DROPPED) return;
    c->handled++;
    if (c->cb.on_dropped != NULL) c->cb.on_dropped(c->cb.arg, m->reason);
}

void phc_follow_limits(phc_client *c, const Petahour__V1__StreamLimits *m)
{
    if (m == NULL || c->cb.on_stream_limits == NULL) return;
    phc_stream_limits l;
    phc_decode_stream_limits(m, &l);
    c->handled++;
    c->cb.on_stream_limits(c->cb.arg, &l);
}

void phc_follow_no_frame(phc_client *c)
{
    phc_client_problem(c, PHC_ECORRUPT,
                       c->unpacking.is_full
                           ? "market data that takes more memory than there is for it"
                           : "market data that is no frame");
}

bool phc_follow_take(phc_client *c, const void *topic, size_t topic_size, const void *bytes,
                     size_t size)
{
    const char *text = topic;
    if (topic_size > 1 && (text[0] == '?' || text[0] == '~')) {
        text++;
        topic_size--;
    }
    bool is_name = topic_size > 1 && text[0] == '!';
    if (topic_size < 1 || !(is_name || is_stream((phc_stream)text[0]))) return false;
    Petahour__V1__MarketDataFrame *m = phc_unpack_market_data(&c->unpacking, bytes, size);
    if (m == NULL) {
        phc_follow_no_frame(c);
        return true;
    }
    if (is_name) take_reason(c, m);
    phc_follow_limits(c, m->limits);
    phc_follow_stream *f = is_name ? NULL : find(c, (phc_stream)text[0], m->product);
    if (f != NULL) {
        if (m->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_UNSPECIFIED)
            take_frame(c, f, m, bytes, size);
        else if (m->answer == PETAHOUR__V1__STREAM_ANSWER__STREAM_ANSWER_SNAPSHOT)
            take_snapshot(c, f, m);
        else
            take_answer(c, f, m);
    }
    phc_unpack_end(&c->unpacking, m);
    return true;
}

/* ---- Time, and beginning and ending --------------------------------------------------------- */

static void ask_again(phc_client *c, phc_follow_stream *f)
{
    if (f->unanswered != 0 && f->unanswered % PATIENCE == 0) {
        say(c, f, PHC_LOSS_SILENCE, 0, 0);
        if (f->is_in_step && f->wanted != 0) {
            lose_step(c, f, PHC_LOSS_NOT_KEPT, f->wanted);
            return;
        }
    }
    if (!f->is_in_step)
        ask_snapshot(c, f);
    else if (f->wanted != 0)
        ask_range(c, f, f->number + 1, f->wanted);
    else
        ask_range(c, f, f->number + 1, f->number + 1);
}

static void release(phc_follow_stream *f)
{
    drop_all_waiting(f);
    phc_market_book_release(&f->book);
    phc_market_book_release(&f->building);
    free(f);
}

static void release_ended(phc_client *c)
{
    while (c->ended != NULL) {
        phc_follow_stream *f = c->ended;
        c->ended = f->next_ended;
        release(f);
    }
}

void phc_follow_time(phc_client *c, uint64_t now_ms)
{
    release_ended(c);
    for (uint32_t i = 0; i < c->follow_cnt; i++)
        if (c->sub != NULL && now_ms >= c->follows[i]->due_ms) ask_again(c, c->follows[i]);
}

uint64_t phc_follow_due_ms(const phc_client *c)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < c->follow_cnt; i++)
        if (c->sub != NULL && c->follows[i]->due_ms < due) due = c->follows[i]->due_ms;
    return due;
}

/* Begins or ends the subscription to what comes by itself. */
static bool subscribe(phc_client *c, const phc_follow_stream *f, int option)
{
    char topic[TOPIC_BYTES + 2] = "~";
    topic_of(f, topic + 1);
    const char *text = f->is_conflated ? topic : topic + 1;
    return zmq_setsockopt(c->sub, option, text, strlen(text)) == 0;
}

static bool begin(phc_client *c, phc_follow_stream *f)
{
    f->request[0] = '\0';
    if (!subscribe(c, f, ZMQ_SUBSCRIBE)) return false;
    if (f->is_in_step)
        ask_range(c, f, f->number + 1, f->number + 1); /* if it is another gateway, that shows */
    else
        ask_snapshot(c, f);
    f->unanswered = 0;
    return true;
}

void phc_follow_renew(phc_client *c)
{
    for (uint32_t i = 0; i < c->follow_cnt; i++)
        if (!begin(c, c->follows[i])) phc_client_problem(c, PHC_EIO, "could not subscribe again");
}

void phc_follow_release(phc_client *c)
{
    for (uint32_t i = 0; i < c->follow_cnt; i++)
        release(c->follows[i]);
    release_ended(c);
    free(c->follows);
}

static phc_status follow(phc_client *c, phc_stream stream, uint32_t product, bool is_conflated)
{
    if (product == 0 || !is_stream(stream)) {
        snprintf(c->error, sizeof c->error,
                 "could not follow: a stream has a kind, and is of one product, type or region");
        return PHC_EINVAL;
    }
    if (c->sub == NULL && c->gateway.market_data[0] == '\0' && c->connect_file == NULL) {
        snprintf(c->error, sizeof c->error, "could not follow: no market data endpoint");
        return PHC_ENOTFOUND;
    }
    if (find(c, stream, product) != NULL) return PHC_OK;
    if (c->follow_cnt == STREAMS_MAX) return PHC_EFULL;
    phc_follow_stream **v = reallocarray(c->follows, c->follow_cnt + 1, sizeof(void *));
    if (v == NULL) return PHC_ENOMEM;
    c->follows = v;
    phc_follow_stream *f = calloc(1, sizeof *f);
    if (f == NULL) return PHC_ENOMEM;
    f->stream = stream;
    f->product = product;
    f->is_conflated = is_conflated;
    if (c->sub != NULL && !begin(c, f)) {
        free(f);
        return PHC_EIO;
    }
    v[c->follow_cnt++] = f;
    return PHC_OK;
}

phc_status phc_follow(phc_client *c, phc_stream stream, uint32_t product)
{
    return follow(c, stream, product, false);
}

phc_status phc_follow_conflated(phc_client *c, phc_stream stream, uint32_t product)
{
    return follow(c, stream, product, true);
}

phc_status phc_unfollow(phc_client *c, phc_stream stream, uint32_t product)
{
    for (uint32_t i = 0; i < c->follow_cnt; i++) {
        phc_follow_stream *f = c->follows[i];
        if (f->stream != stream || f->product != product) continue;
        /* Both fail for what is no socket only. */
        if (c->sub != NULL) (void)subscribe(c, f, ZMQ_UNSUBSCRIBE);
        if (c->sub != NULL && f->request[0] != '\0')
            (void)zmq_setsockopt(c->sub, ZMQ_UNSUBSCRIBE, f->request, strlen(f->request));
        c->follows[i] = c->follows[--c->follow_cnt];
        f->has_ended = true;
        f->is_in_step = false; /* no frame that waits is taken any more */
        f->next_ended = c->ended;
        c->ended = f;
        return PHC_OK;
    }
    return PHC_ENOTFOUND;
}
