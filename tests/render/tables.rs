//! Tables of Markdown: no cell is lost, whatever it holds.

use crate::seen::{assert_seen, classic, rich};

const HEAD: &str = "| command | what it does |\n|---|---|\n";

#[test]
fn a_bar_in_code_divides_no_cell() {
    let row = "| `ps aux | grep bot` | finds the process |";
    let seen = "table\n    row #left:command | #left:what it does\n    row left:⟨code⟩ps aux | grep bot⟨/code⟩ | left:finds the process";
    assert_eq!(rich(&format!("{HEAD}{row}")), seen);
    assert!(classic(&format!("{HEAD}{row}")).contains("ps aux | grep bot │ finds the process"));
    let head = rich("| `a|b` | c |\n|---|---|\n| 1 | 2 |");
    assert_eq!(head, "table\n    row #left:⟨code⟩a|b⟨/code⟩ | #left:c\n    row left:1 | left:2");
}

#[test]
fn escaped_bars_and_those_of_formulas_divide_no_cell() {
    for (row, cells) in [
        ("| a \\| b | c |", "left:a | b | left:c"),
        ("| `a \\| b` | c |", "left:⟨code⟩a | b⟨/code⟩ | left:c"),
        ("| $|x| = 5$ | c |", "left:⟨tex⟩|x| = 5⟨/tex⟩ | left:c"),
        ("| \\(|x| + 1\\) | c |", "left:⟨tex⟩|x| + 1⟨/tex⟩ | left:c"),
        // A backtick on its own is no code.
        ("| a ` b | c ` d |", "left:a ` b | left:c ` d"),
    ] {
        let seen = rich(&format!("{HEAD}{row}"));
        assert_eq!(seen.lines().last(), Some(format!("    row {cells}").as_str()), "{row}");
    }
}

#[test]
fn a_row_with_more_cells_than_headings_loses_none() {
    let seen = rich(&format!("{HEAD}| 1 | 2 | 3 | 4 |\n| 5 |"));
    assert_eq!(
        seen,
        "table\n    row #left:command | #left:what it does | #left: | #left:\n    \
         row left:1 | left:2 | left:3 | left:4\n    row left:5 | left: | left: | left:"
    );
    assert_seen(&[
        ("|a|\n|-|\n|1|2|", "⟨pre -⟩a │\n──┼──\n1 │ 2⟨/pre⟩"),
        ("> |a|b|\n> |-|-|\n> |1|2|3|", "⟨quote⟩⟨pre -⟩a │ b │\n──┼───┼──\n1 │ 2 │ 3⟨/pre⟩⟨/quote⟩"),
    ]);
    let wide = format!("|a|\n|-|\n|{}|последняя|", "очень длинная ячейка ".repeat(9));
    assert!(classic(&wide).ends_with("последняя"));
}

#[test]
fn bars_without_a_table_stay() {
    crate::seen::assert_as_written(&["a | b | c", "| a | b", "x |y| z", "|x| = 5"]);
}

#[test]
fn two_bars_are_text_where_they_would_divide_too_many_cells() {
    for (row, cells) in [
        ("| a || b | or |", "left:a || b | left:or"),
        ("a || b | or", "left:a || b | left:or"),
        ("| ||x y|| | or |", "left:⟨spoiler⟩x y⟨/spoiler⟩ | left:or"),
        ("| [l](https://example.com/a|b) | c |", "left:⟨a https://example.com/a|b⟩l⟨/a⟩ | left:c"),
    ] {
        let seen = rich(&format!("{HEAD}{row}"));
        assert_eq!(seen.lines().last(), Some(format!("    row {cells}").as_str()), "{row}");
    }
}

#[test]
fn a_line_without_a_bar_is_no_row() {
    assert_seen(&[
        (
            "|a|b|\n|-|-|\n|1|2|\nThat is all.\nReally.",
            "⟨pre -⟩a │ b\n──┼──\n1 │ 2⟨/pre⟩\n\nThat is all.\nReally.",
        ),
        ("- x\n  |a|b|\n  |-|-|\n  |1|2|\n  end\n- y", "• x\n⟨pre -⟩a │ b\n──┼──\n1 │ 2⟨/pre⟩\n  end\n• y"),
        ("a | b\n---|---\n1 | 2", "⟨pre -⟩a │ b\n──┼──\n1 │ 2⟨/pre⟩"),
    ]);
}

#[test]
fn a_line_that_divides_more_or_fewer_columns_than_there_are_headings_divides_the_table() {
    let table = "⟨pre -⟩a │ b │ c\n──┼───┼──\n1 │ 2 │ 3⟨/pre⟩";
    assert_seen(&[
        ("| a | b | c |\n|---|---|\n| 1 | 2 | 3 |", table),
        ("| a | b | c |\n|---|---|---|---|\n| 1 | 2 | 3 |", table),
        ("a | b | c\n---|---\n1 | 2 | 3", table),
        (
            "text\n\n> | a | b | c |\n> |:---|---:|\n> | 1 | 2 | 3 |",
            &format!("text\n\n⟨quote⟩{table}⟨/quote⟩"),
        ),
        // A heading with a bar in code has one column fewer than bars.
        ("| `a|b` | c |\n|---|---|\n| 1 | 2 |", "⟨pre -⟩a|b │ c\n────┼──\n1   │ 2⟨/pre⟩"),
    ]);
}
