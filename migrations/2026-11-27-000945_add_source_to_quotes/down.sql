ALTER TABLE quotes DROP COLUMN source_id, DROP COLUMN said_on;
