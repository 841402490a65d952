//! What METRICS_ADDR tells: a strict reader of the OpenMetrics text format, and the HTTP GET that fetches it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sandbox::env::Bot;
use sandbox::{TestEnv, wait_until};

/// What `/metrics` says.
pub(crate) struct Exposition {
    /// Each family with its type.
    pub(crate) families: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Panics at whatever the format does not allow, and at labels that are not ours.
    pub(crate) fn read(text: &str) -> Self {
        let mut families: BTreeMap<String, String> = BTreeMap::new();
        let mut described = BTreeSet::new();
        let mut samples = BTreeMap::new();
        let mut family = String::new();
        let text = text.strip_suffix("# EOF\n").expect("the end is marked, once and last");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# ") {
                let mut words = rest.splitn(3, ' ');
                let [keyword, name, value] = [(); 3].map(|()| words.next().expect("three words"));
                match keyword {
                    "HELP" => {
                        assert!(value.len() > 10 && described.insert(name.to_owned()), "{line}");
                    }
                    "TYPE" => {
                        assert!(["counter", "gauge", "histogram"].contains(&value), "{line}");
                        assert!(
                            families.insert(name.to_owned(), value.to_owned()).is_none(),
                            "twice: {line}"
                        );
                        name.clone_into(&mut family);
                    }
                    "UNIT" => {
                        assert!(name == family && name.ends_with(&format!("_{value}")), "{line}");
                    }
                    _ => panic!("{line}"),
                }
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let value: f64 = value.parse().expect("a number");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let suffix = name.strip_prefix(family.as_str()).expect("a sample stands with its family");
            let allowed: &[&str] = match families[&family].as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                _ => &["_bucket", "_sum", "_count"],
            };
            assert!(allowed.contains(&suffix), "{line}");
            assert!(families[&family] == "gauge" || value >= 0.0, "{line}");
            for label in
                labels.strip_suffix('}').expect("closed").split(',').filter(|label| !label.is_empty())
            {
                let (label, value) = label.split_once("=\"").expect("label=\"value\"");
                let ours = [
                    "kind",
                    "class",
                    "direction",
                    "neighbour",
                    "outcome",
                    "method",
                    "code",
                    "version",
                    "le",
                    "endpoint",
                    "model",
                    "state",
                    "role",
                ];
                assert!(ours.contains(&label) && value.ends_with('"') && value.len() < 40, "{line}");
            }
            assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
        assert_eq!(described.iter().collect::<Vec<_>>(), families.keys().collect::<Vec<_>>());
        let exposition = Self { families, samples };
        exposition.assert_histograms();
        exposition
    }

    fn assert_histograms(&self) {
        for (name, _) in self.families.iter().filter(|(_, kind)| *kind == "histogram") {
            let bucket = format!("{name}_bucket{{le=\"");
            let mut buckets: Vec<(f64, f64)> = self
                .samples
                .iter()
                .filter_map(|(series, count)| {
                    let bound = series.strip_prefix(&bucket)?.strip_suffix("\"}")?;
                    Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() }, *count))
                })
                .collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(
                buckets.len() > 5 && buckets.is_sorted_by_key(|(_, count)| *count),
                "{name}: {buckets:?}"
            );
            let (last, count) = *buckets.last().unwrap();
            assert!(last.is_infinite() && Some(count) == self.get(&format!("{name}_count")), "{name}");
        }
    }

    /// The value of a series; `None`: it is absent.
    pub(crate) fn get(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }
}

/// Asks and reads the whole answer: status, head and body.
pub(crate) fn http(address: &str, request_line: &str) -> std::io::Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "{request_line} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, head.to_owned(), body.to_owned()))
}

/// Status and body of one page.
#[track_caller]
pub(crate) fn page(address: &str, path: &str) -> (u16, String) {
    let (status, _, body) = http(address, &format!("GET {path}")).unwrap();
    (status, body)
}

/// An environment whose bots tell how they are.
pub(crate) fn measured(mut env: TestEnv) -> TestEnv {
    env.set("METRICS_ADDR", "127.0.0.1:0");
    env
}

/// Where a bot with METRICS_ADDR answers.
pub(crate) fn address(bot: &Bot) -> String {
    let line = bot.wait_for_line("/healthz and /readyz");
    line.split("address=").nth(1).unwrap().trim().to_owned()
}

/// What `/metrics` says now.
pub(crate) fn metrics(address: &str) -> Exposition {
    let (status, head, body) = http(address, "GET /metrics").unwrap();
    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    Exposition::read(&body)
}

/// Waits until a series, named without the prefix, has a value that fits.
#[track_caller]
pub(crate) fn wait_for(address: &str, series: &str, fits: impl Fn(f64) -> bool) -> f64 {
    let name = format!("systech_aidd_{series}");
    wait_until(series, || metrics(address).get(&name).filter(|value| fits(*value)))
}

/// Exactly this value.
pub(crate) fn is(expected: u32) -> impl Fn(f64) -> bool {
    move |value| (value - f64::from(expected)).abs() < f64::EPSILON
}
