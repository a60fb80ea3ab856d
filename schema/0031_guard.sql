-- SPDX-License-Identifier: Apache-2.0
-- What a login could still do to others: hold locks by number, which settlement and migrations waited for,
-- and fill the disk with temporary tables and large objects. The list of migrations and the widths of
-- partitions get their guards. And the database says what is in it: COMMENT ON everything.

-- PUBLIC is everybody who may connect. Settlement and the programs beside it use none of these; a
-- superuser, who dumps and restores, may all. Privileges of the functions are in every dump, those of
-- the database in one that is restored with --create.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc
                WHERE pronamespace = 'pg_catalog'::regnamespace
                  AND proname ~ '^(pg_(try_)?advisory_\w+|lo_\w+|loread|lowrite|pg_logical_emit_message)$' LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO petahour_owner', current_database());
END $$;

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

-- ---- Partitions -----------------------------------------------------------------------------

-- As before, but two settlements that start at once wait for rows of `partitioned`, which nobody else
-- may lock.
CREATE OR REPLACE FUNCTION partitions_ahead(last_record bigint, last_order bigint, last_contract bigint)
RETURNS TABLE (records bigint, orders bigint, contracts bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = petahour, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    p partitioned;
    wanted bigint;
    room bigint;
BEGIN
    PERFORM FROM partitioned ORDER BY name FOR UPDATE;
    FOR p IN SELECT * FROM partitioned ORDER BY name LOOP
        wanted := p.width + CASE p.grows WHEN 'record' THEN last_record
                                         WHEN 'order' THEN last_order ELSE last_contract END;
        SELECT coalesce(max((regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                          'TO \(''?(\d+)''?\)'))[1]::bigint), 0)
          INTO room
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = format('petahour.%I', p.name)::regclass
           AND c.relname <> p.name || '_default';
        WHILE room <= wanted LOOP
            room := make_next_partition(p.name);
        END LOOP;
        CASE p.grows WHEN 'record' THEN records := least(records, room - p.width);
                     WHEN 'order' THEN orders := least(orders, room - p.width);
                     ELSE contracts := least(contracts, room - p.width); END CASE;
    END LOOP;
    RETURN NEXT;
END $$;

-- Rows that found no partition, counted up to 100,000, so that it costs little.
CREATE FUNCTION rows_without_partition() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = petahour, pg_temp AS $$
DECLARE
    most constant bigint := 100000;
    one text;
    here bigint;
    found_rows bigint := 0;
BEGIN
    FOR one IN SELECT name FROM partitioned LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM petahour.%I LIMIT %s) x', one || '_default',
                       most - found_rows) INTO here;
        found_rows := found_rows + here;
    END LOOP;
    RETURN found_rows;
END $$;
REVOKE ALL ON FUNCTION rows_without_partition() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rows_without_partition() TO petahour_settle, petahour_auditor;

-- ---- Guards ---------------------------------------------------------------------------------

CALL make_append_only('migration');

-- Of a partitioned table an operator changes how wide the next partitions are, and nothing else.
CREATE FUNCTION refuse_but_width() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR to_jsonb(OLD) - 'width' <> to_jsonb(NEW) - 'width' THEN
        RAISE EXCEPTION '% of petahour.% is refused: only its width is changed', TG_OP, TG_TABLE_NAME
            USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION refuse_but_width() FROM PUBLIC;
CREATE TRIGGER only_width BEFORE UPDATE OR DELETE ON partitioned
    FOR EACH ROW EXECUTE FUNCTION refuse_but_width();
CREATE TRIGGER only_width_truncate BEFORE TRUNCATE ON partitioned
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_but_width();
ALTER TABLE partitioned ENABLE ALWAYS TRIGGER only_width;
ALTER TABLE partitioned ENABLE ALWAYS TRIGGER only_width_truncate;

-- As before, but of every table, `member` excepted, which an operator keeps by hand; and of what is
-- everybody's in the database.
CREATE OR REPLACE VIEW reconcile_schema WITH (security_invoker = true) AS
    WITH record AS (
        SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity
          FROM pg_class c
         WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p')
           AND c.relname <> 'member')
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
     WHERE has_table_privilege('petahour_settle', r.oid, 'DELETE, TRUNCATE, UPDATE')
    UNION ALL
    SELECT 'not everybody takes locks by number, writes large objects or the log',
           format('function %s', p.oid::regprocedure), 0, 1
      FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace
       AND p.proname ~ '^(pg_(try_)?advisory_\w+|lo_\w+|loread|lowrite|pg_logical_emit_message)$'
       AND has_function_privilege('public', p.oid, 'EXECUTE')
    UNION ALL
    SELECT 'not everybody makes temporary tables', 'the database', 0, 1
     WHERE has_database_privilege('public', current_database(), 'TEMPORARY');

-- ---- What everything is -------------------------------------------------------------------

-- Relations, columns (`*` is a column of this name wherever nothing else is said of it) and functions.
CREATE TEMPORARY TABLE said (what text, name text, part text, comment text) ON COMMIT DROP;
INSERT INTO said (what, name, comment) VALUES
    ('relation', 'position', 'How far the rows go: one row for the market of this database, moved in the transaction that writes the rows'),
    ('relation', 'market', 'What opened the market: the first record of its journal'),
    ('relation', 'rules', 'Each version of the rulebook that was in force, from its record on'),
    ('relation', 'participant', 'Who is registered; keys are as registered, see key_change'),
    ('relation', 'participant_state', 'Changes of the state of a participant'),
    ('relation', 'key_change', 'Keys of participants: one that was added (a registration gives two), or revoked'),
    ('relation', 'site', 'Where compute is'),
    ('relation', 'hardware', 'What compute is made of'),
    ('relation', 'capacity', 'Hardware units that a supplier registered at a site'),
    ('relation', 'capacity_withdrawal', 'Hardware units that a supplier took back'),
    ('relation', 'capacity_attestation', 'Hardware units of a supplier that an auditor attested, with its signature'),
    ('relation', 'site_measurement', 'What a meter measured at a site, with its signature'),
    ('relation', 'probe', 'What a meter measured between a region and a site, with its signature'),
    ('relation', 'product', 'A product, a grade at one site, as it was listed; phase and state are those of now'),
    ('relation', 'terms', 'The terms of a product, by version; the first are as listed'),
    ('relation', 'product_phase', 'Changes of the phase of a product'),
    ('relation', 'product_state', 'Changes of the state of a product'),
    ('relation', 'reference_price', 'The reference price of a product from a record on'),
    ('relation', 'gate', 'A period of a product whose trading ended'),
    ('relation', 'payment', 'A deposit, or below zero a withdrawal, with the reference of the payment outside'),
    ('relation', 'order', 'An order as it was accepted, with how it ended'),
    ('relation', 'order_replacement', 'New terms of a resting order'),
    ('relation', 'order_period_lost', 'A period of an order that ended without execution'),
    ('relation', 'order_clip', 'The next part shown of an order that does not show all of its quantity'),
    ('relation', 'contract', 'A trade and the contract that it concluded'),
    ('relation', 'contract_root', 'A batch of the journal that concluded contracts, and the Merkle root of their leaves, which the notary signs'),
    ('relation', 'root_signature', 'The notary''s signature under the root of a batch; it held when it was written'),
    ('relation', 'contract_countersignature', 'What a party signed under a contract, and whether it holds'),
    ('relation', 'statement_signature', 'Whether what a participant signed of what it measured holds'),
    ('relation', 'notary_key', 'Keys of the notary in order: the first of the market, then those that an operator named'),
    ('relation', 'segment', 'A run of periods of a contract at one price and quantity'),
    ('relation', 'access', 'Access to what a contract delivers, sealed to the buyer''s key'),
    ('relation', 'delivery_report', 'What a supplier or meter reported of a contract-period, replaced reports too'),
    ('relation', 'confirmation', 'A contract-period that its buyer confirmed'),
    ('relation', 'dispute', 'A claim of a party about a contract-period; its deposit is a transfer of the same record'),
    ('relation', 'resolution', 'What an operator decided of a disputed contract-period'),
    ('relation', 'delivery_step', 'What happened to a contract-period before it was final, and when the window then open ends'),
    ('relation', 'delivery_final', 'A contract-period that is final, and which transfers of its record settled it'),
    ('relation', 'transfer', 'Money that moved: one account pays, one receives, a positive amount'),
    ('relation', 'account', 'An account and its balance, which is the sum of its transfers'),
    ('relation', 'day', 'The first record of each day (UTC) that has one: with it a month is a range of records'),
    ('relation', 'member', 'Which login role is which participant; an operator enters it by hand'),
    ('relation', 'backfill', 'Rows of earlier records that a migration left to the journal, and how far they are filled'),
    ('relation', 'payment_sum', 'What the cash of a participant paid and received in a month (UTC), by reason, up to the record in summed'),
    ('relation', 'price_sum', 'What a product was traded at on a day (UTC), up to the contract in summed'),
    ('relation', 'summed', 'Up to which record and contract payment_sum and price_sum go: one row'),
    ('relation', 'partitioned', 'Tables that have partitions: by what number, and how wide one is'),
    ('relation', 'migration', 'Files of the schema that were applied'),
    ('relation', 'account_kind', 'Names of the kinds of accounts'),
    ('relation', 'transfer_reason', 'Names of the reasons of transfers'),
    ('relation', 'order_state', 'Names of the states of orders'),
    ('relation', 'cancel_reason', 'Names of the reasons for which orders, or periods of orders, end'),
    ('relation', 'compute_type', 'Names of the types of compute'),
    ('relation', 'delivery_step_kind', 'Names of the steps of a contract-period'),
    ('relation', 'final_cause', 'Names of the causes for which a contract-period is final'),
    ('relation', 'capacity_by_period', 'Hardware units registered and sold of a supplier, site and hardware, from a period on until the next row'),
    ('relation', 'contract_as_concluded', 'Contracts of which nothing is final and nothing was sold on'),
    ('relation', 'contract_entry', 'What moved on escrow and bond of a contract; by kind it adds up to the balance'),
    ('relation', 'contract_progress', 'Unit-seconds of a contract: promised in all, sold on, and final'),
    ('relation', 'contract_readable', 'Contracts as people read them: times as times, money in whole units of the currency'),
    ('relation', 'contract_signed', 'Who has signed a contract: true, false (it does not hold), or null for not yet; and the notary''s key for it'),
    ('relation', 'contract_whole', 'Contracts of which no unit was sold on, and that are not such a part'),
    ('relation', 'delivery_report_history', 'Reports with the one that replaced each, and whether its signature holds'),
    ('relation', 'entry', 'Every transfer from both sides: a row for who pays, below zero, and one for who receives'),
    ('relation', 'final_broken', 'Where a formula of a final contract-period does not hold; a law for each is in reconcile_payment and others'),
    ('relation', 'final_by_segments', 'What a final contract-period was worth by the segments of its contract'),
    ('relation', 'key_life', 'Keys with the record that added and the one that revoked each'),
    ('relation', 'month', 'Months (UTC) that have records, as ranges of records'),
    ('relation', 'as_of', 'How far the rows go that answers are made of'),
    ('relation', 'my_contracts_next_week', 'What I get or deliver in the next seven days: what is left of each contract in them'),
    ('relation', 'my_order_fills', 'Which fills had my orders, segment by segment'),
    ('relation', 'my_segments', 'Segments of the contracts that name me, found by these'),
    ('relation', 'my_payments_by_contract', 'What I paid as a buyer, contract by contract, what came back, and what I got for what I sold on'),
    ('relation', 'my_payments_by_month', 'What my cash paid and received, by month and reason'),
    ('relation', 'my_statement', 'My account line by line; it adds up to my balance'),
    ('relation', 'order_history', 'An order from acceptance to end: replacements, lost periods, parts shown, fills'),
    ('relation', 'volume_by_compute_type', 'What was traded of each type of compute'),
    ('relation', 'reconcile', 'Every law of the books: a row is a place where one does not hold, so it must be empty'),
    ('relation', 'reconcile_sum', 'Law: all balances add up to zero'),
    ('relation', 'reconcile_balance', 'Law: a balance is the sum of its transfers'),
    ('relation', 'reconcile_negative', 'Law: only the account EXTERNAL is below zero'),
    ('relation', 'reconcile_escrow', 'Law: the escrow of a contract is what its periods that are not final need'),
    ('relation', 'reconcile_bond', 'Law: the bond account of a contract that is as concluded is its bond'),
    ('relation', 'reconcile_segment', 'Law: the notional of a contract is what its segments come to'),
    ('relation', 'reconcile_transfer', 'Law: transfers of a record are what its contracts and payments state'),
    ('relation', 'reconcile_party', 'Law: the orders of a contract are of its parties and its product'),
    ('relation', 'reconcile_quantity', 'Law: an order executes no more than it asked for'),
    ('relation', 'reconcile_number', 'Law: numbers run from 1 without a gap'),
    ('relation', 'reconcile_position', 'Law: no row is ahead of the position'),
    ('relation', 'reconcile_ended', 'Law: a contract delivers and sells on no more than it has, and one that is final or sold on keeps no money'),
    ('relation', 'reconcile_final', 'Law: a final contract-period pays out what it is worth, and its transfers are its own'),
    ('relation', 'reconcile_cause', 'Law: the figure of a final contract-period follows from its cause'),
    ('relation', 'reconcile_capacity', 'Law: a supplier sells no more than it registered'),
    ('relation', 'reconcile_attested', 'Law: a product that counts attested capacity alone sells no more than was attested'),
    ('relation', 'reconcile_state', 'Law: the state of a row is the last one that it was given'),
    ('relation', 'reconcile_partition', 'Law: every row has a partition of its own'),
    ('relation', 'reconcile_schema', 'Law: the guards are there: triggers that fire always, row security, privileges'),
    ('relation', 'reconcile_signature', 'Law: countersignatures are by keys of parties, and each signature of a statement is judged'),
    ('relation', 'reconcile_root', 'Law: a root is what the leaves of its batch come to, every contract is under one, and signatures are by the key in force'),
    ('relation', 'reconcile_backfill', 'Law: what a migration left to the journal is filled'),
    ('relation', 'reconcile_summed', 'Law: sums are those of the transfers and trades that they are of'),
    ('relation', 'reconcile_fee', 'Law: what each side owes of a trade is its rate of the notional, rounded down'),
    ('relation', 'reconcile_bond_unit', 'Law: every unit of a chain has the bond of a unit of its first contract'),
    ('relation', 'reconcile_payment', 'Law: a supplier is paid floor(N d / D), its fee share out of it'),
    ('relation', 'reconcile_supplier_fee', 'Law: the exchange''s share of a supplier''s fee follows what was paid so far'),
    ('relation', 'reconcile_refund', 'Law: the rest of the escrow of a contract-period goes back to its buyer'),
    ('relation', 'reconcile_compensation', 'Law: a buyer gets back its fee at the trade for what never came, rounded down'),
    ('relation', 'reconcile_penalty', 'Law: a penalty is floor(what is left of the bond (D - d) / D)'),
    ('relation', 'reconcile_bond_return', 'Law: the rest of the bond of a contract-period goes back to its supplier'),
    ('relation', 'reconcile_premium', 'Law: a premium is paid for what came, floor(premium d / D), the rest back to who paid it'),
    ('relation', 'reconcile_buyer_fee', 'Law: the exchange''s share of a buyer''s fee follows what was delivered so far'),
    ('relation', 'reconcile_fee_refund', 'Law: what is left of a buyer''s fee goes back to it at the end'),
    ('relation', 'reconcile_resale', 'Law: what was sold on has the supplier''s prices, and what a new buyer pays above them is premium'),
    ('relation', 'reconcile_split', 'Law: escrow, bond and older premiums go with what is sold on'),
    ('relation', 'reconcile_deposit', 'Law: a deposit is the larger of the product''s and what the difference is worth, rounded up'),
    ('relation', 'reconcile_deposit_end', 'Law: a deposit goes back unless the figure is the reported one'),
    ('relation', 'reconcile_kept', 'Law: a contract keeps exactly what its periods that are not final need');

INSERT INTO said (what, name, part, comment) VALUES
    ('column', '*', 'seq', 'Record of the journal that caused it'),
    ('column', '*', 'number', 'Place of the event within its record, from 1'),
    ('column', '*', 'at_ns', 'Stamp of its record: nanoseconds since 1970, UTC; see at_time()'),
    ('column', '*', 'measured_at_ns', 'When it was measured: nanoseconds since 1970, UTC; see at_time()'),
    ('column', '*', 'period', 'Period, counted since 1970 in steps of the product''s period_seconds; see period_time()'),
    ('column', '*', 'first_period', 'First period, counted since 1970 in steps of period_seconds; see period_time()'),
    ('column', '*', 'periods', 'How many periods, from first_period on'),
    ('column', '*', 'period_seconds', 'Length of a period in seconds: 900, 3600 or 86400'),
    ('column', '*', 'participant', 'Participant (participant.id)'),
    ('column', '*', 'buyer', 'Participant that buys'),
    ('column', '*', 'supplier', 'Participant that supplies'),
    ('column', '*', 'seller', 'Participant that sold: the supplier, or of a resale who sold it on'),
    ('column', '*', 'meter', 'Participant that measures'),
    ('column', '*', 'product', 'Product (product.id)'),
    ('column', '*', 'contract', 'Contract (contract.id)'),
    ('column', '*', 'order', 'Order ("order".id)'),
    ('column', '*', 'site', 'Site (site.id)'),
    ('column', '*', 'hardware', 'Hardware (hardware.id)'),
    ('column', '*', 'signature', 'Ed25519 signature, 64 bytes'),
    ('column', '*', 'key', 'Public key, 32 bytes'),
    ('column', '*', 'curve_key', 'Curve25519 public key of its connections as registered, 32 bytes'),
    ('column', '*', 'sign_key', 'Ed25519 public key of its signatures as registered, 32 bytes'),
    ('column', '*', 'holds', 'Whether the signature holds, as settlement verified it'),
    ('column', '*', 'quantity', 'Units in each period'),
    ('column', '*', 'units', 'Hardware units in each period'),
    ('column', '*', 'unit_periods', 'Units by periods, added up'),
    ('column', '*', 'price', 'Price of a unit and period, micro-units of the market''s currency'),
    ('column', '*', 'notional', 'Price by quantity and periods, micro-units'),
    ('column', '*', 'amount', 'Micro-units of the market''s currency'),
    ('column', '*', 'delivered', 'Unit-seconds that were delivered'),
    ('column', '*', 'promised', 'Unit-seconds that were promised'),
    ('column', '*', 'reason', 'Code of transfer_reason'),
    ('column', '*', 'kind', 'Code of account_kind'),
    ('column', '*', 'law', 'What is to hold'),
    ('column', '*', 'subject', 'Where it does not'),
    ('column', '*', 'stated', 'The figure that one side of the law states'),
    ('column', '*', 'found', 'The figure that the other side gives'),
    ('column', '*', 'begins_s', 'When delivery begins: seconds since 1970, UTC'),
    ('column', '*', 'ends_s', 'When the last period ends: seconds since 1970, UTC'),
    ('column', '*', 'begins_at', 'When delivery begins'),
    ('column', '*', 'ends_at', 'When delivery ends'),
    ('column', '*', 'concluded_at', 'When it was concluded'),
    ('column', '*', 'month', 'First day of the month, UTC'),
    ('column', '*', 'from_contract', 'Of a resale the contract that is sold on; null: none'),
    ('column', '*', 'place', 'Number drawn when it joined its queue, which decides priority'),
    ('column', '*', 'hold', 'Micro-units held for it before anything executed: BUY cash, SELL bond'),
    ('column', '*', 'reference', 'Number of the command that its sender chose, strictly increasing, so that a resend adds nothing'),
    ('column', '*', 'region', 'Code of a region'),
    ('column', '*', 'phase', 'OPEN 1, CALL 2, HALTED 3, CLOSED 4'),
    ('column', '*', 'terms_version', 'Version of its terms (terms.version)'),
    ('column', '*', 'trade', 'Number of the trade, from 1'),
    ('column', '*', 'leaf', 'SHA-256 leaf hash of its document, which notary and parties sign, 32 bytes; null until it is filled'),
    ('column', '*', 'pue_ppm', 'Power usage effectiveness in millionths, at least 1000000'),
    ('column', '*', 'side', 'BUY 1, SELL 2'),
    ('column', '*', 'buy_order', 'Order of the buyer ("order".id)'),
    ('column', '*', 'sell_order', 'Order of the seller ("order".id)'),
    ('column', '*', 'taker', 'Side of the order that arrived: BUY 1, SELL 2'),
    ('column', '*', 'buyer_fee', 'What the buyer owes in all, micro-units'),
    ('column', '*', 'supplier_fee', 'What the supplier owes in all, micro-units'),
    ('column', '*', 'buyer_fee_at_trade', 'Part of buyer_fee that is due at the trade, micro-units; the rest is kept in escrow'),
    ('column', '*', 'bond', 'What the supplier put down for it, micro-units'),
    ('column', '*', 'segments', 'How many segments it has'),
    ('column', '*', 'supplier_notional', 'Part of notional at the supplier''s prices, micro-units'),
    ('column', '*', 'premium', 'Of a resale what was paid above the supplier''s prices, micro-units'),
    ('column', '*', 'reseller_fee', 'Of a resale the fee that is due at the trade, micro-units'),
    ('column', '*', 'first_seq', 'First record'),
    ('column', '*', 'next_seq', 'First record of the month after it'),
    ('column', '*', 'transfers', 'How many transfers of the record settled it, from first_transfer on'),
    ('column', '*', 'first_transfer', 'Number of the first of them within the record'),
    ('column', '*', 'symbol', 'Name of the product on the market'),
    ('column', '*', 'compute_type', 'GENERAL 1, AI 2, SUPERCOMPUTING 3, EDGE 4'),
    ('column', '*', 'architecture', 'X86 1, ARM 2, MIPS 3, POWER 4, RISC_V 5, ALPHA 6, GPU 7, ASIC 8, FPGA 9, NPU 10'),
    ('column', '*', 'unit', 'What one unit is, as in card, core or node'),
    ('column', '*', 'hardware_units', 'Hardware units that one unit of the product takes'),
    ('column', '*', 'gflops_fp16', 'GFLOPS of a unit at FP16; 0: not stated'),
    ('column', '*', 'gflops_fp32', 'GFLOPS of a unit at FP32; 0: not stated'),
    ('column', '*', 'gflops_fp64', 'GFLOPS of a unit at FP64; 0: not stated'),
    ('column', '*', 'memory_mib', 'MiB of memory of a unit; 0: not stated'),
    ('column', '*', 'availability_ppm', 'Service level in millionths'),
    ('column', '*', 'tick', 'Prices are multiples of it, micro-units'),
    ('column', '*', 'lot', 'Quantities are multiples of it'),
    ('column', '*', 'quantity_max', 'Largest quantity of an order'),
    ('column', '*', 'block_periods_max', 'Periods of the longest block'),
    ('column', '*', 'horizon', 'How many periods ahead are open'),
    ('column', '*', 'gate_seconds', 'Seconds before its start at which a period closes'),
    ('column', '*', 'maker_ppm', 'Fee of who rested, millionths of the notional'),
    ('column', '*', 'taker_ppm', 'Fee of who arrived, millionths of the notional'),
    ('column', '*', 'fee_at_trade_ppm', 'Part of the buyer''s fee that is due at the trade, millionths'),
    ('column', '*', 'bond_fixed', 'Least bond of a unit and period, micro-units'),
    ('column', '*', 'bond_ppm', 'Bond of a unit and period, millionths of the limit or the reference price, the higher of the two'),
    ('column', '*', 'report_seconds', 'Seconds in which a period is reported'),
    ('column', '*', 'dispute_seconds', 'Seconds in which a report is disputed'),
    ('column', '*', 'resolve_seconds', 'Seconds in which a dispute is resolved'),
    ('column', '*', 'dispute_deposit', 'Least that a claim puts down, micro-units'),
    ('column', '*', 'reference_price', 'Reference price as listed, until a trade sets it, micro-units'),
    ('column', '*', 'band_ppm', 'Prices further from the reference price than this are refused, millionths; 0: no band'),
    ('column', '*', 'terms_hash', 'SHA-256 of the text of the terms'),
    ('column', '*', 'attested_only', 'Counts attested capacity alone'),
    ('column', 'product', 'meter', 'Participant that reports; null: the supplier does'),
    ('column', 'terms', 'meter', 'Participant that reports; null: the supplier does'),
    ('column', 'product', 'state', 'LISTED 1, HALTED 2, DELISTED 3'),
    ('column', 'product_state', 'state', 'LISTED 1, HALTED 2, DELISTED 3'),
    ('column', 'participant', 'state', 'ACTIVE 1, SUSPENDED 2, CLOSED 3'),
    ('column', 'participant_state', 'state', 'ACTIVE 1, SUSPENDED 2, CLOSED 3'),
    ('column', 'participant', 'roles', 'Bits: SUPPLIER 1, BUYER 2, METER 4, AUDITOR 8, OPERATOR 16'),
    ('column', 'key_change', 'use', 'CONNECTION 1, SIGNATURE 2, READING 3'),
    ('column', 'key_life', 'use', 'CONNECTION 1, SIGNATURE 2, READING 3'),
    ('column', 'key_change', 'is_added', 'Added; false: revoked'),
    ('column', 'key_life', 'added_seq', 'Record that added it'),
    ('column', 'key_life', 'revoked_seq', 'Record that revoked it; null: it holds'),
    ('column', 'market', 'currency', 'Three letters of ISO 4217'),
    ('column', 'market', 'rules_version', 'Version of the rulebook at its opening'),
    ('column', 'market', 'operator_curve_key', 'Curve25519 public key of the first operator, 32 bytes'),
    ('column', 'market', 'operator_sign_key', 'Ed25519 public key of the first operator, 32 bytes'),
    ('column', 'market', 'notary_sign_key', 'Ed25519 public key of the notary at its opening, 32 bytes'),
    ('column', 'site', 'owner', 'Participant that runs it'),
    ('column', 'site', 'latitude_udeg', 'Millionths of a degree, WGS 84'),
    ('column', 'site', 'longitude_udeg', 'Millionths of a degree, WGS 84'),
    ('column', 'site', 'racks', 'Standard racks of 2.5 kW'),
    ('column', 'capacity_attestation', 'auditor', 'Participant that attests'),
    ('column', 'capacity_attestation', 'document', 'SHA-256 of the document that it rests on, 32 bytes'),
    ('column', 'site_measurement', 'cue_ppm', 'Carbon usage: millionths of kg CO2e for each kWh of IT energy'),
    ('column', 'site_measurement', 'wue_ppm', 'Water usage: millionths of a litre for each kWh of IT energy'),
    ('column', 'site_measurement', 'green_grade', '1 (best) to 5'),
    ('column', 'probe', 'rtt_us', 'Round-trip time, microseconds'),
    ('column', 'probe', 'bandwidth_mbps', 'Millions of bits a second'),
    ('column', 'probe', 'reachable_ppm', 'Attempts that arrived, millionths'),
    ('column', 'payment', 'amount', 'Micro-units; below zero: withdrawn'),
    ('column', 'payment', 'reference', 'Reference of the payment outside'),
    ('column', 'order', 'client_order_id', 'Number that its participant chose'),
    ('column', 'order', 'shape', 'EACH 1, BLOCK 2, FLEX 3'),
    ('column', 'order', 'time_in_force', 'GTC 1, GTT 2, IOC 3, FOK 4'),
    ('column', 'order', 'stp', 'What self-trade prevention cancels: CANCEL_INCOMING 1, CANCEL_RESTING 2'),
    ('column', 'order', 'all_or_none', 'The whole quantity at once, or nothing'),
    ('column', 'order', 'post_only', 'Never takes'),
    ('column', 'order', 'duration', 'FLEX: periods of the block; otherwise 0'),
    ('column', 'order', 'price', 'Limit for a unit and period, of BLOCK and FLEX for the average, micro-units'),
    ('column', 'order', 'display_quantity', 'Quantity that is shown at a time; 0: all'),
    ('column', 'order', 'expire_at_ns', 'When it expires: nanoseconds since 1970, UTC; null: it does not'),
    ('column', 'order', 'state', 'RESTING 1, FILLED 2, CANCELLED 3'),
    ('column', 'order', 'cancel_reason', 'Code of cancel_reason; null: it was not cancelled'),
    ('column', 'order', 'cancelled', 'Unit-periods that were open when it was cancelled'),
    ('column', 'order', 'ended_seq', 'Record in which it ended; null: it rests'),
    ('column', 'order_replacement', 'quantity', 'New total for each period, what was executed included'),
    ('column', 'order_replacement', 'unit_periods', 'Unit-periods open, before anything executes'),
    ('column', 'order_period_lost', 'reason', 'Code of cancel_reason'),
    ('column', 'order_history', 'number', 'Place within the record; a fill and an end stand behind what came before them'),
    ('column', 'order_history', 'what', 'ACCEPTED, REPLACED, PERIOD_LOST, CLIP_SHOWN, FILL, FILLED or CANCELLED'),
    ('column', 'order_history', 'price', 'Micro-units for a unit and period, of a fill the average of the contract; null: none'),
    ('column', 'order_history', 'quantity', 'Units in each period, of a fill or an end unit-periods'),
    ('column', 'order_history', 'reason', 'Why, or the contract of a fill'),
    ('column', 'contract_root', 'first_seq', 'First record of the batch'),
    ('column', 'contract_root', 'first_contract', 'First contract of the batch; a leaf index is a contract''s number less this'),
    ('column', 'contract_root', 'leaf_count', 'How many contracts the batch concluded'),
    ('column', 'contract_root', 'root', 'Merkle root of their leaves as in RFC 6962, SHA-256, 32 bytes'),
    ('column', 'root_signature', 'first_seq', 'First record of the batch (contract_root.first_seq)'),
    ('column', 'root_signature', 'key', 'Ed25519 public key of the notary that signed, 32 bytes'),
    ('column', 'root_signature', 'signature', 'Ed25519 signature under the text of the root, 64 bytes'),
    ('column', 'statement_signature', 'kind', 'ATTEST_CAPACITY, MEASURE_SITE, REPORT_PROBE or REPORT_DELIVERY'),
    ('column', 'notary_key', 'proof', 'Signature by the key itself, 64 bytes; null: the first key'),
    ('column', 'notary_key', 'endorsement', 'Signature by the key before it, 64 bytes; null: none'),
    ('column', 'notary_key', 'holds', 'Whether the proof holds'),
    ('column', 'notary_key', 'is_endorsed', 'Whether the endorsement holds'),
    ('column', 'notary_key', 'from_seq', 'Signs the batches that begin at this record or later; null: none'),
    ('column', 'segment', 'number', 'Place within the contract, from 1'),
    ('column', 'access', 'sealed', 'What the supplier handed over, readable with the buyer''s key alone'),
    ('column', 'delivery_report', 'reporter', 'Participant that reported'),
    ('column', 'delivery_report', 'energy_wh', 'Watt-hours; null: not stated'),
    ('column', 'delivery_report_history', 'reporter', 'Participant that reported'),
    ('column', 'delivery_report_history', 'energy_wh', 'Watt-hours; null: not stated'),
    ('column', 'delivery_report_history', 'replaced_by', 'Record of the report that replaced it; null: it is the last one'),
    ('column', 'delivery_report_history', 'holds', 'Whether its signature holds; null: not judged yet'),
    ('column', 'dispute', 'claimant', 'Participant that claims'),
    ('column', 'dispute', 'claim', 'Unit-seconds that it says were delivered'),
    ('column', 'resolution', 'operator', 'Participant that decided'),
    ('column', 'delivery_step', 'step', 'REPORTED 1, CONFIRMED 2, DISPUTED 3, METER_SILENT 4'),
    ('column', 'delivery_step', 'by', 'Participant; null: time'),
    ('column', 'delivery_step', 'figure', 'Unit-seconds reported or claimed'),
    ('column', 'delivery_step', 'due_ns', 'When the window then open ends: nanoseconds since 1970, UTC'),
    ('column', 'delivery_final', 'cause', 'CONFIRMED 1, AGREED 2, NO_REPORT 3, RESOLVED 4, UNRESOLVED 5'),
    ('column', 'transfer', 'number', '1, 2, 3 ... within the record'),
    ('column', 'transfer', 'debit_kind', 'Code of account_kind: the account that pays'),
    ('column', 'transfer', 'debit_id', 'Number of the account that pays: participant of CASH, contract of most others, 0 of EXTERNAL and FEES'),
    ('column', 'transfer', 'credit_kind', 'Code of account_kind: the account that receives'),
    ('column', 'transfer', 'credit_id', 'Number of the account that receives, as debit_id'),
    ('column', 'transfer', 'amount', 'Micro-units of the market''s currency, more than 0'),
    ('column', 'entry', 'number', 'Number of the transfer within its record'),
    ('column', 'entry', 'id', 'Number of the account: participant of CASH, contract of most others, 0 of EXTERNAL and FEES'),
    ('column', 'entry', 'amount', 'Micro-units; below zero: the account pays'),
    ('column', 'account', 'id', 'Participant of CASH, contract of ESCROW, BOND, DEPOSIT and PREMIUM, 0 of EXTERNAL and FEES'),
    ('column', 'account', 'balance', 'Micro-units: what was credited less what was debited'),
    ('column', 'account', 'moves', 'How many transfers touched it'),
    ('column', 'account_kind', 'about', 'What is on such an account'),
    ('column', 'transfer_reason', 'about', 'From which account to which'),
    ('column', 'cancel_reason', 'reason', 'Code'),
    ('column', 'order_state', 'state', 'Code'),
    ('column', 'delivery_step_kind', 'step', 'Code'),
    ('column', 'final_cause', 'cause', 'Code'),
    ('column', 'account_kind', 'kind', 'Code'),
    ('column', 'transfer_reason', 'reason', 'Code'),
    ('column', 'compute_type', 'compute_type', 'Code'),
    ('column', 'day', 'day', 'Day, UTC'),
    ('column', 'day', 'first_seq', 'First record of it'),
    ('column', 'member', 'role_name', 'Login role, as the server authenticated it'),
    ('column', 'backfill', 'name', 'Table, or table.column'),
    ('column', 'backfill', 'to_seq', 'Rows up to this record are missing or were; null: no settlement has said yet up to where'),
    ('column', 'backfill', 'done_seq', 'Rows up to this record are there'),
    ('column', 'payment_sum', 'paid', 'Micro-units that left its cash'),
    ('column', 'payment_sum', 'received', 'Micro-units that came in'),
    ('column', 'price_sum', 'day', 'Day of the trade, UTC'),
    ('column', 'price_sum', 'contracts', 'How many contracts'),
    ('column', 'price_sum', 'low', 'Lowest price, micro-units'),
    ('column', 'price_sum', 'high', 'Highest price, micro-units'),
    ('column', 'price_sum', 'value', 'Price by quantity and periods, added up, micro-units'),
    ('column', 'summed', 'seq', 'Last record that is in the sums'),
    ('column', 'summed', 'contract', 'Last contract that is in the sums'),
    ('column', 'summed', 'every', 'How many records are added up at once; an operator may change it'),
    ('column', 'partitioned', 'name', 'Name of the table'),
    ('column', 'partitioned', 'key', 'Column by which it is partitioned'),
    ('column', 'partitioned', 'grows', 'What that column numbers: record, order or contract'),
    ('column', 'partitioned', 'width', 'How many numbers the next partitions hold; an operator may change it'),
    ('column', 'partitioned', 'filled', 'How full pages of its partitions are made, percent'),
    ('column', 'migration', 'number', 'Number of the file, which is the order'),
    ('column', 'migration', 'name', 'Name of the file'),
    ('column', 'migration', 'sha256', 'SHA-256 of the file as it was applied'),
    ('column', 'migration', 'applied_at', 'When it was begun'),
    ('column', 'position', 'market', 'Name of the market'),
    ('column', 'position', 'epoch', 'Grows with each settlement that takes it; only the last one writes'),
    ('column', 'position', 'last_seq', 'Last record whose rows are here'),
    ('column', 'position', 'last_chain_hash', 'Chain hash of the journal at that record, SHA-256, 32 bytes'),
    ('column', 'position', 'moved_at', 'When it was moved last'),
    ('column', 'capacity_by_period', 'registered', 'Hardware units'),
    ('column', 'capacity_by_period', 'sold', 'Hardware units'),
    ('column', 'contract_entry', 'number', 'Number of the transfer within its record'),
    ('column', 'contract_entry', 'amount', 'Micro-units; below zero: it left'),
    ('column', 'contract_progress', 'sold_on', 'Unit-seconds that were sold on'),
    ('column', 'contract_progress', 'final', 'Unit-seconds of periods that are final'),
    ('column', 'contract_readable', 'notional', 'Whole units of the currency'),
    ('column', 'contract_readable', 'average_price', 'Price of a unit and period, whole units of the currency'),
    ('column', 'volume_by_compute_type', 'compute_type', 'Name of the type'),
    ('column', 'volume_by_compute_type', 'contracts', 'How many contracts'),
    ('column', 'volume_by_compute_type', 'notional', 'Whole units of the currency'),
    ('column', 'volume_by_compute_type', 'average_price', 'Price of a unit and period, whole units of the currency'),
    ('column', 'contract_signed', 'buyer_signed', 'Null: not yet; false: its signature does not hold'),
    ('column', 'contract_signed', 'supplier_signed', 'Null: not yet; false: its signature does not hold'),
    ('column', 'contract_signed', 'seller_signed', 'Null: not yet; false: its signature does not hold'),
    ('column', 'contract_signed', 'notary_key', 'Public key in force for its batch, 32 bytes'),
    ('column', 'final_broken', 'formula', 'Which law of reconcile_ it is'),
    ('column', 'final_by_segments', 'notional', 'Price by quantity of this period, micro-units'),
    ('column', 'month', 'first_seq', 'First record of it'),
    ('column', 'my_contracts_next_week', 'side', 'BUYER or SUPPLIER'),
    ('column', 'my_contracts_next_week', 'units', 'The most at one time'),
    ('column', 'my_contracts_next_week', 'unit_hours', 'Of what is left, in these days'),
    ('column', 'my_contracts_next_week', 'value', 'Of what is left in these days, whole units of the currency'),
    ('column', 'my_order_fills', 'side', 'BUY or SELL'),
    ('column', 'my_order_fills', 'segment', 'Number of the segment'),
    ('column', 'my_order_fills', 'price', 'Price of a unit and period, whole units of the currency'),
    ('column', 'my_order_fills', 'fee', 'My fee of the whole contract, whole units of the currency'),
    ('column', 'my_payments_by_contract', 'paid', 'At its conclusion, fee included, whole units of the currency'),
    ('column', 'my_payments_by_contract', 'came_back', 'To whomever it was sold on since; whole units of the currency'),
    ('column', 'my_payments_by_contract', 'sold_on', 'What I received for what I sold on, at once and as premiums, less my fees; whole units of the currency'),
    ('column', 'my_payments_by_contract', 'deposits', 'What disputes hold or took of my deposits, less what they gave me of others; whole units of the currency'),
    ('column', 'as_of', 'market', 'Its name'),
    ('column', 'as_of', 'seq', 'Last record of the journal whose rows are here'),
    ('column', 'as_of', 'written_at', 'When settlement wrote them'),
    ('column', 'my_segments', 'contract', 'Its number'),
    ('column', 'my_payments_by_month', 'reason', 'Name of the reason'),
    ('column', 'my_payments_by_month', 'paid', 'Whole units of the currency'),
    ('column', 'my_payments_by_month', 'received', 'Whole units of the currency'),
    ('column', 'my_statement', 'number', 'Number of the transfer within its record'),
    ('column', 'my_statement', 'reason', 'Name of the reason'),
    ('column', 'my_statement', 'amount', 'Micro-units; below zero: it left my cash');

INSERT INTO said (what, name, comment) VALUES
    ('function', 'at_time', 'The time of a stamp (nanoseconds since 1970, UTC), to the microsecond'),
    ('function', 'period_time', 'The time at which a period begins'),
    ('function', 'me', 'The participant whose rows this session may see, by its login role; an error for a role that is not entered in member'),
    ('function', 'reach', 'How long before its end a contract can have been concluded, seconds'),
    ('function', 'site_use', 'Hardware-unit hours of a site registered, sold and delivered, by day (UTC) and supplier; supplier null: of all'),
    ('function', 'site_utilisation', 'Hardware-unit hours of a site registered, sold and delivered, by day (UTC) and supplier; its owner and auditors are told all (supplier null), a supplier there its own'),
    ('function', 'my_site_utilisation', 'The same of every site that I own or supply at'),
    ('function', 'my_contract_periods', 'What is left of my contracts, period by period, between two moments'),
    ('function', 'my_links', 'The contracts that hold units which I sold on, each with the one of mine that it leads back to'),
    ('function', 'my_reports', 'Delivery reports of the periods that begin on these days (UTC), of contracts that name me or hold what I sold on'),
    ('function', 'price_history', 'Contracts, unit-periods, and low, high and average price (whole units of the currency) of a product, by day (UTC)'),
    ('function', 'my_statement_of', 'My account in one month, line by line'),
    ('function', 'my_invoice', 'What I was charged and used in a month, in the columns of FOCUS 1.4'),
    ('function', 'invoice', 'What a participant was charged and used in a month, in the columns of FOCUS 1.4'),
    ('function', 'invoice_transfer', 'Transfers of a month that concern the cash of a participant or what is kept for it, each with its contract'),
    ('function', 'invoice_charge', 'Charges of a participant and month, and what each is of'),
    ('function', 'invoice_part', 'What a charge for hours has of the segments of a contract'),
    ('function', 'focus_time', 'A time as FOCUS writes it'),
    ('function', 'premium_of', 'The contract with which a participant paid a premium that comes back from this one: itself, or the one that it was sold on from'),
    ('function', 'my_delivery_steps', 'What happened to the periods of a contract of mine, or one whose units I sold on'),
    ('function', 'sold_on_by_me', 'Contracts that hold units which I sold on'),
    ('function', 'contract_proof', 'What proves a contract: leaf index and count, inclusion proof, root, the text that the notary signs, and the signed root'),
    ('function', 'merkle_path', 'The root of these leaves (32 bytes each), and the inclusion proof of the one at this place, from 0'),
    ('function', 'contract_chain', 'Contracts that were sold on in part, and such parts, with the first of their chain'),
    ('function', 'contract_lot', 'Units of a contract-period of a chain at one price, and what each holder pays; units leave from the lowest price up'),
    ('function', 'period_worth', 'What a contract-period that is final or was disputed is worth'),
    ('function', 'contract_rate', 'The rates of a contract: who arrived takes, the other makes'),
    ('function', 'final_paid', 'A final contract-period with what its record moved for it'),
    ('function', 'fee_event', 'What happened to the escrowed fee of a contract, in order'),
    ('function', 'claim', 'A claim with the report that it is about, its deposit, and the record in which it ended'),
    ('function', 'final_figure', 'A final contract-period with its last report and confirmation, what was resolved, and the range of what was claimed'),
    ('function', 'attested_by_period', 'Attested units of a supplier, site and hardware, by stretches of periods'),
    ('function', 'reconcile_laws', 'All laws of the books, which the view reconcile shows'),
    ('function', 'take_position', 'Takes the position for a new settlement: from now on only the returned epoch writes'),
    ('function', 'advance', 'Moves the position over records, or fails, and with it the transaction that writes their rows'),
    ('function', 'fill', 'Moves what is filled of earlier records, or fails, and with it the transaction that writes their rows'),
    ('function', 'sum_up', 'Adds up the records that came since, as soon as they are many; gives the record from which it is to be asked again'),
    ('function', 'sign_roots', 'Writes signatures of the notary that are not there yet, or fails'),
    ('function', 'partitions_ahead', 'Makes partitions until every table has room for these numbers and for one partition more; gives the numbers from which it is to be asked again'),
    ('function', 'make_next_partition', 'Makes the next partition of a table; gives the number behind its last one'),
    ('function', 'rows_without_partition', 'Rows that found no partition, counted up to 100,000'),
    ('function', 'make_append_only', 'Makes a table append-only for everybody, its owner and superusers included'),
    ('function', 'make_partitioned', 'Makes an empty table a partitioned one'),
    ('function', 'keep_partition', 'Guards a partition against TRUNCATE'),
    ('function', 'refuse_change', 'Trigger: rows are appended and never changed'),
    ('function', 'refuse_but_state', 'Trigger: only a state is changed'),
    ('function', 'refuse_but_width', 'Trigger: only a width is changed'),
    ('function', 'position_goes_forward', 'Trigger: the position only goes forward'),
    ('function', 'account_stays', 'Trigger: an account is moved, never renamed or removed'),
    ('function', 'order_ends_once', 'Trigger: an order ends once, and nothing else of it changes'),
    ('function', 'backfill_goes_forward', 'Trigger: what is filled only grows'),
    ('function', 'contract_gets_leaf', 'Trigger: of a contract only a leaf that is missing is added'),
    ('function', 'sums_grow', 'Trigger: sums only grow');

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, s.name, s.comment
                 FROM said s JOIN pg_class c ON c.relname = s.name AND c.relkind IN ('r', 'p', 'v')
                  AND c.relnamespace = 'petahour'::regnamespace WHERE s.what = 'relation' LOOP
        EXECUTE format('COMMENT ON %s petahour.%I IS %L', one.kind, one.name, one.comment);
    END LOOP;
    FOR one IN SELECT DISTINCT ON (c.oid, a.attnum) c.relname, a.attname, s.comment
                 FROM said s JOIN pg_attribute a ON a.attname = s.part AND a.attnum > 0
                 JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v')
                  AND c.relnamespace = 'petahour'::regnamespace AND NOT c.relispartition
                WHERE s.what = 'column' AND s.name IN (c.relname, '*')
                  AND (s.name <> '*' OR col_description(c.oid, a.attnum) IS NULL)
                ORDER BY c.oid, a.attnum, s.name = '*' LOOP
        EXECUTE format('COMMENT ON COLUMN petahour.%I.%I IS %L', one.relname, one.attname, one.comment);
    END LOOP;
    FOR one IN SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind,
                      p.oid::regprocedure AS name, s.comment
                 FROM said s JOIN pg_proc p ON p.proname = s.name
                  AND p.pronamespace = 'petahour'::regnamespace WHERE s.what = 'function' LOOP
        EXECUTE format('COMMENT ON %s %s IS %L', one.kind, one.name, one.comment);
    END LOOP;
END $$;
COMMENT ON SCHEMA petahour IS 'Rows of the market, which petahour-settle computes from the journal: money in micro-units of the market''s currency, periods counted since 1970, stamps in nanoseconds UTC';

-- Verify: nobody is let in by PUBLIC, every table has its guards, and everything that was here says what it is.
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM reconcile_schema
                        WHERE law LIKE 'not everybody %' OR subject IN ('migration', 'partitioned')),
        'PUBLIC may none of it, and migrations and widths are guarded';
    ASSERT has_function_privilege('petahour_settle', 'rows_without_partition()', 'EXECUTE')
       AND NOT has_function_privilege('public', 'rows_without_partition()', 'EXECUTE'),
        'settlement counts';
    ASSERT NOT EXISTS (SELECT FROM said s
                        WHERE s.what = 'relation' AND to_regclass(format('petahour.%I', s.name)) IS NOT NULL
                          AND obj_description(to_regclass(format('petahour.%I', s.name)), 'pg_class') IS NULL),
        'relations say what they are';
END $$;
