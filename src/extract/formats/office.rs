//! What an archive or a compound file is, by what is in it.

use super::package::Package;
use super::{docx, epub, fictionbook, opendocument, pptx, sheets};
use crate::domain::document::{Extracted, Refused};
use crate::extract::kind::find;

/// Reads a ZIP archive, if it is a document.
pub(super) fn read_package(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let mut package = Package::open(bytes)?;
    let declared = package.text("mimetype").ok().flatten().unwrap_or_default();
    let declared = declared.trim();
    if package.has("word/document.xml") || package.has("word/document2.xml") {
        return docx::read(&mut package, characters);
    }
    if ["xl/workbook.xml", "xl/workbook.bin"].iter().any(|name| package.has(name)) {
        return sheets::read(bytes, &mut package, characters);
    }
    if package.has("ppt/presentation.xml") {
        return pptx::read(&mut package, characters);
    }
    if declared.starts_with("application/epub") || package.has("META-INF/container.xml") {
        return epub::read(&mut package, characters);
    }
    if declared.starts_with("application/vnd.oasis.opendocument.") && package.has("content.xml") {
        return opendocument::read(&mut package, declared, characters);
    }
    // .fb2.zip: Russian libraries hand out books so
    let mut names = package.names();
    if let (Some(name), None) = (names.next(), names.next())
        && name.strip_suffix(".fb2").is_some()
    {
        let name = name.to_owned();
        drop(names);
        let book = package.bytes(&name)?.ok_or(Refused::Damaged)?;
        return fictionbook::read(&book, characters);
    }
    drop(names);
    Err(if package.is_encrypted() { Refused::Encrypted } else { Refused::Archive })
}

/// Reads a compound file, if it is a workbook.
pub(super) fn read_compound(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    // Its folder names its streams in UTF-16.
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        find(bytes, &name).is_some()
    };
    if has("EncryptedPackage") || has("EncryptionInfo") {
        return Err(Refused::Encrypted);
    }
    if has("WordDocument") || has("PowerPoint Document") {
        return Err(Refused::OldOffice);
    }
    if has("Workbook") || has("Book") {
        return sheets::read_old(bytes, characters);
    }
    Err(Refused::Unknown)
}
