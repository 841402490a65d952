//! `extract`: what the bot reads of a file that somebody sends, as text for people or JSON for programs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::domain::document::{Extracted, Refused};
use crate::extract::{Extractor, Limits, Sent};

/// How `extract` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 done; 1 an error; 2 a wrong command line; 3 the file has no text, and the reason is told.

The file is read by a child process that can reach neither network, files nor settings, within limits of memory and time. It may be plain
text in any usual encoding, HTML, PDF, DOCX, XLSX, XLS, PPTX, ODT, ODS, ODP, EPUB, FB2, RTF or a mail. The command needs no settings.";

/// The exit code of a file without text.
const REFUSED: u8 = 3;

/// What to read.
#[derive(Args)]
pub struct Arguments {
    /// The file
    file: PathBuf,
    /// How much of its text is wanted
    #[arg(long, value_name = "CHARACTERS", default_value_t = Limits::default().characters)]
    limit: usize,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// For programs: what was read, or why nothing was.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Told<'a> {
    Refused(Refused),
    #[serde(untagged)]
    Extracted(&'a Extracted),
}

impl Arguments {
    /// Prints the text of the file.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let limits = Limits { characters: self.limit, ..Limits::default() };
        let named = || format!("{} cannot be read", self.file.display());
        let mut bytes = Vec::new();
        let most = u64::try_from(limits.bytes)?;
        // One byte more tells that it is too large.
        File::open(&self.file)
            .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
            .with_context(named)?;
        let name = self.file.file_name().map(|name| name.to_string_lossy());
        let sent = Sent { bytes: &bytes, name: name.as_deref(), mime: None };
        let read = Extractor::new(limits).read(sent, &CancelToken::new());
        let out = &mut io::stdout().lock();
        match (&read, self.json) {
            (Ok(extracted), true) => json(out, &Told::Extracted(extracted))?,
            (Err(refused), true) => json(out, &Told::Refused(*refused))?,
            (Ok(extracted), false) => write(out, extracted)?,
            (Err(refused), false) => {
                writeln!(io::stderr(), "{}: {}", self.file.display(), refused.sentence())?;
            }
        }
        Ok(if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
    }
}

fn json(out: &mut impl Write, told: &Told<'_>) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, told)?;
    writeln!(out)?;
    Ok(())
}

/// The pieces, each under a line that says which it is, where there are several.
fn write(out: &mut impl Write, extracted: &Extracted) -> io::Result<()> {
    let Extracted { format, title, unit, pieces, total, .. } = extracted;
    if let Some(title) = title {
        writeln!(out, "Title: {title}\n")?;
    }
    for (index, piece) in pieces.iter().enumerate() {
        if *total > 1 || piece.name.is_some() {
            let before = if index > 0 { "\n" } else { "" };
            let name = piece.name.as_ref().map_or(String::new(), |name| format!(": {name}"));
            writeln!(out, "{before}--- {} {} of {total}{name}\n", unit.name(), piece.number)?;
        }
        writeln!(out, "{}", piece.text)?;
    }
    if let Some((last, total)) = extracted.read_of() {
        let end =
            if total > 1 { format!("up to {} {last} of {total}", unit.name()) } else { "in part".to_owned() };
        writeln!(out, "\n--- {format} read {end}; --limit takes more")?;
    }
    Ok(())
}
