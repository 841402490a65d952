-- The rows of an adopted table were not ours to begin with, so nothing here may drop them: where the predecessor's own
-- migration table is, `messages` stays with its rows and indexes, and only our comments go.

DO $$
DECLARE
    each_column text;
BEGIN
    IF to_regclass('alembic_version') IS NULL THEN
        DROP TABLE messages;
        RETURN;
    END IF;
    COMMENT ON TABLE messages IS NULL;
    FOR each_column IN
        SELECT quote_ident(attname) FROM pg_attribute
        WHERE attrelid = to_regclass('messages') AND attnum > 0 AND NOT attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN messages.%s IS NULL', each_column);
    END LOOP;
    RAISE WARNING 'messages stays, with all its rows: it was taken over from the predecessor'
        USING HINT = 'DROP TABLE messages, alembic_version; is for an operator who needs neither.';
END
$$;
