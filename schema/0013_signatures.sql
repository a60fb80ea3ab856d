-- SPDX-License-Identifier: Apache-2.0
-- What is signed: the leaf hash of every contract's document, the countersignatures of its parties,
-- the keys of the notary; and how a database with rows gets rows that only the journal knows.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- ---- Rows of earlier records ----------------------------------------------------------------

-- What a migration left to the journal, by table or table.column: rows of records up to to_seq, of
-- which those up to done_seq are there. A settlement that takes the position says up to where (until
-- then another one may still be writing rows as they were before), replays, and fills.
CREATE TABLE backfill (
    name     text PRIMARY KEY,
    to_seq   bigint CHECK (to_seq >= 0),
    done_seq bigint NOT NULL DEFAULT 0 CHECK (done_seq >= 0),
    CONSTRAINT not_beyond CHECK (done_seq <= coalesce(to_seq, 0))
);
CREATE FUNCTION backfill_goes_forward() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.name <> OLD.name OR NEW.done_seq < OLD.done_seq
       OR (OLD.to_seq IS NOT NULL AND NEW.to_seq IS DISTINCT FROM OLD.to_seq) THEN
        RAISE EXCEPTION '% of petahour.backfill is refused: it only goes forward', TG_OP
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forward BEFORE UPDATE OR DELETE ON backfill
    FOR EACH ROW EXECUTE FUNCTION backfill_goes_forward();
CREATE TRIGGER forward_truncate BEFORE TRUNCATE ON backfill
    FOR EACH STATEMENT EXECUTE FUNCTION backfill_goes_forward();
ALTER TABLE backfill ENABLE ALWAYS TRIGGER forward;
ALTER TABLE backfill ENABLE ALWAYS TRIGGER forward_truncate;

-- As before, and says up to where rows are to be filled: nobody else writes from here on.
CREATE OR REPLACE FUNCTION take_position(the_market text)
RETURNS TABLE (epoch bigint, last_seq bigint, last_chain_hash bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        INSERT INTO petahour.position AS p (market, epoch, last_seq, last_chain_hash)
        VALUES (the_market, 1, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT (market) DO UPDATE SET epoch = p.epoch + 1, moved_at = clock_timestamp()
        RETURNING p.epoch, p.last_seq, p.last_chain_hash;
    UPDATE petahour.backfill b SET to_seq = p.last_seq
      FROM petahour.position p WHERE b.to_seq IS NULL;
END $$;

-- Moves what is filled over records first_seq .. to_seq, or fails, and with it everything that the
-- transaction would write.
CREATE FUNCTION fill(the_market text, the_epoch bigint, the_name text, first_seq bigint,
                     last_seq bigint)
RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM petahour.position p
      WHERE p.market = the_market AND p.epoch = the_epoch FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'epoch % was taken over: another petahour-settle writes here now', the_epoch
            USING ERRCODE = '55000';
    END IF;
    UPDATE petahour.backfill b SET done_seq = last_seq
     WHERE b.name = the_name AND b.done_seq = first_seq - 1 AND b.to_seq >= last_seq;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rows of % for records % to % are not those that are missing', the_name,
            first_seq, last_seq USING ERRCODE = '55000';
    END IF;
END $$;

-- ---- Tables ---------------------------------------------------------------------------------

-- The hash of the contract's document that notary and parties sign. Null only for contracts that
-- were there before this column, until it is filled.
ALTER TABLE contract
    ADD COLUMN leaf bytea CHECK (octet_length(leaf) = 32);

CREATE FUNCTION contract_gets_leaf() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.leaf IS NULL THEN
            OLD.leaf := NEW.leaf;
        END IF;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of petahour.% is refused: its rows are appended and never changed', TG_OP,
        TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
DROP TRIGGER append_only ON contract;
CREATE TRIGGER gets_leaf BEFORE UPDATE OR DELETE ON contract
    FOR EACH ROW EXECUTE FUNCTION contract_gets_leaf();
ALTER TABLE contract ENABLE ALWAYS TRIGGER gets_leaf;

-- A party puts its name to a contract, once. Whether the signature holds was verified by who wrote
-- the row, against the leaf of the contract.
CREATE TABLE contract_countersignature (
    seq         bigint PRIMARY KEY,
    at_ns       bigint NOT NULL,
    contract    bigint NOT NULL,
    participant bigint NOT NULL REFERENCES participant,
    key         bytea NOT NULL CHECK (octet_length(key) = 32),
    signature   bytea NOT NULL CHECK (octet_length(signature) = 64),
    holds       boolean NOT NULL,
    UNIQUE (contract, participant)
);
CALL make_append_only('contract_countersignature');

-- The keys of the notary in order: the first of the market, then those that the operator named. One
-- whose proof (by itself) does not hold is in force for nothing.
CREATE TABLE notary_key (
    seq         bigint PRIMARY KEY,
    at_ns       bigint NOT NULL,
    key         bytea NOT NULL CHECK (octet_length(key) = 32),
    proof       bytea CHECK (octet_length(proof) = 64),         -- null: the first key
    endorsement bytea CHECK (octet_length(endorsement) = 64),   -- by the key before; null: none
    holds       boolean NOT NULL,
    is_endorsed boolean NOT NULL,                               -- the endorsement holds
    from_seq    bigint,           -- signs the batches that begin here or later; null: none
    CONSTRAINT in_force CHECK (holds = (from_seq IS NOT NULL))
);
CALL make_append_only('notary_key');

INSERT INTO backfill (name) VALUES ('contract.leaf'), ('contract_countersignature'), ('notary_key');

-- Each contract with what its parties signed: true, false, or null for not yet.
CREATE VIEW contract_signed WITH (security_invoker = true) AS
    SELECT c.id, c.leaf, c.buyer, b.holds AS buyer_signed, c.supplier, p.holds AS supplier_signed,
           c.seller, s.holds AS seller_signed,
           (SELECT k.key FROM notary_key k WHERE k.from_seq <= c.seq
             ORDER BY k.from_seq DESC LIMIT 1) AS notary_key
      FROM contract c
      LEFT JOIN contract_countersignature b ON b.contract = c.id AND b.participant = c.buyer
      LEFT JOIN contract_countersignature p ON p.contract = c.id AND p.participant = c.supplier
      LEFT JOIN contract_countersignature s ON s.contract = c.id AND s.participant = c.seller;

-- ---- Laws -----------------------------------------------------------------------------------

CREATE VIEW reconcile_signature WITH (security_invoker = true) AS
    SELECT 'a countersignature is of a party of its contract' AS law,
           format('record %s', s.seq) AS subject, NULL::numeric AS stated,
           s.participant::numeric AS found
      FROM contract_countersignature s
     WHERE NOT EXISTS (SELECT FROM contract c WHERE c.id = s.contract AND c.seq < s.seq
                          AND s.participant IN (c.buyer, c.supplier, c.seller))
    UNION ALL
    SELECT 'a countersignature is by a key that its party had', format('record %s', s.seq), NULL,
           s.participant
      FROM contract_countersignature s
     WHERE NOT coalesce((SELECT k.is_added FROM key_change k
                          WHERE k.participant = s.participant AND k.use = 2 AND k.key = s.key
                            AND k.seq < s.seq ORDER BY k.seq DESC LIMIT 1), false)
    UNION ALL
    SELECT 'the first key of the notary is the one of the market', 'record 1', NULL, NULL
      FROM market m
     WHERE NOT EXISTS (SELECT FROM backfill WHERE name = 'notary_key' AND done_seq = 0
                          AND coalesce(to_seq, 1) > 0)
       AND NOT EXISTS (SELECT FROM notary_key k WHERE k.seq = m.seq AND k.key = m.notary_sign_key
                          AND k.holds AND k.from_seq = 1)
    UNION ALL
    SELECT 'a contract has the leaf of its document', format('contract %s', c.id), NULL, NULL
      FROM contract c
     WHERE c.leaf IS NULL;

CREATE VIEW reconcile_backfill WITH (security_invoker = true) AS
    SELECT 'what a migration left to the journal is filled' AS law, b.name AS subject,
           coalesce(b.to_seq, p.last_seq)::numeric AS stated, b.done_seq::numeric AS found
      FROM backfill b
      JOIN position p ON coalesce(b.to_seq, p.last_seq) > b.done_seq;

CREATE OR REPLACE VIEW reconcile WITH (security_invoker = true) AS
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
    UNION ALL SELECT * FROM reconcile_backfill;

-- ---- Who may do what ------------------------------------------------------------------------

ALTER TABLE contract_countersignature ENABLE ROW LEVEL SECURITY;
ALTER TABLE contract_countersignature FORCE ROW LEVEL SECURITY;
CREATE POLICY auditors ON contract_countersignature FOR SELECT TO petahour_auditor USING (true);
-- Every party of a contract sees what the others signed.
CREATE POLICY members ON contract_countersignature FOR SELECT TO petahour_member
    USING (EXISTS (SELECT FROM petahour.contract c WHERE c.id = contract_countersignature.contract));
GRANT SELECT ON contract_countersignature, notary_key, backfill, contract_signed,
    reconcile_signature, reconcile_backfill TO petahour_auditor, petahour_settle;
GRANT SELECT ON contract_countersignature, notary_key, contract_signed TO petahour_member;
GRANT INSERT ON contract_countersignature, notary_key TO petahour_settle;
GRANT UPDATE (leaf) ON contract TO petahour_settle;
GRANT UPDATE (to_seq, done_seq) ON backfill TO petahour_settle;
REVOKE ALL ON FUNCTION fill, backfill_goes_forward, contract_gets_leaf FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fill TO petahour_settle;

-- Verify: the guard of contracts fires always, on every partition that there is.
DO $$
BEGIN
    ASSERT (SELECT bool_and(t.tgenabled = 'A') AND count(*) = 1 + (SELECT count(*) FROM pg_inherits
             WHERE inhparent = 'petahour.contract'::regclass)
              FROM pg_trigger t WHERE t.tgname = 'gets_leaf'), 'contracts are guarded always';
END $$;
