-- Why: whom the bot costs how much, month by month. Calls of people who were erased stand in one row without a person.

CREATE VIEW costs_by_person AS
SELECT date_trunc('month', called_at)::date AS month,
       user_id,
       count(*) AS calls,
       coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
       coalesce(sum(completion_tokens), 0) AS completion_tokens,
       coalesce(sum(cost), 0) AS cost,
       count(*) FILTER (WHERE cost IS NULL) AS unknown
FROM model_calls
GROUP BY 1, 2;

COMMENT ON VIEW costs_by_person IS 'What the calls of each person cost in a month.';
COMMENT ON COLUMN costs_by_person.month IS 'The first day of the month, in the server''s time zone.';
COMMENT ON COLUMN costs_by_person.user_id IS 'Telegram id of the person; NULL for people who were erased.';
COMMENT ON COLUMN costs_by_person.calls IS 'Calls, whatever became of them.';
COMMENT ON COLUMN costs_by_person.prompt_tokens IS 'Tokens that the models read, as their endpoints counted them.';
COMMENT ON COLUMN costs_by_person.completion_tokens IS 'Tokens that they wrote, thoughts among them.';
COMMENT ON COLUMN costs_by_person.cost IS 'US dollars, as far as they are known.';
COMMENT ON COLUMN costs_by_person.unknown IS 'Calls whose cost is not known.';
