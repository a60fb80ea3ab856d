/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/snapshots.h"

#include <inttypes.h>

#include "engine/journal/file_posix.h"
#include "engine/process/log.h"
#include "engine/replay/market_file.h"

enum { KEPT = 2 };

static void warn_refused(void *arg, const char *sentence)
{
    (void)arg;
    ph_log_warning("did not use a snapshot: %s", sentence);
}

ph_status ph_settle_snapshots_begin(ph_replay *r, const char *folder, uint64_t last,
                                    ph_replay_error *reterr)
{
    if (folder[0] == '\0' || last == 0) return PH_OK;
    ph_replay_snapshots from = {
        .directory = folder, .first = 1, .last = last, .on_refused = warn_refused};
    ph_status s = ph_replay_begin(r, &from, reterr);
    if (s == PH_OK)
        ph_log_info("began with the snapshot of record %" PRIu64, ph_replay_snapshot(r)->seq);
    return s == PH_ENOTFOUND ? PH_OK : s;
}

void ph_settle_snapshots_write(const ph_replay *r, const char *folder, ph_state_head head)
{
    ph_disk_posix d;
    head.market = ph_replay_market_name(r);
    ph_status s = ph_disk_posix_open(folder, true, &d);
    if (s == PH_OK) s = ph_market_file_write(&d.disk, &head, ph_replay_market(r), KEPT);
    if (s == PH_OK)
        ph_log_info("wrote a snapshot of record %" PRIu64, head.seq);
    else
        ph_log_warning("could not write a snapshot of record %" PRIu64 " in \"%s\": %s", head.seq,
                       folder, s == PH_ECORRUPT ? ph_status_text(s) : d.why);
    ph_disk_posix_close(&d);
}
