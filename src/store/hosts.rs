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

    /// The one that was good last.
    pub(super) fn good(&self) -> usize {
        self.good.load(Ordering::Relaxed)
    }

    /// This one is good.
    pub(super) fn found_good(&self, host: usize) {
        self.good.store(host, Ordering::Relaxed);
    }
}

/// The URL once for each server that it names, alone. What libpq would refuse stays whole, so that libpq says so.
///
/// As libpq reads it (Connection URIs, Specifying Multiple Hosts): servers stand in the place or in parameters, which win, and the
/// last of several with one name does; addresses count before names; there is one port for all, or one for each.
pub(super) fn each(url: &str) -> Vec<String> {
    split(url).unwrap_or_else(|| vec![url.to_owned()])
}

fn split(url: &str) -> Option<Vec<String>> {
    let (scheme, rest) = url.split_once("://")?;
    let (credentials, rest) = match rest.split_once('@') {
        Some((credentials, rest)) if !credentials.contains('/') => (format!("{credentials}@"), rest),
        _ => (String::new(), rest),
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (named, database) =
        place.split_once('/').map_or((place, ""), |(named, _)| (named, &place[named.len()..]));
    let named = list(named);
    let parameters: Vec<(&str, &str)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .collect();
    let parameter = |name: &str| {
        let last = parameters.iter().rev().find(|(named, value)| *named == name && !value.is_empty());
        last.map(|(_, value)| list(value))
    };
    let (hosts, addresses, ports) = (parameter("host"), parameter("hostaddr"), parameter("port"));
    let count = addresses.as_ref().or(hosts.as_ref()).unwrap_or(&named).len();
    let fits = |list: &Vec<String>, one_for_all: bool| list.len() == count || one_for_all && list.len() == 1;
    let fit = hosts.as_ref().is_none_or(|hosts| fits(hosts, false))
        && ports.as_ref().is_none_or(|ports| fits(ports, true))
        // A place without a name is none, beside addresses.
        && fits(&named, hosts.is_some() || named == [""]);
    if count < 2 || !fit {
        return None;
    }
    let alone = |index: usize| {
        let of_this = |list: &[String]| list.get(index).or(list.first()).cloned().unwrap_or_default();
        let mut place = of_this(&named);
        if ports.is_some() {
            place.truncate(without_port(&place).len());
        }
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| match *name {
                "host" | "hostaddr" | "port" => format!("{name}={}", of_this(&list(value))),
                _ => format!("{name}={value}"),
            })
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{scheme}://{credentials}{place}{database}{mark}{}", query.join("&"))
    };
    Some((0..count).map(alone).collect())
}

/// What stands between commas; libpq decodes them first.
fn list(text: &str) -> Vec<String> {
    text.replace("%2C", ",").replace("%2c", ",").split(',').map(str::to_owned).collect()
}

/// The colons of an address stand in brackets.
fn without_port(place: &str) -> &str {
    let address = place.find(']').map_or(0, |end| end + 1);
    place[address..].find(':').map_or(place, |colon| &place[..address + colon])
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
            // A parameter wins over the place.
            ("postgresql://a,b/d?port=1,2", &["postgresql://a/d?port=1", "postgresql://b/d?port=2"]),
            ("postgresql://a:8,[::1]:9?port=1,2", &["postgresql://a?port=1", "postgresql://[::1]?port=2"]),
            ("postgresql://a,b?port=7&x=1", &["postgresql://a?port=7&x=1", "postgresql://b?port=7&x=1"]),
            ("postgresql://h:5/d?host=a,b", &["postgresql://h:5/d?host=a", "postgresql://h:5/d?host=b"]),
            ("postgresql://a:1,b:2/d?host=c,e", &["postgresql://a:1/d?host=c", "postgresql://b:2/d?host=e"]),
            // The last one counts, and a comma may be encoded.
            (
                "postgresql:///d?host=z&host=a%2Cb",
                &["postgresql:///d?host=z&host=a", "postgresql:///d?host=z&host=b"],
            ),
            // Addresses count before names.
            (
                "postgresql:///d?host=a,b&hostaddr=1,2",
                &["postgresql:///d?host=a&hostaddr=1", "postgresql:///d?host=b&hostaddr=2"],
            ),
            (
                "postgresql://a,b/d?hostaddr=1,2",
                &["postgresql://a/d?hostaddr=1", "postgresql://b/d?hostaddr=2"],
            ),
            ("postgresql:///d?hostaddr=1,2", &["postgresql:///d?hostaddr=1", "postgresql:///d?hostaddr=2"]),
            // What libpq refuses.
            ("postgresql://a,b/d?port=1,2,3", &["postgresql://a,b/d?port=1,2,3"]),
            ("postgresql:///d?host=a,b,c&hostaddr=1,2", &["postgresql:///d?host=a,b,c&hostaddr=1,2"]),
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
