//! Reads what the bot writes to the database, function by function, and holds it against the lease: whatever a leader writes is
//! refused to one that has lost its lease (`store::lease`), or stands below with a reason.
//!
//! It knows the code by its text: a function by its name and that of its file, a call by `file::function(`. What is written within the
//! closure of a reply (`|conn, lane|`, `as_owner(|conn|`) is part of the transaction of `finish::reply`, which marks the update.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::source;

/// What a former leader may write all the same.
const FREE: &[(&str, &str)] = &[
    ("ledger::store", "what a call cost is true whoever leads by now"),
    ("finish::store", "a part of one statement with `finish::done`, which is guarded"),
    ("inbox::sweep", "deletes what is over by the clock of the database"),
    ("attachments::sweep", "deletes what belongs to nothing"),
    ("attachments::empty_older_than", "deletes what is over by the clock of the database"),
    ("expiry::older_than", "deletes what is over by the clock of the database"),
    ("expiry::parts_older_than", "deletes what is over by the clock of the database"),
    ("expiry::callers_older_than", "deletes what is over by the clock of the database"),
    ("facts::purge", "deletes what is over by the clock of the database"),
    ("proposals::purge", "deletes what is over by the clock of the database"),
    ("strangers::sweep", "deletes what is over by the clock of the database"),
    ("topics::sweep", "deletes what is over by the clock of the database"),
    ("due::sweep", "deletes what was withdrawn"),
    ("searches::sweep", "deletes what is over by the clock of the database"),
];

/// Whoever may call the store.
const CALLERS: [&str; 7] = ["boot", "cli", "config", "console", "database", "pipeline", "status"];

/// What is called as a method, so that nobody is seen to call it.
const METHODS: [(&str, &str); 2] =
    [("claim::take", "takes the lease itself"), ("ledger::insert", "the statement of `ledger::store`")];

/// What begins a statement that writes.
const WRITES: [&str; 6] =
    ["diesel::update(", "diesel::insert_into(", "diesel::delete(", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
/// What refuses it to a former leader.
const GUARDS: [&str; 2] = ["led(", "check(conn"];

/// Every file of this part of the program, by its module within it: its text without comments.
fn files(part: &str) -> BTreeMap<String, String> {
    let below = format!("{part}::");
    let files =
        source::files().into_iter().filter(|(module, _)| module == part || module.starts_with(&below));
    let of_part = files.map(|(module, text)| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let module = module.strip_prefix(&below).unwrap_or(&module).to_owned();
        (module, code.collect::<Vec<_>>().join("\n"))
    });
    of_part.collect()
}

/// The functions of a file: their names, and their texts down to the bracket that closes them.
fn functions(code: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((before, rest)) = line.trim_start().split_once("fn ") else { continue };
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let name = rest[..rest.find(['(', '<']).unwrap()].to_owned();
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let body = lines[index..].iter().take_while(|line| **line != end);
        functions.push((name, body.copied().collect::<Vec<_>>().join("\n")));
    }
    functions
}

/// Words that are followed by what `ends` takes, each with the path before it (`file::word`) and its place.
fn words(text: &str) -> impl Iterator<Item = (Option<&str>, &str, &str, usize)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + text[at..].find(is_word)?;
        let end = text[begin..].find(|c| !is_word(c)).map_or(text.len(), |length| begin + length);
        at = end;
        let before = &text[..begin];
        let path = before.strip_suffix("::").map(|before| {
            &before[before
                .rfind(|c| !is_word(c))
                .map_or(0, |place| place + before[place..].chars().next().unwrap().len_utf8())..]
        });
        Some((path, &text[begin..end], &text[end..], begin))
    })
}

/// The store: its functions by `file::function`, and who calls whom.
struct Store {
    files: BTreeMap<String, String>,
    functions: BTreeMap<String, String>,
    calls: BTreeMap<String, BTreeSet<String>>,
    used: RefCell<BTreeSet<&'static str>>,
}

impl Store {
    fn read() -> Self {
        let files = files("store");
        let mut functions = BTreeMap::new();
        for (module, code) in &files {
            for (name, body) in self::functions(code) {
                functions.insert(format!("{module}::{name}"), body);
            }
        }
        let mut store = Self { files, functions, calls: BTreeMap::new(), used: RefCell::default() };
        let calls =
            store.functions.iter().map(|(function, body)| (function.clone(), store.called(function, body)));
        store.calls = calls.collect();
        store
    }

    /// Whom a piece of this function calls.
    fn called(&self, function: &str, piece: &str) -> BTreeSet<String> {
        let module = function.rsplit_once("::").unwrap().0;
        let called = self.named(&self.files[module], piece, Some(module)).map(|(called, _)| called);
        called.filter(|called| called != function).collect()
    }

    /// The functions of the store that stand in this piece of a file, each with its place.
    fn named<'a>(
        &'a self,
        file: &'a str,
        piece: &'a str,
        own: Option<&'a str>,
    ) -> impl Iterator<Item = (String, usize)> + 'a {
        words(piece).filter_map(move |(path, word, rest, place)| {
            let called = match path {
                // `use … as …`: what a module is called here.
                Some(path) => self.known(&format!("{}::{word}", renamed(file, path))),
                None if !rest.starts_with('(') || piece[..place].ends_with('.') => None,
                None => own
                    .and_then(|own| self.known(&format!("{own}::{word}")))
                    .or_else(|| self.known(&format!("{}::{word}", imported(file, word)?))),
            };
            Some((called?, place))
        })
    }

    /// Its whole name; a module may be named by its last word, and may give out what stands in the files below it.
    fn known(&self, name: &str) -> Option<String> {
        let (module, function) = name.rsplit_once("::")?;
        let module = format!("::{module}::");
        let found = self.functions.keys().filter(|key| {
            let (file, name) = key.rsplit_once("::").unwrap();
            name == function && format!("::{file}::").contains(&module)
        });
        found.min_by_key(|key| key.len()).cloned()
    }

    fn is_free(&self, function: &str) -> bool {
        let found = FREE.iter().find(|(free, _)| *free == function);
        self.used.borrow_mut().extend(found.map(|(free, _)| *free));
        found.is_some()
    }

    /// All that it runs, itself too; without what is free, or with it.
    fn runs(&self, function: &str, with_free: bool) -> BTreeSet<&str> {
        let mut all = BTreeSet::new();
        let mut left = vec![function];
        while let Some(next) = left.pop() {
            let Some((name, _)) = self.functions.get_key_value(next) else { continue };
            if (with_free || !self.is_free(next)) && all.insert(name.as_str()) {
                left.extend(self.calls[next].iter().map(String::as_str));
            }
        }
        all
    }

    /// What of it a former leader could write. What is refused of a transaction is refused with all of it; what stands before one
    /// is by itself.
    fn unguarded(&self, function: &str) -> Vec<String> {
        let Some(body) = self.functions.get(function).filter(|_| !self.is_free(function)) else {
            return Vec::new();
        };
        // Its own statements compare the epoch.
        if function.starts_with("lease::") {
            return Vec::new();
        }
        let (alone, together) = body.split_once(".transaction(").unwrap_or((body, ""));
        let called = self.called(function, together);
        let writes =
            |name: &str| self.runs(name, false).iter().any(|name| writes(&self.functions[*name]) > 0);
        let guards = |name: &str| self.runs(name, true).iter().any(|name| self.guards(name) > 0);
        if (self::writes(together) > 0 || called.iter().any(|name| writes(name)))
            && guarded(together) == 0
            && !called.iter().any(|name| guards(name))
        {
            return vec![function.to_owned()];
        }
        if self::writes(alone) > guarded(alone) {
            return vec![function.to_owned()];
        }
        let called = self.called(function, alone);
        called.iter().filter(|name| writes(name)).flat_map(|name| self.unguarded(name)).collect()
    }

    fn guards(&self, function: &str) -> usize {
        usize::from(function.starts_with("lease::")) + guarded(&self.functions[function])
    }
}

/// How many statements of a text write.
fn writes(text: &str) -> usize {
    WRITES.iter().map(|word| text.matches(word).count()).sum()
}

/// How many of them the lease guards.
fn guarded(text: &str) -> usize {
    let guards =
        |word: &&str| text.match_indices(word).filter(|(at, _)| source::begins_a_word(text, *at)).count();
    GUARDS.iter().map(guards).sum()
}

/// What a module is called where the file says `use …::this as that`.
fn renamed<'a>(file: &'a str, name: &'a str) -> &'a str {
    let uses = file.lines().filter(|line| line.starts_with("use "));
    let mut renamed = uses.filter_map(|line| {
        let (before, _) = line.split_once(&format!(" as {name}"))?;
        let before = before.trim_end_matches("::{self");
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    renamed.next_back().unwrap_or(name)
}

/// The module from which the file has a function.
fn imported<'a>(file: &'a str, function: &str) -> Option<&'a str> {
    file.split("\nuse ").skip(1).map(|part| part.split(';').next().unwrap()).find_map(|path| {
        let (module, names) = path.split_once("::{").or_else(|| path.rsplit_once("::"))?;
        let names = names.trim_end_matches('}').split(',').map(str::trim);
        names.into_iter().any(|name| name == function).then(|| module.rsplit("::").next().unwrap())
    })
}

#[test]
fn whatever_a_leader_writes_is_refused_to_one_that_has_lost_its_lease() {
    let store = Store::read();
    let mut unguarded = Vec::new();
    let files = ["pipeline", "boot"].into_iter().flat_map(files);
    for (module, code) in files {
        for (function, place) in store.named(&code, &code, None) {
            let closure = ["|conn|", "|conn, ", "conn: &mut PgConnection"]
                .into_iter()
                .filter_map(|begins| Some((code[..place].rfind(begins)?, begins)))
                .max();
            let function_begins = code[..place].rfind("fn ").unwrap_or_default();
            let within_a_reply = closure.is_some_and(|(at, begins)| {
                at > function_begins && (begins == "|conn, " || code[..at].ends_with("as_owner("))
            });
            if !within_a_reply {
                let found = store.unguarded(&function);
                unguarded.extend(found.into_iter().map(|writes| format!("{module}: {function}: {writes}")));
            }
        }
    }
    assert!(unguarded.is_empty(), "written by a former leader, too:\n{}", unguarded.join("\n"));
    let unused: Vec<_> =
        FREE.iter().map(|(free, _)| *free).filter(|free| !store.used.borrow().contains(free)).collect();
    assert!(unused.is_empty(), "free, and written by nobody: {unused:?}");
}

#[test]
fn the_test_above_sees_who_calls_what_writes() {
    let store = Store::read();
    let mut reached = BTreeSet::new();
    for code in CALLERS.into_iter().flat_map(files).map(|(_, code)| code) {
        for (function, _) in store.named(&code, &code, None) {
            reached.extend(store.runs(&function, true).into_iter().map(str::to_owned));
        }
    }
    let written = store.functions.iter().filter(|(_, body)| writes(body) > 0).map(|(name, _)| name.as_str());
    let unseen: BTreeSet<&str> = written.filter(|name| !reached.contains(*name)).collect();
    assert_eq!(unseen, METHODS.iter().map(|(name, _)| *name).collect(), "nobody is seen to call these");
}
