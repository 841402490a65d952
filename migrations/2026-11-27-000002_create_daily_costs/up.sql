-- Why: what the bot costs, day by day and model by model, is one query away. A sum says what is known; the calls of unknown
-- cost stand beside it, so that nobody takes it for the whole.

CREATE VIEW daily_costs AS
SELECT called_at::date AS day,
       endpoint,
       model,
       count(*) AS calls,
       count(*) FILTER (WHERE outcome IN ('failed', 'refused')) AS failed,
       coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
       coalesce(sum(cached_tokens), 0) AS cached_tokens,
       coalesce(sum(completion_tokens), 0) AS completion_tokens,
       coalesce(sum(cost), 0) AS cost,
       count(*) FILTER (WHERE cost IS NULL) AS unknown
FROM model_calls
GROUP BY 1, 2, 3;

COMMENT ON VIEW daily_costs IS 'What the calls of each day and model cost.';
COMMENT ON COLUMN daily_costs.day IS 'The day of the calls, in the server''s time zone.';
COMMENT ON COLUMN daily_costs.endpoint IS 'Who was asked.';
COMMENT ON COLUMN daily_costs.model IS 'The model that was asked.';
COMMENT ON COLUMN daily_costs.calls IS 'Calls, whatever became of them.';
COMMENT ON COLUMN daily_costs.failed IS 'Calls that failed or were refused.';
COMMENT ON COLUMN daily_costs.prompt_tokens IS 'Tokens that the model read, as its endpoint counted them.';
COMMENT ON COLUMN daily_costs.cached_tokens IS 'Those of them that came from the endpoint''s cache.';
COMMENT ON COLUMN daily_costs.completion_tokens IS 'Tokens that it wrote, thoughts among them.';
COMMENT ON COLUMN daily_costs.cost IS 'US dollars, as far as they are known.';
COMMENT ON COLUMN daily_costs.unknown IS 'Calls whose cost is not known.';
