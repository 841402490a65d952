use std::path::Path;
use std::time::Duration;

use super::*;
use crate::domain::catalogue::{Effort, Medium, Reads};
use crate::domain::choice::Choice;
use crate::domain::lane::Lane;

const MAX_TOKENS: u32 = 4000;

fn read_text(text: &str) -> Result<Read, Vec<Problem>> {
    let variable = |name: &str| (name == "A_KEY").then(|| "secret".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    read(
        text,
        &Around {
            variable: &variable,
            folder,
            max_tokens: MAX_TOKENS,
            temperature: 0.7,
            silence: Duration::from_secs(60),
        },
    )
}

/// A document that is right, with a line in place of another.
fn with(line: &str, instead: &str) -> String {
    let right = "[endpoints.one]\nurl = \"http://h/v1\"\nkey = \"A_KEY\"\n\n[models.a]\nmodel = \"m\"\nfallback = [\"b\"]\n\n\
                 [models.b]\nmodel = \"n\"\n\n[roles.r]\nprompt = \"prompts/nutritionist.txt\"\n";
    assert!(line.is_empty() || right.contains(line), "{line}");
    right.replacen(line, instead, 1)
}

#[test]
fn a_catalogue_is_read_whole() {
    let text = r#"
        [endpoints.far]
        url = "https://far.example/v1/"
        key = "A_KEY"
        headers = { X-Title = "Ours" }
        [endpoints.near]
        url = "http://127.0.0.1:11434/v1"

        [models.z]
        name = "Quick"
        words = "Fast and cheap"
        endpoint = "far"
        model = "vendor/z"
        context = 100_000
        max_tokens = 0x100
        effort = "high"
        efforts = ["max", "none", "high"]
        reads = ["sound", "text"]
        price = { input = 0.25, output = 2 }
        fallback = ["a"]
        users = [42]
        [models.a]
        endpoint = "near"
        model = "a"

        [roles.cook]
        prompt = "prompts/nutritionist.txt"
        words = "I cook."
        [roles.judge]
        prompt = "prompts/nutritionist.txt"
        model = "a"
        chats = [-5]
    "#;
    let Read { catalogue, settings, .. } = read_text(text).unwrap();
    let [z, a] = &catalogue.models[..] else { panic!("two models") };
    assert_eq!((&*z.id, &*z.name), ("z", "Quick"));
    assert_eq!((z.context.map(u32::from), z.max_tokens), (Some(100_000), 256));
    assert_eq!((z.effort, a.effort), (Some(Effort::High), None));
    assert_eq!(
        z.price.as_ref().unwrap().cached,
        "0.25".parse::<bigdecimal::BigDecimal>().unwrap(),
        "as what is read anew"
    );
    assert_eq!(z.efforts, [Effort::None, Effort::High, Effort::Max], "from the least");
    assert_eq!(z.reads, Reads::from([Medium::Text, Medium::Sound]));
    assert_eq!(a.reads, Reads::from([Medium::Text, Medium::Pictures]), "as most models of today");
    assert_eq!((z.words.as_deref(), &a.words, &*a.efforts), (Some("Fast and cheap"), &None, &[][..]));
    assert_eq!((&*a.name, a.max_tokens, &a.price), ("a", MAX_TOKENS, &None));
    let chain = |user_id| {
        let lane = Lane { bot_id: 7, chat_id: user_id, user_id, thread_id: None };
        catalogue.chain(catalogue.in_force(lane, &Choice::NONE).model).collect::<Vec<_>>()
    };
    assert_eq!((chain(42), chain(43)), (vec![0, 1], vec![1]));
    assert_eq!((&*settings[0].base_url, &*settings[0].model), ("https://far.example/v1", "vendor/z"));
    assert_eq!(settings[0].headers["x-title"], "Ours");
    assert!(!format!("{:?}", settings[0]).contains("Ours"), "a header may be a key");
    assert_eq!(settings[0].key.as_ref().unwrap().expose(), "secret");
    assert!(settings[1].key.is_none());
    let role = &catalogue.roles[0];
    assert_eq!((&*role.words, &role.model), ("I cook.", &None));
    let judge = &catalogue.roles[1];
    assert_eq!(judge.model.as_deref(), Some("a"));
    assert!(judge.access.chats.contains(&-5) && judge.access.users.is_empty());
    assert!(role.prompt.len() > 100);
}

#[test]
fn what_cannot_be_used_is_told_with_its_line_and_what_is_accepted() {
    for (line, instead, at, problem) in [
        ("[models.a]", "[models.a", 5, "is not TOML"),
        ("model = \"m\"", "model = \"m\"\nmodel = \"n\"", 7, "is not TOML: duplicate key"),
        ("url = \"http://h/v1\"", "", 1, "endpoints.one.url is missing"),
        ("url = \"http://h/v1\"", "url = \"h/v1\"", 2, "endpoints.one.url is no address"),
        ("key = \"A_KEY\"", "key = \"B_KEY\"", 3, "names a variable without a key"),
        ("key = \"A_KEY\"", "key = \"sk-or-v1-abc\"", 3, "endpoints.one.key is no name of a variable"),
        ("key = \"A_KEY\"", "keys = \"A_KEY\"", 3, "endpoints.one.keys is not known"),
        ("key = \"A_KEY\"", "headers = { Authorization = \"x\" }", 3, "cannot be sent as a header"),
        ("key = \"A_KEY\"", "headers = { X = \"a\\nb\" }", 3, "cannot be sent as a header"),
        ("[models.a]", "[models.\"a b\"]", 5, "has a name that does not fit on a button"),
        ("[models.a]", "[models.abcdefghijklmnopqrstuvwxyz]", 5, "has a name that does not fit on a button"),
        ("model = \"m\"", "", 5, "models.a.model is missing"),
        ("model = \"m\"", "model = 7", 6, "models.a.model cannot be used"),
        ("model = \"m\"", "model = \"m\"\nendpoint = \"two\"", 7, "names no endpoint of this file"),
        ("model = \"m\"", "model = \"m\"\ncontext = 1.5", 7, "models.a.context cannot be used"),
        (
            "model = \"m\"",
            "model = \"m\"\ncontext = 1000\nmax_tokens = 1000",
            7,
            "leaves no room for a question",
        ),
        ("model = \"m\"", "model = \"m\"\neffort = \"harder\"", 7, "models.a.effort cannot be used"),
        ("model = \"m\"", "model = \"m\"\nefforts = [\"low\"]", 7, "models.a.efforts stands without effort"),
        (
            "model = \"m\"",
            "effort = \"low\"\nmodel = \"m\"\nefforts = [\"high\"]",
            6,
            "models.a.effort is none of efforts",
        ),
        ("model = \"m\"", "model = \"m\"\nreads = [\"pictures\"]", 7, "models.a.reads leaves out text"),
        ("model = \"m\"", "model = \"m\"\nreads = [\"text\", \"film\"]", 7, "models.a.reads cannot be used"),
        ("model = \"m\"", "model = \"m\"\nefforts = []", 7, "models.a.efforts cannot be used"),
        (
            "model = \"m\"",
            "model = \"m\"\nefforts = [\"low\", \"low\"]",
            7,
            "models.a.efforts cannot be used",
        ),
        (
            "model = \"m\"",
            "model = \"m\"\nefforts = [\"low\", \"lots\"]",
            7,
            "models.a.efforts cannot be used",
        ),
        ("model = \"m\"", "model = \"m\"\nwords = \"one\\ntwo\"", 7, "models.a.words cannot be used"),
        ("model = \"m\"", "model = \"m\"\nname = \"one\\ttwo\"", 7, "models.a.name cannot be used"),
        ("prompt = \"", "model = \"c\"\nprompt = \"", 13, "roles.r.model names no model of this file"),
        ("prompt = \"", "users = 1\nprompt = \"", 13, "roles.r.users cannot be used"),
        ("model = \"m\"", "model = \"m\"\nprice = 2", 7, "models.a.price is no table"),
        (
            "model = \"m\"",
            "model = \"m\"\nprice = { input = -1, output = 1 }",
            7,
            "models.a.price.input cannot be used",
        ),
        (
            "model = \"m\"",
            "model = \"m\"\nprice = { input = nan, output = 1 }",
            7,
            "models.a.price.input cannot be used",
        ),
        ("model = \"m\"", "model = \"m\"\nprice = { input = 1 }", 7, "models.a.price.output is missing"),
        ("model = \"m\"", "model = \"m\"\nusers = [\"me\"]", 7, "models.a.users cannot be used"),
        ("model = \"n\"", "model = \"n\"\nname = \"a\"", 11, "models.b.name is that of models.a too"),
        ("model = \"n\"", "model = \"n\"\nname = \"A\"", 11, "models.b.name is that of models.a too"),
        ("[\"b\"]", "[\"a\"]", 7, "names the model itself"),
        ("[\"b\"]", "[\"c\"]", 7, "names \"c\", which is no model of this file"),
        ("[\"b\"]", "[\"b\", \"b\"]", 7, "names a model twice"),
        ("model = \"n\"", "model = \"n\"\nfallback = [\"a\"]", 7, "goes round in a circle"),
        ("prompts/nutritionist.txt", "prompts/none.txt", 13, "which cannot be read"),
        ("[roles.r]", "[rules.r]", 1, "roles has nothing to choose from"),
    ] {
        let problems = read_text(&with(line, instead)).unwrap_err();
        let found = problems.iter().find(|found| found.line == at && found.problem.contains(problem));
        assert!(found.is_some_and(|found| !found.accepted.is_empty()), "{instead}: {problems:#?}");
        assert!(problems.iter().all(|found| !found.problem.contains("sk-or")), "a key is not shown");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() {
    let text = "[endpoints.one]\nurl = \"h\"\nport = 1\n[models.a]\nmodel = 1\nage = 2\n[roles.r]\nprompt = \"none\"\n";
    let problems = read_text(text).unwrap_err();
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 5, 6, 8], "{problems:#?}");
}

#[test]
fn every_catalogue_that_is_shown_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let variable = |name: &str| Some(format!("a value of {name}"));
    let around = Around {
        variable: &variable,
        folder: root,
        max_tokens: MAX_TOKENS,
        temperature: 0.7,
        silence: Duration::ZERO,
    };
    let mut shown = vec![std::fs::read_to_string(root.join("assistant.example.toml")).unwrap()];
    for guide in ["docs/models.md", "docs/models.ru.md"] {
        let guide = std::fs::read_to_string(root.join(guide)).unwrap();
        let blocks =
            guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
        shown.extend(blocks);
    }
    assert_eq!(shown.len(), 7);
    for text in shown {
        assert!(read(&text, &around).is_ok(), "{text}\n{:#?}", read(&text, &around).err());
    }
}

#[test]
fn no_text_makes_it_panic() {
    let right = with("", "");
    for at in (0..right.len()).filter(|at| right.is_char_boundary(*at)) {
        let _ = read_text(&right[..at]);
        for piece in ["\"", "[", "]", "{", "=", "\n", "#", "й", "1e9999", "[[models]]"] {
            let _ = read_text(&format!("{}{piece}{}", &right[..at], &right[at..]));
        }
    }
}
