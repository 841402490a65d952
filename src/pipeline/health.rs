//! /health: how the bot is, for its owners; and the buttons that mute what they are told without asking.

use crate::database::backup::folder;
use crate::domain::alert::Kind;
use crate::domain::button::{Action, Button};
use crate::domain::phrases::Language;
use crate::domain::phrases::alerts::Condition;
use crate::domain::reply::{Below, ReplyPart};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::{StoreError, alerts, condition, queue, room};

/// How long the database may look at the queues, in milliseconds.
const PATIENCE_MS: u32 = 5000;

impl InWork<'_> {
    /// How the bot is.
    pub(super) fn health(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let language = message.language;
        let backup_dir = services.backup_dir.as_deref();
        let backup = backup_dir.and_then(folder::newest).map(|age| age.as_secs());
        services.reply(address, |conn, lane| {
            let (queue, _) = queue::look(conn, lane.bot_id, PATIENCE_MS)?;
            let failures = condition::failures(conn, lane.bot_id)?;
            let failures: Vec<_> =
                failures.into_iter().map(|failed| (failed.class, failed.calls, failed.last)).collect();
            let failing = condition::failing_models(conn, lane.bot_id)?;
            let database = condition::database(conn)?;
            let room = room::look(conn)?;
            let muted = alerts::muted(conn, lane.bot_id)?;
            let part = language.health(&Condition {
                version: env!("CARGO_PKG_VERSION"),
                // This very message is being answered.
                waiting: queue.waiting - 1,
                unsent: queue.unsent,
                oldest: queue.oldest_seconds(),
                failures: &failures,
                failing: &failing,
                database: (&database.version, &database.size, database.read_only),
                room,
                backup,
                backups: backup_dir.is_some(),
                muted: &muted,
            });
            let unmute = |kind: &Kind| vec![mute_button(lane.user_id, language, *kind, false)];
            Ok(vec![part.with_keyboard(muted.iter().map(unmute).collect())])
        })
    }

    /// An owner wants to hear no more of something, or of it again.
    pub(super) fn mute(&self, kind: Kind, muted: bool) -> Result<Answered, StoreError> {
        let (lane, language) = (self.address.lane, self.message.language);
        self.as_owner(|conn| {
            alerts::mute(conn, lane.bot_id, kind, muted)?;
            let button = mute_button(lane.user_id, language, kind, !muted);
            Ok(ReplyPart::plain(language.muted(kind, muted)).with_keyboard(vec![vec![button]]))
        })
    }
}

/// The button by which this owner mutes a kind, or takes that back.
pub(super) fn mute_button(owner: i64, language: Language, kind: Kind, mute: bool) -> Below {
    let label = if mute { language.mute_button().to_owned() } else { language.unmute_button(kind) };
    Below::of(label, &Button { user_id: owner, action: Action::Mute(kind, mute) })
}
