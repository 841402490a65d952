-- Why: the inbox holds what the bot reads of an update and nothing else: an update as Telegram sends it also quotes what
-- other people said before, and that was stored until the answer was done.

COMMENT ON COLUMN updates.payload IS 'What is read of the update (JSON, in the form of Telegram''s own); emptied once done.';
