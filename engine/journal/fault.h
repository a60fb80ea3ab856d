/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/fault.h - why the journal said no: a sentence and the record it is about.

    The sentence names file, offset, what is wrong and what to do.  It is composed by hand because
    the journal's pure part links nothing but memory functions.

    Owns      nothing: a plain value of the caller; written only when a call fails.
    Thread    any, one at a time. */
#ifndef ENGINE_JOURNAL_FAULT_H
#define ENGINE_JOURNAL_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

typedef struct {
    char text[512]; /* lower case, without a full stop; cut when it does not fit */
    uint64_t seq;   /* the record that could not be read or written, 0 if none is known */
} ph_journal_fault;

/* Starts a sentence about no record. */
void ph_fault_begin(ph_journal_fault *f);

/* Add to the sentence; return f so that calls can be nested. */
ph_journal_fault *ph_fault_text(ph_journal_fault *f, const char *text);
ph_journal_fault *ph_fault_number(ph_journal_fault *f, uint64_t v);

/* What a sentence is about. */
typedef struct {
    const char *name; /* of the segment */
    uint64_t offset;  /* in it */
    uint64_t seq;     /* of the record, 0 if none is known */
} ph_fault_place;

/* A whole sentence `segment "NAME" offset N (record SEQ): WHAT; REMEDY`; remedy may be NULL.
   Returns status, so that a failing function can end with it. */
ph_status ph_fault_at(ph_journal_fault *f, ph_status status, ph_fault_place place, const char *what,
                      const char *remedy);

#endif
