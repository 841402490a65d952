//! /announce: an owner's word or picture for everybody is shown first, and sent once its owner says so; and the button below it by which
//! people want no more of these.

use std::cell::Cell;

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use tracing::info;

use crate::domain::admission::{Known, Standing};
use crate::domain::announcement::{Progress, Wish, length};
use crate::domain::attachment::{Attachment, Kind};
use crate::domain::button::{Action, Announcing, Button};
use crate::domain::command;
use crate::domain::lane::Lane;
use crate::domain::owner_command::OwnerCommand;
use crate::domain::phrases::Language;
use crate::domain::reply::{Below, Content, ReplyPart};
use crate::domain::update::Key;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::render::{self, MAX_CAPTION_UNITS, RichMessages};
use crate::store::{StoreError, announcements, people};
use crate::telegram::Piece;

impl InWork<'_> {
    /// /announce: shows what would be told, or stops what runs.
    pub(super) fn announce(&self, text: &str) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let (picture, language) = (self.picture(), message.language);
        match Wish::of(command::words(text), picture.is_some()) {
            Wish::Help => services.say(address, language.how_to_announce()),
            Wish::Stop => services.reply(address, |conn, lane| {
                if !self.still_owns(conn, lane)? {
                    return Ok(vec![ReplyPart::plain(language.unknown_command())]);
                }
                let stopped = announcements::stop(conn, lane.bot_id, None)?;
                Ok(vec![ReplyPart::plain(language.announcements_stopped(stopped))])
            }),
            Wish::Tell(days, words) => {
                let words = if words.is_empty() { picture.unwrap_or_default().1 } else { words };
                let parts = messages(picture.map(|(file_id, _)| file_id), words, services.rich_messages);
                if parts.is_empty() {
                    return services.say(address, language.how_to_announce());
                }
                self.show_draft(days, &parts)
            }
        }
    }

    /// Shows what would be told, and asks whether it is to be.
    fn show_draft(&self, days: u16, parts: &[ReplyPart]) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let (lane, language) = (address.lane, message.language);
        services.reply(address, |conn, _| {
            let people = self.recipients(conn, days)?.len();
            let takes = length(people, parts.len(), services.pace.rate());
            let control = ReplyPart::plain(language.announcement_draft(people, days, takes));
            if people == 0 {
                return Ok(vec![control]);
            }
            let id = announcements::draft(conn, lane.bot_id, lane.user_id, days, parts)?;
            let mut shown = parts.to_vec();
            if let Some(last) = shown.pop() {
                shown.push(with_unsubscribe(last, lane.user_id, language));
            }
            for part in shown.iter_mut().filter(|part| matches!(part.content, Content::Photo { .. })) {
                part.fallback.insert(0, ReplyPart::plain(language.picture_is_gone()));
            }
            let button = |label: &str, what| {
                Below::of(label, &Button { user_id: lane.user_id, action: Action::Announce(id, what) })
            };
            let send = button(language.send_button(), Announcing::Send);
            let cancel = button(language.cancel_button(), Announcing::Stop);
            shown.push(control.with_keyboard(vec![vec![send, cancel]]));
            Ok(shown)
        })
    }

    /// The photo that the message is, or replies to, and what stands below the one that it replies to.
    fn picture(&self) -> Option<(&str, &str)> {
        let photo = |file: &Attachment| file.kind == Kind::Photo;
        if let Some(piece) = &self.message.piece {
            return photo(&piece.file).then_some((&piece.file.file_id, ""));
        }
        self.message.quotes.iter().find_map(|quote| {
            let file = quote.file.as_ref().map(|quoted| &quoted.file).filter(|file| photo(file))?;
            // Its first line says what the file is.
            let below = quote.text.split_once('\n').map_or("", |(_, below)| below);
            Some((&*file.file_id, below))
        })
    }

    /// Whether these words below something that is shown are an owner's /announce.
    pub(super) fn is_announce(&self, caption: &str) -> bool {
        let command = || OwnerCommand::of(caption, &self.services.me.username);
        self.is_of_owner() && command() == Some(OwnerCommand::Announce)
    }

    /// /announce below something that is shown by itself.
    pub(super) fn announce_shown(&self, piece: &Piece) -> Result<Answered, StoreError> {
        match piece.file.kind {
            Kind::Photo => self.announce(&piece.caption),
            _ => self.refuse_to_announce(&[]),
        }
    }

    /// What is shown is not one photo. What came with it ends with it, so that none of it is taken for a question.
    pub(super) fn refuse_to_announce(&self, joined: &[Key]) -> Result<Answered, StoreError> {
        let said = self.message.language.announces_one_photo();
        self.services.reply_to_all(self.address, joined, |_, _| Ok(vec![ReplyPart::plain(said)]))
    }

    /// To whom it goes: whoever asked lately, wants it and may use the bot, but not who sends it.
    fn recipients(&self, conn: &mut PgConnection, days: u16) -> QueryResult<Vec<i64>> {
        let &Self { services, address, .. } = self;
        let bot_id = address.lane.bot_id;
        let owned = people::is_owned(conn, bot_id)?;
        let may = |candidate: &announcements::Candidate| {
            let lane = Lane { bot_id, chat_id: candidate.id, user_id: candidate.id, thread_id: None };
            let known = Known { person: candidate.state, chat: candidate.state, owned, budget: false };
            matches!(services.admission.judge(lane, known), Standing::Owner | Standing::Welcome)
        };
        let candidates = announcements::candidates(conn, bot_id, days)?;
        let others = candidates.into_iter().filter(|candidate| candidate.id != address.lane.user_id);
        Ok(others.filter(may).map(|candidate| candidate.id).collect())
    }

    /// An owner sends a draft, gives it up, or stops what runs.
    pub(super) fn press_announce(&self, id: i64, what: Announcing) -> Result<Answered, StoreError> {
        let &Self { address, message, .. } = self;
        let (lane, language) = (address.lane, message.language);
        let begun = Cell::new(None);
        let answered = self.as_owner(|conn| {
            let draft = announcements::days_of_draft(conn, lane.bot_id, lane.user_id, id)?;
            Ok(match (what, draft) {
                (Announcing::Send, Some(days)) => {
                    let people = self.recipients(conn, days)?;
                    let number = announcements::begin(conn, id, message.message_id, &people)?;
                    begun.set(Some(number));
                    let waiting = i64::try_from(number).unwrap_or(i64::MAX);
                    shown(lane.user_id, language, id, &Progress { waiting, ..Progress::default() })
                }
                (Announcing::Stop, Some(_)) => {
                    announcements::stop(conn, lane.bot_id, Some(id))?;
                    ReplyPart::plain(language.announcement_cancelled())
                }
                (Announcing::Stop, None) => {
                    let stopped = announcements::stop(conn, lane.bot_id, Some(id))?;
                    ReplyPart::plain(language.announcements_stopped(stopped))
                }
                // It was sent, or given up: pressed twice, it is not sent twice.
                (Announcing::Send, None) => {
                    let progress = announcements::progress(conn, id)?;
                    ReplyPart::plain(language.announcement(&progress, false))
                }
            })
        })?;
        if let Some(people) = begun.get() {
            info!(owner = lane.user_id, announcement = id, people, "an announcement begins");
        }
        Ok(answered)
    }

    /// Somebody wants no more announcements, or wants them again.
    pub(super) fn subscribe(&self, wanted: bool) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let language = message.language;
        services.reply(address, |conn, lane| {
            announcements::subscribe(conn, lane.bot_id, lane.user_id, wanted)?;
            let part = ReplyPart::plain(language.subscribed(wanted));
            if wanted {
                return Ok(vec![part]);
            }
            let again = Button { user_id: lane.user_id, action: Action::Announcements(true) };
            Ok(vec![part.with_button(language.subscribe_button(), &again)])
        })
    }
}

/// What is told, in messages: words, or a picture with words below it. Words that have no room there, or are more than text, come
/// behind it.
fn messages(picture: Option<&str>, words: &str, rich: RichMessages) -> Vec<ReplyPart> {
    let words = render::answer(words, rich);
    let Some(file_id) = picture.map(str::to_owned) else { return words };
    let fits = |text: &str| text.encode_utf16().count() <= MAX_CAPTION_UNITS;
    match words.first().map(|first| &first.content) {
        Some(Content::Text { text, entities }) if words.len() == 1 && fits(text) => {
            let content = Content::Photo { file_id, caption: text.clone(), entities: entities.clone() };
            vec![ReplyPart { fallback: words, ..ReplyPart::of(content) }]
        }
        _ => {
            let photo = Content::Photo { file_id, caption: String::new(), entities: Vec::new() };
            [ReplyPart::of(photo)].into_iter().chain(words).collect()
        }
    }
}

/// How far it is, with the button that stops it.
pub(super) fn shown(owner: i64, language: Language, id: i64, progress: &Progress) -> ReplyPart {
    let stop = Button { user_id: owner, action: Action::Announce(id, Announcing::Stop) };
    ReplyPart::plain(language.announcement(progress, true)).with_button(language.stop_button(), &stop)
}

/// With the button by which this person wants no more of these.
pub(super) fn with_unsubscribe(part: ReplyPart, user_id: i64, language: Language) -> ReplyPart {
    let button = Button { user_id, action: Action::Announcements(false) };
    part.with_button(language.unsubscribe_button(), &button)
}
