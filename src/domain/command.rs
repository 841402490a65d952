//! What a text asks for: a command, by its exact token, or an answer.

/// The commands of the bot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// A greeting.
    Start,
    /// What the bot can do.
    Help,
    /// Who the bot is.
    Role,
    /// Which model answers.
    Model,
    /// Whether answers are spoken.
    Voice,
    /// What is in force in the dialogue.
    Settings,
    /// Ends the answer in the making and what waits behind it.
    Stop,
    /// Answers the last question again.
    Retry,
    /// Clears the dialogue.
    Clear,
    /// The same.
    New,
    /// Undoes the latest clearing.
    Restore,
    /// Sends the user's dialogue as a file.
    Export,
    /// Finds what was said by its words.
    Find,
    /// Remembers what stands behind it.
    Remember,
    /// What is remembered.
    Memory,
    /// What the user's questions took.
    Usage,
    /// Deletes everything of the user, once a button is pressed.
    Forget,
}

impl Command {
    /// All, in the order of the menu.
    pub const ALL: [Self; 17] = [
        Self::Start,
        Self::Help,
        Self::Role,
        Self::Model,
        Self::Voice,
        Self::Settings,
        Self::Stop,
        Self::Retry,
        Self::Clear,
        Self::New,
        Self::Restore,
        Self::Export,
        Self::Find,
        Self::Remember,
        Self::Memory,
        Self::Usage,
        Self::Forget,
    ];

    /// Those that people are shown. Where there is nothing to choose from, or nothing that speaks, what is for that is left out; who types it is answered all the same.
    pub fn shown(models: bool, roles: bool, voice: bool) -> Vec<Self> {
        let is_shown = |command: &Self| match command {
            Self::Model => models,
            Self::Voice => voice,
            Self::Settings => models || roles || voice,
            _ => true,
        };
        Self::ALL.into_iter().filter(is_shown).collect()
    }

    /// Its token, without the slash.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Help => "help",
            Self::Role => "role",
            Self::Model => "model",
            Self::Voice => "voice",
            Self::Settings => "settings",
            Self::Stop => "stop",
            Self::Retry => "retry",
            Self::Clear => "clear",
            Self::New => "new",
            Self::Restore => "restore",
            Self::Export => "export",
            Self::Find => "find",
            Self::Remember => "remember",
            Self::Memory => "memory",
            Self::Usage => "usage",
            Self::Forget => "forget",
        }
    }
}

/// What a text asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// One of the commands.
    Command(Command),
    /// A command by its form, but none of ours.
    Unknown {
        /// It names this bot.
        named: bool,
    },
    /// A command for another bot of the group: not ours to answer.
    Foreign,
    /// Everything else is for the model.
    Question,
}

/// What stands behind the command that `text` begins with, if anything does.
pub fn words(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(char::is_whitespace)?;
    Some(rest.trim()).filter(|rest| !rest.is_empty())
}

/// The name of the command that `text` is by its form, without the slash, if it is not for another bot than the one called
/// `username`.
pub fn name<'a>(text: &'a str, username: &str) -> Option<&'a str> {
    let (name, bot) = token(text)?;
    bot.is_none_or(|bot| bot.eq_ignore_ascii_case(username)).then_some(name)
}

/// The command that `text` begins with, and the name of the bot that it is for.
fn token(text: &str) -> Option<(&str, Option<&str>)> {
    let token = text.split_whitespace().next()?;
    let token = token.strip_prefix('/').filter(|_| text.starts_with('/'))?;
    let (name, bot) = match token.split_once('@') {
        Some((name, bot)) => (name, Some(bot)),
        None => (token, None),
    };
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (word(name) && name.len() <= 32 && bot.is_none_or(word)).then_some((name, bot))
}

/// Whether these words behind /start are no words of a user: a deep link brings them along (Bot API, Deep linking).
pub fn is_deep_link(words: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    words.len() <= 64 && words.chars().all(allowed)
}

impl Request {
    /// Reads `text`, which was written to the bot called `username`. A command is a slash, then letters, digits and
    /// underscores (Bot API, MessageEntity `bot_command`), perhaps `@` and a bot's name, up to the first white
    /// space; for what follows it see [`words`]. `/etc/hosts` is no command.
    pub fn of(text: &str, username: &str) -> Self {
        let Some((name, bot)) = token(text) else { return Self::Question };
        if bot.is_some_and(|bot| !bot.eq_ignore_ascii_case(username)) {
            return Self::Foreign;
        }
        Command::ALL
            .into_iter()
            .find(|command| command.name().eq_ignore_ascii_case(name))
            .map_or(Self::Unknown { named: bot.is_some() }, Self::Command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_behind_a_command_are_found_and_a_deep_link_is_none() {
        for (text, expected) in [
            ("/new", None),
            ("/new   ", None),
            ("/new How long?", Some("How long?")),
            ("/new\nHow long?\nTell me", Some("How long?\nTell me")),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
        assert!(is_deep_link("ref_42-a") && !is_deep_link("How long") && !is_deep_link("привет"));
        assert!(!is_deep_link(&"a".repeat(65)));
    }

    #[test]
    fn commands_are_exact_tokens_and_everything_else_is_a_question() {
        for (text, expected) in [
            ("/clear", Request::Command(Command::Clear)),
            ("/Clear", Request::Command(Command::Clear)),
            ("/clear@Our_Bot", Request::Command(Command::Clear)),
            ("/clear please", Request::Command(Command::Clear)),
            ("/start\npayload", Request::Command(Command::Start)),
            ("/clear@other_bot", Request::Foreign),
            ("/cleared", Request::Unknown { named: false }),
            ("/clea", Request::Unknown { named: false }),
            ("/unknown@our_bot", Request::Unknown { named: true }),
            ("/etc/hosts", Request::Question),
            ("/", Request::Question),
            ("/привет", Request::Question),
            ("/clear@", Request::Question),
            (" /clear", Request::Question),
            ("what is /clear?", Request::Question),
            ("", Request::Question),
        ] {
            assert_eq!(Request::of(text, "our_bot"), expected, "{text:?}");
        }
    }
}
