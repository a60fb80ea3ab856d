/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/segment.h - one file of the journal: its name, its header, what stands at an
    offset.  Writer and reader both look at files through this and nothing else.

    A look at an offset where a batch may begin sees one of

      WHOLE   a batch that counts
      NONE    nothing: the first sector is zero
      TORN    a batch of which some sectors were not written
      WRONG   bytes that no interrupted write explains

    and NONE, TORN and WRONG are settled by what stands behind: ph_segment_tail.

    Owns      nothing: works in memory of the caller.
    Thread    any, one at a time per buffer. */
#ifndef ENGINE_JOURNAL_SEGMENT_H
#define ENGINE_JOURNAL_SEGMENT_H

#include "engine/base/types.h"
#include "engine/journal/fault.h"
#include "engine/journal/file.h"
#include "engine/journal/format.h"

typedef struct {
    uint64_t first; /* sequence of its first record */
    ph_text64 market;
    ph_hash previous;    /* chain hash before it; zero in the first segment */
    ph_time previous_at; /* stamp before it; zero in the first segment */
    ph_hash hash;        /* of the header */
    uint32_t meta_size;
    uint8_t meta[PH_JOURNAL_META_MAX];
} ph_segment_header;

/* "00000000000000000001.phj" */
void ph_segment_name(uint64_t first, char to[PH_JOURNAL_NAME_SIZE]);

/* False (and *ret_first untouched) if the name is not one that ph_segment_name gives. */
bool ph_segment_name_read(const char *name, uint64_t *ret_first);

/* Writes the header page and fills h->hash. */
void ph_segment_header_write(ph_segment_header *h, uint8_t page[PH_JOURNAL_PAGE]);

/* Reads a header page.  PH_ECORRUPT, PH_EVERSION: *ret_what says what is wrong. */
ph_status ph_segment_header_read(const uint8_t page[PH_JOURNAL_PAGE], ph_segment_header *ret,
                                 const char **ret_what);

/* The chain hash before the segment's first batch. */
ph_hash ph_segment_previous(const ph_segment_header *h);

typedef struct {
    int file;
    ph_segment_header header;
} ph_segment;

/* Opens the segment that begins with record `first` and reads its header.  With `before` (the
   header of another segment of the journal) market and meta must be equal.  PH_ENOTFOUND: there is
   no such segment. */
ph_status ph_segment_open(ph_disk *d, uint64_t first, ph_file_mode mode,
                          const ph_segment_header *before, ph_segment *ret,
                          ph_journal_fault *reterr);

/* Where a reader or a writer stands in a segment. */
typedef struct {
    int file;
    char name[PH_JOURNAL_NAME_SIZE];
    uint64_t offset;   /* of the next batch */
    uint64_t next_seq; /* of its first record */
    ph_time last_at;   /* stamp before it */
    ph_hash previous;  /* chain hash before it */
} ph_segment_place;

typedef enum { PH_LOOK_WHOLE, PH_LOOK_NONE, PH_LOOK_TORN, PH_LOOK_WRONG } ph_segment_sight;

/* What a look saw. */
typedef struct {
    ph_segment_sight sight;
    uint64_t first; /* WHOLE: the batch */
    uint32_t record_cnt;
    ph_time first_at, last_at;
    ph_hash events, chain;
    uint32_t body_size; /* of records and end mark, at buffer + PH_BATCH_SIZE */
    uint64_t extent;    /* bytes of the batch with padding; TORN and WRONG: 0 if unknown */
    const char *what;   /* WRONG: what is wrong */
    uint64_t wrong_at;  /* WRONG: offset of it in the file */
    uint64_t wrong_seq; /* WRONG: record that it is about, 0 if unknown */
} ph_segment_look;

/* Looks at the place; buffer has PH_JOURNAL_BATCH_MAX bytes and receives the batch.
   PH_EIO: the file could not be read; everything else is in *ret. */
ph_status ph_segment_look_at(ph_disk *d, const ph_segment_place *p, uint8_t *buffer,
                             ph_segment_look *ret);

/* For whoever has several batches in memory: true if one that begins with `bytes` is the next at
   the place by its header, and ends within `size`; *ret is then as of a whole one.  What is still
   to be found out is its chain hash, and ph_segment_rest_holds. */
bool ph_segment_peek(const ph_segment_place *p, const uint8_t *bytes, size_t size,
                     ph_segment_look *ret);

/* True if the records of such a batch and the zeros behind it hold. */
bool ph_segment_rest_holds(const ph_segment_place *p, const uint8_t *bytes,
                           const ph_segment_look *look);

/* What stands behind the last whole batch of a file that nobody writes. */
typedef struct {
    ph_segment_sight sight; /* NONE: zeros only; TORN: to be cut; WRONG */
    uint64_t end;           /* TORN: one past the last byte that is not zero */
    const char *what;       /* WRONG, as above */
    uint64_t wrong_at, wrong_seq;
} ph_segment_rest;

/* Settles a look that was not WHOLE by reading the rest of the file; buffer is overwritten. */
ph_status ph_segment_tail(ph_disk *d, const ph_segment_place *p, const ph_segment_look *look,
                          uint8_t *buffer, ph_segment_rest *ret);

/* One past the last byte from `from` on that is not zero; `from` if all are zero. */
ph_status ph_segment_zero_from(ph_disk *d, int file, uint64_t from, uint8_t *buffer,
                               uint64_t *ret_end);

/* Sectors of a batch that are all zero; size is header and body without padding. */
uint32_t ph_segment_zero_sectors(const uint8_t *batch, uint64_t size);

/* size rounded up to whole pages. */
uint64_t ph_segment_pages(uint64_t size);

/* Lowest and highest first sequence among the names of the segments, and how many there are. */
typedef struct {
    uint64_t lowest, highest, cnt;
} ph_segment_list;

ph_status ph_segment_list_read(ph_disk *d, ph_segment_list *ret);

/* The lowest first sequence of a segment between two that follow each other, 0 if there is none:
   whoever goes from the one to the other would pass over it. */
ph_status ph_segment_between(ph_disk *d, uint64_t after, uint64_t before, uint64_t *ret);

#endif
