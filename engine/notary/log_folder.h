/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/log_folder.h - the transparency log as a folder of files that others fetch.

      checkpoint                 signed note of the newest tree
      tile/<level>/<index>       full tiles, and .p/<width> those in the making

    A tile that a checkpoint states is there before that checkpoint is.  Every file is written
    aside, synced and renamed; what has its name never changes again but the checkpoint.

    What was published binds: the checkpoint that is found at open must be one of the tree that is
    appended, or nothing more is published.  The tree goes on from the tiles if they give the root
    of that checkpoint; if they do not, it begins at the first leaf again, and wrong tiles are made
    again from the leaves.

    Owns      the folder, locked against a second process, and about 200 KiB.
    Thread    one.
    Failure   err receives a sentence; after a failure of append or publish nothing more can be
              done with it. */
#ifndef ENGINE_NOTARY_LOG_FOLDER_H
#define ENGINE_NOTARY_LOG_FOLDER_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/notary/checkpoint.h"

enum { PH_LOG_NOTE_MAX = 8192 }; /* bytes of the file "checkpoint" */

typedef struct ph_log_folder ph_log_folder;

/* Whose log it is: checkpoints are signed by one of the keys. */
typedef struct {
    const char *market;
    const ph_key *keys;
    uint32_t key_cnt;
} ph_log_owner;

/* Opens the log of a market and makes the folder if it is missing
   (one level).  PH_EBUSY: another process has it; PH_ECORRUPT: its checkpoint is no signed
   checkpoint; PH_EDENIED: its checkpoint is of another log or another key; PH_EIO, PH_EFULL. */
ph_status ph_log_folder_open(const char *path, const ph_log_owner *owner, ph_log_folder **ret,
                             char *err, size_t err_size);

/* Why the tree begins at the first leaf although something was published; NULL if it does not. */
const char *ph_log_folder_mending(const ph_log_folder *f);

/* Leaves of the tree: what is appended next is this leaf. */
uint64_t ph_log_folder_leaf_cnt(const ph_log_folder *f);

/* The checkpoint that was published last; leaf_cnt 0: none. */
const ph_log_checkpoint *ph_log_folder_published(const ph_log_folder *f);

/* The tree as it is now; it has at least one leaf. */
ph_hash ph_log_folder_root(const ph_log_folder *f);

/* Compares leaf `index`, which is in the tree since before open.  PH_EDIVERGED: the log has another
   one; PH_ECORRUPT, PH_EIO: its tile. */
ph_status ph_log_folder_compare(ph_log_folder *f, uint64_t index, const ph_hash *leaf, char *err,
                                size_t err_size);

/* Appends a leaf.  PH_EDIVERGED: with it the tree is as large as that of the published checkpoint,
   but has another root; PH_EIO, PH_EFULL. */
ph_status ph_log_folder_append(ph_log_folder *f, const ph_hash *leaf, char *err, size_t err_size);

/* Publishes the tree as it is: its tiles, then the note of its checkpoint.  The tree must be larger
   than the one that was published last.  PH_EIO, PH_EFULL. */
ph_status ph_log_folder_publish(ph_log_folder *f, const ph_log_checkpoint *c, const char *note,
                                size_t size, char *err, size_t err_size);

/* Accepts NULL.  What was not published is forgotten. */
void ph_log_folder_close(ph_log_folder *f);

#endif
