//! The documents agree: each has a Russian twin of the same structure, and every link and every file they name is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::Regex;

use super::packaging::file;

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
    // The kind of the block that the line is in.
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
            // What commands say is replayed, and holds times.
            let output = kind == "console" && !line.starts_with("$ ") && !line.starts_with("> ");
            section.commands.extend((!told && !output).then(|| command.to_owned()));
        } else if line.starts_with('#') {
            let level = line.find(' ').unwrap();
            sections.push(Section { level, ..Section::default() });
        } else {
            section.items += usize::from(item.is_match(line));
            section.rows += usize::from(line.starts_with('|'));
            section.names.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
            // The anchors are headings, which have a language.
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
    // ARCHITECTURE.md names tests by where they stand in `tests/it`.
    let below_it = Regex::new(r"^(promises|hostile|tools|console|model)/[^ ]*\.rs$").unwrap();
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
        let of_it = text.split('`').skip(1).step_by(2).filter(|word| below_it.is_match(word));
        for path in of_it {
            assert!(leads_somewhere(&format!("tests/it/{path}")), "{name} names {path}");
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
