//! Server-sent events, as far as chat completions use them: the `data:` lines of a stream of bytes.
//!
//! Takes whatever endpoints really send: CRLF and LF mixed, characters torn between chunks, comments, lines beyond
//! all measure. Memory is bounded by [`LINE_LIMIT`].

/// A longer line is no event of a chat completion; it is passed over.
pub const LINE_LIMIT: usize = 1 << 20;

/// Collects bytes and gives out the data of each event.
#[derive(Default)]
pub struct Reader {
    line: Vec<u8>,
    overlong: bool,
}

impl Reader {
    /// Takes the next bytes of the stream and hands each complete `data:` line to `event`.
    pub fn push(&mut self, mut bytes: &[u8], mut event: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.append(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.finish(&mut event);
        }
        self.append(bytes);
    }

    /// The stream has ended: a last line may have no line break.
    pub fn end(mut self, mut event: impl FnMut(&str)) {
        self.finish(&mut event);
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.overlong || self.line.len() + bytes.len() > LINE_LIMIT {
            self.overlong = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self, event: &mut impl FnMut(&str)) {
        if !std::mem::take(&mut self.overlong) {
            let line = String::from_utf8_lossy(&self.line);
            if let Some(data) = line.trim_end_matches('\r').strip_prefix("data:") {
                event(data.trim());
            }
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> Vec<String> {
        let mut events = Vec::new();
        let mut reader = Reader::default();
        for chunk in chunks {
            reader.push(chunk, |data| events.push(data.to_owned()));
        }
        reader.end(|data| events.push(data.to_owned()));
        events
    }

    #[test]
    fn the_events_are_the_same_however_the_bytes_are_cut() {
        let stream =
            ": comment\r\ndata: {\"a\":\"привет 😀\"}\r\n\r\ndata:2\n\nevent: x\nid: 7\ndata: [DONE]"
                .as_bytes();
        let expected = ["{\"a\":\"привет 😀\"}", "2", "[DONE]"];
        assert_eq!(read(&[stream]), expected);
        for cut in 0..=stream.len() {
            assert_eq!(read(&[&stream[..cut], &stream[cut..]]), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), expected);
    }

    #[test]
    fn a_line_beyond_all_measure_is_passed_over_and_its_memory_given_back() {
        let long = vec![b'x'; LINE_LIMIT];
        assert_eq!(read(&[b"data: ", &long, b"\ndata: 2\n"]), ["2"]);
    }

    #[test]
    fn invalid_utf8_spoils_nothing_but_itself() {
        assert_eq!(read(&[b"data: a\xffb\ndata: 2\n"]), ["a\u{fffd}b", "2"]);
    }
}
