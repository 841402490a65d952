ALTER TABLE attachments
    DROP COLUMN unreadable,
    DROP COLUMN is_cut,
    DROP COLUMN pieces,
    DROP COLUMN unit,
    DROP COLUMN text;
