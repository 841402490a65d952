//! The commands of owners. They stand in an owner's menu only, and to anybody else they are unknown, as in a group.

use crate::domain::command;

/// A command of an owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnerCommand {
    /// Who waits to be let in, and everybody who uses the bot.
    Who,
    /// What people may spend.
    Budget,
    /// How the bot is.
    Health,
    /// A word for everybody.
    Announce,
    /// A link into the console.
    Console,
}

impl OwnerCommand {
    /// All, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::Who, Self::Budget, Self::Health, Self::Announce, Self::Console];

    /// Its token, without the slash.
    pub fn name(self) -> &'static str {
        match self {
            Self::Who => "who",
            Self::Budget => "budget",
            Self::Health => "health",
            Self::Announce => "announce",
            Self::Console => "console",
        }
    }

    /// The command that `text` is, if it is one.
    pub fn of(text: &str, username: &str) -> Option<Self> {
        let name = command::name(text, username)?;
        Self::ALL.into_iter().find(|command| command.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{Command, Request};

    #[test]
    fn an_owner_command_is_no_command_of_everybodys() {
        for command in OwnerCommand::ALL {
            assert_eq!(OwnerCommand::of(&format!("/{}@Our_Bot x", command.name()), "our_bot"), Some(command));
            assert_eq!(OwnerCommand::of(command.name(), "our_bot"), None);
            let request = Request::of(&format!("/{}", command.name()), "our_bot");
            assert_eq!(request, Request::Unknown { named: false });
            assert!(Command::ALL.iter().all(|other| other.name() != command.name()));
        }
        assert_eq!(OwnerCommand::of("/who@other_bot", "our_bot"), None);
    }
}
