/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_prices.h - frames of trades and best prices, written by hand.

    They are made for every change whether somebody listens or not, so that they can be asked for
    again; protobuf-c walks over the description of all that a frame may have twice for each.  A
    picture with anything else goes through protobuf-c.

    Owns      nothing.  Pure. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_PRICES_H
#define GATEWAY_TRANSLATE_TRANSLATE_PRICES_H

#include "gateway/translate/translate.h"

/* True if the picture has no rows but trades and best prices, and nothing for who asked alone. */
bool phg_picture_is_prices(const phg_picture *p);

/* Writes a trade as an element of such a frame, or as several of at most
   PHG_SEGMENTS_PER_PUBLIC_TRADE_MAX segments, into phg_trade_room bytes; its SEGMENT events are
   behind it.  Returns how many bytes. */
size_t phg_trade_room(const ph_trade *e);
size_t phg_write_trade(uint8_t *room, uint64_t number, ph_time at, const ph_event *trade);

/* Bytes of room that phg_write_prices needs. */
size_t phg_prices_room(const phg_picture *p);

/* Writes such a picture, the bytes that protobuf-c would write; returns how many. */
size_t phg_write_prices(uint8_t *room, const phg_picture *p);

#endif
