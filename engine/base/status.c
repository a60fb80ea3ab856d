/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/status.h"

const char *ph_status_text(ph_status s)
{
    switch (s) {
#define X(name, code, text) \
    case name: return text;
        PH_STATUSES(X)
#undef X
    }
    return "unknown status";
}
