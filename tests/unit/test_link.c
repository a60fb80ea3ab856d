/* SPDX-License-Identifier: Apache-2.0 */
/*  Server and follower over real sockets, both turned by the test itself, in one thread. */
#include "engine/link/follower.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/link/frame.h"
#include "engine/link/server.h"
#include "engine/process/clock.h"
#include "tests/unit/suite.h"

enum { WAIT_MS = 90000 };

typedef struct {
    ph_follower *f;
    uint64_t got;    /* items */
    uint64_t refuse; /* the item that is refused once, 0: none */
    uint64_t bytes;
} reader;

static char folder[64], spool_path[96], endpoint[128], err[512];
static void *context;
static ph_spool *spool;
static ph_server *server;
static uint64_t commands; /* that the server took */
static struct {           /* that it announced */
    uint64_t cnt;
    struct {
        const void *bytes;
        uint32_t size;
    } ring[PH_SERVER_AHEAD];
} announced;

static void open_server(void)
{
    ph_status s = ph_spool_open(spool_path, "demo/engine", &spool, err, sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
    s = ph_server_open(context, endpoint, "demo/engine", spool, &server, err, sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
}

static void close_server(void)
{
    ph_server_close(server);
    ph_spool_close(spool);
    server = NULL;
    spool = NULL;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/petahour-link-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(spool_path, sizeof spool_path, "%s/spool", folder);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    context = zmq_ctx_new();
    commands = 0;
    announced.cnt = 0;
    open_server();
}

static void tear_down(void)
{
    close_server();
    zmq_ctx_term(context);
    (void)unlink(spool_path);
    (void)unlink(endpoint + 6);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void add_items(uint64_t cnt, uint32_t size)
{
    static uint8_t item[1 << 20];
    for (uint64_t i = 0; i < cnt; i++) {
        uint64_t n = ph_spool_last(spool) + 1;
        memcpy(item, &n, sizeof n);
        ck_assert_int_eq(ph_server_add(server, item, size, (ph_link_peer){0}), PH_OK);
    }
}

static void on_ahead(void *arg, const void *bytes, uint32_t size)
{
    (void)arg;
    ck_assert_uint_lt(announced.cnt - commands, PH_SERVER_AHEAD);
    uint64_t place = announced.cnt++ % PH_SERVER_AHEAD;
    announced.ring[place].bytes = bytes;
    announced.ring[place].size = size;
}

/* A command "bad" is refused; any other becomes an item at once. */
static ph_status on_command(void *arg, ph_link_peer peer, const void *bytes, uint32_t size)
{
    (void)arg;
    ck_assert_uint_lt(commands, announced.cnt);
    ck_assert_ptr_eq(announced.ring[commands % PH_SERVER_AHEAD].bytes, bytes);
    ck_assert_uint_eq(announced.ring[commands % PH_SERVER_AHEAD].size, size);
    commands++;
    if (size == 3 && memcmp(bytes, "bad", 3) == 0) return PH_ECORRUPT;
    uint8_t item[8 + PH_COMMAND_BYTES_MAX];
    uint64_t n = ph_spool_last(spool) + 1;
    memcpy(item, &n, sizeof n);
    memcpy(item + 8, bytes, size);
    return ph_server_add(server, item, 8 + size, peer);
}

static ph_status on_item(void *arg, uint64_t number, const void *bytes, size_t size)
{
    reader *r = arg;
    if (number == r->refuse) {
        r->refuse = 0;
        return PH_EFULL;
    }
    ck_assert_uint_eq(number, ph_follower_next(r->f));
    ck_assert_uint_ge(size, 8);
    ck_assert_int_eq(memcmp(bytes, &number, 8), 0);
    r->got++;
    r->bytes += size;
    return PH_OK;
}

static void turn_server(void)
{
    ph_status s = ph_server_take(server, 4096, on_ahead, on_command, NULL);
    ck_assert(s == PH_OK || s == PH_EAGAIN);
    ck_assert_uint_eq(announced.cnt, commands);
    ph_server_publish(server);
    s = ph_server_flush(server);
    ck_assert(s == PH_OK || s == PH_EAGAIN);
}

static ph_status turn_reader(reader *r)
{
    return ph_follower_turn(r->f, ph_clock_monotonic_ns(), on_item, r);
}

/* Waits until something arrives at the server or the follower, at most a few milliseconds. */
static void wait_for_either(reader *r)
{
    zmq_pollitem_t items[2] = {{.socket = ph_follower_socket(r->f), .events = ZMQ_POLLIN}};
    if (server != NULL)
        items[1] = (zmq_pollitem_t){.socket = ph_server_socket(server), .events = ZMQ_POLLIN};
    zmq_poll(items, server != NULL ? 2 : 1, 5);
}

/* Turns both until the reader has taken everything up to `next` and nothing is in flight. */
static void turn_until(reader *r, uint64_t next)
{
    uint64_t end = ph_clock_monotonic_ns() + WAIT_MS * UINT64_C(1000000);
    while (ph_follower_next(r->f) < next || !ph_follower_caught_up(r->f) ||
           ph_follower_in_flight(r->f) > 0) {
        ck_assert_msg(ph_clock_monotonic_ns() < end, "stuck at %lu, in flight %u",
                      (unsigned long)ph_follower_next(r->f), ph_follower_in_flight(r->f));
        turn_server();
        ph_status s = turn_reader(r);
        ck_assert(s == PH_OK || s == PH_EAGAIN);
        if (s == PH_EAGAIN) wait_for_either(r);
    }
}

static void open_reader(reader *r, uint64_t from)
{
    *r = (reader){0};
    ck_assert_int_eq(ph_follower_open(context, endpoint, from, &r->f), PH_OK);
}

START_TEST(follows_from_the_start_the_middle_and_beyond_the_end)
{
    reader a, b, c;
    add_items(5000, 200);
    open_reader(&a, 1);
    open_reader(&b, 4321);
    open_reader(&c, 5004);
    ck_assert(!ph_follower_caught_up(a.f));
    turn_until(&a, 5001);
    turn_until(&b, 5001);
    ck_assert_uint_eq(a.got, 5000);
    ck_assert_uint_eq(b.got, 680);
    ck_assert_str_eq(ph_follower_origin(a.f), "demo/engine");
    add_items(5, 50);
    turn_until(&a, 5006);
    turn_until(&c, 5006);
    ck_assert_uint_eq(c.got, 2);
    ph_follower_close(a.f);
    ph_follower_close(b.f);
    ph_follower_close(c.f);
}
END_TEST

START_TEST(nothing_is_seen_before_it_is_published)
{
    reader a;
    open_reader(&a, 1);
    turn_until(&a, 1);
    add_items(3, 100);
    ck_assert_int_eq(ph_server_flush(server), PH_OK);
    wait_for_either(&a);
    ck_assert_int_eq(turn_reader(&a), PH_EAGAIN);
    ck_assert_uint_eq(a.got, 0);
    turn_until(&a, 4);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(a_slow_follower_holds_up_nobody)
{
    reader slow, quick;
    open_reader(&slow, 1);
    open_reader(&quick, 1);
    turn_until(&slow, 1);
    turn_until(&quick, 1);
    /* 40 MB: ten times the window of a follower. */
    for (int i = 0; i < 40; i++) {
        add_items(1000, 1000);
        turn_until(&quick, (uint64_t)(i + 1) * 1000 + 1);
    }
    /* What the slow one has not asked for waits in the spool: one window was sent. */
    uint64_t sent = ph_server_count(server).items_sent;
    ck_assert_uint_eq(quick.got, 40000);
    ck_assert_uint_lt(sent - quick.got, 4400);
    ck_assert_int_eq(ph_server_flush(server), PH_OK);
    ck_assert_uint_eq(slow.got, 0);
    turn_until(&slow, 40001);
    ck_assert_uint_eq(slow.got, 40000);
    ph_follower_close(slow.f);
    ph_follower_close(quick.f);
}
END_TEST

START_TEST(an_item_longer_than_frame_and_window_passes)
{
    static uint8_t item[6 << 20];
    reader a;
    uint64_t n = 1;
    memcpy(item, &n, 8);
    ck_assert_int_eq(ph_server_add(server, item, sizeof item, (ph_link_peer){0}), PH_OK);
    add_items(10, 900000);
    open_reader(&a, 1);
    turn_until(&a, 12);
    ck_assert_uint_eq(a.bytes, sizeof item + 10 * 900000);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(a_refused_item_comes_again)
{
    reader a;
    add_items(100, 50);
    open_reader(&a, 1);
    a.refuse = 50;
    ph_status s = PH_EAGAIN;
    while (s != PH_EFULL) {
        turn_server();
        s = turn_reader(&a);
        if (s == PH_EAGAIN) wait_for_either(&a);
    }
    ck_assert_uint_eq(a.got, 49);
    ck_assert_uint_eq(ph_follower_next(a.f), 50);
    turn_until(&a, 101);
    ck_assert_uint_eq(a.got, 100);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(commands_are_in_flight_until_their_items_arrive)
{
    reader a, b;
    open_reader(&a, 1);
    open_reader(&b, 1);
    ck_assert_int_eq(ph_follower_send(a.f, "early", 5), PH_EAGAIN);
    turn_until(&a, 1);
    turn_until(&b, 1);
    uint32_t sent = 0;
    while (ph_follower_send(a.f, "order", 5) == PH_OK)
        sent++;
    ck_assert_uint_eq(sent, PH_SERVER_WINDOW);
    ck_assert_uint_eq(ph_follower_in_flight(a.f), PH_SERVER_WINDOW);
    ck_assert_int_eq(ph_follower_send(b.f, "order", 5), PH_OK);
    turn_until(&a, sent + 1);
    turn_until(&b, sent + 2);
    ck_assert_uint_eq(commands, sent + 1);
    ck_assert_int_eq(ph_follower_send(a.f, "again", 5), PH_OK);
    turn_until(&a, sent + 3);
    ck_assert_uint_eq(ph_follower_in_flight(b.f), 0);
    ck_assert_int_eq(ph_follower_send(a.f, "", 0), PH_EINVAL);
    static const char long_command[PH_COMMAND_BYTES_MAX + 1];
    ck_assert_int_eq(ph_follower_send(a.f, long_command, sizeof long_command), PH_EINVAL);
    ph_follower_close(a.f);
    ph_follower_close(b.f);
}
END_TEST

START_TEST(a_dropped_command_is_done_with)
{
    reader a;
    open_reader(&a, 1);
    turn_until(&a, 1);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ph_follower_send(a.f, i % 2 == 0 ? "bad" : "good", 3 + (size_t)(i % 2)),
                         PH_OK);
    turn_until(&a, 6);
    ck_assert_uint_eq(a.got, 5);
    ck_assert_int_eq(ph_follower_send(a.f, "bad", 3), PH_OK);
    turn_until(&a, 6);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(a_server_that_comes_back_is_followed_on)
{
    reader a;
    add_items(1000, 300);
    open_reader(&a, 1);
    turn_until(&a, 1001);
    ck_assert_uint_eq(ph_follower_welcomes(a.f), 1);
    close_server();
    ck_assert_int_eq(turn_reader(&a), PH_EAGAIN);
    open_server();
    add_items(1000, 300);
    turn_until(&a, 2001);
    ck_assert_uint_eq(a.got, 2000);
    ck_assert_uint_eq(ph_follower_welcomes(a.f), 2);
    ck_assert_int_eq(ph_follower_send(a.f, "order", 5), PH_OK);
    turn_until(&a, 2002);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(a_follower_may_be_there_first)
{
    reader a;
    close_server();
    open_reader(&a, 1);
    ck_assert_int_eq(turn_reader(&a), PH_EAGAIN);
    open_server();
    add_items(10, 10);
    turn_until(&a, 11);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(followers_that_went_away_make_room)
{
    for (int i = 0; i < 3 * PH_SERVER_FOLLOWERS_MAX; i++) {
        reader a;
        open_reader(&a, 1);
        add_items(1, 10);
        turn_until(&a, (uint64_t)i + 2);
        ph_follower_close(a.f);
    }
    ck_assert_uint_le(ph_server_count(server).followers, PH_SERVER_FOLLOWERS_MAX);
    ck_assert_uint_eq(ph_server_count(server).welcomed, 3 * PH_SERVER_FOLLOWERS_MAX);
}
END_TEST

/* A peer that speaks another language, or ours wrongly, hurts nobody. */
START_TEST(nonsense_is_dropped)
{
    static const struct {
        const char *bytes;
        size_t size;
    } nonsense[] = {
        {"", 0},
        {"\x01", 1},
        {"\x02\x08", 2},
        {"\x01\x63", 2},
        {"\x01\x06", 2},
        {"\x01\x05\x01\x00\x00\x00\xff\xff\xff\xff\x61", 11},
        {"\x01\x05\x02\x00\x00\x00\x01\x00\x00\x00\x61\x01\x00\x00\x00", 15},
        {"\x01\x04\xff\xff\xff\xff\xff\xff\xff\xff", 10},
        {"\x01\x03", 2},
        {"GET / HTTP/1.1\r\n\r\n", 18},
    };
    reader a;
    open_reader(&a, 1);
    turn_until(&a, 1);
    void *rogue = zmq_socket(context, ZMQ_DEALER);
    ck_assert_int_eq(zmq_setsockopt(rogue, ZMQ_LINGER, &(int){0}, sizeof(int)), 0);
    ck_assert_int_eq(zmq_connect(rogue, endpoint), 0);
    uint8_t follow[64];
    ph_writer w = ph_writer_of(follow, sizeof follow);
    ph_frame_write(&w, &(ph_frame){.kind = PH_FRAME_FOLLOW, .number = 1, .nonce = 1});
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
            ck_assert_int_ge(zmq_send(rogue, nonsense[i].bytes, nonsense[i].size, 0), 0);
        ck_assert_int_ge(zmq_send(rogue, "\x01\x08", 2, ZMQ_SNDMORE), 0);
        ck_assert_int_ge(zmq_send(rogue, "more", 4, ZMQ_SNDMORE), 0);
        ck_assert_int_ge(zmq_send(rogue, "parts", 5, 0), 0);
        /* The second time as a follower. */
        ck_assert_int_ge(zmq_send(rogue, follow, ph_writer_size(&w), 0), 0);
    }
    add_items(3, 100);
    turn_until(&a, 4);
    uint64_t end = ph_clock_monotonic_ns() + WAIT_MS * UINT64_C(1000000);
    while (ph_server_count(server).frames_dropped < 18) {
        ck_assert(ph_clock_monotonic_ns() < end);
        turn_server();
        wait_for_either(&a);
        (void)turn_reader(&a);
    }
    ck_assert_int_eq(ph_follower_send(a.f, "order", 5), PH_OK);
    turn_until(&a, ph_spool_last(spool) + 1);
    zmq_close(rogue);
    ph_follower_close(a.f);
}
END_TEST

START_TEST(another_origin_is_refused)
{
    reader a;
    add_items(1, 10);
    open_reader(&a, 1);
    turn_until(&a, 2);
    ph_server_close(server);
    ck_assert_int_eq(
        ph_server_open(context, endpoint, "other/engine", spool, &server, err, sizeof err), PH_OK);
    ph_status s = PH_EAGAIN;
    uint64_t end = ph_clock_monotonic_ns() + WAIT_MS * UINT64_C(1000000);
    while (s == PH_EAGAIN || s == PH_OK) {
        ck_assert(ph_clock_monotonic_ns() < end);
        turn_server();
        s = turn_reader(&a);
        wait_for_either(&a);
    }
    ck_assert_int_eq(s, PH_ECORRUPT);
    ph_follower_close(a.f);
}
END_TEST

/* Who may write to the socket may connect. */
START_TEST(the_umask_says_whether_the_group_connects)
{
    static const struct {
        mode_t umask, mode;
    } rows[] = {{0077, 0600}, {0022, 0640}, {0007, 0660}, {0, 0660}};
    struct stat st;
    const mode_t before = umask(0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_server_close(server);
        (void)umask(rows[i].umask);
        ck_assert_int_eq(
            ph_server_open(context, endpoint, "demo/engine", spool, &server, err, sizeof err),
            PH_OK);
        ck_assert_uint_eq(umask(before), rows[i].umask); /* it is as it was */
        ck_assert_int_eq(stat(endpoint + 6, &st), 0);
        ck_assert_uint_eq(st.st_mode & 0777, rows[i].mode);
    }
}
END_TEST

START_TEST(only_private_endpoints)
{
    ph_follower *f = NULL;
    ph_server *s = NULL;
    struct stat st;
    ck_assert_int_eq(stat(endpoint + 6, &st), 0);
    ck_assert_uint_eq(st.st_mode & 022, 0); /* nobody but its user writes to it */
    ck_assert_int_eq(ph_follower_open(context, "tcp://127.0.0.1:5555", 1, &f), PH_EINVAL);
    ck_assert_int_eq(ph_follower_open(context, "", 1, &f), PH_EINVAL);
    ck_assert_int_eq(ph_follower_open(context, endpoint, 0, &f), PH_EINVAL);
    ck_assert_ptr_null(f);
    ck_assert_int_eq(ph_server_open(context, "tcp://127.0.0.1:*", "a", spool, &s, err, sizeof err),
                     PH_EINVAL);
    ck_assert_int_eq(
        ph_server_open(context, "ipc:///nonexistent/s", "a", spool, &s, err, sizeof err), PH_EIO);
    ck_assert_ptr_nonnull(strstr(err, "/nonexistent/s"));
    ck_assert_int_eq(ph_server_open(context, endpoint, "", spool, &s, err, sizeof err), PH_EINVAL);
    ck_assert_ptr_null(s);
    ph_follower_close(NULL);
    ph_server_close(NULL);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, follows_from_the_start_the_middle_and_beyond_the_end);
    tcase_add_test(tests, nothing_is_seen_before_it_is_published);
    tcase_add_test(tests, a_slow_follower_holds_up_nobody);
    tcase_add_test(tests, an_item_longer_than_frame_and_window_passes);
    tcase_add_test(tests, a_refused_item_comes_again);
    tcase_add_test(tests, commands_are_in_flight_until_their_items_arrive);
    tcase_add_test(tests, a_dropped_command_is_done_with);
    tcase_add_test(tests, a_server_that_comes_back_is_followed_on);
    tcase_add_test(tests, a_follower_may_be_there_first);
    tcase_add_test(tests, followers_that_went_away_make_room);
    tcase_add_test(tests, nonsense_is_dropped);
    tcase_add_test(tests, another_origin_is_refused);
    tcase_add_test(tests, the_umask_says_whether_the_group_connects);
    tcase_add_test(tests, only_private_endpoints);
}

int main(void)
{
    return suite_run("link", add);
}
