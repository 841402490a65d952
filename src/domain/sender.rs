//! Who wrote, as people see it: told to owners, who decide about them, and to nobody else.

/// The most characters of a name.
const NAME: usize = 64;

/// Who wrote, as Telegram shows it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Sender {
    /// First and last name; of a group its title.
    pub name: Option<String>,
    /// The name after the @.
    pub username: Option<String>,
    /// The language of the app, as Telegram has it.
    pub language: Option<String>,
}

impl Sender {
    /// With these names and this language, each on one line and no longer than people's are.
    pub fn of<'a>(
        names: impl IntoIterator<Item = &'a str>,
        username: Option<&str>,
        language: Option<&str>,
    ) -> Self {
        let name = names.into_iter().filter(|name| !name.trim().is_empty()).collect::<Vec<_>>().join(" ");
        let some = |text: &str, most| Some(one_line(text, most)).filter(|text| !text.is_empty());
        Self {
            name: some(&name, NAME),
            username: username.and_then(|name| some(name, NAME)),
            language: language.and_then(|code| some(code, 16)),
        }
    }
}

/// Up to `most` characters of a foreign text on one line, without characters that cannot be seen: they could turn around what
/// stands beside them.
pub fn one_line(text: &str, most: usize) -> String {
    let is_seen = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let words = text.split_whitespace().map(|word| word.chars().filter(is_seen).collect::<String>());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut short: String = line.chars().take(most.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stand_on_one_line_and_turn_nothing_around() {
        for (text, expected) in [
            ("one\ntwo\r\n three\t", "one two three"),
            ("\u{202e}evil\u{2066}", "evil"),
            ("zero\u{200b}width", "zerowidth"),
            ("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧"),
            ("\u{7}", ""),
            ("a  b", "a b"),
        ] {
            assert_eq!(one_line(text, 20), expected, "{text:?}");
        }
        assert_eq!(
            (one_line("exactly ten", 11), one_line("exactly ten", 10)),
            ("exactly ten".into(), "exactly t…".into())
        );
        let sender = Sender::of(["Ann\n", "", "Lee"], Some("ann"), Some("en"));
        assert_eq!(sender.name.as_deref(), Some("Ann Lee"));
        assert_eq!(Sender::of([" "], Some(""), None), Sender::default());
    }
}
