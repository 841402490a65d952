//! Tables: cells aligned by the columns they take on the screen.

use serde_json::Value;

use super::Painter;
use super::rich::styled;
use super::run::{Run, Style, width};

impl Painter {
    pub(super) fn table(&self, table: &Value) -> Vec<String> {
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
