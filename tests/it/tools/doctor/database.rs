//! Faults on the way to the database and in it, and those that keep it from being backed up.

use std::fs;

use sandbox::TestEnv;
use sandbox::postgres::{Options, Server, unique_name};

use super::{Case, examine, faults, healthy, keeps_secrets};

/// The database's URL with another part in place of one of it.
pub(super) fn readdress(env: &mut TestEnv, from: &str, to: &str) {
    let url = env.database.url();
    assert!(url.contains(from), "{url}");
    env.set("DATABASE_URL", url.replacen(from, to, 1));
}

#[test]
fn one_line_tells_which_part_of_the_way_to_the_database_is_wrong() {
    examine(&[
        Case {
            name: "form",
            provoke: |env| readdress(env, "postgres@", "postgres:hunter2@hunter2@"),
            lines: &[[
                "environment",
                "DATABASE_URL has more than one @",
                "postgresql://user:password@host:port",
            ]],
        },
        Case {
            name: "port in words",
            provoke: |env| env.set("DATABASE_URL", "postgresql://u:p@localhost:hunter2/d"),
            lines: &[["database", "address: DATABASE_URL cannot be parsed", "user:password@host:port"]],
        },
        Case {
            name: "name",
            provoke: |env| readdress(env, "127.0.0.1", "no-such-host.invalid"),
            lines: &[[
                "database",
                "name resolution: could not translate host name",
                "correct the host in DATABASE_URL",
            ]],
        },
        Case {
            name: "port",
            provoke: |env| env.set("DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/d"),
            lines: &[[
                "database",
                "port: connection to server at \"127.0.0.1\", port 1 failed",
                "start PostgreSQL",
            ]],
        },
        Case {
            name: "TLS",
            provoke: |env| {
                let url = format!("{}?sslmode=require", env.database.url());
                env.set("DATABASE_URL", url);
            },
            lines: &[["database", "TLS: ", "take sslmode out of DATABASE_URL"]],
        },
        Case {
            name: "user",
            provoke: |env| readdress(env, "postgres@", "nobody_at_all:hunter2@"),
            lines: &[["database", "user: ", "CREATE ROLE"]],
        },
        Case {
            name: "database",
            provoke: |env| {
                let name = env.database.name().to_owned();
                readdress(env, &name, "no_such_database");
            },
            lines: &[["database", "database: ", "CREATE DATABASE"]],
        },
        Case {
            name: "right to connect",
            provoke: |env| {
                let role = stranger(env);
                env.psql(&format!("REVOKE CONNECT ON DATABASE \"{}\" FROM PUBLIC", env.database.name()));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[["database", "rights: ", "GRANT CONNECT ON DATABASE"]],
        },
    ]);
}

/// A new role that may connect, and no more.
pub(super) fn stranger(env: &TestEnv) -> String {
    let role = unique_name("stranger");
    env.psql(&format!("CREATE ROLE {role} LOGIN"));
    role
}

#[test]
fn a_wrong_password_and_a_closed_door_are_told_apart() {
    let server = Server::temporary().unwrap();
    let folder = server.data_folder().to_owned();
    server.psql("postgres", "CREATE ROLE bot LOGIN PASSWORD 'right'");
    fs::write(
        folder.join("pg_hba.conf"),
        "host postgres bot 127.0.0.1/32 scram-sha-256\nhost postgres postgres 127.0.0.1/32 trust\n",
    )
    .unwrap();
    server.psql("postgres", "SELECT pg_reload_conf()");
    let mut env = healthy();
    for (database, found, remedy) in [
        ("postgres", "password: ", "put the right user and password into DATABASE_URL"),
        ("template1", "access: ", "pg_hba.conf"),
    ] {
        env.set("DATABASE_URL", server.url(database).replace("postgres@", "bot:hunter2@"));
        // The server reads its rules a moment after it was told to.
        let said = sandbox::wait_until(found, || {
            let said = env.run(&["doctor"]);
            faults(&said).first().is_some_and(|line| line.contains("✗ database")).then_some(said)
        });
        keeps_secrets(&env, &said);
        let line = faults(&said)[0].to_owned();
        assert!(line.contains(found) && line.contains(remedy), "{line}");
    }
}

#[test]
fn one_line_tells_what_is_wrong_in_the_database() {
    examine(&[
        Case {
            name: "rights on tables",
            provoke: |env| {
                let role = stranger(env);
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[
                [
                    "rights",
                    "SELECT, INSERT, UPDATE, DELETE on messages",
                    "GRANT ALL ON ALL TABLES IN SCHEMA public TO",
                ],
                ["migrations", "permission denied", "rights"],
                ["indexes", "permission denied", "rights"],
                ["schema", "permission denied", "rights"],
            ],
        },
        Case {
            name: "right to create tables",
            provoke: |env| {
                env.run(&["migrate", "down", "--all", "--yes"]).ok();
                let role = stranger(env);
                env.psql(&format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT ON __diesel_schema_migrations TO {role}"));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[
                ["rights", "lacks CREATE on schema public", "GRANT ALL ON SCHEMA public TO"],
                ["migrations", "pending", "start the bot, or run systech-aidd migrate up"],
            ],
        },
        Case {
            name: "pending, and the tables are somebody else's",
            provoke: |env| {
                env.run(&["migrate", "down", "--yes"]).ok();
                let role = stranger(env);
                env.psql(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}; GRANT CREATE ON SCHEMA public TO {role}"));
                readdress(env, "postgres@", &format!("{role}@"));
            },
            lines: &[[
                "migrations",
                "messages, model_calls, owner_codes, people, prompts, quotes, reply_parts",
                "ALTER TABLE … OWNER TO",
            ]],
        },
        Case {
            name: "read only",
            provoke: |env| {
                let sql = format!(
                    "ALTER DATABASE \"{}\" SET default_transaction_read_only = on",
                    env.database.name()
                );
                env.psql(&sql);
            },
            lines: &[["server", "takes no writes", "the primary"]],
        },
        Case {
            name: "pending",
            provoke: |env| {
                env.run(&["migrate", "down", "--yes"]).ok();
            },
            lines: &[["migrations", "1 of ", "start the bot, or run systech-aidd migrate up"]],
        },
        Case {
            name: "unknown",
            provoke: |env| {
                env.psql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
            },
            lines: &[["migrations", "unknown: 20990101000000", "Start that version"]],
        },
        Case {
            name: "somebody's invalid index",
            provoke: |env| {
                env.psql("CREATE TABLE notes (n int); INSERT INTO notes VALUES (1), (1)");
                let build = "CREATE UNIQUE INDEX CONCURRENTLY notes_n ON notes (n)";
                env.server().try_psql(env.database.name(), build).unwrap_err();
            },
            lines: &[["indexes", "invalid: notes_n", "REINDEX INDEX CONCURRENTLY notes_n"]],
        },
        Case {
            name: "our invalid index",
            provoke: |env| {
                env.psql(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_messages_topic'::regclass",
                );
            },
            lines: &[
                ["migrations", "1 of ", "migrate up"],
                ["indexes", "invalid: idx_messages_topic", "systech-aidd migrate up builds it anew"],
            ],
        },
    ]);
}

#[test]
fn one_line_tells_what_runs_out_and_what_waits_for_nobody() {
    examine(&[
        Case {
            name: "few numbers for messages",
            provoke: |env| {
                // Ahead of the rows.
                env.psql("SELECT setval('messages_id_seq', 2000000000)");
            },
            lines: &[["ids", "147483647 of 2147483647 numbers", "widen messages.id to bigint"]],
        },
        Case {
            name: "few numbers for messages, by the rows",
            provoke: |env| {
                env.psql(
                    "INSERT INTO messages (id, user_id, chat_id, role, content, message_length)
                     VALUES (2147483000, 1, 1, 'user', 'x', 1)",
                );
            },
            lines: &[["ids", "647 of 2147483647 numbers", "widen messages.id to bigint"]],
        },
        Case {
            name: "what waits for the bots of other tokens",
            provoke: |env| {
                env.psql(&format!(
                    "{WAITING_OF_OTHERS};
                    INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload)
                    VALUES ({}, 1, 1, 1, 'message', '{{}}')",
                    env.telegram.bot_id()
                ));
            },
            lines: &[[
                "former bots",
                "bot 11: 2 updates and 0 unsent messages, the oldest of 2026-01-02 03:04 UTC; bot 12: 1 updates and 1 unsent",
                "history discard --bot 11",
            ]],
        },
    ]);
}

/// Of two bots that are not that of any token here. What they have done counts for nothing.
pub(crate) const WAITING_OF_OTHERS: &str = "
    INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at)
    VALUES (11, 1, 1, 1, 'message', '{}', '2026-01-02 03:04+00'), (11, 2, 1, 1, 'message', '{}', now()),
           (12, 1, 1, 1, 'message', '{}', now());
    INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, done_at) VALUES (13, 1, 1, 1, 'message', now());
    INSERT INTO reply_parts (bot_id, chat_id, user_id, update_seq, position, op, payload, state)
    VALUES (12, 1, 1, 9, 0, 'send', '{}', 'unsent')";

#[test]
fn one_line_tells_why_no_backup_can_be_made() {
    examine(&[
        Case {
            name: "no folder",
            provoke: |env| env.set("BACKUP_DIR", "nowhere"),
            lines: &[
                ["environment", "BACKUP_DIR names nowhere, which is not a folder", "a folder for backups"],
                ["backups", "no backup can be made", "create it, or choose another one"],
            ],
        },
        Case {
            name: "no pg_dump",
            provoke: |env| {
                env.set("PATH", "/nowhere");
                env.set("BACKUP_DIR", ".");
            },
            lines: &[["backups", "no backup can be made", "pg_dump is not installed here; install"]],
        },
        Case {
            name: "no room",
            // A file system without a free block.
            provoke: |env| env.set("BACKUP_DIR", "/proc"),
            lines: &[["backups", "no backup can be made", "free some space, or choose another folder"]],
        },
        Case {
            name: "without a database too",
            provoke: |env| {
                env.set("DATABASE_URL", "postgresql://u@127.0.0.1:1/d");
                env.set("PATH", "/nowhere");
                env.set("BACKUP_DIR", ".");
            },
            lines: &[
                ["database", "port", "start PostgreSQL"],
                ["backups", "no backup can be made", "install"],
            ],
        },
    ]);
}

#[test]
fn a_server_of_its_own_with_a_password_is_well() {
    let server = Options::default().setting("password_encryption", "scram-sha-256").start().unwrap();
    server.psql("postgres", "CREATE ROLE bot LOGIN PASSWORD 'p@ss/word'; CREATE DATABASE bot OWNER bot");
    let rules = "host bot bot 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
    fs::write(server.data_folder().join("pg_hba.conf"), rules).unwrap();
    server.restart();
    let mut env = healthy();
    env.set("DATABASE_URL", server.url("bot").replace("postgres@", "bot:p%40ss%2Fword@"));
    env.run(&["migrate", "up"]).ok();
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(!said.out.contains("p@ss") && !said.out.contains("p%40ss"), "{}", said.out);
}
