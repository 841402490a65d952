-- Why: before each question with a budget what was spent since the beginning of the month is added up. Everything that this
-- reads is in the index.

CREATE INDEX CONCURRENTLY idx_model_calls_cost
    ON model_calls (bot_id, called_at) INCLUDE (cost, prompt_tokens, completion_tokens, first_token_ms);
