//! Mails (.eml): who wrote what to whom, the words, and the names of what is attached.

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};

use super::html;
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let message = MessageParser::default().parse(bytes).ok_or(Refused::Damaged)?;
    let mut collected = Collected::new("mail", Unit::Whole, characters);
    let mut text = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            text.extend([name, ": ", &value, "\n"]);
        }
    };
    line("From", message.from().map(people));
    line("To", message.to().map(people));
    line("Cc", message.cc().map(people));
    line("Date", message.date().map(mail_parser::DateTime::to_rfc3339));
    line("Subject", message.subject().map(str::to_owned));
    if let Some(subject) = message.subject() {
        collected.title(subject);
    }
    text.push('\n');
    let enough = collected.enough();
    for index in 0..message.text_body_count() {
        match u32::try_from(index).ok().and_then(|index| message.text_part(index)).map(|part| &part.body) {
            Some(PartType::Html(page)) => text.push_str(&html::show(page, enough).1),
            Some(PartType::Text(words)) => text.push_str(words),
            _ => {}
        }
        text.push('\n');
        if text.len() > enough {
            break;
        }
    }
    for attachment in message.attachments() {
        let name = attachment.attachment_name().unwrap_or("without a name");
        text.extend(["\nAttachment: ", name]);
    }
    collected.add(None, &text);
    collected.finish()
}

fn people(address: &Address<'_>) -> String {
    let people = address.iter().map(|one| match (one.name(), one.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    });
    people.collect::<Vec<_>>().join(", ")
}
