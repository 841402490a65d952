-- Why: each topic of a chat is a dialogue of its own, and is listed as one.

CREATE OR REPLACE VIEW dialogues AS
SELECT user_id,
       chat_id,
       count(*) AS messages,
       count(*) FILTER (WHERE deleted_at IS NULL) AS live,
       min(created_at) AS first_at,
       max(created_at) AS last_at,
       max(deleted_at) AS cleared_at,
       thread_id
FROM messages
GROUP BY user_id, chat_id, thread_id;

COMMENT ON VIEW dialogues IS 'One row for each person in each topic of each chat.';
COMMENT ON COLUMN dialogues.thread_id IS 'Telegram id of the topic; NULL for what is outside topics.';
