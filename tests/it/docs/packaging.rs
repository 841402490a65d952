//! What surrounds the binary agrees with it: compose file, image, `.env.example`, `--help`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

pub(crate) fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The variables of `.env.example` with their defaults; commented-out ones are settings too.
pub(crate) fn example() -> Vec<(String, String)> {
    file(".env.example")
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn image_and_compose_file_ask_the_running_bot_for_its_health_alike() {
    let dockerfile = file("Dockerfile");
    let line = dockerfile.lines().find_map(|line| line.strip_prefix("HEALTHCHECK ")).unwrap();
    let (options, command) = line.split_once(" CMD ").unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    let compose: serde_yaml_ng::Value = serde_yaml_ng::from_str(&file("docker-compose.bot.yml")).unwrap();
    let bot = &compose["services"]["bot"];
    let check = &bot["healthcheck"];
    assert_eq!(check["test"][0], "CMD");
    assert_eq!(check["test"].as_sequence().unwrap()[1..], command.clone());
    for option in options.split(' ') {
        let (name, value) = option.trim_start_matches("--").split_once('=').unwrap();
        let other = &check[name.replace('-', "_").as_str()];
        assert!(
            other == value || other.as_u64().is_some_and(|n| n.to_string() == value),
            "{name}: {other:?}"
        );
    }
    assert_eq!(options.split(' ').count() + 1, check.as_mapping().unwrap().len());
    // And what it asks is there.
    let address = bot["environment"]["METRICS_ADDR"].as_str().unwrap();
    assert!(dockerfile.contains(&format!("ENV METRICS_ADDR={address}\n")));
    let (_, port) = address.split_once(':').unwrap();
    assert!(dockerfile.contains(&format!("EXPOSE {port}\n")) && bot["ports"].is_null());
    // The binary has this command: without the setting it says so, and knows no other reason to fail.
    let mut health = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
    let said = health.args(&command[1..]).current_dir("/").env_remove("METRICS_ADDR").output().unwrap();
    assert_eq!((command[0].as_str(), said.status.code()), ("systech-aidd", Some(1)));
    assert!(String::from_utf8(said.stderr).unwrap().contains("METRICS_ADDR is not set"));
}

/// The sources in a folder and in those below it.
fn rust_below(folder: &str) -> String {
    let entries = fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let texts = entries.map(|entry| {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() { rust_below(&name) } else { file(&name) }
    });
    texts.collect()
}

/// The names of tests in the tables whose last column is called so.
fn in_tables(document: &str) -> impl Iterator<Item = &str> {
    let rows = document
        .split("| Test |\n")
        .skip(1)
        .flat_map(|table| table.lines().take_while(|row| row.starts_with('|')));
    let tests = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once("| "));
    let words = tests.flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2));
    words.filter(|words| words.contains('_') && words.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let sources: String = ["src", "tests/it"].map(rust_below).concat();
    for name in ["ARCHITECTURE.md", "docs/reliability.md", "docs/reliability.ru.md"] {
        let document = file(name);
        let in_backticks = document.split('`').skip(1).step_by(2);
        // A name of that many words is a test's, or a metric's.
        let tests = in_backticks
            .filter(|words| words.matches('_').count() > 3 && !words.contains(' '))
            .filter(|words| !words.starts_with("systech_aidd_"))
            .chain(in_tables(&document));
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "{name} names {test}, which is no test");
        }
    }
}

#[test]
fn version_is_the_one_of_the_manifest() {
    let output = Command::new(env!("CARGO_BIN_EXE_systech-aidd")).arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("systech-aidd {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn no_release_has_points_at_which_tests_make_it_fail() {
    let manifest = file("Cargo.toml");
    let section = |name: &str| {
        let (_, rest) = manifest.split_once(&format!("\n[{name}]\n")).unwrap();
        rest.lines().take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'))
    };
    assert!(section("features").any(|line| line.starts_with("failpoints = ")));
    for line in section("features") {
        assert!(!line.starts_with("default"), "{line}");
    }
    for line in section("dependencies") {
        assert!(!line.contains("failpoints"), "{line}");
    }
    assert!(section("dev-dependencies").any(|line| line.contains("\"failpoints\"")), "and the tests do");
}

#[test]
fn the_compose_file_starts_the_database_that_env_example_names() {
    let compose: serde_yaml_ng::Value = serde_yaml_ng::from_str(&file("docker-compose.yml")).unwrap();
    let postgres = &compose["services"]["postgres"];
    assert_eq!(postgres["image"], "postgres:16-alpine");
    let env = &postgres["environment"];
    let text = |value: &serde_yaml_ng::Value| value.as_str().unwrap().to_owned();
    let url = |host: &str| {
        format!("postgresql://{}@{host}:5432/{}", text(&env["POSTGRES_USER"]), text(&env["POSTGRES_DB"]))
    };
    let password = text(&env["POSTGRES_PASSWORD"]);
    let known = password.trim_start_matches("${POSTGRES_PASSWORD:-").trim_end_matches('}');
    let (_, named) = example().into_iter().find(|(name, _)| name == "DATABASE_URL").unwrap();
    assert_eq!(named, url("localhost").replace('@', &format!(":{known}@")));
    assert_eq!(named, "postgresql://systech:systech_dev_password@localhost:5432/systech_aidd");
    assert_eq!(postgres["ports"][0], "127.0.0.1:${POSTGRES_PORT:-5432}:5432");
    assert_eq!(postgres["volumes"][0], "postgres_data:/var/lib/postgresql/data");
    assert!(compose["volumes"].as_mapping().unwrap().contains_key("postgres_data"));
    assert!(!postgres["healthcheck"]["test"].is_null());

    // Nothing in it wants a file that a fresh clone does not have.
    assert_eq!(compose["services"].as_mapping().unwrap().len(), 1);
    let with_bot: serde_yaml_ng::Value = serde_yaml_ng::from_str(&file("docker-compose.bot.yml")).unwrap();
    let bot = &with_bot["services"]["bot"];
    assert_eq!(bot["environment"]["PGPASSWORD"], password);
    // The environment wins over `.env`: only a variable of another name lets the bot use a restored database.
    let inside = format!("${{BOT_DATABASE_URL:-{}}}", url("postgres"));
    assert_eq!((&bot["env_file"], &bot["environment"]["DATABASE_URL"]), (&".env".into(), &inside.into()));
    let restored = url("postgres").replace("/systech_aidd", "/restored");
    for guide in ["docs/operations.md", "docs/operations.ru.md"].map(file) {
        let (_, steps) = guide.split_once(&format!("\nrestored={restored}\n")).unwrap();
        let step = |line: &str| steps.find(line).unwrap_or_else(|| panic!("no step {line}"));
        let restore = step("docker compose run --rm -e DATABASE_URL=$restored bot restore /backups/");
        let named = step("\necho \"BOT_DATABASE_URL=$restored\" >>.env\n");
        assert!(restore < named && named < step("\ndocker compose up -d\n"));
    }
    // No setting of the program's own: whoever runs it without a container is not led to set it.
    assert!(example().iter().all(|(name, _)| name != "BOT_DATABASE_URL"));
    assert!(file(".env.example").contains("BOT_DATABASE_URL"));
    assert_eq!(bot["read_only"], true);
    assert_eq!(bot["depends_on"]["postgres"]["condition"], "service_healthy");
}

/// The instructions of the Dockerfile, word by word.
fn instructions(dockerfile: &str) -> Vec<Vec<&str>> {
    let lines = dockerfile.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn the_image_is_built_in_stages_and_runs_without_root() {
    let dockerfile = file("Dockerfile");
    let instructions = instructions(&dockerfile);
    let named = |name: &str| instructions.iter().filter(move |words| words[0] == name).collect::<Vec<_>>();
    assert_eq!(named("FROM").last().unwrap()[1..], ["debian:trixie-slim"], "no compiler is in the image");
    assert_eq!(named("USER")[0][1], "aidd");
    assert_eq!(named("ENTRYPOINT")[0][1], "[\"systech-aidd\"]");
    // What the default of SYSTEM_PROMPT_PATH names is in the image.
    assert!(named("COPY").iter().any(|words| words[1..] == ["prompts", "prompts"]));
    assert!(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/nutritionist.txt").exists());
}

#[test]
fn a_change_of_source_leaves_the_layer_of_the_dependencies_as_it_is() {
    let dockerfile = file("Dockerfile");
    let instructions = instructions(&dockerfile);
    let build = instructions.iter().position(|words| words[0] == "FROM" && words.ends_with(&["AS", "build"]));
    let build = &instructions[build.expect("a stage called build")..];
    let cargo = |words: &Vec<&str>| words.starts_with(&["RUN", "cargo", "build"]);
    let dependencies = build.iter().position(cargo).unwrap();
    let bot = build.iter().rposition(cargo).unwrap();
    let sources = build.iter().position(|words| words[..] == ["COPY", "src", "src"]).unwrap();
    assert!(dependencies < sources && sources < bot, "{build:?}");
    // Until then only what has the manifests and nothing of the sources.
    let copied = build[..dependencies].iter().filter(|words| words[0] == "COPY");
    assert_eq!(copied.collect::<Vec<_>>(), [&["COPY", "--from=manifests", "/source", "."]]);
    // And the builder gets to see whatever is copied.
    let ignored = file(".dockerignore");
    let seen: Vec<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for words in instructions.iter().filter(|words| words[0] == "COPY" && words[1] != ".") {
        assert!(
            words[1].starts_with("--from") || seen.contains(&words[1].trim_end_matches('/')),
            "{words:?}"
        );
    }
}

#[test]
fn one_version_of_rust_is_named_everywhere() {
    let rust = env!("CARGO_PKG_RUST_VERSION");
    let (toolchain, workflow) = (file("rust-toolchain.toml"), file(".github/workflows/release.yml"));
    // With all three numbers: rustup takes 1.95 and 1.95.0 for two toolchains, and would fetch the other one.
    let channel =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert_eq!(channel.strip_prefix(rust).map(|patch| patch.matches('.').count()), Some(1), "{channel}");
    // A component that is named here would be fetched, or missed, before anything is built.
    assert!(!toolchain.lines().any(|line| line.starts_with("components") || line.starts_with("targets")));
    assert!(file("Dockerfile").contains(&format!("\nFROM rust:{rust}-slim-trixie AS toolchain\n")));
    assert!(workflow.contains(&format!(" container: rust:{rust}-slim-")));
}

#[test]
fn make_help_lists_every_target() {
    let makefile = file("Makefile");
    let (_, phony) = makefile.split_once(".PHONY: ").unwrap();
    let targets: BTreeSet<_> = phony.lines().next().unwrap().split(' ').collect();
    let help = Command::new("make")
        .arg("--no-print-directory")
        .arg("help")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed: BTreeSet<_> = help.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(listed, targets);
    for name in
        ["CONTRIBUTING.md", "README.md", "docs/operations.md", "docs/migrations.md", "docs/reliability.md"]
    {
        for code in file(name).split('`').skip(1).step_by(2) {
            let Some(target) = code.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next())
            else {
                continue;
            };
            assert!(targets.contains(target), "{name}: there is no `make {target}`");
        }
    }
}

#[test]
fn every_file_that_contributing_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = file("CONTRIBUTING.md");
    let linked = guide.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let named = guide.split('`').skip(1).step_by(2).filter(|code| {
        let first = code.split('/').next().unwrap();
        !code.contains(' ') && !first.is_empty() && first != *code && root.join(first).exists()
    });
    let files: Vec<_> = linked.chain(named).filter(|name| !name.starts_with("http")).collect();
    assert!(files.len() > 30, "{files:?}");
    for name in files {
        assert!(root.join(name).exists(), "CONTRIBUTING.md names {name}");
    }
}

#[test]
fn a_release_is_told_by_the_changelog_and_the_version_of_the_manifest() {
    let notes = |version: &str| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/release-notes");
        Command::new(script).arg(version).output().unwrap()
    };
    let version = env!("CARGO_PKG_VERSION");
    let told = notes(version);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("### Added") && !told.contains("\n## "), "{told}");
    let refused = notes("999.0.0");
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(
        String::from_utf8(refused.stderr).unwrap().contains(&format!("Cargo.toml is at version {version}"))
    );
    // And what comes has a place above it.
    let changelog = file("CHANGELOG.md");
    let headings: Vec<_> = changelog.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(headings[0], "## [Unreleased]");
    assert!(headings[1].starts_with(&format!("## [{version}] - 20")), "{}", headings[1]);
}
