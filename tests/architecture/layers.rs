//! Reads every `use` of the program and holds it against the map of ARCHITECTURE.md: arrows go down, and never in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::source;

/// The layers from the top. A module uses what stands in a later line; within a line nobody uses anybody.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["boot"],
    &["console"],
    &["pipeline"],
    &["status", "database"],
    &["config"],
    &["store", "telegram", "llm", "extract", "render"],
    &["domain"],
    &["base"],
    &["metrics"],
];

/// What `domain` must not touch: the outside world.
const INPUT_AND_OUTPUT: &[&str] = &[
    "env::",
    "fs::",
    "io::",
    "net::",
    "process::",
    "thread::",
    "rustix",
    "libc",
    "SystemTime",
    "Instant::now",
    "elapsed()",
    "tokio",
    "reqwest",
    "PgConnection",
    "tracing",
];

/// Every file of the program but `lib.rs`: its module path, and its code without comments, strings and tests.
fn sources() -> BTreeMap<String, String> {
    let files = source::files().into_iter().filter(|(module, _)| module != "lib");
    files.map(|(module, text)| (module, code(&text))).collect()
}

/// The text without comments and literals.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with("//") {
            continue;
        }
        let mut quoted = false;
        let mut escaped = false;
        for (index, c) in line.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '/' if !quoted && line[index..].starts_with("//") => break,
                _ if !quoted => code.push(c),
                _ => {}
            }
        }
        code.push('\n');
    }
    code
}

/// Every path of the crate that a module names, in full and with its braces opened.
fn named(module: &str, code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    // What a folder's own module names by the names of its files.
    for child in code.lines().filter_map(|line| line.trim().strip_suffix(';')?.rsplit_once("mod ")) {
        let path = format!("{}::", child.1);
        let begins =
            |index: usize| !code[..index].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        if code.match_indices(&path).any(|(index, _)| begins(index)) {
            paths.insert(format!("{module}::{}", child.1));
        }
    }
    for start in ["crate::", "super::", "systech_aidd::"] {
        for (index, _) in code.match_indices(start) {
            let before = code[..index].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            if code[..index].ends_with("pub(in ") {
                // Who may see something is no use of it.
                continue;
            }
            let rest = &code[index + start.len()..];
            let parent = module.rsplit_once("::").filter(|_| start == "super::");
            let prefix = parent.map_or(String::new(), |(parent, _)| format!("{parent}::"));
            open(&prefix, rest, &mut paths);
        }
    }
    paths
}

/// Adds `a::b::c` or `a::{b, c::d}` from the beginning of `rest`.
fn open(prefix: &str, rest: &str, paths: &mut BTreeSet<String>) -> usize {
    let mut path = String::new();
    for (index, c) in rest.char_indices() {
        match c {
            '{' if path.is_empty() || path.ends_with("::") => {
                let prefix = format!("{prefix}{path}");
                let mut at = index + 1;
                loop {
                    at += rest[at..].len() - rest[at..].trim_start_matches([' ', '\n', ',']).len();
                    if rest[at..].starts_with('}') || rest[at..].is_empty() {
                        return at + 1;
                    }
                    at += open(&prefix, &rest[at..], paths);
                }
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => path.push(c),
            _ => {
                if !path.is_empty() {
                    paths.insert(format!("{prefix}{}", path.trim_end_matches(':')));
                }
                // An alias is no path.
                let alias = rest[index..].strip_prefix(" as ");
                let skipped = alias.map_or(0, |alias| 4 + alias.find([',', '}', ';']).unwrap_or(0));
                return (index + skipped).max(1);
            }
        }
    }
    rest.len()
}

/// The module that a path leads into, if it is one of ours: the longest one whose name it begins with.
fn target<'a>(path: &str, modules: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let mut path = path;
    loop {
        if let Some((module, _)) = modules.get_key_value(path) {
            return Some(module);
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// Who uses whom.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let mut arrows = BTreeMap::new();
    for (module, code) in &sources {
        let used = named(module, code);
        let targets = used.iter().filter_map(|path| target(path, &sources));
        let others = targets.filter(|other| other != module).map(str::to_owned);
        arrows.insert(module.clone(), others.collect());
    }
    arrows
}

/// Those that stand in the code, and not at the end of longer words.
fn words<'a>(code: &'a str, words: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let stands = move |word: &&str| code.match_indices(word).any(|(at, _)| source::begins_a_word(code, at));
    words.iter().copied().filter(stands)
}

fn layer(module: &str) -> usize {
    let top = module.split("::").next().unwrap();
    LAYERS.iter().position(|layer| layer.contains(&top)).unwrap_or_else(|| panic!("{top} stands in no layer"))
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap()
}

#[test]
fn every_arrow_between_modules_goes_down() {
    let mut wrong = Vec::new();
    for (from, used) in arrows() {
        for to in used {
            if top(&from) != top(&to) && layer(&from) >= layer(&to) {
                wrong.push(format!("{from} uses {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not go down:\n{}", wrong.join("\n"));
}

/// The circles of a graph: what is left when whoever uses nobody, or is used by nobody, is taken away again and again.
fn circles(mut arrows: BTreeMap<String, BTreeSet<String>>) -> String {
    loop {
        let used: BTreeSet<String> = arrows.values().flatten().cloned().collect();
        let count = arrows.len();
        let rest: BTreeSet<String> = arrows.keys().cloned().collect();
        arrows.retain(|module, uses| used.contains(module) && uses.iter().any(|to| rest.contains(to)));
        if arrows.len() == count {
            break;
        }
        for uses in arrows.values_mut() {
            uses.retain(|to| rest.contains(to));
        }
    }
    let rows = arrows.iter().map(|(from, uses)| {
        let within: Vec<_> = uses.iter().filter(|to| arrows.contains_key(*to)).map(String::as_str).collect();
        format!("{from} uses {}", within.join(", "))
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = circles(arrows());
    assert!(circles.is_empty(), "circles of files:\n{circles}");
}

#[test]
fn no_folders_use_each_other_in_a_circle() {
    // `a::b::c` as a part of `a::b`
    let part = |module: &str| module.split("::").take(2).collect::<Vec<_>>().join("::");
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, used) in arrows() {
        let others = used.iter().map(|to| part(to)).filter(|to| *to != part(&from));
        parts.entry(part(&from)).or_default().extend(others);
    }
    let circles = circles(parts);
    assert!(circles.is_empty(), "circles of folders:\n{circles}");
}

#[test]
fn only_the_store_knows_the_tables() {
    for (from, used) in arrows() {
        let knows = used.iter().any(|to| to == "store::schema");
        assert!(!knows || top(&from) == "store", "{from} uses store::schema");
    }
}

#[test]
fn the_domain_touches_nothing_outside() {
    for (module, code) in sources() {
        if top(&module) == "domain" {
            let touched: Vec<_> = words(&code, INPUT_AND_OUTPUT).collect();
            assert!(touched.is_empty(), "{module} touches {touched:?}");
        }
    }
}

#[test]
fn only_boot_starts_threads() {
    for (module, code) in sources() {
        let starts = ["thread::spawn", "thread::Builder", "thread::scope", "new_multi_thread"];
        let from_braces = code.split("thread::{").skip(1).filter_map(|rest| rest.split('}').next());
        let imports = |names: &str| ["spawn", "Builder", "scope"].iter().any(|name| names.contains(name));
        let starts = words(&code, &starts).next().is_some() || from_braces.into_iter().any(imports);
        // The bot's own and that of the HTTP client; doctor looks at its three neighbours at once, and at all models; a migration
        // tells how far it is.
        let may = [
            "boot::threads",
            "base::http",
            "cli::doctor",
            "cli::doctor::model",
            "database::migrate::progress",
        ];
        assert!(!starts || may.contains(&&*module), "{module} starts a thread");
    }
}

#[test]
fn only_what_libpq_libc_and_linux_offer_no_safe_call_for_is_unsafe() {
    for (module, code) in sources() {
        let is_unsafe = ["unsafe {", "unsafe_code"].iter().any(|word| code.contains(word));
        assert!(
            !is_unsafe
                || ["store::sqlstate", "store::probe", "store::sockets", "extract::locks", "base::memory"]
                    .contains(&&*module),
            "{module} is unsafe"
        );
    }
}

#[test]
fn architecture_md_shows_the_same_layers() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).unwrap();
    let (_, map) = text.split_once("<!-- layers -->").expect("the map in ARCHITECTURE.md");
    let (map, _) = map.split_once("<!-- end of layers -->").expect("its end");
    let rows = map.lines().filter(|line| line.starts_with("| `"));
    let shown: Vec<Vec<&str>> =
        rows.map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect()).collect();
    assert_eq!(shown, LAYERS);
}
