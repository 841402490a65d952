//! What all pages share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_blocking;
use tracing::warn;

use super::disk::Disk;
use super::patience::Patience;
use super::problem::Problem;
use super::strangers::{Strangers, Try};
use crate::base::secret::Secret;
use crate::config;
use crate::config::shown::Shown;
use crate::domain::budget::Budgets;
use crate::domain::pass::Keys;
use crate::status::View;
use crate::store::{Store, StoreError};

/// What is to be said where others than this machine reach the console.
pub const EXPOSED: &str =
    "CONSOLE_ADDR is not an address of this machine alone, and the console speaks no TLS";
/// What is to be done about it.
pub const REMEDY: &str =
    "let it listen on 127.0.0.1 behind a reverse proxy with TLS, whose address CONSOLE_URL names";

/// So many pages ask the database at a time: the connections of the console.
pub const CONNECTIONS: u32 = 3;
/// The server ends a statement of the console that takes longer.
pub const LONGEST_STATEMENT: Duration = Duration::from_secs(5);
/// How long a page waits until others have asked.
const TURN: Duration = Duration::from_secs(3);
/// How long it waits for a connection.
const CONNECTION: Duration = Duration::from_secs(2);

/// What the console is made of.
pub struct Settings {
    /// CONSOLE_ADDR, CONSOLE_URL, CONSOLE_READ_ONLY
    pub console: config::Console,
    /// A store of its own ([`Store::bounded`]).
    pub store: Arc<Store>,
    /// What the running bot says about itself.
    pub view: Arc<View>,
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Of the bot.
    pub keys: Keys,
    /// OWNER
    pub listed: BTreeSet<i64>,
    /// BUDGET_DAY, BUDGET_MONTH, BUDGET_PERSON_DAY, BUDGET_PERSON_MONTH
    pub budgets: Budgets,
    /// BACKUP_DIR
    pub backup_dir: Option<PathBuf>,
    /// Every setting, without its secrets.
    pub shown: Vec<Shown>,
}

/// What all pages share.
pub(super) struct Console {
    pub(super) settings: Settings,
    /// OWNER, as queries take it.
    pub(super) listed: Vec<i64>,
    hosts: Hosts,
    turns: Arc<Semaphore>,
    pub(super) strangers: Strangers,
    /// BACKUP_DIR
    pub(super) disk: Disk,
    /// Somebody has come in.
    pub(super) entered: Notify,
}

pub(super) type App = Arc<Console>;

impl Settings {
    /// A store for the console: small, and with an end to each statement.
    pub fn store(database: &Secret) -> Arc<Store> {
        Arc::new(Store::bounded(database, CONNECTIONS, LONGEST_STATEMENT))
    }
}

impl Console {
    pub(super) fn new(settings: Settings) -> Self {
        let hosts = Hosts::of(&settings.console);
        let listed = settings.listed.iter().copied().collect();
        let turns = Arc::new(Semaphore::new(usize::try_from(CONNECTIONS).unwrap_or(1)));
        let (strangers, disk) = (Strangers::new(), Disk::new());
        Self { settings, listed, hosts, turns, strangers, disk, entered: Notify::new() }
    }

    /// Asks the database. The query runs on one of few threads, and each of its statements ends after a few seconds: a page that
    /// takes long holds up other pages at most.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        query: impl FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.ask_and(query, |answer| answer).await
    }

    /// As [`Console::ask`]. What comes of the answer is made on the same thread, without a connection: this runtime has one thread,
    /// which all pages share.
    pub(super) async fn ask_and<A, T: Send + 'static>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<A> + Send + 'static,
        make: impl FnOnce(A) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        self.look(move |store| store.run_within(CONNECTION, &mut query).map(make)).await
    }

    /// As [`Console::ask`], for a query that ends by itself once the time is over or nobody waits for it.
    pub(super) async fn ask_within<T: Send + 'static>(
        &self,
        longest: Duration,
        mut query: impl FnMut(&mut PgConnection, &Patience) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let (patience, _waiting) = Patience::of(longest);
        self.look(move |store| store.run_within(CONNECTION, |conn| query(conn, &patience))).await
    }

    /// As [`Console::ask`], of what a stranger shows. Strangers have a turn of their own, and are slower while many of them are nobody.
    pub(super) async fn ask_for_stranger<T: Send + 'static>(
        &self,
        mut query: impl FnMut(&mut PgConnection) -> QueryResult<Option<T>> + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let turn = self.strangers.turn(TURN).await.ok_or(Problem::Busy)?;
        if self.strangers.begin().await == Try::FirstOfMany {
            warn!("many tries to come into the console fail; each further one waits a little");
        }
        let found = self.ask(move |conn| {
            // Kept until the query is over, as the turn of everybody is.
            let _turn = &turn;
            query(conn)
        });
        let found = found.await?;
        if found.is_some() {
            self.strangers.succeeded();
        }
        Ok(found)
    }

    async fn look<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Problem::Busy) };
        let store = Arc::clone(&self.settings.store);
        let asked = spawn_blocking(move || {
            // Kept until the query is over, whether anybody waits for it still or not.
            let _turn = turn;
            run(&store)
        });
        Ok(asked.await.map_err(|_| Problem::Fault)??)
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The name of the cookie that holds a session. Browsers give a cookie to every port of a machine: each bot has its own.
    pub(super) fn cookie_name(&self, headers: &HeaderMap) -> String {
        // Browsers take a cookie of this name over TLS only, and from this host alone.
        let prefix = if self.hosts.is_secure(headers) { "__Host-" } else { "" };
        format!("{prefix}systech-aidd-{}", self.settings.bot_id)
    }
}

/// The names that are the console's. A page of somebody else's that has its own name lead here (DNS rebinding) comes with that.
pub(super) struct Hosts {
    /// Without ports: which of them people use, a tunnel decides.
    names: Vec<String>,
    /// Every address of this machine is one, for a number is no name.
    any_number: bool,
    /// The one of CONSOLE_URL, if that is https.
    secure: Option<String>,
}

impl Hosts {
    fn of(console: &config::Console) -> Self {
        let bound = name(&console.addr).to_owned();
        let any_number = matches!(&*bound, "0.0.0.0" | "[::]");
        let url = console.url.as_deref().and_then(|url| url.split_once("://"));
        let public = url.map(|(_, host)| name(host).to_ascii_lowercase());
        let secure = url.filter(|(scheme, _)| *scheme == "https").and(public.clone());
        let local = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        Self { names: [bound].into_iter().chain(local).chain(public).collect(), any_number, secure }
    }

    /// Whether a request with this `Host`, or from a page of this host, is meant for the console.
    pub(super) fn has(&self, host: &str) -> bool {
        let name = name(host);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
            || self.any_number && bare.parse::<std::net::IpAddr>().is_ok()
    }

    /// Whether the request came over TLS, which a proxy ended: it came to the name of CONSOLE_URL, and that is https.
    pub(super) fn is_secure(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).map(name);
        host.is_some_and(|host| self.secure.as_ref().is_some_and(|secure| secure.eq_ignore_ascii_case(host)))
    }
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(addr: &str, url: Option<&str>) -> Hosts {
        Hosts::of(&config::Console { addr: addr.to_owned(), url: url.map(str::to_owned), read_only: false })
    }

    #[test]
    fn only_the_consoles_own_names_are_answered() {
        let local = hosts("127.0.0.1:8080", None);
        for host in ["127.0.0.1:8080", "localhost:9000", "LOCALHOST", "[::1]:8080", "127.0.0.1"] {
            assert!(local.has(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8080",
            "192.168.0.1",
            "",
            "::1:80:x",
        ] {
            assert!(!local.has(host), "{host}");
        }
        let public = hosts("0.0.0.0:80", Some("https://aidd.example.org:444"));
        for host in ["aidd.example.org", "AIDD.example.org:444", "192.168.0.1:80", "[fe80::1]"] {
            assert!(public.has(host), "{host}");
        }
        assert!(!public.has("example.org") && !public.has("aidd.example.org.evil"));
    }

    #[test]
    fn a_cookie_is_for_tls_alone_where_the_proxy_has_it() {
        let secure = |url, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            hosts("127.0.0.1:80", url).is_secure(&headers)
        };
        assert!(secure(Some("https://aidd.example.org"), "aidd.example.org"));
        assert!(!secure(Some("https://aidd.example.org"), "127.0.0.1:80"));
        assert!(!secure(Some("http://aidd.example.org"), "aidd.example.org"));
        assert!(!secure(None, "127.0.0.1:80"));
    }
}
