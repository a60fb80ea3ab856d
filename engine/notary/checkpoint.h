/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/checkpoint.h - the text that is signed for a batch: origin, leaf count, root.

      <market name>/contracts/<sequence of the first record of the batch>\n
      <leaf count>\n
      <root, base64>\n

    One checkpoint has one text, and read takes nothing but that text.  engine/notary/README.md,
    section 3.

    Owns      nothing: plain values.
    Thread    any. */
#ifndef ENGINE_NOTARY_CHECKPOINT_H
#define ENGINE_NOTARY_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

enum { PH_CHECKPOINT_TEXT_MAX = 192 }; /* with the zero that write puts after the text */

typedef struct {
    ph_text64 market;
    uint64_t first_seq;
    uint32_t leaf_cnt;
    ph_hash root;
} ph_checkpoint;

/* True if the name can be an origin and the name of a key: printable ASCII without space and '+',
   not empty, shorter than 64, and without "/contracts/", so that an origin splits in one way. */
bool ph_checkpoint_market_ok(const char *name);

/* Writes the text and a zero; returns its length without the zero.  A market name that is not ok,
   first_seq 0 or leaf_cnt 0 is a bug. */
size_t ph_checkpoint_write(const ph_checkpoint *c, char to[PH_CHECKPOINT_TEXT_MAX]);

/* PH_ECORRUPT if the `size` bytes are not exactly what write makes; *ret is then untouched. */
ph_status ph_checkpoint_read(const char *text, size_t size, ph_checkpoint *ret);

#endif
