-- SPDX-License-Identifier: Apache-2.0
-- Everything that an accepted command or an event says and that had no row: what happened to
-- registrations, orders and products, what was measured, and how each contract-period ended.
--
-- A row of a command has the record's seq; a row of an event has seq and number, the place of the
-- event within its record, so that rows of one record can be put in their order.

DO $$
BEGIN
    IF EXISTS (SELECT FROM petahour.position WHERE last_seq > 0) THEN
        RAISE EXCEPTION 'this migration needs a database without rows'
            USING HINT = 'make an empty database, migrate it, and start petahour-settle: it fills '
                         'it from the journal';
    END IF;
END $$;

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- ---- What is registered, and what became of it ----------------------------------------------

ALTER TABLE product ADD COLUMN attested_only boolean NOT NULL,
    ADD COLUMN state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3); -- LISTED, HALTED,
                                                                               -- DELISTED
CREATE TABLE rules (
    seq     bigint PRIMARY KEY,
    at_ns   bigint NOT NULL,
    version bigint NOT NULL UNIQUE CHECK (version > 0)
);

CREATE TABLE participant_state (
    seq         bigint PRIMARY KEY,
    at_ns       bigint NOT NULL,
    participant bigint NOT NULL REFERENCES participant,
    state       smallint NOT NULL CHECK (state BETWEEN 1 AND 3)    -- ACTIVE, SUSPENDED, CLOSED
);

-- Keys as they come and go: a registration gives both, later ones are added and revoked.
CREATE TABLE key_change (
    seq         bigint NOT NULL,
    at_ns       bigint NOT NULL,
    participant bigint NOT NULL REFERENCES participant,
    use         smallint NOT NULL CHECK (use IN (1, 2)),            -- CONNECTION, SIGNATURE
    key         bytea NOT NULL CHECK (octet_length(key) = 32),
    is_added    boolean NOT NULL,                                   -- false: revoked
    PRIMARY KEY (seq, use)
);

-- Terms of a product by version: the first are as listed.
CREATE TABLE terms (LIKE product INCLUDING CONSTRAINTS);
ALTER TABLE terms DROP COLUMN phase, DROP COLUMN state;
ALTER TABLE terms RENAME COLUMN id TO product;
ALTER TABLE terms ADD COLUMN version bigint NOT NULL CHECK (version > 0),
    ADD PRIMARY KEY (product, version), ADD FOREIGN KEY (product) REFERENCES product;

CREATE TABLE product_state (
    seq     bigint PRIMARY KEY,
    at_ns   bigint NOT NULL,
    product bigint NOT NULL REFERENCES product,
    state   smallint NOT NULL CHECK (state BETWEEN 1 AND 3)         -- LISTED, HALTED, DELISTED
);

CREATE TABLE product_phase (
    seq     bigint NOT NULL,
    number  integer NOT NULL,
    at_ns   bigint NOT NULL,
    product bigint NOT NULL REFERENCES product,
    phase   smallint NOT NULL CHECK (phase BETWEEN 1 AND 4),        -- OPEN, CALL, HALTED, CLOSED
    PRIMARY KEY (seq, number)
);

-- The reference price of a product from now on.
CREATE TABLE reference_price (
    seq     bigint NOT NULL,
    number  integer NOT NULL,
    at_ns   bigint NOT NULL,
    product bigint NOT NULL REFERENCES product,
    price   bigint NOT NULL CHECK (price > 0),
    PRIMARY KEY (seq, number)
);

-- Trading in a period of a product ended.
CREATE TABLE gate (
    seq     bigint NOT NULL,
    number  integer NOT NULL,
    at_ns   bigint NOT NULL,
    product bigint NOT NULL REFERENCES product,
    period  bigint NOT NULL,
    PRIMARY KEY (seq, number)
);
CREATE INDEX gate_of_product ON gate (product, period);

CREATE TABLE capacity_withdrawal (
    seq          bigint PRIMARY KEY,
    at_ns        bigint NOT NULL,
    supplier     bigint NOT NULL REFERENCES participant,
    reference    numeric(20) NOT NULL,
    site         bigint NOT NULL REFERENCES site,
    hardware     bigint NOT NULL REFERENCES hardware,
    first_period bigint NOT NULL,
    periods      bigint NOT NULL CHECK (periods > 0),
    units        bigint NOT NULL CHECK (units > 0),
    UNIQUE (supplier, reference)
);

CREATE TABLE capacity_attestation (
    seq          bigint PRIMARY KEY,
    at_ns        bigint NOT NULL,
    auditor      bigint NOT NULL REFERENCES participant,
    reference    numeric(20) NOT NULL,
    supplier     bigint NOT NULL REFERENCES participant,
    site         bigint NOT NULL REFERENCES site,
    hardware     bigint NOT NULL REFERENCES hardware,
    first_period bigint NOT NULL,
    periods      bigint NOT NULL CHECK (periods > 0),
    units        bigint NOT NULL CHECK (units > 0),
    document     bytea NOT NULL CHECK (octet_length(document) = 32),    -- SHA-256
    signature    bytea NOT NULL CHECK (octet_length(signature) = 64),
    UNIQUE (auditor, reference)
);

CREATE TABLE site_measurement (
    seq            bigint PRIMARY KEY,
    at_ns          bigint NOT NULL,
    meter          bigint NOT NULL REFERENCES participant,
    site           bigint NOT NULL REFERENCES site,
    measured_at_ns bigint NOT NULL,
    pue_ppm        bigint NOT NULL,
    cue_ppm        bigint NOT NULL,
    wue_ppm        bigint NOT NULL,
    green_grade    smallint NOT NULL CHECK (green_grade BETWEEN 1 AND 5),
    signature      bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CREATE INDEX site_measurement_of_site ON site_measurement (site, seq);

CREATE TABLE probe (
    seq            bigint PRIMARY KEY,
    at_ns          bigint NOT NULL,
    meter          bigint NOT NULL REFERENCES participant,
    region         text NOT NULL,
    site           bigint NOT NULL REFERENCES site,
    measured_at_ns bigint NOT NULL,
    rtt_us         bigint NOT NULL,
    bandwidth_mbps bigint NOT NULL,
    reachable_ppm  bigint NOT NULL CHECK (reachable_ppm BETWEEN 0 AND 1000000),
    signature      bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CREATE INDEX probe_of_site ON probe (site, region, seq);

-- ---- Orders between their acceptance and their end ------------------------------------------

CREATE TABLE order_replacement (
    seq          bigint NOT NULL,
    number       integer NOT NULL,
    at_ns        bigint NOT NULL,
    "order"      bigint NOT NULL,
    participant  bigint NOT NULL,
    place        bigint NOT NULL,
    price        bigint NOT NULL CHECK (price > 0),
    quantity     bigint NOT NULL CHECK (quantity > 0),      -- new total, executed included
    unit_periods bigint NOT NULL CHECK (unit_periods >= 0), -- open, before anything executes
    hold         bigint NOT NULL CHECK (hold >= 0)
);

-- One period of an order ended without execution.
CREATE TABLE order_period_lost (
    seq         bigint NOT NULL,
    number      integer NOT NULL,
    at_ns       bigint NOT NULL,
    "order"     bigint NOT NULL,
    participant bigint NOT NULL,
    period      bigint NOT NULL,
    quantity    bigint NOT NULL,
    reason      smallint NOT NULL CHECK (reason BETWEEN 1 AND 15)   -- as in cancel_reason
);

-- The next part of an order that does not show all of its quantity.
CREATE TABLE order_clip (
    seq         bigint NOT NULL,
    number      integer NOT NULL,
    at_ns       bigint NOT NULL,
    "order"     bigint NOT NULL,
    participant bigint NOT NULL,
    period      bigint NOT NULL,
    quantity    bigint NOT NULL,
    place       bigint NOT NULL
);

-- ---- Delivery -------------------------------------------------------------------------------

-- Access, sealed to the buyer's key.
CREATE TABLE access (
    seq      bigint PRIMARY KEY,
    at_ns    bigint NOT NULL,
    contract bigint NOT NULL,
    sealed   bytea NOT NULL
);
CREATE INDEX access_of_contract ON access (contract);

-- Every report, the replaced ones too.
CREATE TABLE delivery_report (
    seq       bigint NOT NULL,
    at_ns     bigint NOT NULL,
    contract  bigint NOT NULL,
    period    bigint NOT NULL,
    reporter  bigint NOT NULL,
    delivered bigint NOT NULL CHECK (delivered >= 0),       -- unit-seconds
    energy_wh numeric(20),                                  -- null: not stated
    signature bytea NOT NULL CHECK (octet_length(signature) = 64)
);

CREATE TABLE confirmation (
    seq      bigint PRIMARY KEY,
    at_ns    bigint NOT NULL,
    contract bigint NOT NULL,
    period   bigint NOT NULL,
    buyer    bigint NOT NULL
);
CREATE INDEX confirmation_of_contract ON confirmation (contract, period);

-- A claim; its deposit is the transfer DISPUTE_DEPOSIT of the same record.
CREATE TABLE dispute (
    seq      bigint PRIMARY KEY,
    at_ns    bigint NOT NULL,
    contract bigint NOT NULL,
    period   bigint NOT NULL,
    claimant bigint NOT NULL,
    claim    bigint NOT NULL CHECK (claim >= 0)             -- unit-seconds
);
CREATE INDEX dispute_of_contract ON dispute (contract, period);

CREATE TABLE resolution (
    seq       bigint PRIMARY KEY,
    at_ns     bigint NOT NULL,
    contract  bigint NOT NULL,
    period    bigint NOT NULL,
    operator  bigint NOT NULL,
    delivered bigint NOT NULL CHECK (delivered >= 0),       -- unit-seconds
    UNIQUE (contract, period)
);

CREATE TABLE delivery_step_kind (
    step smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO delivery_step_kind VALUES
    (1, 'REPORTED'), (2, 'CONFIRMED'), (3, 'DISPUTED'), (4, 'METER_SILENT');

-- What happened to a contract-period before it was final, and when the window then open ends.
CREATE TABLE delivery_step (
    seq      bigint NOT NULL,
    number   integer NOT NULL,
    at_ns    bigint NOT NULL,
    contract bigint NOT NULL,
    period   bigint NOT NULL,
    step     smallint NOT NULL CHECK (step BETWEEN 1 AND 4),
    by       bigint,                                        -- null: time
    figure   bigint NOT NULL CHECK (figure >= 0),           -- unit-seconds
    due_ns   bigint NOT NULL
);

CREATE TABLE final_cause (
    cause smallint PRIMARY KEY,
    name  text NOT NULL UNIQUE
);
INSERT INTO final_cause VALUES
    (1, 'CONFIRMED'), (2, 'AGREED'), (3, 'NO_REPORT'), (4, 'RESOLVED'), (5, 'UNRESOLVED');

-- A contract-period that is final, and which transfers of the record settled it.
CREATE TABLE delivery_final (
    contract       bigint NOT NULL,
    period         bigint NOT NULL,
    seq            bigint NOT NULL,
    number         integer NOT NULL,
    at_ns          bigint NOT NULL,
    cause          smallint NOT NULL CHECK (cause BETWEEN 1 AND 5),
    delivered      bigint NOT NULL,                         -- unit-seconds
    promised       bigint NOT NULL,
    first_transfer integer NOT NULL CHECK (first_transfer > 0),
    transfers      integer NOT NULL CHECK (transfers >= 0),
    CONSTRAINT not_more CHECK (delivered BETWEEN 0 AND promised)
);

CALL make_partitioned('order_replacement', 'seq', 'record', 'seq, number');
CALL make_partitioned('order_period_lost', 'seq', 'record', 'seq, number');
CALL make_partitioned('order_clip', 'seq', 'record', 'seq, number');
CALL make_partitioned('delivery_report', 'seq', 'record', 'seq');
CALL make_partitioned('delivery_step', 'seq', 'record', 'seq, number');
CALL make_partitioned('delivery_final', 'contract', 'contract', 'contract, period');
CREATE INDEX order_replacement_of_order ON order_replacement ("order");
CREATE INDEX order_period_lost_of_order ON order_period_lost ("order");
CREATE INDEX delivery_report_of_contract ON delivery_report (contract, period);
CREATE INDEX delivery_step_of_contract ON delivery_step (contract, period);

-- ---- Who may do what ------------------------------------------------------------------------

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT c.oid::regclass AS name, c.relkind AS kind, c.relname AS short
                 FROM pg_class c
                WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p')
                  AND c.relname IN ('rules', 'participant_state', 'key_change', 'terms',
                      'product_state', 'product_phase', 'reference_price', 'gate',
                      'capacity_withdrawal', 'capacity_attestation', 'site_measurement', 'probe',
                      'order_replacement', 'order_period_lost', 'order_clip', 'access',
                      'delivery_report', 'confirmation', 'dispute', 'resolution',
                      'delivery_step_kind', 'delivery_step', 'final_cause', 'delivery_final')
    LOOP
        EXECUTE format('CALL petahour.make_append_only(%L)', one.name);
        EXECUTE format('GRANT SELECT ON %s TO petahour_auditor, petahour_settle, petahour_member',
                       one.name);
        IF one.short NOT IN ('delivery_step_kind', 'final_cause') THEN
            EXECUTE format('GRANT INSERT ON %s TO petahour_settle', one.name);
        END IF;
        IF one.kind = 'p' THEN
            EXECUTE format('CALL petahour.keep_partition(%L)',
                           format('petahour.%I', one.short || '_default'));
        END IF;
    END LOOP;
END $$;
GRANT UPDATE (state) ON product TO petahour_settle;

-- Keys, states and terms are public, since signatures are checked against them; orders and
-- deliveries belong to who takes part in them.
DO $$
DECLARE
    rule record;
    of_contract constant text := 'EXISTS (SELECT FROM petahour.contract c WHERE c.id = %s.contract)';
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('order_replacement', 'participant = (SELECT petahour.me())'),
        ('order_period_lost', 'participant = (SELECT petahour.me())'),
        ('order_clip', 'participant = (SELECT petahour.me())'),
        ('access', format(of_contract, 'access')),
        ('delivery_report', format(of_contract, 'delivery_report')
                            || ' OR reporter = (SELECT petahour.me())'),
        ('confirmation', format(of_contract, 'confirmation')),
        ('dispute', format(of_contract, 'dispute') || ' OR claimant = (SELECT petahour.me())'),
        ('resolution', format(of_contract, 'resolution')),
        ('delivery_step', format(of_contract, 'delivery_step')),
        ('delivery_final', format(of_contract, 'delivery_final'))
    ) AS r (name, own) LOOP
        EXECUTE format('ALTER TABLE petahour.%s ENABLE ROW LEVEL SECURITY', rule.name);
        EXECUTE format('ALTER TABLE petahour.%s FORCE ROW LEVEL SECURITY', rule.name);
        EXECUTE format('CREATE POLICY auditors ON petahour.%s FOR SELECT TO petahour_auditor
                        USING (true)', rule.name);
        EXECUTE format('CREATE POLICY members ON petahour.%s FOR SELECT TO petahour_member
                        USING (%s)', rule.name, rule.own);
    END LOOP;
END $$;

-- Whoever sold a contract is a party of it, a reseller too.
DROP POLICY members ON contract;
CREATE POLICY members ON contract FOR SELECT TO petahour_member
    USING (buyer = (SELECT petahour.me()) OR supplier = (SELECT petahour.me())
           OR (from_contract IS NOT NULL AND seller = (SELECT petahour.me())));
DROP POLICY members ON account;
CREATE POLICY members ON account FOR SELECT TO petahour_member
    USING ((kind = 2 AND id = (SELECT petahour.me())) OR (kind IN (3, 4, 6, 7)
           AND EXISTS (SELECT FROM petahour.contract c WHERE c.id = account.id)));

-- Verify: every table that settlement writes is guarded and, where it is partitioned, has a place
-- for what finds no partition.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM partitioned) = 10, 'ten tables have partitions';
    ASSERT (SELECT count(*) FROM pg_class c JOIN partitioned p ON c.relname = p.name || '_default'
             WHERE c.relnamespace = 'petahour'::regnamespace AND c.relispartition) = 10,
        'each has a DEFAULT partition';
    ASSERT NOT EXISTS (
        SELECT FROM pg_class c
         WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p')
           AND has_table_privilege('petahour_settle', c.oid, 'INSERT')
           AND NOT EXISTS (SELECT FROM pg_trigger t
                            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled = 'A')
           AND c.relname NOT IN ('participant', 'product')),
        'what settlement writes is guarded';
END $$;
