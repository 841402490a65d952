//! Every sentence of the bot's own that people read in Telegram, in both languages. None is the text of an error.

use frankenstein::types::BotCommand;

use crate::domain::catalogue::Medium;
use crate::domain::command::Command;

pub mod alerts;
mod announce;
pub mod choice;
pub mod console;
mod document;
mod failure;
pub mod figures;
pub mod find;
pub mod health;
pub mod memory;
pub mod owner;
pub mod people;
mod press;
mod record;
mod settings;
mod speech;
pub mod unready;

/// The language a user is spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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

    /// What stands in place of an answer while the model thinks.
    pub fn thinks(self) -> &'static str {
        self.pick("Думаю…", "Thinking…")
    }

    /// What a draft says while a recording is listened to.
    pub fn listens(self) -> &'static str {
        self.pick("Слушаю…", "Listening…")
    }

    /// The answer to /start.
    pub fn greeting(self) -> &'static str {
        self.pick(
            "Здравствуйте! Напишите мне вопрос обычным сообщением или отправьте картинку или документ, и я отвечу. \
             Я помню наш разговор и учитываю его в ответах.\n\n\
             /role — кто я и чем могу помочь\n/help — что я умею",
            "Hello! Send me a question as an ordinary message, a picture or a document, and I will answer. \
             I remember our conversation and take it into account.\n\n\
             /role — who I am and how I can help\n/help — what I can do",
        )
    }

    /// The answer to /help.
    pub fn help(self, commands: &[Command], hears: bool) -> String {
        let text = self.pick(
            "Просто напишите сообщение: я отвечу с учётом нашего разговора. \
             Читаю и то, на что вы отвечаете или что пересылаете. \
             Отвечаю на сообщения по порядку, ни одно не теряется.\n\
             Можно отправить и картинки с подписью: фото, альбом, стикер, файл JPEG, PNG, WebP или GIF.\n\
             Читаю документы до 20 МБ: PDF, DOCX, XLSX, PPTX, ODT, EPUB, RTF, HTML, CSV, текст и код.\n",
            "Just send a message: I answer with our conversation in mind. \
             I also read what you reply to or forward. \
             I answer messages in order, and none is lost.\n\
             You can send pictures with a caption, too: a photo, an album, a sticker, a JPEG, PNG, WebP or GIF file.\n\
             I read documents up to 20 MB: PDF, DOCX, XLSX, PPTX, ODT, EPUB, RTF, HTML, CSV, text and code.\n",
        );
        let sounds = self.pick(
            "Голосовые, видеосообщения и аудио я слушаю: что я услышал, стоит над ответом.\n",
            "I listen to voice messages, video notes and audio: what I heard stands above the answer.\n",
        );
        let sounds = if hears { sounds } else { "" };
        let line = |command: &Command| format!("/{} — {}", command.name(), self.purpose(*command));
        format!("{text}{sounds}\n{}", commands.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// What a command is for, as the menu and /help say it.
    pub fn purpose(self, command: Command) -> &'static str {
        match command {
            Command::Start => self.pick("приветствие", "a greeting"),
            Command::Help => self.pick("что я умею", "what I can do"),
            Command::Role => self.pick("кто я и чем могу помочь", "who I am and how I can help"),
            Command::Model => self.pick("выбрать модель", "choose the model"),
            Command::Voice => self.pick("озвучивать ответы", "have answers spoken"),
            Command::Settings => self.pick("что сейчас выбрано", "what is chosen now"),
            Command::Stop => self.pick("остановить ответ", "stop the answer"),
            Command::Retry => self.pick("ответить на вопрос заново", "answer the question again"),
            Command::Clear => self.pick("начать новый разговор", "start a new conversation"),
            Command::New => self.pick("то же, что /clear", "the same as /clear"),
            Command::Restore => self.pick("вернуть прежний разговор", "bring the previous conversation back"),
            Command::Export => self.pick("получить наш разговор файлом", "get our conversation as a file"),
            Command::Find => self.pick("найти в наших разговорах", "find something in our conversations"),
            Command::Remember => {
                self.pick("запомнить то, что вы напишете следом", "remember what you write behind it")
            }
            Command::Memory => self.pick("что я помню о вас", "what I remember about you"),
            Command::Usage => self.pick("сколько стоили ваши вопросы", "what your questions cost"),
            Command::Forget => {
                self.pick("удалить навсегда все ваши сообщения", "delete all your messages for good")
            }
        }
    }

    /// The commands as setMyCommands takes them.
    pub fn menu(self, commands: &[Command]) -> Vec<BotCommand> {
        commands
            .iter()
            .map(|command| {
                BotCommand::builder().command(command.name()).description(self.purpose(*command)).build()
            })
            .collect()
    }

    /// The answer to any other button that means nothing any more.
    pub fn old_button(self) -> &'static str {
        self.pick(
            "Эта кнопка устарела: разговор ушёл дальше. Повторить последний вопрос: /retry",
            "This button is old: the conversation has moved on. To repeat the last question: /retry",
        )
    }

    /// What stands on the button that answers a question again.
    pub fn retry_button(self) -> &'static str {
        self.pick("Ответить заново", "Answer again")
    }

    /// What stands on the button that has a recording heard anew.
    pub fn hear_again_button(self) -> &'static str {
        self.pick("Послушать ещё раз", "Hear again")
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
            "Continue the answer exactly where it broke off, in the same language and without repeating anything.",
        )
    }

    /// What is asked by somebody who has no words for what they quote or forward. It is stored as the question.
    pub fn what_about_this(self) -> &'static str {
        self.pick("Что скажешь об этом?", "What about this?")
    }

    /// What stands below an answer for which nothing of the conversation found room.
    pub fn without_conversation(self) -> &'static str {
        self.pick(
            "Разговор слишком длинный для модели: этот ответ дан без него.",
            "Our conversation is too long for the model: this answer was given without it.",
        )
    }

    /// What stands below an answer of another model than the one that was to answer.
    pub fn stood_in(self, is: &str, of: &str, lacks: Option<Medium>) -> String {
        let why = match lacks {
            Some(Medium::Pictures) => self.pick("не видит картинок", "cannot see pictures"),
            Some(Medium::Pdf) => self.pick("не читает сканы", "cannot read scans"),
            Some(Medium::Text | Medium::Sound) | None => {
                self.pick("сейчас не отвечает", "does not answer right now")
            }
        };
        match self {
            Russian => format!("Ответила модель {is}: {of} {why}."),
            English => format!("{is} answered, because {of} {why}."),
        }
    }

    /// The answer to /retry where there is no question.
    pub fn nothing_to_repeat(self) -> &'static str {
        self.pick(
            "Повторять нечего: в нашем разговоре ещё нет вопросов.",
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
            "Остаток ответа я не отправлю. Получить ответ заново: /retry",
            "The rest of the answer will not be sent. To get a new answer: /retry",
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
            "This question came in several messages, and I cannot apply an edit of one of them. Please send it again as a whole.",
        )
    }

    /// What somebody reads who presses another user's button; up to 200 characters.
    pub fn foreign_button(self) -> &'static str {
        self.pick("Эта кнопка не для вас.", "This button is not for you.")
    }

    /// The answer to /export in a group.
    pub fn only_in_private(self) -> &'static str {
        self.pick(
            "Здесь файл увидели бы все. Отправьте эту команду в личном чате со мной.",
            "Everybody here would see the file. Please send this command in our private chat.",
        )
    }

    /// The answer to a command that does not exist.
    pub fn unknown_command(self) -> &'static str {
        self.pick(
            "Такой команды я не знаю. Список команд: /help",
            "I do not know this command. The list of commands: /help",
        )
    }

    /// What stands below an answer about a film.
    pub fn one_frame(self) -> &'static str {
        self.pick(
            "Из видео я видел только один кадр и не слышал звука.",
            "Of the video I saw one frame only, and I heard no sound.",
        )
    }

    /// The answer to a voice message, a file of a strange kind and the like.
    pub fn only_text(self) -> &'static str {
        self.pick(
            "Пока я понимаю только текст, картинки (фото, JPEG, PNG, WebP, GIF) и документы. Пожалуйста, напишите вопрос словами.",
            "So far I understand only text, pictures (photos, JPEG, PNG, WebP, GIF) and documents. Please write your question in words.",
        )
    }

    /// The answer to somebody who may not use the bot. `chat_id`: of the group it was in.
    pub fn stranger(self, user_id: i64, chat_id: Option<i64>) -> String {
        let text = match self {
            Russian => format!(
                "Извините, этот бот отвечает не всем. Чтобы получить доступ, попросите владельца бота добавить вас: ваш \
                 ID в Telegram — {user_id}."
            ),
            English => format!(
                "Sorry, this bot does not answer everybody. To use it, ask the person who runs it to add you: your \
                 Telegram id is {user_id}."
            ),
        };
        match (self, chat_id) {
            (_, None) => text,
            (Russian, Some(chat_id)) => format!("{text} ID этой группы — {chat_id}."),
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
            "I am listening. Please reply to this message with your question.",
        )
    }

    /// The answer to a message that cannot be read any more.
    pub fn unreadable(self) -> &'static str {
        self.pick(
            "Не получилось прочитать это сообщение. Пожалуйста, отправьте его ещё раз.",
            "I could not read this message. Please send it again.",
        )
    }
}

fn russian_messages(n: usize) -> String {
    let noun = match (n % 10, n % 100) {
        (1, tens) if tens != 11 => "сообщение",
        (2..=4, tens) if !(12..=14).contains(&tens) => "сообщения",
        _ => "сообщений",
    };
    format!("{n} {noun}")
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
        let nouns = [
            (1, "сообщение"),
            (3, "сообщения"),
            (5, "сообщений"),
            (11, "сообщений"),
            (21, "сообщение"),
            (112, "сообщений"),
        ];
        for (n, noun) in nouns {
            for said in [Russian.cleared(n), Russian.restored(n)] {
                assert!(said.contains(&format!("({n} {noun})")), "{said}");
            }
        }
        assert!(English.cleared(1).contains("(1 message)"));
        assert!(English.restored(2).contains("(2 messages)"));
    }

    /// /clear can be undone and /forget cannot: no word of the one may stand in the other.
    #[test]
    fn clearing_is_never_called_forgetting_or_deleting() {
        let said = |language: Language| {
            let clear =
                [Command::Clear, Command::New, Command::Restore].map(|command| language.purpose(command));
            let answers = [0, 1, 5].map(|n| language.cleared(n) + &language.restored(n));
            (clear.join(" ") + &answers.join(" ")).to_lowercase()
        };
        for (language, verbs) in [
            (Russian, ["забы", "забуд", "удал", "стёр", "стер"]),
            (English, ["forg", "delet", "eras", "remov", "lost"]),
        ] {
            for verb in verbs {
                assert!(!said(language).contains(verb), "{verb}: {}", said(language));
            }
        }
    }
}
