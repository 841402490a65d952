//! Bytes → lines, wherever they are cut: lines end in CR, LF or both, and a byte order mark may stand in front.

/// A longer line is none of a chat completion.
pub(super) const LIMIT: usize = 1 << 20;

/// Collects bytes and gives out lines; `None` in place of one that is too long.
#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    overlong: bool,
    /// The first line is behind.
    began: bool,
    /// The last byte was a CR: an LF behind it belongs to the same line end.
    after_cr: bool,
}

impl Lines {
    pub(super) fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(Option<&str>)) {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.append(&bytes[..end]);
            self.finish(&mut take);
            let pair = bytes[end..].starts_with(b"\r\n");
            self.after_cr = bytes[end..] == *b"\r";
            bytes = &bytes[end + if pair { 2 } else { 1 }..];
        }
        self.append(bytes);
    }

    /// A last line may have no end.
    pub(super) fn end(&mut self, mut take: impl FnMut(Option<&str>)) {
        self.finish(&mut take);
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.overlong || self.line.len() + bytes.len() > LIMIT {
            self.overlong = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self, take: &mut impl FnMut(Option<&str>)) {
        if std::mem::take(&mut self.overlong) {
            take(None);
        } else {
            let mark = if self.began { &b""[..] } else { b"\xef\xbb\xbf" };
            let line = self.line.strip_prefix(mark).unwrap_or(&self.line);
            take(Some(&String::from_utf8_lossy(line)));
        }
        self.began = true;
        self.line.clear();
    }
}
