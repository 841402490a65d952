//! What a server logs where `log_statement` is `all`.

use std::fs;

use super::Server;

/// A statement that the server carried out, as it logged it.
#[derive(Debug)]
pub struct Logged {
    /// Its lines are one.
    pub sql: String,
    /// It was prepared under a name: parsed once for its connection, however often it is carried out.
    pub is_named: bool,
    /// As text, by number; `None` is NULL.
    pub parameters: Vec<Option<String>>,
}

impl Server {
    /// How much is logged so far, in bytes.
    #[track_caller]
    pub fn log_length(&self) -> u64 {
        fs::metadata(self.log_file()).expect("the server has a log").len()
    }

    /// What was carried out since it had logged so much, in order.
    #[track_caller]
    pub fn statements_since(&self, length: u64) -> Vec<Logged> {
        let log = fs::read(self.log_file()).expect("the log of the server can be read");
        let begin = usize::try_from(length).expect("a log in memory");
        parse(&String::from_utf8_lossy(&log[begin..]))
    }
}

fn parse(log: &str) -> Vec<Logged> {
    // A statement of several lines goes on behind a tab.
    let log = log.replace("\n\t", " ");
    let mut statements: Vec<Logged> = Vec::new();
    for line in log.lines() {
        let logged = |sql: &str, is_named| Logged { sql: sql.to_owned(), is_named, parameters: Vec::new() };
        if let Some((_, sql)) = line.split_once("LOG:  statement: ") {
            statements.push(logged(sql, false));
        } else if let Some((_, executed)) = line.split_once("LOG:  execute ") {
            let (name, sql) = executed.split_once(": ").unwrap_or_default();
            statements.push(logged(sql, name != "<unnamed>"));
        } else if let Some((_, list)) = line.split_once("DETAIL:  parameters: ")
            && let Some(statement) = statements.last_mut()
        {
            statement.parameters = parameters(list);
        }
    }
    statements
}

/// `$1 = 'it''s', $2 = NULL` → its values.
fn parameters(mut list: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    while let Some((_, rest)) = list.split_once(" = ") {
        let Some(mut quoted) = rest.strip_prefix('\'') else {
            values.push(None);
            list = rest.trim_start_matches("NULL");
            continue;
        };
        let mut value = String::new();
        while let Some((piece, after)) = quoted.split_once('\'') {
            value.push_str(piece);
            quoted = after;
            match after.strip_prefix('\'') {
                Some(after) => {
                    value.push('\'');
                    quoted = after;
                }
                None => break,
            }
        }
        values.push(Some(value));
        list = quoted;
    }
    values
}
