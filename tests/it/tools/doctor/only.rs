//! `systech-aidd doctor --only …`: a part of it alone, and the setting that is at fault, for programs.

use sandbox::TestEnv;
use sandbox::model::{Behaviour, List};
use serde_json::Value;

/// The findings of the parts, and whether all is well.
fn examine(env: &TestEnv, parts: &str) -> (Vec<Value>, bool) {
    let said = env.run(&["doctor", "--json", "--only", parts]);
    (serde_json::from_str(&said.out).unwrap(), said.code == Some(0))
}

fn checks(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect()
}

#[test]
fn nobody_is_asked_about_the_settings_alone() {
    let mut env = TestEnv::empty();
    let (findings, well) = examine(&env, "settings");
    assert_eq!(checks(&findings), ["environment", "env file", "prompt", "access", "reader"]);
    assert!(well && findings.iter().all(|finding| finding.get("setting").is_none()));
    env.unset("DATABASE_URL");
    let (findings, well) = examine(&env, "settings");
    assert_eq!((findings[0]["setting"].as_str(), well), (Some("DATABASE_URL"), false));
    assert_eq!(env.telegram.look(|state| state.calls().len()), 0);
    assert!(env.model.requests().is_empty());
}

#[test]
fn of_telegram_alone_no_updates_are_asked_for_and_a_wrong_token_is_named_as_the_fault() {
    let mut env = TestEnv::empty();
    // No part of it: says nothing here.
    env.unset("DATABASE_URL");
    let (findings, well) = examine(&env, "telegram");
    assert_eq!((checks(&findings), well), (vec!["token", "webhook"], true));
    assert_eq!(env.telegram.calls("getUpdates").len(), 0);
    for (token, check) in [("123456:AAwrong_wrong_wrong_wrong_wrong", "token"), ("hunter2", "environment")] {
        env.set("TELEGRAM_BOT_TOKEN", token);
        let (findings, well) = examine(&env, "telegram");
        let fault = findings.iter().find(|finding| finding["setting"] == "TELEGRAM_BOT_TOKEN").unwrap();
        assert_eq!((fault["check"].as_str(), well), (Some(check), false));
    }
    // No fault of the token's.
    env.set("TELEGRAM_BOT_TOKEN", env.telegram.token().to_owned());
    env.telegram.down();
    let (findings, well) = examine(&env, "telegram");
    assert!(!well && findings.iter().all(|finding| finding.get("setting").is_none()), "{findings:?}");
}

#[test]
fn the_setting_that_the_models_endpoint_objects_to_is_named() {
    for (list, faults) in [
        (List::WithKey, [("OPENROUTER_API_KEY", "hunter2"), ("LLM_MODEL", "no/such-model")]),
        (List::ForAnybody, [("OPENROUTER_API_KEY", "hunter2"), ("LLM_MODEL", "no/such-model")]),
    ] {
        for (setting, value) in faults {
            let mut env = TestEnv::empty();
            env.model.list(list);
            env.set(setting, value);
            if setting == "LLM_MODEL" {
                // A name that works may be missing from the list: the endpoint has to object to it.
                env.model.usually(Behaviour::status(404, "no such model"));
            }
            let (findings, well) = examine(&env, "model");
            assert_eq!((checks(&findings), well), (vec!["model"], false));
            assert_eq!(findings[0]["setting"], setting, "{findings:?}");
        }
    }
}

#[test]
fn several_parts_come_in_the_usual_order() {
    let env = TestEnv::empty();
    let (findings, _) = examine(&env, "model,database");
    assert_eq!(
        checks(&findings),
        [
            "database",
            "server",
            "rights",
            "migrations",
            "indexes",
            "schema",
            "ids",
            "answers",
            "former bots",
            "files",
            "backups",
            "model"
        ]
    );
}
