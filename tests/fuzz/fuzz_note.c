/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_note.c - signed notes, cosignatures and checkpoints from any bytes.

    The input is taken as a note, and, because nobody guesses a signature, also as a text that is
    signed and cosigned here: what is behind the signature is then exercised too. */
#include <string.h>

#include <sodium.h>

#include "engine/base/panic.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/note.h"

enum { NOTE_MAX = 8192 };

static ph_key key;
static uint8_t secret[64];
static const ph_note_signer log_signer = {"m/journal", &key}, witness = {"w", &key};

/* What is read, written again, is the same bytes. */
static void read_text(const char *text, size_t size)
{
    char again[PH_CHECKPOINT_TEXT_MAX];
    ph_checkpoint root;
    ph_log_checkpoint log;
    bool is_root = ph_checkpoint_read(text, size, &root) == PH_OK;
    bool is_log = ph_log_checkpoint_read(text, size, &log) == PH_OK;
    PH_ASSERT(!is_root || !is_log); /* one reading */
    if (is_root)
        PH_ASSERT(ph_checkpoint_write(&root, again) == size && memcmp(again, text, size) == 0);
    if (is_log)
        PH_ASSERT(ph_log_checkpoint_write(&log, again) == size && memcmp(again, text, size) == 0);
}

static void read_note(const char *note, size_t size)
{
    size_t text = 0;
    uint64_t seconds;
    if (ph_note_verify(note, size, &log_signer, &text) == PH_OK) {
        PH_ASSERT(text >= 1 && text < size && note[text - 1] == '\n' && note[text] == '\n');
        read_text(note, text);
    }
    (void)ph_note_cosignature_verify(note, size, &witness, &seconds); /* any answer will do */
}

/* Nothing but the text decides whether the note is one. */
static void sign_text(const char *text, size_t size)
{
    static uint8_t note[2 * NOTE_MAX], message[PH_NOTE_COSIGNED_MAX];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    if (size == 0 || text[size - 1] != '\n' || size > PH_NOTE_COSIGNED_MAX - 128) return;
    crypto_sign_ed25519_detached(signature, NULL, (const unsigned char *)text, size, secret);
    ph_writer w = ph_writer_of(note, sizeof note), m = ph_writer_of(message, sizeof message);
    ph_note_write(&w, text, size, &log_signer, signature);
    ph_note_cosigned_write(&m, text, size, size);
    crypto_sign_ed25519_detached(signature, NULL, message, ph_writer_size(&m), secret);
    ph_note_cosignature_write(&w, &witness, size, signature);
    PH_ASSERT(!w.full && !m.full);
    size_t got = 0;
    uint64_t seconds = 0;
    ph_status s = ph_note_verify((char *)note, ph_writer_size(&w), &log_signer, &got);
    ph_status c = ph_note_cosignature_verify((char *)note, ph_writer_size(&w), &witness, &seconds);
    PH_ASSERT(s == c && (s == PH_OK || s == PH_ECORRUPT));
    if (s == PH_OK) PH_ASSERT(got == size && seconds == size);
    read_note((char *)note, ph_writer_size(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t seed[32] = {1};
    if (sodium_init() < 0) return 0;
    crypto_sign_ed25519_seed_keypair(key.b, secret, seed);
    const char *text = (const char *)bytes;
    read_text(text, size);
    if (size != 0) read_note(text, size);
    sign_text(text, size);
    return 0;
}
