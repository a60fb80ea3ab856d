/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/state_hash.h"

#include <sodium.h>

#include "engine/core/snapshot.h"

static void take(void *arg, const void *bytes, size_t size)
{
    crypto_generichash_update(arg, bytes, size);
}

ph_hash ph_state_hash(const ph_market *m)
{
    crypto_generichash_state h;
    ph_hash hash;
    crypto_generichash_init(&h, NULL, 0, sizeof hash.b);
    ph_snapshot_write(m, take, &h);
    crypto_generichash_final(&h, hash.b, sizeof hash.b);
    return hash;
}
