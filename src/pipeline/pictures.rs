//! How pictures come before a model: those of the question and those of the newest turns, as they are stored.
//!
//! Called by [`crate::pipeline::question`] once the files of the question are here ([`crate::pipeline::fetch`]).

use crate::base::failpoints;
use crate::domain::attachment::{may_have_files, picture_type};
use crate::domain::failure::Failure;
use crate::domain::history::Past;
use crate::domain::lane::Lane;
use crate::llm::Picture;
use crate::pipeline::asked::Question;
use crate::pipeline::fetch::{MOST_BYTES, Missing, size};
use crate::pipeline::services::Services;
use crate::pipeline::shown::Pictures;
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};

/// The most that is shown with one question: endpoints take little more.
const MOST_SHOWN: u64 = MOST_BYTES;

impl Services {
    /// What there is to be seen of the question and of the newest turns before it.
    pub(super) fn pictures(
        &self,
        question: &Question<'_>,
        past: &Past,
    ) -> Result<Result<Pictures<'_>, Missing>, StoreError> {
        let lane = question.address.lane;
        let own: Vec<&Stored> = question.files.iter().filter(|file| file.file.is_picture()).collect();
        let own_bytes: u64 = own.iter().map(|file| size(file)).sum();
        if own_bytes > MOST_SHOWN {
            return Ok(Err(Missing::Failed(Failure::FileTooLarge)));
        }
        let earlier = self.earlier(lane, past, MOST_SHOWN.saturating_sub(own_bytes))?;
        if own.is_empty() && earlier.is_empty() {
            return Ok(Ok(Pictures::default()));
        }
        let Some(weighed) = self.scales.weigh(own_bytes + earlier.iter().map(size).sum::<u64>()) else {
            return Ok(Err(Missing::Full));
        };
        let mut pictures = Pictures::weighing(weighed);
        for file in own {
            match self.picture(lane, file)? {
                Some(picture) => pictures.question.push(picture),
                None => return Ok(Err(Missing::Failed(Failure::NoPicture))),
            }
        }
        for file in &earlier {
            if let (Some(message_id), Some(picture)) = (file.message_id, self.picture(lane, file)?) {
                pictures.past.entry(message_id).or_default().push(picture);
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
            let taken = left.checked_sub(size(file)).filter(|_| file.is_here && file.file.is_picture());
            left = taken.unwrap_or(left);
            taken.is_some()
        };
        let mut kept: Vec<Stored> = files.drain(..).rev().filter(|file| fits(file)).collect();
        kept.reverse();
        Ok(kept)
    }

    /// What is in the file. `None`: it is not here, or no picture.
    fn picture(&self, lane: Lane, file: &Stored) -> Result<Option<Picture>, StoreError> {
        let bytes = self.store.run(|conn| attachments::content(conn, lane, file))?;
        Ok(bytes.and_then(|bytes| picture_type(&bytes).map(|mime| Picture { mime: mime.to_owned(), bytes })))
    }
}
