/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/settings.h"

#include <inttypes.h>

#include "engine/journal/format.h"
#include "engine/journal/state_file.h"
#include "engine/process/memory.h"

#define AT(member) PH_CONFIG_AT(ph_engine_settings, member)

/* The defaults are those of ph_market_limits_default, which a test holds. */
static const ph_config_row rows[] = {
    {"journal", PH_CONFIG_OWN_FOLDER, AT(journal), NULL, 1, 0,
     "directory of the journal: everything that ever happened, the only thing to back up"},
    {"spool", PH_CONFIG_OWN_FILE, AT(spool), NULL, 1, 0,
     "file of what gateways follow; computed again from the journal when it is missing"},
    {"link", PH_CONFIG_IPC_BIND, AT(link), NULL, 7, 0,
     "ipc://PATH for gateways; put it into a directory that only our processes can enter"},
    {"ready_file", PH_CONFIG_OWN_FILE, AT(ready_file), "", 0, 0,
     "written when commands are taken; empty for none"},
    {"operator_name", PH_CONFIG_TEXT, AT(operator_name), NULL, 1, 0,
     "name of participant 1, who registers the others; used when the journal is new"},
    {"operator_curve_key", PH_CONFIG_KEY_Z85, AT(operator_curve_key), NULL, 0, 0,
     "public key of the operator's connections (Z85); used when the journal is new"},
    {"operator_sign_key", PH_CONFIG_KEY_HEX, AT(operator_sign_key), NULL, 0, 0,
     "public key of the operator's signatures (hexadecimal); used when the journal is new"},
    {"notary_sign_key", PH_CONFIG_KEY_HEX, AT(notary_sign_key), NULL, 0, 0,
     "public key that contracts are signed with (hexadecimal); used when the journal is new"},
    {"segment_kib", PH_CONFIG_U64, AT(segment_kib), "65536", 64, 1 << 24,
     "KiB after which the journal begins a new file, a multiple of 4"},
    {"snapshot_every", PH_CONFIG_U64, AT(snapshot_every), "1000000", 0, UINT64_MAX,
     "records between two snapshots, which make a start short; one more at the end; 0 for none"},
    {"snapshots_kept", PH_CONFIG_U32, AT(snapshots_kept), "2", 1, PH_STATE_FILES_MAX / 2,
     "newest snapshots that stay, in the folder snapshots of the journal"},
    {"monitor", PH_CONFIG_LOOPBACK, AT(monitor), "", 0, 0,
     "127.0.0.1:PORT for figures, health and readiness over HTTP; empty for none"},
    {"touch_tables", PH_CONFIG_U32, AT(touch_tables), "0", 0, 1,
     "1: the memory of all tables below is taken at the start, so that no order waits for it; 0: "
     "as they fill"},
    {"participants_max", PH_CONFIG_U32, AT(limits.participants_max), "1024", 1, 1 << 20,
     "participants registered ever; like all tables below fixed when the journal is new"},
    {"sites_max", PH_CONFIG_U32, AT(limits.sites_max), "1024", 1, (1 << 20) - 1,
     "sites registered ever"},
    {"hardware_max", PH_CONFIG_U32, AT(limits.hardware_max), "1024", 1, (1 << 12) - 1,
     "hardware classes registered ever"},
    {"products_max", PH_CONFIG_U32, AT(limits.products_max), "2048", 1, 1 << 16,
     "products listed ever"},
    {"pools_max", PH_CONFIG_U32, AT(limits.pools_max), "4096", 1, 1 << 20,
     "capacities: supplier, site and hardware class"},
    {"ring_periods", PH_CONFIG_U32, AT(limits.ring_periods), "1024", 16, 1 << 15,
     "periods that a product can look ahead, a power of two"},
    {"orders_max", PH_CONFIG_U32, AT(limits.orders_max), "262144", 1, 1 << 26,
     "orders resting at one time"},
    {"order_periods_max", PH_CONFIG_U32, AT(limits.order_periods_max), "4194304", 1, 1 << 28,
     "periods of resting orders at one time"},
    {"blocks_max", PH_CONFIG_U32, AT(limits.blocks_max), "65536", 1, 1 << 24,
     "blocks resting at one time"},
    {"contracts_max", PH_CONFIG_U32, AT(limits.contracts_max), "1048576", 1, 1 << 28,
     "contracts concluded ever"},
    {"references_max", PH_CONFIG_U32, AT(limits.references_max), "65536", 1, 1 << 26,
     "references of payments ever"},
    {"terms_max", PH_CONFIG_U32, AT(limits.terms_max), "4096", 1, 1 << 20,
     "terms versions of all products ever"},
    {"deliveries_max", PH_CONFIG_U32, AT(limits.deliveries_max), "1048576", 1, 1 << 26,
     "contract-periods sold and not final at one time"},
    {"lots_max", PH_CONFIG_U32, AT(limits.lots_max), "1048576", 1, 1 << 28,
     "prices of these contract-periods at one time"},
    {"disputes_max", PH_CONFIG_U32, AT(limits.disputes_max), "16384", 1, 1 << 24,
     "contract-periods in dispute at one time"},
    {"probes_max", PH_CONFIG_U32, AT(limits.probes_max), "4096", 1, 1 << 20,
     "pairs of region and site with network measurements"},
    {"levels_max", PH_CONFIG_U32, AT(limits.levels_max), "1048576", 1, 1 << 27,
     "prices at which EACH orders rest, summed over their periods"},
};

/* A market takes memory only as it fills, but it must have it when it is full. */
static void check(const ph_config_market *market, const void *settings, ph_config_faults *f)
{
    const ph_engine_settings *s = settings;
    (void)market;
    if (s->segment_kib % (PH_JOURNAL_PAGE / 1024) != 0)
        ph_config_fault(f, "segment_kib", "\"segment_kib\" must be a multiple of %d, not %" PRIu64,
                        PH_JOURNAL_PAGE / 1024, s->segment_kib);
    if ((s->limits.ring_periods & (s->limits.ring_periods - 1)) != 0) {
        ph_config_fault(f, "ring_periods", "\"ring_periods\" must be a power of two, not %" PRIu32,
                        s->limits.ring_periods);
        return;
    }
    uint64_t needed = ph_market_footprint(&s->limits), there = ph_memory_of_machine();
    if (needed == 0 || needed > there)
        ph_config_fault(f, "",
                        "the tables of [engine] take %" PRIu64
                        " MiB when they are full, and this machine has %" PRIu64
                        " MiB: lower the largest of products_max, ring_periods, orders_max, "
                        "order_periods_max, contracts_max, deliveries_max, levels_max",
                        needed >> 20, there >> 20);
}

static const ph_config_table table = {
    .section = "engine",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(ph_engine_settings),
    .check = check,
};

const ph_config_table *ph_engine_table(void)
{
    return &table;
}
