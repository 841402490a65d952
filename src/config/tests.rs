//! Settings as a whole: what is enough, what is wrong, and that each is read.

use super::*;
use crate::domain::token_budget;

const GOOD: &[(&str, &str)] = &[
    ("TELEGRAM_BOT_TOKEN", "123456:abcdefghijklmnop"),
    ("OPENROUTER_API_KEY", "sk-or-secret"),
    ("DATABASE_URL", "postgresql+asyncpg://systech:pass@localhost:5432/systech_aidd"),
    ("SYSTEM_PROMPT_PATH", concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/nutritionist.txt")),
];

fn read(changes: &[(&str, &str)]) -> Result<Config, String> {
    let lookup = |name: &str| {
        let set = changes.iter().chain(GOOD).find(|(variable, _)| *variable == name);
        set.map(|(_, value)| (*value).to_owned())
    };
    Config::load(&Reader::new(&lookup)).map(|loaded| loaded.settings).map_err(|faults| faults.to_string())
}

#[test]
fn an_env_of_the_predecessor_is_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(config.database.url.expose(), "postgresql://systech:pass@localhost:5432/systech_aidd");
    assert_eq!(config.choices.settings[0].base_url, "https://openrouter.ai/api/v1");
    assert_eq!((config.workers, config.pool_size, config.max_history), (512, 8, 20));
    assert!(config.choices.catalogue.roles[0].prompt.starts_with(&config.choices.catalogue.roles[0].words));
}

#[test]
fn every_fault_is_named_at_once_and_none_shows_a_secret() {
    let message = read(&[
        ("TELEGRAM_BOT_TOKEN", "topsecret"),
        ("DATABASE_URL", "mysql://root:topsecret@localhost/x"),
        ("OPENROUTER_API_KEY", ""),
        ("LLM_TEMPERATURE", "2.5"),
        ("LLM_MAX_TOKENS", "many"),
        ("WORKERS", "0"),
        ("LLM_TIMEOUT", "NaN"),
        ("LLM_EXTRA_BODY", "{\"model\":\"x\"}"),
        ("LLM_READS", "pictures"),
        ("TELEGRAM_API_URL", "localhost:8081"),
        ("SYSTEM_PROMPT_PATH", "no/such/file"),
        ("BACKUP_DIR", "no/such/folder"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "systech_aidd=loud"),
        ("RETENTION_DAYS", "0"),
        ("ALLOWED_USERS", "42,topsecret:topsecret"),
        ("ALLOWED_CHATS", ","),
        ("RATE_LIMIT", "many"),
        ("LLM_CONTEXT_TOKENS", "4k"),
    ])
    .unwrap_err();
    for variable in [
        "TELEGRAM_BOT_TOKEN",
        "DATABASE_URL",
        "OPENROUTER_API_KEY",
        "LLM_TEMPERATURE",
        "LLM_MAX_TOKENS",
        "WORKERS",
        "LLM_TIMEOUT",
        "LLM_EXTRA_BODY",
        "LLM_READS",
        "TELEGRAM_API_URL",
        "SYSTEM_PROMPT_PATH",
        "BACKUP_DIR",
        "LOG_FORMAT",
        "RUST_LOG",
        "RETENTION_DAYS",
        "ALLOWED_USERS",
        "ALLOWED_CHATS",
        "RATE_LIMIT",
        "LLM_CONTEXT_TOKENS",
    ] {
        assert!(message.contains(&format!("\n  {variable} ")), "{variable} is not in: {message}");
    }
    assert!(!message.contains("topsecret"), "{message}");
    assert_eq!(message.lines().count(), 20, "{message}");
}

#[test]
fn fields_of_the_request_are_the_operators_to_change() {
    let extra =
        |text: &str| read(&[("LLM_EXTRA_BODY", text)]).map(|config| config.choices.settings[0].extra.len());
    assert_eq!((extra(""), extra("{\"temperature\":null,\"top_k\":5}")), (Ok(0), Ok(2)));
    for bad in ["5", "[]", "{", "{\"messages\":[]}", "{\"model\":\"x\"}"] {
        assert!(extra(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_temperature_of_zero_is_allowed() {
    assert!(read(&[("LLM_TEMPERATURE", "0")]).unwrap().choices.settings[0].temperature.abs() < f64::EPSILON);
}

#[test]
fn the_context_has_to_have_room_for_prompt_answer_and_question() {
    let message = |limit: &str| read(&[("LLM_CONTEXT_TOKENS", limit), ("LLM_MAX_TOKENS", "1000")]).map(drop);
    let prompt = token_budget::tokens(&read(&[]).unwrap().choices.catalogue.roles[0].prompt);
    let least = 1000 + prompt + token_budget::tokens("a");
    assert_eq!(message(&least.to_string()), Ok(()));
    let problem = message(&(least - 1).to_string()).unwrap_err();
    let said = format!(
        "\n  LLM_CONTEXT_TOKENS leaves no room for a question: LLM_MAX_TOKENS takes 1000 and the prompt about {prompt};"
    );
    assert!(problem.contains(&said), "{problem}");
}

#[test]
fn another_endpoint_may_need_no_key() {
    let config = read(&[("OPENROUTER_API_KEY", ""), ("LLM_BASE_URL", "http://localhost:11434/v1/")]).unwrap();
    assert_eq!(config.choices.settings[0].base_url, "http://localhost:11434/v1");
    assert!(config.choices.settings[0].key.is_none());
}

#[test]
fn a_catalogue_takes_the_place_of_the_model_and_the_prompt_of_the_settings() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/assistant.example.toml");
    let changes =
        [("CATALOGUE_PATH", example), ("SYSTEM_PROMPT_PATH", "no/such/file"), ("LLM_MODEL", "unused")];
    let choices = read(&changes).unwrap().choices;
    let names: Vec<_> = choices.catalogue.models.iter().map(|model| &*model.id).collect();
    assert_eq!(names, ["quick", "thorough"]);
    assert_eq!(choices.settings[0].model, "~openai/gpt-luna-latest");
    let said = read(&[("CATALOGUE_PATH", "no/such/file")]).unwrap_err();
    assert!(said.contains("\n  CATALOGUE_PATH names no/such/file, which cannot be read"), "{said}");
    let wrong = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let said = read(&[("CATALOGUE_PATH", wrong)]).unwrap_err();
    assert!(said.contains(", where line 1 is wrong: "), "{said}");
}
