//! Why the model ended, in every endpoint's word.
//!
//! Good ends are listed, and an unknown word means trouble. A list of bad ones would store half a sentence as a whole answer
//! for each word that is not on it (`error`, `abort`, `insufficient_system_resource`, `network_error`, …), and nobody would
//! learn of it. An end that is unknown but good costs a failure that names the word in the log.

/// What an end means for the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It is whole.
    Whole,
    /// The limit of tokens cut it.
    Cut,
    /// The model, or a filter, would not answer.
    Refused,
    /// Something broke.
    Broken,
}

/// The model had nothing more to say. (Calls of tools are here because none are offered: what text there is, is all.)
const WHOLE: &[&str] = &[
    "stop",
    "stop_sequence",
    "stop_token",
    "end",
    "end_turn",
    "end_of_turn",
    "end_of_text",
    "eos",
    "eos_token",
    "eot",
    "complete",
    "completed",
    "done",
    "finish",
    "finished",
    "normal",
    "success",
    "tool_calls",
    "tool_call",
    "tool_use",
    "function_call",
];
/// OpenAI, Ollama, vLLM: length; Anthropic, Bedrock, Gemini: max_tokens; Mistral: model_length; Responses: the next two.
const CUT: &[&str] = &[
    "length",
    "max_tokens",
    "max_output_tokens",
    "incomplete",
    "max_completion_tokens",
    "max_new_tokens",
    "max_length",
    "model_length",
    "length_limit",
    "token_limit",
    "model_context_window_exceeded",
    "context_window_exceeded",
    "context_length_exceeded",
];
/// OpenAI, Azure: content_filter; Gemini: safety to spii; Anthropic: refusal; Bedrock: guardrail; Zhipu: sensitive.
const REFUSED: &[&str] = &[
    "content_filter",
    "content_filtered",
    "contentfilter",
    "safety",
    "image_safety",
    "prohibited_content",
    "recitation",
    "blocklist",
    "spii",
    "refusal",
    "refused",
    "guardrail_intervened",
    "guardrail",
    "sensitive",
    "moderation",
    "flagged",
    "blocked",
];

/// The reason that was named for the end of an answer. Some endpoints name one with every piece, so one that comes with words
/// may not be the last.
#[derive(Default)]
pub(super) struct Reason {
    /// The reason, if no words came after it.
    pub(super) word: Option<String>,
    /// It came with words.
    with_words: bool,
    /// Words did come after a reason.
    premature: bool,
}

impl Reason {
    /// Takes a piece with this reason, and perhaps words.
    pub(super) fn take(&mut self, word: Option<String>, with_words: bool) {
        if with_words {
            self.premature |= self.word.is_some();
            self.word = None;
        }
        if word.is_some() {
            self.word = word;
            self.with_words = with_words;
        }
    }

    /// Nothing can follow it.
    pub(super) fn is_sure(&self) -> bool {
        self.word.is_some() && !self.with_words && !self.premature
    }

    /// As far as is known, nothing follows it.
    pub(super) fn is_likely(&self) -> bool {
        self.word.is_some() && !self.premature
    }
}

/// Whether a field says that there is an end at all: some endpoints send these with every piece.
pub(super) fn is_end(reason: &str) -> bool {
    !matches!(normal(reason).as_str(), "" | "null" | "none" | "finish_reason_unspecified" | "unspecified")
}

pub(super) fn end(reason: &str) -> End {
    let reason = normal(reason);
    let is_in = |list: &[&str]| list.contains(&reason.as_str());
    if is_in(WHOLE) {
        End::Whole
    } else if is_in(CUT) {
        End::Cut
    } else if is_in(REFUSED) {
        End::Refused
    } else {
        End::Broken
    }
}

/// `FinishReason.MAX_TOKENS` and `max-tokens` are one word.
fn normal(reason: &str) -> String {
    let reason = reason.replace('\u{fffd}', "").trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let word = reason.strip_prefix("finishreason.").or_else(|| reason.strip_prefix("finish_reason_"));
    word.map_or(reason.clone(), |word| if word == "unspecified" { reason.clone() } else { word.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_good_only_if_it_is_known_to_be() {
        for (reason, expected) in [
            ("stop", End::Whole),
            ("STOP", End::Whole),
            ("FinishReason.STOP", End::Whole),
            ("end_turn", End::Whole),
            ("eos", End::Whole),
            ("length", End::Cut),
            ("MAX_TOKENS", End::Cut),
            ("FINISH_REASON_MAX_TOKENS", End::Cut),
            ("max-tokens", End::Cut),
            ("content_filter", End::Refused),
            ("PROHIBITED_CONTENT", End::Refused),
            ("guardrail_intervened", End::Refused),
            ("error", End::Broken),
            ("abort", End::Broken),
            ("insufficient_system_resource", End::Broken),
            ("network_error", End::Broken),
            ("MALFORMED_FUNCTION_CALL", End::Broken),
            ("a word of tomorrow", End::Broken),
        ] {
            assert_eq!(end(reason), expected, "{reason}");
            assert!(is_end(reason), "{reason}");
        }
        for none in ["", " ", "null", "None", "FINISH_REASON_UNSPECIFIED"] {
            assert!(!is_end(none), "{none}");
        }
    }
}
