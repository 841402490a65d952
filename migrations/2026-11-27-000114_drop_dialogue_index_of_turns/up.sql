-- Why: what idx_turns_dialogue was read for is found by idx_turns_topic, and each turn would go on paying for both.
--
-- Dropped CONCURRENTLY, so that nobody waits for it, and with IF EXISTS: an interrupted dropping may have got that far.

DROP INDEX CONCURRENTLY IF EXISTS idx_turns_dialogue;
