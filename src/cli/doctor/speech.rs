//! The endpoints for speech: the one listens to a second of silence, and the other one says a word, exactly as the bot has them do it.

use super::report::Report;
use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::config::{Hearing, Speaking};
use crate::database::finding::Finding;
use crate::domain::sound;
use crate::llm::{Cause, LlmError, Sound, Speaker, Transcriber, Voiced};

pub(super) const CHECKS: &[&str] = &["speech", "voice"];
const CHECK: &str = CHECKS[0];
const VOICE: &str = CHECKS[1];

/// What is to be said.
const WORD: &str = "Hello.";

/// Samples in a second, each of two bytes.
const RATE: u32 = 16_000;

pub(super) fn examine(hearing: Option<&Hearing>, speaking: Option<&Speaking>, report: &Report) {
    listen(hearing, report);
    speak(speaking, report);
}

fn speak(speaking: Option<&Speaking>, report: &Report) {
    let Some(Speaking { speaker }) = speaking else {
        return report.well(VOICE, "not set up: answers are not spoken, until SPEECH_MODEL is set");
    };
    let (http, _runtime) = match Http::start() {
        Ok(started) => started,
        Err(error) => return report.fault(VOICE, format!("{error:#}"), Speaker::remedy(Cause::Network)),
    };
    let speaker = Speaker::new(http, speaker.clone());
    let model = speaker.model().to_owned();
    let Voiced { call, sound } = speaker.speak(WORD, speaker.timeout(), &CancelToken::new());
    let error = match sound {
        Ok(Sound { mime, bytes, .. }) => {
            let (bytes, millis) = (bytes.len(), call.usage.duration_ms.unwrap_or_default());
            let found = format!("{model} speaks: a word came as {bytes} bytes of {mime} within {millis} ms");
            return report.well(VOICE, found);
        }
        Err(error) => error,
    };
    let (cause, problem) = because(error);
    let finding = Finding::fault(VOICE, format!("{model}: {problem}"), Speaker::remedy(cause));
    report.add(match cause {
        Cause::Key(_) => finding.of("SPEECH_KEY"),
        Cause::Model => finding.of("SPEECH_MODEL"),
        Cause::Redirect => finding.of("SPEECH_URL"),
        _ => finding,
    });
}

/// Where to look, and what is wrong.
fn because(error: LlmError) -> (Cause, String) {
    match error {
        LlmError::Passing { cause, problem, .. } | LlmError::Final { cause, problem, .. } => (cause, problem),
        LlmError::ContextTooLong | LlmError::Stopped(_) => (Cause::Request, error.to_string()),
    }
}

fn listen(hearing: Option<&Hearing>, report: &Report) {
    let Some(Hearing { transcriber, .. }) = hearing else {
        let found = "not set up: voice messages get a sentence that says so, until TRANSCRIBE_MODEL is set";
        return report.well(CHECK, found);
    };
    let (http, _runtime) = match Http::start() {
        Ok(started) => started,
        Err(error) => return report.fault(CHECK, format!("{error:#}"), Transcriber::remedy(Cause::Network)),
    };
    let transcriber = Transcriber::new(http, transcriber.clone());
    let model = transcriber.model().to_owned();
    let silence = Sound {
        name: "silence.wav".to_owned(),
        mime: "audio/wav".to_owned(),
        seconds: Some(1),
        bytes: silence(),
    };
    let error = match transcriber.transcribe(silence, &CancelToken::new()).words {
        Ok(words) if sound::said(&words).is_empty() => {
            return report.well(CHECK, format!("{model} listens, and hears no words in a second of silence"));
        }
        Ok(_) => {
            let found =
                format!("{model} listens, but hears words in a second of silence: noise may get an answer");
            return report.well(CHECK, found);
        }
        Err(error) => error,
    };
    let (cause, problem) = because(error);
    let finding = Finding::fault(CHECK, format!("{model}: {problem}"), Transcriber::remedy(cause));
    report.add(match cause {
        Cause::Key(_) => finding.of("TRANSCRIBE_KEY"),
        Cause::Model => finding.of("TRANSCRIBE_MODEL"),
        Cause::Redirect => finding.of("TRANSCRIBE_URL"),
        _ => finding,
    });
}

/// A second of silence as a WAV file.
fn silence() -> Vec<u8> {
    let (bytes, channels, size) = (2 * RATE, 1u16, 2u16);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    // Samples as they are (PCM).
    file.extend(1u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend(bytes.to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend((8 * size).to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.resize(file.len() + usize::try_from(bytes).unwrap_or_default(), 0);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_silence_is_a_whole_file() {
        let file = silence();
        assert_eq!(file.len(), 44 + 32_000);
        assert_eq!(sound::form(&file), Some(("wav", "audio/wav")));
        assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()), 36 + 32_000);
        assert!(file[44..].iter().all(|byte| *byte == 0));
    }
}
