-- Why: what a lane has still to send is found without a look at what waits to be sent in the other topics of the chat.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_reply_parts_topic
    ON reply_parts (bot_id, chat_id, user_id, COALESCE(lane_thread_id, 0), id)
    WHERE state = 'unsent';
