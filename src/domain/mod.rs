//! The words and rules of the bot, without any input or output.

pub mod lane;
pub mod pseudonym;
pub mod update;
pub mod address;
pub mod history;
pub mod quote;
pub mod window;
pub mod summary;
pub mod topic;
pub mod prompt;
pub mod reply;
pub mod replacement;
pub mod recall;
pub mod marked_text;
pub mod attachment;
pub mod file_name;
pub mod usage;
pub mod budget;
pub mod chart;
pub mod transcript;
pub mod spreadsheet;
pub mod search;
pub mod button;
pub mod member;
pub mod command;
pub mod owner_command;
pub mod failure;
pub mod document;
pub mod reading;
pub mod access;
pub mod admission;
pub mod room;
pub mod alert;
pub mod announcement;
pub mod claim;
pub mod pass;
pub mod rate;
pub mod sender;
pub mod live_answers;
pub mod catalogue;
pub mod choice;
pub mod sound;
pub mod speech;
pub mod memory;
pub mod proposal;
pub mod token_budget;
pub mod phrases;

#[cfg(test)]
mod tests {
    use super::attachment::{Attachment, Kind as FileKind};
    use super::memory::Fact;
    use super::prompt::{Line, Place};
    use super::quote::{Kind, Quote, QuotedFile, Whose};
    use super::summary::Summary;

    #[test]
    fn nothing_that_people_write_is_in_what_a_log_or_a_panic_could_show() {
        let words = || "zebra".to_owned();
        let file = Attachment {
            kind: FileKind::Document,
            file_id: words(),
            unique_id: words(),
            name: Some(words()),
            mime: None,
            bytes: Some(1),
            pixels: None,
            seconds: None,
        };
        let quote = Quote::new(Kind::Reply, Whose::Other, Some("zebra"), "zebra");
        let quote = Quote { file: Some(Box::new(QuotedFile { message_id: 1, file })), ..quote };
        let fact = Fact { id: 1, text: words(), day: String::new() };
        let summary = Summary { id: 1, last_id: 1, prompt: None, content: words() };
        let line = Line { place: Place::Question, text: "zebra".into() };
        let shown = format!("{quote:?} {:?} {fact:?} {summary:?} {line:?}", quote.file);
        assert!(!shown.contains("zebra"), "{shown}");
    }
}
