//! The guides of `docs/` are true: every command in them runs here, and what they show is what it says.
//!
//! A ` ```console ` block is run: `$ ` begins a command, `> ` goes on with it, everything else is its output. A shell
//! block of any other kind must say that it needs Docker or systemd. `UPDATE_GUIDES=1 cargo test --test it guides` writes what the
//! commands say now into the guides. Times, sizes, versions and ports may differ.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sandbox::postgres::Server;

use crate::support::migrations;
use crate::support::predecessor;
use sandbox::tool;

/// The database that the guides speak of.
const URL: &str = "postgresql://systech:systech_dev_password@localhost:5432/systech_aidd";
const NOT_HERE: [&str; 2] = ["<!-- needs Docker -->", "<!-- needs systemd -->"];

/// A machine of somebody who reads a guide: a checkout without the sources, PostgreSQL, our binary, the diesel CLI.
struct Reader {
    server: Server,
    folder: tempfile::TempDir,
    exports: String,
}

impl Reader {
    fn new() -> Self {
        let server = Server::temporary().unwrap();
        server.psql("postgres", "CREATE ROLE systech LOGIN CREATEDB PASSWORD 'systech_dev_password'");
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in [".env.example", "diesel.toml", "src/store/schema.rs"] {
            let copy = folder.path().join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(root.join(file), copy).unwrap();
        }
        for migration in migrations::names() {
            let copy = folder.path().join("migrations").join(&migration);
            fs::create_dir_all(&copy).unwrap();
            for file in fs::read_dir(root.join("migrations").join(&migration)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), copy.join(file.file_name())).unwrap();
            }
        }
        fs::create_dir(folder.path().join(".bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_systech-aidd"), folder.path().join(".bin/systech-aidd")).unwrap();
        symlink(tool("diesel"), folder.path().join(".bin/diesel")).unwrap();
        let reader = Self { server, folder, exports: String::new() };
        reader.new_database("empty");
        reader
    }

    /// What a `<!-- database: … -->` asks for.
    fn new_database(&self, kind: &str) {
        self.server.drop_database("systech_aidd");
        self.server.psql("postgres", "CREATE DATABASE systech_aidd OWNER systech");
        match kind {
            "empty" => {}
            "predecessor" => {
                self.server.psql(
                    "systech_aidd",
                    &format!("SET SESSION AUTHORIZATION systech; {}", predecessor::database()),
                );
            }
            other => panic!("there is no database of this kind: {other}"),
        }
    }

    /// Where the guide's database really is.
    fn url(&self) -> String {
        let here = self.server.url("systech_aidd");
        let (_, place) = here.split_once('@').unwrap_or_else(|| here.split_once("://").unwrap());
        format!("postgresql://systech:systech_dev_password@{place}")
    }

    /// Runs a command as a person would in one shell after the other, and returns everything it says.
    fn run(&mut self, command: &str) -> String {
        let command = command.replace(URL, &self.url());
        let path =
            format!("{}:{}", self.folder.path().join(".bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1; {}{command}", self.exports)])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .envs(std::env::var_os("HOME").map(|home| ("HOME", home)))
            .env("LC_ALL", "C.UTF-8")
            // No pager, no line drawing of one's own.
            .env("PSQLRC", "/dev/null")
            .env("DATABASE_URL", self.url())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if command.starts_with("export ") || command.starts_with("unset ") {
            write!(self.exports, "{command}; ").unwrap();
        }
        String::from_utf8(output.stdout).unwrap().replace(&self.url(), URL)
    }

    /// Reads a guide, does what it says, and returns it as it should be.
    fn replay(&mut self, guide: &str) -> String {
        let mut replayed = String::new();
        let mut lines = guide.lines().peekable();
        let mut before = "";
        while let Some(line) = lines.next() {
            writeln!(replayed, "{line}").unwrap();
            if let Some(kind) = line.strip_prefix("<!-- database: ") {
                self.new_database(kind.trim_end_matches(" -->"));
            }
            if ["```sh", "```bash", "```shell"].contains(&line) {
                assert!(NOT_HERE.contains(&before), "a shell block is neither run nor says what it needs");
            }
            before = line;
            if line != "```console" {
                continue;
            }
            while let Some(line) = lines.next().filter(|line| *line != "```") {
                let mut command = line.strip_prefix("$ ").expect("output without a command").to_owned();
                writeln!(replayed, "{line}").unwrap();
                while let Some(more) = lines.peek().and_then(|line| line.strip_prefix('>')) {
                    writeln!(command, "\n{}", more.strip_prefix(' ').unwrap_or(more)).unwrap();
                    writeln!(replayed, "{}", lines.next().unwrap()).unwrap();
                }
                let mut shown = String::new();
                while let Some(line) = lines.next_if(|line| *line != "```" && !line.starts_with("$ ")) {
                    writeln!(shown, "{line}").unwrap();
                }
                let said = tidy(&self.run(&command));
                replayed.push_str(if stable(&said) == stable(&shown) { &shown } else { &said });
            }
            replayed.push_str("```\n");
        }
        replayed
    }
}

/// As an editor leaves it: no blanks at the end of a line, no empty lines at the end.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().map(str::trim_end).collect();
    lines.into_iter().fold(String::new(), |text, line| text + line + "\n")
}

/// What does not depend on when and where it was said.
fn stable(text: &str) -> String {
    let varies = [
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
        (r"\d{8}T\d{6}Z-(\d+)(-\d+)?\.dump", "<time>-$1.dump"),
        (r"PostgreSQL \d.*", "PostgreSQL <version>"),
        (r"\(\d+ kB\)", "(<size>)"),
    ];
    varies.into_iter().fold(text.to_owned(), |text, (pattern, stands_for)| {
        regex_lite::Regex::new(pattern).unwrap().replace_all(&text, stands_for).into_owned()
    })
}

/// A guide of `docs/` shows what its commands say.
#[track_caller]
pub(crate) fn is_true(name: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "docs", name].iter().collect();
    let guide = fs::read_to_string(&path).unwrap();
    let replayed = Reader::new().replay(&guide);
    if std::env::var_os("UPDATE_GUIDES").is_some() {
        fs::write(&path, &replayed).unwrap();
        return;
    }
    for (number, (shown, said)) in guide.lines().zip(replayed.lines()).enumerate() {
        assert_eq!(shown, said, "docs/{name}, line {}: shown (left) is not what is said (right)", number + 1);
    }
    assert_eq!(
        guide.lines().count(),
        replayed.lines().count(),
        "docs/{name}: something more or less is said"
    );
}

#[test]
fn every_command_of_the_english_guide_to_migrations_says_what_the_guide_shows() {
    is_true("migrations.md");
}

#[test]
fn every_command_of_the_russian_guide_to_migrations_says_what_the_guide_shows() {
    is_true("migrations.ru.md");
}
