//! What owners are told without asking.

use bigdecimal::BigDecimal;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

use crate::domain::budget::Term;
use crate::domain::room::Room;

/// `alerts.kind`
#[derive(Clone, Copy, PartialEq, Eq, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum Kind {
    /// So much of a budget of the bot is spent.
    Budget(Term, Share),
    /// A model fails again and again.
    Model,
    /// Questions wait for long.
    Waiting,
    /// A backup failed.
    Backup,
    /// A new version has changed the database.
    Migrated,
    /// The disk of the database is full, or nearly so.
    Disk,
}

/// Of a budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// Four fifths.
    Most,
    /// All of it.
    All,
}

impl Share {
    /// In percent.
    pub fn percent(self) -> u32 {
        match self {
            Self::Most => 80,
            Self::All => 100,
        }
    }

    /// How much of the budget that is, if so much is spent.
    pub fn reached(spent: &BigDecimal, limit: &BigDecimal) -> Option<Self> {
        let is_reached =
            |share: &Self| spent * BigDecimal::from(100) >= limit * BigDecimal::from(share.percent());
        [Self::All, Self::Most].into_iter().find(is_reached)
    }
}

impl Kind {
    /// All.
    pub const ALL: &[Self] = &[
        Self::Budget(Term::Day, Share::Most),
        Self::Budget(Term::Day, Share::All),
        Self::Budget(Term::Month, Share::Most),
        Self::Budget(Term::Month, Share::All),
        Self::Model,
        Self::Waiting,
        Self::Backup,
        Self::Migrated,
        Self::Disk,
    ];

    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget(Term::Day, Share::Most) => "budget_day_80",
            Self::Budget(Term::Day, Share::All) => "budget_day_100",
            Self::Budget(Term::Month, Share::Most) => "budget_month_80",
            Self::Budget(Term::Month, Share::All) => "budget_month_100",
            Self::Model => "model",
            Self::Waiting => "waiting",
            Self::Backup => "backup",
            Self::Migrated => "migrated",
            Self::Disk => "disk",
        }
    }

    /// The one that is written so.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// Since when owners must not have been told of it, to be told: since the hour before, or the beginning of the budget.
    pub fn again(self) -> Again {
        match self {
            Self::Budget(term, _) => Again::InNext(term),
            _ => Again::InAnHour,
        }
    }
}

/// When owners are told once more of what goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// An hour after they were told last.
    InAnHour,
    /// In the next day or month.
    InNext(Term),
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Alert {
    /// So much of a budget of the bot is spent.
    Budget {
        /// For how long it is.
        term: Term,
        /// How much of it.
        share: Share,
        /// US dollars.
        spent: BigDecimal,
        /// US dollars.
        limit: BigDecimal,
    },
    /// These models fail again and again.
    Model(Vec<String>),
    /// So many messages wait, the oldest of them for so many minutes.
    Waiting {
        /// Messages.
        messages: i64,
        /// Minutes.
        minutes: u64,
    },
    /// A backup failed.
    Backup,
    /// A new version has changed the database.
    Migrated,
    /// The disk of the database is nearly full. `None`: it had no room for a statement.
    Disk(Option<Room>),
}

impl Alert {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match *self {
            Self::Budget { term, share, .. } => Kind::Budget(term, share),
            Self::Model(_) => Kind::Model,
            Self::Waiting { .. } => Kind::Waiting,
            Self::Backup => Kind::Backup,
            Self::Migrated => Kind::Migrated,
            Self::Disk(_) => Kind::Disk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::of("other"), None);
    }

    #[test]
    fn a_share_is_reached_when_so_much_is_spent() {
        for (spent, limit, expected) in [
            ("0.79", "1", None),
            ("0.80", "1", Some(Share::Most)),
            ("0.999", "1", Some(Share::Most)),
            ("1", "1", Some(Share::All)),
            ("7", "1", Some(Share::All)),
        ] {
            assert_eq!(Share::reached(&spent.parse().unwrap(), &limit.parse().unwrap()), expected, "{spent}");
        }
    }
}
