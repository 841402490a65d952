-- Why: what is said in a recording is paid for once. It is committed here before the chat model is asked, so that neither a crash
-- nor another answer, an edit or a failing model has it listened to again.
--
-- Nothing is rewritten: a column without a default takes a lock for a moment only.

ALTER TABLE attachments ADD COLUMN transcript TEXT;

COMMENT ON COLUMN attachments.transcript IS 'What is said in it, on one line; empty where no words were heard, NULL for what was not listened to.';
