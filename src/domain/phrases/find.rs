//! What is said about a search in what was said before.

use super::Language;
use crate::domain::search::Fault;

impl Language {
    /// The answer to /find alone.
    pub fn how_to_find(self) -> &'static str {
        self.pick(
            "Напишите после команды, что найти: /find борщ. Все слова должны быть в сообщении, в любой форме; \
             в «кавычках» — подряд; -слово — без него; борщ или суп — одно из двух.",
            "Write behind the command what to find: /find soup. All words have to be in a message, in any form; \
             in \"quotes\", one after the other; -word, without it; soup or salad, one of the two.",
        )
    }

    /// The answer to words that cannot be searched for.
    pub fn cannot_find(self, fault: Fault) -> &'static str {
        match fault {
            Fault::Nothing => self.how_to_find(),
            Fault::Unclosed => self.pick(
                "В запросе не закрыта кавычка. Закройте её или уберите.",
                "A quotation mark is not closed. Please close it or take it away.",
            ),
            Fault::OnlyWithout => self.pick(
                "В запросе только то, чего не должно быть. Добавьте слово, которое должно быть.",
                "There is only what must not be there. Please add a word that has to be there.",
            ),
            Fault::TooLong => self.pick(
                "Запрос слишком длинный. Оставьте несколько слов.",
                "This is too long to search for. Please keep a few words.",
            ),
        }
    }

    /// The answer to words that nearly every message has.
    pub fn too_common(self) -> &'static str {
        self.pick(
            "Такие слова есть почти в каждом сообщении, по ним я не ищу. Добавьте другие.",
            "Nearly every message has these words, so I do not search for them. Please add others.",
        )
    }

    /// The answer where nothing was found.
    pub fn found_nothing(self, private: bool) -> &'static str {
        if private {
            self.pick(
                "Ничего не нашлось. Разговоры, скрытые командой /clear, я не смотрю.",
                "I found nothing. I do not look into conversations that /clear has hidden.",
            )
        } else {
            self.pick(
                "В этой группе ничего не нашлось. Я смотрю только ваши сообщения мне и мои ответы, без скрытых командой /clear.",
                "I found nothing in this group. I look only into your messages to me and my answers, without those that /clear has hidden.",
            )
        }
    }

    /// What stands above what was found.
    pub fn found(self) -> &'static str {
        self.pick("Вот что нашлось, сначала новое:", "This is what I found, the newest first:")
    }

    /// Who wrote what was found.
    pub fn whose(self, of_person: bool) -> &'static str {
        if of_person { self.pick("вы", "you") } else { self.pick("я", "I") }
    }

    /// Where it was said, in a private chat.
    pub fn in_a_group(self) -> &'static str {
        self.pick("в группе", "in a group")
    }

    /// Below the last page that is shown, where there may be more.
    pub fn found_more(self) -> &'static str {
        self.pick(
            "Нашлось ещё больше. Добавьте слов, чтобы осталось нужное.",
            "There is even more. Please add words, so that what you look for is left.",
        )
    }

    /// The answer to a button of a search that is over.
    pub fn old_search(self) -> &'static str {
        self.pick(
            "Этот поиск устарел. Отправьте /find ещё раз.",
            "This search is old. Please send /find again.",
        )
    }
}
