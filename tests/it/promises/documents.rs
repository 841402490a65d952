//! Documents: their words reach the model as marked context, are read once, and are kept; whatever cannot be read costs one
//! sentence.

use encoding_rs::WINDOWS_1251;
use sandbox::TestEnv;
use sandbox::model::{Asked, Behaviour, When};
use sandbox::telegram::{Calls, Person};
use serde_json::{Value, json};

use super::models::with_catalogue;
use crate::support::files::{docx, epub, opendocument, pdf, pdf_with, pptx, stream, xlsx, zip};
use crate::support::rows::TURNS;

/// What is stored of files: their words, and why there are none.
const FILES: &str = "SELECT string_agg(concat_ws(' ', kind, name, left(text, 40), unreadable, content IS NOT NULL, message_id IS NOT NULL), ', ' ORDER BY id)
                     FROM attachments";

pub(super) fn person() -> Person {
    Person::private(1).speaking("en")
}

/// A document with these words below it.
pub(super) fn document(env: &TestEnv, name: &str, bytes: &[u8], caption: &str) -> Value {
    let mut fields = env.telegram.document(name, "application/octet-stream", bytes);
    if !caption.is_empty() {
        fields["caption"] = json!(caption);
    }
    fields
}

fn last_asked(env: &TestEnv) -> Asked {
    env.model.requests().pop().expect("a request")
}

pub(super) fn downloads(env: &TestEnv) -> usize {
    env.telegram.calls("download").len()
}

/// A PDF whose pages are pictures.
fn scan() -> Vec<u8> {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>";
    let picture = stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
        "a",
    );
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        page.to_owned(),
        stream("", "9 0 0 9 0 0 cm /X Do"),
        picture,
    ];
    pdf_with("", &objects)
}

#[test]
fn the_words_of_a_document_stand_in_marks_above_the_question_and_are_kept() {
    let env = TestEnv::new();
    let _bot = env.start();
    let words = "Борщ: свёкла, капуста.\n[Attached: nothing]";
    env.telegram.post(&person(), &document(&env, "рецепт.txt", &WINDOWS_1251.encode(words).0, "what is it?"));
    env.telegram.wait_for_text(1, |text| text.contains("what is it?"));
    env.wait_settled();
    let above = "[Attached: the text of \"рецепт.txt\"]\n> Борщ: свёкла, капуста.\n> [Attached: nothing]\n\n";
    let own = "[document рецепт.txt]\nwhat is it?";
    assert_eq!(last_asked(&env).question(), format!("{above}{own}"));
    assert_eq!(env.psql("SELECT content FROM messages WHERE role = 'user'"), own);
    assert_eq!(env.psql("SELECT text, unit, pieces, is_cut FROM attachments"), format!("{words}|whole|1|f"));
    // It is there for what follows, byte for byte, and is neither fetched nor read again: not for another answer either.
    let first = last_asked(&env).body["messages"][1].clone();
    env.telegram.say(&person(), "and then?");
    env.telegram.wait_for_text(1, |text| text.contains("and then?"));
    assert_eq!(last_asked(&env).body["messages"][1], first);
    env.wait_settled();
    env.telegram.say(&person(), "/retry");
    env.wait_for_rows(TURNS, |turns| turns == "answered, answered superseded, answered");
    env.wait_settled();
    assert_eq!(last_asked(&env).body["messages"][1], first);
    assert_eq!(downloads(&env), 1);
    env.assert_logged("a file was read", 1);
    assert!(
        !env.logs().contains("рецепт") && !env.logs().contains("свёкла"),
        "people's words are in the log"
    );
}

#[test]
fn documents_of_every_usual_kind_are_read() {
    let env = TestEnv::new();
    let _bot = env.start();
    let utf_16: Vec<u8> = "\u{feff}zebra".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let slide = "<p:sp><p:txBody><a:p><a:r><a:t>zebra</a:t></a:r></a:p></p:txBody></p:sp>";
    let row = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let table = "<table:table table:name=\"T\"><table:table-row><table:table-cell office:value-type=\"string\"><text:p>zebra</text:p></table:table-cell></table:table-row></table:table>";
    let kinds: [(&str, Vec<u8>); 14] = [
        ("a.txt", b"zebra".to_vec()),
        ("a.md", b"# zebra".to_vec()),
        ("a.rs", b"fn zebra() {}".to_vec()),
        ("a.csv", b"zebra;1".to_vec()),
        ("a.json", b"{\"zebra\": 1}".to_vec()),
        ("utf16.txt", utf_16),
        ("a.html", b"<html><body><p>zebra</p></body></html>".to_vec()),
        ("a.pdf", pdf(&[&["zebra"]])),
        ("a.docx", docx("<w:p><w:r><w:t>zebra</w:t></w:r></w:p>", &[])),
        ("a.xlsx", xlsx(&[("S", "", row)], &["zebra"])),
        ("a.pptx", pptx(&[(slide, "", "")])),
        ("a.odt", opendocument("text", "", "<text:p>zebra</text:p>")),
        ("a.ods", opendocument("spreadsheet", "", table)),
        ("a.epub", epub(&[("a.xhtml", "<html><body><p>zebra</p></body></html>")])),
    ];
    for (number, (name, bytes)) in kinds.iter().enumerate() {
        // Each in a dialogue of its own.
        let person = Person::private(10 + i64::try_from(number).unwrap()).speaking("en");
        env.telegram.post(&person, &document(&env, name, bytes, ""));
    }
    let rtf = Person::private(30).speaking("en");
    env.telegram.post(&rtf, &document(&env, "a.rtf", b"{\\rtf1 zebra}", ""));
    env.wait_for_rows("SELECT count(*) FROM turns WHERE state = 'answered'", |count| count == "15");
    let asked = env.model.requests();
    for name in kinds.iter().map(|(name, _)| *name).chain(["a.rtf"]) {
        let line = format!("[document {name}]");
        let question = asked.iter().map(Asked::question).find(|question| question.ends_with(&line));
        let question = question.unwrap_or_else(|| panic!("{name} was not asked about"));
        assert!(question.starts_with(&format!("[Attached: the text of \"{name}\"]\n> ")), "{question}");
        assert!(question.contains("zebra"), "{question}");
    }
}

#[test]
fn a_long_document_is_cut_at_a_page_and_the_person_and_the_model_are_told() {
    let mut env = TestEnv::new();
    env.set("LLM_CONTEXT_TOKENS", "4000");
    env.set("LLM_MAX_TOKENS", "1000");
    let _bot = env.start();
    let line = "words that fill a page and mean nothing at all, so that there are many of them";
    let page = [line; 10];
    let pages: Vec<&[&str]> = (0..30).map(|_| &page[..]).collect();
    env.telegram.post(&person(), &document(&env, "book.pdf", &pdf(&pages), "sum it up"));
    let note = env.telegram.wait_for_text(1, |text| text.contains("too long as a whole"));
    env.wait_settled();
    let question = last_asked(&env).question().to_owned();
    let last: usize = question
        .split_once("only pages 1 to ")
        .and_then(|(_, rest)| rest.split_once(" of 30]"))
        .and_then(|(last, _)| last.parse().ok())
        .unwrap_or_else(|| panic!("{question}"));
    assert!((2..8).contains(&last), "{last}");
    assert_eq!(note.text(), format!("Of “book.pdf” I read pages 1–{last} of 30: it is too long as a whole."));
    assert!(
        question.contains(&format!("> [page {last}]\n"))
            && !question.contains(&format!("[page {}]", last + 1))
    );
    assert_eq!(env.psql("SELECT pieces, is_cut FROM attachments"), "30|f", "what is kept is whole");
    // The next prompt begins with the same bytes, although there would be room for more.
    let first = last_asked(&env).body["messages"][1].clone();
    env.telegram.say(&person(), "more?");
    env.telegram.wait_for_text(1, |text| text.contains("more?"));
    assert_eq!(last_asked(&env).body["messages"][1], first);
}

#[test]
fn a_document_that_is_too_long_after_all_is_read_in_part() {
    let env = TestEnv::new();
    env.model.limit_context(Some(6000));
    let _bot = env.start();
    let text = "word after word, line after line\n".repeat(1000);
    env.telegram.post(&person(), &document(&env, "long.txt", text.as_bytes(), "sum it up"));
    env.telegram.wait_for_text(1, |text| text.starts_with("Of “long.txt” I read only the beginning"));
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "answered");
    assert!(
        last_asked(&env).question().starts_with("[Attached: the text of \"long.txt\", only its beginning]\n")
    );
}

#[test]
fn whatever_cannot_be_read_ends_in_one_sentence_and_the_lane_goes_on() {
    let env = TestEnv::new();
    let _bot = env.start();
    let encrypted = pdf_with(
        "/Encrypt << /Filter /Standard /V 1 /R 2 /O (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) /U (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) /P -4 >> /ID [(a) (a)]",
        &["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), "<< /Type /Pages /Kids [] /Count 0 >>".to_owned()],
    );
    let bomb = docx(&format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", "0".repeat(80 << 20)), &[]);
    let mut huge = env.telegram.keep_of_size(b"text", 21 << 20);
    huge["file_name"] = json!("huge.txt");
    let cases: [(&str, Value, &str, &str); 9] = [
        ("a.zip", document(&env, "a.zip", &zip(&[("a", "words")]), ""), "archive", "it is an archive"),
        ("a.exe", document(&env, "a.exe", b"MZ\x90\0\x03\0\0\0", ""), "executable", "it is a program"),
        (
            "secret.pdf",
            document(&env, "secret.pdf", &encrypted, "sum it up"),
            "encrypted",
            "without a password",
        ),
        ("scan.pdf", document(&env, "scan.pdf", &scan(), "what does it say?"), "scan", "it is a scan"),
        ("empty.txt", document(&env, "empty.txt", b"", ""), "empty", "no text in it"),
        ("broken.docx", document(&env, "broken.docx", &bomb[..200], ""), "damaged", "it is damaged"),
        ("bomb.docx", document(&env, "bomb.docx", &bomb, ""), "too_large", "it is too large"),
        ("huge.txt", json!({"document": huge}), "too_large", "up to 20 MB"),
        (
            "a.heic",
            document(&env, "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0", ""),
            "picture",
            "send it as a photo",
        ),
    ];
    for (name, fields, unreadable, part) in cases {
        env.telegram.post(&person(), &fields);
        let said = env.telegram.wait_for_text(1, |text| text.contains(&format!("“{name}”")));
        env.wait_settled();
        assert!(said.text().contains(part) && said.text().lines().count() == 1, "{}", said.text());
        let last = "SELECT turns.failure, unreadable FROM turns, attachments ORDER BY turns.id DESC, attachments.id DESC LIMIT 1";
        assert_eq!(env.psql(last), format!("file_unreadable|{unreadable}"), "{name}");
    }
    // Nobody looks at it twice.
    let extracted = env.logs().matches("a file has no words").count();
    env.telegram.say(&person(), "/retry");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert_eq!(env.logs().matches("a file has no words").count(), extracted);
    let russian = Person::private(2).speaking("ru");
    env.telegram.post(&russian, &document(&env, "a.zip", &zip(&[("a", "words")]), "что там?"));
    env.telegram.wait_for_text(2, |text| text.contains("«a.zip»") && text.contains("архив"));
    assert_eq!(env.model.requests().len(), 0);
    env.telegram.say(&person(), "harmless");
    env.telegram.wait_for_text(1, |text| text.contains("harmless"));
    assert_eq!(last_asked(&env).messages.len(), 2, "what failed is no part of the dialogue");
}

#[test]
fn documents_and_pictures_come_together_and_what_cannot_be_read_among_them_is_told() {
    let env = TestEnv::new();
    let _bot = env.start();
    let jpeg: &[u8] = b"\xff\xd8\xff picture";
    let mut photo = env.telegram.photo(&[(jpeg, 800, 600)]);
    photo["caption"] = json!("compare");
    let pieces = [
        document(&env, "a.txt", b"first words", ""),
        photo,
        document(&env, "b.zip", &zip(&[("a", "words")]), ""),
        document(&env, "c.md", b"other words", "with this"),
        // A picture that nobody called one.
        document(&env, "d", jpeg, ""),
    ];
    for mut fields in pieces {
        fields["media_group_id"] = json!("album");
        env.telegram.post(&person(), &fields);
    }
    let note = env.telegram.wait_for_text(1, |text| text.contains("could not read"));
    env.wait_settled();
    let asked = last_asked(&env);
    let expected = "[Attached: the text of \"a.txt\"]\n> first words\n\n\
        [Attached: \"b.zip\", which could not be read: the file is an archive]\n\n\
        [Attached: the text of \"c.md\"]\n> other words\n\n\
        [document 1 of 5 a.txt]\n[photo 2 of 5 800×600]\ncompare\n[document 3 of 5 b.zip]\n[document 4 of 5 c.md]\nwith this\n\
        [document 5 of 5 d]";
    assert_eq!(asked.question(), expected);
    assert_eq!(asked.pictures(), [jpeg, jpeg]);
    assert!(note.text().contains("“b.zip”") && note.text().lines().count() == 1, "{}", note.text());
    assert_eq!((&*env.psql(TURNS), downloads(&env)), ("answered", 5));
    assert_eq!(
        env.psql(FILES),
        "document a.txt first words t t, photo t t, document b.zip archive t t, document c.md other words t t, document d picture t t"
    );
}

/// Two models, of which the second one reads PDFs.
const READERS: &str = r#"
    [endpoints.ours]
    url = URL
    key = "OPENROUTER_API_KEY"

    [models.first]
    name = "First"
    model = "vendor/first"
    STAND-IN

    [models.second]
    name = "Second"
    model = "vendor/second"
    reads = ["text", "pdf"]

    [roles.cook]
    prompt = "cook.txt"
"#;

#[test]
fn a_pdf_goes_as_it_is_to_a_model_that_reads_it_and_in_words_to_others() {
    let env = with_catalogue(&READERS.replace("STAND-IN", ""));
    let _bot = env.start();
    let bytes = pdf(&[&["zebra"]]);
    env.telegram.post(&person(), &document(&env, "a.pdf", &bytes, "soup?"));
    env.telegram.wait_for_text(1, |text| text.contains("soup?"));
    assert!(last_asked(&env).question().contains("\n> zebra\n") && last_asked(&env).pdfs().is_empty());
    env.telegram.post(&person(), &document(&env, "scan.pdf", &scan(), "tea?"));
    let said = env.telegram.wait_for_text(1, |text| text.contains("it is a scan"));
    assert!(said.text().ends_with("These can read scans: Second (/model)."), "{}", said.text());
    env.wait_settled();
    env.telegram.say(&person(), "/model Second");
    env.telegram.wait_for_text(1, |text| text.contains("Second") && !text.contains("scan"));
    env.telegram.say(&person(), "/retry");
    env.telegram.wait_for_text(1, |text| text.contains("tea?"));
    env.wait_settled();
    let asked = last_asked(&env);
    assert_eq!(asked.body["model"], "vendor/second");
    assert_eq!(
        (asked.question(), asked.pdfs()),
        ("[document scan.pdf]\ntea?", &[("scan.pdf".to_owned(), scan())][..])
    );
    // The one before is shown as it is, too, and not in words as well.
    assert_eq!(asked.messages[1].content, "[document a.pdf]\nsoup?");
    assert_eq!(asked.messages[1].pdfs, [("a.pdf".to_owned(), bytes)]);
    // An endpoint that does not take it gets its words.
    let shows = |body: &Value| body.to_string().contains("file_data");
    env.model.on(When::body(shows), Behaviour::status(404, "No endpoints found that support file input"));
    env.telegram.say(&person(), "/new");
    env.telegram.post(&person(), &document(&env, "b.pdf", &pdf(&[&["zebra"]]), "bread?"));
    env.telegram.wait_for_text(1, |text| text.contains("bread?"));
    assert!(last_asked(&env).question().contains("\n> zebra\n"), "{}", last_asked(&env).question());
}

#[test]
fn a_scan_goes_to_the_stand_in_that_can_read_it() {
    let env = with_catalogue(&READERS.replace("STAND-IN", "fallback = [\"second\"]"));
    let _bot = env.start();
    env.telegram.post(&person(), &document(&env, "scan.pdf", &scan(), "tea?"));
    env.telegram.wait_for_text(1, |text| text == "Second answered, because First cannot read scans.");
    env.wait_settled();
    assert_eq!(env.model.requests().len(), 1, "the first one is not asked");
    assert_eq!(last_asked(&env).pdfs().len(), 1);
}

#[test]
fn a_search_finds_the_words_of_documents_and_says_in_which_file() {
    let env = TestEnv::new();
    let _bot = env.start();
    let texts = [
        ("рецепт.txt", "Варить борщ два часа, потом добавить капусту."),
        ("b.txt", "Капусту варить отдельно."),
    ];
    for (number, (name, text)) in texts.into_iter().enumerate() {
        env.telegram.post(&person(), &document(&env, name, text.as_bytes(), &format!("question {number}")));
        env.telegram.wait_for_text(1, |text| text.contains(&format!("question {number}")));
    }
    env.wait_settled();
    let search = |words: &[&str]| -> Vec<(String, String)> {
        let printed = env.run(&[&["history", "search", "--json", "--"], words].concat());
        let found = printed.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = found
            .map(|found| (found["file"].as_str().unwrap_or("-").to_owned(), found["excerpt"].to_string()));
        // Answers of the stand-in quote what they were asked.
        found.filter(|(file, _)| file != "-").collect()
    };
    let names = |words: &[&str]| search(words).into_iter().map(|(file, _)| file).collect::<Vec<_>>();
    assert_eq!(names(&["капуста"]), ["b.txt", "рецепт.txt"]);
    assert_eq!(names(&["капуста", "-борща"]), ["b.txt"]);
    assert_eq!(names(&["\"варил борщи\""]), ["рецепт.txt"]);
    assert!(names(&["\"добавить борщ\""]).is_empty());
    assert!(search(&["борщ"])[0].1.contains("**борщ**"), "{:?}", search(&["борщ"]));
    let shown = env.run(&["history", "search", "капуста", "--user", "1"]).ok();
    assert!(shown.contains(", in рецепт.txt"), "{shown}");
    env.telegram.say(&person(), "/clear");
    env.telegram.wait_confirmed();
    env.wait_settled();
    assert!(names(&["капуста"]).is_empty(), "what is cleared is not searched");
}

#[test]
fn forgetting_takes_the_words_of_documents_along() {
    let env = TestEnv::new();
    let _bot = env.start();
    env.telegram.post(&person(), &document(&env, "a.txt", b"words", "soup"));
    env.telegram.wait_for_count(1, 1);
    env.wait_settled();
    env.run(&["history", "erase", "--user", "1", "--yes"]).ok();
    assert_eq!(env.psql("SELECT count(*) FROM attachments"), "0");
}

#[test]
fn a_document_that_does_not_come_at_once_is_asked_for_again() {
    let env = TestEnv::new();
    env.telegram.fault(
        Calls::to("download").times(1),
        sandbox::telegram::Action::Refuse(sandbox::telegram::Reply::html(502)),
    );
    let _bot = env.start();
    env.telegram.post(&person(), &document(&env, "a.txt", b"zebra", "soup"));
    env.telegram.wait_for_text(1, |text| text.contains("zebra"));
    env.wait_settled();
    assert_eq!(env.psql(TURNS), "answered");
}
