-- SPDX-License-Identifier: Apache-2.0
-- A supplier may buy back its own supply, so that buyer and supplier are one. 0004 meant to allow it and
-- took away another check of the contract, which had the name that it was looked for by: the books
-- stopped at the first such contract, and took a fee at the trade that is more than the fee.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

ALTER TABLE contract
    DROP CONSTRAINT contract_check1,
    ADD CONSTRAINT fee_at_trade CHECK (buyer_fee_at_trade BETWEEN 0 AND buyer_fee);

-- Verify: of the parties only what `parties` says is checked, and the fee is.
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_constraint c JOIN pg_inherits i
                           ON c.conrelid IN (i.inhparent, i.inhrelid)
                        WHERE i.inhparent = 'contract'::regclass AND c.contype = 'c'
                          AND pg_get_constraintdef(c.oid) = 'CHECK ((buyer <> supplier))'),
        'a supplier may buy back its own supply';
    ASSERT (SELECT count(*) FROM pg_constraint
             WHERE conrelid = 'contract'::regclass AND conname IN ('parties', 'fee_at_trade')) = 2,
        'parties and fee are checked';
END $$;
