//! The console as a browser without scripts meets it: a bot with CONSOLE_ADDR, and somebody who logs in and sends forms.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sandbox::TestEnv;
use sandbox::env::Bot;

/// An environment whose bots serve a console.
pub(crate) fn with_console(mut env: TestEnv) -> TestEnv {
    env.set("CONSOLE_ADDR", "127.0.0.1:0");
    // What a test did is seen at once.
    env.set("SHORT_WAITS", "figures=0");
    env
}

/// Where a bot serves its console: host and port.
pub(crate) fn address(bot: &Bot) -> String {
    let line = bot.wait_for_line("the console is served");
    line.split("address=").nth(1).unwrap().trim().to_owned()
}

/// The path of a new link into the console.
#[track_caller]
pub(crate) fn link(env: &TestEnv) -> String {
    let printed = env.run(&["console"]).ok();
    let (_, path) = printed.trim().split_once("/login").unwrap();
    format!("/login{path}")
}

/// Somebody at a browser, who may be logged in.
pub(crate) struct Visitor {
    /// Host and port.
    pub(crate) address: String,
    /// What is sent as `Cookie`.
    pub(crate) cookies: Vec<(String, String)>,
    /// Headers that go with each request.
    pub(crate) headers: Vec<(String, String)>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header, if there is one.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body of a page that has no fault.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 200, "{}\n{}", self.head, self.body);
        self.body
    }
}

impl Visitor {
    /// Somebody who is not logged in, and reads English.
    pub(crate) fn stranger(bot: &Bot) -> Self {
        let english = ("Accept-Language".to_owned(), "en".to_owned());
        Self { address: address(bot), cookies: Vec::new(), headers: vec![english] }
    }

    /// Somebody who has logged in by a link of the command line.
    #[track_caller]
    pub(crate) fn logged_in(env: &TestEnv, bot: &Bot) -> Self {
        let mut visitor = Self::stranger(bot);
        let entered = visitor.enter(&link(env));
        assert_eq!((entered.status, entered.header("location")), (303, Some("/")), "{}", entered.body);
        visitor
    }

    /// Opens a link and presses its button.
    #[track_caller]
    pub(crate) fn enter(&mut self, link: &str) -> Answer {
        let page = self.get(link).ok();
        let code = value(&page, "code");
        self.send("POST", "/login", Some(&[("code", &code)]))
    }

    /// A page.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// Sends a form with the token of this page.
    #[track_caller]
    pub(crate) fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = value(&self.get(page).ok(), "token");
        let fields: Vec<_> = fields.iter().copied().chain([("token", &*token)]).collect();
        self.send("POST", path, Some(&fields))
    }

    /// Any request; takes the cookies of its answer.
    #[track_caller]
    pub(crate) fn send(&mut self, method: &str, path: &str, form: Option<&[(&str, &str)]>) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let host = ("Host".to_owned(), self.address.clone());
        let has_host = self.headers.iter().any(|(name, _)| name == "Host");
        for (name, value) in self.headers.iter().chain((!has_host).then_some(&host)) {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            write!(request, "Cookie: {}\r\n", cookies.join("; ")).unwrap();
        }
        if let Some(form) = form {
            let fields: Vec<_> =
                form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            let body = fields.join("&");
            request += "Content-Type: application/x-www-form-urlencoded\r\n";
            write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        } else {
            request += "\r\n";
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("its status");
        let (head, body) = (head.to_owned(), body.to_owned());
        let begins = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let answer = Answer { status, head, body, bytes: bytes[begins..].to_vec() };
        for line in answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(other, _)| other != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }
}

/// What looks like the code of a link, or a cookie, and opens nothing.
pub(crate) fn nobody(number: usize) -> String {
    format!("zebra{number:036}") + "AA"
}

/// What the first field of this name holds on a page.
#[track_caller]
pub(crate) fn value(page: &str, name: &str) -> String {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
    field.unwrap_or_else(|| panic!("no field {name}: {page}")).split('"').next().unwrap().to_owned()
}

/// As a form sends it, and a path may hold it.
pub(crate) fn encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(letter).collect()
}
