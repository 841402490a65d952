//! Faults of the Bot API, its address and its token.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use frankenstein::TelegramApi;
use frankenstein::methods::SetWebhookParams;
use sandbox::telegram::{Action, Calls};
use sandbox::{PATIENCE, TestEnv};
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::{Http, RuntimeGuard};
use systech_aidd::telegram::{Settings, Telegram, TelegramError};

use super::{Case, examine, faults, healthy};

/// The Bot API as another program with the same token would use it.
fn other_program(env: &TestEnv) -> (Telegram, RuntimeGuard) {
    let (http, runtime) = Http::start().unwrap();
    let settings = Settings {
        token: env.telegram.token().parse().unwrap(),
        url: env.telegram.url(),
        timeout: Duration::from_secs(30),
    };
    (Telegram::new(http, &settings, CancelToken::new()), runtime)
}

#[test]
fn one_line_tells_what_is_wrong_with_telegram() {
    examine(&[
        Case {
            name: "token",
            provoke: |env| env.set("TELEGRAM_BOT_TOKEN", "123456:AAhunter2hunter2hunter2"),
            lines: &[["token", "Telegram does not know the token", "@BotFather"]],
        },
        Case {
            name: "address",
            provoke: |env| {
                let model = env.model.url();
                env.set("TELEGRAM_API_URL", model.trim_end_matches("/v1"));
            },
            lines: &[["token", "Telegram fails with status 401", "TELEGRAM_API_URL"]],
        },
        Case {
            name: "down",
            provoke: |env| env.telegram.down(),
            lines: &[["token", "Telegram cannot be reached", "HTTPS_PROXY"]],
        },
        Case {
            name: "pause",
            provoke: |env| {
                env.telegram.fault(Calls::to("getMe"), Action::RetryAfter(77));
            },
            lines: &[["token", "a pause of 77 s", "wait for so long"]],
        },
        Case {
            name: "webhook",
            provoke: |env| {
                let webhook = SetWebhookParams::builder().url("https://example.org/hunter2").build();
                other_program(env).0.set_webhook(&webhook).unwrap();
            },
            lines: &[["webhook", "a webhook is set", "give that program another token"]],
        },
    ]);
}

#[test]
fn another_poller_is_noticed_and_loses_nothing() {
    let mut env = healthy();
    // It is away for a moment between two polls.
    env.unset("SHORT_WAITS");
    let (other, _runtime) = other_program(&env);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                match other.updates(None, 100, Duration::from_secs(1)) {
                    Ok(_) | Err(TelegramError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        env.telegram.wait_until(PATIENCE, |state| (state.count("getUpdates") > 0).then_some(()));
        let said = env.run(&["doctor"]);
        done.store(true, Ordering::Relaxed);
        let told = faults(&said);
        assert_eq!(told.len(), 1, "{}", said.out);
        assert!(
            told[0].starts_with("✗ poller")
                && told[0].contains("→ stop that program, or give it another token")
        );
    });
}

#[test]
fn what_waits_at_telegram_is_neither_confirmed_nor_taken_for_a_poller() {
    let env = healthy();
    env.telegram.say(&sandbox::Person::private(1), "early bird");
    let said = env.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("some wait for the bot"), "{}", said.out);
    assert_eq!(env.telegram.unconfirmed(), 1);
}
