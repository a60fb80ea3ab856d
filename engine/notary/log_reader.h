/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/log_reader.h - hashes of a tree from the tiles of a folder, none of them trusted.

    What a reader gives follows from the root that it was opened with: the newest tile of each level
    must give that root together, and every other tile must be the one that the level above states.
    A tile that was changed, cut or exchanged is named.

    Owns      a descriptor of the folder and about 130 KiB.
    Thread    one. */
#ifndef ENGINE_NOTARY_LOG_READER_H
#define ENGINE_NOTARY_LOG_READER_H

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/notary/log_tree.h"

typedef struct ph_log_reader ph_log_reader;

/* What a tree must be. */
typedef struct {
    uint64_t leaf_cnt; /* at least 1 */
    ph_hash root;
} ph_log_size;

/* Opens the tiles of a log folder for the tree of that size and root.  PH_ENOTFOUND: there is no
   such folder; PH_ECORRUPT: a tile is missing, cut, or the newest tiles do not give the root;
   PH_EIO, PH_EFULL.  err receives a sentence on failure. */
ph_status ph_log_reader_open(const char *folder, const ph_log_size *size, ph_log_reader **ret,
                             char *err, size_t err_size);

/* The tree's right edge, which gives the root. */
const ph_log_tree *ph_log_reader_edge(const ph_log_reader *r);

/* Hashes of the tree, for proofs; valid as long as the reader.  A request beyond the tree is a bug.
   PH_ECORRUPT: a tile is missing, cut, or not the one the level above states; PH_EIO. */
ph_hash_source ph_log_reader_source(ph_log_reader *r);

/* Why the source failed last: a sentence that names the tile. */
const char *ph_log_reader_why(const ph_log_reader *r);

/* Accepts NULL. */
void ph_log_reader_close(ph_log_reader *r);

#endif
