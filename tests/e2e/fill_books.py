#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills the books of a test database with contracts that no journal knows, so that questions can be
asked of large tables; and asks them.

As a program:  fill_books.py "host=... dbname=petahour user=postgres" CONTRACTS
               fills, then prints for each question its time and how it reads the tables. The
               database has the rows of a market already, participants 2 and 6 among them."""

import json
import re
import subprocess
import sys
import time

DAY = "'2016-06-01'::date"
ROLES = {"member": "member_six", "supplier": "member_two", "auditor": "petahour_auditor", "owner": "postgres options='-c jit=off'"}  # as the function of an invoice has it
LARGE = re.compile(r"((transfer|contract|segment|order|delivery_\w+)_(p\d+|default)|payment_sum|price_sum)$")

# Two years from September 2015; 2,000 buyers and 200 suppliers, of which 6 and 2 are asked about. Every
# contract is of two orders, of which the buyers' are there, and was delivered.
FILL = """
SELECT petahour.partitions_ahead({last}::bigint * 5, {order} + 2 * {count}, {last});
INSERT INTO petahour.day
    SELECT d::date, {base}::bigint * 5 + row_number() OVER () * ({count}::bigint * 5 / 731)
      FROM generate_series('2015-09-01'::timestamp, '2017-08-31', '1 day') d ON CONFLICT DO NOTHING;
INSERT INTO petahour.contract
    SELECT i, i, i * 5, at_ns, 1 + i % 2, 1, 6 + i % 2000, 2 + i % 200, {order} + i - {base},
           {order} + {count} + i - {base}, 1, 2000000, 2000, 1000, 400, 200000, 1, 2 + i % 200, NULL, 2000000, 0, 0, begins, begins + 7200
      FROM (SELECT i, 1441065600000000000 + (i - {base}) * (63158400000000000 / {count}) AS at_ns,
                   1441065600 + (i - {base}) * 63158400::bigint / {count} / 3600 * 3600 + 7200 AS begins
              FROM generate_series({base}::bigint, {last}::bigint) i) x;
INSERT INTO petahour.segment
    SELECT id, 1, begins_s / 3600, 2, 1, 1000000 FROM petahour.contract WHERE id >= {base};
INSERT INTO petahour."order"
    SELECT buy_order, seq, at_ns, buyer, buy_order, product, 1, 1, 3, 1, false, false, begins_s / 3600, 2,
           0, 1, 1000000, 0, NULL, NULL, id, 0, 2, NULL, NULL, seq
      FROM petahour.contract WHERE id >= {base};
INSERT INTO petahour.delivery_report
    SELECT seq + 1 + i, at_ns, id, begins_s / 3600 + i, supplier, 3600, NULL, decode(repeat('01', 64), 'hex')
      FROM petahour.contract, generate_series(0, 1) i WHERE id >= {base};
INSERT INTO petahour.delivery_final
    SELECT id, begins_s / 3600 + i, seq + 3, 1 + i, at_ns, 2, 3600, 3600, 1, 0
      FROM petahour.contract, generate_series(0, 1) i WHERE id >= {base};
INSERT INTO petahour.transfer
    SELECT c.seq, v.number, 2, v.credit, v.reason, v.debit, v.id, v.amount
      FROM petahour.contract c,
           LATERAL (VALUES (1, 3, 3, c.buyer, c.id, 2000000), (2, 3, 4, c.buyer, c.id, 1600),
                           (3, 5, 5, c.buyer, 0, 400), (4, 4, 6, c.supplier, c.id, 200000))
                   v (number, credit, reason, debit, id, amount)
     WHERE c.id >= {base};
ANALYZE petahour.contract; ANALYZE petahour.segment; ANALYZE petahour.transfer;
ANALYZE petahour.day; ANALYZE petahour."order"; ANALYZE petahour.delivery_report;
ANALYZE petahour.delivery_final;
SELECT brin_summarize_new_values(inhrelid) FROM pg_inherits
 WHERE inhparent = 'petahour.contract_by_time'::regclass;
"""

# As settlement does, which stands just behind the last record; some are left that have no sums yet.
SUM_UP = """
DO $$
BEGIN
    WHILE petahour.sum_up({last}::bigint * 5 - 10000) <= {last}::bigint * 5 - 10000 LOOP
    END LOOP;
END $$"""


def psql(conninfo, text):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-c", text],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.strip()


def fill(conninfo, count):
    base = int(psql(conninfo, "SELECT coalesce(max(id), 0) + 1 FROM petahour.contract"))
    order = int(psql(conninfo, 'SELECT coalesce(max(id), 0) + 1 FROM petahour."order"'))
    for statement in FILL.format(base=base, last=base + count - 1, count=count, order=order).split(";\n"):
        if statement.strip():
            psql(conninfo, statement)
    psql(conninfo, SUM_UP.format(last=base + count - 1))
    psql(conninfo, "ANALYZE petahour.payment_sum; ANALYZE petahour.price_sum")


def questions(conninfo):
    """Name, whether a member, a supplier, an auditor or the owner asks, and the SQL; functions as their body, so
    that the plan shows."""
    def body(name, **values):
        text = psql(conninfo, f"SELECT prosrc FROM pg_proc WHERE proname = '{name}'")
        for parameter, value in values.items():
            text = re.sub(rf"\b{parameter}\b", value, text)
        return text

    # An invoice is made of functions that only their owner may call.
    month = {"the_participant": "6", "the_month": "'2016-06-01'::date"}
    charges = body("invoice_charge", **month).replace(
        f"petahour.invoice_transfer(6, {month['the_month']})",
        f"({body('invoice_transfer', **month)})")
    invoice = body("invoice", **month).replace(f"invoice_charge(6, {month['the_month']})",
                                               f"({charges})")
    assert not re.search(r"invoice_(charge|transfer)\(", invoice)

    def mine(name, **values):
        """A function that reads as its owner, of rows that are of who asks: participant 6."""
        return (body(name, **values).replace("sold_on_by_me()", f"({body('sold_on_by_me')})")
                .replace("(SELECT me())", "6"))

    contract, order = psql(conninfo, "SELECT id, buy_order FROM petahour.contract WHERE buyer = 6"
                                     " ORDER BY id DESC LIMIT 1").split("|")
    first_s = f"extract(epoch FROM {DAY})"
    return [
        ("the fills of my order", "member", f'SELECT * FROM my_order_fills WHERE "order" = {order}'),
        ("the history of my order", "member",
         f'SELECT * FROM order_history WHERE "order" = {order} ORDER BY seq, number'),
        ("the money of my contract", "member", f"SELECT * FROM contract_entry WHERE contract = {contract}"),
        ("the reports of my contract", "member",
         f"SELECT * FROM delivery_report WHERE contract = {contract}"),
        ("the reports of my contracts, a week", "member",
         "SELECT r.* FROM contract c JOIN delivery_report r ON r.contract = c.id WHERE c.buyer = (SELECT"
         f" me()) AND c.ends_s > {first_s} AND c.ends_s < {first_s} + 604800"),
        ("the reports of a week", "owner", mine("my_reports", first_day=DAY, days="7")),
        ("utilisation of a site by one of its suppliers, a week", "owner",
         body("site_use", the_site="1", first_day=DAY, days="7", the_supplier="2")),
        ("my contracts next week", "owner", mine(
            "my_contract_periods", from_at=f"{DAY}::timestamptz", to_at=f"({DAY} + 7)::timestamptz")),
        ("who holds what I sold on", "owner", mine("my_links")),
        ("what I paid in a month", "member",
         body("my_statement_of", the_month="'2016-06-01'::date")),
        ("what I paid by month", "member", "SELECT * FROM my_payments_by_month"),
        ("what I paid by contract", "member", "SELECT * FROM my_payments_by_contract"),
        ("my invoice of a month", "auditor",
         body("invoice_transfer", the_participant="6", the_month="'2016-06-01'::date")),
        ("the rows of my invoice", "owner", invoice),
        ("utilisation of a site, a week", "owner",
         body("site_use", the_site="1", first_day=DAY, days="7", the_supplier="NULL")),
        ("prices of a product, a week", "auditor",
         body("price_history", the_product="1", first_day=DAY, days="7")),
        ("prices of a product, two years", "auditor",
         body("price_history", the_product="1", first_day="'2015-09-01'::date", days="731")),
        *[(f"all of {view}", "member", f"SELECT * FROM {view}")
          for view in ("contract", '"order"', "my_order_fills", "my_statement", "my_segments")],
    ]


def asked():
    """The same as they are asked, whether the plan shows or not: name, who asks, and the SQL."""
    week = f"{DAY}, 7"
    return [
        ("utilisation of a site, a week", "auditor", f"SELECT * FROM site_utilisation(1, {week})"),
        ("utilisation of my site, a week", "supplier", f"SELECT * FROM my_site_utilisation({week})"),
        ("what is left of my contracts, a week", "member",
         f"SELECT * FROM my_contract_periods({DAY}, {DAY} + 7)"),
        ("what is left of my supplies, a week", "supplier",
         f"SELECT * FROM my_contract_periods({DAY}, {DAY} + 7)"),
        ("the reports of a week", "member", f"SELECT * FROM my_reports({week})"),
        ("what I paid in a month", "member", f"SELECT * FROM my_statement_of({DAY})"),
        *[(f"all of {view}", "member", f"SELECT * FROM {view}")
          for view in ("my_order_fills", "my_statement", "my_segments", "my_payments_by_contract",
                       "my_payments_by_month")],
    ]


def rows_of(node):
    """Rows that a scan looked at, those that it threw away too."""
    wasted = sum(node.get(f"Rows Removed by {by}", 0) for by in ("Filter", "Index Recheck"))
    return (node.get("Actual Rows", 0) + wasted) * node.get("Actual Loops", 0)


def reads(conninfo, sql, analyse=False):
    """How a question reads tables, as (kind of scan, table, rows); with its time in ms if it is
    run. The rows are 0 if it is not."""
    how = "EXPLAIN (FORMAT JSON, ANALYZE, TIMING OFF)" if analyse else "EXPLAIN (FORMAT JSON)"
    answer = json.loads(psql(conninfo, f"SET search_path = petahour; {how} {sql}"))[0]
    found, nodes = [], [answer["Plan"]]
    while nodes:
        node = nodes.pop()
        if "Relation Name" in node:
            found.append((node["Node Type"], node["Relation Name"], rows_of(node)))
        nodes += node.get("Plans", [])
    return found, answer.get("Execution Time")


def whole_reads(conninfo, found):
    """Large tables that are read from end to end; a partition made ahead is empty, and no matter."""
    full = psql(conninfo, "SELECT relname FROM pg_class WHERE reltuples > 10000").splitlines()
    return sorted({table for kind, table, _ in found
                   if kind == "Seq Scan" and LARGE.match(table) and table in full})


def tuples_read(conninfo, sql):
    """Rows of large tables that were read to answer, by the server's own count: from end to end, and by
    an index."""
    told = psql(conninfo, f"SET search_path = petahour; BEGIN; WITH a AS MATERIALIZED ({sql}) SELECT count(*)"
                          " FROM a; SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
                          " WHERE schemaname = 'petahour'; COMMIT").splitlines()
    rows = [line.split("|") for line in told[1:]]
    return tuple(sum(int(row[place] or 0) for row in rows if LARGE.match(row[0])) for place in (1, 2))


def rows_read(found):
    """Rows of large tables that a question looked at."""
    return sum(rows for _, table, rows in found if LARGE.match(table))


def make_member(conninfo, role, participant):
    psql(conninfo, f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN IN ROLE petahour_member;"
                   f"INSERT INTO petahour.member VALUES ('{role}', {participant})"
                   " ON CONFLICT DO NOTHING")


def main(arguments):
    if len(arguments) != 2:
        sys.stderr.write(__doc__ + "\n")
        return 2
    conninfo, count = arguments[0], int(arguments[1])
    if psql(conninfo, "SELECT count(*) FROM petahour.participant WHERE id IN (2, 6)") != "2":
        sys.stderr.write("fill_books: participants 2 and 6, who ask, are not there; settle a journal into the database"
                         " first (make_journal, then petahour-settle --once)\n")  # fmt: skip
        return 1
    begin = time.monotonic()
    fill(conninfo, count)
    print(f"{count} contracts in {time.monotonic() - begin:.0f} s, "
          + psql(conninfo, "SELECT pg_size_pretty(pg_database_size(current_database()))"))
    make_member(conninfo, "member_six", 6)
    make_member(conninfo, "member_two", 2)
    for name, who, sql in questions(conninfo):
        as_role = conninfo.replace("user=postgres", "user=" + ROLES[who])
        reads(as_role, sql, True)
        found, ms = reads(as_role, sql, True)
        scans = sorted({f"{kind} {table}" for kind, table, _ in found if LARGE.match(table)
                        and not table.endswith("_default")})
        print(f"{name}: {ms:.1f} ms, {rows_read(found)} rows; {', '.join(scans)}")
        for table in whole_reads(conninfo, found):
            print(f"  reads all of {table}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
