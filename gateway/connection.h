/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/connection.h - a TCP connection of a ZeroMQ socket, by its file.

    ZeroMQ tells the file that a message came from and keeps it: nothing here closes it.  By the
    time at which it is used it may belong to another connection, or to none; what is not a
    connection to the named endpoint is left alone.

    Owns      nothing.
    Thread    any. */
#ifndef GATEWAY_CONNECTION_H
#define GATEWAY_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that the peer has not made room for; 0 also for what is no TCP connection. */
uint32_t phg_connection_unsent(int file);

/* Ends it both ways: ZeroMQ then gives it up, and all that it kept of it.  `endpoint`: where it was
   accepted, "tcp://ADDRESS:PORT".  False: it is no connection to there. */
bool phg_connection_end(int file, const char *endpoint);

#endif
