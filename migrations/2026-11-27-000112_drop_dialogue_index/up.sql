-- Why: dialogues are read by idx_messages_topic. Nothing reads idx_messages_dialogue any more, and each message that is
-- stored or cleared would go on paying for it.
--
-- Dropped CONCURRENTLY, so that nobody waits for it, and with IF EXISTS: an interrupted dropping may have got that far.

DROP INDEX CONCURRENTLY IF EXISTS idx_messages_dialogue;
