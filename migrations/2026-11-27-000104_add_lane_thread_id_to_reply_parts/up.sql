-- Why: a lane sends what it has answered, in order, and lanes are topics now. The topic of the lane is not thread_id, which
-- says where the part goes: once a topic is closed or deleted, what waits goes to the chat itself, and stays in its lane.

ALTER TABLE reply_parts ADD COLUMN lane_thread_id BIGINT;

COMMENT ON COLUMN reply_parts.lane_thread_id IS
    'Telegram id of the topic that it answers in; NULL outside topics. Where it goes is thread_id: NULL once the topic is gone.';
