//! One transport for all methods.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use frankenstein::TelegramApi;
use reqwest::RequestBuilder;
use reqwest::multipart::Form;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{self, TelegramError};
use super::method::Method;
use super::settings::Settings;
use crate::base::cancel::{CancelToken, Gate};
use crate::base::http::{Http, Interrupted};
use crate::base::secret::Secret;
use crate::metrics;

/// The Bot API of Telegram itself.
const TELEGRAMS_OWN: &str = "https://api.telegram.org";
/// A preview, or the answer to a press, that takes longer is not worth waiting for.
pub(super) const PREVIEW_TIMEOUT: Duration = Duration::from_secs(4);
/// The longest a file may take; the Bot API takes up to 50 MB.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// The most that an answer of the Bot API may weigh: a hundred updates as people make them are a tenth of it.
const BODY_LIMIT: usize = 16 << 20;

/// A bot's access to the Bot API. Clones share the connection pool.
#[derive(Clone)]
pub struct Telegram {
    pub(super) http: Http,
    /// What stands before the method's name: server, `/bot<token>/`.
    base: Secret,
    /// What stands before a file's path: server, `/file/bot<token>/`.
    files: Secret,
    /// The server is the operator's own.
    pub(super) is_own_server: bool,
    bot_id: i64,
    /// The longest a call may take; getUpdates has its own poll time on top.
    pub(super) timeout: Duration,
    stop: CancelToken,
    /// Looked at right before each call.
    gate: Gate,
}

impl Telegram {
    /// Calls end early when `stop` is requested.
    pub fn new(http: Http, settings: &Settings, stop: CancelToken) -> Self {
        let Settings { token, url, timeout } = settings;
        let (server, secret) = (url.trim_end_matches('/'), token.secret.expose());
        let base = Secret::new(format!("{server}/bot{secret}/"));
        let files = Secret::new(format!("{server}/file/bot{secret}/"));
        let is_own_server = server != TELEGRAMS_OWN;
        Self {
            http,
            base,
            files,
            is_own_server,
            bot_id: token.bot_id,
            timeout: *timeout,
            stop,
            gate: Gate::open(),
        }
    }

    /// The same access for work that ends at another request.
    #[must_use]
    pub fn until(&self, stop: &CancelToken) -> Self {
        Self { stop: stop.clone(), ..self.clone() }
    }

    /// The same access for work that calls nobody while this gate is closed.
    #[must_use]
    pub fn behind(&self, gate: &Gate) -> Self {
        Self { gate: gate.clone(), ..self.clone() }
    }

    /// An error while nobody may be called.
    pub(super) fn pass_gate(&self) -> Result<(), TelegramError> {
        if self.gate.is_open() { Ok(()) } else { Err(TelegramError::NotLeading) }
    }

    /// Telegram id of the bot.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// The client, for work beside the callers.
    pub fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn post(&self, method: &str, limit: Duration) -> RequestBuilder {
        self.http.client.post(format!("{}{method}", self.base.expose())).timeout(limit)
    }

    /// Where a file is fetched from.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.files.expose())
    }

    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        limit: Duration,
        body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, TelegramError> {
        let request = body(self.post(method, limit));
        self.wait(method, limit, self.fetch(method, request))
    }

    /// Sends a form with a file in it.
    pub(super) fn upload<T: DeserializeOwned>(&self, method: &str, form: Form) -> Result<T, TelegramError> {
        let request = self.post(method, UPLOAD_TIMEOUT).multipart(form);
        self.wait(method, UPLOAD_TIMEOUT, self.fetch(method, request))
    }

    /// Carries a call out, if the gate is open, and reads the whole response.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        method: &str,
        request: RequestBuilder,
    ) -> Result<T, TelegramError> {
        self.pass_gate()?;
        metrics::telegram_call(known(method));
        let fetched = read(request).await;
        if let Err(error) = &fetched {
            count_error(method, error);
        }
        fetched
    }

    pub(super) fn wait<T>(
        &self,
        method: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, TelegramError>>,
    ) -> Result<T, TelegramError> {
        match self.http.wait(limit, &self.stop, call) {
            Ok(result) => result,
            Err(Interrupted::Stopped) => Err(TelegramError::Stopped),
            Err(Interrupted::TimedOut) => {
                let error = TelegramError::Network("no answer in time".to_owned());
                count_error(method, &error);
                Err(error)
            }
        }
    }
}

pub(super) fn count_error(method: &str, error: &TelegramError) {
    if let Some(code) = error.code() {
        metrics::telegram_error(known(method), code);
    }
}

/// The name under which the download of a file is counted, beside the methods.
pub(super) const DOWNLOAD: &str = "download";

/// The method as a label of metrics.
fn known(method: &str) -> &'static str {
    match Method::named(method) {
        Some(method) => method.name(),
        None if method == DOWNLOAD => DOWNLOAD,
        None => metrics::OTHER,
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, TelegramError> {
    let mut response = request.send().await.map_err(TelegramError::from)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(TelegramError::TooLarge(first_update(&body)));
        }
        body.extend_from_slice(&chunk);
    }
    error::response(status, &body)
}

impl TelegramApi for Telegram {
    type Error = TelegramError;

    fn request<Params, Output>(&self, method: &str, params: Option<Params>) -> Result<Output, TelegramError>
    where
        Params: Serialize + fmt::Debug,
        Output: DeserializeOwned,
    {
        self.call(method, self.timeout, |request| match &params {
            Some(params) => request.json(params),
            None => request,
        })
    }

    fn request_with_form_data<Params, Output>(
        &self,
        method: &str,
        params: Params,
        files: Vec<(&str, PathBuf)>,
    ) -> Result<Output, TelegramError>
    where
        Params: Serialize + fmt::Debug,
        Output: DeserializeOwned,
    {
        // What is sent has no path: see `send_document`
        let _ = (method, params, files);
        Err(TelegramError::File("files are not sent by their paths".to_owned()))
    }
}

/// The number of the first update in the beginning of a getUpdates answer. Telegram puts it first in each update.
fn first_update(body: &[u8]) -> Option<i64> {
    let head = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    let (_, after) = head.split_once(r#""update_id":"#)?;
    let digits = after.trim_start();
    digits[..digits.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}
