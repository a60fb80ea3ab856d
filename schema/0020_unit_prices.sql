-- SPDX-License-Identifier: Apache-2.0
-- Unit prices on invoices, as FOCUS 1.4 wants them of all usage and purchases.
--
-- A row is a transfer of the books, but for hours: what a buyer pays for hours, for those that were
-- delivered or gets back for those that were not is several transfers (to the supplier, its fee, a
-- reseller's premium and the fee on that), which are one charge here, and a row for each segment of the
-- contract that has a part in it. ContractedUnitPrice by PricingQuantity is ContractedCost to the last
-- digit; the money (BilledCost, EffectiveCost) is the transfers', shared out by value among the
-- segments so that nothing of it is lost. A fee is one of its kind, at its amount; what comes back of
-- it is one less. There is no list beside the book, which shows the same price to all, so the list price
-- is the contract's. Only usage and purchases have a SKU price.
--
-- What a buyer of a resale paid at once covers the escrow that comes with the contract: its purchase
-- costs nothing yet, like every purchase of hours, and by how much the escrow is worth more than that
-- is an adjustment.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- Charges of a participant and month. What they are of: hours "bought", "used" or "missed", a "fee", a
-- "premium" that comes back to who sold the hours on since, the "split" of a resale, "other" money.
CREATE FUNCTION invoice_charge(the_participant bigint, the_month date)
RETURNS TABLE (seq bigint, number integer, reason smallint, contract bigint, resource bigint,
               period bigint, delivered bigint, promised bigint, category text, what text,
               billed numeric, effective numeric)
LANGUAGE sql STABLE AS $$
    WITH side AS (
        -- Who supplies what it bought pays itself: that is usage, and a credit.
        SELECT h.seq, h.number, h.reason, h.amount, h.contract, f.period, f.delivered, f.promised,
               CASE WHEN v.is_first THEN h.from_cash ELSE 0 END AS from_cash,
               CASE WHEN v.is_first AND b.is_both THEN 0 ELSE h.from_held END AS from_held
          FROM petahour.invoice_transfer(the_participant, the_month) h
         CROSS JOIN LATERAL (SELECT h.reason IN (7, 21) AND h.from_cash < 0 AND h.from_held > 0)
                             b (is_both)
          JOIN (VALUES (true), (false)) v (is_first) ON v.is_first OR b.is_both
          LEFT JOIN petahour.delivery_final f ON f.contract = h.contract AND f.seq = h.seq
                AND h.number >= f.first_transfer AND h.number < f.first_transfer + f.transfers),
    sorted AS (
        SELECT s.*,
               CASE WHEN s.reason = 23 THEN petahour.premium_of(s.contract, the_participant)
                    ELSE s.contract END AS resource,
               CASE WHEN s.reason IN (3, 4, 5, 20) OR (s.reason IN (18, 19) AND s.from_cash > 0)
                         OR (s.reason IN (9, 11, 23) AND s.from_cash < 0)
                    THEN 'Purchase'
                    WHEN s.reason IN (7, 8, 10, 21, 22) AND s.from_held > 0
                         AND s.period IS NOT NULL THEN 'Usage'
                    WHEN s.reason IN (7, 12, 13, 18, 21) AND s.from_cash < 0
                    THEN 'Credit' ELSE 'Adjustment' END AS category
          FROM side s),
    told AS (
        SELECT s.*,
               CASE WHEN s.category = 'Purchase' AND s.reason IN (3, 18, 19, 20) THEN 'bought'
                    WHEN s.category = 'Usage' AND s.reason <> 10 THEN 'used'
                    WHEN s.category = 'Purchase' AND s.period IS NOT NULL
                         AND (s.reason = 9 OR (s.reason = 23 AND s.resource = s.contract))
                    THEN 'missed'
                    WHEN s.reason = 24 AND s.from_held < 0 THEN 'split'
                    WHEN s.reason IN (4, 5, 10, 11, 12) THEN 'fee'
                    WHEN s.reason IN (21, 23) THEN 'premium' ELSE 'other' END AS what
          FROM sorted s),
    summed AS (
        SELECT t.seq, min(t.number) AS number, min(t.reason) AS reason, t.contract, t.resource,
               t.period, t.delivered, t.promised, t.category, t.what,
               sum(t.amount * t.from_cash) AS billed,
               sum(t.amount * (t.from_cash + t.from_held)) AS effective
          FROM told t
         GROUP BY t.seq, t.contract, t.resource, t.period, t.delivered, t.promised, t.category,
                  t.what, CASE WHEN t.what NOT IN ('bought', 'used', 'missed', 'split')
                               THEN t.number END)
    SELECT m.seq, m.number, m.reason, m.contract, m.resource, m.period, m.delivered, m.promised,
           m.category, m.what, m.billed,
           CASE m.what WHEN 'bought' THEN 0
                       WHEN 'split' THEN m.effective + coalesce(sum(m.effective)
                            FILTER (WHERE m.what = 'bought') OVER (PARTITION BY m.seq, m.contract), 0)
                       ELSE m.effective END AS effective
      FROM summed m
$$;

-- What a charge for hours has of a contract's segments: of the purchase everything, of a period what
-- is left of it; units are sold on from the lowest price up. Values are in micro-units.
CREATE FUNCTION invoice_part(the_contract bigint, the_period bigint, the_units bigint)
RETURNS TABLE (segment integer, price bigint, begins bigint, ends bigint, units numeric,
               units_to numeric, all_units numeric, value numeric, value_to numeric, all_value numeric)
LANGUAGE sql STABLE AS $$
    SELECT u.number, u.price, u.first_period, u.first_period + u.periods, u.units,
           sum(u.units) OVER w, sum(u.units) OVER (), u.price * u.units,
           sum(u.price * u.units) OVER w, sum(u.price * u.units) OVER ()
      FROM (SELECT s.number, s.price, s.first_period, s.periods,
                   CASE WHEN the_period IS NULL THEN s.quantity::numeric * s.periods
                        ELSE least(s.quantity, the_units + s.quantity - sum(s.quantity)
                                   OVER (ORDER BY s.price DESC, s.number)) END AS units
              FROM petahour.segment s
             WHERE s.contract = the_contract AND (the_period IS NULL OR
                   (the_period >= s.first_period AND the_period < s.first_period + s.periods))) u
     WHERE u.units > 0
    WINDOW w AS (ORDER BY u.number)
$$;

REVOKE ALL ON FUNCTION invoice_charge(bigint, date), invoice_part(bigint, bigint, bigint) FROM PUBLIC;

DROP FUNCTION my_invoice(date);
DROP FUNCTION invoice(bigint, date);

-- To compile the query takes ten times as long as to run it.
CREATE FUNCTION invoice(the_participant bigint, the_month date)
RETURNS TABLE (
    "BilledCost" numeric, "BillingAccountId" text, "BillingAccountName" text,
    "BillingCurrency" text, "BillingPeriodEnd" text, "BillingPeriodStart" text,
    "ChargeCategory" text, "ChargeClass" text, "ChargeDescription" text, "ChargeFrequency" text,
    "ChargePeriodEnd" text, "ChargePeriodStart" text, "ConsumedQuantity" numeric,
    "ConsumedUnit" text, "ContractedCost" numeric, "ContractedUnitPrice" numeric,
    "EffectiveCost" numeric, "HostProviderName" text, "InvoiceDetailId" text, "InvoiceId" text,
    "InvoiceIssuerName" text, "ListCost" numeric, "ListUnitPrice" numeric, "PricingCategory" text,
    "PricingQuantity" numeric, "PricingUnit" text, "RegionId" text, "RegionName" text,
    "ResourceId" text, "ResourceName" text, "ResourceType" text, "ServiceCategory" text,
    "ServiceName" text, "ServiceProviderName" text, "ServiceSubcategory" text, "SkuId" text,
    "SkuMeter" text, "SkuPriceDetails" text, "SkuPriceId" text, "x_TransferReason" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp SET jit = off AS $$
    WITH parted AS (
        -- The unit prices of a day's periods are by the day: by the hour some would have no end.
        SELECT h.*, c.product, c.terms_version, c.supplier, c.seq AS concluded_seq, s.segment,
               h.category IN ('Usage', 'Purchase') AS is_priced, s.units, s.units_to, s.all_units,
               CASE WHEN h.category = 'Purchase' AND s.segment IS NOT NULL
                    THEN s.begins * p.period_seconds
                    WHEN h.category = 'Purchase' OR h.period IS NULL THEN c.begins_s
                    ELSE h.period * p.period_seconds END AS begins_s,
               CASE WHEN h.category = 'Purchase' AND s.segment IS NOT NULL
                    THEN s.ends * p.period_seconds
                    WHEN h.category = 'Purchase' OR h.period IS NULL THEN c.ends_s
                    ELSE (h.period + 1) * p.period_seconds END AS ends_s,
               CASE WHEN s.segment IS NULL THEN h.billed
                    ELSE div(h.billed * s.value_to, s.all_value)
                         - div(h.billed * (s.value_to - s.value), s.all_value) END AS billed_part,
               CASE WHEN s.segment IS NULL THEN h.effective
                    ELSE div(h.effective * s.value_to, s.all_value)
                         - div(h.effective * (s.value_to - s.value), s.all_value)
               END AS effective_part,
               s.price * 3600.0 / least(p.period_seconds, 3600) AS price,
               s.units * least(p.period_seconds, 3600) / 3600.0
               * CASE h.what WHEN 'bought' THEN 1 WHEN 'used' THEN h.delivered
                             ELSE h.delivered - h.promised END
               / CASE h.what WHEN 'bought' THEN 1 ELSE h.promised END AS quantity
          FROM invoice_charge(the_participant, the_month) h
          JOIN contract c ON c.id = h.resource
          JOIN product p ON p.id = c.product
          LEFT JOIN LATERAL invoice_part(h.contract, h.period, h.promised / p.period_seconds) s
            ON h.what IN ('bought', 'used', 'missed')
         WHERE h.billed <> 0 OR h.effective <> 0 OR h.what <> 'split'),
    priced AS (
        SELECT h.*, CASE WHEN h.category = 'Usage' THEN h.effective ELSE h.billed END AS cost
          FROM parted h),
    reckoned AS (
        SELECT h.*,
               CASE WHEN NOT h.is_priced THEN NULL
                    WHEN h.segment IS NULL THEN sign(h.cost)
                    ELSE trim_scale(round(h.quantity, 12)) END AS pricing_quantity,
               CASE WHEN NOT h.is_priced THEN NULL
                    ELSE trim_scale(round(coalesce(h.price, abs(h.cost)) / 1000000, 6))
               END AS unit_price,
               CASE WHEN h.what IN ('fee', 'premium') THEN h.what END AS part
          FROM priced h)
    SELECT round(h.billed_part / 1000000, 6),
           me.id::text, me.name, market.currency,
           focus_time(extract(epoch FROM (m.month + interval '1 month') AT TIME ZONE 'UTC')),
           focus_time(extract(epoch FROM m.month::timestamp AT TIME ZONE 'UTC')),
           h.category,
           -- Of a purchase that an earlier month invoiced.
           CASE WHEN h.category = 'Purchase' AND h.billed < 0 AND h.concluded_seq < m.first_seq
                THEN 'Correction' END,
           concat(lower(replace(r.name, '_', ' ')), ' of contract ', h.contract,
                  ', segment ' || h.segment,
                  ', delivery from ' || focus_time(h.period * p.period_seconds)),
           CASE WHEN h.category = 'Usage' THEN 'Usage-Based' ELSE 'One-Time' END,
           focus_time(h.ends_s), focus_time(h.begins_s),
           CASE WHEN h.what = 'used'
                THEN div(h.delivered * h.units_to, h.all_units)
                     - div(h.delivered * (h.units_to - h.units), h.all_units)
                WHEN h.category = 'Usage' THEN 0 END,
           CASE WHEN h.category = 'Usage' THEN initcap(p.unit) || '-Seconds' END,
           coalesce(trim_scale(h.unit_price * h.pricing_quantity), round(h.billed / 1000000, 6)),
           h.unit_price, round(h.effective_part / 1000000, 6), owner.name,
           concat(h.seq, '.', h.number, '/' || h.segment),
           format('%s/%s/%s', market.name, me.id, to_char(m.month, 'YYYY-MM')),
           market.operator_name,
           coalesce(trim_scale(h.unit_price * h.pricing_quantity), round(h.billed / 1000000, 6)),
           h.unit_price, CASE WHEN h.is_priced THEN 'Standard' END, h.pricing_quantity,
           CASE WHEN NOT h.is_priced THEN NULL
                WHEN h.segment IS NULL THEN initcap(h.part) || 's'
                WHEN p.period_seconds > 3600 THEN initcap(p.unit) || '-Days'
                ELSE initcap(p.unit) || '-Hours' END,
           x.region, x.region, h.resource::text, p.symbol, 'Compute contract',
           CASE p.compute_type WHEN 2 THEN 'AI and Machine Learning' ELSE 'Compute' END,
           p.model, supplier.name,
           CASE p.compute_type WHEN 2 THEN 'Other (AI and Machine Learning)'
                               ELSE 'Other (Compute)' END,
           concat_ws('/', p.symbol, h.part),
           CASE h.part WHEN 'fee' THEN 'Trading fee' WHEN 'premium' THEN 'Resale premium'
                       ELSE initcap(p.unit) || ' time' END,
           CASE WHEN h.is_priced AND h.part IS NULL THEN jsonb_strip_nulls(jsonb_build_object(
                'InstanceType', coalesce(t.model, p.model),
                'MemorySize', trim_scale(nullif(t.memory_mib, 0) / 1024.0)))::text END,
           CASE WHEN h.is_priced THEN concat_ws('/', p.symbol, h.terms_version, h.part) END, r.name
      FROM reckoned h
      JOIN month m ON m.month = date_trunc('month', the_month)::date
      JOIN transfer_reason r USING (reason)
      JOIN product p ON p.id = h.product
      LEFT JOIN terms t ON t.product = h.product AND t.version = h.terms_version
      JOIN site x ON x.id = p.site
      JOIN participant owner ON owner.id = x.owner
      JOIN participant supplier ON supplier.id = h.supplier
      JOIN participant me ON me.id = the_participant
      CROSS JOIN market
     ORDER BY h.seq, h.number, h.segment
$$;

-- The same of whoever asks.
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION petahour.my_invoice(the_month date) RETURNS %s
                    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp
                    AS ''SELECT * FROM invoice((SELECT me()), the_month)''',
                   pg_get_function_result('invoice(bigint, date)'::regprocedure));
END $$;

REVOKE ALL ON FUNCTION invoice(bigint, date), my_invoice(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invoice(bigint, date) TO petahour_auditor;
GRANT EXECUTE ON FUNCTION my_invoice(date) TO petahour_member;

-- Verify: both give the same columns to those who may ask; and of the latest contract's buyer, in the
-- month of its purchase, the rows are its money, and what has a unit price costs price by quantity.
DO $$
DECLARE
    who bigint := (SELECT buyer FROM contract ORDER BY id DESC LIMIT 1);
    bought date := (SELECT m.month FROM month m, contract c WHERE c.seq >= m.first_seq
                       AND c.seq < m.next_seq ORDER BY c.id DESC LIMIT 1);
BEGIN
    ASSERT (SELECT pg_get_function_result('invoice(bigint, date)'::regprocedure)
            = pg_get_function_result('my_invoice(date)'::regprocedure)), 'both give the same columns';
    ASSERT has_function_privilege('petahour_auditor', 'invoice(bigint, date)', 'EXECUTE')
       AND has_function_privilege('petahour_member', 'my_invoice(date)', 'EXECUTE')
       AND NOT has_function_privilege('petahour_member', 'invoice(bigint, date)', 'EXECUTE'),
        'auditors ask for anybody, members for themselves';
    ASSERT (SELECT (coalesce(sum("BilledCost"), 0), coalesce(sum("EffectiveCost"), 0))
              FROM invoice(who, bought))
         = (SELECT (coalesce(sum(amount * from_cash) / 1000000.0, 0),
                    coalesce(sum(amount * (from_cash + from_held)) / 1000000.0, 0))
              FROM invoice_transfer(who, bought)), 'an invoice is the money that moved';
    ASSERT NOT EXISTS (SELECT FROM invoice(who, bought)
                        WHERE "ContractedUnitPrice" * "PricingQuantity" <> "ContractedCost"
                           OR ("ContractedUnitPrice" IS NULL) <> ("SkuPriceId" IS NULL)),
        'a unit price by its quantity is the cost';
END $$;
