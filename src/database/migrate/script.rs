//! One SQL file of a migration: run statement by statement, so that an error can name the one that failed, its file
//! and its line, whatever kind of error it is.

use std::fmt;

use diesel::connection::BoxableConnection;
use diesel::pg::Pg;
use diesel::result::Error;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// A file of `migrations/`.
pub struct Script {
    path: String,
    text: &'static str,
}

/// A statement of a script, from its first word to before its semicolon.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Statement<'a> {
    /// The line of its first word, from 1.
    pub line: usize,
    /// The statement itself.
    pub sql: &'a str,
}

/// A statement that PostgreSQL refused.
#[derive(Debug, thiserror::Error)]
pub struct Refused {
    path: String,
    line: usize,
    statement: String,
    message: String,
    #[source]
    source: Error,
}

impl Script {
    /// The file at `path` (from the project's root), with this content.
    pub fn new(path: String, text: &'static str) -> Self {
        Self { path, text }
    }

    /// The whole file.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Its statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'static>> {
        split(self.text).into_iter()
    }

    /// Runs it inside a transaction that is to be rolled back, where nothing can be done concurrently.
    pub fn rehearse(&self, conn: &mut dyn BoxableConnection<Pg>) -> Result<(), Refused> {
        for statement in self.statements() {
            // IF EXISTS: what is only built again on the way back is not there
            let sql = statement.sql.replace("DROP INDEX CONCURRENTLY", "DROP INDEX IF EXISTS");
            conn.batch_execute(&sql.replace(" CONCURRENTLY", ""))
                .map_err(|error| self.refused(statement, error))?;
        }
        Ok(())
    }

    /// Runs it; the first statement that fails ends it.
    pub fn run(&self, conn: &mut dyn BoxableConnection<Pg>) -> Result<(), Refused> {
        for statement in self.statements() {
            conn.batch_execute(statement.sql).map_err(|error| self.refused(statement, error))?;
        }
        Ok(())
    }

    fn refused(&self, statement: Statement<'_>, source: Error) -> Refused {
        let mut message = source.to_string();
        let mut line = statement.line;
        if let Error::DatabaseError(_, info) = &source {
            // not the detail: it quotes values, and values are people's messages
            message.extend(info.hint().map(|hint| {
                format!(
                    "
  {hint}"
                )
            }));
            // characters from 1; not every error has a place within its statement
            let before = info.statement_position().and_then(|position| usize::try_from(position - 1).ok());
            line += statement.sql.chars().take(before.unwrap_or(0)).filter(|c| *c == '\n').count();
        }
        Refused { path: self.path.clone(), line, statement: statement.headline(), message, source }
    }
}

impl Refused {
    /// What PostgreSQL said.
    pub fn reason(&self) -> &Error {
        &self.source
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, statement, message, .. } = self;
        write!(f, "{path}:{line}: {message}\n  in: {statement}")
    }
}

impl Statement<'_> {
    /// Its first line, for people.
    fn headline(&self) -> String {
        let mut lines = self.sql.lines();
        let first = lines.next().unwrap_or_default().trim_end();
        if lines.next().is_some() { format!("{first} …") } else { first.to_owned() }
    }

    /// The name of the index that it builds CONCURRENTLY.
    pub fn concurrent_index(&self) -> Option<String> {
        let words: Vec<_> = tokens(self.sql)?
            .into_iter()
            .filter_map(|token| match token.token {
                Token::Word(word) => Some(word.value),
                _ => None,
            })
            .take(5)
            .collect();
        let upper: Vec<_> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<_> = upper.iter().map(String::as_str).collect();
        match upper[..] {
            ["CREATE", "INDEX", "CONCURRENTLY", ..] => words.into_iter().nth(3),
            ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => words.into_iter().nth(4),
            _ => None,
        }
    }
}

fn tokens(sql: &str) -> Option<Vec<TokenWithSpan>> {
    Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()
}

/// What the tokenizer does not understand is one statement: PostgreSQL will say what is wrong with it.
fn split(text: &str) -> Vec<Statement<'_>> {
    let Some(tokens) = tokens(text) else { return vec![Statement { line: 1, sql: text }] };
    let line_starts: Vec<_> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
    let offset = |at: Location| {
        let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
        let start = line_starts.get(line).copied().unwrap_or(text.len());
        start + text[start..].char_indices().nth(column).map_or(text.len() - start, |(index, _)| index)
    };
    let mut statements = Vec::new();
    let mut first: Option<Location> = None;
    let mut end = Location::empty();
    for TokenWithSpan { token, span } in tokens {
        match token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::SemiColon => {
                if let Some(first) = first.take() {
                    statements.push((first, span.start));
                }
            }
            _ => {
                first.get_or_insert(span.start);
                end = span.end;
            }
        }
    }
    statements.extend(first.map(|first| (first, end)));
    let statement = |(start, end): (Location, Location)| Statement {
        line: usize::try_from(start.line).unwrap_or(1),
        sql: &text[offset(start)..offset(end)],
    };
    statements.into_iter().map(statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::migrate::embedded::MIGRATIONS;

    #[test]
    fn a_semicolon_ends_a_statement_only_where_it_is_one() {
        let text = "-- a; b\nSELECT ';', \"x;y\", 'it''s;';\n\n/* ; /* ; */ ; */ DO $$ BEGIN a; END $$;\n\
                    SELECT $x$;$$;$x$, E'\\';' -- ;\n ;;\nSELECT 'кот;'; SELECT 1";
        let found: Vec<_> =
            split(text).into_iter().map(|statement| (statement.line, statement.sql)).collect();
        assert_eq!(
            found,
            [
                (2, "SELECT ';', \"x;y\", 'it''s;'"),
                (4, "DO $$ BEGIN a; END $$"),
                (5, "SELECT $x$;$$;$x$, E'\\';' -- ;\n "),
                (7, "SELECT 'кот;'"),
                (7, "SELECT 1"),
            ]
        );
    }

    #[test]
    fn every_migration_is_understood() {
        for migration in MIGRATIONS.iter() {
            for script in [&migration.up, &migration.down] {
                assert!(tokens(script.text()).is_some(), "{}", script.path);
                assert!(script.statements().count() > 0, "{} does nothing", script.path);
            }
        }
    }

    #[test]
    fn an_index_is_known_by_the_statement_that_builds_it() {
        let index = |sql| Statement { line: 1, sql }.concurrent_index();
        assert_eq!(index("create index concurrently idx_a ON t (a)").as_deref(), Some("idx_a"));
        assert_eq!(index("CREATE UNIQUE INDEX CONCURRENTLY idx_a ON t (a)").as_deref(), Some("idx_a"));
        assert_eq!(index("CREATE INDEX idx_a ON t (a)"), None);
        assert_eq!(index("SELECT 'CREATE INDEX CONCURRENTLY'"), None);
    }
}
