//! The model's endpoint: reachable, the key valid, the model's name known.
//!
//! The list of models answers all of it for nothing, where there is one and strangers do not get it. Where strangers do
//! (OpenRouter), or where there is none, the model is asked for one token. What the endpoint says is told by status
//! and code: its sentences may quote the key.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::report::{Finding, Report};
use crate::base::cancel::CancelToken;
use crate::base::http::{Http, describe};
use crate::base::secret::Secret;
use crate::domain::failure::Failure;
use crate::llm::{LlmError, Settings};

pub(super) const CHECKS: &[&str] = &["model"];

/// The most that an answer may weigh: a list of every model there is has a few megabytes.
const BODY_LIMIT: usize = 16 << 20;
/// The deadline of all checks is what ends a call.
const LIMIT: Duration = Duration::from_secs(600);

const UNREACHABLE: &str = "check LLM_BASE_URL, the network of this machine and HTTPS_PROXY";
const KEY: &str = "put a valid key of this endpoint into OPENROUTER_API_KEY";
const NAME: &str = "correct LLM_MODEL; the endpoint lists its models";

struct Endpoint<'a> {
    http: Http,
    settings: &'a Settings,
}

/// What an endpoint answers.
enum Answer {
    Taken(Value),
    Refused(u16, LlmError),
}

pub(super) fn examine(settings: &Settings, report: &Report) {
    match Http::start() {
        Ok((http, _runtime)) => {
            report.add(Endpoint { http, settings }.examine().unwrap_or_else(|finding| finding));
        }
        Err(error) => report.fault("model", format!("{error:#}"), UNREACHABLE),
    }
}

impl Endpoint<'_> {
    /// The finding; as an error, where it was made early.
    fn examine(&self) -> Result<Finding, Finding> {
        let model = &self.settings.model;
        let key = self.settings.key.as_ref();
        match self.ask(Method::GET, "models", key, None)? {
            Answer::Refused(status @ (401 | 403), _) => return Err(rejected(status)),
            Answer::Taken(list) => {
                let names: Option<Vec<_>> = list["data"]
                    .as_array()
                    .map(|models| models.iter().filter_map(|model| model["id"].as_str()).collect());
                if names.as_ref().is_some_and(|names| !names.is_empty() && !names.contains(&model.as_str())) {
                    return Err(Finding::fault(
                        "model",
                        format!("the endpoint does not know the model {model}"),
                        NAME,
                    )
                    .of("LLM_MODEL"));
                }
                let for_anybody =
                    key.is_none() || matches!(self.ask(Method::GET, "models", None, None)?, Answer::Taken(_));
                if names.is_some() && !for_anybody {
                    return Ok(Finding::well(
                        "model",
                        format!("the endpoint knows {model}, and the key is valid"),
                    ));
                }
            }
            // no list is offered
            Answer::Refused(..) => {}
        }
        self.complete()
    }

    /// The smallest completion: valid key, known model, an account that can pay.
    fn complete(&self) -> Result<Finding, Finding> {
        let model = &self.settings.model;
        let body =
            json!({"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]});
        let (status, error) =
            match self.ask(Method::POST, "chat/completions", self.settings.key.as_ref(), Some(&body))? {
                Answer::Taken(answer) if answer.get("choices").is_some() => {
                    return Ok(Finding::well("model", format!("{model} answers")));
                }
                Answer::Taken(answer) if answer.get("error").is_some() => {
                    (200, LlmError::of_event(&answer["error"]))
                }
                Answer::Taken(_) => {
                    let found = "the server at LLM_BASE_URL is no OpenAI-compatible endpoint";
                    let fault = Finding::fault("model", found, "correct LLM_BASE_URL; most end with /v1");
                    return Err(fault.of("LLM_BASE_URL"));
                }
                Answer::Refused(status, error) => (status, error),
            };
        let found = format!("{model}: {error}");
        Err(match (status, &error) {
            (401 | 403, _) => rejected(status),
            (300..=399, _) => Finding::fault(
                "model",
                found,
                "put the address that the endpoint redirects to into LLM_BASE_URL",
            )
            .of("LLM_BASE_URL"),
            (404 | 405, _) => {
                Finding::fault("model", found, "correct LLM_MODEL, or LLM_BASE_URL: most end with /v1")
            }
            (_, LlmError::Final { failure: Failure::OutOfQuota, .. }) => Finding::fault(
                "model",
                found,
                "top up the account, or raise the limit of the key at the endpoint",
            ),
            (_, LlmError::Final { failure: Failure::Misconfigured, .. }) => {
                Finding::fault("model", found, NAME)
            }
            _ => Finding::fault(
                "model",
                found,
                "wait a little and run doctor again; the endpoint's own status page may say more",
            ),
        })
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&Secret>,
        body: Option<&Value>,
    ) -> Result<Answer, Finding> {
        let mut request = self.http.client.request(method, format!("{}/{path}", self.settings.base_url));
        if let Some(key) = key {
            request = request.bearer_auth(key.expose());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |problem: String| {
            Finding::fault("model", format!("the endpoint cannot be reached: {problem}"), UNREACHABLE)
        };
        match self.http.wait(LIMIT, &CancelToken::new(), fetch(request)) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unreachable(describe(error))),
            Err(_) => Err(unreachable("no answer in time".to_owned())),
        }
    }
}

async fn fetch(request: RequestBuilder) -> reqwest::Result<Answer> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while body.len() < BODY_LIMIT
        && let Some(chunk) = response.chunk().await?
    {
        body.extend(chunk);
    }
    Ok(if response.status().is_success() {
        Answer::Taken(serde_json::from_slice(&body).unwrap_or_default())
    } else {
        let status = response.status().as_u16();
        Answer::Refused(status, LlmError::of_response(status, response.headers(), &body))
    })
}

fn rejected(status: u16) -> Finding {
    Finding::fault("model", format!("the endpoint does not accept the key (status {status})"), KEY)
        .of("OPENROUTER_API_KEY")
}
