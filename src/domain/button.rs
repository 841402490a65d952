//! What a button under one of the bot's messages means, as it travels in Telegram's `callback_data` (up to 64 bytes).

/// A button.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Button {
    /// What it does.
    pub action: Action,
    /// Whose it is: nobody else may press it.
    pub user_id: i64,
    /// The update it belongs to.
    pub update_seq: i64,
}

/// What a button does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Deletes everything of the user. While the update that asked for it is remembered and young, it works.
    Forget,
    /// Answers the question of that update again, as long as it is the last one of its dialogue.
    Retry,
    /// Has the answer to that update, which the limit of tokens cut, go on, as long as it is the last one of its dialogue.
    Continue,
}

impl Action {
    const ALL: [Self; 3] = [Self::Forget, Self::Retry, Self::Continue];

    fn name(self) -> &'static str {
        match self {
            Self::Forget => "forget",
            Self::Retry => "retry",
            Self::Continue => "continue",
        }
    }
}

impl Button {
    /// As Telegram carries it.
    pub fn data(self) -> String {
        format!("{}:{}:{}", self.action.name(), self.user_id, self.update_seq)
    }

    /// Reads what came back. `None`: no button of this version's.
    pub fn of(data: &str) -> Option<Self> {
        let (name, rest) = data.split_once(':')?;
        let (user_id, update_seq) = rest.split_once(':')?;
        let action = Action::ALL.into_iter().find(|action| action.name() == name)?;
        Some(Self { action, user_id: user_id.parse().ok()?, update_seq: update_seq.parse().ok()? })
    }

    /// Whether this user may press it.
    pub fn is_for(self, user_id: i64) -> bool {
        self.user_id == user_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_comes_back_as_it_went_and_nothing_else_is_one() {
        for action in Action::ALL {
            let button = Button { action, user_id: i64::MAX, update_seq: i64::MAX };
            assert!(button.data().len() <= 64);
            assert_eq!(Button::of(&button.data()), Some(button));
            assert!(button.is_for(i64::MAX) && !button.is_for(1));
        }
        for data in ["", "forget", "forget:1", "forget:1:x", "forget:1:2:3", "other:1:2", "retry"] {
            assert_eq!(Button::of(data), None, "{data}");
        }
    }
}
