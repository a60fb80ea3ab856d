/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/config.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/suite.h"

typedef struct {
    char journal[32];
    char ready_file[16];
    uint32_t orders_max;
    uint64_t spool_bytes;
    ph_key curve_key, sign_key;
    char address[32];
} settings;

static const ph_config_row rows[] = {
    {"journal", PH_CONFIG_PATH, PH_CONFIG_AT(settings, journal), NULL, 1, 0, "directory"},
    {"ready_file", PH_CONFIG_PATH, PH_CONFIG_AT(settings, ready_file), "", 0, 0, "written late"},
    {"orders_max", PH_CONFIG_U32, PH_CONFIG_AT(settings, orders_max), "1000", 1, 5000, "resting"},
    {"spool_bytes", PH_CONFIG_U64, PH_CONFIG_AT(settings, spool_bytes), "7", 0, UINT64_MAX, "room"},
    {"curve_key", PH_CONFIG_KEY_Z85, PH_CONFIG_AT(settings, curve_key),
     "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", 0, 0, "connections"},
    {"sign_key", PH_CONFIG_KEY_HEX, PH_CONFIG_AT(settings, sign_key),
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0, 0, "signatures"},
    {"address", PH_CONFIG_TCP, PH_CONFIG_AT(settings, address), "", 0, 0, "sessions"},
};

static const ph_config_table table = {
    .section = "engine",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(settings),
};

static char path[64], err[1024];
static ph_config_market market;
static settings got;

static ph_status read_bytes(const void *text, size_t size)
{
    snprintf(path, sizeof path, "/tmp/petahour-config-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
    ck_assert_int_eq(close(fd), 0);
    memset(err, 0, sizeof err);
    ph_status s = ph_config_read(path, &table, &market, &got, err, sizeof err);
    ck_assert_int_eq(unlink(path), 0);
    return s;
}

static ph_status read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

#define MARKET "[market]\nname = demo.petahour\n"

START_TEST(values_and_defaults)
{
    ck_assert_int_eq(read_text(MARKET "[engine]\n# a comment\njournal = /var/j ; a reason\n"
                                      "orders_max = 5000\n[gateway]\nanything = goes\n"),
                     PH_OK);
    ck_assert_str_eq(market.name, "demo.petahour");
    ck_assert_str_eq(market.currency, "USD");
    ck_assert_str_eq(got.journal, "/var/j");
    ck_assert_str_eq(got.ready_file, "");
    ck_assert_uint_eq(got.orders_max, 5000);
    ck_assert_uint_eq(got.spool_bytes, 7);
    ck_assert_uint_eq(got.sign_key.b[31], 0x1f);
    ck_assert_uint_eq(got.curve_key.b[0], 0x54);
}
END_TEST

START_TEST(print_gives_what_read_takes)
{
    ck_assert_int_eq(read_text(MARKET "currency=EUR\n[engine]\njournal = j\nspool_bytes = "
                                      "18446744073709551615\nready_file = r\n"),
                     PH_OK);
    settings first = got;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    ph_config_print(to, &table, &market, &got);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_ptr_nonnull(strstr(text, "; resting (1 to 5000)"));
    ck_assert_int_eq(read_bytes(text, size), PH_OK);
    free(text);
    ck_assert_str_eq(market.currency, "EUR");
    ck_assert_int_eq(memcmp(&first, &got, sizeof got), 0);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *text, *names;
    } bad[] = {
        {"", "[market] lacks \"name\""},
        {MARKET, "[engine] lacks \"journal\""},
        {"[engine]\njournal = j\n", "[market] lacks \"name\""},
        {MARKET "[engine]\njournal = j\norder_max = 3\n",
         "line 5: [engine] has no key \"order_max"},
        {MARKET "[engine]\njournal = j\norder_max = 3\n", "closest is \"orders_max\""},
        {MARKET "[engine]\njournal = j\nfoo = 3\n", "has no key \"foo\" (--print-config"},
        {MARKET "nmae = x\n", "line 3: [market] has no key \"nmae\""},
        {MARKET "[engin]\njournal = j\n", "line 4: no program has a section [engin]"},
        {MARKET "[web]\njournal = j\n", "line 4: no program has a section [web]"},
        {MARKET "[engine]\njournal = j\naddress = tcp://127.0.0.1:70000\n",
         "line 5: \"address\" is \"tcp://127.0.0.1:70000\", whose port is not from 1 to 65535"},
        {"journal = j\n", "line 1: no program has a section []"},
        {MARKET "[engine]\njournal = j\njournal = k\n", "line 5: \"journal\" was given in line 4"},
        {MARKET "[engine]\njournal =\n", "line 4: \"journal\" must be text of 1 to 31"},
        {MARKET "[engine]\njournal = 12345678901234567890123456789012\n", "text of 1 to 31"},
        {MARKET "[engine]\njournal = a\x01z\n", "control characters"},
        {MARKET "[engine]\njournal = j\norders_max = 0\n", "whole number from 1 to 5000"},
        {MARKET "[engine]\njournal = j\norders_max = 5001\n", "not \"5001\""},
        {MARKET "[engine]\njournal = j\norders_max = -1\n", "not \"-1\""},
        {MARKET "[engine]\njournal = j\norders_max = +1\n", "not \"+1\""},
        {MARKET "[engine]\njournal = j\norders_max = 0x10\n", "not \"0x10\""},
        {MARKET "[engine]\njournal = j\norders_max = 12k\n", "not \"12k\""},
        {MARKET "[engine]\njournal = j\norders_max = \n", "not \"\""},
        {MARKET "[engine]\njournal = j\nspool_bytes = 18446744073709551616\n", "whole number"},
        {MARKET "[engine]\njournal = j\nsign_key = 00\n", "64 hexadecimal digits"},
        {MARKET "[engine]\njournal = j\nsign_key = "
                "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
         "64 hexadecimal digits"},
        {MARKET "[engine]\njournal = j\ncurve_key = rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\n",
         "40 characters of Z85"},
        {MARKET "[engine]\njournal = j\ncurve_key = #####>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n",
         "40 characters of Z85"},
        {MARKET "[engine]\njournal = j\ncurve_key = rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~\n",
         "40 characters of Z85"},
        {MARKET "currency = usd\n[engine]\njournal = j\n", "three capital letters"},
        {MARKET "currency = USDT\n[engine]\njournal = j\n", "text of 3 to 3 bytes"},
        {MARKET "[engine]\njournal\n", "line 4: neither \"key = value\""},
        {MARKET "[engine\njournal = j\n", "line 3: neither"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memset(&got, 0x5a, sizeof got);
        memset(&market, 0x5a, sizeof market);
        settings before = got;
        ck_assert_msg(read_text(bad[i].text) == PH_EINVAL, "row %zu: %s", i, err);
        ck_assert_msg(strstr(err, bad[i].names) != NULL, "row %zu: %s", i, err);
        ck_assert_msg(strstr(err, path) != NULL, "row %zu: %s", i, err);
        ck_assert_int_eq(memcmp(&before, &got, sizeof got), 0);
        ck_assert_int_eq(market.name[0], 0x5a);
    }
}
END_TEST

START_TEST(long_lines_and_zero_bytes_are_refused)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, MARKET "[engine]\njournal = j\n;");
    memset(text + at, 'x', 5000);
    ck_assert_int_eq(read_bytes(text, at + 5000), PH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err, "line 5: longer than"));
    ck_assert_int_eq(read_bytes(text, at + 4000), PH_OK);
    static const char zero[] = MARKET "[engine]\njournal = j\0k\n";
    ck_assert_int_eq(read_bytes(zero, sizeof zero - 1), PH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err, "line 4"));
}
END_TEST

START_TEST(an_indented_line_is_not_swallowed)
{
    ck_assert_int_eq(read_text(MARKET "[engine]\njournal = j\n  orders_max = 77\n"), PH_OK);
    ck_assert_uint_eq(got.orders_max, 77);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    ck_assert_int_eq(ph_config_read("/nonexistent/x.ini", &table, &market, &got, err, sizeof err),
                     PH_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err, "/nonexistent/x.ini"));
    ck_assert_int_eq(ph_config_read("/tmp", &table, &market, &got, err, sizeof err), PH_EIO);
    ck_assert_ptr_nonnull(strstr(err, "could not use configuration \"/tmp\": could not be read"));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, values_and_defaults);
    tcase_add_test(tests, print_gives_what_read_takes);
    tcase_add_test(tests, what_is_wrong_is_named);
    tcase_add_test(tests, long_lines_and_zero_bytes_are_refused);
    tcase_add_test(tests, an_indented_line_is_not_swallowed);
    tcase_add_test(tests, files_that_cannot_be_read);
}

int main(void)
{
    return suite_run("config", add);
}
