-- Why: a quotation may be what was said earlier in the conversation and found by the words of the question.
--
-- The table came with the same version and has few rows.

-- In the same transaction another one takes its place.
-- squawk-ignore ban-drop-constraint
ALTER TABLE quotes DROP CONSTRAINT quotes_kind_check;
-- Every row is looked at under a lock, and there are few.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE quotes ADD CONSTRAINT quotes_kind_check CHECK (kind IN ('reply', 'part', 'elsewhere', 'forward', 'recalled'));

COMMENT ON COLUMN quotes.kind IS
    'What the question replies to (reply), the part of it that was marked (part), what it replies to in another chat (elsewhere), what was forwarded (forward), or what was said earlier and bears on it (recalled).';
