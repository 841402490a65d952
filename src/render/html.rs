//! The few HTML tags a model writes in Markdown that have a meaning here; everything else is text.
//!
//! Fed by `walk` with what the parser takes for HTML. Nothing of it reaches Telegram as HTML.

/// A piece of what the parser calls HTML.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// Shown as it stands: also any tag not named in [`Tag`], and comments.
    Text(&'a str),
    Open(Tag),
    Close(Tag),
}

/// A tag with a meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tag {
    Bold,
    Italic,
    Underline,
    Strike,
    Code,
    Sub,
    Super,
    Break,
    Rule,
    Details,
    Summary,
}

fn named(name: &str) -> Option<Tag> {
    Some(match name.to_ascii_lowercase().as_str() {
        "b" | "strong" => Tag::Bold,
        "i" | "em" => Tag::Italic,
        "u" | "ins" => Tag::Underline,
        "s" | "del" | "strike" => Tag::Strike,
        "code" | "kbd" | "samp" | "tt" => Tag::Code,
        "sub" => Tag::Sub,
        "sup" => Tag::Super,
        "br" => Tag::Break,
        "hr" => Tag::Rule,
        "details" => Tag::Details,
        "summary" => Tag::Summary,
        _ => return None,
    })
}

/// Divides HTML into known tags and text.
pub(super) fn pieces(mut html: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(open) = html[from..].find('<').map(|at| from + at) {
        if let Some((length, piece)) = tag(&html[open..]) {
            if open > 0 {
                pieces.push(Piece::Text(&html[..open]));
            }
            pieces.push(piece);
            html = &html[open + length..];
            from = 0;
        } else {
            from = open + 1;
        }
    }
    if !html.is_empty() {
        pieces.push(Piece::Text(html));
    }
    pieces
}

/// The known tag at the start of the text, and its length. Attributes are allowed and ignored.
fn tag(text: &str) -> Option<(usize, Piece<'static>)> {
    /// No known tag is longer by more than a few attributes; the bound keeps the search linear.
    const MAX_BYTES: usize = 256;
    let end = text.bytes().take(MAX_BYTES).position(|b| b == b'>')?;
    let inner = &text[1..end];
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name = inner.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let attributes = &inner[name.len()..];
    let proper = attributes.is_empty() || attributes.starts_with([' ', '/', '\t', '\n']);
    let tag = named(name).filter(|_| proper && !attributes.contains('<'))?;
    Some((end + 1, if closing { Piece::Close(tag) } else { Piece::Open(tag) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_tags_are_told_from_text() {
        assert_eq!(
            pieces("a<br/>b <details open><SUMMARY>c</summary><x>1 < 2</b-c>"),
            [
                Piece::Text("a"),
                Piece::Open(Tag::Break),
                Piece::Text("b "),
                Piece::Open(Tag::Details),
                Piece::Open(Tag::Summary),
                Piece::Text("c"),
                Piece::Close(Tag::Summary),
                Piece::Text("<x>1 < 2</b-c>"),
            ]
        );
    }
}
