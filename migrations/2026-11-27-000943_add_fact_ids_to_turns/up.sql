-- Why: which facts the model read for an answer is told by the tables alone, whatever was added, changed or deleted since.

ALTER TABLE turns ADD COLUMN fact_ids BIGINT[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN turns.fact_ids IS 'The facts that the model read before the dialogue (facts.id), in this order.';
