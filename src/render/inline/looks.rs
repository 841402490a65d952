//! Whether what stands between the marks of a formula looks like one.
//!
//! The marks alone do not tell: `\(almost free\)` are parentheses escaped with too much care, `$5 and $10` is money.
//! What is doubtful is text.

use super::marks::Marks;

/// Words that TeX sets as names of functions.
const FUNCTIONS: [&str; 24] = [
    "sin", "cos", "tan", "cot", "tg", "ctg", "log", "lg", "ln", "exp", "lim", "max", "min", "mod", "gcd",
    "det", "dim", "ker", "sup", "inf", "arg", "deg", "const", "rank",
];

/// Commands whose argument is text.
const TEXT: [&str; 8] = ["text", "textbf", "textit", "textrm", "mathrm", "mbox", "operatorname", "label"];

/// Whether a body between these marks is a formula. Where a text is `escaped` with care, parentheses are more often
/// escaped ones than marks.
pub(super) fn is_formula(body: &str, marks: Marks, escaped: bool) -> bool {
    let seen = Seen::of(body);
    let ink = body.trim();
    if ink.is_empty() || (seen.foreign && !seen.command && !(marks.display() && seen.relation)) {
        return false;
    }
    if seen.command || seen.script || (seen.braced && !marks.escape()) {
        return true;
    }
    let tight = ink.len() == body.len();
    let incomplete =
        ink.ends_with(['+', '-', '*', '/', '=', '<', '>']) || ink.starts_with(['*', '/', '=', '<', '>', ':']);
    if seen.prose || incomplete || (escaped && marks.escape() && tight) {
        return false;
    }
    match (seen.words, seen.letters) {
        (0, 0) if seen.relation || seen.operator => true,
        // A figure is one where the marks are no punctuation: not in `\(1969\)`, nor in `\[1\]`.
        (0, 0) => seen.digits && !(marks.escape() && tight) && !ink.contains(' '),
        (0, _) => true,
        // Words are compared, or multiplied; `and/or` is neither.
        _ => seen.relation || seen.operator,
    }
}

/// Whether a formula may begin so; `ended` says that its line has ended. What was none once is none with more text either.
pub(super) fn may_be_formula(beginning: &str, ended: bool) -> bool {
    let seen = Seen::of(beginning);
    let head = beginning.split(char::is_whitespace).next().unwrap_or_default();
    let amount = (ended || head.len() < beginning.len())
        && head.chars().all(|c| c.is_ascii_digit() || ".,%+-".contains(c));
    !(seen.foreign || seen.prose || amount)
}

/// What a body is made of.
#[expect(clippy::struct_excessive_bools, reason = "each was seen or not, independently of the others")]
#[derive(Default)]
struct Seen {
    /// A command of TeX, or its end of a line.
    command: bool,
    /// A brace that is to be seen: a set.
    braced: bool,
    /// Something set higher or lower.
    script: bool,
    /// `=`, `<`, `>` and their kin.
    relation: bool,
    /// A sum or a product. A dash or a slash between figures may be a date.
    operator: bool,
    digits: bool,
    /// Letters on their own: variables.
    letters: usize,
    /// Words that name no function.
    words: usize,
    /// A letter no formula has.
    foreign: bool,
    /// Words or figures next to each other as in a sentence, or punctuation of one.
    prose: bool,
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
    fn of(body: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_parentheses_and_money() {
        for body in [
            "x^2+1",
            "x",
            "a, b",
            "E = mc^2",
            "a_i * b_i",
            "n!",
            "sin x",
            "f(x)",
            "\\frac{a}{b}",
            "v = s/t",
            "speed = distance / time",
            "3 + 4 = 7",
            "x_1",
            "a/b",
            "α + β",
            "2x",
            "-x",
            "x \\text{ или } y",
            " 5 ",
        ] {
            assert!(is_formula(body, Marks::Paren, false), "{body}");
        }
        for body in [
            "almost free",
            "July 20",
            "5",
            "1969",
            "see above",
            "and/or",
            "e.g.",
            "почти даром",
            "2024-2025",
            "!",
            "5 kg",
            "price = 5 dollars",
            "C++",
            "wow!",
            "old",
            "",
            "a few",
            "file.txt",
            "12:30",
        ] {
            assert!(!is_formula(body, Marks::Paren, false), "{body}");
        }
        assert!(!is_formula("x", Marks::Paren, true) && is_formula(" x ", Marks::Paren, true));
        assert!(is_formula("5", Marks::Dollar, false) && !is_formula("5, not 10", Marks::Dollar, false));
        assert!(!is_formula("1", Marks::Bracket, false) && is_formula("c", Marks::Bracket, false));
    }
}
