//! Models that an endpoint itself asks in another one's place (OpenRouter's `models`), and which of them an answer is from.

use std::cmp::Reverse;

use super::kind::Kind;
use super::settings::Settings;

/// So many stand-ins OpenRouter takes; a longer list is refused as a whole.
pub const MOST: usize = 3;

/// Whether the endpoint can ask the other model in this one's place: it is one that does so, and has both; and what else is
/// asked is the same for both.
pub(super) fn can_stand_in(one: &Settings, other: &Settings) -> bool {
    one.kind == Kind::OpenRouter
        && one.endpoint == other.endpoint
        && one.max_tokens == other.max_tokens
        && one.temperature.to_bits() == other.temperature.to_bits()
        && one.extra == other.extra
}

/// The place of the model that wrote an answer, among those that were asked for, by the name that came with the answer.
/// Endpoints name a version of what was asked for (`gpt-5-mini-2025-08-07`, or what `~…-latest` stands for today): where no
/// name fits, it is the first.
pub fn who_wrote(asked: &[&str], answered: &str) -> usize {
    let fitting = asked.iter().enumerate().filter_map(|(place, name)| {
        let fits = if name.starts_with('~') {
            stands_for(name, answered)
        } else {
            stem(answered).starts_with(stem(name))
        };
        fits.then_some((stem(name).len(), Reverse(place)))
    });
    fitting.max().map_or(0, |(_, Reverse(place))| place)
}

/// Whether `~openai/gpt-luna-latest` may stand for `openai/gpt-6-luna` today: all its words are there, in their order.
fn stands_for(alias: &str, answered: &str) -> bool {
    let mut words = answered.split(['/', '-']);
    stem(alias).split(['/', '-']).all(|word| words.any(|other| other == word))
}

/// The name without what an endpoint changes about it.
fn stem(name: &str) -> &str {
    let name = name.trim_start_matches('~');
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    name.strip_suffix("-latest").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_that_wrote_is_found_by_the_name_that_fits_best() {
        for (asked, answered, place) in [
            (&["a/one", "b/two"][..], "a/one", 0),
            (&["a/one", "b/two"], "b/two", 1),
            (&["a/one", "b/two"], "b/two-2026-08-07", 1),
            (&["a/one", "a/one-mini"], "a/one-mini-2026-08-07", 1),
            (&["a/one-mini", "a/one"], "a/one-mini", 0),
            (&["a/one-mini", "a/one"], "a/one-2026-08-07", 1),
            (&["~a/one-latest", "~b/two-latest"], "b/two-4.6", 1),
            (&["~a/one-latest", "~b/two-latest"], "a/one-4.6", 0),
            (&["~a/one-latest", "~openai/gpt-luna-latest"], "openai/gpt-6-luna", 1),
            (&["~openai/gpt-luna-latest", "openai/gpt-6"], "openai/gpt-6-luna", 0),
            (&["~openai/gpt-luna-latest", "openai/gpt-6-sol"], "openai/gpt-6-sol-2026-09-22", 1),
            (&["a/one:free", "a/one"], "a/one", 0),
            (&["a/one", "b/two"], "something else", 0),
            (&["a/one"], "", 0),
        ] {
            assert_eq!(who_wrote(asked, answered), place, "{asked:?} {answered}");
        }
    }
}
