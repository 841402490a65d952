-- Why: `messages` holds every dialogue and is read by people in psql. It is the table of the predecessor, name
-- for name and type for type, so that an operator can move over in place and back again.
--
-- A database of the predecessor already has it: then the table stays as it is, with all its rows. A table of the
-- same name but of another shape is somebody else's, and the migration stops before it touches anything.

DO $$
DECLARE
    fault text;
BEGIN
    IF to_regclass('messages') IS NULL THEN
        CREATE TABLE messages (
            id SERIAL PRIMARY KEY,
            user_id BIGINT NOT NULL,
            chat_id BIGINT NOT NULL,
            role VARCHAR(20) NOT NULL,
            content TEXT NOT NULL,
            message_length INTEGER NOT NULL,
            created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
            deleted_at TIMESTAMP NULL
        );
    ELSE
        WITH expected (name, type, required) AS (
            VALUES ('id', 'integer', true),
                   ('user_id', 'bigint', true),
                   ('chat_id', 'bigint', true),
                   ('role', 'character varying(20)', true),
                   ('content', 'text', true),
                   ('message_length', 'integer', true),
                   ('created_at', 'timestamp without time zone', true),
                   ('deleted_at', 'timestamp without time zone', false)
        ), actual AS (
            SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
                   (atthasdef OR attidentity <> '' OR NOT attnotnull) AS fills_itself
            FROM pg_attribute
            WHERE attrelid = to_regclass('messages') AND attnum > 0 AND NOT attisdropped
        )
        SELECT string_agg(
                   CASE
                       WHEN actual.name IS NULL THEN format('column %s is missing', expected.name)
                       WHEN expected.name IS NULL THEN format('column %s is unknown and has no default', actual.name)
                       ELSE format('column %s is %s%s', actual.name, actual.type,
                                   CASE WHEN actual.required THEN ' NOT NULL' ELSE '' END)
                   END, '; ' ORDER BY coalesce(expected.name, actual.name))
        INTO fault
        FROM expected FULL JOIN actual ON actual.name = expected.name
        WHERE actual.name IS NULL
           OR (expected.name IS NULL AND NOT actual.fills_itself)
           OR (expected.name IS NOT NULL
               AND (actual.type <> expected.type OR actual.required <> expected.required))
           OR (expected.name IN ('id', 'created_at') AND NOT actual.fills_itself);

        IF fault IS NULL AND NOT EXISTS (
            SELECT FROM pg_constraint
            WHERE conrelid = to_regclass('messages') AND contype = 'p'
              AND conkey = ARRAY[(SELECT attnum FROM pg_attribute
                                  WHERE attrelid = conrelid AND attname = 'id')]
        ) THEN
            fault := 'id is not the primary key';
        END IF;
        IF fault IS NOT NULL THEN
            RAISE EXCEPTION 'a table "messages" of another shape is in the way: %', fault
                USING HINT = 'Point DATABASE_URL at the predecessor''s database or at an empty one.';
        END IF;
    END IF;
END
$$;

-- Not CONCURRENTLY: in a table just created there is nothing to lock out, and an adopted one has both indexes already.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS idx_user_chat_deleted ON messages (user_id, chat_id, deleted_at);
-- For the same reason:
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS idx_deleted_at ON messages (deleted_at) WHERE deleted_at IS NULL;

COMMENT ON TABLE messages IS 'Every question and answer, soft-deleted and never silently lost.';
COMMENT ON COLUMN messages.id IS 'Unique number of the message.';
COMMENT ON COLUMN messages.user_id IS 'Telegram id of the person the dialogue belongs to.';
COMMENT ON COLUMN messages.chat_id IS 'Telegram id of the chat the dialogue takes place in.';
COMMENT ON COLUMN messages.role IS 'Who wrote it: ''user'' or ''assistant''.';
COMMENT ON COLUMN messages.content IS 'The text, as written.';
COMMENT ON COLUMN messages.message_length IS 'Length of the text in characters.';
COMMENT ON COLUMN messages.created_at IS
    'A question''s: when answering it began. An answer''s: when it ended. By the server''s clock and time zone.';
COMMENT ON COLUMN messages.deleted_at IS
    'When it was cleared (soft delete); NULL while live. All messages of one clearing share one value.';
