/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/format.h - the journal in bytes: segments of batches of records.  Version 1.

    Integers are little-endian; no struct is ever written.  README.md in this folder has the same
    with the reasons and an example.

    A journal is a directory.  A segment is a file "<first sequence, 20 digits>.phj"; it is made
    aside as "<name>.new", synced and renamed, so that a segment that exists has a whole header.
    A segment is a header page, then batches, then zeros.  Every batch begins at a multiple of
    PH_JOURNAL_PAGE: no page that holds acknowledged bytes is ever written again.

    Segment header, one page
         0  u8[8]    magic        "PHJSEG\r\n"
         8  u32      version      1
        12  u32      meta_size    at most 512
        16  u64      first        sequence of its first record; also its name
        24  u8[64]   market       text, padded with zeros
        88  u8[32]   previous     chain hash of the last batch of the segment before; zero in the
                                  first
       120  u64      previous_at  stamp of the last record before; zero in the first
       128  u8[512]  meta         of whoever replays, padded with zeros
       640  u8[32]   hash         BLAKE2b-256 of bytes 0 .. 639
       672           zeros up to 4096
    The genesis hash, before the first batch, is `hash` of the segment whose first is 1.  Segments
    of one journal have equal market and meta.

    Batch
         0  u32      magic        "PHJB"
         4  u32      record_cnt   at least 1
         8  u64      first        sequence of its first record
        16  u64      first_at     stamp of its first record
        24  u64      last_at      stamp of its last record
        32  u32      body_size    records and end mark
        36  u32      zero_cnt     sectors of the batch that are all zero, see below
        40  u8[32]   events       BLAKE2b-256 of the event bytes of all its records, in order
        72  u8[32]   chain        BLAKE2b-256 of the chain hash before, bytes 0 .. 71 and the body
       104  u64      check        SipHash-2-4 of bytes 0 .. 103
       112           body: records, then the end mark of 8 bytes
                     zeros up to the next multiple of 4096

    Record
         0  u32      size         of bytes, at least 1
         4  u64      events       SipHash-2-4 of the bytes of its events
        12  u64      check        SipHash-2-4 of at and bytes
        20  u64      at           never smaller than the one before
        28           bytes

    BLAKE2b is personalised with "petahour segment", "petahour events" and "petahour chain", padded
    with zeros to 16 bytes.  The key of SipHash-2-4 is "petahour" and the record's sequence (u64);
    for the header of a batch the sequence is 0.  SipHash names the wrong record, the chain proves.

    Sector i of a batch is bytes 512*i .. 512*i+511 of it, cut at the end of the body; zero_cnt
    counts those that are all zero.  A disk writes whole sectors, so a sector of a batch that was
    not written is zero; with zero_cnt a missing sector is told from one that was meant to be zero.
    The last byte of the end mark has several bits set: a batch whose last byte is zero was not
    written to its end.

    A batch counts if and only if magic, check, first, first_at, the chain, the records and the
    zeros behind the body all hold. */
#ifndef ENGINE_JOURNAL_FORMAT_H
#define ENGINE_JOURNAL_FORMAT_H

#include <stdint.h>

enum {
    PH_JOURNAL_VERSION = 1,
    PH_JOURNAL_PAGE = 4096,
    PH_JOURNAL_SECTOR = 512,
    PH_JOURNAL_META_MAX = 512,
    PH_JOURNAL_MARKET_SIZE = 64,
    PH_JOURNAL_RECORD_MAX = 65536,  /* bytes of one record */
    PH_JOURNAL_BATCH_MAX = 1 << 22, /* bytes of one batch, header and padding included */
    PH_JOURNAL_NAME_SIZE = 32,      /* room for the name of a segment */
};

enum {
    PH_SEG_MAGIC = 0,
    PH_SEG_VERSION = 8,
    PH_SEG_META_SIZE = 12,
    PH_SEG_FIRST = 16,
    PH_SEG_MARKET = 24,
    PH_SEG_PREVIOUS = 88,
    PH_SEG_PREVIOUS_AT = 120,
    PH_SEG_META = 128,
    PH_SEG_HASH = 640,
    PH_SEG_SIZE = 672,
};

enum {
    PH_BATCH_MAGIC = 0,
    PH_BATCH_RECORD_CNT = 4,
    PH_BATCH_FIRST = 8,
    PH_BATCH_FIRST_AT = 16,
    PH_BATCH_LAST_AT = 24,
    PH_BATCH_BODY_SIZE = 32,
    PH_BATCH_ZERO_CNT = 36,
    PH_BATCH_EVENTS = 40,
    PH_BATCH_CHAIN = 72,
    PH_BATCH_CHECK = 104,
    PH_BATCH_SIZE = 112,
};

enum {
    PH_REC_SIZE = 0,
    PH_REC_EVENTS = 4,
    PH_REC_CHECK = 12,
    PH_REC_AT = 20, /* check covers from here on without a gap */
    PH_REC_BYTES = 28,
};

#define PH_JOURNAL_SEGMENT_MAGIC UINT64_C(0x0a0d4745534a4850) /* "PHJSEG\r\n" */
#define PH_JOURNAL_BATCH_MAGIC   UINT32_C(0x424a4850)         /* "PHJB" */
#define PH_JOURNAL_END_MARK      UINT64_C(0xa55a444e454a4850) /* "PHJEND", 5a, a5 */

enum { PH_JOURNAL_END_SIZE = 8 };

/* The file that holds the writer's lock, and how far the journal is durable while it is held:
   u64 sequence, then its complement. */
#define PH_JOURNAL_LOCK_NAME "LOCK"
enum { PH_JOURNAL_LOCK_SIZE = 16 };

_Static_assert((int)PH_SEG_MARKET + (int)PH_JOURNAL_MARKET_SIZE == (int)PH_SEG_PREVIOUS,
               "no hole is hashed");
_Static_assert((int)PH_SEG_META + (int)PH_JOURNAL_META_MAX == (int)PH_SEG_HASH,
               "no hole is hashed");
_Static_assert((int)PH_SEG_SIZE <= (int)PH_JOURNAL_PAGE, "a segment header is one page");
_Static_assert((int)PH_BATCH_SIZE <= (int)PH_JOURNAL_SECTOR,
               "a batch header is there whole or not at all");
_Static_assert((int)PH_BATCH_SIZE + (int)PH_REC_BYTES + (int)PH_JOURNAL_RECORD_MAX +
                       (int)PH_JOURNAL_END_SIZE + (int)PH_JOURNAL_PAGE <=
                   (int)PH_JOURNAL_BATCH_MAX,
               "the largest record fits a batch");

#endif
