//! The HTTP server of CONSOLE_ADDR: one thread of its own, and few more that ask the database.
//!
//! Whoever talks to it can hold up nobody else: a connection that says nothing ends after a few seconds, and when there are too
//! many the oldest makes room for the newest.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::app::{CONNECTIONS, Console, Settings};
use super::router::router;
use crate::base::cancel::CancelToken;

/// The most connections at a time.
const MOST_CLIENTS: usize = 64;
/// How long a connection may say nothing, or be in the middle of a head.
const SILENCE: Duration = Duration::from_secs(15);
/// The most of a request's head that is kept.
const REQUEST_LIMIT: usize = 32 << 10;

/// The server, bound and not served yet.
pub struct Endpoint {
    listener: TcpListener,
    runtime: Runtime,
}

impl Endpoint {
    /// Binds to CONSOLE_ADDR.
    pub fn bind(address: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .with_context(|| {
                format!("CONSOLE_ADDR: {address} cannot be listened on; choose a free port of this machine")
            })?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(usize::try_from(CONNECTIONS).unwrap_or(1))
            .thread_name("console-look")
            .build()
            .context("the server of CONSOLE_ADDR cannot be started")?;
        Ok(Self { listener, runtime })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until `stop`.
    pub fn serve(self, settings: Settings, stop: &CancelToken) {
        let Self { listener, runtime } = self;
        let router = router(Arc::new(Console::new(settings)));
        runtime.block_on(async {
            tokio::select! {
                () = stop.requested() => {}
                () = accept(listener, router) => {}
            }
        });
        // A query may hang: the end of the program does not wait for it.
        runtime.shutdown_background();
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the server of CONSOLE_ADDR does not work: {error}"),
    };
    let mut clients: VecDeque<JoinHandle<()>> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process is out of file descriptors, most likely; the next connection may get one.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        clients.retain(|client| !client.is_finished());
        if clients.len() == MOST_CLIENTS
            && let Some(oldest) = clients.pop_front()
        {
            oldest.abort();
        }
        clients.push_back(tokio::spawn(talk(stream, router.clone())));
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
