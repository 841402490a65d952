//! The documents agree: each has a Russian twin of the same structure, every link and every file they name is there, and
//! the table of settings is that of `--help` and of the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex_lite::Regex;

use super::packaging::{example, file};

const CONFIGURATION: [&str; 2] = ["docs/configuration.md", "docs/configuration.ru.md"];

/// What a section of a document says that has no language.
#[derive(Debug, Default, PartialEq)]
struct Section {
    level: usize,
    /// What stands in backticks, and where links lead.
    names: BTreeSet<String>,
    /// The lines of its blocks, without what is told to people.
    commands: Vec<String>,
    items: usize,
    rows: usize,
}

fn sections(document: &str) -> Vec<Section> {
    let item = Regex::new(r"^(-|\d+\.) ").unwrap();
    let mut sections = vec![Section::default()];
    // the kind of the block that the line is in
    let mut block: Option<&str> = None;
    let document = document.replace(".ru.md", ".md").replace(".ru.svg", ".svg");
    for line in document
        .lines()
        .filter(|line| !line.starts_with("[По-русски](") && !line.starts_with("[In English]("))
    {
        let section = sections.last_mut().unwrap();
        if let Some(kind) = line.strip_prefix("```") {
            block = block.is_none().then_some(kind);
        } else if let Some(kind) = block {
            let command = line.split(" # ").next().unwrap().trim_end();
            let told = command.starts_with("-- ") || command.starts_with("# ");
            // what commands say is replayed, and holds times
            let output = kind == "console" && !line.starts_with("$ ") && !line.starts_with("> ");
            section.commands.extend((!told && !output).then(|| command.to_owned()));
        } else if line.starts_with('#') {
            let level = line.find(' ').unwrap();
            sections.push(Section { level, ..Section::default() });
        } else {
            section.items += usize::from(item.is_match(line));
            section.rows += usize::from(line.starts_with('|'));
            section.names.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
            // the anchors are headings, which have a language
            let links = links(line).map(|link| link.split('#').next().unwrap().to_owned());
            section.names.extend(links);
        }
    }
    sections
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Every document but the Russian ones.
fn english() -> Vec<String> {
    let entries = fs::read_dir(format!("{}/docs", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = entries.map(|entry| format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()));
    // NAME.md, and not NAME.ru.md or a picture
    let is_english = |name: &String| name.split_once('.').is_some_and(|(_, rest)| rest == "md");
    names.filter(is_english).chain(["README.md".to_owned()]).collect()
}

fn russian(english: &str) -> String {
    english.replace(".md", ".ru.md")
}

#[test]
fn each_document_has_a_russian_twin_with_the_same_sections_tables_names_and_commands() {
    let documents = english();
    assert!(documents.len() > 5, "{documents:?}");
    for name in documents {
        let twin = russian(&name);
        let [one, other] = [&name, &twin].map(|name| file(name));
        let leads_to =
            |text: &str, name: &str| text.contains(&format!("]({})", name.trim_start_matches("docs/")));
        assert!(leads_to(&one, &twin) && leads_to(&other, &name), "{name} and its twin lead to each other");
        let (one, other) = (sections(&one), sections(&other));
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{name} (left) and {twin} (right)");
        }
        assert_eq!(one.len(), other.len(), "{name}");
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// Whether a path, whose last part may have a `*`, leads to something in the checkout.
fn leads_somewhere(path: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some((before, after)) = path.split_once('*') else { return root.join(path).exists() };
    let (folder, before) = before.rsplit_once('/').unwrap();
    let mut entries = fs::read_dir(root.join(folder)).into_iter().flatten();
    entries.any(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.starts_with(before) && name.ends_with(after)
    })
}

#[test]
fn every_link_and_every_file_that_the_documents_name_leads_somewhere() {
    let in_checkout =
        Regex::new(r"^(src|tests|docs|contrib|scripts|benches|examples|sandbox|fuzz|prompts|\.ci)/[^ ]*$")
            .unwrap();
    let twins: Vec<_> = english().iter().map(|name| russian(name)).collect();
    let others = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned);
    for name in english().into_iter().chain(twins).chain(others) {
        let text = file(&name);
        let folder = name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for link in links(&text).filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = format!("{folder}{path}");
            assert!(leads_somewhere(&target), "{name} links to {link}");
            if !heading.is_empty() {
                let is_it = |line: &str| line.starts_with('#') && anchor(line) == heading;
                assert!(file(&target).lines().any(is_it), "{name} links to {link}");
            }
        }
        let named = text.split('`').skip(1).step_by(2).filter(|word| in_checkout.is_match(word));
        for path in named {
            assert!(leads_somewhere(path), "{name} names {path}");
        }
    }
}

#[test]
fn the_readme_is_read_in_a_few_minutes() {
    for name in ["README.md", "README.ru.md"] {
        let lines = file(name).lines().count();
        assert!(lines <= 250, "{name} has {lines} lines");
    }
}

/// The table of settings: variable, default, values, each without backticks.
fn settings(document: &str) -> Vec<[String; 3]> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        [(); 3].map(|()| cells.next().unwrap())
    })
    .collect()
}

#[test]
fn the_table_of_settings_names_every_setting_with_the_default_of_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_systech-aidd")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let examples: BTreeSet<_> = example().into_iter().map(|(name, _)| name).collect();
    let [english, russian] = CONFIGURATION.map(|name| settings(&file(name)));
    assert_eq!(english.iter().map(|[name, ..]| name.clone()).collect::<BTreeSet<_>>(), examples);
    for ([name, default, _], [twin, same, _]) in english.iter().zip(&russian) {
        let line = help.lines().find(|line| line.starts_with(&format!("  {name} "))).unwrap();
        match line.split_once("  [") {
            Some((_, of_help)) => assert_eq!(of_help, format!("{default}]"), "{name}"),
            None => assert!(
                ["required", "required for OpenRouter", "everybody"].contains(&&**default)
                    || default.starts_with("no "),
                "{name}: {default} is not in --help"
            ),
        }
        assert_eq!(name, twin);
        // a value has no language, a word has
        let is_value = file(CONFIGURATION[0]).contains(&format!("| `{name}` | `{default}` |"));
        assert!(!is_value || default == same, "{name}: {default} and {same}");
    }
}

#[test]
fn the_table_of_settings_has_the_ranges_of_the_program() {
    let range = Regex::new(r"^(?:от )?([\d.]+) (?:to|до) ([\d.]+)$").unwrap();
    let [english, russian] = CONFIGURATION.map(|name| {
        let rows = settings(&file(name)).into_iter();
        let ranges = rows.filter_map(|[name, _, values]| {
            let range = range.captures(&values)?;
            Some((name, range[1].to_owned(), range[2].to_owned()))
        });
        ranges.collect::<Vec<_>>()
    });
    assert_eq!(english, russian);
    assert!(english.len() > 10, "{english:?}");
    // what the program says to these values; without a token it ends there
    let said = |value: &dyn Fn(&str, &str) -> String| {
        let mut bot = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
        bot.current_dir(env!("CARGO_TARGET_TMPDIR")).env("TELEGRAM_BOT_TOKEN", "none");
        bot.envs(english.iter().map(|(name, lowest, highest)| (name, value(lowest, highest))));
        let said = bot.output().unwrap();
        assert_eq!(said.status.code(), Some(1));
        String::from_utf8(said.stderr).unwrap()
    };
    let beyond = |lowest: &str| {
        let lowest: f64 = lowest.parse().unwrap();
        if lowest.fract() > 0.0 { lowest / 2.0 } else { lowest - 1.0 }.to_string()
    };
    let above = |highest: &str| (highest.parse::<f64>().unwrap() + 1.0).to_string();
    let (low, high) = (said(&|lowest, _| lowest.to_owned()), said(&|_, highest| highest.to_owned()));
    let (too_low, too_high) = (said(&|lowest, _| beyond(lowest)), said(&|_, highest| above(highest)));
    for (name, lowest, highest) in &english {
        let fault = format!("\n  {name} is ");
        assert!(!low.contains(&fault) && !high.contains(&fault), "{name} refuses {lowest} or {highest}");
        let fault = |value: String| format!("\n  {name} is \"{value}\"");
        assert!(too_low.contains(&fault(beyond(lowest))), "{name} takes less than {lowest}: {too_low}");
        assert!(too_high.contains(&fault(above(highest))), "{name} takes more than {highest}: {too_high}");
    }
}
