-- SPDX-License-Identifier: Apache-2.0
-- Keys of connections that read and command nothing: a third use.

SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;

ALTER TABLE key_change DROP CONSTRAINT key_change_use_check;
ALTER TABLE key_change ADD CONSTRAINT key_change_use_check
    CHECK (use IN (1, 2, 3));                                           -- and READING

-- Verify: the check is the new one, and there is one.
DO $$
BEGIN
    ASSERT (SELECT count(*) FROM pg_constraint
             WHERE conrelid = 'key_change'::regclass AND contype = 'c'
               AND pg_get_constraintdef(oid) LIKE '%use%3%') = 1, 'a key can be for reading';
END $$;
