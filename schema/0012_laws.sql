-- SPDX-License-Identifier: Apache-2.0
-- The laws of delivery, capacity and of the schema itself, as views that must be empty; and what
-- people ask.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- Of a participant its state changes, of a product its phase and state, and nothing else.
CREATE FUNCTION refuse_but_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(OLD) - '{state,phase}'::text[]
                         <> to_jsonb(NEW) - '{state,phase}'::text[] THEN
        RAISE EXCEPTION '% of petahour.% is refused: only its state is changed', TG_OP,
            TG_TABLE_NAME USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_state BEFORE UPDATE OR DELETE ON participant
    FOR EACH ROW EXECUTE FUNCTION refuse_but_state();
CREATE TRIGGER only_state_truncate BEFORE TRUNCATE ON participant
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_but_state();
CREATE TRIGGER only_state BEFORE UPDATE OR DELETE ON product
    FOR EACH ROW EXECUTE FUNCTION refuse_but_state();
CREATE TRIGGER only_state_truncate BEFORE TRUNCATE ON product
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_but_state();
ALTER TABLE participant ENABLE ALWAYS TRIGGER only_state;
ALTER TABLE participant ENABLE ALWAYS TRIGGER only_state_truncate;
ALTER TABLE product ENABLE ALWAYS TRIGGER only_state;
ALTER TABLE product ENABLE ALWAYS TRIGGER only_state_truncate;

-- The first record of each day (UTC) that has one: with it a month is a range of records.
CREATE TABLE day (
    day       date PRIMARY KEY,
    first_seq bigint NOT NULL UNIQUE
);
CALL make_append_only('day');
GRANT SELECT ON day TO petahour_auditor, petahour_settle, petahour_member;
GRANT INSERT ON day TO petahour_settle;

-- Months that have records: [first_seq, next_seq).
CREATE VIEW month WITH (security_invoker = true) AS
    SELECT month, first_seq,
           coalesce(lead(first_seq) OVER (ORDER BY month), 9223372036854775807) AS next_seq
      FROM (SELECT date_trunc('month', day)::date AS month, min(first_seq) AS first_seq
              FROM day GROUP BY 1) m;

-- ---- Laws -----------------------------------------------------------------------------------

-- Contracts of which no unit was bought on, and that are not such a part: what they come to can be
-- reckoned from their own rows.
CREATE VIEW contract_whole WITH (security_invoker = true) AS
    SELECT c.* FROM contract c
     WHERE c.from_contract IS NULL
       AND NOT EXISTS (SELECT FROM contract part WHERE part.from_contract = c.id);

-- What a final contract-period was worth and promised by its contract's segments.
CREATE VIEW final_by_segments WITH (security_invoker = true) AS
    SELECT f.contract, f.period, f.seq, f.first_transfer, f.transfers, f.promised,
           sum(s.price::numeric * s.quantity) AS notional, sum(s.quantity) AS quantity
      FROM delivery_final f
      JOIN segment s ON s.contract = f.contract
                    AND f.period >= s.first_period AND f.period < s.first_period + s.periods
     GROUP BY f.contract, f.period;

CREATE OR REPLACE VIEW reconcile_escrow WITH (security_invoker = true) AS
    SELECT 'the escrow of a contract is what its periods that are not final need' AS law,
           format('contract %s', c.id) AS subject,
           c.notional - coalesce(f.notional, 0) + c.buyer_fee - c.buyer_fee_at_trade
               - coalesce(t.fee, 0) AS stated,
           coalesce(a.balance, 0)::numeric AS found
      FROM contract_whole c
      LEFT JOIN account a ON a.kind = 3 AND a.id = c.id
      LEFT JOIN (SELECT contract, sum(notional) AS notional FROM final_by_segments
                  GROUP BY contract) f ON f.contract = c.id
      LEFT JOIN (SELECT debit_id, sum(amount) AS fee FROM transfer
                  WHERE debit_kind = 3 AND reason IN (10, 11) GROUP BY debit_id) t
             ON t.debit_id = c.id
     WHERE c.notional - coalesce(f.notional, 0) + c.buyer_fee - c.buyer_fee_at_trade
               - coalesce(t.fee, 0) <> coalesce(a.balance, 0);

-- Unit-seconds of a contract: promised in all, sold on, and final.
CREATE VIEW contract_progress WITH (security_invoker = true) AS
    SELECT c.id, c.product, u.unit_periods * p.period_seconds AS promised,
           coalesce(r.unit_periods, 0) * p.period_seconds AS sold_on,
           coalesce(f.promised, 0) AS final
      FROM contract c
      JOIN product p ON p.id = c.product
      JOIN (SELECT contract, sum(quantity::numeric * periods) AS unit_periods
              FROM segment GROUP BY contract) u ON u.contract = c.id
      LEFT JOIN (SELECT part.from_contract, sum(s.quantity::numeric * s.periods) AS unit_periods
                   FROM contract part JOIN segment s ON s.contract = part.id
                  WHERE part.from_contract IS NOT NULL GROUP BY part.from_contract) r
             ON r.from_contract = c.id
      LEFT JOIN (SELECT contract, sum(promised) AS promised FROM delivery_final
                  GROUP BY contract) f ON f.contract = c.id;

CREATE VIEW reconcile_ended WITH (security_invoker = true) AS
    SELECT 'a contract that is final or sold on keeps no money' AS law,
           format('contract %s, account kind %s', c.id, a.kind) AS subject,
           0::numeric AS stated, a.balance::numeric AS found
      FROM contract_progress c
      JOIN account a ON a.id = c.id AND a.kind IN (3, 4, 6, 7)
     WHERE c.promised = c.sold_on + c.final AND a.balance <> 0
    UNION ALL
    SELECT 'a contract delivers and sells on no more than it has', format('contract %s', c.id),
           c.promised, c.sold_on + c.final
      FROM contract_progress c WHERE c.sold_on + c.final > c.promised;

CREATE VIEW reconcile_final WITH (security_invoker = true) AS
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
           format('contract %s, period %s', f.contract, f.period),
           f.quantity * p.period_seconds, f.promised
      FROM final_by_segments f
      JOIN contract_whole c ON c.id = f.contract
      JOIN product p ON p.id = c.product
     WHERE f.promised <> f.quantity * p.period_seconds
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
             WHERE reason IN (7, 8, 9, 11, 12, 13, 14, 21, 22, 23) GROUP BY seq) t
      FULL JOIN (SELECT f.seq, count(*) AS cnt
                   FROM delivery_final f
                   JOIN transfer t ON t.seq = f.seq AND t.number >= f.first_transfer
                                  AND t.number < f.first_transfer + f.transfers
                  WHERE t.reason IN (7, 8, 9, 11, 12, 13, 14, 21, 22, 23)
                  GROUP BY f.seq) f USING (seq)
     WHERE coalesce(f.cnt, 0) <> coalesce(t.cnt, 0);

CREATE VIEW reconcile_cause WITH (security_invoker = true) AS
    SELECT CASE f.cause WHEN 3 THEN 'a contract-period without a report delivered nothing'
                        WHEN 4 THEN 'a resolved contract-period delivered what was resolved'
                        ELSE 'an undisputed contract-period delivered what was reported' END AS law,
           format('contract %s, period %s', f.contract, f.period) AS subject,
           x.figure::numeric AS stated, f.delivered::numeric AS found
      FROM delivery_final f
      CROSS JOIN LATERAL (SELECT CASE
               WHEN f.cause = 3 THEN 0
               WHEN f.cause = 4 THEN (SELECT delivered FROM resolution r
                                       WHERE r.contract = f.contract AND r.period = f.period)
               ELSE (SELECT delivered FROM delivery_report r
                      WHERE r.contract = f.contract AND r.period = f.period
                      ORDER BY seq DESC LIMIT 1) END AS figure) x
     WHERE f.cause <= 4 AND x.figure IS DISTINCT FROM f.delivered
    UNION ALL
    SELECT 'a deposit is put down for a dispute, by its claimant', format('record %s', t.seq),
           NULL, t.amount
      FROM transfer t
     WHERE t.reason = 15
       AND NOT EXISTS (SELECT FROM dispute d WHERE d.seq = t.seq AND d.contract = t.credit_id
                          AND d.claimant = t.debit_id);

-- Hardware units of a supplier at a site, period by period: what changes where, added up.
CREATE VIEW capacity_by_period WITH (security_invoker = true) AS
    SELECT supplier, site, hardware, period,
           sum(sum(registered)) OVER w AS registered, sum(sum(sold)) OVER w AS sold
      FROM (SELECT supplier, site, hardware, v.period, v.units::numeric AS registered,
                   0::numeric AS sold
              FROM capacity, LATERAL (VALUES (first_period, units),
                                             (first_period + periods, -units)) v (period, units)
            UNION ALL
            SELECT supplier, site, hardware, v.period, v.units, 0
              FROM capacity_withdrawal, LATERAL (VALUES (first_period, -units),
                                                        (first_period + periods, units))
                   v (period, units)
            UNION ALL
            SELECT c.supplier, p.site, p.hardware, v.period, 0, sum(v.units)
              FROM contract c
              JOIN product p ON p.id = c.product
              JOIN segment s ON s.contract = c.id,
              LATERAL (VALUES (s.first_period, s.quantity * p.hardware_units),
                              (s.first_period + s.periods, -s.quantity * p.hardware_units))
                      v (period, units)
             WHERE c.from_contract IS NULL
             GROUP BY c.supplier, p.site, p.hardware, v.period) x
     GROUP BY supplier, site, hardware, period
    WINDOW w AS (PARTITION BY supplier, site, hardware ORDER BY period);

CREATE VIEW reconcile_capacity WITH (security_invoker = true) AS
    SELECT 'a supplier sells no more than it registered' AS law,
           format('supplier %s, site %s, hardware %s, from period %s', supplier, site, hardware,
                  period) AS subject,
           registered AS stated, sold AS found
      FROM capacity_by_period WHERE sold > registered;

CREATE OR REPLACE VIEW reconcile_quantity WITH (security_invoker = true) AS
    SELECT 'an order executes no more than it asked for' AS law, format('order %s', o.id) AS subject,
           o.asked * CASE WHEN o.shape = 3 THEN o.duration ELSE o.periods END AS stated,
           x.executed AS found
      FROM (SELECT side.id, sum(s.quantity::numeric * s.periods) AS executed
              FROM contract c
              JOIN segment s ON s.contract = c.id,
              LATERAL (VALUES (c.buy_order), (c.sell_order)) AS side (id)
             GROUP BY side.id) x
      JOIN (SELECT id, shape, duration, periods, state, coalesce(cancelled, 0) AS cancelled,
                   greatest(quantity, r.asked)::numeric AS asked, r.asked IS NULL AS is_first
              FROM "order"
              LEFT JOIN (SELECT "order" AS id, max(quantity) AS asked FROM order_replacement
                          GROUP BY "order") r USING (id)) o USING (id)
     WHERE x.executed > o.asked * CASE WHEN o.shape = 3 THEN o.duration ELSE o.periods END
                            - CASE WHEN o.is_first THEN o.cancelled ELSE 0 END;

CREATE OR REPLACE VIEW reconcile_number WITH (security_invoker = true) AS
    SELECT format('%s numbers run from 1 without a gap', t.name) AS law, t.name AS subject,
           t.rows::numeric AS stated, t.highest::numeric AS found
      FROM (SELECT 'participant' AS name, count(*) AS rows, coalesce(max(id), 0) AS highest
              FROM participant
            UNION ALL SELECT 'site', count(*), coalesce(max(id), 0) FROM site
            UNION ALL SELECT 'hardware', count(*), coalesce(max(id), 0) FROM hardware
            UNION ALL SELECT 'product', count(*), coalesce(max(id), 0) FROM product
            UNION ALL SELECT 'order', count(*), coalesce(max(id), 0) FROM "order"
            UNION ALL SELECT 'contract', count(*), coalesce(max(id), 0) FROM contract
            UNION ALL SELECT 'trade', count(DISTINCT trade), coalesce(max(trade), 0) FROM contract
            UNION ALL SELECT format('terms of product %s', product), count(*), max(version)
                        FROM terms GROUP BY product) t
     WHERE t.rows <> t.highest;

CREATE VIEW reconcile_state WITH (security_invoker = true) AS
    SELECT 'the state of a row is the last one that it was given' AS law, x.subject,
           x.stated::numeric AS stated, x.found::numeric AS found
      FROM (SELECT format('participant %s', p.id) AS subject, p.state AS found,
                   coalesce((SELECT state FROM participant_state s WHERE s.participant = p.id
                              ORDER BY seq DESC LIMIT 1), 1) AS stated FROM participant p
            UNION ALL
            SELECT format('product %s', p.id), p.state,
                   coalesce((SELECT state FROM product_state s WHERE s.product = p.id
                              ORDER BY seq DESC LIMIT 1), 1) FROM product p
            UNION ALL
            SELECT format('phase of product %s', p.id), p.phase,
                   coalesce((SELECT phase FROM product_phase s WHERE s.product = p.id
                              ORDER BY seq DESC, number DESC LIMIT 1), 1) FROM product p) x
     WHERE x.stated <> x.found;

CREATE OR REPLACE VIEW reconcile_position WITH (security_invoker = true) AS
    SELECT 'no row is ahead of the position' AS law, t.name AS subject,
           coalesce(p.last_seq, 0)::numeric AS stated, t.highest::numeric AS found
      FROM (SELECT 'transfer' AS name, max(seq) AS highest FROM transfer
            UNION ALL SELECT 'order', max(greatest(seq, coalesce(ended_seq, 0))) FROM "order"
            UNION ALL SELECT 'contract', max(seq) FROM contract
            UNION ALL SELECT 'payment', max(seq) FROM payment
            UNION ALL SELECT 'capacity', max(seq) FROM capacity
            UNION ALL SELECT 'delivery_report', max(seq) FROM delivery_report
            UNION ALL SELECT 'delivery_step', max(seq) FROM delivery_step
            UNION ALL SELECT 'delivery_final', max(seq) FROM delivery_final
            UNION ALL SELECT 'order_replacement', max(seq) FROM order_replacement
            UNION ALL SELECT 'key_change', max(seq) FROM key_change
            UNION ALL SELECT 'day', max(first_seq) FROM day) t
      LEFT JOIN position p ON true
     WHERE t.highest > coalesce(p.last_seq, 0);

CREATE VIEW reconcile_partition WITH (security_invoker = true) AS
    SELECT 'every row has a partition of its own' AS law, x.name AS subject, 0::numeric AS stated,
           x.rows::numeric AS found
      FROM (SELECT 'transfer' AS name, count(*) AS rows FROM ONLY transfer_default
            UNION ALL SELECT 'order', count(*) FROM order_default
            UNION ALL SELECT 'contract', count(*) FROM contract_default
            UNION ALL SELECT 'segment', count(*) FROM segment_default
            UNION ALL SELECT 'order_replacement', count(*) FROM order_replacement_default
            UNION ALL SELECT 'order_period_lost', count(*) FROM order_period_lost_default
            UNION ALL SELECT 'order_clip', count(*) FROM order_clip_default
            UNION ALL SELECT 'delivery_report', count(*) FROM delivery_report_default
            UNION ALL SELECT 'delivery_step', count(*) FROM delivery_step_default
            UNION ALL SELECT 'delivery_final', count(*) FROM delivery_final_default) x
     WHERE x.rows <> 0;

-- The guards themselves: triggers that fire always on every table of the record and on every
-- partition, row security, and a settlement that may not change the past.
CREATE VIEW reconcile_schema WITH (security_invoker = true) AS
    WITH record AS (
        SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity
          FROM pg_class c
         WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p')
           AND (c.relispartition OR has_table_privilege('petahour_settle', c.oid, 'INSERT')))
    SELECT 'triggers that fire always guard rows and table' AS law, r.relname::text COLLATE "default" AS subject,
           2::numeric AS stated, count(t.oid)::numeric AS found
      FROM record r
      LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgenabled = 'A' AND t.tgtype & 2 <> 0
       AND t.tgtype & (8 | 16 | 32) <> 0
     GROUP BY r.oid, r.relname HAVING count(t.oid) < 2
    UNION ALL
    SELECT 'row security holds for everybody', c.relname::text COLLATE "default", 1, 0
      FROM pg_class c
     WHERE c.relnamespace = 'petahour'::regnamespace AND NOT c.relispartition
       AND c.oid IN (SELECT polrelid FROM pg_policy)
       AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    UNION ALL
    SELECT 'settlement deletes nothing', r.relname::text COLLATE "default", 0, 1
      FROM record r
     WHERE has_table_privilege('petahour_settle', r.oid, 'DELETE, TRUNCATE, UPDATE');

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
    UNION ALL SELECT * FROM reconcile_schema;

-- ---- What people ask ------------------------------------------------------------------------

-- Every report with the one that replaced it.
CREATE VIEW delivery_report_history WITH (security_invoker = true) AS
    SELECT r.*, lead(r.seq) OVER (PARTITION BY contract, period ORDER BY seq) AS replaced_by
      FROM delivery_report r;

-- Keys with their life.
CREATE VIEW key_life WITH (security_invoker = true) AS
    SELECT a.participant, a.use, a.key, a.seq AS added_seq, at_time(a.at_ns) AS added_at,
           r.seq AS revoked_seq, at_time(r.at_ns) AS revoked_at
      FROM key_change a
      LEFT JOIN key_change r ON NOT r.is_added AND r.participant = a.participant AND r.use = a.use
                            AND r.key = a.key
     WHERE a.is_added;

CREATE VIEW order_history WITH (security_invoker = true) AS
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
    SELECT o.id, o.ended_seq, 2147483647, s.name, NULL, o.cancelled, c.name
      FROM "order" o JOIN order_state s USING (state)
      LEFT JOIN cancel_reason c ON c.reason = o.cancel_reason
     WHERE o.state <> 1;

-- My contracts with delivery in the next seven days.
CREATE VIEW my_contracts_next_week WITH (security_invoker = true) AS
    SELECT c.id, x.side, p.symbol, 'epoch'::timestamptz + c.begins_s * interval '1 second' AS begins_at,
           'epoch'::timestamptz + c.ends_s * interval '1 second' AS ends_at,
           round(c.notional / 1000000.0, 6) AS notional
      FROM (SELECT id, 'BUYER' AS side FROM contract
             WHERE buyer = (SELECT me()) AND ends_s > extract(epoch FROM now())::bigint
               AND begins_s < extract(epoch FROM now())::bigint + 604800
            UNION ALL
            SELECT id, 'SUPPLIER' FROM contract
             WHERE supplier = (SELECT me()) AND ends_s > extract(epoch FROM now())::bigint
               AND begins_s < extract(epoch FROM now())::bigint + 604800) x
      JOIN contract c USING (id)
      JOIN product p ON p.id = c.product;

-- My account, line by line; it adds up to my balance.
CREATE VIEW my_statement WITH (security_invoker = true) AS
    SELECT m.month, t.seq, t.number, r.name AS reason, -t.amount AS amount
      FROM month m
      JOIN transfer t ON t.debit_kind = 2 AND t.debit_id = (SELECT me())
                     AND t.seq >= m.first_seq AND t.seq < m.next_seq
      JOIN transfer_reason r USING (reason)
    UNION ALL
    SELECT m.month, t.seq, t.number, r.name, t.amount
      FROM month m
      JOIN transfer t ON t.credit_kind = 2 AND t.credit_id = (SELECT me())
                     AND t.seq >= m.first_seq AND t.seq < m.next_seq
      JOIN transfer_reason r USING (reason);

CREATE VIEW my_payments_by_month WITH (security_invoker = true) AS
    SELECT month, reason, round(-sum(amount) FILTER (WHERE amount < 0) / 1000000.0, 6) AS paid,
           round(sum(amount) FILTER (WHERE amount > 0) / 1000000.0, 6) AS received
      FROM my_statement GROUP BY month, reason;

-- What I paid as a buyer, contract by contract: at its conclusion, and what came back.
CREATE VIEW my_payments_by_contract WITH (security_invoker = true) AS
    SELECT c.id, p.symbol, at_time(c.at_ns) AS concluded_at,
           round((c.notional + c.buyer_fee) / 1000000.0, 6) AS paid,
           round(coalesce(b.amount, 0) / 1000000.0, 6) AS came_back
      FROM contract c
      JOIN product p ON p.id = c.product
      LEFT JOIN LATERAL (SELECT sum(t.amount) AS amount FROM transfer t
                          WHERE t.debit_kind IN (3, 4, 6, 7) AND t.debit_id = c.id
                            AND t.credit_kind = 2 AND t.credit_id = c.buyer) b ON true
     WHERE c.buyer = (SELECT me());

-- How much of a site was registered, sold and delivered, in hardware-unit hours of each day; of the
-- contracts that who asks may see.
CREATE FUNCTION site_utilisation(the_site bigint, first_day date, days integer)
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

-- Prices of a product by day of the trade. They are public, the contracts behind them are not: the
-- function reads as the owner, whom a policy lets see them.
CREATE FUNCTION price_history(the_product bigint, first_day date, days integer)
RETURNS TABLE (day date, contracts bigint, unit_periods numeric, low numeric, high numeric,
               average numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    SELECT (at_time(c.at_ns) AT TIME ZONE 'UTC')::date, count(DISTINCT c.id),
           sum(s.quantity::numeric * s.periods), round(min(s.price) / 1000000.0, 6),
           round(max(s.price) / 1000000.0, 6),
           round(sum(s.price::numeric * s.quantity * s.periods)
                 / sum(s.quantity::numeric * s.periods) / 1000000.0, 6)
      FROM contract c
      JOIN segment s ON s.contract = c.id
     WHERE c.product = the_product
       AND c.at_ns >= extract(epoch FROM first_day::timestamp AT TIME ZONE 'UTC')::bigint * 1000000000
       AND c.at_ns < extract(epoch FROM (first_day + days)::timestamp AT TIME ZONE 'UTC')::bigint
                     * 1000000000
     GROUP BY 1 ORDER BY 1
$$;
CREATE POLICY prices ON contract FOR SELECT TO petahour_owner USING (true);
CREATE POLICY prices ON segment FOR SELECT TO petahour_owner USING (true);

GRANT SELECT ON ALL TABLES IN SCHEMA petahour TO petahour_auditor, petahour_settle;
REVOKE SELECT ON member FROM petahour_settle, petahour_auditor;
GRANT SELECT ON my_contracts_next_week, my_statement, my_payments_by_month,
    my_payments_by_contract, delivery_report_history, key_life, order_history, month
    TO petahour_member;
REVOKE ALL ON FUNCTION site_utilisation, price_history, refuse_but_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_utilisation, price_history
    TO petahour_member, petahour_auditor, petahour_settle;

-- Verify: every law holds for an empty database, and the guards are in place.
DO $$
DECLARE
    broken record;
BEGIN
    FOR broken IN SELECT * FROM reconcile LOOP
        RAISE EXCEPTION 'a law does not hold: % (%)', broken.law, broken.subject;
    END LOOP;
END $$;
