/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/log_leaf.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"
#include "engine/notary/merkle.h"

enum { HEAD_SIZE = 3 * 8 + 2 * 32 };

ph_hash ph_log_record_hash(const ph_log_record *r)
{
    uint8_t head[HEAD_SIZE];
    ph_writer w = ph_writer_of(head, sizeof head);
    ph_write_u64(&w, r->seq);
    ph_write_u64(&w, r->at.ns);
    ph_write_u64(&w, r->event_check);
    ph_write_bytes(&w, r->previous.b, sizeof r->previous.b);
    ph_write_bytes(&w, r->events.b, sizeof r->events.b);
    PH_ASSERT(!w.full && ph_writer_size(&w) == sizeof head);
    ph_digest d;
    ph_digest_begin(&d, PH_DIGEST_RECORD);
    ph_digest_add(&d, head, sizeof head);
    ph_digest_add(&d, r->bytes, r->size);
    return ph_digest_end(&d);
}

ph_hash ph_log_leaf(const ph_log_record *r)
{
    ph_hash record = ph_log_record_hash(r);
    return ph_merkle_leaf(record.b, sizeof record.b);
}
