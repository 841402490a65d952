//! Where the demo finds the bot and keeps its data.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::Outcome;

/// The checkout this demo was built from.
pub(super) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `DEMO_DIR`, else `.demo` in the checkout; created if it is missing.
pub(super) fn folder() -> Outcome<PathBuf> {
    let folder = std::env::var_os("DEMO_DIR").map_or_else(|| checkout().join(".demo"), PathBuf::from);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder.canonicalize()?)
}

/// The database's place: in the demo's folder, or, where the user that PostgreSQL runs as under root cannot get
/// there (a checkout below /root), one in /var/tmp that belongs to this folder alone.
pub(super) fn for_postgres(folder: &Path) -> Outcome<PathBuf> {
    if sandbox::postgres::reachable(folder)? {
        return Ok(folder.join("postgres"));
    }
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    let elsewhere = PathBuf::from(format!("/var/tmp/systech-aidd-demo-{:016x}", hasher.finish()));
    println!(
        "PostgreSQL does not run as root, and the user it runs as cannot enter {}: the data is in {}.",
        folder.display(),
        elsewhere.display()
    );
    Ok(elsewhere)
}

/// The bot: `target/<profile>/systech-aidd`, next to the folder with the examples.
pub(super) fn bot() -> Outcome<PathBuf> {
    let example = std::env::current_exe()?;
    let built = example.parent().and_then(Path::parent).map(|folder| folder.join("systech-aidd"));
    let bot = built.filter(|program| program.is_file());
    bot.ok_or_else(|| "the bot is not built: run `cargo build`, or the whole as `make demo`".into())
}
