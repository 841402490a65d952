//! The HTTP server of CONSOLE_ADDR: one thread of its own, and few more that ask the database.
//!
//! Whoever talks to it can hold up nobody else: a connection that says nothing ends after a few seconds, and when there are too
//! many the oldest makes room for the newest.

use std::net::SocketAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::app::{App, CONNECTIONS, Console, Settings};
use super::pages::Figures;
use super::router::router;
use crate::base::cancel::CancelToken;
use crate::base::server::Server;

/// How long a connection may say nothing, or be in the middle of a head.
const SILENCE: Duration = Duration::from_secs(15);
/// So many threads look at other things than what pages ask of the database: at folders, and at the state of the bot.
const OTHER_THREADS: usize = 2;
/// The most of a request's head that is kept.
const REQUEST_LIMIT: usize = 32 << 10;

/// The server, bound and not served yet.
pub struct Endpoint(Server);

impl Endpoint {
    /// Binds to CONSOLE_ADDR.
    pub fn bind(address: &str) -> anyhow::Result<Self> {
        let threads = usize::try_from(CONNECTIONS).unwrap_or(1) + OTHER_THREADS;
        Server::bind("CONSOLE_ADDR", address, threads, "console-look").map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address()
    }

    /// Answers until `stop`.
    pub fn serve(self, settings: Settings, stop: &CancelToken) {
        let (app, figures) = (Arc::new(Console::new(settings)), Figures::default());
        let router = router(Arc::clone(&app), figures.clone());
        let first = Once::new();
        self.0.serve(stop, |stream| {
            // While whoever opens a link is about to press its button.
            first.call_once(|| drop(tokio::spawn(look_ahead(Arc::clone(&app), figures.clone()))));
            talk(stream, router.clone())
        });
    }
}

/// Has the figures of the pages made, now and for each who comes in.
async fn look_ahead(app: App, figures: Figures) {
    loop {
        figures.ahead(&app).await;
        app.entered.notified().await;
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
