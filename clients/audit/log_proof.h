/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/log_proof.h - proofs of the transparency log as text.

    That a record is in the log (C2SP tlog-proof):

      c2sp.org/tlog-proof@v1
      index <leaf index>
      <hash, base64, one per line, from the leaf up>
      <empty line>
      <checkpoint, a signed note>

    and that one checkpoint goes on from another (the body of add-checkpoint of C2SP tlog-witness):

      old <leaf count>
      <hash, base64, one per line>
      <empty line>
      <checkpoint, a signed note>

    Nothing is verified here but the form; one proof has one text.

    Owns      nothing: a proof that was read points into its text.
    Thread    any. */
#ifndef CLIENTS_AUDIT_LOG_PROOF_H
#define CLIENTS_AUDIT_LOG_PROOF_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/notary/log_tree.h"

typedef enum { PH_LOG_PROOF_INCLUSION = 1, PH_LOG_PROOF_GROWTH = 2 } ph_log_proof_kind;

/* Two lines, 64 hashes and the longest note. */
enum { PH_LOG_PROOF_MAX = 128 + 64 * 45 + 8192 };

typedef struct {
    ph_log_proof_kind kind;
    uint64_t number; /* leaf index, or leaf count of the old tree */
    ph_log_path path;
    const char *note; /* not zero-terminated */
    size_t note_size;
} ph_log_proof;

/* Appends the text; w becomes full if there is no room. */
void ph_log_proof_write(ph_writer *w, const ph_log_proof *p);

/* Where a text stops being a proof. */
typedef struct {
    uint32_t line; /* from 1 */
    const char *why;
} ph_log_proof_fault;

/* Reads a proof of exactly `size` bytes.  PH_ECORRUPT: it is none, and *ret_fault says where and
   why; *ret is then untouched. */
ph_status ph_log_proof_read(const char *text, size_t size, ph_log_proof *ret,
                            ph_log_proof_fault *ret_fault);

#endif
