-- SPDX-License-Identifier: Apache-2.0
-- What the market knows: participants, sites, products, orders, contracts.
--
-- Numbers as in the journal: money in micro-units, periods counted since 1970 in steps of the
-- product's period_seconds, stamps in nanoseconds UTC (the function at_time reads them).

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

CREATE FUNCTION at_time(ns bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'epoch'::timestamptz + (ns / 1000) * interval '1 microsecond';

CREATE FUNCTION period_time(period bigint, period_seconds bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'epoch'::timestamptz + period * period_seconds * interval '1 second';

CREATE TABLE market (
    seq                bigint PRIMARY KEY CHECK (seq = 1),
    at_ns              bigint NOT NULL,
    name               text NOT NULL,
    currency           text NOT NULL CHECK (length(currency) = 3),
    rules_version      bigint NOT NULL,
    operator_name      text NOT NULL,
    operator_curve_key bytea NOT NULL CHECK (octet_length(operator_curve_key) = 32),
    operator_sign_key  bytea NOT NULL CHECK (octet_length(operator_sign_key) = 32),
    notary_sign_key    bytea NOT NULL CHECK (octet_length(notary_sign_key) = 32)
);
CALL make_append_only('market');

CREATE TABLE participant (
    id        bigint PRIMARY KEY CHECK (id > 0),
    seq       bigint NOT NULL,
    at_ns     bigint NOT NULL,
    name      text NOT NULL,
    roles     integer NOT NULL CHECK (roles BETWEEN 1 AND 31),  -- SUPPLIER 1, BUYER 2, METER 4,
                                                                -- AUDITOR 8, OPERATOR 16
    state     smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3), -- ACTIVE, SUSPENDED, CLOSED
    curve_key bytea NOT NULL UNIQUE CHECK (octet_length(curve_key) = 32),
    sign_key  bytea NOT NULL CHECK (octet_length(sign_key) = 32)
);

CREATE TABLE site (
    id             bigint PRIMARY KEY CHECK (id > 0),
    seq            bigint NOT NULL,
    at_ns          bigint NOT NULL,
    owner          bigint NOT NULL REFERENCES participant,
    region         text NOT NULL,
    name           text NOT NULL,
    latitude_udeg  integer NOT NULL,
    longitude_udeg integer NOT NULL,
    racks          bigint NOT NULL,
    pue_ppm        bigint NOT NULL
);
CALL make_append_only('site');

CREATE TABLE hardware (
    id    bigint PRIMARY KEY CHECK (id > 0),
    seq   bigint NOT NULL,
    at_ns bigint NOT NULL,
    name  text NOT NULL
);
CALL make_append_only('hardware');

CREATE TABLE capacity (
    seq            bigint PRIMARY KEY,
    at_ns          bigint NOT NULL,
    supplier       bigint NOT NULL REFERENCES participant,
    reference      numeric(20) NOT NULL,
    site           bigint NOT NULL REFERENCES site,
    hardware       bigint NOT NULL REFERENCES hardware,
    period_seconds integer NOT NULL CHECK (period_seconds IN (900, 3600, 86400)),
    first_period   bigint NOT NULL,
    periods        bigint NOT NULL CHECK (periods > 0),
    units          bigint NOT NULL CHECK (units > 0),
    UNIQUE (supplier, reference)
);
CALL make_append_only('capacity');

CREATE TABLE compute_type (
    compute_type smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO compute_type VALUES (1, 'GENERAL'), (2, 'AI'), (3, 'SUPERCOMPUTING'), (4, 'EDGE');
CALL make_append_only('compute_type');

CREATE TABLE product (
    id                bigint PRIMARY KEY CHECK (id > 0),
    seq               bigint NOT NULL,
    at_ns             bigint NOT NULL,
    symbol            text NOT NULL,
    compute_type      smallint NOT NULL REFERENCES compute_type,
    architecture      smallint NOT NULL CHECK (architecture BETWEEN 1 AND 10),
    model             text NOT NULL,
    unit              text NOT NULL,
    hardware          bigint NOT NULL REFERENCES hardware,
    hardware_units    bigint NOT NULL CHECK (hardware_units > 0),
    gflops_fp16       bigint NOT NULL,
    gflops_fp32       bigint NOT NULL,
    gflops_fp64       bigint NOT NULL,
    memory_mib        bigint NOT NULL,
    interconnect      text NOT NULL,
    site              bigint NOT NULL REFERENCES site,
    availability_ppm  bigint NOT NULL,
    period_seconds    integer NOT NULL CHECK (period_seconds IN (900, 3600, 86400)),
    tick              bigint NOT NULL CHECK (tick > 0),
    lot               bigint NOT NULL CHECK (lot > 0),
    quantity_max      bigint NOT NULL,
    block_periods_max bigint NOT NULL,
    horizon           bigint NOT NULL,
    gate_seconds      bigint NOT NULL,
    maker_ppm         bigint NOT NULL,
    taker_ppm         bigint NOT NULL,
    fee_at_trade_ppm  bigint NOT NULL,
    bond_fixed        bigint NOT NULL,
    bond_ppm          bigint NOT NULL,
    report_seconds    bigint NOT NULL,
    dispute_seconds   bigint NOT NULL,
    resolve_seconds   bigint NOT NULL,
    dispute_deposit   bigint NOT NULL,
    meter             bigint REFERENCES participant,       -- null: the supplier reports
    reference_price   bigint NOT NULL,                     -- as listed
    band_ppm          bigint NOT NULL,
    terms_hash        bytea NOT NULL CHECK (octet_length(terms_hash) = 32),
    phase             smallint NOT NULL DEFAULT 1 CHECK (phase BETWEEN 1 AND 4) -- OPEN, CALL,
                                                                                -- HALTED, CLOSED
);

-- Deposits and withdrawals, with the reference of the payment outside.
CREATE TABLE payment (
    seq         bigint PRIMARY KEY,
    at_ns       bigint NOT NULL,
    participant bigint NOT NULL REFERENCES participant,
    amount      bigint NOT NULL CHECK (amount <> 0),       -- negative: withdrawn
    reference   text NOT NULL UNIQUE
);
CALL make_append_only('payment');

CREATE TABLE order_state (
    state smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO order_state VALUES (1, 'RESTING'), (2, 'FILLED'), (3, 'CANCELLED');
CALL make_append_only('order_state');

CREATE TABLE cancel_reason (
    reason smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO cancel_reason VALUES
    (1, 'REQUESTED'), (2, 'IOC'), (3, 'GATE'), (4, 'SELF_TRADE'), (5, 'SUSPENDED'), (6, 'CLOSED'),
    (7, 'FILL_LIMIT'), (8, 'WORK_LIMIT'), (9, 'BOOK_FULL'), (10, 'TERMS_CHANGED'), (11, 'FOK'),
    (12, 'EXPIRED'), (13, 'NOTHING_LEFT');
CALL make_append_only('cancel_reason');

-- Orders as they were accepted, with how they ended.
CREATE TABLE "order" (
    id               bigint PRIMARY KEY CHECK (id > 0),
    seq              bigint NOT NULL,
    at_ns            bigint NOT NULL,
    participant      bigint NOT NULL,
    client_order_id  numeric(20) NOT NULL,
    product          bigint NOT NULL,
    side             smallint NOT NULL CHECK (side IN (1, 2)),             -- BUY, SELL
    shape            smallint NOT NULL CHECK (shape IN (1, 2, 3)),         -- EACH, BLOCK, FLEX
    time_in_force    smallint NOT NULL CHECK (time_in_force IN (1, 2, 3, 4)), -- GTC, GTT, IOC, FOK
    stp              smallint NOT NULL CHECK (stp IN (1, 2)),  -- CANCEL_INCOMING, CANCEL_RESTING
    all_or_none      boolean NOT NULL,
    post_only        boolean NOT NULL,
    first_period     bigint NOT NULL,
    periods          bigint NOT NULL CHECK (periods > 0),
    duration         bigint NOT NULL,
    quantity         bigint NOT NULL CHECK (quantity > 0),
    price            bigint NOT NULL CHECK (price > 0),
    display_quantity bigint NOT NULL,
    expire_at_ns     numeric(20),                          -- null: does not expire
    from_contract    numeric(20),                          -- null: not a resale
    place            bigint NOT NULL,
    hold             bigint NOT NULL CHECK (hold >= 0),
    state            smallint NOT NULL CHECK (state IN (1, 2, 3)),
    cancel_reason    smallint CHECK (cancel_reason BETWEEN 1 AND 13),
    cancelled        bigint CHECK (cancelled >= 0),        -- unit-periods open when it ended
    ended_seq        bigint,
    CONSTRAINT ended CHECK ((state = 1) = (ended_seq IS NULL)),
    CONSTRAINT reason CHECK ((state = 3) = (cancel_reason IS NOT NULL)
                             AND (state = 3) = (cancelled IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX order_of_participant ON "order" (participant, id);

-- An order ends once; nothing else of it ever changes.
CREATE FUNCTION order_ends_once() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% of petahour.order is refused: orders stay', TG_OP
            USING ERRCODE = '42501';
    END IF;
    IF OLD.state <> 1 THEN
        RAISE EXCEPTION 'order % has ended and is never changed', OLD.id USING ERRCODE = '42501';
    END IF;
    IF (NEW.id, NEW.seq, NEW.at_ns, NEW.participant, NEW.client_order_id, NEW.product, NEW.side,
        NEW.shape, NEW.time_in_force, NEW.stp, NEW.all_or_none, NEW.post_only, NEW.first_period,
        NEW.periods, NEW.duration, NEW.quantity, NEW.price, NEW.display_quantity, NEW.place,
        NEW.hold)
       <> (OLD.id, OLD.seq, OLD.at_ns, OLD.participant, OLD.client_order_id, OLD.product, OLD.side,
        OLD.shape, OLD.time_in_force, OLD.stp, OLD.all_or_none, OLD.post_only, OLD.first_period,
        OLD.periods, OLD.duration, OLD.quantity, OLD.price, OLD.display_quantity, OLD.place,
        OLD.hold)
       OR NEW.expire_at_ns IS DISTINCT FROM OLD.expire_at_ns
       OR NEW.from_contract IS DISTINCT FROM OLD.from_contract THEN
        RAISE EXCEPTION 'order % is as it was accepted: only its end is added', OLD.id
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ends_once BEFORE UPDATE OR DELETE ON "order"
    FOR EACH ROW EXECUTE FUNCTION order_ends_once();
CREATE TRIGGER ends_once_truncate BEFORE TRUNCATE ON "order"
    FOR EACH STATEMENT EXECUTE FUNCTION order_ends_once();
ALTER TABLE "order" ENABLE ALWAYS TRIGGER ends_once;
ALTER TABLE "order" ENABLE ALWAYS TRIGGER ends_once_truncate;

-- One trade concludes one contract.
CREATE TABLE contract (
    id                 bigint PRIMARY KEY CHECK (id > 0),
    trade              bigint NOT NULL UNIQUE CHECK (trade > 0),
    seq                bigint NOT NULL,
    at_ns              bigint NOT NULL,
    product            bigint NOT NULL,
    terms_version      bigint NOT NULL,
    buyer              bigint NOT NULL,
    supplier           bigint NOT NULL,
    buy_order          bigint NOT NULL,
    sell_order         bigint NOT NULL,
    taker              smallint NOT NULL CHECK (taker IN (1, 2)),          -- side that arrived
    notional           bigint NOT NULL CHECK (notional > 0),
    buyer_fee          bigint NOT NULL CHECK (buyer_fee >= 0),
    supplier_fee       bigint NOT NULL CHECK (supplier_fee >= 0),
    buyer_fee_at_trade bigint NOT NULL CHECK (buyer_fee_at_trade BETWEEN 0 AND buyer_fee),
    bond               bigint NOT NULL CHECK (bond >= 0),
    segments           integer NOT NULL CHECK (segments > 0),
    CHECK (buyer <> supplier)
);
CREATE INDEX contract_of_buyer ON contract (buyer, id);
CREATE INDEX contract_of_supplier ON contract (supplier, id);
CALL make_append_only('contract');

CREATE TABLE segment (
    contract     bigint NOT NULL,
    number       integer NOT NULL CHECK (number > 0),
    first_period bigint NOT NULL,
    periods      bigint NOT NULL CHECK (periods > 0),
    quantity     bigint NOT NULL CHECK (quantity > 0),
    price        bigint NOT NULL CHECK (price > 0),
    PRIMARY KEY (contract, number)
);
CALL make_append_only('segment');

GRANT SELECT ON ALL TABLES IN SCHEMA petahour TO petahour_auditor, petahour_settle;
GRANT INSERT ON market, participant, site, hardware, capacity, product, payment, "order", contract,
    segment TO petahour_settle;
GRANT UPDATE (state) ON participant TO petahour_settle;
GRANT UPDATE (phase) ON product TO petahour_settle;
GRANT UPDATE (state, cancel_reason, cancelled, ended_seq) ON "order" TO petahour_settle;
GRANT EXECUTE ON FUNCTION at_time, period_time TO petahour_settle, petahour_auditor,
    petahour_member;

-- Members: one login role each, granted petahour_member, entered here by an operator. The role is
-- what the server authenticated; a setting would be something that the member can set itself.
CREATE TABLE member (
    role_name   name PRIMARY KEY,
    participant bigint NOT NULL REFERENCES participant
);

-- The participant whose rows the present session may see. A role that is not entered sees nothing
-- and is told so.
CREATE FUNCTION me() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    SELECT participant INTO found FROM petahour.member WHERE role_name = session_user;
    IF found IS NULL THEN
        RAISE EXCEPTION 'role "%" is not entered in petahour.member', session_user
            USING ERRCODE = '42501';
    END IF;
    RETURN found;
END $$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA petahour FROM PUBLIC;
GRANT EXECUTE ON FUNCTION me TO petahour_member;
GRANT EXECUTE ON FUNCTION at_time, period_time TO petahour_member;

-- What members may read of everybody; neither keys nor cash of others are among it.
GRANT SELECT (id, name, roles, state) ON participant TO petahour_member;
GRANT SELECT ON market, site, hardware, capacity, product, compute_type, order_state, cancel_reason,
    account_kind, transfer_reason TO petahour_member;
GRANT SELECT ON "order", contract, segment, payment, transfer, account, entry TO petahour_member;

-- What members read of themselves alone. Row security holds for the owner of the tables too.
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('"order"', 'participant = (SELECT petahour.me())'),
        ('payment', 'participant = (SELECT petahour.me())'),
        ('contract', 'buyer = (SELECT petahour.me()) OR supplier = (SELECT petahour.me())'),
        ('segment', 'EXISTS (SELECT FROM petahour.contract c WHERE c.id = segment.contract)'),
        ('account', '(kind = 2 AND id = (SELECT petahour.me())) OR (kind IN (3, 4)
                     AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = account.id))'),
        ('transfer', '(debit_kind = 2 AND debit_id = (SELECT petahour.me()))
                      OR (credit_kind = 2 AND credit_id = (SELECT petahour.me()))')
    ) AS r (name, own) LOOP
        EXECUTE format('ALTER TABLE petahour.%s ENABLE ROW LEVEL SECURITY', rule.name);
        EXECUTE format('ALTER TABLE petahour.%s FORCE ROW LEVEL SECURITY', rule.name);
        EXECUTE format('CREATE POLICY auditors ON petahour.%s FOR SELECT TO petahour_auditor
                        USING (true)', rule.name);
        EXECUTE format('CREATE POLICY members ON petahour.%s FOR SELECT TO petahour_member
                        USING (%s)', rule.name, rule.own);
    END LOOP;
END $$;
