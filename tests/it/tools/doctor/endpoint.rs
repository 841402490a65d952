//! Faults of the model's endpoint.

use sandbox::TestEnv;
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
            provoke: |env| {
                env.set("LLM_MODEL", "sandbox/echoes");
                env.model.usually(Behaviour::status(400, "hunter2 is not a valid model ID"));
            },
            lines: &[[
                "model",
                "does not know the model sandbox/echoes",
                "correct LLM_MODEL; the endpoint has sandbox/echo",
            ]],
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
fn one_line_tells_what_the_endpoint_objects_to() {
    examine(&[
        Case {
            name: "key, with a status of its own",
            provoke: |env| {
                let body =
                    r#"{"error":{"message":"hunter2","type":"auth_error","param":"None","code":"400"}}"#;
                env.model.usually(Behaviour::json(400, body));
            },
            lines: &[["model", "the endpoint does not accept the key (status 400)", "OPENROUTER_API_KEY"]],
        },
        Case {
            name: "a field",
            provoke: |env| {
                let body =
                    r#"{"error":{"message":"hunter2","param":"messages[0].name","code":"invalid_value"}}"#;
                env.model.usually(Behaviour::json(400, body));
            },
            lines: &[["model", "the field messages[0].name", "LLM_EXTRA_BODY"]],
        },
        Case {
            name: "a small model",
            provoke: |env| env.model.limit_context(Some(1)),
            lines: &[[
                "model",
                "no room for a question beside an answer of LLM_MAX_TOKENS",
                "lower LLM_MAX_TOKENS",
            ]],
        },
        Case {
            name: "a model that thinks too long",
            provoke: |env| env.model.usually(Behaviour::text("").reasoning("hunter2").finish("length")),
            lines: &[["model", "thinking used up LLM_MAX_TOKENS", "raise LLM_MAX_TOKENS"]],
        },
    ]);
}

#[test]
fn a_model_that_answers_is_well_whatever_the_list_says() {
    let mut env = healthy();
    let line = |env: &TestEnv| {
        let said = env.run(&["doctor"]);
        assert_eq!(said.code, Some(0), "{}", said.out);
        said.out.lines().find(|line| line.contains(" model  ")).unwrap().to_owned()
    };
    assert_eq!(line(&env), "✓ model        sandbox/echo answers");
    let asked = &env.model.requests()[0].body;
    assert_eq!(
        (&asked["max_tokens"], &asked["temperature"], &asked["stream"]),
        (&4000.into(), &0.7.into(), &true.into())
    );
    env.model.announce_end("2027-01-14");
    assert_eq!(
        line(&env),
        "✓ model        sandbox/echo answers; the endpoint announces its end for 2027-01-14"
    );
    env.model.announce_reading(&["text", "image"]);
    assert_eq!(
        line(&env),
        "✓ model        sandbox/echo answers and reads text, image; the endpoint announces its end for 2027-01-14"
    );
    env.model.announce_reading(&["text"]);
    let denied = "reads text; by that list it does not read pictures, as LLM_READS or the catalogue says";
    assert!(line(&env).contains(denied), "{}", line(&env));
    env.set("LLM_READS", "text");
    assert!(!line(&env).contains("pictures"), "{}", line(&env));
    for list in [List::ForAnybody, List::Absent] {
        env.model.list(list);
        assert!(line(&env).starts_with("✓ model        sandbox/echo answers"));
    }
    env.model.list(List::WithKey);
    env.set("LLM_MODEL", "sandbox/echo:online");
    assert_eq!(
        line(&env),
        "✓ model        sandbox/echo:online answers; it is not on the endpoint's list of models"
    );
    env.set("LLM_MODEL", "openai/gpt-4o-mini");
    assert_eq!(
        line(&env),
        "✓ model        openai/gpt-4o-mini answers; it is not on the endpoint's list of models; its maker announces its end \
         for 2027-01-14"
    );
}
