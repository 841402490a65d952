//! How the files of a question come here: fetched from Telegram where they are not here yet, and kept.
//!
//! Called by [`crate::pipeline::question`] before anything looks into them. What is fetched is committed before anything else
//! happens, so that nothing is fetched twice.

use std::time::Duration;

use tracing::info;

use crate::base::failpoints;
use crate::domain::attachment::picture_type;
use crate::domain::document::Refused;
use crate::domain::failure::Failure;
use crate::pipeline::asked::Question;
use crate::pipeline::services::Services;
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::store::file_words;
use crate::telegram::{FileError, TelegramError};

/// The most that is fetched of a file (Bot API, getFile), and of several at a time.
pub(super) const MOST_BYTES: u64 = 20 << 20;
/// The same for people.
pub(super) const MOST_MEGABYTES: u32 = 20;

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
    /// No file of the question can be used: their names, and why.
    Unreadable(Vec<(String, Refused)>),
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
    /// The files of the question as they are once all are here: what is missing is fetched and kept. Where one does not come,
    /// the others are kept all the same.
    pub(super) fn fetch(&self, question: &Question<'_>) -> Result<Result<Vec<Stored>, Missing>, StoreError> {
        let mut files = question.files.to_vec();
        let mut missing: Vec<&mut Stored> =
            files.iter_mut().filter(|file| !file.is_here && file.words.is_none()).collect();
        let mut rest = &mut missing[..];
        let mut first_fault = None;
        while !rest.is_empty() {
            let (lot, behind) = rest.split_at_mut(lot(rest.iter().map(|file| size(file))));
            let Some(_weighed) = self.scales.weigh(lot.iter().map(|file| size(file)).sum()) else {
                return Ok(Err(Missing::Full));
            };
            let fault = self.fetch_lot(question, lot)?;
            first_fault = first_fault.or(fault);
            rest = behind;
        }
        Ok(first_fault.map_or(Ok(files), |error| Err(error.into())))
    }

    /// Why the first of them that did not come did not.
    fn fetch_lot(
        &self,
        question: &Question<'_>,
        lot: &mut [&mut Stored],
    ) -> Result<Option<FileError>, StoreError> {
        let (lane, seq) = (question.address.lane, question.address.update_seq);
        let file_ids: Vec<&str> = lot.iter().map(|file| &*file.file.file_id).collect();
        let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
        let fetched = self.telegram.until(question.stop).files(&file_ids, most);
        let mut first_fault = None;
        for (file, fetched) in lot.iter_mut().zip(fetched) {
            match fetched {
                Ok(bytes) => {
                    // What was sent as something else stays what it was sent as.
                    let mime = picture_type(&bytes).filter(|_| file.file.is_picture());
                    info!(seq, kind = file.file.kind.as_str(), bytes = bytes.len(), "a file was fetched");
                    self.store.run(|conn| attachments::keep(conn, lane, file, mime, &bytes))?;
                    file.is_here = true;
                    file.file.bytes = i64::try_from(bytes.len()).ok();
                    failpoints::pass("fetched", question.text);
                }
                // The rest of the question may be answered without it.
                Err(FileError::TooLarge) if file.file.is_document() => {
                    let refused = Refused::TooLarge;
                    self.store.run(|conn| file_words::keep(conn, lane, file, Err(refused)))?;
                    file.words = Some(Err(refused));
                }
                Err(error) => first_fault = first_fault.or(Some(error)),
            }
        }
        Ok(first_fault)
    }
}

/// How many of the first files, of these sizes, may be fetched together: one at least.
fn lot(sizes: impl Iterator<Item = u64>) -> usize {
    let mut sum = 0u64;
    let fits = |size: &u64| {
        sum = sum.saturating_add(*size);
        sum <= MOST_BYTES
    };
    sizes.take_while(fits).count().max(1)
}

/// How many bytes the file is taken to have: as many as there may be, where nobody says.
pub(super) fn size(file: &Stored) -> u64 {
    file.file.bytes.map_or(MOST_BYTES, i64::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn together_come_as_many_files_as_one_may_be_large() {
        for (sizes, expected) in [
            (&[1, 2, 3][..], 3),
            (&[MOST_BYTES, 1], 1),
            (&[MOST_BYTES - 1, 1, 1], 2),
            (&[MOST_BYTES + 1, 1], 1),
        ] {
            assert_eq!(lot(sizes.iter().copied()), expected, "{sizes:?}");
        }
    }
}
