-- Why: what a question replies to may be here already; then it is not fetched again. A file is the same by its unique id.
--
-- Built CONCURRENTLY, so that nobody waits for it.

CREATE INDEX CONCURRENTLY idx_attachments_file ON attachments (file_unique_id) WHERE content IS NOT NULL;
