//! What is said in place of an answer, by the class of failure.

use std::borrow::Cow;

use std::time::Duration;

use super::Language::{self, English, Russian};
use crate::domain::budget::{Date, UsedUp};
use crate::domain::failure::Failure;

impl Language {
    fn limited(self, wait: Duration) -> String {
        // Rounded up: it works when the time has come.
        let minutes = wait.as_secs() / 60 + 1;
        match self {
            Russian => format!(
                "За последний час вы задали столько вопросов, сколько здесь разрешено. Следующий можно задать через \
                 {minutes} мин."
            ),
            English => format!(
                "You have asked as many questions as are allowed in an hour. You can ask the next one in {minutes} min."
            ),
        }
    }

    fn used_up(self, UsedUp { is_own, is_month, anew }: UsedUp) -> String {
        let Date { month, day } = anew;
        let month = MONTHS[usize::from(month.clamp(1, 12) - 1)];
        match self {
            Russian => {
                let spent = if is_own {
                    "Вы израсходовали свой бюджет"
                } else {
                    "Бот израсходовал свой бюджет"
                };
                let time = if is_month { "этот месяц" } else { "сегодня" };
                format!("{spent} на {time}. Новый начнётся {day} {} в 00:00 UTC.", month.0)
            }
            English => {
                let spent =
                    if is_own { "You have used up your budget" } else { "The bot has used up its budget" };
                let time = if is_month { "this month" } else { "today" };
                format!("{spent} for {time}. The next one begins on {day} {} at 00:00 UTC.", month.1)
            }
        }
    }

    fn too_long_to_hear(self, seconds: u32) -> String {
        let (minutes, rest) = (seconds / 60, seconds % 60);
        match (self, rest) {
            (Russian, 0) => format!("Запись слишком длинная: я слушаю не дольше {minutes} мин."),
            (Russian, _) => format!("Запись слишком длинная: я слушаю не дольше {seconds} с."),
            (English, 0) => format!("The recording is too long: I listen for {minutes} min at most."),
            (English, _) => format!("The recording is too long: I listen for {seconds} s at most."),
        }
    }

    /// What is said where no model that may answer can see: which ones can.
    pub fn who_can_see(self, names: &[&str]) -> String {
        let reason = self.failure(Failure::CannotSee);
        match (self, names) {
            (_, []) => reason,
            (Russian, names) => format!("{reason} Видят картинки: {}.", names.join(", ")),
            (English, names) => format!("{reason} These can see pictures: {}.", names.join(", ")),
        }
    }

    /// What is said in place of an answer that failed, ending with how to repeat the question.
    pub fn failure(self, failure: Failure) -> String {
        format!("{} {}", self.reason(failure), self.advice(failure))
    }

    /// Why there is no answer.
    fn reason(self, failure: Failure) -> Cow<'static, str> {
        let reason = match failure {
            Failure::OverBudget(budget) => return self.used_up(budget).into(),
            Failure::RateLimited { wait } => return self.limited(wait).into(),
            Failure::Unreachable => self.pick(
                "Модель сейчас недоступна, поэтому ответа нет.",
                "The model cannot be reached right now, so there is no answer.",
            ),
            Failure::TooSlow => self.pick(
                "Модель слишком долго молчала, и я перестал ждать.",
                "The model was silent for too long, and I stopped waiting.",
            ),
            Failure::Refused => self.pick(
                "Модель отказалась отвечать на этот вопрос.",
                "The model declined to answer this question.",
            ),
            Failure::OutOfQuota => self.pick(
                "У бота закончился лимит запросов к модели.",
                "The bot has used up its quota with the model.",
            ),
            Failure::Misconfigured => self.pick(
                "Модель не принимает запросы бота: его владельцу нужно проверить настройки.",
                "The model does not accept the bot's requests: the person who runs the bot has to check its settings.",
            ),
            Failure::Empty => self.pick("Модель прислала пустой ответ.", "The model gave an empty answer."),
            Failure::OutOfTokens => self.pick(
                "Модель думала так долго, что на сам ответ места не осталось.",
                "The model thought for so long that there was no room left for the answer.",
            ),
            Failure::TooLong => self.pick(
                "Вопрос слишком длинный для модели.",
                "The question is too long for the model.",
            ),
            Failure::ConversationTooLong => self.pick(
                "Разговор слишком длинный для модели, поэтому продолжить ответ не получилось.",
                "Our conversation is too long for the model, so the answer cannot be continued.",
            ),
            Failure::FileGone => self.pick(
                "Telegram больше не отдаёт этот файл.",
                "Telegram does not have this file any more.",
            ),
            Failure::FileTooLarge => self.pick(
                "Файл слишком большой: я могу показать модели до 20 МБ за один вопрос.",
                "The file is too large: I can show the model up to 20 MB for a question.",
            ),
            Failure::FileUnreachable => self.pick(
                "Не получилось получить файл от Telegram.",
                "I could not get the file from Telegram.",
            ),
            Failure::FileUnreadable => {
                self.pick("Прочитать этот файл не получилось.", "I could not read this file.")
            }
            Failure::NoPicture => self.pick(
                "Этот файл не похож на картинку: я понимаю JPEG, PNG, WebP и GIF.",
                "This file does not look like a picture: I understand JPEG, PNG, WebP and GIF.",
            ),
            Failure::CannotSee => {
                self.pick("Эта модель не видит картинок.", "This model cannot see pictures.")
            }
            Failure::PictureRefused => self.pick(
                "Модель не приняла эту картинку: возможно, файл повреждён.",
                "The model did not take this picture: the file may be broken.",
            ),
            Failure::CannotHear => self.pick(
                "Голосовые сообщения я здесь не понимаю: распознавание речи не настроено.",
                "I do not understand voice messages here: nothing is set up that turns speech into words.",
            ),
            Failure::SoundTooLong { seconds } => return self.too_long_to_hear(seconds).into(),
            Failure::SoundTooLarge { megabytes } => {
                return match self {
                    Russian => format!("Запись слишком большая: я слушаю не больше {megabytes} МБ."),
                    English => format!("The recording is too large: I listen to {megabytes} MB at most."),
                }
                .into();
            }
            Failure::NoWords => {
                self.pick("Я не услышал в этой записи ни слова.", "I heard no words in this recording.")
            }
            Failure::SoundRefused => self.pick(
                "Распознавание речи не приняло эту запись: возможно, она повреждена или слишком длинная.",
                "What turns speech into words did not take this recording: it may be broken, or too long.",
            ),
            Failure::HearingUnreachable => self.pick(
                "Послушать запись сейчас не получилось: распознавание речи не отвечает.",
                "I could not listen to the recording right now: what turns speech into words does not answer.",
            ),
            Failure::HearingMisconfigured => self.pick(
                "Послушать запись не получилось: владельцу бота нужно проверить настройки распознавания речи.",
                "I could not listen to the recording: the person who runs the bot has to check what turns speech into \
                 words.",
            ),
            Failure::Crashed => self.pick(
                "У меня случилась внутренняя ошибка, и ответить на этот вопрос не получилось.",
                "Something went wrong inside me, and I could not answer this question.",
            ),
        };
        reason.into()
    }

    /// What the user can do.
    fn advice(self, failure: Failure) -> &'static str {
        match failure {
            Failure::Refused => self.pick(
                "Попробуйте сформулировать его иначе: можно просто исправить сообщение.",
                "Try to word it differently; you can simply edit your message.",
            ),
            Failure::FileGone => {
                self.pick("Отправьте его, пожалуйста, ещё раз.", "Please send it again.")
            }
            Failure::FileTooLarge => self.pick(
                "Отправьте его меньшим: как фото, а не как файл, или по частям.",
                "Send it smaller: as a photo and not as a file, or in several messages.",
            ),
            Failure::CannotHear => {
                self.pick("Пожалуйста, напишите вопрос словами.", "Please write your question in words.")
            }
            Failure::SoundTooLong { .. } | Failure::SoundTooLarge { .. } | Failure::SoundRefused => self.pick(
                "Отправьте её по частям или напишите вопрос словами.",
                "Send it in pieces, or write your question in words.",
            ),
            Failure::NoWords => self.pick(
                "Скажите, пожалуйста, ещё раз или напишите вопрос словами.",
                "Please say it again, or write your question in words.",
            ),
            Failure::NoPicture => self.pick(
                "Отправьте картинку или напишите вопрос словами.",
                "Send a picture, or write your question in words.",
            ),
            Failure::CannotSee => self.pick(
                "Ваш вопрос сохранён: выберите другую модель (/model) и повторите его кнопкой или командой /retry.",
                "Your question is saved: choose another model (/model) and repeat it with the button or /retry.",
            ),
            Failure::PictureRefused => self.pick(
                "Отправьте её ещё раз или выберите другую модель: /model",
                "Send it again, or choose another model: /model",
            ),
            Failure::TooLong => {
                self.pick("Сократите его и отправьте ещё раз.", "Shorten it and send it again.")
            }
            Failure::ConversationTooLong => self.pick(
                "Задайте новый вопрос или начните новый разговор: /new",
                "Ask a new question, or start a new conversation: /new",
            ),
            Failure::OutOfQuota
            | Failure::Misconfigured
            | Failure::HearingMisconfigured
            | Failure::OverBudget(_)
            | Failure::RateLimited { .. } => self.pick(
                "Ваш вопрос сохранён; повторите его позже кнопкой или командой /retry.",
                "Your question is saved; repeat it later with the button or /retry.",
            ),
            _ => self.pick(
                "Ваш вопрос сохранён; повторить его можно кнопкой или командой /retry.",
                "Your question is saved; repeat it with the button or /retry.",
            ),
        }
    }
}

/// Behind the number of a day.
const MONTHS: [(&str, &str); 12] = [
    ("января", "January"),
    ("февраля", "February"),
    ("марта", "March"),
    ("апреля", "April"),
    ("мая", "May"),
    ("июня", "June"),
    ("июля", "July"),
    ("августа", "August"),
    ("сентября", "September"),
    ("октября", "October"),
    ("ноября", "November"),
    ("декабря", "December"),
];
