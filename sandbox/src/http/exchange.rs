//! One request's answer on the wire, with raw control of the socket: also the answers no server should give.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::Service;
use super::request::{Reader, Request};

/// The client closed the connection, or the stand-in stops: there is nobody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What becomes of the connection after the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    KeepAlive,
    Close,
    Reset,
}

/// Where a service writes its answer.
pub(crate) struct Exchange<'a> {
    stream: &'a TcpStream,
    fate: Fate,
}

/// Serves the requests of one connection, one after another.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the handle has to be gone when this returns: that closes the socket"
)]
pub(super) fn converse(stream: Arc<TcpStream>, service: &dyn Service) {
    let mut reader = Reader::new(&stream);
    let mut fate = Fate::Close;
    while let Ok(Some(request)) = reader.next() {
        fate = serve(service, request, &stream);
        if fate != Fate::KeepAlive {
            break;
        }
    }
    if fate == Fate::Reset {
        // The RST goes out when the last handle is dropped: ours, then the one in the list of connections.
        let _ = SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
    } else {
        // Unread input would turn the close into a reset and take the answer from the client.
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}

fn serve(service: &dyn Service, request: Request, stream: &TcpStream) -> Fate {
    let fate = if request.keep_alive { Fate::KeepAlive } else { Fate::Close };
    let mut exchange = Exchange { stream, fate };
    service.serve(request, &mut exchange);
    exchange.fate
}

impl Exchange<'_> {
    /// A whole answer.
    pub(crate) fn respond(
        &mut self,
        status: u16,
        content_type: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<(), Gone> {
        let mut answer = head(status, content_type, headers).into_bytes();
        let _ = write!(answer, "content-length: {}\r\n\r\n", body.len());
        answer.extend_from_slice(body);
        self.raw(&answer)
    }

    /// Promises the whole body, sends half of it and closes.
    pub(crate) fn truncate(&mut self, status: u16, content_type: &str, body: &[u8]) {
        self.fate = Fate::Close;
        let mut answer = head(status, content_type, &[]).into_bytes();
        let _ = write!(answer, "content-length: {}\r\n\r\n", body.len());
        answer.extend_from_slice(&body[..body.len() / 2]);
        let _ = self.raw(&answer);
    }

    /// Begins a chunked answer.
    pub(crate) fn begin(
        &mut self,
        status: u16,
        content_type: &str,
        headers: &[(String, String)],
    ) -> Result<(), Gone> {
        let mut answer = head(status, content_type, headers);
        answer.push_str("transfer-encoding: chunked\r\n\r\n");
        self.raw(answer.as_bytes())
    }

    /// One chunk, sent at once.
    pub(crate) fn chunk(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(()); // an empty chunk would end the body
        }
        let mut chunk = Vec::with_capacity(bytes.len() + 16);
        let _ = write!(chunk, "{:x}\r\n", bytes.len());
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.raw(&chunk)
    }

    /// Ends a chunked answer as it should be.
    pub(crate) fn end(&mut self) -> Result<(), Gone> {
        self.raw(b"0\r\n\r\n")
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let mut stream = self.stream;
        stream.write_all(bytes).map_err(|_| {
            self.fate = Fate::Close;
            Gone
        })
    }

    /// Closes the connection after this exchange.
    pub(crate) fn close(&mut self) {
        self.fate = Fate::Close;
    }

    /// Resets the connection (RST) after this exchange.
    pub(crate) fn reset(&mut self) {
        self.fate = Fate::Reset;
    }

    /// Waits, but not for a client that left: a blocked peek costs nothing and returns when the socket closes.
    pub(crate) fn pause(&mut self, duration: Duration) -> Result<(), Gone> {
        // The kernel's receive timeout counts in ticks of some milliseconds: too coarse for a pause between tokens.
        if duration < Duration::from_millis(10) {
            std::thread::sleep(duration);
            return Ok(());
        }
        let deadline = Instant::now() + duration;
        loop {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            else {
                return Ok(());
            };
            match self.peek(left) {
                Ok(0) => {
                    self.fate = Fate::Close;
                    return Err(Gone);
                }
                // The client already sent its next request; it is there.
                Ok(_) => {
                    std::thread::sleep(left);
                    return Ok(());
                }
                Err(error) if would_block(&error) => {}
                Err(_) => {
                    self.fate = Fate::Close;
                    return Err(Gone);
                }
            }
        }
    }

    /// Waits for as long as the client does.
    pub(crate) fn hang(&mut self) {
        while self.pause(Duration::from_mins(1)).is_ok() {}
    }

    fn peek(&self, timeout: Duration) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(timeout))?;
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(None)?;
        peeked
    }

    /// Whether the client closed the connection.
    pub(crate) fn gone(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let gone = match self.stream.peek(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => !would_block(&error),
        };
        self.stream.set_nonblocking(false).is_err() || gone
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn head(status: u16, content_type: &str, headers: &[(String, String)]) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\ncontent-type: {content_type}\r\n", reason(status));
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
