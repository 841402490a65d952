//! The text of SYSTEM_PROMPT_PATH, and what stands for ROLE_TEXT.

use std::path::Path;

/// The text of the file; an error says what is wrong with it, to follow the name of the setting.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let problem = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => match text.trim_start_matches('\u{feff}').trim() {
            "" => "is empty".to_owned(),
            text => return Ok(text.replace('\0', "").replace("\r\n", "\n")),
        },
        Ok(Err(_)) => "is not UTF-8 text".to_owned(),
        Err(error) => format!("cannot be read ({error})"),
    };
    Err(format!("names {}, which {problem}", path.display()))
}

/// What stands for ROLE_TEXT: the first paragraph of the prompt, up to 500 characters.
pub(super) fn role(prompt: &str) -> String {
    let paragraph = prompt.split("\n\n").map(str::trim).find(|text| !text.is_empty()).unwrap_or_default();
    let mut role: String = paragraph.chars().take(500).collect();
    if role.len() < paragraph.len() {
        let cut = role.rfind(char::is_whitespace).unwrap_or(role.len());
        role.truncate(cut);
        role.push('…');
    }
    role
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_the_first_paragraph_up_to_500_characters() {
        assert_eq!(role("You are kind.\nAnd brief.\n\nMore."), "You are kind.\nAnd brief.");
        let long = role(&"слово ".repeat(200));
        assert!(long.chars().count() <= 500 && long.ends_with("слово…"), "{long}");
    }
}
