//! A message as well as a terminal can show it: entities and rich blocks, as Telegram took them.
//!
//! The layout is the same everywhere; styles are ANSI codes and only there where somebody looks.

use sandbox::telegram::Content;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

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

/// Words in one look. What stands around them is layout, not style: it is there without colours too.
#[derive(Clone, Default)]
struct Run {
    before: &'static str,
    text: String,
    after: String,
    styles: Vec<Style>,
}

impl Run {
    fn width(&self) -> usize {
        self.before.width() + self.text.width() + self.after.width()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bold,
    Italic,
    Underline,
    Strike,
    Dim,
    Code,
    Link,
}

impl Style {
    /// By the name that Telegram has for it, in entities and in rich text.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bold" => Self::Bold,
            "italic" | "mathematical_expression" => Self::Italic,
            "underline" => Self::Underline,
            "strikethrough" => Self::Strike,
            "spoiler" => Self::Dim,
            "code" => Self::Code,
            "text_link" | "url" => Self::Link,
            _ => return None,
        })
    }

    /// Select Graphic Rendition (ECMA-48, 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Italic => "3",
            Self::Underline => "4",
            Self::Strike => "9",
            Self::Code => "36",
            Self::Link => "34",
        }
    }
}

/// An entity of a text message; offsets in UTF-16 units.
struct Entity<'a> {
    kind: &'a str,
    start: usize,
    end: usize,
    value: &'a Value,
}

impl<'a> Entity<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        let number = |field: &str| value[field].as_u64().and_then(|number| usize::try_from(number).ok());
        let start = number("offset")?;
        Some(Self { kind: value["type"].as_str()?, start, end: start + number("length")?, value })
    }

    fn is_block(&self) -> bool {
        matches!(self.kind, "pre" | "blockquote" | "expandable_blockquote")
    }
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
            // one within another one is that one's to show
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

    /// Cells aligned by the columns they take on the screen.
    fn table(&self, table: &Value) -> Vec<String> {
        let rows: Vec<Vec<(Vec<Run>, &str)>> = table["cells"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|row| row.as_array().into_iter().flatten().map(cell).collect())
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|(runs, _)| width(runs)).max())
            .map(Option::unwrap_or_default)
            .collect();
        let rule = |left: &str, middle: &str, right: &str| {
            let lines: Vec<_> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            [left, &lines.join(middle), right].concat()
        };
        let mut lines = vec![rule("┌", "┬", "┐")];
        for (number, row) in rows.iter().enumerate() {
            if number == 1 {
                lines.push(rule("├", "┼", "┤"));
            }
            let cells = widths.iter().enumerate().map(|(column, width)| match row.get(column) {
                Some((runs, align)) => self.aligned(runs, align, *width),
                None => " ".repeat(*width),
            });
            lines.push(format!("│ {} │", cells.collect::<Vec<_>>().join(" │ ")));
        }
        lines.push(rule("└", "┴", "┘"));
        lines
    }

    fn aligned(&self, runs: &[Run], align: &str, wide: usize) -> String {
        let room = wide.saturating_sub(width(runs));
        let before = match align {
            "right" => room,
            "center" => room / 2,
            _ => 0,
        };
        [" ".repeat(before), self.runs(runs), " ".repeat(room - before)].concat()
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

fn width(runs: &[Run]) -> usize {
    runs.iter().map(Run::width).sum()
}

/// A range of a text as runs, cut wherever an entity begins or ends.
fn inline(text: &[u16], from: usize, to: usize, entities: &[Entity<'_>]) -> Vec<Run> {
    let inline = || entities.iter().filter(|entity| !entity.is_block());
    let mut cuts: Vec<usize> = inline().flat_map(|entity| [entity.start, entity.end]).collect();
    cuts.retain(|cut| (from..to).contains(cut));
    cuts.extend([from, to]);
    cuts.sort_unstable();
    cuts.dedup();
    let run = |cut: &[usize]| {
        let (start, end) = (cut[0], cut[1]);
        let mut run = Run { text: String::from_utf16_lossy(&text[start..end]), ..Run::default() };
        for entity in inline().filter(|entity| entity.start <= start && end <= entity.end) {
            run.styles.extend(Style::named(entity.kind));
            if entity.kind == "code" && entity.start == start {
                run.before = "`";
            }
            if entity.end == end {
                match entity.kind {
                    "code" => run.after.insert(0, '`'),
                    "text_link" => run.after.push_str(&target(entity.value)),
                    _ => {}
                }
            }
        }
        run
    };
    cuts.windows(2).map(run).collect()
}

/// Where a link leads, to stand after it.
fn target(link: &Value) -> String {
    link["url"].as_str().map_or_else(String::new, |url| format!(" ({url})"))
}

/// Rich text as runs.
fn styled(text: &Value, around: &[Style]) -> Vec<Run> {
    match text {
        Value::String(text) => vec![Run { text: text.clone(), styles: around.to_vec(), ..Run::default() }],
        Value::Array(texts) => texts.iter().flat_map(|text| styled(text, around)).collect(),
        Value::Object(_) => {
            let kind = text["type"].as_str().unwrap_or_default();
            let styles: Vec<_> = around.iter().copied().chain(Style::named(kind)).collect();
            if kind == "mathematical_expression" {
                return styled(&text["expression"], &styles);
            }
            let mut runs = styled(&text["text"], &styles);
            if let Some(first) = runs.first_mut().filter(|_| kind == "code") {
                first.before = "`";
            }
            if let Some(last) = runs.last_mut() {
                match kind {
                    "code" => last.after.push('`'),
                    "url" => last.after.push_str(&target(text)),
                    _ => {}
                }
            }
            runs
        }
        _ => Vec::new(),
    }
}

/// A cell of a table on one line, and how it is aligned.
fn cell(cell: &Value) -> (Vec<Run>, &str) {
    let head: &[Style] = if cell["is_header"] == true { &[Style::Bold] } else { &[] };
    let mut runs = styled(&cell["text"], head);
    for run in &mut runs {
        run.text = run.text.replace('\n', " ");
    }
    (runs, cell["align"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn painted(text: &str, entities: &Value, colours: bool) -> Vec<String> {
        let entities = entities.as_array().unwrap().clone();
        lines(&Content { text: text.to_owned(), entities, ..Content::default() }, colours)
    }

    fn rich(blocks: &Value, colours: bool) -> Vec<String> {
        lines(&Content { rich: Some(json!({ "blocks": blocks })), ..Content::default() }, colours)
    }

    #[test]
    fn entities_are_styles_where_somebody_looks_and_layout_everywhere() {
        // the face is two UTF-16 units
        let text = "😀 bold code here";
        let entities = json!([
            {"type": "bold", "offset": 3, "length": 4},
            {"type": "code", "offset": 8, "length": 4},
            {"type": "text_link", "offset": 13, "length": 4, "url": "https://a.example"},
        ]);
        assert_eq!(painted(text, &entities, false), ["😀 bold `code` here (https://a.example)"]);
        assert_eq!(
            painted(text, &entities, true),
            ["😀 \x1b[1mbold\x1b[0m `\x1b[36mcode\x1b[0m` \x1b[34mhere\x1b[0m (https://a.example)"]
        );
    }

    #[test]
    fn a_style_goes_on_over_lines_and_over_what_is_within_it() {
        let entities = json!([
            {"type": "strikethrough", "offset": 0, "length": 7},
            {"type": "italic", "offset": 4, "length": 3},
        ]);
        let expected = ["\x1b[9mone\x1b[0m", "\x1b[9;3mtwo\x1b[0m end"];
        assert_eq!(painted("one\ntwo end", &entities, true), expected);
    }

    #[test]
    fn code_and_quotes_are_set_apart() {
        let text = "See:\nlet x;\nlet y;\nsaid\nagain\nend";
        let entities = json!([
            {"type": "pre", "offset": 5, "length": 13, "language": "rust"},
            {"type": "blockquote", "offset": 19, "length": 10},
            {"type": "bold", "offset": 24, "length": 5},
        ]);
        let expected = ["See:", "╭─ rust", "│ let x;", "│ let y;", "╰─", "▎ said", "▎ again", "end"];
        assert_eq!(painted(text, &entities, false), expected);
        assert_eq!(painted(text, &entities, true)[6], "\x1b[2m▎\x1b[0m \x1b[1magain\x1b[0m");
    }

    #[test]
    fn the_borders_of_a_table_meet_whatever_the_script() {
        let cell = |text: &str, align: &str| json!({"text": text, "align": align, "is_header": false});
        let table = json!([{"type": "table", "cells": [
            [cell("№", "right"), cell("Кто", "left"), cell("漢字", "center")],
            [cell("10", "right"), cell("я", "left"), cell("😀", "center")],
        ]}]);
        assert_eq!(
            rich(&table, false),
            [
                "┌────┬─────┬──────┐",
                "│  № │ Кто │ 漢字 │",
                "├────┼─────┼──────┤",
                "│ 10 │ я   │  😀  │",
                "└────┴─────┴──────┘",
            ]
        );
    }

    #[test]
    fn every_rich_block_has_its_shape() {
        let paragraph = |text: &str| json!({"type": "paragraph", "text": text});
        let blocks = json!([
            {"type": "heading", "size": 1, "text": ["A ", {"type": "italic", "text": "title"}]},
            {"type": "mathematical_expression", "expression": "E = mc^2"},
            {"type": "list", "items": [
                {"blocks": [paragraph("one\nmore")], "value": 1},
                {"blocks": [paragraph("two")], "has_checkbox": true, "is_checked": true},
            ]},
            {"type": "details", "summary": "Why", "blocks": [paragraph("because")]},
            {"type": "blockquote", "blocks": [paragraph("said")]},
        ]);
        assert_eq!(
            rich(&blocks, false),
            [
                "A title",
                "",
                "    E = mc^2",
                "",
                "1. one",
                "   more",
                "☑ two",
                "",
                "▾ Why",
                "  because",
                "",
                "▎ said"
            ]
        );
        assert_eq!(rich(&blocks, true)[0], "\x1b[1mA \x1b[0m\x1b[1;3mtitle\x1b[0m");
    }
}
