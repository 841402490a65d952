//! `multipart/form-data`, as far as a Bot API client needs it to upload a file.

/// One field of a form; a file when it has a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The fields of a form, or `None` when the body is not what the content type says.
pub(crate) fn fields(content_type: &str, body: &[u8]) -> Option<Vec<Field>> {
    let boundary = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut fields = Vec::new();
    let mut rest = &body[find(body, delimiter.as_bytes())? + delimiter.len()..];
    while !rest.starts_with(b"--") {
        let end = find(rest, format!("\r\n{delimiter}").as_bytes())?;
        fields.push(field(rest[..end].strip_prefix(b"\r\n")?)?);
        rest = &rest[end + 2 + delimiter.len()..];
    }
    Some(fields)
}

fn field(part: &[u8]) -> Option<Field> {
    let head_end = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..head_end]).ok()?;
    let disposition = header(head, "content-disposition")?;
    Some(Field {
        name: parameter(disposition, "name")?,
        file_name: parameter(disposition, "filename"),
        content_type: header(head, "content-type").map(str::to_owned),
        bytes: part[head_end + 4..].to_vec(),
    })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn parameter(disposition: &str, name: &str) -> Option<String> {
    disposition.split(';').find_map(|part| {
        let (known, value) = part.trim().split_once('=')?;
        (known == name).then(|| value.trim_matches('"').to_owned())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_a_text_and_a_file_is_read() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n42\r\n--XX\r\n\
            Content-Disposition: form-data; name=\"document\"; filename=\"a.json\"\r\n\
            Content-Type: application/json\r\n\r\n{\r\n}\r\n--XX--\r\n";
        let fields = fields("multipart/form-data; boundary=XX", body).unwrap();
        assert_eq!((fields[0].name.as_str(), fields[0].bytes.as_slice()), ("chat_id", &b"42"[..]));
        assert_eq!(fields[1].file_name.as_deref(), Some("a.json"));
        assert_eq!(fields[1].content_type.as_deref(), Some("application/json"));
        assert_eq!(fields[1].bytes, b"{\r\n}");
    }
}
