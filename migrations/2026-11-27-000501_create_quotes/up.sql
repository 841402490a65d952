-- Why: what a question answers or forwards is part of what the model read for it, and not the person's own words: it stands
-- beside `messages`, in the order in which it was read. Later questions are asked with the same words.
--
-- It is a turn's: it goes with the turn, which goes with its question, by the primary key. A question that is answered again
-- has its quotations anew.

CREATE TABLE quotes (
    turn_id BIGINT NOT NULL REFERENCES turns ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reply', 'part', 'elsewhere', 'forward')),
    whose TEXT NOT NULL CHECK (whose IN ('bot', 'user', 'other', 'group', 'channel')),
    author TEXT,
    content TEXT NOT NULL CHECK (length(content) <= 4096),
    PRIMARY KEY (turn_id, position)
);

COMMENT ON TABLE quotes IS 'What questions answer or forward: words of others or of the bot, as the model read them.';
COMMENT ON COLUMN quotes.turn_id IS 'The turn whose question it came with.';
COMMENT ON COLUMN quotes.position IS 'Place before the person''s own words, from 0.';
COMMENT ON COLUMN quotes.kind IS
    'What the question replies to (reply), the part of it that was marked (part), what it replies to in another chat (elsewhere), or what was forwarded (forward).';
COMMENT ON COLUMN quotes.whose IS 'Whose words: the bot''s, the person''s own (user), another one''s, a group''s or a channel''s.';
COMMENT ON COLUMN quotes.author IS 'Name of the author, as Telegram showed it; NULL for the bot, the person, and where none is known.';
COMMENT ON COLUMN quotes.content IS 'The words, at most 4,096 characters; a file as its line.';
