-- SPDX-License-Identifier: Apache-2.0
-- What a site delivered, the fills of an order, the money of a contract, the deliveries of a chain; and
-- that members see of contracts what the private streams of the gateway tell them.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- ---- What people ask ------------------------------------------------------------------------

-- As before, but what came counts for every contract of the supplier: of one that was sold on the part
-- that was split off delivers what it took with it. Sold is still counted once, when it was new.
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
        SELECT c.id, c.from_contract, p.period_seconds, p.hardware_units
          FROM petahour.site x
          JOIN petahour.contract c ON c.supplier = x.owner
           AND c.ends_s > (SELECT min(from_s) FROM span)
           AND c.ends_s < (SELECT max(to_s) FROM span) + petahour.reach()
           AND c.begins_s < (SELECT max(to_s) FROM span)
          JOIN petahour.product p ON p.id = c.product AND p.site = x.id
         WHERE x.id = the_site),
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
          FROM own o JOIN petahour.segment s ON s.contract = o.id
         WHERE o.from_contract IS NULL),
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

-- Which fills had my orders, segment by segment; the fee is of the whole contract, and one's own.
CREATE VIEW my_order_fills WITH (security_invoker = true) AS
    SELECT x."order", x.side, c.trade, c.id AS contract, c.seq, at_time(c.at_ns) AS concluded_at,
           p.symbol, s.number AS segment, period_time(s.first_period, p.period_seconds) AS begins_at,
           s.periods, s.quantity, round(s.price / 1000000.0, 6) AS price,
           round(x.fee / 1000000.0, 6) AS fee
      FROM (SELECT o.id AS "order", 'BUY' AS side, c.id, c.buyer_fee AS fee
              FROM "order" o JOIN contract c ON c.buy_order = o.id
             WHERE o.participant = (SELECT me())
            UNION ALL
            SELECT o.id, 'SELL', c.id, CASE WHEN c.from_contract IS NULL THEN c.supplier_fee
                                            ELSE c.reseller_fee END
              FROM "order" o JOIN contract c ON c.sell_order = o.id
             WHERE o.participant = (SELECT me())) x
      JOIN contract c USING (id)
      JOIN segment s ON s.contract = c.id
      JOIN product p ON p.id = c.product;

-- As before, with fills (what was executed, and the contract's average price, rounded to the
-- micro-unit) and the parts shown. Both stand in their record behind what came before them: fills are
-- numbered by their contract alone.
CREATE OR REPLACE VIEW order_history WITH (security_invoker = true) AS
    SELECT o.id AS "order", o.seq, 0 AS number, 'ACCEPTED' AS what, o.price, o.quantity,
           NULL::text AS reason
      FROM "order" o
    UNION ALL
    SELECT r."order", r.seq, r.number, 'REPLACED', r.price, r.quantity, NULL
      FROM order_replacement r
    UNION ALL
    SELECT l."order", l.seq, l.number, 'PERIOD_LOST', NULL, l.quantity, c.name
      FROM order_period_lost l JOIN cancel_reason c USING (reason)
    UNION ALL
    SELECT k."order", k.seq, k.number, 'CLIP_SHOWN', NULL, k.quantity, NULL
      FROM order_clip k
    UNION ALL
    SELECT x."order", c.seq, 2147483646, 'FILL',
           round(c.notional::numeric / s.unit_periods)::bigint, s.unit_periods::bigint,
           format('contract %s', c.id)
      FROM (SELECT o.id AS "order", c.id FROM "order" o JOIN contract c ON c.buy_order = o.id
            UNION ALL
            SELECT o.id, c.id FROM "order" o JOIN contract c ON c.sell_order = o.id) x
      JOIN contract c USING (id)
     CROSS JOIN LATERAL (SELECT sum(quantity::numeric * periods) AS unit_periods
                           FROM segment WHERE segment.contract = c.id) s
    UNION ALL
    SELECT o.id, o.ended_seq, 2147483647, s.name, NULL, o.cancelled, c.name
      FROM "order" o JOIN order_state s USING (state)
      LEFT JOIN cancel_reason c ON c.reason = o.cancel_reason
     WHERE o.state <> 1;

-- What moved on the escrow and the bond of a contract: by kind it adds up to the balance. What comes in
-- comes with the record that concluded it.
CREATE VIEW contract_entry WITH (security_invoker = true) AS
    SELECT c.id AS contract, t.credit_kind AS kind, t.seq, t.number, t.reason, t.amount
      FROM contract c
      JOIN transfer t ON t.seq = c.seq AND t.credit_kind IN (3, 4) AND t.credit_id = c.id
    UNION ALL
    SELECT c.id, t.debit_kind, t.seq, t.number, t.reason, -t.amount
      FROM contract c
      JOIN transfer t ON t.debit_kind IN (3, 4, 6, 7) AND t.debit_kind < 6 AND t.debit_id = c.id;

-- ---- Who sees what --------------------------------------------------------------------------

-- Contracts that hold units which I sold on: the parts that I sold, and what was split off them since. I
-- may be owed a premium of them, so I may know what is delivered; of who holds them I know nothing.
CREATE FUNCTION sold_on_by_me() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH RECURSIVE part AS (
        SELECT id FROM contract WHERE seller = (SELECT me()) AND from_contract IS NOT NULL
        UNION
        SELECT c.id FROM part JOIN contract c ON c.from_contract = part.id)
    SELECT id FROM part
$$;

-- As the private stream tells them: reports, steps and ends to all of a chain; who claims or confirms to
-- buyer, supplier and whoever it was; access to whom it is sealed, and who sealed it.
DO $$
DECLARE
    rule record;
    named constant text := 'EXISTS (SELECT FROM petahour.contract c WHERE c.id = %s.contract)';
    holder constant text := 'EXISTS (SELECT FROM petahour.contract c WHERE c.id = %s.contract
                           AND (c.buyer = (SELECT petahour.me()) OR c.supplier = (SELECT petahour.me())))';
    chain constant text := ' OR %s.contract IN (SELECT petahour.sold_on_by_me())';
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('delivery_report', format(named || chain, 'delivery_report', 'delivery_report')
                            || ' OR reporter = (SELECT petahour.me())'),
        ('delivery_final', format(named || chain, 'delivery_final', 'delivery_final')),
        ('resolution', format(named || chain, 'resolution', 'resolution')),
        ('delivery_step', format(holder, 'delivery_step') || ' OR by = (SELECT petahour.me())'),
        ('dispute', format(holder, 'dispute') || ' OR claimant = (SELECT petahour.me())'),
        ('access', format(holder, 'access'))
    ) AS r (name, own) LOOP
        EXECUTE format('ALTER POLICY members ON petahour.%I USING (%s)', rule.name, rule.own);
    END LOOP;
END $$;

-- The steps of a contract's periods for whoever is of its chain: by whom, as far as that is theirs to know.
CREATE POLICY steps ON delivery_step FOR SELECT TO petahour_owner USING (true);
CREATE FUNCTION my_delivery_steps(the_contract bigint)
RETURNS TABLE (seq bigint, period bigint, step text, by bigint, figure bigint, due_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    SELECT d.seq, d.period, k.name,
           CASE WHEN d.by = (SELECT me()) OR c.buyer = (SELECT me()) OR c.supplier = (SELECT me())
                THEN d.by END, d.figure, at_time(d.due_ns)
      FROM contract c
      JOIN delivery_step d ON d.contract = c.id
      JOIN delivery_step_kind k USING (step)
     WHERE c.id = the_contract
       AND (c.buyer = (SELECT me()) OR c.supplier = (SELECT me())
            OR c.id IN (SELECT sold_on_by_me()))
     ORDER BY d.seq, d.number
$$;

-- Escrow and bond can be added up again by whom the contract names. Deposits are seen where claimants
-- are. Premiums of earlier links are between other parties: of these each sees its own cash.
ALTER POLICY members ON account
    USING ((kind = 2 AND id = (SELECT petahour.me()))
           OR (kind IN (3, 4, 7) AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = account.id))
           OR (kind = 6 AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = account.id
                                       AND (c.buyer = (SELECT petahour.me())
                                            OR c.supplier = (SELECT petahour.me())))));
ALTER POLICY members ON transfer
    USING ((debit_kind = 2 AND debit_id = (SELECT petahour.me()))
           OR (credit_kind = 2 AND credit_id = (SELECT petahour.me()))
           OR (debit_kind IN (3, 4)
               AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = transfer.debit_id))
           OR (credit_kind IN (3, 4)
               AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = transfer.credit_id))
           OR (debit_kind = 6
               AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = transfer.debit_id
                              AND (c.buyer = (SELECT petahour.me())
                                   OR c.supplier = (SELECT petahour.me()))))
           OR (credit_kind = 6
               AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = transfer.credit_id
                              AND (c.buyer = (SELECT petahour.me())
                                   OR c.supplier = (SELECT petahour.me())))));

REVOKE ALL ON FUNCTION sold_on_by_me(), my_delivery_steps(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sold_on_by_me(), my_delivery_steps(bigint) TO petahour_member;
GRANT SELECT ON my_order_fills, contract_entry TO petahour_auditor, petahour_settle, petahour_member;

-- Verify: each policy was changed, and escrow and bond of every contract add up by what is seen of them.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM pg_policies WHERE schemaname = 'petahour' AND policyname = 'members'
               AND (qual LIKE '%sold_on_by_me%' OR qual LIKE '%c.supplier%')) = 8,
        'members see what they are told';
END $$;
