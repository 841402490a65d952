//! Characters as marks of emphasis see them.

/// Whether a word that goes away from an underscore has another one within.
pub(super) fn is_compound(chars: impl Iterator<Item = char>) -> bool {
    /// No name is longer; the bound keeps the search short.
    const MAX_CHARS: usize = 64;
    let mut word = false;
    let mut joint = false;
    for c in chars.take(MAX_CHARS) {
        match c {
            '_' => joint = word,
            c if is_word(c) => {
                if joint {
                    return true;
                }
                word = true;
            }
            _ => return false,
        }
    }
    false
}

/// Letters and digits, with the marks over them.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}')
}

pub(super) fn is_punctuation(c: char) -> bool {
    !is_word(c) && !c.is_whitespace()
}

/// Whether a sign behind a letter can be the first of what is set apart from it: a bracket, a quote, a picture.
pub(super) fn begins_words(c: char) -> bool {
    let ends = "»”’‛›…。，、：；！？）］｝】〕〉》」』·–—".contains(c);
    let mathematical = matches!(c, '\u{2190}'..='\u{22ff}' | '±' | '×' | '÷' | '°' | '¬' | '′' | '″');
    is_opening(c) || matches!(c, '"' | '\'') || (!c.is_ascii() && is_punctuation(c) && !ends && !mathematical)
}

/// Whether a sign before a letter can be the last of what is set apart from it, and is no operator: `&*x`, `y-*x`.
pub(super) fn ends_words(c: char) -> bool {
    is_punctuation(c) && !is_opening(c) && !"&=-/@^\\".contains(c)
}

/// Brackets and quotes that stand before what they enclose.
pub(super) fn is_opening(c: char) -> bool {
    "([{<«“‘„‚‹（［｛【〔〈《「『".contains(c)
}
