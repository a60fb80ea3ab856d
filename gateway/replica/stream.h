/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/stream.h - numbered messages that are kept for ever, the older ones in a file.

    A message is kept as the framed bytes that sessions send.  The messages of a stream lie one
    after the other in chunks, none across two of them.  When the chunks of a store take more than
    its memory, those that were filled first are written to its file, and read back one at a time
    when somebody asks for them.  The file has no name: it ends with the process, and what it had
    is made again from the records.

    A store without a file keeps everything in memory.  So does one whose disk is full, until there
    is room again: it logs that.

    Owns      a store owns the messages, a stream the list of its chunks; both may be zeroed.
    Lifetime  bytes of phg_stream_run are valid until the next message is added or the next run is
              taken.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_EIO: the file does not give back what was written. */
#ifndef GATEWAY_REPLICA_STREAM_H
#define GATEWAY_REPLICA_STREAM_H

#include "engine/base/status.h"
#include "gateway/translate/translate.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the largest chunk, unless one message needs more; the first one of a stream is small. */
enum { PHG_CHUNK_BYTES_MAX = 64 << 10 };

typedef struct phg_chunk phg_chunk;

typedef struct {
    phg_chunk *chunks;
    uint32_t cnt, max;
    uint32_t oldest, newest;  /* of those that are full and in memory, + 1; 0: none */
    uint64_t memory, in_file; /* bytes of the chunks */
    uint64_t memory_max;
    uint64_t file_size;
    int file; /* descriptor + 1; 0: none */
    bool is_file_full;
    struct phg_chunk_read *reads; /* chunks that were read back last */
} phg_stream_store;

/* Puts what takes more than memory_max bytes into a file in the folder.  PH_EIO: err says why there
   is none. */
ph_status phg_stream_store_spill(phg_stream_store *store, const char *folder, uint64_t memory_max,
                                 char err[PHG_ERR_SIZE]);

void phg_stream_store_release(phg_stream_store *store);

typedef struct {
    uint32_t *chunks; /* places in the store */
    uint32_t chunk_cnt, chunk_max;
    uint64_t cnt; /* messages: numbers 1 .. cnt */
} phg_stream;

/* Adds message cnt + 1.  message.p NULL: PH_EFULL. */
ph_status phg_stream_add(phg_stream_store *store, phg_stream *s, phg_bytes message);

/* The messages stay the store's. */
void phg_stream_release(phg_stream *s);

/* A run of messages that lie one after the other. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    uint32_t cnt;
} phg_stream_run;

/* Messages from number `from` (>= 1) on, as many as lie in one chunk and fit cnt_max and size_max;
   none: there is no such message, or it does not fit. */
ph_status phg_stream_take(phg_stream_store *store, const phg_stream *s, uint64_t from,
                          uint32_t cnt_max, size_t size_max, phg_stream_run *ret);

#endif
