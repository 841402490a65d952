//! Faults of the model's endpoint.

use sandbox::model::{Behaviour, List};

use super::{Case, examine, healthy};

#[test]
fn one_line_tells_what_is_wrong_with_the_model() {
    const KEY: [&str; 3] = ["model", "does not accept the key (status 401)", "OPENROUTER_API_KEY"];
    examine(&[
        Case { name: "key", provoke: |env| env.set("OPENROUTER_API_KEY", "sk-hunter2"), lines: &[KEY] },
        Case {
            name: "key, where everybody gets the list",
            provoke: |env| {
                env.model.list(List::ForAnybody);
                env.set("OPENROUTER_API_KEY", "sk-hunter2");
            },
            lines: &[KEY],
        },
        Case {
            name: "no key",
            provoke: |env| {
                env.model.list(List::ForAnybody);
                env.unset("OPENROUTER_API_KEY");
            },
            lines: &[KEY],
        },
        Case {
            name: "model",
            provoke: |env| env.set("LLM_MODEL", "no/such-model"),
            lines: &[["model", "does not know the model no/such-model", "correct LLM_MODEL"]],
        },
        Case {
            name: "model, where there is no list",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::status(400, "hunter2 is not a valid model ID"));
            },
            lines: &[["model", "sandbox/echo: the endpoint answers with status 400", "correct LLM_MODEL"]],
        },
        Case {
            name: "account",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::quota());
            },
            lines: &[["model", "status 429 (insufficient_quota)", "top up the account"]],
        },
        Case {
            name: "down",
            provoke: |env| env.model.down(),
            lines: &[["model", "the endpoint cannot be reached", "LLM_BASE_URL"]],
        },
        Case {
            name: "out of order",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::html(502));
            },
            lines: &[["model", "status 502", "wait a little"]],
        },
        Case {
            name: "something else",
            provoke: |env| {
                env.model.list(List::Absent);
                env.model.usually(Behaviour::html(200));
            },
            lines: &[["model", "no OpenAI-compatible endpoint", "correct LLM_BASE_URL"]],
        },
    ]);
}

#[test]
fn a_list_that_everybody_gets_is_followed_by_a_question_of_one_token() {
    let env = healthy();
    env.model.list(List::ForAnybody);
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    let asked = env.model.requests();
    assert!(!asked.is_empty() && asked.iter().all(|asked| asked.body["max_tokens"] == 1), "{asked:?}");
}
