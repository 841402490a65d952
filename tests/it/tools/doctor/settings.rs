//! Faults of the settings, of `.env` and of the prompt.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sandbox::model::Behaviour;

use super::{Case, examine};

#[test]
fn one_line_tells_each_fault_of_the_settings() {
    examine(&[
        Case {
            name: "values",
            provoke: |env| {
                env.set("LLM_TEMPERATURE", "hot");
                env.set("LOG_FORMAT", "xml");
            },
            lines: &[
                ["environment", "LLM_TEMPERATURE is \"hot\"", "expected: a number from 0 to 2"],
                ["environment", "LOG_FORMAT is \"xml\"", "expected: text or json"],
            ],
        },
        Case {
            name: "what is missing hides nothing else",
            provoke: |env| {
                env.unset("DATABASE_URL");
                env.set("TELEGRAM_BOT_TOKEN", "hunter2");
                env.set("LLM_MODEL", "no/such-model");
                env.model.usually(Behaviour::status(404, "no such model"));
            },
            lines: &[
                ["environment", "TELEGRAM_BOT_TOKEN does not look like a token", "@BotFather"],
                ["environment", "DATABASE_URL is missing", "postgresql://user:password@host:port/database"],
                ["model", "does not know the model no/such-model", "LLM_MODEL"],
            ],
        },
        Case {
            name: "a console that others reach without TLS",
            provoke: |env| env.set("CONSOLE_ADDR", "0.0.0.0:8080"),
            lines: &[["console", "the console speaks no TLS", "behind a reverse proxy with TLS"]],
        },
        Case {
            name: "the process that reads files dies",
            provoke: |env| env.set("EXTRACT_PROBE", "abort"),
            lines: &[["reader", "documents cannot be read", "memory"]],
        },
        Case {
            name: ".env with a fault",
            provoke: |env| {
                let file = "LLM_MAX_TOKENS=many\nTELEGRAM_BOT_TOKEN hunter2\nWORKERS=0\n";
                fs::write(env.folder().join(".env"), file).unwrap();
            },
            lines: &[
                ["environment", "LLM_MAX_TOKENS is \"many\"", "a whole number"],
                ["environment", "WORKERS is \"0\"", "a whole number"],
                ["env file", ".env, line 2, is not of the form", ".env.example"],
            ],
        },
        Case {
            name: ".env that says things twice",
            provoke: |env| {
                let file =
                    "LLM_MODEL=no/such-model\nLLM_TIMEOUT=5\n\nLLM_MODEL='sandbox/echo'\nLLM_TIMEOUT=5\n";
                fs::write(env.folder().join(".env"), file).unwrap();
                fs::set_permissions(env.folder().join(".env"), fs::Permissions::from_mode(0o600)).unwrap();
                env.unset("LLM_MODEL");
            },
            lines: &[
                ["env file", ".env sets LLM_MODEL more than once, in lines 1 and 4", "the last one counts"],
                ["env file", ".env sets LLM_TIMEOUT more than once, in lines 2 and 5", "the last one counts"],
            ],
        },
        Case {
            name: ".env for everybody",
            provoke: |env| {
                let env = env.folder().join(".env");
                fs::write(&env, "").unwrap();
                fs::set_permissions(env, fs::Permissions::from_mode(0o644)).unwrap();
            },
            lines: &[["env file", "can be read by other users", "chmod 600 .env"]],
        },
        Case {
            name: "no prompt",
            provoke: |env| env.set("SYSTEM_PROMPT_PATH", "nowhere.txt"),
            lines: &[[
                "prompt",
                "nowhere.txt, which cannot be read",
                "a text file that tells the model who it is",
            ]],
        },
        Case {
            name: "empty prompt",
            provoke: |env| fs::write(env.folder().join("prompts/nutritionist.txt"), " \n").unwrap(),
            lines: &[["prompt", "which is empty", "a text file that tells the model who it is"]],
        },
    ]);
}
