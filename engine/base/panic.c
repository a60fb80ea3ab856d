/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/panic.h"

#include <stddef.h>

static ph_panic_hook panic_hook;

void ph_panic_set_hook(ph_panic_hook hook)
{
    panic_hook = hook;
}

_Noreturn void ph_panic(const char *what, const char *file, int line)
{
    if (panic_hook != NULL) panic_hook(what, file, line);
    __builtin_trap();
}
