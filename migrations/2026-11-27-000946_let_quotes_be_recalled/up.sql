-- Why: a quotation may be what was said earlier in the conversation and found by the words of the question.
--
-- Every row is looked at under a lock; the table came with the same version, and has few.

ALTER TABLE quotes
    DROP CONSTRAINT quotes_kind_check,
    ADD CONSTRAINT quotes_kind_check CHECK (kind IN ('reply', 'part', 'elsewhere', 'forward', 'recalled'));

COMMENT ON COLUMN quotes.kind IS
    'What the question replies to (reply), the part of it that was marked (part), what it replies to in another chat (elsewhere), what was forwarded (forward), or what was said earlier and bears on it (recalled).';
