ALTER TABLE turns DROP COLUMN message_ids;
