/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/inflow.h"

#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 1 << 16, PIECES_PER_MIB = 16, CLIENTS = 5, LOOKS_MAX = 1000 };

static phg_inflow *in;
static int listeners[PHG_INFLOW_DOORS];
/* Both ends of connections: what a client holds, and what ZeroMQ would read from. */
static int clients[CLIENTS], files[CLIENTS], cnt;

static int listening(char ret_endpoint[64])
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, CLIENTS) == 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(ret_endpoint, 64, "tcp://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    return fd;
}

static void set_up(void)
{
    static char endpoints[PHG_INFLOW_DOORS][64];
    const char *names[PHG_INFLOW_DOORS];
    for (int i = 0; i < PHG_INFLOW_DOORS; i++) {
        listeners[i] = listening(endpoints[i]);
        names[i] = endpoints[i];
    }
    cnt = 0;
    ck_assert_int_eq(phg_inflow_open(names, &in), PH_OK);
}

static void tear_down(void)
{
    phg_inflow_close(in);
    for (int i = 0; i < cnt; i++) {
        close(clients[i]);
        close(files[i]);
    }
    for (int i = 0; i < PHG_INFLOW_DOORS; i++)
        close(listeners[i]);
}

static int connected(phg_inflow_door door)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    ck_assert_int_eq(getsockname(listeners[door], (struct sockaddr *)&at, &size), 0);
    clients[cnt] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(clients[cnt], (struct sockaddr *)&at, size), 0);
    files[cnt] = accept4(listeners[door], NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(files[cnt], 0);
    return cnt++;
}

/* A client sends a piece, and it is read; false: the connection was ended. */
static bool passes(int i)
{
    static uint8_t bytes[PIECE];
    if (send(clients[i], bytes, PIECE, MSG_NOSIGNAL) != PIECE) return false;
    return recv(files[i], bytes, PIECE, MSG_WAITALL) == PIECE;
}

/* Until every connection that is there was looked at, with all that was read of it by now. */
static void wait_looked(void)
{
    uint64_t looks = phg_inflow_looks(in) + 2;
    while (phg_inflow_looks(in) < looks)
        (void)poll(NULL, 0, 5);
}

static void wait_ended(phg_inflow_door door, uint64_t wanted)
{
    for (int i = 0; i < LOOKS_MAX && phg_inflow_ended(in, door) < wanted; i++)
        wait_looked();
    ck_assert_uint_eq(phg_inflow_ended(in, door), wanted);
}

/* The other end sees that it is over. */
static bool is_over(int i)
{
    uint8_t byte;
    return recv(clients[i], &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(who_is_taken_may_send_without_end)
{
    int i = connected(PHG_INFLOW_ORDERS);
    for (int n = 0; n < 64 * PIECES_PER_MIB; n++) {
        ck_assert(passes(i));
        phg_inflow_taken(in, files[i], PIECE);
        phg_inflow_emptied(in, PHG_INFLOW_ORDERS);
        if (n % 128 == 0) wait_looked();
    }
    wait_looked();
    ck_assert_uint_eq(phg_inflow_ended(in, PHG_INFLOW_ORDERS), 0);
    ck_assert(!is_over(i));
}
END_TEST

START_TEST(who_is_too_far_ahead_is_ended_and_nobody_else)
{
    int good = connected(PHG_INFLOW_ORDERS), bad = connected(PHG_INFLOW_ORDERS);
    ck_assert(passes(good));
    int n = 0;
    while (n < 15 * PIECES_PER_MIB && passes(bad))
        n++;
    wait_looked();
    ck_assert_uint_eq(phg_inflow_ended(in, PHG_INFLOW_ORDERS), 0);
    for (n = 0; n < 2 * PIECES_PER_MIB && passes(bad);)
        n++;
    wait_ended(PHG_INFLOW_ORDERS, 1);
    ck_assert(is_over(bad) && !is_over(good));
    ck_assert_uint_eq(phg_inflow_ended(in, PHG_INFLOW_MARKET_DATA), 0);
}
END_TEST

START_TEST(each_door_has_its_bound)
{
    int i = connected(PHG_INFLOW_MARKET_DATA);
    int n = 0;
    while (n < 5 * PIECES_PER_MIB && passes(i))
        n++;
    wait_ended(PHG_INFLOW_MARKET_DATA, 1);
    ck_assert_uint_eq(phg_inflow_ended(in, PHG_INFLOW_ORDERS), 0);
    ck_assert(phg_inflow_was_ended(in, files[i]));
    ck_assert(!phg_inflow_was_ended(in, files[i])); /* it was told */
    ck_assert(!phg_inflow_was_ended(in, -1));
}
END_TEST

START_TEST(of_all_together_the_one_that_is_ahead_most_is_ended)
{
    for (int i = 0; i < CLIENTS; i++)
        (void)connected(PHG_INFLOW_ORDERS);
    for (int i = 0; i < CLIENTS; i++)
        for (int n = 0; n < (i == 2 ? 15 : 13) * PIECES_PER_MIB; n++)
            if (!passes(i)) break; /* 67 MiB, three more than all may */
    wait_ended(PHG_INFLOW_ORDERS, 1);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert(is_over(i) == (i == 2));
}
END_TEST

START_TEST(the_next_connection_on_a_file_begins_anew)
{
    int first = connected(PHG_INFLOW_ORDERS);
    for (int n = 0; n < 12 * PIECES_PER_MIB; n++)
        ck_assert(passes(first));
    wait_looked();
    int second = connected(PHG_INFLOW_ORDERS);
    ck_assert_int_eq(dup2(files[second], files[first]), files[first]);
    close(files[second]);
    files[second] = files[first];
    for (int n = 0; n < 12 * PIECES_PER_MIB; n++)
        ck_assert(passes(second));
    wait_looked();
    ck_assert_uint_eq(phg_inflow_ended(in, PHG_INFLOW_ORDERS), 0);
    files[first] = dup(files[second]); /* for the tear-down */
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, who_is_taken_may_send_without_end);
    tcase_add_test(t, who_is_too_far_ahead_is_ended_and_nobody_else);
    tcase_add_test(t, each_door_has_its_bound);
    tcase_add_test(t, of_all_together_the_one_that_is_ahead_most_is_ended);
    tcase_add_test(t, the_next_connection_on_a_file_begins_anew);
}

int main(void)
{
    return suite_run("inflow", add);
}
