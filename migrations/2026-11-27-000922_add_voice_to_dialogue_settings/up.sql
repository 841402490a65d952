-- Why: people choose for a dialogue of theirs whether its answers are spoken, too. The choice stands beside the others, so that it is
-- read along with them and costs an answer no statement.
--
-- Nothing is rewritten: a column without a default takes a lock for a moment only. The condition holds for what is chosen from now on,
-- and older rows chose nothing.

ALTER TABLE dialogue_settings ADD COLUMN voice TEXT CHECK (voice IN ('always', 'to voice'));

COMMENT ON COLUMN dialogue_settings.voice IS 'When answers are spoken (always, to voice); NULL = never.';
