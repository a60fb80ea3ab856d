-- SPDX-License-Identifier: Apache-2.0
-- Roles, the position, accounts and transfers.
--
-- A transfer names one account that pays and one that receives and a positive amount, so books that
-- do not balance cannot be written. Rows of the past are never changed: privileges say so to the
-- settlement, triggers that fire always (under session_replication_role = replica too) say so to
-- everybody else.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES
        -- Owns every object; nobody is it from day to day.
        ('petahour_owner', 'NOLOGIN NOBYPASSRLS'),
        -- petahour-settle: appends rows, moves balances. COPY does not work under row security.
        ('petahour_settle', 'LOGIN BYPASSRLS'),
        -- Reads everything, changes nothing.
        ('petahour_auditor', 'LOGIN NOBYPASSRLS'),
        -- A group: a member's own login role is granted it.
        ('petahour_member', 'NOLOGIN NOBYPASSRLS')
    ) AS r (name, kind) LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE %s', wanted.name,
                           wanted.kind);
        END IF;
    END LOOP;
END $$;

DO $$
BEGIN
    -- A settler that stopped answering must not keep the position's row locked for ever.
    EXECUTE format('ALTER ROLE petahour_settle IN DATABASE %I SET lock_timeout = %L',
                   current_database(), '2s');
    EXECUTE format('ALTER ROLE petahour_settle IN DATABASE %I SET idle_in_transaction_session_timeout = %L',
                   current_database(), '10s');
    IF NOT pg_has_role(current_user, 'petahour_owner', 'MEMBER') THEN
        EXECUTE format('GRANT petahour_owner TO %I', current_user);
    END IF;
END $$;

ALTER SCHEMA petahour OWNER TO petahour_owner;
REVOKE ALL ON SCHEMA petahour FROM PUBLIC;
GRANT USAGE ON SCHEMA petahour TO petahour_settle, petahour_auditor, petahour_member;
ALTER TABLE petahour.migration OWNER TO petahour_owner;
GRANT SELECT ON petahour.migration TO petahour_settle, petahour_auditor;

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- Raised for every change of a row that is part of the record.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of petahour.% is refused: its rows are appended and never changed',
        TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- Makes a table append-only for everybody, its owner and superusers included.
CREATE PROCEDURE make_append_only(name regclass)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s
                    FOR EACH ROW EXECUTE FUNCTION petahour.refuse_change()', name);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION petahour.refuse_change()', name);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', name);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_truncate', name);
END $$;

-- How far the rows go: one fenced row for the market of this database. Whoever writes rows first
-- moves this row, in the same transaction, from exactly where it stands.
CREATE TABLE position (
    market    text PRIMARY KEY,
    epoch     bigint NOT NULL CHECK (epoch > 0),
    last_seq  bigint NOT NULL CHECK (last_seq >= 0),
    last_chain_hash bytea NOT NULL CHECK (octet_length(last_chain_hash) = 32),
    moved_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Participants, orders and contracts are numbered per market: two markets need two databases.
CREATE UNIQUE INDEX position_one_market ON position ((true));

-- Takes the position for a new settlement process: from now on only the returned epoch writes.
-- The first call for a market makes the row.
CREATE FUNCTION take_position(the_market text)
RETURNS TABLE (epoch bigint, last_seq bigint, last_chain_hash bytea)
LANGUAGE sql AS $$
    INSERT INTO petahour.position AS p (market, epoch, last_seq, last_chain_hash)
    VALUES (the_market, 1, 0, decode(repeat('00', 32), 'hex'))
    ON CONFLICT (market) DO UPDATE SET epoch = p.epoch + 1, moved_at = clock_timestamp()
    RETURNING p.epoch, p.last_seq, p.last_chain_hash
$$;

-- Moves the position over records first_seq .. to_seq, or fails, and with it everything that the
-- transaction would write.
CREATE FUNCTION advance(the_market text, the_epoch bigint, first_seq bigint, to_seq bigint,
                        hash_before bytea, hash_after bytea)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    p petahour.position;
BEGIN
    SELECT * INTO p FROM petahour.position WHERE market = the_market FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this database has no position for market "%"', the_market
            USING ERRCODE = '55000';
    END IF;
    IF p.epoch <> the_epoch THEN
        RAISE EXCEPTION 'epoch % was taken over by epoch %: another petahour-settle writes here now',
            the_epoch, p.epoch USING ERRCODE = '55000';
    END IF;
    IF p.last_seq <> first_seq - 1 THEN
        RAISE EXCEPTION 'rows stand at record %, not at %', p.last_seq, first_seq - 1
            USING ERRCODE = '55000';
    END IF;
    IF p.last_seq > 0 AND p.last_chain_hash <> hash_before THEN
        RAISE EXCEPTION 'the chain hash at record % differs: these rows come from another journal',
            p.last_seq USING ERRCODE = '55000';
    END IF;
    IF to_seq < first_seq THEN
        RAISE EXCEPTION 'record % comes before record %', to_seq, first_seq
            USING ERRCODE = '55000';
    END IF;
    UPDATE petahour.position
       SET last_seq = to_seq, last_chain_hash = hash_after, moved_at = clock_timestamp()
     WHERE market = the_market;
END $$;

-- The position never goes back and is never removed, whoever tries.
CREATE FUNCTION position_goes_forward() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') OR NEW.market <> OLD.market OR NEW.epoch < OLD.epoch
       OR NEW.last_seq < OLD.last_seq
       OR (NEW.last_seq = OLD.last_seq AND NEW.last_chain_hash <> OLD.last_chain_hash) THEN
        RAISE EXCEPTION '% of petahour.position is refused: it only goes forward', TG_OP
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forward BEFORE UPDATE OR DELETE ON position
    FOR EACH ROW EXECUTE FUNCTION position_goes_forward();
CREATE TRIGGER forward_truncate BEFORE TRUNCATE ON position
    FOR EACH STATEMENT EXECUTE FUNCTION position_goes_forward();
ALTER TABLE position ENABLE ALWAYS TRIGGER forward;
ALTER TABLE position ENABLE ALWAYS TRIGGER forward_truncate;

CREATE TABLE account_kind (
    kind smallint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    about text NOT NULL
);
INSERT INTO account_kind VALUES
    (1, 'EXTERNAL', 'the world outside: deposits come from here; id 0'),
    (2, 'CASH', 'cash of the participant with this id'),
    (3, 'ESCROW', 'of the contract with this id: notional and fee not yet earned'),
    (4, 'BOND', 'of the contract with this id: what the supplier put down'),
    (5, 'FEES', 'what the exchange has earned; id 0');
CALL make_append_only('account_kind');

-- Balances in micro-units of the market's currency: what was credited less what was debited.
-- Half of each page stays free, so that a moved balance finds room beside the old one.
CREATE TABLE account (
    kind    smallint NOT NULL CHECK (kind BETWEEN 1 AND 5),    -- as in account_kind
    id      bigint NOT NULL CHECK (id >= 0),
    balance bigint NOT NULL,
    moves   bigint NOT NULL CHECK (moves >= 0),     -- transfers that touched it
    PRIMARY KEY (kind, id),
    CONSTRAINT never_negative CHECK (balance >= 0 OR kind = 1),
    CONSTRAINT id_fits_kind CHECK ((id = 0) = (kind IN (1, 5)))
) WITH (fillfactor = 50);
INSERT INTO account VALUES (1, 0, 0, 0), (5, 0, 0, 0);

-- An account can be moved, but not renamed or removed.
CREATE FUNCTION account_stays() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of petahour.account is refused: accounts stay', TG_OP
        USING ERRCODE = '42501';
END $$;
CREATE TRIGGER stays BEFORE DELETE OR UPDATE OF kind, id ON account
    FOR EACH ROW EXECUTE FUNCTION account_stays();
CREATE TRIGGER stays_truncate BEFORE TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION account_stays();
ALTER TABLE account ENABLE ALWAYS TRIGGER stays;
ALTER TABLE account ENABLE ALWAYS TRIGGER stays_truncate;

CREATE TABLE transfer_reason (
    reason smallint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    about text NOT NULL
);
INSERT INTO transfer_reason VALUES
    (1, 'DEPOSIT', 'external -> cash'),
    (2, 'WITHDRAWAL', 'cash -> external'),
    (3, 'NOTIONAL', 'buyer''s cash -> escrow'),
    (4, 'FEE_ESCROW', 'buyer''s cash -> escrow: the part of its fee not yet earned'),
    (5, 'FEE', 'buyer''s cash -> fees: the part earned at the trade'),
    (6, 'BOND', 'supplier''s cash -> bond');
CALL make_append_only('transfer_reason');

CREATE TABLE transfer (
    seq         bigint NOT NULL,      -- journal record that caused it
    number      integer NOT NULL CHECK (number > 0),        -- 1, 2, 3 ... within the record
    debit_kind  smallint NOT NULL,    -- pays
    credit_kind smallint NOT NULL,    -- receives
    reason      smallint NOT NULL,
    debit_id    bigint NOT NULL,
    credit_id   bigint NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (seq, number),
    CHECK ((debit_kind, debit_id) <> (credit_kind, credit_id)),
    CONSTRAINT reason_fits_accounts CHECK (
        (reason, debit_kind, credit_kind) IN
        ((1, 1, 2), (2, 2, 1), (3, 2, 3), (4, 2, 3), (5, 2, 5), (6, 2, 4)))
);
CALL make_append_only('transfer');

-- Every transfer seen from both sides.
CREATE VIEW entry WITH (security_invoker = true) AS
    SELECT seq, number, debit_kind AS kind, debit_id AS id, -amount AS amount, reason FROM transfer
    UNION ALL
    SELECT seq, number, credit_kind, credit_id, amount, reason FROM transfer;

GRANT SELECT ON ALL TABLES IN SCHEMA petahour TO petahour_auditor, petahour_settle;
GRANT INSERT ON transfer, account, position TO petahour_settle;
GRANT UPDATE (balance, moves) ON account TO petahour_settle;
GRANT UPDATE (epoch, last_seq, last_chain_hash, moved_at) ON position TO petahour_settle;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA petahour FROM PUBLIC;
REVOKE ALL ON ALL PROCEDURES IN SCHEMA petahour FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_position, advance TO petahour_settle;
