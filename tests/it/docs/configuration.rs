//! The table of settings is that of `.env.example`, of `--help`, and of the page about the configuration in both languages.

use std::collections::BTreeMap;
use std::process::Command;

use systech_aidd::config::settings::{ALL, Fallback, Setting};
use systech_aidd::config::values::Values;

use super::packaging::{example, file};

const HELP: &str = "systech-aidd --help";

/// The cells of the default, in a language: a value has none, what stands for one is said in words.
fn default(setting: &Setting) -> String {
    match setting.default {
        Fallback::Required => "required".to_owned(),
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Nothing(meaning) => meaning.to_owned(),
    }
}

/// The values, with these words around a range.
fn values(setting: &Setting, [before, between]: [&str; 2]) -> String {
    match setting.values {
        Values::Number { from, to, .. } => format!("{before}{from}{between}{to}"),
        Values::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Values::Other { word, .. } => word.to_owned(),
    }
}

/// The rows of the table of settings, each with its cells.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix('|'));
    rows.map(|row| format!("`{row}").split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_page_about_the_configuration_has_the_table_of_the_program() {
    let page = file("docs/configuration.md");
    for setting in ALL {
        let cells = [format!("`{}`", setting.name), default(setting), values(setting, ["", " to "])];
        let row = format!("| {} | {} |", cells.join(" | "), setting.purpose).replace("|  |", "| |");
        assert!(page.contains(&row), "docs/configuration.md needs the row\n{row}");
    }
    assert_eq!(rows(&page).len(), ALL.len());
}

#[test]
fn the_russian_page_has_the_same_rows_in_the_same_order() {
    let rows = rows(&file("docs/configuration.ru.md"));
    for (setting, row) in ALL.iter().zip(&rows) {
        let [name, fallback, said, purpose] = &**row else { panic!("{row:?}") };
        assert_eq!(*name, format!("`{}`", setting.name));
        if matches!(setting.default, Fallback::Value(_)) {
            assert_eq!(*fallback, default(setting), "{name}");
        }
        if !matches!(setting.values, Values::Other { .. }) {
            assert_eq!(*said, values(setting, ["от ", " до "]), "{name}");
        }
        assert!(!purpose.is_empty() && !fallback.is_empty(), "{name}");
    }
    assert_eq!(rows.len(), ALL.len());
}

#[test]
fn env_example_has_every_setting_with_its_default_and_some_words_about_it() {
    let text = file(".env.example");
    let examples: BTreeMap<_, _> = example().into_iter().collect();
    for Setting { name, default, .. } in ALL {
        let value = examples.get(*name).unwrap_or_else(|| panic!(".env.example has no {name}"));
        if let Fallback::Value(default) = default {
            assert_eq!(value, default, "{name} in .env.example");
        }
        let (before, _) = text.split_once(&format!("{name}={value}\n")).unwrap();
        let line = before.trim_end_matches("# ").lines().last().unwrap_or_default();
        assert!(line.starts_with("# "), "{name} stands in .env.example without a word: {line}");
    }
    assert_eq!(examples.len(), ALL.len(), "{examples:?}");
}

#[test]
fn the_help_says_what_each_setting_is_for_and_what_it_is_where_nobody_sets_it() {
    let help = Command::new(env!("CARGO_BIN_EXE_systech-aidd")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.lines().all(|line| line.chars().count() <= 100),
        "{HELP} has lines over 100 characters:\n{help}"
    );
    let words = |text: &str| text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ");
    let help = words(&help);
    for setting in ALL {
        let default = default(setting);
        let said = words(&format!("{} {} [{default}]", setting.name, setting.purpose));
        assert!(help.contains(&said), "{HELP} does not say: {said}");
    }
}

#[test]
fn every_setting_is_read_for_a_field() {
    let readers = ["src/config/mod.rs", "src/config/groups.rs", "src/config/choices.rs"].map(file).concat();
    for Setting { name, .. } in ALL {
        assert!(
            readers.contains(&format!("names::{name})")),
            "{name} stands in the table and is read nowhere"
        );
    }
}

/// What the program says to a value of each setting that takes numbers; without a token it ends there.
fn said(numbers: &[(&Setting, f64, f64)], value: impl Fn(f64, f64) -> String) -> String {
    let mut bot = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
    bot.current_dir(env!("CARGO_TARGET_TMPDIR")).env("TELEGRAM_BOT_TOKEN", "none");
    bot.envs(numbers.iter().map(|(setting, from, to)| (setting.name, value(*from, *to))));
    let said = bot.output().unwrap();
    assert_eq!(said.status.code(), Some(1));
    String::from_utf8(said.stderr).unwrap()
}

#[test]
fn the_program_takes_each_number_of_a_range_and_none_beyond() {
    let numbers = ALL.iter().filter_map(|setting| match setting.values {
        Values::Number { from, to, .. } => Some((setting, from, to)),
        _ => None,
    });
    let numbers: Vec<_> = numbers.collect();
    assert!(numbers.len() > 10);
    let below = |from: f64| if from.fract() > 0.0 { from / 2.0 } else { from - 1.0 };
    let lowest = said(&numbers, |from, _| from.to_string());
    let highest = said(&numbers, |_, to| to.to_string());
    let too_low = said(&numbers, |from, _| below(from).to_string());
    let too_high = said(&numbers, |_, to| (to + 1.0).to_string());
    for (Setting { name, .. }, from, to) in &numbers {
        let fault = format!("\n  {name} is ");
        assert!(!lowest.contains(&fault) && !highest.contains(&fault), "{name} refuses {from} or {to}");
        assert!(too_low.contains(&format!("{fault}\"{}\"", below(*from))), "{name}: {too_low}");
        assert!(too_high.contains(&format!("{fault}\"{}\"", to + 1.0)), "{name}: {too_high}");
    }
}
