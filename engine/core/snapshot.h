/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/snapshot.h - the whole state of a market as canonical bytes.

    Two markets that went through the same commands write the same bytes, whatever places in their
    tables they use; one that is loaded goes on like the one that was written.

    Format    version 1, little-endian, fixed widths, no padding (snapshot.c visits every field
              once, for both directions): "PHSTATE1", u32 version, the sizes of the tables, then
              registry, capacity, ledger, contracts with their unfinished periods, and resting
              orders in the order in which they came to rest.
    Fault     who loads has compared the digest of the bytes first.  Loading checks form, ranges and
              then every law, and answers PH_ECORRUPT; bytes that no market wrote, with a digest to
              match, may stop the program. */
#ifndef ENGINE_CORE_SNAPSHOT_H
#define ENGINE_CORE_SNAPSHOT_H

#include "engine/base/status.h"
#include "engine/core/market.h"

/* Hands the bytes to `put`, piece by piece. */
void ph_snapshot_write(const ph_market *m, void (*put)(void *arg, const void *bytes, size_t size),
                       void *arg);

/* Fills an empty market of the same limits.  PH_EVERSION: another version; PH_EINVAL: other limits;
   PH_ECORRUPT: not a snapshot.  After a failure the market's block is of no use any more. */
ph_status ph_snapshot_load(ph_market *empty, const void *bytes, size_t size);

#endif
