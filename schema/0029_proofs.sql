-- SPDX-License-Identifier: Apache-2.0
-- What proves a contract. The root of the contracts of each batch, which is what the notary signs, and with it
-- the place of a contract and its inclusion proof (engine/notary/README.md, section 2): which contracts are a
-- batch is in the journal alone, where records were made durable together. And the notary's signature under
-- the root, which is in no journal: it signs afterwards, and settlement, where it is told to, follows it and
-- writes what it has verified.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- A batch that concluded contracts. Their numbers are consecutive, so the leaf index of one is its number
-- less first_contract, and a contract is of the last root that begins at its record or before.
CREATE TABLE contract_root (
    first_seq      bigint PRIMARY KEY CHECK (first_seq > 0),    -- first record of the batch
    first_contract bigint NOT NULL CHECK (first_contract > 0),
    leaf_count     integer NOT NULL CHECK (leaf_count > 0),
    root           bytea NOT NULL CHECK (octet_length(root) = 32)
);
CALL make_append_only('contract_root');

INSERT INTO backfill (name) VALUES ('contract_root');

-- ---- Signatures -----------------------------------------------------------------------------

-- A row is there only if the signature holds, under the text of our own root, by the key in force.
CREATE TABLE root_signature (
    first_seq bigint PRIMARY KEY REFERENCES contract_root,
    key       bytea NOT NULL CHECK (octet_length(key) = 32),
    signature bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CALL make_append_only('root_signature');

-- Writes signatures of this epoch, those that are not there yet, or fails.
CREATE FUNCTION sign_roots(the_market text, the_epoch bigint, seqs bigint[], keys bytea[],
                           signatures bytea[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM petahour.position p
      WHERE p.market = the_market AND p.epoch = the_epoch FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'epoch % was taken over: another petahour-settle writes here now', the_epoch
            USING ERRCODE = '55000';
    END IF;
    INSERT INTO petahour.root_signature SELECT * FROM unnest(seqs, keys, signatures)
        ON CONFLICT DO NOTHING;
END $$;

-- ---- Proofs ---------------------------------------------------------------------------------

-- The root of these leaves (32 bytes each, at least one) and the inclusion proof of the one at this place,
-- from 0: the hashes beside the way up, lowest first. Level by level; the last node of a level of odd size
-- goes up as it is. Each leaf costs one hash, wherever it is.
CREATE FUNCTION merkle_path(leaves bytea, place integer, OUT root bytea, OUT proof bytea)
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    size integer := length(leaves) / 32;
    beside integer;
BEGIN
    root := leaves;
    proof := '';
    WHILE size > 1 LOOP
        beside := place # 1;
        IF beside < size THEN
            proof := proof || substr(root, 32 * beside + 1, 32);
        END IF;
        root := (SELECT string_agg(CASE WHEN i + 1 < size
                                        THEN sha256('\x01'::bytea || substr(root, 32 * i + 1, 64))
                                        ELSE substr(root, 32 * i + 1, 32) END, '')
                   FROM generate_series(0, size - 1, 2) i);    -- in this order: no sort for small trees
        place := place / 2;
        size := (size + 1) / 2;
    END LOOP;
END $$;

-- What proves a contract beside its canonical bytes: its place, its inclusion proof (32 bytes for each
-- hash), the root, the text that the notary signs, and the signed root as the notary gives it to the parties:
-- text, empty line, signature line (engine/notary/README.md, section 3), null until its signature is there. A
-- party asks for its own contracts, an auditor for all; of others' contracts of the batch nobody gets more than
-- the hashes of the proof. No row: there is no such contract, it is not theirs, or its batch is not filled yet.
CREATE FUNCTION contract_proof(the_contract bigint)
RETURNS TABLE (leaf_index integer, leaf_count integer, inclusion_proof bytea, root bytea,
               root_text text, signed_root text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    who constant bigint := CASE WHEN NOT pg_has_role(session_user, 'petahour_auditor', 'USAGE')
                                THEN me() END;
    asked contract;
    batch contract_root;
    leaves bytea;
    path record;
    unsigned text;
    signature_line text;
BEGIN
    SELECT * INTO asked FROM contract
     WHERE id = the_contract
       AND (who IS NULL OR who IN (buyer, supplier) OR (from_contract IS NOT NULL AND seller = who));
    SELECT * INTO batch FROM contract_root
     WHERE first_seq <= asked.seq ORDER BY first_seq DESC LIMIT 1;
    IF batch.first_seq IS NULL OR asked.id - batch.first_contract NOT BETWEEN 0 AND batch.leaf_count - 1 THEN
        RETURN;
    END IF;
    SELECT coalesce(string_agg(leaf, '' ORDER BY id), '') INTO leaves FROM contract
     WHERE id >= batch.first_contract AND id < batch.first_contract + batch.leaf_count;
    path := merkle_path(leaves, (asked.id - batch.first_contract)::integer);
    IF length(leaves) <> 32 * batch.leaf_count OR path.root <> batch.root THEN
        RAISE EXCEPTION 'the leaves of the batch of contract % do not come to its root', the_contract
            USING ERRCODE = 'XX001', HINT = 'petahour-audit compare tells which rows are wrong';
    END IF;
    SELECT format(E'%s/contracts/%s\n%s\n%s\n', m.name, batch.first_seq, batch.leaf_count,
                  encode(batch.root, 'base64')),
           -- 68 bytes are 92 digits, of which encode() makes two lines.
           E'\n\u2014 ' || m.name || ' ' || replace(encode(substr(sha256(
               convert_to(m.name || E'\n', 'UTF8') || '\x01'::bytea || s.key), 1, 4) || s.signature,
               'base64'), E'\n', '') || E'\n'
      INTO unsigned, signature_line
      FROM market m LEFT JOIN root_signature s ON s.first_seq = batch.first_seq;
    RETURN QUERY SELECT (asked.id - batch.first_contract)::integer, batch.leaf_count, path.proof,
                        batch.root, unsigned, unsigned || signature_line;
END $$;

-- ---- Laws -----------------------------------------------------------------------------------

-- Contracts and roots are merged by number, so that all of it costs one sort and a hash for each contract.
-- Whether a signature holds was verified by who wrote the row.
CREATE VIEW reconcile_root WITH (security_invoker = true) AS
    WITH batch AS (
        SELECT *, lead(first_seq) OVER (ORDER BY first_seq) AS next_seq FROM contract_root),
    placed AS (
        SELECT id, seq, leaf,
               max(first_seq) OVER (ORDER BY id, seq NULLS FIRST ROWS UNBOUNDED PRECEDING) AS first_seq
          FROM (SELECT id, seq, leaf, NULL::bigint AS first_seq FROM contract
                UNION ALL
                SELECT first_contract, NULL, NULL, first_seq FROM contract_root) x),
    leaves AS (
        SELECT p.first_seq, count(*) AS contracts, string_agg(p.leaf, '' ORDER BY p.id) AS leaves
          FROM placed p JOIN batch b USING (first_seq)
         WHERE p.seq IS NOT NULL AND p.id < b.first_contract + b.leaf_count
         GROUP BY p.first_seq)
    SELECT 'a root is what the leaves of its batch come to' AS law,
           format('record %s', b.first_seq) AS subject, b.leaf_count::numeric AS stated,
           coalesce(l.contracts, 0)::numeric AS found
      FROM batch b LEFT JOIN leaves l USING (first_seq)
     WHERE l.contracts IS DISTINCT FROM b.leaf_count
        OR (merkle_path(l.leaves, 0)).root IS DISTINCT FROM b.root
    UNION ALL
    SELECT 'a contract is under one root, that of the batch of its record', format('contract %s', p.id),
           p.seq, b.first_seq
      FROM placed p LEFT JOIN batch b USING (first_seq)
     WHERE p.seq IS NOT NULL
       AND (b.first_seq IS NULL OR p.id >= b.first_contract + b.leaf_count
            OR p.seq < b.first_seq OR p.seq >= b.next_seq)
       AND NOT EXISTS (SELECT FROM reconcile_backfill WHERE subject = 'contract_root')
    UNION ALL
    SELECT 'a root is signed by the key in force for its batch', format('record %s', s.first_seq), NULL, NULL
      FROM root_signature s
     WHERE s.key IS DISTINCT FROM (SELECT k.key FROM notary_key k WHERE k.from_seq <= s.first_seq
                                    ORDER BY k.from_seq DESC LIMIT 1);

CREATE OR REPLACE FUNCTION reconcile_laws()
RETURNS TABLE (law text, subject text, stated numeric, found numeric)
LANGUAGE sql STABLE SET jit = off SET search_path = petahour, pg_temp AS $$
    SELECT * FROM reconcile_sum
    UNION ALL SELECT * FROM reconcile_balance
    UNION ALL SELECT * FROM reconcile_negative
    UNION ALL SELECT * FROM reconcile_escrow
    UNION ALL SELECT * FROM reconcile_bond
    UNION ALL SELECT * FROM reconcile_segment
    UNION ALL SELECT * FROM reconcile_transfer
    UNION ALL SELECT * FROM reconcile_party
    UNION ALL SELECT * FROM reconcile_quantity
    UNION ALL SELECT * FROM reconcile_number
    UNION ALL SELECT * FROM reconcile_position
    UNION ALL SELECT * FROM reconcile_ended
    UNION ALL SELECT * FROM reconcile_final
    UNION ALL SELECT * FROM reconcile_cause
    UNION ALL SELECT * FROM reconcile_capacity
    UNION ALL SELECT * FROM reconcile_state
    UNION ALL SELECT * FROM reconcile_partition
    UNION ALL SELECT * FROM reconcile_schema
    UNION ALL SELECT * FROM reconcile_signature
    UNION ALL SELECT * FROM reconcile_root
    UNION ALL SELECT * FROM reconcile_backfill
    UNION ALL SELECT * FROM reconcile_summed
    UNION ALL SELECT * FROM reconcile_fee
    UNION ALL SELECT * FROM reconcile_bond_unit
    -- reconcile_payment, _refund, _supplier_fee, _compensation, _penalty and _bond_return in one pass
    UNION ALL SELECT law, format('contract %s, period %s', contract, period), stated, found
                FROM final_broken
    UNION ALL SELECT * FROM reconcile_premium
    UNION ALL SELECT * FROM reconcile_buyer_fee
    UNION ALL SELECT * FROM reconcile_fee_refund
    UNION ALL SELECT * FROM reconcile_resale
    UNION ALL SELECT * FROM reconcile_split
    UNION ALL SELECT * FROM reconcile_deposit
    UNION ALL SELECT * FROM reconcile_deposit_end
    UNION ALL SELECT * FROM reconcile_kept
    UNION ALL SELECT * FROM reconcile_attested
$$;

-- ---- Who may do what ------------------------------------------------------------------------

-- Roots and signatures tell nothing of the contracts under them: everybody may have them.
GRANT SELECT ON contract_root, root_signature TO petahour_auditor, petahour_settle, petahour_member;
GRANT SELECT ON reconcile_root TO petahour_auditor, petahour_settle;
GRANT INSERT ON contract_root, root_signature TO petahour_settle;
REVOKE ALL ON FUNCTION merkle_path(bytea, integer), contract_proof(bigint),
                       sign_roots(text, bigint, bigint[], bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION merkle_path(bytea, integer) TO petahour_auditor, petahour_settle;
GRANT EXECUTE ON FUNCTION contract_proof(bigint) TO petahour_auditor, petahour_member;
GRANT EXECUTE ON FUNCTION sign_roots(text, bigint, bigint[], bytea[], bytea[]) TO petahour_settle;

-- Verify: roots and signatures are guarded and appended only, no law was left out, and a tree of three
-- leaves, of zeros, ones and twos, is what RFC 6962 says.
DO $$
DECLARE
    a constant bytea := decode(repeat('00', 32), 'hex');
    b constant bytea := decode(repeat('01', 32), 'hex');
    c constant bytea := decode(repeat('02', 32), 'hex');
    pair constant bytea := sha256('\x01'::bytea || a || b);
BEGIN
    ASSERT NOT EXISTS (SELECT FROM reconcile_schema WHERE subject IN ('contract_root', 'root_signature')),
        'roots and signatures are guarded';
    ASSERT has_table_privilege('petahour_settle', 'contract_root', 'INSERT')
       AND has_table_privilege('petahour_settle', 'root_signature', 'INSERT')
       AND NOT has_table_privilege('petahour_settle', 'contract_root', 'UPDATE, DELETE, TRUNCATE')
       AND NOT has_table_privilege('petahour_settle', 'root_signature', 'UPDATE, DELETE, TRUNCATE'),
        'the settlement appends';
    ASSERT (SELECT count(*) FROM backfill WHERE name = 'contract_root' AND to_seq IS NULL) = 1,
        'earlier batches are left to the journal';
    ASSERT NOT EXISTS (SELECT FROM pg_class
                        WHERE relnamespace = 'petahour'::regnamespace AND relname LIKE 'reconcile\_%'
                          AND (SELECT prosrc FROM pg_proc WHERE proname = 'reconcile_laws')
                              !~ format('(reconcile|\m)%s\M', substr(relname, length('reconcile') + 1))),
        'reconcile is all of the laws';
    ASSERT (merkle_path(a || b || c, 2)).root = sha256('\x01'::bytea || pair || c)
       AND (merkle_path(a || b || c, 2)).proof = pair AND (merkle_path(a || b || c, 0)).proof = b || c
       AND (merkle_path(a, 0)).root = a AND (merkle_path(a, 0)).proof = '', 'the tree is that of RFC 6962';
END $$;
