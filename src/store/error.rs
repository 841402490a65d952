//! Why a query did not happen.

/// Why a query did not happen.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had or the connection broke: worth another try.
    #[error("the database is unreachable: {0}")]
    Unreachable(String),
    /// The server takes no writes, and none was found that does: worth another try.
    #[error("the database takes no writes: it is a standby, or was told to be read-only")]
    ReadOnly,
    /// The database refused the statement. The error names no values.
    #[error("the database refused a statement: {0}")]
    Refused(String),
    /// The database is on another server than the one that this work was read from ([`super::Store::on_one_server`]).
    #[error("the database is on another server now; what was read from the former one is not written to it")]
    ServerChanged,
    /// Another instance leads now ([`super::lease`]): nothing of this one is written any more.
    #[error("another instance leads now; what this one had in work is left to it")]
    LeaseLost,
}

impl StoreError {
    /// Whether the log has a line of it: one tells of an outage, whoever notices it.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// The error without its details: those quote values, and values are people's messages.
pub(super) fn plain(error: &diesel::result::Error) -> String {
    match error {
        diesel::result::Error::DatabaseError(_, info) => info.message().to_owned(),
        other => other.to_string(),
    }
}
