//! /forget: asks with a button. The press deletes everything of the user, for good.

use std::time::Duration;

use diesel::pg::PgConnection;
use tracing::info;

use crate::domain::button::{Action, Button};
use crate::domain::lane::Lane;
use crate::domain::reply::ReplyPart;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::archive::{self, Selection};
use crate::store::erase;
use crate::store::inbox;
use crate::store::proposals;
use crate::store::settings;

/// How long the button works.
const BUTTON_LIFE: Duration = Duration::from_secs(3600);

impl InWork<'_> {
    pub(super) fn forget(&self) -> Result<Answered, StoreError> {
        let &Self { address, .. } = self;
        let language = self.message.language;
        self.reply(|conn, lane| {
            let selection = Selection { user_id: Some(lane.user_id), cleared: true, ..Selection::default() };
            let button = Button { action: Action::Forget(address.update_seq), user_id: lane.user_id };
            Ok(vec![match archive::count(conn, selection)? {
                0 if !settings::known(conn, lane.user_id)? && !proposals::known(conn, lane.user_id)? => {
                    ReplyPart::plain(language.nothing_to_delete())
                }
                messages => {
                    ReplyPart::plain(language.forget(messages)).with_button(language.forget_button(), &button)
                }
            }])
        })
    }

    /// The button below the question of the command `asked_by` (updates.seq) was pressed.
    ///
    /// What there is goes in batches, and with the last of it this update is finished. Should the program die before, the
    /// next one goes on: the button is as good as when it was pressed.
    pub(in crate::pipeline) fn forget_for_good(&self, asked_by: i64) -> Result<Answered, StoreError> {
        let &Self { services, address, .. } = self;
        let language = self.message.language;
        let is_good = |conn: &mut PgConnection, lane| {
            inbox::done_lately(conn, lane, asked_by, address.key(), BUTTON_LIFE)
        };
        let Lane { user_id, bot_id, .. } = address.lane;
        let mut deleted = 0;
        if services.store.run(|conn| is_good(conn, address.lane))? {
            let batch = || services.store.retry_forever(|conn| erase::batch(conn, user_id, Some(bot_id)));
            while let Some(rows) = batch()? {
                deleted += rows.messages;
            }
        }
        services.reply(address, |conn, lane| {
            if !is_good(conn, lane)? {
                return Ok(vec![ReplyPart::plain(language.old_forget_button())]);
            }
            let rows = erase::person(conn, user_id, Some(address.update_seq))?;
            let messages = deleted + rows.messages;
            info!(user = user_id, messages, "erased a user who asked for it with /forget");
            // If it was there before this start, it may have been begun.
            let all = (address.update_seq > services.newest_at_boot).then_some(messages);
            Ok(vec![ReplyPart::plain(language.forgotten(all))])
        })
    }
}
