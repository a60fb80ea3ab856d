# SPDX-License-Identifier: Apache-2.0
"""Trades settled in a real PostgreSQL, beside a bare COPY of the same rows; then books that are made
anew from a journal.

usage: bench_settle.py BUILD_FOLDER [TRADES [RECORDS [BEHIND]]]
       bench_settle.py BUILD_FOLDER behind TRADES

Starts a PostgreSQL of its own with fsync on. See the head of bench_settle.c; the bare tables have the
columns and indexes of ours, no partitions, no triggers, no constraints but NOT NULL. Machines are
noisy: the ratio counts. BEHIND and "behind": settlement behind a gateway at its full rate, see
settle_behind.py, with so many trades."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import settle_behind  # noqa: E402
from private_postgres import Cluster  # noqa: E402

SETTINGS = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_compression=off")
BARE = """
CREATE SCHEMA bare AUTHORIZATION petahour_settle;
DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['market', 'participant', 'site', 'hardware', 'capacity', 'product',
                               'payment', 'order', 'contract', 'segment', 'transfer', 'account',
                               'contract_root', 'contract_countersignature'] LOOP
        EXECUTE format('CREATE TABLE bare.%I (LIKE petahour.%I INCLUDING DEFAULTS INCLUDING INDEXES)',
                       one, one);
        EXECUTE format('ALTER TABLE bare.%I OWNER TO petahour_settle', one);
    END LOOP;
END $$;
"""


class Books:
    def __init__(self, build):
        self.build = build
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ph-bench-", dir="/tmp"))
        self.pg = Cluster(fsync=True, settings=SETTINGS)
        self.pg.start()
        self.config = self.folder / "petahour.ini"
        self.config.write_text(
            f"[market]\nname = settle.test\n[settle]\njournal = {self.folder}/journal\n"
            f"database = {self.pg.conninfo('petahour_settle')}\n", encoding="utf-8")

    def close(self):
        self.pg.remove()
        shutil.rmtree(self.folder)

    def program(self, name, *arguments):
        done = subprocess.run([self.build / name, *arguments], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"bench_settle: {name}: {done.stderr.strip()}")
        return done.stdout

    def fresh(self):
        self.pg.database = "postgres"
        self.pg.sql("DROP DATABASE IF EXISTS petahour WITH (FORCE)")
        self.pg.sql("CREATE DATABASE petahour")
        self.pg.database = "petahour"
        self.program("engine/settle/petahour-settle", "--config", self.config, "--migrate",
                     self.pg.conninfo())

    def size(self):
        """Bytes of the tables, and of their indexes."""
        return [int(n) for n in self.pg.sql(
            "SELECT sum(pg_table_size(oid)), sum(pg_indexes_size(oid)) FROM pg_class WHERE relkind"
            " = 'r' AND relnamespace = 'petahour'::regnamespace").split("|")]

    def trades(self, count, each, signed=False):
        self.fresh()
        self.pg.sql(BARE)
        empty = self.size()
        settled, ours, bare, cpu, bare_cpu, own = (float(n) for n in self.program(
            "tests/bench/bench_settle", self.pg.conninfo("petahour_settle"), str(count),
            str(each), *(["signed"] if signed else [])).split())
        rows, indexes = (full - before for full, before in zip(self.size(), empty))
        print(f"{each:>10} {settled / ours:>12.0f} {settled / bare:>12.0f} {bare / ours:>7.2f}"
              f" {cpu / settled * 1e6:>8.1f} {bare_cpu / settled * 1e6:>8.1f} {own / settled * 1e6:>8.1f}"
              f" {rows / count:>12.0f} {indexes / count:>12.0f}", flush=True)

    def rebuild(self, records):
        self.fresh()
        self.program("tests/e2e/make_journal", self.folder / "journal", "1", str(records), "200")
        begin = time.monotonic()
        self.program("engine/settle/petahour-settle", "--config", self.config, "--once")
        spent = time.monotonic() - begin
        trades = int(self.pg.sql("SELECT count(*) FROM petahour.contract"))
        print(f"\nBooks made anew from a journal of {records} records: {trades} trades in {spent:.1f} s,"
              f" {trades / spent:.0f} trades/s, {records / spent:.0f} records/s;"
              f" a million trades at this rate: {1e6 * spent / trades:.0f} s")


    def position(self):
        return int(self.pg.sql("SELECT coalesce(max(last_seq), 0) FROM petahour.position"))

    def lag(self, records):
        """The market trades as fast as its journal is written, and settlement follows."""
        self.fresh()
        shutil.rmtree(self.folder / "journal", ignore_errors=True)
        follower = subprocess.Popen([self.build / "engine/settle/petahour-settle", "--config",
                                     self.config], stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        market = subprocess.Popen([self.build / "tests/e2e/make_journal", self.folder / "journal", "1",
                                   str(records), "200"], stdout=subprocess.DEVNULL)
        seen = []  # time, position
        ended = None
        while not seen or seen[-1][1] < records:
            seen.append((time.monotonic() - begin, self.position()))
            if ended is None and market.poll() is not None:
                ended = time.monotonic() - begin
            if follower.poll() is not None:
                sys.exit("bench_settle: settlement gave up")
            time.sleep(0.05)
        follower.terminate()
        follower.wait()
        # The journal grows evenly: when was the record written at which the rows stand?
        behind = max(min(at, ended) * records / ended - position for at, position in seen)
        late = max(at - position * ended / records for at, position in seen)
        trades = int(self.pg.sql("SELECT count(*) FROM petahour.contract"))
        print(f"Following a journal that grows by {records / ended:.0f} records/s: {trades / seen[-1][0]:.0f}"
              f" trades/s while both share the machine, at most {behind:.0f} records and {late:.1f} s behind")


def number(arguments, place, otherwise):
    if len(arguments) <= place:
        return otherwise
    if not re.fullmatch("[1-9][0-9]{0,8}", arguments[place]):
        sys.exit(f'bench_settle: "{arguments[place]}" is no number above 0\n\n{__doc__}')
    return int(arguments[place])


def main():
    build, arguments = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    is_behind = arguments[:1] == ["behind"]
    if len(arguments) > (2 if is_behind else 3):
        sys.exit(__doc__)
    trades = number(arguments[1:] if is_behind else arguments, 0, 200000)
    records = number(arguments, 1, 150000)
    behind = trades if is_behind else number(arguments, 2, 200000)
    books = Books(build)
    try:
        if not is_behind:
            print("Trades a second, settled with everything on and as a bare COPY; processor time of a trade in"
                  " the server, and in the settlement itself; bytes of a trade")
            print(f"{'in one tx':>10} {'settled':>12} {'bare COPY':>12} {'ratio':>7} {'CPU us':>8} {'bare':>8}"
                  f" {'ours':>8} {'rows':>12} {'indexes':>12}")
            for each in (100, 1000, 10000):
                books.trades(trades // 5 if each == 100 else trades, each)
            print("The same where both parties countersign each contract, which is verified and has two rows more, in"
                  " the bare COPY too")
            for each in (100, 1000, 10000):
                books.trades(trades // 5 if each == 100 else trades, each, signed=True)
            books.rebuild(records)
            books.lag(records)
        settle_behind.measure(books, behind)
    finally:
        books.close()


if __name__ == "__main__":
    main()
