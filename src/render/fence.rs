//! A fence of code: where it opens, which lines it holds, and where it closes.

use super::lines::{self, Line, columns, within_quotes};

/// How the ends of fences are looked for where they decide what is one.
pub(super) struct Nesting {
    growing: bool,
    /// How often an end was searched in vain: a bound keeps the division linear.
    futile: usize,
}

impl Nesting {
    pub(super) fn new(growing: bool) -> Self {
        Self { growing, futile: 0 }
    }

    /// Whether the fence is closed in what follows, as far as can be told.
    fn expects(&mut self, fence: &Fence, rest: &str) -> bool {
        if self.futile >= MAX_FUTILE {
            return false;
        }
        let closes = self.growing || fence.clone().closes_in(rest);
        self.futile += usize::from(!closes);
        closes
    }
}

const MAX_FUTILE: usize = 8;

/// An open fence.
#[derive(Clone)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    /// How many quotations it stands in.
    quotes: usize,
    /// The column at which the text of its list item begins; 0 if it is in none, or its code keeps no indent.
    item: usize,
    /// Code with the indent of the item has been seen.
    indented: bool,
    /// It may be about Markdown: fences within it are part of it, and so many of them are open.
    inner: Option<usize>,
}

impl Fence {
    fn new((mark, length): (char, usize), line: &Line, item: usize) -> Self {
        let item = if line.indent.max(line.item) >= item { item } else { 0 };
        Self { mark, length, quotes: line.quotes, item, indented: false, inner: None }
    }

    /// The fence that the line opens.
    pub(super) fn opened(line: &Line, item: usize, rest: &str, nesting: &mut Nesting) -> Option<Self> {
        let (mark, length, info) = lines::fence(line.text)?;
        let fence = Self::new((mark, length), line, item);
        if !may_hold_fences(info) {
            return Some(fence);
        }
        let nested = Self { inner: Some(0), ..fence.clone() };
        let closes = nesting.expects(&nested, rest);
        Some(if closes { nested } else { fence })
    }

    /// The fence that stands behind the words of the line, with its place: `Run: ```sh`.
    pub(super) fn opened_behind(
        line: &Line,
        item: usize,
        rest: &str,
        nesting: &mut Nesting,
    ) -> Option<(usize, Self)> {
        let backticks = line.text.match_indices('`').map(|(at, _)| at);
        let at = backticks.into_iter().find(|at| line.text[*at..].starts_with("```"))?;
        let (mark, length, info) = lines::fence(&line.text[at..])?;
        let fence = Self::new((mark, length), line, item);
        let language = !info.contains(char::is_whitespace);
        let words = !line.text[..at].contains(['`', '|']);
        if !(language && words) {
            return None;
        }
        nesting.expects(&fence, rest).then_some((at, fence))
    }

    /// Whether one of these lines closes it. No line behind that one is read, which keeps the division linear.
    fn closes_in(self, rest: &str) -> bool {
        let mut lines = rest.split_inclusive('\n');
        lines.try_fold(self, Self::behind).is_none()
    }

    /// The fence as it stands at a line in its containers; `None` if the line is outside of them. A model may forget to
    /// indent the code in a list.
    pub(super) fn holding(self, line: &str) -> Option<Self> {
        let code = within_quotes(line, self.quotes)?;
        let text = code.trim_start_matches([' ', '\t']);
        let blank = text.trim_end().is_empty();
        if blank || columns(&code[..code.len() - text.len()]) >= self.item {
            return Some(Self { indented: self.indented || !blank, ..self });
        }
        let goes_on = !self.indented || self.is_closed_by(code);
        goes_on.then_some(Self { item: 0, ..self })
    }

    /// The fence as it stands behind a line, if it is open still.
    pub(super) fn behind(mut self, line: &str) -> Option<Self> {
        let line = within_quotes(line, self.quotes).unwrap_or(line);
        let closed = self.is_closed_by(line);
        match &mut self.inner {
            Some(0) | None if closed => return None,
            Some(inner) if closed => *inner -= 1,
            Some(inner) => *inner += usize::from(opens_inner(line.trim(), self.mark, self.length)),
            None => {}
        }
        Some(self)
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|c| c == self.mark)
    }
}

fn opens_inner(text: &str, mark: char, length: usize) -> bool {
    lines::fence(text)
        .is_some_and(|(inner, longer, info)| inner == mark && longer >= length && !info.is_empty())
}

/// Whether code of this kind may be about Markdown: it says so, or says nothing.
fn may_hold_fences(info: &str) -> bool {
    let language = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
    ["", "markdown", "md", "mdx", "text", "txt"].iter().any(|known| language.eq_ignore_ascii_case(known))
}
