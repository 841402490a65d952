//! A plain HTTP client for the stand-ins' own tests: one request, one connection, everything visible.

#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sandbox::Telegram;
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body ended as HTTP says it must.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Opens a connection and sends a POST.
pub(crate) fn send(url: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<TcpStream> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = lines.concat();
    let length = body.len();
    let head = format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    Ok(stream)
}

/// Reads the answer to the end of its body.
pub(crate) fn receive(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut bytes)?;
    };
    let head = String::from_utf8(bytes.drain(..head_end).collect()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map(|length| length.parse().unwrap());
    let (body, whole) = match length {
        Some(length) => {
            while bytes.len() < length && more(stream, &mut bytes).is_ok() {}
            let whole = bytes.len() == length;
            (bytes, whole)
        }
        None => unchunk(stream, bytes),
    };
    Ok(Answer { status, head, body, whole })
}

fn unchunk(stream: &mut TcpStream, mut bytes: Vec<u8>) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line_end) = find(&bytes, b"\r\n") else {
            if more(stream, &mut bytes).is_err() {
                return (body, false);
            }
            continue;
        };
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line_end]).unwrap(), 16).unwrap();
        while bytes.len() < line_end + 2 + size + 2 {
            if more(stream, &mut bytes).is_err() {
                return (body, false);
            }
        }
        body.extend_from_slice(&bytes[line_end + 2..line_end + 2 + size]);
        bytes.drain(..line_end + 2 + size + 2);
        if size == 0 {
            return (body, true);
        }
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut block = [0; 8192];
    match stream.read(&mut block)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        read => {
            bytes.extend_from_slice(&block[..read]);
            Ok(())
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A bot's side of the Bot API.
pub(crate) struct Caller {
    base: String,
}

impl Caller {
    pub(crate) fn of(telegram: &Telegram) -> Self {
        Self { base: format!("{}/bot{}", telegram.url(), telegram.token()) }
    }

    /// Sends a call and leaves the answer on the connection.
    pub(crate) fn begin(&self, method: &str, params: &Value) -> TcpStream {
        self.try_begin(method, params).unwrap()
    }

    pub(crate) fn try_begin(&self, method: &str, params: &Value) -> std::io::Result<TcpStream> {
        let url = format!("{}/{method}", self.base);
        send(&url, &[("content-type", "application/json")], params.to_string().as_bytes())
    }

    /// A call and its answer.
    pub(crate) fn try_call(&self, method: &str, params: &Value) -> std::io::Result<Answer> {
        receive(&mut self.try_begin(method, params)?)
    }

    /// The result of a call that has to work.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, params: &Value) -> Value {
        let mut answer = self.try_call(method, params).unwrap().json();
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["result"].take()
    }

    /// Code and description of a call that has to be refused.
    #[track_caller]
    pub(crate) fn refused(&self, method: &str, params: &Value) -> (u16, String) {
        let answer = self.try_call(method, params).unwrap();
        let body = answer.json();
        assert_eq!(
            (body["ok"].as_bool(), body["error_code"].as_u64()),
            (Some(false), Some(answer.status.into()))
        );
        (answer.status, body["description"].as_str().unwrap().to_owned())
    }

    /// The updates of a poll.
    pub(crate) fn poll(&self, offset: i64, timeout: u64) -> Vec<Value> {
        let updates = self.call("getUpdates", &json!({"offset": offset, "timeout": timeout}));
        updates.as_array().unwrap().clone()
    }

    pub(crate) fn say(&self, chat_id: i64, text: &str) -> i64 {
        self.call("sendMessage", &json!({"chat_id": chat_id, "text": text}))["message_id"].as_i64().unwrap()
    }
}
