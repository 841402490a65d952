-- Why: how the bot is used and how well it answers, day by day, without a tool and without reading anybody's
-- messages. What was cleared counts: it was said. What was erased does not: it is gone.
--
-- A turn belongs to the day of its question, so that the figures of a row are about the same questions.

CREATE VIEW daily_statistics AS
WITH said AS (
    SELECT created_at::date AS day, count(*) AS messages, count(DISTINCT user_id) AS people
    FROM messages
    GROUP BY 1
), answered AS (
    SELECT question.created_at::date AS day,
           count(*) FILTER (WHERE state IN ('failed', 'refused')) AS failures,
           sum(prompt_tokens) AS prompt_tokens,
           sum(completion_tokens) AS completion_tokens,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
               ORDER BY extract(epoch FROM answer.created_at - question.created_at)::float8
           ) AS seconds
    FROM turns
    JOIN messages AS question ON question.id = question_id
    LEFT JOIN messages AS answer ON answer.id = answer_id
    GROUP BY 1
)
SELECT day,
       messages,
       people,
       coalesce(failures, 0) AS failures,
       coalesce(prompt_tokens, 0) AS prompt_tokens,
       coalesce(completion_tokens, 0) AS completion_tokens,
       round(seconds[1]::numeric, 1) AS median_seconds,
       round(seconds[2]::numeric, 1) AS slow_seconds
FROM said
LEFT JOIN answered USING (day);

COMMENT ON VIEW daily_statistics IS 'The bot''s days in figures.';
COMMENT ON COLUMN daily_statistics.day IS 'The day, in the server''s time zone.';
COMMENT ON COLUMN daily_statistics.messages IS 'Questions and answers, live and cleared.';
COMMENT ON COLUMN daily_statistics.people IS 'People who asked.';
COMMENT ON COLUMN daily_statistics.failures IS 'Questions without an answer: failed, or refused by the model.';
COMMENT ON COLUMN daily_statistics.prompt_tokens IS 'Tokens that the model read, as its endpoint counted them.';
COMMENT ON COLUMN daily_statistics.completion_tokens IS 'Tokens that it wrote.';
COMMENT ON COLUMN daily_statistics.median_seconds IS
    'Half of the answers were complete within so many seconds after answering began.';
COMMENT ON COLUMN daily_statistics.slow_seconds IS 'So were 95 of 100 answers.';
