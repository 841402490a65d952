//! A message as it comes: its content is a text, or text, pictures and PDFs in parts, checked as endpoints check them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::Message;

/// The largest picture that is taken, and the most of them in a message.
const LARGEST: usize = 20 << 20;
const MOST: usize = 20;

#[derive(Deserialize)]
pub(super) struct Wire {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Part {
    Text { text: String },
    ImageUrl { image_url: Url },
    File { file: File },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    filename: String,
    file_data: String,
}

#[derive(Deserialize)]
struct Url {
    url: String,
}

impl TryFrom<Wire> for Message {
    type Error = String;

    fn try_from(Wire { role, content }: Wire) -> Result<Self, String> {
        let parts = match content {
            Content::Text(text) => return Ok(Self::new(&role, &text)),
            Content::Parts(parts) if role == "user" && !parts.is_empty() => parts,
            Content::Parts(_) => return Err("only a user shows pictures".to_owned()),
        };
        let mut message = Self::new(&role, "");
        for part in parts {
            match part {
                Part::Text { text } => {
                    if !message.content.is_empty() {
                        message.content.push_str("\n\n");
                    }
                    message.content.push_str(&text);
                }
                Part::ImageUrl { image_url } => message.pictures.push(picture(&image_url.url)?),
                Part::File { file } => message.pdfs.push((file.filename, pdf(&file.file_data)?)),
            }
        }
        if message.pictures.len() > MOST {
            return Err("too many pictures".to_owned());
        }
        Ok(message)
    }
}

/// Type and content of a data: URL.
fn data(url: &str) -> Result<(&str, Vec<u8>), String> {
    let (mime, data) = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .ok_or("the file must be a data: URL in base64")?;
    Ok((mime, BASE64.decode(data).map_err(|_| "the file is not base64")?))
}

/// A PDF.
fn pdf(url: &str) -> Result<Vec<u8>, String> {
    match data(url)? {
        ("application/pdf", bytes) if bytes.starts_with(b"%PDF-") && bytes.len() <= LARGEST => Ok(bytes),
        _ => Err("Invalid file".to_owned()),
    }
}

/// What is in a data: URL. Its type has to be that of the content.
fn picture(url: &str) -> Result<Vec<u8>, String> {
    let (mime, bytes) = data(url)?;
    let begins = |with: &[u8]| bytes.starts_with(with);
    let is_it = match mime {
        "image/jpeg" => begins(b"\xff\xd8\xff"),
        "image/png" => begins(b"\x89PNG"),
        "image/gif" => begins(b"GIF8"),
        "image/webp" => begins(b"RIFF"),
        _ => false,
    };
    if !is_it || bytes.len() > LARGEST {
        return Err("Invalid image".to_owned());
    }
    Ok(bytes)
}
