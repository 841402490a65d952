ALTER TABLE turns DROP COLUMN thread_id;
