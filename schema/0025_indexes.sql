-- SPDX-License-Identifier: Apache-2.0
-- The indexes that questions need: which fills and parts shown an order had, one's payments, one's claims.
--
-- Building one reads its table, about a second for each million rows, and keeps who writes that table
-- waiting for so long: this file is by itself, so that nothing else is locked meanwhile. A settlement
-- tries again until it is done, and trading waits for nothing.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

CREATE INDEX contract_of_buy_order ON contract (buy_order);
CREATE INDEX contract_of_sell_order ON contract (sell_order);
CREATE INDEX order_clip_of_order ON order_clip ("order");
CREATE INDEX payment_of_participant ON payment (participant, seq);
CREATE INDEX dispute_of_claimant ON dispute (claimant);

-- Verify: every partition has them.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM pg_index
             WHERE indexrelid IN ('contract_of_buy_order'::regclass, 'contract_of_sell_order'::regclass,
                                  'order_clip_of_order'::regclass, 'payment_of_participant'::regclass,
                                  'dispute_of_claimant'::regclass) AND indisvalid) = 5,
        'the indexes are whole';
END $$;
