//! Addresses that redirect every call elsewhere. Who follows loses what a POST says, and takes the token along.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use sandbox::TestEnv;
use sandbox::telegram::Person;

/// A server that redirects everything to the same path at `target`.
fn redirecting_to(target: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = target.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Who leaves early learns nothing.
            let _ = redirect(&stream.unwrap(), &target);
        }
    });
    url
}

fn redirect(mut stream: &TcpStream, target: &str) -> std::io::Result<()> {
    let mut request = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && request.read_line(&mut head)? > 0 {}
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.take(length.unwrap_or(0)).read_to_end(&mut Vec::new())?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 308 Permanent Redirect\r\nlocation: {target}{path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

#[test]
fn an_address_of_the_bot_api_that_redirects_is_not_followed_and_the_log_says_what_to_correct() {
    let mut env = TestEnv::new();
    env.set("TELEGRAM_API_URL", redirecting_to(&env.telegram.url()));
    let bot = env.start();
    let line = bot.wait_for_line("a redirect, which is not followed");
    assert!(line.contains("status 308") && line.contains("TELEGRAM_API_URL"), "{line}");
    assert!(env.telegram.look(|state| state.calls().is_empty()));
}

#[test]
fn an_address_of_the_model_that_redirects_is_not_followed_and_its_person_reads_an_honest_failure() {
    let mut env = TestEnv::new();
    let target = env.model.url();
    env.set("LLM_BASE_URL", format!("{}/v1", redirecting_to(target.trim_end_matches("/v1"))));
    let bot = env.start();
    env.telegram.say(&Person::private(1).speaking("en"), "hello");
    env.telegram.wait_for_count(1, 1);
    let line = bot.wait_for_line("a redirect, which is not followed");
    assert!(line.contains("misconfigured") && line.contains("LLM_BASE_URL"), "{line}");
    assert!(env.model.requests().is_empty());
    let found = env.run(&["doctor"]).out;
    assert!(found.contains("put the address that the endpoint redirects to into LLM_BASE_URL"), "{found}");
}
