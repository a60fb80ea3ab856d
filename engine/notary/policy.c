/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/policy.h"

#include "engine/base/bytes.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/document.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"

#include <string.h>

static bool starts_with(const void *bytes, size_t size, const char *prefix)
{
    size_t prefix_size = strlen(prefix);
    return size >= prefix_size && memcmp(bytes, prefix, prefix_size) == 0;
}

static bool is_command(const void *bytes, size_t size)
{
    ph_command c;
    return ph_command_read(bytes, size, &c) == PH_OK;
}

static bool is_record(const void *bytes, size_t size)
{
    ph_record r;
    return ph_record_read(bytes, size, &r) == PH_OK;
}

static bool is_event(const void *bytes, size_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    (void)ph_event_read(&r); /* only whether it reads to the end is asked */
    return ph_reader_done(&r);
}

/* A node is hashed from 65 bytes that start with 1; a leaf from bytes that start with 0. */
static bool is_node(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    return size != 0 && (b[0] == 0 || (b[0] == 1 && size == 65));
}

unsigned ph_policy_readings(const char *market, const void *bytes, size_t size)
{
    unsigned readings = 0;
    ph_checkpoint c;
    if (ph_checkpoint_read(bytes, size, &c) == PH_OK)
        readings |= strcmp(c.market.s, market) == 0 ? (unsigned)PH_READING_CONTRACT_ROOT
                                                    : (unsigned)PH_READING_OTHER_ROOT;
    ph_log_checkpoint l;
    if (ph_log_checkpoint_read(bytes, size, &l) == PH_OK)
        readings |= strcmp(l.market.s, market) == 0 ? (unsigned)PH_READING_LOG_ROOT
                                                    : (unsigned)PH_READING_OTHER_ROOT;
    if (starts_with(bytes, size, PH_DOCUMENT_MAGIC)) readings |= PH_READING_CONTRACT;
    if (starts_with(bytes, size, "cosignature/")) readings |= PH_READING_COSIGNATURE;
    if (starts_with(bytes, size, "subtree/")) readings |= PH_READING_COSIGNATURE;
    if (is_command(bytes, size)) readings |= PH_READING_COMMAND;
    if (is_record(bytes, size)) readings |= PH_READING_RECORD;
    if (is_event(bytes, size)) readings |= PH_READING_EVENT;
    if (is_node(bytes, size)) readings |= PH_READING_NODE;
    return readings;
}

ph_status ph_policy_check(const char *market, uint64_t first_seq, const void *bytes, size_t size)
{
    if (ph_policy_readings(market, bytes, size) != PH_READING_CONTRACT_ROOT) return PH_EDENIED;
    ph_checkpoint c;
    ph_status s = ph_checkpoint_read(bytes, size, &c);
    return s == PH_OK && c.first_seq == first_seq ? PH_OK : PH_EDENIED;
}

ph_status ph_policy_check_log(const char *market, uint64_t leaf_cnt, const void *bytes, size_t size)
{
    if (ph_policy_readings(market, bytes, size) != PH_READING_LOG_ROOT) return PH_EDENIED;
    ph_log_checkpoint c;
    ph_status s = ph_log_checkpoint_read(bytes, size, &c);
    return s == PH_OK && c.leaf_cnt == leaf_cnt ? PH_OK : PH_EDENIED;
}
