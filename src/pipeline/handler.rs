//! One update → its reply: a command's, a button's, or the answer to a question ([`crate::pipeline::question`]). The reply
//! is stored together with the mark that the update is done.
//!
//! The worker calls this for the oldest update of a lane. Whatever happens, the user gets an end: an answer, or one
//! sentence per class of failure.

use std::time::Duration;

use tracing::info;

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::admission::Standing;
use crate::domain::button::{Action, Button};
use crate::domain::command::{Command, Request};
use crate::domain::lane::Lane;
use crate::domain::phrases::Language;
use crate::domain::reply::ReplyPart;
use crate::domain::update::{EDITED_MESSAGE, MESSAGE};
use crate::pipeline::in_work::InWork;
use crate::pipeline::on_behalf::Verdict;
use crate::pipeline::outcome::{Answered, TRIAL};
use crate::pipeline::pace::PERHAPS_LEADING;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::inbox::{self, Waiting};
use crate::store::strangers;
use crate::store::turns;
use crate::telegram::{Incoming, Message, Press, is_cut};

/// A failure that was about to be told when the program ended is told by the next start; but not for ever, for reading the
/// update may be what ends the program.
const UNREAD_FROM: i32 = 7;
/// How soon it is looked again whether one of the [`crate::pipeline::suspects`] may be tried.
const TRIAL_PAUSE: Duration = Duration::from_secs(1);

impl Services {
    /// Answers `waiting`, the oldest update of `lane`.
    pub fn answer(&self, lane: Lane, waiting: &Waiting, stop: &CancelToken) -> Result<Answered, StoreError> {
        let (seq, key) = (waiting.seq, waiting.key(lane));
        // Another instance may have it in work already.
        if !self.pace.leads() {
            return Ok(Answered::PutOff(PERHAPS_LEADING));
        }
        self.lull.give_way_to(lane);
        // An update from before this boot may be the reason why the last run ended: the attempt is counted before it
        // is made.
        let counted = seq <= self.newest_at_boot;
        let attempt = waiting.attempts + 1;
        let mut trial = None;
        // What its user stopped ends without a model, whoever else is in work.
        if counted && attempt == TRIAL && !waiting.stopped {
            trial = self.suspects.begin();
            if trial.is_none() {
                return Ok(Answered::PutOff(TRIAL_PAUSE));
            }
        }
        if counted {
            self.store.run(|conn| inbox::set_attempts(conn, key, attempt))?;
        }
        if attempt >= UNREAD_FROM {
            // Not even the failure could be told. This time the update is not looked at.
            return self.say(waiting.address(lane), Language::Russian.unreadable());
        }
        let stop = stop.during(seq..=seq).behind(self.pace.gate());
        let answered = self.attempt(lane, waiting, attempt, &stop);
        if let (Some(trial), Ok(Answered::Done(_))) = (&trial, &answered) {
            trial.ended_well();
        }
        // Neither a pause, nor a shutdown, nor an outage of the database is the update's fault.
        if counted && !matches!(answered, Ok(Answered::Done(_)) | Err(StoreError::Refused(_))) {
            self.store.retry_forever(|conn| inbox::set_attempts(conn, key, waiting.attempts))?;
        }
        answered
    }

    fn attempt(
        &self,
        lane: Lane,
        waiting: &Waiting,
        attempt: i32,
        stop: &CancelToken,
    ) -> Result<Answered, StoreError> {
        let Ok(Incoming { message, .. }) = Incoming::decode(&waiting.payload, &self.me) else {
            return self.say(waiting.address(lane), Language::Russian.unreadable());
        };
        let reply_to = message.message_id.filter(|_| !message.private);
        // What waits from before there were lanes of topics tells its topic itself.
        let thread_id = lane.thread_id.or(message.thread_id);
        let address = Address { thread_id, reply_to, ..waiting.address(lane) };
        if let Some(press) = message.press.as_ref().filter(|press| press.by != lane.user_id) {
            match self.judge(lane, press, message.language, stop) {
                Verdict::Granted => {}
                Verdict::Denied => return self.silence(address),
                Verdict::Interrupted => return Ok(Answered::Interrupted),
                Verdict::Later => return Ok(Answered::PutOff(PERHAPS_LEADING)),
            }
        }
        if let Some(answered) = self.claim(address, waiting, &message, stop)? {
            return Ok(answered);
        }
        let standing = self.admission.judge(lane, waiting.known);
        if message.added {
            return self.came_into_group(address, waiting, &message, standing, stop);
        }
        match standing {
            Standing::Owner if waiting.known.person.is_none() => {
                self.meet(lane, &message, stop)?;
            }
            Standing::Owner | Standing::Welcome => {}
            _ if self.is_erasure(&message) => {}
            // Whoever does not speak to the bot reads nothing from it, and asks nobody for anything.
            _ if message.overheard => return self.silence(address),
            Standing::Stranger => return self.turn_away(address, &message),
            Standing::Applicant => return self.ask_owners(address, waiting, &message, stop),
            Standing::Ignored => return self.silence(address),
        }
        let assistant = &self.assistant.get();
        let in_force = &assistant.catalogue().in_force(lane, &waiting.choice);
        InWork {
            services: self,
            address,
            waiting,
            attempt,
            message: &message,
            standing,
            stop,
            assistant,
            in_force,
        }
        .handle()
    }

    /// Whether it is the command or the button by which everybody may delete what is theirs.
    fn is_erasure(&self, message: &Message) -> bool {
        match (&message.press, &message.text) {
            (Some(press), _) => {
                matches!(Button::of(&press.data), Some(Button { action: Action::Forget(_), .. }))
            }
            (None, Some(text)) => Request::of(text, &self.me.username) == Request::Command(Command::Forget),
            (None, None) => false,
        }
    }

    /// Says once a day that the bot is not for everybody.
    fn turn_away(&self, address: Address, message: &Message) -> Result<Answered, StoreError> {
        let Lane { user_id, chat_id, .. } = address.lane;
        let answered = self.reply(address, |conn, lane| {
            let chat = (!message.private).then_some(lane.chat_id);
            let sentence = || ReplyPart::plain(message.language.stranger(lane.user_id, chat));
            Ok(strangers::tell(conn, lane)?.then(sentence).into_iter().collect())
        })?;
        if matches!(&answered, Answered::Done(unsent) if !unsent.is_empty()) {
            info!(user = user_id, chat = chat_id, "told a stranger that the bot does not answer everybody");
        }
        Ok(answered)
    }
}

impl InWork<'_> {
    /// Finds out what the update is, and does it.
    fn handle(&self) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        if let Some(press) = &message.press {
            return self.press(press);
        }
        if message.overheard {
            return self.write_down();
        }
        if message.is_forward() && self.waiting.kind == MESSAGE {
            return self.ask_whole();
        }
        // A stop took effect when it came in, and what it stopped says so; what is not addressed to the bot was kept by
        // poll for what it followed, and that went without it.
        if message.stopped_draft.is_some() || !message.addressed {
            return services.silence(address);
        }
        if self.waiting.kind == EDITED_MESSAGE {
            return self.edit();
        }
        if let Some(piece) = &message.piece {
            if piece.album.is_none() && self.is_announce(&piece.caption) {
                return self.announce_shown(piece);
            }
            return self.ask_whole();
        }
        let text = match message.text.as_deref() {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) if !message.quotes.is_empty() => message.language.what_about_this(),
            // Perhaps what it is about is forwarded with it.
            Some(_) if !message.private => return self.ask_whole(),
            _ => return services.say(address, message.language.only_text()),
        };
        match Request::of(text, &services.me.username) {
            Request::Foreign => services.silence(address),
            Request::Unknown { .. } => match self.owner_command(text)? {
                Some(answered) => Ok(answered),
                None => services.say(address, message.language.unknown_command()),
            },
            Request::Command(command) => self.command(command),
            Request::Question if is_cut(text) || self.is_followed_by_forward() => self.ask_whole(),
            Request::Question => match self.remember_if_asked(text)? {
                Some(answered) => Ok(answered),
                None => self.ask(text),
            },
        }
    }

    /// Whether what waits behind it was forwarded, perhaps with it.
    fn is_followed_by_forward(&self) -> bool {
        let next = self.waiting.next.as_ref().filter(|next| next.kind == MESSAGE);
        let next = next.and_then(|next| Incoming::decode(&next.payload, &self.services.me).ok());
        next.is_some_and(|next| next.message.is_forward())
    }

    fn press(&self, press: &Press) -> Result<Answered, StoreError> {
        let &Self { services, address, .. } = self;
        let old_button = || services.say(address, self.message.language.old_button());
        let Some(button) = Button::of(&press.data) else { return old_button() };
        if !button.is_for(address.lane.user_id) {
            // The acknowledgement has told the user already.
            return services.silence(address);
        }
        let last = || services.store.run(|conn| turns::last(conn, address.lane));
        match &button.action {
            Action::Forget(asked_by) => self.forget_for_good(*asked_by),
            Action::Retry(seq) => match last()?.filter(|last| last.update_seq() == *seq) {
                Some(last) => self.regenerate(&last, last.question()),
                None => old_button(),
            },
            Action::HearAgain(seq) => match last()?.filter(|last| last.update_seq() == *seq) {
                Some(last) => self.hear_again(&last),
                None => old_button(),
            },
            Action::Continue(seq) => match last()?.filter(|last| last.update_seq() == *seq) {
                Some(_) => self.go_on(),
                None => old_button(),
            },
            Action::Decide(verdict, asked) => self.decide(*verdict, *asked),
            Action::People(page) => self.turn_people(*page),
            Action::Card(card) => self.card(*card),
            Action::Announce(id, what) => self.press_announce(*id, *what),
            Action::Announcements(wanted) => self.subscribe(*wanted),
            Action::Mute(kind, muted) => self.mute(*kind, *muted),
            Action::Speak(when) => self.press_voice(*when),
            Action::Find(search, page) => self.turn_found(*search, *page),
            Action::Proposal(id, yes) => self.decide_proposal(*id, *yes),
            Action::Unremember(id) => self.unremember(*id),
            Action::DeleteFact(id) => self.delete_fact(*id),
            Action::Facts(page) => self.show_facts(*page),
            Action::Memory(on) => self.switch_memory(*on),
            choice @ (Action::Choose(..) | Action::Think(..) | Action::Page(..)) => self.press_choice(choice),
        }
    }
}
