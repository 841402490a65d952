COMMENT ON COLUMN reply_parts.form IS 'How the message is built, which decides how it can be edited; NULL for others.';
