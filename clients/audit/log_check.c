/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_check.h"

#include <inttypes.h>
#include <string.h>

#include "clients/audit/log_record.h"

int ph_log_check_begin(const ph_audit_request *q, ph_log_check *ret)
{
    ph_log_signer by;
    ret->reader = NULL;
    ret->tree.leaf_cnt = 0;
    ret->status = ph_log_signer_of(q, &by);
    if (ret->status == PH_AUDIT_RIGHT) ret->status = ph_log_newest(q->log, &by, &ret->note);
    if (ret->status != PH_AUDIT_RIGHT) return ret->status;
    ret->status = ph_log_open(q->log, &by, &ret->note, &ret->reader);
    return ret->status == PH_AUDIT_WRONG ? PH_AUDIT_RIGHT : ret->status;
}

static ph_status keep_nothing(void *arg, const ph_tile *t, const ph_hash *v)
{
    (void)arg, (void)t, (void)v;
    return PH_OK;
}

/* What the tiles have for the leaf; they are asked until something is wrong. */
static void compare_leaf(ph_log_check *c, uint64_t seq, const ph_hash *leaf)
{
    ph_hash there;
    if (c->status != PH_AUDIT_RIGHT) return;
    ph_hash_source source = ph_log_reader_source(c->reader);
    ph_status s = source.subtree(source.arg, 0, seq - 1, &there);
    if (s != PH_OK) {
        ph_audit_say("%s", ph_log_reader_why(c->reader));
        c->status = ph_audit_exit(s);
    } else if (memcmp(there.b, leaf->b, sizeof there.b) != 0) {
        ph_audit_say("record %" PRIu64 " is not the one that the log signed", seq);
        c->status = PH_AUDIT_WRONG;
    }
}

static int compare_root(ph_log_check *c)
{
    ph_hash root = ph_log_tree_root(&c->tree);
    if (memcmp(root.b, c->note.c.root.b, sizeof root.b) == 0) {
        if (c->status != PH_AUDIT_RIGHT)
            ph_audit_say("the journal is the one that was signed: its log can be made again");
        return c->status;
    }
    ph_audit_say("the journal is not the one whose checkpoint of %" PRIu64 " records was signed",
                 c->note.c.leaf_cnt);
    if (c->status == PH_AUDIT_RIGHT) c->status = PH_AUDIT_WRONG;
    return c->status;
}

int ph_log_check_add(ph_log_check *c, const ph_journal_batch *b)
{
    ph_journal_cursor cursor = {0};
    ph_journal_record r;
    while (c->tree.leaf_cnt < c->note.c.leaf_cnt && ph_journal_record_next(b, &cursor, &r)) {
        ph_hash record = ph_log_record_of(b, &r);
        ph_hash leaf = ph_merkle_leaf(record.b, sizeof record.b);
        compare_leaf(c, r.seq, &leaf);
        (void)ph_log_tree_append(&c->tree, &leaf, keep_nothing, NULL); /* PH_OK, as keep_nothing */
    }
    return c->status;
}

int ph_log_check_end(ph_log_check *c)
{
    if (c->tree.leaf_cnt == c->note.c.leaf_cnt) return compare_root(c);
    ph_audit_say("the journal has %" PRIu64 " records, but a checkpoint of %" PRIu64 " was signed",
                 c->tree.leaf_cnt, c->note.c.leaf_cnt);
    if (c->status == PH_AUDIT_RIGHT) c->status = PH_AUDIT_WRONG;
    return c->status;
}

void ph_log_check_close(ph_log_check *c)
{
    ph_log_reader_close(c->reader);
    c->reader = NULL;
}
