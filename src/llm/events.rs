//! The bytes of an answer → its events, whatever the content type says.
//!
//! Endpoints send server-sent events as `application/json`, one JSON document as `text/event-stream`, and JSON line by
//! line as either. So the lines themselves are looked at: what stands behind `data:` is an event, and so is a line that
//! begins like a JSON document, up to the document's end. An event may reach over several lines, lines may end in CR, LF
//! or both, a byte order mark may stand in front, and the bytes may be cut anywhere. Memory is bounded by `LIMIT`.

use serde_json::Value;

use super::lines::{LIMIT, Lines};

/// What an endpoint tells of an answer, piece by piece.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A chunk of the answer, or all of it.
    Json(Value),
    /// `[DONE]`: the endpoint has said everything.
    Done,
    /// Something that cannot be read: what it said is missing.
    Broken,
}

/// Collects bytes and gives out events.
#[derive(Default)]
pub struct Reader {
    lines: Lines,
    form: Form,
}

/// What the lines are, as far as is known.
#[derive(Default)]
struct Form {
    /// There was a line of the form of events, or of a document.
    known: bool,
    /// There was one of another form.
    foreign: bool,
    /// What `event:` called the event.
    name: String,
    /// A JSON document stands there by itself, without `data:`.
    bare: bool,
    data: Json,
}

impl Reader {
    /// Takes the next bytes of the answer and hands each complete event to `hear`.
    pub fn push(&mut self, bytes: &[u8], mut hear: impl FnMut(Event)) {
        let Self { lines, form } = self;
        lines.push(bytes, |line| form.take(line, &mut hear));
    }

    /// The answer has ended: a last line may have no line end, a last event no empty line behind it. Whether what came was
    /// something else altogether, such as a page for people.
    pub fn end(self, mut hear: impl FnMut(Event)) -> bool {
        let Self { mut lines, mut form } = self;
        lines.end(|line| form.take(line, &mut hear));
        if form.data.is_open() {
            hear(Event::Broken);
        }
        form.foreign && !form.known
    }
}

impl Form {
    fn take(&mut self, line: Option<&str>, hear: &mut impl FnMut(Event)) {
        let Some(line) = line else {
            self.data = Json::default();
            return hear(Event::Broken);
        };
        self.read(line, hear);
    }

    fn read(&mut self, line: &str, hear: &mut impl FnMut(Event)) {
        if self.bare && self.data.is_open() {
            return self.data.push(line, hear);
        }
        self.bare = false;
        let text = line.trim_start();
        self.known |=
            ["data:", "event:", "id:", "retry:", ":", "{", "["].iter().any(|start| text.starts_with(start));
        if text.is_empty() {
            if self.data.is_open() {
                // The event ends here, and its document does not.
                self.data = Json::default();
                hear(Event::Broken);
            }
            self.name.clear();
        } else if let Some(data) = text.strip_prefix("data:") {
            self.take_data(data, hear);
        } else if let Some(name) = text.strip_prefix("event:") {
            name.trim().clone_into(&mut self.name);
        } else if text.starts_with(['{', '[']) && !self.data.is_open() {
            self.bare = true;
            self.data.push(line, hear);
        } else {
            // Comments and ids are skipped. Anything else may be a page, and not a stream.
            self.foreign = true;
        }
    }

    fn take_data(&mut self, data: &str, hear: &mut impl FnMut(Event)) {
        match self.name.as_str() {
            "ping" | "keepalive" | "keep-alive" | "heartbeat" => {}
            "error" => self.data.push(data, &mut |event| {
                hear(match event {
                    Event::Json(value) if value.get("error").is_none() => {
                        Event::Json(serde_json::json!({ "error": value }))
                    }
                    event => event,
                });
            }),
            _ => self.data.push(data, hear),
        }
        if !self.data.is_open() {
            // Not every endpoint ends its events with an empty line.
            self.name.clear();
        }
    }
}

/// Finds the ends of JSON documents in a text that comes line by line.
#[derive(Default)]
struct Json {
    text: String,
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Json {
    /// Whether a document has begun and not ended.
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Takes the next line. What stands beside documents has to be one word: the end.
    fn push(&mut self, line: &str, hear: &mut impl FnMut(Event)) {
        let mut from = 0;
        for (at, byte) in line.bytes().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.quoted => self.escaped = true,
                b'"' if self.depth > 0 => self.quoted = !self.quoted,
                _ if self.quoted => {}
                b'{' | b'[' => {
                    if self.depth == 0 {
                        beside(&line[from..at], hear);
                        from = at;
                    }
                    self.depth += 1;
                }
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.text.push_str(&line[from..=at]);
                        from = at + 1;
                        hear(parse(&std::mem::take(&mut self.text)));
                    }
                }
                _ => {}
            }
        }
        if self.depth == 0 {
            return beside(&line[from..], hear);
        }
        if self.text.len() + line.len() > LIMIT {
            *self = Self::default();
            return hear(Event::Broken);
        }
        self.text.push_str(&line[from..]);
        self.text.push('\n');
    }
}

/// Between documents there may be blanks, and the commas of a list without its brackets.
fn beside(text: &str, hear: &mut impl FnMut(Event)) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == ',' || c == '"');
    if text.eq_ignore_ascii_case("done") {
        hear(Event::Done);
    } else if !text.is_empty() {
        hear(Event::Broken);
    }
}

fn parse(document: &str) -> Event {
    if document.eq_ignore_ascii_case("[done]") {
        return Event::Done;
    }
    serde_json::from_str(document).map_or(Event::Broken, Event::Json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut reader = Reader::default();
        for chunk in chunks {
            reader.push(chunk, |event| events.push(event));
        }
        reader.end(|event| events.push(event));
        events
    }

    fn whole(stream: &str) -> Vec<Event> {
        read([stream.as_bytes()])
    }

    fn a(n: i32) -> Event {
        Event::Json(json!({ "a": n }))
    }

    #[test]
    fn every_form_in_which_endpoints_send_events_is_read() {
        for (form, stream) in [
            ("LF", "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n"),
            ("CRLF", "data: {\"a\":1}\r\n\r\ndata: {\"a\":2}\r\n\r\ndata: [DONE]\r\n\r\n"),
            ("CR", "data: {\"a\":1}\r\rdata: {\"a\":2}\r\rdata: [DONE]\r\r"),
            ("no empty lines, no blanks, no end", "data:{\"a\":1}\ndata:{\"a\":2}\ndata:[DONE]"),
            ("a byte order mark", "\u{feff}data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]"),
            (
                "over several lines",
                "data: {\"a\":\ndata: 1}\n\ndata: {\ndata: \"a\": 2\ndata: }\n\ndata: [DONE]",
            ),
            (
                "names, ids, comments",
                ": hi\n\nid: 1\nevent: x\ndata: {\"a\":1}\n\nretry: 5\ndata: {\"a\":2}\n\ndata: [DONE]",
            ),
            ("a line each", "{\"a\":1}\n{\"a\":2}\n[DONE]"),
            ("several on a line", "{\"a\":1}{\"a\":2} [DONE]"),
            ("quoted end", "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: \"[DONE]\"\n\n"),
            (
                "named keep-alives",
                "event: ping\ndata: x\n\ndata: {\"a\":1}\n\ndata:\n\ndata: {\"a\":2}\n\ndata: [done]",
            ),
        ] {
            assert_eq!(whole(stream), [a(1), a(2), Event::Done], "{form}");
        }
        let pretty = "{\n  \"a\": [\n    {\"b\": \"}{\\\"\"}\n\n  ]\n}\n";
        assert_eq!(whole(pretty), [Event::Json(json!({"a": [{"b": "}{\""}]}))]);
        let error = "event: error\ndata: {\"message\":\"x\"}\n\nevent: error\ndata: {\"error\":1}\n\n";
        assert_eq!(whole(error), [json!({"error": {"message": "x"}}), json!({"error": 1})].map(Event::Json));
    }

    #[test]
    fn what_does_not_decode_is_told_and_does_not_take_the_next_event_along() {
        for broken in [
            "data: {\"a\":\n\n",
            "data: nothing\n\n",
            "data: {\"a\":1,}\n\n",
            "data: [}\n\n",
            "data: 5 {\"a\"",
        ] {
            let stream = format!("{broken}\n\ndata: {{\"a\":2}}\n\n");
            let events = whole(&stream);
            assert!(
                events.contains(&Event::Broken) && events.last() == Some(&a(2)),
                "{broken:?}: {events:?}"
            );
        }
        assert_eq!(whole("data: {\"a\":1"), [Event::Broken]);
        assert_eq!(whole("<html>\n<body>\n"), []);
    }

    #[test]
    fn a_line_or_an_event_beyond_all_measure_is_broken_and_its_memory_given_back() {
        let long = vec![b'x'; LIMIT];
        assert_eq!(read([&b"data: "[..], &long, b"\ndata: {\"a\":2}\n"]), [Event::Broken, a(2)]);
        let mut lines = String::from("data: {\n");
        while lines.len() < 2 * LIMIT {
            lines.push_str("data: \"some long name of a field\": 1,\n");
        }
        assert_eq!(whole(&lines)[0], Event::Broken);
    }

    #[test]
    fn invalid_utf8_spoils_nothing_but_itself() {
        let stream = &b"data: {\"b\":\"a\xffb\"}\ndata: {\"a\":2}\n"[..];
        assert_eq!(read([stream]), [Event::Json(json!({"b": "a\u{fffd}b"})), a(2)]);
    }

    proptest! {
        #[test]
        fn the_events_are_the_same_however_the_bytes_are_cut(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "data: ", "data:", "{\"a\":", "1}", "\"привет 😀\"}", "\\\"", "\r\n", "\n", "\r", "\n\n", "[DONE]", "{", "}",
                    "event: error", ": comment", "\u{feff}", "x", ",",
                ]),
                0..40,
            ),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = pieces.concat();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let expected = read([bytes]);
            prop_assert_eq!(read(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), expected.clone());
            prop_assert_eq!(read(bytes.chunks(1)), expected);
        }
    }
}
