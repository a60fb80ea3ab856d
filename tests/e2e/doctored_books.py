# SPDX-License-Identifier: Apache-2.0
"""Rows that are changed behind the back of the triggers, each with the law of the books that finds it."""


def moved(reasons, change, where="true"):
    """Changes the amounts of one final contract-period that has transfers of all these reasons."""
    of_these = f"t.reason = ANY ('{{{','.join(str(reason) for reason in reasons)}}}')"
    return (f"UPDATE petahour.transfer t SET {change} FROM (SELECT f.seq, f.contract, f.first_transfer,"
            " f.transfers FROM petahour.delivery_final f JOIN petahour.transfer t ON t.seq = f.seq"
            " AND t.debit_id = f.contract AND t.number >= f.first_transfer"
            f" AND t.number < f.first_transfer + f.transfers WHERE {of_these} AND {where}"
            f" GROUP BY f.contract, f.period HAVING count(DISTINCT t.reason) = {len(reasons)} LIMIT 1) f"
            f" WHERE t.seq = f.seq AND t.debit_id = f.contract AND {of_these}"
            " AND t.number >= f.first_transfer AND t.number < f.first_transfer + f.transfers")


def of_one(table, change, where="true"):
    """Changes one row."""
    return (f"UPDATE petahour.{table} SET {change} WHERE ctid = (SELECT ctid FROM petahour.{table}"
            f" WHERE {where} LIMIT 1) AND tableoid = (SELECT tableoid FROM petahour.{table}"
            f" WHERE {where} LIMIT 1)")


# A row that is changed behind the back of the triggers, and the law that finds it.
DOCTORED = {
    "a balance is the sum of its transfers":
        "UPDATE petahour.account SET moves = moves + 1 WHERE kind = 2 AND id = 6",
    "what its periods that are not final need":
        "UPDATE petahour.account SET balance = balance + 1 WHERE kind = 3 AND id ="
        " (SELECT min(id) FROM petahour.contract_whole)",
    "keeps no money":
        "UPDATE petahour.account SET balance = 1 WHERE kind = 4 AND id = (SELECT min(id)"
        " FROM petahour.contract_progress WHERE promised = sold_on + final)",
    "no more than it has":
        "UPDATE petahour.delivery_final SET promised = promised * 1000 WHERE (contract, period) IN"
        " (SELECT contract, period FROM petahour.delivery_final LIMIT 1)",
    "pays out what it is worth":
        "UPDATE petahour.transfer SET amount = amount + 1 WHERE (seq, number) IN"
        " (SELECT t.seq, t.number FROM petahour.transfer t JOIN petahour.delivery_final f"
        " ON t.seq = f.seq AND t.number = f.first_transfer JOIN petahour.contract_whole c"
        " ON c.id = f.contract WHERE t.reason IN (7, 9) LIMIT 1)",
    "promised what its segments state":
        "UPDATE petahour.segment SET quantity = quantity + 1 WHERE (contract, number) IN"
        " (SELECT s.contract, s.number FROM petahour.segment s JOIN petahour.final_by_segments f"
        " USING (contract) JOIN petahour.contract_whole c ON c.id = s.contract"
        " WHERE c.segments = 1 LIMIT 1)",
    "lies within its contract":
        "UPDATE petahour.delivery_final SET period = 1 WHERE (contract, period) IN"
        " (SELECT contract, period FROM petahour.delivery_final LIMIT 1)",
    "belongs to one final contract-period":
        "UPDATE petahour.delivery_final SET transfers = 0 WHERE (contract, period) IN"
        " (SELECT contract, period FROM petahour.delivery_final WHERE transfers > 0 LIMIT 1)",
    "without a report delivered nothing":
        "UPDATE petahour.delivery_final SET delivered = 1 WHERE (contract, period) IN"
        " (SELECT contract, period FROM petahour.delivery_final WHERE cause = 3 LIMIT 1)",
    "delivered what was resolved":
        "UPDATE petahour.resolution SET delivered = delivered + 1 WHERE seq ="
        " (SELECT min(seq) FROM petahour.resolution)",
    "delivered what was reported":
        "UPDATE petahour.delivery_final SET delivered = delivered - 1 WHERE (contract, period) IN"
        " (SELECT contract, period FROM petahour.delivery_final WHERE cause = 1 AND delivered > 0"
        " LIMIT 1)",
    "a deposit is put down for a dispute":
        "UPDATE petahour.dispute SET claimant = 1 WHERE seq = (SELECT d.seq FROM petahour.dispute d"
        " JOIN petahour.transfer t ON t.seq = d.seq AND t.reason = 15 LIMIT 1)",
    "sells no more than it registered":
        "UPDATE petahour.capacity SET units = 1 WHERE seq = (SELECT min(seq) FROM petahour.capacity)",
    "executes no more than it asked for":
        "UPDATE petahour.\"order\" SET quantity = 1 WHERE id IN (SELECT buy_order FROM"
        " petahour.contract JOIN petahour.segment s ON s.contract = contract.id WHERE quantity > 1)"
        " AND id NOT IN (SELECT \"order\" FROM petahour.order_replacement)",
    "numbers run from 1 without a gap":
        "UPDATE petahour.terms SET version = 99 WHERE product = 1 AND version = 2",
    "the last one that it was given":
        "UPDATE petahour.product SET phase = 4 WHERE id = 1",
    "ahead of the position":
        "UPDATE petahour.delivery_report SET seq = 999999 WHERE seq ="
        " (SELECT min(seq) FROM petahour.delivery_report)",
    "the orders of a contract are of its parties":
        "UPDATE petahour.contract SET sell_order = buy_order WHERE id = 3",
    "transfers NOTIONAL of a record":
        "UPDATE petahour.transfer SET amount = amount + 1 WHERE (seq, number) IN"
        " (SELECT seq, number FROM petahour.transfer WHERE reason = 3 LIMIT 1)",
    "guard rows and table":
        "ALTER TABLE petahour.delivery_final_p1 DISABLE TRIGGER append_only",
    "row security holds":
        "ALTER TABLE petahour.dispute NO FORCE ROW LEVEL SECURITY",
    "settlement deletes nothing": "GRANT DELETE ON petahour.site TO petahour_settle",
    "only EXTERNAL is below zero":
        "ALTER TABLE petahour.account DROP CONSTRAINT never_negative;"
        "UPDATE petahour.account SET balance = -1 WHERE kind = 2 AND id = 6",
    "the bond account of a contract is its bond":
        "UPDATE petahour.account SET balance = balance + 1 WHERE kind = 4 AND id ="
        " (SELECT min(id) FROM petahour.contract_as_concluded)",
    "of a party of its contract":
        "INSERT INTO petahour.contract_countersignature SELECT 2, 1, min(id), 1, decode(repeat('01',"
        " 32), 'hex'), decode(repeat('01', 64), 'hex'), false FROM petahour.contract",
    "by a key that its party had":
        "INSERT INTO petahour.contract_countersignature SELECT 1000, 1, id, buyer, decode(repeat('01',"
        " 32), 'hex'), decode(repeat('01', 64), 'hex'), false FROM petahour.contract WHERE id = 1",
    "the signature of a statement is judged":
        "UPDATE petahour.statement_signature SET participant = 1 WHERE seq ="
        " (SELECT min(seq) FROM petahour.statement_signature WHERE kind = 'REPORT_DELIVERY')",
    "the first key of the notary":
        "UPDATE petahour.notary_key SET key = decode(repeat('01', 32), 'hex')",
    "a contract has the leaf of its document":
        "UPDATE petahour.contract SET leaf = NULL WHERE id = 2",
    "a root is what the leaves of its batch come to":
        of_one("contract_root", "root = decode(repeat('07', 32), 'hex')", "leaf_count > 1"),
    "a contract is under one root":
        "DELETE FROM petahour.contract_root WHERE first_seq = (SELECT max(first_seq) FROM petahour.contract_root)",
    "a root is signed by the key in force":
        "INSERT INTO petahour.root_signature SELECT first_seq, sha256(''), decode(repeat('01', 64), 'hex')"
        " FROM petahour.contract_root LIMIT 1",
    "left to the journal is filled":
        "INSERT INTO petahour.backfill VALUES ('gate', 100, 99)",
    "what was paid in a month":
        "UPDATE petahour.payment_sum SET paid = paid + 1 WHERE participant = 6",
    "prices of a day":
        "UPDATE petahour.price_sum SET high = high + 1",
    "sums go as far as the position":
        "UPDATE petahour.summed SET seq = 999999",
    "contracts are summed with their records":
        "UPDATE petahour.summed SET contract = contract + 1",
    "all balances add up to zero": of_one("account", "balance = balance + 1", "kind = 2"),
    "the notional of a contract is what its segments come to":
        of_one("segment", "quantity = quantity + 1"),
    "a buyer owes its rate of the notional": of_one("contract", "buyer_fee = buyer_fee + 1"),
    "the part of a buyer's fee that is due at the trade":
        of_one("contract", "buyer_fee_at_trade = buyer_fee_at_trade + 1", "buyer_fee > 10"),
    "a supplier owes its rate": of_one("contract", "supplier_fee = supplier_fee + 1"),
    "a reseller owes its rate":
        of_one("contract", "reseller_fee = reseller_fee + 1", "from_contract IS NOT NULL"),
    "the bond of its chain's first one":
        of_one("contract", "bond = bond + 1", "from_contract IS NOT NULL"),
    # What a supplier gets too much of is what its buyer lacks: the sums are as before.
    "a supplier is paid floor(N d / D)":
        moved((7, 9), "amount = amount + CASE reason WHEN 7 THEN 1 ELSE -1 END", "delivered > 0"),
    "the rest of the escrow of a contract-period": moved((9,), "credit_id = 1"),
    "the exchange's share of a supplier's fee":
        moved((7, 8), "amount = amount + CASE reason WHEN 7 THEN 1 ELSE -1 END"),
    "a buyer gets back its fee at the trade":
        moved((12, 13), "amount = amount + CASE reason WHEN 12 THEN 1 ELSE -1 END"),
    "a penalty is floor":
        moved((13, 14), "amount = amount + CASE reason WHEN 14 THEN 1 ELSE -1 END"),
    "the rest of the bond of a contract-period": moved((14,), "credit_id = 1"),
    "a premium is paid for what came": moved((23,), "amount = amount + 1"),
    "the exchange's share of a buyer's fee": moved((10,), "amount = amount + 1"),
    "of a reseller's fee what belongs to what it sold on":
        "UPDATE petahour.transfer SET amount = amount + 1 WHERE (seq, number) = (SELECT t.seq, t.number"
        " FROM petahour.transfer t JOIN petahour.contract c ON c.seq = t.seq AND"
        " c.from_contract = t.debit_id WHERE t.reason = 10 LIMIT 1)",
    "what is left of a buyer's fee goes back": of_one("transfer", "amount = amount + 1", "reason = 11"),
    "what was sold on has the supplier's prices":
        of_one("contract", "supplier_notional = supplier_notional + 1", "from_contract IS NOT NULL"),
    "a premium is what a new buyer pays above":
        of_one("contract", "premium = premium + 1", "from_contract IS NOT NULL"),
    "a first contract has its own price": of_one("contract", "supplier_notional = notional + 1",
                                                 "from_contract IS NULL"),
    "escrow, bond and older premiums go with": of_one("transfer", "amount = amount + 1", "reason = 24"),
    "a deposit is the larger of": of_one("transfer", "amount = amount + 1", "reason = 15"),
    "a deposit goes back unless": of_one("transfer", "credit_id = 1", "reason = 17"),
    "keeps exactly what its periods that are not final need":
        of_one("account", "balance = balance + 1", "kind = 7 AND balance > 0"),
    "an unresolved contract-period delivered":
        of_one("delivery_final", "delivered = delivered - 1", "cause = 5 AND delivered > 0"),
    "that ends without a report has none":
        of_one("delivery_final", "cause = 3, delivered = 0", "cause = 1"),
    "is confirmed if its buyer accepted": of_one("delivery_final", "cause = 2", "cause = 1"),
    "a resolution lies between":
        "UPDATE petahour.resolution SET delivered = 1000000000 WHERE seq ="
        " (SELECT min(seq) FROM petahour.resolution)",
    "with an open claim is resolved": of_one("delivery_final", "cause = 2", "cause = 4"),
    "no more of what has to be attested": "UPDATE petahour.terms SET attested_only = true",
    "no more is attested than is registered":
        "UPDATE petahour.capacity_attestation SET units = 1000000000 WHERE seq ="
        " (SELECT min(seq) FROM petahour.capacity_attestation)",
    "every row has a partition of its own":
        "INSERT INTO petahour.transfer VALUES (1000000000000, 1, 1, 2, 1, 0, 6, 5)",
}
