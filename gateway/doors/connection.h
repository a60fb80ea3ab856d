/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/connection.h - a TCP connection of a ZeroMQ socket, by its file.

    ZeroMQ tells the file that a message came from and keeps it: nothing here closes it.  By the
    time at which it is used it may belong to another connection, or to none; what is not a
    connection to the named endpoint is left alone.

    Owns      nothing.
    Thread    any. */
#ifndef GATEWAY_DOORS_CONNECTION_H
#define GATEWAY_DOORS_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that the peer has not made room for; 0 also for what is no TCP connection. */
uint32_t phg_connection_unsent(int file);

/* Of the connection that is on the file now, whatever was there before; 0: it is no socket. */
uint64_t phg_connection_cookie(int file);

/* Bytes that were received and read since it began; false: it is no TCP connection. */
bool phg_connection_read(int file, uint64_t *ret);

/* True if it was accepted at "tcp://ADDRESS:PORT", by the port. */
bool phg_connection_is_at(int file, const char *endpoint);

/* Who is on the other side, "ADDRESS:PORT"; "?": nobody any more. */
void phg_connection_peer(int file, char ret[64]);

/* Ends it both ways: ZeroMQ then gives it up, and all that it kept of it.  `endpoint`: where it was
   accepted, "tcp://ADDRESS:PORT".  False: it is no connection to there. */
bool phg_connection_end(int file, const char *endpoint);

#endif
