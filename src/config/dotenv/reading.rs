//! What a `.env` sets, by the rules of python-dotenv's `load_dotenv`: the last of several statements about one name
//! counts, `${NAME}` and `${NAME:-default}` stand for values, and the environment wins over the file.

use super::grammar::{Statement, Statements};

/// A file that was understood.
#[derive(Debug, Default)]
pub struct Reading {
    /// Names with their values, in the order in which the names first appear; a bare name has none.
    pub values: Vec<(String, Option<String>)>,
    /// The names that several statements are about, and their lines.
    pub repeated: Vec<(String, Vec<usize>)>,
    /// Where statements begin that cannot be read.
    pub unreadable: Vec<usize>,
}

/// Reads a text; `env` is the environment.
pub fn read(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Reading {
    // Python reads every line end as this one
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut reading = Reading::default();
    let mut lines: Vec<(String, Vec<usize>)> = Vec::new();
    for statement in Statements::of(&text) {
        // No environment can hold NUL.
        let statement = statement.and_then(|statement| match &statement.value {
            Some(value) if value.contains('\0') => Err(statement.line),
            _ => Ok(statement),
        });
        let Statement { line, name, value } = match statement {
            Ok(statement) => statement,
            Err(line) => {
                reading.unreadable.push(line);
                continue;
            }
        };
        let value = value.map(|value| interpolated(&value, &|name| env(name).or_else(|| reading.get(name))));
        if let Some(index) = lines.iter().position(|(known, _)| *known == name) {
            lines[index].1.push(line);
            reading.values[index].1 = value;
        } else {
            lines.push((name.clone(), vec![line]));
            reading.values.push((name, value));
        }
    }
    reading.repeated = lines.into_iter().filter(|(_, lines)| lines.len() > 1).collect();
    reading
}

impl Reading {
    /// A bare name is one with nothing as its value: its default does not count.
    fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.values.iter().find(|(known, _)| known == name)?;
        Some(value.clone().unwrap_or_default())
    }
}

/// The value with `${NAME}` and `${NAME:-default}` replaced. A lone `$` is a dollar.
fn interpolated(value: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        if let Some((name, default, after)) = variable(after) {
            text.push_str(&lookup(name).unwrap_or_else(|| default.to_owned()));
            rest = after;
        } else {
            text.push_str("${");
            rest = after;
        }
    }
    text + rest
}

/// The name, the default and what follows, of a text after `${`.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at(text.find(['}', ':'])?);
    match rest.strip_prefix(":-") {
        Some(rest) => rest.split_once('}').map(|(default, rest)| (name, default, rest)),
        None => rest.strip_prefix('}').map(|rest| (name, "", rest)),
    }
}
