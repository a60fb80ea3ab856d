/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    LOGOUT_LINGER_MS = 200,
    DESCRIPTORS = 6, /* timer, nudge, and four sockets */
};

uint64_t phc_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void phc_client_problem(phc_client *c, phc_status s, const char *text)
{
    if (text != c->error) snprintf(c->error, sizeof c->error, "%s", text);
    c->handled++;
    if (c->cb.on_problem != NULL) c->cb.on_problem(c->cb.arg, s, c->error);
}

void phc_client_stop(phc_client *c, const char *why)
{
    snprintf(c->error, sizeof c->error, "%s", why);
    c->state = PHC_STOPPED;
    phc_connection_close(c);
}

static bool send_header(phc_client *c)
{
    static const uint8_t header[PHC_FRAME_HEADER_BYTES] = {PHC_PROTOCOL_VERSION, PHC_KIND_CLIENT};
    return zmq_send(c->dealer, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
}

/* zmq_send looks at what its connections tell it (one is there, one has room again) only about
   every millisecond; asking for the socket's events always does. */
bool phc_client_send_begin(phc_client *c)
{
    int events = 0;
    size_t size = sizeof events;
    c->dealer_has = true;
    if (send_header(c)) return true;
    if (zmq_getsockopt(c->dealer, ZMQ_EVENTS, &events, &size) != 0) return false;
    if ((events & ZMQ_POLLIN) != 0) c->again = true; /* its sign may just have been swallowed */
    return (events & ZMQ_POLLOUT) != 0 && send_header(c);
}

bool phc_client_send_end(phc_client *c)
{
    /* Later parts follow the first without waiting. */
    return zmq_send(c->dealer, c->frame.payload, c->frame.size, ZMQ_DONTWAIT) >= 0;
}

bool phc_client_send(phc_client *c)
{
    return phc_client_send_begin(c) && phc_client_send_end(c);
}

/* ---- Opening and closing ------------------------------------------------------------------- */

static const char *config_wrong(const phc_config *f)
{
    uint8_t key[32];
    if (f->key == NULL) return "no key";
    if (f->unanswered_max > PHC_UNANSWERED_MAX) return "unanswered_max is too large";
    if ((f->notary_sign_keys != NULL) != (f->notary_sign_key_cnt != 0) ||
        f->notary_sign_key_cnt > PHC_TRUSTED_KEYS_MAX)
        return "notary_sign_keys are none, or too many";
    if (f->connect_file != NULL) return NULL;
    if (f->order_entry == NULL || f->order_entry[0] == '\0') return "no order entry endpoint";
    if (f->server_key == NULL || phc_z85_parse(f->server_key, key) != PHC_OK)
        return "the gateway's public key is not Z85 of 40 characters";
    if (strlen(f->order_entry) >= sizeof((phc_gateway *)0)->order_entry)
        return "the order entry endpoint is too long";
    if (f->market_data != NULL && strlen(f->market_data) >= sizeof((phc_gateway *)0)->market_data)
        return "the market data endpoint is too long";
    return NULL;
}

static bool copy_config(phc_client *c, const phc_config *f)
{
    c->cb = f->callbacks;
    c->key = *f->key;
    c->next_report = f->next_report;
    c->next_contract = f->next_contract;
    c->next_countersignature = f->next_countersignature;
    if (c->next_countersignature == 0 && c->next_contract == 1) c->next_countersignature = 1;
    if (f->notary_sign_keys != NULL) {
        c->trusted_cnt = f->notary_sign_key_cnt;
        memcpy(c->trusted, f->notary_sign_keys, 32 * f->notary_sign_key_cnt);
    }
    c->cancel_on_disconnect = f->cancel_on_disconnect;
    c->take_over = f->take_over;
    c->copy_of = f->copy_of;
    c->countersigns =
        !f->no_countersigning && f->copy_of == 0 && !sodium_is_zero(c->key.sign_seed, 32);
    if (f->connect_file != NULL) {
        c->connect_file = strdup(f->connect_file);
        return c->connect_file != NULL;
    }
    /* config_wrong saw that all three fit. */
    phc_gateway *g = &c->gateway;
    snprintf(g->order_entry, sizeof g->order_entry, "%s", f->order_entry);
    snprintf(g->market_data, sizeof g->market_data, "%s", f->market_data ? f->market_data : "");
    snprintf(g->server_key, sizeof g->server_key, "%s", f->server_key);
    return true;
}

static bool open_waiting(phc_client *c)
{
    c->zmq = zmq_ctx_new();
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    c->nudge = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->timer_ms = UINT64_MAX;
    if (c->zmq == NULL || c->epoll < 0 || c->timer < 0 || c->nudge < 0) return false;
    struct epoll_event timer = {.events = EPOLLIN, .data.fd = c->timer};
    struct epoll_event nudge = {.events = EPOLLIN, .data.fd = c->nudge};
    return epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->timer, &timer) == 0 &&
           epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->nudge, &nudge) == 0;
}

/* Makes phc_fd readable, or no longer.  It stays so between busy turns, which cost no call then. */
static void nudge(phc_client *c, bool is_on)
{
    uint64_t count = 1;
    if (c->is_nudged == is_on) return;
    c->is_nudged = is_on;
    /* Neither can fail: the counter is 0 or 1. */
    if (is_on)
        (void)!write(c->nudge, &count, sizeof count);
    else
        (void)!read(c->nudge, &count, sizeof count);
}

/* Makes phc_fd readable at `ms` at the latest.  Setting the timer costs more than sending an order,
   and what is due moves with every message: a timer that fires too early is set again then. */
static void set_timer(phc_client *c, uint64_t ms, uint64_t now_ms)
{
    bool has_fired = c->timer_ms <= now_ms;
    if (!has_fired && c->timer_ms <= ms) return;
    struct itimerspec t = {0}; /* off */
    if (ms != UINT64_MAX) {
        t.it_value.tv_sec = (time_t)(ms / 1000);
        t.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
        if (ms == 0) t.it_value.tv_nsec = 1; /* all zero would switch it off */
    }
    (void)timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &t, NULL); /* the values are in range */
    c->timer_ms = ms;
}

phc_status phc_open(const phc_config *config, phc_client **ret, char *err, size_t err_size)
{
    const char *wrong = config_wrong(config);
    if (wrong != NULL) {
        snprintf(err, err_size, "could not open a client: %s", wrong);
        return PHC_EINVAL;
    }
    phc_client *c = sodium_init() < 0 ? NULL : calloc(1, sizeof *c);
    if (c == NULL) {
        snprintf(err, err_size, "could not open a client: no memory");
        return PHC_ENOMEM;
    }
    c->epoll = c->timer = c->nudge = -1;
    c->dealer_fd = c->monitor_fd = c->sub_fd = c->sub_monitor_fd = -1;
    c->state = PHC_DOWN;
    phc_outbox_init(&c->outbox,
                    config->unanswered_max != 0 ? config->unanswered_max : PHC_UNANSWERED_MAX);
    /* Requests of one key must not be taken for those of an earlier program with the same key,
       whose results may be read again. */
    randombytes_buf(&c->request_first, sizeof c->request_first);
    c->request_first = (c->request_first >> 2) + 1;
    c->request_next = c->request_first;
    if (!copy_config(c, config) || !open_waiting(c)) {
        snprintf(err, err_size, "could not open a client: %s", strerror(errno));
        phc_close(c);
        return PHC_EIO;
    }
    nudge(c, true);
    *ret = c;
    return PHC_OK;
}

static void say_goodbye(phc_client *c)
{
    phc_message m;
    int linger = LOGOUT_LINGER_MS;
    if (c->state != PHC_READING && c->state != PHC_READY) return;
    phc_encode_logout(&m);
    c->frame.cnt = 0;
    c->frame.size = 0;
    /* A gateway that misses this notices the silence instead. */
    if (phc_frame_put(&c->frame, m.bytes, m.size) && phc_client_send(c))
        (void)zmq_setsockopt(c->dealer, ZMQ_LINGER, &linger, sizeof linger);
}

void phc_close(phc_client *c)
{
    if (c == NULL) return;
    say_goodbye(c);
    phc_connection_close(c);
    phc_connection_feed_close(c);
    if (c->zmq != NULL) (void)zmq_ctx_term(c->zmq); /* waits for the linger at most */
    if (c->timer >= 0) (void)close(c->timer);
    if (c->nudge >= 0) (void)close(c->nudge);
    if (c->epoll >= 0) (void)close(c->epoll);
    phc_outbox_release(&c->outbox);
    phc_unpack_release(&c->unpacking);
    phc_match_release(&c->match);
    phc_known_release(&c->known);
    free(c->segments.v);
    phc_follow_release(c);
    phc_follow_trades_release(c);
    free(c->connect_file);
    phc_key_wipe(&c->key);
    free(c);
}

/* ---- Turning ------------------------------------------------------------------------------- */

/* Which sockets have something, of the cnt events that a wait told of; below 0: any may. */
static void look(phc_client *c, const struct epoll_event *e, int cnt)
{
    if (cnt < 0) c->dealer_has = c->monitor_has = c->sub_has = c->sub_monitor_has = true;
    for (int i = 0; i < cnt; i++) {
        int fd = e[i].data.fd;
        if (fd == c->dealer_fd) c->dealer_has = true;
        if (fd == c->monitor_fd) c->monitor_has = true;
        if (fd == c->sub_fd) c->sub_has = true;
        if (fd == c->sub_monitor_fd) c->sub_monitor_has = true;
    }
}

static void step(phc_client *c)
{
    c->again = false;
    phc_connection_watch(c);
    phc_session_time(c, phc_now_ms());
    if (c->dealer != NULL) phc_session_send(c, phc_now_ms());
    phc_session_receive(c);
    phc_feed_receive(c);
    phc_follow_time(c, phc_now_ms());
    phc_follow_trades_time(c, phc_now_ms());
    /* What the callbacks queued goes out now, and sending may have swallowed the sign that
       something arrived: look again before waiting. */
    phc_signatures_send(c);
    if (c->dealer != NULL) phc_session_send(c, phc_now_ms());
    uint64_t due = phc_session_due_ms(c), follow = phc_follow_due_ms(c);
    if (phc_follow_trades_due_ms(c) < due) due = phc_follow_trades_due_ms(c);
    nudge(c, c->again);
    set_timer(c, follow < due ? follow : due, phc_now_ms());
}

phc_status phc_turn(phc_client *c, int timeout_ms)
{
    uint64_t start = phc_now_ms();
    struct epoll_event e[DESCRIPTORS];
    int cnt = epoll_wait(c->epoll, e, DESCRIPTORS, 0);
    c->handled = 0;
    for (;;) {
        if (c->state == PHC_STOPPED) return PHC_EFATAL;
        look(c, e, cnt);
        step(c);
        if (c->state == PHC_STOPPED) return PHC_EFATAL;
        if (c->handled > 0) return PHC_OK;
        int wait = timeout_ms;
        if (timeout_ms >= 0) {
            uint64_t passed = phc_now_ms() - start;
            if (passed >= (uint64_t)timeout_ms) return PHC_ETIMEOUT;
            wait = (int)((uint64_t)timeout_ms - passed);
        }
        cnt = epoll_wait(c->epoll, e, DESCRIPTORS, wait);
        if (cnt >= 0) continue;
        snprintf(c->error, sizeof c->error, "could not wait: %s", strerror(errno));
        return PHC_EIO;
    }
}

phc_status phc_flush(phc_client *c)
{
    if (c->state == PHC_STOPPED) return PHC_EFATAL;
    if (c->dealer == NULL) return PHC_ENOTREADY;
    phc_session_send(c, phc_now_ms());
    nudge(c, true);
    return PHC_OK;
}

/* ---- Questions ----------------------------------------------------------------------------- */

int phc_fd(const phc_client *c)
{
    return c->epoll;
}

size_t phc_unanswered(const phc_client *c)
{
    return c->outbox.cnt;
}

bool phc_is_ready(const phc_client *c)
{
    return c->state == PHC_READY;
}

uint64_t phc_last_report(const phc_client *c)
{
    return c->next_report == 0 ? 0 : c->next_report - 1;
}

uint64_t phc_last_contract(const phc_client *c)
{
    return c->next_contract == 0 ? 0 : c->next_contract - 1;
}

uint64_t phc_last_countersignature(const phc_client *c)
{
    return c->next_countersignature == 0 ? 0 : c->next_countersignature - 1;
}

const char *phc_error(const phc_client *c)
{
    return c->error;
}
