//! A TOML document as a tree of values that know their lines: whatever is wrong is told with its place, and all of it at once.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use bigdecimal::BigDecimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something in the document that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What can be used.
    pub accepted: String,
}

/// The problems of a document, as they are found.
pub(super) struct Document<'d> {
    text: &'d str,
    problems: RefCell<Vec<Problem>>,
}

type Value<'d> = Spanned<DeValue<'d>>;

impl<'d> Document<'d> {
    pub(super) fn new(text: &'d str) -> Self {
        Self { text, problems: RefCell::default() }
    }

    /// What TOML can make of the text.
    pub(super) fn parse(&self) -> DeTable<'d> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().unwrap_or_default();
            self.problem(&at, format!("is not TOML: {}", error.message()), "TOML 1.0, as on toml.io");
        }
        root.into_inner()
    }

    pub(super) fn problem(&self, at: &Range<usize>, problem: impl Into<String>, accepted: impl Into<String>) {
        let before = self.text.get(..at.start.min(self.text.len())).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let problem = Problem { line, problem: problem.into(), accepted: accepted.into() };
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// All problems, in the order of their lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// A table of the document. Keys that nobody asks for are problems.
pub(super) struct Table<'t, 'd> {
    document: &'t Document<'d>,
    entries: &'t DeTable<'d>,
    /// Where it begins.
    pub(super) span: Range<usize>,
    /// What it is called, for people: `models.quick`.
    pub(super) path: String,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'t, 'd> Table<'t, 'd> {
    pub(super) fn root(document: &'t Document<'d>, entries: &'t DeTable<'d>) -> Self {
        Self { document, entries, span: 0..0, path: String::new(), known: RefCell::default() }
    }

    fn get(&self, key: &'static str) -> Option<&'t Value<'d>> {
        self.known.borrow_mut().insert(key);
        self.entries.get(key)
    }

    /// Whether somebody wrote it, usable or not.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// The name of a key, for people.
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Tells what is wrong with the value of `key`.
    pub(super) fn wrong(&self, key: &str, problem: &str, accepted: &str) {
        let at = self.entries.get(key).map_or(self.span.clone(), Spanned::span);
        self.document.problem(&at, format!("{} {problem}", self.name(key)), accepted);
    }

    /// Tells what is wrong with the table.
    pub(super) fn wrong_itself(&self, problem: &str, accepted: &str) {
        self.document.problem(&self.span, format!("{} {problem}", self.path), accepted);
    }

    /// A value that `read` understands. `None`: there is none, or it cannot be used, which is told.
    fn value<T>(
        &self,
        key: &'static str,
        accepted: &str,
        read: impl Fn(&DeValue<'d>) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let read = read(value.get_ref());
        if read.is_none() {
            self.wrong(key, "cannot be used", accepted);
        }
        read
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        self.value(key, "a text in quotes", text)
    }

    /// A text that has to be there.
    pub(super) fn required(&self, key: &'static str, what: &str) -> Option<String> {
        if self.get(key).is_none() {
            self.document.problem(&self.span, format!("{} is missing", self.name(key)), what);
        }
        self.text(key)
    }

    /// Texts.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.value(key, "a list of texts: [\"one\", \"two\"]", |value| {
            value.as_array()?.iter().map(|item| text(item.get_ref())).collect()
        })
    }

    /// A whole number in this range.
    pub(super) fn whole(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        self.value(key, &accepted, |value| whole(value).filter(|number| range.contains(number)))
    }

    /// Telegram ids.
    pub(super) fn ids(&self, key: &'static str) -> Option<BTreeSet<i64>> {
        self.value(key, "a list of Telegram ids: [42, -1001234567890]", |value| {
            value.as_array()?.iter().map(|item| whole(item.get_ref()).filter(|id| *id != 0)).collect()
        })
    }

    /// US dollars, not negative.
    pub(super) fn dollars(&self, key: &'static str) -> Option<BigDecimal> {
        self.value(key, "US dollars for a million tokens, from 0 to 100000: 0.25", |value| {
            let text = match value {
                DeValue::Integer(number) => number.as_str(),
                DeValue::Float(number) => number.as_str(),
                _ => return None,
            };
            let text = text.replace('_', "");
            let rough: f64 = text.parse().ok()?;
            (0.0..=100_000.0).contains(&rough).then(|| text.parse().ok())?
        })
    }

    /// A number in this range.
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let accepted = format!("a number from {} to {}", range.start(), range.end());
        self.value(key, &accepted, |value| {
            let number: f64 = match value {
                DeValue::Float(number) => number.as_str().replace('_', "").parse().ok()?,
                #[expect(clippy::cast_precision_loss, reason = "the range is a small one")]
                _ => whole(value)? as f64,
            };
            range.contains(&number).then_some(number)
        })
    }

    /// true or false.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.value(key, "true or false", DeValue::as_bool)
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &self,
        key: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let names: Vec<_> = all.iter().map(|word| name(*word)).collect();
        self.value(key, &format!("one of these: {}", names.join(", ")), |value| {
            let said = text(value)?;
            all.iter().copied().find(|word| name(*word) == said)
        })
    }

    /// Some of these words, each once.
    pub(super) fn words<T: Copy + Ord>(
        &self,
        key: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<BTreeSet<T>> {
        let names: Vec<_> = all.iter().map(|word| name(*word)).collect();
        self.value(key, &format!("a list of some of these, each once: {}", names.join(", ")), |value| {
            let said = value.as_array()?;
            let word = |said: &str| all.iter().copied().find(|word| name(*word) == said);
            let words: Option<BTreeSet<_>> = said.iter().map(|item| word(&text(item.get_ref())?)).collect();
            words.filter(|words| words.len() == said.len() && !words.is_empty())
        })
    }

    /// A text of one line, no longer than this.
    pub(super) fn line(&self, key: &'static str, most: usize) -> Option<String> {
        let accepted = format!("a text of one line in quotes, up to {most} characters");
        self.value(key, &accepted, |value| {
            text(value).filter(|text| text.chars().count() <= most && !text.contains(char::is_control))
        })
    }

    /// An object, as JSON has it.
    pub(super) fn json(&self, key: &'static str) -> Option<serde_json::Map<String, serde_json::Value>> {
        self.value(key, "a table of fields: { top_p = 0.9 }", |value| match json(value)? {
            serde_json::Value::Object(fields) => Some(fields),
            _ => None,
        })
    }

    /// A table in this one.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'t, 'd>> {
        let value = self.get(key)?;
        let table = self.within(key, value);
        if table.is_none() {
            self.wrong(key, "is no table", "keys and values");
        }
        table
    }

    /// The tables of a table, by their names, in the order of the document.
    pub(super) fn tables(&self, key: &'static str) -> Vec<(String, Table<'t, 'd>)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let mut tables: Vec<(usize, String, Table<'t, 'd>)> = Vec::new();
        for (name, value) in table.entries {
            match table.within(name.get_ref(), value) {
                Some(within) => tables.push((name.span().start, name.get_ref().to_string(), within)),
                None => table.document.problem(
                    &value.span(),
                    format!("{key}.{} is no table", name.get_ref()),
                    "keys and values",
                ),
            }
        }
        tables.sort_by_key(|(place, ..)| *place);
        tables.into_iter().map(|(_, name, table)| (name, table)).collect()
    }

    /// All entries, as texts by name.
    pub(super) fn all_texts(&self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (name, value) in self.entries {
            match text(value.get_ref()) {
                Some(text) => texts.push((name.get_ref().to_string(), text)),
                None => self.wrong(name.get_ref(), "cannot be used", "a text in quotes"),
            }
        }
        texts
    }

    fn within(&self, key: &str, value: &'t Value<'d>) -> Option<Table<'t, 'd>> {
        let entries = value.get_ref().as_table()?;
        let path = self.name(key);
        Some(Table { document: self.document, entries, span: value.span(), path, known: RefCell::default() })
    }

    /// Tells which keys nobody knows.
    pub(super) fn end(&self) {
        let known = self.known.borrow();
        let accepted = known.iter().copied().collect::<Vec<_>>().join(", ");
        for key in self.entries.keys().filter(|key| !known.contains(key.get_ref().as_ref())) {
            let problem = format!("{} is not known", self.name(key.get_ref()));
            self.document.problem(&key.span(), problem, format!("one of these: {accepted}"));
        }
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

/// The same in JSON, which has no dates and no infinities.
fn json(value: &DeValue<'_>) -> Option<serde_json::Value> {
    Some(match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(_) => whole(value)?.into(),
        DeValue::Float(number) => {
            serde_json::Number::from_f64(number.as_str().replace('_', "").parse().ok()?)?.into()
        }
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => {
            items.iter().map(|item| json(item.get_ref())).collect::<Option<Vec<_>>>()?.into()
        }
        DeValue::Table(fields) => {
            let fields =
                fields.iter().map(|(name, value)| Some((name.get_ref().to_string(), json(value.get_ref())?)));
            fields.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
    })
}
