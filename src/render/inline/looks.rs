//! Whether what stands between the marks of a formula looks like one.
//!
//! The marks alone do not tell: `\(almost free\)` are parentheses escaped with too much care, `$5 and $10` is money.
//! What is doubtful is text.

use super::marks::Marks;
use super::seen::Seen;

/// Whether a body between these marks is a formula. Where a text is `escaped` with care, parentheses are more often
/// escaped ones than marks.
pub(super) fn is_formula(body: &str, marks: Marks, escaped: bool) -> bool {
    let seen = Seen::of(body);
    let ink = body.trim();
    // Words of another alphabet are compared on a line of their own at most.
    let compared = marks.display() && seen.relation && !seen.prose;
    if ink.is_empty() || (seen.foreign && !seen.command && !compared) {
        return false;
    }
    if marks.bare() && (!seen.command || seen.prose) {
        return false;
    }
    if seen.command || seen.script || (seen.braced && !marks.escape()) {
        return true;
    }
    let tight = ink.len() == body.len();
    let incomplete =
        ink.ends_with(['+', '-', '*', '/', '=', '<', '>']) || ink.starts_with(['*', '/', '=', '<', '>', ':']);
    if seen.prose || incomplete || (escaped && marks.escape() && tight) {
        return false;
    }
    match (seen.words, seen.letters) {
        (0, 0) if seen.relation || seen.operator => true,
        // A figure is one where the marks are no punctuation: not in `\(1969\)`, nor in `\[1\]`.
        (0, 0) => seen.digits && !(marks.escape() && tight) && !ink.contains(' '),
        (0, _) => true,
        // Words are compared, or multiplied; `and/or` is neither.
        _ => seen.relation || seen.operator,
    }
}

/// Whether a formula may begin so; `ended` says that its line has ended. What was none once is none with more text either.
pub(super) fn may_be_formula(beginning: &str, ended: bool) -> bool {
    let seen = Seen::of(beginning);
    let head = beginning.split(char::is_whitespace).next().unwrap_or_default();
    let amount = (ended || head.len() < beginning.len())
        && head.chars().all(|c| c.is_ascii_digit() || ".,%+-".contains(c));
    !(seen.foreign || seen.prose || amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_parentheses_and_money() {
        for body in [
            "x^2+1",
            "x",
            "a, b",
            "E = mc^2",
            "a_i * b_i",
            "n!",
            "sin x",
            "f(x)",
            "\\frac{a}{b}",
            "v = s/t",
            "speed = distance / time",
            "3 + 4 = 7",
            "x_1",
            "a/b",
            "α + β",
            "2x",
            "-x",
            "x \\text{ или } y",
            " 5 ",
        ] {
            assert!(is_formula(body, Marks::Paren, false), "{body}");
        }
        for body in [
            "almost free",
            "July 20",
            "5",
            "1969",
            "see above",
            "and/or",
            "e.g.",
            "почти даром",
            "2024-2025",
            "!",
            "5 kg",
            "price = 5 dollars",
            "C++",
            "wow!",
            "old",
            "",
            "a few",
            "file.txt",
            "12:30",
        ] {
            assert!(!is_formula(body, Marks::Paren, false), "{body}");
        }
        assert!(!is_formula("x", Marks::Paren, true) && is_formula(" x ", Marks::Paren, true));
        assert!(is_formula("5", Marks::Dollar, false) && !is_formula("5, not 10", Marks::Dollar, false));
        assert!(!is_formula("1", Marks::Bracket, false) && is_formula("c", Marks::Bracket, false));
    }
}
