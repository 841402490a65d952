//! What listens to recordings, and to how much of them.

use crate::base::http::Http;
use crate::config;
use crate::domain::failure::Failure;
use crate::domain::sound::Limits;
use crate::llm::Transcriber;
use crate::store::attachments::Stored;

/// The endpoint for speech, and the operator's limits.
pub struct Hearing {
    pub(super) transcriber: Transcriber,
    limits: Limits,
}

impl Hearing {
    /// As the settings say.
    pub fn new(http: &Http, settings: &config::Hearing) -> Self {
        Self {
            transcriber: Transcriber::new(http.clone(), settings.transcriber.clone()),
            limits: settings.limits,
        }
    }

    /// Why the recording is not listened to, by what Telegram or the file itself tells of it.
    pub(super) fn refuses(&self, file: &Stored) -> Option<Failure> {
        let Limits { seconds, megabytes } = self.limits;
        let plays = file.file.seconds.map_or(0, i32::unsigned_abs);
        let weighs = file.file.bytes.map_or(0, i64::unsigned_abs);
        if plays > seconds {
            Some(Failure::SoundTooLong { seconds })
        } else if weighs > self.limits.bytes() {
            Some(Failure::SoundTooLarge { megabytes })
        } else {
            None
        }
    }
}
