//! TeX that is no more than a sign: degrees, arrows, Greek letters.
//!
//! Such a formula needs no setting: it is told in characters everybody has.

use super::signs::{self, is_begun, relation, sign};

/// How TeX writes degrees.
const DEGREES: [&str; 2] = ["^\\circ", "^{\\circ}"];

/// A formula in characters, if it is made of letters, figures and signs only. A formula without a command stays one.
pub(in crate::render) fn told(tex: &str) -> Option<String> {
    let mut out = String::new();
    let mut commands = 0;
    let mut at = 0;
    while let Some(c) = tex[at..].chars().next() {
        let rest = &tex[at..];
        if let Some(degrees) = degrees(rest) {
            out.push('°');
            commands += 1;
            at += degrees;
            continue;
        }
        match c {
            '\\' => {
                let name = command(rest);
                at += 1 + name.len();
                commands += 1;
                match (relation(name), sign(name)) {
                    (Some(sign), _) => {
                        out.truncate(out.trim_end().len());
                        out.push_str(if out.is_empty() { "" } else { " " });
                        out.push_str(sign);
                        out.push(' ');
                        at = tex.len() - tex[at..].trim_start().len();
                    }
                    (_, Some(sign)) => out.push_str(sign),
                    _ => {
                        // A space, or a sign that TeX wants escaped.
                        let c = rest[1..]
                            .chars()
                            .next()
                            .filter(|c| name.is_empty() && ",;: !%$#&_".contains(*c))?;
                        out.push_str(match c {
                            ',' | ';' | ':' | ' ' => " ",
                            '!' => "",
                            _ => &rest[1..=1],
                        });
                        at += 1;
                    }
                }
                continue;
            }
            '{' | '}' | '^' | '_' | '&' | '~' | '$' => return None,
            '\n' => out.push(' '),
            c => out.push(c),
        }
        at += c.len_utf8();
    }
    (commands > 0).then(|| out.trim().to_owned())
}

/// The length of what means degrees at the beginning of the text.
fn degrees(text: &str) -> Option<usize> {
    let found = DEGREES.iter().find(|degrees| text.starts_with(**degrees))?;
    let letter = text[found.len()..].starts_with(|c: char| c.is_ascii_alphabetic()) && !found.ends_with('}');
    (!letter || text[found.len()..].starts_with(['C', 'F'])).then_some(found.len())
}

/// The name of the command that begins the text.
fn command(text: &str) -> &str {
    let name = &text[1..];
    &name[..name.len() - name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len()]
}

/// Whether commands are what a text is about: then they stay as they are written.
pub(super) fn are_subject(text: &str) -> bool {
    text.contains('\\') && ["TeX", "ommand", "оманд"].iter().any(|word| text.contains(word))
}

/// A sign that stands in the text without the marks of a formula, and the length of its TeX: `90^\circ`, `A \to B`.
pub(super) fn at(text: &str, at: usize) -> Option<(&'static str, usize)> {
    let (before, rest) = text.split_at(at);
    if rest.starts_with('^') {
        let length = degrees(rest).filter(|_| before.ends_with(|c: char| c.is_ascii_digit() || c == ' '))?;
        return Some(("°", length));
    }
    let name = command(rest);
    let sign = relation(name).or_else(|| signs::sign(name)).filter(|_| name.len() > 1)?;
    let after = &rest[1 + name.len()..];
    let apart = before.is_empty()
        || before.ends_with(|c: char| c.is_whitespace() || c.is_ascii_digit() || "()]*>".contains(c));
    let stands = apart
        && (after.is_empty()
            || after
                .starts_with(|c: char| c.is_whitespace() || c.is_ascii_digit() || "()[*<.,;:!?".contains(c)));
    stands.then_some((sign, 1 + name.len()))
}

/// Whether the end of the text could grow to be such a sign.
pub(super) fn may_come(text: &str) -> Option<usize> {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let name = &text[letters.len()..];
    let slash = letters.strip_suffix('\\')?;
    let known = is_begun(name) || ["circ", "begin"].iter().any(|known| known.starts_with(name));
    let start = slash.strip_suffix('{').unwrap_or(slash);
    let start = start.strip_suffix('^').unwrap_or(slash);
    known.then_some(start.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_and_formulas_are_not() {
        for (tex, shown) in [
            ("90^\\circ", "90°"),
            ("20^{\\circ}C", "20°C"),
            ("A \\to B", "A → B"),
            ("A\\Rightarrow B", "A ⇒ B"),
            ("5\\times3 = 15", "5 × 3 = 15"),
            ("\\alpha + \\beta", "α + β"),
            ("50\\%", "50%"),
            ("\\to", "→"),
        ] {
            assert_eq!(told(tex).as_deref(), Some(shown), "{tex}");
        }
        for tex in [
            "x^2",
            "x",
            "a + b",
            "\\frac{a}{b}",
            "\\alpha_1",
            "\\mathbf x",
            "10^{-3}",
            "\\unknown",
            "a & b \\\\ c",
        ] {
            assert_eq!(told(tex), None, "{tex}");
        }
    }

    #[test]
    fn a_sign_in_a_sentence_is_told_and_its_name_in_a_lesson_or_a_path_is_not() {
        let told =
            |text: &str, from: &str| at(text, text.find(from).expect("it is there")).map(|(sign, _)| sign);
        assert_eq!(told("turn 90^\\circ left", "^"), Some("°"));
        assert_eq!(told("A \\to B", "\\"), Some("→"));
        assert_eq!(told("\\Rightarrow x = 5", "\\"), Some("⇒"));
        for text in ["C:\\to\\x", "a\\to", "\\total"] {
            assert_eq!(told(text, "\\"), None, "{text}");
        }
        assert_eq!(told("x^2", "^"), None);
        assert!(are_subject("type \\to in LaTeX") && !are_subject("A \\to B"));
    }
}
