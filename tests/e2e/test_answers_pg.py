#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people ask of the books of a market that delivers, disputes and sells on: each answer beside the
same from the rows, reckoned in another way; and none of them reads a large table whole.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import json
import pathlib
import subprocess

import fill_books
import resold_market
from settle_rig import MAKE_JOURNAL, SettleCase, main

JOURNAL_OF = pathlib.Path(MAKE_JOURNAL).parent / "journal_of"
AUDIT = pathlib.Path(MAKE_JOURNAL).parents[2] / "clients/audit/petahour-audit"

PER_HOUR = 100  # records: contract-periods end, are reported and final while the test journal runs
RECORDS = 5000


class Answers(SettleCase):
    def settle_life(self, records=RECORDS):
        self.make(records, per_hour=PER_HOUR)
        self.settle("--once")

    def settle_resold(self):
        """Chains of resales, by participants of whom each supplies, buys and sells on."""
        lines = resold_market.scenario(AUDIT, 1, 50)
        subprocess.run([JOURNAL_OF, self.journal, "50"], check=True, text=True,
                       input="".join(json.dumps(line) + "\n" for line in lines))
        self.configure("market.example")
        self.settle("--once")

    def test_what_people_ask(self):
        self.pg.sql("UPDATE petahour.summed SET every = 1500")
        self.settle_life()
        self.member("member_six", 6)
        statement = self.pg.sql("SELECT sum(amount) FROM petahour.my_statement", user="member_six")
        balance = self.pg.sql("SELECT balance FROM petahour.account WHERE kind = 2 AND id = 6")
        self.assertEqual(statement, balance)
        paid = self.pg.sql("SELECT sum(paid)::numeric(30, 6), sum(received)::numeric(30, 6) FROM"
                           " petahour.my_payments_by_month", user="member_six")
        real = self.pg.sql(
            "SELECT (SELECT sum(amount) FROM petahour.transfer WHERE debit_kind = 2 AND debit_id = 6)"
            " / 1e6::numeric(30, 6), (SELECT sum(amount) FROM petahour.transfer WHERE credit_kind = 2"
            " AND credit_id = 6) / 1e6::numeric(30, 6)")
        self.assertEqual([float(n) for n in paid.split("|")], [float(n) for n in real.split("|")])
        for month in ("2015-08-01", "2015-09-01"):
            self.assertEqual(
                self.pg.sql(f"SELECT * FROM petahour.my_statement_of('{month}')", user="member_six"),
                self.pg.sql("SELECT seq, number, reason, amount FROM petahour.my_statement WHERE"
                            f" month = '{month}' ORDER BY seq, number", user="member_six"))
        day = self.pg.sql("SELECT min(day) FROM petahour.day")
        history = self.pg.sql(f"SELECT sum(contracts) FROM petahour.price_history(1, '{day}', 10)",
                              user="member_six")
        self.assertEqual(history, self.pg.sql(
            "SELECT count(*) FROM petahour.contract WHERE product = 1"))

    def ask(self, participant, sql):
        """As the member that this participant is from now on."""
        if self.pg.sql("SELECT count(*) FROM petahour.member WHERE role_name = 'member_any'") == "0":
            self.member("member_any", participant)
        self.pg.sql(f"UPDATE petahour.member SET participant = {participant} WHERE role_name = 'member_any'")
        return self.pg.sql(sql, user="member_any")

    def participants(self):
        return [int(n) for n in self.pg.sql("SELECT id FROM petahour.participant ORDER BY id").splitlines()]

    def test_a_site_has_several_suppliers(self):
        """Each day, hour by hour: of all of them to auditors and the owner, to a supplier its own, to others
        nothing."""
        self.settle_life()
        begin = self.pg.sql("SELECT min(day) FROM petahour.day")
        hours = ("(SELECT h, to_char(petahour.period_time(h, 3600) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM"
                 f" generate_series((date '{begin}' - date 'epoch') * 24, (date '{begin}' - date 'epoch') * 24 +"
                 " 239) h) hour")
        real = {}
        for place, sql in enumerate((
                f"SELECT day, supplier, sum(units) FROM {hours} JOIN (SELECT supplier, first_period, periods,"
                " units FROM petahour.capacity UNION ALL SELECT supplier, first_period, periods, -units FROM"
                " petahour.capacity_withdrawal) k ON h >= first_period AND h < first_period + periods"
                " GROUP BY day, supplier",
                f"SELECT day, supplier, sum(quantity) FROM {hours} JOIN petahour.segment s ON h >= first_period"
                " AND h < first_period + periods JOIN petahour.contract c ON c.id = s.contract WHERE"
                " from_contract IS NULL GROUP BY day, supplier",
                f"SELECT day, supplier, round(sum(f.delivered) / 3600.0, 3) FROM {hours} JOIN"
                " petahour.delivery_final f ON f.period = h JOIN petahour.contract c ON c.id = f.contract"
                " GROUP BY day, supplier")):
            for line in self.pg.sql(sql).splitlines():
                day, supplier, amount = line.split("|")
                real.setdefault((day, int(supplier)), [0.0, 0.0, 0.0])[place] = float(amount)
        self.assertEqual({supplier for _, supplier in real}, {2, 3, 4, 5})
        for supplier in (2, 3, 4, 5):
            for place in range(3):
                self.assertGreater(sum(row[place] for key, row in real.items() if key[1] == supplier), 100)
        self.assertGreater(int(self.pg.sql(
            "SELECT count(*) FROM petahour.delivery_final f JOIN petahour.contract c ON c.id = f.contract"
            " WHERE from_contract IS NOT NULL AND f.delivered > 0")), 0)
        days = self.pg.sql(f"SELECT (date '{begin}' + i)::text FROM generate_series(0, 9) i").splitlines()

        def told(sql, **whose):
            lines = (self.ask(whose["who"], sql) if "who" in whose else self.pg.sql(sql, user=whose["user"]))
            return {(day, int(supplier or 0)): [float(n) for n in amounts]
                    for day, supplier, *amounts in (line.split("|") for line in lines.splitlines())}

        def assert_told(got, suppliers, has_total):
            self.assertEqual(set(got), {(day, supplier) for day in days for supplier in suppliers}
                             | {(day, 0) for day in days if has_total})
            for (day, supplier), amounts in got.items():
                wanted = (real.get((day, supplier), [0.0, 0.0, 0.0]) if supplier else
                          [sum(real.get((day, s), [0.0, 0.0, 0.0])[place] for s in (2, 3, 4, 5))
                           for place in range(3)])
                for found, stated in zip(amounts, wanted, strict=True):
                    self.assertAlmostEqual(found, stated, delta=0.003, msg=(day, supplier))  # each is rounded

        one = f"SELECT * FROM petahour.site_utilisation(1, '{begin}', 10)"
        mine = ("SELECT day, supplier, registered, sold, delivered FROM"
                f" petahour.my_site_utilisation('{begin}', 10) WHERE site = 1")
        assert_told(told(one, user="petahour_auditor"), (2, 3, 4, 5), True)
        self.assertEqual(self.pg.sql("SELECT owner FROM petahour.site"), "2")
        for sql in (one, mine):
            assert_told(told(sql, who=2), (2, 3, 4, 5), True)
            for supplier in (3, 4, 5):
                assert_told(told(sql, who=supplier), (supplier,), False)
        self.member("member_six", 6)
        self.refused(one, "participant 6 neither owns site 1 nor supplies there", user="member_six")
        self.refused(mine, "participant 6 neither owns a site nor supplies at one", user="member_six")
        self.pg.sql("DELETE FROM petahour.member WHERE role_name = 'member_six'")
        for sql in (one, mine):
            self.refused(sql, 'role "member_six" is not entered', user="member_six")
        for user in ("petahour_auditor", "member_any"):
            self.refused(f"SELECT * FROM petahour.site_utilisation(2, '{begin}', 10)", "there is no site 2",
                         user=user)
        self.refused(f"SELECT * FROM petahour.site_use(1, '{begin}', 10, NULL)", "permission denied",
                     user="member_any")

    def units_left(self):
        """What is left of each contract-period, unit by unit as the rulebook has it: the supplier's price and
        what the holder pays. Units leave from the lowest price up, at equal prices first the lowest paid, then
        the lower premiums, and meet the resale prices from the lowest up."""
        units = {}
        for line in self.pg.sql("SELECT c.id, coalesce(from_contract, 0), s.first_period, s.periods, s.quantity,"
                                " s.price FROM petahour.contract c JOIN petahour.segment s ON s.contract = c.id"
                                " ORDER BY c.id, s.price, s.number").splitlines():
            contract, parent, first, periods, quantity, price = (int(n) for n in line.split("|"))
            for period in range(first, first + periods):
                own = units.setdefault((contract, period), [])
                if parent == 0:
                    own += [(price, price, ())] * quantity
                    continue
                units[parent, period].sort()
                gone, units[parent, period] = units[parent, period][:quantity], units[parent, period][quantity:]
                self.assertEqual(len(gone), quantity, (contract, period))
                own += [(first_price, price, (*premiums, max(price - first_price, 0)))
                        for first_price, _, premiums in gone]
        return {key: [unit[:2] for unit in left] for key, left in units.items() if left}

    def test_contracts_of_next_week(self):
        """As the view says at one moment after the other, beside what is left unit by unit."""
        self.settle_life()
        left = self.units_left()
        party = {int(line.split("|")[0]): line.split("|")[1:] for line in self.pg.sql(
            "SELECT c.id, buyer, supplier, p.symbol FROM petahour.contract c JOIN petahour.product p ON"
            " p.id = c.product").splitlines()}
        first, last = (int(n) for n in self.pg.sql(
            "SELECT min(begins_s), max(ends_s) FROM petahour.contract").split("|"))
        week, found, sold_on = 7 * 86400, set(), set()
        view = self.pg.sql("SELECT pg_get_viewdef('petahour.my_contracts_next_week'::regclass)")
        self.assertIn("now()", view)
        whole = dict(line.split("|") for line in self.pg.sql(
            "SELECT contract, sum(quantity * periods) FROM petahour.segment GROUP BY contract").splitlines())
        for who, side, place, price in ((6, "BUYER", 0, 1), (2, "SUPPLIER", 1, 0), (5, "SUPPLIER", 1, 0)):
            for moment in (first - week - 3600, first - week + 1, first + 3600, (first + last) // 2, last - 1, last):
                wanted = {}
                for (contract, period), units in left.items():
                    begins = period * 3600
                    if (int(party[contract][place]) == who and begins + 3600 > moment
                            and begins < moment + week):
                        wanted.setdefault(contract, []).append((begins, units))
                rows = [f"{contract}|{side}|{party[contract][2]}|{min(b for b, _ in of)}|"
                        f"{max(b for b, _ in of) + 3600}|{max(len(units) for _, units in of)}|"
                        f"{sum(len(units) for _, units in of)}.00|"
                        f"{sum(unit[price] for _, units in of for unit in units) / 1000000:.6f}"
                        for contract, of in sorted(wanted.items())]
                said = view.replace("now()", f"to_timestamp({moment})").rstrip(" ;")
                got = self.ask(who, "SET search_path = petahour; SELECT id, side, symbol, extract(epoch FROM"
                               " begins_at)::bigint, extract(epoch FROM ends_at)::bigint, units, unit_hours,"
                               f" value FROM ({said}) v ORDER BY id").splitlines()
                self.assertEqual(got, rows, (who, moment - first))
                found.add(len(got))
            self.assertIn(0, found)
            self.assertGreater(max(found), 10)
            sold_on |= {contract for contract, of in party.items() if int(of[place]) == who
                        and sum(len(units) for key, units in left.items() if key[0] == contract)
                        < int(whole[str(contract)])}
        self.assertGreater(len(sold_on), 5)

    def test_what_is_left_of_chains(self):
        """However often it was sold on: a supplier delivers what it sold first hand, at its prices, and each
        holder pays what is agreed for what it still has."""
        self.settle_resold()
        left, ever = self.units_left(), "'2020-01-01', '2030-01-01'"
        for who in resold_market.PEOPLE:
            self.assertEqual(
                self.ask(who, f"SELECT sum(units), sum(value) FROM petahour.my_contract_periods({ever})"
                              " WHERE side = 'SUPPLIER'"),
                self.pg.sql("SELECT sum(quantity * periods), sum(price * quantity * periods) FROM"
                            " petahour.contract c JOIN petahour.segment s ON s.contract = c.id"
                            f" WHERE from_contract IS NULL AND supplier = {who}"))
            bought = {int(n) for n in self.pg.sql(
                f"SELECT id FROM petahour.contract WHERE buyer = {who}").splitlines()}
            self.assertEqual(
                self.ask(who, "SELECT contract, period, units, value FROM"
                              f" petahour.my_contract_periods({ever}) WHERE side = 'BUYER' ORDER BY 1, 2"),
                "\n".join(f"{contract}|{period}|{len(units)}|{sum(paid for _, paid in units)}"
                          for (contract, period), units in sorted(left.items()) if contract in bought))
        gone = int(self.pg.sql("SELECT count(*) FROM petahour.contract")) - len({key[0] for key in left})
        self.assertGreater(gone, 10, "contracts that were wholly sold on")

    def assert_payments_add_up(self):
        """For every participant, column by column: what is not of a contract that it bought is payments from
        and to outside, and what it supplies."""
        columns = {"paid": "3, 4, 5, 18, 19, 20", "came_back": "9, 11, 12, 13, 23", "sold_on": "18, 21",
                   "deposits": "15, 16, 17"}
        sums = {}
        for who in self.participants():
            got = self.ask(who, "SELECT "
                           + ", ".join(f"coalesce(sum({c}), 0) * 1000000" for c in columns)
                           + ", coalesce(sum(came_back + sold_on - paid - deposits), 0) * 1000000"
                             " FROM petahour.my_payments_by_contract").split("|")
            *got, together = (int(float(n)) for n in got)
            # Deposits of others that it gets as a supplier.
            supplies = int(self.pg.sql(
                "SELECT coalesce(sum(amount), 0) FROM petahour.transfer JOIN petahour.contract c ON c.id ="
                f" debit_id WHERE reason = 17 AND credit_id = {who} AND supplier = {who} AND buyer <> {who}"))
            moved = [[int(n) for n in self.pg.sql(
                "SELECT coalesce(sum(amount) FILTER (WHERE debit_kind = 2 AND debit_id = {n}), 0),"
                " coalesce(sum(amount) FILTER (WHERE credit_kind = 2 AND credit_id = {n}), 0)"
                " FROM petahour.transfer WHERE reason IN ({r})".format(n=who, r=reasons)).split("|")]
                for reasons in columns.values()]
            (paid, _), (_, came_back), (_, sold_on), (put_down, returned) = moved
            self.assertEqual(got, [paid, came_back, sold_on, put_down - returned + supplies], who)
            statement = int(self.ask(who, "SELECT coalesce(sum(amount), 0) FROM petahour.my_statement WHERE reason"
                                          " NOT IN ('DEPOSIT', 'WITHDRAWAL', 'BOND', 'PAYMENT', 'BOND_RETURN')"))
            self.assertEqual(together, statement - supplies, who)
            sums = {column: sums.get(column, 0) + abs(amount)
                    for column, amount in zip(columns, got, strict=True)}
        self.assertEqual([column for column, amount in sums.items() if amount == 0], [])
        # What a part brought at once is in the row of the contract that it was split off.
        parts = self.pg.sql(
            "SELECT seller, from_contract, sum(amount) FROM (SELECT c.*, count(*) OVER (PARTITION BY seq) AS together"
            " FROM petahour.contract c) c JOIN petahour.transfer t USING (seq) WHERE from_contract IS NOT NULL"
            " AND together = 1 AND reason = 18 AND from_contract NOT IN (SELECT from_contract FROM"
            " petahour.contract WHERE from_contract IS NOT NULL AND (premium > 0 OR EXISTS (SELECT FROM"
            " petahour.contract o WHERE o.seq = contract.seq AND o.id <> contract.id))) GROUP BY seller,"
            " from_contract ORDER BY seller, from_contract").splitlines()
        self.assertGreater(len(parts), 3)
        for seller, contract, amount in (line.split("|") for line in parts):
            self.assertEqual(int(float(self.ask(
                seller, f"SELECT sold_on * 1000000 FROM petahour.my_payments_by_contract WHERE id = {contract}"))),
                int(amount), contract)

    def test_payments_by_contract_add_up_to_the_statement(self):
        self.settle_life()
        self.assert_payments_add_up()

    def test_payments_of_chains_add_up_to_the_statement(self):
        self.settle_resold()
        self.assert_payments_add_up()

    def test_bare_tables_and_what_begins_with_my_contracts(self):
        """The same rows either way, also for who sold them on; and nothing is compiled for a few rows."""
        self.settle_resold()
        first_day, days = "2026-11-25", 2
        counts = set()
        for who in resold_market.PEOPLE:
            segments = self.ask(who, "SELECT * FROM petahour.segment ORDER BY 1, 2")
            self.assertEqual(self.ask(who, "SELECT * FROM petahour.my_segments ORDER BY 1, 2"), segments)
            self.assertGreater(segments.count("\n"), 20)
            # As a meter it also sees what it reported of others' contracts.
            others = (f" AND (reporter <> {who} OR contract IN (SELECT id FROM petahour.contract) OR contract IN"
                      " (SELECT petahour.sold_on_by_me()))")
            reports = self.ask(who, "SELECT seq, contract, period, reporter, delivered, energy_wh, replaced_by, holds"
                                    " FROM petahour.delivery_report_history WHERE period * 3600 >= extract(epoch"
                                    f" FROM date '{first_day}') AND period * 3600 < extract(epoch FROM"
                                    f" date '{first_day}' + {days}){others} ORDER BY seq")
            self.assertEqual(self.ask(who, "SELECT seq, contract, period, reporter, delivered, energy_wh, replaced_by,"
                                           f" holds FROM petahour.my_reports('{first_day}', {days})"), reports)
            counts.add(reports.count("\n"))
        self.assertGreater(min(counts), 5)
        for user in ("member_any", "petahour_auditor", "petahour_settle"):
            self.assertEqual(self.pg.sql("SHOW jit", user=user), "off")
        for user in ("member_any", "petahour_auditor"):
            self.assertEqual(self.pg.sql("SELECT market, seq, written_at FROM petahour.as_of", user=user),
                             self.pg.sql("SELECT market, last_seq, moved_at FROM petahour.position"))

    def test_questions_read_no_whole_table(self):
        self.settle_life(records=2000)
        fill_books.fill(self.pg.conninfo(), 200000)
        self.member("member_six", 6)
        self.member("member_two", 2)
        for name, who, sql in fill_books.questions(self.pg.conninfo()):
            with self.subTest(question=name):
                found, _ = fill_books.reads(self.pg.conninfo(fill_books.ROLES[who]), sql, True)
                self.assertEqual(fill_books.whole_reads(self.pg.conninfo(), found), [], found)
                # Of 1,200,000 rows; a week of a product has 950 contracts, a supplier 1,000 in all.
                self.assertGreater(fill_books.rows_read(found), 0)
                self.assertLess(fill_books.rows_read(found), 8000, found)
        for name, who, sql in fill_books.asked():
            with self.subTest(asked=name):
                from_end_to_end, by_index = fill_books.tuples_read(
                    self.pg.conninfo(fill_books.ROLES[who]), sql)
                self.assertEqual(from_end_to_end, 0)
                self.assertGreater(by_index, 0)
                self.assertLess(by_index, 8000)
        # What schema/README.md says of bare tables, which is also what the above would find.
        for table in ("segment", "transfer", "delivery_report", "delivery_final"):
            found, _ = fill_books.reads(self.pg.conninfo("member_six"), f"SELECT * FROM {table}")
            self.assertEqual(fill_books.whole_reads(self.pg.conninfo(), found), [f"{table}_p1"])
            from_end_to_end, _ = fill_books.tuples_read(self.pg.conninfo("member_six"), f"SELECT * FROM {table}")
            self.assertGreater(from_end_to_end, 200000)


if __name__ == "__main__":
    main()
