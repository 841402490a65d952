//! Books (.epub), chapter by chapter in the order in which they are read.

use std::collections::HashMap;

use super::html;
use super::package::{Package, resolve};
use super::xml::{Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

pub(super) fn read(package: &mut Package<'_>, characters: usize) -> Result<Extracted, Refused> {
    let encryption = package.text("META-INF/encryption.xml")?.unwrap_or_default();
    // Fonts may be scrambled in every book; what is encrypted in earnest names a cipher.
    if encryption.contains("xmlenc#") && encryption.contains("EncryptionMethod") && encryption.contains("aes")
    {
        return Err(Refused::Encrypted);
    }
    let container = package.needed("META-INF/container.xml")?;
    let root = Xml::new(&container).find_map(|node| match node {
        Node::Open(element) if element.name() == "rootfile" => element.attribute("full-path"),
        _ => None,
    });
    let root = root.ok_or(Refused::Damaged)?;
    let book = Book::read(&package.needed(&root)?);
    let mut collected = Collected::new("epub", Unit::Chapter, characters);
    collected.title(&book.title);
    for (index, chapter) in book.spine.iter().enumerate() {
        if collected.is_full() {
            collected.skip(book.spine.len() - index);
            break;
        }
        let part = book.parts.get(chapter).map(|target| resolve(&root, &unescaped(target)));
        let Some(text) = part.map(|part| package.text(&part)).transpose()?.flatten() else {
            collected.skip(1);
            continue;
        };
        let (name, words) = html::show(&text, collected.enough());
        // Most programs call every chapter like the book.
        let name = name.map(|name| name.trim().to_owned()).filter(|name| *name != book.title.trim());
        collected.add(name, &words);
    }
    collected.finish()
}

/// A path as it stands in an archive: in a book it may be written as in an address.
fn unescaped(target: &str) -> String {
    percent_encoding::percent_decode_str(target).decode_utf8_lossy().into_owned()
}

/// What the table of a book says.
struct Book {
    title: String,
    /// Where each part is, by its id.
    parts: HashMap<String, String>,
    /// The ids of the chapters in their order.
    spine: Vec<String>,
}

impl Book {
    fn read(text: &str) -> Self {
        let mut book = Self { title: String::new(), parts: HashMap::new(), spine: Vec::new() };
        let mut xml = Xml::new(text);
        while let Some(node) = xml.next() {
            let Node::Open(element) = node else { continue };
            match element.name() {
                "title" if book.title.is_empty() => book.title = xml.words(),
                "item" => {
                    if let (Some(id), Some(target)) = (element.attribute("id"), element.attribute("href")) {
                        book.parts.insert(id, target);
                    }
                }
                "itemref" => book.spine.extend(element.attribute("idref")),
                _ => {}
            }
        }
        book
    }
}
