//! A fresh clone on a machine with an engine, and the stand-ins that its bot talks to.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use sandbox::{Model, Person, Telegram};

/// The names that the guides give to what differs from machine to machine.
const BACKUP: &str = "systech_aidd-20261124T063647Z-20261124000012.dump";
const VERSION: &str = "2026-11-24-000012";

/// Before each block of a guide that needs an engine.
const BLOCK: &str = "<!-- needs Docker -->\n```sh\n";

/// What is committed here.
const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) struct Machine {
    place: PathBuf,
    clone: PathBuf,
    telegram: Telegram,
    model: Model,
    person: Person,
    asked: AtomicUsize,
    /// Blocks of the guides that were done.
    done: Mutex<BTreeSet<String>>,
}

/// What the stand-ins listen on is told once.
static HOME: Once = Once::new();

impl Machine {
    pub(crate) fn new(compose: &str) -> Self {
        let place = PathBuf::from(std::env::var_os("CONTAINERS").expect("make containers says where"))
            .join(compose.replace(' ', "-"));
        let clone = place.join("systech-aidd");
        HOME.call_once(|| sandbox::listen_on(bridge()));
        // What a run that failed has left, for the engine keeps it: containers, and the volume of a database.
        let left = "docker ps -aq | xargs -r docker rm -f && docker network prune -f \\
            && docker volume ls -q | xargs -r docker volume rm";
        let cleared = Command::new("sh").args(["-c", left]).output().unwrap();
        assert!(cleared.status.success(), "{}", String::from_utf8_lossy(&cleared.stderr));
        for folder in ["bin", "cron", "backups", "other"] {
            fs::create_dir_all(place.join(folder)).unwrap();
        }
        let machine = Self {
            clone,
            telegram: Telegram::start(),
            model: Model::start(),
            person: Person::private(1001),
            asked: AtomicUsize::new(0),
            done: Mutex::default(),
            place,
        };
        machine.equip(compose);
        let clone = machine.clone.to_str().unwrap();
        git(&["clone", "--quiet", "--no-local", PROJECT, clone]);
        // The newest commit that lacks the last migration: what the guide's `git pull` brings is an upgrade.
        let migrations = fs::read_dir(Path::new(PROJECT).join("migrations")).unwrap();
        let last = migrations.map(|entry| entry.unwrap().file_name()).max().unwrap();
        let last = format!("migrations/{}", last.to_str().unwrap());
        let newest = git(&["-C", PROJECT, "log", "-1", "--diff-filter=A", "--format=%H", "--", &last]);
        git(&["-C", clone, "reset", "--quiet", "--hard", &format!("{}^", newest.trim())]);
        machine
    }

    /// The programs that the guides name: both kinds of Compose under one name, an editor, and what a container need not have.
    fn equip(&self, compose: &str) {
        let docker = match compose {
            // Its client is in a container, too: this machine may be too old for it.
            "compose 2" => {
                "socket=${DOCKER_HOST#unix://}; tty=; [ ! -t 0 ] || [ ! -t 1 ] || tty=-t
                exec /usr/bin/docker run --rm -i $tty --network host -v \"$socket:/var/run/docker.sock\" -v \"$PLACE:$PLACE\" \\
                    -w \"$PWD\" ${TAG:+-e TAG=$TAG} ${DOCKER_BUILDKIT:+-e DOCKER_BUILDKIT=$DOCKER_BUILDKIT} compose:2 \"$@\""
            }
            _ => "shift; exec docker-compose \"$@\"",
        };
        self.program("docker", &format!("case $1 in compose) {docker} ;; esac\nexec /usr/bin/docker \"$@\""));
        self.program("sudo", "exec \"$@\"");
        // On the other machine they belong to whom they were sent to.
        self.program("rsync", "cp -a \"$2\"/. \"$3\"; chown -R backup: \"$3\"");
        // Who has no engine for it has the bot on the machine itself.
        self.program("systech-aidd", "exec docker compose run --rm bot \"$@\"");
        let settings = [
            ("TELEGRAM_BOT_TOKEN", self.telegram.token().to_owned()),
            ("OPENROUTER_API_KEY", self.model.key().to_owned()),
        ];
        let mut edits: Vec<String> = settings
            .iter()
            .map(|(name, value)| format!("sed -i 's|^{name}=.*|{name}={value}|' \"$1\""))
            .collect();
        for (name, value) in [("TELEGRAM_API_URL", self.telegram.url()), ("LLM_BASE_URL", self.model.url())] {
            // As a model on the machine itself is reached.
            let value = value.replace(&bridge().to_string(), "host.docker.internal");
            edits.push(format!("echo '{name}={value}' >>\"$1\""));
        }
        self.program("editor", &edits.join("\n"));
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.place.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Does what the block of a guide says in which these words stand.
    pub(crate) fn follow(&self, guide: &str, words: &str) -> String {
        self.follow_with(guide, words, BACKUP)
    }

    /// The same with the name of a backup.
    pub(crate) fn follow_with(&self, guide: &str, words: &str, backup: &str) -> String {
        self.run(&self.of_this_machine(&self.block(guide, words), backup))
    }

    /// Does it, and says yes when asked.
    pub(crate) fn agree(&self, guide: &str, words: &str) -> String {
        self.at_terminal(&self.of_this_machine(&self.block(guide, words), BACKUP), "y\n")
    }

    /// A block with the names that this machine has for what differs.
    fn of_this_machine(&self, block: &str, backup: &str) -> String {
        let place = self.place.display();
        let block = block
            .replace(BACKUP, backup)
            // A person reads for a while; here nobody would end it.
            .replace("logs -f", "logs")
            .replace("/etc/cron.daily", &format!("{place}/cron"))
            .replace("/var/backups/systech-aidd", &format!("{place}/backups"))
            .replace("backup@another.example:systech-aidd", &format!("{place}/other"));
        if block.contains(VERSION) { block.replace(VERSION, &self.newest_applied()) } else { block }
    }

    /// Does what the block says in which these words stand, which is a single command, with further words.
    pub(crate) fn follow_and(&self, guide: &str, words: &str, further: &str) -> String {
        let block = self.block(guide, words);
        self.run(&format!("{} {further}", block.trim()))
    }

    /// The first block of a guide in which these words stand; it counts as done.
    fn block(&self, guide: &str, words: &str) -> String {
        let block = blocks(guide).find(|block| block.contains(words));
        let block = block.unwrap_or_else(|| panic!("{guide} has no {words}"));
        self.done.lock().unwrap().insert(block.clone());
        block
    }

    /// Every block of the guides was done.
    pub(crate) fn has_done_all(&self, guides: &[&str]) {
        let done = self.done.lock().unwrap();
        let left: Vec<String> = guides.iter().flat_map(|guide| blocks(guide)).collect();
        let left: Vec<&String> = left.iter().filter(|block| !done.contains(*block)).collect();
        assert!(left.is_empty(), "nobody did {left:#?}");
    }

    /// The newest migration of the database.
    pub(crate) fn newest_migration(&self) -> String {
        let newest = "SELECT max(version) FROM __diesel_schema_migrations";
        self.run(&format!("docker compose exec postgres psql -U systech -d systech_aidd -Atc '{newest}'"))
    }

    /// The version that the guide takes from the old image's status: the last one that says `applied`.
    fn newest_applied(&self) -> String {
        let status = self.run("TAG=old docker compose run --rm bot migrate status");
        let applied = status.lines().rfind(|line| line.contains("applied")).unwrap();
        applied.split_whitespace().find(|word| word.starts_with("20")).unwrap().to_owned()
    }

    /// Runs commands at a terminal, in a shell of their own, and returns what is shown.
    #[track_caller]
    pub(crate) fn run(&self, commands: &str) -> String {
        self.at_terminal(commands, "")
    }

    /// The same, and types this.
    #[track_caller]
    fn at_terminal(&self, commands: &str, typed: &str) -> String {
        let script = self.place.join("commands");
        fs::write(&script, format!("set -e\n{commands}\n")).unwrap();
        let shell = format!("bash {}", script.display());
        self.shell("script", &["--quiet", "--return", "--command", &shell, "/dev/null"], typed, commands)
    }

    /// The script for every night, without a terminal; returns the name of the backup that it made.
    pub(crate) fn run_cron(&self) -> String {
        self.note_rows();
        self.shell(
            "sh",
            &[self.place.join("cron/systech-aidd").to_str().unwrap()],
            "",
            "the script for every night",
        );
        let names = |folder: &str| -> Vec<String> {
            let entries = fs::read_dir(self.place.join(folder)).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names("backups"), names("other"));
        names("backups").pop().expect("a backup")
    }

    /// All that is left of the backups is on the other machine, and is brought back by whom it belongs to.
    pub(crate) fn bring_backups_back(&self) {
        let place = self.place.display();
        self.run(&format!("rm -rf {place}/backups && cp -a {place}/other {place}/backups"));
    }

    #[track_caller]
    fn shell(&self, program: &str, arguments: &[&str], typed: &str, what: &str) -> String {
        println!("--- {}", what.trim());
        let path = format!("{}:{}", self.place.join("bin").display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .current_dir(&self.clone)
            .env("PATH", path)
            .env("PLACE", &self.place)
            .env("EDITOR", "editor")
            .env("TERM", "dumb")
            .spawn()
            .unwrap();
        let mut keys = shell.stdin.take().unwrap();
        keys.write_all(typed.as_bytes()).unwrap();
        // Nobody hangs up before the answer was read.
        let keys = (!typed.is_empty()).then_some(keys);
        let output = shell.wait_with_output().unwrap();
        drop(keys);
        // The terminal shows the end of its input, too.
        let said = String::from_utf8_lossy(&output.stdout).replace("^@", "").replace(['\r', '\0'], "")
            + &String::from_utf8_lossy(&output.stderr);
        println!("{said}");
        assert!(output.status.success(), "{} of: {what}", output.status);
        said
    }

    fn say(&self, words: &str) -> String {
        let text = format!("{words}, question {}", self.asked.fetch_add(1, Ordering::Relaxed));
        self.telegram.say(&self.person, &text);
        text
    }

    /// Somebody asks, and the answer comes.
    pub(crate) fn is_answered(&self, words: &str) {
        let text = self.say(words);
        self.wait_for_answer(&text);
    }

    fn wait_for_answer(&self, text: &str) {
        self.telegram.wait_for_text(self.person.chat_id, |answer| answer.contains(text));
        self.model.wait_idle();
    }

    /// Somebody asks, and the model reads this prompt.
    pub(crate) fn is_answered_by(&self, prompt: &str) {
        self.is_answered("what are you");
        let requests = self.model.requests();
        let read = &requests.last().unwrap().messages[0];
        assert_eq!(read.role, "system");
        assert!(read.content.contains(prompt), "the prompt is the old one");
    }

    /// A service dies by the hand of the kernel, while the model thinks; the engine starts it again.
    pub(crate) fn ask_and_kill(&self, service: &str) {
        let gate = self.model.hold(sandbox::model::When::any());
        let text = self.say(&format!("before {service} dies"));
        gate.wait_arrived();
        self.run(&format!(
            "kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' $(docker compose ps -q {service}))"
        ));
        gate.release();
        self.model.clear();
        self.wait_for_answer(&text);
        let answers = self.telegram.texts(self.person.chat_id);
        assert_eq!(answers.iter().filter(|answer| answer.contains(&text)).count(), 1, "answered once");
    }

    /// How many messages a database has.
    pub(crate) fn rows(&self, database: &str) -> String {
        // The newest question may still be on its way: the guides' checks ask no further one before this.
        self.run(&format!(
            "docker compose exec postgres psql -U systech -d {database} -Atc 'SELECT count(*) FROM messages'"
        ))
        .trim()
        .to_owned()
    }

    fn note_rows(&self) {
        fs::write(self.place.join("rows"), self.rows("systech_aidd")).unwrap();
    }

    /// How many it had when the backup was made.
    pub(crate) fn rows_at_backup(&self) -> String {
        fs::read_to_string(self.place.join("rows")).unwrap()
    }
}

/// The blocks of a guide that need an engine.
fn blocks(guide: &str) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(Path::new(PROJECT).join(guide)).unwrap();
    let blocks = text.split(BLOCK).skip(1).map(|rest| rest.split_once("```").unwrap().0.to_owned());
    blocks.collect::<Vec<_>>().into_iter()
}

#[track_caller]
fn git(words: &[&str]) -> String {
    let output = Command::new("git").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// This machine, as containers see it.
fn bridge() -> Ipv4Addr {
    let asked = Command::new("docker")
        .args(["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"])
        .output()
        .unwrap();
    let subnet = String::from_utf8(asked.stdout).unwrap();
    let (first, _) = subnet.trim().split_once('/').expect("the engine has a bridge");
    Ipv4Addr::from(u32::from(first.parse::<Ipv4Addr>().unwrap()) + 1)
}
