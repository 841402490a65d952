//! A run of marks of emphasis: what it can do, by what stands around it.
//!
//! The rules are those of CommonMark, with two changes. Punctuation inside of the marks does not keep them from their
//! work before a letter (`**注意：**请`, `**Важно:**текст`). And a run that plainly stands for itself does none: in
//! arithmetic, in file names and paths, in identifiers, in quotes.

use super::chars::{begins_words, ends_words, is_compound, is_opening, is_punctuation, is_word};
use super::factors::{self, Product};

/// What a run can do.
#[derive(Clone, Copy)]
pub(super) struct Role {
    pub(super) opens: bool,
    pub(super) closes: bool,
    pub(super) product: Product,
}

impl Role {
    const NONE: Self = Self { opens: false, closes: false, product: Product::None };
}

/// The role of a run of marks between two texts.
pub(super) fn role(before: &str, run: &str, after: &str) -> Role {
    let around = Around { before, after, left: before.chars().next_back(), right: after.chars().next() };
    if around.quotes() {
        return Role::NONE;
    }
    let role = match run.as_bytes()[0] {
        b'*' => around.asterisks(run.len()),
        b'_' => around.underscores(),
        b'~' => around.tildes(run.len()),
        _ => around.bars(run.len()),
    };
    match around.right {
        _ if !around.in_path() => role,
        // What ends a path may end what was begun before it.
        Some(c) if is_word(c) || "/.-".contains(c) => Role::NONE,
        _ => Role { opens: false, ..role },
    }
}

/// What stands around a run.
struct Around<'a> {
    before: &'a str,
    after: &'a str,
    left: Option<char>,
    right: Option<char>,
}

impl Around<'_> {
    /// Whether the run is quoted: it is what is spoken of.
    fn quotes(&self) -> bool {
        let (Some(left), Some(right)) = (self.left, self.right) else { return false };
        matches!(
            (left, right),
            ('"', '"')
                | ('\'', '\'')
                | ('(', ')')
                | ('[' | '^', ']')
                | ('{', '}')
                | ('<', '>')
                | ('/', '/')
                | ('|', '|')
                | ('«', '»')
                | ('“', '”')
                | ('‘', '’')
                | ('「', '」')
        )
    }

    /// The word so far.
    fn word(&self) -> &str {
        /// Nobody writes longer ones; the bound keeps the search short.
        const MAX_BYTES: usize = 256;
        let near = self.before.ceil_char_boundary(self.before.len().saturating_sub(MAX_BYTES));
        self.before[near..].rsplit(char::is_whitespace).next().unwrap_or_default()
    }

    /// Whether the word so far is a path: `/usr/…`, `./…`, `~/…`.
    fn in_path(&self) -> bool {
        let word = self.word();
        let word = word.trim_start_matches(['(', '"', '\'', '«', '“']);
        let drive = word.starts_with(|c: char| c.is_ascii_alphabetic()) && word[1..].starts_with(":\\");
        drive || ["/", "./", "../", "~/", ".\\", "..\\"].iter().any(|beginning| word.starts_with(beginning))
    }

    fn asterisks(&self, length: usize) -> Role {
        let product = factors::product(self.before, self.after);
        let mut role = self.flanking(true);
        role.product = product;
        role.opens &= product != Product::Figures;
        role.closes &= product != Product::Figures;
        if length == 1 && (self.is_wildcard() || self.is_in_expression()) {
            return Role::NONE;
        }
        // A wildcard at the end of a path or of an expression opens nothing: `src/*`, `.*`, `[a-z]*`, `a_*`.
        let path = self.left == Some('/') && self.before.chars().nth_back(1).is_some_and(is_word);
        let bracket = matches!(self.left, Some(')' | ']' | '}')) && !self.right.is_some_and(is_word);
        let name = self.left == Some('_') && self.before.chars().nth_back(1).is_some_and(is_word);
        let expression = (length == 1 && (self.left == Some('.') || bracket)) || name;
        // So does an operator on what a pointer leads to: `&*x`, `y-*x`.
        let operator = self.left == Some('&') || (self.left == Some('-') && self.word().len() == 2);
        role.opens &=
            !(expression || (length == 1 && operator) || (path && !self.right.is_some_and(is_word)));
        role
    }

    /// Whether an asterisk stands for any text: `*.rs`, `/usr/*bin`, or begins or ends a comment in code.
    fn is_wildcard(&self) -> bool {
        let mut right = self.after.chars();
        let (next, second) = (right.next(), right.next());
        let extension =
            next == Some('.') && second.is_none_or(|c| c.is_ascii_alphanumeric() || "*{".contains(c));
        let mut left = self.before.chars().rev();
        let (last, before) = (left.next(), left.next());
        let comment = last == Some('/') && before.is_none_or(char::is_whitespace);
        let comment_end = next == Some('/') && second.is_none_or(char::is_whitespace);
        let in_path =
            last == Some('/') && next.is_some_and(|c| c.is_ascii_alphanumeric()) && !self.follows_emphasis();
        (extension && !last.is_some_and(is_word)) || comment || comment_end || in_path
    }

    /// Whether an asterisk belongs to a pattern of any text (`.*name.*`, `*.*`, `[a-z]*`, `\d*`), or stands before the rest of a name
    /// (`*_test_*`).
    fn is_in_expression(&self) -> bool {
        let word = self.word();
        let class = word.strip_suffix(']').and_then(|word| word.rsplit_once('['));
        let is_class = |class: &str| class.starts_with('^') || class.as_bytes().get(1) == Some(&b'-');
        class.is_some_and(|(_, class)| is_class(class))
            || word == "."
            || matches!(word.as_bytes(), [.., b'\\', letter] if letter.is_ascii_alphabetic())
            || word.starts_with(".*")
            || word.ends_with("*.")
            || is_rest_of_name(self.after)
    }

    /// Whether the slash before the run stands behind a word in asterisks: `*this*/*that*`.
    fn follows_emphasis(&self) -> bool {
        let inside =
            self.word().trim_end_matches('/').strip_prefix('*').and_then(|word| word.strip_suffix('*'));
        inside.is_some_and(|inside| !inside.is_empty() && inside.chars().all(is_word))
    }

    fn underscores(&self) -> Role {
        if self.is_part_of_name() {
            return Role::NONE;
        }
        let Role { opens, closes, product } = self.flanking(false);
        let foreign = self.right.is_some_and(|c| is_word(c) && !c.is_ascii());
        let ended = self.left.is_some_and(|c| is_punctuation(c) && !is_opening(c));
        Role {
            opens: opens && (!closes || self.left.is_some_and(is_punctuation)),
            closes: (closes && (!opens || self.right.is_some_and(is_punctuation))) || (ended && foreign),
            product,
        }
    }

    /// Whether underscores belong to an identifier, a file name or a path: `_my_name`, `./__pycache__/x`, `@_user`.
    fn is_part_of_name(&self) -> bool {
        let mut left = self.before.chars().rev();
        let (last, before) = (left.next(), left.next());
        let mut right = self.after.chars();
        let (next, second) = (right.next(), right.next());
        let begins = match last {
            // `_this_/_that_` is no path.
            Some('/' | '\\') => !matches!(before, Some('_' | '*')),
            Some('@' | '#' | '$' | '%' | '&' | '=' | '|') => true,
            // `*_test_*` matches names.
            Some('*') if before != Some('*') && is_rest_of_name_behind(self.after) => return true,
            Some('.') => {
                before.is_some_and(|c| is_word(c) || matches!(c, '.' | '/'))
                    && next.is_some_and(|c| c.is_ascii())
            }
            Some(':') => before == Some(':'),
            _ => false,
        };
        let ends = match next {
            Some('/' | '\\') => !matches!(second, Some('_' | '*')),
            Some('.') => second.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
            Some('@') => second.is_some_and(is_word),
            Some('(') => true,
            _ => false,
        };
        (begins && next.is_some_and(is_word))
            || (ends && last.is_some_and(is_word))
            || begins_mail(self.after)
            || is_compound(self.after.chars())
            || is_compound(self.before.chars().rev())
    }

    fn tildes(&self, length: usize) -> Role {
        let role = self.flanking(true);
        match length {
            // A single one is more often "about", or a home: only words are struck out by it.
            1 => Role {
                opens: self.left.is_none_or(|c| !is_word(c)) && self.right.is_some_and(char::is_alphabetic),
                closes: self.right.is_none_or(|c| !is_word(c))
                    && self.left.is_some_and(|c| c.is_alphabetic() || "!?.".contains(c)),
                ..role
            },
            2 => role,
            _ => Role::NONE,
        }
    }

    /// Bars hide what is between them, unless they mean "or".
    fn bars(&self, length: usize) -> Role {
        let code = |c: char| c.is_ascii_alphanumeric() || ")]}\"'".contains(c);
        let ink = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        Role {
            opens: length == 2 && ink(self.right) && !self.left.is_some_and(code),
            closes: length == 2
                && ink(self.left)
                && !self.right.is_some_and(|c| c.is_ascii_alphanumeric() || "\"'([{".contains(c)),
            product: Product::None,
        }
    }

    /// Whether the run can begin or end something, by what it touches. `loose` lets punctuation inside of the marks stand
    /// next to a letter outside of them.
    fn flanking(&self, loose: bool) -> Role {
        let space = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let sign = |c: Option<char>| c.is_some_and(is_punctuation);
        let (left, right) = (self.left, self.right);
        let opens =
            !space(right) && !self.is_followed_as_an_end() && (!sign(right) || space(left) || sign(left));
        let closes = !space(left) && (!sign(left) || space(right) || sign(right));
        let word = |c: Option<char>| c.is_some_and(is_word);
        let opening = right.is_some_and(begins_words) && word(left);
        let closing = left.is_some_and(ends_words) && word(right);
        Role {
            opens: opens || (loose && opening),
            closes: closes || (loose && closing),
            product: Product::None,
        }
    }

    /// Whether the run is followed as the end of words is: by a bracket that closes, by punctuation and a space. Nobody
    /// begins a format so.
    fn is_followed_as_an_end(&self) -> bool {
        let mut right = self.after.chars();
        let (next, second) = (right.next(), right.next());
        let touches = self.left.is_some_and(|c| !c.is_whitespace());
        next.is_some_and(|c| {
            (touches && ")]}".contains(c))
                || (".,;:!?)]}".contains(c) && second.is_none_or(char::is_whitespace))
        })
    }
}

/// Whether the text begins with the rest of a name and goes on as a pattern does: `_test_*`, `_test.py`.
fn is_rest_of_name(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(is_rest_of_name_behind)
}

/// The same behind the underscore.
fn is_rest_of_name_behind(text: &str) -> bool {
    let name = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let ends = match name.strip_prefix('*') {
        Some(behind) => !behind.starts_with('*'),
        None => name.strip_prefix('.').is_some_and(|end| end.starts_with(|c: char| c.is_ascii_lowercase())),
    };
    name.len() < text.len() && ends
}

/// Whether the text begins with the rest of an address of mail that ends in an underscore: `name_@example.com`.
fn begins_mail(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "._-".contains(c));
    let name = &text[..text.len() - behind.len()];
    name.ends_with('_') && behind.strip_prefix('@').is_some_and(|host| host.starts_with(is_word))
}
