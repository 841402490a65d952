-- Why: what a text is found by, in one place for the index and for every search: its words in their Russian and their
-- English base forms, so that both "борща" and "борщ", "soups" and "soup" are found.
--
-- No column of `messages`: that table is a contract. Only the beginning of a text counts: a tsvector holds 1 MB, and an
-- INSERT whose index entry is larger would fail. 65,536 characters fit in any alphabet; Telegram's messages have 4096.

CREATE FUNCTION message_words(content text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.russian'::regconfig, left(content, 65536))
    || to_tsvector('pg_catalog.english'::regconfig, left(content, 65536));

COMMENT ON FUNCTION message_words(text) IS
    'What a message is found by: SELECT * FROM live_messages WHERE message_words(content) @@ to_tsquery(''russian'', ''борщ'')';
