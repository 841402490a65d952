//! RATE_LIMIT: how many questions a person may ask in any hour.

use std::str::FromStr;

/// What holds where anybody may use the bot and nobody set a limit: enough for people, too little to empty a key.
pub const OPEN: u32 = 60;

/// RATE_LIMIT
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum RateLimit {
    /// Nobody set it.
    #[default]
    Unset,
    /// `off`: as many as people like.
    Off,
    /// So many in any hour.
    Of(u32),
}

impl RateLimit {
    /// The limit that holds; `open`: anybody may use the bot.
    pub fn limit(self, open: bool) -> Option<u32> {
        match self {
            Self::Unset => open.then_some(OPEN),
            Self::Off => None,
            Self::Of(limit) => Some(limit),
        }
    }
}

impl FromStr for RateLimit {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" { Ok(Self::Off) } else { text.parse().map(Self::Of) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_where_it_is_set_or_where_anybody_may_ask() {
        for (limit, closed, open) in [
            (RateLimit::Unset, None, Some(OPEN)),
            (RateLimit::Off, None, None),
            (RateLimit::Of(7), Some(7), Some(7)),
        ] {
            assert_eq!((limit.limit(false), limit.limit(true)), (closed, open), "{limit:?}");
        }
        assert_eq!(("off".parse(), "7".parse()), (Ok(RateLimit::Off), Ok(RateLimit::Of(7))));
        assert!("none".parse::<RateLimit>().is_err());
    }
}
