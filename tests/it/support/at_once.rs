//! Cases that wait for most of their time.

use std::thread;

/// Plays all cases at the same time. The panic of one fails the test.
pub(crate) fn all_at_once<T: Send>(cases: impl IntoIterator<Item = T>, play: impl Fn(T) + Sync) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    let play = &play;
    thread::scope(|scope| {
        for (number, case) in (1..).zip(cases) {
            let thread = thread::Builder::new().name(format!("{test}, case {number}"));
            thread.spawn_scoped(scope, move || play(case)).unwrap();
        }
    });
}
