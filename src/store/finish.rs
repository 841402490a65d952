//! The end of an update: what was said, how it went, what is to be sent, and the mark that it is done, all or nothing. For most
//! questions that is one statement (`statement`), else a transaction around it.

use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::dsl::sql;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::Error::RollbackTransaction;
use diesel::sql_types::{BigInt, Bool, Integer, Interval, Nullable, Timestamp};

use super::attachments;
use super::inbox;
use super::lease::led;
use super::ledger::Calls;
use super::message_id::{MessageId, among, numbers};
use super::outbox::{self, NewPart, OfTurn, Unsent};
use super::people;
use super::prepared::prepared;
use super::quotes;
use super::readings;
use super::schema::{messages, reply_parts, turns, updates};
use super::settings;
use super::summaries;
use super::time::{clock_timestamp, interval, moment};
use super::turns::{self as turn_rows, Last};
use super::words::TurnState;
use crate::base::failpoints;
use crate::domain::address::Address;
use crate::domain::choice::Choice;
use crate::domain::history::Role;
use crate::domain::lane::Lane;
use crate::domain::prompt::Reading;
use crate::domain::quote::Quote;
use crate::domain::replacement::Standing;
use crate::domain::reply::ReplyPart;
use crate::domain::sender::Sender;
use crate::domain::update::Key;
use crate::domain::usage::{Call, Purpose, Usage};

mod statement;

use statement::{Statement, Stored};

/// How a turn went.
pub enum Ending {
    /// The model answered.
    Answered {
        /// The answer, as the model wrote it.
        answer: String,
    },
    /// Its user stopped it.
    Stopped {
        /// What the model had written by then; perhaps nothing.
        answer: String,
    },
    /// There is no answer.
    Failed {
        /// The class of failure, as `turns.failure` names it.
        class: &'static str,
        /// The model itself would not answer.
        refused: bool,
    },
}

impl Ending {
    fn answer(&self) -> Option<&str> {
        match self {
            Self::Answered { answer } | Self::Stopped { answer } => {
                Some(answer.as_str()).filter(|answer| !answer.is_empty())
            }
            Self::Failed { .. } => None,
        }
    }
}

/// What became of an update.
pub enum Finished {
    /// It is done, and this is to be sent.
    Done(Vec<Unsent>),
    /// It was done already, by an earlier run of which this one did not know; nothing is stored twice.
    Already,
    /// Its user has stopped it; nothing is stored.
    Stopped,
}

impl Finished {
    /// What is to be sent. `None`: nothing was stored.
    pub fn done(self) -> Option<Vec<Unsent>> {
        match self {
            Self::Done(unsent) => Some(unsent),
            Self::Already | Self::Stopped => None,
        }
    }
}

/// A turn to store.
pub struct Turn<'a> {
    /// What the user asked.
    pub question: &'a str,
    /// Telegram's ids of the messages that were the question.
    pub message_ids: &'a [i64],
    /// What it quotes.
    pub quotes: &'a [Quote],
    /// When the last of these messages was sent, in seconds of Telegram's clock.
    pub asked_at: Option<i64>,
    /// Updates behind that of the address which are the same question; finished with it, or not at all.
    pub joined: &'a [Key],
    /// Its files ([`super::attachments`]).
    pub files: &'a [i64],
    /// The question as it was before it was edited, or is answered again.
    pub replaces: Option<&'a Last>,
    /// Who asked, as Telegram shows people, in a private chat: a row of [`super::people`] has these names from now on.
    pub sender: Option<&'a Sender>,
    /// When answering began.
    pub began: Instant,
    /// What the model read, where it was asked.
    pub reading: Option<&'a Reading>,
    /// How it went.
    pub ending: &'a Ending,
    /// The calls of the model that it took.
    pub calls: &'a [Call],
    /// What had been chosen and is gone, as the parts tell: the dialogue forgets it.
    pub gone: &'a Choice,
}

impl Turn<'_> {
    /// What its user stopped is not told as anything else.
    fn is_whole(&self) -> bool {
        !matches!(self.ending, Ending::Stopped { .. })
    }

    /// Whether it concerns no rows but its own.
    fn is_one_statement(&self) -> bool {
        self.replaces.is_none() && *self.gone == Choice::NONE && self.files.is_empty()
    }

    /// The figures of the call that answered. A turn without an answer has none of its own: the ledger has them.
    fn usage(&self) -> Option<&Usage> {
        let answering = matches!(self.ending, Ending::Answered { .. } | Ending::Stopped { .. });
        let answer = self.calls.last().filter(|call| call.purpose == Purpose::Answer);
        answer.filter(|_| answering).map(|call| &call.usage)
    }
}

/// Finishes the update of `address` with a turn and its reply. What its user stopped ends as [`Ending::Stopped`] only:
/// whoever reads that nothing was being answered is not answered after that.
pub fn turn(
    conn: &mut PgConnection,
    address: Address,
    turn: &Turn<'_>,
    parts: &[ReplyPart],
) -> QueryResult<Finished> {
    let keys: Vec<Key> = [address.key()].into_iter().chain(turn.joined.iter().copied()).collect();
    until_found(conn, address, |conn, address| {
        // Within a transaction (behind a pooler) the statement needs one of its own, for what it refuses ends only that.
        let alone =
            AnsiTransactionManager::transaction_manager_status_mut(conn).transaction_depth()?.is_none();
        let stored = if alone && turn.is_one_statement() {
            store(conn, address, turn, &keys, parts, &Standing::default()).map(|stored| stored.unsent)
        } else {
            conn.transaction(|conn| with_what_belongs_to_it(conn, address, turn, &keys, parts))
        };
        match stored {
            Ok(unsent) => Ok((Found::Ready, unsent)),
            Err(error) if statement::found_changed(&error) => {
                Ok((found(conn, &keys)?.compared_with(address, keys.len(), turn.is_whole()), Vec::new()))
            }
            Err(error) => Err(error),
        }
    })
}

/// Stores a turn that concerns more rows than its own.
fn with_what_belongs_to_it(
    conn: &mut PgConnection,
    address: Address,
    turn: &Turn<'_>,
    keys: &[Key],
    parts: &[ReplyPart],
) -> QueryResult<Vec<Unsent>> {
    let lane = address.lane;
    if turn.replaces.is_some() || *turn.gone != Choice::NONE {
        inbox::lock(conn, address.key())?;
        settings::empty(conn, lane, turn.gone)?;
    }
    let replaced = turn.replaces.map(|last| last.replaced_by(turn.ending.answer().is_some()));
    let standing = match &replaced {
        Some(replaced) => turn_rows::standing(conn, lane, replaced)?,
        None => Standing::default(),
    };
    let stored = store(conn, address, turn, keys, parts, &standing)?;
    if !turn.files.is_empty() {
        // An answer that stands keeps what was seen for it.
        let stands = turn.replaces.is_some_and(|last| {
            last.is_answered() && turn.ending.answer().is_none() && last.message_ids == turn.message_ids
        });
        attachments::tie(conn, lane, turn.files, stored.question_id, !stands)?;
    }
    if let Some(replaced) = &replaced {
        supersede(conn, lane, replaced, stored.turn_id)?;
    }
    Ok(stored.unsent)
}

/// Finishes the update of `address`, and with it those that belong to the same message, with what `act` replies; what `act`
/// does to the database is part of the same transaction.
pub fn reply(
    conn: &mut PgConnection,
    address: Address,
    joined: &[Key],
    act: impl Fn(&mut PgConnection, Lane) -> QueryResult<Vec<ReplyPart>>,
) -> QueryResult<Finished> {
    let keys: Vec<Key> = [address.key()].into_iter().chain(joined.iter().copied()).collect();
    until_found(conn, address, |conn, address| {
        let mut found = Found::Ready;
        let done = conn.transaction(|conn| {
            let parts = act(conn, address.lane)?;
            let unsent = outbox::insert(conn, address, &parts)?;
            let marked = prepared(done(&keys, OfTurn::None)).get_results(conn).map(Marked)?;
            found = marked.compared_with(address, keys.len(), false);
            failpoints::pass_each("finishing", unsent.iter().map(Unsent::payload));
            if found == Found::Ready { Ok(unsent) } else { Err(RollbackTransaction) }
        });
        match done {
            Err(RollbackTransaction) => Ok((found, Vec::new())),
            done => done.map(|unsent| (found, unsent)),
        }
    })
}

/// Runs `act`, which does all or nothing and says what it found. Should the chat have moved since the work began, it runs again
/// with the new address: nothing is ever stored under an old one.
fn until_found(
    conn: &mut PgConnection,
    mut address: Address,
    act: impl Fn(&mut PgConnection, Address) -> QueryResult<(Found, Vec<Unsent>)>,
) -> QueryResult<Finished> {
    loop {
        match act(conn, address)? {
            (Found::Ready, unsent) => return Ok(Finished::Done(unsent)),
            (Found::DoneAlready, _) => return Ok(Finished::Already),
            (Found::Stopped, _) => return Ok(Finished::Stopped),
            (Found::Moved(chat_id), _) => {
                address.lane.chat_id = chat_id;
                // Its id names another message there.
                address.live_message_id = None;
            }
        }
    }
}

/// What the updates were found to be when they were marked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// As they were when the work on them began.
    Ready,
    /// At least one of them was done, or is gone.
    DoneAlready,
    /// Their user stopped one of them.
    Stopped,
    /// Their chat has this id now.
    Moved(i64),
}

/// The updates that were marked: for each its chat, and whether it was stopped.
struct Marked(Vec<(i64, bool)>);

/// Updates that are not done, by all that names them.
#[diesel::dsl::auto_type(no_type_alias)]
fn open(keys: &[Key]) -> _ {
    let seqs: Vec<i64> = keys.iter().map(|key| key.seq).collect();
    let update_ids: Vec<i64> = keys.iter().map(|key| key.update_id).collect();
    let user_id: i64 = keys[0].user_id;
    updates::table
        .filter(updates::seq.eq_any(seqs))
        .filter(updates::update_id.eq_any(update_ids))
        .filter(updates::user_id.eq(user_id))
        .filter(updates::done_at.is_null())
}

/// Marks them, and tells their chat and whether they were stopped.
fn done(
    keys: &[Key],
    turn: OfTurn,
) -> impl QueryFragment<Pg> + Query<SqlType = (BigInt, Bool)> + QueryId + use<> {
    diesel::update(open(keys).filter(updates::bot_id.eq(led(keys[0].bot_id))))
        .set((
            updates::done_at.eq(clock_timestamp().nullable()),
            updates::turn_id.eq(turn.sql()),
            updates::payload.eq(None::<String>),
            updates::live_message_id.eq(None::<i64>),
            inbox::nothing_reserved(),
        ))
        .returning((updates::chat_id, updates::stopped_at.is_not_null()))
}

/// What they are found to be.
fn found(conn: &mut PgConnection, keys: &[Key]) -> QueryResult<Marked> {
    let found = open(keys).filter(updates::bot_id.eq(keys[0].bot_id));
    found.select((updates::chat_id, updates::stopped_at.is_not_null())).load(conn).map(Marked)
}

impl Marked {
    fn compared_with(&self, address: Address, count: usize, whole: bool) -> Found {
        let chat = |(chat_id, _): &&(i64, bool)| *chat_id != address.lane.chat_id;
        if self.0.len() < count {
            Found::DoneAlready
        } else if whole && self.0.iter().any(|(_, stopped)| *stopped) {
            Found::Stopped
        } else if let Some((chat_id, _)) = self.0.iter().find(chat) {
            Found::Moved(*chat_id)
        } else {
            Found::Ready
        }
    }
}

/// The questions and answers of these turns are as good as cleared, for good: [`super::history::restore`] leaves them.
fn supersede(conn: &mut PgConnection, lane: Lane, replaced: &[i64], turn_id: i64) -> QueryResult<()> {
    let pairs: Vec<(MessageId, Option<MessageId>)> =
        diesel::update(turns::table.filter(turns::id.eq_any(replaced)))
            .filter(turns::bot_id.eq(lane.bot_id))
            .filter(turns::user_id.eq(lane.user_id))
            .set(turns::superseded_by.eq(turn_id))
            .returning((turns::question_id, turns::answer_id))
            .get_results(conn)?;
    let ids = numbers(
        pairs.into_iter().flat_map(|(question, answer)| [Some(question), answer]).flatten().collect(),
    );
    if let Some(oldest) = ids.iter().min() {
        summaries::end_from(conn, lane, *oldest)?;
    }
    diesel::update(messages::table.filter(among("messages.id", ids)).filter(messages::deleted_at.is_null()))
        .set(messages::deleted_at.eq(sql::<Timestamp>("LOCALTIMESTAMP").nullable()))
        .execute(conn)?;
    Ok(())
}

/// Stores question, answer, turn and reply, and marks the updates, unless they are not as they were
/// ([`statement::found_changed`]).
fn store(
    conn: &mut PgConnection,
    address: Address,
    turn: &Turn<'_>,
    keys: &[Key],
    parts: &[ReplyPart],
    standing: &Standing,
) -> QueryResult<Stored> {
    let lane = address.lane;
    let mut said = vec![(Role::User, turn.question, turn.began.elapsed())];
    said.extend(turn.ending.answer().map(|answer| (Role::Assistant, answer, Duration::ZERO)));
    let usage = turn.usage();
    let (state, failure) = match turn.ending {
        Ending::Answered { .. } => (TurnState::Answered, None),
        Ending::Stopped { .. } => (TurnState::Stopped, None),
        Ending::Failed { class, refused: true } => (TurnState::Refused, Some(*class)),
        Ending::Failed { class, refused: false } => (TurnState::Failed, Some(*class)),
    };
    let rows: Vec<_> = said
        .into_iter()
        .map(|(role, content, ago)| {
            // Not CURRENT_TIMESTAMP, which would give question and answer of one transaction the same time.
            let stamp =
                sql::<Timestamp>("clock_timestamp()::timestamp - ").bind::<Interval, _>(interval(ago));
            (
                messages::user_id.eq(lane.user_id),
                messages::chat_id.eq(lane.chat_id),
                messages::role.eq(role.as_str()),
                messages::content.eq(content),
                messages::message_length.eq(characters(content)),
                messages::created_at.eq(stamp),
                messages::thread_id.eq(lane.thread_id),
            )
        })
        .collect();
    let said = diesel::insert_into(messages::table).values(rows).returning(messages::id);
    let turn_row = diesel::insert_into(turns::table)
        .values((
            turns::bot_id.eq(lane.bot_id),
            turns::update_seq.eq(address.update_seq),
            turns::user_id.eq(lane.user_id),
            turns::chat_id.eq(lane.chat_id),
            turns::thread_id.eq(lane.thread_id),
            turns::question_id.eq(sql::<Integer>("(SELECT min(id) FROM said)")),
            turns::answer_id.eq(sql::<Nullable<Integer>>("(SELECT nullif(max(id), min(id)) FROM said)")),
            turns::state.eq(state),
            turns::failure.eq(failure),
            turns::model.eq(usage.and_then(|usage| usage.model.as_deref())),
            turns::prompt_tokens.eq(usage.and_then(|usage| usage.prompt_tokens)),
            turns::completion_tokens.eq(usage.and_then(|usage| usage.completion_tokens)),
            turns::first_token_ms.eq(usage.and_then(|usage| usage.first_token_ms)),
            turns::duration_ms.eq(usage.and_then(|usage| usage.duration_ms)),
            turns::finish_reason.eq(usage.and_then(|usage| usage.finish_reason.as_deref())),
            turns::message_ids.eq(turn.message_ids),
            turns::asked_at.eq(turn.asked_at.and_then(moment)),
            readings::columns(turn.reading),
        ))
        .returning(turns::id);
    let calls = Calls { address, calls: turn.calls };
    let parts = outbox::reply(address, parts, standing)?;
    let usual = turn.calls.len() <= 1 && turn.quotes.is_empty() && parts.len() == 1 && keys.len() == 1;
    failpoints::pass_each("finishing", parts.iter().map(NewPart::payload));
    let statement = Statement {
        said,
        calls: (!turn.calls.is_empty()).then(|| calls.insert()),
        prompt: readings::keep(turn.reading),
        turn: turn_row,
        quotes: (!turn.quotes.is_empty()).then(|| quotes::insertion(turn.quotes)),
        parts: (!parts.is_empty())
            .then(|| outbox::insertion(parts, OfTurn::Stored).returning(reply_parts::all_columns)),
        columns: outbox::columns(),
        done: done(keys, OfTurn::Stored),
        seen: turn.sender.map(|sender| people::seen_anew(lane.bot_id, lane.user_id, sender)),
        updates: keys.len(),
        chat_id: lane.chat_id,
        whole: turn.is_whole(),
    };
    statement::run(conn, statement, usual)
}

/// What `message_length` counts: characters, as PostgreSQL's `length` does.
fn characters(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}
