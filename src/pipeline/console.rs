//! /console: a link into the console, for its owners.

use crate::domain::pass::Keys;
use crate::domain::reply::ReplyPart;
use crate::pipeline::door::Door;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::console::sessions;

impl InWork<'_> {
    /// A link that works once. It is this owner's, and so is the session that begins with it.
    pub(super) fn link_to_console(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let language = message.language;
        let Some((Door { console, keys }, code)) = services.door.as_ref().zip(Keys::make()) else {
            return services.say(address, language.no_console());
        };
        services.reply(address, |conn, lane| {
            sessions::offer(conn, lane.bot_id, &keys.tag_of_code(&code), Some(lane.user_id))?;
            let local = console.url.is_none() && console.is_local();
            Ok(vec![ReplyPart::plain(language.link_to_console(&console.link(&code), local))])
        })
    }
}
