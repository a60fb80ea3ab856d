-- SPDX-License-Identifier: Apache-2.0
-- The formulas of fees, delivery and resale as laws of the books: what rulebook 7, 8 and 9 say that a
-- trade, a final contract-period, a dispute and a resale move, reckoned from the rows of orders,
-- contracts, segments, reports and claims, and compared with the transfers.
--
-- Everything is whole numbers. div() of numbers that are not negative rounds down, as all of these do
-- but a deposit, which someone must hold and rounds up. Each view reads whole tables, a few times, and
-- joins them whole: none looks a row up for each row of another. Transfers of what is final are found by
-- hash, of record and contract, so that neither a contract of many periods nor a record that ends many
-- costs more than its rows.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- ---- What contract-periods are made of ------------------------------------------------------

-- Contracts that were sold on in part, and such parts, with the first of their chain.
CREATE FUNCTION contract_chain()
RETURNS TABLE (id bigint, first bigint, depth integer)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    WITH RECURSIVE chain AS (
        SELECT c.id, c.id AS first, 0 AS depth FROM contract c
         WHERE c.from_contract IS NULL
           AND c.id IN (SELECT from_contract FROM contract WHERE from_contract IS NOT NULL)
        UNION ALL
        SELECT part.id, chain.first, chain.depth + 1
          FROM chain JOIN contract part ON part.from_contract = chain.id)
    SELECT id, first, depth FROM chain
$$;

-- The units of these, by contract-period, as they were when the contract was concluded: lots of equal
-- price, in the order in which units leave. A lot has the supplier's price, what its holder pays and,
-- oldest first, the premium of every link of its chain and the contract that this link made; of a part
-- also what its reseller paid. `before` is how many units leave before it.
--
-- Units leave from the lowest price up, at equal prices first the lowest paid, then the lower premiums,
-- and meet the resale prices from the lowest up. So of all units that ever leave a contract-period, in
-- the order of the contracts that they go to and in each by price, the n-th is the n-th lot's.
CREATE FUNCTION contract_lot()
RETURNS TABLE (contract bigint, period bigint, price bigint, paid bigint, reseller_paid bigint,
               premiums bigint[], links bigint[], units numeric, before numeric, stayed numeric)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    WITH RECURSIVE leaving AS (
        SELECT c.id AS contract, c.from_contract, t.period, s.price, s.quantity::numeric AS units,
               sum(s.quantity) OVER (PARTITION BY c.from_contract, t.period
                                     ORDER BY c.id, s.price, s.number) - s.quantity AS before
          FROM contract c JOIN segment s ON s.contract = c.id
         CROSS JOIN generate_series(s.first_period, s.first_period + s.periods - 1) t (period)
         WHERE c.from_contract IS NOT NULL),
    lot AS (
        SELECT c.id AS contract, t.period, s.price, s.price AS paid, s.price AS reseller_paid,
               '{}'::bigint[] AS premiums, '{}'::bigint[] AS links, s.quantity::numeric AS units,
               sum(s.quantity) OVER (PARTITION BY c.id, t.period ORDER BY s.price, s.number)
                   - s.quantity AS before
          FROM contract_chain() c JOIN segment s ON s.contract = c.id
         CROSS JOIN generate_series(s.first_period, s.first_period + s.periods - 1) t (period)
         WHERE c.depth = 0
        UNION ALL
        SELECT x.contract, x.period, x.price, x.paid, x.reseller_paid, x.premiums, x.links, x.units,
               sum(x.units) OVER (PARTITION BY x.contract, x.period
                                  ORDER BY x.price, x.paid, x.premiums, x.place) - x.units
          FROM (SELECT u.contract, u.period, lot.price, u.price AS paid, lot.paid AS reseller_paid,
                       lot.premiums || greatest(u.price - lot.price, 0) AS premiums,
                       lot.links || u.contract AS links, greatest(lot.before, u.before) AS place,
                       least(lot.before + lot.units, u.before + u.units)
                           - greatest(lot.before, u.before) AS units
                  FROM lot
                  JOIN leaving u ON u.from_contract = lot.contract AND u.period = lot.period
                                AND u.before < lot.before + lot.units
                                AND lot.before < u.before + u.units) x)
    SELECT lot.*, lot.units - least(lot.units, greatest(coalesce(gone.units, 0) - lot.before, 0))
      FROM lot
      LEFT JOIN (SELECT from_contract, period, sum(units) AS units FROM leaving
                  GROUP BY from_contract, period) gone
             ON gone.from_contract = lot.contract AND gone.period = lot.period
$$;

-- What a contract-period that is final or was disputed is worth: its units, what they cost at the
-- supplier's price, what the holder pays, what they cost before any was sold on, the premiums.
CREATE FUNCTION period_worth()
RETURNS TABLE (contract bigint, period bigint, units numeric, notional numeric, paid numeric,
               agreed numeric, premium numeric)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    WITH due AS (
        SELECT contract, period FROM delivery_final
        UNION
        SELECT contract, period FROM dispute)
    SELECT d.contract, d.period, sum(s.quantity) AS units, sum(s.price::numeric * s.quantity) AS notional,
           sum(s.price::numeric * s.quantity) AS paid, sum(s.price::numeric * s.quantity) AS agreed,
           0::numeric AS premium
      FROM due d
      JOIN segment s ON s.contract = d.contract AND d.period >= s.first_period
                    AND d.period < s.first_period + s.periods
     WHERE NOT EXISTS (SELECT FROM contract_chain() chain WHERE chain.id = d.contract)
     GROUP BY d.contract, d.period
    UNION ALL
    SELECT d.contract, d.period, sum(l.stayed), sum(l.stayed * l.price), sum(l.stayed * l.paid),
           sum(l.units * l.price),
           sum(l.stayed * (SELECT coalesce(sum(p), 0) FROM unnest(l.premiums) p))
      FROM due d JOIN contract_lot() l USING (contract, period)
     GROUP BY d.contract, d.period
$$;

-- The rates of a contract: the order that arrived in its record takes, the other one makes. The supplier
-- of a chain owes what it owed at the first trade.
CREATE FUNCTION contract_rate()
RETURNS TABLE (id bigint, fee_at_trade_ppm bigint, buyer_ppm bigint, seller_ppm bigint,
               supplier_ppm bigint)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    WITH own AS (
        SELECT c.id, t.fee_at_trade_ppm, t.maker_ppm, t.taker_ppm,
               CASE WHEN b.seq = c.seq OR rb."order" IS NOT NULL THEN t.taker_ppm
                    ELSE t.maker_ppm END AS buyer_ppm,
               CASE WHEN s.seq = c.seq OR rs."order" IS NOT NULL THEN t.taker_ppm
                    ELSE t.maker_ppm END AS seller_ppm
          FROM contract c
          JOIN terms t ON t.product = c.product AND t.version = c.terms_version
          JOIN "order" b ON b.id = c.buy_order
          JOIN "order" s ON s.id = c.sell_order
          LEFT JOIN order_replacement rb ON rb."order" = c.buy_order AND rb.seq = c.seq
          LEFT JOIN order_replacement rs ON rs."order" = c.sell_order AND rs.seq = c.seq)
    SELECT own.id, own.fee_at_trade_ppm, own.buyer_ppm, own.seller_ppm,
           coalesce(first.seller_ppm, own.seller_ppm) AS supplier_ppm
      FROM own
      LEFT JOIN contract_chain() chain ON chain.id = own.id AND chain.depth > 0
      LEFT JOIN own first ON first.id = chain.first
$$;

-- A final contract-period with what its record moved for it, by the account that the rule names: what
-- went elsewhere counts for nothing.
CREATE FUNCTION final_paid()
RETURNS TABLE (contract bigint, period bigint, seq bigint, number integer, delivered numeric,
               promised numeric, notional numeric, paid numeric, agreed numeric, bond numeric,
               fee_at_trade numeric, supplier_owes numeric, supplier_notional numeric, payment numeric,
               supplier_fee numeric, refund numeric, buyer_fee numeric, compensation numeric,
               penalty numeric, bond_return numeric)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = off
SET jit = off
SET search_path = petahour, pg_temp AS $$
    SELECT f.contract, f.period, f.seq, f.number, f.delivered::numeric AS delivered,
           f.promised::numeric AS promised, w.notional, w.paid, w.agreed,
           w.units * div(c.bond, u.units) AS bond, c.buyer_fee_at_trade::numeric AS fee_at_trade,
           c.supplier_fee::numeric AS supplier_owes, c.supplier_notional::numeric AS supplier_notional,
           coalesce(t.payment, 0) AS payment, coalesce(t.supplier_fee, 0) AS supplier_fee,
           coalesce(t.refund, 0) AS refund, coalesce(t.buyer_fee, 0) AS buyer_fee,
           coalesce(t.compensation, 0) AS compensation, coalesce(t.penalty, 0) AS penalty,
           coalesce(t.bond_return, 0) AS bond_return
      FROM delivery_final f
      JOIN contract c ON c.id = f.contract
      JOIN (SELECT contract, sum(quantity::numeric * periods) AS units FROM segment
             GROUP BY contract) u ON u.contract = f.contract
      JOIN period_worth() w ON w.contract = f.contract AND w.period = f.period
      LEFT JOIN (SELECT f.contract, f.period,
                        sum(t.amount) FILTER (WHERE t.reason = 7 AND t.credit_id = c.supplier) AS payment,
                        sum(t.amount) FILTER (WHERE t.reason = 8) AS supplier_fee,
                        sum(t.amount) FILTER (WHERE t.reason = 9 AND t.credit_id = c.buyer) AS refund,
                        sum(t.amount) FILTER (WHERE t.reason = 10) AS buyer_fee,
                        sum(t.amount) FILTER (WHERE t.reason = 12 AND t.credit_id = c.buyer) AS compensation,
                        sum(t.amount) FILTER (WHERE t.reason = 13 AND t.credit_id = c.buyer) AS penalty,
                        sum(t.amount) FILTER (WHERE t.reason = 14 AND t.credit_id = c.supplier) AS bond_return
                   FROM delivery_final f
                   JOIN contract c ON c.id = f.contract
                   JOIN transfer t ON t.seq = f.seq AND t.debit_id = f.contract
                                  AND t.number >= f.first_transfer
                                  AND t.number < f.first_transfer + f.transfers
                                  AND t.debit_kind IN (3, 4) AND t.reason BETWEEN 7 AND 14
                  GROUP BY f.contract, f.period) t
             ON t.contract = f.contract AND t.period = f.period
$$;

-- ---- At the trade ---------------------------------------------------------------------------

CREATE VIEW reconcile_fee WITH (security_invoker = true) AS
    SELECT v.law, format('contract %s', c.id) AS subject, v.stated, v.found
      FROM contract c
      JOIN contract_rate() r USING (id)
     CROSS JOIN LATERAL (VALUES
           ('a buyer owes its rate of the notional, rounded down',
            div(c.notional::numeric * r.buyer_ppm, 1000000), c.buyer_fee::numeric),
           ('the part of a buyer''s fee that is due at the trade is rounded down',
            div(c.buyer_fee::numeric * r.fee_at_trade_ppm, 1000000), c.buyer_fee_at_trade),
           ('a supplier owes its rate of the notional at its price, rounded down',
            div(c.supplier_notional::numeric * r.supplier_ppm, 1000000), c.supplier_fee),
           ('a reseller owes its rate of what it receives at once, rounded down',
            CASE WHEN c.from_contract IS NULL THEN 0
                 ELSE div((c.notional::numeric - c.premium) * r.seller_ppm, 1000000) END,
            c.reseller_fee)) v (law, stated, found)
     WHERE v.stated <> v.found;

-- A unit of the chain's first contract has the bond that each of its units has.
CREATE VIEW reconcile_bond_unit WITH (security_invoker = true) AS
    SELECT 'every unit-period of a contract has the bond of its chain''s first one' AS law,
           format('contract %s', c.id) AS subject,
           div(first.bond, first_units.units) * u.units AS stated, c.bond::numeric AS found
      FROM contract c
      JOIN (SELECT contract, sum(quantity::numeric * periods) AS units FROM segment
             GROUP BY contract) u ON u.contract = c.id
      LEFT JOIN contract_chain() chain ON chain.id = c.id
      JOIN contract first ON first.id = coalesce(chain.first, c.id)
      JOIN (SELECT contract, sum(quantity::numeric * periods) AS units FROM segment
             GROUP BY contract) first_units ON first_units.contract = first.id
     WHERE c.bond <> div(first.bond, first_units.units) * u.units;

-- ---- When a contract-period is final --------------------------------------------------------

-- Where a formula does not hold, all in one pass; a law for each below. Of the bond of a contract-period
-- the buyer first gets back its fee for what never came, as far as the bond goes (N and notional of the
-- trade, before any split); then the penalty; the rest goes back.
CREATE VIEW final_broken WITH (security_invoker = true) AS
    SELECT f.contract, f.period, v.formula, v.law, v.stated, v.found
      FROM (SELECT *, div((bond - owed) * (promised - delivered), promised) AS lost
              FROM (SELECT *, sum(pay) OVER (PARTITION BY contract ORDER BY seq, number) AS so_far
                      FROM (SELECT *, div(notional * delivered, promised) AS pay,
                                   least(bond, div(fee_at_trade * agreed * (promised - delivered),
                                                   promised * supplier_notional)) AS owed
                              FROM final_paid()) p) q) f
     CROSS JOIN LATERAL (VALUES
           ('payment', 'a supplier is paid floor(N d / D), its fee share out of it', f.pay,
            f.payment + f.supplier_fee),
           ('supplier_fee', 'the exchange''s share of a supplier''s fee follows what was paid so far',
            div(f.supplier_owes * f.so_far, f.supplier_notional)
                - div(f.supplier_owes * (f.so_far - f.pay), f.supplier_notional), f.supplier_fee),
           ('refund', 'the rest of the escrow of a contract-period goes back to its buyer',
            f.notional - f.pay, f.refund),
           ('compensation', 'a buyer gets back its fee at the trade for what never came, rounded down',
            f.owed, f.compensation),
           ('penalty', 'a penalty is floor(what is left of the bond (D - d) / D)', f.lost, f.penalty),
           ('bond_return', 'the rest of the bond of a contract-period goes back to its supplier',
            f.bond - f.owed - f.lost, f.bond_return)) v (formula, law, stated, found)
     WHERE v.stated <> v.found;

DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['payment', 'supplier_fee', 'refund', 'compensation', 'penalty',
                               'bond_return'] LOOP
        EXECUTE format('CREATE VIEW petahour.reconcile_%s WITH (security_invoker = true) AS
                        SELECT law, format(''contract %%s, period %%s'', contract, period) AS subject,
                               stated, found
                          FROM petahour.final_broken WHERE formula = %L', one, one);
    END LOOP;
END $$;

-- Each link of a chain: its reseller gets its premium for what came, less its fee, its payer the rest.
CREATE VIEW reconcile_premium WITH (security_invoker = true) AS
    SELECT 'a premium is paid for what came, floor(premium d / D), the rest back to who paid it' AS law,
           format('contract %s, period %s, reason %s, to %s', contract, period, reason, receiver) AS subject,
           coalesce(w.amount, 0) AS stated, coalesce(t.amount, 0) AS found
      FROM (SELECT p.contract, p.period, v.reason, v.receiver, sum(v.amount) AS amount
              FROM (SELECT x.*, x.premium - x.pay AS back,
                           div(x.pay * r.seller_ppm, 1000000) AS fee, link.seller, link.buyer
                      FROM (SELECT f.contract, f.period, u.link, sum(l.stayed * u.premium) AS premium,
                                   div(sum(l.stayed * u.premium) * f.delivered, f.promised) AS pay
                              FROM delivery_final f
                              JOIN contract_lot() l USING (contract, period)
                             CROSS JOIN unnest(l.premiums, l.links) u (premium, link)
                             GROUP BY f.contract, f.period, u.link, f.delivered, f.promised) x
                      JOIN contract link ON link.id = x.link
                      JOIN contract_rate() r ON r.id = x.link) p
             CROSS JOIN LATERAL (VALUES (21::smallint, p.seller, p.pay - p.fee), (22, 0, p.fee),
                                        (23, p.buyer, p.back)) v (reason, receiver, amount)
             WHERE v.amount > 0
             GROUP BY p.contract, p.period, v.reason, v.receiver) w
      FULL JOIN (SELECT f.contract, f.period, t.reason, t.credit_id AS receiver, sum(t.amount) AS amount
                   FROM delivery_final f
                   JOIN transfer t ON t.seq = f.seq AND t.debit_id = f.contract
                                  AND t.number >= f.first_transfer
                                  AND t.number < f.first_transfer + f.transfers
                                  AND t.debit_kind = 7 AND t.reason IN (21, 22, 23)
                  GROUP BY f.contract, f.period, t.reason, t.credit_id) t
           USING (contract, period, reason, receiver)
     WHERE coalesce(w.amount, 0) <> coalesce(t.amount, 0);

-- ---- The buyer's fee, which splits lower ----------------------------------------------------

-- What happened to the escrowed fee of a contract, in order: a contract-period of it was final, or a
-- part of it was sold on. With it what was left of fee and notional, what was delivered and what of the
-- fee was earned on delivery, all before.
CREATE FUNCTION fee_event()
RETURNS TABLE (contract bigint, seq bigint, place integer, number bigint, period bigint, part bigint,
               came numeric, resold numeric, earned numeric, fee numeric, notional numeric,
               came_before numeric, earned_before numeric, is_last boolean)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    WITH at_split AS (
        -- Of a resale the part of the reseller's fee comes before the escrow that it moves.
        SELECT seq, debit_id, reason, amount, first_transfer,
               min(credit_id) FILTER (WHERE reason = 24) OVER (PARTITION BY seq, debit_id ORDER BY number
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS part
          FROM (SELECT t.seq, t.number, t.debit_id, t.credit_id, t.reason, t.amount, f.first_transfer
                  FROM transfer t
                  LEFT JOIN delivery_final f ON f.seq = t.seq AND f.contract = t.debit_id
                                            AND t.number >= f.first_transfer
                                            AND t.number < f.first_transfer + f.transfers
                 WHERE t.debit_kind = 3 AND t.reason IN (10, 24)
                   AND t.debit_id IN (SELECT id FROM contract_chain())) x),
    happened AS (
        SELECT contract, seq, 1 AS place, number::bigint, period, NULL::bigint AS part,
               div(paid * delivered, promised) AS came, 0::numeric AS resold, buyer_fee AS earned
          FROM final_paid()
        UNION ALL
        SELECT c.from_contract, c.seq, 2, c.id, NULL, c.id, 0, l.resold, coalesce(t.amount, 0)
          FROM contract c
          JOIN (SELECT contract, sum(units * reseller_paid) AS resold FROM contract_lot()
                 WHERE links <> '{}' GROUP BY contract) l ON l.contract = c.id
          LEFT JOIN (SELECT part, sum(amount) AS amount FROM at_split
                      WHERE reason = 10 AND first_transfer IS NULL GROUP BY part) t ON t.part = c.id)
    SELECT h.*, c.buyer_fee - c.buyer_fee_at_trade
                - coalesce(sum(h.earned) FILTER (WHERE h.part IS NOT NULL) OVER before, 0) AS fee,
           c.notional - coalesce(sum(h.resold) OVER before, 0) AS notional,
           coalesce(sum(h.came) OVER before, 0) AS came_before,
           coalesce(sum(h.earned) FILTER (WHERE h.part IS NULL) OVER before, 0) AS earned_before,
           lead(h.seq) OVER (PARTITION BY h.contract ORDER BY h.seq, h.place, h.number) IS NULL AS is_last
      FROM happened h JOIN contract c ON c.id = h.contract
    WINDOW before AS (PARTITION BY h.contract ORDER BY h.seq, h.place, h.number
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
$$;

CREATE VIEW reconcile_buyer_fee WITH (security_invoker = true) AS
    SELECT x.law, x.subject, x.stated, x.earned AS found
      FROM (SELECT 'the exchange''s share of a buyer''s fee follows what was delivered so far' AS law,
                   format('contract %s, period %s', contract, period) AS subject, earned,
                   CASE WHEN notional <= 0 THEN 0
                        ELSE least(greatest(div(fee * (came_before + came), notional) - earned_before, 0),
                                   fee - earned_before) END AS stated
              FROM fee_event() WHERE part IS NULL
            UNION ALL
            SELECT 'of a reseller''s fee what belongs to what it sold on is earned then',
                   format('contract %s', part), earned,
                   div((fee - earned_before) * resold, nullif(notional - came_before, 0))
              FROM fee_event() WHERE part IS NOT NULL) x
     WHERE x.earned IS DISTINCT FROM x.stated;

CREATE VIEW reconcile_fee_refund WITH (security_invoker = true) AS
    SELECT 'what is left of a buyer''s fee goes back to it at the end' AS law,
           format('contract %s, record %s', contract, seq) AS subject, coalesce(w.amount, 0) AS stated,
           coalesce(t.amount, 0) AS found
      FROM (SELECT e.contract, e.seq, c.buyer, e.fee - e.earned_before - e.earned AS amount
              FROM fee_event() e
              JOIN contract c ON c.id = e.contract
              JOIN contract_progress p ON p.id = e.contract AND p.promised = p.sold_on + p.final
             WHERE e.is_last AND e.fee - e.earned_before - e.earned <> 0) w
      FULL JOIN (SELECT debit_id AS contract, seq, credit_id AS buyer, sum(amount) AS amount
                   FROM transfer WHERE debit_kind = 3 AND reason = 11
                  GROUP BY debit_id, seq, credit_id) t USING (contract, seq, buyer)
     WHERE coalesce(w.amount, 0) <> coalesce(t.amount, 0);

-- ---- Resale ---------------------------------------------------------------------------------

CREATE VIEW reconcile_resale WITH (security_invoker = true) AS
    SELECT v.law, format('contract %s', c.id) AS subject, v.stated, v.found
      FROM contract c
      JOIN (SELECT contract, sum(units * price) AS notional,
                   sum(units * premiums[array_upper(premiums, 1)]) AS premium
              FROM contract_lot() WHERE links <> '{}' GROUP BY contract) l ON l.contract = c.id
     CROSS JOIN LATERAL (VALUES
           ('what was sold on has the supplier''s prices, from the lowest up', l.notional,
            c.supplier_notional::numeric),
           ('a premium is what a new buyer pays above the supplier''s price', l.premium, c.premium))
           v (law, stated, found)
     WHERE v.stated <> v.found
    UNION ALL
    SELECT 'a first contract has its own price and no premium', format('contract %s', id), notional,
           supplier_notional + premium
      FROM contract WHERE from_contract IS NULL AND notional <> supplier_notional + premium;

CREATE VIEW reconcile_split WITH (security_invoker = true) AS
    SELECT 'escrow, bond and older premiums go with what is sold on' AS law,
           format('contract %s, account kind %s', part, kind) AS subject, coalesce(w.amount, 0) AS stated,
           coalesce(t.amount, 0) AS found
      FROM (SELECT c.seq, c.id AS part, c.from_contract, v.kind, v.amount
              FROM contract c
              JOIN (SELECT contract, sum(units * (SELECT sum(p) FROM unnest(premiums) p)) AS premium
                      FROM contract_lot() WHERE links <> '{}' GROUP BY contract) l ON l.contract = c.id
             CROSS JOIN LATERAL (VALUES (3::smallint, c.supplier_notional::numeric), (4, c.bond),
                                        (7, l.premium - c.premium)) v (kind, amount)
             WHERE v.amount > 0) w
      FULL JOIN (SELECT seq, credit_id AS part, debit_id AS from_contract, debit_kind AS kind,
                        sum(amount) AS amount
                   FROM transfer WHERE reason = 24 GROUP BY seq, credit_id, debit_id, debit_kind) t
           USING (seq, part, from_contract, kind)
     WHERE coalesce(w.amount, 0) <> coalesce(t.amount, 0);

-- ---- Disputes -------------------------------------------------------------------------------

-- A claim with the report that it is about, its deposit, and the record in which it ended: a buyer's own
-- with its confirmation, all others with the contract-period.
CREATE FUNCTION claim()
RETURNS TABLE (seq bigint, contract bigint, period bigint, claimant bigint, claim bigint,
               reported bigint, reporter bigint, is_low boolean, deposit numeric, confirmed_seq bigint,
               final_seq bigint, cause smallint, delivered bigint)
LANGUAGE sql STABLE ROWS 10000 SET enable_nestloop = off SET enable_mergejoin = on
SET jit = off
SET search_path = petahour, pg_temp AS $$
    SELECT d.seq, d.contract, d.period, d.claimant, d.claim, d.reported, d.reporter,
           d.claim < d.reported AS is_low, coalesce(t.amount, 0) AS deposit,
           k.seq AS confirmed_seq, f.seq AS final_seq, f.cause, f.delivered
      FROM (SELECT DISTINCT ON (d.seq) d.seq, d.contract, d.period, d.claimant, d.claim,
                   r.delivered AS reported, r.reporter
              FROM dispute d
              JOIN delivery_report r ON r.contract = d.contract AND r.period = d.period AND r.seq < d.seq
             ORDER BY d.seq, r.seq DESC) d
      LEFT JOIN (SELECT seq, credit_id, debit_id, sum(amount) AS amount FROM transfer
                  WHERE reason = 15 GROUP BY seq, credit_id, debit_id) t
             ON t.seq = d.seq AND t.credit_id = d.contract AND t.debit_id = d.claimant
      LEFT JOIN (SELECT d.seq AS dispute, min(k.seq) AS seq
                   FROM dispute d JOIN confirmation k ON k.contract = d.contract
                    AND k.period = d.period AND k.seq > d.seq
                  GROUP BY d.seq) k ON k.dispute = d.seq AND d.claim < d.reported
      LEFT JOIN delivery_final f ON f.contract = d.contract AND f.period = d.period
$$;

CREATE VIEW reconcile_deposit WITH (security_invoker = true) AS
    SELECT 'a deposit is the larger of the product''s and what the difference is worth, rounded up' AS law,
           format('dispute of record %s', k.seq) AS subject, v.stated, k.deposit AS found
      FROM claim() k
      JOIN contract c ON c.id = k.contract
      JOIN product p ON p.id = c.product
      JOIN terms t ON t.product = c.product AND t.version = c.terms_version
      JOIN (SELECT contract, sum(quantity::numeric * periods) AS units FROM segment
             GROUP BY contract) u ON u.contract = c.id
      JOIN period_worth() w ON w.contract = k.contract AND w.period = k.period
     CROSS JOIN LATERAL (SELECT greatest(t.dispute_deposit, div(
               (w.notional + w.units * div(c.bond, u.units) + w.premium) * abs(k.reported - k.claim)
               + w.units * p.period_seconds - 1, w.units * p.period_seconds)) AS stated) v
     WHERE k.deposit <> v.stated;

CREATE VIEW reconcile_deposit_end WITH (security_invoker = true) AS
    SELECT 'a deposit goes back unless the figure is the reported one' AS law,
           format('contract %s, record %s, reason %s, to %s', contract, seq, reason, receiver) AS subject,
           coalesce(w.amount, 0) AS stated, coalesce(t.amount, 0) AS found
      FROM (SELECT k.contract, v.seq, v.reason, v.receiver, sum(v.amount) AS amount
              FROM (SELECT k.*, c.buyer, c.supplier, div(k.deposit, 2) AS half,
                           CASE WHEN k.confirmed_seq IS NOT NULL THEN 'LOST'
                                WHEN k.final_seq IS NULL THEN 'OPEN'
                                WHEN k.cause = 5 AND k.reporter = c.supplier THEN 'HALVED'
                                WHEN k.delivered = k.reported THEN 'LOST' ELSE 'BACK' END AS outcome,
                           coalesce(k.confirmed_seq, k.final_seq) AS ended_seq
                      FROM claim() k JOIN contract c ON c.id = k.contract) k
             CROSS JOIN LATERAL (VALUES
                   (k.ended_seq, 16::smallint, k.claimant,
                    CASE k.outcome WHEN 'HALVED' THEN k.deposit - k.half WHEN 'BACK' THEN k.deposit END),
                   (k.ended_seq, 17, CASE WHEN k.is_low OR k.outcome = 'HALVED' THEN k.supplier
                                          ELSE k.buyer END,
                    CASE k.outcome WHEN 'HALVED' THEN k.half WHEN 'LOST' THEN k.deposit END))
                   v (seq, reason, receiver, amount)
             WHERE v.amount > 0
             GROUP BY k.contract, v.seq, v.reason, v.receiver) w
      FULL JOIN (SELECT debit_id AS contract, seq, reason, credit_id AS receiver, sum(amount) AS amount
                   FROM transfer WHERE reason IN (16, 17)
                  GROUP BY debit_id, seq, reason, credit_id) t
           USING (contract, seq, reason, receiver)
     WHERE coalesce(w.amount, 0) <> coalesce(t.amount, 0);

-- ---- What is kept for contracts -------------------------------------------------------------

-- What is kept for contracts of a chain, of which the laws of whole contracts say nothing, and bonds,
-- deposits and premiums of all: exactly what the periods that are not final need.
CREATE VIEW reconcile_kept WITH (security_invoker = true) AS
    SELECT 'a contract keeps exactly what its periods that are not final need' AS law,
           format('contract %s, account kind %s', id, kind) AS subject, coalesce(w.amount, 0) AS stated,
           coalesce(a.balance, 0)::numeric AS found
      FROM (SELECT id, kind, sum(amount) AS amount
              FROM (SELECT p.id, 4::smallint AS kind, div(c.bond * (p.promised - p.sold_on - p.final),
                           nullif(p.promised, 0)) AS amount
                      FROM contract_progress p JOIN contract c USING (id)
                    UNION ALL
                    SELECT l.contract, v.kind, sum(v.amount)
                      FROM contract_lot() l
                      LEFT JOIN delivery_final f USING (contract, period)
                     CROSS JOIN LATERAL (VALUES (3::smallint, l.stayed * l.price),
                           (7, l.stayed * (SELECT coalesce(sum(p), 0) FROM unnest(l.premiums) p)))
                           v (kind, amount)
                     WHERE f.contract IS NULL
                     GROUP BY l.contract, v.kind
                    UNION ALL
                    SELECT c.id, 3, c.buyer_fee - c.buyer_fee_at_trade - coalesce(t.amount, 0)
                      FROM contract c
                      JOIN contract_chain() USING (id)
                      LEFT JOIN (SELECT debit_id, sum(amount) AS amount FROM transfer
                                  WHERE debit_kind = 3 AND reason IN (10, 11) GROUP BY debit_id) t
                             ON t.debit_id = c.id
                    UNION ALL
                    SELECT contract, 6, deposit FROM claim()
                     WHERE confirmed_seq IS NULL AND final_seq IS NULL) x
             GROUP BY id, kind) w
      FULL JOIN (SELECT id, kind, balance FROM account
                  WHERE kind IN (4, 6, 7) OR (kind = 3 AND id IN (SELECT id FROM contract_chain()))) a
           USING (id, kind)
     WHERE coalesce(w.amount, 0) <> coalesce(a.balance, 0);

REVOKE ALL ON FUNCTION contract_chain(), contract_lot(), period_worth(), contract_rate(), final_paid(),
    fee_event(), claim() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION contract_chain(), contract_lot(), period_worth(), contract_rate(), final_paid(),
    fee_event(), claim() TO petahour_auditor, petahour_settle;
GRANT SELECT ON final_broken, reconcile_fee, reconcile_bond_unit, reconcile_payment, reconcile_refund,
    reconcile_supplier_fee, reconcile_compensation, reconcile_penalty, reconcile_bond_return,
    reconcile_premium, reconcile_buyer_fee, reconcile_fee_refund, reconcile_resale, reconcile_split,
    reconcile_deposit, reconcile_deposit_end, reconcile_kept TO petahour_auditor, petahour_settle;

-- Verify: who reads everything may ask for each, and members for none.
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'petahour'::regnamespace
                          AND relname LIKE 'reconcile\_%'
                          AND (NOT has_table_privilege('petahour_auditor', oid, 'SELECT')
                               OR has_table_privilege('petahour_member', oid, 'SELECT'))),
        'laws are for auditors';
END $$;
