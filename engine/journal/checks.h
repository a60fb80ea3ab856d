/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/journal/checks.h - the checksums of several records at once.

    The values are those of ph_chain_check.  Records are short, so one SipHash waits for itself most
    of the time; eight side by side take as long as two.

    Owns      nothing.
    Thread    any. */
#ifndef ENGINE_JOURNAL_CHECKS_H
#define ENGINE_JOURNAL_CHECKS_H

#include <stddef.h>
#include <stdint.h>

enum { PH_CHECKS_MAX = 8 };

typedef struct {
    const uint8_t *bytes;
    size_t size;
} ph_checked;

/* ret[i] is the checksum of v[i] under the number first + i; cnt is at most PH_CHECKS_MAX. */
void ph_chain_checks(uint64_t first, const ph_checked *v, uint32_t cnt, uint64_t *ret);

#endif
