-- SPDX-License-Identifier: Apache-2.0
-- Whether what participants sign of what they measured holds: attestations, measurements, probes and
-- delivery reports. What they state has its row already, which never changes; whether one of the keys
-- that its sender had at the record signed it is a row of its own, so that no table is locked and no
-- row is written twice.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

CREATE TABLE statement_signature (
    seq         bigint NOT NULL,    -- the record, as in the table of what is stated
    at_ns       bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('ATTEST_CAPACITY', 'MEASURE_SITE', 'REPORT_PROBE',
                                              'REPORT_DELIVERY')),
    participant bigint NOT NULL,
    holds       boolean NOT NULL    -- verified by who wrote the row
);
CALL make_partitioned('statement_signature', 'seq', 'record', 'seq');
CALL make_append_only('statement_signature');
CALL keep_partition('statement_signature_default');

-- Earlier records are filled before the settlement asks for partitions: theirs are made here.
DO $$
DECLARE
    wanted bigint := (SELECT p.width FROM partitioned p WHERE p.name = 'statement_signature')
                     + coalesce((SELECT last_seq FROM position), 0);
BEGIN
    WHILE make_next_partition('statement_signature') <= wanted LOOP
    END LOOP;
END $$;

INSERT INTO backfill (name) VALUES ('statement_signature');

-- Every report with the one that replaced it, and whether its signature holds; null: not yet judged.
CREATE OR REPLACE VIEW delivery_report_history WITH (security_invoker = true) AS
    SELECT r.seq, r.at_ns, r.contract, r.period, r.reporter, r.delivered, r.energy_wh, r.signature,
           lead(r.seq) OVER (PARTITION BY r.contract, r.period ORDER BY r.seq) AS replaced_by, s.holds
      FROM delivery_report r
      LEFT JOIN statement_signature s ON s.seq = r.seq;

-- ---- Laws -----------------------------------------------------------------------------------

CREATE OR REPLACE VIEW reconcile_signature WITH (security_invoker = true) AS
    WITH stated AS (
        SELECT seq, 'ATTEST_CAPACITY' AS kind, auditor AS participant FROM capacity_attestation
        UNION ALL SELECT seq, 'MEASURE_SITE', meter FROM site_measurement
        UNION ALL SELECT seq, 'REPORT_PROBE', meter FROM probe
        UNION ALL SELECT seq, 'REPORT_DELIVERY', reporter FROM delivery_report)
    SELECT 'a countersignature is of a party of its contract' AS law,
           format('record %s', s.seq) AS subject, NULL::numeric AS stated,
           s.participant::numeric AS found
      FROM contract_countersignature s
     WHERE NOT EXISTS (SELECT FROM contract c WHERE c.id = s.contract AND c.seq < s.seq
                          AND s.participant IN (c.buyer, c.supplier, c.seller))
    UNION ALL
    SELECT 'a countersignature is by a key that its party had', format('record %s', x.seq), NULL,
           x.participant
      FROM (SELECT DISTINCT ON (s.seq) s.seq, s.participant, k.is_added
              FROM contract_countersignature s
              LEFT JOIN key_change k ON k.participant = s.participant AND k.use = 2 AND k.key = s.key
                                    AND k.seq < s.seq
             ORDER BY s.seq, k.seq DESC NULLS LAST) x
     WHERE NOT coalesce(x.is_added, false)
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
     WHERE c.leaf IS NULL
    UNION ALL
    SELECT 'the signature of a statement is judged, and of nothing else',
           format('record %s', coalesce(t.seq, s.seq)), t.participant, s.participant
      FROM stated t FULL JOIN statement_signature s USING (seq, kind, participant)
     WHERE t.seq IS NULL OR s.seq IS NULL
    UNION ALL
    SELECT 'every row has a partition of its own', 'statement_signature', 0, count(*)
      FROM ONLY statement_signature_default
    HAVING count(*) > 0;

-- ---- Who may do what ------------------------------------------------------------------------

ALTER TABLE statement_signature ENABLE ROW LEVEL SECURITY;
ALTER TABLE statement_signature FORCE ROW LEVEL SECURITY;
CREATE POLICY auditors ON statement_signature FOR SELECT TO petahour_auditor USING (true);
-- What was measured of sites is public; who sees a report sees whether it holds.
CREATE POLICY members ON statement_signature FOR SELECT TO petahour_member
    USING (kind <> 'REPORT_DELIVERY'
           OR EXISTS (SELECT FROM petahour.delivery_report r WHERE r.seq = statement_signature.seq));
GRANT SELECT ON statement_signature TO petahour_auditor, petahour_settle, petahour_member;
GRANT SELECT ON statement_signature_default TO petahour_auditor, petahour_settle;
GRANT INSERT ON statement_signature TO petahour_settle;

-- Verify: it is guarded as every table of the record, also its partitions, which reach beyond the
-- rows; and what was there is told to be missing.
DO $$
DECLARE
    last bigint := coalesce((SELECT last_seq FROM position), 0);
BEGIN
    ASSERT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'statement_signature'::regclass) >= 2,
        'signatures of statements have partitions';
    ASSERT NOT EXISTS (SELECT FROM reconcile_schema WHERE subject LIKE 'statement_signature%'),
        'signatures of statements are guarded';
    ASSERT (SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''?(\d+)''?\)'))[1]::bigint)
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'statement_signature'::regclass) > last, 'they have room';
    ASSERT (SELECT count(*) FROM backfill WHERE name = 'statement_signature' AND to_seq IS NULL) = 1,
        'earlier records are left to the journal';
    ASSERT has_table_privilege('petahour_settle', 'statement_signature', 'INSERT')
       AND NOT has_table_privilege('petahour_settle', 'statement_signature', 'UPDATE, DELETE, TRUNCATE'),
        'the settlement appends';
END $$;
