//! Connections to the server that takes writes, whichever of those in the URL it is.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::connection::{PROMPT, connect_marked, ends_behind, within};
use super::deadlines::{Deadlines, Line};
use super::hosts::Hosts;
use super::pooler::Mark;
use super::probe::{Probe, Reply};
use super::server::{Generation, Identity, Servers};
use super::sqlstate::refusal;
use crate::base::secret::Secret;

/// What work is bound to that may become somebody else's at any moment.
pub(super) struct Terms {
    /// Prepares each session.
    pub(super) prepare: String,
    /// What the server says of a statement once the work is somebody else's.
    pub(super) over: &'static str,
    /// Whether it cannot be somebody else's at this moment.
    pub(super) hold: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Terms {
    pub(super) fn are_over(&self, error: &diesel::result::Error) -> bool {
        matches!(error, diesel::result::Error::DatabaseError(_, told) if told.message().contains(self.over))
    }
}

/// Opens connections and knows the servers.
pub(super) struct Connector {
    pub(super) hosts: Hosts,
    pub(super) servers: Servers,
    pub(super) deadlines: Deadlines,
    pub(super) terms: Option<Terms>,
    /// Ends a statement that takes longer, if there is a limit.
    pub(super) longest_statement: Option<Duration>,
}

impl Connector {
    pub(super) fn new(url: &Secret, terms: Option<Terms>) -> Self {
        let hosts = Hosts::of(&within(url.expose(), PROMPT));
        let (servers, deadlines) = (Servers::default(), Deadlines::default());
        Self { hosts, servers, deadlines, terms, longest_statement: None }
    }

    /// A connection to the server that takes writes; of several that say so, to the one that was promoted last.
    pub(super) fn connect(&self) -> ConnectionResult<Tracked> {
        let all = self.servers.is_unknown() && !self.hosts.is_one();
        let mut problems = Vec::new();
        let mut best: Option<(usize, Tracked, QueryResult<Identity>)> = None;
        for (host, url) in self.hosts.in_turn() {
            let began = Instant::now();
            match self.connect_to(url) {
                // A former primary that came back would be taken for the database by whoever met it alone.
                Ok((tracked, identity)) if all => match (&best, &identity) {
                    (Some((.., Ok(known))), Ok(met)) if met.is_ahead_of(*known) => {
                        best = Some((host, tracked, identity));
                    }
                    (Some(_), _) => {}
                    (None, _) => best = Some((host, tracked, identity)),
                },
                Ok((tracked, identity)) => match self.meet(host, tracked, &identity) {
                    Ok(tracked) => return Ok(tracked),
                    Err(replaced) => problems.push(replaced),
                },
                Err(problem) => {
                    problems.push(problem);
                    self.hosts.failed(host, began);
                }
            }
        }
        match best {
            Some((host, tracked, identity)) => self.meet(host, tracked, &identity),
            None => Err(problems.into_iter().next().unwrap_or(ConnectionError::BadConnection(String::new()))),
        }
    }

    fn meet(
        &self,
        host: usize,
        mut tracked: Tracked,
        identity: &QueryResult<Identity>,
    ) -> ConnectionResult<Tracked> {
        tracked.generation = self.servers.meet(identity).map_err(ConnectionError::BadConnection)?;
        self.hosts.found_good(host);
        Ok(tracked)
    }

    fn connect_to(&self, url: &str) -> ConnectionResult<(Tracked, QueryResult<Identity>)> {
        let (line, url) = Line::on(url);
        let _within = self.deadlines.begin(line, None);
        let (mut conn, mark) = connect_marked(&url)?;
        let prepare = self.terms.as_ref().map_or("", |terms| &terms.prepare);
        let limit = self
            .longest_statement
            .map_or(String::new(), |longest| format!("SET statement_timeout TO {}; ", longest.as_millis()));
        conn.batch_execute(&format!("{}; {limit}{prepare}", ends_behind(PROMPT)))
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        let url = Secret::new(url);
        let mut tracked = Tracked { conn, mark, line, url, broken: false, has_worked: false, generation: 0 };
        let identity = tracked.run(&mut Identity::of);
        Ok((tracked, identity))
    }

    /// Asks all servers who they are, over connections that never wait for long, and finds the one that was promoted last.
    /// `None`: nobody answers who may be used. A server that has no connection left for this answers.
    pub(super) fn look_around(&self) -> Option<Generation> {
        let mut best: Option<(usize, Option<Identity>)> = None;
        let mut is_full = false;
        for (host, url) in self.hosts.in_turn() {
            let began = Instant::now();
            let Some(mut probe) = Probe::open(url) else {
                // The one on which everybody works answers, and cannot be asked who it is.
                is_full |= host == self.hosts.good() && refusal(url).is_some_and(|refused| refused.is_full());
                self.hosts.failed(host, began);
                continue;
            };
            let identity = Identity::asked(&mut probe);
            // A role may not be allowed to ask who the server is; then it may ask something.
            if identity.is_none() && !matches!(probe.ask("SELECT 1"), Reply::Value(_)) {
                continue;
            }
            let better = match (&best, identity) {
                (None, _) => true,
                (Some((_, Some(known))), Some(met)) => met.is_ahead_of(*known),
                (Some(_), _) => false,
            };
            if better {
                best = Some((host, identity));
            }
        }
        let Some((host, identity)) = best else { return is_full.then(|| self.servers.generation()) };
        let generation = match identity {
            Some(identity) => self.servers.meet(&Ok(identity)).ok()?,
            None => self.servers.generation(),
        };
        self.hosts.found_good(host);
        Some(generation)
    }
}

/// A connection, and what is known of it.
pub(super) struct Tracked {
    pub(super) conn: PgConnection,
    /// Where a pooler stands before the server.
    mark: Option<Mark>,
    pub(super) line: Line,
    /// With the mark of the line.
    pub(super) url: Secret,
    pub(super) broken: bool,
    /// Whether it has run a query, and so may keep plans.
    pub(super) has_worked: bool,
    /// Of the server it is connected to.
    pub(super) generation: Generation,
}

impl Tracked {
    pub(super) fn run<T>(
        &mut self,
        query: &mut impl FnMut(&mut PgConnection) -> QueryResult<T>,
    ) -> QueryResult<T> {
        match &self.mark {
            None => query(&mut self.conn),
            Some(mark) => mark.hold(&mut self.conn, query),
        }
    }
}
