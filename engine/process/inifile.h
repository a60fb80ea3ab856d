/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/inifile.h - INI text, line by line; the only door to inih.

    One key per line, `key = value`; sections in brackets; a comment starts with ; or # at the start
    of a line, or with " ;" behind a value.  A value does not continue on the next line.

    Lifetime  section, key and value are valid during the callback.
    Failure   every sentence names the file and, where there is one, the line. */
#ifndef ENGINE_PROCESS_INIFILE_H
#define ENGINE_PROCESS_INIFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/base/status.h"

enum { PH_INIFILE_LINE_MAX = 4096 }; /* bytes of a line with its end */

typedef struct {
    const char *section; /* "" before the first section */
    const char *key, *value;
    unsigned line; /* from 1 */
} ph_inifile_pair;

/* Takes one pair; on false it has put the reason, without file and line, into why. */
typedef bool (*ph_inifile_on_pair)(void *arg, const ph_inifile_pair *pair, char *why,
                                   size_t why_size);

/* Hears of one fault; the line is from 1. */
typedef void (*ph_inifile_on_fault)(void *arg, unsigned line, const char *why);

/* Reads `file` to its end.  `name` is for messages.  PH_EIO, or PH_ECORRUPT with the first line
   that is wrong; err (err_size bytes) receives the sentence. */
ph_status ph_inifile_read(FILE *file, const char *name, ph_inifile_on_pair take, void *arg,
                          char *err, size_t err_size);

typedef struct {
    ph_inifile_on_pair on_pair;
    ph_inifile_on_fault on_fault;
    void *arg; /* of both */
} ph_inifile_reader;

/* The same, but goes on behind whatever is wrong and tells of all of it, so that a file is
   corrected at once; only a line that is too long ends it.  PH_EIO: the file could not be read to
   its end, and errno says why. */
ph_status ph_inifile_check(FILE *file, const ph_inifile_reader *reader, unsigned *ret_faults);

#endif
