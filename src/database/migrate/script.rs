//! One SQL file of a migration: run statement by statement, so that an error can name the one that failed, its file
//! and its line, whatever kind of error it is.

use std::collections::HashSet;
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

    /// Runs it in the schema of temporary objects, inside a transaction that is to be rolled back. PostgreSQL looks for
    /// relations there, but for `functions` only where their schema is named.
    pub fn replay(
        &self,
        conn: &mut dyn BoxableConnection<Pg>,
        functions: &HashSet<String>,
    ) -> Result<(), Refused> {
        for statement in self.statements() {
            let sql = statement.with_calls_in("pg_temp", functions).replace(" CONCURRENTLY", "");
            conn.batch_execute(&sql).map_err(|error| self.refused(statement, error))?;
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
            // The detail is left out: it quotes values, and values are people's messages.
            message.extend(info.hint().map(|hint| {
                format!(
                    "
  {hint}"
                )
            }));
            // Characters from 1; not every error has a place within its statement.
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
        let words = self.first_words();
        let upper: Vec<_> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<_> = upper.iter().map(String::as_str).collect();
        match upper[..] {
            ["CREATE", "INDEX", "CONCURRENTLY", ..] => words.into_iter().nth(3),
            ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => words.into_iter().nth(4),
            _ => None,
        }
    }

    /// The name of the function that it creates.
    pub fn function(&self) -> Option<String> {
        let words = self.first_words();
        let upper: Vec<_> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<_> = upper.iter().map(String::as_str).collect();
        match upper[..] {
            ["CREATE", "FUNCTION" | "PROCEDURE", ..] => words.into_iter().nth(2),
            ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE", ..] => words.into_iter().nth(4),
            _ => None,
        }
    }

    fn first_words(&self) -> Vec<String> {
        let word = |token: TokenWithSpan| match token.token {
            Token::Word(word) => Some(word.value),
            _ => None,
        };
        tokens(self.sql).unwrap_or_default().into_iter().filter_map(word).take(5).collect()
    }

    /// Itself, with this schema named before each of the functions.
    pub fn with_calls_in(&self, schema: &str, functions: &HashSet<String>) -> String {
        let tokens: Vec<_> = tokens(self.sql)
            .unwrap_or_default()
            .into_iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_)))
            .collect();
        let places = Places::of(self.sql);
        let mut sql = self.sql.to_owned();
        let named_alone = |three: &&[TokenWithSpan]| {
            three[0].token != Token::Period
                && matches!(&three[1].token, Token::Word(word) if functions.contains(&word.value))
                && three[2].token == Token::LParen
        };
        for three in tokens.windows(3).filter(named_alone).collect::<Vec<_>>().into_iter().rev() {
            sql.insert_str(places.offset(three[1].span.start), &format!("{schema}."));
        }
        sql
    }
}

/// Where the lines of a text begin.
struct Places<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Places<'a> {
    fn of(text: &'a str) -> Self {
        let starts = text.match_indices('\n').map(|(index, _)| index + 1);
        Self { text, line_starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The byte at which a token begins or ends.
    fn offset(&self, at: Location) -> usize {
        let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
        let start = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(index, _)| index)
    }
}

fn tokens(sql: &str) -> Option<Vec<TokenWithSpan>> {
    Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()
}

/// What the tokenizer does not understand is one statement: PostgreSQL will say what is wrong with it.
fn split(text: &str) -> Vec<Statement<'_>> {
    let Some(tokens) = tokens(text) else { return vec![Statement { line: 1, sql: text }] };
    let places = Places::of(text);
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
        sql: &text[places.offset(start)..places.offset(end)],
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
    fn a_function_is_called_in_a_schema_and_nothing_else_is() {
        let functions = HashSet::from(["words".to_owned()]);
        let sql = |sql| Statement { line: 1, sql }.with_calls_in("s", &functions);
        assert_eq!(sql("CREATE FUNCTION words(content text)"), "CREATE FUNCTION s.words(content text)");
        assert_eq!(
            sql("SELECT 'ё', words (x), words FROM words"),
            "SELECT 'ё', s.words (x), words FROM words"
        );
        assert_eq!(
            sql("SELECT a.words(x), $$words(x)$$,\n words(words(y))"),
            "SELECT a.words(x), $$words(x)$$,\n s.words(s.words(y))"
        );
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
