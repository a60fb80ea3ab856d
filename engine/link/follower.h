/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/follower.h - the client side of a numbered stream between our own processes.

    A server (engine, notary) offers items numbered 1, 2, 3 ... without gaps; a follower receives
    them in order from any number, and may send commands the other way.  The server keeps the items
    in a spool file, so a follower that starts late or again gets everything.

    Owns      its socket.
    Lifetime  the bytes of an item are valid during the callback.
    Thread    one.
    Failure   a server that is away is not an error: the follower asks again until it is back. */
#ifndef ENGINE_LINK_FOLLOWER_H
#define ENGINE_LINK_FOLLOWER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct ph_follower ph_follower;

/* Called for each item, in order.  A status other than PH_OK stops the turn and is returned by it;
   the item was then not taken, and comes again in the next turn (zmq_poll does not tell of it). */
typedef ph_status (*ph_follower_on_item)(void *arg, uint64_t number, const void *bytes,
                                         size_t size);

/* Connects to `endpoint` (ipc://...) and asks for items from number `from` (>= 1).
   zmq_context is borrowed.  PH_EFULL, PH_EINVAL (endpoint, or from is 0). */
ph_status ph_follower_open(void *zmq_context, const char *endpoint, uint64_t from,
                           ph_follower **ret);

/* The ZeroMQ socket, for zmq_poll with ZMQ_POLLIN. */
void *ph_follower_socket(ph_follower *f);

/* Takes up to 64 frames that are there and calls on_item for every new item; asks again when the
   server has been silent, so call it at least once a second.  monotonic_ns is a clock that never
   goes back.  PH_OK: something came; PH_EAGAIN: nothing was there; PH_ECORRUPT: the server sent
   something else than this protocol, or is another one than before; or what on_item returned. */
ph_status ph_follower_turn(ph_follower *f, uint64_t monotonic_ns, ph_follower_on_item on_item,
                           void *arg);

/* Takes one encoded command, to be sent with others by ph_follower_flush or when a frame is full.
   PH_EAGAIN: the server's window is full or the server is away; the command was not taken.
   PH_EINVAL: it is empty or longer than PH_COMMAND_BYTES_MAX.
   PH_OK is no promise: when the server goes away before it answers, see ph_follower_welcomes. */
ph_status ph_follower_send(ph_follower *f, const void *command, size_t size);

/* Sends the commands that wait, as every turn does too: a message between processes costs as much
   as several commands. */
void ph_follower_flush(ph_follower *f);

/* Commands that were taken and whose items have not arrived yet. */
uint32_t ph_follower_in_flight(const ph_follower *f);

/* How many may be in flight, as the server said; 0 before its first word. */
uint32_t ph_follower_window(const ph_follower *f);

/* True when every item that the server had at its last word has arrived. */
int ph_follower_caught_up(const ph_follower *f);

/* True when the server has welcomed us and was heard of in the last three seconds. */
int ph_follower_connected(const ph_follower *f);

/* How often a server has answered FOLLOW.  When this grows (the server was started again, or the
   connection was lost), in_flight is 0 again: of the commands that were sent before, those whose
   items have not arrived when ph_follower_caught_up is next true were lost, and never will be
   sequenced. */
uint64_t ph_follower_welcomes(const ph_follower *f);

/* What the server says it is, e.g. "demo.petahour/engine"; "" before its first word. */
const char *ph_follower_origin(const ph_follower *f);

/* The last item that the server told of; 0 before its first word.  A server that is back with fewer
   items than were taken (less than ph_follower_next - 1) offers another log. */
uint64_t ph_follower_last(const ph_follower *f);

/* Number of the next item that is expected. */
uint64_t ph_follower_next(const ph_follower *f);

/* Accepts NULL. */
void ph_follower_close(ph_follower *f);

#endif
