//! The HTTP side: routing, the token, faults around a call, the long poll.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Shared;
use super::error::ApiError;
use super::fault::{Action, Reply};
use super::methods;
use super::params::Params;
use super::record::Call;
use crate::http::{Exchange, Gone, Request, Service};

/// How often something that waits looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(100);

/// The name by which faults and calls know the download of a file, which is no method.
const DOWNLOAD: &str = "download";

const WEBHOOK_IS_SET: &str = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
const OTHER_POLL: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

pub(super) struct Http(pub(super) Arc<Shared>);

impl Service for Http {
    fn serve(&self, request: Request, exchange: &mut Exchange<'_>) {
        if let Some(path) = self.file(&request.path) {
            if self.call(DOWNLOAD, path, &request, exchange).is_err() {
                exchange.close();
            }
            return;
        }
        let Some(method) = self.route(&request.path) else {
            let _ = reply(exchange, &refusal(&ApiError::new(404, "Not Found")));
            return;
        };
        let outcome = match method {
            Ok(method) => self.call(&method.to_lowercase(), "", &request, exchange),
            Err(error) => reply(exchange, &refusal(&error)),
        };
        if outcome.is_err() {
            exchange.close();
        }
    }

    fn stop(&self) {
        self.0.state.change(|state| {
            state.stopped = true;
            state.faults.clear();
            state.queue.terminate_poll();
        });
    }
}

impl Http {
    /// The method that a path names; `None` for what is no Bot API path at all.
    fn route<'a>(&self, path: &'a str) -> Option<Result<&'a str, ApiError>> {
        let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
        if token != self.0.token {
            return Some(Err(ApiError::new(401, "Unauthorized")));
        }
        Some(Ok(method.split('?').next().unwrap_or_default()))
    }

    /// What a link to a file names; `None` for what is no such link.
    fn file<'a>(&self, path: &'a str) -> Option<&'a str> {
        let (token, path) = path.strip_prefix("/file/bot")?.split_once('/')?;
        (token == self.0.token).then_some(path)
    }

    /// `file`: what is to be downloaded, where it is no method.
    fn call(
        &self,
        method: &str,
        file: &str,
        request: &Request,
        exchange: &mut Exchange<'_>,
    ) -> Result<(), Gone> {
        let mut params = match Params::read(request) {
            Ok(params) => params,
            Err(error) => return reply(exchange, &refusal(&error)),
        };
        if method == DOWNLOAD {
            params.values.insert(DOWNLOAD.to_owned(), file.into());
        }
        let chat_id = methods::chat_id(&params);
        let (number, fault) = self.0.state.change(|state| {
            *state.counts.entry(method.to_owned()).or_default() += 1;
            let recorded = if state.recording { Value::Object(params.values.clone()) } else { Value::Null };
            let at = Instant::now();
            state.calls.push(Call {
                method: method.into(),
                params: recorded,
                chat_id,
                at,
                status: None,
                taken: false,
                sent: None,
            });
            (state.calls.len() - 1, state.faults.decide(method, chat_id))
        });
        let Some((id, action)) = fault else {
            let answer = self.take(number, method, &params, exchange)?;
            return self.reply(number, exchange, &answer);
        };
        match action {
            Action::Refuse(answer) => return self.reply(number, exchange, &answer),
            Action::RetryAfter(seconds) => {
                return self.reply(number, exchange, &refusal(&ApiError::retry_after(seconds)));
            }
            Action::RetryAfterBetween { .. } => unreachable!("decided as RetryAfter"),
            Action::Reset => {
                exchange.reset();
                return Ok(());
            }
            Action::Hang => self.hang(id, exchange)?,
            Action::Delay(duration) => exchange.pause(duration)?,
            _ => {}
        }
        let answer = self.take(number, method, &params, exchange)?;
        match action {
            Action::TakeThenReset => exchange.reset(),
            Action::TakeThenClose => exchange.close(),
            Action::TakeThenTruncate => exchange.truncate(answer.status, &answer.content_type, &answer.body),
            Action::TakeThenReply(other) => return self.reply(number, exchange, &other),
            Action::TakeThenHang => {
                self.hang(id, exchange)?;
                return self.reply(number, exchange, &answer);
            }
            _ => return self.reply(number, exchange, &answer),
        }
        Ok(())
    }

    /// Does what the call asks for.
    fn take(
        &self,
        number: usize,
        method: &str,
        params: &Params,
        exchange: &mut Exchange<'_>,
    ) -> Result<Reply, Gone> {
        if method == DOWNLOAD {
            return Ok(self.download(number, params.text(DOWNLOAD).unwrap_or_default()));
        }
        let answer = if method == "getupdates" {
            self.get_updates(params, exchange)?
        } else {
            self.0.state.change(|state| {
                let before = state.sent.len();
                let result = methods::call(state, method, params);
                state.calls[number].sent = (state.sent.len() > before).then_some(before);
                result.map(|result| result.to_string())
            })
        };
        self.0.state.look(|state| state.calls[number].taken = answer.is_ok());
        Ok(match answer {
            Ok(result) => Reply::json(200, &format!("{{\"ok\":true,\"result\":{result}}}")),
            Err(error) => refusal(&error),
        })
    }

    fn download(&self, number: usize, path: &str) -> Reply {
        let bytes = self.0.state.look(|state| {
            let bytes = state.files.fetch(path, state.now());
            state.calls[number].taken = bytes.is_some();
            bytes
        });
        match bytes {
            Some(bytes) => {
                Reply { status: 200, content_type: "application/octet-stream".into(), body: bytes.to_vec() }
            }
            None => refusal(&ApiError::new(404, "Not Found")),
        }
    }

    fn get_updates(
        &self,
        params: &Params,
        exchange: &mut Exchange<'_>,
    ) -> Result<Result<String, ApiError>, Gone> {
        let offset = params.integer("offset").unwrap_or(0);
        let limit = params.integer("limit").unwrap_or(100).clamp(1, 100);
        let timeout = params.integer("timeout").unwrap_or(0).clamp(0, 50);
        let poll = self.0.state.change(|state| {
            if state.webhook.is_some() {
                return Err(ApiError::new(409, WEBHOOK_IS_SET));
            }
            if let Some(kinds) = methods::allowed_updates(params) {
                state.queue.allow(kinds);
            }
            let (limit, timeout) = (usize::try_from(limit).unwrap_or(100), timeout.unsigned_abs());
            Ok(state.queue.arrive(offset, limit, Duration::from_secs(timeout), Instant::now()))
        });
        let poll = match poll {
            Ok(poll) => poll,
            Err(error) => return Ok(Err(error)),
        };
        let deadline = Instant::now() + poll.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.0.state.wait(left.min(LOOK), |state| {
                if state.stopped {
                    Some(Err(Gone))
                } else if !state.queue.is_newest(poll.ticket) {
                    let why = if state.webhook.is_some() {
                        "Conflict: terminated by setWebhook request"
                    } else {
                        OTHER_POLL
                    };
                    Some(Ok(Err(ApiError::new(409, why))))
                } else if state.queue.waiting() > 0 {
                    Some(Ok(Ok(state.queue.answer(poll.limit))))
                } else {
                    None
                }
            });
            match answer {
                Some(answer) => return answer,
                None if left.is_zero() => return Ok(Ok("[]".into())),
                None if exchange.gone() => return Err(Gone),
                None => {}
            }
        }
    }

    /// Until the fault is released, or the client leaves.
    fn hang(&self, fault: u64, exchange: &mut Exchange<'_>) -> Result<(), Gone> {
        loop {
            let released =
                self.0.state.wait(LOOK, |state| state.faults.removed(fault).then_some(state.stopped));
            match released {
                Some(true) => return Err(Gone),
                Some(false) => return Ok(()),
                None if exchange.gone() => return Err(Gone),
                None => {}
            }
        }
    }

    fn reply(&self, number: usize, exchange: &mut Exchange<'_>, answer: &Reply) -> Result<(), Gone> {
        // Noted before it is sent: who has read the answer finds it in the log.
        self.0.state.change(|state| state.calls[number].status = Some(answer.status));
        reply(exchange, answer)
    }
}

fn reply(exchange: &mut Exchange<'_>, answer: &Reply) -> Result<(), Gone> {
    exchange.respond(answer.status, &answer.content_type, &[], &answer.body)
}

fn refusal(error: &ApiError) -> Reply {
    Reply::json(error.code, &error.body())
}
