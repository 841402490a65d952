-- Why: before each question with a budget everything that is reserved is added up. That is a handful of rows among all that
-- the inbox holds.

CREATE INDEX CONCURRENTLY idx_updates_reserved ON updates (bot_id) WHERE reserved IS NOT NULL;
