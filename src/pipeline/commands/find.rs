//! /find: what its user and the bot said, by its words, page by page. In a private chat in all dialogues of the user, in a
//! group in those of that group, for everybody reads along.

use diesel::data_types::PgTimestamp;
use frankenstein::types::MessageEntityType::{Bold, Code};

use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::history::Role;
use crate::domain::marked_text::{MarkedText, link};
use crate::domain::reply::{Below, ReplyPart};
use crate::domain::search::Search;
use crate::domain::sender::one_line;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::archive::Selection;
use crate::store::search::{self, Found};
use crate::store::searches;

/// So many messages stand on a page, and so many pages can be turned.
const PAGE: usize = 5;
const PAGES: usize = 20;
/// The most characters of a message that are shown.
const EXCERPT: usize = 300;
/// The most characters of a file's name.
const FILE: usize = 80;
/// Stands around what was found: a character for private use, which nobody writes.
const MARK: &str = "\u{e000}";

/// What was found, as far as one page needs it.
struct Hits {
    /// What stands on the page, each with Telegram's id of the message, where it has a link.
    shown: Vec<(Found, Option<i64>)>,
    /// There are more behind it.
    more: bool,
}

impl InWork<'_> {
    /// The command: the first page.
    pub(super) fn find(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let language = message.language;
        let Some(words) = self.words() else { return services.say(address, language.how_to_find()) };
        let search = match Search::of(words) {
            Ok(search) => search,
            Err(fault) => return services.say(address, language.cannot_find(fault)),
        };
        let Some(hits) = self.hits(&search, 0, None)? else {
            return services.say(address, language.too_common());
        };
        services.reply(address, |conn, lane| {
            // One page needs no buttons.
            let id = if hits.more { searches::keep(conn, lane, words)?.0 } else { 0 };
            Ok(vec![self.page(&hits, id, 0)])
        })
    }

    /// A button turns what was found to this page.
    pub(in crate::pipeline) fn turn_found(&self, id: i64, page: usize) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let language = message.language;
        let old = || services.say(address, language.old_search());
        let kept = services.store.run(|conn| searches::find(conn, address.lane, id))?;
        let Some((words, moment)) = kept.filter(|_| page < PAGES) else { return old() };
        let Ok(search) = Search::of(&words) else { return old() };
        let Some(hits) = self.hits(&search, page, Some(moment))? else { return old() };
        let in_place = Address { live_message_id: message.message_id, ..address };
        services.reply(in_place, |_, _| Ok(vec![self.page(&hits, id, page)]))
    }

    /// What was found until then for one page. `None`: there is no word to find anything by.
    fn hits(
        &self,
        search: &Search,
        page: usize,
        until: Option<PgTimestamp>,
    ) -> Result<Option<Hits>, StoreError> {
        let lane = self.address.lane;
        let chat_id = (!self.message.private).then_some(lane.chat_id);
        let selection = Selection { user_id: Some(lane.user_id), chat_id, until, ..Selection::default() };
        let limit = i64::try_from((page + 1) * PAGE + 1).unwrap_or(i64::MAX);
        self.services.store.run(|conn| {
            let Some(found) = search::search(conn, search, selection, limit, MARK)? else { return Ok(None) };
            let more = found.len() > (page + 1) * PAGE;
            let shown: Vec<Found> = found.into_iter().skip(page * PAGE).take(PAGE).collect();
            let ids = searches::telegram_ids(conn, shown.iter().map(|found| found.record.id).collect())?;
            let telegram_id = |id| ids.iter().find(|(other, _)| *other == id).and_then(|(_, known)| *known);
            let with_id = |found: Found| {
                let id = telegram_id(found.record.id);
                (found, id)
            };
            Ok(Some(Hits { shown: shown.into_iter().map(with_id).collect(), more }))
        })
    }

    fn page(&self, hits: &Hits, id: i64, page: usize) -> ReplyPart {
        let language = self.message.language;
        if hits.shown.is_empty() {
            return ReplyPart::plain(language.found_nothing(self.message.private));
        }
        let mut text = MarkedText::default();
        text.say(language.found());
        for (number, (found, telegram_id)) in (page * PAGE + 1..).zip(&hits.shown) {
            text.say(&format!("\n\n{number}. "));
            self.heading(&mut text, found, *telegram_id);
            text.say("\n");
            excerpt(&mut text, &found.excerpt);
        }
        let last = page + 1 == PAGES;
        if hits.more && last {
            text.say("\n\n").say(language.found_more());
        }
        let button = |(label, to): (&str, usize)| {
            let user_id = self.address.lane.user_id;
            Below::of(label, &Button { user_id, action: Action::Find(id, to) })
        };
        let back = page.checked_sub(1).map(|to| ("←", to));
        let forth = (hits.more && !last).then_some(("→", page + 1));
        let row: Vec<Below> = back.into_iter().chain(forth).map(button).collect();
        text.part().with_keyboard(if row.is_empty() { Vec::new() } else { vec![row] })
    }

    /// When it was said, by whom and where; the day leads there.
    fn heading(&self, text: &mut MarkedText, found: &Found, telegram_id: Option<i64>) {
        let language = self.message.language;
        let record = &found.record;
        let link = telegram_id.and_then(|id| link(record.chat_id, record.thread_id, id));
        let day = record.created_at.get(..10).unwrap_or(&record.created_at);
        text.lead(&language.day(day), link);
        text.say(", ").say(language.whose(Role::of(&record.role) == Some(Role::User)));
        if self.message.private && record.chat_id != self.address.lane.chat_id {
            text.say(", ").say(language.in_a_group());
        }
        if let Some(file) = found.file.as_deref().filter(|file| !file.is_empty()) {
            text.say(", ").mark(&one_line(file, FILE), Code);
        }
        text.say(":");
    }
}

/// No more than [`EXCERPT`] characters of it; what was found is bold.
fn excerpt(text: &mut MarkedText, marked: &str) {
    let mut left = EXCERPT;
    for (place, piece) in marked.split(MARK).enumerate() {
        let shown: String = piece.chars().take(left).map(|c| if c.is_control() { ' ' } else { c }).collect();
        left -= shown.chars().count();
        if place % 2 == 1 {
            text.mark(&shown, Bold)
        } else {
            text.say(&shown)
        };
        if left == 0 {
            text.say("…");
            return;
        }
    }
}
