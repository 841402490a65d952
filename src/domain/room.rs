//! The room on a disk.

/// Of a disk less than this part is free, and less than this in bytes, when it is nearly full: a twentieth of a large disk is
/// still a lot.
const LEAST_PART: u64 = 20;
const LEAST_BYTES: u64 = 10_000_000_000;

/// How much of a disk is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Bytes that may be written still.
    pub free: u64,
    /// Bytes that it has.
    pub of: u64,
}

impl Room {
    /// Whether the disk is nearly full.
    pub fn is_low(self) -> bool {
        self.free < LEAST_BYTES && self.free < self.of / LEAST_PART
    }

    /// What is free, in gigabytes with one decimal place.
    pub fn gigabytes(self) -> String {
        format!("{}.{}", self.free / 1_000_000_000, self.free / 100_000_000 % 10)
    }

    /// What is free, in percent, rounded down.
    pub fn percent(self) -> u64 {
        self.free.saturating_mul(100).checked_div(self.of).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_below_a_twentieth_and_ten_gigabytes() {
        let gigabytes = |free: u64, of: u64| Room { free: free * 1_000_000_000, of: of * 1_000_000_000 };
        for (room, expected) in [
            (gigabytes(0, 20), true),
            (gigabytes(1, 20), false),
            (gigabytes(9, 200), true),
            (gigabytes(10, 1000), false),
            (gigabytes(9, 10_000), true),
            (Room { free: 0, of: 0 }, false),
        ] {
            assert_eq!(room.is_low(), expected, "{room:?}");
        }
        let room = Room { free: 1_990_000_000, of: 50_000_000_000 };
        assert_eq!((room.gigabytes().as_str(), room.percent()), ("1.9", 3));
        assert_eq!(Room { free: 7, of: 0 }.percent(), 0);
    }
}
