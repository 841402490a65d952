//! How pictures come before a model: those of the question are fetched where they are not here yet, those of the newest turns
//! are read.
//!
//! Called by [`crate::pipeline::question`] before the model is asked. What is fetched is committed before anything else happens,
//! so that nothing is fetched twice.

use std::time::Duration;

use tracing::info;

use crate::base::failpoints;
use crate::domain::attachment::{may_have_files, picture_type};
use crate::domain::failure::Failure;
use crate::domain::history::Past;
use crate::domain::lane::Lane;
use crate::llm::Picture;
use crate::pipeline::asked::Question;
use crate::pipeline::services::Services;
use crate::pipeline::shown::Pictures;
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::telegram::{FileError, TelegramError};

/// The most that is fetched of a file (Bot API, getFile), and that is shown with one question: endpoints take little more.
const MOST_BYTES: u64 = 20 << 20;

/// Why there is nothing to show yet, or at all.
pub(super) enum Missing {
    /// The question ends with this.
    Failed(Failure),
    /// It may come, after a pause if Telegram named one.
    Later { pause: Option<Duration>, problem: String },
    /// The files of other questions fill the memory.
    Full,
    /// The question is not wanted any more as it is.
    Stopped,
}

impl From<FileError> for Missing {
    fn from(error: FileError) -> Self {
        match error {
            FileError::TooLarge => Self::Failed(Failure::FileTooLarge),
            FileError::Gone => Self::Failed(Failure::FileGone),
            FileError::Telegram(TelegramError::Stopped) => Self::Stopped,
            FileError::Telegram(error) => {
                let pause = if let TelegramError::RetryAfter(pause) = error { Some(pause) } else { None };
                Self::Later { pause, problem: error.to_string() }
            }
        }
    }
}

impl Services {
    /// What there is to be seen of the question and of the newest turns before it.
    pub(super) fn pictures(
        &self,
        question: &Question<'_>,
        past: &Past,
    ) -> Result<Result<Pictures<'_>, Missing>, StoreError> {
        let lane = question.address.lane;
        let own = question.files;
        let own_bytes: u64 = own.iter().map(size).sum();
        if own_bytes > MOST_BYTES && own.iter().all(|file| file.file.bytes.is_some()) {
            return Ok(Err(Missing::Failed(Failure::FileTooLarge)));
        }
        let earlier = self.earlier(lane, past, MOST_BYTES.saturating_sub(own_bytes))?;
        if own.is_empty() && earlier.is_empty() {
            return Ok(Ok(Pictures::default()));
        }
        let Some(weighed) = self.scales.weigh(own_bytes + earlier.iter().map(size).sum::<u64>()) else {
            return Ok(Err(Missing::Full));
        };
        let mut pictures = Pictures::weighing(weighed);
        if let Err(missing) = self.fetch(question)? {
            return Ok(Err(missing));
        }
        for file in own {
            match self.picture(lane, file)? {
                Some(picture) => pictures.show(None, file.id, picture),
                None => return Ok(Err(Missing::Failed(Failure::NoPicture))),
            }
        }
        for file in &earlier {
            if let (Some(message_id), Some(picture)) = (file.message_id, self.picture(lane, file)?) {
                pictures.show(Some(message_id), file.id, picture);
            }
        }
        failpoints::pass("prepared", question.text);
        Ok(Ok(pictures))
    }

    /// The files of the newest turns which are here, as many of the newest as there is room for.
    fn earlier(&self, lane: Lane, past: &Past, room: u64) -> Result<Vec<Stored>, StoreError> {
        let newest = past.exchanges.iter().rev().take(self.picture_turns);
        let ids: Vec<i64> =
            newest.filter(|turn| may_have_files(&turn.question)).map(|turn| turn.question_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut files = self.store.run(|conn| attachments::of_messages(conn, lane, ids.clone()))?;
        let mut left = room;
        let mut fits = |file: &Stored| {
            let taken = left.checked_sub(size(file)).filter(|_| file.is_here);
            left = taken.unwrap_or(left);
            taken.is_some()
        };
        let mut kept: Vec<Stored> = files.drain(..).rev().filter(|file| fits(file)).collect();
        kept.reverse();
        Ok(kept)
    }

    /// Fetches what is not here of the question's files, and keeps it.
    fn fetch(&self, question: &Question<'_>) -> Result<Result<(), Missing>, StoreError> {
        let (lane, seq) = (question.address.lane, question.address.update_seq);
        let missing: Vec<&Stored> = question.files.iter().filter(|file| !file.is_here).collect();
        if missing.is_empty() {
            return Ok(Ok(()));
        }
        let file_ids: Vec<&str> = missing.iter().map(|file| &*file.file.file_id).collect();
        let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
        let fetched = self.telegram.until(question.stop).files(&file_ids, most);
        let mut first_fault = None;
        for (file, fetched) in missing.into_iter().zip(fetched) {
            match fetched {
                Ok(bytes) => {
                    let mime = picture_type(&bytes);
                    info!(seq, kind = file.file.kind.as_str(), bytes = bytes.len(), "a file was fetched");
                    self.store.run(|conn| attachments::keep(conn, lane, file, mime, &bytes))?;
                    failpoints::pass("fetched", question.text);
                }
                Err(error) => first_fault = first_fault.or(Some(error)),
            }
        }
        Ok(first_fault.map_or(Ok(()), |error| Err(error.into())))
    }

    /// What is in the file. `None`: it is not here, or no picture.
    fn picture(&self, lane: Lane, file: &Stored) -> Result<Option<Picture>, StoreError> {
        let bytes = self.store.run(|conn| attachments::content(conn, lane, file))?;
        Ok(bytes.and_then(|bytes| picture_type(&bytes).map(|mime| Picture { mime: mime.to_owned(), bytes })))
    }
}

/// How many bytes the file is taken to have: as many as there may be, where nobody says.
fn size(file: &Stored) -> u64 {
    file.file.bytes.map_or(MOST_BYTES, i64::unsigned_abs)
}
