/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/ratelimit.h"

#include "engine/base/panic.h"

#define TOKEN    UINT64_C(1000000000)
#define OWED_MAX ((UINT64_C(1) << 33) * TOKEN) /* with a full bucket still within 64 bits */

phg_ratelimit phg_ratelimit_of(uint32_t per_second, uint32_t burst, uint64_t now_ns)
{
    PH_ASSERT(per_second >= 1 && burst >= 1);
    return (phg_ratelimit){
        .per_second = per_second, .burst = burst, .credit = burst * TOKEN, .at_ns = now_ns};
}

static void refill(phg_ratelimit *r, uint64_t now_ns)
{
    uint64_t full = r->burst * TOKEN;
    if (now_ns <= r->at_ns) return;
    uint64_t passed = now_ns - r->at_ns;
    r->at_ns = now_ns;
    /* per_second tokens a second are per_second billionths a nanosecond. */
    if (passed >= (full - r->credit + r->owed) / r->per_second + 1) {
        r->credit = full;
        r->owed = 0;
        return;
    }
    uint64_t more = passed * r->per_second, paid = more < r->owed ? more : r->owed;
    r->owed -= paid;
    r->credit += more - paid;
}

bool phg_ratelimit_take(phg_ratelimit *r, uint64_t now_ns, uint32_t cnt)
{
    refill(r, now_ns);
    if (r->credit < cnt * TOKEN) return false;
    r->credit -= cnt * TOKEN;
    return true;
}

void phg_ratelimit_charge(phg_ratelimit *r, uint64_t now_ns, uint32_t cnt)
{
    refill(r, now_ns);
    uint64_t price = cnt * TOKEN, paid = price < r->credit ? price : r->credit;
    r->credit -= paid;
    r->owed += price - paid;
    if (r->owed > OWED_MAX) r->owed = OWED_MAX;
}

uint32_t phg_ratelimit_left(phg_ratelimit *r, uint64_t now_ns)
{
    refill(r, now_ns);
    return (uint32_t)(r->credit / TOKEN); /* at most burst */
}

bool phg_ratelimit_is_low(const phg_ratelimit *r)
{
    return r->credit < r->burst * TOKEN / 4;
}
