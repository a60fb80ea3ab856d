/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/watermark.h"

#include "engine/base/bytes.h"
#include "engine/journal/format.h"

ph_status ph_watermark_write(ph_disk *d, int lock, uint64_t seq)
{
    uint8_t bytes[PH_JOURNAL_LOCK_SIZE];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_write_u64(&w, seq);
    ph_write_u64(&w, ~seq);
    return d->ops->write(d, lock, 0, bytes, sizeof bytes);
}

ph_status ph_watermark_read(ph_disk *d, int *lock, ph_watermark *ret)
{
    ph_watermark mark = {0};
    if (*lock < 0) {
        ph_status s = d->ops->open(d, PH_JOURNAL_LOCK_NAME, PH_FILE_READ, lock);
        if (s == PH_ENOTFOUND) {
            *ret = mark;
            return PH_OK;
        }
        if (s != PH_OK) return s;
    }
    ph_status s = d->ops->locked(d, *lock, &mark.is_held);
    if (s != PH_OK) return s;
    uint8_t bytes[PH_JOURNAL_LOCK_SIZE];
    size_t got = 0;
    if (mark.is_held) s = d->ops->read(d, *lock, 0, bytes, sizeof bytes, &got);
    if (s != PH_OK) return s;
    ph_reader r = ph_reader_of(bytes, got);
    uint64_t seq = ph_read_u64(&r);
    /* A number that is being written does not agree with its complement: nothing is known yet. */
    if (ph_read_u64(&r) == ~seq && !r.bad) mark.seq = seq;
    *ret = mark;
    return PH_OK;
}
