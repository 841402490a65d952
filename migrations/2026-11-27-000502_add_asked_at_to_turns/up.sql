-- Why: a piece of a question may come when its answer is there already (the rest of what was forwarded). Whether it belongs to
-- the question, the times tell at which Telegram took the messages, and the inbox keeps none once an update is done.

ALTER TABLE turns ADD COLUMN asked_at TIMESTAMPTZ;
COMMENT ON COLUMN turns.asked_at IS
    'When the last message of the question was sent, by Telegram''s clock; NULL where no message asked, and in older rows.';
