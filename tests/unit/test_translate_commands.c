/* SPDX-License-Identifier: Apache-2.0 */
/* Golden frames: what each message of a client looks like on the wire, and which command it is.

   tests/golden/frames/client.txt has one line per message: its name, the payload of a frame with
   that one message, and the canonical bytes of the command or question, in hexadecimal.  The client
   library must write these bytes and the gateway must read that command from them.  A line is added
   for a new message and never edited: clients that are out there send these bytes.

   PH_GOLDEN_WRITE=1 appends the lines that are missing. */
#include "clients/lib/encode.h"
#include "clients/lib/frame.h"
#include "engine/base/bytes.h"
#include "engine/wire/codec.h"
#include "gateway/translate/translate.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192 };

static phg_translator *translator;
static phc_message message;
static phc_frame frame;
static phg_in_frame in;

/* ---- One of each, with every field set ------------------------------------------------------ */

static phc_order an_order(uint64_t client_order_id)
{
    return (phc_order){.client_order_id = client_order_id,
                       .product = 7,
                       .side = PHC_BUY,
                       .shape = PHC_FLEX,
                       .first_period = 498912,
                       .periods = 48,
                       .duration = 24,
                       .quantity = 8,
                       .price = 2500000,
                       .time_in_force = PHC_GTT,
                       .expire_at = UINT64_C(1796083200000000000),
                       .all_or_none = true,
                       .post_only = true,
                       .display_quantity = 4,
                       .self_trade = PHC_CANCEL_RESTING,
                       .from_contract = 99};
}

static phc_product a_product(void)
{
    phc_product p = {.id = 3,
                     .symbol = "AI.H100-SXM5-80G.ulanqab-1",
                     .compute_type = PHC_AI,
                     .architecture = PHC_GPU,
                     .model = "H100-SXM5-80G",
                     .unit = "card",
                     .hardware = 2,
                     .hardware_units = 1,
                     .gflops_fp16 = 989000,
                     .gflops_fp32 = 67000,
                     .gflops_fp64 = 34000,
                     .memory_mib = 81920,
                     .interconnect = "NVLink 4",
                     .site = 5,
                     .availability_ppm = 999000,
                     .period_seconds = 3600,
                     .tick = 100,
                     .lot = 2,
                     .quantity_max = 4096,
                     .block_periods_max = 720,
                     .horizon = 800,
                     .gate_seconds = 1800,
                     .maker_ppm = 500,
                     .taker_ppm = 1500,
                     .fee_at_trade_ppm = 200000,
                     .bond_fixed = 10000,
                     .bond_ppm = 100000,
                     .report_seconds = 3600,
                     .dispute_seconds = 7200,
                     .resolve_seconds = 10800,
                     .dispute_deposit = 1000000,
                     .meter = 6,
                     .reference_price = 2400000,
                     .band_ppm = 300000,
                     .attested_only = true};
    memset(p.terms_hash, 0xab, sizeof p.terms_hash);
    return p;
}

static const phc_signature signature = {{0x51, 0x62, 0x73}};
static const uint8_t some_key[32] = {0xc1, 0xc2};

static const char *new_order(void)
{
    phc_order o = an_order(41);
    return phc_encode_order(&o, &message);
}

static const char *cancel_order(void)
{
    return phc_encode_cancel(17, 41, 9, &message);
}

static const char *mass_cancel(void)
{
    return phc_encode_mass_cancel(7, 4, 9, &message);
}

static const char *replace_order(void)
{
    phc_replacement r = {17, 41, 2600000, 12};
    return phc_encode_replace(&r, 9, &message);
}

static const char *new_group(void)
{
    phc_order v[PHC_GROUP_MAX];
    for (uint64_t i = 0; i < PHC_GROUP_MAX; i++)
        v[i] = an_order(50 + i);
    return phc_encode_group(v, PHC_GROUP_MAX, 9, &message);
}

static const char *register_participant(void)
{
    phc_participant p = {.id = 4,
                         .roles = 3,
                         .name = "Gesch\xc3\xa4"
                                 "ft"};
    memset(p.curve_key, 0x11, 32);
    memset(p.sign_key, 0x22, 32);
    return phc_encode_participant(&p, 9, &message);
}

static const char *register_site(void)
{
    phc_site s = {5, 4, "ulanqab", "Hall 1", 41022000, -113134000, 10, 1200000};
    return phc_encode_site(&s, 9, &message);
}

static const char *register_hardware(void)
{
    phc_hardware h = {2, "NVIDIA H100 SXM5 80GB"};
    return phc_encode_hardware(&h, 9, &message);
}

static const phc_capacity capacity = {.reference = 12,
                                      .site = 5,
                                      .hardware = 2,
                                      .period_seconds = 3600,
                                      .first_period = 498912,
                                      .periods = 48,
                                      .units = 64};

static const char *register_capacity(void)
{
    return phc_encode_capacity(&capacity, 9, &message);
}

static const char *withdraw_capacity(void)
{
    return phc_encode_capacity_withdrawal(&capacity, 9, &message);
}

static const char *attest_capacity(void)
{
    phc_attestation a = {12, 4, 5, 2, 498912, 48, 64, {0xd0, 0xc0}};
    return phc_encode_attestation(&a, &signature, 9, &message);
}

static const char *list_product(void)
{
    phc_product p = a_product();
    return phc_encode_product(&p, 9, &message);
}

static const char *set_terms(void)
{
    phc_product p = a_product();
    return phc_encode_terms(&p, 9, &message);
}

static const char *set_product_state(void)
{
    return phc_encode_product_state(3, PHC_DELISTED, 9, &message);
}

static const char *set_phase(void)
{
    return phc_encode_phase(3, PHC_PHASE_HALTED, 9, &message);
}

static const char *set_participant_state(void)
{
    return phc_encode_participant_state(4, PHC_STATE_SUSPENDED, 9, &message);
}

static const char *deposit(void)
{
    return phc_encode_payment(true, 4, 1000000, "payment 1", 9, &message);
}

static const char *withdraw(void)
{
    return phc_encode_payment(false, 4, 1000000, "payment 2", 9, &message);
}

static const char *add_key(void)
{
    phc_key_change k = {true, 4, PHC_CONNECTION_KEY, some_key};
    return phc_encode_key(&k, 9, &message);
}

static const char *revoke_key(void)
{
    phc_key_change k = {false, 4, PHC_SIGNATURE_KEY, some_key};
    return phc_encode_key(&k, 9, &message);
}

static const char *measure_site(void)
{
    phc_measurement m = {5, UINT64_C(1796083200000000000), 1150000, 300000, 200000, 2};
    return phc_encode_measurement(&m, &signature, 9, &message);
}

static const char *report_probe(void)
{
    phc_probe p = {"ulanqab", 5, UINT64_C(1796083200000000000), 12000, 100000, 999990};
    return phc_encode_probe(&p, &signature, 9, &message);
}

static const char *hand_over_access(void)
{
    uint8_t sealed[PHC_SEALED_MAX];
    memset(sealed, 0x5e, sizeof sealed);
    return phc_encode_access(99, sealed, sizeof sealed, 9, &message);
}

static const phc_delivery_report report = {99, 498912, 28800, 5600};

static const char *report_delivery(void)
{
    return phc_encode_report(&report, &signature, 9, &message);
}

static const char *confirm_delivery(void)
{
    return phc_encode_say(PHC_CONFIRM, &report, 9, &message);
}

static const char *dispute_delivery(void)
{
    return phc_encode_say(PHC_DISPUTE, &report, 9, &message);
}

static const char *resolve_dispute(void)
{
    return phc_encode_say(PHC_RESOLVE, &report, 9, &message);
}

static const char *set_rules_version(void)
{
    return phc_encode_rules(2, 9, &message);
}

static const char *countersign_contract(void)
{
    uint8_t key[32] = {0xc1}, by[64] = {0x51};
    return phc_encode_countersignature(99, key, by, 9, &message);
}

static const char *rotate_notary_key(void)
{
    phc_notary_change n = {.key = {0xc1}, .proof = {0x51}, .endorsement = {0x52}};
    return phc_encode_notary_key(&n, 9, &message);
}

/* ---- Questions ------------------------------------------------------------------------------- */

static const char *ask_preview(void)
{
    phc_order o = an_order(0);
    return phc_encode_preview(&o, 9, &message);
}

static const char *ask_why(void)
{
    return phc_encode_why(17, NULL, 9, &message);
}

static const char *ask_depth(void)
{
    phc_depth_question q = {7, PHC_SELL, 24, 498912, 1024, 2500000, true};
    return phc_encode_depth(&q, 9, &message);
}

static const char *ask_orders(void)
{
    return phc_encode_ask_orders(17, 5, 9, &message);
}

static const char *ask_positions(void)
{
    return phc_encode_ask_positions(5, 9, &message);
}

static const char *ask_balances(void)
{
    return phc_encode_ask_balances(9, &message);
}

static const char *ask_order_status(void)
{
    return phc_encode_ask_order_status(0, 41, 9, &message);
}

static const char *ask_contracts(void)
{
    phc_contracts_question q = {17, 7, true};
    return phc_encode_ask_contracts(&q, 9, &message);
}

static const char *ask_statement(void)
{
    return phc_encode_ask_statement(20786, 31, 9, &message);
}

#define ROW(name, kind)   \
    {                     \
#name, name, kind \
    }

static const struct {
    const char *name;
    const char *(*encode)(void);
    ph_command_kind kind;
} rows[] = {
    ROW(new_order, PH_CMD_NEW_ORDER),
    ROW(cancel_order, PH_CMD_CANCEL_ORDER),
    ROW(mass_cancel, PH_CMD_MASS_CANCEL),
    ROW(replace_order, PH_CMD_REPLACE_ORDER),
    ROW(new_group, PH_CMD_NEW_GROUP),
    ROW(register_participant, PH_CMD_REGISTER_PARTICIPANT),
    ROW(register_site, PH_CMD_REGISTER_SITE),
    ROW(register_hardware, PH_CMD_REGISTER_HARDWARE),
    ROW(register_capacity, PH_CMD_REGISTER_CAPACITY),
    ROW(withdraw_capacity, PH_CMD_WITHDRAW_CAPACITY),
    ROW(attest_capacity, PH_CMD_ATTEST_CAPACITY),
    ROW(list_product, PH_CMD_LIST_PRODUCT),
    ROW(set_terms, PH_CMD_SET_TERMS),
    ROW(set_product_state, PH_CMD_SET_PRODUCT_STATE),
    ROW(set_phase, PH_CMD_SET_PHASE),
    ROW(set_participant_state, PH_CMD_SET_PARTICIPANT_STATE),
    ROW(deposit, PH_CMD_DEPOSIT),
    ROW(withdraw, PH_CMD_WITHDRAW),
    ROW(add_key, PH_CMD_ADD_KEY),
    ROW(revoke_key, PH_CMD_REVOKE_KEY),
    ROW(measure_site, PH_CMD_MEASURE_SITE),
    ROW(report_probe, PH_CMD_REPORT_PROBE),
    ROW(hand_over_access, PH_CMD_HAND_OVER_ACCESS),
    ROW(report_delivery, PH_CMD_REPORT_DELIVERY),
    ROW(confirm_delivery, PH_CMD_CONFIRM_DELIVERY),
    ROW(dispute_delivery, PH_CMD_DISPUTE_DELIVERY),
    ROW(resolve_dispute, PH_CMD_RESOLVE_DISPUTE),
    ROW(set_rules_version, PH_CMD_SET_RULES_VERSION),
    ROW(countersign_contract, PH_CMD_COUNTERSIGN_CONTRACT),
    ROW(rotate_notary_key, PH_CMD_ROTATE_NOTARY_KEY),
};
enum { ROW_CNT = sizeof rows / sizeof rows[0] };

#define ASK(name, kind)   \
    {                     \
#name, name, kind \
    }

static const struct {
    const char *name;
    const char *(*encode)(void);
    ph_query_kind kind;
} asks[] = {
    ASK(ask_preview, PH_QUERY_PREVIEW),     ASK(ask_why, PH_QUERY_WHY),
    ASK(ask_depth, PH_QUERY_DEPTH),         ASK(ask_orders, PH_QUERY_ORDERS),
    ASK(ask_positions, PH_QUERY_POSITIONS), ASK(ask_balances, PH_QUERY_BALANCES),
    ASK(ask_order_status, PH_QUERY_STATUS), ASK(ask_contracts, PH_QUERY_CONTRACTS),
    ASK(ask_statement, PH_QUERY_STATEMENT),
};
enum { ASK_CNT = sizeof asks / sizeof asks[0] };

/* ---- Against the file ------------------------------------------------------------------------ */

static const char *golden_path(void)
{
    const char *path = getenv("PH_GOLDEN_FRAMES");
    ck_assert_msg(path != NULL, "PH_GOLDEN_FRAMES names the file of frames");
    return path;
}

/* The line of one message without its end; false if there is none. */
static bool golden_line(const char *name, char line[LINE_MAX_BYTES])
{
    FILE *f = fopen(golden_path(), "re");
    bool found = false;
    size_t size = strlen(name);
    while (f != NULL && !found && fgets(line, LINE_MAX_BYTES, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = strncmp(line, name, size) == 0 && line[size] == ' ';
    }
    if (f != NULL) fclose(f);
    return found;
}

static void append_line(const char *line)
{
    FILE *f = fopen(golden_path(), "ae");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s\n", line);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(every_command_is_the_same_bytes_for_ever)
{
    uint8_t command[PH_COMMAND_BYTES_MAX];
    char payload_hex[2 * PHC_MESSAGE_MAX + 32], command_hex[2 * PH_COMMAND_BYTES_MAX + 1];
    char should[LINE_MAX_BYTES], is[LINE_MAX_BYTES], why[PHG_WHY_SIZE];
    const char *wrong = rows[_i].encode();
    ck_assert_msg(wrong == NULL, "%s: %s", rows[_i].name, wrong);
    frame.cnt = 0;
    frame.size = 0;
    ck_assert(phc_frame_put(&frame, message.bytes, message.size));
    bool taken = phg_translate_in(translator, frame.payload, frame.size, &in, why);
    ck_assert_msg(taken, "%s: %s", rows[_i].name, why);
    ck_assert_uint_eq(in.cnt, 1);
    const ph_command *c = &in.v[0].u.command;
    ck_assert_int_eq(c->kind, rows[_i].kind);
    ck_assert_uint_eq(c->request, rows[_i].kind == PH_CMD_NEW_ORDER ? 0 : 9);
    ph_writer w = ph_writer_of(command, sizeof command);
    ph_command_write(&w, c);
    ck_assert(!w.full);
    phc_hex_text(frame.payload, frame.size, payload_hex);
    phc_hex_text(command, ph_writer_size(&w), command_hex);
    snprintf(is, sizeof is, "%s %s %s", rows[_i].name, payload_hex, command_hex);
    bool known = golden_line(rows[_i].name, should);
    if (!known && getenv("PH_GOLDEN_WRITE") != NULL) append_line(is);
    if (!known) ck_abort_msg("%s has no line in %s", rows[_i].name, golden_path());
    ck_assert_str_eq(is, should);
}
END_TEST

START_TEST(every_question_is_the_same_bytes_for_ever)
{
    uint8_t query[PH_QUERY_BYTES_MAX];
    char payload_hex[2 * PHC_MESSAGE_MAX + 32], query_hex[2 * PH_QUERY_BYTES_MAX + 1];
    char should[LINE_MAX_BYTES], is[LINE_MAX_BYTES], why[PHG_WHY_SIZE];
    const char *wrong = asks[_i].encode();
    ck_assert_msg(wrong == NULL, "%s: %s", asks[_i].name, wrong);
    frame.cnt = 0;
    frame.size = 0;
    ck_assert(phc_frame_put(&frame, message.bytes, message.size));
    bool taken = phg_translate_in(translator, frame.payload, frame.size, &in, why);
    ck_assert_msg(taken, "%s: %s", asks[_i].name, why);
    const phg_asked *a = &in.v[0].u.asked;
    ck_assert(in.v[0].kind == PHG_IN_QUERY && a->request == 9 && a->query.kind == asks[_i].kind);
    ph_writer w = ph_writer_of(query, sizeof query);
    ph_query_write(&w, 0, &a->query);
    phc_hex_text(frame.payload, frame.size, payload_hex);
    phc_hex_text(query, ph_writer_size(&w), query_hex);
    snprintf(is, sizeof is, "%s %s %s", asks[_i].name, payload_hex, query_hex);
    bool known = golden_line(asks[_i].name, should);
    if (!known && getenv("PH_GOLDEN_WRITE") != NULL) append_line(is);
    if (!known) ck_abort_msg("%s has no line in %s", asks[_i].name, golden_path());
    ck_assert_str_eq(is, should);
}
END_TEST

/* All but those that only the engine or a gateway by itself writes. */
START_TEST(no_command_is_left_out)
{
    bool has[PH_CMD_KIND_MAX + 1] = {
        [0] = true, [PH_CMD_TICK] = true, [PH_CMD_OPEN_MARKET] = true, [PH_CMD_TAKE_OVER] = true};
    for (size_t i = 0; i < ROW_CNT; i++)
        has[rows[i].kind] = true;
    for (int kind = 0; kind <= PH_CMD_KIND_MAX; kind++)
        ck_assert_msg(has[kind], "%s", ph_command_kind_name((ph_command_kind)kind));
}
END_TEST

START_TEST(what_cannot_be_a_command_is_refused)
{
    char why[PHG_WHY_SIZE];
    uint8_t sealed[PH_ACCESS_BYTES_MAX + 1] = {1};
    ck_assert_ptr_null(phc_encode_access(99, sealed, sizeof sealed, 9, &message));
    frame.cnt = 0;
    frame.size = 0;
    ck_assert(phc_frame_put(&frame, message.bytes, message.size));
    ck_assert(!phg_translate_in(translator, frame.payload, frame.size, &in, why));
    ck_assert_ptr_nonnull(strstr(why, "513 bytes where 512"));
    phc_order v[PHC_GROUP_MAX + 1];
    for (size_t i = 0; i <= PHC_GROUP_MAX; i++)
        v[i] = an_order(50 + i);
    ck_assert_ptr_nonnull(phc_encode_group(v, PHC_GROUP_MAX + 1, 9, &message));
    ck_assert_ptr_nonnull(phc_encode_group(v, 0, 9, &message));
}
END_TEST

/* A gateway drops a frame with such a text, and its sender would wait in vain. */
START_TEST(only_text_that_the_gateway_takes_is_sent)
{
    static const char names[][8] = {
        "H100",
        "\xc3\x9f\xe2\x98\x83",
        "\xf0\x9f\x98\x80",
        "\xef\xbf\xbd",
        "\xff",
        "\xc3",
        "\xc0\xaf",
        "a\xc2\x9bm",
        "\xed\xa0\x80",
        "\x7f",
        "a\tb",
        "\xe0\x9f\xbf",
        "\xf4\x90\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "a\xe2\x98",
    };
    size_t good = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *wrong = phc_encode_hardware(&(phc_hardware){.name = names[i]}, 9, &message);
        ck_assert_msg((wrong == NULL) == ph_text_ok(names[i], sizeof names[i]), "%s", names[i]);
        good += wrong == NULL;
    }
    ck_assert_uint_eq(good, 4);
}
END_TEST

static void set_up(void)
{
    ck_assert_int_eq(phg_translator_open(&translator), PH_OK);
}

static void tear_down(void)
{
    phg_translator_close(translator);
}

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, every_command_is_the_same_bytes_for_ever, 0, ROW_CNT);
    tcase_add_loop_test(t, every_question_is_the_same_bytes_for_ever, 0, ASK_CNT);
    tcase_add_test(t, no_command_is_left_out);
    tcase_add_test(t, what_cannot_be_a_command_is_refused);
    tcase_add_test(t, only_text_that_the_gateway_takes_is_sent);
}

int main(void)
{
    return suite_run("translate_commands", add);
}
