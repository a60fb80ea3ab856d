-- SPDX-License-Identifier: Apache-2.0
-- Invoices as the text of FOCUS 1.4 has them.
--
-- A refund is of the category of what it gives back, so money that comes back of a purchase is a purchase
-- below zero, of the period of the purchase. It is a "Correction" only when an earlier month invoiced the
-- purchase; within the month it is part of it. What compensates (penalties, fees paid for what never
-- came) is a credit and corrects nothing. Usage and purchases always have a quantity: fees and premiums
-- one contract, and a second transfer of the same hours none of them again. Fees and premiums have a
-- price of their own to be looked up.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- The contract with which a participant paid a premium that comes back from this one: itself, or the one
-- that it was sold on from.
CREATE FUNCTION premium_of(the_contract bigint, the_participant bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up AS (
        SELECT id, buyer, from_contract FROM petahour.contract WHERE id = the_contract
        UNION ALL
        SELECT c.id, c.buyer, c.from_contract
          FROM up JOIN petahour.contract c ON c.id = up.from_contract
         WHERE up.buyer <> the_participant)
    SELECT coalesce((SELECT id FROM up WHERE buyer = the_participant LIMIT 1), the_contract)
$$;
REVOKE ALL ON FUNCTION premium_of(bigint, bigint) FROM PUBLIC;

CREATE OR REPLACE FUNCTION invoice(the_participant bigint, the_month date)
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
        SELECT h.*, c.id AS resource, c.product, c.terms_version, c.supplier, c.segments, c.seq AS concluded_seq,
               c.begins_s, c.ends_s, f.period, f.delivered,
               f.promised,
               CASE WHEN h.reason IN (3, 4, 5, 20) OR (h.reason IN (18, 19) AND h.from_cash > 0)
                         OR (h.reason IN (9, 11, 23) AND h.from_cash < 0)
                    THEN 'Purchase'
                    WHEN h.reason IN (7, 8, 10, 21, 22) AND h.from_held > 0
                         AND f.contract IS NOT NULL THEN 'Usage'
                    WHEN h.reason IN (7, 12, 13, 18, 21) AND h.from_cash < 0
                    THEN 'Credit' ELSE 'Adjustment' END AS category,
               CASE WHEN h.reason IN (4, 5, 8, 10, 11, 12, 19) THEN 'fee'
                    WHEN h.reason IN (20, 21, 22, 23) THEN 'premium' END AS part
          FROM invoice_transfer(the_participant, the_month) h
          JOIN contract c ON c.id = CASE WHEN h.reason = 23
                                         THEN premium_of(h.contract, the_participant)
                                         ELSE h.contract END
          LEFT JOIN delivery_final f ON f.contract = h.contract AND f.seq = h.seq
                AND h.number >= f.first_transfer AND h.number < f.first_transfer + f.transfers),
    told AS (
        SELECT h.*, h.category = 'Usage' AND 1 = row_number() OVER (
                   PARTITION BY h.contract, h.period, h.category
                   ORDER BY h.part IS NOT NULL, h.seq, h.number) AS counts,
               h.reason = 3 AS buys
          FROM charged h)
    SELECT round(h.amount * h.from_cash / 1000000.0, 6),
           me.id::text, me.name, market.currency,
           focus_time(extract(epoch FROM (m.month + interval '1 month') AT TIME ZONE 'UTC')),
           focus_time(extract(epoch FROM m.month::timestamp AT TIME ZONE 'UTC')),
           h.category,
           -- Of a purchase that an earlier month invoiced.
           CASE WHEN h.category = 'Purchase' AND h.from_cash < 0 AND h.concluded_seq < m.first_seq
                THEN 'Correction' END,
           format('%s of contract %s%s', lower(replace(r.name, '_', ' ')), h.contract,
                  CASE WHEN h.period IS NOT NULL THEN
                       format(', delivery from %s', focus_time(h.period * p.period_seconds)) END),
           CASE WHEN h.category = 'Usage' THEN 'Usage-Based' ELSE 'One-Time' END,
           CASE WHEN h.category = 'Purchase' THEN focus_time(h.ends_s)
                ELSE focus_time(coalesce((h.period + 1) * p.period_seconds, h.ends_s)) END,
           CASE WHEN h.category = 'Purchase' THEN focus_time(h.begins_s)
                ELSE focus_time(coalesce(h.period * p.period_seconds, h.begins_s)) END,
           CASE WHEN h.category = 'Usage' THEN CASE WHEN h.counts THEN h.delivered ELSE 0 END END,
           CASE WHEN h.category = 'Usage' THEN initcap(p.unit) || '-Seconds' END,
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
                WHEN h.category = 'Usage' THEN 0
                WHEN h.buys THEN round(s.unit_periods * p.period_seconds / 3600.0, 6)
                WHEN h.reason = 9 AND h.category = 'Purchase'
                THEN coalesce(-round((h.promised - h.delivered) / 3600.0, 6), 0)
                WHEN h.category = 'Purchase' THEN (h.from_cash > 0)::integer END,
           CASE WHEN h.category = 'Usage' OR h.buys OR (h.reason = 9 AND h.category = 'Purchase')
                THEN initcap(p.unit) || '-Hours'
                WHEN h.category = 'Purchase' THEN 'Contracts' END,
           x.region, x.region, h.resource::text, p.symbol, 'Compute contract',
           CASE p.compute_type WHEN 2 THEN 'AI and Machine Learning' ELSE 'Compute' END,
           p.model, supplier.name,
           CASE p.compute_type WHEN 2 THEN 'Other (AI and Machine Learning)'
                               ELSE 'Other (Compute)' END,
           p.symbol, CASE h.part WHEN 'fee' THEN 'Trading fee' WHEN 'premium' THEN 'Resale premium'
                                 ELSE initcap(p.unit) || ' time' END,
           concat_ws('/', p.symbol, h.terms_version, h.part), r.name
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

-- Verify: it can be asked, and gives the columns of my_invoice.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM invoice(1, '2026-01-01')) = 0 OR EXISTS (SELECT FROM contract),
        'nothing was charged yet';
    ASSERT (SELECT pg_get_function_result('invoice(bigint, date)'::regprocedure)
            = pg_get_function_result('my_invoice(date)'::regprocedure)), 'both give the same columns';
END $$;
