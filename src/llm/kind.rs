//! Endpoints that take more than the others do, and want it in fields of their own. Unknown fields are refused by some servers,
//! so nobody else gets them.

use serde_json::json;

use super::ask::Ask;
use super::fields::Body;
use crate::domain::catalogue::Effort;

/// What an endpoint is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// openrouter.ai, and what speaks like it.
    OpenRouter,
    /// api.openai.com, and what speaks like it.
    OpenAi,
    /// Any other one.
    Other,
}

impl Kind {
    /// All, for the catalogue.
    pub const ALL: [Self; 3] = [Self::OpenRouter, Self::OpenAi, Self::Other];

    /// As the catalogue names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenRouter => "openrouter",
            Self::OpenAi => "openai",
            Self::Other => "other",
        }
    }

    /// Told by the host.
    pub fn of(host: &str) -> Self {
        let is =
            |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'));
        match host {
            _ if is("openrouter.ai") => Self::OpenRouter,
            _ if is("openai.com") || is("openai.azure.com") => Self::OpenAi,
            _ => Self::Other,
        }
    }

    /// Adds who asks, in which conversation, how much is to be thought, who may stand in, and what may become of
    /// the words.
    pub(super) fn add(self, ask: &Ask<'_>, private: bool, body: &mut Body) {
        let mut put = |name: &str, value: serde_json::Value| drop(body.insert(name.to_owned(), value));
        match (self, ask.effort) {
            (_, None) => {}
            (Self::OpenRouter, Some(Effort::Max)) => put("reasoning", json!({"effort": "xhigh"})),
            (Self::OpenRouter, Some(effort)) => put("reasoning", json!({"effort": effort.as_str()})),
            (Self::OpenAi, Some(Effort::Max)) => put("reasoning_effort", json!("xhigh")),
            (Self::OpenAi | Self::Other, Some(effort)) => put("reasoning_effort", json!(effort.as_str())),
        }
        // The asker is a keyed hash: a block by the provider's policy then hits one person, and not the whole account.
        let (asker, conversation) = match self {
            Self::OpenRouter => ("user", "session_id"),
            Self::OpenAi => ("safety_identifier", "prompt_cache_key"),
            Self::Other => return,
        };
        if let Some(hash) = ask.asker {
            put(asker, json!(hash));
        }
        if let Some(hash) = ask.conversation {
            put(conversation, json!(hash));
        }
        if self == Self::OpenRouter && !ask.stand_ins.is_empty() {
            put("models", json!(ask.stand_ins));
        }
        if self == Self::OpenRouter && private {
            put("provider", json!({"data_collection": "deny", "zdr": true}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(kind: Kind, effort: Option<Effort>, private: bool) -> serde_json::Value {
        let mut body = Body::new();
        let ask = Ask {
            messages: &[],
            effort,
            asker: Some("who"),
            conversation: Some("which"),
            stand_ins: if private { &["b", "c"] } else { &[] },
            ..Ask::from(&[][..])
        };
        kind.add(&ask, private, &mut body);
        json!(body)
    }

    #[test]
    fn each_endpoint_gets_its_own_fields_and_an_unknown_one_none_of_them() {
        let openrouter = json!({
            "reasoning": {"effort": "low"}, "user": "who", "session_id": "which",
            "models": ["b", "c"], "provider": {"data_collection": "deny", "zdr": true},
        });
        assert_eq!(added(Kind::OpenRouter, Some(Effort::Low), true), openrouter);
        assert_eq!(added(Kind::OpenRouter, None, false), json!({"user": "who", "session_id": "which"}));
        let openai =
            json!({"reasoning_effort": "xhigh", "safety_identifier": "who", "prompt_cache_key": "which"});
        assert_eq!(added(Kind::OpenAi, Some(Effort::Max), true), openai);
        assert_eq!(added(Kind::Other, Some(Effort::None), true), json!({"reasoning_effort": "none"}));
        assert_eq!(added(Kind::Other, None, true), json!({}));
    }

    #[test]
    fn an_endpoint_is_told_by_its_host_and_not_by_a_part_of_it() {
        for (host, kind) in [
            ("openrouter.ai", Kind::OpenRouter),
            ("eu.openrouter.ai", Kind::OpenRouter),
            ("notopenrouter.ai", Kind::Other),
            ("openrouter.ai.example", Kind::Other),
            ("api.openai.com", Kind::OpenAi),
            ("ours.openai.azure.com", Kind::OpenAi),
            ("127.0.0.1", Kind::Other),
        ] {
            assert_eq!(Kind::of(host), kind, "{host}");
        }
    }
}
