//! The answer, computed from the dialogue: a wrong context shows in the text.

use std::fmt::Write as _;

use super::Message;

/// What the model answers to a dialogue: it quotes the newest message, says how many came before it, and quotes the
/// person's one before. Russian if the newest message has Cyrillic letters, else English.
///
/// A question such as «Что я сказал?» is answered with the quote alone. A message that asks for a table, a formula or
/// code («таблица», «формула», «код») gets one, computed from the dialogue too, in Markdown.
pub fn expected_answer(messages: &[Message]) -> String {
    let dialogue: Vec<&Message> = messages.iter().filter(|message| message.role != "system").collect();
    let Some(newest) = dialogue.iter().rposition(|message| message.role == "user") else {
        return "…".into();
    };
    let question = dialogue[newest].content.as_str();
    let earlier = &dialogue[..newest];
    let previous =
        earlier.iter().rev().find(|message| message.role == "user").map(|message| message.content.as_str());
    let tongue = if is_russian(question) { Tongue::Russian } else { Tongue::English };
    let lower = question.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let mut answer =
        if has(&["что я сказал", "что я говорил", "что я писал", "what did i say", "what did i write"])
        {
            tongue.recall(previous)
        } else {
            tongue.quote(question, earlier.len(), previous)
        };
    answer.push_str(&tongue.seen(&dialogue[newest].pictures));
    if has(&["таблиц", "table"]) {
        answer.push_str(&tongue.table(&dialogue));
    }
    if has(&["формул", "formula"]) {
        answer.push_str(&tongue.formula(earlier.len()));
    }
    if lower.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "код" | "кода" | "code"))
    {
        answer.push_str(&tongue.code(question));
    }
    answer
}

fn is_russian(text: &str) -> bool {
    text.chars().any(|character| ('\u{400}'..='\u{4ff}').contains(&character))
}

#[derive(Clone, Copy)]
enum Tongue {
    Russian,
    English,
}

impl Tongue {
    fn recall(self, previous: Option<&str>) -> String {
        match (self, previous) {
            (Self::Russian, Some(previous)) => format!("Вы сказали: «{previous}»."),
            (Self::Russian, None) => "Вы ещё ничего не сказали: это начало нашего разговора.".into(),
            (Self::English, Some(previous)) => format!("You said: “{previous}”."),
            (Self::English, None) => "You have not said anything yet: our conversation begins here.".into(),
        }
    }

    fn quote(self, question: &str, earlier: usize, previous: Option<&str>) -> String {
        match (self, previous) {
            (Self::Russian, Some(previous)) => format!(
                "Вы написали: «{question}». До этого я вижу {}, ваше предыдущее: «{previous}».",
                messages_in_russian(earlier)
            ),
            (Self::Russian, None) => format!("Вы написали: «{question}». Это начало нашего разговора."),
            (Self::English, Some(previous)) => {
                let s = if earlier == 1 { "" } else { "s" };
                format!(
                    "You wrote: “{question}”. I see {earlier} earlier message{s}, your previous one: “{previous}”."
                )
            }
            (Self::English, None) => format!("You wrote: “{question}”. Our conversation begins here."),
        }
    }

    /// What it was shown: how many pictures, and how large each is.
    fn seen(self, pictures: &[Vec<u8>]) -> String {
        let sizes: Vec<String> = pictures.iter().map(|picture| picture.len().to_string()).collect();
        match (self, &*sizes) {
            (_, []) => String::new(),
            (Self::Russian, sizes) => format!(" Вижу картинки (байты): {}.", sizes.join(", ")),
            (Self::English, sizes) => format!(" I see pictures (bytes): {}.", sizes.join(", ")),
        }
    }

    fn table(self, dialogue: &[&Message]) -> String {
        let (head, person, model) = match self {
            Self::Russian => ("| № | Кто | Знаков |", "Вы", "Я"),
            Self::English => ("| # | Who | Characters |", "You", "I"),
        };
        let mut table = format!("\n\n{head}\n|--:|:--|--:|");
        for (index, message) in dialogue.iter().enumerate() {
            let who = if message.role == "user" { person } else { model };
            let _ = write!(table, "\n| {} | {who} | {} |", index + 1, message.content.chars().count());
        }
        table
    }

    fn formula(self, earlier: usize) -> String {
        let what = match self {
            Self::Russian => "Сообщений в разговоре вместе с этим:",
            Self::English => "Messages in our conversation, this one included:",
        };
        format!("\n\n{what}\n\n$$n = {earlier} + 1 = {}$$", earlier + 1)
    }

    fn code(self, question: &str) -> String {
        let what = match self {
            Self::Russian => "Вот код:",
            Self::English => "Here is the code:",
        };
        format!("\n\n{what}\n\n```rust\nfn main() {{\n    println!(\"{{}}\", {question:?});\n}}\n```")
    }
}

fn messages_in_russian(count: usize) -> String {
    let word = match (count % 10, count % 100) {
        (_, 11..=14) => "сообщений",
        (1, _) => "сообщение",
        (2..=4, _) => "сообщения",
        _ => "сообщений",
    };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_shows_the_context_it_was_computed_from() {
        let first = [Message::system("Ты повар."), Message::user("Привет")];
        assert_eq!(expected_answer(&first), "Вы написали: «Привет». Это начало нашего разговора.");
        let mut later = first.to_vec();
        later.extend([Message::assistant("Здравствуйте"), Message::user("Что я сказал?")]);
        assert_eq!(expected_answer(&later), "Вы сказали: «Привет».");
        later.extend([Message::assistant("Вы сказали: «Привет»."), Message::user("Ясно")]);
        assert_eq!(
            expected_answer(&later),
            "Вы написали: «Ясно». До этого я вижу 4 сообщения, ваше предыдущее: «Что я сказал?»."
        );
        assert_eq!(expected_answer(&[Message::user("Hi")]), "You wrote: “Hi”. Our conversation begins here.");
    }

    #[test]
    fn a_table_a_formula_and_code_come_as_markdown() {
        let answer = expected_answer(&[Message::user("Нужна таблица, формула и код")]);
        assert!(
            answer.contains("| 1 | Вы | 28 |")
                && answer.contains("$$n = 0 + 1 = 1$$")
                && answer.contains("```rust")
        );
    }
}
