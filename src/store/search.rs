//! Messages by their words, with idx_messages_words, and by those of their files (`files`).
//!
//! The index knows which messages have a word, and not which of them are the newest: of a word that everybody uses, PostgreSQL
//! would take a hundred thousand messages to tell. The newest numbers are therefore looked through first, and more of them each
//! time, until there are enough hits; of each such stretch it reads only the messages that have the words.
//!
//! The index does not know where in a message a word is, so it finds no phrase: PostgreSQL would take every message with
//! all words of a phrase apart, 50 µs each. A pattern that costs a tenth of that leaves out nearly all of them first, and the
//! rest is looked at from the newest on, until there are enough.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{not, sql};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};
use diesel_full_text_search::configuration::TsConfigurationByName;
use diesel_full_text_search::{TsQuery, TsVector, TsVectorExtensions};
use serde::Serialize;

use super::archive::{Record, Selection};
use super::message_id::{MessageId, among, numbers};
use super::schema::messages;
use super::topic::Condition;
use crate::domain::search::{Search, Term};

mod files;
mod phrase;

use files::Place;
use phrase::{Phrase, Reading, options};

diesel::define_sql_function! {
    /// What a text is found by (a function of the database: see its migration).
    fn message_words(content: Text) -> TsVector;
}
diesel::define_sql_function! {
    /// The place in a text where the words of a query are.
    fn ts_headline(
        config: diesel_full_text_search::RegConfig,
        content: Text,
        query: diesel_full_text_search::TsQuery,
        options: Text
    ) -> Text;
}

/// So many numbers of messages are looked through one after the other, from the newest on, and then all others. The first are so few
/// that their messages may be taken apart one by one, which finds the words that are nearly everywhere.
const STRETCHES: [i64; 3] = [256, 8192, 65_536];

/// How many candidates are looked at first; each time that was not enough, four times as many.
const FIRST_LOOK: usize = 100;

/// A message that is searched for.
#[derive(Serialize)]
pub struct Found {
    /// The message.
    #[serde(flatten)]
    pub record: Record,
    /// The place where the words are, each between two marks.
    pub excerpt: String,
    /// The name of the file with that place; `None`: it is in what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Some terms that have to come together, as PostgreSQL understands them.
pub struct Wanted {
    /// A tsquery of the words, which the index answers exactly.
    words: String,
    /// The words that have to be there, for the excerpt.
    shown: String,
    /// What the index does not answer.
    phrases: Vec<Phrase>,
}

/// The newest `limit` selected messages that are searched for; what was found stands between two `mark`s. `None`: there are
/// only words in the search that everybody uses, and those are not in the index.
pub fn search(
    conn: &mut PgConnection,
    search: &Search,
    selection: Selection,
    limit: i64,
    mark: &str,
) -> QueryResult<Option<Vec<Found>>> {
    conn.transaction(|conn| {
        // With the usual 4 MB, what PostgreSQL remembers of a hundred thousand hits is their pages only, and it
        // would read
        // every message on them again: tried on a million, 25 s.
        diesel::sql_query("SET LOCAL work_mem TO '64MB'").execute(conn)?;
        let wanted = search.0.iter().filter_map(|terms| Wanted::of(conn, terms).transpose());
        let wanted: Vec<Wanted> = wanted.collect::<QueryResult<_>>()?;
        if wanted.is_empty() {
            return Ok(None);
        }
        let (mut ids, mut files, mut may_walk) = (BTreeSet::new(), BTreeMap::new(), true);
        for stretch in stretches(conn, selection)? {
            // More than the first few are not to be taken apart one by one, for the planner takes that to cost little.
            let few =
                stretch.from.zip(stretch.below).is_some_and(|(from, below)| below - from <= STRETCHES[0]);
            if !few && may_walk {
                walk(conn, false)?;
                may_walk = false;
            }
            for one in &wanted {
                ids.extend(one.newest(conn, stretch, limit)?);
                files.extend(files::newest(conn, &one.words, &one.phrases, stretch, limit)?);
            }
            let found = ids.len() + files.keys().filter(|id| !ids.contains(id)).count();
            if i64::try_from(found).is_ok_and(|found| found >= limit) {
                break;
            }
        }
        walk(conn, true)?;
        let shown = wanted.iter().map(|one| &*one.shown).collect::<Vec<_>>().join(" | ");
        let excerpt = ts_headline(
            TsConfigurationByName("russian"),
            messages::content,
            tsquery(shown.clone()),
            options(mark),
        );
        let all: Vec<i64> = ids.iter().copied().chain(files.keys().copied()).collect();
        let found: Vec<(Record, String)> = messages::table
            .filter(among("messages.id", all))
            .order(messages::id.desc())
            .limit(limit)
            .select((Record::as_select(), excerpt))
            .load(conn)?;
        let is_said = |record: &Record| ids.contains(&record.id);
        let found = found.into_iter().map(|(record, excerpt)| {
            let file = files.get(&record.id).filter(|_| !is_said(&record));
            let place = file.map_or(Ok(None), |file| files::place(conn, *file, &shown, mark))?;
            Ok(match place {
                Some(Place { name, excerpt }) => {
                    Found { record, excerpt, file: Some(name.unwrap_or_default()) }
                }
                None => Found { record, excerpt, file: None },
            })
        });
        found.collect::<QueryResult<_>>().map(Some)
    })
}

/// Whether PostgreSQL may look at one message after the other until there are enough, instead of asking the index of words.
fn walk(conn: &mut PgConnection, may: bool) -> QueryResult<()> {
    let may = if may { "on" } else { "off" };
    diesel::sql_query(format!("SET LOCAL enable_indexscan TO {may}")).execute(conn).map(drop)
}

/// What is looked through one after the other. What one person wrote is looked at as a whole: it is not much.
fn stretches(conn: &mut PgConnection, selection: Selection) -> QueryResult<Vec<Selection>> {
    if selection.user_id.is_some() {
        return Ok(vec![selection]);
    }
    let newest = messages::table.order(messages::id.desc()).select(messages::id);
    let newest = newest.first::<MessageId>(conn).optional()?.map_or(0, i64::from);
    let mut below = selection.below.unwrap_or(i64::MAX).min(newest.saturating_add(1));
    let mut stretches = Vec::new();
    for length in STRETCHES {
        let from = below.saturating_sub(length);
        stretches.push(Selection { from: Some(from), below: Some(below), ..selection });
        below = from;
        if below < 1 {
            break;
        }
    }
    stretches.push(Selection { below: Some(below), ..selection });
    Ok(stretches)
}

impl Wanted {
    /// `None`: there is no word to find anything by.
    pub fn of(conn: &mut PgConnection, terms: &[Term]) -> QueryResult<Option<Self>> {
        let (mut words, mut shown, mut phrases) = (Vec::new(), Vec::new(), Vec::new());
        for term in terms {
            let readings = readings(conn, &term.text)?;
            let of_term = self::words(&readings);
            if of_term.is_empty() {
                continue;
            }
            match term.without {
                // Who has all words of a phrase may have them elsewhere.
                true if term.is_word() => words.push(format!("!({of_term})")),
                true => {}
                false => {
                    words.push(format!("({of_term})"));
                    shown.push(format!("({of_term})"));
                }
            }
            if !term.is_word() {
                phrases.push(phrase(readings, term.without));
            }
        }
        let wanted = Self { words: words.join(" & "), shown: format!("({})", shown.join(" & ")), phrases };
        Ok((!shown.is_empty()).then_some(wanted))
    }

    /// The newest messages, the newest first.
    fn newest(&self, conn: &mut PgConnection, selection: Selection, limit: i64) -> QueryResult<Vec<i64>> {
        let candidates = self.candidates(selection).select(messages::id);
        if self.phrases.is_empty() {
            return candidates.limit(limit).load(conn).map(numbers);
        }
        let mut candidates: &[i64] = &numbers(candidates.load(conn)?);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut found, mut look) = (Vec::new(), FIRST_LOOK);
        while !candidates.is_empty() && found.len() < wanted {
            let (some, rest) = candidates.split_at(look.min(candidates.len()));
            let mut query =
                messages::table.filter(among("messages.id", some.to_vec())).select(messages::id).into_boxed();
            for phrase in &self.phrases {
                query = query.filter(phrase.condition());
            }
            let fit = numbers(query.load(conn)?);
            found.extend(some.iter().filter(|id| fit.contains(id)).take(wanted - found.len()));
            (candidates, look) = (rest, look * 4);
        }
        Ok(found)
    }

    /// What may be wanted, the newest first.
    pub fn candidates(&self, selection: Selection) -> messages::BoxedQuery<'static, Pg> {
        let mut query =
            selection.query().filter(message_words(messages::content).matches(tsquery(self.words.clone())));
        for phrase in self.phrases.iter().filter(|phrase| !phrase.without) {
            query = query.filter(fits(phrase.pattern.clone()));
        }
        query.order(messages::id.desc())
    }
}

impl Phrase {
    /// Each reading by itself: in message_words, the end of one meets the beginning of the other. The pattern, which costs
    /// little, comes first.
    fn condition(&self) -> Condition {
        let read = self.readings.iter().map(|reading| -> Condition {
            let words = sql::<Bool>("to_tsvector(").bind::<Text, _>(reading.language.clone());
            let words = words.sql("::regconfig, left(content, 65536)) @@ ");
            Box::new(words.bind::<Text, _>(reading.phrase.clone()).sql("::tsquery"))
        });
        let any = read.reduce(|one, other| Box::new(one.or(other))).unwrap_or_else(|| Box::new(sql("false")));
        let holds = fits(self.pattern.clone()).and(any);
        if self.without { Box::new(not(holds)) } else { Box::new(holds) }
    }
}

fn fits(pattern: String) -> Condition {
    Box::new(sql::<Bool>("content ~* ").bind::<Text, _>(pattern))
}

fn tsquery(text: String) -> Box<dyn BoxableExpression<messages::table, Pg, SqlType = TsQuery>> {
    Box::new(sql::<TsQuery>("").bind::<Text, _>(text).sql("::tsquery"))
}

/// The languages of message_words, and the one that takes every word as it is.
const LANGUAGES: [&str; 3] = ["russian", "english", "simple"];

/// How PostgreSQL reads a term in each of LANGUAGES.
fn readings(conn: &mut PgConnection, text: &str) -> QueryResult<Vec<Reading>> {
    let lexemes = "unnest(to_tsvector(language::regconfig, $1)) AS of, unnest(of.positions) AS place";
    diesel::sql_query(format!(
        "SELECT language, plainto_tsquery(language::regconfig, $1)::text AS words,
                phraseto_tsquery(language::regconfig, $1)::text AS phrase,
                array(SELECT lexeme FROM {lexemes} ORDER BY place, lexeme) AS lexemes,
                array(SELECT place::int FROM {lexemes} ORDER BY place, lexeme) AS places
         FROM unnest($2) WITH ORDINALITY AS of (language, nr) ORDER BY nr"
    ))
    .bind::<Text, _>(text)
    .bind::<Array<Text>, _>(LANGUAGES.as_slice())
    .load(conn)
}

/// A tsquery of what any of the languages of message_words finds by the words; empty where none does.
fn words(readings: &[Reading]) -> String {
    let some = readings.iter().filter(|read| read.language != "simple" && !read.words.is_empty());
    some.map(|read| format!("({})", read.words)).collect::<Vec<_>>().join(" | ")
}

/// A language that leaves out the first or the last word, for everybody uses it, would find the rest of the phrase anywhere:
/// then the phrase is taken as it is.
fn phrase(mut readings: Vec<Reading>, without: bool) -> Phrase {
    let ends = |read: &Reading| (read.places.first().copied(), read.places.last().copied());
    let whole = readings.last().map(ends);
    readings.retain(|read| Some(ends(read)) == whole);
    if readings.len() > 1 {
        readings.retain(|read| read.language != "simple");
    }
    let patterns = readings.iter().filter_map(|read| pattern(&read.lexemes, &read.places));
    Phrase { without, pattern: patterns.collect::<Vec<_>>().join("|"), readings }
}

/// Between two words that follow each other: nothing that PostgreSQL's parser takes for a word.
const BETWEEN: &str = "[[:alnum:]]*(?:[^[:alnum:]]|<[^<>]*>|&[[:alnum:]#]+;|[[:alpha:]]+://)+";

/// What every text fits that holds these lexemes at these places, one after the other. `None`: there are no lexemes.
fn pattern(lexemes: &[String], places: &[i32]) -> Option<String> {
    let mut pattern = beginning(lexemes.first()?);
    let pairs = lexemes.iter().zip(places);
    for ((left, at), (right, then)) in pairs.clone().zip(pairs.skip(1)) {
        let (left, right) = (beginning(left), beginning(right));
        // A place in between is that of a word that everybody uses.
        let known = !left.is_empty() && !right.is_empty() && then - at == 1;
        pattern.push_str(if known { BETWEEN } else { ".*" });
        pattern.push_str(&right);
    }
    Some(format!("(?:{pattern})"))
}

/// How every word begins whose lexeme this is; empty where that is not known. The Russian stemmer takes ends away and makes ё
/// a е; the English one may change two letters of what is left (`happi`, `hope`), of short words all but one (`die`, `dying`).
fn beginning(lexeme: &str) -> String {
    if lexeme.chars().all(|c| matches!(c, 'а'..='я' | 'ё')) {
        return lexeme.replace(['е', 'ё'], "[её]");
    }
    if lexeme.chars().all(|c| c.is_ascii_alphabetic()) {
        let kept = if lexeme.len() > 3 { lexeme.len() - 2 } else { 1 };
        return lexeme[..kept].to_owned();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_holds_only_what_is_known_of_the_words() {
        let of = |lexemes: &[&str], places: &[i32]| {
            pattern(&lexemes.iter().map(ToString::to_string).collect::<Vec<_>>(), places)
        };
        assert_eq!(of(&["вар", "свекл"], &[1, 2]), Some(format!("(?:вар{BETWEEN}св[её]кл)")));
        assert_eq!(of(&["суп", "свекл"], &[1, 3]).as_deref(), Some("(?:суп.*св[её]кл)"));
        assert_eq!(of(&["die", "c++", "happi"], &[1, 2, 3]).as_deref(), Some("(?:d.*.*hap)"));
        assert_eq!(of(&[], &[]), None);
    }
}
