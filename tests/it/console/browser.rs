//! The console in a real browser: what it shows there, what it loads, and that nothing of others runs.

use std::path::{Path, PathBuf};

use sandbox::TestEnv;
use sandbox::env::Bot;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::console::{address, link, with_console};

/// Every page of the menu, and what stands in its picture's name.
const PAGES: [(&str, &str); 5] = [
    ("/", "overview"),
    ("/now", "now"),
    ("/costs", "costs"),
    ("/health", "health"),
    ("/sessions", "sessions"),
];

/// What keeps somebody from using a page who sees little, has no pointer, or has it read out.
pub(crate) const BARRIERS: &str = r#"
    const barriers = [];
    const check = (well, what) => { if (!well) barriers.push(what); };
    check(/^(en|ru)$/.test(document.documentElement.lang), 'lang');
    check(document.querySelectorAll('h1').length === 1, 'one h1');
    check(document.querySelector('main#main') && document.querySelector('a.skip'), 'a way past the menu');
    check(document.title.length > 15, 'title');
    for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
        check(field.labels.length || field.ariaLabel, 'label of ' + field.name);
    for (const control of document.querySelectorAll('a[href], button'))
        check(control.textContent.trim() || control.ariaLabel, 'words of ' + control.outerHTML);
    for (const image of document.querySelectorAll('img')) check(image.alt !== null, 'alt of ' + image.src);
    for (const chart of document.querySelectorAll('svg[role=img]')) check(chart.ariaLabel, 'name of a chart');
    for (const table of document.querySelectorAll('table')) check(table.querySelector('th[scope]'), 'heads of a table');
    for (const wide of document.querySelectorAll('.wide'))
        check(wide.tabIndex === 0 && (wide.ariaLabel || wide.closest('.answer')), 'a name of what is moved: ' + wide.outerHTML.slice(0, 99));
    check(document.querySelectorAll('[tabindex]:not([tabindex="-1"], [tabindex="0"])').length === 0, 'an order of its own');
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    check(new Set(ids).size === ids.length, 'an id that is there twice');
    return barriers;
"#;

/// Where the pictures of this run are kept.
pub(crate) fn artefacts() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("console")
}

/// Logs in by a link, as somebody does who opens it from elsewhere.
#[track_caller]
pub(crate) fn log_in(browser: &Browser, env: &TestEnv, bot: &Bot) -> String {
    let base = format!("http://{}", address(bot));
    browser.open(&format!("{base}{}", link(env)));
    browser.follow("main button");
    assert_eq!(browser.path(), "/", "{}", browser.text());
    base
}

/// As [`seed`], and a question of the first person with this answer, an escape string of SQL.
fn seed_with_answer(env: &TestEnv, answer: &str) {
    seed(env);
    env.psql(&format!(
        "INSERT INTO messages (user_id, chat_id, role, content, message_length) VALUES (101, 101, 'user', 'soup?', 5),
             (101, 101, 'assistant', E'{answer}', 9)",
    ));
}

/// Nothing was complained of, and nothing came from anywhere but the console.
#[track_caller]
pub(crate) fn assert_well(browser: &Browser, base: &str) {
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let origins = browser.origins();
    assert!(origins.iter().all(|origin| origin == base) && !origins.is_empty(), "{origins:?}");
}

#[test]
fn somebody_logs_in_by_a_link_looks_at_each_page_and_ends_the_session() {
    let Some(browser) = Browser::start() else { return };
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    seed(&env);
    let used = link(&env);
    let base = format!("http://{}", address(&bot));
    browser.open(&format!("{base}{used}"));
    browser.follow("main button");
    assert_eq!(browser.path(), "/");
    for (path, name) in PAGES {
        browser.follow(&format!("header nav a[href=\"{path}\"]"));
        assert_eq!(browser.path(), path);
        assert_eq!(browser.script(BARRIERS), json!([]), "{path}");
        for (width, dark) in [(360, false), (1100, false), (1100, true)] {
            browser.look_at(width, 900, dark);
            let fits = browser.script("return document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(fits, json!(true), "{path} is wider than {width} pixels");
            let theme = if dark { "dark" } else { "light" };
            browser.picture(&artefacts().join(format!("{name}-{width}-{theme}.png")));
        }
    }
    assert!(browser.text().contains("this session"), "{}", browser.text());
    browser.follow("header form[action=\"/language\"] button");
    assert!(browser.text().contains("Кто сейчас в консоли"), "{}", browser.text());
    assert_well(&browser, &base);

    browser.follow("table form button");
    assert!(browser.text().contains("Вы не вошли"), "{}", browser.text());
    browser.open(&format!("{base}{used}"));
    browser.follow("main button");
    assert!(browser.text().contains("больше не действует"), "{}", browser.text());
    // The browser itself complains of refusals, and of nothing else.
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|complaint| complaint.contains("401")), "{complaints:?}");
}

/// Every control of the page that can be seen, in the order in which it stands there.
const CONTROLS: &str = r#"
    const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, [tabindex="0"]')]
        .filter((control) => control.checkVisibility());
"#;

/// Presses Tab until every control was come to, and says what was amiss.
#[track_caller]
fn assert_tabbed_through(browser: &Browser, path: &str) {
    let number = browser.script(&format!("{CONTROLS} return controls.length")).as_u64().unwrap();
    assert!(number > 10, "{path}: {number} controls");
    for nth in 0..number {
        browser.press("Tab", 9);
        let come_to = format!(
            "{CONTROLS} const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
             return [controls.indexOf(at), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight, at.outerHTML.slice(0, 200)]"
        );
        let come_to = browser.script(&come_to);
        assert_eq!((&come_to[0], &come_to[1]), (&json!(nth), &json!(true)), "{path}: {}", come_to[2]);
    }
    // And it holds nobody.
    browser.press("Tab", 9);
    let last = browser.script(&format!("{CONTROLS} return controls.indexOf(document.activeElement)"));
    assert_ne!(last, json!(number - 1), "{path}");
}

#[test]
fn with_the_keyboard_alone_each_control_is_come_to_once_in_its_order_and_seen() {
    let Some(browser) = Browser::start() else { return };
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    seed_with_answer(&env, r"| a | b |\n|---|---|\n| 1 | 2 |\n\n||hidden||\n");
    let base = log_in(&browser, &env, &bot);
    let further = [
        "/dialogues",
        "/dialogues/101/101/0",
        "/people",
        "/people/101",
        "/people/101/erase",
        "/search?q=soup",
    ];
    for path in PAGES.into_iter().map(|(path, _)| path).chain(further) {
        browser.open(&format!("{base}{path}"));
        assert_tabbed_through(&browser, path);
    }
    // The first of them leads past the menu.
    browser.open(&format!("{base}/now"));
    browser.press("Tab", 9);
    browser.press("Enter", 13);
    assert_eq!(browser.script("return [location.hash, document.activeElement.id]"), json!(["#main", "main"]));
}

#[test]
fn what_is_folded_on_the_screen_is_printed() {
    let Some(browser) = Browser::start() else { return };
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    seed_with_answer(&env, r"<details><summary>More</summary>\nwords that are folded\n</details>\n");
    let base = log_in(&browser, &env, &bot);
    let seen = |selector: &str| {
        browser.script(&format!(
            "return [...document.querySelectorAll('{selector}')].map((each) => each.checkVisibility() && each.getBoundingClientRect().height > 0)"
        ))
    };
    // What is folded on the screen, on paper; what nobody can press, on paper; and what a fold is called.
    for (path, folded, hidden, kept) in [
        ("/costs", "figure details table", "figure > details > summary", "figcaption"),
        ("/dialogues/101/101/0", ".answer details p", ".choice", ".answer summary"),
    ] {
        browser.open(&format!("{base}{path}"));
        browser.look_at(1100, 900, false);
        assert_eq!((seen(folded), seen(kept)), (json!([false]), json!([true])), "{path}");
        browser.look_at_paper();
        assert_eq!((seen(folded), seen(kept)), (json!([true]), json!([true])), "{path}");
        assert!(
            seen(hidden).as_array().unwrap().iter().all(|seen| *seen == json!(false)),
            "{path}: {hidden}"
        );
        assert_eq!(seen("nav"), json!(vec![false; seen("nav").as_array().unwrap().len()]), "{path}");
    }
}

#[test]
fn figures_renew_themselves_and_nothing_that_others_wrote_runs() {
    let Some(browser) = Browser::start() else { return };
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    let base = log_in(&browser, &env, &bot);
    browser.open(&format!("{base}/now"));
    browser.script("window.same = 1; return null");
    assert!(!browser.text().contains("onerror"), "{}", browser.text());
    // Whatever ran would say so.
    env.psql(
        "INSERT INTO people (bot_id, id, state, since, name)
         SELECT bot_id, 7, 'allowed', now(), '<img src=x onerror=\"document.title=1\"><script>document.title=1</script>' FROM leases;
         INSERT INTO updates (bot_id, update_id, chat_id, user_id, kind, payload, received_at, not_before)
         SELECT bot_id, 999999, 7, 7, 'message', '{}', now(), now() + interval '1 hour' FROM leases",
    );
    sandbox::wait_until("the page to renew itself", || browser.text().contains("onerror").then_some(()));
    assert_eq!(browser.script("return [window.same, document.title]"), json!([1, "Now · systech-aidd"]));
    // The policy of the pages would stop it as well.
    let stopped = "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);
                   return document.title";
    assert_eq!(browser.script(stopped), json!("Now · systech-aidd"));
    let complaints = browser.complaints();
    assert!(complaints.len() == 1 && complaints[0].contains("Content Security Policy"), "{complaints:?}");
    assert!(browser.origins().iter().all(|origin| *origin == base));
}

/// The pictures of docs/console.md: `make console-pictures` draws them anew.
#[test]
fn the_pictures_of_the_guide_are_drawn_on_demand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pictures = [("/", "console-overview.png"), ("/costs?by=model", "console-costs.png")];
    if std::env::var_os("UPDATE_PICTURE").is_none() {
        let guide = std::fs::read_to_string(folder.join("console.md")).unwrap();
        for (_, picture) in pictures {
            assert!(
                guide.contains(picture) && folder.join(picture).is_file(),
                "make console-pictures draws {picture}"
            );
        }
        return;
    }
    let browser = Browser::start().expect("pictures are drawn by a browser");
    let env = with_console(TestEnv::new());
    let bot = env.start_ready();
    seed(&env);
    let base = log_in(&browser, &env, &bot);
    browser.look_at(1100, 820, false);
    for (path, picture) in pictures {
        browser.open(&format!("{base}{path}"));
        browser.picture(&folder.join(picture));
    }
}

/// Ninety days of a bot that people use, the same ones in each run.
fn seed(env: &TestEnv) {
    env.psql(
        "INSERT INTO people (bot_id, id, state, since, name)
         SELECT bot_id, 100 + n, 'allowed', now(), (ARRAY['Anna', 'Boris', 'Vera', 'Gleb', 'Dina'])[n] FROM leases, generate_series(1, 5) n;
         INSERT INTO model_calls (bot_id, update_seq, user_id, purpose, endpoint, model, outcome, failure, prompt_tokens, cached_tokens,
                                  completion_tokens, cost, cost_source, first_token_ms, duration_ms, called_at)
         SELECT bot_id, 1000 + n, 101 + n % 5, 'answer', 'llm.example',
                (ARRAY['small', 'large', 'careful'])[1 + n % 3],
                CASE WHEN n % 41 = 0 THEN 'failed' ELSE 'answered' END, CASE WHEN n % 41 = 0 THEN 'overloaded' END,
                800 + n % 700, 300, 200 + n % 300, (1 + n % 9) * 0.0007, 'endpoint', 300 + (n * 37) % 900, 2000 + (n * 91) % 6000,
                now() - n * interval '1 hour 7 minutes'
         FROM leases, generate_series(0, 1900) n",
    );
}
