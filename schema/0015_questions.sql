-- SPDX-License-Identifier: Apache-2.0
-- Questions that must not read everything. Contracts by time: stretches of new rows are summarised as they fill, not at the next vacuum. Until
-- a stretch is, whoever asks for a week reads it whole. The index is made anew, which reads the table
-- once and keeps a settlement waiting for so long.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

DROP INDEX contract_by_time;
CREATE INDEX contract_by_time ON contract
    USING brin (at_ns) WITH (pages_per_range = 16, autosummarize = on);

-- As before, but what came back is looked for by the contract alone: by its receiver it would be all
-- that the buyer ever got, once for each contract.
CREATE OR REPLACE VIEW my_payments_by_contract WITH (security_invoker = true) AS
    SELECT c.id, p.symbol, at_time(c.at_ns) AS concluded_at,
           round((c.notional + c.buyer_fee) / 1000000.0, 6) AS paid,
           round(coalesce(b.amount, 0) / 1000000.0, 6) AS came_back
      FROM contract c
      JOIN product p ON p.id = c.product
      LEFT JOIN LATERAL (SELECT sum(t.amount) AS amount FROM transfer t
                          WHERE t.debit_kind IN (3, 4, 6, 7) AND t.debit_id = c.id
                            AND t.credit_kind + 0 = 2 AND t.credit_id + 0 = c.buyer) b ON true
     WHERE c.buyer = (SELECT me());

-- Verify: every partition has it so, and those to come are made like the table.
DO $$
BEGIN
    ASSERT (SELECT bool_and('autosummarize=on' = ANY (i.reloptions))
              FROM pg_inherits h JOIN pg_class i ON i.oid = h.inhrelid
             WHERE h.inhparent = 'petahour.contract_by_time'::regclass), 'stretches are summarised';
END $$;
