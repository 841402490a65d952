//! The servers of a URL that names several. libpq tries them by itself, but always from the first one on, and tells nobody
//! which it took: after a failover each new connection would first wait for the dead one, and a former primary that came
//! back would be met again and again. So the pool goes from one to the next itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a server that is alive takes to refuse.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The URLs of single servers, and which of them was good last.
pub(super) struct Hosts {
    urls: Vec<String>,
    good: AtomicUsize,
}

impl Hosts {
    /// Of a URL that names one or more.
    pub(super) fn of(url: &str) -> Self {
        Self { urls: each(url), good: AtomicUsize::new(0) }
    }

    /// Whether there is only one to choose from.
    pub(super) fn is_one(&self) -> bool {
        self.urls.len() == 1
    }

    /// Each server with its number, beginning with the one that was good last.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = (usize, &str)> {
        let good = self.good.load(Ordering::Relaxed);
        (0..self.urls.len()).map(move |step| {
            let host = (good + step) % self.urls.len();
            (host, &*self.urls[host])
        })
    }

    /// No connection came about. One that let its time pass comes last from now on: the others refuse at once, or take writes.
    pub(super) fn failed(&self, host: usize, began: Instant) {
        if began.elapsed() > AT_ONCE {
            self.good.store((host + 1) % self.urls.len(), Ordering::Relaxed);
        }
    }

    /// This one is good.
    pub(super) fn found_good(&self, host: usize) {
        self.good.store(host, Ordering::Relaxed);
    }
}

/// The URL once for each server that it names, alone.
pub(super) fn each(url: &str) -> Vec<String> {
    let split = || {
        let (scheme, rest) = url.split_once("://")?;
        let (credentials, rest) = match rest.split_once('@') {
            Some((credentials, rest)) if !credentials.contains('/') => (format!("{credentials}@"), rest),
            _ => (String::new(), rest),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (named, database) =
            place.split_once('/').map_or((place, None), |(named, name)| (named, Some(name)));
        let before = format!("{scheme}://{credentials}");
        let after = database.map(|name| format!("/{name}")).unwrap_or_default();
        if named.contains(',') {
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            return Some(named.split(',').map(|host| format!("{before}{host}{after}{query}")).collect());
        }
        let parameters: Vec<(&str, &str)> =
            query.split('&').filter_map(|parameter| parameter.split_once('=')).collect();
        let values = |name| {
            let found = parameters.iter().find(|(named, _)| *named == name);
            found.map_or(Vec::new(), |(_, value)| value.split(',').collect())
        };
        let (hosts, ports) = (values("host"), values("port"));
        // libpq pairs addresses with hosts; that is left to it.
        if hosts.len() < 2 || !values("hostaddr").is_empty() {
            return None;
        }
        let alone = |index: usize| {
            let of_this = parameters.iter().map(|(name, value)| match *name {
                "host" => format!("host={}", hosts[index]),
                "port" => format!("port={}", ports.get(index).or(ports.last()).unwrap_or(&"")),
                _ => format!("{name}={value}"),
            });
            format!("{before}{named}{after}?{}", of_this.collect::<Vec<_>>().join("&"))
        };
        Some((0..hosts.len()).map(alone).collect())
    };
    split().unwrap_or_else(|| vec![url.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_url_of_its_own() {
        for (url, expected) in [
            ("postgresql://h/d", &["postgresql://h/d"][..]),
            ("postgresql://u:p@h:5/d?x=1", &["postgresql://u:p@h:5/d?x=1"]),
            ("postgresql://u:p@a:1,b/d?x=1", &["postgresql://u:p@a:1/d?x=1", "postgresql://u:p@b/d?x=1"]),
            ("postgresql://[::1]:5,b", &["postgresql://[::1]:5", "postgresql://b"]),
            (
                "postgresql:///d?host=a,b&port=1,2",
                &["postgresql:///d?host=a&port=1", "postgresql:///d?host=b&port=2"],
            ),
            (
                "postgresql:///d?host=a,b&port=7",
                &["postgresql:///d?host=a&port=7", "postgresql:///d?host=b&port=7"],
            ),
            ("postgresql:///d?host=/run,b", &["postgresql:///d?host=/run", "postgresql:///d?host=b"]),
            ("postgresql:///d?host=a,b&hostaddr=1,2", &["postgresql:///d?host=a,b&hostaddr=1,2"]),
        ] {
            assert_eq!(each(url), expected, "{url}");
        }
    }

    #[test]
    fn the_one_that_was_good_last_comes_first() {
        let hosts = Hosts::of("postgresql://a,b,c/d");
        assert!(!hosts.is_one());
        hosts.found_good(1);
        assert_eq!(hosts.in_turn().map(|(host, _)| host).collect::<Vec<_>>(), [1, 2, 0]);
    }
}
