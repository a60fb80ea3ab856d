/* SPDX-License-Identifier: Apache-2.0 */
/* What participants sign: one text, written by the engine's side and by the customer's. */
#include "engine/wire/statement.h"

#include <stdio.h>

#include "clients/lib/statement.h"
#include "engine/base/bytes.h"
#include "tests/unit/suite.h"

static void check(const ph_command *c, const phc_statement *client)
{
    char text[PH_STATEMENT_MAX];
    size_t size = ph_statement_text("market.example", c, text);
    ck_assert_uint_eq(size, client->size);
    ck_assert_mem_eq(text, client->text, size);
}

START_TEST(the_text_is_the_one_of_the_page)
{
    char text[PH_STATEMENT_MAX + 1];
    ph_command c = {
        .kind = PH_CMD_REPORT_DELIVERY,
        .sender = {4},
        .u.report = {.contract = {17}, .period = 498912, .delivered = 28800, .energy_wh = 5600}};
    text[ph_statement_text("market.example", &c, text)] = '\0';
    ck_assert_str_eq(text, "petahour.v1 REPORT_DELIVERY\nmarket market.example\nparticipant 4\n"
                           "contract 17\nperiod 498912\ndelivered 28800\nenergy_wh 5600\n");
}
END_TEST

/* With the largest numbers and longest names, which need the most room. */
START_TEST(both_sides_write_the_same)
{
    for (int i = 0; i < 2; i++) {
        uint64_t wide = i == 0 ? 0 : UINT64_MAX;
        uint32_t n = (uint32_t)wide;
        phc_speaker by = {"market.example", n};
        phc_statement text;
        ph_command c = {.kind = PH_CMD_REPORT_DELIVERY, .sender = {n}};
        c.u.report = (ph_report_delivery){
            .contract = {wide}, .period = n, .delivered = wide, .energy_wh = wide};
        phc_statement_report(&by, &(phc_delivery_report){wide, n, wide, wide}, &text);
        check(&c, &text);

        c = (ph_command){.kind = PH_CMD_ATTEST_CAPACITY, .sender = {n}};
        c.u.attestation = (ph_attest_capacity){.reference = wide,
                                               .supplier = {n},
                                               .site = {n},
                                               .hardware = {n},
                                               .window = {n, n},
                                               .units = n};
        phc_attestation a = {.reference = wide,
                             .supplier = n,
                             .site = n,
                             .hardware = n,
                             .first_period = n,
                             .periods = n,
                             .units = n};
        memset(a.document, 0xa0 + i, sizeof a.document);
        memcpy(c.u.attestation.document.b, a.document, sizeof a.document);
        phc_statement_attestation(&by, &a, &text);
        check(&c, &text);

        c = (ph_command){.kind = PH_CMD_MEASURE_SITE, .sender = {n}};
        c.u.measurement = (ph_measure_site){.site = {n},
                                            .measured_at = {wide},
                                            .pue_ppm = n,
                                            .cue_ppm = n,
                                            .wue_ppm = n,
                                            .green_grade = n};
        phc_measurement m = {.site = n,
                             .measured_at = wide,
                             .pue_ppm = n,
                             .cue_ppm = n,
                             .wue_ppm = n,
                             .green_grade = n};
        phc_statement_measurement(&by, &m, &text);
        check(&c, &text);

        c = (ph_command){.kind = PH_CMD_REPORT_PROBE, .sender = {n}};
        c.u.probe = (ph_report_probe){.site = {n},
                                      .measured_at = {wide},
                                      .rtt_us = n,
                                      .bandwidth_mbps = n,
                                      .reachable_ppm = n};
        const char *region = i == 0 ? "u" : "a-region-of-the-longest-name-31";
        ck_assert(ph_text_set(c.u.probe.region.s, sizeof c.u.probe.region.s, region));
        phc_probe p = {.region = region,
                       .site = n,
                       .measured_at = wide,
                       .rtt_us = n,
                       .bandwidth_mbps = n,
                       .reachable_ppm = n};
        phc_statement_probe(&by, &p, &text);
        check(&c, &text);
    }
}
END_TEST

START_TEST(other_commands_state_nothing)
{
    for (int kind = 1; kind <= PH_CMD_KIND_MAX; kind++) {
        ph_command c = {.kind = (ph_command_kind)kind};
        bool states = kind == PH_CMD_ATTEST_CAPACITY || kind == PH_CMD_MEASURE_SITE ||
                      kind == PH_CMD_REPORT_PROBE || kind == PH_CMD_REPORT_DELIVERY;
        ck_assert_int_eq(ph_statement_signature(&c) != NULL, states);
    }
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_test(tests, the_text_is_the_one_of_the_page);
    tcase_add_test(tests, both_sides_write_the_same);
    tcase_add_test(tests, other_commands_state_nothing);
}

int main(void)
{
    return suite_run("statement", add);
}
