//! What `docs/operations.md` and `contrib/` say is what the binary does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use sandbox::model::Behaviour;
use sandbox::telegram::{Action, Calls, Person};
use sandbox::{TestEnv, wait_until};
use serde_json::json;

use super::guides;
use super::packaging::file;
use crate::support::exposition::{Exposition, address, measured, page};

const GUIDES: [&str; 2] = ["operations.md", "operations.ru.md"];

#[test]
fn every_command_of_the_english_guide_to_operations_says_what_the_guide_shows() {
    guides::is_true(GUIDES[0]);
}

#[test]
fn every_command_of_the_russian_guide_to_operations_says_what_the_guide_shows() {
    guides::is_true(GUIDES[1]);
}

/// The rows of the table that has this first column, without backticks.
fn table(guide: &str, column: &str) -> Vec<Vec<String>> {
    let rows = guide.lines().skip_while(|line| !line.starts_with(&format!("| {column} |")));
    rows.skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').skip(1).map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

/// Every metric of a bot that has met at least one error, as PromQL calls it, with its type and its labels.
fn exposed() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let env = measured(TestEnv::new());
    let bot = env.start_ready();
    let address = address(&bot);
    env.telegram.fault(Calls::to("sendMessage").times(1), Action::Reset);
    env.model.usually(Behaviour::answer().figures(&json!({"cost": 0.001})));
    env.telegram.say(&Person::private(1), "hello");
    env.telegram.wait_for_count(1, 1);
    let text = wait_until("the queue", || {
        let (_, text) = page(&address, "/metrics");
        text.contains("updates_waiting").then_some(text)
    });
    let exposition = Exposition::read(&text);
    let named = |(family, kind): (&String, &String)| {
        let suffix = if kind == "counter" { "_total" } else { "" };
        let labels = text.lines().filter_map(|line| {
            let (labels, _) = line.strip_prefix(family)?.split_once('{')?.1.split_once('}')?;
            Some(labels.split(',').map(|label| label.split('=').next().unwrap().to_owned()))
        });
        let labels = labels.flatten().filter(|label| label != "le").collect();
        (format!("{family}{suffix}"), (kind.clone(), labels))
    };
    exposition.families.iter().map(named).collect()
}

#[test]
fn the_guides_list_every_metric_and_the_alerts_ask_for_no_other() {
    let exposed = exposed();
    for (guide, column) in GUIDES.into_iter().zip(["Metric", "Метрика"]) {
        let listed: BTreeMap<_, _> = table(&file(&format!("docs/{guide}")), column)
            .into_iter()
            .map(|row| {
                let labels = row[2].split(", ").filter(|label| !label.is_empty()).map(str::to_owned);
                (row[0].clone(), (row[1].clone(), labels.collect()))
            })
            .collect();
        assert_eq!(listed, exposed, "{guide}");
    }
    let rules: serde_yaml_ng::Value = serde_yaml_ng::from_str(&file("contrib/alerts.yml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_sequence().unwrap();
    let name = regex_lite::Regex::new("(systech_aidd|process)_[a-z_]+").unwrap();
    for rule in rules {
        for metric in name.find_iter(rule["expr"].as_str().unwrap()) {
            let metric = metric.as_str();
            let family = metric.strip_suffix("_bucket").unwrap_or(metric);
            assert!(exposed.contains_key(family), "{metric} of {:?} does not exist", rule["alert"]);
        }
    }
    let alerts: Vec<_> = rules.iter().map(|rule| rule["alert"].as_str().unwrap().to_owned()).collect();
    // Promtool runs these (make nightly)
    let tests: serde_yaml_ng::Value = serde_yaml_ng::from_str(&file("contrib/alerts_test.yml")).unwrap();
    let tests = tests["tests"].as_sequence().unwrap().iter();
    let played: BTreeSet<_> = tests
        .flat_map(|test| test["alert_rule_test"].as_sequence().cloned().unwrap_or_default())
        .filter(|test| !test["exp_alerts"].as_sequence().unwrap().is_empty())
        .map(|test| test["alertname"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(played, alerts.iter().cloned().collect(), "the alerts that are seen to fire");
    for (guide, column) in GUIDES.into_iter().zip(["Alert", "Оповещение"]) {
        let told: Vec<_> =
            table(&file(&format!("docs/{guide}")), column).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(told, alerts, "{guide}");
    }
}

#[test]
fn the_unit_is_valid_and_lets_the_bot_do_little() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("not looked at: systemd-analyze is not installed");
        return;
    }
    let unit = file("contrib/systech-aidd.service");
    // Without /proc/sys an instance does not know its machine, and waits ten seconds for the lease of one that died beside it.
    assert!(!unit.contains("\nProcSubset="));
    // The binary is where the unit says once it is installed.
    let built = unit.replace("/usr/local/bin/systech-aidd", env!("CARGO_BIN_EXE_systech-aidd"));
    assert_ne!(unit, built);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("systech-aidd.service");
    fs::write(&path, built).unwrap();
    let analyze = |arguments: &[&str], path: &Path| {
        let said = Command::new("systemd-analyze").args(arguments).arg(path).output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert!(said.status.success(), "{arguments:?}: {text}");
        text
    };
    let complaints = analyze(&["verify", "--man=no"], &path);
    assert!(!complaints.contains("systech-aidd.service:"), "{complaints}");
    // Of 100, which is no protection at all.
    let rating = analyze(&["security", "--offline=yes", "--threshold=20"], &path);
    assert!(rating.contains("Overall exposure level"), "{rating}");
}
