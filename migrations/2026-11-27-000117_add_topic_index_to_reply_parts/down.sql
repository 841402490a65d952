DROP INDEX CONCURRENTLY idx_reply_parts_topic;
