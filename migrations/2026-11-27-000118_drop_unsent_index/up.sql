-- Why: what is unsent is found by idx_reply_parts_topic, and each part would go on paying for idx_reply_parts_unsent too.
--
-- Dropped CONCURRENTLY, so that nobody waits for it, and with IF EXISTS: an interrupted dropping may have got that far.

DROP INDEX CONCURRENTLY IF EXISTS idx_reply_parts_unsent;
