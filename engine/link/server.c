/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/panic.h"
#include "engine/link/frame.h"

enum {
    IDENTITY_MAX = 16,      /* ZeroMQ makes identities of 5 bytes */
    FRAMES_PER_TAKE = 4096, /* so that frames without commands end a turn, too */
    BYTES_PER_FLUSH = 4 << 20,
    WINDOW_BYTES_MIN = 64 << 10,
    LINGER_MS = 500,
    CLOSING_MOMENTS = 50, /* that a socket which is being closed may still answer */
    CLOSING_MOMENT_US = 20000,
};

/*  A follower's life: a stranger's frame is answered with HELLO; FOLLOW takes an entry of the table
    (is_used) and a WELCOME is owed; from the WELCOME on items flow.  Another FOLLOW begins again.
    It ends when a message to it cannot be routed any more. */
typedef struct {
    bool is_used, owes_welcome, owes_taken;
    uint8_t identity_size;
    uint8_t identity[IDENTITY_MAX];
    uint32_t age;          /* of this entry, so that a peer of an earlier user is recognised */
    uint64_t nonce;        /* of its last FOLLOW */
    ph_spool_cursor at;    /* what it gets next; offset is 0 until the item exists */
    uint64_t sent, credit; /* bytes since FOLLOW; credit is what it has worked off */
    uint32_t window;       /* bytes that may be under way */
    uint64_t taken;        /* commands since FOLLOW that are done with */
    uint32_t waiting_first, waiting_cnt;
    uint64_t waiting[PH_SERVER_WINDOW]; /* ring: items that answer its commands */
} follower;

struct ph_server {
    void *socket;
    ph_spool *spool;
    ph_text64 origin;
    uint64_t visible;   /* last item that followers may see */
    uint32_t next_turn; /* whose turn it is in flush */
    uint32_t reach;     /* entries from here on were never used */
    ph_server_counts counts;
    follower followers[PH_SERVER_FOLLOWERS_MAX];
};

static bool is_answered(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return false; /* the bind says so */
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool taken = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd); /* nothing was written */
    return taken;
}

/* ZeroMQ takes the address of a socket away from whoever listens there, silently.  A socket file
   that nobody listens on is what a killed process left behind; one that is being closed answers
   for a moment longer. */
static bool is_taken(const char *path)
{
    for (int i = 0; i < CLOSING_MOMENTS; i++) {
        if (!is_answered(path)) return false;
        (void)usleep(CLOSING_MOMENT_US); /* an early end is a shorter moment */
    }
    return true;
}

static ph_status bind_private(ph_server *s, const char *endpoint)
{
    if (is_taken(endpoint + strlen("ipc://"))) return PH_EBUSY;
    /* The socket file must not exist for others even for a moment.  Who connects writes to it: with
       most umasks our own user alone, with one that leaves the group its writing the group too. */
    mode_t before = umask(0177);
    (void)umask(before | 0117);
    int failed = zmq_bind(s->socket, endpoint);
    int why = errno;
    (void)umask(before);
    errno = why;
    return failed == 0 ? PH_OK : PH_EIO;
}

static ph_status open_socket(ph_server *s, void *zmq_context, const char *endpoint)
{
    static const struct {
        int option, value;
    } options[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_ROUTER_MANDATORY, 1}, /* a follower that went away is told by EHOSTUNREACH */
        {ZMQ_SNDHWM, 0},           /* the window of each follower is the bound */
        {ZMQ_RCVHWM, 2 * PH_SERVER_WINDOW},
        {ZMQ_MAXMSGSIZE, PH_FRAME_BYTES_MAX},
    };
    s->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (s->socket == NULL) return PH_EFULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int64_t wide = options[i].value;
        bool is_wide = options[i].option == ZMQ_MAXMSGSIZE;
        int failed = is_wide ? zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &wide, sizeof wide)
                             : zmq_setsockopt(s->socket, options[i].option, &options[i].value,
                                              sizeof options[i].value);
        if (failed != 0) return PH_EIO;
    }
    return bind_private(s, endpoint);
}

/* wide: two places for the error, as everywhere, and one for the result */
ph_status ph_server_open(void *zmq_context, const char *endpoint, const char *origin,
                         ph_spool *spool, ph_server **ret, char *err, size_t err_size)
{
    if (strncmp(endpoint, "ipc://", 6) != 0) {
        (void)snprintf(err, err_size, "could not offer items on \"%s\": only ipc:// is private",
                       endpoint);
        return PH_EINVAL;
    }
    ph_server *s = calloc(1, sizeof *s);
    ph_status st = s == NULL ? PH_EFULL : PH_OK;
    if (st == PH_OK && (origin[0] == '\0' || !ph_text_set(s->origin.s, sizeof s->origin.s, origin)))
        st = PH_EINVAL;
    if (st == PH_OK) {
        s->spool = spool;
        s->visible = ph_spool_last(spool);
        st = open_socket(s, zmq_context, endpoint);
    }
    if (st != PH_OK) {
        (void)snprintf(err, err_size, "could not offer items on \"%s\": %s", endpoint,
                       st == PH_EBUSY ? "another process does; stop it or choose another link"
                       : st == PH_EIO ? zmq_strerror(errno)
                                      : ph_status_text(st));
        ph_server_close(s);
        return st;
    }
    *ret = s;
    return PH_OK;
}

void *ph_server_socket(ph_server *s)
{
    return s->socket;
}

/* Sends one message to an identity; takes the message.  False: that peer is gone. */
static bool send_message(ph_server *s, const uint8_t *identity, size_t identity_size,
                         zmq_msg_t *message)
{
    int sent = zmq_send(s->socket, identity, identity_size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    if (sent >= 0) sent = zmq_msg_send(message, s->socket, ZMQ_DONTWAIT);
    if (sent < 0) (void)zmq_msg_close(message);
    return sent >= 0;
}

static bool send_frame(ph_server *s, const uint8_t *identity, size_t identity_size,
                       const ph_frame *f)
{
    zmq_msg_t message;
    uint8_t bytes[PH_FRAME_SMALL_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_frame_write(&w, f);
    PH_ASSERT(!w.full);
    if (zmq_msg_init_size(&message, ph_writer_size(&w)) != 0) return true; /* asked for again */
    memcpy(zmq_msg_data(&message), bytes, ph_writer_size(&w));
    return send_message(s, identity, identity_size, &message);
}

static void forget(ph_server *s, follower *f)
{
    uint32_t age = f->age;
    memset(f, 0, sizeof *f);
    f->age = age;
    s->counts.followers--;
}

static follower *find(ph_server *s, const uint8_t *identity, size_t size)
{
    for (uint32_t i = 0; i < s->reach; i++) {
        follower *f = &s->followers[i];
        if (f->is_used && f->identity_size == size && memcmp(f->identity, identity, size) == 0)
            return f;
    }
    return NULL;
}

/* A free entry; when there is none, those who went away without a word are found out. */
static follower *find_free(ph_server *s)
{
    ph_frame pong = {.kind = PH_FRAME_PONG, .last = s->visible};
    for (int attempt = 0; attempt < 2; attempt++) {
        for (uint32_t i = 0; i < PH_SERVER_FOLLOWERS_MAX; i++) {
            if (s->followers[i].is_used) continue;
            if (i >= s->reach) s->reach = i + 1;
            return &s->followers[i];
        }
        for (uint32_t i = 0; i < PH_SERVER_FOLLOWERS_MAX; i++) {
            follower *f = &s->followers[i];
            if (!send_frame(s, f->identity, f->identity_size, &pong)) forget(s, f);
        }
    }
    return NULL;
}

static bool on_follow(ph_server *s, follower *f, const uint8_t *identity, size_t size,
                      const ph_frame *frame)
{
    if (f == NULL) {
        f = size <= IDENTITY_MAX ? find_free(s) : NULL;
        if (f == NULL) return false;
        s->counts.followers++;
    }
    uint32_t age = f->age + 1;
    memset(f, 0, sizeof *f);
    f->is_used = true;
    f->owes_welcome = true;
    f->age = age;
    f->identity_size = (uint8_t)size;
    memcpy(f->identity, identity, size);
    f->nonce = frame->nonce;
    f->at.number = frame->number;
    f->window = frame->window < WINDOW_BYTES_MIN ? WINDOW_BYTES_MIN : frame->window;
    return true;
}

static ph_link_peer peer_of(const ph_server *s, const follower *f)
{
    return (ph_link_peer){(uint64_t)f->age << 32 | (uint64_t)(f - s->followers + 1)};
}

static follower *of_peer(ph_server *s, ph_link_peer peer)
{
    uint32_t place = (uint32_t)peer.v;
    if (place == 0) return NULL;
    follower *f = &s->followers[place - 1];
    return f->is_used && f->age == (uint32_t)(peer.v >> 32) ? f : NULL;
}

/* One call of take: whom to hand commands to, and how many there were. */
typedef struct {
    ph_server_on_ahead on_ahead; /* may be NULL */
    ph_server_on_command on_command;
    void *arg;
    uint32_t commands;
} taking;

/* Announces the commands of a frame up to its `end`th; *announced of them are, `ahead` is behind
   them. */
static void announce(const taking *to, ph_reader *ahead, uint32_t end, uint32_t *announced)
{
    const uint8_t *bytes;
    uint32_t size;
    if (to->on_ahead == NULL) return;
    for (; *announced < end && ph_frame_command(ahead, &bytes, &size); ++*announced)
        to->on_ahead(to->arg, bytes, size);
}

static ph_status on_commands(ph_server *s, follower *f, const ph_frame *frame, taking *to)
{
    ph_link_peer peer = peer_of(s, f);
    to->commands += frame->cnt;
    ph_reader r = ph_reader_of(frame->body, frame->body_size), ahead = r;
    uint32_t announced = 0;
    for (uint32_t i = 0; i < frame->cnt; i++) {
        uint32_t left = frame->cnt - i;
        announce(to, &ahead, i + (left < PH_SERVER_AHEAD ? left : PH_SERVER_AHEAD), &announced);
        const uint8_t *bytes;
        uint32_t size;
        ph_status st = PH_ECORRUPT;
        if (ph_frame_command(&r, &bytes, &size)) {
            s->counts.commands++;
            st = to->on_command(to->arg, peer, bytes, size);
        }
        if (st == PH_ECORRUPT) {
            f->taken++;
            f->owes_taken = true;
        } else if (st != PH_OK) {
            return st;
        }
    }
    if (!ph_reader_done(&r)) s->counts.frames_dropped++;
    return PH_OK;
}

/* Acts on one message of one identity. */
static ph_status on_message(ph_server *s, const uint8_t *identity, size_t identity_size,
                            zmq_msg_t *body, taking *to)
{
    follower *f = find(s, identity, identity_size);
    ph_frame frame = {0};
    ph_status st = ph_frame_read(zmq_msg_data(body), zmq_msg_size(body), &frame);
    bool is_probe = zmq_msg_size(body) == 0;
    if (st == PH_OK && frame.kind == PH_FRAME_FOLLOW) {
        if (!on_follow(s, f, identity, identity_size, &frame)) s->counts.frames_dropped++;
        return PH_OK;
    }
    if (f == NULL) {
        /* A peer that is gone again needs no HELLO. */
        if (!is_probe && !(st == PH_OK && frame.kind == PH_FRAME_PING)) s->counts.frames_dropped++;
        (void)send_frame(s, identity, identity_size, &(ph_frame){.kind = PH_FRAME_HELLO});
        return PH_OK;
    }
    if (st == PH_OK && frame.kind == PH_FRAME_COMMANDS) return on_commands(s, f, &frame, to);
    if (st == PH_OK && frame.kind == PH_FRAME_CREDIT && frame.count >= f->credit &&
        frame.count <= f->sent) {
        f->credit = frame.count;
        return PH_OK;
    }
    if (st == PH_OK && frame.kind == PH_FRAME_PING) {
        ph_frame pong = {.kind = PH_FRAME_PONG, .last = s->visible};
        if (!send_frame(s, identity, identity_size, &pong)) forget(s, f);
        return PH_OK;
    }
    if (!is_probe) s->counts.frames_dropped++;
    return PH_OK;
}

/* Receives identity and body.  False: nothing is there.  Further parts are of no protocol of ours:
   they are thrown away, and the body emptied. */
static bool receive(ph_server *s, zmq_msg_t *identity, zmq_msg_t *body)
{
    while (zmq_msg_recv(identity, s->socket, ZMQ_DONTWAIT) < 0) {
        if (errno != EINTR) return false;
    }
    if (!zmq_msg_more(identity)) return true;
    if (zmq_msg_recv(body, s->socket, ZMQ_DONTWAIT) < 0) return false;
    bool has_more = zmq_msg_more(body) != 0;
    while (has_more) {
        zmq_msg_t rest;
        (void)zmq_msg_init(&rest);
        has_more = zmq_msg_recv(&rest, s->socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest) != 0;
        (void)zmq_msg_close(&rest);
        (void)zmq_msg_close(body);
        (void)zmq_msg_init(body);
        if (!has_more) s->counts.frames_dropped++;
    }
    return true;
}

ph_status ph_server_take(ph_server *s, uint32_t commands_max, ph_server_on_ahead on_ahead,
                         ph_server_on_command on_command, void *arg)
{
    taking to = {.on_ahead = on_ahead, .on_command = on_command, .arg = arg};
    for (uint32_t i = 0; i < FRAMES_PER_TAKE && to.commands < commands_max; i++) {
        zmq_msg_t identity, body;
        (void)zmq_msg_init(&identity);
        (void)zmq_msg_init(&body);
        ph_status st = PH_EAGAIN;
        if (receive(s, &identity, &body))
            st = on_message(s, zmq_msg_data(&identity), zmq_msg_size(&identity), &body, &to);
        (void)zmq_msg_close(&identity);
        (void)zmq_msg_close(&body);
        if (st != PH_OK) return st;
    }
    return PH_OK;
}

ph_status ph_server_add(ph_server *s, const void *bytes, uint32_t size, ph_link_peer peer)
{
    uint64_t number = ph_spool_last(s->spool) + 1;
    ph_status st = ph_spool_put(s->spool, number, bytes, size);
    if (st != PH_OK) return st;
    follower *f = of_peer(s, peer);
    if (f == NULL) return PH_OK;
    if (f->waiting_cnt == PH_SERVER_WINDOW) {
        /* It keeps no window: its oldest command counts as done with before the item is sent. */
        f->waiting_first = (f->waiting_first + 1) % PH_SERVER_WINDOW;
        f->waiting_cnt--;
        f->taken++;
    }
    f->waiting[(f->waiting_first + f->waiting_cnt) % PH_SERVER_WINDOW] = number;
    f->waiting_cnt++;
    return PH_OK;
}

void ph_server_publish(ph_server *s)
{
    s->visible = ph_spool_last(s->spool);
}

/* Commands whose items are up to `number` are done with once that frame arrives. */
static void count_taken(follower *f, uint64_t number)
{
    while (f->waiting_cnt > 0 && f->waiting[f->waiting_first] <= number) {
        f->waiting_first = (f->waiting_first + 1) % PH_SERVER_WINDOW;
        f->waiting_cnt--;
        f->taken++;
    }
}

/* Sends the next items to one follower.  PH_EEND: it has all, or no credit. */
static ph_status send_items(ph_server *s, follower *f, size_t *sent_bytes)
{
    if (f->at.number > s->visible || f->sent - f->credit >= f->window) return PH_EEND;
    if (f->at.offset == 0) {
        ph_status st = ph_spool_seek(s->spool, f->at.number, &f->at);
        if (st != PH_OK) return st;
    }
    uint64_t room = f->window - (f->sent - f->credit);
    size_t bytes_max = room < PH_FRAME_BYTES_MAX ? (size_t)room : PH_FRAME_BYTES_MAX;
    ph_frame frame = {.kind = PH_FRAME_ITEMS, .number = f->at.number, .last = s->visible};
    ph_spool_part items;
    ph_status st = ph_spool_read(s->spool, &f->at, s->visible, bytes_max, &items);
    if (st != PH_OK) return st;
    count_taken(f, f->at.number - 1);
    frame.count = f->taken;
    frame.cnt = items.cnt;
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, PH_FRAME_HEAD_SIZE + items.size) != 0) return PH_EFULL;
    ph_writer w = ph_writer_of(zmq_msg_data(&message), PH_FRAME_HEAD_SIZE + items.size);
    ph_frame_write(&w, &frame);
    ph_write_bytes(&w, items.bytes, items.size);
    PH_ASSERT(!w.full && ph_writer_size(&w) == PH_FRAME_HEAD_SIZE + items.size);
    if (!send_message(s, f->identity, f->identity_size, &message)) {
        forget(s, f);
        return PH_EEND;
    }
    f->owes_taken = false;
    f->sent += PH_FRAME_HEAD_SIZE + items.size;
    s->counts.items_sent += items.cnt;
    *sent_bytes += items.size;
    return PH_OK;
}

/* What a follower must be told beside items.  False: it is gone. */
static bool send_owed(ph_server *s, follower *f)
{
    if (f->owes_welcome) {
        ph_frame welcome = {.kind = PH_FRAME_WELCOME,
                            .nonce = f->nonce,
                            .last = s->visible,
                            .window = PH_SERVER_WINDOW,
                            .origin = s->origin};
        if (!send_frame(s, f->identity, f->identity_size, &welcome)) return false;
        f->owes_welcome = false;
        s->counts.welcomed++;
    }
    if (f->owes_taken) {
        ph_frame taken = {.kind = PH_FRAME_TAKEN, .count = f->taken};
        if (!send_frame(s, f->identity, f->identity_size, &taken)) return false;
        f->owes_taken = false;
    }
    return true;
}

ph_status ph_server_flush(ph_server *s)
{
    size_t bytes = 0;
    uint32_t idle = 0; /* followers in a row that had nothing to be sent */
    while (idle < s->reach) {
        if (bytes >= BYTES_PER_FLUSH) return PH_EAGAIN;
        follower *f = &s->followers[s->next_turn];
        s->next_turn = (s->next_turn + 1) % s->reach;
        idle++;
        if (!f->is_used) continue;
        if (!send_owed(s, f)) {
            forget(s, f);
            continue;
        }
        ph_status st = send_items(s, f, &bytes);
        if (st == PH_OK)
            idle = 0;
        else if (st != PH_EEND)
            return st;
    }
    return PH_OK;
}

ph_server_counts ph_server_count(const ph_server *s)
{
    return s->counts;
}

uint64_t ph_server_lag(const ph_server *s)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < s->reach; i++) {
        const follower *f = &s->followers[i];
        if (!f->is_used || f->at.number > s->visible) continue;
        uint64_t lag = s->visible - f->at.number + 1;
        if (lag > most) most = lag;
    }
    return most;
}

void ph_server_close(ph_server *s)
{
    if (s == NULL) return;
    if (s->socket != NULL) (void)zmq_close(s->socket);
    free(s);
}
