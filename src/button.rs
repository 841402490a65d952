//! What a button under one of the bot's messages means, as it travels in Telegram's `callback_data` (up to 64 bytes).

/// A button.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Button {
    /// Deletes everything of a person.
    Forget {
        /// Whose: nobody else may press it.
        user_id: i64,
        /// The update that asked for it. While that is remembered and young, the button works.
        update_seq: i64,
    },
}

impl Button {
    /// As Telegram carries it.
    pub fn data(self) -> String {
        let Self::Forget { user_id, update_seq } = self;
        format!("forget:{user_id}:{update_seq}")
    }

    /// Reads what came back. `None`: no button of this version's.
    pub fn of(data: &str) -> Option<Self> {
        let (user_id, update_seq) = data.strip_prefix("forget:")?.split_once(':')?;
        Some(Self::Forget { user_id: user_id.parse().ok()?, update_seq: update_seq.parse().ok()? })
    }

    /// Whether this person may press it.
    pub fn is_for(self, user_id: i64) -> bool {
        let Self::Forget { user_id: owner, .. } = self;
        owner == user_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_comes_back_as_it_went_and_nothing_else_is_one() {
        let button = Button::Forget { user_id: i64::MAX, update_seq: i64::MAX };
        assert!(button.data().len() <= 64);
        assert_eq!(Button::of(&button.data()), Some(button));
        assert!(button.is_for(i64::MAX) && !button.is_for(1));
        for data in ["", "forget", "forget:1", "forget:1:x", "forget:1:2:3", "other:1:2"] {
            assert_eq!(Button::of(data), None, "{data}");
        }
    }
}
