-- Why: which part of the dialogue the model read, nobody can tell afterwards: messages are cleared and brought back, turns are
-- replaced, settings change. So each turn says by their numbers what was read for it; `history prompt` puts it together again.
--
-- There are no foreign keys: what was read may be deleted before the turn, and then that is what `history prompt` says.

ALTER TABLE turns
    ADD COLUMN prompt_id BYTEA,
    ADD COLUMN summary_id BIGINT,
    ADD COLUMN read_ids BIGINT [],
    ADD COLUMN seen_ids BIGINT [],
    ADD COLUMN worded_ids BIGINT [],
    ADD COLUMN words_room BIGINT;

COMMENT ON COLUMN turns.prompt_id IS 'The instructions that the model read (prompts.id); NULL for none, and in older rows.';
COMMENT ON COLUMN turns.summary_id IS 'The summary that it read (summaries.id); NULL for none.';
COMMENT ON COLUMN turns.read_ids IS
    'What it read of the dialogue, in order (messages.id); NULL where no model was asked, and in older rows.';
COMMENT ON COLUMN turns.seen_ids IS 'The files that it was shown, in order (attachments.id); NULL for none.';
COMMENT ON COLUMN turns.worded_ids IS 'The files whose words it read, in order (attachments.id); NULL for none.';
COMMENT ON COLUMN turns.words_room IS 'How many tokens the words of these files could have for each question; NULL for none.';
