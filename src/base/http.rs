//! The one HTTP client; beside the servers of [`super::server`] the one place where anything is asynchronous.
//!
//! Callers are plain blocking threads: they drive one request on their own thread with [`Http::wait`] and can be
//! called away from it at any moment, even while the other side is silent, which a blocked `read` cannot. Dropping
//! a response closes its connection at once. One runtime thread watches the sockets of all.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::base::cancel::CancelToken;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long what was sent may stay unacknowledged. The kernel of a machine that was cut off would send it again once the machine is
/// back, and by then another instance leads and has sent it, too.
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);

/// The client and its runtime. Clones share both.
#[derive(Clone)]
pub struct Http {
    /// For building requests; they are carried out by [`Http::wait`].
    pub client: Client,
    handle: Handle,
}

/// Ends the runtime when dropped, without waiting for what it has under way: a name that does not resolve would hold up
/// the end of the program.
pub struct RuntimeGuard(Option<Runtime>);

impl Drop for RuntimeGuard {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Why a wait ended without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupted {
    /// The time was up.
    TimedOut,
    /// The end was asked for.
    Stopped,
}

impl Http {
    /// Starts the runtime thread. The client works as long as the returned guard lives.
    pub fn start() -> anyhow::Result<(Self, RuntimeGuard)> {
        Self::with(Client::builder())
    }

    /// As [`Http::start`], past any proxy of the environment: for what is on this machine.
    pub fn start_direct() -> anyhow::Result<(Self, RuntimeGuard)> {
        Self::with(Client::builder().no_proxy())
    }

    fn with(client: ClientBuilder) -> anyhow::Result<(Self, RuntimeGuard)> {
        // The TLS library wants to be told which implementation of the algorithms to use; a second call is harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_all().build()?;
        let client = client
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .tcp_user_timeout(UNACKNOWLEDGED)
            // A POST that is redirected becomes a GET without what it says, and the token would go along.
            .redirect(Policy::none())
            // Asked for nothing compressed: what comes packed all the same is unpacked as it comes.
            .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]))
            .user_agent(concat!("systech-aidd/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok((Self { client, handle: runtime.handle().clone() }, RuntimeGuard(Some(runtime))))
    }

    /// Carries `work` out on the calling thread for at most `limit`, or until `stop` is requested.
    pub fn wait<T>(
        &self,
        limit: Duration,
        stop: &CancelToken,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        self.handle.block_on(async {
            tokio::select! {
                biased;
                () = stop.requested() => Err(Interrupted::Stopped),
                done = tokio::time::timeout(limit, work) => done.map_err(|_| Interrupted::TimedOut),
            }
        })
    }

    /// Sleeps for `duration` or until `stop` is requested.
    pub fn sleep(&self, duration: Duration, stop: &CancelToken) {
        let _ = self.wait(duration, stop, std::future::pending::<()>());
    }

    /// Carries `work` out beside the callers, and nobody waits for it: it ends by itself.
    pub fn aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(work));
    }

    /// Carries `work` out beside the callers, until it ends or the returned guard is dropped.
    pub fn beside(&self, work: impl Future<Output = ()> + Send + 'static) -> Beside {
        Beside(self.handle.spawn(work))
    }
}

/// Work that goes on beside its owner and ends with this guard.
#[must_use = "dropped, it ends the work"]
pub struct Beside(JoinHandle<()>);

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What went wrong, down to its cause, without the URL (it may hold a token).
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
