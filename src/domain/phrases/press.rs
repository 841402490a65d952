//! What somebody reads at once who presses a button that belongs to a group or a channel; up to 200 characters.

use super::Language;

impl Language {
    /// What somebody reads who presses the button of a group or a channel and does not speak for it.
    pub fn button_of_a_chat(self) -> &'static str {
        self.pick(
            "Эта кнопка для тех, кто пишет от имени группы или канала. Если вы из них, сделайте меня там \
             администратором: иначе мне этого не видно.",
            "This button is for those who write in the name of the group or channel. If you do, make me an \
             administrator there: otherwise I cannot see it.",
        )
    }

    /// The same where the bot sees no members.
    pub fn members_not_seen(self) -> &'static str {
        self.pick(
            "Мне не видно, кто пишет от имени этой группы или канала, и я ничего не сделал. Сделайте меня там \
             администратором и нажмите ещё раз.",
            "I cannot see who writes in the name of this group or channel, so I did nothing. Make me an administrator \
             there and press again.",
        )
    }

    /// The same where Telegram did not say.
    pub fn press_later(self) -> &'static str {
        self.pick(
            "Не удалось узнать, ваша ли это кнопка, и я ничего не сделал. Нажмите ещё раз немного позже.",
            "I could not find out whether this button is yours, so I did nothing. Press it again a little later.",
        )
    }
}
