//! A question in work: what is known of it, and what is said below its answer.

use std::borrow::Cow;
use std::time::Instant;

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::button::{Action, Button};
use crate::domain::catalogue::Medium;
use crate::domain::choice::InForce;
use crate::domain::memory::Memory;
use crate::domain::phrases::Language;
use crate::domain::prompt::Reading;
use crate::domain::quote::{self, Quote};
use crate::domain::reply::ReplyPart;
use crate::domain::sender::Sender;
use crate::domain::summary::Summary;
use crate::domain::update::Key;
use crate::domain::usage::Call;
use crate::llm::Completion;
use crate::metrics::{self, Figures};
use crate::pipeline::assistant::Assistant;
use crate::pipeline::beside::Unread;
use crate::pipeline::prompt::{Reply, StandIn};
use crate::store::attachments::{Sent, Stored};
use crate::store::finish::Ending;
use crate::store::ledger::Calls;
use crate::store::turns::Last;

/// A question in work.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub struct Question<'a> {
    /// Where the answer goes, and the update it is for.
    pub address: Address,
    /// What is asked.
    pub text: &'a str,
    /// Telegram's ids of the messages that are the question.
    pub message_ids: &'a [i64],
    /// What it quotes.
    pub quotes: &'a [Quote],
    /// Nobody asks anything: a recording is to be answered with its words.
    pub words_alone: bool,
    /// When the last of its messages was sent, in seconds of Telegram's clock.
    pub asked_at: Option<i64>,
    /// Updates behind that of the address which belong to it.
    pub joined: &'a [Key],
    /// Files that came with these updates.
    pub sent: &'a [Sent<'a>],
    /// All files of the question, in order, as they are stored.
    pub files: &'a [Stored],
    /// The question as it stands, to be answered again.
    pub replaces: Option<&'a Last>,
    /// The user's language.
    pub language: Language,
    /// Whether the chat is the user's own with the bot.
    pub private: bool,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// Model calls for it that were put off.
    pub retries: i32,
    /// Its user stopped it while it waited.
    pub stopped: bool,
    /// How many questions its user may ask in any hour.
    pub rate_limit: Option<u32>,
    /// Its user has a budget of the own.
    pub has_budget: bool,
    /// Its user, as Telegram shows people in their own chats.
    pub sender: Option<&'a Sender>,
    /// When answering began.
    pub began: Instant,
    /// Ends it early.
    pub stop: &'a CancelToken,
    /// Who answers.
    pub assistant: &'a Assistant,
    /// With what, in this dialogue.
    pub in_force: &'a InForce,
    /// Summaries of what was said before in this dialogue.
    pub summaries: &'a [Summary],
    /// What the model read, where it was asked.
    pub reading: Option<&'a Reading>,
    /// What is remembered of its user here.
    pub memory: &'a Memory,
    /// The calls of the model that it has taken.
    pub calls: &'a [Call],
}

impl Question<'_> {
    /// The files that come with it: those of its messages, and those of messages that it replies to.
    pub(super) fn sent(&self) -> Vec<Sent<'_>> {
        let key = self.address.key();
        let mut sent = self.sent.to_vec();
        for quoted in self.quotes.iter().filter_map(|quote| quote.file.as_deref()) {
            let known = |other: &Sent<'_>| other.quoted && other.telegram_message_id == quoted.message_id;
            // What a question shows itself is not looked at twice.
            if !self.message_ids.contains(&quoted.message_id) && !sent.iter().any(known) {
                let (telegram_message_id, file) = (quoted.message_id, &quoted.file);
                sent.push(Sent { key, telegram_message_id, album: None, file, quoted: true });
            }
        }
        sent
    }

    pub(super) fn ledger(&self) -> Calls<'_> {
        Calls { address: self.address, calls: self.calls }
    }

    /// Whether a model that may answer it reads this.
    pub(super) fn may_read(&self, medium: Medium) -> bool {
        self.assistant.chain(self.in_force).any(|chosen| chosen.model.reads.contains(&medium))
    }

    /// With its quotations, as the model reads it.
    pub(super) fn with_quotes(&self) -> Cow<'_, str> {
        quote::with_words(self.quotes, self.text)
    }

    pub(super) fn count(&self, ending: &Ending) {
        let usage = self.calls.last().map(|call| &call.usage);
        let figures = Figures {
            tokens_read: usage.and_then(|usage| usage.prompt_tokens),
            tokens_written: usage.and_then(|usage| usage.completion_tokens),
            first_token_ms: usage.and_then(|usage| usage.first_token_ms),
            duration_ms: usage.and_then(|usage| usage.duration_ms),
        };
        match ending {
            Ending::Answered { .. } => metrics::answered(figures),
            Ending::Stopped { .. } => metrics::stopped(figures),
            Ending::Failed { class, .. } => metrics::failed(class),
        }
    }

    /// What was heard in its recordings.
    pub(super) fn heard(&self) -> Option<String> {
        let words = self.files.iter().filter_map(|file| file.transcript.as_deref());
        let words = words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n");
        Some(words).filter(|words| !words.is_empty())
    }

    /// It has the answer before it go on.
    pub(super) fn goes_on(&self) -> bool {
        Language::ALL.iter().any(|language| self.text == language.go_on())
    }

    /// What is to be said about an answer, below it.
    pub(super) fn note(&self, reply: &Reply) -> Option<ReplyPart> {
        let Reply { alone, stand_in, unread, completion: Completion { cut, .. } } = reply;
        let unread = unread.iter().map(|(name, unread)| match unread {
            Unread::Rest(extent) => self.language.read_in_part(name, *extent),
            Unread::All(refused) => self.language.unreadable_file(name, *refused),
        });
        let is_film = self.files.iter().any(|file| file.file.is_seen_in_part());
        let said = [
            is_film.then(|| self.language.one_frame().to_owned()),
            alone.then(|| self.language.without_conversation().to_owned()),
            stand_in.as_ref().map(|StandIn { is, of, lacks }| self.language.stood_in(is, of, *lacks)),
            cut.then(|| self.language.cut().to_owned()),
        ];
        let said = self.gone().into_iter().chain(unread).chain(said.into_iter().flatten());
        let text = said.collect::<Vec<_>>().join("\n");
        let part = (!text.is_empty()).then(|| ReplyPart::plain(text))?;
        Some(if *cut {
            self.with_button(part, self.language.continue_button(), Action::Continue)
        } else {
            part
        })
    }

    /// What had been chosen and is not to be had any more.
    fn gone(&self) -> Vec<String> {
        let (catalogue, in_force) = (self.assistant.catalogue(), self.in_force);
        let (model, role) = (&catalogue.models[in_force.model], &catalogue.roles[in_force.role]);
        self.language.gone(&in_force.gone, &model.name, &role.name)
    }

    /// The part, with the button that answers the question again.
    pub(super) fn with_retry(&self, part: ReplyPart) -> ReplyPart {
        self.with_button(part, self.language.retry_button(), Action::Retry)
    }

    /// The part, with the button that has the recording heard anew; of several nobody could say which one.
    pub(super) fn with_hear_again(&self, part: ReplyPart) -> ReplyPart {
        self.with_button(part, self.language.hear_again_button(), Action::HearAgain)
    }

    /// The question is one recording, to which somebody has listened.
    pub(super) fn is_one_recording(&self) -> bool {
        matches!(self.files, [file] if file.transcript.is_some())
    }

    fn with_button(&self, part: ReplyPart, label: &str, action: fn(i64) -> Action) -> ReplyPart {
        if self.words_alone {
            // Another answer would be a model's.
            return part;
        }
        let Address { lane, update_seq, .. } = self.address;
        part.with_button(label, &Button { action: action(update_seq), user_id: lane.user_id })
    }
}
