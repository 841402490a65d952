-- Why: what models read of a person beside the dialogue stands in two tables; a view shows both, as models read them now.

CREATE VIEW memory AS
SELECT user_id,
       chat_id,
       NULLIF(thread_id, 0) AS thread_id,
       'summary' AS kind,
       made_at AS since,
       content
FROM summaries
WHERE replaced_at IS NULL
UNION ALL
SELECT user_id, chat_id, NULL, 'fact', created_at, content
FROM facts
WHERE deleted_at IS NULL;

COMMENT ON VIEW memory IS 'What models read of people beside their dialogues: facts, each for all topics of its chat, and summaries in force.';
COMMENT ON COLUMN memory.thread_id IS 'Telegram id of the topic; NULL for what is outside topics, and for facts.';
COMMENT ON COLUMN memory.kind IS 'summary or fact.';
COMMENT ON COLUMN memory.since IS 'When it was made or told.';
COMMENT ON COLUMN memory.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN memory.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN memory.content IS 'The text.';
