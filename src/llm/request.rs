//! What is asked: the settings, as this endpoint and model take them.

use serde_json::{Value, json};

use super::ask::{Ask, Content, Message, Part};
use super::fields::{Body, Limit};
use super::learnt::Learnt;
use super::settings::Settings;

/// Puts a request together. LLM_EXTRA_BODY has the word over the settings, and what was learnt over both.
pub(super) fn body(settings: &Settings, learnt: &Learnt, ask: &Ask<'_>) -> Body {
    let messages = ask.messages;
    let mut body = Body::new();
    body.insert("model".to_owned(), json!(settings.model));
    body.insert(
        "messages".to_owned(),
        json!(if learnt.no_system { folded(messages) } else { plain(messages) }),
    );
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    body.insert("temperature".to_owned(), json!(settings.temperature));
    body.insert(Limit::MaxTokens.name().to_owned(), json!(settings.max_tokens));
    settings.kind.add(ask, settings.private, &mut body);
    for (name, value) in &settings.extra {
        if value.is_null() {
            body.remove(name);
        } else {
            body.insert(name.clone(), value.clone());
        }
    }
    learnt.apply(&mut body);
    body
}

fn plain(messages: &[Message<'_>]) -> Vec<Value> {
    messages.iter().map(|message| json!(message)).collect()
}

/// The instructions at the head of the first question, for templates that know two roles.
fn folded(messages: &[Message<'_>]) -> Vec<Value> {
    let Some((Message { role: "system", content: Content::Text(instructions) }, rest)) =
        messages.split_first()
    else {
        return plain(messages);
    };
    let mut rest = plain(rest);
    match rest.first_mut().map(|first| &mut first["content"]) {
        Some(Value::String(question)) => *question = format!("{instructions}\n\n{question}"),
        Some(Value::Array(parts)) => parts.insert(0, json!(Part::Text(instructions))),
        _ => {}
    }
    rest
}

/// The address of `path` at the endpoint. What follows a `?` in LLM_BASE_URL (`api-version=…`) stays behind it.
pub(super) fn address(base_url: &str, path: &str) -> String {
    let base = base_url.split_once('#').map_or(base_url, |(base, _)| base);
    let (base, query) = base.split_once('?').map_or((base, None), |(base, query)| (base, Some(query)));
    let base = base.trim_end_matches('/').trim_end_matches("/chat/completions");
    match query {
        Some(query) => format!("{base}/{path}?{query}"),
        None => format!("{base}/{path}"),
    }
}

/// The host of a base URL, without a user name or a key in it.
pub fn host(base_url: &str) -> String {
    let host = reqwest::Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::ask::Picture;

    #[test]
    fn a_query_in_the_base_url_stays_a_query() {
        for (base, expected) in [
            ("https://h/v1", "https://h/v1/models"),
            ("https://h/v1/", "https://h/v1/models"),
            ("https://h/v1?api-version=1", "https://h/v1/models?api-version=1"),
            ("https://h/v1/?api-version=1&a=b/", "https://h/v1/models?api-version=1&a=b/"),
            ("https://h/v1#part", "https://h/v1/models"),
            ("https://h/v1/chat/completions", "https://h/v1/models"),
        ] {
            assert_eq!(address(base, "models"), expected);
        }
    }

    #[test]
    fn instructions_are_folded_into_the_first_question() {
        let message = |role, content: &'static str| Message { role, content: content.into() };
        let messages = [
            message("system", "be kind"),
            message("user", "a"),
            message("assistant", "b"),
            message("user", "c"),
        ];
        let folded = folded(&messages);
        assert_eq!(folded.len(), 3);
        assert_eq!(folded[0], json!({"role": "user", "content": "be kind\n\na"}));
        assert_eq!(folded[2], json!({"role": "user", "content": "c"}));
        assert_eq!(super::folded(&messages[1..]), plain(&messages[1..]));
        let picture = Picture { mime: "image/png".to_owned(), bytes: b"png".to_vec() };
        let parts = Content::Parts(vec![Part::Picture(&picture), Part::Text("what is it?")]);
        let shown = [message("system", "be kind"), Message { role: "user", content: parts }];
        let content = &super::folded(&shown)[0]["content"];
        let url = json!({"url": "data:image/png;base64,cG5n"});
        let expected = json!([
            {"type": "text", "text": "be kind"}, {"type": "image_url", "image_url": url},
            {"type": "text", "text": "what is it?"},
        ]);
        assert_eq!(*content, expected);
    }
}
