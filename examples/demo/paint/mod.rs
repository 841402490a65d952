//! A message as well as a terminal can show it: entities and rich blocks, as Telegram took them.
//!
//! The layout is the same everywhere; styles are ANSI codes and only there where somebody looks.

mod entity;
mod rich;
mod run;
mod table;
#[cfg(test)]
mod tests;

use sandbox::telegram::Content;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use entity::{Entity, inline};
use rich::styled;
use run::{Run, Style};

/// The message, line by line, its buttons below it.
pub(super) fn lines(content: &Content, colours: bool) -> Vec<String> {
    let painter = Painter { colours };
    let mut lines = if let Some(blocks) = content.rich.as_ref().and_then(|rich| rich["blocks"].as_array()) {
        painter.blocks(blocks)
    } else {
        let text: Vec<u16> = content.text.encode_utf16().collect();
        let entities: Vec<_> = content.entities.iter().filter_map(Entity::read).collect();
        painter.text(&text, (0, text.len()), &entities)
    };
    lines.extend(buttons(content).map(|(face, _)| face));
    lines
}

/// The buttons below a message: what they look like, and what pressing them sends.
pub(super) fn buttons(content: &Content) -> impl Iterator<Item = (String, String)> {
    let rows = content.markup.as_ref().and_then(|markup| markup["inline_keyboard"].as_array());
    let buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
    buttons.filter_map(|button| {
        Some((format!("[{}]", button["text"].as_str()?), button["callback_data"].as_str()?.to_owned()))
    })
}

struct Painter {
    colours: bool,
}

impl Painter {
    /// A range of a text: what is set apart stands on lines of its own.
    fn text(&self, text: &[u16], (mut from, to): (usize, usize), entities: &[Entity<'_>]) -> Vec<String> {
        let mut lines = Vec::new();
        let words = |lines: &mut Vec<String>, from: usize, to: usize| {
            if from < to {
                lines.extend(self.paragraph(inline(text, from, to, entities)));
            }
        };
        let newline = u16::from(b'\n');
        for block in entities.iter().filter(|entity| entity.is_block()) {
            // One within another one is that one's to show.
            if block.start < from || block.end > to || block.end > text.len() {
                continue;
            }
            let before = usize::from(block.start > from && text[block.start - 1] == newline);
            words(&mut lines, from, block.start - before);
            if block.kind == "pre" {
                let code = String::from_utf16_lossy(&text[block.start..block.end]);
                lines.extend(self.code(&code, block.value["language"].as_str()));
            } else {
                let inner: Vec<_> = entities
                    .iter()
                    .filter(|entity| {
                        (entity.start, entity.end) != (block.start, block.end) || !entity.is_block()
                    })
                    .map(|entity| Entity { ..*entity })
                    .collect();
                lines.extend(self.barred(self.text(text, (block.start, block.end), &inner)));
            }
            from = if text.get(block.end) == Some(&newline) { block.end + 1 } else { block.end };
        }
        words(&mut lines, from, to);
        lines
    }

    fn blocks(&self, blocks: &[Value]) -> Vec<String> {
        let painted: Vec<_> = blocks.iter().map(|block| self.block(block)).collect();
        painted.join(&String::new())
    }

    fn block(&self, block: &Value) -> Vec<String> {
        let children = || block["blocks"].as_array().map_or_else(Vec::new, |blocks| self.blocks(blocks));
        match block["type"].as_str().unwrap_or_default() {
            "heading" => self.paragraph(styled(&block["text"], &[Style::Bold])),
            "pre" => {
                let code: String = styled(&block["text"], &[]).into_iter().map(|run| run.text).collect();
                self.code(&code, block["language"].as_str())
            }
            "mathematical_expression" => {
                let formula = block["expression"].as_str().unwrap_or_default();
                formula.lines().map(|line| format!("    {}", self.style(line, &[Style::Italic]))).collect()
            }
            "divider" => vec!["─".repeat(24)],
            "blockquote" => self.barred(children()),
            "details" => {
                let mut summary = styled(&block["summary"], &[Style::Bold]);
                summary.insert(0, Run { text: "▾ ".to_owned(), ..Run::default() });
                let mut lines = self.paragraph(summary);
                lines.extend(children().into_iter().map(|line| format!("  {line}")));
                lines
            }
            "list" => {
                block["items"].as_array().into_iter().flatten().flat_map(|item| self.item(item)).collect()
            }
            "table" => self.table(block),
            _ => self.paragraph(styled(&block["text"], &[])),
        }
    }

    fn item(&self, item: &Value) -> Vec<String> {
        let mark = match (item["has_checkbox"] == true, item["is_checked"] == true, item["value"].as_i64()) {
            (true, true, _) => "☑ ".to_owned(),
            (true, false, _) => "☐ ".to_owned(),
            (false, _, Some(number)) => format!("{number}. "),
            (false, _, None) => "• ".to_owned(),
        };
        let indent = " ".repeat(mark.width());
        let blocks = item["blocks"].as_array().into_iter().flatten().flat_map(|block| self.block(block));
        let lead = |(number, line)| format!("{}{line}", if number == 0 { &mark } else { &indent });
        blocks.enumerate().map(lead).collect()
    }

    fn code(&self, code: &str, language: Option<&str>) -> Vec<String> {
        let mut lines = vec![format!("╭─ {}", language.unwrap_or_default()).trim_end().to_owned()];
        let code = code.strip_suffix('\n').unwrap_or(code);
        lines.extend(code.split('\n').map(|line| format!("│ {}", self.style(line, &[Style::Code]))));
        lines.push("╰─".to_owned());
        lines
    }

    fn barred(&self, lines: Vec<String>) -> Vec<String> {
        let bar = self.style("▎", &[Style::Dim]);
        lines.into_iter().map(|line| format!("{bar} {line}")).collect()
    }

    /// Runs on as many lines as they have.
    fn paragraph(&self, runs: Vec<Run>) -> Vec<String> {
        let mut lines = vec![Vec::new()];
        for run in runs {
            let pieces: Vec<&str> = run.text.split('\n').collect();
            for (number, piece) in pieces.iter().enumerate() {
                let (first, last) = (number == 0, number + 1 == pieces.len());
                if !first {
                    lines.push(Vec::new());
                }
                let piece = Run {
                    before: if first { run.before } else { "" },
                    text: (*piece).to_owned(),
                    after: if last { run.after.clone() } else { String::new() },
                    styles: run.styles.clone(),
                };
                lines.last_mut().expect("it began with one").push(piece);
            }
        }
        lines.iter().map(|line| self.runs(line)).collect()
    }

    fn runs(&self, runs: &[Run]) -> String {
        let run = |run: &Run| [run.before, &self.style(&run.text, &run.styles), &run.after].concat();
        runs.iter().map(run).collect()
    }

    fn style(&self, text: &str, styles: &[Style]) -> String {
        if !self.colours || styles.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        let codes: Vec<_> = styles.iter().map(|style| style.code()).collect();
        format!("\x1b[{}m{text}\x1b[0m", codes.join(";"))
    }
}
