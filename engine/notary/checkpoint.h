/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/checkpoint.h - the texts that are signed: origin, leaf count, root.

      <market name>/contracts/<sequence of the first record of the batch>\n
      <leaf count>\n
      <root, base64>\n

    for the contracts of a batch, and with the origin <market name>/journal for the transparency
    log.  One checkpoint has one text, and read takes nothing but that text.
    engine/notary/README.md, sections 3 and 6.

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

/* Origin of the transparency log of a market, which is also the name of the key of its notes.
   Returns to. */
enum { PH_LOG_ORIGIN_MAX = 80 };
char *ph_log_origin(const char *market, char to[PH_LOG_ORIGIN_MAX]);

/* Of the transparency log: record i of the journal is leaf i - 1. */
typedef struct {
    ph_text64 market;
    uint64_t leaf_cnt;
    ph_hash root;
} ph_log_checkpoint;

/* As ph_checkpoint_write and ph_checkpoint_read. */
size_t ph_log_checkpoint_write(const ph_log_checkpoint *c, char to[PH_CHECKPOINT_TEXT_MAX]);
ph_status ph_log_checkpoint_read(const char *text, size_t size, ph_log_checkpoint *ret);

#endif
