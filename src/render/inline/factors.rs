//! What stands to the left and to the right of an asterisk, as if it were a sign of multiplication.

/// What a side of the sign is.
#[derive(Clone, Copy, PartialEq)]
enum Factor {
    Number,
    /// A single letter, of whatever script.
    Letter,
    /// Two letters at least of a script that parts its words with spaces.
    Word {
        ascii: bool,
    },
    /// A bracket: `(a + b)`.
    Group,
    /// Nothing to multiply with.
    None,
}

/// How much a run of asterisks looks like a sign of multiplication, or of a power.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Product {
    /// Not at all: there is no factor on one of its sides.
    None,
    /// It stands between words, which may be names: `width*height`, or one word with a part in bold.
    Words { ascii: bool },
    /// Between what is hardly a word: `2*x`, `a*b`, `f(x)*2`.
    Terms,
    /// Between two figures.
    Figures,
}

/// The product that a run of marks makes of what is around it.
pub(super) fn product(before: &str, after: &str) -> Product {
    let left = left(before);
    let right = right(after);
    let percent = before.ends_with(['%', '!', '°', '′', '\''])
        && matches!(right, Factor::Number | Factor::Letter | Factor::Group);
    match (left, right) {
        _ if percent => Product::Terms,
        (Factor::None, _) | (_, Factor::None) => Product::None,
        (Factor::Number, Factor::Number) => Product::Figures,
        (Factor::Word { ascii: a }, Factor::Word { ascii: b }) => Product::Words { ascii: a && b },
        (Factor::Number | Factor::Group, Factor::Word { ascii }) => Product::Words { ascii },
        (Factor::Word { ascii: false }, Factor::Letter) | (Factor::Letter, Factor::Word { ascii: false }) => {
            Product::Words { ascii: false }
        }
        _ => Product::Terms,
    }
}

fn left(text: &str) -> Factor {
    match text.chars().next_back() {
        Some(')' | ']' | '}') => Factor::Group,
        _ => factor(text.chars().rev()),
    }
}

fn right(text: &str) -> Factor {
    match text.chars().next() {
        Some('(' | '[' | '{' | '√' | '\\') => Factor::Group,
        _ => factor(text.chars()),
    }
}

/// The factor that begins at the sign and goes away from it.
fn factor(mut chars: impl Iterator<Item = char>) -> Factor {
    match (chars.next(), chars.next()) {
        (Some(c), _) if c.is_numeric() => Factor::Number,
        // Scripts without spaces: every letter may be a word.
        (Some(c), _) if !c.is_alphabetic() || c >= '\u{e00}' => Factor::None,
        (Some(c), Some(next)) if next.is_alphabetic() => Factor::Word { ascii: c.is_ascii() },
        (Some(_), _) => Factor::Letter,
        (None, _) => Factor::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_told_by_their_looks() {
        for (before, after, expected) in [
            ("2", "3", Product::Figures),
            ("150", "x", Product::Terms),
            ("a", "b", Product::Terms),
            ("(a+b)", "(c)", Product::Terms),
            ("100%", "2", Product::Terms),
            ("π", "r", Product::Terms),
            ("width", "height", Product::Words { ascii: true }),
            ("цена", "вес", Product::Words { ascii: false }),
            ("слово", " и", Product::None),
            ("这是", "粗体", Product::None),
            ("Важно:", "текст", Product::None),
            ("", "x", Product::None),
        ] {
            assert_eq!(product(before, after), expected, "{before}*{after}");
        }
    }
}
