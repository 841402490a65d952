//! Facts that a model proposed, and what their people decided ([`crate::domain::proposal`]).
//!
//! The question about one is stored with the summary that brought it, in one transaction, and waits in the outbox like any other
//! message: a crash loses neither, and repeats neither.

use diesel::data_types::PgTimestamp;
use diesel::dsl::{exists, sql};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamp, Timestamptz};

use super::facts::{self, Added};
use super::lease;
use super::outbox::{self, Envelope, OfTurn};
use super::schema::fact_proposals::{
    self, bot_id, chat_id, content, id, kept, message_id, proposed_at, thread_id, user_id,
};
use super::summaries::{self, New};
use crate::domain::lane::Lane;
use crate::domain::proposal::{Ground, Own, Proposal};
use crate::domain::replacement::Standing;
use crate::domain::reply::ReplyPart;

/// Whether a person may be asked now: the memory is on and has room, nobody was asked within a day, and no question waits; but one
/// that nobody answers for a week waits no longer.
const MAY_ASK: &str = "\
    NOT EXISTS (SELECT FROM memory_off WHERE bot_id = $1 AND chat_id = $2 AND user_id = $3)
    AND (SELECT count(*) FROM facts WHERE bot_id = $1 AND chat_id = $2 AND user_id = $3 AND deleted_at IS NULL) < $4
    AND NOT EXISTS (SELECT FROM fact_proposals WHERE user_id = $3 AND bot_id = $1
                        AND proposed_at > clock_timestamp() - CASE WHEN kept IS NULL THEN interval '7 days' ELSE interval '1 day' END)";

fn may_ask(conn: &mut PgConnection, lane: Lane) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct May {
        #[diesel(sql_type = Bool)]
        may: bool,
    }
    let May { may } = sql_query(format!("SELECT {MAY_ASK} AS may"))
        .bind::<BigInt, _>(lane.bot_id)
        .bind::<BigInt, _>(lane.chat_id)
        .bind::<BigInt, _>(lane.user_id)
        .bind::<BigInt, _>(facts::most())
        .get_result(conn)?;
    Ok(may)
}

/// By what proposals about these messages are judged. `None`: the person is not to be asked now, or wrote nothing of that.
pub fn ground(conn: &mut PgConnection, lane: Lane, messages: &[i64]) -> QueryResult<Option<Ground>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<BigInt>)]
        message: Option<i64>,
        #[diesel(sql_type = Text)]
        words: String,
    }
    if !may_ask(conn, lane)? {
        return Ok(None);
    }
    // Neither what comes with somebody's words, nor what comes with a file. What the bot said itself, and what it recalled of this
    // dialogue, is no stranger's.
    let own: Vec<Row> = sql_query(
        "SELECT turns.message_ids[1] AS message, messages.content AS words
         FROM unnest($1) AS summed (id) JOIN messages ON messages.id = summed.id
              JOIN turns ON turns.question_id = messages.id
         WHERE messages.role = 'user'
           AND NOT EXISTS (SELECT FROM quotes WHERE quotes.turn_id = turns.id AND quotes.kind <> 'recalled'
                               AND NOT (quotes.whose = 'bot' AND quotes.kind IN ('reply', 'part')))
           AND NOT EXISTS (SELECT FROM attachments WHERE attachments.message_id = messages.id)
         ORDER BY messages.id",
    )
    .bind::<Array<BigInt>, _>(messages)
    .load(conn)?;
    if own.is_empty() {
        return Ok(None);
    }
    let own = own.into_iter().map(|row| Own { message_id: row.message, words: row.words }).collect();
    let mut known: Vec<String> = of_chat(lane).select(content).load(conn)?;
    known.extend(facts::ever_told(conn, lane)?);
    Ok(Some(Ground { own, known }))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_chat(lane: Lane) -> _ {
    let (user, chat, bot): (i64, i64, i64) = (lane.user_id, lane.chat_id, lane.bot_id);
    fact_proposals::table.filter(user_id.eq(user).and(chat_id.eq(chat)).and(bot_id.eq(bot)))
}

/// What became of a summary with a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The summary is stored.
    pub summary: bool,
    /// The person is asked.
    pub asked: bool,
}

/// Stores a summary as [`summaries::store`] does, and with it what the person is asked about the proposal of the number that
/// `ask` is given, if they may be asked still.
pub fn store(
    conn: &mut PgConnection,
    new: &New<'_>,
    proposal: &Proposal,
    ask: impl Fn(i64) -> ReplyPart,
) -> QueryResult<Stored> {
    let address = new.calls.address;
    let lane = address.lane;
    conn.transaction(|conn| {
        lease::check(conn, lane.bot_id)?;
        let summary = summaries::store(conn, new)?;
        if !summary || !may_ask(conn, lane)? {
            return Ok(Stored { summary, asked: false });
        }
        let row = (
            (bot_id.eq(lane.bot_id), chat_id.eq(lane.chat_id), user_id.eq(lane.user_id)),
            (thread_id.eq(lane.thread_id), content.eq(&proposal.text), message_id.eq(proposal.message_id)),
        );
        let number: i64 =
            diesel::insert_into(fact_proposals::table).values(row).returning(id).get_result(conn)?;
        let thread = address.thread_id;
        // It answers no update.
        let envelope =
            Envelope { lane, update_seq: 0, thread_id: thread, reply_to: None, turn: OfTurn::None };
        outbox::insert_from(conn, envelope, 0, &[ask(number)], &Standing::default())?;
        Ok(Stored { summary, asked: true })
    })
}

/// What a person's answer came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decided {
    /// It is remembered.
    Kept(String),
    /// It is not.
    Refused,
    /// There is no room for it, and the question stands.
    Full(String),
    /// It was decided in another way before, or is gone.
    Settled,
}

/// Remembers what was proposed, or never asks about it again.
pub fn decide(conn: &mut PgConnection, lane: Lane, number: i64, yes: bool) -> QueryResult<Decided> {
    type Row = (String, Option<i64>, Option<i64>, Option<bool>);
    let row = of_chat(lane).filter(id.eq(number));
    let known: Option<Row> =
        row.select((content, message_id, thread_id, kept)).for_update().first(conn).optional()?;
    let Some((text, message, topic, decided)) = known else { return Ok(Decided::Settled) };
    match decided {
        Some(false) if !yes => return Ok(Decided::Refused),
        Some(true) if yes && facts::is_told(conn, lane, &text)? => return Ok(Decided::Kept(text)),
        Some(_) => return Ok(Decided::Settled),
        None => {}
    }
    if yes && facts::add(conn, Lane { thread_id: topic, ..lane }, &text, message)? == Added::Full {
        return Ok(Decided::Full(text));
    }
    diesel::update(row).set(kept.eq(yes)).execute(conn)?;
    Ok(if yes { Decided::Kept(text) } else { Decided::Refused })
}

/// Whether anything is known of the person's memory, anywhere, also what they were only asked about.
pub fn known(conn: &mut PgConnection, person: i64) -> QueryResult<bool> {
    let asked = exists(fact_proposals::table.filter(user_id.eq(person)));
    Ok(facts::known(conn, person)? || diesel::select(asked).get_result(conn)?)
}

/// Deletes what this person was asked.
pub(super) fn forget(conn: &mut PgConnection, person: i64) -> QueryResult<usize> {
    diesel::delete(fact_proposals::table.filter(user_id.eq(person))).execute(conn)
}

/// Deletes what was asked before this moment for good, and returns how much that was.
pub fn purge(conn: &mut PgConnection, moment: PgTimestamp, limit: i64) -> QueryResult<usize> {
    let moment = sql::<Timestamptz>("").bind::<Timestamp, _>(moment).sql("::timestamptz");
    let old = fact_proposals::table.filter(proposed_at.lt(moment)).limit(limit).select(id);
    let ids: Vec<i64> = old.load(conn)?;
    diesel::delete(fact_proposals::table.filter(id.eq_any(ids))).execute(conn)
}
