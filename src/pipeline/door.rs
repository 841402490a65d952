//! The way into the console, as whoever makes a link needs it.

use crate::config;
use crate::domain::pass::Keys;

/// Where the console is, and what opens it.
pub struct Door {
    /// CONSOLE_ADDR, CONSOLE_URL
    pub console: config::Console,
    /// Of the bot.
    pub keys: Keys,
}
