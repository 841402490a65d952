//! The endpoint's list of models, where it has one.

use std::time::Duration;

use serde_json::Value;

use super::error::harmless;
use super::request;
use super::settings::Settings;
use crate::base::cancel::CancelToken;
use crate::base::http::Http;

/// The most that a list may weigh: one of every model there is has a few megabytes.
const LIST_LIMIT: usize = 16 << 20;
/// How long it may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(20);

/// What the endpoint's list says about the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Listed {
    /// It is there.
    Yes {
        /// The day after which the endpoint offers it no longer, if that is announced.
        ends: Option<String>,
        /// What it can read, in the endpoint's words, as far as the list says so.
        reads: Vec<String>,
    },
    /// It is not; these are most like it.
    No(Vec<String>),
    /// There is no list, or it is not for us.
    Unknown,
}

/// Looks the model of these settings up.
pub(super) fn listed(http: &Http, settings: &Settings) -> Listed {
    let mut request = http.client.get(request::address(&settings.base_url, "models"));
    request = request.headers(settings.headers.clone());
    if let Some(key) = &settings.key {
        request = request.bearer_auth(key.expose());
    }
    let fetched = http.wait(LIST_TIMEOUT, &CancelToken::new(), async {
        let mut response = request.send().await.ok()?.error_for_status().ok()?;
        let mut body = Vec::new();
        while body.len() < LIST_LIMIT
            && let Some(chunk) = response.chunk().await.ok()?
        {
            body.extend(chunk);
        }
        serde_json::from_slice::<Value>(&body).ok()
    });
    fetched.ok().flatten().map_or(Listed::Unknown, |list| look_up(&settings.model, &list))
}

fn look_up(model: &str, list: &Value) -> Listed {
    let Some(models) = list.get("data").unwrap_or(list).as_array() else { return Listed::Unknown };
    let id = |model: &Value| model.get("id").and_then(Value::as_str).map(str::to_owned);
    // Google's are called "models/…" in the list
    let is_it = |id: &String| id == model || id.strip_prefix("models/") == Some(model);
    let ids: Vec<_> = models.iter().filter_map(id).collect();
    if ids.is_empty() {
        return Listed::Unknown;
    }
    if let Some(it) = models.iter().find(|listed| id(listed).is_some_and(|id| is_it(&id))) {
        let ends = ["expiration_date", "deprecation_date"].iter().find_map(|field| it.get(field)?.as_str());
        let reads = it.pointer("/architecture/input_modalities").or_else(|| it.get("input_modalities"));
        let words = reads.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let reads = words.filter_map(harmless).map(str::to_owned).collect();
        return Listed::Yes { ends: ends.and_then(harmless).map(str::to_owned), reads };
    }
    Listed::No(alike(model, ids))
}

/// Up to three names that share a long beginning, past the vendor, with the model's.
fn alike(model: &str, mut ids: Vec<String>) -> Vec<String> {
    let name = |id: &str| id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = name(model);
    let shared = |id: &String| name(id).bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
    ids.retain(|id| shared(id) >= 4);
    ids.sort_by_key(|id| (std::cmp::Reverse(shared(id)), id.len()));
    ids.truncate(3);
    ids
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_model_is_looked_up_by_its_name_and_what_is_like_it_is_named() {
        let list = json!({"data": [{"id": "openai/gpt-4o-mini", "expiration_date": "2027-01-14",
                                    "architecture": {"input_modalities": ["text", "image", 7, "a sentence, which is no word"]}},
                                   {"id": "models/gemini-flash"},
                                   {"id": "openai/gpt-4o"}, {"id": "x"}, {"no": "id"}]});
        let (ends, reads) = (Some("2027-01-14".to_owned()), vec!["text".to_owned(), "image".to_owned()]);
        assert_eq!(look_up("openai/gpt-4o-mini", &list), Listed::Yes { ends, reads });
        assert_eq!(look_up("gemini-flash", &list), Listed::Yes { ends: None, reads: Vec::new() });
        let alike = vec!["openai/gpt-4o-mini".to_owned(), "openai/gpt-4o".to_owned()];
        assert_eq!(look_up("openai/gpt-4o-mimi", &list), Listed::No(alike));
        assert_eq!(look_up("zebra", &list), Listed::No(Vec::new()));
        for nothing in [json!({}), json!({"data": []}), json!("x"), json!({"data": [{}]})] {
            assert_eq!(look_up("x", &nothing), Listed::Unknown);
        }
    }
}
