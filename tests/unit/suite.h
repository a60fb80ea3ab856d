/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/suite.h - the main function of a unit test: one suite, one test case, run it; and
    assertions for inner loops. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* ck_assert and ck_assert_msg for what is asked a hundred thousand times: Check writes a mark for
   its parent at each of its own, which takes longer than most of what is tested. */
#define REQUIRE(expr) REQUIRE_MSG(expr, "%s", #expr)
#define REQUIRE_MSG(expr, ...)                  \
    do {                                        \
        if (!(expr)) ck_abort_msg(__VA_ARGS__); \
    } while (0)

/* Runs `add` on one test case and prints Check's closing line. Returns the exit status. */
static inline int suite_run(const char *name, void (*add)(TCase *tests))
{
    Suite *s = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 240);
    add(tests);
    suite_add_tcase(s, tests);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
