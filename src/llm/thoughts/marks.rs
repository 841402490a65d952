//! How models mark their thoughts in a text.

use std::ops::Range;

use super::code;

/// The longest mark that is waited for, in bytes.
const LONGEST: usize = 100;
/// How far from `<|channel|>` its `<|message|>` may be.
const LONGEST_HEADER: usize = 200;

/// Marks of one spelling: how a thought begins, and how it ends. (Tags have many spellings: [`tag`].)
const PAIRS: &[(&str, &[&str])] = &[
    ("\u{25c1}think\u{25b7}", &["\u{25c1}/think\u{25b7}"]), // Kimi
    ("[think]", &["[/think]"]),                             // Mistral's Magistral
    ("<|begin_of_thought|>", &["<|end_of_thought|>"]),      // OpenThinker, Sky
    ("<|start_thinking|>", &["<|end_thinking|>"]),          // Cohere
    ("<|channel>thought", &["<channel|>"]),                 // Gemma 4
    ("<|inner_prefix|>", &["<|inner_suffix|>"]),            // Apertus
    ("<|think|>", &["<|/think|>", "<|end_think|>", "<|end|>"]), // Solar
    ("<unused94>thought", &["<unused95>"]),                 // MedGemma
];

/// What some models put around the answer that follows a thought.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("<answer>", &["</answer>"]),
    ("<response>", &["</response>"]),
    ("<|begin_of_solution|>", &["<|end_of_solution|>"]),
    ("<|start_response|>", &["<|end_response|>"]),
    ("<|start_text|>", &["<|end_text|>"]),
];

/// gpt-oss: `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>`.
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";
const START: &str = "<|start|>";
const CHANNEL_ENDS: &[&str] = &["<|return|>", "<|end|>", "<|call|>"];

/// What stands at the beginning of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Head {
    /// A mark of this length after which a thought begins.
    Thought(usize, Closing),
    /// A mark of this length after which the answer begins, and what may stand behind the answer.
    Answer(usize, &'static [&'static str]),
    /// A mark of this length that says nothing.
    Nothing(usize),
    /// The beginning of what may become a mark.
    Perhaps,
    /// No mark.
    Text,
}

/// How a thought ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Closing {
    /// With the closing tag of a thought, whichever.
    Tag,
    /// With one of these.
    Mark(&'static [&'static str]),
    /// With the end of its channel, or the beginning of the next.
    Channel,
}

/// Reads the beginning of `text`; `after_thought`: a thought stood before it.
pub(super) fn head(text: &str, after_thought: bool) -> Head {
    for (open, close) in PAIRS {
        match begins(text, open) {
            Begins::With => return Head::Thought(open.len(), Closing::Mark(close)),
            Begins::Perhaps => return Head::Perhaps,
            Begins::Not => {}
        }
    }
    match channel(text) {
        Head::Text => {}
        head => return head,
    }
    for (open, close) in WRAPPERS.iter().filter(|_| after_thought) {
        match begins(text, open) {
            Begins::With => return Head::Answer(open.len(), close),
            Begins::Perhaps => return Head::Perhaps,
            Begins::Not => {}
        }
    }
    tag(text)
}

enum Begins {
    With,
    Perhaps,
    Not,
}

fn begins(text: &str, mark: &str) -> Begins {
    let shared = text.len().min(mark.len());
    if !text.as_bytes()[..shared].eq_ignore_ascii_case(&mark.as_bytes()[..shared]) {
        Begins::Not
    } else if shared == mark.len() {
        Begins::With
    } else {
        Begins::Perhaps
    }
}

fn channel(text: &str) -> Head {
    for mark in [START, CHANNEL] {
        if matches!(begins(text, mark), Begins::Perhaps) {
            return Head::Perhaps;
        }
    }
    if let Some(role) = text.strip_prefix(START) {
        // The role stands behind it.
        let end = role.find('<').unwrap_or(role.len());
        let known = "assistant".starts_with(&role[..end]);
        return match (known, end < role.len()) {
            (true, true) => Head::Nothing(START.len() + end),
            (true, false) => Head::Perhaps,
            (false, _) => Head::Text,
        };
    }
    let Some(header) = text.strip_prefix(CHANNEL) else { return Head::Text };
    let message = header.find(MESSAGE).filter(|at| at + MESSAGE.len() <= LONGEST_HEADER);
    if message.is_none() && header.len() < LONGEST_HEADER {
        return Head::Perhaps;
    }
    let name_end = header.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(header.len());
    // Where <|message|> is missing, the name runs into the text.
    let name =
        ["final", "analysis", "commentary"].into_iter().find(|name| header[..name_end].starts_with(name));
    let length = |name: &str| CHANNEL.len() + message.map_or(name.len(), |at| at + MESSAGE.len());
    match name {
        Some("final") => Head::Answer(length("final"), CHANNEL_ENDS),
        Some(name) => Head::Thought(length(name), Closing::Channel),
        None => Head::Text,
    }
}

/// `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<seed:think>` and their like, perhaps with attributes.
fn tag(text: &str) -> Head {
    let Some(inner) = text.strip_prefix('<') else { return Head::Text };
    let name = &inner[..inner.find(|c: char| !is_of_name(c)).unwrap_or(inner.len())];
    let rest = &inner[name.len()..];
    if rest.is_empty() && inner.len() < LONGEST {
        return Head::Perhaps;
    }
    if name.len() >= LONGEST
        || !is_thought(name)
        || !rest.starts_with(|c: char| c == '>' || c.is_whitespace())
    {
        return Head::Text;
    }
    match rest.find('>') {
        Some(end) if end < LONGEST => Head::Thought(1 + name.len() + end + 1, Closing::Tag),
        None if rest.len() < LONGEST => Head::Perhaps,
        _ => Head::Text,
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-')
}

/// Whether a tag of this name holds thoughts.
fn is_thought(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit([':', '-', '_']).next().unwrap_or_default();
    matches!(last, "think" | "thinking" | "thought" | "thoughts" | "reasoning" | "antthinking")
        || name.starts_with("think_")
}

/// How long the closing tag of a thought is that a text begins with.
fn closing_tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("</")?;
    let name = &inner[..inner.find(|c: char| !is_of_name(c)).unwrap_or(inner.len())];
    let rest = inner[name.len()..].trim_start();
    let length = text.len() - rest.len() + 1;
    (length <= LONGEST && is_thought(name) && rest.starts_with('>')).then_some(length)
}

/// Whether a tag that begins a thought stands in it.
pub(super) fn has_opening_tag(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| matches!(tag(&text[at..]), Head::Thought(..)))
}

impl Closing {
    /// Where the thought ends, looked for from a place on: the mark that ends it, empty where it is that of the next. `Err`: it
    /// has not come, and from there on it is to be looked for. A thought may talk about its own mark: quoted, it ends nothing.
    pub(super) fn find(self, thought: &str, from: usize) -> Result<Range<usize>, usize> {
        let mut from = from;
        loop {
            let later = || from.max(thought.floor_char_boundary(thought.len().saturating_sub(LONGEST)));
            let found = self.next(&thought[from..]).ok_or_else(later)?;
            let (start, end) = (from + found.start, from + found.end);
            match code::quotes(thought, start, end) {
                Some(false) => return Ok(start..end),
                Some(true) => from = end,
                None => return Err(start),
            }
        }
    }

    fn next(self, text: &str) -> Option<Range<usize>> {
        match self {
            Self::Tag => first(text, closing_tag),
            Self::Mark(marks) => first(text, |rest| one_of(rest, marks)),
            Self::Channel => {
                let next = |rest: &str| one_of(rest, &[START, CHANNEL]).map(|_| 0);
                first(text, |rest| one_of(rest, CHANNEL_ENDS).or_else(|| next(rest)))
            }
        }
    }
}

/// The end of a thought in a text that did not begin with a mark.
pub(super) struct Lone {
    pub(super) at: Range<usize>,
    /// It may as well be what the answer talks about.
    pub(super) doubtful: bool,
    /// What may stand behind the answer.
    pub(super) behind: &'static [&'static str],
}

/// The first of them from `searched` on.
pub(super) fn lone(text: &str, searched: usize) -> Option<Lone> {
    const FINAL: &[&str] = &["<|channel|>final<|message|>"];
    let pair = |rest: &str| PAIRS.iter().find_map(|(_, close)| one_of(rest, &close[..1]));
    let end = |rest: &str| closing_tag(rest).or_else(|| pair(rest)).or_else(|| one_of(rest, FINAL));
    let marked = first(&text[searched..], end).map(|at| at.start + searched..at.end + searched);
    let bare = bare_channels(text).map(|at| Lone { at, doubtful: false, behind: &[] });
    let marked = marked.map(|at| {
        let behind = if one_of(&text[at.start..], FINAL).is_some() { CHANNEL_ENDS } else { &[] };
        Lone { at, doubtful: true, behind }
    });
    marked.into_iter().chain(bare).min_by_key(|mark| mark.at.start)
}

/// How long a text is without the mark at its end, if it is one of these.
pub(super) fn without_one_of(text: &str, marks: &[&str]) -> Option<usize> {
    let text = text.trim_end();
    marks.iter().find_map(|mark| {
        let at = text.len().checked_sub(mark.len())?;
        let is_it = text.as_bytes()[at..].eq_ignore_ascii_case(mark.as_bytes());
        is_it.then(|| text[..at].trim_end().len())
    })
}

/// gpt-oss where a server took the marks away and left the names: `analysis…assistantfinal…`.
fn bare_channels(text: &str) -> Option<Range<usize>> {
    const FINAL: &str = "assistantfinal";
    let begins = text.starts_with("analysis") || text.starts_with("commentary");
    let at = begins.then(|| text.find(FINAL))??;
    Some(at..at + FINAL.len())
}

/// The first place at which `length` finds a mark, and how long it is there. All marks begin with one of three characters.
fn first(text: &str, length: impl Fn(&str) -> Option<usize>) -> Option<Range<usize>> {
    let mut places = text.match_indices(['<', '[', '\u{25c1}']);
    places.find_map(|(at, _)| Some(at..at + length(&text[at..])?))
}

/// How long the mark is that a text begins with, if it is one of these.
fn one_of(text: &str, marks: &[&str]) -> Option<usize> {
    let it = marks.iter().find(|mark| {
        let begin = text.as_bytes().get(..mark.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(mark.as_bytes()))
    });
    it.map(|mark| mark.len())
}

/// How many bytes of a text that was searched may belong to a mark whose rest is still to come.
pub(super) const TAIL: usize = LONGEST;
