//! Files as people send them, made in code, and what the real binary reads of them.

#![expect(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "a file reads best as what is written into it"
)]

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What `systech-aidd extract --json` said.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) told: Value,
    pub(crate) code: Option<i32>,
    pub(crate) errors: String,
    pub(crate) took: Duration,
}

impl Read {
    /// The text of all pieces, with an empty line between.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        let pieces = self.told["pieces"].as_array().unwrap_or_else(|| panic!("refused: {self:?}"));
        pieces.iter().map(|piece| piece["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n\n")
    }

    /// Why there is no text.
    #[track_caller]
    pub(crate) fn refused(&self) -> &str {
        self.told["refused"].as_str().unwrap_or_else(|| panic!("read: {self:?}"))
    }

    /// The names of the pieces.
    pub(crate) fn names(&self) -> Vec<Option<&str>> {
        self.told["pieces"].as_array().unwrap().iter().map(|piece| piece["name"].as_str()).collect()
    }
}

/// Reads a file with this name.
#[track_caller]
pub(crate) fn read(name: &str, bytes: &[u8]) -> Read {
    read_with(name, bytes, |_| {})
}

/// Reads a file with a changed command.
#[track_caller]
pub(crate) fn read_with(name: &str, bytes: &[u8], change: impl FnOnce(&mut Command)) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut command = extract();
    command.arg("--json").arg(&path);
    change(&mut command);
    let began = Instant::now();
    let output = command.output().unwrap();
    let took = began.elapsed();
    let errors = String::from_utf8(output.stderr).unwrap();
    let told =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {errors}"));
    Read { told, code: output.status.code(), errors, took }
}

/// `systech-aidd extract`.
pub(crate) fn extract() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_systech-aidd"));
    command.arg("extract").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A ZIP archive of these parts; those that come first are stored, as OpenDocument and EPUB have their type.
pub(crate) fn zip(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let method =
            if *name == "mimetype" { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

/// A document of Word with this body, and other parts.
pub(crate) fn docx(body: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let main = format!(
        r#"{XML}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    let mut parts = vec![
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#,
        ),
        ("word/document.xml", main.as_str()),
    ];
    parts.extend_from_slice(others);
    zip(&parts)
}

/// A workbook of Excel: names and attributes of its sheets, their rows as XML, the strings that they share.
pub(crate) fn xlsx(sheets: &[(&str, &str, &str)], strings: &[&str]) -> Vec<u8> {
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut list = String::new();
    let mut relations = format!(
        r#"<Relationship Id="s" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="t" Type="{relation}/styles" Target="styles.xml"/>"#
    );
    let mut parts: Vec<(String, String)> = Vec::new();
    for (number, (name, attributes, rows)) in (1..).zip(sheets) {
        list += &format!(r#"<sheet name="{name}" sheetId="{number}" {attributes} r:id="r{number}"/>"#);
        relations += &format!(
            r#"<Relationship Id="r{number}" Type="{relation}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        parts.push((
            format!("xl/worksheets/sheet{number}.xml"),
            format!(r#"{XML}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#),
        ));
    }
    let strings: String = strings.iter().map(|string| format!("<si><t>{string}</t></si>")).collect();
    parts.extend([
        ("[Content_Types].xml".to_owned(), r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_owned()),
        (
            "_rels/.rels".to_owned(),
            format!(r#"{XML}<Relationships><Relationship Id="w" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ),
        ("xl/workbook.xml".to_owned(), format!(r#"{XML}<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>{list}</sheets></workbook>"#)),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(r#"{XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>"#),
        ),
        ("xl/sharedStrings.xml".to_owned(), format!(r#"{XML}<sst xmlns="{main}">{strings}</sst>"#)),
        (
            "xl/styles.xml".to_owned(),
            format!(
                r#"{XML}<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
            ),
        ),
    ]);
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, part)| (name.as_str(), part.as_str())).collect();
    zip(&parts)
}

/// A presentation of PowerPoint: for each slide its shapes as XML, its attributes, and the words of its notes.
pub(crate) fn pptx(slides: &[(&str, &str, &str)]) -> Vec<u8> {
    let names = r#"xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
    let mut parts: Vec<(String, String)> = Vec::new();
    let (mut list, mut relations) = (String::new(), String::new());
    // The parts are numbered against the order of the slides, as they are when somebody has moved slides about.
    for (number, (shapes, attributes, notes)) in (1..=slides.len()).rev().zip(slides) {
        list += &format!(r#"<p:sldId id="{}" r:id="r{number}"/>"#, 256 + number);
        relations +=
            &format!(r#"<Relationship Id="r{number}" Type="x/slide" Target="slides/slide{number}.xml"/>"#);
        parts.push((
            format!("ppt/slides/slide{number}.xml"),
            format!(
                "{XML}<p:sld {names} {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
            ),
        ));
        parts.push((
            format!("ppt/slides/_rels/slide{number}.xml.rels"),
            format!(r#"{XML}<Relationships><Relationship Id="n" Type="x/notesSlide" Target="../notesSlides/notesSlide{number}.xml"/></Relationships>"#),
        ));
        parts.push((
            format!("ppt/notesSlides/notesSlide{number}.xml"),
            format!("{XML}<p:notes {names}><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>{notes}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:notes>"),
        ));
    }
    parts.push((
        "ppt/presentation.xml".to_owned(),
        format!("{XML}<p:presentation {names}><p:sldIdLst>{list}</p:sldIdLst></p:presentation>"),
    ));
    parts.push((
        "ppt/_rels/presentation.xml.rels".to_owned(),
        format!("{XML}<Relationships>{relations}</Relationships>"),
    ));
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, part)| (name.as_str(), part.as_str())).collect();
    zip(&parts)
}

/// A file of OpenDocument: `text`, `spreadsheet` or `presentation`, its styles and its body as XML.
pub(crate) fn opendocument(kind: &str, styles: &str, body: &str) -> Vec<u8> {
    let names: String = ["office", "text", "table", "draw", "style", "presentation", "meta"]
        .map(|name| format!(r#" xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0""#))
        .concat();
    let content = format!(
        "{XML}<office:document-content{names}><office:automatic-styles>{styles}</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    );
    let meta = format!(
        r#"{XML}<office:document-meta{names} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Название</dc:title></office:meta></office:document-meta>"#
    );
    let mime = format!("application/vnd.oasis.opendocument.{kind}");
    zip(&[
        ("mimetype", &mime),
        ("content.xml", &content),
        ("meta.xml", &meta),
        ("META-INF/manifest.xml", "<manifest/>"),
    ])
}

/// A book of these chapters, each with its path in the archive.
pub(crate) fn epub(chapters: &[(&str, &str)]) -> Vec<u8> {
    let mut items = String::new();
    let mut spine = String::new();
    for (number, (path, _)) in (1..).zip(chapters) {
        items += &format!(
            r#"<item id="c{number}" href="{}" media-type="application/xhtml+xml"/>"#,
            path.replace(' ', "%20")
        );
        spine += &format!(r#"<itemref idref="c{number}"/>"#);
    }
    let table = format!(
        r#"{XML}<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Книга</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"#
    );
    let container = r#"<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"#;
    let mut parts = vec![
        ("mimetype".to_owned(), "application/epub+zip".to_owned()),
        ("META-INF/container.xml".to_owned(), container.to_owned()),
        ("OEBPS/book.opf".to_owned(), table),
    ];
    parts.extend(chapters.iter().map(|(path, text)| (format!("OEBPS/{path}"), (*text).to_owned())));
    let parts: Vec<(&str, &str)> = parts.iter().map(|(name, part)| (name.as_str(), part.as_str())).collect();
    zip(&parts)
}

/// A PDF of these objects, numbered from 1; the first is the catalogue.
pub(crate) fn pdf_of(objects: &[String]) -> Vec<u8> {
    pdf_with("", objects)
}

/// A PDF with these entries in its trailer.
pub(crate) fn pdf_with(trailer: &str, objects: &[String]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(pdf.len());
        write!(pdf, "{number} 0 obj\n{object}\nendobj\n").unwrap();
    }
    let table = pdf.len();
    write!(pdf, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for place in places {
        pdf.extend(format!("{place:010} 00000 n \n").bytes());
    }
    write!(
        pdf,
        "trailer\n<< /Size {} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    )
    .unwrap();
    pdf
}

/// A stream with these entries in its dictionary.
pub(crate) fn stream(entries: &str, content: &str) -> String {
    format!("<< /Length {} {entries} >>\nstream\n{content}\nendstream", content.len())
}

/// A PDF of pages with these lines on each, in a font whose codes are Unicode.
pub(crate) fn pdf(pages: &[&[&str]]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 7 + 2 * page)).collect();
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def \
        1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0000> <ffff> <0000> endbfrange endcmap \
        CMapName currentdict /CMap defineresource pop end end";
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /U /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 6 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /U /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 500 /FontDescriptor 5 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /U /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>".to_owned(),
        stream("", map),
    ];
    for (page, lines) in pages.iter().enumerate() {
        let lines: String = lines
            .iter()
            .map(|line| {
                let codes: String = line.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
                format!("<{codes}> Tj T* ")
            })
            .collect();
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >> >> /Contents {} 0 R >>",
            8 + 2 * page
        ));
        objects.push(stream("", &format!("BT /F 12 Tf 14 TL 50 780 Td {lines} ET")));
    }
    pdf_of(&objects)
}
