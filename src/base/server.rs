//! A server that listens on an address of the settings, with a runtime of its own.
//!
//! Whoever talks to it can hold up nobody else: when there are too many connections the oldest makes room for the newest. How long
//! one lasts is up to whoever talks.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::cancel::CancelToken;

/// The most connections at a time.
const MOST_CLIENTS: usize = 64;

/// A server, bound and not served yet.
pub struct Server {
    setting: &'static str,
    listener: TcpListener,
    runtime: Runtime,
}

impl Server {
    /// Binds to the address of this setting. So many threads of this name may wait for something else.
    pub fn bind(
        setting: &'static str,
        address: &str,
        threads: usize,
        name: &'static str,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .with_context(|| {
                format!("{setting}: {address} cannot be listened on; choose a free port of this machine")
            })?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(threads)
            .thread_name(name)
            .build()
            .with_context(|| format!("the server of {setting} cannot be started"))?;
        Ok(Self { setting, listener, runtime })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Lets each connection talk, until `stop`.
    pub fn serve<T>(self, stop: &CancelToken, talk: impl Fn(TcpStream) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let Self { setting, listener, runtime } = self;
        runtime.block_on(async {
            tokio::select! {
                () = stop.requested() => {}
                () = accept(setting, listener, talk) => {}
            }
        });
        // A query may hang: the end of the program does not wait for it.
        runtime.shutdown_background();
    }
}

async fn accept<T>(setting: &str, listener: TcpListener, talk: impl Fn(TcpStream) -> T)
where
    T: Future<Output = ()> + Send + 'static,
{
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the server of {setting} does not work: {error}"),
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
        clients.push_back(tokio::spawn(talk(stream)));
    }
}
