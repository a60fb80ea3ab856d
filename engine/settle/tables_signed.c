/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/tables_row.h"

#include <string.h>

#include "engine/wire/codec.h"
#include "engine/wire/statement.h"

static uint64_t proofs_cnt(const ph_rows *rows)
{
    return rows->cnt.proofs;
}

static void begin_proof(ph_copy *c, const ph_row_proof *proof)
{
    ph_copy_row(c);
    ph_copy_count(c, proof->command.seq);
    ph_copy_count(c, proof->command.at.ns);
}

static bool write_countersignature(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_proof *proof = &rows->proofs[i];
    const ph_countersign_contract *s = &proof->command.u.countersignature;
    if (proof->command.kind != PH_CMD_COUNTERSIGN_CONTRACT) return false;
    begin_proof(c, proof);
    ph_copy_count(c, s->contract.v);
    ph_copy_count(c, proof->command.sender.v);
    ph_copy_bytea(c, s->key.b, sizeof s->key.b);
    ph_copy_bytea(c, s->signature.b, sizeof s->signature.b);
    ph_copy_bool(c, proof->holds);
    ph_copy_row_end(c);
    return true;
}

static bool is_zero(const ph_signature *s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < sizeof s->b; i++)
        any |= s->b[i];
    return any == 0;
}

static bool write_notary_key(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_proof *proof = &rows->proofs[i];
    const ph_rotate_notary_key *k = &proof->command.u.notary_key;
    bool is_first = proof->command.kind == PH_CMD_OPEN_MARKET;
    if (!is_first && proof->command.kind != PH_CMD_ROTATE_NOTARY_KEY) return false;
    const ph_key *key = is_first ? &proof->command.u.open_market.notary_sign_key : &k->key;
    begin_proof(c, proof);
    ph_copy_bytea(c, key->b, sizeof key->b);
    if (is_first)
        ph_copy_null(c);
    else
        ph_copy_bytea(c, k->proof.b, sizeof k->proof.b);
    if (is_first || is_zero(&k->endorsement))
        ph_copy_null(c);
    else
        ph_copy_bytea(c, k->endorsement.b, sizeof k->endorsement.b);
    ph_copy_bool(c, proof->holds);
    ph_copy_bool(c, proof->is_endorsed);
    /* In force for the batches that begin after its record; the first from the first record on. */
    if (proof->holds)
        ph_copy_count(c, is_first ? proof->command.seq : proof->command.seq + 1);
    else
        ph_copy_null(c);
    ph_copy_row_end(c);
    return true;
}

/* What was stated is a row of its own table, with the signature. */
static bool write_statement(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_proof *proof = &rows->proofs[i];
    if (ph_statement_signature(&proof->command) == NULL) return false;
    const char *kind = ph_command_kind_name(proof->command.kind);
    begin_proof(c, proof);
    ph_copy_text(c, kind, strlen(kind));
    ph_copy_count(c, proof->command.sender.v);
    ph_copy_bool(c, proof->holds);
    ph_copy_row_end(c);
    return true;
}

static uint64_t roots_cnt(const ph_rows *rows)
{
    return rows->cnt.roots;
}

static bool write_root(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_root *root = &rows->roots[i];
    ph_copy_row(c);
    ph_copy_count(c, root->first_seq);
    ph_copy_count(c, root->first.v);
    number(c, root->leaf_cnt);
    ph_copy_bytea(c, root->root.b, sizeof root->root.b);
    ph_copy_row_end(c);
    return true;
}

static const ph_table tables[] = {
    {"petahour.contract_root", "first_seq, first_contract, leaf_count, root", roots_cnt, write_root,
     0},
    {"petahour.contract_countersignature",
     "seq, at_ns, contract, participant, key, signature, holds", proofs_cnt, write_countersignature,
     0},
    {"petahour.notary_key", "seq, at_ns, key, proof, endorsement, holds, is_endorsed, from_seq",
     proofs_cnt, write_notary_key, 0},
    {"petahour.statement_signature", "seq, at_ns, kind, participant, holds", proofs_cnt,
     write_statement, 0},
};

const ph_table_list ph_signed_tables = {tables, sizeof tables / sizeof tables[0]};
