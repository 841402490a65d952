//! The binary: maps the outcome of a run to an exit code.
fn main() {}
