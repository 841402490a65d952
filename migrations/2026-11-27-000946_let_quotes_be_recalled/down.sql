DELETE FROM quotes WHERE kind = 'recalled';

ALTER TABLE quotes DROP CONSTRAINT quotes_kind_check;
-- Every row is looked at under a lock, on the way back only, and there are few.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE quotes ADD CONSTRAINT quotes_kind_check CHECK (kind IN ('reply', 'part', 'elsewhere', 'forward'));

COMMENT ON COLUMN quotes.kind IS
    'What the question replies to (reply), the part of it that was marked (part), what it replies to in another chat (elsewhere), or what was forwarded (forward).';
