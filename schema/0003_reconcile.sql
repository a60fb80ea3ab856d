-- SPDX-License-Identifier: Apache-2.0
-- Every law of the books as a view that must be empty.
--
-- A row of a view is one place where the law does not hold: what it is about, the figure that one
-- side of the law states, and the figure that the other side gives. The view reconcile is all of
-- them together: SELECT * FROM petahour.reconcile.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

CREATE VIEW reconcile_sum WITH (security_invoker = true) AS
    SELECT 'all balances add up to zero' AS law, 'all accounts' AS subject,
           0::numeric AS stated, sum(balance) AS found
      FROM account HAVING sum(balance) <> 0;

CREATE VIEW reconcile_balance WITH (security_invoker = true) AS
    SELECT 'a balance is the sum of its transfers' AS law,
           format('account %s %s', kind, id) AS subject,
           coalesce(a.balance, 0)::numeric AS stated, coalesce(e.amount, 0) AS found
      FROM account a
      FULL JOIN (SELECT kind, id, sum(amount) AS amount, count(*) AS moves
                   FROM entry GROUP BY kind, id) e USING (kind, id)
     WHERE coalesce(a.balance, 0) <> coalesce(e.amount, 0)
        OR coalesce(a.moves, 0) <> coalesce(e.moves, 0) OR a.balance IS NULL;

CREATE VIEW reconcile_negative WITH (security_invoker = true) AS
    SELECT 'only EXTERNAL is below zero' AS law, format('account %s %s', kind, id) AS subject,
           0::numeric AS stated, balance::numeric AS found
      FROM account WHERE balance < 0 AND kind <> 1;

-- Under rules version 1 nothing has been delivered yet: escrow and bond are as concluded.
CREATE VIEW reconcile_escrow WITH (security_invoker = true) AS
    SELECT 'the escrow of a contract is its notional and the fee not yet earned' AS law,
           format('contract %s', coalesce(c.id, a.id)) AS subject,
           (c.notional::numeric + c.buyer_fee - c.buyer_fee_at_trade) AS stated,
           coalesce(a.balance, 0)::numeric AS found
      FROM contract c
      FULL JOIN (SELECT id, balance FROM account WHERE kind = 3) a USING (id)
     WHERE c.notional::numeric + c.buyer_fee - c.buyer_fee_at_trade
           IS DISTINCT FROM coalesce(a.balance, 0);

CREATE VIEW reconcile_bond WITH (security_invoker = true) AS
    SELECT 'the bond account of a contract is its bond' AS law,
           format('contract %s', coalesce(c.id, a.id)) AS subject,
           c.bond::numeric AS stated, coalesce(a.balance, 0)::numeric AS found
      FROM contract c
      FULL JOIN (SELECT id, balance FROM account WHERE kind = 4) a USING (id)
     WHERE c.bond IS DISTINCT FROM coalesce(a.balance, 0);

CREATE VIEW reconcile_segment WITH (security_invoker = true) AS
    SELECT 'the notional of a contract is what its segments come to' AS law,
           format('contract %s', coalesce(c.id, s.id)) AS subject,
           c.notional::numeric AS stated, s.notional AS found
      FROM contract c
      FULL JOIN (SELECT contract AS id, count(*) AS segments,
                        sum(price::numeric * quantity * periods) AS notional
                   FROM segment GROUP BY contract) s USING (id)
     WHERE c.notional IS DISTINCT FROM s.notional OR c.segments IS DISTINCT FROM s.segments;

CREATE VIEW reconcile_transfer WITH (security_invoker = true) AS
    SELECT format('transfers %s of a record are what its contracts and payments state', r.name)
               AS law,
           format('record %s', seq) AS subject, coalesce(c.amount, 0) AS stated,
           coalesce(t.amount, 0) AS found
      FROM (SELECT seq, reason, sum(amount) AS amount FROM transfer GROUP BY seq, reason) t
      FULL JOIN (
            SELECT seq, v.reason, sum(v.amount) AS amount
              FROM contract, LATERAL (VALUES
                   (3::smallint, notional), (4, buyer_fee - buyer_fee_at_trade),
                   (5, buyer_fee_at_trade), (6, bond)) AS v (reason, amount)
             GROUP BY seq, v.reason HAVING sum(v.amount) <> 0
            UNION ALL
            SELECT seq, CASE WHEN amount > 0 THEN 1 ELSE 2 END, abs(amount) FROM payment
           ) c USING (seq, reason)
      JOIN transfer_reason r USING (reason)
     WHERE coalesce(c.amount, 0) <> coalesce(t.amount, 0);

CREATE VIEW reconcile_party WITH (security_invoker = true) AS
    SELECT 'the orders of a contract are of its parties and its product' AS law,
           format('contract %s', c.id) AS subject, NULL::numeric AS stated, NULL::numeric AS found
      FROM contract c
      LEFT JOIN "order" b ON b.id = c.buy_order
      LEFT JOIN "order" s ON s.id = c.sell_order
     WHERE (b.participant, b.side, b.product, s.participant, s.side, s.product)
           IS DISTINCT FROM (c.buyer, 1::smallint, c.product, c.supplier, 2::smallint, c.product);

CREATE VIEW reconcile_quantity WITH (security_invoker = true) AS
    SELECT 'an order executes no more than it asked for' AS law, format('order %s', o.id) AS subject,
           o.quantity::numeric * CASE WHEN o.shape = 3 THEN o.duration ELSE o.periods END
               - coalesce(o.cancelled, 0) AS stated,
           x.executed AS found
      FROM (SELECT side.id, sum(s.quantity::numeric * s.periods) AS executed
              FROM contract c
              JOIN segment s ON s.contract = c.id,
              LATERAL (VALUES (c.buy_order), (c.sell_order)) AS side (id)
             GROUP BY side.id) x
      JOIN "order" o USING (id)
     WHERE x.executed > o.quantity::numeric
               * CASE WHEN o.shape = 3 THEN o.duration ELSE o.periods END - coalesce(o.cancelled, 0);

CREATE VIEW reconcile_number WITH (security_invoker = true) AS
    SELECT format('%s numbers run from 1 without a gap', t.name) AS law, t.name AS subject,
           t.rows::numeric AS stated, t.highest::numeric AS found
      FROM (SELECT 'participant' AS name, count(*) AS rows, coalesce(max(id), 0) AS highest
              FROM participant
            UNION ALL SELECT 'site', count(*), coalesce(max(id), 0) FROM site
            UNION ALL SELECT 'hardware', count(*), coalesce(max(id), 0) FROM hardware
            UNION ALL SELECT 'product', count(*), coalesce(max(id), 0) FROM product
            UNION ALL SELECT 'order', count(*), coalesce(max(id), 0) FROM "order"
            UNION ALL SELECT 'contract', count(*), coalesce(max(id), 0) FROM contract
            UNION ALL SELECT 'trade', count(*), coalesce(max(trade), 0) FROM contract) t
     WHERE t.rows <> t.highest;

CREATE VIEW reconcile_position WITH (security_invoker = true) AS
    SELECT 'no row is ahead of the position' AS law, t.name AS subject,
           coalesce(p.last_seq, 0)::numeric AS stated, t.highest::numeric AS found
      FROM (SELECT 'transfer' AS name, max(seq) AS highest FROM transfer
            UNION ALL SELECT 'order', max(greatest(seq, coalesce(ended_seq, 0))) FROM "order"
            UNION ALL SELECT 'contract', max(seq) FROM contract
            UNION ALL SELECT 'payment', max(seq) FROM payment
            UNION ALL SELECT 'capacity', max(seq) FROM capacity) t
      LEFT JOIN position p ON true
     WHERE t.highest > coalesce(p.last_seq, 0);

CREATE VIEW reconcile WITH (security_invoker = true) AS
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
    UNION ALL SELECT * FROM reconcile_position;

-- Records as people read them: times as times, money in whole units of the currency.
CREATE VIEW contract_readable WITH (security_invoker = true) AS
    SELECT c.id, at_time(c.at_ns) AS concluded_at, p.symbol, c.buyer, c.supplier,
           period_time(min(s.first_period), p.period_seconds) AS begins_at,
           period_time(max(s.first_period + s.periods), p.period_seconds) AS ends_at,
           sum(s.quantity * s.periods) AS unit_periods,
           round(c.notional / 1000000.0, 6) AS notional,
           round(c.notional / 1000000.0 / sum(s.quantity * s.periods), 6) AS average_price
      FROM contract c
      JOIN product p ON p.id = c.product
      JOIN segment s ON s.contract = c.id
     GROUP BY c.id, p.id;

CREATE VIEW volume_by_compute_type WITH (security_invoker = true) AS
    SELECT t.name AS compute_type, count(*) AS contracts, sum(u.unit_periods) AS unit_periods,
           round(sum(c.notional) / 1000000.0, 6) AS notional,
           round(sum(c.notional) / 1000000.0 / sum(u.unit_periods), 6) AS average_price
      FROM contract c
      JOIN product p ON p.id = c.product
      JOIN compute_type t USING (compute_type)
      JOIN LATERAL (SELECT sum(quantity * periods) AS unit_periods
                      FROM segment WHERE contract = c.id) u ON true
     GROUP BY t.compute_type, t.name;

GRANT SELECT ON ALL TABLES IN SCHEMA petahour TO petahour_auditor, petahour_settle;
GRANT SELECT ON contract_readable TO petahour_member;
