//! Packets that are dropped: nobody refuses a connection, nobody ends one, nobody answers. Only in a network namespace of our own,
//! which scripts/black-holes makes: no rule of the machine is touched.

use std::process::Command;

/// The network namespace of the machine, as scripts/black-holes found it.
const OUTSIDE: &str = "BLACK_HOLES";

/// Whether we are in a namespace of our own.
pub(crate) fn is_ours() -> bool {
    let outside = std::env::var(OUTSIDE).unwrap_or_default();
    let inside = std::fs::read_link("/proc/self/ns/net").unwrap_or_default();
    !outside.is_empty()
        && inside.to_str().is_some_and(|inside| inside.starts_with("net:") && inside != outside)
}

/// Every packet to or from this port is dropped, until [`fill`].
pub(crate) fn dig(port: u16) {
    assert!(is_ours(), "scripts/black-holes makes a network in which packets may be dropped");
    nft(&format!(
        "table inet hole_{port} {{
            chain input {{
                type filter hook input priority 0;
                tcp dport {port} drop
                tcp sport {port} drop
            }}
        }}"
    ));
}

/// Packets pass again.
pub(crate) fn fill(port: u16) {
    nft(&format!("delete table inet hole_{port}"));
}

fn nft(rules: &str) {
    run("nft", &[rules]);
}

/// Runs one of the programs that change a namespace of ours.
pub(crate) fn run(program: &str, words: &[&str]) {
    let output =
        Command::new(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {said}", words.join(" "));
}

/// The port in a URL.
pub(crate) fn port_of(url: &str) -> u16 {
    let (_, rest) = url.split_once("://").unwrap();
    let address = rest.split(['/', '?']).next().unwrap();
    address
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok())
        .unwrap_or_else(|| panic!("no port in the URL"))
}
