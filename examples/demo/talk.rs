//! The conversation: lines in, answers out, until the input ends or the person interrupts.
//!
//! At a terminal a line is sent as soon as it is typed, also while an answer still grows. From a pipe each line waits
//! for the answer to the one before, so that a script reads like a dialogue.

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use sandbox::process::Leashed;
use sandbox::telegram::State;
use sandbox::{Person, Telegram};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Outcome;
use super::files;
use super::paint;
use super::screen::{self, Screen, Side};

/// What is typed to play the owner, and to be oneself again.
const CHANGE_SIDES: &str = "/owner";
const TICK: Duration = Duration::from_millis(40);
/// An answer in several messages is over when no further one has come for so long.
const QUIET: Duration = Duration::from_millis(400);
/// A request of a stranger takes no longer.
const LONGEST_REQUEST: Duration = Duration::from_secs(5);
/// A bot that does nothing at all for so long has no answer.
const SILENCE: Duration = Duration::from_secs(90);

/// What a person does.
pub(super) enum Event {
    Line(String),
    End,
    Interrupt,
}

pub(super) type Events = Receiver<Event>;

/// Starts to read the input and to listen to signals. The two threads end with the process: a blocked read cannot
/// be ended in another way.
pub(super) fn events() -> Outcome<Events> {
    let (lines, events) = channel();
    let interrupts = lines.clone();
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            let _ = interrupts.send(Event::Interrupt);
        }
    })?;
    std::thread::Builder::new().name("input".into()).spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let _ = lines.send(Event::Line(String::from_utf8_lossy(&line).trim().to_owned()));
            line.clear();
        }
        let _ = lines.send(Event::End);
    })?;
    Ok(events)
}

/// Talks until the input ends and everything is answered. `begun` is called once the bot is there; `rests` says whether it has nothing to
/// send any more.
/// `/owner` changes from the person to the owner and back; a stranger asks the owner to be let in meanwhile.
pub(super) fn talk(
    telegram: &Telegram,
    [user, owner, stranger]: [&Person; 3],
    bot: &mut Leashed,
    events: &Events,
    begun: &dyn Fn() -> Outcome<()>,
    rests: &dyn Fn() -> bool,
) -> Outcome<()> {
    let mut person = user;
    let at_once = screen::is_terminal();
    let mut screen = Screen::new();
    let mut typed = VecDeque::new();
    let mut ended = false;
    let mut asked: Option<Asked> = None;
    let mut ready = false;
    loop {
        match events.recv_timeout(TICK) {
            Ok(Event::Line(line)) if line.is_empty() && ready => screen.prompt(),
            Ok(Event::Line(line)) if line.is_empty() => {}
            Ok(Event::Line(line)) => typed.push_back(line),
            Ok(Event::Interrupt) if press_stop(telegram, person) => {}
            Ok(Event::Interrupt) => return Ok(()),
            Ok(Event::End) => ended = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err("the input is gone".into()),
        }
        telegram.look(|state| screen.update(state, person.chat_id));
        if let Some(status) = bot.try_wait()? {
            return Err(format!("the bot died ({status})").into());
        }
        if !ready {
            ready = telegram.look(is_polled);
            if ready {
                begun()?;
                screen.prompt();
            }
            continue;
        }
        if let Some(question) = &asked
            && telegram.look(|state| question.is_answered(state, person))?
            && (at_once || rests() || question.0.elapsed() > SILENCE)
        {
            asked = None;
        }
        if (at_once || asked.is_none())
            && let Some(line) = typed.pop_front()
        {
            screen.said(&line);
            if line == CHANGE_SIDES {
                let is_owner = person.user_id == owner.user_id;
                person = if is_owner { user } else { owner };
                screen.plays(if is_owner { Side::User } else { Side::Owner });
                if !is_owner {
                    telegram.say(stranger, "May I use this bot?");
                    let_arrive(telegram, owner);
                }
                continue;
            }
            asked = Some(Asked(Instant::now()));
            if let Some((path, words)) = files::named(&line) {
                if let Err(error) = files::send(telegram, person, &path, &words) {
                    screen.note(&format!("{} cannot be sent: {error}", path.display()));
                    asked = None;
                }
            } else if !press(telegram, person, &line) {
                telegram.say(person, &line);
            }
        }
        if ended && typed.is_empty() && asked.is_none() {
            return Ok(());
        }
    }
}

/// Waits a moment for the request of the stranger, which the next line may be about.
fn let_arrive(telegram: &Telegram, owner: &Person) {
    let begun = Instant::now();
    let arrived = || telegram.look(|state| state.in_chat(owner.chat_id).next().is_some());
    while !arrived() && begun.elapsed() < LONGEST_REQUEST {
        std::thread::sleep(TICK);
    }
}

/// What makes or changes a message.
const SHOWN: [&str; 6] =
    ["sendmessage", "sendrichmessage", "senddocument", "sendphoto", "sendvoice", "editmessagetext"];

/// Whether the bot has booted: it asks for updates.
pub(super) fn is_polled(state: &State) -> bool {
    state.count("getUpdates") > 0
}

/// A line that was sent, and when.
struct Asked(Instant);

impl Asked {
    fn is_answered(&self, state: &State, person: &Person) -> Result<bool, String> {
        // A message, or a text in the place of one, which may be the same again.
        let of_chat = state.calls().iter().filter(|call| call.chat_id == Some(person.chat_id));
        let shown = of_chat.filter(|call| {
            call.at > self.0 && call.status.is_some() && SHOWN.contains(&call.method.as_str())
        });
        if let Some(last) = shown.map(|call| call.at).max() {
            return Ok(last.elapsed() > QUIET && state.live_drafts(person.chat_id).next().is_none());
        }
        let of_chat = state.calls().iter().rev().find(|call| call.chat_id == Some(person.chat_id));
        let active = of_chat.map_or(self.0, |call| call.at.max(self.0));
        if active.elapsed() > SILENCE {
            return Err(format!("no answer came, and the bot has done nothing for {SILENCE:?}"));
        }
        Ok(false)
    }
}

/// The newest button that looks like this line, if there is one.
fn press(telegram: &Telegram, person: &Person, line: &str) -> bool {
    let button = telegram.look(|state| {
        state.in_chat(person.chat_id).rev().find_map(|sent| {
            let (_, data) = paint::buttons(&sent.content).find(|(face, _)| face == line)?;
            Some((sent.message_id, data))
        })
    });
    button.map(|(message_id, data)| telegram.press(person, message_id, &data)).is_some()
}

/// Telegram's stop button, if an answer that has one is growing.
fn press_stop(telegram: &Telegram, person: &Person) -> bool {
    let growing = telegram.look(|state| {
        let mut drafts = state.live_drafts(person.chat_id).filter(|draft| draft.can_stop);
        drafts.next_back().map(|draft| draft.draft_id)
    });
    growing.map(|draft_id| telegram.press_stop(person, draft_id)).is_some()
}
