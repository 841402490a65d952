//! The HTTP server of CONSOLE_ADDR: one thread of its own, and few more that ask the database.
//!
//! Whoever talks to it can hold up nobody else: a connection that says nothing ends after a few seconds, and when there are too
//! many the oldest makes room for the newest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::app::{CONNECTIONS, Console, Settings};
use super::router::router;
use crate::base::cancel::CancelToken;
use crate::base::server::Server;

/// How long a connection may say nothing, or be in the middle of a head.
const SILENCE: Duration = Duration::from_secs(15);
/// The most of a request's head that is kept.
const REQUEST_LIMIT: usize = 32 << 10;

/// The server, bound and not served yet.
pub struct Endpoint(Server);

impl Endpoint {
    /// Binds to CONSOLE_ADDR.
    pub fn bind(address: &str) -> anyhow::Result<Self> {
        let threads = usize::try_from(CONNECTIONS).unwrap_or(1);
        Server::bind("CONSOLE_ADDR", address, threads, "console-look").map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address()
    }

    /// Answers until `stop`.
    pub fn serve(self, settings: Settings, stop: &CancelToken) {
        let router = router(Arc::new(Console::new(settings)));
        self.0.serve(stop, |stream| talk(stream, router.clone()));
    }
}

async fn talk(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_buf_size(REQUEST_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that failed is the client's affair.
    let _ = connection.await;
}
