//! Files that people send: kept here, named by getFile, fetched by their links.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Telegram;
use super::error::ApiError;
use super::params::Document;

/// The most that getFile serves (Bot API, getFile).
const LARGEST: u64 = 20 << 20;
/// How long a link works, in seconds.
const LINK_SECONDS: i64 = 3600;

/// A file that somebody sent.
#[derive(Clone, Debug)]
struct Kept {
    bytes: Arc<[u8]>,
    /// As Telegram states it.
    size: u64,
    unique_id: String,
    gone: bool,
}

/// All files, and the links to them.
#[derive(Default)]
pub(super) struct Files {
    kept: HashMap<String, Kept>,
    /// To which file a link leads, and until when.
    links: HashMap<String, (String, i64)>,
    /// Where a server that was started with `--local` puts them.
    folder: Option<PathBuf>,
}

impl Files {
    fn keep(&mut self, bytes: &[u8], size: u64) -> Value {
        let number = self.kept.len() + 1;
        let file_id = format!("sandbox-file-{number}");
        // The same content has the same unique id, as at Telegram where a file is sent again.
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let unique_id = format!("U{hash:016x}");
        let kept = Kept { bytes: bytes.into(), size, unique_id: unique_id.clone(), gone: false };
        self.kept.insert(file_id.clone(), kept);
        json!({"file_id": file_id, "file_unique_id": unique_id, "file_size": size})
    }

    /// getFile.
    pub(super) fn link(&mut self, file_id: &str, now: i64) -> Result<Value, ApiError> {
        let kept = self.kept.get(file_id).filter(|kept| !kept.gone);
        let kept =
            kept.ok_or_else(|| ApiError::bad("wrong file_id or the file is temporarily unavailable"))?;
        if let Some(folder) = &self.folder {
            let path = folder.join(file_id);
            std::fs::write(&path, &kept.bytes).map_err(ApiError::bad)?;
            return Ok(json!({
                "file_id": file_id, "file_unique_id": kept.unique_id, "file_size": kept.size, "file_path": path,
            }));
        }
        if kept.size > LARGEST {
            return Err(ApiError::bad("file is too big"));
        }
        let path = format!("documents/file_{}", self.links.len() + 1);
        self.links.insert(path.clone(), (file_id.to_owned(), now + LINK_SECONDS));
        Ok(json!({
            "file_id": file_id, "file_unique_id": kept.unique_id, "file_size": kept.size, "file_path": path,
        }))
    }

    /// A file that is sent by its id.
    pub(super) fn again(&self, file_id: &str) -> Result<Document, ApiError> {
        let kept = self.kept.get(file_id).filter(|kept| !kept.gone);
        let kept = kept.ok_or_else(|| ApiError::bad("wrong file identifier/HTTP URL specified"))?;
        Ok(Document { file_name: file_id.to_owned(), content_type: None, bytes: kept.bytes.to_vec() })
    }

    /// What a link leads to, while it works.
    pub(super) fn fetch(&self, path: &str, now: i64) -> Option<Arc<[u8]>> {
        let (file_id, until) = self.links.get(path)?;
        let kept = self.kept.get(file_id).filter(|kept| !kept.gone && now <= *until)?;
        Some(kept.bytes.clone())
    }
}

/// Whether these bytes are a PNG that Telegram takes as a photo: whole, and neither too large nor too long and thin.
pub(super) fn check_photo(bytes: &[u8]) -> Result<(), ApiError> {
    let size =
        |at: usize| bytes.get(at..at + 4).map(|four| u32::from_be_bytes(four.try_into().unwrap_or_default()));
    let is_png = bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16) == Some(b"IHDR");
    let is_whole = bytes.len() <= 10 << 20 && bytes.ends_with(b"IEND\xaeB`\x82");
    let (Some(width), Some(height), true, true) = (size(16), size(20), is_png, is_whole) else {
        return Err(ApiError::bad("IMAGE_PROCESS_FAILED"));
    };
    let (long, short) = (width.max(height), width.min(height));
    if width.saturating_add(height) > 10_000 || short == 0 || long / short > 20 {
        return Err(ApiError::bad("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(())
}

/// Whether these bytes are a sound that Telegram plays as a voice message: OGG with Opus, or MP3.
pub(super) fn check_voice(bytes: &[u8]) -> Result<(), ApiError> {
    let is_opus = bytes.starts_with(b"OggS") && bytes.get(28..36) == Some(b"OpusHead");
    let is_mp3 = bytes.starts_with(b"ID3");
    if is_opus || is_mp3 { Ok(()) } else { Err(ApiError::bad("wrong type of the voice message")) }
}

impl Telegram {
    /// Keeps a file and returns what Telegram says of it in a message: `file_id`, `file_unique_id`, `file_size`.
    pub fn keep(&self, bytes: &[u8]) -> Value {
        self.keep_of_size(bytes, bytes.len() as u64)
    }

    /// As [`Telegram::keep`], stated to be larger or smaller than it is.
    pub fn keep_of_size(&self, bytes: &[u8], size: u64) -> Value {
        self.shared.state.change(|state| state.files.keep(bytes, size))
    }

    /// The fields of a message with a picture, in these sizes (content, width, height), as Telegram makes them.
    pub fn photo(&self, sizes: &[(&[u8], u32, u32)]) -> Value {
        let size = |(bytes, width, height): &(&[u8], u32, u32)| {
            let mut size = self.keep(bytes);
            size["width"] = json!(width);
            size["height"] = json!(height);
            size
        };
        json!({"photo": sizes.iter().map(size).collect::<Vec<_>>()})
    }

    /// The fields of a voice message in which this is said, as the stand-in of the model hears it.
    pub fn voice(&self, words: &str, seconds: u32) -> Value {
        let mut voice = self.keep(format!("OggS{words}").as_bytes());
        voice["duration"] = json!(seconds);
        voice["mime_type"] = json!("audio/ogg");
        json!({"voice": voice})
    }

    /// The fields of a message with a document.
    pub fn document(&self, name: &str, mime: &str, bytes: &[u8]) -> Value {
        let mut document = self.keep(bytes);
        document["file_name"] = json!(name);
        document["mime_type"] = json!(mime);
        json!({"document": document})
    }

    /// From now on this is a server that was started with `--local`: it puts files into this folder and serves no links.
    pub fn serve_from(&self, folder: &Path) {
        self.shared.state.change(|state| state.files.folder = Some(folder.to_owned()));
    }

    /// A file is not at Telegram any more.
    pub fn lose(&self, file_id: &str) {
        self.shared.state.change(|state| {
            if let Some(kept) = state.files.kept.get_mut(file_id) {
                kept.gone = true;
            }
        });
    }
}
