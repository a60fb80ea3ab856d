/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/note.h - C2SP signed notes: a text, an empty line, signature lines.

      <text, ends with a newline>
      <empty line>
      <U+2014> <key name> <base64(4-byte key id || signature)>

    Ed25519 only.  A signature is over the text with its last newline; a cosignature, which a
    witness adds as one more line (C2SP tlog-cosignature, cosignature/v1), over a time and the text.
    Signing itself is the keyring's (engine/notary/keyring.h) and the witness's.

    Owns      nothing.
    Thread    any. */
#ifndef ENGINE_NOTARY_NOTE_H
#define ENGINE_NOTARY_NOTE_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/base/types.h"

enum {
    PH_NOTE_KEY_ID_SIZE = 4,
    PH_NOTE_SIGNATURE_SIZE = 64,
    PH_NOTE_SIGNATURES_MAX = 16, /* lines; more are refused */
    PH_NOTE_VKEY_MAX = 128,      /* name, '+', 8 digits, '+', 44 characters, zero */
    PH_NOTE_COSIGNED_MAX = 4096, /* bytes that a witness signs; longer texts are not cosigned */
};

/* Who signs: a name as ph_checkpoint_market_ok wants it, and an Ed25519 public key. */
typedef struct {
    const char *name;
    const ph_key *key;
} ph_note_signer;

/* First bytes of SHA-256(name || 0x0A || 0x01 || key). */
void ph_note_key_id(const ph_note_signer *signer, uint8_t ret[PH_NOTE_KEY_ID_SIZE]);

/* Appends a whole note with one signature; w becomes full if there is no room.  The text ends with
   a newline. */
void ph_note_write(ph_writer *w, const char *text, size_t size, const ph_note_signer *signer,
                   const uint8_t signature[PH_NOTE_SIGNATURE_SIZE]);

/* Appends one more signature line to a note. */
void ph_note_line_write(ph_writer *w, const ph_note_signer *signer,
                        const uint8_t signature[PH_NOTE_SIGNATURE_SIZE]);

/* Checks a note of exactly `size` bytes and gives the size of its text, which is where the note
   starts.  PH_OK: signed by the signer.  PH_ECORRUPT: not a note.  PH_ENOTFOUND: a note, but no
   line is the signer's.  PH_EDENIED: a line of the signer whose signature does not hold.
   *ret_text_size is untouched on failure. */
ph_status ph_note_verify(const char *note, size_t size, const ph_note_signer *signer,
                         size_t *ret_text_size);

/* The same, and gives the signature that holds. */
ph_status ph_note_signature(const char *note, size_t size, const ph_note_signer *signer,
                            size_t *ret_text_size, uint8_t ret_signature[PH_NOTE_SIGNATURE_SIZE]);

/* The verifier key as text: name+key id+base64(0x01 || key).  Returns to. */
char *ph_note_vkey(const ph_note_signer *signer, char to[PH_NOTE_VKEY_MAX]);

/* ---- Cosignatures ------------------------------------------------------------------------ */

/* Appends what a witness signs: "cosignature/v1\ntime <seconds>\n" and the text. */
void ph_note_cosigned_write(ph_writer *w, const char *text, size_t size, uint64_t seconds);

/* Appends the line of a cosignature made at `seconds` since 1970; w becomes full if there is no
   room. */
void ph_note_cosignature_write(ph_writer *w, const ph_note_signer *witness, uint64_t seconds,
                               const uint8_t signature[PH_NOTE_SIGNATURE_SIZE]);

/* As ph_note_verify, for a cosignature of the witness; *ret_seconds is when it was made, of several
   the latest. */
ph_status ph_note_cosignature_verify(const char *note, size_t size, const ph_note_signer *witness,
                                     uint64_t *ret_seconds);

/* The verifier key of a witness: name+key id+base64(0x04 || key).  Returns to. */
char *ph_note_witness_vkey(const ph_note_signer *witness, char to[PH_NOTE_VKEY_MAX]);

#endif
