-- SPDX-License-Identifier: Apache-2.0
-- What is delivered, disputed and sold on: the accounts and reasons of rulebook 8 and 9.
--
-- A contract says who sold (the supplier, or a reseller) and who supplies. Its escrow and bond stay
-- as concluded until a period of it is final or a part of it is sold on.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

INSERT INTO account_kind VALUES
    (6, 'DEPOSIT', 'of the contract with this id: what its disputes put down'),
    (7, 'PREMIUM', 'of the contract with this id: paid above the supplier''s price on resale');
ALTER TABLE account
    DROP CONSTRAINT account_kind_check,
    ADD CONSTRAINT account_kind_check CHECK (kind BETWEEN 1 AND 7);

INSERT INTO transfer_reason VALUES
    (7, 'PAYMENT', 'escrow -> supplier''s cash, less its fee share'),
    (8, 'SUPPLIER_FEE', 'escrow -> fees: the supplier''s share'),
    (9, 'REFUND', 'escrow -> buyer''s cash: what was not delivered'),
    (10, 'BUYER_FEE', 'escrow -> fees: the buyer''s share; also at a resale'),
    (11, 'FEE_REFUND', 'escrow -> buyer''s cash: left of its fee at the end'),
    (12, 'FEE_COMPENSATION', 'bond -> buyer''s cash: fee paid for what never came'),
    (13, 'PENALTY', 'bond -> buyer''s cash'),
    (14, 'BOND_RETURN', 'bond -> supplier''s cash'),
    (15, 'DISPUTE_DEPOSIT', 'cash -> deposit'),
    (16, 'DEPOSIT_RETURN', 'deposit -> its owner''s cash'),
    (17, 'DEPOSIT_FORFEIT', 'deposit -> the other party''s cash'),
    (18, 'RESALE', 'new buyer''s cash -> reseller''s cash'),
    (19, 'RESALE_FEE', 'new buyer''s cash -> fees: the reseller''s fee on it'),
    (20, 'PREMIUM', 'new buyer''s cash -> premium'),
    (21, 'PREMIUM_PAYMENT', 'premium -> reseller''s cash'),
    (22, 'PREMIUM_FEE', 'premium -> fees: the reseller''s fee on it'),
    (23, 'PREMIUM_REFUND', 'premium -> cash of who paid it'),
    (24, 'SPLIT', 'escrow, bond or premium -> the same of the new contract');
ALTER TABLE transfer
    DROP CONSTRAINT reason_fits_accounts,
    ADD CONSTRAINT reason_fits_accounts CHECK (
        (reason, debit_kind, credit_kind) IN
        ((1, 1, 2), (2, 2, 1), (3, 2, 3), (4, 2, 3), (5, 2, 5), (6, 2, 4), (7, 3, 2), (8, 3, 5),
         (9, 3, 2), (10, 3, 5), (11, 3, 2), (12, 4, 2), (13, 4, 2), (14, 4, 2), (15, 2, 6),
         (16, 6, 2), (17, 6, 2), (18, 2, 2), (19, 2, 5), (20, 2, 7), (21, 7, 2), (22, 7, 5),
         (23, 7, 2), (24, 3, 3), (24, 4, 4), (24, 7, 7)));

INSERT INTO cancel_reason VALUES
    (14, 'GROUP'), (15, 'BAND');
ALTER TABLE "order"
    DROP CONSTRAINT order_cancel_reason_check,
    ADD CONSTRAINT order_cancel_reason_check CHECK (cancel_reason BETWEEN 1 AND 15);

-- A supplier may buy back its own supply, so buyer and supplier can be one.
ALTER TABLE contract
    DROP CONSTRAINT contract_check,
    ADD COLUMN seller bigint NOT NULL,             -- who sold: the supplier, or a reseller
    ADD COLUMN from_contract bigint,               -- resale: the contract that was split
    ADD COLUMN supplier_notional bigint NOT NULL CHECK (supplier_notional >= 0),
    ADD COLUMN premium bigint NOT NULL CHECK (premium >= 0),
    ADD COLUMN reseller_fee bigint NOT NULL CHECK (reseller_fee >= 0),
    ADD CONSTRAINT parties CHECK (buyer <> seller AND (from_contract IS NOT NULL OR
                                                       seller = supplier));
CREATE INDEX contract_of_seller ON contract (seller, id);

-- Contracts of which nothing is final and nothing was sold on.
CREATE VIEW contract_as_concluded WITH (security_invoker = true) AS
    SELECT c.* FROM contract c
     WHERE c.from_contract IS NULL
       AND NOT EXISTS (SELECT FROM transfer t
                        WHERE t.debit_kind IN (3, 4) AND t.debit_id = c.id);
CREATE INDEX transfer_out_of_contract ON transfer (debit_id) WHERE debit_kind IN (3, 4);

CREATE OR REPLACE VIEW reconcile_escrow WITH (security_invoker = true) AS
    SELECT 'the escrow of a contract is its notional and the fee not yet earned' AS law,
           format('contract %s', c.id) AS subject,
           (c.notional::numeric + c.buyer_fee - c.buyer_fee_at_trade) AS stated,
           coalesce(a.balance, 0)::numeric AS found
      FROM contract_as_concluded c
      LEFT JOIN account a ON a.kind = 3 AND a.id = c.id
     WHERE c.notional::numeric + c.buyer_fee - c.buyer_fee_at_trade
           IS DISTINCT FROM coalesce(a.balance, 0);

CREATE OR REPLACE VIEW reconcile_bond WITH (security_invoker = true) AS
    SELECT 'the bond account of a contract is its bond' AS law,
           format('contract %s', c.id) AS subject,
           c.bond::numeric AS stated, coalesce(a.balance, 0)::numeric AS found
      FROM contract_as_concluded c
      LEFT JOIN account a ON a.kind = 4 AND a.id = c.id
     WHERE c.bond IS DISTINCT FROM coalesce(a.balance, 0);

CREATE OR REPLACE VIEW reconcile_transfer WITH (security_invoker = true) AS
    SELECT format('transfers %s of a record are what its contracts and payments state', r.name)
               AS law,
           format('record %s', seq) AS subject, coalesce(c.amount, 0) AS stated,
           coalesce(t.amount, 0) AS found
      FROM (SELECT seq, reason, sum(amount) AS amount FROM transfer
             WHERE reason <= 6 OR reason BETWEEN 18 AND 20 GROUP BY seq, reason) t
      FULL JOIN (
            SELECT seq, v.reason, sum(v.amount) AS amount
              FROM contract, LATERAL (VALUES
                   (3::smallint, CASE WHEN from_contract IS NULL THEN notional ELSE 0 END),
                   (4, buyer_fee - buyer_fee_at_trade), (5, buyer_fee_at_trade),
                   (6, CASE WHEN from_contract IS NULL THEN bond ELSE 0 END),
                   (18, CASE WHEN from_contract IS NULL THEN 0
                             ELSE notional - premium - reseller_fee END),
                   (19, reseller_fee), (20, premium)) AS v (reason, amount)
             GROUP BY seq, v.reason HAVING sum(v.amount) <> 0
            UNION ALL
            SELECT seq, CASE WHEN amount > 0 THEN 1 ELSE 2 END, abs(amount) FROM payment
           ) c USING (seq, reason)
      JOIN transfer_reason r USING (reason)
     WHERE coalesce(c.amount, 0) <> coalesce(t.amount, 0);

CREATE OR REPLACE VIEW reconcile_party WITH (security_invoker = true) AS
    SELECT 'the orders of a contract are of its parties and its product' AS law,
           format('contract %s', c.id) AS subject, NULL::numeric AS stated, NULL::numeric AS found
      FROM contract c
      LEFT JOIN "order" b ON b.id = c.buy_order
      LEFT JOIN "order" s ON s.id = c.sell_order
     WHERE (b.participant, b.side, b.product, s.participant, s.side, s.product)
           IS DISTINCT FROM (c.buyer, 1::smallint, c.product, c.seller, 2::smallint, c.product);

GRANT SELECT ON contract_as_concluded TO petahour_auditor, petahour_settle;
