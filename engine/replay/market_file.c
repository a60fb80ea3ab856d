/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/market_file.h"

#include "engine/base/panic.h"
#include "engine/core/snapshot.h"
#include "engine/process/memory.h"
#include "engine/replay/market_block.h"

static void write_market(const void *state, void (*put)(void *arg, const void *bytes, size_t n),
                         void *arg)
{
    ph_snapshot_write(state, put, arg);
}

ph_status ph_market_file_write(ph_disk *d, const ph_state_head *head, const ph_market *m,
                               uint32_t keep)
{
    PH_ASSERT(head->seq == ph_market_seq(m));
    return ph_state_file_write(d, head, write_market, m, keep);
}

static ph_status refuse(ph_status s, uint64_t seq, const char *why, ph_journal_fault *reterr)
{
    char name[PH_STATE_FILE_NAME_SIZE];
    ph_state_file_name(seq, name);
    ph_fault_begin(reterr);
    ph_fault_text(ph_fault_text(reterr, "snapshot \""), name);
    ph_fault_text(ph_fault_text(reterr, "\": "), why);
    reterr->seq = seq;
    return s;
}

static const char *reason_of(ph_disk *d, ph_status s)
{
    bool is_of_disk = s == PH_EIO || s == PH_ENOTFOUND || s == PH_EDENIED;
    return is_of_disk ? d->ops->reason(d) : ph_status_text(s);
}

/* Reads the state into fresh memory, verified; the caller unmaps head->size bytes. */
static ph_status read_state(ph_disk *d, uint64_t seq, ph_state_head *ret_head, void **ret,
                            ph_journal_fault *reterr)
{
    ph_state_head head;
    void *room = NULL;
    ph_status s = ph_state_file_head(d, seq, &head);
    if (s != PH_OK) return refuse(s, seq, reason_of(d, s), reterr);
    uint64_t size = head.size;
    if (size == 0) return refuse(PH_ECORRUPT, seq, "it holds no state", reterr);
    s = ph_memory_map((size_t)size, &room);
    if (s != PH_OK) return refuse(s, seq, "not enough memory to read it", reterr);
    s = ph_state_file_read(d, seq, room, size, &head);
    if (s == PH_OK && head.size != size) s = PH_ECORRUPT;
    if (s != PH_OK) {
        ph_memory_unmap(room, (size_t)size);
        return refuse(s, seq, reason_of(d, s), reterr);
    }
    *ret_head = head;
    *ret = room;
    return PH_OK;
}

static ph_status load_state(const void *state, const ph_state_head *head,
                            const ph_market_limits *limits, ph_market **ret,
                            ph_journal_fault *reterr)
{
    ph_market *m;
    ph_status s = ph_market_block_new(limits, &m);
    if (s != PH_OK) return refuse(s, head->seq, "not enough memory for the market", reterr);
    ph_snapshot_fault fault;
    s = ph_snapshot_load(m, state, (size_t)head->size, &fault);
    if (s != PH_OK) {
        (void)refuse(s, head->seq, fault.what, reterr);
        ph_fault_number(ph_fault_text(reterr, ", at byte "), fault.offset);
        ph_fault_text(reterr, " of its state");
    } else if (ph_market_seq(m) != head->seq) {
        s = refuse(PH_ECORRUPT, head->seq, "its state is that of another record", reterr);
    }
    if (s != PH_OK)
        ph_market_block_free(m);
    else
        *ret = m;
    return s;
}

ph_status ph_market_file_load(ph_disk *d, uint64_t seq, const ph_market_limits *limits,
                              ph_market **ret, ph_state_head *ret_head, ph_journal_fault *reterr)
{
    ph_state_head head;
    void *state;
    ph_status s = read_state(d, seq, &head, &state, reterr);
    if (s != PH_OK) return s;
    s = load_state(state, &head, limits, ret, reterr);
    ph_memory_unmap(state, (size_t)head.size);
    if (s == PH_OK) *ret_head = head;
    return s;
}
