//! The faults, and what each of them needs and allows. How they begin and end: [`crate::begin`].

use std::time::Duration;

use sandbox::model::Behaviour;
use sandbox::telegram::Action;

use crate::told::{self, Meanwhile};

/// What the bot calls: first what it calls at its start only, then what it calls all the time.
pub(crate) const METHODS: &[&str] = &[
    "getMe",
    "deleteWebhook",
    "setMyCommands",
    "getUpdates",
    "sendMessage",
    "sendRichMessage",
    "sendDocument",
    "editMessageText",
    "deleteMessage",
    "sendMessageDraft",
    "sendChatAction",
    "answerCallbackQuery",
];
pub(crate) const AT_START: &[&str] = METHODS.split_at(3).0;
pub(crate) const ALWAYS: &[&str] = METHODS.split_at(3).1;
/// What makes a message.
pub(crate) const SENDS: &[&str] = &["sendMessage", "sendRichMessage", "sendDocument"];

/// What has answers spoken.
const SPEAKING: &[(&str, &str)] = &[("SPEECH_MODEL", "sandbox/mouth"), ("SPEECH_TIMEOUT", "1")];

/// PgBouncer as the bot needs it, and tries again at once where a server refuses.
pub(crate) const SESSIONS: &[(&str, &str)] = &[("pool_mode", "session"), ("server_login_retry", "1")];

/// A model and its stand-in.
const TWO_MODELS: &str = "[endpoints.ours]\nurl = \"URL\"\nkey = \"OPENROUTER_API_KEY\"\n\n\
                          [models.first]\nmodel = \"first\"\nfallback = [\"second\"]\n\n\
                          [models.second]\nmodel = \"second\"\n\n\
                          [roles.one]\nprompt = \"prompts/nutritionist.txt\"\n";

/// Something that goes wrong.
pub(crate) enum Fault {
    /// kill -9 from outside, whatever is going on.
    Kill,
    /// The process dies at a point of `systech_aidd::base::failpoints::POINTS`.
    KillAt(&'static str),
    /// The next call of each of these methods meets this, and so many in a hundred of the calls that follow.
    Calls(&'static [&'static str], Action, u8),
    TelegramOut,
    /// Telegram takes so many calls in a second over all chats, and a crowd is answered at the same time.
    Flood(usize),
    /// Another program polls with the same token.
    SecondPoller,
    PostgresStopped,
    PostgresFrozen,
    /// The primary dies, and a standby that was behind takes its place.
    Failover,
    /// The primary is killed or frozen, and a standby that knows all takes its place; then it comes back as it was.
    PrimaryLost(Loss),
    /// The primary is killed behind what stands before it, and a standby that knows all takes its place.
    PrimaryBehind(Way),
    /// The instance that leads is killed or frozen, and another one takes its place; then it comes back.
    LeaderLost(Loss),
    /// A machine vanishes on which the leader and the primary are, and both have one to take their place; then it comes back.
    MachineLost,
    /// The disk of such a machine is full, and the standby of its primary takes its place; then there is room again.
    MachineFull,
    /// Every packet to and from somebody is dropped.
    Unreached(Neighbour),
    ConnectionsTerminated,
    /// The pooler before PostgreSQL is killed, and starts again.
    PoolerKilled,
    DiskFull,
    /// So many in a hundred requests are answered like this.
    Answers(Behaviour, u8),
    /// So many in a hundred recordings are answered like this.
    Heard(Behaviour, u8),
    /// So many in a hundred answers that are to be spoken come to this.
    Spoken(Behaviour, u8),
    ModelOut,
    /// So many look at the pages of the console without a pause.
    ConsoleBusy(usize),
    /// The first model of two answers nothing but errors, and the process is killed meanwhile.
    FirstModelOut,
    /// An owner announces something to many, and this goes on until all are told.
    Announced(Meanwhile),
    /// At least two of these lists at once, each with one of its faults. They end in the order of the lists.
    Mixture(Vec<Vec<Fault>>),
}

/// What stands between the bot and a pair of servers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// PgBouncer in session mode, which is told of the other server.
    Pooler,
    /// HAProxy, which finds out by itself who takes writes.
    Proxy,
}

/// How somebody is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Killed,
    Frozen,
    /// Its machine vanishes from the network.
    Unreached,
}

/// Whom the bot talks to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbour {
    Database,
    Model,
}

impl Fault {
    /// Whether PostgreSQL itself has to be in our hands.
    pub(crate) fn needs_own_server(&self) -> bool {
        match self {
            Self::PostgresStopped
            | Self::PostgresFrozen
            | Self::DiskFull
            | Self::Failover
            | Self::Unreached(Neighbour::Database)
            | Self::PrimaryLost(_)
            | Self::PrimaryBehind(_)
            | Self::MachineLost
            | Self::MachineFull => true,
            Self::Mixture(lists) => lists.iter().flatten().any(Self::needs_own_server),
            _ => false,
        }
    }

    /// Whether a second server has to follow the first.
    pub(crate) fn needs_standby(&self) -> bool {
        matches!(self, Self::Failover) || self.is_synchronous()
    }

    /// Whether each commit waits for that one.
    pub(crate) fn is_synchronous(&self) -> bool {
        matches!(self, Self::PrimaryLost(_) | Self::PrimaryBehind(_) | Self::MachineLost | Self::MachineFull)
    }

    /// Whether a pooler stands before the server.
    pub(crate) fn needs_pooler(&self) -> bool {
        matches!(self, Self::PoolerKilled | Self::PrimaryBehind(Way::Pooler))
    }

    /// Whether a proxy stands before both servers.
    pub(crate) fn needs_proxy(&self) -> bool {
        matches!(self, Self::PrimaryBehind(Way::Proxy))
    }

    /// Whether what was stored may be gone afterwards: then messages are lost and answers repeated, whatever the bot does.
    pub(crate) fn loses_what_was_stored(&self) -> bool {
        matches!(self, Self::Failover)
    }

    /// Whether an answer of the model may go astray on its way to the bot: then it is asked again.
    pub(crate) fn loses_answers(&self) -> bool {
        matches!(self, Self::Unreached(Neighbour::Model))
    }

    /// Whether an export may end in a sentence, for want of room for its file.
    pub(crate) fn leaves_no_room(&self) -> bool {
        matches!(self, Self::MachineFull)
    }

    /// The most calls that the bot may make although Telegram has asked it to wait. Those that are under way when Telegram
    /// says so cannot be taken back.
    pub(crate) fn most_calls_inside_waits(&self) -> usize {
        if matches!(self, Self::Flood(_)) { 5 } else { usize::MAX }
    }

    /// The catalogue of models, where one is not enough.
    pub(crate) fn catalogue(&self) -> Option<&'static str> {
        matches!(self, Self::FirstModelOut).then_some(TWO_MODELS)
    }

    /// Whether it has to begin before anything is stored.
    pub(crate) fn needs_empty_tables(&self) -> bool {
        matches!(self, Self::DiskFull)
    }

    /// Whether a question may end in a sentence of this class (`turns.failure`) instead of an answer.
    pub(crate) fn allows(&self, class: &str) -> bool {
        match self {
            // What is in work at three kills.
            Self::Kill | Self::KillAt(_) | Self::LeaderLost(_) | Self::MachineLost | Self::Announced(_) => {
                class == "crashed"
            }
            Self::Heard(..) => class == "hearing_unreachable",
            Self::Answers(..) | Self::ModelOut | Self::Unreached(Neighbour::Model) => class != "crashed",
            Self::Mixture(lists) => lists.iter().flatten().any(|fault| fault.allows(class)),
            _ => false,
        }
    }

    /// How long the model takes at most: the more is in work when the servers change, the more may go astray.
    pub(crate) fn slowest_answer(&self) -> Duration {
        Duration::from_millis(if self.loses_what_was_stored() { 4000 } else { 300 })
    }

    /// Settings that turn minutes into seconds.
    pub(crate) fn settings(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Heard(..) => &[("TRANSCRIBE_TIMEOUT", "1")],
            Self::Spoken(..) | Self::KillAt("spoken") => SPEAKING,
            Self::Answers(..) | Self::Mixture(_) | Self::Unreached(Neighbour::Model) => {
                &[("LLM_TIMEOUT", "1")]
            }
            Self::Unreached(_) => &[("METRICS_ADDR", "127.0.0.1:0")],
            Self::Flood(_) => &[("TELEGRAM_RATE", "30"), ("WORKERS", "128")],
            Self::KillAt("shown") => &[("LIVE_ANSWERS", "edit")],
            Self::FirstModelOut => &[("SHORT_WAITS", "rest=0.5")],
            Self::Announced(_) => told::SETTINGS,
            // No figure is kept for the next look.
            Self::ConsoleBusy(_) => {
                &[("CONSOLE_ADDR", "127.0.0.1:0"), ("SHORT_WAITS", "quiet=0 later=0.2 figures=0")]
            }
            _ => &[],
        }
    }

    /// Whether answers are spoken.
    pub(crate) fn needs_voices(&self) -> bool {
        self.settings() == SPEAKING
    }

    /// Whether there is an owner, who announces things.
    pub(crate) fn announces(&self) -> bool {
        matches!(self, Self::Announced(_))
    }
}
