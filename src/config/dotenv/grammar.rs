//! The grammar of python-dotenv, as its `parser.py` has it: where a statement begins and ends, and what its value is.

/// `NAME=value`; a bare name has no value.
#[derive(Debug)]
pub(super) struct Statement {
    /// The line it begins in.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// The next statements of a text; in place of one that cannot be read, the line it begins in.
pub(super) struct Statements<'a> {
    rest: &'a str,
    line: usize,
}

/// What cannot be read.
struct Unreadable;

impl<'a> Statements<'a> {
    /// The text has no line ends but `\n`.
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len()))
    }

    fn blanks(&mut self) -> &'a str {
        self.take_while(|c| is_space(c) && c != '\n')
    }

    fn rest_of_line(&mut self) -> &'a str {
        self.take_while(|c| c != '\n')
    }

    /// A name with its value; `None` for a comment.
    fn statement(&mut self) -> Result<Option<(String, Option<String>)>, Unreadable> {
        if self.rest.strip_prefix("export").is_some_and(|rest| rest.starts_with(|c| is_space(c) && c != '\n'))
        {
            self.take("export".len());
            self.blanks();
        }
        let name = self.name()?;
        self.blanks();
        let mut value = None;
        if self.rest.starts_with('=') {
            self.take(1);
            let apart = !self.blanks().is_empty();
            value = Some(if apart && self.rest.starts_with('#') { String::new() } else { self.value()? });
        }
        self.blanks();
        if self.rest.starts_with('#') {
            self.rest_of_line();
        }
        if !self.rest.is_empty() && !self.rest.starts_with('\n') {
            return Err(Unreadable);
        }
        Ok(name.map(|name| (name.to_owned(), value)))
    }

    fn name(&mut self) -> Result<Option<&'a str>, Unreadable> {
        if self.rest.starts_with('#') {
            return Ok(None);
        }
        let name = if let Some(quoted) = self.rest.strip_prefix('\'') {
            let length = quoted.find('\'').ok_or(Unreadable)?;
            self.take(1);
            let name = self.take(length);
            self.take(1);
            name
        } else {
            self.take_while(|c| !is_space(c) && !matches!(c, '=' | '#'))
        };
        if name.is_empty() { Err(Unreadable) } else { Ok(Some(name)) }
    }

    fn value(&mut self) -> Result<String, Unreadable> {
        match self.rest.chars().next() {
            Some('\'') => Ok(unescaped(self.quoted('\'')?, |c| matches!(c, '\\' | '\'').then_some(c))),
            Some('"') => Ok(unescaped(self.quoted('"')?, escape)),
            _ => {
                let line = self.rest_of_line();
                // A comment begins after white space.
                let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with(is_space));
                let value = comment.map_or(line, |(at, _)| &line[..at]);
                Ok(value.trim_end_matches(is_space).to_owned())
            }
        }
    }

    /// What stands between two quotes, on however many lines.
    fn quoted(&mut self, quote: char) -> Result<&'a str, Unreadable> {
        let mut escaped = false;
        let closes = |c: char| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        };
        let length = self.rest[1..].find(closes).ok_or(Unreadable)?;
        self.take(1);
        let text = self.take(length);
        self.take(1);
        Ok(text)
    }
}

impl Iterator for Statements<'_> {
    type Item = Result<Statement, usize>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.take_while(is_space);
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            match self.statement() {
                Ok(Some((name, value))) => return Some(Ok(Statement { line, name, value })),
                Ok(None) => {}
                Err(Unreadable) => {
                    self.rest_of_line();
                    return Some(Err(line));
                }
            }
        }
    }
}

/// White space as Python has it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The text with each `\c` replaced by what it stands for, if it stands for something.
fn unescaped(text: &str, meaning: impl Fn(char) -> Option<char>) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek().and_then(|next| meaning(*next)).filter(|_| c == '\\') {
            Some(meant) => {
                unescaped.push(meant);
                chars.next();
            }
            None => unescaped.push(c),
        }
    }
    unescaped
}

/// What `\c` stands for between double quotes.
fn escape(c: char) -> Option<char> {
    Some(match c {
        '\\' | '\'' | '"' => c,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        _ => return None,
    })
}
