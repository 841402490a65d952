//! The way in and out.
//!
//! A link only shows a button: what looks at links, such as a messenger for its preview, does not use them up, and the browser
//! takes the cookie of the session from a page of our own, as SameSite=Strict wants it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use diesel::pg::PgConnection;
use serde::Deserialize;
use tracing::{info, warn};

use super::app::App;
use super::frame::{Frame, Page};
use super::posted::{Nothing, Posted};
use super::problem::Problem;
use super::tongue;
use crate::domain::pass::{Keys, is_one};
use crate::domain::phrases::Language;
use crate::store::console::sessions;

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

#[derive(Deserialize)]
pub(super) struct Link {
    code: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Enter {
    frame: Frame,
    code: String,
}

/// What a link shows.
pub(super) fn show(headers: &HeaderMap, link: Link) -> Result<impl IntoResponse + use<>, Problem> {
    let code = link.code.ok_or(Problem::LoggedOut)?;
    let frame = Frame::outside(tongue::of(headers), "Log in", "Вход");
    Ok(Page(Enter { frame, code }))
}

/// Its button.
pub(super) async fn enter(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Code { code } = serde_urlencoded::from_bytes(&body).map_err(|_| Problem::Malformed)?;
    // What no code of ours looks like is not looked up.
    if !is_one(&code) {
        return Err(Problem::Link);
    }
    let cookie = Keys::make().ok_or(Problem::Fault)?;
    let keys = &app.settings.keys;
    let (code, tag) = (keys.tag_of_code(&code), keys.tag_of_cookie(&cookie));
    let browser = headers.get(USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
    let (bot_id, listed) = (app.settings.bot_id, app.listed.clone());
    let begin = {
        let tag = tag.clone();
        move |conn: &mut PgConnection| {
            let is_good = sessions::begin(conn, bot_id, &code, &tag, &browser, &listed)?;
            Ok(is_good.then_some(()))
        }
    };
    if app.ask_for_stranger(begin).await?.is_none() {
        if !app.strangers.are_many() {
            warn!("somebody tried to log into the console with a link that is no good");
        }
        return Err(Problem::Link);
    }
    app.strangers.learn(tag, true);
    info!("somebody logged into the console");
    app.entered.notify_one();
    Ok(with_cookie(Redirect::to("/"), &session_cookie(&app, &headers, &cookie, "")))
}

/// Ends this session.
pub(super) async fn leave(
    State(app): State<App>,
    headers: HeaderMap,
    Posted { operator, .. }: Posted<Nothing>,
) -> Result<Response, Problem> {
    let (bot_id, id) = (app.settings.bot_id, operator.session.id);
    app.ask(move |conn| sessions::end(conn, bot_id, id)).await?;
    Ok(with_cookie(Redirect::to("/login"), &session_cookie(&app, &headers, "", "; Max-Age=0")))
}

fn session_cookie(app: &App, headers: &HeaderMap, value: &str, further: &str) -> String {
    let secure = if app.hosts().is_secure(headers) { "; Secure" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{further}", app.cookie_name(headers))
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
    back: String,
}

/// Chooses a language.
pub(super) fn speak(Chosen { language, back }: &Chosen) -> Result<Response, Problem> {
    let known = Language::ALL.into_iter().find(|known| known.code() == *language);
    let code = known.ok_or(Problem::Malformed)?.code();
    // A path of ours and nothing that leads to another host.
    let is_ours =
        back.starts_with('/') && !back[1..].starts_with(['/', '\\']) && !back.contains(char::is_control);
    let back = if is_ours { back } else { "/" };
    let cookie =
        format!("{}={code}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000", tongue::COOKIE_NAME);
    Ok(with_cookie(Redirect::to(back), &cookie))
}
