//! What the body of a formula is made of, whether it is one or not.

/// Words that TeX sets as names of functions.
const FUNCTIONS: [&str; 24] = [
    "sin", "cos", "tan", "cot", "tg", "ctg", "log", "lg", "ln", "exp", "lim", "max", "min", "mod", "gcd",
    "det", "dim", "ker", "sup", "inf", "arg", "deg", "const", "rank",
];

/// Commands whose argument is text.
const TEXT: [&str; 8] = ["text", "textbf", "textit", "textrm", "mathrm", "mbox", "operatorname", "label"];

/// What a body is made of.
#[expect(clippy::struct_excessive_bools, reason = "each was seen or not, independently of the others")]
#[derive(Default)]
pub(super) struct Seen {
    /// A command of TeX, or its end of a line.
    pub(super) command: bool,
    /// A brace that is to be seen: a set.
    pub(super) braced: bool,
    /// Something set higher or lower.
    pub(super) script: bool,
    /// `=`, `<`, `>` and their kin.
    pub(super) relation: bool,
    /// A sum or a product. A dash or a slash between figures may be a date.
    pub(super) operator: bool,
    pub(super) digits: bool,
    /// Letters on their own: variables.
    pub(super) letters: usize,
    /// Words that name no function.
    pub(super) words: usize,
    /// A letter no formula has.
    pub(super) foreign: bool,
    /// Words or figures next to each other as in a sentence, or punctuation of one.
    pub(super) prose: bool,
}

/// The piece of a body that was read last, if nothing but spaces followed it.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Other,
    Number,
    Letter,
    Word,
}

impl Seen {
    pub(super) fn of(body: &str) -> Self {
        let mut seen = Self::default();
        let mut last = Last::Other;
        let mut at = 0;
        while let Some(c) = body[at..].chars().next() {
            let rest = &body[at..];
            let mut back = body[..at].chars().rev();
            let before = back.next();
            let single = !back.next().is_some_and(char::is_alphabetic);
            let piece = match c {
                '\\' => seen.command(rest),
                c if c.is_alphabetic() => word_length(rest),
                c if c.is_ascii_digit() => {
                    rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
                }
                c => c.len_utf8(),
            };
            let now = match c {
                ' ' | '\n' | '\t' => last,
                '\\' => Last::Other,
                c if c.is_alphabetic() => seen.word(&rest[..piece]),
                c if c.is_ascii_digit() => {
                    seen.digits = true;
                    Last::Number
                }
                c => {
                    seen.sign(c, before, single, rest);
                    Last::Other
                }
            };
            let apart = before.is_some_and(char::is_whitespace);
            seen.prose |= apart
                && matches!(
                    (last, now),
                    (Last::Word, Last::Word | Last::Letter | Last::Number)
                        | (Last::Letter | Last::Number, Last::Word)
                );
            last = now;
            at += piece;
        }
        seen
    }

    /// The length of what begins with a backslash: a command, with its argument if that is text.
    fn command(&mut self, rest: &str) -> usize {
        let name = rest[1..].len() - rest[1..].trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let name = &rest[1..=name];
        // A letter on its own belongs to a regular expression: `\d+`.
        self.prose |= name.len() == 1;
        self.command |= name.len() > 1 || rest.starts_with("\\\\");
        self.braced |= rest.starts_with("\\{");
        let length = match name {
            "" => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            name => 1 + name.len(),
        };
        if !TEXT.contains(&name) || !rest[length..].starts_with('{') {
            return length;
        }
        // An argument without an end goes on to the end of the body.
        rest[length..].find('}').map_or(rest.len(), |end| length + end + 1)
    }

    fn word(&mut self, word: &str) -> Last {
        let greek = |c: char| ('\u{370}'..='\u{3ff}').contains(&c);
        if word.chars().any(|c| !c.is_ascii() && !greek(c)) {
            self.foreign = true;
        }
        if word.chars().nth(1).is_none() || word.chars().all(greek) {
            self.letters += 1;
            Last::Letter
        } else if FUNCTIONS.contains(&word) {
            Last::Other
        } else {
            self.words += 1;
            Last::Word
        }
    }

    /// A character that is neither letter nor digit; `single` says that no letter stands before the one before it.
    fn sign(&mut self, c: char, before: Option<char>, single: bool, rest: &str) {
        let operand = before.is_some_and(|c| c.is_alphanumeric() || ")]}'".contains(c));
        let next = rest[c.len_utf8()..].chars().next();
        match c {
            '^' => self.script |= operand && next.is_some_and(|c| !c.is_whitespace()),
            '_' => {
                let index = next.is_some_and(char::is_alphanumeric) && (single || is_indexed(rest, before));
                self.script |= operand && (next == Some('{') || index);
            }
            '=' | '<' | '>' | '≤' | '≥' | '≠' | '≈' | '∈' | '→' | '⇒' => self.relation = true,
            '+' | '*' | '×' | '·' | '±' | '÷' | '√' | '∞' | '∑' | '∫' | '|' => {
                self.operator = true;
            }
            '-' | '/' => self.operator |= self.letters > 0 && self.words == 0,
            '.' => self.prose |= before.is_some_and(char::is_alphabetic),
            '"' | '«' | '»' | '“' | '”' | '?' | '@' | '#' | ';' => self.prose = true,
            ',' | '(' | ')' | '[' | ']' | '{' | '}' | '!' | '\'' | ':' | '&' | '%' | '°' | '′' | '$'
            | '~' => {}
            c => self.prose |= !('\u{2190}'..='\u{22ff}').contains(&c),
        }
    }
}

/// Whether a figure alone stands behind the underscore that begins the text, and a capital before it: `CO_2`.
fn is_indexed(text: &str, before: Option<char>) -> bool {
    let rest = text[1..].trim_start_matches(|c: char| c.is_ascii_digit());
    before.is_some_and(char::is_uppercase)
        && (1..=2).contains(&(text.len() - 1 - rest.len()))
        && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The length of the word at the beginning.
fn word_length(text: &str) -> usize {
    text.len() - text.trim_start_matches(char::is_alphabetic).len()
}
