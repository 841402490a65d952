//! What the source itself has to keep to, read as text. By its name it runs before the tests that take long, so what is wrong here
//! is said at once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]

mod layers;
mod led;
mod source;
