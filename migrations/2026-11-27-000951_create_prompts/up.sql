-- Why: what the model read for an answer can be told from the tables alone, years later. The instructions of a role stand in a
-- file or in the environment and change there; the words that were read stay here, once, however many turns read them.

CREATE TABLE prompts (
    id BYTEA PRIMARY KEY,
    content TEXT NOT NULL
);

COMMENT ON TABLE prompts IS 'Instructions of roles, as models read them: each text once.';
COMMENT ON COLUMN prompts.id IS 'SHA-256 of the text.';
COMMENT ON COLUMN prompts.content IS 'The text.';
