//! Cells of CSV that people open in a spreadsheet: what somebody else wrote is text there, and never a formula.

use std::borrow::Cow;

/// Spreadsheets take a cell that begins like this for a formula, and a formula can run programs and send what it reads.
/// An apostrophe in front makes it text. A cell that begins with one gets another, so that one is always to be taken off.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text as a cell that is no formula.
pub fn no_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) || text.starts_with('\'') { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_comes_back_without_its_apostrophe() {
        for text in [
            "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'", "'=1",
            "''",
        ] {
            let cell = no_formula(text);
            assert!(!cell.starts_with(FORMULA), "{cell:?}");
            assert_eq!(cell.strip_prefix('\''), Some(text));
        }
        for text in ["", "a=1", " =1", "борщ", "1-1", "\"=1\"", "|=1"] {
            assert_eq!(no_formula(text), text);
        }
    }
}
