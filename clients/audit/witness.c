/* SPDX-License-Identifier: Apache-2.0 */
/* A witness remembers the newest checkpoint it has cosigned, and cosigns what goes on from it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clients/audit/audit.h"
#include "clients/audit/log_note.h"
#include "engine/notary/note.h"
#include "engine/process/clock.h"
#include "engine/process/file.h"
#include "engine/process/keyfile.h"

enum { PATH_SIZE = 1024 };

typedef struct {
    const ph_audit_request *q;
    ph_log_signer log;
    ph_keyfile own;
    ph_note_signer self;
    bool is_first;    /* nothing was cosigned before */
    ph_log_note seen; /* what was cosigned last */
    uint64_t seen_at; /* when */
    ph_log_note now;  /* what is to be cosigned */
    uint64_t seconds; /* the time that is put on it */
    char cosigned[PH_LOG_NOTE_MAX];
    size_t cosigned_size;
} witness;

static int open_key(witness *w)
{
    char err[1024];
    ph_status s = ph_keyfile_read(w->q->witness_key, &w->own, err, sizeof err);
    if (s != PH_OK) {
        ph_audit_say("%s", err);
        return s == PH_ENOTFOUND ? PH_AUDIT_NOT_FOUND : PH_AUDIT_FAILED; /* no finding */
    }
    if (!ph_checkpoint_market_ok(w->own.name)) {
        ph_audit_say("key file \"%s\": name %s cannot be the name of a witness: printable ASCII "
                     "without space and '+'",
                     w->q->witness_key, w->own.name);
        return PH_AUDIT_FAILED;
    }
    w->self = (ph_note_signer){w->own.name, &w->own.sign_public};
    bool is_logs = false;
    for (uint32_t i = 0; i < w->log.keys.cnt; i++)
        is_logs =
            is_logs || memcmp(&w->own.sign_public, &w->log.keys.v[i].key, sizeof(ph_key)) == 0;
    if (!is_logs) return PH_AUDIT_RIGHT;
    ph_audit_say("the witness has the key of the log: nobody is his own witness");
    return PH_AUDIT_FAILED;
}

/* Two processes with one memory would each cosign what the other has not seen. */
static int lock_state(const char *state, int *ret)
{
    char path[PATH_SIZE];
    if (strlen(state) + sizeof ".lock" > sizeof path) {
        ph_audit_say("the name of the state is too long: at most %zu bytes",
                     sizeof path - sizeof ".lock");
        return PH_AUDIT_FAILED;
    }
    snprintf(path, sizeof path, "%s.lock", state);
    *ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*ret >= 0 && flock(*ret, LOCK_EX | LOCK_NB) == 0) return PH_AUDIT_RIGHT;
    ph_audit_say("could not lock \"%s\": %s", path,
                 *ret >= 0 && errno == EWOULDBLOCK ? "another witness is using this state"
                                                   : strerror(errno));
    return PH_AUDIT_FAILED;
}

/* What is remembered carries the witness's own cosignature: it is not believed without. */
static int read_state(witness *w)
{
    char name[PATH_SIZE], note[PH_LOG_NOTE_MAX];
    size_t size;
    snprintf(name, sizeof name, "state \"%s\"", w->q->state);
    ph_status s = ph_file_read(AT_FDCWD, w->q->state, note, sizeof note, &size);
    w->is_first = s == PH_ENOTFOUND && errno == ENOENT;
    if (w->is_first) return PH_AUDIT_RIGHT;
    if (s != PH_OK) {
        ph_audit_say("could not read %s: %s", name, strerror(errno));
        return PH_AUDIT_FAILED;
    }
    int status = ph_log_note_of(name, note, size, &w->log, &w->seen);
    if (status != PH_AUDIT_RIGHT) return status;
    if (ph_note_cosignature_verify(note, size, &w->self, &w->seen_at) == PH_OK)
        return PH_AUDIT_RIGHT;
    ph_audit_say("%s is not what this witness remembered: its own cosignature is missing or does "
                 "not hold",
                 name);
    return PH_AUDIT_WRONG;
}

/* Refuses what contradicts what was seen; a fork is kept as evidence beside the state. */
static int compare(witness *w)
{
    int status = ph_log_newest(w->q->log, &w->log, &w->now);
    if (status != PH_AUDIT_RIGHT || w->is_first) return status;
    status = ph_log_check_growth(w->q->log, &w->seen, &w->now);
    if (status != PH_AUDIT_FORK) return status;
    char path[PATH_SIZE];
    static char both[2 * PH_LOG_NOTE_MAX];
    memcpy(both, w->seen.note, w->seen.size);
    memcpy(both + w->seen.size, w->now.note, w->now.size);
    snprintf(path, sizeof path, "%s.fork", w->q->state);
    if (ph_file_replace(AT_FDCWD, path, both, w->seen.size + w->now.size) == PH_OK)
        ph_audit_say("both checkpoints are kept in \"%s\"", path);
    else
        ph_audit_say("could not keep both checkpoints in \"%s\": %s", path, strerror(errno));
    return status;
}

static int choose_time(witness *w)
{
    w->seconds = w->q->at != 0 ? w->q->at : ph_clock_now().ns / 1000000000;
    if (w->is_first || w->seconds >= w->seen_at) return PH_AUDIT_RIGHT;
    ph_audit_say("the clock is behind the cosignature of the last checkpoint: %" PRIu64
                 " seconds since 1970, then %" PRIu64,
                 w->seconds, w->seen_at);
    return PH_AUDIT_FAILED;
}

/* The log's own note and one line more. */
static int cosign(witness *w)
{
    uint8_t message[PH_NOTE_COSIGNED_MAX], signature[PH_NOTE_SIGNATURE_SIZE];
    uint8_t public[crypto_sign_ed25519_PUBLICKEYBYTES], secret[crypto_sign_ed25519_SECRETKEYBYTES];
    ph_writer m = ph_writer_of(message, sizeof message);
    ph_note_cosigned_write(&m, w->now.note, w->now.text_size, w->seconds);
    if (m.full) {
        ph_audit_say("the checkpoint is too long to be cosigned");
        return PH_AUDIT_FAILED;
    }
    (void)crypto_sign_ed25519_seed_keypair(public, secret, w->own.sign_seed); /* always 0 */
    (void)crypto_sign_ed25519_detached(signature, NULL, message, ph_writer_size(&m),
                                       secret); /* always 0 */
    sodium_memzero(secret, sizeof secret);
    ph_writer n = ph_writer_of(w->cosigned, sizeof w->cosigned);
    ph_write_bytes(&n, w->now.note, w->now.size);
    ph_note_cosignature_write(&n, &w->self, w->seconds, signature);
    w->cosigned_size = ph_writer_size(&n);
    uint64_t seconds;
    if (!n.full &&
        ph_note_cosignature_verify(w->cosigned, w->cosigned_size, &w->self, &seconds) == PH_OK)
        return PH_AUDIT_RIGHT;
    ph_audit_say("the checkpoint has too many signatures to take one more");
    return PH_AUDIT_FAILED;
}

/* First remembered, then shown: what was shown can never be forgotten. */
static int remember(const witness *w)
{
    if (ph_file_replace(AT_FDCWD, w->q->state, w->cosigned, w->cosigned_size) != PH_OK) {
        ph_audit_say("could not write state \"%s\": %s", w->q->state, strerror(errno));
        return PH_AUDIT_FAILED;
    }
    printf("%.*s", (int)w->cosigned_size, w->cosigned);
    return PH_AUDIT_RIGHT;
}

int ph_audit_witness(const ph_audit_request *q)
{
    static witness w; /* its notes are long */
    int lock = -1;
    w = (witness){.q = q};
    int status = ph_log_signer_of(q, &w.log);
    if (status == PH_AUDIT_RIGHT) status = open_key(&w);
    if (status == PH_AUDIT_RIGHT) status = lock_state(q->state, &lock);
    if (status == PH_AUDIT_RIGHT) status = read_state(&w);
    if (status == PH_AUDIT_RIGHT) status = compare(&w);
    if (status == PH_AUDIT_RIGHT) status = choose_time(&w);
    if (status == PH_AUDIT_RIGHT) status = cosign(&w);
    if (status == PH_AUDIT_RIGHT) status = remember(&w);
    ph_keyfile_wipe(&w.own);
    if (lock >= 0) (void)close(lock); /* nothing was written */
    return status;
}
