//! Blocks of the document as Telegram's.

use frankenstein::rich_message::{
    InputRichBlock, InputRichBlockBlockQuotation, InputRichBlockDetails, InputRichBlockDivider,
    InputRichBlockList, InputRichBlockListItem, InputRichBlockMathematicalExpression,
    InputRichBlockParagraph, InputRichBlockPreformatted, InputRichBlockSectionHeading, InputRichBlockTable,
    RichBlockTableCell, RichText, RichTextBold, RichTextCode, RichTextItalic, RichTextMathematicalExpression,
    RichTextSpoiler, RichTextStrikethrough, RichTextSubscript, RichTextSuperscript, RichTextUnderline,
    RichTextUrl,
};
use pulldown_cmark::Alignment;

use crate::render::doc::{Block, Inline, Item, Kind, Script, Span, Table};
use crate::render::limits::RICH_MAX_COLUMNS;
use crate::render::table;

pub(super) fn rendered(blocks: &[Block]) -> Vec<InputRichBlock> {
    blocks.iter().flat_map(rich_blocks).collect()
}

/// One block as Telegram's, or as several where it has no such block.
fn rich_blocks(block: &Block) -> Vec<InputRichBlock> {
    let one = match block {
        Block::Paragraph(line) | Block::Row(line) => {
            InputRichBlock::Paragraph(InputRichBlockParagraph { text: rich_text(line) })
        }
        Block::Heading(level, line) => {
            InputRichBlock::Heading(InputRichBlockSectionHeading { text: rich_text(line), size: *level })
        }
        Block::Code { language, text } => InputRichBlock::Pre(InputRichBlockPreformatted {
            text: text.as_str().into(),
            language: language.as_ref().map(ToString::to_string),
        }),
        Block::Formula(tex) => InputRichBlock::MathematicalExpression(InputRichBlockMathematicalExpression {
            expression: tex.clone(),
        }),
        Block::Rule => InputRichBlock::Divider(InputRichBlockDivider {}),
        Block::Quote(blocks) => InputRichBlock::Blockquote(InputRichBlockBlockQuotation {
            blocks: rendered(blocks),
            credit: None,
        }),
        Block::List(items) => {
            InputRichBlock::List(InputRichBlockList { items: items.iter().map(list_item).collect() })
        }
        Block::Table(table) if table.head.len() > RICH_MAX_COLUMNS => {
            return rendered(&table::lowered(table));
        }
        Block::Table(table) => rich_table(table),
        Block::Details { summary, blocks } => InputRichBlock::Details(InputRichBlockDetails {
            summary: if summary.is_blank() { "…".into() } else { rich_text(summary) },
            blocks: rendered(blocks),
            is_open: None,
        }),
    };
    vec![one]
}

fn list_item(item: &Item) -> InputRichBlockListItem {
    let value = item.number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    InputRichBlockListItem {
        blocks: rendered(&item.blocks),
        has_checkbox: item.checked.map(|_| true),
        is_checked: item.checked.filter(|ticked| *ticked),
        value,
        type_field: value.map(|_| "1".to_owned()),
    }
}

fn rich_table(table: &Table) -> InputRichBlock {
    let row = |cells: &Vec<Inline>, is_header: bool| {
        let cell = |(column, cell): (usize, &Inline)| RichBlockTableCell {
            text: (!cell.is_blank()).then(|| rich_text(cell)),
            is_header: is_header.then_some(true),
            colspan: None,
            rowspan: None,
            align: match table.alignments.get(column) {
                Some(Alignment::Center) => "center",
                Some(Alignment::Right) => "right",
                _ => "left",
            }
            .to_owned(),
            valign: "top".to_owned(),
        };
        cells.iter().enumerate().map(cell).collect::<Vec<_>>()
    };
    let rows = table.rows.iter().map(|cells| row(cells, false));
    InputRichBlock::Table(InputRichBlockTable {
        cells: std::iter::once(row(&table.head, true)).chain(rows).collect(),
        is_bordered: Some(true),
        is_striped: None,
        is_compact: None,
        caption: None,
    })
}

fn rich_text(line: &Inline) -> RichText {
    match line.0.as_slice() {
        [span] => rich_span(span),
        spans => RichText::List(spans.iter().map(rich_span).collect()),
    }
}

fn rich_span(Span { text, style }: &Span) -> RichText {
    let mut rich = if style.kind == Kind::Formula {
        RichTextMathematicalExpression { expression: text.clone() }.into()
    } else {
        RichText::Text(text.clone())
    };
    macro_rules! wrapped {
        ($($condition:expr => $format:ident),*) => {
            $(if $condition { rich = $format { text: rich.into() }.into(); })*
        };
    }
    wrapped! {
        style.kind == Kind::Code => RichTextCode,
        style.script == Some(Script::Sub) => RichTextSubscript,
        style.script == Some(Script::Super) => RichTextSuperscript,
        style.formats.strike => RichTextStrikethrough,
        style.formats.underline => RichTextUnderline,
        style.formats.italic => RichTextItalic,
        style.formats.bold => RichTextBold,
        style.formats.spoiler => RichTextSpoiler
    }
    match &style.link {
        Some(url) => RichTextUrl { text: rich.into(), url: url.to_string() }.into(),
        None => rich,
    }
}
