//! How documents come before a model: the words of those of the question are read where nobody has read them yet, those of
//! earlier questions are as they were kept.
//!
//! Called by [`crate::pipeline::question`] once the files of the question are here ([`crate::pipeline::fetch`]). What was read
//! is committed before anything else happens, so that no file is read twice: not for another answer, and not after a crash.

use std::time::Instant;

use tracing::info;

use crate::base::failpoints;
use crate::domain::attachment::{may_have_documents, picture_type};
use crate::domain::catalogue::Medium;
use crate::domain::document::Refused;
use crate::domain::history::Past;
use crate::domain::lane::Lane;
use crate::domain::reading::{Document, Words};
use crate::extract;
use crate::pipeline::asked::Question;
use crate::pipeline::fetch::{Missing, size};
use crate::pipeline::services::Services;
use crate::pipeline::shown::Documents;
use crate::store::StoreError;
use crate::store::attachments::{self, Stored};
use crate::store::file_words;

/// So many bytes of words are in memory for one question: half of what the largest models read.
const MOST_WORDS: u64 = 2 << 20;

impl Services {
    /// The files of the question as they are once somebody has looked for their words.
    pub(super) fn read(&self, question: &Question<'_>) -> Result<Result<Vec<Stored>, Missing>, StoreError> {
        let mut files = question.files.to_vec();
        for file in files.iter_mut().filter(|file| file.file.is_document() && file.words.is_none()) {
            let Some(_weighed) = self.scales.weigh(size(file)) else { return Ok(Err(Missing::Full)) };
            let read = match self.extract(question, file)? {
                Err(Refused::Stopped) => return Ok(Err(Missing::Stopped)),
                read => read,
            };
            if read.as_ref().err().is_none_or(|refused| refused.is_for_good()) {
                let kept = read.as_ref().map_err(|refused| *refused);
                self.store.run(|conn| file_words::keep(conn, question.address.lane, file, kept))?;
            }
            file.words = Some(read.map(|words| words.text.len() as u64));
            failpoints::pass("extracted", question.text);
        }
        if let Some(lost) = self.lost(question, &files)? {
            return Ok(Err(Missing::Unreadable(lost)));
        }
        Ok(Ok(files))
    }

    fn extract(&self, question: &Question<'_>, file: &Stored) -> Result<Result<Words, Refused>, StoreError> {
        let lane = question.address.lane;
        let Some(bytes) = self.store.run(|conn| attachments::content(conn, lane, file))? else {
            return Ok(Err(Refused::Unavailable));
        };
        if picture_type(&bytes).is_some() {
            return Ok(Err(Refused::Picture));
        }
        let sent =
            extract::Sent { bytes: &bytes, name: file.file.name.as_deref(), mime: file.file.mime.as_deref() };
        let began = Instant::now();
        let read = self.extractor.read(sent, question.stop).map(Words::from);
        // Neither name nor text: both are people's.
        let (seq, ms) = (question.address.update_seq, began.elapsed().as_millis());
        match &read {
            Ok(words) => info!(seq, bytes = words.text.len(), pieces = words.pieces, ms, "a file was read"),
            Err(refused) => info!(seq, refused = refused.name(), ms, "a file has no words for the model"),
        }
        Ok(read)
    }

    /// Why none of the question's files is of any use, if that is so.
    fn lost(
        &self,
        question: &Question<'_>,
        files: &[Stored],
    ) -> Result<Option<Vec<(String, Refused)>>, StoreError> {
        let mut lost = Vec::new();
        for file in files {
            match file.words {
                Some(Err(refused)) if !self.is_shown_instead(question, file, refused)? => {
                    lost.push((file.file.name.clone().unwrap_or_default(), refused));
                }
                _ => return Ok(None),
            }
        }
        Ok((!lost.is_empty()).then_some(lost))
    }

    /// Whether a file without words is shown to the model as it is.
    fn is_shown_instead(
        &self,
        question: &Question<'_>,
        file: &Stored,
        refused: Refused,
    ) -> Result<bool, StoreError> {
        Ok(match refused {
            Refused::Picture => {
                let lane = question.address.lane;
                let beginning = self.store.run(|conn| file_words::beginning(conn, lane, file))?;
                beginning.is_some_and(|beginning| picture_type(&beginning).is_some())
            }
            Refused::Scan => file.file.is_pdf() && question.may_read(Medium::Pdf),
            _ => false,
        })
    }

    /// What there is to be read of the question and of the turns before it, the newest first, as much as there is room for.
    pub(super) fn documents(&self, question: &Question<'_>, past: &Past) -> Result<Documents, StoreError> {
        let lane = question.address.lane;
        let mut documents = Documents::default();
        let mut room = MOST_WORDS;
        for file in question.files.iter().filter(|file| file.file.is_document()) {
            room = room.saturating_sub(bytes(file));
            documents.question.extend(self.document(lane, file)?);
        }
        let turns = past.exchanges.iter().filter(|turn| may_have_documents(&turn.question));
        let ids: Vec<i64> = turns.map(|turn| turn.question_id).collect();
        if ids.is_empty() {
            return Ok(documents);
        }
        let files = self.store.run(|conn| attachments::of_messages(conn, lane, ids.clone()))?;
        for file in files.iter().rev().filter(|file| file.file.is_document()) {
            let Some(left) = room.checked_sub(bytes(file)) else { break };
            room = left;
            if let (Some(message_id), Some(document)) = (file.message_id, self.document(lane, file)?) {
                documents.past.entry(message_id).or_default().insert(0, document);
            }
        }
        Ok(documents)
    }

    fn document(&self, lane: Lane, file: &Stored) -> Result<Option<(i64, Document)>, StoreError> {
        let words = match file.words {
            None => return Ok(None),
            Some(Err(refused)) => Err(refused),
            Some(Ok(_)) => match self.store.run(|conn| file_words::of(conn, lane, file))? {
                Some(words) => Ok(words),
                None => return Ok(None),
            },
        };
        let name = file.file.name.clone().unwrap_or_default();
        Ok(Some((file.id, Document { name, words })))
    }
}

fn bytes(file: &Stored) -> u64 {
    file.words.and_then(Result::ok).unwrap_or_default()
}
