#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""petahour-audit simulate gives what stands beside each scenario, byte for byte.

usage: test_scenarios.py AUDIT FOLDER README MAKE_JOURNAL

Also: the example in the README is a scenario and its result, standard input is read like a file,
the commands of a journal give its events, errors name the line, and recorded demand runs in seconds.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

AUDIT, FOLDER, README, MAKE_JOURNAL = "", Path(), Path(), ""
START = 1000 * 3600 * 10**9  # the first instant of period 1000


def run(*args, text=None):
    """Exit status, standard output and standard error of one run."""
    ended = subprocess.run([AUDIT, *args], input=text, capture_output=True, timeout=120, check=False)
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
        head = (FOLDER / "example-1.jsonl").read_text(encoding="utf-8").splitlines()[:11]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            file.write("\n".join(head) + "\n")
            for i in range(100_000):
                sender, side, price = (2, "SELL", 5 + i % 7) if i % 2 else (4, "BUY", 5 + i % 5)
                order = {
                    "sender": sender, "command": "NEW_ORDER", "client_order_id": i + 1, "product": 1, "side": side,
                    "shape": "EACH", "first_period": 1001 + i % 40, "periods": 1 + i % 3, "quantity": 1 + i % 4,
                    "price": price, "time_in_force": "IOC" if i % 5 == 0 else "GTC",
                }  # fmt: skip
                file.write(json.dumps(order) + "\n")
            file.flush()
            started = time.monotonic()
            status, out, err = simulate("--quiet", file.name)
            took = time.monotonic() - started
        self.assertEqual((status, err), (0, ""))
        end = json.loads(out)
        self.assertEqual(end["commands"], 100_010 + 1)
        self.assertGreater(end["events"], 100_000)
        self.assertLess(took, 60, "a loaded machine is slow, a quadratic reader slower")


if __name__ == "__main__":
    AUDIT, FOLDER, README, MAKE_JOURNAL = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    unittest.main(argv=sys.argv[:1])
