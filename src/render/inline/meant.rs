//! Whether two runs that fit each other mean to format what is between them, and are no arithmetic, no pattern and no
//! identifier.

use super::chars::is_word;
use super::factors::Product;

/// Two runs of marks, as they stand in the text.
pub(super) struct Pair<'a> {
    pub(super) mark: u8,
    /// How many marks the shorter run has.
    pub(super) length: usize,
    /// What the runs would multiply.
    pub(super) begun: Product,
    pub(super) ended: Product,
    /// What stands before them, between them, behind them.
    pub(super) before: &'a str,
    pub(super) content: &'a str,
    pub(super) after: &'a str,
}

impl Pair<'_> {
    pub(super) fn means_format(&self) -> bool {
        if self.is_pattern() || (!self.has_ink() && !self.stands_alone()) {
            return false;
        }
        match (self.begun, self.ended) {
            _ if self.mark != b'*' => true,
            (Product::None, Product::None) => true,
            (_, Product::Terms) if self.goes_on() => false,
            _ if self.length == 1 => self.is_part_of_word(),
            _ => self.is_part_in_bold(),
        }
    }

    /// Whether the marks are those of a pattern of paths: `**/target/**`.
    fn is_pattern(&self) -> bool {
        self.mark == b'*' && self.content.starts_with('/') && self.content.ends_with('/')
    }

    /// Whether the marks are those of a pattern of the names of files: `*test*.py`.
    pub(super) fn matches_names(&self) -> bool {
        self.mark == b'*' && self.length == 1 && self.is_name() && begins_extension(self.after)
    }

    fn is_name(&self) -> bool {
        self.content.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    }

    /// Whether there is more to format than punctuation. A bound keeps the search short.
    fn has_ink(&self) -> bool {
        const MAX_BYTES: usize = 64;
        let ink = |c: char| is_word(c) || !(c.is_ascii() || c.is_whitespace());
        self.mark == b'|' || self.content.len() > MAX_BYTES || self.content.contains(ink)
    }

    /// Whether nothing touches the marks from outside.
    fn stands_alone(&self) -> bool {
        let apart = |c: char| c.is_whitespace() || ".,;:!?".contains(c);
        self.before.chars().next_back().is_none_or(char::is_whitespace)
            && self.after.chars().next().is_none_or(apart)
    }

    /// Whether single asterisks multiply what is on both sides of them: `2 *3* 4 = 24`, `4 *5 = 20, 4* 5`.
    pub(super) fn is_factor(&self) -> bool {
        let (before, after) = (self.before.trim_end(), self.after.trim_start());
        let figure = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let figures = figure(before.chars().next_back()) && figure(after.chars().next());
        self.mark == b'*'
            && self.length == 1
            && (figures || self.content.contains('='))
            && is_operand(before.chars().rev())
            && is_operand(self.content.chars())
            && is_operand(self.content.chars().rev())
            && is_operand(after.chars())
    }

    /// Whether two bars on both sides are those of a norm: `||v||_2`, `||x|| <= ||y||`. The bound keeps the search short.
    pub(super) fn is_norm(&self) -> bool {
        const MAX_BYTES: usize = 64;
        const COMPARED: [&str; 6] = ["<", ">", "<=", ">=", "≤", "≥"];
        const JOINED: [&str; 7] = ["=", "+", "*", "/", "·", "≠", "≈"];
        let signs = || COMPARED.iter().chain(&JOINED);
        // Signs have a space on either side: a tag and the marks of a format have not.
        let follows = |sign: &str| {
            let behind = self.after.strip_prefix(' ').and_then(|rest| rest.strip_prefix(sign));
            behind.is_some_and(|rest| rest.starts_with(' '))
        };
        let precedes = |sign: &str| {
            let left = self.before.strip_suffix(' ').and_then(|rest| rest.strip_suffix(sign));
            left.is_some_and(|rest| {
                rest.ends_with("|| ") || (COMPARED.contains(&sign) && rest.ends_with(' '))
            })
        };
        let index = self.after.strip_prefix(['_', '^']);
        let index = index.is_some_and(|rest| rest.starts_with(|c: char| c == '{' || c.is_alphanumeric()));
        let mut words = self.content.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        self.mark == b'|'
            && self.content.len() <= MAX_BYTES
            && (index || signs().any(|sign| follows(sign)) || signs().any(|sign| precedes(sign)))
            && words.clone().next().is_some()
            && words.all(|word| word.chars().nth(1).is_none())
    }

    /// Whether the product goes on behind what the second run stands before: `*a*b*c`. A letter before a letter is one
    /// already: `*x*y`.
    fn goes_on(&self) -> bool {
        let factor = self.after.trim_start_matches(is_word);
        let behind = &self.after[..self.after.len() - factor.len()];
        let letter = |text: &str| text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        factor.starts_with('*') || (self.length == 1 && letter(self.content) && letter(behind))
    }

    /// Whether single asterisks within a word, or at one end of it, set a part of it in italics and multiply nothing.
    fn is_part_of_word(&self) -> bool {
        let word = !self.content.contains(char::is_whitespace);
        let stress = word && is_stress(self.content);
        match (self.begun, self.ended) {
            (Product::None, _) => word,
            (Product::Words { .. }, _) | (Product::Terms, Product::Words { .. }) => stress,
            _ => false,
        }
    }

    /// The same for bold.
    fn is_part_in_bold(&self) -> bool {
        let word = !self.content.contains(char::is_whitespace);
        let letters = self.content.chars().all(char::is_alphabetic);
        let foreign = !self.content.is_ascii();
        let words = |product: Product| matches!(product, Product::Words { .. });
        match (self.begun, self.ended) {
            (Product::None, ended) => word || foreign || words(ended),
            (begun, Product::None) => words(begun),
            (begun, ended) => {
                (words(begun) && words(ended) && letters) || (foreign && (words(begun) || words(ended)))
            }
        }
    }
}

/// Whether a number or a letter comes first that is no part of a word.
fn is_operand(chars: impl Iterator<Item = char>) -> bool {
    let mut chars = chars.peekable();
    let letter = chars.next_if(char::is_ascii_alphabetic).is_some();
    let number = !letter && chars.next_if(char::is_ascii_digit).is_some();
    if number {
        while chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).is_some() {}
    }
    (letter || number) && !chars.next().is_some_and(is_word)
}

/// Whether the text begins with the end of a file's name: `.py`, `.tar.gz`.
fn begins_extension(text: &str) -> bool {
    const LONGEST: usize = 5;
    let Some(extension) = text.strip_prefix('.') else { return false };
    let behind = extension.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let length = extension.len() - behind.len();
    (1..=LONGEST).contains(&length) && !behind.starts_with(is_word)
}

/// Whether this may be where a longer word has its stress: a letter or two. In Cyrillic one of them is a vowel, which
/// tells them from units: `5*кг*м`.
fn is_stress(content: &str) -> bool {
    let vowel =
        |c: char| "аеёиоуыэюяіїєў".contains(c) || c.to_lowercase().any(|c| "аеёиоуыэюяіїєў".contains(c));
    let cyrillic = |c: char| ('\u{400}'..='\u{4ff}').contains(&c);
    content.chars().nth(2).is_none()
        && !content.is_ascii()
        && (!content.chars().all(cyrillic) || content.contains(vowel))
}
