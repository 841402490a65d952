//! /export: the dialogue as a file, in the user's private chat only.

use crate::domain::lane::Dialogue;
use crate::domain::reply::{Content, ReplyPart};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::archive::{self, Selection};
use crate::store::facts;

impl InWork<'_> {
    pub(super) fn export(&self) -> Result<Answered, StoreError> {
        let language = self.message.language;
        if !self.message.private {
            return self.say(language.only_in_private());
        }
        self.reply(|conn, lane| {
            let messages = archive::count(conn, Selection::from(Dialogue::from(lane)))?;
            Ok(vec![if messages > 0 || facts::any(conn, lane)? {
                ReplyPart {
                    fallback: vec![ReplyPart::plain(language.export_failed())],
                    ..ReplyPart::of(Content::Document { caption: language.exported().to_owned() })
                }
            } else {
                ReplyPart::plain(language.nothing_to_export())
            }])
        })
    }
}
