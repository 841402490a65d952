//! Machines of our own: network namespaces on one bridge. Their processes share no loopback interface and no abstract socket, and
//! a machine whose cable is pulled is gone without a word: nobody hears of the end of a connection.
//!
//! Only below scripts/black-holes ([`crate::network`]): bridge, namespaces and their names go with its process.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use sandbox::postgres::{Options, Server};

use crate::disk::Disk;
use crate::fault::Fault;
use crate::network::{self, run};

/// Where the stand-ins are.
const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const BRIDGE: &str = "machines";

/// Lays the bridge, and has the stand-ins listen there.
pub(crate) fn lay_bridge() {
    ip(&format!("link add {BRIDGE} type bridge"));
    ip(&format!("addr add {HERE}/24 dev {BRIDGE}"));
    ip(&format!("link set {BRIDGE} up"));
    sandbox::listen_on(HERE);
}

/// A machine.
#[derive(Clone)]
pub(crate) struct Machine {
    name: String,
    address: Ipv4Addr,
    disk: Option<Arc<Disk>>,
}

impl Machine {
    fn new() -> Self {
        static NUMBER: AtomicU8 = AtomicU8::new(2);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::new(10, 77, 0, number);
        let name = format!("machine{number}");
        ip(&format!("netns add {name}"));
        ip(&format!("link add {name} type veth peer name eth0 netns {name}"));
        ip(&format!("link set {name} master {BRIDGE} up"));
        ip(&format!("-n {name} addr add {address}/24 dev eth0"));
        for interface in ["eth0", "lo"] {
            ip(&format!("-n {name} link set {interface} up"));
        }
        Self { name, address, disk: None }
    }

    fn with_disk() -> Self {
        Self { disk: Some(Arc::new(Disk::new())), ..Self::new() }
    }

    /// What a bot has to know that runs there.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        self.disk.iter().map(|disk| ("TMPDIR", disk.path())).collect()
    }

    /// Works there: what is started meanwhile stays there.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                let namespace = File::open(format!("/run/netns/{}", self.name)).unwrap();
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// A server that listens to its neighbours.
    pub(crate) fn server(&self) -> Server {
        let mut options = Options::default().address(self.address);
        if let Some(disk) = &self.disk {
            options = options.folder(Path::new(disk.path()).join("postgres"));
        }
        self.within(|| options.start().unwrap())
    }

    /// One that follows the server of another machine.
    pub(crate) fn standby_of(&self, primary: &Server) -> Server {
        self.within(|| primary.standby_with(Options::default().address(self.address)).unwrap())
    }

    /// The machine vanishes, and nobody is told.
    pub(crate) fn unplug(&self) {
        ip(&format!("link set {} down", self.name));
    }

    /// It is there again, with everything that runs on it.
    pub(crate) fn plug_in(&self) {
        ip(&format!("link set {} up", self.name));
    }
}

/// The machines of a row.
pub(crate) struct Machines {
    /// Of the two instances: of the one that is started first, and of the other one.
    pub(crate) bots: [Machine; 2],
    pub(crate) primary: Machine,
    pub(crate) standby: Machine,
}

impl Machines {
    /// The disk of the machine on which the primary is.
    pub(crate) fn disk(&self) -> &Disk {
        self.primary.disk.as_ref().expect("its disk can be filled")
    }

    /// What this fault happens to; `None` where everything is on this machine.
    pub(crate) fn of(fault: &Fault) -> Option<Self> {
        if !network::is_ours() {
            return None;
        }
        match fault {
            // Two machines, each with a bot and a server.
            Fault::MachineLost | Fault::MachineFull => {
                let full = matches!(fault, Fault::MachineFull);
                let one = if full { Machine::with_disk() } else { Machine::new() };
                let two = Machine::new();
                Some(Self { bots: [one.clone(), two.clone()], primary: one, standby: two })
            }
            Fault::LeaderLost(_) | Fault::PrimaryLost(_) => {
                let [one, two, primary, standby] = std::array::from_fn(|_| Machine::new());
                Some(Self { bots: [one, two], primary, standby })
            }
            _ => None,
        }
    }
}

/// Runs `ip` with these words.
fn ip(words: &str) {
    run("ip", &words.split(' ').collect::<Vec<_>>());
}
