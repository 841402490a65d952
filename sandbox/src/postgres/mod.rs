//! A PostgreSQL of one's own, from the installed server binaries.
//!
//! [`Server::temporary`] is gone when dropped, or when its process is, however that ends; [`Server::in_dir`] keeps its data,
//! for one process at a time; [`Server::join`] is the server that another process runs on such data.
//! [`shared`] is the one server of a test process. With `TEST_DATABASE_URL` it is somebody else's server: databases are
//! created there and dropped afterwards, and what needs control of the server panics with a sentence that says so.
//!
//! PostgreSQL refuses to run as root: then it runs as the user `postgres`, or else `nobody`, by way of `setpriv`.

mod client;
mod install;
mod kept;
mod log;
mod place;
mod pooler;
mod proxy;
mod server;

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use client::{Watch, unique_name};
pub use install::program;
pub use log::Logged;
pub use place::reachable;
pub use pooler::Pooler;
pub use proxy::Proxy;

use client::Client;
use server::Cluster;

/// What went wrong, as a sentence for the person who started it.
#[derive(Debug)]
pub struct Error {
    sentence: String,
    in_use: bool,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

impl Error {
    fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), in_use: false }
    }

    /// Whether another process has the folder of the data; [`Server::join`] finds its server.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }
}

/// How a server of one's own is set up.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Options {
    folder: Option<PathBuf>,
    private: bool,
    settings: Vec<(String, String)>,
    language: Option<String>,
    address: Option<Ipv4Addr>,
}

impl Options {
    /// Keeps the data in this folder, and uses what is there. Default: a temporary folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Listens nowhere but on a socket that this user alone can reach. Default: on the loopback interface as well, where
    /// every user of the machine can connect.
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// A setting of postgresql.conf; later ones win over earlier ones and over ours.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The language of the server's messages (`ru`), if their catalogue is installed. Default: English.
    pub fn language(mut self, language: &str) -> Self {
        self.language = Some(language.to_owned());
        self
    }

    /// Where it listens, for everybody of that network. Default: the loopback interface.
    pub fn address(mut self, address: Ipv4Addr) -> Self {
        self.address = Some(address);
        self
    }

    /// Starts the server and waits until it takes connections.
    pub fn start(self) -> Result<Server, Error> {
        let cluster = Cluster::create(self)?;
        let client = Client::new(&cluster.url("postgres"))?;
        Ok(Server::at(client, Some(cluster)))
    }
}

/// A table whose next page finds no room.
#[must_use]
pub struct Full(PathBuf);

/// A PostgreSQL server.
pub struct Server {
    client: Client,
    /// `None`: somebody else's.
    cluster: Option<Cluster>,
    template: OnceLock<String>,
}

impl Server {
    /// An empty server that is gone afterwards. It does not wait for the disk (`fsync` off).
    pub fn temporary() -> Result<Self, Error> {
        Options::default().start()
    }

    /// A server whose data stays in this folder, with the durability of a real one.
    pub fn in_dir(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        Options::default().folder(folder).start()
    }

    /// The server that another process runs on the data in this folder, as soon as it takes connections. An error if none does.
    pub fn join(folder: &Path) -> Result<Self, Error> {
        let url = kept::wait_for_url(folder)?;
        Ok(Self::at(Client::new(&url)?, None))
    }

    /// Somebody else's server; the user of the URL must be allowed to create databases.
    pub fn external(url: &str) -> Result<Self, Error> {
        Ok(Self::at(Client::new(url)?, None))
    }

    fn at(client: Client, cluster: Option<Cluster>) -> Self {
        Self { client, cluster, template: OnceLock::new() }
    }

    /// Leaves the server to this process as a whole, also when the process becomes another program (`exec`): the server
    /// stops when that ends, however it ends.
    pub fn hold_over_exec(self) -> Result<(), Error> {
        self.cluster.as_ref().map_or(Ok(()), Cluster::hold_over_exec)
    }

    /// The URL of a database: over TCP, or by the socket where the server is private.
    pub fn url(&self, database: &str) -> String {
        self.client.url(database)
    }

    /// Creates a database and returns its URL. On somebody else's server it is dropped when this process ends.
    #[track_caller]
    pub fn create_database(&self, name: &str) -> String {
        self.create_database_from_template(name, "template1")
    }

    /// Creates a database as a copy of another one, which nobody may be connected to.
    #[track_caller]
    pub fn create_database_from_template(&self, name: &str, template: &str) -> String {
        if self.cluster.is_none() {
            self.client.drop_at_exit(name);
        }
        self.client.psql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""));
        self.url(name)
    }

    /// The database that others are copied from. `make` makes it at the first use, and returns its name.
    pub(crate) fn template(&self, make: impl FnOnce() -> String) -> &str {
        self.template.get_or_init(make)
    }

    /// Whether a database exists.
    #[track_caller]
    pub fn has_database(&self, name: &str) -> bool {
        let name = name.replace('\'', "''");
        !self
            .client
            .psql("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))
            .is_empty()
    }

    /// Drops a database, connected or not.
    #[track_caller]
    pub fn drop_database(&self, name: &str) {
        self.client.psql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
    }

    /// Runs SQL with psql and returns what it prints: rows as lines, columns with `|` between. Panics on an error.
    #[track_caller]
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.client.psql(database, sql)
    }

    /// As [`Server::psql`], but an error comes back as psql reports it.
    pub fn try_psql(&self, database: &str, sql: &str) -> Result<String, Error> {
        self.client.run(database, sql)
    }

    /// SQL to be asked again and again.
    pub fn watch<'a>(&'a self, database: &'a str, sql: &'a str) -> Watch<'a> {
        Watch::new(&self.client, database, sql)
    }

    /// Ends all connections to a database but the asking one, and says how many there were.
    #[track_caller]
    pub fn terminate_connections(&self, database: &str) -> usize {
        let database = database.replace('\'', "''");
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        );
        self.client.psql("postgres", &sql).parse().unwrap_or_default()
    }

    /// Stops the server in an orderly way; connections are closed. Its URLs stay valid for [`Server::start`].
    #[track_caller]
    pub fn stop(&self) {
        self.own("stop").stop("INT");
    }

    /// Stops the server as a crash does; the next start recovers.
    #[track_caller]
    pub fn crash(&self) {
        self.own("crash").stop("QUIT");
    }

    /// Starts a stopped server again, on the same port.
    #[track_caller]
    pub fn start(&self) {
        self.own("start").start().unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops and starts.
    #[track_caller]
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Ends all its processes at once (SIGKILL), as a power cut does.
    #[track_caller]
    pub fn kill(&self) {
        self.own("kill").kill();
    }

    /// A standby that follows this server, asynchronously, in a temporary folder.
    #[track_caller]
    pub fn standby(&self) -> Result<Self, Error> {
        self.standby_with(Options::default())
    }

    /// As [`Server::standby`], with options of its own.
    #[track_caller]
    pub fn standby_with(&self, options: Options) -> Result<Self, Error> {
        let cluster = Cluster::standby_of(self.own("copy"), options)?;
        let client = Client::new(&cluster.url("postgres"))?;
        Ok(Self::at(client, Some(cluster)))
    }

    /// From now on standbys learn nothing new: they fall behind, and nobody here notices.
    #[track_caller]
    pub fn hold_replication(&self) {
        self.own("hold the replication of").hold_replication();
    }

    /// Makes a standby the primary, on a timeline of its own.
    #[track_caller]
    pub fn promote(&self) {
        assert_eq!(self.psql("postgres", "SELECT pg_promote(true, 60)"), "t", "the standby was not promoted");
    }

    /// Stops all its processes in mid-work (SIGSTOP): connections stay open, nothing answers.
    #[track_caller]
    pub fn freeze(&self) {
        self.own("freeze").freeze();
    }

    /// Lets a frozen server go on.
    #[track_caller]
    pub fn thaw(&self) {
        self.own("thaw").thaw();
    }

    /// Lets the next page of an empty table find no room on the disk, until [`Server::free_disk`]. Restarts the server.
    #[track_caller]
    pub fn fill_disk(&self, database: &str, table: &str) -> Full {
        let file = self.psql(database, &format!("SELECT pg_relation_filepath('{table}')"));
        let file = self.data_folder().join(file);
        let kept = file.with_extension("kept");
        self.stop();
        fs::rename(&file, kept).expect("the file of a table");
        symlink("/dev/full", &file).expect("a link to /dev/full");
        self.start();
        Full(file)
    }

    /// There is room again. Restarts the server.
    #[track_caller]
    pub fn free_disk(&self, Full(file): Full) {
        self.stop();
        fs::remove_file(&file).expect("the link to /dev/full");
        fs::rename(file.with_extension("kept"), &file).expect("the file of the table");
        self.start();
    }

    /// The process id of the postmaster; `None` while it is stopped.
    #[track_caller]
    pub fn pid(&self) -> Option<u32> {
        self.own("ask for the pid of").pid()
    }

    /// The folder of the data.
    #[track_caller]
    pub fn data_folder(&self) -> &Path {
        self.own("look into the folder of").data()
    }

    /// The server's log.
    #[track_caller]
    pub fn log_file(&self) -> &Path {
        self.own("read the log of").log()
    }

    /// Whether the server can be stopped, frozen and so on: it is ours.
    pub fn is_own(&self) -> bool {
        self.cluster.is_some()
    }

    #[track_caller]
    fn own(&self, what: &str) -> &Cluster {
        self.cluster.as_ref().unwrap_or_else(|| {
            panic!("cannot {what} the server of TEST_DATABASE_URL: it is not ours. Unset it to test on a server of our own")
        })
    }
}

/// The server that all tests of this process share, started at the first use.
#[track_caller]
pub fn shared() -> Arc<Server> {
    static SHARED: OnceLock<Result<Arc<Server>, Error>> = OnceLock::new();
    let server = SHARED.get_or_init(|| {
        let server = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => Server::external(&url),
            _ => Server::temporary(),
        };
        server.map(Arc::new)
    });
    Arc::clone(server.as_ref().unwrap_or_else(|error| panic!("{error}")))
}
