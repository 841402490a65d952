//! One turn, as far as the tables tell it: what was asked with which quotations and files, every call of a model, and what became
//! of the answer.

use bigdecimal::BigDecimal;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, Text};

use crate::domain::lane::Dialogue;
use crate::store::console::dialogue;

/// A turn.
#[derive(QueryableByName, Clone, Debug)]
pub struct Turn {
    /// `turns.id`
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Telegram id of the bot.
    #[diesel(sql_type = BigInt)]
    pub bot_id: i64,
    /// The update that asked.
    #[diesel(sql_type = BigInt)]
    pub update_seq: i64,
    /// Telegram id of the person.
    #[diesel(sql_type = BigInt)]
    pub user_id: i64,
    /// The question.
    #[diesel(sql_type = BigInt)]
    pub question_id: i64,
    /// The answer.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub answer_id: Option<i64>,
    /// answered, stopped, failed or refused
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Class of the failure.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
    /// The turn that took its place.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub superseded_by: Option<i64>,
    /// The model that answered.
    #[diesel(sql_type = Nullable<Text>)]
    pub model: Option<String>,
    /// Tokens read.
    #[diesel(sql_type = Nullable<Integer>)]
    pub prompt_tokens: Option<i32>,
    /// Tokens written.
    #[diesel(sql_type = Nullable<Integer>)]
    pub completion_tokens: Option<i32>,
    /// Milliseconds to the first token.
    #[diesel(sql_type = Nullable<Integer>)]
    pub first_token_ms: Option<i32>,
    /// Milliseconds to the end.
    #[diesel(sql_type = Nullable<Integer>)]
    pub duration_ms: Option<i32>,
    /// Why the model ended, in the endpoint's word.
    #[diesel(sql_type = Nullable<Text>)]
    pub finish_reason: Option<String>,
    /// When it was stored, in UTC.
    #[diesel(sql_type = Text)]
    pub at: String,
}

/// A call of a model for it: a row of the ledger.
#[derive(QueryableByName, Clone, Debug)]
pub struct Call {
    /// What it was for.
    #[diesel(sql_type = Text)]
    pub purpose: String,
    /// Who was asked.
    #[diesel(sql_type = Text)]
    pub endpoint: String,
    /// The model that was asked.
    #[diesel(sql_type = Text)]
    pub model: String,
    /// How it ended.
    #[diesel(sql_type = Text)]
    pub outcome: String,
    /// Class of the failure.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
    /// Tokens read.
    #[diesel(sql_type = Nullable<Integer>)]
    pub prompt_tokens: Option<i32>,
    /// Those of them from a cache.
    #[diesel(sql_type = Nullable<Integer>)]
    pub cached_tokens: Option<i32>,
    /// Tokens written.
    #[diesel(sql_type = Nullable<Integer>)]
    pub completion_tokens: Option<i32>,
    /// US dollars.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub cost: Option<BigDecimal>,
    /// Milliseconds to its end.
    #[diesel(sql_type = Integer)]
    pub duration_ms: i32,
    /// When it was made, in UTC.
    #[diesel(sql_type = Text)]
    pub at: String,
}

/// A message that went to Telegram for it.
#[derive(QueryableByName, Clone, Debug)]
pub struct Part {
    /// unsent, sent or abandoned
    #[diesel(sql_type = Text)]
    pub state: String,
    /// send, edit, delete or document
    #[diesel(sql_type = Text)]
    pub op: String,
    /// Telegram's number of it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub message_id: Option<i64>,
    /// Calls that failed.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When it was sent or given up, in UTC.
    #[diesel(sql_type = Nullable<Text>)]
    pub settled: Option<String>,
}

/// All of it.
pub struct Whole {
    /// The turn.
    pub turn: Turn,
    /// Its dialogue.
    pub dialogue: Dialogue,
    /// The question and the answer.
    pub said: Vec<dialogue::Said>,
    /// The calls of models, as they were made.
    pub calls: Vec<Call>,
    /// What was sent, in order.
    pub parts: Vec<Part>,
}

/// The turn with this number, if it is of this bot.
pub fn find(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<Option<Whole>> {
    let turn: Option<Turn> = diesel::sql_query(
        "SELECT id, bot_id, update_seq, user_id, question_id::bigint, answer_id::bigint, state, failure, superseded_by, model,
                prompt_tokens, completion_tokens, first_token_ms, duration_ms, finish_reason,
                to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at
         FROM turns WHERE id = $1 AND bot_id = $2",
    )
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(bot_id)
    .get_result(conn)
    .optional()?;
    let Some(turn) = turn else { return Ok(None) };
    let Some(dialogue) = dialogue::of_message(conn, turn.question_id)? else { return Ok(None) };
    let ids = std::iter::once(turn.question_id).chain(turn.answer_id);
    let said = dialogue::said(conn, bot_id, &ids.collect::<Vec<_>>())?;
    let calls = calls(conn, &turn)?;
    let parts = diesel::sql_query(
        "SELECT state, op, message_id, attempts, to_char(settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS settled
         FROM reply_parts WHERE turn_id = $1 ORDER BY position, id",
    )
    .bind::<BigInt, _>(id)
    .load(conn)?;
    Ok(Some(Whole { turn, dialogue, said, calls, parts }))
}

/// The ledger has no index by update; it has one by person and time, and a question is answered within days.
fn calls(conn: &mut PgConnection, turn: &Turn) -> QueryResult<Vec<Call>> {
    diesel::sql_query(
        "SELECT purpose, endpoint, model_calls.model, outcome, model_calls.failure, model_calls.prompt_tokens, cached_tokens,
                model_calls.completion_tokens, cost, model_calls.duration_ms,
                to_char(called_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at
         FROM turns JOIN model_calls ON model_calls.user_id = turns.user_id AND model_calls.update_seq = turns.update_seq
              AND model_calls.bot_id = turns.bot_id
              AND called_at BETWEEN turns.created_at - interval '3 days' AND turns.created_at + interval '1 hour'
         WHERE turns.id = $1 ORDER BY called_at, model_calls.id",
    )
    .bind::<BigInt, _>(turn.id)
    .load(conn)
}
