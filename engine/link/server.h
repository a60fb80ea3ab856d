/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/server.h - offers numbered items to any number of followers, takes their commands.

    One turn of the owner's loop:

        ph_server_take      commands of the followers, handed to a callback one by one
        ph_server_add       the items they caused; nobody sees them yet
        ph_server_publish   now everything that was added may be seen (after the owner's sync)
        ph_server_flush     sends to each follower what its credit allows

    A follower that does not read stops at its place in the spool: it costs no memory and no time
    but for its window, and never holds up the others or the owner.

    Owns      the socket; borrows the spool, which must outlive it.
    Thread    one.
    Failure   what a follower sends wrongly is dropped and counted; the statuses that are returned
              are about this machine, and mean that the process should stop. */
#ifndef ENGINE_LINK_SERVER_H
#define ENGINE_LINK_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/link/spool.h"

typedef struct ph_server ph_server;

/* Who sent a command; 0 is nobody.  Stays valid, but means nobody once that follower is gone. */
typedef struct {
    uint64_t v;
} ph_link_peer;

enum {
    PH_SERVER_FOLLOWERS_MAX = 64,
    PH_SERVER_WINDOW = 4096, /* commands of one follower that may be under way */
    PH_SERVER_AHEAD = 16,    /* commands that are announced at a time */
};

/* Counted since the server was opened. */
typedef struct {
    uint32_t followers;      /* at present */
    uint64_t welcomed;       /* FOLLOW that were answered */
    uint64_t frames_dropped; /* not of this protocol, or from a stranger */
    uint64_t commands;
    uint64_t items_sent;
} ph_server_counts;

/* Binds `endpoint` (ipc://...; mode 0660 less the umask, so never for others) and offers the items
   of the spool.  origin (1 to 63 bytes) is told to followers.  err receives a sentence on failure:
   PH_EINVAL, PH_EIO, PH_EFULL, PH_EBUSY (another process offers items there). */
ph_status ph_server_open(void *zmq_context, const char *endpoint, const char *origin,
                         ph_spool *spool, ph_server **ret, char *err, size_t err_size);

/* The ZeroMQ socket, for zmq_poll with ZMQ_POLLIN. */
void *ph_server_socket(ph_server *s);

/* A command of a follower; the bytes are valid during the call.  PH_OK: one item added with this
   peer will answer it.  PH_ECORRUPT: it is dropped, and the follower told that it is done with.
   Anything else stops the turn and is returned by it. */
typedef ph_status (*ph_server_on_command)(void *arg, ph_link_peer peer, const void *bytes,
                                          uint32_t size);

/* Announces a command that arrived: each one that is handed out, once, in the same order, up to
   PH_SERVER_AHEAD that were not handed out yet.  The bytes are valid until then.  None is announced
   in vain unless on_command stops the turn. */
typedef void (*ph_server_on_ahead)(void *arg, const void *bytes, uint32_t size);

/* Works off frames that are there until commands_max commands were handed out (a frame is always
   finished: up to 255 more).  on_ahead may be NULL.  PH_EAGAIN: none are left; PH_OK: there may be
   more. */
ph_status ph_server_take(ph_server *s, uint32_t commands_max, ph_server_on_ahead on_ahead,
                         ph_server_on_command on_command, void *arg);

/* Adds the next item: its number is one more than the spool's last.  peer is whose command caused
   it, {0} if none.  PH_EIO, PH_EFULL: the spool could not keep it. */
ph_status ph_server_add(ph_server *s, const void *bytes, uint32_t size, ph_link_peer peer);

/* Lets followers see every item that was added. */
void ph_server_publish(ph_server *s);

/* Sends what credit allows, at most about 4 MiB per call.  PH_OK: nothing is left to send until
   somebody gives credit or publishes; PH_EAGAIN: there is more, call again soon; PH_EIO and
   PH_EFULL as the spool's. */
ph_status ph_server_flush(ph_server *s);

ph_server_counts ph_server_count(const ph_server *s);

/* Visible items that the slowest follower was not sent yet; 0 without followers. */
uint64_t ph_server_lag(const ph_server *s);

/* Waits at most half a second for what was sent to leave.  Accepts NULL. */
void ph_server_close(ph_server *s);

#endif
