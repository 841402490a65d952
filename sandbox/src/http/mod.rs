//! A small HTTP/1.1 server over blocking sockets, one named thread per connection.
//!
//! Written here because a stand-in has to do what servers are built to prevent: reset, cut a body, hang, send garbage.
//! A server can go down and come up again on the same port: ports come from below the range that the system hands
//! out for outgoing connections, so nobody takes one while its server is down.

mod exchange;
mod multipart;
mod request;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

pub(crate) use exchange::{Exchange, Gone};
pub(crate) use multipart::fields;
pub(crate) use request::Request;

use crate::watched::Watched;

/// What a stand-in does with a request.
pub(crate) trait Service: Send + Sync + 'static {
    fn serve(&self, request: Request, exchange: &mut Exchange<'_>);
    /// Called once when the server goes for good: everything that waits inside `serve` has to return.
    fn stop(&self);
}

/// A listening stand-in; stops when dropped.
pub(crate) struct Server {
    name: &'static str,
    address: SocketAddr,
    service: Arc<dyn Service>,
    connections: Arc<Watched<Connections>>,
    listening: Mutex<Option<Listening>>,
}

/// The sockets of the open connections: shutting them down is what ends their threads.
#[derive(Default)]
struct Connections {
    open: HashMap<u64, Arc<TcpStream>>,
    next: u64,
}

struct Listening {
    listener: Arc<TcpListener>,
    thread: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(name: &'static str, service: Arc<dyn Service>) -> Self {
        let listener = bind_stable_port(*HOME.get_or_init(|| Ipv4Addr::LOCALHOST));
        let address = listener.local_addr().expect("a bound socket has an address");
        let server =
            Self { name, address, service, connections: Arc::default(), listening: Mutex::default() };
        server.listen(listener);
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses connections and closes the open ones, as a dead server does.
    pub(crate) fn down(&self) {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Listening { listener, thread }) = listening {
            // On Linux this makes the blocked accept() return; there is nothing better to do if it fails.
            let _ = SockRef::from(&*listener).shutdown(Shutdown::Both);
            let _ = thread.join();
        }
        self.connections.look(|connections| {
            for stream in connections.open.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    /// Listens again, on the same port.
    pub(crate) fn up(&self) {
        if self.listening.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return;
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => {
                    assert!(Instant::now() < deadline, "{} cannot come up again: {error}", self.name);
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.listen(listener);
    }

    /// Whether it still deals with what clients had sent before they left. Their end of the connection is closed then, and
    /// ours is not yet.
    pub(crate) fn serves_the_gone(&self) -> bool {
        const CLOSE_WAIT: &str = "08";
        let port = format!(":{:04X}", self.address.port());
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        sockets.lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, _remote, state) = (fields.next(), fields.next(), fields.next());
            local.is_some_and(|local| local.ends_with(&port)) && state == Some(CLOSE_WAIT)
        })
    }

    fn listen(&self, listener: TcpListener) {
        // Hundreds of clients connect at once, and a full queue costs each of them a second. The default is 128.
        let _ = SockRef::from(&listener).listen(4096);
        let listener = Arc::new(listener);
        let (name, service, connections) = (self.name, self.service.clone(), self.connections.clone());
        let accepting = listener.clone();
        let thread = Builder::new()
            .name(format!("{name}-accept"))
            .spawn(move || accept(name, &accepting, &service, &connections))
            .expect("a thread can be started");
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(Listening { listener, thread });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.service.stop();
        self.down();
        // The threads end on their own now; a limit, so that a broken one cannot hang a test run.
        self.connections
            .wait(Duration::from_secs(5), |connections| connections.open.is_empty().then_some(()));
    }
}

fn accept(
    name: &'static str,
    listener: &TcpListener,
    service: &Arc<dyn Service>,
    connections: &Arc<Watched<Connections>>,
) {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => Arc::new(stream),
            // The listener was shut down.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
            // Out of file descriptors, or a client that left at once: neither is a reason to stop, or to spin.
            Err(_) => {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let id = connections.look(|connections| {
            connections.next += 1;
            connections.open.insert(connections.next, stream.clone());
            connections.next
        });
        let (service, registered) = (service.clone(), connections.clone());
        let spawned = Builder::new().name(format!("{name}-{id}")).stack_size(1 << 20).spawn(move || {
            let _open = Open { id, connections: registered };
            exchange::converse(stream, &*service);
        });
        if spawned.is_err() {
            connections.change(|connections| connections.open.remove(&id));
        }
    }
}

/// Takes its connection off the list however the thread ends.
struct Open {
    id: u64,
    connections: Arc<Watched<Connections>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.change(|connections| connections.open.remove(&self.id));
    }
}

/// Binds a port that stays ours: outside the system's ephemeral range (32768 and up by default).
fn bind_stable_port(address: Ipv4Addr) -> TcpListener {
    bind_in_stable_range(address).unwrap_or_else(|| panic!("no port is free among {PORTS} from {LOWEST} on"))
}

/// The address of this machine that stand-ins listen on.
static HOME: OnceLock<Ipv4Addr> = OnceLock::new();

/// Has stand-ins listen on another address of this machine than 127.0.0.1, for a bot in another network. Has to be said before
/// the first one starts.
pub fn listen_on(address: Ipv4Addr) {
    assert!(HOME.set(address).is_ok(), "a stand-in listens already");
}

const LOWEST: u32 = 15_000;
const PORTS: u32 = 17_000;

fn bind_in_stable_range(address: Ipv4Addr) -> Option<TcpListener> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    // Processes that start together begin at different places.
    let start = std::process::id().wrapping_mul(97);
    (0..PORTS).find_map(|_| {
        let step = TRIED.fetch_add(1, Ordering::Relaxed);
        let port = LOWEST + start.wrapping_add(step) % PORTS;
        TcpListener::bind((address, u16::try_from(port).ok()?)).ok()
    })
}

/// A port of the same kind for a server that is not ours (PostgreSQL); free when asked.
pub(crate) fn free_port() -> u16 {
    bind_stable_port(Ipv4Addr::LOCALHOST).local_addr().expect("a bound socket has an address").port()
}
