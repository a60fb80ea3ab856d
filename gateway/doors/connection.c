/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>
#include <linux/tcp.h>

uint32_t phg_connection_unsent(int file)
{
    int bytes = 0;
    return ioctl(file, SIOCOUTQNSD, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

/* 0: none. */
static uint32_t port_of(int file)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    memset(&at, 0, sizeof at);
    if (getsockname(file, (struct sockaddr *)&at, &size) != 0) return 0;
    if (at.ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)&at)->sin_port);
    if (at.ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)&at)->sin6_port);
    return 0;
}

uint64_t phg_connection_cookie(int file)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(file, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool phg_connection_read(int file, uint64_t *ret)
{
    struct tcp_info told;
    socklen_t size = sizeof told;
    int unread = 0;
    /* In this order: what comes in between is not counted as read. */
    if (getsockopt(file, IPPROTO_TCP, TCP_INFO, &told, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof told.tcpi_bytes_received ||
        ioctl(file, SIOCINQ, &unread) != 0 || unread < 0)
        return false;
    uint64_t received = told.tcpi_bytes_received, left = (uint64_t)unread;
    *ret = received > left ? received - left : 0;
    return true;
}

bool phg_connection_is_at(int file, const char *endpoint)
{
    const char *port = strrchr(endpoint, ':');
    uint32_t here = port_of(file);
    return port && here != 0 && strtoul(port + 1, NULL, 10) == here;
}

void phg_connection_peer(int file, char ret[64])
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char address[INET6_ADDRSTRLEN] = "";
    uint32_t port = 0;
    memset(&at, 0, sizeof at);
    (void)snprintf(ret, 64, "?");
    if (getpeername(file, (struct sockaddr *)&at, &size) != 0) return;
    if (at.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&at;
        port = ntohs(in->sin_port);
        (void)inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
    } else if (at.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&at;
        port = ntohs(in->sin6_port);
        (void)inet_ntop(AF_INET6, &in->sin6_addr, address, sizeof address);
    }
    if (port != 0) (void)snprintf(ret, 64, "%s:%u", address, (unsigned)port);
}

bool phg_connection_end(int file, const char *endpoint)
{
    return phg_connection_is_at(file, endpoint) && shutdown(file, SHUT_RDWR) == 0;
}
