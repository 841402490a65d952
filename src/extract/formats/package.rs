//! A ZIP archive whose parts make up a document, with a bound on what is unpacked.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::encoding;
use crate::domain::document::Refused;

/// How large a part may be when it is unpacked: the text of the longest books is a tenth of it.
const PART: u64 = 64 << 20;
/// How much may be unpacked of one archive, part by part.
const ALL: u64 = 256 << 20;
/// More entries than any document has.
const ENTRIES: usize = 100_000;

/// The archive.
pub(super) struct Package<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Where each part is, by its name with small letters: some programs write them as Windows knows them.
    parts: HashMap<String, usize>,
    left: u64,
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refused> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| refused(&error))?;
        if zip.len() > ENTRIES {
            return Err(Refused::Archive);
        }
        let names =
            (0..zip.len()).filter_map(|index| Some((canonical(&zip.name_for_index(index)?.ok()?), index)));
        Ok(Self { parts: names.collect(), zip, left: ALL })
    }

    /// The names of all parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&canonical(name))
    }

    /// Whether some part wants a password.
    pub(super) fn is_encrypted(&mut self) -> bool {
        // One is like the others; a hostile archive has very many.
        (0..self.zip.len().min(1000))
            .any(|index| self.zip.by_index_raw(index).is_ok_and(|part| part.encrypted()))
    }

    /// A part, if it is there.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        let Some(index) = self.parts.get(&canonical(name)) else { return Ok(None) };
        let part = self.zip.by_index(*index).map_err(|error| refused(&error))?;
        let most = PART.min(self.left);
        // What it says about its size may be a lie.
        let mut bytes = Vec::new();
        part.take(most + 1).read_to_end(&mut bytes).map_err(|_| Refused::Damaged)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > most {
            return Err(Refused::TooLarge);
        }
        self.left -= size;
        Ok(Some(bytes))
    }

    /// A part that is XML, if it is there.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refused> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        // Nearly always UTF-8, and then no copy.
        let text = String::from_utf8(bytes).or_else(|error| {
            let bytes = error.into_bytes();
            encoding::decode(&bytes).map(std::borrow::Cow::into_owned).ok_or(Refused::Damaged)
        })?;
        Ok(Some(text))
    }

    /// A part that has to be there.
    pub(super) fn needed(&mut self, name: &str) -> Result<String, Refused> {
        self.text(name)?.ok_or(Refused::Damaged)
    }
}

fn canonical(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_lowercase()
}

fn refused(error: &ZipError) -> Refused {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Refused::Encrypted,
        _ => Refused::Damaged,
    }
}

/// The path that `target` names as seen from `base`, a part of the same archive.
pub(super) fn resolve(base: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let mut path: Vec<&str> = base.split('/').collect();
    path.pop();
    if target.starts_with('/') {
        path.clear();
    }
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_seen_from_the_part_that_names_it() {
        assert_eq!(resolve("ppt/slides/slide1.xml", "../notesSlides/n.xml"), "ppt/notesSlides/n.xml");
        assert_eq!(resolve("ppt/presentation.xml", "/ppt/slides/s.xml"), "ppt/slides/s.xml");
        assert_eq!(resolve("content.opf", "text/a.xhtml#top"), "text/a.xhtml");
        assert_eq!(resolve("a/b", "../../../../x"), "x");
    }
}
