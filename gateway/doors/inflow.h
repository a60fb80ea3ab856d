/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/doors/inflow.h - what clients have sent and nobody has taken yet, and who has sent too
    much.

    The sockets that clients reach have no bound on what they receive (ZMQ_RCVHWM 0), for libzmq 4.3
    ends the program (stream_engine_base.cpp, out_event: !_io_error) when a connection is lost while
    its queue is full and a PING is among what was received and not decoded.  The bound is here: a
    thread compares what ZeroMQ has read of each connection with what was taken of it, and ends the
    connection of who is ahead by more than its door allows.  That also bounds what no queue of
    ZeroMQ does: messages of parts without end, and connections whose routing id is another one's.

    What a connection is ahead is exact but for PINGs of the transport, which are counted until a
    message follows; 128 bytes a second are let pass for them.  It is looked at every 20 ms, with
    thousands of connections every second: what can be read meanwhile comes on top.

    Owns      its thread.
    Thread    phg_inflow_taken and _emptied: one; all others: any.
    Failure   PH_EFULL: no memory or no thread. */
#ifndef GATEWAY_DOORS_INFLOW_H
#define GATEWAY_DOORS_INFLOW_H

#include "engine/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct phg_inflow phg_inflow;

typedef enum { PHG_INFLOW_ORDERS, PHG_INFLOW_MARKET_DATA, PHG_INFLOW_DOORS } phg_inflow_door;

/* Of one connection, of all of a door: bytes on the wire that were not taken.  Of orders it is what
   the default burst has, 100,000 in frames of their own at some 160 bytes; of market data several
   times all that a participant may name (512 KiB). */
enum {
    PHG_INFLOW_ORDER_BYTES_MAX = 16 << 20,
    PHG_INFLOW_ORDER_BYTES_ALL = 64 << 20,
    PHG_INFLOW_MARKET_DATA_BYTES_MAX = 4 << 20,
    PHG_INFLOW_MARKET_DATA_BYTES_ALL = 8 << 20,
};

/* endpoints: where the doors are bound, "tcp://ADDRESS:PORT". */
ph_status phg_inflow_open(const char *const endpoints[PHG_INFLOW_DOORS], phg_inflow **ret);
void phg_inflow_close(phg_inflow *in); /* accepts NULL */

/* A message of the connection on this file (-1: unknown) was taken; wire: its parts, by
   phg_inflow_wire.  Accepts NULL. */
void phg_inflow_taken(phg_inflow *in, int file, uint64_t wire);

/* A door was found empty: all that was there is taken.  Accepts NULL. */
void phg_inflow_emptied(phg_inflow *in, phg_inflow_door door);

/* The connection on this file, which is over, was ended from here.  Told once.  Accepts NULL. */
bool phg_inflow_was_ended(phg_inflow *in, int file);

/* Connections that were ended, since it was opened. */
uint64_t phg_inflow_ended(const phg_inflow *in, phg_inflow_door door);

/* How often all connections were looked at. */
uint64_t phg_inflow_looks(const phg_inflow *in);

/* Bytes on the wire of one part: CURVE adds 33, ZMTP a flag and the length. */
uint64_t phg_inflow_wire(size_t size);

#endif
