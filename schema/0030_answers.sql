-- SPDX-License-Identifier: Apache-2.0
-- What members and auditors are answered: a site of several suppliers, what is left of contracts that were
-- sold on, and what a contract cost with what it was sold on for; as of which record; and questions that
-- begin with one's own contracts where the bare table would be read whole.

-- Row security makes the planner expect millions of rows where there are a few: to compile such a query
-- takes a hundred times as long as to run it. For everybody in this database; a session can switch it on.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
END $$;

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- How far the rows go that an answer is made of, and when settlement wrote the last of them.
CREATE VIEW as_of AS
    SELECT market, last_seq AS seq, moved_at AS written_at FROM position;

-- ---- A site -----------------------------------------------------------------------------------

-- What of a site was registered, sold and delivered, in hardware-unit hours of each day, for each supplier
-- there and, with supplier null, of all of them; or of the one supplier that is named. Suppliers are those
-- that registered capacity there: nobody else can sell any, and their contracts are found by supplier and
-- end. Sold is counted once, when it was new; what came also of the parts that were split off since.
CREATE FUNCTION site_use(the_site bigint, first_day date, days integer, the_supplier bigint)
RETURNS TABLE (day date, supplier bigint, registered numeric, sold numeric, delivered numeric)
LANGUAGE sql STABLE SET search_path = petahour, pg_temp AS $$
    WITH span AS MATERIALIZED (
        SELECT d::date AS day, extract(epoch FROM d AT TIME ZONE 'UTC')::bigint AS from_s,
               extract(epoch FROM d AT TIME ZONE 'UTC')::bigint + 86400 AS to_s
          FROM generate_series(first_day::timestamp,
                               first_day::timestamp + (days - 1) * interval '1 day',
                               interval '1 day') d),
    supplies AS MATERIALIZED (
        SELECT DISTINCT k.supplier FROM capacity k
         WHERE k.site = the_site AND (the_supplier IS NULL OR k.supplier = the_supplier)),
    own AS MATERIALIZED (
        SELECT c.id, x.supplier, c.from_contract, p.period_seconds, p.hardware_units
          FROM supplies x
         CROSS JOIN LATERAL (SELECT id, from_contract, product FROM contract
                              WHERE contract.supplier = x.supplier
                                AND ends_s > (SELECT min(from_s) FROM span)
                                AND ends_s < (SELECT max(to_s) + reach() FROM span)
                                AND begins_s < (SELECT max(to_s) FROM span) OFFSET 0) c
          JOIN product p ON p.id = c.product AND p.site = the_site),
    has AS (
        SELECT k.supplier, k.first_period * k.period_seconds AS begins_s,
               (k.first_period + k.periods) * k.period_seconds AS ends_s, k.units
          FROM capacity k WHERE k.site = the_site
        UNION ALL
        SELECT w.supplier, w.first_period * k.period_seconds,
               (w.first_period + w.periods) * k.period_seconds, -w.units
          FROM capacity_withdrawal w
          JOIN (SELECT DISTINCT site, hardware, period_seconds FROM capacity) k USING (site, hardware)
         WHERE w.site = the_site),
    sells AS (
        SELECT o.supplier, s.first_period * o.period_seconds AS begins_s,
               (s.first_period + s.periods) * o.period_seconds AS ends_s,
               s.quantity * o.hardware_units AS units
          FROM own o
         CROSS JOIN LATERAL (SELECT first_period, periods, quantity FROM segment
                              WHERE segment.contract = o.id OFFSET 0) s
         WHERE o.from_contract IS NULL),
    came AS (
        SELECT o.supplier, f.period * o.period_seconds AS at_s,
               f.delivered::numeric * o.hardware_units AS unit_seconds
          FROM own o
         CROSS JOIN LATERAL (SELECT period, delivered FROM delivery_final
                              WHERE delivery_final.contract = o.id OFFSET 0) f),
    part AS (
        SELECT d.day, h.supplier,
               h.units::numeric * (least(h.ends_s, d.to_s) - greatest(h.begins_s, d.from_s)) AS registered,
               0::numeric AS sold, 0::numeric AS delivered
          FROM span d JOIN has h ON h.ends_s > d.from_s AND h.begins_s < d.to_s
        UNION ALL
        SELECT d.day, s.supplier, 0,
               s.units::numeric * (least(s.ends_s, d.to_s) - greatest(s.begins_s, d.from_s)), 0
          FROM span d JOIN sells s ON s.ends_s > d.from_s AND s.begins_s < d.to_s
        UNION ALL
        SELECT d.day, k.supplier, 0, 0, k.unit_seconds
          FROM span d JOIN came k ON k.at_s >= d.from_s AND k.at_s < d.to_s)
    SELECT d.day, x.supplier, round(coalesce(sum(p.registered), 0) / 3600, 3),
           round(coalesce(sum(p.sold), 0) / 3600, 3), round(coalesce(sum(p.delivered), 0) / 3600, 3)
      FROM span d
      LEFT JOIN supplies x ON true
      LEFT JOIN part p ON p.day = d.day AND p.supplier = x.supplier
     GROUP BY GROUPING SETS ((d.day, x.supplier), (d.day))
    HAVING CASE WHEN grouping(x.supplier) = 1 THEN the_supplier IS NULL ELSE x.supplier IS NOT NULL END
     ORDER BY d.day, x.supplier NULLS LAST
$$;

-- The same for whoever asks: the owner of the site and auditors are told all of it, a supplier there its own
-- part, and nobody else anything.
DROP FUNCTION site_utilisation(bigint, date, integer);
CREATE FUNCTION site_utilisation(the_site bigint, first_day date, days integer)
RETURNS TABLE (day date, supplier bigint, registered numeric, sold numeric, delivered numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who constant bigint := CASE WHEN NOT pg_has_role(session_user, 'petahour_auditor', 'USAGE')
                                THEN me() END;
    site_owner bigint;
BEGIN
    SELECT owner INTO site_owner FROM site WHERE id = the_site;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no site %', the_site USING ERRCODE = 'P0002';
    END IF;
    IF who IS NULL OR who = site_owner THEN
        RETURN QUERY SELECT * FROM site_use(the_site, first_day, days, NULL);
    ELSIF EXISTS (SELECT FROM capacity WHERE site = the_site AND supplier = who) THEN
        RETURN QUERY SELECT * FROM site_use(the_site, first_day, days, who);
    ELSE
        RAISE EXCEPTION 'participant % neither owns site % nor supplies there', who, the_site
            USING ERRCODE = '42501';
    END IF;
END $$;

-- Of every site that I own or supply at.
CREATE FUNCTION my_site_utilisation(first_day date, days integer)
RETURNS TABLE (site bigint, day date, supplier bigint, registered numeric, sold numeric, delivered numeric)
LANGUAGE plpgsql STABLE SET search_path = petahour, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who constant bigint := me();
    sites constant bigint[] := ARRAY(SELECT id FROM site WHERE owner = who
                                     UNION SELECT site FROM capacity WHERE supplier = who ORDER BY 1);
BEGIN
    IF sites = '{}' THEN
        RAISE EXCEPTION 'participant % neither owns a site nor supplies at one', who USING ERRCODE = '42501';
    END IF;
    RETURN QUERY SELECT s.id, u.day, u.supplier, u.registered, u.sold, u.delivered
                   FROM unnest(sites) s (id) CROSS JOIN LATERAL site_utilisation(s.id, first_day, days) u
                  ORDER BY s.id, u.day, u.supplier NULLS LAST;
END $$;

-- ---- What is left of contracts ----------------------------------------------------------------

-- What is left of my contracts, of each period that ends after the first moment and begins before the
-- second: units that I still get or deliver, and what they are worth in micro-units, at the prices that I
-- pay or am paid (a supplier at its own prices, whatever units were sold on at). Periods that were wholly
-- sold on are left out. Which units left is as in contract_lot(): it takes the whole chain, of which a
-- member sees a part, so the function reads as the owner.
CREATE FUNCTION my_contract_periods(from_at timestamptz, to_at timestamptz)
RETURNS TABLE (contract bigint, side text, product bigint, period bigint, begins_at timestamptz,
               ends_at timestamptz, units numeric, value numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH RECURSIVE span AS MATERIALIZED (
        SELECT extract(epoch FROM from_at)::bigint AS from_s, extract(epoch FROM to_at)::bigint AS to_s),
    mine AS MATERIALIZED (
        SELECT c.id, c.from_contract, 'BUYER' AS side FROM contract c
         WHERE c.buyer = (SELECT me()) AND c.ends_s > (SELECT from_s FROM span)
           AND c.ends_s < (SELECT to_s + reach() FROM span) AND c.begins_s < (SELECT to_s FROM span)
        UNION ALL
        SELECT c.id, c.from_contract, 'SUPPLIER' FROM contract c
         WHERE c.supplier = (SELECT me()) AND c.ends_s > (SELECT from_s FROM span)
           AND c.ends_s < (SELECT to_s + reach() FROM span) AND c.begins_s < (SELECT to_s FROM span)),
    -- The chains that they are of: up to the first contract, and down to everything that was split off.
    above AS (
        SELECT id, from_contract FROM mine
        UNION
        SELECT c.id, c.from_contract
          FROM above a CROSS JOIN LATERAL (SELECT id, from_contract FROM contract
                                            WHERE contract.id = a.from_contract OFFSET 0) c),
    chain AS (
        SELECT id, NULL::bigint AS from_contract FROM above WHERE from_contract IS NULL
        UNION ALL
        SELECT c.id, a.id
          FROM chain a CROSS JOIN LATERAL (SELECT id FROM contract
                                            WHERE contract.from_contract = a.id OFFSET 0) c),
    piece AS MATERIALIZED (
        SELECT a.id AS contract, a.from_contract, t.period, s.price, s.number, s.quantity::numeric AS units
          FROM chain a
         CROSS JOIN LATERAL (SELECT p.period_seconds, g.number, g.first_period, g.periods, g.quantity,
                                    g.price
                               FROM contract c
                               JOIN segment g ON g.contract = c.id
                               JOIN product p ON p.id = c.product
                              WHERE c.id = a.id AND g.contract = a.id OFFSET 0) s
         CROSS JOIN span
         CROSS JOIN LATERAL generate_series(
                        greatest(s.first_period, span.from_s / s.period_seconds),
                        least(s.first_period + s.periods, (span.to_s - 1) / s.period_seconds + 1) - 1)
                    t (period)),
    leaving AS MATERIALIZED (
        SELECT p.*, sum(p.units) OVER (PARTITION BY p.from_contract, p.period
                                       ORDER BY p.contract, p.price, p.number) - p.units AS before
          FROM piece p WHERE p.from_contract IS NOT NULL),
    lot AS (
        SELECT p.contract, p.period, p.price, p.price AS paid, '{}'::bigint[] AS premiums, p.units,
               sum(p.units) OVER (PARTITION BY p.contract, p.period ORDER BY p.price, p.number)
                   - p.units AS before
          FROM piece p WHERE p.from_contract IS NULL
        UNION ALL
        SELECT x.contract, x.period, x.price, x.paid, x.premiums, x.units,
               sum(x.units) OVER (PARTITION BY x.contract, x.period
                                  ORDER BY x.price, x.paid, x.premiums, x.place) - x.units
          FROM (SELECT u.contract, u.period, lot.price, u.price AS paid,
                       lot.premiums || greatest(u.price - lot.price, 0) AS premiums,
                       greatest(lot.before, u.before) AS place,
                       least(lot.before + lot.units, u.before + u.units)
                           - greatest(lot.before, u.before) AS units
                  FROM lot
                  JOIN leaving u ON u.from_contract = lot.contract AND u.period = lot.period
                                AND u.before < lot.before + lot.units
                                AND lot.before < u.before + u.units) x),
    gone AS MATERIALIZED (
        SELECT from_contract, period, sum(units) AS units FROM leaving GROUP BY from_contract, period),
    stayed AS MATERIALIZED (
        SELECT l.contract, l.period, l.price, l.paid,
               l.units - least(l.units, greatest(coalesce(g.units, 0) - l.before, 0)) AS units
          FROM lot l
          LEFT JOIN gone g ON g.from_contract = l.contract AND g.period = l.period),
    remains AS (
        SELECT contract, period, sum(units) AS units, sum(units * paid) AS paid,
               sum(units * price) AS price
          FROM stayed GROUP BY contract, period HAVING sum(units) > 0)
    SELECT r.contract, m.side, p.id, r.period, period_time(r.period, p.period_seconds),
           period_time(r.period + 1, p.period_seconds), r.units,
           CASE m.side WHEN 'BUYER' THEN r.paid ELSE r.price END
      FROM remains r
      JOIN mine m ON m.id = r.contract
     CROSS JOIN LATERAL (SELECT contract.product FROM contract WHERE contract.id = r.contract OFFSET 0) c
      JOIN product p ON p.id = c.product
$$;

-- What I get or deliver in the next seven days: of each contract what is left of it in these days. It begins
-- and ends with what is left; units is the most at one time.
DROP VIEW my_contracts_next_week;
CREATE VIEW my_contracts_next_week WITH (security_invoker = true) AS
    SELECT l.contract AS id, l.side, p.symbol, min(l.begins_at) AS begins_at, max(l.ends_at) AS ends_at,
           max(l.units) AS units, round(sum(l.units) * p.period_seconds / 3600, 2) AS unit_hours,
           round(sum(l.value) / 1000000, 6) AS value
      FROM my_contract_periods(now(), now() + interval '7 days') l
      JOIN product p ON p.id = l.product
     GROUP BY l.contract, l.side, p.symbol, p.period_seconds;

-- ---- What contracts cost ----------------------------------------------------------------------

-- The contracts that hold units which I sold on, each with the one of mine that it leads back to: the
-- nearest, where I was in the chain twice. Whether I bought it too.
CREATE FUNCTION my_links()
RETURNS TABLE (mine bigint, part bigint, is_mine boolean)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = petahour, pg_temp AS $$
    WITH RECURSIVE link AS (
        SELECT c.from_contract AS mine, c.id AS part, c.buyer = (SELECT me()) AS is_mine
          FROM contract c WHERE c.seller = (SELECT me()) AND c.from_contract IS NOT NULL
        UNION ALL
        SELECT l.mine, c.id, c.buyer = (SELECT me())
          FROM link l CROSS JOIN LATERAL (SELECT id, buyer FROM contract
                                           WHERE contract.from_contract = l.part OFFSET 0) c
         WHERE NOT l.is_mine)
    SELECT mine, part, is_mine FROM link
$$;

-- What I paid as a buyer, contract by contract, at its conclusion; what came back of it, to whomever it was
-- sold on since; what I received for what I sold on, at once and as premiums, less my fees; and what
-- disputes hold or took of my deposits, less what they gave me of others'. All of it together,
-- came_back + sold_on - paid - deposits, is my statement without payments from and to outside and without
-- what I supply (BOND, PAYMENT, BOND_RETURN, and deposits of others that I get as a supplier).
CREATE OR REPLACE VIEW my_payments_by_contract WITH (security_invoker = true) AS
    WITH link AS MATERIALIZED (SELECT mine, part, is_mine FROM my_links()),
    later AS MATERIALIZED (
        SELECT l.mine, sum(t.amount) FILTER (WHERE t.reason = 21) AS sold_on,
               sum(t.amount) FILTER (WHERE t.reason = 23 AND NOT l.is_mine) AS came_back,
               sum(t.amount) FILTER (WHERE t.reason = 16 AND NOT l.is_mine) AS returned
          FROM link l
         CROSS JOIN LATERAL (SELECT reason, amount FROM transfer
                              WHERE debit_kind IN (3, 4, 6, 7) AND debit_id = l.part
                                AND credit_kind + 0 = 2 AND credit_id + 0 = (SELECT me()) OFFSET 0) t
         GROUP BY l.mine),
    claimed AS MATERIALIZED (
        SELECT coalesce(l.mine, d.contract) AS mine, sum(t.amount) AS put_down
          FROM dispute d
         CROSS JOIN LATERAL (SELECT amount FROM transfer
                              WHERE seq = d.seq AND reason = 15 AND debit_id = d.claimant OFFSET 0) t
          LEFT JOIN link l ON l.part = d.contract AND NOT l.is_mine
         WHERE d.claimant = (SELECT me())
         GROUP BY 1)
    SELECT c.id, p.symbol, at_time(c.at_ns) AS concluded_at,
           round((c.notional + c.buyer_fee) / 1000000.0, 6) AS paid,
           round((coalesce(b.came_back, 0) + coalesce(later.came_back, 0)) / 1000000.0, 6) AS came_back,
           round((coalesce(s.amount, 0) + coalesce(later.sold_on, 0)) / 1000000.0, 6) AS sold_on,
           round((coalesce(claimed.put_down, 0) - coalesce(b.returned, 0) - coalesce(later.returned, 0))
                 / 1000000.0, 6) AS deposits
      FROM contract c
      JOIN product p ON p.id = c.product
     CROSS JOIN LATERAL (SELECT sum(t.amount) FILTER (WHERE t.reason IN (9, 11, 12, 13, 23)) AS came_back,
                                sum(t.amount) FILTER (WHERE t.reason IN (16, 17)) AS returned
                           FROM transfer t
                          WHERE t.debit_kind IN (3, 4, 6, 7) AND t.debit_id = c.id
                            AND t.credit_kind + 0 = 2 AND t.credit_id + 0 = c.buyer) b
     CROSS JOIN LATERAL (SELECT sum(k.notional::numeric - k.premium - k.reseller_fee) AS amount
                           FROM contract k WHERE k.from_contract = c.id) s
      LEFT JOIN later ON later.mine = c.id
      LEFT JOIN claimed ON claimed.mine = c.id
     WHERE c.buyer = (SELECT me());

-- ---- From my contracts, not through the table -------------------------------------------------

-- The segments of the contracts that name me.
CREATE VIEW my_segments WITH (security_invoker = true) AS
    SELECT c.id AS contract, s.number, s.first_period, s.periods, s.quantity, s.price
      FROM (SELECT id FROM contract WHERE buyer = (SELECT me())
            UNION
            SELECT id FROM contract WHERE supplier = (SELECT me())
            UNION
            SELECT id FROM contract WHERE from_contract IS NOT NULL AND seller = (SELECT me())) c
     CROSS JOIN LATERAL (SELECT number, first_period, periods, quantity, price FROM segment
                          WHERE segment.contract = c.id OFFSET 0) s;

-- The reports of the periods that begin on these days (UTC), of the contracts that I buy or supply and of
-- those that hold what I sold on; each with the one that replaced it, and whether its signature holds.
CREATE FUNCTION my_reports(first_day date, days integer)
RETURNS TABLE (seq bigint, reported_at timestamptz, contract bigint, period bigint, begins_at timestamptz,
               reporter bigint, delivered bigint, energy_wh numeric, replaced_by bigint, holds boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
    WITH span AS MATERIALIZED (
        SELECT extract(epoch FROM first_day::timestamp AT TIME ZONE 'UTC')::bigint AS from_s,
               extract(epoch FROM first_day::timestamp AT TIME ZONE 'UTC')::bigint + days * 86400::bigint
                   AS to_s),
    mine AS MATERIALIZED (
        SELECT c.id, c.product FROM contract c
         WHERE c.buyer = (SELECT me()) AND c.ends_s > (SELECT from_s FROM span)
           AND c.ends_s < (SELECT to_s + reach() FROM span) AND c.begins_s < (SELECT to_s FROM span)
        UNION
        SELECT c.id, c.product FROM contract c
         WHERE c.supplier = (SELECT me()) AND c.ends_s > (SELECT from_s FROM span)
           AND c.ends_s < (SELECT to_s + reach() FROM span) AND c.begins_s < (SELECT to_s FROM span)
        UNION
        SELECT c.id, c.product
          FROM sold_on_by_me() l (id)
         CROSS JOIN LATERAL (SELECT id, product, begins_s, ends_s FROM contract
                              WHERE contract.id = l.id OFFSET 0) c
         WHERE c.ends_s > (SELECT from_s FROM span) AND c.begins_s < (SELECT to_s FROM span))
    SELECT r.seq, at_time(r.at_ns), m.id, r.period, period_time(r.period, p.period_seconds), r.reporter,
           r.delivered, r.energy_wh, r.replaced_by, s.holds
      FROM mine m
      JOIN product p ON p.id = m.product
     CROSS JOIN span
     CROSS JOIN LATERAL (SELECT d.*, lead(d.seq) OVER (PARTITION BY d.period ORDER BY d.seq) AS replaced_by
                           FROM delivery_report d
                          WHERE d.contract = m.id
                            AND d.period >= (span.from_s + p.period_seconds - 1) / p.period_seconds
                            AND d.period < (span.to_s + p.period_seconds - 1) / p.period_seconds OFFSET 0) r
      LEFT JOIN LATERAL (SELECT holds FROM statement_signature
                          WHERE statement_signature.seq = r.seq OFFSET 0) s ON true
     ORDER BY r.seq
$$;

-- ---- Who may do what --------------------------------------------------------------------------

CREATE POLICY questions ON delivery_report FOR SELECT TO petahour_owner USING (true);
CREATE POLICY questions ON statement_signature FOR SELECT TO petahour_owner USING (true);
GRANT SELECT ON as_of, my_contracts_next_week, my_segments
    TO petahour_auditor, petahour_settle, petahour_member;
REVOKE ALL ON FUNCTION site_use(bigint, date, integer, bigint), site_utilisation(bigint, date, integer),
                       my_site_utilisation(date, integer), my_links(), my_reports(date, integer),
                       my_contract_periods(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_utilisation(bigint, date, integer) TO petahour_member, petahour_auditor;
GRANT EXECUTE ON FUNCTION my_site_utilisation(date, integer), my_links(), my_reports(date, integer),
                          my_contract_periods(timestamptz, timestamptz) TO petahour_member;

-- Verify: nothing is compiled, a site has a total and a row for each of its suppliers, nothing is known of
-- one that is not there, and only members may ask what is theirs.
DO $$
DECLARE
    the_site bigint;
BEGIN
    ASSERT (SELECT 'jit=off' = ANY (s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
             WHERE d.datname = current_database() AND s.setrole = 0), 'nothing is compiled';
    FOR the_site IN SELECT id FROM site LIMIT 3 LOOP
        ASSERT (SELECT count(*) - count(supplier) FROM site_use(the_site, '2026-01-01', 2, NULL)) = 2
           AND (SELECT count(supplier) FROM site_use(the_site, '2026-01-01', 2, NULL))
               = 2 * (SELECT count(DISTINCT supplier) FROM capacity WHERE site = the_site),
            'a day of a site has a row for each supplier and one for all';
    END LOOP;
    ASSERT (SELECT count(*) = coalesce(sum((last_seq = seq)::integer), 0) FROM as_of FULL JOIN position USING (market)),
        'answers are as of the position';
    ASSERT NOT EXISTS (SELECT FROM unnest(ARRAY['my_site_utilisation(date, integer)', 'my_links()',
                              'my_reports(date, integer)', 'my_contract_periods(timestamptz, timestamptz)',
                              'site_use(bigint, date, integer, bigint)']) f (name)
                        WHERE has_function_privilege('petahour_auditor', 'petahour.' || name, 'EXECUTE')),
        'what is a member''s, members ask';
END $$;
