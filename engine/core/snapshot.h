/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/snapshot.h - the whole state of a market as canonical bytes.

    Two markets that went through the same commands write the same bytes, whatever places in their
    tables they use; one that is loaded goes on like the one that was written.

    Format    version 2, little-endian, fixed widths, no padding (snapshot.c visits every field
              once, for both directions): "PHSTATE1", u32 version, the sizes of the tables, then
              registry, capacity, ledger, contracts with their unfinished periods, and resting
              orders in the order in which they came to rest.
    Fault     any bytes may be given: loading checks every field, every reference and every sum
              before it builds on them (snapshot_check.h), and then every law. */
#ifndef ENGINE_CORE_SNAPSHOT_H
#define ENGINE_CORE_SNAPSHOT_H

#include "engine/base/status.h"
#include "engine/core/market.h"

/* Hands the bytes to `put`, piece by piece. */
void ph_snapshot_write(const ph_market *m, void (*put)(void *arg, const void *bytes, size_t size),
                       void *arg);

/* Where a load stopped and why. */
typedef struct {
    uint64_t offset;  /* behind the field, or at the end for what only the whole shows */
    const char *what; /* lower case, without a full stop; lives for ever */
} ph_snapshot_fault;

/* Fills an empty market of the same limits.  PH_EVERSION: another version; PH_EINVAL: other limits;
   PH_ECORRUPT: not a snapshot.  After a failure
   *reterr says why, and the market's block is of no use any more. */
ph_status ph_snapshot_load(ph_market *empty, const void *bytes, size_t size,
                           ph_snapshot_fault *reterr);

#endif
