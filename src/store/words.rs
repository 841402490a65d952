//! Columns that hold one of a few words: as types here, as text in PostgreSQL, so that people read them in psql.

use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;

use crate::domain::admission::State;
use crate::domain::alert::Kind;
use crate::domain::speech::Spoken;
use crate::domain::usage::Purpose;

/// A type whose values are words of a column: `ALL` of them, each `as_str`. A word that is none of them is an error, never
/// another one's meaning.
macro_rules! stored {
    ($name:ty) => {
        impl ToSql<Text, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(self.as_str().as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl FromSql<Text, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                let word = |known: &&Self| known.as_str().as_bytes() == value.as_bytes();
                let known = Self::ALL.iter().find(word).copied();
                known.ok_or_else(|| concat!("not a known ", stringify!($name)).into())
            }
        }
    };
}

/// An enum of the store's own whose values are words of a column.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $value:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        pub enum $name {
            $($(#[$word_doc])* $value),+
        }

        impl $name {
            const ALL: &[Self] = &[$(Self::$value),+];

            /// The one with this word. `None`: a version that came later wrote it.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().find(|known| known.as_str() == word).copied()
            }

            /// As the column has it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word),+
                }
            }
        }

        stored!($name);
    };
}

stored!(State);
stored!(Purpose);
stored!(Kind);
stored!(Spoken);

words! {
    /// `decisions.means`
    Means {
        /// A button in Telegram.
        Button = "button",
        /// `systech-aidd people` and `systech-aidd owner`.
        CommandLine = "command line",
        /// A page of the console.
        Console = "console",
        /// /claim.
        Code = "code",
        /// Nobody decided in time.
        Time = "time",
    }
}

words! {
    /// `reply_parts.state`
    PartState {
        /// Telegram has yet to take it.
        Unsent = "unsent",
        /// Telegram took it.
        Sent = "sent",
        /// It will not be sent any more.
        Abandoned = "abandoned",
    }
}

words! {
    /// `reply_parts.op`
    PartOp {
        /// A message of its own.
        Send = "send",
        /// It takes the place of a message of the bot's.
        Edit = "edit",
        /// A message of the bot's is taken away.
        Delete = "delete",
        /// A file.
        Document = "document",
    }
}

words! {
    /// `reply_parts.form`
    PartForm {
        /// Text with entities.
        Text = "text",
        /// Typed blocks.
        Rich = "rich",
    }
}

words! {
    /// `turns.state`
    TurnState {
        /// The model answered.
        Answered = "answered",
        /// Its user stopped it.
        Stopped = "stopped",
        /// There is no answer.
        Failed = "failed",
        /// The model would not answer.
        Refused = "refused",
    }
}

words! {
    /// `model_calls.cost_source`
    CostSource {
        /// The endpoint said so.
        Endpoint = "endpoint",
        /// It is the price of the model for what it was given and gave.
        Price = "price",
    }
}

words! {
    /// `announcements.state`
    AnnouncementState {
        /// Shown to its owner.
        Draft = "draft",
        /// It is being sent.
        Running = "running",
        /// Its owner wants no more of it to be sent.
        Stopped = "stopped",
        /// Everybody has it.
        Done = "done",
    }
}

words! {
    /// `announcement_recipients.state`
    RecipientState {
        /// It is not in the outbox yet.
        Waiting = "waiting",
        /// It is in the outbox.
        Released = "released",
        /// Telegram took it.
        Sent = "sent",
        /// Telegram refused it for good.
        Failed = "failed",
        /// The person is blocked or unsubscribed meanwhile.
        LeftOut = "left_out",
    }
}
