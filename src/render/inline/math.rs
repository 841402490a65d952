//! Formulas in the text: where one begins, where it ends, and whether it is one.

use std::borrow::Cow;

use super::growing::Growing;
use super::looks;
use super::marks::Marks;

/// The longest formula, in bytes; what is longer between two marks is hardly one.
const MAX_BYTES: usize = 4096;

/// A formula in a text.
pub(in crate::render) struct Formula<'a> {
    pub(in crate::render) marks: Marks,
    /// Its length with its marks.
    pub(in crate::render) length: usize,
    /// What is between the marks; an environment as a whole.
    pub(in crate::render) tex: &'a str,
}

impl Formula<'_> {
    pub(in crate::render) fn display(&self) -> bool {
        self.marks.display()
    }

    /// Whether it is TeX that sets a page, and no formula: a list, a figure.
    pub(in crate::render) fn is_page(&self) -> bool {
        self.marks == Marks::Environment && !environment(self.tex).is_some_and(is_mathematical)
    }
}

/// What may be a formula.
pub(in crate::render) enum Found<'a> {
    Formula(Formula<'a>),
    /// Its end has not come, as far as the text goes.
    Open(Marks),
}

/// Looks for formulas in one text. It remembers where each closing mark comes next, so that a text of nothing but opening
/// marks is searched once.
#[derive(Default)]
pub(in crate::render) struct Search {
    next: [Option<usize>; 7],
    /// The text escapes what needs no escape.
    escaped: bool,
}

impl Search {
    pub(in crate::render) fn of(text: &str) -> Self {
        let ends = |at: usize| text[at + 2..].chars().next().is_none_or(char::is_whitespace);
        let mut slashes = text.match_indices('\\');
        let escaped = slashes.any(|(at, _)| text[at + 1..].starts_with(['.', '!']) && ends(at));
        Self { next: [None; 7], escaped }
    }

    /// The formula that begins at this place of the text.
    pub(in crate::render) fn at<'a>(&mut self, text: &'a str, at: usize) -> Option<Found<'a>> {
        let rest = &text[at..];
        let marks = Marks::at(rest)?;
        let from = at + marks.opening().len();
        let before = text[..at].chars().next_back();
        if marks == Marks::Dollar
            && (before.is_some_and(char::is_alphanumeric) || text[from..].starts_with(char::is_whitespace))
        {
            return None;
        }
        let Some(end) = self.end(text, from, marks) else { return Some(Found::Open(marks)) };
        let body = text.get(from..end).filter(|body| body.len() <= MAX_BYTES)?;
        if marks == Marks::Environment {
            return Some(whole(text, at, end).map_or(Found::Open(marks), Found::Formula));
        }
        let after = &text[end + marks.closing().len()..];
        // A link's text, or one that is defined elsewhere, is none.
        if marks.bare() && (after.starts_with(['(', '[', ':']) || body.contains(['[', ']'])) {
            return None;
        }
        let money = marks == Marks::Dollar
            && (body.is_empty() || body.ends_with(char::is_whitespace) || !may_follow(after, body));
        // Behind a word they are the parentheses of a call or the brackets of an index: `f\(x\)`, `a\[i\]`.
        let called = before.is_some_and(is_of_word) && !body.contains('\\');
        // Within each other they are escaped brackets, too: no formula begins in another one.
        let mut begun = body.match_indices(marks.opening());
        let nested = begun.any(|(at, _)| !body[..at].ends_with('\\'));
        let escaped = marks.escape() && (called || nested);
        // From a backtick on it may be code, which can end behind the mark that would close the formula.
        if money || escaped || body.contains('`') || has_dollar(body) {
            return None;
        }
        let fits = looks::is_formula(&unquoted(body), marks, self.escaped);
        let length = end + marks.closing().len() - at;
        fits.then_some(Found::Formula(Formula { marks, length, tex: body }))
    }

    /// Where the closing mark stands that comes next.
    fn end(&mut self, text: &str, from: usize, marks: Marks) -> Option<usize> {
        let next = &mut self.next[marks as usize];
        let end = match *next {
            Some(end) if end >= from => end,
            _ => unescaped(text, from, marks.closing()).unwrap_or(usize::MAX),
        };
        *next = Some(end);
        (end != usize::MAX).then_some(end)
    }
}

/// Whether it is a letter of a script that parts its words with spaces, or a figure.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{e00}'
}

/// Whether the text may stand behind a formula in single dollars: no letter or figure, but for the end of a number
/// (`$n$th`) or the unit of a sign (`$\mu$m`).
fn may_follow(after: &str, body: &str) -> bool {
    let word = &after[..after.len() - after.trim_start_matches(char::is_alphanumeric).len()];
    let unit = body.starts_with('\\') && word.chars().all(char::is_alphabetic);
    word.is_empty() || unit || matches!(word, "th" | "st" | "nd" | "rd")
}

/// Whether a formula whose end has not come waits for it; `rest` begins with its marks. A single dollar is more often money
/// or a variable.
pub(super) fn waits(marks: Marks, growing: Growing, at: usize, rest: &str) -> bool {
    if !growing.is_near(at) || rest.contains('`') {
        return false;
    }
    match marks {
        Marks::Dollar => growing.is_doubtful(at) && looks::may_be_formula(&rest[1..], growing.is_whole()),
        // Brackets wait for their end anyway.
        Marks::Bare | Marks::BareLines => false,
        Marks::Paren => growing.is_doubtful(at) || looks::may_be_formula(&rest[2..], false),
        _ => true,
    }
}

/// The environment that begins at `at`, whose first `\end{` stands at `end`. Environments of its kind within it are part
/// of it.
fn whole(text: &str, at: usize, end: usize) -> Option<Formula<'_>> {
    let name = environment(&text[at..])?;
    let limit = text.floor_char_boundary(at + MAX_BYTES);
    let (opening, closing) = (format!("\\begin{{{name}}}"), format!("\\end{{{name}}}"));
    let mut depth = 0;
    let (mut from, mut place) = (at, end);
    loop {
        depth += text.get(from..place)?.matches(&opening).count();
        depth -= usize::from(text[place..].starts_with(&closing));
        if depth == 0 {
            let length = place + closing.len() - at;
            return Some(Formula { marks: Marks::Environment, length, tex: &text[at..at + length] });
        }
        from = place;
        place += 1 + text.get(place + 1..limit)?.find("\\end{")?;
    }
}

/// The name of the environment the text begins.
fn environment(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("\\begin{")?.split_once('}')?;
    let letters = name.strip_suffix('*').unwrap_or(name);
    (!letters.is_empty() && letters.len() < 20 && letters.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then_some(name)
}

fn is_mathematical(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "align",
        "aligned",
        "alignat",
        "alignedat",
        "array",
        "Bmatrix",
        "bmatrix",
        "cases",
        "dcases",
        "displaymath",
        "eqnarray",
        "equation",
        "flalign",
        "gather",
        "gathered",
        "math",
        "matrix",
        "multline",
        "pmatrix",
        "smallmatrix",
        "split",
        "vmatrix",
    ];
    let name = name.strip_suffix('*').unwrap_or(name);
    NAMES.contains(&name) || name == "Vmatrix"
}

/// Where the mark stands next that no backslash escapes.
fn unescaped(text: &str, from: usize, mark: &str) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].find(mark)?;
        let slashes = text[from..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if slashes % 2 == 0 || mark.starts_with('\\') {
            return Some(at);
        }
        at += 1;
    }
}

/// The lines of a formula in a quotation without its marks.
fn unquoted(body: &str) -> Cow<'_, str> {
    if !body.contains("\n>") {
        return Cow::Borrowed(body);
    }
    Cow::Owned(
        body.split('\n').map(|line| line.trim_start_matches(['>', ' '])).collect::<Vec<_>>().join("\n"),
    )
}

fn has_dollar(body: &str) -> bool {
    unescaped(body, 0, "$").is_some()
}

/// A formula's lines joined by spaces; TeX reads both alike.
pub(in crate::render) fn one_line(body: &str) -> String {
    body.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
