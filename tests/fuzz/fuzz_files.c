/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_files.c - small files and words that somebody gives to a program.

    The first byte chooses: a configuration, a key file of ours or of a customer, a gateway's ready
    file, a saved contract, or a word of the command line.  What is refused comes with a sentence;
    what is taken is written and read back the same. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/audit/saved.h"
#include "clients/lib/petahour.h"
#include "engine/base/panic.h"
#include "engine/process/config.h"
#include "engine/process/keyfile.h"

enum { SENTENCE = 512 };

typedef struct {
    char text[32], path[64];
    uint32_t small;
    uint64_t large;
    ph_key z85, hex;
} settings;

static const ph_config_row rows[] = {
    {"text", PH_CONFIG_TEXT, PH_CONFIG_AT(settings, text), "word", 1, 0, "a text"},
    {"path", PH_CONFIG_PATH, PH_CONFIG_AT(settings, path), "", 0, 0, "a path"},
    {"small", PH_CONFIG_U32, PH_CONFIG_AT(settings, small), "7", 1, 1000, "a number"},
    {"large", PH_CONFIG_U64, PH_CONFIG_AT(settings, large), "0", 0, UINT64_MAX, "a number"},
    {"z85", PH_CONFIG_KEY_Z85, PH_CONFIG_AT(settings, z85),
     "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", 0, 0, "a key"},
    {"hex", PH_CONFIG_KEY_HEX, PH_CONFIG_AT(settings, hex),
     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0, 0, "a key"},
};
static const ph_config_table table = {
    .section = "gateway", .rows = rows, .row_cnt = 6, .settings_size = sizeof(settings)};

/* A file that nobody else can read; its name. */
static const char *file_of(const uint8_t *bytes, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        PH_ASSERT(fd >= 0 && fchmod(fd, 0600) == 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    PH_ASSERT(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
    return path;
}

static void fuzz_config(const uint8_t *bytes, size_t size)
{
    char err[SENTENCE] = "";
    ph_config_market market;
    settings s;
    if (ph_config_read(file_of(bytes, size), &table, &market, &s, err, sizeof err) != PH_OK) {
        PH_ASSERT(err[0] != '\0' && memchr(err, '\0', sizeof err));
        return;
    }
    PH_ASSERT(s.small >= 1 && s.small <= 1000 && memchr(s.text, '\0', sizeof s.text));
    char *again = NULL;
    size_t again_size = 0;
    FILE *to = open_memstream(&again, &again_size);
    PH_ASSERT(to);
    ph_config_print(to, &table, &market, &s);
    PH_ASSERT(fclose(to) == 0);
    ph_config_market market_back;
    settings back;
    ph_status read = ph_config_read(file_of((const uint8_t *)again, again_size), &table,
                                    &market_back, &back, err, sizeof err);
    PH_ASSERT(read == PH_OK && back.small == s.small && back.large == s.large);
    PH_ASSERT(strcmp(back.text, s.text) == 0 && strcmp(market_back.name, market.name) == 0);
    free(again);
}

static void fuzz_keys(const uint8_t *bytes, size_t size)
{
    char err[SENTENCE] = "";
    ph_keyfile ours;
    phc_key theirs;
    const char *path = file_of(bytes, size);
    if (ph_keyfile_read(path, &ours, err, sizeof err) != PH_OK) PH_ASSERT(err[0] != '\0');
    err[0] = '\0';
    if (phc_key_read(path, &theirs, err, sizeof err) != PHC_OK) PH_ASSERT(err[0] != '\0');
}

static void fuzz_gateway(const uint8_t *bytes, size_t size)
{
    char err[SENTENCE] = "";
    phc_gateway g;
    if (phc_gateway_read(file_of(bytes, size), &g, err, sizeof err) != PHC_OK) {
        PH_ASSERT(err[0] != '\0');
        return;
    }
    uint8_t key[32];
    PH_ASSERT(phc_z85_parse(g.server_key, key) == PHC_OK && g.order_entry[0] != '\0');
}

static void fuzz_saved(const char *text, size_t size)
{
    char err[SENTENCE] = "";
    ph_saved s = {0};
    if (ph_saved_parse(text, size, &s, err, sizeof err) != PH_OK) {
        PH_ASSERT(err[0] != '\0' && !s.canonical);
        return;
    }
    PH_ASSERT(s.countersignature_cnt <= PH_SAVED_COUNTERSIGNATURES);
    ph_saved_free(&s);
}

static void fuzz_words(const char *text)
{
    int64_t money, money_again;
    uint64_t ns, n;
    uint32_t roles;
    uint8_t key[32];
    char room[96];
    if (phc_money_parse(text, &money) == PHC_OK)
        PH_ASSERT(phc_money_parse(phc_money_text(money, room), &money_again) == PHC_OK &&
                  money == money_again);
    (void)phc_time_parse(text, &ns);
    if (phc_number_parse(text, 1000, &n) == PHC_OK) PH_ASSERT(n <= 1000);
    (void)phc_z85_parse(text, key);
    (void)phc_hex_parse(text, key, sizeof key);
    (void)phc_roles_parse(text, &roles);
    phc_side side;
    phc_shape shape;
    phc_compute_type type;
    phc_architecture architecture;
    (void)phc_side_parse(text, &side);
    (void)phc_shape_parse(text, &shape);
    (void)phc_compute_type_parse(text, &type);
    (void)phc_architecture_parse(text, &architecture);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    char *text = malloc(size);
    if (!text) return 0;
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    switch (bytes[0] % 5) {
    case 0: fuzz_config(bytes + 1, size - 1); break;
    case 1: fuzz_keys(bytes + 1, size - 1); break;
    case 2: fuzz_gateway(bytes + 1, size - 1); break;
    case 3: fuzz_saved(text, size - 1); break;
    default: fuzz_words(text);
    }
    free(text);
    return 0;
}
