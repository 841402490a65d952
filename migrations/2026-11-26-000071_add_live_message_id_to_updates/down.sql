ALTER TABLE updates DROP COLUMN live_message_id;
