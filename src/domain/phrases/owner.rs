//! What owners read about who wants to be let in, and what those read meanwhile.

use frankenstein::types::{BotCommand, MessageEntityType};

use super::Language::{self, English, Russian};
use crate::domain::admission::State;
use crate::domain::button::Verdict;
use crate::domain::command::Command;
use crate::domain::marked_text::MarkedText;
use crate::domain::owner_command::OwnerCommand;
use crate::domain::reply::ReplyPart;
use crate::domain::sender::{Sender, one_line};

/// The most characters of what was asked that are shown.
const WORDS: usize = 300;

/// What people asked first, as far as it is shown.
pub fn first_words(text: Option<&str>) -> String {
    one_line(text.unwrap_or_default(), WORDS)
}

/// Somebody, or a group, that is decided about.
#[derive(Clone, Copy)]
pub struct Described<'a> {
    /// Telegram id.
    pub id: i64,
    /// As people see it.
    pub sender: &'a Sender,
}

impl Language {
    /// The request, as an owner reads it.
    pub fn request(self, of: Described<'_>, words: &str, last: bool) -> ReplyPart {
        let mut telling = MarkedText::default();
        telling.say(self.pick("Разрешить пользоваться ботом?\n", "May this person use the bot?\n"));
        self.describe(&mut telling, of);
        telling.say("\n\n");
        if words.is_empty() {
            telling.say(self.pick("Сообщение без текста.", "A message without text."));
        } else {
            telling.mark(words, MessageEntityType::Pre);
        }
        if last {
            telling.say("\n\n").say(self.last_request());
        }
        telling.part()
    }

    /// The menu of an owner: that of everybody, and what is an owner's.
    pub fn owner_menu(self, commands: &[Command]) -> Vec<BotCommand> {
        let own = OwnerCommand::ALL.map(|command| {
            BotCommand::builder().command(command.name()).description(self.owner_purpose(command)).build()
        });
        self.menu(commands).into_iter().chain(own).collect()
    }

    fn owner_purpose(self, command: OwnerCommand) -> &'static str {
        match command {
            OwnerCommand::Who => {
                self.pick("кто пользуется ботом и кто ждёт", "who uses the bot and who waits")
            }
            OwnerCommand::Announce => self.pick("рассказать всем", "tell everybody"),
            OwnerCommand::Health => self.pick("как дела у бота", "how the bot is"),
            OwnerCommand::Budget => self.pick("сколько можно тратить", "how much may be spent"),
            OwnerCommand::Console => self.pick("ссылка в консоль", "a link into the console"),
        }
    }

    /// The answer to /console. `local`: the link leads nowhere but on the bot's own machine.
    pub fn link_to_console(self, link: &str, local: bool) -> String {
        let head = self.pick(
            "Ссылка открывает консоль один раз, в течение пяти минут:",
            "This link opens the console once, within five minutes:",
        );
        let here = self.pick(
            "\n\nОна ведёт на тот компьютер, где работает бот. Другой адрес задаёт CONSOLE_URL.",
            "\n\nIt leads to the machine that the bot runs on. CONSOLE_URL names another address.",
        );
        format!("{head}\n{link}{}", if local { here } else { "" })
    }

    /// The same where there is none.
    pub fn no_console(self) -> &'static str {
        self.pick("Консоли нет: CONSOLE_ADDR не задан.", "There is no console: CONSOLE_ADDR is not set.")
    }

    /// The answer to /who: how many wait, and of how many the requests follow.
    pub fn who_waits(self, waiting: i64, shown: usize) -> String {
        match (self, waiting) {
            (Russian, 0) => "Решения никто не ждёт.".to_owned(),
            (English, 0) => "Nobody waits for a decision.".to_owned(),
            (Russian, n) => format!("Решения ждут: {n}. Вот те, кто ждёт дольше всех: {shown}."),
            (English, n) => {
                format!("Waiting for a decision: {n}. Here are those who have waited longest: {shown}.")
            }
        }
    }

    /// The request of a group, as an owner reads it. `by`: who added the bot to it, or asked it something there.
    pub fn request_of_group(
        self,
        group: Described<'_>,
        by: Described<'_>,
        added: bool,
        members: Option<i64>,
        last: bool,
    ) -> ReplyPart {
        let mut telling = self.group(group, members);
        telling.say("\n\n").say(if added {
            self.pick("Бота добавил:", "The bot was added by:")
        } else {
            self.pick("Боту там написал:", "Who wrote to the bot there:")
        });
        self.describe(&mut telling, by);
        if last {
            telling.say("\n\n").say(self.last_request());
        }
        telling.part()
    }

    /// The same in short, for a list.
    pub fn waiting_group(self, group: Described<'_>) -> ReplyPart {
        self.group(group, None).part()
    }

    fn group(self, group: Described<'_>, members: Option<i64>) -> MarkedText {
        let mut telling = MarkedText::default();
        telling.say(self.pick(
            "Разрешить всем в этой группе пользоваться ботом?\n",
            "May everybody in this group use the bot?\n",
        ));
        let title = group.sender.name.as_deref().unwrap_or_default();
        telling.say(self.pick("\nГруппа: ", "\nGroup: ")).mark(title, MessageEntityType::Code);
        telling.say(self.pick("\nНомер: ", "\nId: ")).mark(&group.id.to_string(), MessageEntityType::Code);
        if let Some(members) = members {
            telling.say(self.pick("\nУчастников: ", "\nMembers: ")).say(&members.to_string());
        }
        telling
    }

    fn last_request(self) -> &'static str {
        self.pick(
            "Это десятый запрос за час. О следующих я сообщу позже, одним числом.",
            "This is the tenth request within an hour. Of further ones I tell you later, as a number.",
        )
    }

    pub(super) fn describe(self, telling: &mut MarkedText, Described { id, sender }: Described<'_>) {
        let Sender { name, username, language } = sender;
        for (label, value) in [
            (self.pick("\nИмя: ", "\nName: "), name.clone()),
            (self.pick("\nИмя пользователя: ", "\nUsername: "), username.clone()),
            (self.pick("\nНомер: ", "\nId: "), Some(id.to_string())),
            (self.pick("\nЯзык: ", "\nLanguage: "), language.clone()),
        ] {
            if let Some(value) = value {
                telling.say(label).mark(&value, MessageEntityType::Code);
            }
        }
    }

    /// What stands on a button of the request.
    pub fn verdict(self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Allow => self.pick("Разрешить", "Allow"),
            Verdict::Refuse => self.pick("Отказать", "Refuse"),
            Verdict::Block => self.pick("Заблокировать", "Block"),
        }
    }

    /// What takes the place of the request once it is decided.
    pub fn decided(self, of: Described<'_>, state: State) -> ReplyPart {
        let mut telling = MarkedText::default();
        telling.say(match state {
            State::Allowed => self.pick("Может пользоваться ботом.\n", "May use the bot.\n"),
            State::Refused => self.pick(
                "Отказано. Спросить снова можно через сутки.\n",
                "Refused. The person may ask again a day later.\n",
            ),
            State::Blocked => {
                self.pick("Заблокирован: бот не отвечает.\n", "Blocked: the bot does not answer.\n")
            }
            State::Owner => self.pick("Владелец бота.\n", "An owner of the bot.\n"),
            State::Waiting => self.pick("Ждёт решения.\n", "Waits for a decision.\n"),
        });
        self.describe(&mut telling, of);
        telling.part()
    }

    /// What an owner reads who presses a button of a request that is over.
    pub fn request_is_over(self) -> &'static str {
        self.pick(
            "Этот запрос уже закрыт, и я ничего не изменил.",
            "This request is over already, so I changed nothing.",
        )
    }

    /// What an owner reads about requests of which nobody told it.
    pub fn further_requests(self, further: i64, waiting: i64, most: i64) -> String {
        let full = waiting >= most;
        match self {
            Russian => {
                let end = if full {
                    " Больше я не храню: остальные смогут спросить, когда вы решите об этих."
                } else {
                    ""
                };
                format!(
                    "Решения ждут и другие, о ком я ещё не говорил: {further}. Всего ждут: {waiting}.{end} Список: /who"
                )
            }
            English => {
                let end = if full {
                    " I keep no more than that: others can ask once you have decided about these."
                } else {
                    ""
                };
                format!(
                    "Others wait for your decision, of whom I have not told you yet: {further}. In all there wait: \
                     {waiting}.{end} The list: /who"
                )
            }
        }
    }

    /// What somebody reads whose request is made.
    pub fn asked_owner(self) -> &'static str {
        self.pick(
            "Этот бот отвечает тем, кому разрешил его владелец. Я спросил владельца и сохранил ваше сообщение: отвечу на \
             него, как только получу разрешение.",
            "This bot answers those whom its owner lets in. I have asked the owner and kept your message: I will answer it \
             as soon as you are let in.",
        )
    }

    /// What somebody reads for whom there is no room among the requests.
    pub fn no_room_for_request(self) -> &'static str {
        self.pick(
            "Этот бот отвечает тем, кому разрешил его владелец, а запросов сейчас слишком много. Пожалуйста, напишите \
             завтра: это сообщение я не сохранил.",
            "This bot answers those whom its owner lets in, and there are too many requests at the moment. Please write \
             tomorrow: I have not kept this message.",
        )
    }

    /// What somebody reads who is let in and whose question was not kept.
    pub fn let_in(self) -> &'static str {
        self.pick(
            "Владелец разрешил вам пользоваться ботом. Напишите вопрос, и я отвечу.",
            "The owner lets you use this bot. Send me a question and I will answer.",
        )
    }

    /// What somebody reads who is not let in.
    pub fn not_let_in(self) -> &'static str {
        self.pick(
            "Владелец бота не дал разрешения. Ваши сообщения я не сохранил.",
            "The owner of this bot did not let you in. I have not kept your messages.",
        )
    }

    /// What somebody reads about whom nobody decided.
    pub fn nobody_decided(self) -> &'static str {
        self.pick(
            "За неделю владелец бота не ответил на ваш запрос. Ваши сообщения я больше не храню. Если напишете, я спрошу \
             снова.",
            "For a week the owner of this bot has not answered your request. I do not keep your messages any longer. If you \
             write, I will ask again.",
        )
    }

    /// The answer to a /claim with the code.
    pub fn claimed(self) -> &'static str {
        self.pick(
            "Теперь вы владелец этого бота. Кто не в списках ALLOWED_USERS и ALLOWED_CHATS, ждёт вашего решения: на первое \
             сообщение каждого я спрошу вас.",
            "You are the owner of this bot now. Who is not listed in ALLOWED_USERS and ALLOWED_CHATS waits for your \
             decision: I ask you at everybody's first message.",
        )
    }

    /// The answer to a /claim with anything else.
    pub fn not_the_code(self) -> &'static str {
        self.pick(
            "Это не тот код. Код действует один час и один раз, а после пяти ошибок нужен новый: systech-aidd owner",
            "This is not the code. A code is good for an hour and for one use, and after five wrong tries a new one is \
             needed: systech-aidd owner",
        )
    }
}

#[cfg(test)]
mod tests {
    use frankenstein::types::MessageEntity;

    use super::*;
    use crate::domain::reply::Content;

    /// The text between the marks of an entity.
    fn marked(text: &str, entity: &MessageEntity) -> String {
        let units: Vec<u16> = text.encode_utf16().collect();
        let from = usize::from(entity.offset);
        String::from_utf16(&units[from..from + usize::from(entity.length)]).unwrap()
    }

    #[test]
    fn everything_foreign_in_a_request_stands_as_code() {
        let sender = Sender::of(["🍲 @boss", "/block"], Some("ann"), Some("en"));
        let words = first_words(Some("see https://evil.example\n/allow <b>me</b>"));
        for language in Language::ALL {
            let part = language.request(Described { id: 42, sender: &sender }, &words, true);
            let Content::Text { text, entities } = part.content else { unreachable!() };
            let quoted: Vec<_> = entities.iter().map(|entity| marked(&text, entity)).collect();
            let expected =
                ["🍲 @boss /block", "ann", "42", "en", "see https://evil.example /allow <b>me</b>"];
            assert_eq!(quoted, expected);
            let rest = quoted.iter().fold(text, |rest, quoted| rest.replacen(quoted.as_str(), "", 1));
            assert!(!rest.contains(['@', '/', '<']), "{rest}");
        }
    }
}
