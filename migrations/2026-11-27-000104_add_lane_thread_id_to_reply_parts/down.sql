ALTER TABLE reply_parts DROP COLUMN lane_thread_id;
