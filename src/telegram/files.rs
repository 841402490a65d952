//! Files that people sent (Bot API, getFile): where one is, then what is in it.
//!
//! The link holds the token, so it goes nowhere but into the request itself. It works for an hour; one that does not any
//! more is asked for anew.

use std::time::Duration;

use serde::Deserialize;
use tokio::fs;
use tokio::task::JoinSet;

use super::error::{TelegramError, says};
use super::method::Method;
use super::transport::{DOWNLOAD, Telegram, count_error};
use crate::metrics;

/// How long a file may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// How many files of a question are fetched at once.
const AT_ONCE: usize = 4;

/// By what Telegram's words say that it will never serve this file.
const TOO_LARGE: [&str; 2] = ["file is too big", "FILE_TOO_BIG"];
const GONE: [&str; 4] =
    ["wrong file_id", "invalid file_id", "file is temporarily unavailable", "FILE_REFERENCE"];

/// Why a file is not at hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is larger than Telegram serves (20 MB; at a server of one's own 2 GB), or than is wanted.
    #[error("the file is too large")]
    TooLarge,
    /// Telegram does not have it any more.
    #[error("Telegram has the file no more")]
    Gone,
    /// Something that may pass, or the end of the program.
    #[error(transparent)]
    Telegram(#[from] TelegramError),
}

#[derive(Deserialize)]
struct Answer {
    result: Located,
}

#[derive(Deserialize)]
struct Located {
    file_path: Option<String>,
    #[serde(default)]
    file_size: u64,
}

impl Telegram {
    /// The bytes of a file, of which there may be `most`.
    pub fn file(&self, file_id: &str, most: usize) -> Result<Vec<u8>, FileError> {
        self.files(&[file_id], most).pop().unwrap_or(Err(FileError::Gone))
    }

    /// The bytes of files, of which there may be `most` in each, some at a time; in the same order.
    pub fn files(&self, file_ids: &[&str], most: usize) -> Vec<Result<Vec<u8>, FileError>> {
        // Each call has its own limit: this one is never reached.
        let limit = (2 * (self.timeout + DOWNLOAD_TIMEOUT))
            .saturating_mul(u32::try_from(file_ids.len()).unwrap_or(1));
        match self.wait(DOWNLOAD, limit, async { Ok(self.fetch_all(file_ids, most).await) }) {
            Ok(files) => files,
            Err(error) => file_ids.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    async fn fetch_all(&self, file_ids: &[&str], most: usize) -> Vec<Result<Vec<u8>, FileError>> {
        let lost = || Err(TelegramError::Network("the download was given up".to_owned()).into());
        let mut files: Vec<_> = file_ids.iter().map(|_| lost()).collect();
        let mut under_way = JoinSet::new();
        let mut left = file_ids.iter().enumerate();
        loop {
            while under_way.len() < AT_ONCE
                && let Some((place, file_id)) = left.next()
            {
                let (telegram, file_id) = (self.clone(), (*file_id).to_owned());
                under_way.spawn(async move { (place, telegram.fetch_file(&file_id, most).await) });
            }
            match under_way.join_next().await {
                Some(Ok((place, file))) => files[place] = file,
                Some(Err(_)) => {}
                None => return files,
            }
        }
    }

    async fn fetch_file(&self, file_id: &str, most: usize) -> Result<Vec<u8>, FileError> {
        let located = self.locate(file_id).await?;
        if located.file_size > most as u64 {
            return Err(FileError::TooLarge);
        }
        let path = located.file_path.ok_or(FileError::Gone)?;
        match self.download(&path, most).await {
            // The link was good a moment ago, so the file is somewhere else now: asked for once more.
            Err(FileError::Gone) => {
                let path = self.locate(file_id).await?.file_path.ok_or(FileError::Gone)?;
                self.download(&path, most).await
            }
            downloaded => downloaded,
        }
    }

    async fn locate(&self, file_id: &str) -> Result<Located, FileError> {
        let method = Method::GetFile.name();
        let request = self.post(method, self.timeout).json(&serde_json::json!({"file_id": file_id}));
        match self.fetch::<Answer>(method, request).await {
            Ok(Answer { result }) => Ok(result),
            Err(TelegramError::BadRequest(words)) if says(&words, &TOO_LARGE) => Err(FileError::TooLarge),
            Err(TelegramError::BadRequest(words)) if says(&words, &GONE) => Err(FileError::Gone),
            Err(error) => Err(error.into()),
        }
    }

    async fn download(&self, path: &str, most: usize) -> Result<Vec<u8>, FileError> {
        self.pass_gate()?;
        metrics::telegram_call(DOWNLOAD);
        let downloaded = if path.starts_with('/') && self.is_own_server {
            from_disk(path, most).await
        } else {
            read(self.http.client.get(self.link(path)).timeout(DOWNLOAD_TIMEOUT), most).await
        };
        if let Err(FileError::Telegram(error)) = &downloaded {
            count_error(DOWNLOAD, error);
        }
        downloaded
    }
}

/// A server of the operator's own that was started with `--local` puts a file on its disk and serves no links.
async fn from_disk(path: &str, most: usize) -> Result<Vec<u8>, FileError> {
    let problem = "the file is on the disk of the Bot API server, where this program cannot read it";
    let unreadable = |_| TelegramError::Server { status: 200, problem };
    let about = fs::metadata(path).await.map_err(unreadable)?;
    if about.len() > most as u64 {
        return Err(FileError::TooLarge);
    }
    if !about.is_file() {
        return Err(FileError::Gone);
    }
    Ok(fs::read(path).await.map_err(unreadable)?)
}

async fn read(request: reqwest::RequestBuilder, most: usize) -> Result<Vec<u8>, FileError> {
    let mut response = request.send().await.map_err(TelegramError::from)?;
    match response.status().as_u16() {
        200 => {}
        404 | 410 => return Err(FileError::Gone),
        status => {
            return Err(TelegramError::Server { status, problem: "the file is not served" }.into());
        }
    }
    let announced = response.content_length().unwrap_or_default();
    if announced > most as u64 {
        return Err(FileError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    while let Some(chunk) = response.chunk().await.map_err(TelegramError::from)? {
        if bytes.len() + chunk.len() > most {
            return Err(FileError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
