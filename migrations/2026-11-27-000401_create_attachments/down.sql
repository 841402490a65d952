-- The files are lost; their lines in messages stay.
DROP TABLE attachments;
