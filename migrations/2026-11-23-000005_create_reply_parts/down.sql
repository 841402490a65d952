DROP TABLE reply_parts;
