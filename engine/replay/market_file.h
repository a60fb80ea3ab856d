/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/replay/market_file.h - the state of a market in a file: engine/core/snapshot in
    engine/journal/state_file.

    A file proves by itself only that its bytes are those that were written.  Whether the record and
    the chain hash that it states are those of a journal is for ph_replay_begin to find out.

    Owns      nothing; the disk is the caller's.
    Thread    one. */
#ifndef ENGINE_REPLAY_MARKET_FILE_H
#define ENGINE_REPLAY_MARKET_FILE_H

#include "engine/core/market.h"
#include "engine/journal/fault.h"
#include "engine/journal/file.h"
#include "engine/journal/state_file.h"

/* Below the journal's directory: where an engine keeps the snapshots of its market. */
#define PH_MARKET_FILE_FOLDER "snapshots"

/* Writes the market as of head->seq, which is its last command, and keeps `keep` files up to it;
   see ph_state_file_write. */
ph_status ph_market_file_write(ph_disk *d, const ph_state_head *head, const ph_market *m,
                               uint32_t keep);

/* Loads a market with these limits.  On success the caller owns *ret (market_block.h).  Otherwise
   reterr has a sentence that names the file and says why. */
ph_status ph_market_file_load(ph_disk *d, uint64_t seq, const ph_market_limits *limits,
                              ph_market **ret, ph_state_head *ret_head, ph_journal_fault *reterr);

#endif
