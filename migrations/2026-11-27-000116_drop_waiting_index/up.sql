-- Why: what waits is found by idx_updates_topic, and each update would go on paying for idx_updates_waiting too.
--
-- Dropped CONCURRENTLY, so that nobody waits for it, and with IF EXISTS: an interrupted dropping may have got that far.

DROP INDEX CONCURRENTLY IF EXISTS idx_updates_waiting;
