//! Messages as text a person can review: entities as visible marks, rich blocks as an indented tree.

use std::fmt::Write;

use frankenstein::rich_message::{InputRichBlock, RichText, RichTextObject};
use frankenstein::types::{MessageEntity, MessageEntityType};
use systech_aidd::domain::reply::{Content, ReplyPart};

/// Parts, each with its fallback below it.
pub(crate) fn parts(parts: &[ReplyPart], depth: usize) -> String {
    let mut out = String::new();
    for part in parts {
        let role = ["", " instead", " instead of that"][depth];
        match &part.content {
            Content::Text { text, entities } => {
                let units = text.encode_utf16().count();
                let _ = writeln!(out, "═══ text{role}, {units} units, {} entities", entities.len());
                out.push_str(&marked(text, entities));
                out.push('\n');
            }
            Content::Rich { blocks } => {
                let _ = writeln!(out, "═══ rich{role}");
                tree(blocks, 0, &mut out);
            }
            _ => panic!("no answer is rendered so"),
        }
        out.push_str(&self::parts(&part.fallback, depth + 1));
    }
    out
}

/// Text with its entities as marks. Panics where they are not properly nested.
pub(crate) fn marked(text: &str, entities: &[MessageEntity]) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut advance = |to: usize, out: &mut String| {
        out.push_str(&String::from_utf16(&units[at..to]).expect("entities begin and end between characters"));
        at = to;
    };
    for entity in entities {
        let (start, end) = (usize::from(entity.offset), usize::from(entity.offset + entity.length));
        close(&mut open, start, &mut out, &mut advance);
        advance(start, &mut out);
        let name = name(entity);
        let _ = write!(out, "⟨{name}⟩");
        open.push((end, name.split(' ').next().unwrap_or_default().to_owned()));
    }
    close(&mut open, units.len(), &mut out, &mut advance);
    advance(units.len(), &mut out);
    out
}

fn close(
    open: &mut Vec<(usize, String)>,
    until: usize,
    out: &mut String,
    advance: &mut impl FnMut(usize, &mut String),
) {
    while let Some((end, name)) = open.pop_if(|(end, _)| *end <= until) {
        advance(end, out);
        let _ = write!(out, "⟨/{name}⟩");
    }
}

fn name(entity: &MessageEntity) -> String {
    match entity.type_field {
        MessageEntityType::Bold => "b".into(),
        MessageEntityType::Italic => "i".into(),
        MessageEntityType::Underline => "u".into(),
        MessageEntityType::Strikethrough => "s".into(),
        MessageEntityType::Spoiler => "spoiler".into(),
        MessageEntityType::Code => "code".into(),
        MessageEntityType::Pre => format!("pre {}", entity.language.as_deref().unwrap_or("-")),
        MessageEntityType::TextLink => format!("a {}", entity.url.as_deref().unwrap_or("-")),
        MessageEntityType::Blockquote => "quote".into(),
        MessageEntityType::ExpandableBlockquote => "folded".into(),
        _ => panic!("an entity the renderer must not make"),
    }
}

fn tree(blocks: &[InputRichBlock], depth: usize, out: &mut String) {
    let pad = "    ".repeat(depth);
    for block in blocks {
        match block {
            InputRichBlock::Paragraph(block) => line(out, &pad, "paragraph", &rich(&block.text)),
            InputRichBlock::Heading(block) => {
                line(out, &pad, &format!("heading {}", block.size), &rich(&block.text));
            }
            InputRichBlock::Pre(block) => {
                let name = format!("code {}", block.language.as_deref().unwrap_or("-"));
                line(out, &pad, &name, &rich(&block.text));
            }
            InputRichBlock::Divider(_) => line(out, &pad, "divider", ""),
            InputRichBlock::MathematicalExpression(block) => line(out, &pad, "formula", &block.expression),
            InputRichBlock::List(list) => {
                line(out, &pad, "list", "");
                for item in &list.items {
                    let number = item.value.map_or_else(|| "•".to_owned(), |value| format!("{value}."));
                    let ticked = if item.is_checked == Some(true) { "[x]" } else { "[ ]" };
                    let check = item.has_checkbox.map_or("", |_| ticked);
                    line(out, &format!("{pad}  "), &format!("{number}{check}"), "");
                    tree(&item.blocks, depth + 1, out);
                }
            }
            InputRichBlock::Blockquote(quote) => {
                line(out, &pad, "quote", "");
                tree(&quote.blocks, depth + 1, out);
            }
            InputRichBlock::Details(details) => {
                line(out, &pad, "details", &rich(&details.summary));
                tree(&details.blocks, depth + 1, out);
            }
            InputRichBlock::Table(table) => {
                line(out, &pad, "table", "");
                for row in &table.cells {
                    let cells: Vec<String> = row
                        .iter()
                        .map(|cell| {
                            let head = if cell.is_header == Some(true) { "#" } else { "" };
                            format!(
                                "{head}{}:{}",
                                cell.align,
                                cell.text.as_ref().map(rich).unwrap_or_default()
                            )
                        })
                        .collect();
                    line(out, &format!("{pad}    "), "row", &cells.join(" | "));
                }
            }
            _ => panic!("a block the renderer must not make"),
        }
    }
}

fn line(out: &mut String, pad: &str, name: &str, text: &str) {
    let text = text.replace('\n', &format!("\n{pad}    ⏎ "));
    let _ = writeln!(out, "{}", format!("{pad}{name} {text}").trim_end());
}

fn rich(text: &RichText) -> String {
    match text {
        RichText::Text(text) => text.clone(),
        RichText::List(texts) => texts.iter().map(rich).collect(),
        RichText::Object(object) => match object {
            RichTextObject::Bold(format) => format!("⟨b⟩{}⟨/b⟩", rich(&format.text)),
            RichTextObject::Italic(format) => format!("⟨i⟩{}⟨/i⟩", rich(&format.text)),
            RichTextObject::Underline(format) => format!("⟨u⟩{}⟨/u⟩", rich(&format.text)),
            RichTextObject::Strikethrough(format) => format!("⟨s⟩{}⟨/s⟩", rich(&format.text)),
            RichTextObject::Subscript(format) => format!("⟨sub⟩{}⟨/sub⟩", rich(&format.text)),
            RichTextObject::Superscript(format) => format!("⟨sup⟩{}⟨/sup⟩", rich(&format.text)),
            RichTextObject::Spoiler(format) => format!("⟨spoiler⟩{}⟨/spoiler⟩", rich(&format.text)),
            RichTextObject::Code(format) => format!("⟨code⟩{}⟨/code⟩", rich(&format.text)),
            RichTextObject::Url(format) => format!("⟨a {}⟩{}⟨/a⟩", format.url, rich(&format.text)),
            RichTextObject::MathematicalExpression(formula) => format!("⟨tex⟩{}⟨/tex⟩", formula.expression),
            _ => panic!("a format the renderer must not make"),
        },
    }
}
