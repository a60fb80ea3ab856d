-- SPDX-License-Identifier: Apache-2.0
-- Invoices and usage of a participant and month, in the columns of FOCUS 1.4 ("Cost and Usage").
--
-- A row is a transfer as one participant sees it. BilledCost is what left its cash, below zero what
-- came in: the rows of a month add up to its statement without deposits and withdrawals. EffectiveCost
-- is what left its cash and what is kept for it (the escrow and premium of contracts that it bought,
-- the bond of those that it supplies): money into escrow is no cost yet, and becomes one as hours are
-- delivered. What they differ by in all is what is kept for it now. What a dispute puts down counts as
-- a cost until it comes back.
--
-- Rows come from what is never changed, so they never change either: a refund, a penalty or a dispute
-- that is resolved later is a row of the month in which the money moved.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- The functions read as the owner, whom policies let see what their caller asks for.
CREATE POLICY invoices ON transfer FOR SELECT TO petahour_owner USING (true);
CREATE POLICY invoices ON delivery_final FOR SELECT TO petahour_owner USING (true);

-- Transfers of a month that concern a participant's cash or what is kept for it, and the contract
-- that each belongs to. From where a contract is looked for: all that it pays is due within twice its
-- windows after its end.
CREATE FUNCTION invoice_transfer(the_participant bigint, the_month date)
RETURNS TABLE (seq bigint, number integer, reason smallint, amount bigint, contract bigint,
               from_cash integer, from_held integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH span AS MATERIALIZED (
        SELECT first_seq, next_seq, extract(epoch FROM month::timestamp AT TIME ZONE 'UTC')::bigint
               - (SELECT coalesce(max(2 * (report_seconds + dispute_seconds + resolve_seconds)), 0)
                         + 86400 FROM terms) AS from_s
          FROM month WHERE month = date_trunc('month', the_month)::date),
    mine AS (
        SELECT id FROM contract
         WHERE buyer = the_participant AND ends_s > (SELECT from_s FROM span)
        UNION
        SELECT id FROM contract
         WHERE supplier = the_participant AND ends_s > (SELECT from_s FROM span)),
    touched AS (
        SELECT t.* FROM span s JOIN transfer t ON t.debit_kind = 2 AND t.debit_id = the_participant
                                AND t.seq >= s.first_seq AND t.seq < s.next_seq
        UNION
        SELECT t.* FROM span s JOIN transfer t ON t.credit_kind = 2 AND t.credit_id = the_participant
                                AND t.seq >= s.first_seq AND t.seq < s.next_seq
        UNION
        SELECT t.* FROM span s CROSS JOIN mine c
          JOIN transfer t ON t.debit_kind IN (3, 4, 6, 7) AND t.debit_kind <> 6 AND t.debit_id = c.id
                         AND t.seq >= s.first_seq AND t.seq < s.next_seq
        UNION
        SELECT t.* FROM span s
          JOIN contract c ON c.buyer = the_participant AND c.ends_s > s.from_s
                         AND c.from_contract IS NOT NULL
                         AND c.seq >= s.first_seq AND c.seq < s.next_seq
          JOIN transfer t ON t.debit_kind IN (3, 4, 6, 7) AND t.debit_id = c.from_contract
                         AND t.seq = c.seq AND t.reason = 24 AND t.credit_id = c.id),
    placed AS (
        SELECT t.*, CASE
               WHEN t.reason IN (3, 4, 6, 15, 20, 24) THEN t.credit_id
               WHEN t.debit_kind IN (3, 4, 6, 7) THEN t.debit_id
               -- The fee of a trade follows what else the buyer paid for it.
               WHEN t.reason = 5 AND p.reason IN (3, 4, 20) THEN p.credit_id
               -- Of a resale everything comes before its escrow.
               ELSE (SELECT n.credit_id FROM transfer n WHERE n.seq = t.seq AND n.number > t.number
                        AND n.reason = 24 AND n.credit_kind = 3 ORDER BY n.number LIMIT 1)
               END AS contract
          FROM touched t
          LEFT JOIN transfer p ON t.reason = 5 AND p.seq = t.seq AND p.number = t.number - 1
         WHERE t.reason > 2),
    owned AS (
        SELECT t.*,
               (t.debit_kind = 2 AND t.debit_id = the_participant)::integer
               - (t.credit_kind = 2 AND t.credit_id = the_participant)::integer AS from_cash,
               CASE WHEN t.debit_kind IN (3, 4, 7)
                    THEN (CASE WHEN t.debit_kind = 4 THEN d.supplier ELSE d.buyer END
                          = the_participant)::integer ELSE 0 END
               - CASE WHEN t.credit_kind IN (3, 4, 7)
                      THEN (CASE WHEN t.credit_kind = 4 THEN k.supplier ELSE k.buyer END
                            = the_participant)::integer ELSE 0 END AS from_held
          FROM placed t
          LEFT JOIN contract d ON t.debit_kind IN (3, 4, 7) AND d.id = t.debit_id
          LEFT JOIN contract k ON t.credit_kind IN (3, 4, 7) AND k.id = t.credit_id)
    SELECT seq, number, reason, amount, contract, from_cash, from_held
      FROM owned WHERE from_cash <> 0 OR from_held <> 0
$$;

CREATE FUNCTION focus_time(seconds numeric) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(to_timestamp(seconds::double precision) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"');

CREATE FUNCTION invoice(the_participant bigint, the_month date)
RETURNS TABLE (
    "BilledCost" numeric, "BillingAccountId" text, "BillingAccountName" text,
    "BillingCurrency" text, "BillingPeriodEnd" text, "BillingPeriodStart" text,
    "ChargeCategory" text, "ChargeClass" text, "ChargeDescription" text, "ChargeFrequency" text,
    "ChargePeriodEnd" text, "ChargePeriodStart" text, "ConsumedQuantity" numeric,
    "ConsumedUnit" text, "ContractedCost" numeric, "ContractedUnitPrice" numeric,
    "EffectiveCost" numeric, "HostProviderName" text, "InvoiceDetailId" text, "InvoiceId" text,
    "InvoiceIssuerName" text, "ListCost" numeric, "PricingCategory" text,
    "PricingQuantity" numeric, "PricingUnit" text, "RegionId" text, "RegionName" text,
    "ResourceId" text, "ResourceName" text, "ResourceType" text, "ServiceCategory" text,
    "ServiceName" text, "ServiceProviderName" text, "ServiceSubcategory" text, "SkuId" text,
    "SkuMeter" text, "SkuPriceId" text, "x_TransferReason" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH charged AS (
        SELECT h.*, c.product, c.terms_version, c.supplier, c.segments, c.seq AS concluded_seq,
               c.begins_s, c.ends_s, f.period, f.delivered,
               CASE WHEN h.reason IN (3, 4, 5, 20) OR (h.reason IN (18, 19) AND h.from_cash > 0)
                    THEN 'Purchase'
                    WHEN h.reason IN (7, 8, 10, 21, 22) AND h.from_held > 0
                         AND f.contract IS NOT NULL THEN 'Usage'
                    WHEN h.reason IN (7, 9, 11, 12, 13, 18, 21, 23) AND h.from_cash < 0
                    THEN 'Credit' ELSE 'Adjustment' END AS category
          FROM invoice_transfer(the_participant, the_month) h
          JOIN contract c ON c.id = h.contract
          LEFT JOIN delivery_final f ON f.contract = h.contract AND f.seq = h.seq
                AND h.number >= f.first_transfer AND h.number < f.first_transfer + f.transfers),
    told AS (
        SELECT h.*, h.category = 'Usage' AND 1 = row_number() OVER (
                   PARTITION BY h.contract, h.period, h.category ORDER BY h.seq, h.number) AS counts,
               h.reason = 3 AS buys
          FROM charged h)
    SELECT round(h.amount * h.from_cash / 1000000.0, 6),
           me.id::text, me.name, market.currency,
           focus_time(extract(epoch FROM (m.month + interval '1 month') AT TIME ZONE 'UTC')),
           focus_time(extract(epoch FROM m.month::timestamp AT TIME ZONE 'UTC')),
           h.category,
           -- Money back for what was invoiced in an earlier month.
           CASE WHEN h.reason IN (9, 11, 12, 13, 23) AND h.concluded_seq < m.first_seq
                THEN 'Correction' END,
           format('%s of contract %s%s', lower(replace(r.name, '_', ' ')), h.contract,
                  CASE WHEN h.period IS NOT NULL THEN
                       format(', delivery from %s', focus_time(h.period * p.period_seconds)) END),
           CASE WHEN h.category = 'Usage' THEN 'Usage-Based' ELSE 'One-Time' END,
           focus_time(coalesce((h.period + 1) * p.period_seconds, h.ends_s)),
           focus_time(coalesce(h.period * p.period_seconds, h.begins_s)),
           CASE WHEN h.counts THEN h.delivered END,
           CASE WHEN h.counts THEN initcap(p.unit) || '-Seconds' END,
           round(h.amount * CASE WHEN h.category = 'Usage' THEN h.from_cash + h.from_held
                                 ELSE h.from_cash END / 1000000.0, 6),
           CASE WHEN h.buys AND h.segments = 1
                THEN round(s.price * (3600 / p.period_seconds::numeric) / 1000000, 10) END,
           round(h.amount * (h.from_cash + h.from_held) / 1000000.0, 6),
           owner.name, format('%s.%s', h.seq, h.number),
           format('%s/%s/%s', market.name, me.id, to_char(m.month, 'YYYY-MM')),
           market.operator_name,
           round(h.amount * CASE WHEN h.category = 'Usage' THEN h.from_cash + h.from_held
                                 ELSE h.from_cash END / 1000000.0, 6),
           CASE WHEN h.category IN ('Usage', 'Purchase') THEN 'Dynamic' END,
           CASE WHEN h.counts THEN round(h.delivered / 3600.0, 6)
                WHEN h.buys THEN round(s.unit_periods * p.period_seconds / 3600.0, 6) END,
           CASE WHEN h.counts OR h.buys THEN initcap(p.unit) || '-Hours' END,
           x.region, x.region, h.contract::text, p.symbol, 'Compute contract',
           CASE p.compute_type WHEN 2 THEN 'AI and Machine Learning' ELSE 'Compute' END,
           p.model, supplier.name,
           CASE p.compute_type WHEN 2 THEN 'Other (AI and Machine Learning)'
                               ELSE 'Other (Compute)' END,
           p.symbol, initcap(p.unit) || ' time', format('%s/%s', p.symbol, h.terms_version), r.name
      FROM told h
      JOIN month m ON m.month = date_trunc('month', the_month)::date
      JOIN transfer_reason r USING (reason)
      JOIN product p ON p.id = h.product
      JOIN site x ON x.id = p.site
      JOIN participant owner ON owner.id = x.owner
      JOIN participant supplier ON supplier.id = h.supplier
      JOIN participant me ON me.id = the_participant
      CROSS JOIN market
      LEFT JOIN LATERAL (SELECT min(price) AS price, sum(quantity::numeric * periods) AS unit_periods
                           FROM segment WHERE segment.contract = h.contract) s ON h.buys
     ORDER BY h.seq, h.number
$$;

-- The same of whoever asks.
DO $$
DECLARE
    columns text := (SELECT pg_get_function_result('invoice(bigint, date)'::regprocedure));
BEGIN
    EXECUTE format('CREATE FUNCTION petahour.my_invoice(the_month date) RETURNS %s
                    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp
                    AS ''SELECT * FROM invoice((SELECT me()), the_month)''', columns);
END $$;

REVOKE ALL ON FUNCTION invoice_transfer(bigint, date), focus_time(numeric), invoice(bigint, date), my_invoice(date)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invoice(bigint, date) TO petahour_auditor;
GRANT EXECUTE ON FUNCTION my_invoice(date) TO petahour_member;

-- Verify: both answer for an empty market.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM invoice(1, '2026-01-01')) = 0, 'nothing was charged yet';
    ASSERT (SELECT pg_get_function_result('invoice(bigint, date)'::regprocedure)
            = pg_get_function_result('my_invoice(date)'::regprocedure)), 'both give the same columns';
END $$;
