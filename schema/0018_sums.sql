-- SPDX-License-Identifier: Apache-2.0
-- Sums of what was paid and of prices, so that a question about years does not read every row of them.
--
-- Settlement adds up the rows of its records from time to time, in the transaction of the last of
-- them; who asks gets the sums and, beside them, the rows that came since. Both move together, so an
-- answer is always of all rows. In a database with rows the sums begin empty and are made in pieces.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- The last record and the last contract that the sums have, and how many records are added up at once;
-- an operator may change that.
CREATE TABLE summed (
    seq      bigint NOT NULL CHECK (seq >= 0),
    contract bigint NOT NULL CHECK (contract >= 0),
    every    bigint NOT NULL CHECK (every > 0)
);
CREATE UNIQUE INDEX summed_one_row ON summed ((true));
INSERT INTO summed VALUES (0, 0, 32768);

-- What the cash of a participant paid and received in a month (UTC), by reason.
CREATE TABLE payment_sum (
    participant bigint NOT NULL,
    month       date NOT NULL,
    reason      smallint NOT NULL,
    paid        numeric NOT NULL CHECK (paid >= 0),
    received    numeric NOT NULL CHECK (received >= 0),
    PRIMARY KEY (participant, month, reason)
);

-- What a product was traded at on a day (UTC).
CREATE TABLE price_sum (
    product      bigint NOT NULL,
    day          date NOT NULL,
    contracts    bigint NOT NULL CHECK (contracts > 0),
    unit_periods numeric NOT NULL CHECK (unit_periods > 0),
    low          bigint NOT NULL,
    high         bigint NOT NULL,
    value        numeric NOT NULL,          -- price by quantity and periods, added up
    PRIMARY KEY (product, day)
);

-- Sums only grow, and stay.
CREATE FUNCTION sums_grow() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of petahour.% is refused: sums only grow', TG_OP, TG_TABLE_NAME
        USING ERRCODE = '42501';
END $$;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM (VALUES
        ('summed', 'NEW.seq < OLD.seq OR NEW.contract < OLD.contract'),
        ('payment_sum', '(NEW.participant, NEW.month, NEW.reason)
                         <> (OLD.participant, OLD.month, OLD.reason)
                         OR NEW.paid < OLD.paid OR NEW.received < OLD.received'),
        ('price_sum', '(NEW.product, NEW.day) <> (OLD.product, OLD.day)
                       OR NEW.contracts < OLD.contracts OR NEW.unit_periods < OLD.unit_periods
                       OR NEW.low > OLD.low OR NEW.high < OLD.high OR NEW.value < OLD.value')
    ) AS t (name, shrinks) LOOP
        EXECUTE format('CREATE TRIGGER grow BEFORE UPDATE ON petahour.%I FOR EACH ROW WHEN (%s)
                        EXECUTE FUNCTION petahour.sums_grow()', one.name, one.shrinks);
        EXECUTE format('CREATE TRIGGER stay BEFORE DELETE ON petahour.%I
                        FOR EACH ROW EXECUTE FUNCTION petahour.sums_grow()', one.name);
        EXECUTE format('CREATE TRIGGER stay_truncate BEFORE TRUNCATE ON petahour.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION petahour.sums_grow()', one.name);
        EXECUTE format('ALTER TABLE petahour.%I ENABLE ALWAYS TRIGGER grow,
                        ENABLE ALWAYS TRIGGER stay, ENABLE ALWAYS TRIGGER stay_truncate', one.name);
    END LOOP;
END $$;

-- Adds up the records that came since, as soon as they are many, and gives the record from which it
-- is to be asked again. One call takes a bounded number, so that no transaction becomes long.
CREATE FUNCTION sum_up(last_record bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
DECLARE
    most constant bigint := 8;
    s summed;
    upto bigint;
    upto_contract bigint;
    m record;
BEGIN
    SELECT * INTO STRICT s FROM summed FOR UPDATE;
    upto := least(last_record, s.seq + most * s.every);
    IF upto < s.seq + s.every THEN
        RETURN s.seq + s.every;
    END IF;
    FOR m IN SELECT month, greatest(first_seq, s.seq + 1) AS first_seq,
                    least(next_seq, upto + 1) AS next_seq
               FROM month WHERE first_seq <= upto AND next_seq > s.seq + 1 LOOP
        INSERT INTO payment_sum AS p (participant, month, reason, paid, received)
            SELECT debit_id, m.month, reason, sum(amount), 0 FROM transfer
             WHERE debit_kind = 2 AND seq >= m.first_seq AND seq < m.next_seq
             GROUP BY debit_id, reason
        ON CONFLICT (participant, month, reason) DO UPDATE SET paid = p.paid + excluded.paid;
        INSERT INTO payment_sum AS p (participant, month, reason, paid, received)
            SELECT credit_id, m.month, reason, 0, sum(amount) FROM transfer
             WHERE credit_kind = 2 AND seq >= m.first_seq AND seq < m.next_seq
             GROUP BY credit_id, reason
        ON CONFLICT (participant, month, reason) DO UPDATE
            SET received = p.received + excluded.received;
    END LOOP;
    -- Contracts are numbered in the order of their records. What one is worth fits a bigint, and so do
    -- the parts of it.
    IF upto < last_record THEN
        SELECT id - 1 INTO upto_contract FROM contract
         WHERE id > s.contract AND seq > upto ORDER BY id LIMIT 1;
    END IF;
    upto_contract := coalesce(upto_contract, (SELECT max(id) FROM contract), 0);
    INSERT INTO price_sum AS p (product, day, contracts, unit_periods, low, high, value)
        SELECT c.product, 'epoch'::date + (c.at_ns / 86400000000000)::integer,
               count(*) FILTER (WHERE g.number = 1), sum(g.quantity * g.periods),
               min(g.price), max(g.price), sum(g.price * g.quantity * g.periods)
          FROM contract c JOIN segment g ON g.contract = c.id
         WHERE c.id > s.contract AND c.id <= upto_contract
           AND g.contract > s.contract AND g.contract <= upto_contract
         GROUP BY 1, 2
    ON CONFLICT (product, day) DO UPDATE
        SET contracts = p.contracts + excluded.contracts,
            unit_periods = p.unit_periods + excluded.unit_periods,
            low = least(p.low, excluded.low), high = greatest(p.high, excluded.high),
            value = p.value + excluded.value;
    UPDATE summed SET seq = upto, contract = upto_contract;
    RETURN upto + s.every;
END $$;

-- ---- What people ask ------------------------------------------------------------------------

CREATE OR REPLACE VIEW my_payments_by_month WITH (security_invoker = true) AS
    SELECT x.month, r.name AS reason, round(nullif(sum(x.paid), 0) / 1000000.0, 6) AS paid,
           round(nullif(sum(x.received), 0) / 1000000.0, 6) AS received
      FROM (SELECT month, reason, paid, received FROM payment_sum
             WHERE participant = (SELECT me())
            UNION ALL
            SELECT m.month, t.reason, t.amount, 0
              FROM month m
              JOIN transfer t ON t.debit_kind = 2 AND t.debit_id = (SELECT me())
                             AND t.seq >= m.first_seq AND t.seq < m.next_seq
             WHERE t.seq > (SELECT seq FROM summed)
            UNION ALL
            SELECT m.month, t.reason, 0, t.amount
              FROM month m
              JOIN transfer t ON t.credit_kind = 2 AND t.credit_id = (SELECT me())
                             AND t.seq >= m.first_seq AND t.seq < m.next_seq
             WHERE t.seq > (SELECT seq FROM summed)) x
      JOIN transfer_reason r USING (reason)
     GROUP BY x.month, r.name;

CREATE OR REPLACE FUNCTION price_history(the_product bigint, first_day date, days integer)
RETURNS TABLE (day date, contracts bigint, unit_periods numeric, low numeric, high numeric,
               average numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp SET jit = off AS $$
    SELECT x.day, sum(x.contracts)::bigint, sum(x.unit_periods), round(min(x.low) / 1000000.0, 6),
           round(max(x.high) / 1000000.0, 6),
           round(sum(x.value) / sum(x.unit_periods) / 1000000.0, 6)
      FROM (SELECT p.day, p.contracts, p.unit_periods, p.low, p.high, p.value FROM price_sum p
             WHERE p.product = the_product AND p.day >= first_day AND p.day < first_day + days
            UNION ALL
            SELECT 'epoch'::date + (c.at_ns / 86400000000000)::integer,
                   count(*) FILTER (WHERE s.number = 1), sum(s.quantity * s.periods),
                   min(s.price), max(s.price), sum(s.price * s.quantity * s.periods)
              FROM contract c
              -- One by one: how few they are is not known when it is planned.
              CROSS JOIN LATERAL (SELECT number, price, quantity, periods FROM segment
                                   WHERE segment.contract = c.id OFFSET 0) s
             WHERE c.id > (SELECT contract FROM summed)
               AND c.product = the_product
               AND c.at_ns >= (first_day - 'epoch'::date) * 86400000000000
               AND c.at_ns < (first_day + days - 'epoch'::date) * 86400000000000
             GROUP BY 1) x
     GROUP BY x.day ORDER BY x.day
$$;

-- ---- Laws -----------------------------------------------------------------------------------

CREATE VIEW reconcile_summed WITH (security_invoker = true) AS
    SELECT 'what was paid in a month is the sum of its transfers' AS law,
           format('participant %s, %s, reason %s', participant, month, reason) AS subject,
           coalesce(t.paid, 0) - coalesce(t.received, 0) AS stated,
           coalesce(p.paid, 0) - coalesce(p.received, 0) AS found
      FROM payment_sum p
      FULL JOIN (SELECT v.id AS participant, m.month, t.reason, sum(v.paid) AS paid,
                        sum(v.received) AS received
                   FROM transfer t
                   JOIN month m ON t.seq >= m.first_seq AND t.seq < m.next_seq,
                   LATERAL (VALUES (t.debit_kind, t.debit_id, t.amount, 0),
                                   (t.credit_kind, t.credit_id, 0, t.amount))
                           v (kind, id, paid, received)
                  WHERE v.kind = 2 AND t.seq <= (SELECT seq FROM summed)
                  GROUP BY v.id, m.month, t.reason) t
           USING (participant, month, reason)
     WHERE (coalesce(t.paid, 0), coalesce(t.received, 0))
           <> (coalesce(p.paid, 0), coalesce(p.received, 0))
    UNION ALL
    SELECT 'prices of a day are those of its contracts', format('product %s, %s', product, day),
           coalesce(c.value, 0), coalesce(p.value, 0)
      FROM price_sum p
      FULL JOIN (SELECT c.product, 'epoch'::date + (c.at_ns / 86400000000000)::integer AS day,
                        count(*) FILTER (WHERE g.number = 1) AS contracts,
                        sum(g.quantity::numeric * g.periods) AS unit_periods, min(g.price) AS low,
                        max(g.price) AS high,
                        sum(g.price::numeric * g.quantity * g.periods) AS value
                   FROM contract c JOIN segment g ON g.contract = c.id
                  WHERE c.id <= (SELECT contract FROM summed)
                    AND g.contract <= (SELECT contract FROM summed) GROUP BY 1, 2) c
           USING (product, day)
     WHERE (c.contracts, c.unit_periods, c.low, c.high, c.value)
           IS DISTINCT FROM (p.contracts, p.unit_periods, p.low, p.high, p.value)
    UNION ALL
    SELECT 'sums go as far as the position at most', 'summed',
           (SELECT last_seq FROM position), (SELECT seq FROM summed)
     WHERE (SELECT seq FROM summed) > coalesce((SELECT last_seq FROM position), 0)
    UNION ALL
    SELECT 'contracts are summed with their records', format('contract %s', c.id),
           (SELECT seq FROM summed), c.seq
      FROM contract c
     WHERE (c.id <= (SELECT contract FROM summed)) <> (c.seq <= (SELECT seq FROM summed));

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
    UNION ALL SELECT * FROM reconcile_schema
    UNION ALL SELECT * FROM reconcile_signature
    UNION ALL SELECT * FROM reconcile_backfill
    UNION ALL SELECT * FROM reconcile_summed;

-- ---- Who may do what ------------------------------------------------------------------------

-- Nobody writes sums but the function, which reads and writes as the owner.
ALTER TABLE payment_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY sums ON payment_sum TO petahour_owner USING (true) WITH CHECK (true);
CREATE POLICY auditors ON payment_sum FOR SELECT TO petahour_auditor USING (true);
CREATE POLICY members ON payment_sum FOR SELECT TO petahour_member
    USING (participant = (SELECT petahour.me()));
GRANT SELECT ON payment_sum, price_sum, summed TO petahour_auditor, petahour_settle, petahour_member;
GRANT SELECT ON reconcile_summed TO petahour_auditor, petahour_settle;
REVOKE ALL ON FUNCTION sum_up(bigint), sums_grow() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sum_up(bigint) TO petahour_settle;

-- Verify: nothing is summed yet, and the sums are guarded.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM summed WHERE seq = 0 AND contract = 0) = 1, 'sums begin at 0';
    ASSERT (SELECT count(*) FROM pg_trigger WHERE tgfoid = 'sums_grow'::regproc
               AND tgenabled = 'A') = 9, 'sums are guarded always';
END $$;
