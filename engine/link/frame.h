/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/link/frame.h - the bytes between a server of items and its followers; pure.

    README.md of this folder has the layouts byte by byte.  Integers are little-endian.

      from the follower                       from the server
      (empty)   a new connection              HELLO     I do not know you: say FOLLOW
      FOLLOW    send me items from n on       WELCOME   I do; so many items exist
      CREDIT    so many bytes are worked off  ITEMS     whole items, in order
      COMMANDS  sequence these                TAKEN     so many of your commands are done with
      PING      are you there                 PONG      I am; so many items exist

    Owns      nothing; what ph_frame_read returns points into the bytes it was given.
    Failure   a frame that is not exactly one of these is PH_ECORRUPT, and nothing else is said
              about it. */
#ifndef ENGINE_LINK_FRAME_H
#define ENGINE_LINK_FRAME_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

enum {
    PH_FRAME_VERSION = 1,
    PH_FRAME_HEAD_SIZE = 32,      /* of ITEMS, before its items; the longest but WELCOME */
    PH_FRAME_SMALL_MAX = 128,     /* longest frame without items or commands */
    PH_FRAME_BYTES_MAX = 1 << 20, /* of ITEMS, unless one item is longer */
    PH_FRAME_COMMANDS_MAX = 256,  /* in one COMMANDS */
    PH_ITEM_HEAD_SIZE = 20,
    PH_ITEM_BYTES_MAX = 1 << 30, /* longest item */
};

typedef enum {
    PH_FRAME_HELLO = 1,
    PH_FRAME_FOLLOW = 2,
    PH_FRAME_WELCOME = 3,
    PH_FRAME_CREDIT = 4,
    PH_FRAME_COMMANDS = 5,
    PH_FRAME_ITEMS = 6,
    PH_FRAME_TAKEN = 7,
    PH_FRAME_PING = 8,
    PH_FRAME_PONG = 9,
} ph_frame_kind;

/* One frame; the fields that its kind does not have are 0. */
typedef struct {
    ph_frame_kind kind;
    uint64_t nonce;   /* FOLLOW, WELCOME: which FOLLOW it is */
    uint64_t number;  /* FOLLOW: first item wanted; ITEMS: first item that is there */
    uint64_t last;    /* WELCOME, ITEMS, PONG: last item that exists */
    uint64_t count;   /* CREDIT: bytes; TAKEN, ITEMS: commands; all since FOLLOW */
    uint32_t window;  /* FOLLOW: bytes in flight at most; WELCOME: commands in flight at most */
    uint32_t cnt;     /* COMMANDS, ITEMS: how many there are in the body */
    ph_text64 origin; /* WELCOME */
    const uint8_t *body;
    size_t body_size; /* COMMANDS, ITEMS */
} ph_frame;

/* Appends everything but the body. */
void ph_frame_write(ph_writer *w, const ph_frame *f);

/* Reads exactly `size` bytes.  The body is not looked into but for its size: at least what cnt
   entries need.  PH_EVERSION: another version; PH_ECORRUPT: no such frame; *ret is then
   untouched. */
ph_status ph_frame_read(const void *bytes, size_t size, ph_frame *ret);

/* One item, the same bytes in a frame and in the spool:
     0   u64  number
     8   u64  sum           of number, size and bytes: tells a torn item, not a forged one
     16  u32  size          at most PH_ITEM_BYTES_MAX
     20  bytes */
typedef struct {
    uint64_t number;
    const uint8_t *bytes;
    uint32_t size;
} ph_item;

uint64_t ph_item_sum(uint64_t number, const void *bytes, uint32_t size);
void ph_item_write(ph_writer *w, uint64_t number, const void *bytes, uint32_t size);

/* Reads the next item; false, and r is bad, if it is cut short or its sum is wrong. */
bool ph_item_read(ph_reader *r, ph_item *ret);

/* Bytes of the item whose head starts at p, of which `size` bytes can be read; 0 if the head is cut
   short, has another number or states a size that no item has.  The sum is not looked at. */
size_t ph_item_span(const uint8_t *p, size_t size, uint64_t number);

/* Reads the next command of a COMMANDS body; false, and r is bad, if it is cut short, empty or
   longer than PH_COMMAND_BYTES_MAX. */
bool ph_frame_command(ph_reader *r, const uint8_t **ret_bytes, uint32_t *ret_size);

#endif
