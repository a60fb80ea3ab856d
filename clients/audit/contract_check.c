/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/contract_check.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/countersigned.h"
#include "clients/audit/log_note.h"
#include "clients/audit/proof.h"
#include "clients/audit/saved.h"
#include "engine/notary/merkle.h"

enum { PATH_SIZE = 4096 };

static int is_saved(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".json") == 0;
}

static int wrong(const char *path, const char *why)
{
    ph_audit_say("\"%s\": %s", path, why);
    return PH_AUDIT_WRONG;
}

/* Those that the file has: each holds, and is of a party. */
static int check_countersignatures(const char *path, const ph_saved *saved, const ph_document *d,
                                   ph_contract_sums *ret)
{
    ph_countersigned c;
    char sentence[160];
    ph_hash leaf = ph_merkle_leaf(saved->canonical, saved->canonical_size);
    ph_countersigned_begin(&c, d, &leaf);
    if (ph_countersigned_saved(&c, saved) != PH_AUDIT_RIGHT)
        return wrong(path, "it has a countersignature of somebody who is no party: get the "
                           "contract again from the notary");
    const char *part = ph_countersigned_false(&c);
    if (part == NULL) {
        ret->countersignatures += saved->countersignature_cnt;
        ret->unproved += ph_countersigned_unproved(&c);
        return PH_AUDIT_RIGHT;
    }
    snprintf(sentence, sizeof sentence,
             "the countersignature of the %s is false: it is as good as none; the contract itself "
             "proves itself",
             part);
    return wrong(path, sentence);
}

static int check_saved(const char *path, const ph_saved *saved, const ph_log_signer *by,
                       uint64_t last_seq, ph_contract_sums *ret)
{
    ph_proof proof;
    const char *why = "there is no key to check it with";
    char sentence[160];
    ph_status s = PH_ENOTFOUND;
    for (uint32_t i = 0; i < by->keys.cnt && s == PH_ENOTFOUND; i++)
        s = ph_proof_check(saved, &by->keys.v[i].key, &proof, &why);
    if (s != PH_OK) {
        snprintf(sentence, sizeof sentence, "the contract does not prove itself: %s", why);
        return wrong(path, sentence);
    }
    const ph_document *d = &proof.document;
    if (by->market.s[0] != '\0' && strcmp(d->market.s, by->market.s) != 0) {
        snprintf(sentence, sizeof sentence, "the contract is of market %s", d->market.s);
        return wrong(path, sentence);
    }
    if (d->seq <= last_seq) return check_countersignatures(path, saved, d, ret);
    snprintf(sentence, sizeof sentence,
             "the contract was concluded by record %" PRIu64 ", behind the end of the journal",
             d->seq);
    return wrong(path, sentence);
}

static int check_file(const char *path, const ph_log_signer *by, uint64_t last_seq,
                      ph_contract_sums *ret)
{
    ph_saved saved = {.canonical = NULL};
    char why[1024];
    ph_status s = ph_saved_read(path, &saved, why, sizeof why);
    int status = ph_audit_exit(s);
    if (s == PH_OK)
        status = check_saved(path, &saved, by, last_seq, ret);
    else
        ph_audit_say("%s", why);
    ph_saved_free(&saved);
    return status;
}

static int check_each(const ph_audit_request *q, const ph_log_signer *by, uint64_t last_seq,
                      ph_contract_sums *ret)
{
    struct dirent **entries = NULL;
    int cnt = scandir(q->contracts, &entries, is_saved, alphasort);
    if (cnt < 0) {
        bool is_missing = errno == ENOENT;
        ph_audit_say("could not read \"%s\": %s", q->contracts, strerror(errno));
        return is_missing ? PH_AUDIT_NOT_FOUND : PH_AUDIT_FAILED;
    }
    int status = PH_AUDIT_RIGHT;
    for (int i = 0; i < cnt; i++) {
        char path[PATH_SIZE];
        int size = snprintf(path, sizeof path, "%s/%s", q->contracts, entries[i]->d_name);
        int found = size < 0 || (size_t)size >= sizeof path ? wrong(q->contracts, "too long a path")
                                                            : check_file(path, by, last_seq, ret);
        if (found == PH_AUDIT_RIGHT) ret->contracts++;
        if (found != PH_AUDIT_RIGHT && status != PH_AUDIT_WRONG) status = found;
        free(entries[i]);
    }
    free(entries);
    if (cnt != 0) return status;
    ph_audit_say("there is no saved contract (*.json) in \"%s\"", q->contracts);
    return PH_AUDIT_NOT_FOUND;
}

int ph_contract_check(const ph_audit_request *q, uint64_t last_seq, ph_contract_sums *ret)
{
    ph_log_signer by;
    *ret = (ph_contract_sums){0};
    int status = ph_log_signer_of(q, &by);
    return status == PH_AUDIT_RIGHT ? check_each(q, &by, last_seq, ret) : status;
}
