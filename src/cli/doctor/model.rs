//! The model's endpoint: it is asked a short question, exactly as the bot asks: the same fields, streamed, by the same code.
//! So ✓ means that questions work. What the endpoint says is told by status, code and names of fields: its sentences may
//! quote the key.

use std::thread;

use super::report::Report;
use crate::base::cancel::CancelToken;
use crate::base::http::Http;
use crate::database::finding::Finding;
use crate::domain::catalogue::{Medium, Reads};
use crate::llm::{self, Ask, Cause, Content, Listed, Llm, LlmError, Message, Settings};

pub(super) const CHECKS: &[&str] = &["model"];

/// A model has little to think about here, and little to say.
const QUESTION: [Message<'_>; 2] = [
    Message { role: "system", content: Content::Text("Reply with one word.") },
    Message { role: "user", content: Content::Text("Ready?") },
];

/// Asks every model of the catalogue, all at once: the first that does not answer says what to do.
pub(super) fn examine(models: &[(Settings, Reads)], report: &Report) {
    let (http, _runtime) = match Http::start() {
        Ok(started) => started,
        Err(error) => return report.fault("model", format!("{error:#}"), remedy(Cause::Network)),
    };
    let findings: Vec<_> = thread::scope(|scope| {
        let asked: Vec<_> = models
            .iter()
            .map(|(settings, reads)| {
                let llm = Llm::new(http.clone(), settings.clone());
                scope.spawn(move || ask(&llm, &settings.model, reads))
            })
            .collect();
        asked.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let (well, faults): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.ok);
    let found =
        |findings: &[Finding]| findings.iter().map(|finding| &*finding.found).collect::<Vec<_>>().join("; ");
    report.add(match faults.first() {
        None => Finding::well("model", found(&well)),
        Some(first) => Finding { found: found(&faults), remedy: first.remedy.clone(), ..*first },
    });
}

fn ask(llm: &Llm, model: &str, given: &Reads) -> Finding {
    let answered = llm.complete(&Ask::from(&QUESTION[..]), &CancelToken::new(), |_| ()).answer;
    let Err(error) = answered else {
        return Finding::well("model", format!("{model} answers{}", note(model, given, &llm.listed())));
    };
    let (cause, problem) = match &error {
        LlmError::Passing { cause, problem, .. } | LlmError::Final { cause, problem, .. } => {
            (*cause, problem)
        }
        LlmError::ContextTooLong => {
            let found = format!("{model} has no room for a question beside an answer of LLM_MAX_TOKENS");
            return Finding::fault("model", found, "lower LLM_MAX_TOKENS").of("LLM_MAX_TOKENS");
        }
        LlmError::Stopped(_) => (Cause::Endpoint, &error.to_string()),
    };
    let fault = |found: String| {
        let finding = Finding::fault("model", found, remedy(cause));
        match setting(cause) {
            Some(setting) => finding.of(setting),
            None => finding,
        }
    };
    match cause {
        Cause::Network => fault(format!("the endpoint cannot be reached: {problem}")),
        Cause::Key(status) => fault(format!("the endpoint does not accept the key (status {status})")),
        Cause::Model | Cause::Address | Cause::Request if let Listed::No(alike) = llm.listed() => {
            let found = format!("the endpoint does not know the model {model}");
            Finding::fault("model", found, named(&alike)).of("LLM_MODEL")
        }
        _ => fault(format!("{model}: {problem}")),
    }
}

/// What the list has to say about a model that works; not every endpoint has one, and not every name that works is on it.
fn note(model: &str, given: &Reads, listed: &Listed) -> String {
    let (reads, missing, ends) = match listed {
        Listed::Yes { ends, reads } => (&reads[..], false, ends.as_deref()),
        Listed::No(_) => (&[][..], true, None),
        Listed::Unknown => (&[][..], false, None),
    };
    // A list that says nothing about reading denies nothing.
    let denied = |medium: &&Medium| !reads.is_empty() && !reads.iter().any(|it| it == medium.modality());
    let denied: Vec<_> = given.iter().filter(denied).map(|medium| medium.as_str()).collect();
    let end = ends.map(|day| ("the endpoint", day)).or_else(|| Some(("its maker", llm::announced(model)?)));
    [
        (!reads.is_empty()).then(|| format!(" and reads {}", reads.join(", "))),
        (!denied.is_empty()).then(|| {
            format!(
                "; by that list it does not read {}, as LLM_READS or the catalogue says",
                denied.join(", ")
            )
        }),
        missing.then(|| "; it is not on the endpoint's list of models".to_owned()),
        end.map(|(who, day)| format!("; {who} announces its end for {day}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn named(alike: &[String]) -> String {
    match alike {
        [] => remedy(Cause::Model).to_owned(),
        names => format!("correct LLM_MODEL; the endpoint has {}", names.join(", ")),
    }
}

/// The setting that is certainly wrong.
fn setting(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Key(_) => Some("OPENROUTER_API_KEY"),
        Cause::Model => Some("LLM_MODEL"),
        Cause::Redirect => Some("LLM_BASE_URL"),
        Cause::Network
        | Cause::Address
        | Cause::Account
        | Cause::Request
        | Cause::Field
        | Cause::Limit
        | Cause::Endpoint => None,
    }
}

fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::Network => "check LLM_BASE_URL, the network of this machine and HTTPS_PROXY",
        Cause::Address => "correct LLM_BASE_URL, or LLM_MODEL; most addresses end with /v1",
        Cause::Redirect => "put the address that the endpoint redirects to into LLM_BASE_URL",
        Cause::Key(_) => "put a valid key of this endpoint into OPENROUTER_API_KEY",
        Cause::Account => "top up the account, or raise the limit of the key at the endpoint",
        Cause::Model => "correct LLM_MODEL; the endpoint lists its models",
        Cause::Request => "check LLM_MODEL, and what LLM_EXTRA_BODY puts into the request",
        Cause::Field => "change the field, or leave it out, with LLM_EXTRA_BODY",
        Cause::Limit => "raise LLM_MAX_TOKENS, or have the model think less (LLM_EXTRA_BODY)",
        Cause::Endpoint => "wait a little and run doctor again; the endpoint's own status page may say more",
    }
}
