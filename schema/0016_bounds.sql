-- SPDX-License-Identifier: Apache-2.0
-- Questions about some days read what those days have, and not everything that came after them or
-- that a participant ever had.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- How long before its end a contract can have been concluded, in seconds: no order reaches further
-- than the horizon of its product's terms. It bounds what the index of contracts by their end is
-- asked for.
CREATE FUNCTION reach() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    SELECT coalesce(max((horizon + 1) * period_seconds), 0)::bigint FROM terms
$$;
REVOKE ALL ON FUNCTION reach() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reach() TO petahour_member, petahour_auditor, petahour_settle;

-- My contracts with delivery in the next seven days.
CREATE OR REPLACE VIEW my_contracts_next_week WITH (security_invoker = true) AS
    SELECT c.id, x.side, p.symbol, 'epoch'::timestamptz + c.begins_s * interval '1 second' AS begins_at,
           'epoch'::timestamptz + c.ends_s * interval '1 second' AS ends_at,
           round(c.notional / 1000000.0, 6) AS notional
      FROM (SELECT id, 'BUYER' AS side FROM contract
             WHERE buyer = (SELECT me()) AND ends_s > extract(epoch FROM now())::bigint
               AND ends_s < extract(epoch FROM now())::bigint + 604800 + reach()
               AND begins_s < extract(epoch FROM now())::bigint + 604800
            UNION ALL
            SELECT id, 'SUPPLIER' FROM contract
             WHERE supplier = (SELECT me()) AND ends_s > extract(epoch FROM now())::bigint
               AND ends_s < extract(epoch FROM now())::bigint + 604800 + reach()
               AND begins_s < extract(epoch FROM now())::bigint + 604800) x
      JOIN contract c USING (id)
      JOIN product p ON p.id = c.product;

-- What came back is added up once, over all that I received, and not for each contract.
CREATE OR REPLACE VIEW my_payments_by_contract WITH (security_invoker = true) AS
    SELECT c.id, p.symbol, at_time(c.at_ns) AS concluded_at,
           round((c.notional + c.buyer_fee) / 1000000.0, 6) AS paid,
           round(coalesce(b.amount, 0) / 1000000.0, 6) AS came_back
      FROM contract c
      JOIN product p ON p.id = c.product
      LEFT JOIN (SELECT t.debit_id, sum(t.amount) AS amount FROM transfer t
                  WHERE t.credit_kind = 2 AND t.credit_id = (SELECT me())
                    AND t.debit_kind IN (3, 4, 6, 7) GROUP BY t.debit_id) b ON b.debit_id = c.id
     WHERE c.buyer = (SELECT me());

-- My account in one month, line by line: only the partitions of that month are read.
CREATE FUNCTION my_statement_of(the_month date)
RETURNS TABLE (seq bigint, number integer, reason text, amount bigint)
LANGUAGE sql STABLE SET search_path = petahour, pg_temp AS $$
    WITH span AS MATERIALIZED (
        SELECT first_seq, next_seq FROM month
         WHERE month = date_trunc('month', the_month)::date)
    SELECT t.seq, t.number, r.name, -t.amount
      FROM transfer t JOIN transfer_reason r USING (reason)
     WHERE t.debit_kind = 2 AND t.debit_id = (SELECT me())
       AND t.seq >= (SELECT first_seq FROM span) AND t.seq < (SELECT next_seq FROM span)
    UNION ALL
    SELECT t.seq, t.number, r.name, t.amount
      FROM transfer t JOIN transfer_reason r USING (reason)
     WHERE t.credit_kind = 2 AND t.credit_id = (SELECT me())
       AND t.seq >= (SELECT first_seq FROM span) AND t.seq < (SELECT next_seq FROM span)
     ORDER BY 1, 2
$$;
REVOKE ALL ON FUNCTION my_statement_of(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_statement_of(date) TO petahour_member;

-- As before, within the reach of contracts.
CREATE OR REPLACE FUNCTION site_utilisation(the_site bigint, first_day date, days integer)
RETURNS TABLE (day date, registered numeric, sold numeric, delivered numeric)
LANGUAGE sql STABLE AS $$
    WITH span AS (
        SELECT d::date AS day, extract(epoch FROM d AT TIME ZONE 'UTC')::bigint AS from_s,
               extract(epoch FROM d AT TIME ZONE 'UTC')::bigint + 86400 AS to_s
          FROM generate_series(first_day::timestamp,
                               first_day::timestamp + (days - 1) * interval '1 day',
                               interval '1 day') d),
    own AS (
        SELECT c.id, p.period_seconds, p.hardware_units
          FROM petahour.site x
          JOIN petahour.contract c ON c.supplier = x.owner
           AND c.ends_s > (SELECT min(from_s) FROM span)
           AND c.ends_s < (SELECT max(to_s) FROM span) + petahour.reach()
           AND c.begins_s < (SELECT max(to_s) FROM span)
          JOIN petahour.product p ON p.id = c.product AND p.site = x.id
         WHERE x.id = the_site AND c.from_contract IS NULL),
    has AS (
        SELECT first_period * period_seconds AS begins_s,
               (first_period + periods) * period_seconds AS ends_s, units
          FROM petahour.capacity WHERE site = the_site
        UNION ALL
        SELECT w.first_period * k.period_seconds,
               (w.first_period + w.periods) * k.period_seconds, -w.units
          FROM petahour.capacity_withdrawal w
          JOIN (SELECT DISTINCT site, hardware, period_seconds FROM petahour.capacity) k
         USING (site, hardware)
         WHERE w.site = the_site),
    sells AS (
        SELECT s.first_period * o.period_seconds AS begins_s,
               (s.first_period + s.periods) * o.period_seconds AS ends_s,
               s.quantity * o.hardware_units AS units
          FROM own o JOIN petahour.segment s ON s.contract = o.id),
    came AS (
        SELECT f.period * o.period_seconds AS at_s,
               f.delivered::numeric * o.hardware_units AS unit_seconds
          FROM own o JOIN petahour.delivery_final f ON f.contract = o.id)
    SELECT d.day,
           round(coalesce((SELECT sum(units * (least(ends_s, d.to_s) - greatest(begins_s, d.from_s)))
                             FROM has WHERE ends_s > d.from_s AND begins_s < d.to_s), 0) / 3600, 3),
           round(coalesce((SELECT sum(units * (least(ends_s, d.to_s) - greatest(begins_s, d.from_s)))
                             FROM sells WHERE ends_s > d.from_s AND begins_s < d.to_s), 0) / 3600, 3),
           round(coalesce((SELECT sum(unit_seconds) FROM came
                            WHERE at_s >= d.from_s AND at_s < d.to_s), 0) / 3600, 3)
      FROM span d ORDER BY d.day
$$;

-- As before, within the reach of contracts and the partitions of the month.
CREATE OR REPLACE FUNCTION invoice_transfer(the_participant bigint, the_month date)
RETURNS TABLE (seq bigint, number integer, reason smallint, amount bigint, contract bigint,
               from_cash integer, from_held integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH span AS MATERIALIZED (
        SELECT first_seq, next_seq, extract(epoch FROM month::timestamp AT TIME ZONE 'UTC')::bigint
               - (SELECT coalesce(max(2 * (report_seconds + dispute_seconds + resolve_seconds)), 0)
                         + 86400 FROM terms) AS from_s,
               extract(epoch FROM (month + interval '1 month') AT TIME ZONE 'UTC')::bigint
               + reach() AS to_s
          FROM month WHERE month = date_trunc('month', the_month)::date),
    mine AS (
        SELECT id FROM contract
         WHERE buyer = the_participant AND ends_s > (SELECT from_s FROM span)
           AND ends_s < (SELECT to_s FROM span)
        UNION
        SELECT id FROM contract
         WHERE supplier = the_participant AND ends_s > (SELECT from_s FROM span)
           AND ends_s < (SELECT to_s FROM span)),
    touched AS (
        SELECT t.* FROM transfer t WHERE t.debit_kind = 2 AND t.debit_id = the_participant
           AND t.seq >= (SELECT first_seq FROM span) AND t.seq < (SELECT next_seq FROM span)
        UNION
        SELECT t.* FROM transfer t WHERE t.credit_kind = 2 AND t.credit_id = the_participant
           AND t.seq >= (SELECT first_seq FROM span) AND t.seq < (SELECT next_seq FROM span)
        UNION
        SELECT t.* FROM mine c
          JOIN transfer t ON t.debit_kind IN (3, 4, 6, 7) AND t.debit_kind <> 6 AND t.debit_id = c.id
                         AND t.seq >= (SELECT first_seq FROM span)
                         AND t.seq < (SELECT next_seq FROM span)
        UNION
        SELECT t.* FROM contract c
          JOIN transfer t ON t.debit_kind IN (3, 4, 6, 7) AND t.debit_id = c.from_contract
                         AND t.seq = c.seq AND t.reason = 24 AND t.credit_id = c.id
                         AND t.seq >= (SELECT first_seq FROM span)
                         AND t.seq < (SELECT next_seq FROM span)
         WHERE c.buyer = the_participant AND c.from_contract IS NOT NULL
           AND c.ends_s > (SELECT from_s FROM span) AND c.ends_s < (SELECT to_s FROM span)
           AND c.seq >= (SELECT first_seq FROM span) AND c.seq < (SELECT next_seq FROM span)),
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

-- Verify: the questions can be asked of an empty market.
DO $$
BEGIN
    ASSERT reach() = 0 OR EXISTS (SELECT FROM terms), 'nothing is listed yet';
    ASSERT (SELECT count(*) FROM invoice(1, '2026-01-01')) = 0 OR EXISTS (SELECT FROM contract),
        'nothing was charged yet';
END $$;
