/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/location.h"

#include <string.h>

#include "tests/unit/suite.h"

static char why[1024];

static bool good(ph_config_type type, const char *value)
{
    const ph_config_row row = {"key", type, 0, 0, "", 0, 0, ""};
    why[0] = '\0';
    bool is_good = ph_location_check(&row, value, why, sizeof why);
    ck_assert_msg(is_good || strncmp(why, "\"key\"", 5) == 0, "%s", why);
    return is_good;
}

START_TEST(loopback)
{
    uint32_t ipv4 = 0;
    uint16_t port = 0;
    ck_assert(ph_location_loopback("127.0.0.1:9471", &ipv4, &port));
    ck_assert_uint_eq(ipv4, 0x7f000001);
    ck_assert_uint_eq(port, 9471);
    ck_assert(ph_location_loopback("127.255.9.10:0", &ipv4, &port));
    ck_assert_uint_eq(ipv4, 0x7fff090a);
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:1x",
        "128.0.0.1:1",
        "0.0.0.0:1",
        "127.0.0:1",
        "127.0.0.256:1",
        "127.0.0.1:123456",
        "localhost:1",
        ":1",
        "127.0.0.1.1:1",
        "127..0.1:1",
        "127.0.0.0001:1",
        " 127.0.0.1:1",
        "[::1]:1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!ph_location_loopback(bad[i], &ipv4, &port), "%s", bad[i]);
        ck_assert_msg(bad[i][0] == '\0' || !good(PH_CONFIG_LOOPBACK, bad[i]), "%s", bad[i]);
    }
}
END_TEST

START_TEST(what_is_empty_names_nothing)
{
    for (int type = PH_CONFIG_FOLDER; type <= PH_CONFIG_LOOPBACK; type++)
        ck_assert(good((ph_config_type)type, ""));
    ck_assert(good(PH_CONFIG_TEXT, "/nowhere"));
    ck_assert(good(PH_CONFIG_PATH, "/nowhere"));
}
END_TEST

START_TEST(folders_of_paths)
{
    ck_assert(good(PH_CONFIG_FOLDER, "/tmp"));
    ck_assert(good(PH_CONFIG_OWN_FOLDER, "/tmp"));
    ck_assert(good(PH_CONFIG_OWN_FOLDER, "/tmp/petahour-not-there/"));
    ck_assert(good(PH_CONFIG_OWN_FILE, "/tmp/petahour-not-there"));
    ck_assert(good(PH_CONFIG_IPC_BIND, "ipc:///tmp/petahour-not-there"));
    ck_assert(!good(PH_CONFIG_OWN_FILE, "/dev/null/x"));
    ck_assert(!good(PH_CONFIG_OWN_FILE, "/tmp"));
    ck_assert(!good(PH_CONFIG_FOLDER, "/dev/null"));
    ck_assert(!good(PH_CONFIG_FOLDER, "/tmp/petahour-not-there"));
    ck_assert(!good(PH_CONFIG_IPC_CONNECT, "ipc:///nowhere/x"));
    ck_assert(good(PH_CONFIG_OWN_FILE, "a file here"));
}
END_TEST

START_TEST(addresses)
{
    ck_assert(good(PH_CONFIG_TCP, "tcp://*:7001"));
    ck_assert(good(PH_CONFIG_TCP, "tcp://[::1]:7001"));
    ck_assert(good(PH_CONFIG_TCP, "tcp://10.0.0.1:*"));
    ck_assert(!good(PH_CONFIG_TCP, "tcp://10.0.0.1:0"));
    ck_assert(!good(PH_CONFIG_TCP, "tcp://:7001"));
    ck_assert(!good(PH_CONFIG_TCP, "ipc:///tmp/x"));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, loopback);
    tcase_add_test(tests, what_is_empty_names_nothing);
    tcase_add_test(tests, folders_of_paths);
    tcase_add_test(tests, addresses);
}

int main(void)
{
    return suite_run("location", add);
}
