DROP VIEW dialogues;

CREATE VIEW dialogues AS
SELECT user_id,
       chat_id,
       count(*) AS messages,
       count(*) FILTER (WHERE deleted_at IS NULL) AS live,
       min(created_at) AS first_at,
       max(created_at) AS last_at,
       max(deleted_at) AS cleared_at
FROM messages
GROUP BY user_id, chat_id;

COMMENT ON VIEW dialogues IS 'One row for each person in each chat.';
COMMENT ON COLUMN dialogues.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN dialogues.chat_id IS 'Telegram id of the chat; the person''s own id for a private one.';
COMMENT ON COLUMN dialogues.messages IS 'Messages, live and cleared.';
COMMENT ON COLUMN dialogues.live IS 'Live ones among them; 0: the dialogue is cleared.';
COMMENT ON COLUMN dialogues.first_at IS 'When the first message was written.';
COMMENT ON COLUMN dialogues.last_at IS 'When the last message was written.';
COMMENT ON COLUMN dialogues.cleared_at IS 'When messages of it were last cleared; NULL if none is.';
