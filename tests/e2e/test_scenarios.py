#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""petahour-audit simulate gives what stands beside each scenario, byte for byte.

usage: test_scenarios.py AUDIT FOLDER README MAKE_JOURNAL

Also: the example in the README is a scenario and its result, standard input is read like a file,
the commands of a journal give its events, errors name the line, and recorded demand runs in seconds.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

AUDIT, FOLDER, README, MAKE_JOURNAL = "", Path(), Path(), ""
ROOT = Path(__file__).resolve().parents[2]
START = 1000 * 3600 * 10**9  # the first instant of period 1000


def run(*args, text=None):
    """Exit status, standard output and standard error of one run."""
    ended = subprocess.run([AUDIT, *args], input=text, capture_output=True, timeout=280, check=False)
    return ended.returncode, ended.stdout, ended.stderr.decode()


def simulate(*args, text=None):
    return run("simulate", *args, text=text)


class Scenarios(unittest.TestCase):
    def test_every_scenario_gives_what_stands_beside_it(self):
        names = sorted(p for p in FOLDER.glob("*.jsonl") if not p.name.endswith(".expected.jsonl"))
        self.assertGreaterEqual(len(names), 8)
        for path in names:
            with self.subTest(path.name):
                status, out, err = simulate("--check-laws", str(path))
                self.assertEqual((status, err), (0, ""))
                self.assertEqual(out.decode(), path.with_suffix(".expected.jsonl").read_text(encoding="utf-8"))

    def test_every_expectation_has_a_scenario_that_says_what_it_shows(self):
        for path in FOLDER.glob("*.expected.jsonl"):
            scenario = path.with_name(path.name.replace(".expected", ""))
            first = json.loads(scenario.read_text(encoding="utf-8").splitlines()[0])
            self.assertGreater(len(first["note"]), 20, scenario.name)

    def test_standard_input_and_quiet(self):
        path = FOLDER / "example-4.jsonl"
        whole = simulate(str(path))[1]
        self.assertEqual(simulate("-", text=path.read_bytes())[1], whole)
        self.assertEqual(simulate("--quiet", "-", text=path.read_bytes())[1], whole.splitlines(True)[-1])

    def test_the_example_of_the_guide(self):
        blocks = re.findall(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
        self.assertEqual(len(blocks), 2, "a scenario and its result")
        status, out, err = simulate("--check-laws", "-", text=blocks[0].encode())
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.decode(), blocks[1])


def rows_below(heading, columns):
    """Rows of the tables in the part of the page that has this heading: a list of cells for each."""
    part = README.read_text(encoding="utf-8").split(f"### {heading}\n", 1)[1].split("\n### ", 1)[0]
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")]
    return [row for row in rows if len(row) == columns]


def words(cell):
    return re.findall(r"`(\w+)`", cell)


class Page(unittest.TestCase):
    """What the page says of commands, events and sizes is what the program has, and the other way
    round; engine/wire/fields.h is where the program has it from."""

    @classmethod
    def setUpClass(cls):
        text = (ROOT / "engine/wire/fields.h").read_text(encoding="utf-8")
        lists = {m[1]: re.findall(r"F\(\w+, (\w+),", m[0]) for m in re.finditer(r"#define FIELDS_(\w+)\(F, of\)(?:.*\\\n)*.*", text)}
        lists["ACCESS"] = ["contract", "sealed"]
        lists["REJECTED"].insert(2, "reject")
        kinds = re.findall(r"K\(PH_(CMD|EVT)_(\w+), FIELDS_(\w+), \w+\)", text)
        cls.commands = {name: lists[fields] for kind, name, fields in kinds if kind == "CMD"} | {"TICK": []}
        cls.events = {name: lists[fields] for kind, name, fields in kinds if kind == "EVT"}

    def test_the_commands_and_their_fields(self):
        told = {words(row[0])[0]: words(row[2]) for row in rows_below("Commands and events", 3)}
        self.assertEqual(told, self.commands)
        self.assertGreater(len(told), 30)
        for command, fields in told.items():
            for field in [*fields, "prise"]:
                line = json.dumps({"at": START, "sender": 1, "command": command, field: {}})
                status, _, err = simulate("-", text=line.encode())
                self.assertEqual(status, 1, line)
                self.assertEqual("is no field" in err, field == "prise", err)

    def test_who_sends_them(self):
        text = (ROOT / "engine/wire/command.h").read_text(encoding="utf-8")
        known = dict(re.findall(r"PH_CMD_(\w+) = \d+,\s*/\* (.*?) \*/", text)) | {"TICK": "nobody", "OPEN_MARKET": "nobody"}
        self.assertEqual({words(row[0])[0]: row[1] for row in rows_below("Commands and events", 3)}, known)

    def test_the_events_and_their_fields(self):
        told = {words(row[0])[0]: words(row[1]) for row in rows_below("Commands and events", 2)}
        self.assertEqual(told, self.events)
        seen = {}
        for path in FOLDER.glob("*.expected.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                seen[event["event"]] = list(event)
        for name, fields in told.items():
            self.assertEqual(seen[name], ["seq", "at", "event", *fields], name)

    def test_the_sizes(self):
        header = (ROOT / "engine/core/market.h").read_text(encoding="utf-8")
        struct = header.split("typedef struct {", 1)[1].split("} ph_market_limits;", 1)[0]
        source = (ROOT / "engine/core/market.c").read_text(encoding="utf-8")
        defaults = {n: eval(v) for n, v in re.findall(r"\.(\w+) = (\d[\d <]*)[,}]", source)}  # noqa: S307
        rows = rows_below("Sizes", 4)
        self.assertEqual([words(row[0])[0] for row in rows], re.findall(r"uint32_t (\w+);", struct))
        for name, _, default, most in rows:
            name, most = words(name)[0], int(most.replace(",", ""))
            self.assertEqual(int(default.replace(",", "")), defaults[name], name)
            for wrong in (0, most + 1):
                line = json.dumps({"market": {name: wrong}}) + f'\n{{"at":{START},"command":"TICK"}}'
                status, _, err = simulate("-", text=line.encode())
                self.assertEqual((status, "make no sense" in err), (1, True), line)
        for name in ("participants_max", "sites_max", "hardware_max", "terms_max"):  # small enough to be tried
            most = next(int(row[3].replace(",", "")) for row in rows if words(row[0])[0] == name)
            line = json.dumps({"market": {name: most, "orders_max": 8}}) + f'\n{{"at":{START},"command":"TICK"}}'
            self.assertEqual(simulate("-q", "-", text=line.encode())[0], 0, line)


class Recorded(unittest.TestCase):
    def test_a_journal_simulated_gives_the_results_that_it_states(self):
        with tempfile.TemporaryDirectory() as folder:
            journal = Path(folder) / "journal"
            journal.mkdir()
            subprocess.run([MAKE_JOURNAL, str(journal), "7", "3000", "100"], check=True, timeout=120)
            replay = json.loads(run("replay", "--json", str(journal))[1])
            status, scenario, err = run("journal", "--commands", str(journal))
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(run("journal", "--commands", "--from=2", str(journal))[0], 2)
            part = run("journal", "--commands", "--to=50", str(journal))[1]
        self.assertEqual(part.splitlines(), scenario.splitlines()[:51])  # the sizes, then 50 commands
        status, out, err = simulate("-", text=scenario)
        self.assertEqual((status, err), (0, ""))
        events = [json.loads(line) for line in out.splitlines()]
        end = events.pop()
        self.assertEqual(end["commands"], replay["records"])
        self.assertEqual(dict(Counter(e["event"] for e in events)), replay["events"])
        notional = sum(e["notional"] for e in events if e["event"] == "TRADE")
        self.assertGreater(notional, 0)
        self.assertEqual(f"{notional // 10**6}.{notional % 10**6:06}", replay["notional"])


class Errors(unittest.TestCase):
    OPEN = f'{{"at":{START},"command":"TICK"}}\n'

    def refused(self, lines, at, *words):
        status, out, err = simulate("-", text=(self.OPEN + lines).encode())
        self.assertEqual(status, 1, err)
        self.assertTrue(err.startswith(f"petahour-audit: standard input:{at}: "), err)
        for word in words:
            self.assertIn(word, err)
        self.assertNotIn(b'"END"', out)

    def test_time_goes_back(self):
        self.refused(f'{{"at":{START - 1},"command":"TICK"}}\n', 2, '"at"', "never goes back")

    def test_the_end_of_time(self):
        self.refused('{"at":18446744073709551615,"command":"TICK"}\n', 2, '"at"', "never")
        status, out, err = simulate("-q", "-", text=(self.OPEN + '{"at":18446744073709551614,"command":"TICK"}').encode())
        self.assertEqual((status, err), (0, ""))

    def test_sizes_come_first(self):
        self.refused('{"market":{}}\n', 2, "first line alone")

    def test_the_line_is_counted_with_blank_ones(self):
        self.refused("\n  \n{}\n", 4, '"command" is missing')

    def test_a_long_line(self):
        longest = '{"note":"' + "x" * (65536 - 11) + '"}'
        self.assertEqual(simulate("-q", "-", text=(self.OPEN + longest).encode())[0], 0)
        self.refused(longest + " ", 2, "65,536")
        self.refused(longest + " " * 70000 + "\n", 2, "65,536")

    def test_no_command_and_no_stamp(self):
        status, out, err = simulate("-", text=b'{"note":"nothing"}\n')
        self.assertEqual((status, out), (1, b""))
        self.assertIn("no command", err)
        status, out, err = simulate("-", text=b'{"command":"TICK"}\n')
        self.assertEqual((status, out), (1, b""))
        self.assertIn('"at" is missing', err)

    def test_bytes_that_are_no_text(self):
        for line in (b"\0", b'{"note":"a\0"}', b'{"note":"\xff"}', b"\xef\xbb\xbf{}"):
            status, out, err = simulate("-", text=self.OPEN.encode() + line)
            self.assertEqual(status, 1, line)
            self.assertIn("standard input:2: not JSON", err)

    def test_every_kind_of_mistake(self):
        """Line, field, what is wrong and what to do: of each kind of mistake."""
        good = {
            "sender": 1, "command": "NEW_ORDER", "client_order_id": 1, "product": 1, "side": "BUY", "shape": "EACH",
            "first_period": 1002, "periods": 1, "quantity": 1, "price": 5, "time_in_force": "GTC",
        }  # fmt: skip

        def order(**changes):
            return json.dumps({k: v for k, v in {**good, **changes}.items() if v is not Ellipsis})

        for line, *said in (
            (order(prise=5), '"prise" is no field of NEW_ORDER', "take it out or correct its name"),
            (order(price="5"), '"price": give a whole number from -9223372036854775808 to 9223372036854775807',),
            (order(price=5.5), '"price": give a whole number'),
            (order(price=5.0), '"price": give a whole number'),
            (order(quantity=2**32), '"quantity": give a whole number from 0 to 4294967295'),
            (order(quantity=-1), '"quantity": give a whole number from 0 to 4294967295'),
            (order(client_order_id=2**64), '"client_order_id": give a whole number from 0 to 18446744073709551615'),
            (order(price=2**63), '"price": give a whole number'),
            (order(price=...), '"price" is missing: NEW_ORDER needs it'),
            (order(price=None), '"price": give a whole number'),
            (order(post_only="yes"), '"post_only": give true or false'),
            (order(side="BYE"), '"side": give one of BUY, SELL'),
            (order(side="buy"), '"side": give one of BUY, SELL'),
            (order(expire_at="tomorrow"), '"expire_at": give nanoseconds since 1970 or a time like "2026-11-23T22:00:00Z"'),
            (order(expire_at="2026-02-30T00:00:00Z"), '"expire_at": give nanoseconds since 1970 or a time like'),
            (order(expire_at="2026-11-23T22:00:00"), '"expire_at": give nanoseconds since 1970 or a time like'),
            (order(first_period="2026-11-23T22:00:00Z"), '"first_period"', "is not known here; give the number of the period"),
            (order(sender=...), '"sender" is missing: give the id of the participant that sends it'),
            (order(sender=[1]), '"sender": give a whole number from 0 to 4294967295'),
            (order(command="BUY"), '"command": "BUY" is not known; the README lists the commands'),
            (order(command=...), '"command" is missing: a line is a command, {"market": {sizes}} or {"note": text}'),
            (order()[:-1] + ',"price":6}', "not JSON", "duplicate", "price"),
            (order() + " {}", "not JSON", "end of file expected"),
            (order() + ",", "not JSON", "end of file expected"),
            (order()[:-1], "not JSON", "'}' expected"),
            (order().replace('"', "'"), "not JSON"),
            (order(note=1), '"note": give a text'),
            (order(note="x" * (1 << 20)), "longer than 65,536 bytes: give each command a line of its own"),
            ("[" * 60000, "not JSON"),
            ("{" + '"a":{' * 10000, "not JSON"),
            ('{"sender":1,"command":"CANCEL_ORDER"}', 'give "order" or "client_order_id"'),
            ('{"sender":1,"command":"REGISTER_HARDWARE","id":1,"name":"' + "x" * 64 + '"}', '"name": give a text of at most 63 bytes'),
            ('{"sender":1,"command":"REGISTER_PARTICIPANT","id":2,"name":"a","roles":["SELLER"]}', '"roles": give a list of SUPPLIER'),
            ('{"sender":1,"command":"REVOKE_KEY","use":"SIGNATURE","key":"0g"}', '"key": give 64 hexadecimal digits'),
            ('{"sender":1,"command":"NEW_GROUP","orders":[%s]}' % order(), "order 1 of the group", '"sender" is no field'),
            ('{"sender":1,"command":"NEW_GROUP","orders":{}}', '"orders": give a list of at most 8 orders'),
            ('{"market":{"orders_max":5}}', "first line alone"),
        ):
            with self.subTest(line[:120]):
                self.refused(line, 2, *said)
        status, out, err = simulate("-", text=b'{"market":{"orders":5}}')
        self.assertEqual((status, out), (1, b""))
        self.assertIn('standard input:1: "orders" is no size of a market: take it out or correct its name', err)

    def test_a_folder_is_no_file(self):
        status, out, err = simulate(str(FOLDER))
        self.assertEqual((status, out), (1, b""))
        self.assertIn("could not read", err)

    def test_no_file(self):
        status, out, err = simulate("/nonexistent/scenario.jsonl")
        self.assertEqual((status, out), (4, b""))
        self.assertIn("could not open", err)

    def test_usage(self):
        self.assertEqual(simulate()[0], 2)
        self.assertEqual(simulate("a", "b")[0], 2)


class Demand(unittest.TestCase):
    def test_a_hundred_thousand_commands_take_seconds(self):
        """A fifth of them takes a fifth of the processor's time, or not much less."""
        few, all_ = self.processor_seconds(20_000), self.processor_seconds(100_000)
        self.assertLess(all_, 12 * few, "a quadratic reader takes 25 times as long")

    def processor_seconds(self, count):
        head = (FOLDER / "example-1.jsonl").read_text(encoding="utf-8").splitlines()[:11]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.write("\n".join(head) + "\n")
            for i in range(count):
                sender, side, price = (2, "SELL", 5 + i % 7) if i % 2 else (4, "BUY", 5 + i % 5)
                order = {
                    "sender": sender, "command": "NEW_ORDER", "client_order_id": i + 1, "product": 1, "side": side,
                    "shape": "EACH", "first_period": 1001 + i % 40, "periods": 1 + i % 3, "quantity": 1 + i % 4,
                    "price": price, "time_in_force": "IOC" if i % 5 == 0 else "GTC",
                }  # fmt: skip
                file.write(json.dumps(order) + "\n")
            file.flush()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            status, out, err = simulate("--quiet", file.name)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual((status, err), (0, ""))
        end = json.loads(out)
        self.assertEqual(end["commands"], count + 10 + 1)
        self.assertGreater(end["events"], count)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    AUDIT, FOLDER, README, MAKE_JOURNAL = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    unittest.main(argv=sys.argv[:1])
