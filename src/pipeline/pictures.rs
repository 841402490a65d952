//! How what can be shown as it is comes before a model: pictures, and PDFs for those that read them; of the question and of the
//! newest turns, as they are stored.
//!
//! Called by [`crate::pipeline::question`] once the files of the question are here ([`crate::pipeline::fetch`]) and read
//! ([`crate::pipeline::documents`]).

use crate::base::failpoints;
use crate::domain::attachment::{is_pdf, may_have_files, picture_type};
use crate::domain::catalogue::Medium;
use crate::domain::document::Refused;
use crate::domain::failure::Failure;
use crate::domain::history::Past;
use crate::domain::lane::Lane;
use crate::llm::{Pdf, Picture};
use crate::pipeline::asked::Question;
use crate::pipeline::fetch::{MOST_BYTES, Missing, size};
use crate::pipeline::services::Services;
use crate::pipeline::shown::{Seen, Shown, What};
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::store::file_words;

/// The most that is shown with one question: endpoints take little more.
const MOST_SHOWN: u64 = MOST_BYTES;

impl Services {
    /// What there is to be seen of the question and of the newest turns before it.
    pub(super) fn shown(
        &self,
        question: &Question<'_>,
        past: &Past,
    ) -> Result<Result<Shown<'_>, Missing>, StoreError> {
        let lane = question.address.lane;
        let reads_pdf = question.may_read(Medium::Pdf);
        let pictures = question.files.iter().filter(|file| file.file.is_picture());
        let picture_bytes: u64 = pictures.map(size).sum();
        let Some(mut room) = MOST_SHOWN.checked_sub(picture_bytes) else {
            return Ok(Err(Missing::Failed(Failure::FileTooLarge)));
        };
        // Pictures come first; a PDF for which there is no room has its words.
        let mut fits = |file: &&Stored| {
            file.file.is_picture() || can_be_shown(file, reads_pdf) && takes(&mut room, file)
        };
        let own: Vec<&Stored> = question.files.iter().filter(&mut fits).collect();
        let earlier = self.earlier(lane, past, room, reads_pdf)?;
        if own.is_empty() && earlier.is_empty() {
            return Ok(Ok(Shown::default()));
        }
        let all = own.iter().copied().chain(&earlier);
        let Some(weighed) = self.scales.weigh(all.map(size).sum::<u64>()) else {
            return Ok(Err(Missing::Full));
        };
        let mut shown = Shown::weighing(weighed);
        for file in own {
            match self.seen(lane, file)? {
                Some(seen) => shown.question.push(seen),
                None if file.file.is_picture() => return Ok(Err(Missing::Failed(Failure::NoPicture))),
                None => {}
            }
        }
        for file in &earlier {
            if let (Some(message_id), Some(seen)) = (file.message_id, self.seen(lane, file)?) {
                shown.past.entry(message_id).or_default().push(seen);
            }
        }
        failpoints::pass("prepared", question.text);
        Ok(Ok(shown))
    }

    /// The files of the newest turns which are here, as many of the newest as there is room for.
    fn earlier(
        &self,
        lane: Lane,
        past: &Past,
        mut room: u64,
        reads_pdf: bool,
    ) -> Result<Vec<Stored>, StoreError> {
        let newest = past.exchanges.iter().rev().take(self.picture_turns);
        let ids: Vec<i64> =
            newest.filter(|turn| may_have_files(&turn.question)).map(|turn| turn.question_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let files = self.store.run(|conn| attachments::of_messages(conn, lane, ids.clone()))?;
        let fits = |file: &Stored| file.is_here && can_be_shown(file, reads_pdf) && takes(&mut room, file);
        let mut kept: Vec<Stored> = files.into_iter().rev().filter(fits).collect();
        kept.reverse();
        Ok(kept)
    }

    /// What is in the file. `None`: it is not here, or nothing that can be shown.
    fn seen(&self, lane: Lane, file: &Stored) -> Result<Option<Seen>, StoreError> {
        let Some(bytes) = self.store.run(|conn| attachments::content(conn, lane, file))? else {
            return Ok(None);
        };
        let what = match picture_type(&bytes) {
            Some(mime) => What::Picture(Picture { mime: mime.to_owned(), bytes }),
            None if is_pdf(&bytes) && !file.file.is_picture() => {
                let name = file.file.name.clone().unwrap_or_else(|| "document.pdf".to_owned());
                What::Pdf(Pdf { name, bytes })
            }
            None => return Ok(None),
        };
        let has_words = matches!(file.words, Some(Ok(_)));
        let pages =
            if has_words { self.store.run(|conn| file_words::pieces(conn, lane, file))? } else { None };
        Ok(Some(Seen { id: file.id, has_words, tokens: what.tokens(pages), what }))
    }
}

/// Whether it may be something to be shown: a picture, also one that nobody called so, or a PDF.
fn can_be_shown(file: &Stored, reads_pdf: bool) -> bool {
    match file.words {
        _ if file.file.is_picture() => true,
        Some(Err(Refused::Picture)) => true,
        Some(Ok(_) | Err(Refused::Scan)) => reads_pdf && file.file.is_pdf(),
        _ => false,
    }
}

fn takes(room: &mut u64, file: &Stored) -> bool {
    let left = room.checked_sub(size(file));
    *room = left.unwrap_or(*room);
    left.is_some()
}
