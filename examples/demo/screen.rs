//! What the person sees: plain lines through a pipe, a prompt and a growing answer at a terminal.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::Path;

use sandbox::postgres::Server;
use sandbox::telegram::{Content, Sent, State};
use unicode_width::UnicodeWidthStr;

use super::{paint, place};

const YOU: &str = "you> ";
const OWNER: &str = "owner> ";
const BOT: &str = "bot> ";
/// As wide as the beginning of a message.
const INDENT: &str = "     ";

/// Whose lines are typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The person's.
    User,
    /// The owner's.
    Owner,
}

/// What stands before a message of the bot to this chat.
fn to(chat_id: i64) -> &'static str {
    match chat_id {
        super::USER => BOT,
        super::OWNER => "bot to the owner> ",
        _ => "bot to a stranger> ",
    }
}

/// Whether a person types, rather than a script.
pub(super) fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

pub(super) fn welcome(stand_in: bool, log: &Path) {
    let model = if stand_in {
        "The model is a stand-in that shows its context; OPENROUTER_API_KEY in the environment brings a real one."
    } else {
        "The model is the one your environment names."
    };
    println!("The bot is running; its log is {}.\n{model}", log.display());
    if is_terminal() {
        println!(
            "Write to it. /help says what it can do, Ctrl-C stops a growing answer, a [button] is pressed by typing it, \
             Ctrl-D ends the demo. A file is sent by dragging it here, or by /file examples/demo/samples/borscht.png and words. \
             /owner plays the side of the bot's owner."
        );
    }
    println!();
}

pub(super) fn farewell(postgres: &Server, database: &str, user: i64) {
    println!(
        "\nThe dialogue stays in {}; the next `make demo` goes on with it.",
        postgres.data_folder().display()
    );
    // `make psql` prefers the real bot's dialogues.
    let command =
        if place::checkout().join(".postgres").exists() { "make demo ARGS=psql" } else { "make psql" };
    println!("To read it: {command}, or while the demo is running:");
    let query =
        format!("SELECT id, role, content, created_at FROM messages WHERE user_id = {user} ORDER BY id");
    println!("  psql {} -c '{query}'", postgres.url(database));
}

/// What was shown so far.
pub(super) struct Screen {
    terminal: bool,
    /// How many messages, of each how many edits, and how many edits that changed nothing.
    messages: usize,
    edits: HashMap<i64, usize>,
    unchanged: usize,
    /// The growing answer that stands on the last line.
    growing: String,
    side: Side,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            terminal: is_terminal(),
            messages: 0,
            edits: HashMap::new(),
            unchanged: 0,
            growing: String::new(),
            side: Side::User,
        }
    }

    fn speaker(&self) -> &'static str {
        match self.side {
            Side::User => YOU,
            Side::Owner => OWNER,
        }
    }

    /// From now on lines are typed by this one.
    pub(super) fn plays(&mut self, side: Side) {
        self.side = side;
        self.note(match side {
            Side::User => "you are yourself again",
            Side::Owner => {
                "you are the owner now, and a stranger writes to the bot; /owner makes you yourself again"
            }
        });
    }

    pub(super) fn prompt(&self) {
        if self.terminal {
            print(self.speaker());
        }
    }

    /// A line was sent; at a terminal it is on the screen already.
    pub(super) fn said(&self, line: &str) {
        if !self.terminal {
            println!("{}{line}", self.speaker());
        }
    }

    /// Something that the demo itself has to say.
    pub(super) fn note(&self, text: &str) {
        println!("{}({text})", self.fresh_line());
        self.prompt();
    }

    /// A voice message, of which a line says what came: the stand-in's words can be read.
    fn voice(&self, sent: &Sent) {
        let (bytes, kind) = sent
            .document
            .as_ref()
            .map_or((0, ""), |sound| (sound.bytes.len(), sound.content_type.as_deref().unwrap_or_default()));
        let words = sent.said().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let (to, caption) = (to(sent.chat_id), sent.text());
        println!("{}{to}(voice message, {bytes} bytes of {kind}) {words} {caption}", self.fresh_line());
    }

    /// Shows what is new in the chat.
    pub(super) fn update(&mut self, state: &State, chat_id: i64) {
        let mut changed = false;
        for sent in &state.sent()[self.messages..] {
            if sent.method == "sendvoice" {
                self.voice(sent);
            } else {
                self.message(&sent.content, to(sent.chat_id));
            }
            self.edits.insert(sent.message_id, sent.edits.len());
            changed = true;
        }
        self.messages = state.sent().len();
        for sent in state.sent() {
            let edits = sent.edits.len();
            if self.edits.insert(sent.message_id, edits).is_some_and(|shown| shown < edits) {
                let to = to(sent.chat_id);
                println!("{}{to}(edited) {}", self.fresh_line(), self.painted(&sent.content));
                changed = true;
            }
        }
        let unchanged =
            state.calls().iter().filter(|call| call.method == "editmessagetext" && call.status == Some(400));
        let unchanged = unchanged.count();
        if unchanged > self.unchanged {
            println!("{}{BOT}(the same again)", self.fresh_line());
            self.unchanged = unchanged;
            changed = true;
        }
        if changed {
            self.prompt();
        } else if self.terminal {
            let draft = state.live_drafts(chat_id).next_back();
            self.grow(draft.map_or("", |draft| draft.text()));
        }
    }

    /// The final message, in the place of what has been growing.
    fn message(&mut self, content: &Content, to: &str) {
        let growing = std::mem::take(&mut self.growing);
        let rows = if growing.is_empty() { 0 } else { rows(&format!("{BOT}{growing}")) - 1 };
        let up = if rows > 0 { format!("\x1b[{rows}A\r\x1b[J") } else { String::new() };
        println!("{up}{}{to}{}", self.fresh_line(), self.painted(content));
    }

    /// The message as it looks, below its own beginning.
    fn painted(&self, content: &Content) -> String {
        let colours = self.terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut lines = paint::lines(content, colours);
        for line in lines.iter_mut().skip(1).filter(|line| !line.is_empty()) {
            line.insert_str(0, INDENT);
        }
        lines.join("\n")
    }

    /// A preview only ever gets longer here; one that was rewritten waits for the final message.
    fn grow(&mut self, text: &str) {
        if let Some(more) = text.strip_prefix(self.growing.as_str()).filter(|more| !more.is_empty()) {
            if self.growing.is_empty() {
                print(&format!("{}{BOT}", self.fresh_line()));
            }
            print(more);
            text.clone_into(&mut self.growing);
        }
    }

    /// Takes the prompt off the line.
    fn fresh_line(&self) -> &'static str {
        if self.terminal { "\r\x1b[K" } else { "" }
    }
}

/// How many rows a text takes on this terminal.
fn rows(text: &str) -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let columns = size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80);
    text.split('\n').map(|line| line.width().div_ceil(columns).max(1)).sum()
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that went away ends the demo by its signal, not here.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
