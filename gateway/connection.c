/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

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

bool phg_connection_end(int file, const char *endpoint)
{
    const char *port = strrchr(endpoint, ':');
    uint32_t here = port_of(file);
    if (!port || here == 0 || strtoul(port + 1, NULL, 10) != here) return false;
    return shutdown(file, SHUT_RDWR) == 0;
}
