//! What this endpoint wants of a request to this model, learnt from its refusals.
//!
//! Names and limits of fields differ by endpoint and by model, and nobody publishes them for programs. So a refusal that
//! names a field is answered by asking at once in another way, and the way is remembered for as long as the process lives:
//! a server that was changed meanwhile is found out at the next start, at the price of one refusal. Each change makes the
//! request another one, and none is ever taken back, so that this ends.

use std::collections::BTreeSet;

use serde_json::json;

use super::complaint::Complaint;
use super::fields::{Body, Limit};
use super::words;

/// More tokens than this, answers may always have: some endpoints want no fewer.
const LEAST_TOKENS: u64 = 16;

/// How to ask.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Learnt {
    limit: Limit,
    /// The limit of tokens that the endpoint takes, where it is not that of the settings.
    tokens: Option<u64>,
    /// Limits that were refused.
    tried: BTreeSet<u64>,
    left_out: BTreeSet<String>,
    unstreamed: bool,
    /// Instructions stand in the first question.
    pub(super) no_system: bool,
    /// The model marks only the end of its thoughts.
    pub(super) thinks_first: bool,
}

/// What endpoints call it in their sentences.
const LIMIT_NAMES: &[&str] = &[
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "maxoutputtokens",
    "maxtokens",
    "max_tokens_to_sample",
    "num_predict",
];

impl Learnt {
    /// Changes a request accordingly.
    pub(super) fn apply(&self, body: &mut Body) {
        if let Some(mut limit) = body.remove(Limit::MaxTokens.name()) {
            if let Some(tokens) = self.tokens {
                limit = json!(tokens);
            }
            if self.limit != Limit::Absent {
                body.entry(self.limit.name()).or_insert(limit);
            }
        }
        if self.unstreamed {
            body.insert("stream".to_owned(), json!(false));
            body.remove("stream_options");
        }
        body.retain(|name, _| !self.left_out.contains(name));
    }

    /// What to change after this refusal of this request, and what is to be said about it. `None`: nothing can be.
    pub(super) fn after(&self, complaint: &Complaint, body: &Body) -> Option<(Self, String)> {
        let mut next = self.clone();
        let what = if complaint.is_too_long() {
            next.make_room(complaint, body)?
        } else if is_about_the_request(complaint) {
            next.change(complaint, body)?
        } else {
            return None;
        };
        // Whatever the endpoint said, the same request would be refused again.
        let mut changed = body.clone();
        next.apply(&mut changed);
        (changed != *body || next.no_system != self.no_system).then_some((next, what))
    }

    fn change(&mut self, complaint: &Complaint, body: &Body) -> Option<String> {
        let mut said = Vec::new();
        for name in named(complaint, body) {
            match name.as_str() {
                "max_tokens" | "max_completion_tokens" => said.extend(self.change_limit(complaint, body)),
                "stream" if body.get("stream") == Some(&json!(true)) => {
                    self.unstreamed = true;
                    said.push("`stream`: asked again for the whole answer at once".to_owned());
                }
                name => {
                    self.left_out.insert(name.to_owned());
                    said.push(format!("`{name}`: asked again without it"));
                }
            }
        }
        let no_system = complaint.says(words::NO_SYSTEM) || complaint.named.iter().any(|name| is_role(name));
        if said.is_empty() && no_system && !self.no_system {
            self.no_system = true;
            said.push(
                "the role `system`: asked again with the instructions in the first question".to_owned(),
            );
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Another name for the limit of tokens, another value, or no limit.
    fn change_limit(&mut self, complaint: &Complaint, body: &Body) -> Option<String> {
        let (name, current) = limit_of(body)?;
        let other = Limit::MaxCompletionTokens.name();
        let unsupported = complaint.says(words::UNSUPPORTED)
            || (name != other && complaint.says(&["use 'max_completion", "use `max_completion"]));
        if !unsupported && let Some(tokens) = current.and_then(|current| other_value(complaint, current)) {
            self.tried.extend(current);
            if !self.tried.contains(&tokens) {
                self.tokens = Some(tokens);
                return Some(format!("`{name}`: asked again with {tokens}"));
            }
        }
        if name == other || self.limit == Limit::MaxCompletionTokens {
            self.limit = Limit::Absent;
            self.left_out.insert(name.to_owned());
            return Some(format!("`{name}`: asked again without it"));
        }
        self.limit = Limit::MaxCompletionTokens;
        Some(format!("`{name}`: asked again with `{other}`"))
    }

    /// A model whose window is not much larger than the limit of tokens leaves no room for a prompt. Endpoints that count the
    /// answer say so.
    fn make_room(&mut self, complaint: &Complaint, body: &Body) -> Option<String> {
        let (name, current) = limit_of(body)?;
        let current = current?;
        let window = window(&complaint.words)?;
        let tokens = window / 4;
        let counts_answer = complaint.says(&["completion", "output", "max_tokens", "max_new_tokens"]);
        let total = numbers(&complaint.words).filter(|number| *number != window).max().unwrap_or(0);
        let fits = total.saturating_sub(current) < window / 4 * 3;
        if !counts_answer || !fits || current <= window / 2 || tokens < LEAST_TOKENS {
            return None;
        }
        self.tokens = Some(tokens);
        Some(format!("`{name}`, which leaves no room in its {window} tokens: asked again with {tokens}"))
    }
}

/// Whether the endpoint says that something is wrong with the request, and not with the key, the account or itself.
fn is_about_the_request(complaint: &Complaint) -> bool {
    match complaint.status {
        400 | 404 | 405 | 406 | 415 | 422 | 501 => true,
        // Servers in Python fall over a field that they do not know.
        500 => complaint.says(words::UNSUPPORTED) || complaint.says(words::NO_SYSTEM),
        _ => false,
    }
}

/// The fields of the request that the endpoint names; what every request needs is not among them.
fn named(complaint: &Complaint, body: &Body) -> BTreeSet<String> {
    let fields = || body.keys().map(String::as_str).filter(|name| !matches!(*name, "model" | "messages"));
    let limit = || fields().find(|name| LIMIT_NAMES.contains(name));
    let of_name = |name: &String| {
        name.split(['.', '[', '/']).find_map(|step| {
            let is_limit = LIMIT_NAMES.contains(&step.to_ascii_lowercase().as_str());
            fields().find(|field| *field == step).or_else(|| limit().filter(|_| is_limit)).map(str::to_owned)
        })
    };
    if complaint.named.iter().any(|name| name.starts_with("messages")) {
        return BTreeSet::new();
    }
    let by_name: BTreeSet<_> = complaint.named.iter().filter_map(of_name).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    let is_meant = |field: &str| {
        is_said(field, &complaint.words)
            || (LIMIT_NAMES.contains(&field)
                && LIMIT_NAMES.iter().any(|name| is_said(name, &complaint.words)))
    };
    fields().filter(|field| is_meant(field)).map(str::to_owned).collect()
}

/// Whether a sentence names a field: a word that is nothing but a field's name, or one that is marked as such.
fn is_said(field: &str, words: &str) -> bool {
    let field = &field.to_lowercase();
    let telling = field.contains('_') || field == "temperature";
    words.match_indices(field).any(|(at, _)| {
        let before = words[..at].trim_end();
        let (left, right) = (words[..at].chars().next_back(), words[at + field.len()..].chars().next());
        let of_word = |c: char| c.is_alphanumeric() || c == '_';
        let alone = !left.is_some_and(of_word) && !right.is_some_and(of_word);
        let quoted = left.is_some_and(|c| "'\"`".contains(c)) && right.is_some_and(|c| "'\"`".contains(c));
        let introduced = ["parameter", "parameter:", "argument", "argument:", "field", "field:"]
            .iter()
            .any(|word| before.ends_with(word));
        alone && (telling || quoted || introduced)
    })
}

/// `messages[0].role`
fn is_role(name: &str) -> bool {
    name.starts_with("messages") && name.ends_with("role")
}

/// The name and the value of the limit in a request.
fn limit_of(body: &Body) -> Option<(&'static str, Option<u64>)> {
    let limit = [Limit::MaxTokens, Limit::MaxCompletionTokens]
        .into_iter()
        .find(|limit| body.contains_key(limit.name()))?;
    Some((limit.name(), body[limit.name()].as_u64()))
}

/// The value that an endpoint wants instead of `current`, as far as its sentence tells.
fn other_value(complaint: &Complaint, current: u64) -> Option<u64> {
    let status = u64::from(complaint.status);
    let numbers = || numbers(&complaint.words).filter(move |n| *n != current && *n != status);
    if let Some(most) = numbers().filter(|n| *n < current && *n >= LEAST_TOKENS).max() {
        return Some(most);
    }
    if let Some(least) = numbers().filter(|n| *n > current).min() {
        return Some(least);
    }
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| complaint.words.contains(phrase));
    if says(&["too large", "too high", "too big", "exceed", "maximum", "at most", "less than"]) {
        return Some(current / 2).filter(|half| *half >= LEAST_TOKENS);
    }
    let too_few = says(&["too small", "too low", "minimum", "at least", "greater than", "fewer", "below"]);
    (too_few && current < LEAST_TOKENS).then_some(LEAST_TOKENS)
}

/// How many tokens a model can read and write, where the endpoint says so.
fn window(words: &str) -> Option<u64> {
    const PHRASES: &[&str] = &[
        "maximum context length is ",
        "context length of only ",
        "context length of ",
        "context length is ",
        "context limit: ",
        "context window of ",
        "context window limit (",
        "context limit of ",
        "must be <= ",
        "maximum model length of ",
        "context length: ",
    ];
    PHRASES.iter().find_map(|phrase| {
        let rest = &words[words.find(phrase)? + phrase.len()..];
        // Anthropic: "190000 + 20000 > 200000"
        let line = rest.lines().next()?;
        let rest =
            line.split_once(" > ").filter(|_| *phrase == "context limit: ").map_or(rest, |(_, limit)| limit);
        numbers(rest).next()
    })
}

/// The whole numbers in a text that stand by themselves; those in names of models do not.
fn numbers(words: &str) -> impl Iterator<Item = u64> {
    words.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '/'))).filter_map(
        |word| {
            let word = word.trim_matches(['.', ',', '-']);
            word.replace(',', "").parse().ok()
        },
    )
}

#[cfg(test)]
mod tests;
