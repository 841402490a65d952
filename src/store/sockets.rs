//! The sockets of this process that lead to PostgreSQL, found among its descriptors.

#![expect(
    unsafe_code,
    reason = "a descriptor that another library owns can be duplicated by its number alone"
)]

use std::fs;
use std::net::Shutdown;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::tcp_user_timeout;

/// Shuts down each socket with this TCP_USER_TIMEOUT, in milliseconds, and each socket of this machine that leads to
/// PostgreSQL: whoever waits for one is told that the connection is closed. Returns how many they were.
pub(super) fn shut_down(timeout: u32) -> usize {
    let names = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(duplicate).filter(|socket| is_meant(socket, timeout)).map(end).count()
}

/// What stands behind the number, if anything does. It stays the same, even if its owner closes it meanwhile.
fn duplicate(descriptor: i32) -> Option<OwnedFd> {
    // SAFETY: the call looks at no memory; what it returns is a descriptor that nobody else has
    unsafe {
        let own = libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3);
        (own >= 0).then(|| OwnedFd::from_raw_fd(own))
    }
}

fn is_meant(socket: &OwnedFd, timeout: u32) -> bool {
    tcp_user_timeout(socket).is_ok_and(|found| found == timeout) || leads_to_postgres(socket)
}

/// PostgreSQL names its sockets so (`.s.PGSQL.5432`).
fn leads_to_postgres(socket: &OwnedFd) -> bool {
    let peer = socket.try_clone().and_then(|socket| UnixStream::from(socket).peer_addr());
    let name = peer.ok().and_then(|peer| Some(peer.as_pathname()?.file_name()?.to_str()?.to_owned()));
    name.is_some_and(|name| name.starts_with(".s.PGSQL."))
}

fn end(socket: OwnedFd) {
    // One that has ended already needs no more.
    let _ = UnixStream::from(socket).shutdown(Shutdown::Both);
}
