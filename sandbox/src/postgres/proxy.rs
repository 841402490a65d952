//! A proxy before a pair of servers: the real `HAProxy`.

use std::fmt::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::client::Client;
use super::install::psql;
use super::{Error, Server};
use crate::process::{Leash, Leashed};
use crate::wait::wait_until;

/// An `HAProxy` that leads to the one server that takes writes; gone when dropped, or when its process is.
pub struct Proxy {
    port: u16,
    _running: Leashed,
    _folder: TempDir,
}

impl Proxy {
    /// Starts `program` before these servers. It asks each of them twice a second.
    pub fn start(program: &Path, servers: &[&Server]) -> Result<Self, Error> {
        let failed = |error| Error::new(format!("HAProxy does not start: {error}"));
        let folder = tempfile::tempdir().map_err(failed)?;
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(failed)?.port();
        let check = folder.path().join("check");
        let script = format!(
            "#!/bin/sh\n[ \"$({} -XAtd postgres://postgres@$3:$4/postgres -c 'SELECT pg_is_in_recovery()')\" = f ]\n",
            psql()?.display()
        );
        std::fs::write(&check, script).map_err(failed)?;
        std::fs::set_permissions(&check, PermissionsExt::from_mode(0o755)).map_err(failed)?;
        let mut settings = format!(
            "global\n external-check\n insecure-fork-wanted\n\
             defaults\n mode tcp\n timeout connect 2s\n timeout client 1h\n timeout server 1h\n timeout check 2s\n\
             listen primary\n bind 127.0.0.1:{port}\n option external-check\n external-check command {}\n \
             default-server check inter 500 fall 2 rise 1 on-marked-down shutdown-sessions\n",
            check.display()
        );
        for (number, server) in servers.iter().enumerate() {
            let url = server.url("postgres");
            let address =
                url.split_once('@').and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
            let _ = writeln!(settings, " server server{number} {address}");
        }
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, settings).map_err(failed)?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&file);
        let log = folder.path().join("log");
        let leash = Leash { log: &log, signal: "KILL", remove: None };
        let running = leash.start(&command).map_err(failed)?;
        let proxy = Self { port, _running: running, _folder: folder };
        // Before its first look it takes everybody for good.
        let client = Client::new(&proxy.url("postgres"))?;
        let leads_to_one = || {
            let asked = || client.run("postgres", "SELECT pg_is_in_recovery()").is_ok_and(|says| says == "f");
            servers.iter().all(|_| asked()).then_some(())
        };
        wait_until("HAProxy to know who takes writes", leads_to_one);
        Ok(proxy)
    }

    /// The URL of a database by way of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}
