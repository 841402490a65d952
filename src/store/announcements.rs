//! Announcements: who gets one, and how it gets from the table of recipients into the outbox, a few people at a time.
//!
//! The messages of an announcement have its number, negative, as their `update_seq`: by this and by their person they are found
//! again, whatever form took the place of which.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::{DeserializationError, SerializationError};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};

use super::lease;
use super::outbox::{self, Envelope, OfTurn};
use super::people;
use super::schema::{announcement_recipients as recipients, announcements, unsubscribed};
use super::time::clock_timestamp;
use super::words::{AnnouncementState as State, PartState, RecipientState};
use crate::domain::admission::State as Decided;
use crate::domain::announcement::Progress;
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::replacement::Standing;
use crate::domain::reply::ReplyPart;

/// So many people's messages are in the outbox at once, those that Telegram does not want yet among them.
const MOST_RELEASED: i64 = 50;

/// An announcement that is not over.
#[derive(Queryable, Clone, Copy, Debug)]
pub struct Active {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub owner: i64,
    /// The message that shows how far it is.
    pub message_id: Option<i64>,
}

/// What a step of it came to.
pub struct Step {
    /// These have something to send.
    pub lanes: Vec<Lane>,
    /// How far it is.
    pub progress: Progress,
    /// It is over, and its owner is told.
    pub ended: bool,
    /// The language of its owner.
    pub language: Language,
}

/// Keeps what an owner wants to tell; nothing is sent yet.
pub fn draft(
    conn: &mut PgConnection,
    bot_id: i64,
    owner: i64,
    days: u16,
    parts: &[ReplyPart],
) -> QueryResult<i64> {
    let payload = serde_json::to_string(parts).map_err(|error| SerializationError(error.into()))?;
    diesel::insert_into(announcements::table)
        .values((
            announcements::bot_id.eq(bot_id),
            announcements::owner.eq(owner),
            announcements::days.eq(i32::from(days)),
            announcements::payload.eq(payload),
        ))
        .returning(announcements::id)
        .get_result(conn)
}

/// Somebody who asked something lately, in the chat with the bot.
#[derive(QueryableByName, Clone, Copy, Debug)]
pub struct Candidate {
    /// Telegram id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What was decided.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<Decided>,
}

/// Everybody who asked something within so many days and wants announcements. Whether they may use the bot still, who asks
/// knows.
pub fn candidates(conn: &mut PgConnection, bot_id: i64, days: u16) -> QueryResult<Vec<Candidate>> {
    diesel::sql_query(
        "WITH RECURSIVE asked AS (
             SELECT min(user_id) AS id FROM turns WHERE bot_id = $1
             UNION ALL
             SELECT (SELECT min(user_id) FROM turns WHERE bot_id = $1 AND user_id > asked.id)
             FROM asked WHERE asked.id IS NOT NULL
         )
         SELECT asked.id, people.state FROM asked LEFT JOIN people ON people.bot_id = $1 AND people.id = asked.id
         WHERE asked.id > 0
           AND EXISTS (SELECT FROM turns WHERE bot_id = $1 AND user_id = asked.id AND chat_id = asked.id
                       AND created_at > now() - make_interval(days => $2)
                       AND failure IS DISTINCT FROM 'rate_limited')
           AND NOT EXISTS (SELECT FROM unsubscribed WHERE bot_id = $1 AND user_id = asked.id)
         ORDER BY asked.id",
    )
    .bind::<BigInt, _>(bot_id)
    .bind::<Integer, _>(i32::from(days))
    .load(conn)
}

/// For how many days' people a draft of this owner is. `None`: it is none any more.
pub fn days_of_draft(conn: &mut PgConnection, bot_id: i64, owner: i64, id: i64) -> QueryResult<Option<u16>> {
    let days: Option<i32> = announcements::table
        .filter(announcements::id.eq(id).and(announcements::bot_id.eq(bot_id)))
        .filter(announcements::owner.eq(owner).and(announcements::state.eq(State::Draft)))
        .select(announcements::days)
        .for_update()
        .first(conn)
        .optional()?;
    Ok(days.and_then(|days| u16::try_from(days).ok()))
}

/// A draft begins to be sent to these people; `message_id` shows how far it is.
pub fn begin(
    conn: &mut PgConnection,
    id: i64,
    message_id: Option<i64>,
    people: &[i64],
) -> QueryResult<usize> {
    diesel::update(announcements::table.find(id))
        .set((announcements::state.eq(State::Running), announcements::message_id.eq(message_id)))
        .execute(conn)?;
    diesel::sql_query(
        "INSERT INTO announcement_recipients (announcement_id, user_id) SELECT $1, id FROM unnest($2) AS id
         ON CONFLICT DO NOTHING",
    )
    .bind::<BigInt, _>(id)
    .bind::<Array<BigInt>, _>(people)
    .execute(conn)
}

/// Nothing more of it is begun; `only`: of this one, else of all that run. A draft is over. Returns how many they were.
pub fn stop(conn: &mut PgConnection, bot_id: i64, only: Option<i64>) -> QueryResult<usize> {
    let [draft, running, stopped] = [State::Draft, State::Running, State::Stopped].map(State::as_str);
    diesel::sql_query(format!(
        "UPDATE announcements SET ended_at = CASE WHEN state = '{draft}' THEN clock_timestamp() END, state = '{stopped}'
         WHERE bot_id = $1 AND ended_at IS NULL AND (id = $2 OR $2 IS NULL AND state = '{running}')
           AND state IN ('{draft}', '{running}')",
    ))
    .bind::<BigInt, _>(bot_id)
    .bind::<Nullable<BigInt>, _>(only)
    .execute(conn)
}

/// What is not over yet, the oldest first.
pub fn active(conn: &mut PgConnection, bot_id: i64) -> QueryResult<Vec<Active>> {
    announcements::table
        .filter(announcements::bot_id.eq(bot_id))
        .filter(announcements::ended_at.is_null())
        .filter(announcements::state.ne(State::Draft))
        .order(announcements::id)
        .select((announcements::id, announcements::owner, announcements::message_id))
        .load(conn)
}

/// How far it is.
pub fn progress(conn: &mut PgConnection, id: i64) -> QueryResult<Progress> {
    let counts: Vec<(RecipientState, i64)> = recipients::table
        .filter(recipients::announcement_id.eq(id))
        .group_by(recipients::state)
        .select((recipients::state, diesel::dsl::count_star()))
        .load(conn)?;
    let of = |state| counts.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number);
    Ok(Progress {
        waiting: of(RecipientState::Waiting),
        released: of(RecipientState::Released),
        sent: of(RecipientState::Sent),
        failed: of(RecipientState::Failed),
        left_out: of(RecipientState::LeftOut),
    })
}

/// A step: sees what became of what is in the outbox, and puts the next people's messages there, at most so many, or those of one.
/// `unsubscribe`: what stands below them. `result`: what its owner reads at its end.
pub fn step(
    conn: &mut PgConnection,
    bot_id: i64,
    Active { id, owner, message_id }: Active,
    most: i64,
    unsubscribe: impl Fn(ReplyPart, i64, Language) -> ReplyPart,
    result: impl Fn(Language, Progress, bool) -> ReplyPart,
) -> QueryResult<Step> {
    conn.transaction(|conn| {
        lease::check(conn, bot_id)?;
        let row = announcements::table.find(id).for_update();
        let (state, payload): (State, String) =
            row.select((announcements::state, announcements::payload)).first(conn)?;
        settle(conn, bot_id, id)?;
        let before = progress(conn, id)?;
        let lanes = if state == State::Running && most > 0 && before.released < MOST_RELEASED {
            let parts: Vec<ReplyPart> =
                serde_json::from_str(&payload).map_err(|error| DeserializationError(error.into()))?;
            let people = most / i64::try_from(parts.len()).unwrap_or(i64::MAX).max(1);
            let room = people.max(1).min(MOST_RELEASED - before.released);
            release(conn, bot_id, id, room, &parts, &unsubscribe)?
        } else {
            Vec::new()
        };
        let progress = progress(conn, id)?;
        let ended = progress.released == 0 && (state != State::Running || progress.waiting == 0);
        let language = people::look_up(conn, bot_id, owner)?.and_then(|person| person.language);
        let mut step = Step { lanes, progress, ended, language: Language::of(language.as_deref()) };
        if ended {
            let stopped = state != State::Running;
            diesel::update(announcements::table.find(id))
                .set((
                    announcements::ended_at.eq(clock_timestamp().nullable()),
                    announcements::state.eq(if stopped { state } else { State::Done }),
                ))
                .execute(conn)?;
            let lane = Lane { bot_id, chat_id: owner, user_id: owner, thread_id: None };
            let envelope =
                Envelope { lane, update_seq: 0, thread_id: None, reply_to: None, turn: OfTurn::None };
            let part = result(step.language, progress, stopped);
            outbox::insert_from(conn, envelope, 0, &[part], &Standing::of(message_id))?;
            step.lanes.push(lane);
        }
        Ok(step)
    })
}

/// What became of those whose messages were put into the outbox.
fn settle(conn: &mut PgConnection, bot_id: i64, id: i64) -> QueryResult<usize> {
    let [released, sent, failed] =
        [RecipientState::Released, RecipientState::Sent, RecipientState::Failed].map(RecipientState::as_str);
    let [part_unsent, part_sent] = [PartState::Unsent, PartState::Sent].map(PartState::as_str);
    diesel::sql_query(format!(
        "UPDATE announcement_recipients AS recipient SET state = CASE WHEN parts.sent THEN '{sent}' ELSE '{failed}' END
         FROM (SELECT of.user_id, coalesce(bool_or(part.state = '{part_unsent}'), false) AS unsent,
                      coalesce(bool_and(part.state = '{part_sent}'), false) AS sent
               FROM announcement_recipients AS of LEFT JOIN reply_parts AS part
                    ON part.user_id = of.user_id AND part.turn_id IS NULL AND part.bot_id = $1
                       AND part.update_seq = -of.announcement_id
               WHERE of.announcement_id = $2 AND of.state = '{released}' GROUP BY of.user_id) AS parts
         WHERE recipient.announcement_id = $2 AND recipient.user_id = parts.user_id AND NOT parts.unsent",
    ))
    .bind::<BigInt, _>(bot_id)
    .bind::<BigInt, _>(id)
    .execute(conn)
}

/// Puts the messages of the next people into the outbox, in the order of their ids.
fn release(
    conn: &mut PgConnection,
    bot_id: i64,
    id: i64,
    most: i64,
    parts: &[ReplyPart],
    unsubscribe: &impl Fn(ReplyPart, i64, Language) -> ReplyPart,
) -> QueryResult<Vec<Lane>> {
    let next: Vec<i64> = recipients::table
        .filter(recipients::announcement_id.eq(id).and(recipients::state.eq(RecipientState::Waiting)))
        .order(recipients::user_id)
        .limit(most)
        .select(recipients::user_id)
        .for_update()
        .load(conn)?;
    let mut lanes = Vec::new();
    for user_id in next {
        let person = people::look_up(conn, bot_id, user_id)?;
        let unwanted =
            person.as_ref().is_some_and(|person| matches!(person.state, Decided::Blocked | Decided::Refused))
                || is_unsubscribed(conn, bot_id, user_id)?;
        let state = if unwanted { RecipientState::LeftOut } else { RecipientState::Released };
        diesel::update(recipients::table.find((id, user_id)))
            .set(recipients::state.eq(state))
            .execute(conn)?;
        if unwanted {
            continue;
        }
        let language = Language::of(person.and_then(|person| person.language).as_deref());
        let mut parts = parts.to_vec();
        if let Some(last) = parts.pop() {
            parts.push(unsubscribe(last, user_id, language));
        }
        let lane = Lane { bot_id, chat_id: user_id, user_id, thread_id: None };
        let envelope =
            Envelope { lane, update_seq: -id, thread_id: None, reply_to: None, turn: OfTurn::None };
        outbox::insert_from(conn, envelope, 0, &parts, &Standing::default())?;
        lanes.push(lane);
    }
    Ok(lanes)
}

/// Whether the person wants no announcements.
fn is_unsubscribed(conn: &mut PgConnection, bot_id: i64, user_id: i64) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(unsubscribed::table.find((bot_id, user_id)))).get_result(conn)
}

/// From now on the person gets announcements, or none.
pub fn subscribe(conn: &mut PgConnection, bot_id: i64, user_id: i64, wanted: bool) -> QueryResult<usize> {
    if wanted {
        return diesel::delete(unsubscribed::table.find((bot_id, user_id))).execute(conn);
    }
    diesel::insert_into(unsubscribed::table)
        .values((unsubscribed::bot_id.eq(bot_id), unsubscribed::user_id.eq(user_id)))
        .on_conflict_do_nothing()
        .execute(conn)
}

/// Nothing says any more what the person got or wanted.
pub(super) fn forget(conn: &mut PgConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(recipients::table.filter(recipients::user_id.eq(user_id))).execute(conn)?;
    diesel::delete(unsubscribed::table.filter(unsubscribed::user_id.eq(user_id))).execute(conn).map(drop)
}
