//! Migrations of the operator's own, beside those of the program.

use sandbox::env::Operator;

use crate::support::migrations::{migrated, states};

#[test]
fn an_operators_own_migrations_are_named_and_in_nobodys_way() {
    let operator = migrated();
    let folder = operator.folder().join("migrations/2026-11-23-143015_add_mood");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("up.sql"),
        "-- Why: moods matter.\n\nALTER TABLE turns ADD COLUMN mood TEXT;\n",
    )
    .unwrap();
    std::fs::write(folder.join("down.sql"), "ALTER TABLE turns DROP COLUMN mood;\n").unwrap();
    operator.psql(
        "ALTER TABLE turns ADD COLUMN mood TEXT; CREATE VIEW own AS SELECT id FROM messages;
         INSERT INTO __diesel_schema_migrations (version, run_on)
         VALUES ('20261123143015', '2026-12-24 18:00:00'), ('20991231235959', '2026-12-25 18:00:00')",
    );
    operator.run(&["migrate", "up"]).ok();
    let status = operator.run(&["migrate", "status", "--check"]).ok();
    let own =
        "own       2026-11-23-143015_add_mood            2026-12-24 18:00:00\napplied   2026-11-24-000001";
    assert!(status.contains(own), "{status}");
    assert!(status.contains("\nown       20991231235959 "), "{status}");
    let history = operator.run(&["migrate", "history"]).ok();
    let named = "\n2026-11-23-143015_add_mood  (applied 2026-12-24 18:00:00, your own)\n    moods matter.\n\n2026-11-24-000001";
    assert!(history.contains(named), "{history}");
    assert!(history.ends_with("20991231235959  (applied 2026-12-25 18:00:00, your own)\n    not one of systech-aidd's; its SQL is not in migrations/ here\n"), "{history}");
    let verbose = operator.run(&["migrate", "history", "--verbose"]).ok();
    assert!(verbose.contains("    --- down ---\n    ALTER TABLE turns DROP COLUMN mood;"), "{verbose}");
    // What depends on a table of ours keeps it from going, and is not swept away.
    let said = operator.run(&["migrate", "down", "--all", "--yes"]).fails_with(1);
    assert!(
        said.contains("create_messages/down.sql") && said.contains("cannot drop table messages"),
        "{said}"
    );
    operator.psql("DROP VIEW own");
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    assert_eq!(
        operator.psql("SELECT version FROM __diesel_schema_migrations ORDER BY 1"),
        "20261123143015\n20991231235959"
    );
    operator.run(&["migrate", "up"]).ok();
    operator.run(&["migrate", "status", "--check"]).ok();
}

#[test]
fn what_diesel_setup_adds_of_its_own_is_in_nobodys_way() {
    let operator = Operator::up_to_date();
    operator.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('00000000000000')");
    operator.run(&["migrate", "status", "--check"]).ok();
    operator.run(&["migrate", "down", "--all", "--yes"]).ok();
    operator.run(&["migrate", "up"]).ok();
    assert_eq!(states(&operator), "aaaaa");
}
