/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/config.h - one INI file for all daemons; each reads [market] and its own section.

    A daemon says what it understands with one table of rows; the rest follows from the table:
    parsing, ranges, defaults, what is missing, and the commented text of --print-config.

      key given that the table does not have     refused, with the closest name if one is near
      key given twice, empty, too long, not a number, out of range     refused
      key of another daemon's section            ignored: that daemon refuses it
      section that belongs to no daemon          refused, with the names of those that exist

    Reading looks at the words only, and makes the daemon's own check where its table says so.
    Checking also looks at what they name: files, folders, sockets, addresses (location.h), and at
    what only the daemon knows (the table's check).

    Owns      nothing.
    Failure   err receives one sentence with file, line, key, what is wrong and what is allowed. */
#ifndef ENGINE_PROCESS_CONFIG_H
#define ENGINE_PROCESS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

typedef enum {
    PH_CONFIG_TEXT = 1, /* char[], zero-terminated, bytes after the end zero */
    PH_CONFIG_PATH = 2, /* the same; a name in the file system that need not be there yet */
    PH_CONFIG_U32 = 3,
    PH_CONFIG_U64 = 4,
    PH_CONFIG_KEY_Z85 = 5, /* ph_key; 40 characters of Z85 */
    PH_CONFIG_KEY_HEX = 6, /* ph_key; 64 hexadecimal digits */
    /* Text as above; what it names is looked at by a check, unless it is empty. */
    PH_CONFIG_FOLDER = 7,       /* a folder that is read */
    PH_CONFIG_OWN_FOLDER = 8,   /* a folder that is written, and made when it is missing */
    PH_CONFIG_OWN_FILE = 9,     /* a file that is written, and made when it is missing */
    PH_CONFIG_KEY_FILE = 10,    /* keys, see keyfile.h */
    PH_CONFIG_IPC_BIND = 11,    /* ipc://PATH that is made */
    PH_CONFIG_IPC_CONNECT = 12, /* ipc://PATH of another process, which may be away */
    PH_CONFIG_TCP = 13,         /* tcp://HOST:PORT; port * for a free one */
    PH_CONFIG_LOOPBACK = 14,    /* 127.a.b.c:PORT; port 0 for a free one */
} ph_config_type;

/* One key.  For numbers min .. max is the range of the value; for text and paths min is the fewest
   bytes (0: may be empty) and the room decides the most. */
typedef struct {
    const char *key;
    ph_config_type type;
    size_t offset;        /* in the daemon's settings */
    size_t size;          /* of the member */
    const char *fallback; /* value when the file does not have the key; NULL: it must be given */
    uint64_t min, max;
    const char *why; /* one line, as in: "directory of the journal" */
} ph_config_row;

/* Offset and size of a member, for a row: {"journal", PH_CONFIG_PATH, PH_CONFIG_AT(settings,
   journal), NULL, 1, 0, "directory of the journal"} */
#define PH_CONFIG_AT(type, member) offsetof(type, member), sizeof(((type *)0)->member)

/* [market], which every daemon reads. */
typedef struct {
    char name[64];    /* origin of everything that is signed */
    char currency[4]; /* three capital letters */
} ph_config_market;

/* Hears of one fault; line 0: of the file as a whole. */
typedef void (*ph_config_on_fault)(void *arg, unsigned line, const char *sentence);

/* Where a daemon's own check tells its faults. */
typedef struct ph_config_faults ph_config_faults;

/* Tells of a fault of a key of the own section or of [market], or, with "", of several. */
void ph_config_fault(ph_config_faults *f, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What only the daemon can say of values.  One that the file does not give, or gives wrong, is its
   default, or zero; faults that are told of such a key count for nothing, and none of several keys
   does while there is one. */
typedef void (*ph_config_own_check)(const ph_config_market *market, const void *settings,
                                    ph_config_faults *f);

typedef struct {
    const char *section; /* own section: "engine", "notary", "settle", "gateway" */
    const ph_config_row *rows;
    uint32_t row_cnt;
    size_t settings_size;
    ph_config_own_check check; /* may be NULL */
    bool is_checked_at_start;  /* reading makes this check as well */
} ph_config_table;

/* Reads the file into *ret_market and the daemon's settings (settings_size bytes).  Both are
   untouched on failure.  PH_ENOTFOUND, PH_EDENIED, PH_EIO: the file; PH_EINVAL: what it says;
   PH_EFULL: no memory. */
ph_status ph_config_read(const char *path, const ph_config_table *table,
                         ph_config_market *ret_market, void *ret_settings, char *err,
                         size_t err_size);

/* Looks at everything and tells of every fault, with the line and what to do; starts nothing and
   changes nothing.  The number of faults; with 0 the values are in *ret_market and *ret_settings,
   otherwise these are untouched.  What a value names is looked at where the value is good, also
   when others are not. */
uint32_t ph_config_check(const char *path, const ph_config_table *table,
                         ph_config_on_fault on_fault, void *arg, ph_config_market *ret_market,
                         void *ret_settings);

/* Writes the effective values as a file that ph_config_read takes, each with its reason. */
void ph_config_print(FILE *to, const ph_config_table *table, const ph_config_market *market,
                     const void *settings);

#endif
