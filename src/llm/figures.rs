//! What a call took, in every endpoint's fields.

use bigdecimal::BigDecimal;
use serde_json::Value;

use crate::domain::usage::Usage;

/// OpenAI and all that follow it; Anthropic's names behind a proxy.
const PROMPT: &[&str] = &["/prompt_tokens", "/input_tokens"];
/// The same.
const COMPLETION: &[&str] = &["/completion_tokens", "/output_tokens"];
/// OpenAI, OpenRouter, Groq; Moonshot; DeepSeek; Anthropic.
const CACHED: &[&str] = &[
    "/prompt_tokens_details/cached_tokens",
    "/input_tokens_details/cached_tokens",
    "/cached_tokens",
    "/prompt_cache_hit_tokens",
    "/cache_read_input_tokens",
];
/// OpenAI, OpenRouter, DeepSeek; Perplexity.
const THINKING: &[&str] = &[
    "/completion_tokens_details/reasoning_tokens",
    "/output_tokens_details/reasoning_tokens",
    "/reasoning_tokens",
];
/// OpenRouter, in credits, which are US dollars; Perplexity; LiteLLM.
const COST: &[&str] = &["/cost", "/cost/total_cost", "/total_cost"];
/// What OpenRouter does not charge itself, where the operator has a key of the provider's own.
const UPSTREAM_COST: &str = "/cost_details/upstream_inference_cost";
/// A call that is said to cost more than this many US dollars has no figure that can be believed.
const DEAREST: f64 = 100_000.0;

/// Adds what a chunk says. A later figure takes the place of an earlier one: some endpoints count along.
pub(super) fn add(chunk: &Value, usage: &mut Usage) {
    let Some(said) = ["/usage", "/x_groq/usage"].iter().find_map(|path| chunk.pointer(path)) else { return };
    let tokens = |paths: &[&str]| {
        let number = paths.iter().find_map(|path| said.pointer(path)?.as_i64());
        number.and_then(|number| i32::try_from(number).ok()).filter(|number| *number >= 0)
    };
    usage.prompt_tokens = tokens(PROMPT).or(usage.prompt_tokens);
    usage.completion_tokens = tokens(COMPLETION).or(usage.completion_tokens);
    usage.cached_tokens = tokens(CACHED).or(usage.cached_tokens);
    usage.thinking_tokens = tokens(THINKING).or(usage.thinking_tokens);
    usage.cost = cost(said).or_else(|| usage.cost.take());
}

fn cost(said: &Value) -> Option<BigDecimal> {
    let own = COST.iter().find_map(|path| dollars(said.pointer(path)?))?;
    let is_byok = said.get("is_byok").and_then(Value::as_bool) == Some(true);
    let upstream = said.pointer(UPSTREAM_COST).filter(|_| is_byok).and_then(dollars);
    Some(upstream.map_or(own.clone(), |upstream| own + upstream))
}

/// Some endpoints write figures as strings.
fn dollars(value: &Value) -> Option<BigDecimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= 32 => text.clone(),
        _ => return None,
    };
    // A huge exponent would take as much memory once it is a decimal.
    let rough: f64 = text.parse().ok()?;
    let cost: BigDecimal = (0.0..DEAREST).contains(&rough).then(|| text.parse().ok())??;
    Some(cost.round(12).normalized())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(chunks: &[Value]) -> Usage {
        let mut usage = Usage::default();
        for chunk in chunks {
            add(chunk, &mut usage);
        }
        usage
    }

    #[test]
    fn the_figures_of_every_endpoint_are_found() {
        let openrouter = json!({"usage": {
            "prompt_tokens": 194, "completion_tokens": 2, "cost": 0.000_095, "is_byok": false,
            "prompt_tokens_details": {"cached_tokens": 128}, "completion_tokens_details": {"reasoning_tokens": 1},
            "cost_details": {"upstream_inference_cost": 19},
        }});
        let expected = Usage {
            prompt_tokens: Some(194),
            cached_tokens: Some(128),
            completion_tokens: Some(2),
            thinking_tokens: Some(1),
            cost: "0.000095".parse().ok(),
            ..Usage::default()
        };
        assert_eq!(read(std::slice::from_ref(&openrouter)), expected);
        assert_eq!(read(&[openrouter, json!({"usage": null}), json!({})]), expected);
        let deepseek = read(&[json!({"usage": {"prompt_tokens": 9, "prompt_cache_hit_tokens": 8}})]);
        assert_eq!((deepseek.prompt_tokens, deepseek.cached_tokens), (Some(9), Some(8)));
        let groq = read(&[json!({"x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 1}}})]);
        assert_eq!((groq.prompt_tokens, groq.completion_tokens), (Some(9), Some(1)));
        let anthropic =
            read(&[json!({"usage": {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2}})]);
        assert_eq!(
            (anthropic.prompt_tokens, anthropic.completion_tokens, anthropic.cached_tokens),
            (Some(3), Some(4), Some(2))
        );
    }

    #[test]
    fn a_cost_is_exact_or_unknown() {
        for (said, expected) in [
            (json!({"cost": 0}), Some("0")),
            (json!({"cost": 1.5e-7}), Some("0.00000015")),
            (json!({"cost": "0.25"}), Some("0.25")),
            (json!({"cost": {"total_cost": 0.006}}), Some("0.006")),
            (
                json!({"cost": 0.1, "is_byok": true, "cost_details": {"upstream_inference_cost": 2}}),
                Some("2.1"),
            ),
            (json!({"cost": -1}), None),
            (json!({"cost": 1e300}), None),
            (json!({"cost": "dear"}), None),
            (json!({"cost": "1e999999999"}), None),
            (json!({"cost": null}), None),
        ] {
            let cost = expected.and_then(|text| text.parse().ok());
            assert_eq!(read(&[json!({"usage": said})]).cost, cost, "{said}");
        }
    }

    #[test]
    fn figures_of_nonsense_are_unknown() {
        for nonsense in [json!(-1), json!(1e10), json!("9"), json!(1.5), json!([])] {
            assert_eq!(read(&[json!({"usage": {"prompt_tokens": nonsense}})]), Usage::default());
        }
        assert_eq!(read(&[json!({"usage": 7}), json!([]), json!(null)]), Usage::default());
    }
}
