-- Why: what was said long ago and bears on a question is read with it, as a quotation. Which message that is from has to be
-- known, so that a purge of the message takes its copies along.
--
-- No foreign key: it would be one more table to rebuild where the numbers of messages are widened. What deletes messages for
-- good deletes these quotations, too.

ALTER TABLE quotes ADD COLUMN source_id BIGINT, ADD COLUMN said_on DATE;

COMMENT ON COLUMN quotes.source_id IS 'The message that was recalled (messages.id); NULL for every other kind.';
COMMENT ON COLUMN quotes.said_on IS 'The day when that was said; NULL for every other kind.';
