//! A page of the console as a browser reads it.

use html5gum::{Token, Tokenizer};

/// The text of a page, in which nothing is that could run, load or lead elsewhere without its mark.
#[track_caller]
pub(crate) fn inert(page: &str) -> String {
    let mut text = String::new();
    let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for token in Tokenizer::new(page) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = utf8(&tag.name);
                let attribute = |wanted: &[u8]| {
                    let found = tag.attributes.iter().find(|(name, _)| name.as_slice() == wanted);
                    found.map(|(_, value)| utf8(&value.value))
                };
                assert!(
                    !matches!(&*name, "iframe" | "object" | "embed" | "base" | "style" | "svg"),
                    "<{name}>"
                );
                for attribute in tag.attributes.keys() {
                    let attribute = utf8(attribute);
                    assert!(!attribute.starts_with("on") && attribute != "style", "<{name} {attribute}>");
                }
                for address in ["src", "action"].iter().filter_map(|name| attribute(name.as_bytes())) {
                    assert!(address.starts_with('/') && !address.starts_with("//"), "<{name}>: {address}");
                }
                if let Some(address) = attribute(b"href") {
                    let ours =
                        address.starts_with('#') || address.starts_with('/') && !address.starts_with("//");
                    let marked = attribute(b"rel").as_deref() == Some("noopener noreferrer nofollow");
                    assert!(ours || address.starts_with("http") && marked, "<{name}>: {address}");
                }
                if name == "script" {
                    assert!(
                        attribute(b"src").is_some_and(|from| from.starts_with("/assets/console.js")),
                        "<script>"
                    );
                }
            }
            Token::String(string) => text.push_str(&utf8(&string.value)),
            Token::Error(error) => panic!("{:?} in {page}", error.value),
            Token::Comment(comment) => panic!("a comment: {:?}", utf8(&comment.value)),
            Token::EndTag(_) | Token::Doctype(_) => {}
        }
    }
    text
}

/// The cells of a table, row by row, its heads first: of the last table in a region of this name.
#[track_caller]
pub(crate) fn table(page: &str, region: &str) -> Vec<Vec<String>> {
    let (_, rest) = page
        .rsplit_once(&format!("aria-label=\"{region}\">"))
        .unwrap_or_else(|| panic!("no {region}: {page}"));
    let (table, _) = rest.split_once("</table>").expect("its end");
    let cells = |row: &str| {
        let ends = row.split("</th>").flat_map(|part| part.split("</td>")).collect::<Vec<_>>();
        let (_, cells) = ends.split_last().expect("what is behind the last cell");
        cells.iter().map(|cell| words(cell)).collect()
    };
    table.split("<tr").skip(1).map(|row| cells(row.split_once('>').expect("its end").1)).collect()
}

/// The text of a piece of a page.
fn words(piece: &str) -> String {
    let mut text = String::new();
    for token in Tokenizer::new(piece).flatten() {
        if let Token::String(string) = token {
            text.push_str(&String::from_utf8_lossy(&string.value));
        }
    }
    text.trim().to_owned()
}
