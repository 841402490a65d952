ALTER TABLE turns DROP COLUMN fact_ids;
