CREATE OR REPLACE VIEW daily_statistics AS
WITH said AS (
    SELECT created_at::date AS day, count(*) AS messages, count(DISTINCT user_id) AS people
    FROM messages
    GROUP BY 1
), answered AS (
    SELECT question.created_at::date AS day,
           count(*) FILTER (
               WHERE state IN ('failed', 'refused') AND failure IS DISTINCT FROM 'rate_limited'
           ) AS failures,
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

COMMENT ON COLUMN daily_statistics.failures IS
    'Questions without an answer: failed, or refused by the model. What RATE_LIMIT held back is none.';
