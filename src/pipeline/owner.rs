//! Owners: who becomes one with /claim, who asks them to be let in, and what they decide.
//!
//! Whether somebody is an owner is looked up when a button is pressed, and once more in the transaction that decides: neither a
//! menu nor the button itself gives a right.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::admission::{Standing, State};
use crate::domain::button::{Action, Button, Verdict};
use crate::domain::command;
use crate::domain::lane::Lane;
use crate::domain::owner_command::OwnerCommand;
use crate::domain::phrases::Language;
use crate::domain::phrases::owner::{Described, first_words};
use crate::domain::reply::{Below, ReplyPart};
use crate::domain::update::MESSAGE;
use crate::pipeline::in_work::InWork;
use crate::pipeline::outcome::Answered;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::decide::{self, By, Decided};
use crate::store::inbox::Waiting;
use crate::store::owner_codes::{self, Claimed};
use crate::store::people;
use crate::store::requests::{self, Received, Request, Said};
use crate::telegram::{Message, TelegramError};

/// After this a request is tried again while another one is being made.
const STEP_ASIDE: Duration = Duration::from_millis(50);

/// So many requests are shown at once.
const REQUESTS: i64 = 5;

/// The command that makes its sender an owner. It is in no menu, and unknown while there is no code.
const CLAIM: &str = "claim";

impl Services {
    /// Makes who sends the code of /claim an owner. `None`: it is no /claim, or there is no code to be sent.
    ///
    /// Only a message of a person in their own chat counts: not an edit, not one in the name of a group.
    pub(super) fn claim(
        &self,
        address: Address,
        waiting: &Waiting,
        message: &Message,
        stop: &CancelToken,
    ) -> Result<Option<Answered>, StoreError> {
        let lane = address.lane;
        let text = message.text.as_deref().unwrap_or_default();
        let is_own =
            message.private && lane.user_id > 0 && message.press.is_none() && waiting.kind == MESSAGE;
        let is_claim =
            command::name(text, &self.me.username).is_some_and(|name| name.eq_ignore_ascii_case(CLAIM));
        if !is_own || !is_claim || !self.store.run(|conn| owner_codes::any(conn, lane.bot_id))? {
            return Ok(None);
        }
        let sent = command::words(text).unwrap_or_default();
        let claimed = Cell::new(None);
        let answered = self.reply(address, |conn, lane| {
            let outcome = owner_codes::claim(conn, lane, &message.sender, |tag| self.codes.is(sent, tag))?;
            claimed.set(Some(outcome));
            Ok(vec![ReplyPart::plain(match outcome {
                Claimed::Yes => message.language.claimed(),
                Claimed::No { .. } => message.language.not_the_code(),
            })])
        })?;
        let user = lane.user_id;
        match claimed.get() {
            Some(Claimed::Yes) => {
                info!(user, "a user claimed the bot and is an owner now");
                self.give_menu(user, stop);
            }
            Some(Claimed::No { last: false }) => warn!(user, "somebody sent /claim with a wrong code"),
            Some(Claimed::No { last: true }) => {
                warn!(
                    user,
                    "somebody sent /claim with a wrong code; none is left: systech-aidd owner makes another"
                );
            }
            None => {}
        }
        Ok(Some(answered))
    }

    /// An owner whom the environment names writes for the first time.
    pub(super) fn meet(&self, lane: Lane, message: &Message, stop: &CancelToken) -> Result<(), StoreError> {
        self.store.run(|conn| people::meet(conn, lane, &message.sender))?;
        // Telegram takes no menu for somebody whom it has not seen with the bot.
        self.give_menu(lane.user_id, stop);
        Ok(())
    }

    fn give_menu(&self, owner: i64, stop: &CancelToken) {
        let commands = self.assistant.get().commands();
        let menu = |language: Language| language.owner_menu(&commands);
        if let Err(error) = self.telegram.until(stop).set_own_menu(owner, menu) {
            // An owner has the rights without a menu, and the next start sets it.
            info!(owner, "{error}; the owner has no menu of its own yet");
        }
    }

    /// Somebody wrote who may not use the bot, and owners may be asked: about who wrote in a private chat, about the group
    /// elsewhere.
    pub(super) fn ask_owners(
        &self,
        address: Address,
        waiting: &Waiting,
        message: &Message,
        stop: &CancelToken,
    ) -> Result<Answered, StoreError> {
        // A button and the end of a draft ask nothing.
        if message.press.is_some() || message.stopped_draft.is_some() {
            return self.silence(address);
        }
        if !message.private {
            return self.ask_about_group(address, waiting, message, stop);
        }
        let (id, language) = (address.lane.user_id, message.language);
        let words = first_words(message.text.as_deref());
        let described = Described { id, sender: &message.sender };
        let request =
            Request { address, id, sender: &message.sender, payload: Some(&waiting.payload), words: &words };
        let said = Said {
            asked: Some(ReplyPart::plain(language.asked_owner())),
            no_room: Some(ReplyPart::plain(language.no_room_for_request())),
            to_owner: &|owner, language, last| {
                with_verdicts(language.request(described, &words, last), owner, language, address.update_seq)
            },
        };
        self.receive(&request, &said)
    }

    /// Somebody added the bot to a group.
    pub(super) fn came_into_group(
        &self,
        address: Address,
        waiting: &Waiting,
        message: &Message,
        standing: Standing,
        stop: &CancelToken,
    ) -> Result<Answered, StoreError> {
        match standing {
            Standing::Ignored | Standing::Stranger => self.silence(address),
            _ => self.ask_about_group(address, waiting, message, stop),
        }
    }

    /// Until an owner decides, the bot is silent in the group.
    fn ask_about_group(
        &self,
        address: Address,
        waiting: &Waiting,
        message: &Message,
        stop: &CancelToken,
    ) -> Result<Answered, StoreError> {
        let id = address.lane.chat_id;
        if !self.admission.asks_about(id, waiting.known) {
            return self.silence(address);
        }
        // The owner can decide without it.
        let members = match self.telegram.until(stop).member_count(id) {
            Ok(members) => Some(members),
            Err(TelegramError::Stopped) => return Ok(Answered::Interrupted),
            Err(error) => {
                debug!(chat = id, "{error}");
                None
            }
        };
        let group = Described { id, sender: &message.group };
        let by = Described { id: address.lane.user_id, sender: &message.sender };
        let request = Request { address, id, sender: &message.group, payload: None, words: "" };
        let said = Said {
            asked: None,
            no_room: None,
            to_owner: &|owner, language, last| {
                let part = language.request_of_group(group, by, message.added, members, last);
                with_verdicts(part, owner, language, address.update_seq)
            },
        };
        self.receive(&request, &said)
    }

    fn receive(&self, request: &Request<'_>, said: &Said<'_>) -> Result<Answered, StoreError> {
        let owners: Vec<i64> = self.admission.owners.iter().copied().collect();
        match self.store.run(|conn| requests::receive(conn, &owners, request, said))? {
            Received::Decided => Ok(Answered::Changed),
            Received::Busy => Ok(Answered::PutOff(STEP_ASIDE.mul_f64(0.5 + fastrand::f64()))),
            Received::Settled(unsent, lanes) => {
                if !lanes.is_empty() {
                    info!(id = request.id, "an owner is asked to let somebody in");
                }
                self.wake(lanes);
                Ok(Answered::Done(unsent))
            }
        }
    }
}

/// With the buttons by which this owner decides.
fn with_verdicts(part: ReplyPart, owner: i64, language: Language, update_seq: i64) -> ReplyPart {
    let buttons = Verdict::ALL.map(|verdict| {
        let action = Action::Decide(verdict, update_seq);
        Below::of(language.verdict(verdict), &Button { user_id: owner, action })
    });
    part.with_keyboard(vec![buttons.into()])
}

impl InWork<'_> {
    /// A command of an owner, in the chat with the bot. `None`: who wrote is none, or it is none.
    pub(in crate::pipeline) fn owner_command(&self, text: &str) -> Result<Option<Answered>, StoreError> {
        if !self.is_of_owner() {
            return Ok(None);
        }
        match OwnerCommand::of(text, &self.services.me.username) {
            Some(OwnerCommand::Who) => self.who().map(Some),
            Some(OwnerCommand::Announce) => self.announce(text).map(Some),
            Some(OwnerCommand::Health) => self.health().map(Some),
            Some(OwnerCommand::Budget) => self.budget(text).map(Some),
            Some(OwnerCommand::Console) => self.link_to_console().map(Some),
            None => Ok(None),
        }
    }

    /// Who waits to be let in: the oldest requests, each with its buttons. Below them everybody.
    fn who(&self) -> Result<Answered, StoreError> {
        let (owner, language) = (self.address.lane.user_id, self.message.language);
        self.services.reply(self.address, |conn, lane| {
            let oldest = requests::oldest(conn, lane.bot_id, REQUESTS)?;
            let waiting = requests::waiting(conn, lane.bot_id)?;
            let waits = || ReplyPart::plain(language.who_waits(waiting, oldest.len()));
            let mut parts = Vec::from_iter((waiting > 0).then(waits));
            parts.extend(oldest.iter().map(|(person, asked)| {
                let sender = person.sender();
                let described = Described { id: person.id, sender: &sender };
                let part = if person.id < 0 {
                    language.waiting_group(described)
                } else {
                    language.request(described, person.words.as_deref().unwrap_or_default(), false)
                };
                with_verdicts(part, owner, language, asked.unwrap_or_default())
            }));
            parts.push(self.people(conn, 0)?);
            Ok(parts)
        })
    }

    /// An owner decides about the request of the update `asked`. What the owner pressed shows the decision from then on.
    pub(in crate::pipeline) fn decide(&self, verdict: Verdict, asked: i64) -> Result<Answered, StoreError> {
        let &Self { services, address, message, .. } = self;
        let (lane, language) = (address.lane, message.language);
        if self.standing != Standing::Owner || !message.private {
            return services.say(address, language.old_button());
        }
        let (lanes, left) = (RefCell::new(Vec::new()), Cell::new(None));
        let shown = Address { live_message_id: message.message_id, ..address };
        let answered = services.reply(shown, |conn, lane| {
            if !self.still_owns(conn, lane)? {
                return Ok(vec![ReplyPart::plain(language.old_button())]);
            }
            let by = By::Owner(lane.user_id);
            Ok(vec![match decide::about_request(conn, by, lane.bot_id, asked, verdict)? {
                Decided::Made(person, woken) => {
                    lanes.replace(woken);
                    left.set(Some(person.id).filter(|id| *id < 0 && verdict != Verdict::Allow));
                    language.decided(Described { id: person.id, sender: &person.sender() }, person.state)
                }
                // One that was withdrawn is nobody's decision.
                Decided::Not(Some(person))
                    if person.state != State::Refused || person.decided_by.is_some() =>
                {
                    language.decided(Described { id: person.id, sender: &person.sender() }, person.state)
                }
                Decided::Not(_) => ReplyPart::plain(language.request_is_over()),
            }])
        })?;
        let lanes = lanes.into_inner();
        info!(owner = lane.user_id, decision = verdict.state().as_str(), "an owner decided about a request");
        services.wake(lanes);
        if let Some(chat) = left.get()
            && let Err(error) = services.telegram.until(self.stop).leave(chat)
        {
            // It is silent there all the same.
            info!(chat, "{error}; the bot stays in the group");
        }
        Ok(answered)
    }
}
