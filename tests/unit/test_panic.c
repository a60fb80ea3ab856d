/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/base/panic.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

enum { HOOK_RAN = 42, HOOK_DIFFERS = 43 };

static void leave(const char *what, const char *file, int line)
{
    const char *name = strrchr(file, '/');
    bool is_right = strcmp(what, "assertion failed: 1 + 1 == 3") == 0 && name != NULL &&
                    strcmp(name, "/test_panic.c") == 0 && line > 0;
    _Exit(is_right ? HOOK_RAN : HOOK_DIFFERS);
}

START_TEST(a_condition_that_holds_goes_on)
{
    ph_panic_set_hook(leave);
    PH_ASSERT(1 + 1 == 2);
}
END_TEST

START_TEST(a_condition_that_fails_calls_the_hook_with_its_place)
{
    ph_panic_set_hook(leave);
    PH_ASSERT(1 + 1 == 3);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_condition_that_holds_goes_on);
    tcase_add_exit_test(t, a_condition_that_fails_calls_the_hook_with_its_place, HOOK_RAN);
}

int main(void)
{
    return suite_run("panic", add);
}
