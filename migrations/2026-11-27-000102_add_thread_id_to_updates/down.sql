ALTER TABLE updates DROP COLUMN thread_id;
