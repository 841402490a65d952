//! What a message holds that is neither text nor a file, in words: a place, a contact, a poll …
//!
//! The first line names the kind in square brackets, as `messages` shows it in psql; the rest is what the sender sees.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The message in words; `None` where it holds nothing that words can tell. A venue also comes as its location.
pub(super) fn described(message: &str) -> Option<String> {
    let held = Fields::of(message)?;
    held.told("venue", Venue::words)
        .or_else(|| held.told("location", Location::words))
        .or_else(|| held.told("contact", Contact::words))
        .or_else(|| held.told("poll", Poll::words))
        .or_else(|| held.told("dice", Dice::words))
        .or_else(|| held.told("checklist", Checklist::words))
        .or_else(|| held.told("game", Game::words))
        .or_else(|| held.told("invoice", Invoice::words))
        .or_else(|| held.told("rich_message", Rich::words))
        .or_else(|| held.told("sticker", Sticker::words))
        .or_else(|| held.told("story", Story::words))
}

/// The fields of a message (Bot API, Message).
#[derive(Deserialize)]
pub(super) struct Fields<'a>(#[serde(borrow)] BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    /// `None`: it is no object.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// One of them, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// One of them, if it is there and of this shape.
    pub(super) fn read<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// What one of them says, if it is there and says something.
    fn told<T: Deserialize<'a>>(&self, name: &str, words: impl FnOnce(T) -> String) -> Option<String> {
        self.read(name).map(words).filter(|words| !words.trim().is_empty())
    }
}

/// A heading and what stands below it, each on a line of its own, without those that are empty.
fn lines<'a>(heading: String, below: impl IntoIterator<Item = &'a str>) -> String {
    below.into_iter().map(str::trim).filter(|line| !line.is_empty()).fold(heading, |mut lines, line| {
        let _ = write!(lines, "\n{line}");
        lines
    })
}

#[derive(Deserialize)]
struct Location {
    latitude: f64,
    longitude: f64,
    live_period: Option<u64>,
}

impl Location {
    fn words(self) -> String {
        let kind = if self.live_period.is_some() { "live location" } else { "location" };
        format!("[{kind} {}]", self.place())
    }

    /// Six decimals of a degree are a tenth of a metre.
    fn place(&self) -> String {
        format!("{:.6}, {:.6}", self.latitude, self.longitude)
    }
}

#[derive(Deserialize)]
struct Venue {
    location: Location,
    #[serde(default)]
    title: String,
    #[serde(default)]
    address: String,
}

impl Venue {
    fn words(self) -> String {
        lines(format!("[venue {}]", self.location.place()), [&*self.title, &self.address])
    }
}

#[derive(Deserialize)]
struct Contact {
    phone_number: String,
    #[serde(default)]
    first_name: String,
    last_name: Option<String>,
}

impl Contact {
    fn words(self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name.unwrap_or_default());
        lines("[contact]".to_owned(), [&*name, &self.phone_number])
    }
}

#[derive(Deserialize)]
struct Poll {
    question: String,
    description: Option<String>,
    options: Vec<PollOption>,
    #[serde(default)]
    total_voter_count: u64,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    is_closed: bool,
    #[serde(default)]
    allows_multiple_answers: bool,
    correct_option_id: Option<usize>,
    #[serde(default)]
    correct_option_ids: Vec<usize>,
    explanation: Option<String>,
}

#[derive(Deserialize)]
struct PollOption {
    text: String,
    #[serde(default)]
    voter_count: u64,
}

impl Poll {
    fn words(self) -> String {
        let kind = if self.kind == "quiz" { "quiz" } else { "poll" };
        let several = if self.allows_multiple_answers { ", several answers" } else { "" };
        let closed = if self.is_closed { ", closed" } else { "" };
        let right: Vec<_> = self.correct_option_id.into_iter().chain(self.correct_option_ids).collect();
        let options = self.options.iter().enumerate().map(|(place, option)| {
            let votes = match (self.total_voter_count, option.voter_count) {
                (0, _) => String::new(),
                (_, 1) => " (1 vote)".to_owned(),
                (_, votes) => format!(" ({votes} votes)"),
            };
            let mark = if right.contains(&place) { " ✓" } else { "" };
            format!("{}. {}{votes}{mark}", place + 1, option.text)
        });
        let options: Vec<String> = options.collect();
        let before = [self.question, self.description.unwrap_or_default()];
        let after = [self.explanation.unwrap_or_default()];
        let below = before.iter().chain(&options).chain(&after).map(String::as_str);
        lines(format!("[{kind}{several}{closed}]"), below)
    }
}

#[derive(Deserialize)]
struct Dice {
    #[serde(default)]
    emoji: String,
    value: u64,
}

impl Dice {
    fn words(self) -> String {
        format!("[dice {} {}]", self.emoji, self.value)
    }
}

#[derive(Deserialize)]
struct Checklist {
    #[serde(default)]
    title: String,
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    text: String,
    #[serde(default)]
    completion_date: u64,
}

impl Checklist {
    fn words(self) -> String {
        let task = |Task { text, completion_date }: &Task| {
            format!("- [{}] {text}", if *completion_date > 0 { "x" } else { " " })
        };
        let tasks: Vec<_> = self.tasks.iter().map(task).collect();
        let below = std::iter::once(&self.title).chain(&tasks).map(String::as_str);
        lines("[checklist]".to_owned(), below)
    }
}

#[derive(Deserialize)]
struct Game {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    text: String,
}

impl Game {
    fn words(self) -> String {
        lines("[game]".to_owned(), [&*self.title, &self.description, &self.text])
    }
}

#[derive(Deserialize)]
struct Invoice {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    total_amount: u64,
}

impl Invoice {
    /// The amount is in the smallest unit of the currency, which has no decimals, two or three: it is told as it comes.
    fn words(self) -> String {
        let amount = format!("{} {} in the smallest unit", self.total_amount, self.currency);
        lines(format!("[invoice: {amount}]"), [&*self.title, &self.description])
    }
}

#[derive(Deserialize)]
struct Sticker {
    emoji: Option<String>,
}

impl Sticker {
    fn words(self) -> String {
        self.emoji.map(|emoji| format!("[sticker {emoji}]")).unwrap_or_default()
    }
}

/// Bots are told whose it is, and no more.
#[derive(Deserialize)]
struct Story {
    chat: StoryChat,
}

#[derive(Deserialize)]
struct StoryChat {
    title: Option<String>,
    first_name: Option<String>,
}

impl Story {
    fn words(self) -> String {
        let name = self.chat.title.or(self.chat.first_name);
        let of = name.map(|name| format!(" of {}", name.replace(['[', ']', '\n'], " "))).unwrap_or_default();
        format!("[story{of}, which cannot be seen]")
    }
}

/// A message of typed blocks (Bot API, RichMessage), as plain text: a line for each block.
#[derive(Deserialize)]
struct Rich {
    blocks: Vec<Value>,
}

impl Rich {
    fn words(self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            write_block(block, &mut text);
        }
        text.trim_end().to_owned()
    }
}

/// What a block holds, in the order in which it is read.
const PARTS: [&str; 7] = ["summary", "text", "expression", "blocks", "items", "cells", "caption"];

fn write_block(block: &Value, text: &mut String) {
    for part in PARTS.iter().filter_map(|part| Some((*part, block.get(*part)?))) {
        match part {
            ("blocks" | "items", Value::Array(blocks)) => {
                for block in blocks {
                    write_block(block, text);
                }
            }
            ("cells", Value::Array(rows)) => {
                for row in rows {
                    write_row(row, text);
                }
            }
            (_, words) => {
                write_words(words, text);
                text.push('\n');
            }
        }
    }
}

fn write_row(row: &Value, text: &mut String) {
    for (place, cell) in row.as_array().into_iter().flatten().enumerate() {
        if place > 0 {
            text.push('\t');
        }
        if let Some(words) = cell.get("text") {
            write_words(words, text);
        }
    }
    text.push('\n');
}

/// RichText: a string, a sequence, or an object around more of it.
fn write_words(words: &Value, text: &mut String) {
    match words {
        Value::String(words) => text.push_str(words),
        Value::Array(sequence) => {
            for words in sequence {
                write_words(words, text);
            }
        }
        Value::Object(object) => {
            let inner = ["text", "expression", "alternative_text"].iter().find_map(|name| object.get(*name));
            if let Some(words) = inner {
                write_words(words, text);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
