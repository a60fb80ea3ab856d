/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every message of the protocol: it has a golden frame, the guide names it, and none
   contains itself.  Golden frames of what begins and ends a session, of the catalogue and of
   contracts are here; the others are in test_golden_frames.c (what a gateway sends),
   test_translate_commands.c (what a client sends) and test_translate_feed.c (market data), which
   say what the files are.

   Rejects are the same in the market, in the header that is installed and in the guide.

   PH_GOLDEN_FRAMES names the folder of the frames, PH_PROTOCOL_GUIDE the guide.  PH_GOLDEN_WRITE=1
   appends the lines that are missing. */
#include "clients/lib/decode.h"
#include "clients/lib/encode.h"
#include "clients/lib/frame.h"
#include "engine/wire/reject.h"
#include "gateway/translate/translate.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192, FIELDS_MAX = 128, GUIDE_MAX = 1 << 17, DEPTH_MAX = 8 };

typedef Petahour__V1__GatewayMessage gateway_message;

static phg_translator *translator;
static phc_message message;

/* ---- The files ------------------------------------------------------------------------------- */

static FILE *open_golden(const char *file, const char *mode)
{
    char path[1024];
    const char *folder = getenv("PH_GOLDEN_FRAMES");
    ck_assert_msg(folder != NULL, "PH_GOLDEN_FRAMES names the folder of frames");
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, mode);
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    return f;
}

/* The bytes of the next line, between its name and a second space or its end; 0: no line more. */
static size_t next_line(FILE *f, char name[64], uint8_t *to, size_t max)
{
    static char line[LINE_MAX_BYTES];
    if (fgets(line, sizeof line, f) == NULL) return 0;
    size_t name_size = strcspn(line, " "), hex_size = strcspn(line + name_size + 1, " \n");
    const char *hex = line + name_size + 1;
    ck_assert(name_size > 0 && name_size < 64 && hex_size > 0 && hex_size / 2 <= max);
    memcpy(name, line, name_size);
    name[name_size] = '\0';
    line[name_size + 1 + hex_size] = '\0';
    ck_assert_int_eq(phc_hex_parse(hex, to, hex_size / 2), PHC_OK);
    return hex_size / 2;
}

static size_t golden_bytes(const char *file, const char *wanted, uint8_t *to, size_t max)
{
    char name[64];
    FILE *f = open_golden(file, "re");
    size_t size = next_line(f, name, to, max);
    while (size != 0 && strcmp(name, wanted) != 0)
        size = next_line(f, name, to, max);
    ck_assert_int_eq(fclose(f), 0);
    return size;
}

static void compare(const char *file, const char *name, const void *bytes, size_t size)
{
    uint8_t golden[LINE_MAX_BYTES / 2];
    size_t there = golden_bytes(file, name, golden, sizeof golden);
    if (there == 0 && getenv("PH_GOLDEN_WRITE") != NULL) {
        char hex[LINE_MAX_BYTES];
        FILE *f = open_golden(file, "ae");
        fprintf(f, "%s %s\n", name, phc_hex_text(bytes, size, hex));
        ck_assert_int_eq(fclose(f), 0);
    }
    ck_assert_msg(there != 0, "%s has no line in %s", name, file);
    ck_assert_uint_eq(there, size);
    ck_assert_mem_eq(bytes, golden, size);
}

/* ---- What a gateway sends -------------------------------------------------------------------- */

static const ph_register_site a_site = {.id = {2},
                                        .owner = {4},
                                        .region = {"ulanqab"},
                                        .name = {"Ulanqab 1"},
                                        .latitude_udeg = 40990000,
                                        .longitude_udeg = -113130000,
                                        .racks = 400,
                                        .pue_ppm = 1150000};

static phg_bytes write_row(const phg_catalogue *c)
{
    return phg_translate_catalogue_row(translator, 9, c, 0);
}

static phg_bytes write_participant(void)
{
    phg_participant p = {.terms = {.id = {4}, .roles = 3, .name = {"Ulanqab Compute"}},
                         .state = PH_PARTICIPANT_SUSPENDED,
                         .last_key = 1};
    phg_key key = {.key = {{0x77}}, .use = PH_KEY_SIGNATURE, .participant = {4}};
    phg_catalogue c = {.participants = &p, .participant_cnt = 1, .keys = &key, .key_cnt = 1};
    return write_row(&c);
}

static phg_bytes write_site(void)
{
    ph_register_site site = a_site;
    phg_catalogue c = {.sites = &site, .site_cnt = 1};
    return write_row(&c);
}

static phg_bytes write_hardware(void)
{
    ph_register_hardware hardware = {.id = {3}, .name = {"H100-SXM5-80G"}};
    phg_catalogue c = {.hardware = &hardware, .hardware_cnt = 1};
    return write_row(&c);
}

/* Every number is another one. */
static phg_bytes write_product(void)
{
    phg_product p = {.terms = {.id = {7},
                               .symbol = {"AI.H100-SXM5-80G.ulanqab-1"},
                               .compute_type = PH_COMPUTE_AI,
                               .architecture = PH_ARCH_GPU,
                               .model = {"H100-SXM5-80G"},
                               .unit = {"card"},
                               .hardware = {3},
                               .hardware_units = 11,
                               .gflops_fp16 = 989000,
                               .gflops_fp32 = 67000,
                               .gflops_fp64 = 34000,
                               .memory_mib = 81920,
                               .interconnect = {"NVLink 4"},
                               .site = {2},
                               .availability_ppm = 999000,
                               .attested_only = true,
                               .period_seconds = 3600,
                               .tick = 100,
                               .lot = 12,
                               .quantity_max = 10000,
                               .block_periods_max = 720,
                               .horizon = 2160,
                               .gate_seconds = 1800,
                               .maker_ppm = 1000,
                               .taker_ppm = 1500,
                               .fee_at_trade_ppm = 200000,
                               .bond_fixed = 5000,
                               .bond_ppm = 100000,
                               .report_seconds = 7200,
                               .dispute_seconds = 7201,
                               .resolve_seconds = 7202,
                               .dispute_deposit = 13,
                               .meter = {5},
                               .reference_price = 2500000,
                               .band_ppm = 300000,
                               .terms_hash = {{0x51}}},
                     .terms_version = 14,
                     .grade = 15,
                     .state = PH_PRODUCT_DELISTED,
                     .phase = PH_PHASE_HALTED};
    phg_catalogue c = {.products = &p, .product_cnt = 1};
    return write_row(&c);
}

static void check_entry(const gateway_message *m)
{
    static phc_catalogue_row room;
    phc_catalogue_entry e;
    ck_assert(phc_decode_catalogue(m->catalogue_entry, &room, &e));
    ck_assert_uint_eq(e.request, 9);
    ck_assert_int_eq(
        (e.participant != NULL) + (e.site != NULL) + (e.hardware != NULL) + (e.product != NULL), 1);
    if (e.participant != NULL) {
        ck_assert(e.participant->id == 4 && e.participant->roles == 3);
        ck_assert_int_eq(e.participant->state, PHC_STATE_SUSPENDED);
        ck_assert_uint_eq(e.participant->sign_key[0], 0x77);
        ck_assert_str_eq(e.participant->name, "Ulanqab Compute");
    }
    if (e.site != NULL) {
        ck_assert(e.site->owner == 4 && e.site->racks == 400 && e.site->pue_ppm == 1150000);
        ck_assert_int_eq(e.site->longitude_udeg, -113130000);
        ck_assert_str_eq(e.site->region, "ulanqab");
    }
    if (e.hardware != NULL) ck_assert_str_eq(e.hardware->name, "H100-SXM5-80G");
    if (e.product == NULL) return;
    ck_assert(e.terms_version == 14 && e.grade == 15 && e.phase == PHC_PHASE_HALTED);
    ck_assert(e.product->id == 7 && e.product->meter == 5 && e.product->hardware_units == 11);
    ck_assert(e.product->lot == 12 && e.product->dispute_deposit == 13);
    ck_assert(e.product->gflops_fp64 == 34000 && e.product->terms_hash[0] == 0x51);
}

static phg_bytes write_catalogue_end(void)
{
    return phg_translate_catalogue_end(translator, 9, 1234);
}

static void check_catalogue_end(const gateway_message *m)
{
    ck_assert(m->catalogue_end->request == 9 && m->catalogue_end->sequence == 1234);
}

static phg_bytes write_contract(void)
{
    static const uint8_t canonical[3] = {1, 2, 3}, proof[64] = {[0] = 4, [63] = 5};
    static const char note[] = "market.example\n7\n";
    ph_signed_contract c = {.contract = {6},
                            .first_seq = 1234,
                            .buyer = {3},
                            .supplier = {2},
                            .leaf_index = 1,
                            .leaf_count = 4,
                            .canonical_size = sizeof canonical,
                            .proof_cnt = 2,
                            .note_size = sizeof note - 1,
                            .canonical = canonical,
                            .proof = proof,
                            .note = note};
    return phg_translate_contract(translator, 7, &c);
}

static void check_contract(const gateway_message *m)
{
    phc_signed_contract s;
    phc_decode_contract(m->contract, &s);
    ck_assert(s.stream_number == 7 && s.leaf_index == 1 && s.leaf_count == 4);
    ck_assert(s.canonical_size == 3 && s.canonical[2] == 3);
    ck_assert(s.proof_size == 64 && s.proof[0] == 4 && s.proof[63] == 5);
    ck_assert(s.signed_root_size == 17 && memcmp(s.signed_root, "market.example\n7\n", 17) == 0);
}

static phg_bytes write_heartbeat(void)
{
    return phg_translate_heartbeat(translator);
}

static void check_heartbeat(const gateway_message *m)
{
    ck_assert_int_eq(m->message_case, PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_HEARTBEAT);
}

static phg_bytes write_logout_accepted(void)
{
    return phg_translate_logout_accepted(translator);
}

static void check_logout_accepted(const gateway_message *m)
{
    ck_assert_int_eq(m->message_case, PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGOUT_ACCEPTED);
}

static const struct {
    const char *name;
    phg_bytes (*write)(void);
    void (*check)(const gateway_message *m);
} from_gateway[] = {
    {"heartbeat", write_heartbeat, check_heartbeat},
    {"logout_accepted", write_logout_accepted, check_logout_accepted},
    {"contract", write_contract, check_contract},
    {"catalogue_participant", write_participant, check_entry},
    {"catalogue_site", write_site, check_entry},
    {"catalogue_hardware", write_hardware, check_entry},
    {"catalogue_product", write_product, check_entry},
    {"catalogue_end", write_catalogue_end, check_catalogue_end},
};
enum { FROM_GATEWAY = sizeof from_gateway / sizeof from_gateway[0] };

START_TEST(what_a_gateway_sends_is_the_same_bytes_for_ever)
{
    phg_bytes b = from_gateway[_i].write();
    compare("gateway.txt", from_gateway[_i].name, b.p, b.size);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n_messages, 1);
    from_gateway[_i].check(f->messages[0]);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

/* ---- What a client sends --------------------------------------------------------------------- */

static void logon(void)
{
    phc_logon_asked l = {.next_report = 42,
                         .next_contract = 7,
                         .next_countersignature = 5,
                         .receive = true,
                         .cancel_on_disconnect = true,
                         .take_over = true};
    phc_encode_logon(&l, &message);
}

static void logon_copy(void)
{
    phc_logon_asked l = {.next_report = 1, .next_contract = 1, .receive = true, .copy_of = 3};
    phc_encode_logon(&l, &message);
}

static void heartbeat(void)
{
    phc_encode_heartbeat(&message);
}

static void logout(void)
{
    phc_encode_logout(&message);
}

static void list_catalogue(void)
{
    ck_assert_ptr_null(phc_encode_catalogue(9, &message));
}

static const struct {
    const char *name;
    void (*encode)(void);
    phg_in_kind kind;
} from_client[] = {
    {"logon", logon, PHG_IN_LOGON},
    {"logon_copy", logon_copy, PHG_IN_LOGON},
    {"heartbeat", heartbeat, PHG_IN_HEARTBEAT},
    {"logout", logout, PHG_IN_LOGOUT},
    {"list_catalogue", list_catalogue, PHG_IN_LIST_CATALOGUE},
};
enum { FROM_CLIENT = sizeof from_client / sizeof from_client[0] };

START_TEST(what_a_client_sends_is_the_same_bytes_for_ever)
{
    static phc_frame frame;
    static phg_in_frame in;
    char why[PHG_WHY_SIZE];
    from_client[_i].encode();
    frame.cnt = 0;
    frame.size = 0;
    ck_assert(phc_frame_put(&frame, message.bytes, message.size));
    compare("client.txt", from_client[_i].name, frame.payload, frame.size);
    ck_assert_msg(phg_translate_in(translator, frame.payload, frame.size, &in, why), "%s", why);
    ck_assert_uint_eq(in.cnt, 1);
    ck_assert_int_eq(in.v[0].kind, from_client[_i].kind);
    const phg_logon *l = &in.v[0].u.logon;
    if (_i == 0) {
        ck_assert(l->protocol_version == 1 && l->next_report == 42 && l->next_contract == 7);
        ck_assert(l->next_countersignature == 5 && l->receive && l->copy_of.v == 0);
        ck_assert(l->cancel_on_disconnect && l->take_over);
    }
    if (_i == 1) {
        ck_assert(l->copy_of.v == 3 && !l->cancel_on_disconnect && !l->take_over);
        ck_assert_uint_eq(l->next_countersignature, 0);
    }
    if (from_client[_i].kind == PHG_IN_LIST_CATALOGUE) ck_assert_uint_eq(in.v[0].u.request, 9);
}
END_TEST

/* ---- That none is left out ------------------------------------------------------------------- */

static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *at = (const char *)m + f->offset,
               *quantifier = (const char *)m + f->quantifier_offset;
    static const char zeros[8];
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)(const void *)quantifier != 0;
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return *(const uint32_t *)(const void *)quantifier == f->id;
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) return *(void *const *)(const void *)at != NULL;
    if (f->type == PROTOBUF_C_TYPE_STRING) return **(const char *const *)(const void *)at != '\0';
    bool is_long = f->type == PROTOBUF_C_TYPE_INT64 || f->type == PROTOBUF_C_TYPE_UINT64 ||
                   f->type == PROTOBUF_C_TYPE_FIXED64;
    return memcmp(at, zeros, is_long ? 8 : 4) != 0;
}

/* Each field of a message, by its place in the descriptor, that some line of the file sets: of the
   frame itself, or of its first message. */
static void mark(const char *file, const ProtobufCMessageDescriptor *frame, bool in_messages,
                 const ProtobufCMessageDescriptor *of, bool seen[FIELDS_MAX])
{
    char name[64];
    static uint8_t bytes[LINE_MAX_BYTES / 2];
    FILE *f = open_golden(file, "re");
    for (size_t size; (size = next_line(f, name, bytes, sizeof bytes)) != 0;) {
        ProtobufCMessage *m = protobuf_c_message_unpack(frame, NULL, size, bytes);
        ck_assert_msg(m != NULL, "%s of %s", name, file);
        const ProtobufCMessage *inner = m;
        if (in_messages)
            inner = **(ProtobufCMessage *const *const *)(const void *)((const char *)m +
                                                                       frame->fields[0].offset);
        for (unsigned i = 0; i < of->n_fields; i++)
            seen[i] |= is_set(inner, &of->fields[i]);
        protobuf_c_message_free_unpacked(m, NULL);
    }
    ck_assert_int_eq(fclose(f), 0);
}

static const struct {
    const char *file;
    const ProtobufCMessageDescriptor *frame;
    bool in_messages;
    const ProtobufCMessageDescriptor *of;
} whole[] = {
    {"client.txt", &petahour__v1__client_frame__descriptor, true,
     &petahour__v1__client_message__descriptor},
    {"gateway.txt", &petahour__v1__gateway_frame__descriptor, true,
     &petahour__v1__gateway_message__descriptor},
    {"market_data.txt", &petahour__v1__market_data_frame__descriptor, false,
     &petahour__v1__market_data_frame__descriptor},
};
enum { WHOLE = sizeof whole / sizeof whole[0] };

START_TEST(every_message_has_a_golden_frame)
{
    bool seen[FIELDS_MAX] = {false};
    ck_assert_uint_le(whole[_i].of->n_fields, FIELDS_MAX);
    mark(whole[_i].file, whole[_i].frame, whole[_i].in_messages, whole[_i].of, seen);
    for (unsigned i = 0; i < whole[_i].of->n_fields; i++)
        ck_assert_msg(seen[i], "no line of %s has %s", whole[_i].file,
                      whole[_i].of->fields[i].name);
}
END_TEST

/* ---- The messages themselves ----------------------------------------------------------------- */

static char guide[GUIDE_MAX];

static void read_guide(void)
{
    const char *path = getenv("PH_PROTOCOL_GUIDE");
    ck_assert_msg(path != NULL, "PH_PROTOCOL_GUIDE names the guide");
    FILE *f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    size_t size = fread(guide, 1, sizeof guide - 1, f);
    ck_assert(size > 0 && size < sizeof guide - 1);
    guide[size] = '\0';
    ck_assert_int_eq(fclose(f), 0);
}

/* A message that contained one of its own kind could be nested as deep as its sender likes. */
static void look_at(const ProtobufCMessageDescriptor *m, unsigned depth)
{
    char name[128];
    ck_assert_msg(depth <= DEPTH_MAX, "%s contains itself", m->short_name);
    snprintf(name, sizeof name, "`%s`", m->short_name);
    ck_assert_msg(strstr(guide, name) != NULL, "the guide does not name %s", name);
    for (unsigned i = 0; i < m->n_fields; i++) {
        if (m->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            look_at(m->fields[i].descriptor, depth + 1);
    }
}

START_TEST(every_message_is_in_the_guide_and_none_contains_itself)
{
    read_guide();
    look_at(whole[_i].frame, 0);
}
END_TEST

/* ---- Rejects --------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    int code;
    const char *text, *arg0, *arg1;
} reject_row;

#define X(name, code, text, arg0, arg1) {#name, PH_REJECT_##name, text, arg0, arg1},
static const reject_row of_market[] = {PH_REJECTS(X)};
#undef X
#define X(name, code, text, arg0, arg1) {#name, PHC_REJECT_##name, text, arg0, arg1},
static const reject_row of_clients[] = {PHC_REJECTS(X)};
#undef X

/* What the market says, what the installed header lists, and what the guide tells. */
START_TEST(every_reject_is_listed_for_clients)
{
    char row[512];
    read_guide();
    ck_assert_uint_eq(sizeof of_clients, sizeof of_market);
    for (size_t i = 0; i < sizeof of_market / sizeof of_market[0]; i++) {
        const reject_row *m = &of_market[i], *c = &of_clients[i];
        ck_assert_str_eq(c->name, m->name);
        ck_assert_int_eq(c->code, m->code);
        ck_assert_str_eq(c->text, m->text);
        ck_assert_str_eq(c->arg0, m->arg0);
        ck_assert_str_eq(c->arg1, m->arg1);
        snprintf(row, sizeof row, "\n| %d | `%s` | %s | %s | %s |\n", m->code, m->name, m->text,
                 m->arg0, m->arg1);
        ck_assert_msg(strstr(guide, row) != NULL, "the guide lacks the row %s", row);
    }
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
    tcase_add_loop_test(t, what_a_gateway_sends_is_the_same_bytes_for_ever, 0, FROM_GATEWAY);
    tcase_add_loop_test(t, what_a_client_sends_is_the_same_bytes_for_ever, 0, FROM_CLIENT);
    tcase_add_loop_test(t, every_message_has_a_golden_frame, 0, WHOLE);
    tcase_add_loop_test(t, every_message_is_in_the_guide_and_none_contains_itself, 0, WHOLE);
    tcase_add_test(t, every_reject_is_listed_for_clients);
}

int main(void)
{
    return suite_run("protocol", add);
}
