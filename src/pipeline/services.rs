//! What every worker holds: the connections to the three neighbours, and what was settled at boot.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender as Channel;

use crate::domain::admission::Admission;
use crate::domain::budget::Budgets;
use crate::domain::claim::Codes;
use crate::domain::lane::Lane;
use crate::domain::live_answers::{LiveAnswers, Thinking};
use crate::domain::pseudonym::Pseudonyms;
use crate::domain::rate::RateLimit;
use crate::extract::Extractor;
use crate::pipeline::assistant::Current;
use crate::pipeline::breaker::Breaker;
use crate::pipeline::door::Door;
use crate::pipeline::hearing::Hearing;
use crate::pipeline::lull::Lull;
use crate::pipeline::named::Named;
use crate::pipeline::pace::Pace;
use crate::pipeline::scales::Scales;
use crate::pipeline::sender::Sender;
use crate::pipeline::suspects::Suspects;
use crate::render::RichMessages;
use crate::store::Store;
use crate::telegram::{Me, Telegram};

/// Shared by all workers; nothing in it belongs to one message.
pub struct Services {
    /// PostgreSQL.
    pub store: Arc<Store>,
    /// The Bot API.
    pub telegram: Telegram,
    /// Models and roles.
    pub assistant: Arc<Current>,
    /// Models that are left alone for a while.
    pub breaker: Breaker,
    /// What people are called where models are asked.
    pub pseudonyms: Pseudonyms,
    /// Sends what the outbox holds.
    pub sender: Sender,
    /// How fast Telegram may be called.
    pub pace: Arc<Pace>,
    /// How answers are shown while they grow.
    pub live_answers: LiveAnswers,
    /// What a draft says while the model thinks.
    pub thinking: Thinking,
    /// Whom groups address.
    pub me: Me,
    /// Who may use the bot.
    pub admission: Admission,
    /// The codes by which somebody becomes an owner.
    pub codes: Codes,
    /// The way into the console, if there is one.
    pub door: Option<Door>,
    /// The most questions that a user may ask in any hour.
    pub rate_limit: RateLimit,
    /// How much may be spent.
    pub budgets: Budgets,
    /// When answers are sent as rich messages.
    pub rich_messages: RichMessages,
    /// How many messages of the dialogue the model reads.
    pub max_history: u32,
    /// In how many of the newest turns it sees their pictures.
    pub picture_turns: usize,
    /// How what people say comes into words, if it does.
    pub hearing: Option<Hearing>,
    /// BACKUP_DIR
    pub backup_dir: Option<PathBuf>,
    /// Reads the words of files.
    pub extractor: Extractor,
    /// How much of people's files is in memory.
    pub scales: Scales,
    /// Messages that were named in the log as no part of a dialogue.
    pub named: Named,
    /// The newest update that was in the inbox before this boot.
    pub newest_at_boot: i64,
    /// What is done when nobody asks.
    pub lull: Lull,
    /// Whether what leaves the window is summed up.
    pub summaries: bool,
    /// Whether people are asked about facts that a model proposes when it sums up.
    pub proposals: bool,
    /// Topics whose names were left to the bot get titles.
    pub titles: bool,
    /// Questions that may be why the process died again and again.
    pub suspects: Suspects,
    /// To the dispatcher: lanes that somebody else's step gave something to do.
    pub woken: Channel<Lane>,
}

impl Services {
    /// These lanes have something to do. Should the program end before they are looked at, the next start finds them.
    pub(super) fn wake(&self, lanes: Vec<Lane>) {
        for lane in lanes {
            let _ = self.woken.send(lane);
        }
    }
}
