//! `systech-aidd history search`: words, phrases and what is left out, by the index.

use diesel::PgConnection;
use diesel::prelude::*;
use sandbox::env::Operator;
use systech_aidd::domain::search::Search;
use systech_aidd::store::archive::Selection;
use systech_aidd::store::schema::messages;
use systech_aidd::store::search::{self, Wanted};

use crate::support::rows::{json_lines as json, operator_of_dialogues as operator};

#[test]
fn search_finds_words_in_any_form_in_both_languages() {
    let operator = operator();
    let found = operator.run(&["history", "search", "борща", "сварил"]).ok();
    assert!(found.contains("user 1, chat 1, message 1\n    Как **сварить** **борщ**?"), "{found}");
    for (words, hits) in [
        (&["СВЕКЛА"][..], 1),
        (&["натереть", "or", "борщ"], 1),
        (&["варить -час"], 0),
        (&["\"варите час\""], 1),
        (&["soup"], 0),
        (&["soup", "--cleared"], 1),
        (&["salt", "--cleared", "--user", "2"], 0),
        (&["salt", "--cleared", "--since", "2026-01-03"], 0),
        (&["the"], 0),
        (&["борщ -сваришь"], 0),
        (&["борщ -соль"], 1),
        (&["борщ -\"борщ сварить\""], 1),
        (&["борщ -\"сварить борща\""], 0),
        (&["\"сварить, борщ!\""], 1),
        (&["«Сваришь борща»"], 1),
        (&["\"борщ сварить\""], 0),
        (&["\"варите борщ\""], 0),
        (&["\"как борщ\""], 0),
        (&["\"как сварить\""], 1),
        (&["\"варите час\" or \"борщ сварить\""], 1),
        (&["варить-час"], 0),
    ] {
        let said = operator.run(&[&["history", "search", "--json"], words].concat());
        assert_eq!(said.code, Some(if hits == 0 { 3 } else { 0 }), "{words:?}: {}{}", said.out, said.err);
        assert_eq!(json(&said.out).len(), hits, "{words:?}: {}", said.out);
    }
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length, created_at)
         SELECT 3, 3, 'user', 'soup ' || n, 6, timestamp '2026-02-01' + n * interval '1 s' FROM generate_series(1, 30) n",
    );
    let found = json(&operator.run(&["history", "search", "soups", "--json", "--limit", "5"]).ok());
    assert_eq!(found.len(), 5);
    assert_eq!(found[0]["excerpt"], "**soup** 30", "the newest first");
}

#[test]
fn what_cannot_be_searched_for_is_answered_with_what_can() {
    let operator = operator();
    let long = "борщ ".repeat(300);
    for (words, answer) in [
        ("-борщ", "a word that has to be there"),
        ("борщ or -суп", "a word that has to be there"),
        ("\"борщ", "no closing quotation mark"),
        ("?!", "at least one with letters or digits"),
        ("", "at least one with letters or digits"),
        (&long, "at most 1000 characters"),
    ] {
        let said = operator.run(&["history", "search", "--", words]).fails_with(1);
        assert!(said.contains(answer), "{words}: {said}");
    }
    assert!(operator.run(&["history", "search", "the"]).err.contains("are not searched for"));
    // What looks like the language of PostgreSQL's queries is text like any other.
    for words in ["борщ & !суп", "борщ:*", "борщ' | 'суп", "\\борщ", "(борщ", "$1", "борщ\u{301}"]
    {
        let printed = operator.run(&["history", "search", "--", words]);
        assert!(matches!(printed.code, Some(0 | 3)), "{words}: {}", printed.err);
    }
}

/// Which messages hold the phrase as it is, and which hold it in some form; the latter may leave out a first or last word
/// that everybody uses (also the `s` of `else's`, which the parser takes for a word), and then tells so.
fn exactly(conn: &mut PgConnection, phrase: &str) -> (Vec<i64>, Vec<i64>, bool) {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        id: i64,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        as_it_is: bool,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        whole: bool,
    }
    let held: Vec<Held> = diesel::sql_query(
        "SELECT id::bigint, to_tsvector('simple', content) @@ phraseto_tsquery('simple', $1) AS as_it_is,
                (SELECT bool_and(lexemes <> '{}') FROM ts_debug('russian', $1) WHERE dictionaries <> '{}') AS whole
         FROM messages WHERE to_tsvector('russian', content) @@ phraseto_tsquery('russian', $1)
         OR to_tsvector('english', content) @@ phraseto_tsquery('english', $1) ORDER BY created_at DESC, id DESC",
    )
    .bind::<diesel::sql_types::Text, _>(phrase.trim())
    .load(conn)
    .unwrap();
    let as_it_is = held.iter().filter(|held| held.as_it_is).map(|held| held.id).collect();
    (as_it_is, held.iter().map(|held| held.id).collect(), held.iter().all(|held| held.whole))
}

#[test]
fn no_phrase_is_lost_to_what_makes_the_search_fast() {
    let operator = Operator::up_to_date();
    let conn = &mut PgConnection::establish(&operator.database.url()).unwrap();
    let mut texts: Vec<String> =
        ["README.md", "README.ru.md", "docs/history.ru.md", "docs/migrations.md", "CHANGELOG.md"]
            .iter()
            .flat_map(|page| {
                let text = std::fs::read_to_string(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap();
                text.split("\n\n").map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
    texts.extend(
        [
            "He is dying slowly",
            "the skies happily cry",
            "hoping for sensibility",
            "Свёклы ЁЖИК сине-зелёный борщ-суп",
            "варить <b class='x'>суп</b>",
            "варить &nbsp;суп",
            "варить https://суп.рф/борщ",
            "варить_суп",
            "варить\n\n—\tсуп!",
            "суп варить",
            "don't panic",
            "v1.2 of foo/bar.txt",
            "2 яйца",
            "бо\u{301}рщ кипит",
        ]
        .map(str::to_owned),
    );
    for text in &texts {
        diesel::sql_query("INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (1, 1, 'user', $1, 1)")
            .bind::<diesel::sql_types::Text, _>(text)
            .execute(conn)
            .unwrap();
    }
    let mut phrases: Vec<String> = [
        "die slowly",
        "sky happy",
        "hoped for",
        "cries happiness",
        "ежики",
        "зелёному борщу",
        "варил супы",
        "foo/bar.txt",
        "2 яйцо",
    ]
    .map(str::to_owned)
    .to_vec();
    let words: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    phrases.extend(words.windows(2).step_by(words.len() / 120).map(|pair| pair.join(" ")));
    phrases.extend(words.windows(4).step_by(words.len() / 40).map(|some| some.join(" ")));
    let mut found = 0;
    for phrase in phrases {
        // A quotation mark would end the phrase.
        let phrase = phrase.replace(['"', '«', '»', '“', '”', '„'], " ");
        let Ok(search) = Search::of(&format!("\"{phrase}\"")) else { continue };
        let ids =
            search::search(conn, &search, Selection::default(), 1000, "**").unwrap().unwrap_or_default();
        let ids: Vec<i64> = ids.iter().map(|found| found.record.id).collect();
        let (as_it_is, in_some_form, whole) = exactly(conn, &phrase);
        assert!(as_it_is.iter().all(|id| ids.contains(id)), "{phrase}: {ids:?}, not {as_it_is:?}");
        assert!(ids.iter().all(|id| in_some_form.contains(id)), "{phrase}: {ids:?}, not {in_some_form:?}");
        if whole {
            assert_eq!(ids, in_some_form, "{phrase}");
        }
        found += ids.len();
    }
    assert!(found > 150, "{found}");
}

#[test]
fn a_search_reads_the_index_and_not_the_table() {
    let operator = operator();
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT n % 100, n % 100, 'user', 'слово' || n || ' near word' || n % 5000, 20
         FROM generate_series(1, 50000) AS n;
         ANALYZE messages",
    );
    let counted = "SELECT (SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'messages'),
        (SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'idx_messages_words')";
    let counters = || {
        operator.database.wait_disconnected();
        let counters = operator.psql(counted);
        let (whole, by_index) = counters.split_once('|').unwrap();
        (whole.parse::<u32>().unwrap(), by_index.parse::<u32>().unwrap())
    };
    for (words, hits) in [
        ("word42", 10),
        ("nothing", 0),
        ("\"near word42\"", 10),
        ("\"word42 near\"", 0),
        ("\"near word42\" -слово42", 9),
        ("word42 -слово42", 9),
        ("word42 -\"слово42 near\"", 9),
        ("word42 or слово4711", 11),
    ] {
        let (whole, by_index) = counters();
        let printed = operator.run(&["history", "search", words, "--json"]);
        assert_eq!(json(&printed.out).len(), hits, "{words}: {}", printed.err);
        let (now_whole, now_by_index) = counters();
        assert_eq!(now_whole, whole, "{words} reads the whole table");
        assert!(now_by_index > by_index, "{words} does not use the index");
    }
}

#[test]
fn of_a_frequent_word_only_newest_messages_are_read_and_of_a_word_said_long_ago_its_own() {
    let operator = operator();
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT n % 100, n % 100, 'user', 
                CASE WHEN n % 10 = 0 THEN 'everywhere ' ELSE '' END || 'word' || n || CASE WHEN n < 40 THEN ' long ago' ELSE '' END, 20
         FROM generate_series(1, 50000) AS n;
         ANALYZE messages",
    );
    let read = || {
        operator.database.wait_disconnected();
        let read = "SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'messages'";
        operator.psql(read).parse::<u32>().unwrap()
    };
    let before = read();
    let search =
        |words: &[&str]| json(&operator.run(&[&["history", "search", "--json"], words].concat()).ok());
    assert_eq!(search(&["everywhere", "--limit", "300"]).len(), 300);
    // Whoever looks at each message with the word reads five thousand.
    let now = read();
    assert!(now - before < 2000, "{}", now - before);
    assert_eq!(search(&["long", "ago", "--limit", "50"]).len(), 39);
    assert!(read() - now < 2000, "{}", read() - now);
}

#[test]
fn a_phrase_of_frequent_words_takes_few_messages_apart_and_none_that_a_pattern_leaves_out() {
    let operator = operator();
    operator.psql(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length)
         SELECT n % 100, n % 100, 'user', 'варить ' || CASE WHEN n % 2 = 0 THEN '' ELSE 'потом ' END || 'суп ' || n, 20
         FROM generate_series(1, 20000) AS n;
         ANALYZE messages",
    );
    let conn = &mut PgConnection::establish(&operator.database.url()).unwrap();
    let Search(alternatives) = Search::of("\"варить суп\"").unwrap();
    let wanted = Wanted::of(conn, &alternatives[0]).unwrap().unwrap();
    let candidates: Vec<i32> =
        wanted.candidates(Selection::default()).select(messages::id).load(conn).unwrap();
    assert_eq!(candidates.len(), 10_000);
    let sql = diesel::debug_query::<diesel::pg::Pg, _>(&wanted.candidates(Selection::default())).to_string();
    // Nothing that would have every message with both words taken apart: neither a recheck of a phrase nor a filter.
    assert!(!sql.contains("to_tsvector") && sql.contains("~*"), "{sql}");
    let found = search::search(conn, &Search(alternatives), Selection::default(), 20, "**").unwrap().unwrap();
    let newest: Vec<_> = found.iter().map(|found| found.record.content.clone()).collect();
    assert_eq!((newest.len(), newest[0].as_str()), (20, "варить суп 20000"));
}
