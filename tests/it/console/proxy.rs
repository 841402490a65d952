//! The reverse proxy of docs/console.md: read as nginx reads it, and played in front of a real console.

use std::fs;

use sandbox::TestEnv;

use crate::support::console::{Visitor, link, with_console};

/// A directive of nginx: its words, and those between its braces.
#[derive(Debug)]
struct Directive {
    words: Vec<String>,
    block: Vec<Self>,
}

/// Reads directives up to the end or a closing brace. Panics at what nginx would not read.
fn directives(text: &mut &str) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut words: Vec<String> = Vec::new();
    loop {
        *text = text.trim_start();
        let Some(sign) = text.chars().next() else {
            assert!(words.is_empty(), "no semicolon after {words:?}");
            return directives;
        };
        match sign {
            '#' => *text = text.split_once('\n').map_or("", |(_, rest)| rest),
            ';' | '{' | '}' => {
                *text = &text[1..];
                if sign == '}' {
                    assert!(words.is_empty(), "no semicolon after {words:?}");
                    return directives;
                }
                assert!(!words.is_empty(), "{sign} after nothing");
                let block = if sign == '{' { self::directives(text) } else { Vec::new() };
                directives.push(Directive { words: std::mem::take(&mut words), block });
            }
            _ => {
                let end = text.find(|c: char| c.is_whitespace() || ";{}".contains(c)).expect("an end");
                words.push(text[..end].to_owned());
                *text = &text[end..];
            }
        }
    }
}

/// The words after a directive's name.
fn words<'a>(block: &'a [Directive], name: &str) -> Vec<&'a str> {
    let directive = block.iter().find(|directive| directive.words[0] == name);
    directive.unwrap_or_else(|| panic!("no {name}")).words[1..].iter().map(String::as_str).collect()
}

/// The first block of this kind in a guide.
fn block<'a>(guide: &'a str, kind: &str) -> &'a str {
    guide.rsplit_once(&format!("```{kind}\n")).unwrap().1.split("```").next().unwrap()
}

#[test]
fn the_proxy_of_the_guide_leads_to_the_console_under_the_name_that_the_bot_is_told() {
    let [english, russian] = ["console.md", "console.ru.md"]
        .map(|name| fs::read_to_string(format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    assert_eq!(block(&english, "nginx"), block(&russian, "nginx"));
    let mut text = block(&english, "nginx");
    let file = directives(&mut text);
    assert!(text.is_empty() && file.len() == 1 && file[0].words == ["server"], "{file:?}");
    let server = &file[0].block;
    assert_eq!(words(server, "listen"), ["443", "ssl"]);
    for certificate in ["ssl_certificate", "ssl_certificate_key"] {
        let names = words(server, certificate);
        assert_eq!(std::path::Path::new(&names[0]).extension().unwrap(), "pem");
    }
    let location = server.iter().find(|directive| directive.words == ["location", "/"]).unwrap();
    let setting = |name: &str| {
        let line = block(&english, "ini").lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap().to_owned()
    };
    assert_eq!(words(&location.block, "proxy_pass"), [format!("http://{}", setting("CONSOLE_ADDR"))]);
    assert_eq!(words(&location.block, "proxy_set_header"), ["Host", "$host"]);
    let name = words(server, "server_name")[0];
    assert_eq!(setting("CONSOLE_URL"), format!("https://{name}"));

    // What it passes on.
    let mut env = with_console(TestEnv::new());
    env.set("CONSOLE_URL", setting("CONSOLE_URL"));
    let bot = env.start_ready();
    let mut visitor = Visitor::stranger(&bot);
    visitor.headers.push(("Host".to_owned(), name.to_owned()));
    visitor.headers.push(("Origin".to_owned(), format!("https://{name}")));
    assert!(visitor.enter(&link(&env)).header("set-cookie").unwrap().ends_with("; Secure"));
    visitor.get("/sessions").ok();
    assert_eq!(visitor.post("/sessions", "/logout", &[]).status, 303);
}
