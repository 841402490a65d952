-- Why: a question may be a document. Its words are read once, by a process that can do nothing else, and stay here: they are
-- part of what the model read, for another answer, for the questions that follow and for an export. Why a file has no words is
-- known once, too, so that no bomb goes off at each answer.
--
-- All columns are NULL or have a constant default, so the table is not rewritten.

ALTER TABLE attachments
    ADD COLUMN text TEXT,
    ADD COLUMN unit TEXT CHECK (unit IN ('whole', 'page', 'sheet', 'slide', 'chapter')),
    ADD COLUMN pieces INTEGER,
    ADD COLUMN is_cut BOOLEAN,
    ADD COLUMN unreadable TEXT;

COMMENT ON COLUMN attachments.text IS
    'Its words, with a form feed between its pieces (pages, sheets …); NULL until they were read, for what has none, and after FILES_KEEP_DAYS.';
COMMENT ON COLUMN attachments.unit IS 'What the pieces of its words are; NULL where there are none.';
COMMENT ON COLUMN attachments.pieces IS 'How many pieces the whole file has; NULL where there are no words.';
COMMENT ON COLUMN attachments.is_cut IS 'Whether the file has more words than were kept; NULL where there are none.';
COMMENT ON COLUMN attachments.unreadable IS 'Why its words could not be read, as the log names it; NULL otherwise.';
