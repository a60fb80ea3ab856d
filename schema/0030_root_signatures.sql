-- SPDX-License-Identifier: Apache-2.0
-- The notary's signature under the root of each batch. It is in no journal: the notary signs afterwards, and
-- settlement, where it is told to, follows it and writes what it has verified.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

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

DROP FUNCTION contract_proof(bigint);

-- As before, and the signed root as the notary gives it to the parties: text, empty line, signature line
-- (engine/notary/README.md, section 3); null until its signature is there.
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

-- As before, and signatures are by the key in force. Whether one holds was verified by who wrote the row.
CREATE OR REPLACE VIEW reconcile_root WITH (security_invoker = true) AS
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

-- ---- Who may do what ------------------------------------------------------------------------

GRANT SELECT ON root_signature TO petahour_auditor, petahour_settle, petahour_member;
GRANT INSERT ON root_signature TO petahour_settle;
REVOKE ALL ON FUNCTION contract_proof(bigint), sign_roots(text, bigint, bigint[], bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contract_proof(bigint) TO petahour_auditor, petahour_member;
GRANT EXECUTE ON FUNCTION sign_roots(text, bigint, bigint[], bytea[], bytea[]) TO petahour_settle;

-- Verify: signatures are guarded and appended only.
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM reconcile_schema WHERE subject = 'root_signature'), 'signatures are guarded';
    ASSERT has_table_privilege('petahour_settle', 'root_signature', 'INSERT')
       AND NOT has_table_privilege('petahour_settle', 'root_signature', 'UPDATE, DELETE, TRUNCATE'),
        'the settlement appends';
END $$;
