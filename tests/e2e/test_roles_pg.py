#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may see and write what, for every table, view and function of the catalogue: one that is new
is named here, or the test fails.

Arguments: petahour-settle, make_journal, compare (built programs)."""

from settle_rig import SettleCase, main

PER_HOUR, RECORDS = 100, 2500
BUYER, SUPPLIER = 6, 2

# Everybody's, for every member.
PUBLIC = {
    "account_kind", "as_of", "cancel_reason", "capacity", "capacity_attestation", "capacity_withdrawal",
    "compute_type", "contract_root", "day", "delivery_step_kind", "final_cause", "gate", "hardware", "key_change",
    "key_life", "market", "month", "notary_key", "order_state", "participant_state", "probe",
    "price_sum", "product", "product_phase", "product_state", "reference_price", "root_signature", "rules", "site",
    "site_measurement", "summed", "terms", "transfer_reason",
}

CONTRACTS = ("SELECT id FROM petahour.contract WHERE buyer = {n} OR supplier = {n}"
             " OR (from_contract IS NOT NULL AND seller = {n})")
# Those that it buys or supplies, and with those that it sold on and that hold units of these.
HELD = "SELECT id FROM petahour.contract WHERE buyer = {n} OR supplier = {n}"
CHAIN = (CONTRACTS + " UNION (WITH RECURSIVE part AS (SELECT id FROM petahour.contract WHERE seller = {n}"
         " AND from_contract IS NOT NULL UNION SELECT c.id FROM part JOIN petahour.contract c ON"
         " c.from_contract = part.id) SELECT id FROM part)")
CASH = "(debit_kind = 2 AND debit_id = {n}) OR (credit_kind = 2 AND credit_id = {n})"
MONEY = (CASH + " OR (debit_kind IN (3, 4) AND debit_id IN (" + CONTRACTS + ")) OR (credit_kind IN (3, 4)"
         " AND credit_id IN (" + CONTRACTS + ")) OR (debit_kind = 6 AND debit_id IN (" + HELD + "))"
         " OR (credit_kind = 6 AND credit_id IN (" + HELD + "))")

# A member's own rows, as whoever may see everything finds them.
OWN = {
    "access": "contract IN (" + HELD + ")",
    "account": "(kind = 2 AND id = {n}) OR (kind IN (3, 4, 7) AND id IN (" + CONTRACTS + "))"
               " OR (kind = 6 AND id IN (" + HELD + "))",
    "confirmation": "contract IN (" + CONTRACTS + ")",
    "contract": "id IN (" + CONTRACTS + ")",
    "contract_countersignature": "contract IN (" + CONTRACTS + ")",
    "contract_entry": "contract IN (" + CONTRACTS + ")",
    "contract_readable": "id IN (" + CONTRACTS + ")",
    "contract_signed": "id IN (" + CONTRACTS + ")",
    "delivery_final": "contract IN (" + CHAIN + ")",
    "delivery_report": "reporter = {n} OR contract IN (" + CHAIN + ")",
    "delivery_report_history": "reporter = {n} OR contract IN (" + CHAIN + ")",
    "delivery_step": "by = {n} OR contract IN (" + HELD + ")",
    "dispute": "claimant = {n} OR contract IN (" + HELD + ")",
    "entry": "(seq, number) IN (SELECT seq, number FROM petahour.transfer WHERE " + MONEY + ")",
    "order": "participant = {n}",
    "order_clip": "participant = {n}",
    "order_history": '"order" IN (SELECT id FROM petahour."order" WHERE participant = {n})',
    "order_period_lost": "participant = {n}",
    "order_replacement": "participant = {n}",
    "payment": "participant = {n}",
    "payment_sum": "participant = {n}",
    "resolution": "contract IN (" + CHAIN + ")",
    "segment": "contract IN (" + CONTRACTS + ")",
    "statement_signature": "kind <> 'REPORT_DELIVERY' OR seq IN (SELECT seq FROM petahour.delivery_report"
                           " WHERE reporter = {n} OR contract IN (" + CHAIN + "))",
    "transfer": MONEY,
}

# Views of whoever asks, and the same for who may see everything; nothing is delivered these days.
MINE = {
    "my_contracts_next_week": "SELECT 0",
    "my_order_fills": 'SELECT count(*) FROM petahour."order" o JOIN petahour.contract c ON o.id IN'
                      " (c.buy_order, c.sell_order) JOIN petahour.segment s ON s.contract = c.id"
                      " WHERE o.participant = {n}",
    "my_payments_by_contract": "SELECT count(*) FROM petahour.contract WHERE buyer = {n}",
    "my_payments_by_month": "SELECT count(DISTINCT (month, reason)) FROM petahour.entry JOIN"
                            " petahour.month ON seq >= first_seq AND seq < next_seq"
                            " WHERE kind = 2 AND id = {n}",
    "my_segments": "SELECT count(*) FROM petahour.segment WHERE contract IN (" + CONTRACTS + ")",
    "my_statement": "SELECT count(*) FROM petahour.entry WHERE kind = 2 AND id = {n}",
}

# For auditors; of participants, members see these columns.
AUDITORS = {"backfill", "capacity_by_period", "contract_as_concluded", "contract_progress",
            "contract_whole", "final_broken", "final_by_segments", "migration", "partitioned", "position",
            "volume_by_compute_type"}
PARTICIPANT = "id, name, roles, state"

# What settlement changes of rows that are there; everything else it only appends.
CHANGES = {
    "account": "balance,moves", "backfill": "done_seq,to_seq", "contract": "leaf",
    "order": "cancel_reason,cancelled,ended_seq,state", "participant": "state",
    "position": "epoch,last_chain_hash,last_seq,moved_at", "product": "phase,state",
}
APPENDS_NOT = {"account_kind", "backfill", "cancel_reason", "compute_type", "delivery_step_kind",
               "final_cause", "member", "migration", "order_state", "partitioned",
               "payment_sum", "price_sum", "summed", "transfer_reason"}

# Functions that read or make what their caller may not.
DEFINERS = {"billing_period", "contract_proof", "invoice", "invoice_detail", "invoice_transfer", "make_next_partition", "me",
            "my_contract_periods", "my_delivery_steps", "my_invoice", "my_invoice_detail", "my_links", "my_reports",
            "partitions_ahead", "price_history", "reach", "rows_without_partition", "site_utilisation", "sold_on_by_me", "sum_up"}

# What PostgreSQL lets everybody do and this database does not: wait for each other by number, keep bytes.
NOT_EVERYBODYS = ("proname ~ '^pg_(try_)?advisory_' OR proname ~ '^lo_' OR proname IN ('loread', 'lowrite',"
                  " 'pg_logical_emit_message')")

# Columns whose name says it all.
PLAIN = {"id", "name", "model", "interconnect", "version", "operator_name", "added_at", "revoked_at"}

RELATIONS = ("FROM pg_class c WHERE c.relnamespace = 'petahour'::regnamespace"
             " AND c.relkind IN ('r', 'p', 'v')")


class Roles(SettleCase):
    """Nothing here changes a row, so all tests share one database."""
    first = None

    @classmethod
    def tearDownClass(cls):
        if cls.first is not None:
            SettleCase.tearDown(cls.first)
        super().tearDownClass()

    def tearDown(self):
        pass

    def setUp(self):
        if Roles.first is not None:
            return
        super().setUp()
        Roles.first = self
        self.pg.sql("UPDATE petahour.summed SET every = 1000")
        self.make(RECORDS, per_hour=PER_HOUR)
        self.settle("--once")
        # Life has no countersignatures: one of each kind of party, as rows.
        self.pg.sql("INSERT INTO petahour.contract_countersignature SELECT id, 1, id, buyer,"
                    " decode(repeat('01', 32), 'hex'), decode(repeat('01', 64), 'hex'), false"
                    " FROM petahour.contract WHERE id <= 100")
        self.member("member_six", BUYER)
        self.member("member_two", SUPPLIER)

    def names(self, where="true"):
        return set(self.pg.sql(f"SELECT c.relname {RELATIONS} AND NOT c.relispartition AND"
                               f" ({where})").splitlines())

    def rows(self, name, where="true", user="postgres"):
        """How many, and a hash of what they say."""
        return self.pg.sql(f'SET jit = off; SELECT count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text))'
                           f' FROM petahour."{name}" r WHERE {where}', user=user)

    def test_every_relation_is_known_and_shows_what_it_should(self):
        reconcile = {name for name in self.names("c.relkind = 'v'") if name.startswith("reconcile")}
        self.assertEqual(self.names(), PUBLIC | set(OWN) | set(MINE) | AUDITORS | reconcile
                         | {"participant", "member"})
        for user, n in (("member_six", BUYER), ("member_two", SUPPLIER)):
            for name in sorted(PUBLIC):
                self.assertEqual(self.rows(name, user=user), self.rows(name), name)
            for name, where in OWN.items():
                own = self.rows(name, where.format(n=n))
                self.assertEqual(self.rows(name, user=user), own, (user, name))
                self.assertNotEqual(own, self.rows(name), f"{name} has no row of anybody else")
            for name, sql in MINE.items():
                self.assertEqual(self.pg.sql(f"SELECT count(*) FROM petahour.{name}", user=user),
                                 self.pg.sql(sql.format(n=n)), (user, name))
            for name in sorted(AUDITORS | reconcile | {"member"}):
                self.refused(f"SELECT * FROM petahour.{name}", "permission denied", user=user)
            self.assertEqual(
                self.pg.sql(f"SELECT {PARTICIPANT} FROM petahour.participant", user=user),
                self.pg.sql(f"SELECT {PARTICIPANT} FROM petahour.participant"))
            self.refused("SELECT * FROM petahour.participant", "permission denied", user=user)
        # Of what a member owns there is something, or the comparison above said nothing.
        empty = [name for name in OWN if self.rows(name, OWN[name].format(n=BUYER)).startswith("0|")]
        self.assertEqual(empty, [])

    def test_an_auditor_sees_everything(self):
        # All laws are in one, which runs as whoever asks.
        laws = {name for name in self.names("c.relkind = 'v'") if name.startswith("reconcile_")}
        for name in sorted(self.names() - {"member"} - set(MINE) - laws):
            self.assertEqual(self.rows(name, user="petahour_auditor"), self.rows(name), name)
        self.assertEqual(self.names("c.relname LIKE 'reconcile\\_%' AND"
                                    " has_table_privilege('petahour_auditor', c.oid, 'SELECT')"), laws)
        self.refused("SELECT * FROM petahour.member", "permission denied", user="petahour_auditor")

    def test_a_partition_is_no_way_around(self):
        self.assertEqual(self.pg.sql(
            f"SELECT string_agg(c.relname, ', ') {RELATIONS} AND c.relispartition AND ("
            "has_any_column_privilege('petahour_member', c.oid, 'SELECT, INSERT, UPDATE') OR"
            " has_any_column_privilege('petahour_auditor', c.oid, 'INSERT, UPDATE'))"), "")

    def test_nobody_writes_but_settlement(self):
        for role in ("member_six", "petahour_member", "petahour_auditor", "public"):
            self.assertEqual(self.pg.sql(
                f"SELECT string_agg(c.relname, ', ') {RELATIONS} AND (has_table_privilege('{role}',"
                " c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR"
                f" has_any_column_privilege('{role}', c.oid, 'INSERT, UPDATE, REFERENCES'))"), "", role)
        self.assertEqual(self.pg.sql(
            f"SELECT string_agg(c.relname, ', ') {RELATIONS} AND has_table_privilege("
            "'petahour_settle', c.oid, 'UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"), "")
        tables = self.names("c.relkind <> 'v'")
        self.assertEqual(self.names("has_table_privilege('petahour_settle', c.oid, 'INSERT')"),
                         tables - APPENDS_NOT)
        changes = self.pg.sql(
            "SELECT c.relname, string_agg(a.attname, ',' ORDER BY a.attname::text) FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace ="
            " 'petahour'::regnamespace AND has_column_privilege('petahour_settle', c.oid, a.attnum,"
            " 'UPDATE') GROUP BY c.relname").splitlines()
        self.assertEqual(dict(line.split("|") for line in changes), CHANGES)

    def test_functions(self):
        of = "FROM pg_proc p WHERE p.pronamespace = 'petahour'::regnamespace"
        self.assertEqual(self.pg.sql(f"SELECT string_agg(proname, ', ') {of} AND"
                                     " has_function_privilege('public', p.oid, 'EXECUTE')"), "")
        self.assertEqual(set(self.pg.sql(f"SELECT proname {of} AND prosecdef").splitlines()), DEFINERS)
        # Whoever runs as another is told where names are looked up.
        self.assertEqual(self.pg.sql(
            f"SELECT string_agg(proname, ', ') {of} AND prosecdef AND NOT coalesce("
            "'search_path=petahour, pg_temp' = ANY (proconfig), false)"), "")
        for sql in ("SELECT * FROM petahour.invoice(2, '2015-08-01')",
                    "SELECT * FROM petahour.invoice_detail(2, '2015-08-01')",
                    "SELECT * FROM petahour.invoice_transfer(2, '2015-08-01')",
                    "SELECT * FROM petahour.contract_lot()", "SELECT * FROM petahour.final_paid()",
                    "SELECT * FROM petahour.reconcile_laws()",
                    "SELECT petahour.take_position('settle.test')",
                    "SELECT petahour.fill('settle.test', 1, 'gate', 1, 2)",
                    "SELECT petahour.partitions_ahead(1, 1, 1)", "SELECT petahour.rows_without_partition()"):
            self.refused(sql, "permission denied", user="member_six")

    def test_nobody_keeps_locks_or_bytes(self):
        """Neither members, nor who may connect and is nobody, nor whoever reads everything."""
        self.pg.sql("CREATE ROLE nobody_at_all LOGIN")
        try:
            for user in ("member_six", "petahour_auditor", "petahour_settle", "nobody_at_all"):
                for sql in ("SELECT pg_advisory_lock(7307199662470231)",
                            "SELECT pg_advisory_xact_lock_shared(7307199662470232)",
                            "SELECT pg_try_advisory_lock(1, 2)", "SELECT lo_from_bytea(0, 'x')",
                            "SELECT lo_creat(-1)", "SELECT lo_open(1, 131072)",
                            "SELECT pg_logical_emit_message(false, 'x', 'y')",
                            "SELECT * FROM petahour.partitioned FOR UPDATE",
                            "SELECT * FROM petahour.migration FOR UPDATE"):
                    self.refused(sql, "permission denied", user=user)
                self.refused("CREATE TEMPORARY TABLE x (a int)", "permission denied to create temporary", user=user)
                self.refused("CREATE SCHEMA x", "permission denied for database", user=user)
                self.refused("CREATE TABLE public.x (a int)", "permission denied for schema", user=user)
        finally:
            self.pg.sql("DROP ROLE nobody_at_all")
        self.assertGreater(int(self.pg.sql(f"SELECT count(*) FROM pg_proc WHERE {NOT_EVERYBODYS}")), 40)
        self.assertEqual(self.pg.sql(
            f"SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc WHERE ({NOT_EVERYBODYS}) AND"
            " has_function_privilege('public', oid, 'EXECUTE')"), "")
        self.assertEqual(set(self.pg.sql(
            "SELECT coalesce(r.rolname, 'public'), privilege_type FROM pg_database d, aclexplode(d.datacl) a"
            " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = current_database() AND"
            " a.grantee <> d.datdba").splitlines()), {"petahour_owner|TEMPORARY", "public|CONNECT"})

    def test_a_privilege_that_everybody_has_is_told(self):
        for privilege, law, subject in (
                ("EXECUTE ON FUNCTION pg_advisory_lock(bigint)", "not everybody takes locks by number",
                 "function pg_advisory_lock(bigint)"),
                ("TEMPORARY ON DATABASE petahour", "not everybody makes temporary tables", "the database")):
            self.pg.sql(f"GRANT {privilege} TO PUBLIC")
            try:
                found = self.pg.sql("SELECT law, subject FROM petahour.reconcile_schema", user="petahour_auditor")
            finally:
                self.pg.sql(f"REVOKE {privilege} FROM PUBLIC")
            self.assertIn(law, found)
            self.assertIn(subject, found)
        self.assertEqual(self.pg.sql("SELECT law, subject FROM petahour.reconcile_schema"), "")

    def test_everything_says_what_it_is(self):
        """COMMENT ON each relation, on each column that its name does not explain, and on each function."""
        self.assertEqual(self.pg.sql(f"SELECT c.relname {RELATIONS} AND NOT c.relispartition AND"
                                     " obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1"), "")
        self.assertEqual(self.pg.sql("SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace ="
                                     " 'petahour'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL"), "")
        plain = ", ".join(f"'{name}'" for name in sorted(PLAIN))
        self.assertEqual(self.pg.sql(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " AND NOT a.attisdropped WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
            f" AND NOT c.relispartition AND a.attname NOT IN ({plain}) AND col_description(c.oid, a.attnum) IS NULL"
            " ORDER BY 1, 2"), "")
        # Units stand where there are any.
        for column, says in (("transfer.amount", "Micro-units"), ("contract_readable.notional", "Whole units"),
                             ("contract.at_ns", "nanoseconds since 1970"), ("gate.period", "since 1970 in steps"),
                             ("participant.roles", "SUPPLIER 1"), ("dispute.claim", "Unit-seconds")):
            self.assertIn(says, self.pg.sql(
                "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid ="
                f" 'petahour.{column.split('.')[0]}'::regclass AND attname = '{column.split('.')[1]}'"), column)

    def test_row_security_cannot_be_switched_off(self):
        for user in ("member_six", "petahour_auditor"):
            said = self.pg.sql("SET row_security = off; SELECT count(*) FROM petahour.transfer",
                               user=user, check=False)
            self.assertIn("would be affected by row-level security", said)
        self.pg.sql("CREATE ROLE member_nobody LOGIN IN ROLE petahour_member")
        try:
            for name in sorted(OWN):
                self.refused(f'SELECT * FROM petahour."{name}"', "is not entered",
                             user="member_nobody")
        finally:
            self.pg.sql("DROP ROLE member_nobody")


if __name__ == "__main__":
    main()
