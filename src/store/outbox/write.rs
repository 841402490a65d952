//! How replies become rows of the outbox.

use diesel::dsl::{Eq, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::InsertStatement;
use diesel::sql_types::{BigInt, Nullable};

use super::read::{Unsent, columns};
use crate::domain::address::Address;
use crate::domain::lane::Lane;
use crate::domain::replacement::Standing;
use crate::domain::reply::{Content, Op, ReplyPart};
use crate::store::prepared::prepared_if;
use crate::store::schema::reply_parts;
use crate::store::words::{PartForm, PartOp};

/// The turn that a part belongs to.
#[derive(Clone, Copy)]
pub(in super::super) enum OfTurn {
    /// None.
    None,
    /// This one.
    Number(i64),
    /// The one that the statement stores itself, under the name `turn`.
    Stored,
}

impl OfTurn {
    pub(in super::super) fn sql(self) -> SqlLiteral<Nullable<BigInt>> {
        match self {
            Self::None => sql("NULL"),
            Self::Number(id) => sql(&id.to_string()),
            Self::Stored => sql("(SELECT id FROM turn)"),
        }
    }
}

/// A part to store.
#[derive(Insertable)]
#[diesel(table_name = reply_parts, treat_none_as_default_value = false)]
pub(in super::super) struct NewPart {
    bot_id: i64,
    chat_id: i64,
    user_id: i64,
    lane_thread_id: Option<i64>,
    update_seq: i64,
    position: i32,
    op: PartOp,
    form: Option<PartForm>,
    thread_id: Option<i64>,
    reply_to: Option<i64>,
    message_id: Option<i64>,
    payload: String,
}

impl NewPart {
    /// The message as JSON.
    pub(in super::super) fn payload(&self) -> &str {
        &self.payload
    }
}

/// The parts of a reply. It takes the place of the messages `standing`, and of the one that showed it while it grew: the first
/// parts theirs, one by one; what is left of the parts is sent, what is left of the messages taken away.
pub(in super::super) fn reply(
    address: Address,
    parts: &[ReplyPart],
    standing: &Standing,
) -> QueryResult<Vec<NewPart>> {
    let Address { lane, update_seq, thread_id, reply_to, live_message_id, .. } = address;
    let texts = standing.texts.iter().copied().chain(live_message_id).collect();
    let standing = Standing { texts, files: standing.files.clone() };
    let envelope = Envelope { lane, update_seq, thread_id, reply_to, turn: OfTurn::None };
    rows(envelope, 0, standing.taken_by(parts.iter().cloned()))
}

/// Stores a reply that belongs to no turn.
pub(in super::super) fn insert(
    conn: &mut PgConnection,
    address: Address,
    parts: &[ReplyPart],
) -> QueryResult<Vec<Unsent>> {
    let rows = reply(address, parts, &Standing::default())?;
    let one = rows.len() == 1;
    prepared_if(one, insertion(rows, OfTurn::None).returning(columns())).get_results(conn)
}

/// What all parts of a reply share.
#[derive(Clone, Copy)]
pub(in super::super) struct Envelope {
    pub(in super::super) lane: Lane,
    pub(in super::super) update_seq: i64,
    pub(in super::super) thread_id: Option<i64>,
    pub(in super::super) reply_to: Option<i64>,
    pub(in super::super) turn: OfTurn,
}

pub(in super::super) fn insert_from(
    conn: &mut PgConnection,
    envelope: Envelope,
    first: i32,
    parts: &[ReplyPart],
    standing: &Standing,
) -> QueryResult<usize> {
    insert_ops(conn, envelope, first, standing.clone().taken_by(parts.iter().cloned()))
}

/// Stores what is to be done with these parts.
pub(in super::super) fn insert_ops(
    conn: &mut PgConnection,
    envelope: Envelope,
    first: i32,
    ops: Vec<(ReplyPart, Op)>,
) -> QueryResult<usize> {
    insertion(rows(envelope, first, ops)?, envelope.turn).execute(conn)
}

/// The statement that stores parts of a turn.
pub(in super::super) fn insertion(rows: Vec<NewPart>, turn: OfTurn) -> Insertion {
    let rows: Vec<_> = rows.into_iter().map(|row| (row, reply_parts::turn_id.eq(turn.sql()))).collect();
    diesel::insert_into(reply_parts::table).values(rows)
}

/// [`insertion`].
type Insertion = InsertStatement<
    reply_parts::table,
    <Vec<(NewPart, Eq<reply_parts::turn_id, SqlLiteral<Nullable<BigInt>>>)> as Insertable<
        reply_parts::table,
    >>::Values,
>;

fn rows(envelope: Envelope, first: i32, ops: Vec<(ReplyPart, Op)>) -> QueryResult<Vec<NewPart>> {
    let row = |(position, (part, op)): (i32, (ReplyPart, Op))| {
        let payload = serde_json::to_string(&part)
            .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        let (op, message_id) = match (op, &part.content) {
            (Op::Delete(message_id), _) => (PartOp::Delete, Some(message_id)),
            (_, Content::Document { .. }) => (PartOp::Document, None),
            (Op::Edit(message_id), _) => (PartOp::Edit, Some(message_id)),
            (Op::Send, _) => (PartOp::Send, None),
        };
        let form = match (op, &part.content) {
            (PartOp::Delete | PartOp::Document, _)
            | (
                _,
                Content::Document { .. }
                | Content::Chart { .. }
                | Content::Photo { .. }
                | Content::Voice { .. },
            ) => None,
            (_, Content::Rich { .. }) => Some(PartForm::Rich),
            (_, Content::Text { .. }) => Some(PartForm::Text),
        };
        Ok(NewPart {
            bot_id: envelope.lane.bot_id,
            chat_id: envelope.lane.chat_id,
            user_id: envelope.lane.user_id,
            lane_thread_id: envelope.lane.thread_id,
            update_seq: envelope.update_seq,
            position,
            op,
            form,
            thread_id: envelope.thread_id,
            reply_to: envelope.reply_to.filter(|_| position == 0),
            message_id,
            payload,
        })
    };
    (first..).zip(ops).map(row).collect()
}
