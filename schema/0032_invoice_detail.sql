-- SPDX-License-Identifier: Apache-2.0
-- The other two data sets of FOCUS 1.4 that an invoice is made of: "Invoice Detail", a line for each
-- charge of invoice() with the state of the invoice that it is on, and "Billing Period".
--
-- A month is closed when a record of a later month is settled: stamps never decrease, so nothing can
-- be added to it any more. Then its invoices are issued, at its end. Until then they are open. None is
-- ever voided or opened again: what comes later is a charge of its own month, and a correction names
-- the invoice of the purchase that it corrects.
--
-- Everything is paid from the account in the moment of the charge, so nothing is ever due.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- Of a month, for everybody; no row if it has no records.
CREATE FUNCTION billing_period(the_month date)
RETURNS TABLE (
    "BillingPeriodCreated" text, "BillingPeriodEnd" text, "BillingPeriodLastUpdated" text,
    "BillingPeriodStart" text, "BillingPeriodStatus" text, "InvoiceIssuerName" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH span AS (
        SELECT focus_time(extract(epoch FROM m.month::timestamp AT TIME ZONE 'UTC')) AS begins,
               focus_time(extract(epoch FROM (m.month + interval '1 month') AT TIME ZONE 'UTC')) AS ends,
               m.next_seq < 9223372036854775807 AS is_closed
          FROM month m WHERE m.month = date_trunc('month', the_month)::date)
    SELECT s.begins, s.ends, CASE WHEN s.is_closed THEN s.ends ELSE s.begins END, s.begins,
           CASE WHEN s.is_closed THEN 'Closed' ELSE 'Open' END, market.operator_name
      FROM span s CROSS JOIN market
$$;

-- What is known of when a line was made is the day of its record.
CREATE FUNCTION invoice_detail(the_participant bigint, the_month date)
RETURNS TABLE (
    "BilledCost" numeric, "BillingAccountId" text, "BillingCurrency" text, "BillingPeriodEnd" text,
    "BillingPeriodStart" text, "ChargeCategory" text, "InvoiceDetailCreated" text,
    "InvoiceDetailDescription" text, "InvoiceDetailGrain" text, "InvoiceDetailId" text,
    "InvoiceDetailLastUpdated" text, "InvoiceId" text, "InvoiceIssueDate" text,
    "InvoiceIssueStatus" text, "InvoiceIssuerName" text, "PaymentDueDate" text,
    "PaymentTerms" text, "ReferenceInvoiceId" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp SET jit = off AS $$
    SELECT i."BilledCost", i."BillingAccountId", i."BillingCurrency", i."BillingPeriodEnd",
           i."BillingPeriodStart", i."ChargeCategory", d.created, i."ChargeDescription",
           jsonb_build_object('ResourceId', i."ResourceId", 'SkuId', i."SkuId",
                              'x_InvoiceDetailId', i."InvoiceDetailId",
                              'x_TransferReason', i."x_TransferReason")::text,
           i."InvoiceDetailId",
           CASE WHEN b."BillingPeriodStatus" = 'Closed' THEN i."BillingPeriodEnd" ELSE d.created END,
           i."InvoiceId",
           CASE WHEN b."BillingPeriodStatus" = 'Closed' THEN i."BillingPeriodEnd" END,
           CASE WHEN b."BillingPeriodStatus" = 'Closed' THEN 'Issued' ELSE 'Open' END,
           i."InvoiceIssuerName", NULL::text, 'Prepaid: paid from the account when charged',
           CASE WHEN o.month IS NULL THEN i."InvoiceId"
                ELSE format('%s/%s/%s', market.name, the_participant, to_char(o.month, 'YYYY-MM')) END
      FROM invoice(the_participant, the_month) WITH ORDINALITY i
     CROSS JOIN billing_period(the_month) b
     CROSS JOIN market
     CROSS JOIN LATERAL (
           SELECT focus_time(extract(epoch FROM day::timestamp AT TIME ZONE 'UTC')) AS created
             FROM day WHERE first_seq <= split_part(i."InvoiceDetailId", '.', 1)::bigint
            ORDER BY first_seq DESC LIMIT 1) d
      LEFT JOIN contract c ON i."ChargeClass" = 'Correction' AND c.id = i."ResourceId"::bigint
      LEFT JOIN month o ON c.seq >= o.first_seq AND c.seq < o.next_seq
     ORDER BY i.ordinality
$$;

-- The same of whoever asks.
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION petahour.my_invoice_detail(the_month date) RETURNS %s
                    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp
                    AS ''SELECT * FROM invoice_detail((SELECT me()), the_month)''',
                   pg_get_function_result('invoice_detail(bigint, date)'::regprocedure));
END $$;

REVOKE ALL ON FUNCTION billing_period(date), invoice_detail(bigint, date), my_invoice_detail(date)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing_period(date) TO petahour_auditor, petahour_member;
GRANT EXECUTE ON FUNCTION invoice_detail(bigint, date) TO petahour_auditor;
GRANT EXECUTE ON FUNCTION my_invoice_detail(date) TO petahour_member;

COMMENT ON FUNCTION billing_period(date) IS 'A month as a data set "Billing Period" of FOCUS 1.4: whether anything can still be added to it';
COMMENT ON FUNCTION invoice_detail(bigint, date) IS 'The lines of a participant''s invoice of a month, as a data set "Invoice Detail" of FOCUS 1.4';
COMMENT ON FUNCTION my_invoice_detail(date) IS 'The lines of my invoice of a month, as a data set "Invoice Detail" of FOCUS 1.4';

-- Verify: those who may ask can, and of the latest contract's buyer, in the month of its purchase, the
-- lines are those of its charges.
DO $$
DECLARE
    who bigint := (SELECT buyer FROM contract ORDER BY id DESC LIMIT 1);
    bought date := (SELECT m.month FROM month m, contract c WHERE c.seq >= m.first_seq
                       AND c.seq < m.next_seq ORDER BY c.id DESC LIMIT 1);
BEGIN
    ASSERT has_function_privilege('petahour_auditor', 'invoice_detail(bigint, date)', 'EXECUTE')
       AND has_function_privilege('petahour_member', 'my_invoice_detail(date)', 'EXECUTE')
       AND has_function_privilege('petahour_member', 'billing_period(date)', 'EXECUTE')
       AND NOT has_function_privilege('petahour_member', 'invoice_detail(bigint, date)', 'EXECUTE'),
        'auditors ask for anybody, members for themselves';
    ASSERT NOT EXISTS (SELECT "InvoiceId", "InvoiceDetailId", "ChargeCategory", "BilledCost"
                         FROM invoice(who, bought)
                       EXCEPT SELECT "InvoiceId", "InvoiceDetailId", "ChargeCategory", "BilledCost"
                         FROM invoice_detail(who, bought)), 'a line for each charge';
END $$;
