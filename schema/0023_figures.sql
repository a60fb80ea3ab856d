-- SPDX-License-Identifier: Apache-2.0
-- How a contract-period ended, attested capacity and keys as laws of the books, and all laws together.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- A final contract-period with its last report, its last confirmation, what was resolved, and the lowest
-- and highest of report and claims that were open at the end.
CREATE FUNCTION final_figure()
RETURNS TABLE (contract bigint, period bigint, cause smallint, delivered bigint, reported bigint,
               is_meters boolean, is_confirmed boolean, resolved bigint, claims bigint, lowest bigint,
               highest bigint)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    SELECT f.contract, f.period, f.cause, f.delivered, r.delivered, r.reporter <> c.supplier,
           coalesce(k.seq > r.seq, false), s.delivered, coalesce(d.claims, 0),
           least(r.delivered, d.lowest), greatest(r.delivered, d.highest)
      FROM delivery_final f
      JOIN contract c ON c.id = f.contract
      LEFT JOIN (SELECT DISTINCT ON (contract, period) contract, period, seq, delivered, reporter
                   FROM delivery_report ORDER BY contract, period, seq DESC) r
             ON r.contract = f.contract AND r.period = f.period
      LEFT JOIN (SELECT contract, period, buyer, max(seq) AS seq FROM confirmation
                  GROUP BY contract, period, buyer) k
             ON k.contract = f.contract AND k.period = f.period AND k.buyer = c.buyer
      LEFT JOIN resolution s ON s.contract = f.contract AND s.period = f.period
      LEFT JOIN (SELECT contract, period, count(*) AS claims, min(claim) AS lowest, max(claim) AS highest
                   FROM claim() WHERE confirmed_seq IS NULL GROUP BY contract, period) d
             ON d.contract = f.contract AND d.period = f.period
$$;

CREATE OR REPLACE VIEW reconcile_cause WITH (security_invoker = true) AS
    SELECT v.law, format('contract %s, period %s', f.contract, f.period) AS subject,
           v.stated::numeric AS stated, v.found::numeric AS found
      FROM final_figure() f
     CROSS JOIN LATERAL (
           SELECT CASE f.cause WHEN 3 THEN 'a contract-period without a report delivered nothing'
                               WHEN 4 THEN 'a resolved contract-period delivered what was resolved'
                               WHEN 5 THEN 'an unresolved contract-period delivered what its meter reported, else the middle of report and claims, rounded down'
                               ELSE 'an undisputed contract-period delivered what was reported' END,
                  CASE f.cause WHEN 3 THEN 0 WHEN 4 THEN f.resolved
                               WHEN 5 THEN CASE WHEN f.is_meters THEN f.reported
                                                ELSE f.lowest + (f.highest - f.lowest) / 2 END
                               ELSE f.reported END, f.delivered
            UNION ALL
           SELECT 'a contract-period that ends without a report has none', NULL, f.reported
            WHERE f.cause = 3 AND f.reported IS NOT NULL
            UNION ALL
           SELECT 'a contract-period is confirmed if its buyer accepted the last report',
                  f.is_confirmed::integer, (f.cause = 1)::integer
            WHERE f.cause IN (1, 2)
            UNION ALL
           SELECT 'a resolution lies between the lowest and the highest of report and claims',
                  CASE WHEN f.resolved < f.lowest THEN f.lowest ELSE f.highest END, f.resolved
            WHERE f.cause = 4 AND f.resolved NOT BETWEEN f.lowest AND f.highest
            UNION ALL
           SELECT 'a contract-period with an open claim is resolved or unresolved, and no other',
                  (f.cause > 3)::integer, (f.claims > 0)::integer) v (law, stated, found)
     WHERE v.stated IS DISTINCT FROM v.found
    UNION ALL
    SELECT 'a deposit is put down for a dispute, by its claimant', format('record %s', t.seq),
           NULL, t.amount
      FROM transfer t
     WHERE t.reason = 15
       AND NOT EXISTS (SELECT FROM dispute d WHERE d.seq = t.seq AND d.contract = t.credit_id
                          AND d.claimant = t.debit_id);

-- As before, but that transfers are looked for with their contract and not among all of the record, which
-- may end as many contract-periods as there are; and what is left of a fee goes back at a resale too.
CREATE OR REPLACE VIEW reconcile_final WITH (security_invoker = true) AS
    SELECT 'a final contract-period pays out what it is worth' AS law,
           format('contract %s, period %s', f.contract, f.period) AS subject,
           f.notional AS stated, coalesce(sum(t.amount), 0) AS found
      FROM final_by_segments f
      JOIN contract_whole c ON c.id = f.contract
      LEFT JOIN transfer t ON t.seq = f.seq AND t.number >= f.first_transfer
                          AND t.number < f.first_transfer + f.transfers
                          AND t.reason IN (7, 8, 9) AND t.debit_kind = 3 AND t.debit_id = f.contract
     GROUP BY f.contract, f.period, f.notional
    HAVING f.notional <> coalesce(sum(t.amount), 0)
    UNION ALL
    SELECT 'a final contract-period promised what its segments state',
           format('contract %s, period %s', f.contract, f.period), w.units * p.period_seconds, f.promised
      FROM delivery_final f
      JOIN period_worth() w ON w.contract = f.contract AND w.period = f.period
      JOIN contract c ON c.id = f.contract
      JOIN product p ON p.id = c.product
     WHERE f.promised <> w.units * p.period_seconds
    UNION ALL
    SELECT 'a final contract-period lies within its contract',
           format('contract %s, period %s', f.contract, f.period), NULL, NULL
      FROM delivery_final f
     WHERE NOT EXISTS (SELECT FROM segment s WHERE s.contract = f.contract
                          AND f.period >= s.first_period AND f.period < s.first_period + s.periods)
    UNION ALL
    SELECT 'what is paid out on delivery belongs to one final contract-period',
           format('record %s', seq), coalesce(f.cnt, 0), coalesce(t.cnt, 0)
      FROM (SELECT seq, count(*) AS cnt FROM transfer
             WHERE reason IN (7, 8, 9, 12, 13, 14, 21, 22, 23) GROUP BY seq) t
      FULL JOIN (SELECT f.seq, count(*) AS cnt
                   FROM delivery_final f
                   JOIN transfer t ON t.seq = f.seq AND t.debit_id = f.contract
                                  AND t.number >= f.first_transfer
                                  AND t.number < f.first_transfer + f.transfers
                  WHERE t.debit_kind IN (3, 4, 7) AND t.reason IN (7, 8, 9, 12, 13, 14, 21, 22, 23)
                  GROUP BY f.seq) f USING (seq)
     WHERE coalesce(f.cnt, 0) <> coalesce(t.cnt, 0);

-- ---- Attested capacity ----------------------------------------------------------------------

-- Attested units of a pool (supplier, site, hardware) by stretches of periods, from `period` on. A
-- withdrawal takes unattested units first, so it lowers what is attested to what is then registered:
-- what is attested in the end is all that ever was, less the most by which it was more than that.
CREATE FUNCTION attested_by_period()
RETURNS TABLE (supplier bigint, site bigint, hardware bigint, period bigint, registered numeric,
               attested numeric)
LANGUAGE sql STABLE ROWS 10000 SET jit = off SET search_path = petahour, pg_temp AS $$
    WITH event AS (
        SELECT supplier, site, hardware, seq, first_period, first_period + periods AS end_period,
               units AS registered, 0::bigint AS attested, false AS is_withdrawal FROM capacity
        UNION ALL
        SELECT supplier, site, hardware, seq, first_period, first_period + periods, -units, 0, true
          FROM capacity_withdrawal
        UNION ALL
        SELECT supplier, site, hardware, seq, first_period, first_period + periods, 0, units, false
          FROM capacity_attestation),
    wanted AS (
        SELECT supplier, site, hardware FROM capacity_attestation
        UNION
        SELECT s.owner, p.site, p.hardware FROM terms p JOIN site s ON s.id = p.site
         WHERE p.attested_only),
    stretch AS (
        SELECT supplier, site, hardware, first_period AS period FROM event JOIN wanted
         USING (supplier, site, hardware)
        UNION
        SELECT supplier, site, hardware, end_period FROM event JOIN wanted
         USING (supplier, site, hardware)),
    so_far AS (
        SELECT s.supplier, s.site, s.hardware, s.period, e.seq, e.is_withdrawal,
               sum(e.registered) OVER w AS registered, sum(e.attested) OVER w AS attested
          FROM stretch s
          LEFT JOIN event e ON e.supplier = s.supplier AND e.site = s.site
                           AND e.hardware = s.hardware AND e.first_period <= s.period
                           AND e.end_period > s.period
        WINDOW w AS (PARTITION BY s.supplier, s.site, s.hardware, s.period ORDER BY e.seq))
    SELECT supplier, site, hardware, period,
           coalesce((array_agg(registered ORDER BY seq DESC))[1], 0),
           coalesce(max(attested), 0)
               + least(0, coalesce(min(registered - attested) FILTER (WHERE is_withdrawal), 0))
      FROM so_far GROUP BY supplier, site, hardware, period
$$;

CREATE VIEW reconcile_attested WITH (security_invoker = true) AS
    SELECT v.law, format('supplier %s, site %s, hardware %s, from period %s', x.supplier, x.site,
                         x.hardware, x.period) AS subject, v.stated, v.found
      FROM (SELECT supplier, site, hardware, period, sold,
                   coalesce(first_value(attested) OVER known, 0) AS attested,
                   coalesce(first_value(registered) OVER known, 0) AS registered
              FROM (SELECT y.*, count(attested) OVER w AS stretch, sum(sum(delta)) OVER w AS sold
                      FROM (SELECT supplier, site, hardware, period, registered, attested,
                                   0::numeric AS delta FROM attested_by_period()
                            UNION ALL
                            SELECT c.supplier, p.site, p.hardware, u.period, NULL, NULL, sum(u.units)
                              FROM contract c
                              JOIN terms p ON p.product = c.product AND p.version = c.terms_version
                               AND p.attested_only
                              JOIN segment s ON s.contract = c.id
                             CROSS JOIN LATERAL (VALUES
                                   (s.first_period, s.quantity * p.hardware_units),
                                   (s.first_period + s.periods, -s.quantity * p.hardware_units))
                                   u (period, units)
                             WHERE c.from_contract IS NULL
                             GROUP BY c.supplier, p.site, p.hardware, u.period) y
                     GROUP BY supplier, site, hardware, period, registered, attested, delta
                    WINDOW w AS (PARTITION BY supplier, site, hardware ORDER BY period)) z
            WINDOW known AS (PARTITION BY supplier, site, hardware, stretch
                             ORDER BY attested IS NULL)) x
     CROSS JOIN LATERAL (VALUES
           ('a supplier sells no more of what has to be attested than is', x.attested, x.sold),
           ('no more is attested than is registered', x.registered, x.attested))
           v (law, stated, found)
     WHERE v.found > v.stated;

-- ---- Keys -----------------------------------------------------------------------------------

-- As before, without looking up the keys of each signature: the last change of its key before it.
CREATE OR REPLACE VIEW reconcile_signature WITH (security_invoker = true) AS
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
     WHERE c.leaf IS NULL;

-- ---- All of them ----------------------------------------------------------------------------

-- To compile all of them takes longer than to run them on any but large books.
CREATE FUNCTION reconcile_laws() RETURNS TABLE (law text, subject text, stated numeric, found numeric)
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
CREATE OR REPLACE VIEW reconcile WITH (security_invoker = true) AS
    SELECT law, subject, stated, found FROM reconcile_laws();

REVOKE ALL ON FUNCTION final_figure(), attested_by_period(), reconcile_laws() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION final_figure(), attested_by_period(), reconcile_laws() TO petahour_auditor, petahour_settle;
GRANT SELECT ON reconcile_attested TO petahour_auditor, petahour_settle;

-- Verify: no law was left out.
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_class
                        WHERE relnamespace = 'petahour'::regnamespace AND relname LIKE 'reconcile\_%'
                          AND (SELECT prosrc FROM pg_proc WHERE proname = 'reconcile_laws')
                              !~ format('(reconcile|\m)%s\M', substr(relname, length('reconcile') + 1))),
        'reconcile is all of the laws';
END $$;
