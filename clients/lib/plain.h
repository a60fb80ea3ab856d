/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/plain.h - orders out and most reports in, written and read by hand.

    What encode.h and decode.h say with protobuf-c, for the two messages of which there are most;
    see proto/shortest.h.  Whatever is not exactly what is expected here goes through protobuf-c.

    Owns      nothing; phc_segments grows as needed.
    Thread    any.  No sockets, no clock. */
#ifndef CLIENTS_LIB_PLAIN_H
#define CLIENTS_LIB_PLAIN_H

#include "clients/lib/decode.h"

enum {
    PHC_PLAIN_ORDER_MAX = 208,
    PHC_PLAIN_TEXT_MAX = 64, /* bytes of a reason to cancel, and one more */
};

/* Writes a ClientMessage, the bytes that protobuf-c would write; returns their number. */
size_t phc_plain_order(uint8_t room[PHC_PLAIN_ORDER_MAX], const phc_order *o);

/* Where a report keeps what is of no fixed size. */
typedef struct {
    phc_segments *segments;
    char reason[PHC_PLAIN_TEXT_MAX];
} phc_plain_room;

/* Reads a GatewayMessage that is a report, no rejection, in the shortest encoding: what protobuf-c
   and phc_decode_report would have read; valid until the room is used again.  False: it is
   something else, or phc_decode_report would refuse it, or there is no memory; *ret is then as it
   was. */
bool phc_plain_report(const uint8_t *bytes, size_t size, phc_plain_room *room, phc_report *ret);

#endif
