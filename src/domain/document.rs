//! A file that somebody sent, as text: its pieces, or why it has none.

use serde::{Deserialize, Serialize};

/// What was read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// What the file is: `pdf`, `docx`, `text`.
    pub format: String,
    /// What its author called it, where it says so.
    pub title: Option<String>,
    /// What its pieces are.
    pub unit: Unit,
    /// Those that were read, in their order; none is empty.
    pub pieces: Vec<Piece>,
    /// How many there are in all, with those that have no words.
    pub total: usize,
    /// Whether something was left out because there was too much of it.
    pub cut: bool,
}

/// A page, a sheet, a slide, a chapter, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Which one of all, from 1.
    pub number: usize,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its words.
    pub text: String,
}

/// What the pieces of a file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The file is one piece.
    #[default]
    Whole,
    /// Pages of a PDF.
    Page,
    /// Sheets of a workbook.
    Sheet,
    /// Slides of a presentation.
    Slide,
    /// Chapters of a book.
    Chapter,
}

impl Unit {
    const ALL: [Self; 5] = [Self::Whole, Self::Page, Self::Sheet, Self::Slide, Self::Chapter];

    /// As `attachments.unit` has it.
    pub fn as_str(self) -> &'static str {
        if self == Self::Whole { "whole" } else { self.name() }
    }

    /// Reads what is stored. `None`: a word of another version.
    pub fn of(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == stored)
    }

    /// Its name, for one of them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "document",
            Self::Page => "page",
            Self::Sheet => "sheet",
            Self::Slide => "slide",
            Self::Chapter => "chapter",
        }
    }
}

impl Extracted {
    /// Up to which piece it was read, and how many there are, if something was left out.
    pub fn read_of(&self) -> Option<(usize, usize)> {
        self.cut.then(|| (self.pieces.last().map_or(0, |piece| piece.number), self.total))
    }
}

/// Why a file has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// It wants a password or a key.
    Encrypted,
    /// It has pages and no words on them: a scan.
    Scan,
    /// There is nothing in it.
    Empty,
    /// Files in a file.
    Archive,
    /// A program.
    Executable,
    /// A picture.
    Picture,
    /// A sound.
    Sound,
    /// A video.
    Video,
    /// A document of Word or PowerPoint from before 2007.
    OldOffice,
    /// It breaks off, or is not what it says.
    Damaged,
    /// It is larger than what is read.
    TooLarge,
    /// Reading it took too long.
    TooLong,
    /// Reading it took too much memory.
    TooMuchMemory,
    /// Nobody here knows what it is.
    Unknown,
    /// Whoever wanted it does not want it any more.
    Stopped,
    /// The reader could not be started or locked in.
    Unavailable,
}

impl Refused {
    /// Every one.
    pub const ALL: [Self; 16] = [
        Self::Encrypted,
        Self::Scan,
        Self::Empty,
        Self::Archive,
        Self::Executable,
        Self::Picture,
        Self::Sound,
        Self::Video,
        Self::OldOffice,
        Self::Damaged,
        Self::TooLarge,
        Self::TooLong,
        Self::TooMuchMemory,
        Self::Unknown,
        Self::Stopped,
        Self::Unavailable,
    ];

    /// Its name in the log and for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Scan => "scan",
            Self::Empty => "empty",
            Self::Archive => "archive",
            Self::Executable => "executable",
            Self::Picture => "picture",
            Self::Sound => "sound",
            Self::Video => "video",
            Self::OldOffice => "old_office",
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::TooLong => "too_long",
            Self::TooMuchMemory => "too_much_memory",
            Self::Unknown => "unknown",
            Self::Stopped => "stopped",
            Self::Unavailable => "unavailable",
        }
    }

    /// Reads what is stored. `None`: a word of another version.
    pub fn of(stored: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refused| refused.name() == stored)
    }

    /// Whether another try would end the same way.
    pub fn is_for_good(self) -> bool {
        !matches!(self, Self::Stopped | Self::Unavailable)
    }

    /// What an operator reads.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Encrypted => "the file is encrypted; save it without a password",
            Self::Scan => {
                "the pages are pictures without text (a scan); run text recognition on the file first"
            }
            Self::Empty => "the file has no text in it",
            Self::Archive => "the file is an archive; unpack it and take the files out of it",
            Self::Executable => "the file is a program",
            Self::Picture => "the file is a picture",
            Self::Sound => "the file is a sound recording",
            Self::Video => "the file is a video",
            Self::OldOffice => {
                "the file is of an old version of Word or PowerPoint; save it as .docx, .pptx or .pdf"
            }
            Self::Damaged => "the file is damaged: it breaks off, or is not what it says it is",
            Self::TooLarge => "the file is too large",
            Self::TooLong => "reading the file took too long and was given up",
            Self::TooMuchMemory => "reading the file took too much memory and was given up",
            Self::Unknown => "the file is of a kind that cannot be read as text",
            Self::Stopped => "reading the file was stopped",
            Self::Unavailable => {
                "files cannot be read safely on this machine: the reader does not start, or Linux does not let it lock itself in"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_name_and_a_sentence_of_its_own() {
        let names: BTreeSet<_> = Refused::ALL.iter().map(|refused| refused.name()).collect();
        let sentences: BTreeSet<_> = Refused::ALL.iter().map(|refused| refused.sentence()).collect();
        assert_eq!((names.len(), sentences.len()), (Refused::ALL.len(), Refused::ALL.len()));
        for refused in Refused::ALL {
            let written = serde_json::to_string(&refused).unwrap();
            assert_eq!(written, format!("\"{}\"", refused.name()), "programs read the same name");
            assert_eq!(Refused::of(refused.name()), Some(refused));
        }
    }

    #[test]
    fn every_unit_is_read_as_it_was_written() {
        for unit in Unit::ALL {
            assert_eq!(Unit::of(unit.as_str()), Some(unit));
            assert_eq!(serde_json::to_string(&unit).unwrap(), format!("\"{}\"", unit.as_str()));
        }
    }

    #[test]
    fn what_was_cut_tells_how_far_it_was_read() {
        let piece = |number| Piece { number, name: None, text: "words".to_owned() };
        let mut extracted =
            Extracted { pieces: vec![piece(1), piece(40)], total: 212, ..Extracted::default() };
        assert_eq!(extracted.read_of(), None);
        extracted.cut = true;
        assert_eq!(extracted.read_of(), Some((40, 212)));
    }
}
