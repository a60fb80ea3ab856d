#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""petahour-audit report, export and replay, on real journals, checked by adding up again.

usage: test_audit.py PETAHOUR_AUDIT MAKE_JOURNAL JOURNAL_OF SCENARIOS

What is added up here comes from csv, json and whole numbers of Python; nothing of ours.
"""

import csv
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter, defaultdict

from audited import AUDIT, MAKE_JOURNAL, PATIENCE, SCENARIOS, Folder, audit, to_full

TABLES = ("orders", "fills", "trades", "contracts", "transfers", "deliveries", "rejects", "accounts")
WORDS = {
    "symbol", "side", "shape", "time_in_force", "stp", "state", "reason", "taker", "debit_kind", "credit_kind",
    "step", "cause", "command", "reject", "kind",
}  # fmt: skip


def value_of(column, text):
    """A field of CSV as the value that JSON Lines has."""
    if text == "" and column != "symbol":
        return None
    if column in WORDS:
        return text
    return {"true": True, "false": False}[text] if text in ("true", "false") else int(text)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as f:
        return [{k: value_of(k, v) for k, v in row.items()} for row in csv.DictReader(f, strict=True)]


def read_jsonl(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Export(Folder):
    def tables(self, journal):
        """All tables, read in both forms, which must say the same."""
        out = self.folder / f"{journal.name}-tables"
        for form in ("csv", "jsonl"):
            done = audit("export", journal, "--what=all", "--format", form, "--out", out)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual({p.name for p in out.iterdir()}, {f"{t}.{f}" for t in TABLES for f in ("csv", "jsonl")})
        tables = {}
        for t in TABLES:
            tables[t] = read_jsonl(out / f"{t}.jsonl")
            self.assertEqual(read_csv(out / f"{t}.csv"), tables[t], t)
            raw = (out / f"{t}.csv").read_bytes()
            self.assertEqual(raw.count(b"\n"), raw.count(b"\r\n"))
        return tables

    def check_money(self, t):
        balances = Counter()
        for row in t["transfers"]:
            self.assertGreater(row["amount_micro"], 0)
            balances[row["debit_kind"], row["debit_id"]] -= row["amount_micro"]
            balances[row["credit_kind"], row["credit_id"]] += row["amount_micro"]
        accounts = {(row["kind"], row["id"]): row["balance_micro"] for row in t["accounts"]}
        self.assertEqual({k: v for k, v in balances.items() if v != 0}, accounts)
        self.assertEqual(sum(accounts.values()), 0)
        for row in t["contracts"]:
            for kind in ("escrow", "bond", "deposit", "premium"):
                self.assertEqual(row[f"{kind}_micro"], balances[kind.upper(), row["contract"]])

    def check_contracts(self, t):
        fills = defaultdict(list)
        for row in t["fills"]:
            self.assertEqual(row["notional_micro"], row["price_micro"] * row["quantity"] * row["periods"])
            fills[row["trade"]].append(row)
        contracts = {row["contract"]: row for row in t["contracts"]}
        self.assertEqual(sorted(contracts), list(range(1, len(contracts) + 1)))
        self.assertEqual(len(t["trades"]), len(contracts))
        executed, notional = Counter(), Counter()
        for trade in t["trades"]:
            of, contract = fills.pop(trade["trade"]), contracts[trade["contract"]]
            units = sum(f["quantity"] * f["periods"] for f in of)
            money = sum(f["notional_micro"] for f in of)
            self.assertEqual([f["fill"] for f in of], list(range(1, trade["fills"] + 1)))
            for row in (trade, contract):
                self.assertEqual((row["unit_periods"], row["notional_micro"], row["fills"]), (units, money, len(of)))
            for column in ("seq", "at_ns", "product", "terms_version", "buyer", "seller", "supplier", "from_contract"):
                self.assertEqual(trade[column], contract[column], column)
            for order in (trade["buy_order"], trade["sell_order"]):
                executed[order] += units
                notional[order] += money
        self.assertEqual(fills, {})
        for order in t["orders"]:
            self.assertEqual(order["executed_unit_periods"], executed[order["order"]])
            self.assertEqual(order["executed_notional_micro"], notional[order["order"]])

    def check_orders(self, t, events, replay):
        orders = {row["order"]: row for row in t["orders"]}
        self.assertEqual(sorted(orders), list(range(1, len(t["orders"]) + 1)))
        states = Counter(row["state"] for row in t["orders"])
        self.assertEqual(states["RESTING"], replay["resting_orders"])
        cancelled = {e["order"]: e for e in events if e["event"] == "CANCELLED"}
        self.assertEqual(states["CANCELLED"], len(cancelled))
        placed = Counter()
        for e in events:
            if e["event"] == "ACCEPTED":
                row = orders[e["order"]]
                self.assertEqual((row["seq"], row["at_ns"], row["place"], row["hold_micro"]),
                                 (e["seq"], e["at"], e["place"], e["hold"]))
            placed[e["event"]] += 1
        for number, row in orders.items():
            if row["state"] == "CANCELLED":
                e = cancelled[number]
                self.assertEqual((row["reason"], row["end_seq"], row["open_unit_periods"], row["client_order_id"]),
                                 (e["reason"], e["seq"], e["unit_periods"], e["client_order_id"]))
            if row["state"] == "FILLED":
                self.assertEqual((row["open_unit_periods"], row["reason"]), (0, None))
            if row["replaced"] == 0:
                self.assertLessEqual(row["executed_unit_periods"] + row["open_unit_periods"], row["unit_periods"])
        self.assertEqual(replay["events"].get("ACCEPTED", 0), len(orders))

    def check_all(self, journal):
        t, replay = self.tables(journal), self.json_of("replay", "--json", journal)
        events = self.events(journal)
        self.check_money(t)
        self.check_contracts(t)
        self.check_orders(t, events, replay)
        happened = replay["events"]
        for table, kinds in {
            "trades": ["TRADE"], "fills": ["SEGMENT"], "transfers": ["TRANSFER"], "rejects": ["REJECTED"],
            "deliveries": ["DELIVERY", "DELIVERY_FINAL"],
        }.items():  # fmt: skip
            self.assertEqual(len(t[table]), sum(happened.get(k, 0) for k in kinds), table)
        for row, e in zip(t["rejects"], [e for e in events if e["event"] == "REJECTED"], strict=True):
            for column in ("seq", "command", "code", "reject", "arg0", "arg1"):
                self.assertEqual(row[column], e[column])
        for row, e in zip(t["deliveries"], [e for e in events if e["event"].startswith("DELIVERY")], strict=True):
            self.assertEqual((row["seq"], row["contract"], row["period"]), (e["seq"], e["contract"], e["period"]))
            is_final = e["event"] == "DELIVERY_FINAL"
            self.assertEqual(row["step"], "FINAL" if is_final else e["step"])
            self.assertEqual(row["cause"], e["cause"] if is_final else None)
            self.assertEqual(row["figure_unit_seconds"], e["delivered"] if is_final else e["figure"])
        return t

    def test_a_day_adds_up(self):
        t = self.check_all(self.day(12000))
        self.assertGreater(len(t["trades"]), 500)
        for reason in ("REQUESTED", "IOC", "FOK", "GATE", "SUSPENDED"):
            self.assertIn(reason, {row["reason"] for row in t["orders"]})

    def test_every_scenario_adds_up(self):
        seen = Counter()
        for path in sorted(SCENARIOS.glob("*.jsonl")):
            if path.name.endswith(".expected.jsonl"):
                continue
            with self.subTest(path.stem):
                t = self.check_all(self.scenario(path.stem))
                seen.update({name: len(rows) for name, rows in t.items()})
                seen.update(row["state"] for row in t["orders"])
                seen["replaced"] += sum(row["replaced"] for row in t["orders"])
                seen["resold"] += sum(row["from_contract"] is not None for row in t["contracts"])
        for what in (*TABLES, "FILLED", "CANCELLED", "RESTING", "replaced", "resold"):
            self.assertGreater(seen[what], 0, what)

    def test_one_table_goes_to_the_output(self):
        journal = self.scenario("example-7")
        done = audit("export", journal, "--what=fills", "--format=jsonl")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([row["price_micro"] for row in rows], [1, 100])

    def test_what_is_there_is_not_written_over(self):
        journal, out = self.scenario("example-1"), self.folder / "out"
        out.mkdir()
        (out / "trades.csv").write_text("mine")
        done = audit("export", journal, "--what=all", "--format=csv", "--out", out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("exists already: give another folder", done.stderr)
        self.assertEqual([(p.name, p.read_text()) for p in out.iterdir()], [("trades.csv", "mine")])

    def test_of_a_journal_that_is_wrong_no_table_remains(self):
        out = self.folder / "out"
        done = audit("export", self.scenario("example-1", bent=9), "--what=all", "--format=csv", "--out", out)
        self.assertEqual(done.returncode, 8)
        self.assertIn("record 9", done.stderr)
        self.assertFalse(out.exists())
        out.mkdir()
        self.assertEqual(audit("export", self.scenario("example-1", bent=9), "--what=all", "--format=csv", "--out", out).returncode, 8)
        self.assertEqual(list(out.iterdir()), [])

    def test_a_full_disk_is_a_failure(self):
        done = to_full("export", self.day(500), "--what=transfers", "--format=csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not write to standard output", done.stderr)

    def stopped_in_the_middle(self, command, out):
        """An export that stands still while it writes into this folder; one that was faster is made again."""
        end = time.monotonic() + PATIENCE
        while True:
            self.assertLess(time.monotonic(), end, "each has ended before it could be stopped")
            export = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            self.addCleanup(export.wait)
            self.addCleanup(export.kill)
            while export.poll() is None and not (out / "accounts.csv.part").exists():
                time.sleep(0.001)
            export.send_signal(signal.SIGSTOP)
            if export.poll() is None:
                os.waitid(os.P_PID, export.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                if (out / "accounts.csv.part").exists():
                    return export
                export.send_signal(signal.SIGCONT)
            self.assertEqual(export.wait(PATIENCE), 0)
            shutil.rmtree(out)

    def test_two_exports_at_once_do_not_mix(self):
        """The second comes while the first is in the middle of its tables."""
        words, out = ("--what=all", "--format=csv", "--out"), self.folder / "out"
        slow = self.day(30000, 1000)
        first = self.stopped_in_the_middle([AUDIT, "export", slow, *words, out], out)
        second = audit("export", self.day(300), *words, out)
        first.send_signal(signal.SIGCONT)
        self.assertEqual(first.wait(PATIENCE), 0)
        self.assertEqual(second.returncode, 1, second)
        self.assertIn("another export writes it", second.stderr)
        self.assertEqual(audit("export", slow, *words, self.folder / "alone").returncode, 0)
        for table in TABLES:
            texts = [(self.folder / f / f"{table}.csv").read_bytes() for f in ("out", "alone")]
            self.assertEqual(*texts, table)

    def test_an_export_follows_no_link_and_leaves_nothing(self):
        journal, out = self.scenario("example-1"), self.folder / "out"
        out.mkdir()
        (mine := self.folder / "mine").write_text("mine")
        (out / "trades.csv.part").symlink_to(mine)
        done = audit("export", journal, "--what=all", "--format=csv", "--out", out)
        self.assertEqual((done.returncode, mine.read_text()), (1, "mine"))
        self.assertEqual([p.name for p in out.iterdir()], ["trades.csv.part"])
        (out / "trades.csv.part").rename(out / "trades.csv")
        mine.unlink()
        self.assertEqual(audit("export", journal, "--what=trades", "--format=csv", "--out", out).returncode, 1)
        self.assertEqual([p.name for p in out.iterdir()], ["trades.csv"])
        none = self.folder / "none"
        self.assertEqual(audit("export", none, "--what=all", "--format=csv", "--out", self.folder / "new").returncode, 4)
        self.assertFalse((self.folder / "new").exists())


class Replay(Folder):
    def states(self, journal, *more):
        got = self.json_of("replay", "--json", *more, journal)
        return {s["record"]: s["state"] for s in got.get("states", [])}

    def test_states_do_not_depend_on_batches(self):
        states = self.states(self.day(1000, 40), "--state-every=64")
        self.assertEqual(sorted(states), list(range(64, 1001, 64)))
        self.assertEqual(len(set(states.values())), len(states))
        self.assertEqual(self.states(self.day(1000, 333), "--state-every=64"), states)
        lines = audit("replay", "--state-every=64", self.day(1000, 50)).stdout.splitlines()
        self.assertEqual([line.split()[1:] for line in lines if line.startswith("state ")],
                         [[str(k), v] for k, v in states.items()])

    def test_the_state_within_a_journal_is_that_of_one_that_ends_there(self):
        part, whole = self.day(420, 420), self.day(1000, 100)
        at_end = self.states(part, "--until=420")
        self.assertEqual(list(at_end), [420])
        self.assertEqual(self.states(whole, "--until=420"), at_end)
        stopped, ended = (self.json_of("replay", "--json", "--until=420", j) for j in (whole, part))
        for member in ("records", "last_at", "commands", "events", "contracts", "notional", "resting_orders", "accounts"):
            self.assertEqual(stopped[member], ended[member], member)
        self.assertEqual((stopped["chain_record"], ended["chain_record"]), (400, 420))

    def test_the_first_interval_that_differs_is_found(self):
        lines = (SCENARIOS / "example-7.jsonl").read_text(encoding="utf-8").splitlines()
        other = [line.replace('"delivered": 1800', '"delivered": 1700') for line in lines]
        self.assertNotEqual(lines, other)
        mine, theirs = (self.states(self.scenario(of), "--state-every=2") for of in (lines, other))
        first = next(k for k in mine if mine[k] != theirs[k])
        self.assertEqual(first, 16)  # record 16 is the report

    def test_both_values_of_the_first_record_that_differs(self):
        events = self.events(self.scenario("example-7"))
        for bent in range(1, 19):
            journal = self.scenario("example-7", bent=bent)
            d = self.json_of("replay", "--json", journal, status=8)["difference"]
            self.assertEqual((d["record"], d["of"]), (bent, "record"))
            self.assertEqual(d["events"], [e for e in events if e["seq"] == bent])
            self.assertNotEqual(d["stated"], d["recomputed"])
            with open(journal / d["segment"], "rb") as f:
                f.seek(d["offset"])
                head = f.read(28)
            self.assertEqual(head[4:12][::-1].hex(), d["stated"])
            self.assertEqual(int.from_bytes(head[20:28], "little"), d["command"]["at"])
            done = audit("replay", journal)
            self.assertEqual(done.returncode, 8)
            for line in (f"different: record {bent} is the first", f"stated     {d['stated']}",
                         f"recomputed {d['recomputed']}", f"segment {d['segment']}, offset {d['offset']}"):
                self.assertIn(line, done.stdout)
            self.assertEqual(done.stdout.count("\nevent "), len(d["events"]))
            before = audit("replay", "--until", max(1, bent - 1), journal)
            self.assertEqual(before.returncode, 8 if bent == 1 else 0)

    def test_with_the_chain_only_the_state_is_the_same_and_nothing_is_called_equal(self):
        journal = self.day(1000, 100)
        whole, only = (self.json_of("replay", "--json", *more, journal) for more in ([], ["--chain-only"]))
        self.assertIs(whole.pop("equal"), True)
        self.assertIsNone(only.pop("equal"))
        self.assertEqual(only, whole)
        self.assertEqual(self.states(journal, "--chain-only", "--state-every=100"),
                         self.states(journal, "--state-every=100"))
        said = audit("replay", "--chain-only", journal).stdout
        self.assertIn("not compared", said)
        self.assertNotIn("equal", said)
        bent = self.scenario("example-1", bent=9)
        self.assertEqual(audit("replay", bent).returncode, 8)
        self.assertEqual(audit("replay", "--chain-only", bent).returncode, 0)
        self.assertEqual(audit("replay", "--chain-only", "--countersignatures", journal).returncode, 2)

    def test_false_signatures_of_statements_are_named(self):
        """Nobody signs what is stated in this journal: every one is false, and the first are named."""
        journal = self.folder / "unsigned"
        subprocess.run([MAKE_JOURNAL, journal, "3", "700", "50", "0", "100"], check=True, capture_output=True)
        self.assertEqual(self.json_of("replay", "--json", journal)["statements"]["judged"], False)
        self.assertIn("--statements verifies them", audit("replay", journal).stdout)
        found = self.json_of("replay", "--json", "--statements", journal)["statements"]
        kinds = ("ATTEST_CAPACITY", "MEASURE_SITE", "REPORT_PROBE", "REPORT_DELIVERY")
        done, said = [], audit("replay", "--statements", journal).stdout
        for e in self.events(journal):
            if e["event"] == "DONE" and e["command"] in kinds:
                done.append((e["seq"], e["command"]))
        self.assertEqual({kind for _, kind in done}, set(kinds))
        self.assertEqual((found["taken"], found["holding"], found["false"]), (len(done), 0, len(done)))
        named = found["first_false"]
        self.assertEqual([(f["record"], f["command"]) for f in named], done[:100])
        self.assertIn(f" 0 signatures hold, {len(done)} are false\n", said)
        self.assertEqual(said.count(" false: record "), min(100, len(done)))
        self.assertEqual(f" and {len(done) - 100} more\n" in said, len(done) > 100)
        reported = {(e["seq"], e["contract"], e["period"]) for e in self.events(journal)
                    if e["event"] == "DELIVERY" and e["step"] == "REPORTED"}  # fmt: skip
        for f in named:
            if f["command"] == "REPORT_DELIVERY":
                self.assertIn((f["record"], f["contract"], f["period"]), reported)
                self.assertIn(f"false: record {f['record']}, REPORT_DELIVERY of participant {f['participant']}, "
                              f"contract {f['contract']}, period {f['period']}\n", said)  # fmt: skip
        self.assertEqual(audit("replay", "--chain-only", "--statements", journal).returncode, 2)

    def test_a_snapshot_among_many_is_the_one_that_is_named(self):
        journal, folder = self.scenario("example-7"), self.folder / "kept"
        folder.mkdir()
        for record in range(5, 100):
            (folder / f"{record:020}.phs").touch()
        done = audit("replay", journal, "--from-snapshot", folder / f"{5:020}.phs")
        self.assertEqual(done.returncode, 8)
        self.assertIn(f'snapshot "{5:020}.phs": bytes are not what was written', done.stderr)

    def test_a_journal_that_ends_before_is_not_found(self):
        done = audit("replay", "--until=19", self.scenario("example-7"))
        self.assertEqual(done.returncode, 4)
        self.assertIn("ends with record 18: give --until a smaller number", done.stderr)

    def on_a_terminal(self, *args):
        """What is shown on a terminal as standard error."""
        here, there = pty.openpty()
        with subprocess.Popen([AUDIT, *map(str, args)], stdout=subprocess.DEVNULL, stderr=there) as program:
            os.close(there)
            shown = b""
            try:
                while got := os.read(here, 65536):
                    shown += got
            except OSError:  # the other side is closed
                pass
        os.close(here)
        self.assertEqual(program.returncode, 0)
        return shown

    def test_a_terminal_sees_how_far_it_is(self):
        journal = self.day(30000, 50)
        shown = self.on_a_terminal("replay", "--state-every=300", journal)
        self.assertIn(b"replay [", shown)
        self.assertIn(b"of 30000 records", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), "the line is taken away")
        self.assertIn(b"of 29000 records", self.on_a_terminal("replay", "--state-every=300", "--until=29000", journal))
        self.assertEqual(self.on_a_terminal("replay", "--quiet", "--state-every=1000", journal), b"")
        self.assertEqual(audit("replay", journal).stderr, "")


class Report(Folder):
    def table(self, journal, name):
        out = audit("export", journal, f"--what={name}", "--format=jsonl").stdout
        return [json.loads(line) for line in out.splitlines()]

    def test_a_report_is_what_the_tables_add_up_to(self):
        journal = self.day(8000)
        report = self.json_of("report", "--json", "--top=100", journal)
        orders, fills, trades = (self.table(journal, t) for t in ("orders", "fills", "trades"))
        shapes = {o["order"]: o["shape"] for o in orders}
        for row in report["products"]:
            of = [t for t in trades if t["product"] == row["product"]]
            self.assertEqual(row["trades"], len(of))
            self.assertEqual(row["notional_micro"], sum(t["notional_micro"] for t in of))
            self.assertEqual(row["unit_periods"], sum(t["unit_periods"] for t in of))
            self.assertEqual(row["average_micro"], row["notional_micro"] // row["unit_periods"])
            plain = {t["trade"] for t in of if shapes[t["buy_order"]] == shapes[t["sell_order"]] == "EACH"}
            prices = [f["price_micro"] for f in fills if f["trade"] in plain]
            self.assertEqual([row[f"{p}_micro"] for p in ("first", "high", "low", "last")],
                             [prices[0], max(prices), min(prices), prices[-1]])
        for column in ("trades", "fills", "unit_periods", "notional_micro"):
            sums = {t: sum(r[column] for r in report[t]) for t in ("products", "product_days", "compute_types")}
            self.assertEqual(len(set(sums.values())), 1, (column, sums))
        self.assertEqual({r["compute_type"] for r in report["compute_types"]}, {"AI", "GENERAL"})
        states = Counter(o["state"] for o in orders)
        o = report["orders"]
        self.assertEqual((o["accepted"], o["filled"], o["cancelled"], o["resting_at_the_end"]),
                         (len(orders), states["FILLED"], states["CANCELLED"], states["RESTING"]))
        self.assertEqual(o["executed_in_part_or_whole"], sum(x["trades"] > 0 for x in orders))
        self.assertEqual({c["reason"]: c["orders"] for c in report["cancels"]},
                         Counter(x["reason"] for x in orders if x["state"] == "CANCELLED"))
        self.assertEqual({r["reject"]: r["count"] for r in report["rejects"]},
                         Counter(r["reject"] for r in self.table(journal, "rejects")))
        transfers = self.table(journal, "transfers")
        self.assertEqual(report["fees"]["earned_micro"],
                         sum(t["amount_micro"] for t in transfers if t["credit_kind"] == "FEES"))
        bought = Counter()
        for t in trades:
            bought[t["buyer"]] += t["unit_periods"]
        ranked = report["participants_by_volume"]
        self.assertEqual({p["participant"]: p["bought_unit_periods"] for p in ranked if p["bought_unit_periods"]}, bought)
        volumes = [p["bought_unit_periods"] + p["sold_unit_periods"] for p in ranked]
        self.assertEqual(volumes, sorted(volumes, reverse=True))

    def test_two_halves_of_a_day_make_the_day(self):
        journal = self.day(6000)
        whole = self.json_of("report", "--json", journal)
        middle = whole["records"]["first_at"][:14] + "30:00Z"
        first = self.json_of("report", "--json", "--to", middle, journal)
        second = self.json_of("report", "--json", "--from", middle, journal)
        self.assertEqual(second["records"]["first"], first["records"]["last"] + 1)
        self.assertEqual(second["records"]["last"], whole["records"]["last"])
        for path in (("orders", "accepted"), ("orders", "filled"), ("orders", "cancelled"), ("records", "count"),
                     ("fees", "earned_micro"), ("commands", "NEW_ORDER")):
            a, b, both = (r[path[0]][path[1]] for r in (first, second, whole))
            self.assertEqual(a + b, both, path)
            self.assertGreater(min(a, b), 0, path)
        self.assertEqual(audit("report", "--from=2200-01-01", journal).returncode, 4)

    def test_delivery(self):
        report = self.json_of("report", "--json", self.scenario("example-6"))
        d = report["delivery"]
        self.assertEqual((d["final"], d["final_CONFIRMED"], d["step_REPORTED"]), (1, 1, 1))
        self.assertEqual((d["delivered_unit_seconds"], d["promised_unit_seconds"]), (10000, 10800))
        self.assertEqual((d["delivered_ppm"], d["penalties_micro"], d["refunds_micro"]), (925925, 22222, 222223))
        disputed = self.json_of("report", "--json", self.scenario("dispute"))
        self.assertGreater(disputed["delivery"]["step_DISPUTED"], 0)

    def test_evidence_can_be_looked_up(self):
        """A buys its own supply back again and again; the records named are orders of A and B."""
        lines = (SCENARIOS / "example-7.jsonl").read_text(encoding="utf-8").splitlines()[:11]
        lines[1] = lines[1].replace('["SUPPLIER"]', '["SUPPLIER", "BUYER"]')
        order = {"command": "NEW_ORDER", "product": 1, "shape": "EACH", "first_period": 1040, "periods": 1,
                 "quantity": 1, "price": 1, "time_in_force": "GTC"}  # fmt: skip
        for n in range(3):
            ids = {"client_order_id": 2 * n + 1}, {"client_order_id": 2 * n + 2}
            lines.append(json.dumps({"sender": 2, "side": "SELL", **order, **ids[0]}))
            lines.append(json.dumps({"sender": 3, "side": "BUY", **order, **ids[0]}))
            lines.append(json.dumps({"sender": 3, "side": "SELL", "from_contract": 2 * n + 1, **order, **ids[1]}))
            lines.append(json.dumps({"sender": 2, "side": "BUY", **order, **ids[1]}))
        journal = self.scenario(lines)
        report = self.json_of("report", "--json", journal)
        returns, positions, circles = (report[f"wash_{i}"]["rows"] for i in ("returns", "positions", "circles"))
        self.assertEqual([(r["first"], r["second"], r["returned_unit_periods"]) for r in returns], [(2, 3, 3)])
        self.assertEqual({p["participant"] for p in positions}, {2, 3})
        self.assertEqual([(c["participant"], c["circles"]) for c in circles], [(2, 3)])
        records = audit("journal", "--records", "--json", journal).stdout.splitlines()
        records = {r["seq"]: r for r in map(json.loads, records) if r["line"] == "record"}
        for row in (*returns, *positions, *circles):
            self.assertGreater(len(row["evidence"]), 0)
            for seq in sum(row["evidence"], []):
                self.assertEqual(records[seq]["command"], "NEW_ORDER")
                self.assertIn(records[seq]["sender"], (2, 3))
        self.assertIn("within 86400 s", report["wash_returns"]["definition"])
        text = audit("report", journal).stdout
        for seqs in returns[0]["evidence"]:
            self.assertIn("-".join(map(str, seqs)), text)
        self.assertIn("within 60 s", audit("report", "--wash-seconds=60", journal).stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
