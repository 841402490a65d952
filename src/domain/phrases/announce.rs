//! What owners read about announcements, and what stands below those.

use std::time::Duration;

use super::Language::{self, English, Russian};
use crate::domain::announcement::Progress;

impl Language {
    /// How /announce is used.
    pub fn how_to_announce(self) -> &'static str {
        self.pick(
            "«/announce текст» расскажет текст всем, кто спрашивал что-нибудь за последние 30 дней; «/announce 7d текст» — за 7 \
             дней. С картинкой: отправьте фото с такой подписью или ответьте этой командой на фото. Сначала я покажу, как это \
             выглядит и скольким людям придёт. Остановить: «/announce stop».",
            "“/announce text” tells the text to everybody who asked something in the last 30 days; “/announce 7d text” in the \
             last 7 days. With a picture: send a photo with this as its caption, or reply with it to a photo. First I show how it \
             looks and how many people get it. To stop it: “/announce stop”.",
        )
    }

    /// The answer to /announce below several pictures, or below what is no photo.
    pub fn announces_one_photo(self) -> &'static str {
        self.pick(
            "Разослать можно текст или одну картинку, отправленную как фото: альбом, видео или файл — нельзя. Никто ничего не \
             получил.",
            "I can announce a text, or one picture that is sent as a photo: no album, film or file. Nobody got anything.",
        )
    }

    /// What its owner reads in the place of a picture that Telegram does not take any more.
    pub fn picture_is_gone(self) -> &'static str {
        self.pick(
            "У Telegram этой картинки больше нет. Отправьте её заново; без неё придёт только то, что ниже.",
            "Telegram does not have this picture any more. Send it anew; without it people get only what is below.",
        )
    }

    /// What stands below an announcement that is shown to its owner first.
    pub fn announcement_draft(self, people: usize, days: u16, takes: Duration) -> String {
        let minutes = takes.as_secs().div_ceil(60).max(1);
        match (self, people) {
            (Russian, 0) => format!("За последние {days} дн. никто ничего не спрашивал: отправлять некому."),
            (English, 0) => {
                format!("Nobody has asked anything in the last {days} days: there is nobody to tell.")
            }
            (Russian, people) => format!(
                "Так это будет выглядеть. Получателей: {people} (спрашивали за последние {days} дн. и не отказались от \
                 объявлений). Отправка займёт около {minutes} мин. и ответы не задержит."
            ),
            (English, people) => format!(
                "This is how it will look. It goes to {people} people who asked something in the last {days} days and want \
                 announcements. It takes about {minutes} min and delays no answers."
            ),
        }
    }

    /// How far an announcement is; `running`: it goes on.
    pub fn announcement(self, progress: &Progress, running: bool) -> String {
        let Progress { waiting, released, sent, failed, left_out } = *progress;
        let all = progress.all();
        match (self, running) {
            (Russian, true) => format!("Объявление: отправлено {sent} из {all}, не доставлено {failed}."),
            (English, true) => format!("Announcement: {sent} of {all} sent, {failed} not delivered."),
            (Russian, false) => format!(
                "Объявление: отправлено {sent} из {all}, не доставлено {failed} (бот заблокирован или чат закрыт), пропущено \
                 {left_out}, не отправлено {}.",
                waiting + released
            ),
            (English, false) => format!(
                "Announcement: {sent} of {all} sent, {failed} not delivered (the bot is blocked, or the chat closed), \
                 {left_out} left out, {} not sent.",
                waiting + released
            ),
        }
    }

    /// What takes the place of a draft that was cancelled.
    pub fn announcement_cancelled(self) -> &'static str {
        self.pick(
            "Объявление отменено: никто его не получил.",
            "The announcement is cancelled: nobody got it.",
        )
    }

    /// The answer to a stop.
    pub fn announcements_stopped(self, number: usize) -> &'static str {
        if number == 0 {
            self.pick("Сейчас ничего не рассылается.", "No announcement is under way.")
        } else {
            self.pick(
                "Останавливаю: новые сообщения не отправляю. Итог сейчас покажу.",
                "I stop: no further messages are sent. The result follows.",
            )
        }
    }

    /// What stands on the buttons of a draft.
    pub fn send_button(self) -> &'static str {
        self.pick("Отправить", "Send")
    }

    /// What stands on the button that gives a draft up.
    pub fn cancel_button(self) -> &'static str {
        self.pick("Отменить", "Cancel")
    }

    /// What stands on the button that stops an announcement.
    pub fn stop_button(self) -> &'static str {
        self.pick("Остановить", "Stop")
    }

    /// What stands on the button below an announcement.
    pub fn unsubscribe_button(self) -> &'static str {
        self.pick("Не присылать объявления", "No more announcements")
    }

    /// What stands on the button that takes that back.
    pub fn subscribe_button(self) -> &'static str {
        self.pick("Присылать объявления", "Send me announcements")
    }

    /// The answer to either.
    pub fn subscribed(self, wanted: bool) -> &'static str {
        if wanted {
            self.pick("Объявления снова приходят.", "You get announcements again.")
        } else {
            self.pick("Объявлений больше не будет.", "You get no more announcements.")
        }
    }
}
