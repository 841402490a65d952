//! `systech-aidd extract`: each kind of file as people send it → its words, through the real binary and its child process.

use encoding_rs::{IBM866, KOI8_R, WINDOWS_1251};

use crate::support::files::{docx, epub, extract, opendocument, pdf, pptx, read, read_with, xlsx, zip};

#[track_caller]
fn says(name: &str, bytes: &[u8], format: &str, text: &str) {
    let read = read(name, bytes);
    assert_eq!(read.code, Some(0), "{name}: {read:?}");
    assert_eq!(read.told["format"], format, "{name}");
    assert_eq!(read.text(), text, "{name}");
}

#[test]
fn a_text_is_read_in_the_encoding_that_it_is_in() {
    let text = "Здравствуйте! Это письмо из прошлого века.\nС уважением, Пётр";
    for encoding in [WINDOWS_1251, KOI8_R, IBM866] {
        says("письмо.txt", &encoding.encode(text).0, "text", text);
    }
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    says("a.txt", &[&b"\xff\xfe"[..], &utf_16].concat(), "text", text);
    says("a.txt", &utf_16, "text", text);
    says("a.txt", text.as_bytes(), "text", text);
}

#[test]
fn texts_for_programs_are_read_as_they_are() {
    for (name, text) in [
        ("a.md", "# Heading\n\n- one\n- two"),
        ("a.rs", "fn main() {\n    println!(\"<b>\");\n}"),
        ("a.csv", "a;b\n1;2"),
        ("a.json", "{\"a\": [1, 2]}"),
        ("a.yaml", "a:\n  - b"),
        ("a.xml", "<?xml version=\"1.0\"?>\n<a><b>c</b></a>"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nПривет"),
        ("a.pdf", "not what its name says"),
    ] {
        says(name, text.as_bytes(), "text", text);
    }
}

#[test]
fn a_page_of_the_web_is_what_a_browser_shows() {
    let html = "<html><head><title>Заголовок</title><script>no()</script></head><body><h2>Раздел</h2><p>a&nbsp;&lt;b&gt;<ul><li>one</ul></body></html>";
    says("a.html", html.as_bytes(), "html", "## Раздел\n\na\u{a0}<b>\n\n- one");
    assert_eq!(read("a.html", html.as_bytes()).told["title"], "Заголовок");
}

#[test]
fn a_pdf_is_read_page_by_page() {
    let read = read("a.pdf", &pdf(&[&["Первая строка", "and the second"], &[], &["Третья страница"]]));
    assert_eq!(read.text(), "Первая строка\nand the second\n\nТретья страница");
    let numbers: Vec<_> =
        read.told["pieces"].as_array().unwrap().iter().map(|piece| piece["number"].clone()).collect();
    assert_eq!(
        (numbers, &read.told["total"], &read.told["unit"]),
        (vec![1.into(), 3.into()], &3.into(), &"page".into())
    );
}

#[test]
fn a_long_document_is_cut_at_a_page_and_that_is_told() {
    let page = &["Слово за словом, строка за строкой, страница за страницей."][..];
    let bytes = pdf(&[page; 12]);
    let read = read_with("a.pdf", &bytes, |command| {
        command.args(["--limit", "300"]);
    });
    let pieces = read.told["pieces"].as_array().unwrap();
    assert_eq!((pieces.len(), &read.told["total"], &read.told["cut"]), (5, &12.into(), &true.into()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, &bytes).unwrap();
    let output = extract().args(["--limit", "300"]).arg(&path).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("--- page 1 of 12\n\nСлово"), "{shown}");
    assert!(shown.ends_with("\n--- pdf read up to page 5 of 12; --limit takes more\n"), "{shown}");
}

#[test]
fn a_document_of_word_keeps_headings_lists_tables_and_notes() {
    let style = |style: &str| format!(r#"<w:pPr><w:pStyle w:val="{style}"/></w:pPr>"#);
    let item = |list, level| {
        format!(r#"<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr></w:pPr>"#)
    };
    let p = |properties: &str, text: &str| format!("<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>");
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p("", text));
    let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell(a), cell(b));
    let body = [
        p(&style("a1"), "Глава"),
        "<w:p><w:r><w:t>Слово</w:t></w:r><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:r><w:t xml:space=\"preserve\"> &amp; дело</w:t>\
            <w:footnoteReference w:id=\"2\"/><w:instrText>no</w:instrText></w:r></w:p>"
            .to_owned(),
        p(&item(5, 0), "первый"),
        p(&item(5, 0), "второй"),
        p(&item(6, 1), "точка"),
        format!("<w:tbl>{}{}</w:tbl>", row("Имя", "Возраст"), row("Анна", "31")),
        "<w:p><mc:AlternateContent><mc:Choice><w:t>once</w:t></mc:Choice><mc:Fallback><w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:p>".to_owned(),
    ]
    .concat();
    let styles = r#"<w:styles><w:style w:styleId="a1"><w:name w:val="heading 1"/></w:style></w:styles>"#;
    let numbering = r#"<w:numbering><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>
        <w:num w:numId="5"><w:abstractNumId w:val="1"/></w:num></w:numbering>"#;
    let notes = r#"<w:footnotes><w:footnote w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t> Сноска.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let core = "<cp:coreProperties><dc:title>Договор</dc:title></cp:coreProperties>";
    let bytes = docx(
        &body,
        &[
            ("word/styles.xml", styles),
            ("word/numbering.xml", numbering),
            ("word/footnotes.xml", notes),
            ("docProps/core.xml", core),
        ],
    );
    let expected = "# Глава\n\nСлово & дело[^2]\n\n1. первый\n2. второй\n  - точка\n\n| Имя | Возраст |\n| --- | --- |\n| Анна | 31 |\n\n\
        once\n\n[^2]: Сноска.";
    // Whatever it is called.
    for name in ["a.docx", "a.zip", "a.txt", "договор"] {
        says(name, &bytes, "docx", expected);
    }
    assert_eq!(read("a.docx", &bytes).told["title"], "Договор");
}

#[test]
fn a_workbook_is_read_sheet_by_sheet_with_the_hidden_ones_named() {
    let first = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
        <row r="2"><c r="A2" t="inlineStr"><is><t>Анна</t></is></c><c r="B2"><v>31.5</v></c><c r="D2" s="1"><v>45292</v></c></row>
        <row r="9"><c r="A9" t="b"><v>1</v></c><c r="B9" t="str"><f>A1</f><v>formula</v></c></row>"#;
    let other = r#"<row r="1"><c r="A1"><v>7</v></c></row>"#;
    let bytes = xlsx(
        &[("Люди", "", first), ("Тайна", r#"state="hidden""#, other), ("Пусто", "", "")],
        &["Имя", "Возраст"],
    );
    says("a.xlsx", &bytes, "xlsx", "Имя\tВозраст\nАнна\t31.5\t\t2024-01-01\n\ntrue\tformula\n\n7");
    let read = read("a.xlsx", &bytes);
    assert_eq!(read.names(), [Some("Люди"), Some("Тайна (hidden)")]);
    assert_eq!(read.told["total"], 3);
}

#[test]
fn a_presentation_is_read_slide_by_slide_with_its_notes() {
    let shape = |kind: &str, text: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        )
    };
    let first = [
        shape(r#"<p:ph type="title"/>"#, "Заголовок"),
        shape("", "Текст"),
        shape(r#"<p:ph type="sldNum"/>"#, "1"),
    ]
    .concat();
    let bytes = pptx(&[(&first, "", "Сказать вслух"), (&shape("", "Второй"), r#"show="0""#, "")]);
    says("a.pptx", &bytes, "pptx", "# Заголовок\n\nТекст\n\nNotes: Сказать вслух\n\nВторой");
    assert_eq!(read("a.pptx", &bytes).names(), [None, Some("hidden")]);
}

#[test]
fn files_of_opendocument_are_read() {
    let text = r#"<text:tracked-changes>no</text:tracked-changes><text:h text:outline-level="2">Глава</text:h><text:p>Два<text:s text:c="2"/>слова<text:note><text:note-citation>7</text:note-citation><text:note-body><text:p>Сноска</text:p></text:note-body></text:note></text:p>
        <text:list><text:list-item><text:p>один</text:p><text:list><text:list-item><text:p>внутри</text:p></text:list-item></text:list></text:list-item></text:list>
        <table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell><text:p>B</text:p></table:table-cell></table:table-row>
        <table:table-row><table:table-cell><text:p>1</text:p></table:table-cell><table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>"#;
    let bytes = opendocument("text", "", text);
    says(
        "a.odt",
        &bytes,
        "odt",
        "## Глава\n\nДва  слова[^1]\n\n- один\n  - внутри\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\n[^1]: Сноска",
    );
    assert_eq!(read("a.odt", &bytes).told["title"], "Название");
    let hidden =
        r#"<style:style style:name="h"><style:table-properties table:display="false"/></style:style>"#;
    let sheets = r#"<table:table table:name="Люди"><table:table-row><table:table-cell><text:p>Имя</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>31</text:p></table:table-cell><table:table-cell table:number-columns-repeated="1000000"/></table:table-row>
        <table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row><table:table-row><table:table-cell><text:p>конец</text:p></table:table-cell></table:table-row></table:table>
        <table:table table:name="Тайна" table:style-name="h"><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#;
    let bytes = opendocument("spreadsheet", hidden, sheets);
    says("a.ods", &bytes, "ods", "Имя\t\t\t31\n\nконец\n\nx");
    assert_eq!(read("a.ods", &bytes).names(), [Some("Люди"), Some("Тайна (hidden)")]);
    let slides = r#"<draw:page draw:name="page1"><draw:frame><draw:text-box><text:p>Слайд</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Сказать</text:p></draw:text-box></draw:frame></presentation:notes></draw:page><draw:page draw:name="page2"><draw:frame><draw:text-box><text:p>Два</text:p></draw:text-box></draw:frame></draw:page>"#;
    says("a.odp", &opendocument("presentation", "", slides), "odp", "Слайд\n\nNotes:\n\nСказать\n\nДва");
}

#[test]
fn books_are_read_chapter_by_chapter() {
    let bytes = epub(&[
        (
            "text/first one.xhtml",
            "<html><head><title>Начало</title></head><body><h1>Глава 1</h1><p>Слова.</p></body></html>",
        ),
        ("text/b.xhtml", "<html><head><title>Книга</title></head><body><p>Ещё слова.</p></body></html>"),
    ]);
    says("a.epub", &bytes, "epub", "# Глава 1\n\nСлова.\n\nЕщё слова.");
    let read_epub = read("a.epub", &bytes);
    assert_eq!((read_epub.names(), &read_epub.told["title"]), (vec![Some("Начало"), None], &"Книга".into()));
    let book = r#"<?xml version="1.0" encoding="windows-1251"?><FictionBook><description><title-info><author><first-name>Лев</first-name><last-name>Толстой</last-name></author><book-title>Война и мир</book-title></title-info></description>
        <body><title><p>Том 1</p></title><section><title><p>Глава I</p></title><p>Слова &mdash; слова.</p><section><p>Внутри</p></section></section><section><p>Дальше</p></section></body>
        <body name="notes"><section><p>Сноска</p></section></body><binary>AAAA</binary></FictionBook>"#;
    let book = WINDOWS_1251.encode(book).0;
    for (name, bytes) in [("a.fb2", book.to_vec()), ("a.fb2.zip", zipped("a.fb2", &book))] {
        says(name, &bytes, "fb2", "# Том 1\n\n# Глава I\n\nСлова — слова.\n\nВнутри\n\nДальше\n\nСноска");
        let read = read(name, &bytes);
        assert_eq!(read.told["title"], "Лев Толстой. Война и мир");
        assert_eq!(read.names(), [Some("Том 1"), Some("Глава I"), None, Some("notes")]);
    }
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn rich_text_and_mail_are_read() {
    says(
        "a.rtf",
        br"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2\par \u1084?\u1080?\u1088?}",
        "rtf",
        "Привет\n\nмир",
    );
    let mail = "From: =?koi8-r?B?4c7OwQ==?= <a@b.example>\r\nTo: c@d.example\r\nSubject: =?utf-8?B?0J/RgNC40LLQtdGC?=\r\nDate: Mon, 6 May 2024 10:00:00 +0300\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=CF=F0=E8=E2=E5=F2!\r\n--x\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\nx\r\n--x--\r\n";
    let expected = "From: Анна <a@b.example>\nTo: c@d.example\nDate: 2024-05-06T10:00:00+03:00\nSubject: Привет\n\nПривет!\n\nAttachment: a.pdf";
    says("a.eml", mail.as_bytes(), "mail", expected);
}

#[test]
fn what_is_no_text_is_named_in_a_sentence() {
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("a.zip", zip(&[("a.txt", "words"), ("b.txt", "words")]), "archive"),
        ("a.rar", b"Rar!\x1a\x07\x01\0rest".to_vec(), "archive"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "archive"),
        ("a.txt", b"\x7fELF\x02\x01\x01\0".to_vec(), "executable"),
        ("a.exe", b"MZ\x90\0\x03\0\0\0".to_vec(), "executable"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), "picture"),
        ("a.ogg", b"OggS\0\x02\0\0".to_vec(), "sound"),
        ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0".to_vec(), "video"),
        ("a.txt", Vec::new(), "empty"),
        ("a.txt", b" \n \n".to_vec(), "empty"),
        ("a.bin", b"\0\x01\x02\x03\x04\x05".to_vec(), "unknown"),
        ("a.doc", compound("WordDocument"), "old_office"),
        ("a.docx", compound("EncryptedPackage"), "encrypted"),
        ("a.pdf", pdf(&[&[], &[]]), "empty"),
    ];
    for (name, bytes, expected) in cases {
        let read = read(name, &bytes);
        assert_eq!((read.refused(), read.code), (expected, Some(3)), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.exe");
    std::fs::write(&path, b"MZ\x90\0\x03\0\0\0").unwrap();
    let output = extract().arg(&path).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("{}: the file is a program\n", path.display())
    );
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
    let absent = extract().arg(folder.path().join("absent")).output().unwrap();
    assert_eq!(absent.status.code(), Some(1));
    assert!(String::from_utf8(absent.stderr).unwrap().contains("cannot be read"));
}

/// The head of a compound file, and the name of a stream in it.
fn compound(stream: &str) -> Vec<u8> {
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.resize(512, 0);
    bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

#[test]
fn a_scan_and_an_encrypted_pdf_say_so() {
    use crate::support::files::{pdf_of, pdf_with, stream};
    let picture = stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
        "x",
    );
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /I 5 0 R >> >> /Contents 4 0 R >>".to_owned(),
        stream("", "595 0 0 842 0 0 cm /I Do"),
        picture,
    ];
    assert_eq!(read("a.pdf", &pdf_of(&objects)).refused(), "scan");
    let lock = "/ID [(0123456789abcdef) (0123456789abcdef)] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 \
         /O (0123456789abcdef0123456789abcdef) /U (0123456789abcdef0123456789abcdef) >>";
    assert_eq!(read("a.pdf", &pdf_with(lock, &objects)).refused(), "encrypted");
}
