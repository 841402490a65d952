//! /remember, and messages that clearly ask for it: a fact is kept. /memory: what is kept, with a button for each fact that
//! deletes it, and one that turns the memory off.
//!
//! A fact is what its person wrote themself: nothing of a file, a quotation or what was forwarded.

use tracing::info;

use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::command::Command;
use crate::domain::lane::Lane;
use crate::domain::marked_text::{MarkedText, link};
use crate::domain::memory::{LONGEST, asked_to_remember, fact};
use crate::domain::phrases::Language;
use crate::domain::proposal;
use crate::domain::quote::{Kind, Quote, Whose};
use crate::domain::reply::{Below, ReplyPart};
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::store::StoreError;
use crate::store::facts::{self, Added, Kept};

/// So many facts are listed at once.
const PAGE: usize = 8;
/// So many of their buttons stand in a row.
const ROW: usize = 4;

impl InWork<'_> {
    /// /remember
    pub(super) fn remember_words(&self) -> Result<Answered, StoreError> {
        match self.words().and_then(fact) {
            Some(fact) => self.remember(&fact, None),
            None => self.services.say(self.address, self.message.language.what_to_remember()),
        }
    }

    /// A message that asks to remember something, if it does so clearly. One that replies to somebody may be about their words.
    pub(in crate::pipeline) fn remember_if_asked(&self, text: &str) -> Result<Option<Answered>, StoreError> {
        match self.asks_to_remember(text) {
            Some(fact) => self.remember(&fact, None).map(Some),
            None => Ok(None),
        }
    }

    fn asks_to_remember(&self, text: &str) -> Option<String> {
        let to_bot = |quote: &Quote| quote.kind == Kind::Reply && quote.whose == Whose::Bot;
        let own = !self.waiting.memory.off && self.message.quotes.iter().all(to_bot);
        asked_to_remember(text).filter(|_| own).and_then(fact)
    }

    /// An edit of a message that told a fact: it tells another one, or none any more. `None`: it told none.
    pub(in crate::pipeline) fn edit_fact(&self, text: &str) -> Result<Option<Answered>, StoreError> {
        let &Self { services, address, message, .. } = self;
        let Some(message_id) = message.message_id else { return Ok(None) };
        let known = services.store.run(|conn| facts::of_message(conn, address.lane, message_id))?;
        let Some((old, told)) = known else { return Ok(None) };
        let of_command = || self.is(Command::Remember, text).then(|| self.words().and_then(fact)).flatten();
        if let Some(fact) = of_command().or_else(|| self.asks_to_remember(text)) {
            return self.remember(&fact, Some(old)).map(Some);
        }
        // What was proposed stays as long as the message says so.
        if !proposal::is_said(&told, text) {
            services.store.run(|conn| facts::delete(conn, address.lane, old))?;
        }
        Ok(None)
    }

    /// Keeps the fact, in the place of another one if it is that one's new form.
    fn remember(&self, fact: &str, instead: Option<i64>) -> Result<Answered, StoreError> {
        let &Self { services, address, message, waiting, .. } = self;
        let language = message.language;
        if waiting.memory.off {
            return services.say(address, language.memory_is_off());
        }
        let characters = fact.chars().count();
        if characters > LONGEST {
            return services.say(address, language.fact_is_too_long(characters));
        }
        let answered = services.reply(address, |conn, lane| {
            if let Some(old) = instead {
                facts::delete(conn, lane, old)?;
            }
            Ok(vec![match facts::add(conn, lane, fact, message.message_id)? {
                Added::New(id) => {
                    let button = Button { user_id: lane.user_id, action: Action::Unremember(id) };
                    ReplyPart::plain(language.remembered(fact)).with_button(language.undo_button(), &button)
                }
                Added::Known => ReplyPart::plain(language.remembered_before(fact)),
                Added::Full => ReplyPart::plain(language.memory_is_full()),
            }])
        })?;
        info!(seq = address.update_seq, "a person asked the bot to remember something");
        Ok(answered)
    }

    /// The button below that: it takes back what was remembered.
    pub(in crate::pipeline) fn unremember(&self, id: i64) -> Result<Answered, StoreError> {
        let language = self.message.language;
        self.services.reply(self.in_place(), |conn, lane| {
            let gone = facts::delete(conn, lane, id)?.is_some();
            Ok(vec![ReplyPart::plain(if gone { language.unremembered() } else { language.old_fact() })])
        })
    }

    /// /memory
    pub(super) fn memory(&self) -> Result<Answered, StoreError> {
        let off = self.waiting.memory.off;
        let language = self.message.language;
        self.reply(|conn, lane| {
            Ok(vec![List { facts: &facts::list(conn, lane)?, off, lane, language }.page(0)])
        })
    }

    /// A button of the list turns it to this page.
    pub(in crate::pipeline) fn show_facts(&self, page: usize) -> Result<Answered, StoreError> {
        let off = self.waiting.memory.off;
        self.list_anew(off, page, None)
    }

    /// A button of the list deletes a fact.
    pub(in crate::pipeline) fn delete_fact(&self, id: i64) -> Result<Answered, StoreError> {
        let (language, off) = (self.message.language, self.waiting.memory.off);
        self.services.reply(self.in_place(), |conn, lane| {
            let known = facts::list(conn, lane)?;
            let place = known.iter().position(|fact| fact.id == id);
            facts::delete(conn, lane, id)?;
            let facts = &facts::list(conn, lane)?;
            Ok(vec![List { facts, off, lane, language }.page(place.unwrap_or(0) / PAGE)])
        })
    }

    /// A button of the list turns the memory on or off.
    pub(in crate::pipeline) fn switch_memory(&self, on: bool) -> Result<Answered, StoreError> {
        self.list_anew(!on, 0, Some(on))
    }

    fn list_anew(&self, off: bool, page: usize, switch: Option<bool>) -> Result<Answered, StoreError> {
        let language = self.message.language;
        self.services.reply(self.in_place(), |conn, lane| {
            if let Some(on) = switch {
                facts::switch(conn, lane, on)?;
            }
            Ok(vec![List { facts: &facts::list(conn, lane)?, off, lane, language }.page(page)])
        })
    }

    /// The reply takes the place of the message whose button was pressed.
    fn in_place(&self) -> Address {
        Address { live_message_id: self.message.message_id, ..self.address }
    }
}

/// The list of what is remembered.
struct List<'a> {
    facts: &'a [Kept],
    off: bool,
    lane: Lane,
    language: Language,
}

impl List<'_> {
    /// This page of it, or the last one.
    fn page(&self, page: usize) -> ReplyPart {
        let &Self { facts, off, language, .. } = self;
        if off {
            let on = vec![vec![self.button(language.switch_memory(true), Action::Memory(true))]];
            return ReplyPart::plain(language.memory_off(facts.len())).with_keyboard(on);
        }
        let last = facts.len().saturating_sub(1) / PAGE;
        let page = page.min(last);
        let shown = || (1..).zip(facts).skip(page * PAGE).take(PAGE);
        let mut text = MarkedText::default();
        text.say(if facts.is_empty() { language.no_facts() } else { language.facts() });
        for (number, Kept { content, day, message_id, thread_id, .. }) in shown() {
            text.say(&format!("\n\n{number}. {content} — "));
            let link = message_id.and_then(|message_id| link(self.lane.chat_id, *thread_id, message_id));
            text.lead(&language.day(day), link);
        }
        if !facts.is_empty() {
            text.say(&format!("\n\n{}", language.how_to_change_facts()));
        }
        if last > 0 {
            text.say(&format!("\n\n{}", language.page(page + 1, last + 1)));
        }
        let delete = shown()
            .map(|(number, fact)| self.button(&format!("✕ {number}"), Action::DeleteFact(fact.id)))
            .collect::<Vec<_>>();
        let mut keyboard: Vec<Vec<Below>> = delete.chunks(ROW).map(<[Below]>::to_vec).collect();
        let back = page.checked_sub(1).map(|to| self.button("←", Action::Facts(to)));
        let forth = (page < last).then(|| self.button("→", Action::Facts(page + 1)));
        keyboard.push(back.into_iter().chain(forth).collect());
        keyboard.push(vec![self.button(language.switch_memory(false), Action::Memory(false))]);
        keyboard.retain(|row| !row.is_empty());
        text.part().with_keyboard(keyboard)
    }

    fn button(&self, label: &str, action: Action) -> Below {
        Below::of(label, &Button { user_id: self.lane.user_id, action })
    }
}
