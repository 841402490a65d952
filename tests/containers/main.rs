//! What README.md, docs/migrations.md and docs/operations.md say of containers, done as a person would with a real engine:
//! the commands are read from the guides, and the bot in its container talks to stand-ins on this machine.
//!
//! `make containers` starts an engine and plays both tests, with Compose 2 and with the older `docker-compose`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]

mod machine;

use machine::Machine;

#[test]
#[ignore = "make containers plays it"]
fn the_guides_are_true_with_compose_2() {
    play("compose 2");
}

#[test]
#[ignore = "make containers plays it"]
fn the_guides_are_true_with_the_older_docker_compose() {
    play("docker-compose");
}

/// A stranger's whole way: a fresh clone, the first start, everything that may happen to it, and the end.
fn play(compose: &str) {
    let machine = Machine::new(compose);

    // docs/migrations.md: PostgreSQL alone, in a fresh clone without .env.
    let guide = "docs/migrations.md";
    for block in ["docker compose up -d\n", "docker compose ps\n", "docker compose logs postgres\n"] {
        machine.follow(guide, block);
    }
    // Whoever is quicker than this leaves half a database behind.
    machine.run("until docker compose ps | grep '(healthy)'; do sleep 1; done");
    machine.follow(guide, "docker ps\n");
    machine.follow_and(guide, "exec postgres psql", "-c '\\conninfo'");
    machine.follow(guide, "docker compose down\n");

    // docs/operations.md from its beginning.
    let guide = "docs/operations.md";
    let said = machine.follow(guide, "docker compose run --rm bot doctor");
    assert!(said.contains("ready") && !said.contains('✗'), "{said}");
    machine.is_answered("first");
    assert!(machine.run("docker exec $(docker compose ps -q bot) id").contains("uid=10001(aidd)"));

    // A later shell knows of the bot, too.
    machine.run("docker compose up -d");
    assert!(machine.run("docker compose ps").contains("bot"));

    // The prompt changes without a restart.
    machine.run("echo 'You are a pirate.' >prompts/nutritionist.txt");
    machine.follow(guide, "kill -HUP 1");
    machine.is_answered_by("You are a pirate.");

    // Whatever dies comes back, and nobody's question is lost.
    machine.ask_and_kill("bot");
    machine.ask_and_kill("postgres");
    for service in ["bot", "postgres"] {
        machine.run(&format!("docker compose restart {service}"));
        machine.is_answered(&format!("after a restart of {service}"));
    }
    machine.run("docker compose exec bot systech-aidd health --wait 60");

    // The backups of every night, as root's cron makes them: without a terminal.
    machine.follow(guide, "/etc/cron.daily/systech-aidd");
    let backup = machine.run_cron();

    // An upgrade and the way back.
    let of_old = machine.newest_migration();
    machine.follow(guide, "docker tag systech-aidd:latest systech-aidd:old");
    machine.is_answered("after an upgrade");
    assert_ne!(machine.newest_migration(), of_old, "the upgrade has migrated");
    machine.follow(guide, "TAG=old docker compose run --rm bot migrate status");
    machine.agree(guide, "bot migrate to");
    machine.follow(guide, "docker compose up -d --no-build");
    machine.is_answered("after a rollback");
    assert_eq!(machine.newest_migration(), of_old);

    // A restore, from the volume and from the copy outside of it.
    machine.follow_with(guide, "createdb -U systech restored", &backup);
    assert_eq!(machine.rows("restored"), machine.rows_at_backup());
    machine.is_answered("after a restore");
    machine.run("sed -i /^BOT_DATABASE_URL/d .env && docker compose down -v");
    machine.bring_backups_back();
    machine.follow_with(guide, "run --rm --user root -v", &backup);
    assert_eq!(machine.rows("systech_aidd"), machine.rows_at_backup());
    machine.is_answered("on a new machine");
    machine.follow(guide, "history export --format csv");
    assert!(machine.run("cat all.csv").contains("first"));

    // `migrate up` right after the first start of all: it waits for the database as the bot does.
    machine.run("docker compose down -v");
    let guide = "docs/migrations.md";
    machine.follow(guide, "docker compose run --rm bot migrate up");
    machine.follow(guide, "docker compose down -v");
    machine.run("docker compose down -v");

    // README.md, for whoever reads nothing else.
    machine.run("rm .env && install -m 600 .env.example .env && $EDITOR .env");
    machine.follow("README.md", "docker compose up -d --build");
    machine.is_answered("as README says");
    machine.run("docker compose down -v");
    machine.has_done_all(&["README.md", "docs/operations.md", "docs/migrations.md"]);
}
