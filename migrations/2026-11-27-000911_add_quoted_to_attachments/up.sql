-- Why: a question may reply to a picture. That picture is one of its files, beside the one that came with it, but it is another
-- message's, perhaps another person's: the two must not be taken for each other.
--
-- A column with a constant default is added without rewriting the table.

ALTER TABLE attachments ADD COLUMN quoted BOOLEAN NOT NULL DEFAULT false;

COMMENT ON COLUMN attachments.quoted IS 'Whether it is in a message that the question replies to.';
