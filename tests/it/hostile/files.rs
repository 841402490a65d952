//! Files that people sent, on a bad way: what becomes of getFile and of the download, and that neither tells the token.

use std::thread;
use std::time::Duration;

use sandbox::telegram::{Action, Calls, Reply};
use sandbox::{PATIENCE, TestEnv};
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::Http;
use systech_aidd::telegram::{FileError, Settings, Telegram, TelegramError};

const CONTENT: &[u8] = b"what is in the file";
const MOST: usize = 1 << 20;

/// Fetches files of `env` until the token asks for the end.
fn with_telegram<R>(env: &TestEnv, stop: &CancelToken, test: impl FnOnce(&Telegram) -> R) -> R {
    let (http, _runtime) = Http::start().unwrap();
    let settings = Settings {
        token: env.telegram.token().parse().unwrap(),
        url: env.telegram.url(),
        timeout: Duration::from_secs(30),
    };
    test(&Telegram::new(http, &settings, stop.clone()))
}

fn id(kept: &serde_json::Value) -> &str {
    kept["file_id"].as_str().unwrap()
}

#[test]
fn a_file_is_fetched_whole_or_its_fault_has_a_name_without_the_token() {
    let env = TestEnv::new();
    with_telegram(&env, &CancelToken::new(), |telegram| {
        let kept = env.telegram.keep(CONTENT);
        assert_eq!(telegram.file(id(&kept), MOST).unwrap(), CONTENT);
        assert_eq!(telegram.file(id(&kept), CONTENT.len()).unwrap(), CONTENT);
        assert_eq!(telegram.file(id(&kept), CONTENT.len() - 1), Err(FileError::TooLarge));
        let understated = env.telegram.keep_of_size(&vec![7; MOST + 1], 5);
        assert_eq!(telegram.file(id(&understated), MOST), Err(FileError::TooLarge));
        let huge = env.telegram.keep_of_size(CONTENT, 21 << 20);
        assert_eq!(telegram.file(id(&huge), 100 << 20), Err(FileError::TooLarge));
        env.telegram.lose(id(&huge));
        for gone in [id(&huge), "nobody's"] {
            assert_eq!(telegram.file(gone, MOST), Err(FileError::Gone));
        }

        let gone_for = |times| {
            env.telegram
                .fault(Calls::to("download").times(times), Action::Refuse(Reply::error(404, "Not Found")))
        };
        // A link that has expired is asked for anew, and a file that is nowhere then is gone.
        let expired = gone_for(1);
        assert_eq!(telegram.file(id(&kept), MOST).unwrap(), CONTENT);
        assert_eq!((expired.hits(), env.telegram.calls("download").len()), (1, 5));
        gone_for(2);
        assert_eq!(telegram.file(id(&kept), MOST), Err(FileError::Gone));

        for (call, action) in [
            ("download", Action::Refuse(Reply::html(502))),
            ("download", Action::Reset),
            ("download", Action::TakeThenTruncate),
            ("download", Action::TakeThenClose),
            ("getFile", Action::RetryAfter(7)),
            ("getFile", Action::TakeThenReply(Reply::garbage(200))),
            ("getFile", Action::Refuse(Reply::error(400, "Bad Request: something new"))),
        ] {
            let fault = env.telegram.fault(Calls::to(call).times(1), action.clone());
            let error = telegram.file(id(&kept), MOST).unwrap_err();
            assert!(matches!(error, FileError::Telegram(_)), "{action:?}: {error}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains(env.telegram.token()) && !told.contains("/file/"), "{told}");
            assert_eq!(fault.hits(), 1, "{action:?}");
            assert_eq!(telegram.file(id(&kept), MOST).unwrap(), CONTENT, "after {action:?}");
        }
    });
}

#[test]
fn a_file_that_does_not_come_is_not_waited_for_once_nobody_wants_it() {
    let env = TestEnv::new();
    let stop = CancelToken::new();
    let kept = env.telegram.keep(CONTENT);
    let hang = env.telegram.fault(Calls::to("download"), Action::Hang);
    with_telegram(&env, &stop, |telegram| {
        thread::scope(|scope| {
            let fetching = scope.spawn(|| telegram.file(id(&kept), MOST));
            hang.wait_hits(1, PATIENCE);
            stop.request();
            assert_eq!(fetching.join().unwrap(), Err(FileError::Telegram(TelegramError::Stopped)));
        });
    });
}
