//! A migration added to the folder is a reason to build anew: the macro that embeds it sees changed files only.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
