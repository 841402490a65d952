-- Why: a pause that Telegram asks for says nothing about a part and is not counted any more, so that after a restart it can be
-- told from the waits of a part that failed. The comment said otherwise.

COMMENT ON COLUMN reply_parts.attempts IS
    'Calls that failed so far; one that Telegram put off (429) counts for a voice message only.';
