//! Every sentence of the bot's own that people read in Telegram, in both languages. None is the text of an error.

use std::time::Duration;

use frankenstein::types::BotCommand;

use crate::domain::command::Command;
use crate::domain::failure::Failure;

/// The language a person is spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Russian, also for everybody whose language is unknown.
    Russian,
    /// English.
    English,
}
use Language::{English, Russian};

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Russian, English];

    /// By Telegram's `language_code`, an IETF tag such as `en` or `en-GB`.
    pub fn of(code: Option<&str>) -> Self {
        match code.and_then(|code| code.split('-').next()) {
            Some(primary) if primary.eq_ignore_ascii_case("en") => English,
            _ => Russian,
        }
    }

    /// A `language_code` that stands for it.
    pub fn code(self) -> &'static str {
        self.pick("ru", "en")
    }

    fn pick(self, russian: &'static str, english: &'static str) -> &'static str {
        match self {
            Russian => russian,
            English => english,
        }
    }

    /// The answer to /start.
    pub fn greeting(self) -> &'static str {
        self.pick(
            "Здравствуйте! Напишите мне вопрос обычным сообщением, и я отвечу. \
             Я помню наш разговор и учитываю его в ответах.\n\n\
             /role — кто я и чем могу помочь\n/help — что я умею",
            "Hello! Send me a question as an ordinary message and I will answer. \
             I remember our conversation and take it into account.\n\n\
             /role — who I am and how I can help\n/help — what I can do",
        )
    }

    /// The answer to /help.
    pub fn help(self) -> String {
        let text = self.pick(
            "Просто напишите сообщение: я отвечу с учётом нашего разговора. \
             Отвечаю на сообщения по порядку, ни одно не теряется.\n",
            "Just send a message: I answer with our conversation in mind. \
             I answer messages in order, and none is lost.\n",
        );
        let commands =
            Command::ALL.map(|command| format!("/{} — {}", command.name(), self.purpose(command))).join("\n");
        format!("{text}\n{commands}")
    }

    /// What a command is for, as the menu and /help say it.
    pub fn purpose(self, command: Command) -> &'static str {
        match command {
            Command::Start => self.pick("начать разговор", "start the conversation"),
            Command::Help => self.pick("что я умею", "what I can do"),
            Command::Role => self.pick("кто я и чем могу помочь", "who I am and how I can help"),
            Command::Stop => self.pick("остановить ответ", "stop the answer"),
            Command::Retry => self.pick("ответить на вопрос заново", "answer the question again"),
            Command::Clear => {
                self.pick("забыть разговор и начать заново", "forget the conversation and start over")
            }
            Command::New => self.pick("то же, что /clear", "the same as /clear"),
            Command::Restore => {
                self.pick("вернуть забытый разговор", "bring the forgotten conversation back")
            }
            Command::Export => self.pick("получить наш разговор файлом", "get our conversation as a file"),
            Command::Forget => {
                self.pick("удалить навсегда всё, что вы писали", "delete for good all you ever wrote")
            }
        }
    }

    /// The commands as setMyCommands takes them.
    pub fn menu(self) -> Vec<BotCommand> {
        Command::ALL
            .into_iter()
            .map(|command| {
                BotCommand::builder().command(command.name()).description(self.purpose(command)).build()
            })
            .collect()
    }

    /// The answer to /clear.
    pub fn cleared(self, messages: usize) -> String {
        match (self, messages) {
            (Russian, 0) => "Забывать нечего: разговор ещё не начат.".to_owned(),
            (English, 0) => "There is nothing to forget: the conversation has not begun yet.".to_owned(),
            (Russian, n) => format!("Начинаем заново. {}. Вернуть: /restore", russian_messages("Забыт", n)),
            (English, n) => {
                format!("A fresh start. {} forgotten. To undo: /restore", english_messages(n))
            }
        }
    }

    /// The answer to /restore.
    pub fn restored(self, messages: usize) -> String {
        match (self, messages) {
            (Russian, 0) => "Возвращать нечего: разговор не очищался.".to_owned(),
            (English, 0) => "There is nothing to bring back: the conversation was not cleared.".to_owned(),
            (Russian, n) => format!("{}. Продолжаем с того же места.", russian_messages("Возвращен", n)),
            (English, n) => format!("{} brought back. We go on where we were.", english_messages(n)),
        }
    }

    /// What stands below the file that /export sends.
    pub fn exported(self) -> &'static str {
        self.pick("Наш разговор, как он есть у меня.", "Our conversation, as I have it.")
    }

    /// The answer to /export where there is nothing to send.
    pub fn nothing_to_export(self) -> &'static str {
        self.pick(
            "Отправлять нечего: разговор ещё не начат.",
            "There is nothing to send: the conversation has not begun yet.",
        )
    }

    /// What takes the place of a file that cannot be sent.
    pub fn export_failed(self) -> &'static str {
        self.pick(
            "Не получилось отправить файл. Попросите его у того, кто держит этого бота.",
            "The file could not be sent. Whoever runs this bot can give it to you.",
        )
    }

    /// The answer to /forget, above its button.
    pub fn forget(self, messages: i64) -> String {
        match self {
            Russian => format!(
                "Удалить навсегда всё, что у меня есть от вас, во всех чатах? Сообщений: {messages}, вместе с ответами и \
                 очищенными. Вернуть будет нельзя. Старые резервные копии хранят их дальше."
            ),
            English => format!(
                "Delete for good everything I have of you, in all chats? Messages: {messages}, answers and cleared ones \
                 among them. This cannot be undone. Old backups still hold them."
            ),
        }
    }

    /// What stands on that button.
    pub fn forget_button(self) -> &'static str {
        self.pick("Удалить всё навсегда", "Delete everything for good")
    }

    /// The answer to that button.
    pub fn forgotten(self, messages: i64) -> String {
        match self {
            Russian => format!("Готово: всё удалено. Сообщений: {messages}."),
            English => format!("Done: everything is deleted. Messages: {messages}."),
        }
    }

    /// The answer to /forget where there is nothing.
    pub fn nothing_to_delete(self) -> &'static str {
        self.pick(
            "Удалять нечего: у меня ничего от вас нет.",
            "There is nothing to delete: I have nothing of you.",
        )
    }

    /// The answer to the button of /forget when it means nothing any more.
    pub fn old_forget_button(self) -> &'static str {
        self.pick(
            "Эта кнопка уже старая, и я ничего не сделал. Чтобы удалить всё, отправьте /forget ещё раз.",
            "This button is old, and I did nothing. To delete everything, send /forget once more.",
        )
    }

    /// The answer to any other button that means nothing any more.
    pub fn old_button(self) -> &'static str {
        self.pick(
            "Эта кнопка уже старая: разговор ушёл дальше. Повторить последний вопрос: /retry",
            "This button is old: the conversation has moved on. To repeat the last question: /retry",
        )
    }

    /// What stands on the button that answers a question again.
    pub fn retry_button(self) -> &'static str {
        self.pick("Ответить заново", "Answer again")
    }

    /// What stands below an answer that the limit of tokens cut.
    pub fn cut(self) -> &'static str {
        self.pick(
            "Ответ не окончен: он достиг предельной длины.",
            "The answer is not finished: it reached the length limit.",
        )
    }

    /// What stands on the button below that.
    pub fn continue_button(self) -> &'static str {
        self.pick("Продолжить", "Continue")
    }

    /// What that button asks the model. It is stored as the question, so a change here makes older ones ordinary.
    pub fn go_on(self) -> &'static str {
        self.pick(
            "Продолжи ответ точно с того места, где он оборвался, на том же языке и без повторений.",
            "Go on with the answer exactly where it broke off, in the same language and without repeating anything.",
        )
    }

    /// What stands below an answer for which nothing of the conversation found room.
    pub fn without_conversation(self) -> &'static str {
        self.pick(
            "Разговор слишком длинный для модели: этот ответ дан без него.",
            "Our conversation is too long for the model: this answer was given without it.",
        )
    }

    /// The answer to /retry where there is no question.
    pub fn nothing_to_repeat(self) -> &'static str {
        self.pick(
            "Повторять нечего: в нашем разговоре ещё нет вопроса.",
            "There is nothing to repeat: our conversation has no question yet.",
        )
    }

    /// What stands in place of an answer that was stopped before its first word.
    pub fn stopped(self) -> &'static str {
        self.pick("Остановлено, ответа нет.", "Stopped; there is no answer.")
    }

    /// The answer to /stop where it keeps the rest of an answer from being sent.
    pub fn rest_not_sent(self) -> &'static str {
        self.pick(
            "Остаток ответа не отправляю. Получить ответ заново: /retry",
            "The rest of the answer will not be sent. To have an answer again: /retry",
        )
    }

    /// The answer to /stop where there is nothing to stop.
    pub fn nothing_to_stop(self) -> &'static str {
        self.pick(
            "Останавливать нечего: я сейчас не отвечаю.",
            "There is nothing to stop: I am not answering.",
        )
    }

    /// The answer to the edit of a question that was several messages.
    pub fn edit_of_several(self) -> &'static str {
        self.pick(
            "Этот вопрос пришёл несколькими сообщениями, и правку одного из них я применить не могу. Отправьте его ещё раз целиком.",
            "This question came as several messages, and I cannot apply a change to one of them. Please send it again as a whole.",
        )
    }

    /// What somebody reads who presses another person's button; up to 200 characters.
    pub fn foreign_button(self) -> &'static str {
        self.pick("Эта кнопка не для вас.", "This button is not for you.")
    }

    /// The answer to /export in a group.
    pub fn only_in_private(self) -> &'static str {
        self.pick(
            "Здесь файл увидели бы все. Напишите мне это лично.",
            "Everybody here would see the file. Please ask me in our private chat.",
        )
    }

    /// The answer to a command that does not exist.
    pub fn unknown_command(self) -> &'static str {
        self.pick(
            "Такой команды я не знаю. Список команд: /help",
            "I do not know this command. All commands: /help",
        )
    }

    /// The answer to a picture, a voice message and the like.
    pub fn only_text(self) -> &'static str {
        self.pick(
            "Пока я понимаю только текст. Пожалуйста, напишите вопрос словами.",
            "So far I understand only text. Please put the question into words.",
        )
    }

    /// The answer to somebody who may not use the bot. `chat_id`: of the group it was in.
    pub fn stranger(self, user_id: i64, chat_id: Option<i64>) -> String {
        let text = match self {
            Russian => format!(
                "Извините, этот бот отвечает не всем. Чтобы пользоваться им, попросите того, кто его держит, добавить вас: \
                 ваш номер в Telegram — {user_id}."
            ),
            English => format!(
                "Sorry, this bot does not answer everybody. To use it, ask whoever runs it to add you: your Telegram id is \
                 {user_id}."
            ),
        };
        match (self, chat_id) {
            (_, None) => text,
            (Russian, Some(chat_id)) => format!("{text} Номер этой группы — {chat_id}."),
            (English, Some(chat_id)) => format!("{text} The id of this group is {chat_id}."),
        }
    }

    /// What stands behind a command that takes no words.
    pub fn words_not_asked(self) -> &'static str {
        self.pick(
            "Слова после команды я не читаю. Если это вопрос, отправьте его отдельным сообщением.",
            "I do not read what follows this command. If it is a question, send it as a message of its own.",
        )
    }

    /// The answer in a group to the bot's name and nothing else.
    pub fn no_question(self) -> &'static str {
        self.pick(
            "Слушаю вас. Напишите вопрос ответом на это сообщение.",
            "I am listening. Put your question into a reply to this message.",
        )
    }

    /// The answer to a message that cannot be read any more.
    pub fn unreadable(self) -> &'static str {
        self.pick(
            "Не получилось прочитать это сообщение. Пожалуйста, отправьте его ещё раз.",
            "This message could not be read. Please send it again.",
        )
    }

    fn limited(self, wait: Duration) -> String {
        // rounded up: it works when the time has come
        let minutes = wait.as_secs() / 60 + 1;
        match self {
            Russian => format!(
                "За последний час вы спросили столько, сколько здесь можно. Следующий вопрос — через {minutes} мин."
            ),
            English => format!(
                "You have asked as much as is allowed in an hour. The next question can be asked in {minutes} min."
            ),
        }
    }

    /// What is said in place of an answer that failed, ending with how to repeat the question.
    pub fn failure(self, failure: Failure) -> String {
        let limited;
        let reason = match failure {
            Failure::RateLimited { wait } => {
                limited = self.limited(wait);
                &limited
            }
            Failure::Unreachable => self.pick(
                "Модель сейчас недоступна, ответа нет.",
                "The model cannot be reached right now, so there is no answer.",
            ),
            Failure::TooSlow => self.pick(
                "Модель слишком долго молчала, и я перестал ждать.",
                "The model was silent for too long and I stopped waiting.",
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
                "Модель не принимает запросы бота: нужна помощь того, кто его настраивает.",
                "The model does not accept the bot's requests: whoever runs the bot has to look at its settings.",
            ),
            Failure::Empty => self.pick("Модель ответила пустым сообщением.", "The model gave an empty answer."),
            Failure::OutOfTokens => self.pick(
                "Модель думала так долго, что на сам ответ места не осталось.",
                "The model thought for so long that there was no room left for the answer.",
            ),
            Failure::TooLong => self.pick(
                "Вопрос слишком длинный для модели.",
                "The question is too long for the model.",
            ),
            Failure::ConversationTooLong => self.pick(
                "Разговор слишком длинный для модели, и продолжить ответ не получилось.",
                "Our conversation is too long for the model, and the answer could not go on.",
            ),
            Failure::Crashed => self.pick(
                "На этом вопросе у меня случилась ошибка, и ответить не получилось.",
                "Something went wrong inside me at this question, and I could not answer it.",
            ),
        };
        let repeat = match failure {
            Failure::Refused => self.pick(
                "Попробуйте сформулировать его иначе: можно просто исправить сообщение.",
                "Try to put it differently: you can simply edit your message.",
            ),
            Failure::TooLong => {
                self.pick("Сократите его и отправьте ещё раз.", "Shorten it and send it again.")
            }
            Failure::ConversationTooLong => self.pick(
                "Задайте новый вопрос или начните заново: /new",
                "Ask a new question, or start over: /new",
            ),
            Failure::OutOfQuota | Failure::Misconfigured | Failure::RateLimited { .. } => self.pick(
                "Ваш вопрос сохранён; повторите его позже кнопкой или командой /retry.",
                "Your question is kept; repeat it later with the button or /retry.",
            ),
            _ => self.pick(
                "Ваш вопрос сохранён; повторить его можно кнопкой или командой /retry.",
                "Your question is kept; repeat it with the button or /retry.",
            ),
        };
        format!("{reason} {repeat}")
    }
}

/// "Забыто 5 сообщений", "Забыто 1 сообщение": the neuter form of `stem` fits every number.
fn russian_messages(stem: &str, n: usize) -> String {
    let noun = match (n % 10, n % 100) {
        (1, tens) if tens != 11 => "сообщение",
        (2..=4, tens) if !(12..=14).contains(&tens) => "сообщения",
        _ => "сообщений",
    };
    format!("{stem}о {n} {noun}")
}

fn english_messages(n: usize) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_spoken_to_english_speakers_and_russian_to_everybody_else() {
        assert_eq!(Language::of(Some("en")), English);
        assert_eq!(Language::of(Some("en-GB")), English);
        for code in [Some("ru"), Some("de"), Some("eng"), Some(""), None] {
            assert_eq!(Language::of(code), Russian, "{code:?}");
        }
    }

    #[test]
    fn numbers_agree_with_their_nouns() {
        for (n, noun) in [(1, "сообщение"), (3, "сообщения"), (5, "сообщений"), (11, "сообщений")]
        {
            assert!(Russian.cleared(n).contains(&format!("Забыто {n} {noun}.")), "{}", Russian.cleared(n));
        }
        assert!(Russian.cleared(21).contains("21 сообщение."));
        assert!(Russian.cleared(112).contains("112 сообщений."));
        assert!(English.cleared(1).contains("1 message forgotten"));
        assert!(English.restored(2).contains("2 messages brought back"));
    }
}
