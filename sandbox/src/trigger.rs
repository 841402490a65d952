//! When a rule applies: the nth match, so many times, with a chance. And the seeded randomness behind the chance.

/// A small deterministic generator (SplitMix64): the same seed gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// Counts the matches of a rule and says for each whether the rule applies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trigger {
    /// So many matches pass before the rule applies.
    pub(crate) skip: u64,
    /// How often it applies; `None`: always.
    pub(crate) times: Option<u64>,
    /// Applies to so many in a million matches.
    pub(crate) chance: Option<(u64, Rng)>,
}

impl Trigger {
    pub(crate) fn fires(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if self.times == Some(0) {
            return false;
        }
        if let Some((per_million, rng)) = &mut self.chance
            && rng.below(1_000_000) >= *per_million
        {
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        true
    }
}

/// A probability from 0 to 1 as parts per million.
pub(crate) fn per_million(probability: f64) -> u64 {
    assert!((0.0..=1.0).contains(&probability), "a probability lies between 0 and 1, not {probability}");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be within 0..=1")]
    let parts = (probability * 1e6) as u64;
    parts
}
