/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_order.h - orders and cancels in and reports of orders out, by hand.

    protobuf-c takes a message apart into allocated parts and walks over its description three times
    to write one; for the messages that make up nearly all of the traffic that is most of the
    gateway's work.  Everything else, and everything that is not exactly what is expected here,
    goes through protobuf-c.

    Owns      nothing.  Pure. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_ORDER_H
#define GATEWAY_TRANSLATE_TRANSLATE_ORDER_H

#include "gateway/translate/translate.h"

#include "petahour/v1/session.pb-c.h"

/* Reads a ClientMessage that is an order in the shortest encoding.  False: it is not, or is
   something else; *ret is then undefined.  What is read is what protobuf-c would have read. */
bool phg_read_order(const uint8_t *bytes, size_t size, Petahour__V1__NewOrder *ret);

/* The same of a cancel. */
bool phg_read_cancel(const uint8_t *bytes, size_t size, Petahour__V1__CancelOrder *ret);

enum { PHG_PLAIN_SEGMENTS_MAX = 8, PHG_PLAIN_REPORT_MAX = 1152 };

/* True if the report is no rejection and has few segments. */
bool phg_report_is_plain(const phg_report *r);

/* Writes a plain report as an element of GatewayFrame.messages, the bytes that protobuf-c would
   write; they lie in room. */
phg_bytes phg_write_report(uint8_t room[PHG_PLAIN_REPORT_MAX], const phg_report *r);

#endif
