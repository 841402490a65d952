//! The programs that tests run beside the project's own. `make tools` brings them, in pinned versions; no test does.

use std::fs;
use std::path::Path;

use sandbox::tool::path_of;

#[test]
fn a_tool_that_is_missing_is_not_brought_and_the_command_that_brings_it_is_named() {
    let cache = tempfile::tempdir().unwrap();
    for (name, ends_with) in [
        ("diesel", "`make tools` brings it\n"),
        ("squawk", "`make tools` brings it\n"),
        ("pgbouncer", "`make tools` brings it\n"),
        ("cargo-deny", "`scripts/tools cargo-deny` brings it\n"),
    ] {
        let output = path_of(name).env("XDG_CACHE_HOME", cache.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{name} is said to be there");
        assert!(said.starts_with(&format!("tools: {name} ")) && said.ends_with(ends_with), "{said}");
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0, "something was brought");
}

#[test]
fn no_test_runs_what_builds_installs_or_downloads() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with(file!())
            {
                let source = fs::read_to_string(&path).unwrap();
                let scripts = ["setup", "tools"].map(|script| format!("scripts/{script}"));
                let programs = ["apt-get", "cargo", "curl", "npm", "pip", "python3"]
                    .map(|program| format!("Command::new(\"{program}\")"));
                for brings in scripts.iter().chain(&programs) {
                    assert!(
                        !source.contains(brings),
                        "{}: {brings}; `sandbox::tool` finds what is there",
                        path.display()
                    );
                }
            }
        }
    }
}
