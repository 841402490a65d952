//! What a file of somebody else's may be called where it is unpacked: no name leads out of its folder, is another file's, or
//! means something to an operating system.

/// The most bytes of a name: file systems take 255, and some programs add to them.
const LONGEST: usize = 120;

/// How the names of files end whose type this is.
const ENDS: [(&str, &str); 6] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("audio/ogg", "ogg"),
    ("application/pdf", "pdf"),
];

/// The name of a file of this question, with its own number: the numbers keep it apart from all others and from the names that
/// Windows has for devices. Without a name of its own it is called after what it was sent as.
pub fn safe((question, number): (i64, i64), name: Option<&str>, kind: &str, mime: Option<&str>) -> String {
    let name = name.map(harmless).filter(|name| !name.is_empty());
    let mut name = name.unwrap_or_else(|| kind.to_owned());
    let end = ENDS.iter().find(|(known, _)| Some(*known) == mime).map(|(_, end)| *end);
    if let Some(end) = end.filter(|_| !name.contains('.')) {
        name = format!("{name}.{end}");
    }
    format!("{question}-{number}-{}", shortened(&name))
}

fn harmless(name: &str) -> String {
    let other = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    // Marks of direction make a name look as if it ended otherwise.
    let name: String = name.chars().filter(|c| !is_mark(*c)).map(other).collect();
    name.trim_matches(is_trimmed).to_owned()
}

/// What no name begins or ends with.
fn is_trimmed(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// No longer than it may be, with its end.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, end) = name.rsplit_once('.').filter(|(_, end)| end.len() <= 10).unwrap_or((name, ""));
    let most = LONGEST - end.len() - 1;
    let cut = (0..=most).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or_default();
    let stem = stem[..cut].trim_end_matches(is_trimmed);
    if end.is_empty() { stem.to_owned() } else { format!("{stem}.{end}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_called_by_its_number_and_what_of_its_name_is_harmless() {
        for (name, mime, expected) in [
            (Some("plan.pdf"), Some("application/pdf"), "3-7-plan.pdf"),
            (Some("отчёт 1.docx"), None, "3-7-отчёт 1.docx"),
            (None, Some("image/jpeg"), "3-7-photo.jpg"),
            (None, None, "3-7-photo"),
            (Some("🙃"), Some("image/webp"), "3-7-🙃.webp"),
            (Some("../../etc/passwd"), None, "3-7-_.._etc_passwd"),
            (Some("C:\\Windows\\a.exe"), None, "3-7-C__Windows_a.exe"),
            (Some("CON"), None, "3-7-CON"),
            (Some("a\0b\n"), None, "3-7-a_b_"),
            (Some("..."), None, "3-7-photo"),
            (Some(" . "), None, "3-7-photo"),
            (Some("invoice\u{202e}fdp.exe"), None, "3-7-invoicefdp.exe"),
        ] {
            assert_eq!(safe((3, 7), name, "photo", mime), expected, "{name:?}");
        }
        let long = format!("{}.tar.gz", "ы".repeat(200));
        assert!(safe((3, 7), Some(&long), "photo", None).ends_with("ы.gz"));
    }

    proptest! {
        #[test]
        fn whatever_a_file_is_called_it_stays_in_its_folder(number: i64, name in "\\PC*|[./\\\\: \0]{0,300}") {
            let safe = safe((1, number), Some(&name), "photo", None);
            let begins = format!("1-{number}-");
            prop_assert!(safe.len() <= LONGEST + 23 && safe.starts_with(&begins));
            prop_assert!(!safe.contains(['/', '\\', ':', '\0']) && !safe.ends_with(['.', ' ']), "{safe}");
        }
    }
}
