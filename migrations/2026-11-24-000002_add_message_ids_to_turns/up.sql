-- Why: a question can be edited or asked again later. An edit names the message that changed, and a long question was
-- several messages; the inbox knows them for two days only.

ALTER TABLE turns ADD COLUMN message_ids BIGINT[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN turns.message_ids IS
    'Telegram''s ids of the messages that were the question, in order: by these an edit finds it.';
