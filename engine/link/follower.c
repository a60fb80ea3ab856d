/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/follower.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/link/frame.h"

enum {
    FRAMES_PER_TURN = 64,
    WINDOW_BYTES = 4 << 20,
    COMMANDS_HEAD = 6,        /* of a frame of COMMANDS, before its commands */
    COMMANDS_BYTES = 1 << 16, /* of one frame */
    RECONNECT_MS = 20,
    RECONNECT_MS_MAX = 500,
};

_Static_assert(COMMANDS_HEAD + 4 + PH_COMMAND_BYTES_MAX <= COMMANDS_BYTES, "one always fits");

#define SILENCE_NS      PH_NS_PER_S       /* then ask whether the server is there */
#define SILENCE_AWAY_NS (3 * PH_NS_PER_S) /* then send it no more commands */

/*   STRANGER --HELLO / send FOLLOW--> ASKED --WELCOME with our nonce--> WELCOMED
     In every state HELLO leads to ASKED: the server, or the connection, is a new one.
     Until the WELCOME, frames belong to an earlier FOLLOW and are passed over. */
typedef enum { STRANGER, ASKED, WELCOMED } follower_state;

struct ph_follower {
    void *socket;
    follower_state state;
    bool is_silent, has_heard;
    uint64_t nonce, welcomes;
    uint64_t next, last; /* items: expected next; last that the server told of */
    uint64_t heard_ns, pinged_ns;
    uint64_t consumed, credited; /* bytes of ITEMS since the WELCOME: worked off; told */
    uint64_t sent, taken;        /* commands since the WELCOME */
    uint32_t window;             /* commands */
    ph_text64 origin;
    bool is_held; /* a frame of items is being worked off */
    zmq_msg_t held;
    ph_frame frame; /* of it; its body points into it */
    ph_reader rest; /* items that were not yet taken */
    uint32_t rest_cnt;
    uint32_t commands_cnt; /* that wait to be sent together */
    size_t commands_size;
    uint8_t commands[COMMANDS_BYTES]; /* room for the head, then they */
};

static ph_status open_socket(ph_follower *f, void *zmq_context, const char *endpoint)
{
    static const struct {
        int option, value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IMMEDIATE, 1},    /* nothing is kept for a server that is not there */
        {ZMQ_PROBE_ROUTER, 1}, /* every new connection makes itself known */
        {ZMQ_RCVHWM, 0},       /* our credit is the bound */
        {ZMQ_SNDHWM, 0},       /* the server's window is the bound */
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS_MAX},
    };
    f->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    if (f->socket == NULL) return PH_EFULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (zmq_setsockopt(f->socket, options[i].option, &options[i].value,
                           sizeof options[i].value) != 0)
            return PH_EIO;
    }
    int64_t message_max = (int64_t)PH_ITEM_BYTES_MAX + PH_FRAME_BYTES_MAX;
    if (zmq_setsockopt(f->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) != 0)
        return PH_EIO;
    return zmq_connect(f->socket, endpoint) == 0 ? PH_OK : PH_EINVAL;
}

ph_status ph_follower_open(void *zmq_context, const char *endpoint, uint64_t from,
                           ph_follower **ret)
{
    if (strncmp(endpoint, "ipc://", 6) != 0 || from == 0) return PH_EINVAL;
    ph_follower *f = calloc(1, sizeof *f);
    if (f == NULL) return PH_EFULL;
    f->next = from;
    ph_status s = open_socket(f, zmq_context, endpoint);
    if (s == PH_OK)
        *ret = f;
    else
        ph_follower_close(f);
    return s;
}

void *ph_follower_socket(ph_follower *f)
{
    return f->socket;
}

/* False: there is no connection now; whatever it was is asked or said again later. */
static bool send_frame(ph_follower *f, const ph_frame *frame)
{
    uint8_t bytes[PH_FRAME_SMALL_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_frame_write(&w, frame);
    PH_ASSERT(!w.full);
    return zmq_send(f->socket, bytes, ph_writer_size(&w), ZMQ_DONTWAIT) >= 0;
}

static void ask(ph_follower *f)
{
    f->nonce++;
    f->state = ASKED;
    (void)send_frame(f, &(ph_frame){.kind = PH_FRAME_FOLLOW,
                                    .nonce = f->nonce,
                                    .number = f->next,
                                    .window = WINDOW_BYTES});
}

static ph_status on_welcome(ph_follower *f, const ph_frame *frame)
{
    if (f->origin.s[0] != '\0' && memcmp(&f->origin, &frame->origin, sizeof f->origin) != 0)
        return PH_ECORRUPT;
    f->origin = frame->origin;
    f->state = WELCOMED;
    f->welcomes++;
    f->last = frame->last;
    f->window = frame->window;
    f->consumed = f->credited = 0;
    f->sent = f->taken = 0;
    f->commands_cnt = 0; /* what could not be sent to the server as it was before is lost */
    f->commands_size = 0;
    return PH_OK;
}

static void let_go(ph_follower *f)
{
    (void)zmq_msg_close(&f->held);
    f->is_held = false;
}

/* Hands out the items of the held frame.  What on_item refuses stays for the next turn. */
static ph_status work_off(ph_follower *f, ph_follower_on_item on_item, void *arg)
{
    while (f->rest_cnt > 0) {
        ph_reader r = f->rest;
        ph_item item;
        if (!ph_item_read(&r, &item) || item.number > f->next) {
            let_go(f);
            return PH_ECORRUPT;
        }
        if (item.number == f->next) {
            ph_status s = on_item(arg, item.number, item.bytes, item.size);
            if (s != PH_OK) return s;
            f->next++;
        }
        f->rest = r;
        f->rest_cnt--;
    }
    bool is_whole = ph_reader_done(&f->rest);
    f->consumed += PH_FRAME_HEAD_SIZE + f->frame.body_size;
    f->taken = f->frame.count;
    if (f->frame.last > f->last) f->last = f->frame.last;
    let_go(f);
    return is_whole ? PH_OK : PH_ECORRUPT;
}

/* Acts on the frame in f->held, of which it disposes. */
static ph_status on_frame(ph_follower *f, ph_follower_on_item on_item, void *arg)
{
    ph_frame frame = {0};
    ph_status s = ph_frame_read(zmq_msg_data(&f->held), zmq_msg_size(&f->held), &frame);
    if (s == PH_OK && frame.kind == PH_FRAME_ITEMS && f->state == WELCOMED) {
        f->is_held = true;
        f->frame = frame;
        f->rest = ph_reader_of(frame.body, frame.body_size);
        f->rest_cnt = frame.cnt;
        return work_off(f, on_item, arg);
    }
    (void)zmq_msg_close(&f->held);
    if (s != PH_OK) return PH_ECORRUPT;
    switch (frame.kind) {
    case PH_FRAME_HELLO: ask(f); return PH_OK;
    case PH_FRAME_WELCOME:
        return f->state == ASKED && frame.nonce == f->nonce ? on_welcome(f, &frame) : PH_OK;
    case PH_FRAME_TAKEN:
        if (f->state == WELCOMED && frame.count > f->taken) f->taken = frame.count;
        return PH_OK;
    case PH_FRAME_PONG:
        if (f->state == WELCOMED && frame.last > f->last) f->last = frame.last;
        return PH_OK;
    case PH_FRAME_ITEMS: return PH_OK; /* of an earlier FOLLOW */
    case PH_FRAME_FOLLOW:
    case PH_FRAME_CREDIT:
    case PH_FRAME_COMMANDS:
    case PH_FRAME_PING: return PH_ECORRUPT;
    }
    return PH_ECORRUPT;
}

/* Receives one message into f->held.  False: nothing is there. */
static bool receive(ph_follower *f)
{
    (void)zmq_msg_init(&f->held);
    while (zmq_msg_recv(&f->held, f->socket, ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        (void)zmq_msg_close(&f->held);
        return false;
    }
    return true;
}

/* False: there is no connection now, so there will be a new WELCOME. */
static bool flush(ph_follower *f)
{
    if (f->commands_cnt == 0) return true;
    if (f->state != WELCOMED) return false; /* they were for the server as it was before */
    ph_writer w = ph_writer_of(f->commands, COMMANDS_HEAD);
    ph_frame_write(&w, &(ph_frame){.kind = PH_FRAME_COMMANDS, .cnt = f->commands_cnt});
    PH_ASSERT(!w.full && ph_writer_size(&w) == COMMANDS_HEAD);
    size_t size = COMMANDS_HEAD + f->commands_size;
    if (zmq_send(f->socket, f->commands, size, ZMQ_DONTWAIT) < 0) return false;
    f->commands_cnt = 0;
    f->commands_size = 0;
    return true;
}

static void keep_in_touch(ph_follower *f, uint64_t now)
{
    (void)flush(f);
    if (f->state == WELCOMED && f->consumed - f->credited >= WINDOW_BYTES / 4 &&
        send_frame(f, &(ph_frame){.kind = PH_FRAME_CREDIT, .count = f->consumed}))
        f->credited = f->consumed;
    f->is_silent = now - f->heard_ns >= SILENCE_AWAY_NS;
    if (now - f->heard_ns < SILENCE_NS || now - f->pinged_ns < SILENCE_NS) return;
    f->pinged_ns = now;
    (void)send_frame(f, &(ph_frame){.kind = PH_FRAME_PING});
}

ph_status ph_follower_turn(ph_follower *f, uint64_t monotonic_ns, ph_follower_on_item on_item,
                           void *arg)
{
    if (!f->has_heard) f->heard_ns = f->pinged_ns = monotonic_ns;
    f->has_heard = true;
    ph_status s = PH_EAGAIN;
    if (f->is_held) s = work_off(f, on_item, arg);
    for (int i = 0; i < FRAMES_PER_TURN && (s == PH_OK || s == PH_EAGAIN) && !f->is_held; i++) {
        if (!receive(f)) break;
        f->heard_ns = monotonic_ns;
        s = on_frame(f, on_item, arg);
    }
    keep_in_touch(f, monotonic_ns);
    return s;
}

ph_status ph_follower_send(ph_follower *f, const void *command, size_t size)
{
    if (size == 0 || size > PH_COMMAND_BYTES_MAX) return PH_EINVAL;
    if (f->state != WELCOMED || f->is_silent) return PH_EAGAIN;
    if (ph_follower_in_flight(f) >= f->window) return PH_EAGAIN;
    size_t used = COMMANDS_HEAD + f->commands_size;
    if (f->commands_cnt == PH_FRAME_COMMANDS_MAX || used + 4 + size > COMMANDS_BYTES) {
        if (!flush(f)) return PH_EAGAIN;
        used = COMMANDS_HEAD;
    }
    ph_writer w = ph_writer_of(f->commands + used, COMMANDS_BYTES - used);
    ph_write_u32(&w, (uint32_t)size);
    ph_write_bytes(&w, command, size);
    PH_ASSERT(!w.full);
    f->commands_cnt++;
    f->commands_size += ph_writer_size(&w);
    f->sent++;
    return PH_OK;
}

void ph_follower_flush(ph_follower *f)
{
    (void)flush(f);
}

uint32_t ph_follower_in_flight(const ph_follower *f)
{
    /* A server that counts more than was sent is wrong, but not in a way that can hurt. */
    return f->sent > f->taken ? (uint32_t)(f->sent - f->taken) : 0;
}

uint32_t ph_follower_window(const ph_follower *f)
{
    return f->window;
}

int ph_follower_caught_up(const ph_follower *f)
{
    return f->welcomes > 0 && f->next > f->last;
}

int ph_follower_connected(const ph_follower *f)
{
    return f->state == WELCOMED && !f->is_silent;
}

uint64_t ph_follower_welcomes(const ph_follower *f)
{
    return f->welcomes;
}

const char *ph_follower_origin(const ph_follower *f)
{
    return f->origin.s;
}

uint64_t ph_follower_last(const ph_follower *f)
{
    return f->last;
}

uint64_t ph_follower_next(const ph_follower *f)
{
    return f->next;
}

void ph_follower_close(ph_follower *f)
{
    if (f == NULL) return;
    if (f->is_held) let_go(f);
    if (f->socket != NULL) (void)zmq_close(f->socket);
    free(f);
}
