//! Whoever is logged in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRequestParts;
use axum::http::header::HeaderName;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use diesel::pg::PgConnection;

use super::app::{App, Console};
use super::frame::{Frame, Section, Within, say};
use super::problem::Problem;
use super::tongue;
use crate::base::secret::Secret;
use crate::domain::pass::is_one;
use crate::domain::phrases::Language;
use crate::store::console::sessions::{self, Session};

/// What our script sends when it fetches figures anew: no person looks, and the session does not last longer for it.
const RENEWAL: HeaderName = HeaderName::from_static("x-renewal");

/// Whoever is logged in. A page that asks for one is shown to nobody else.
pub(super) struct Operator {
    pub(super) session: Session,
    pub(super) language: Language,
    token: String,
    cookie: Secret,
    read_only: bool,
    bot_id: i64,
    path: String,
}

/// Whether a request turned out to be of somebody who is logged in.
#[derive(Clone, Default)]
pub(super) struct Established(Arc<AtomicBool>);

impl Established {
    pub(super) fn is_operator(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let headers = &parts.headers;
        // What no cookie of ours looks like is not looked up.
        let cookie = tongue::cookie(headers, &app.cookie_name(headers)).filter(|cookie| is_one(cookie));
        let cookie = cookie.ok_or(Problem::LoggedOut)?.to_owned();
        let keys = &app.settings.keys;
        let (bot_id, tag, listed) = (app.settings.bot_id, keys.tag_of_cookie(&cookie), app.listed.clone());
        let looked = !headers.contains_key(RENEWAL);
        let look = {
            let tag = tag.clone();
            move |conn: &mut PgConnection| sessions::of_cookie(conn, bot_id, &tag, &listed, looked)
        };
        let session =
            if app.strangers.knows(&tag) { app.ask(look).await? } else { app.ask_for_stranger(look).await? };
        app.strangers.learn(tag, session.is_some());
        if let Some(established) = parts.extensions.get::<Established>().filter(|_| session.is_some()) {
            established.0.store(true, Ordering::Relaxed);
        }
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        Ok(Self {
            session: session.ok_or(Problem::LoggedOut)?,
            language: tongue::of(headers),
            token: keys.form_token(&cookie),
            cookie: Secret::new(cookie),
            read_only: app.settings.console.read_only,
            bot_id,
            path,
        })
    }
}

impl Operator {
    /// What stands around a page of theirs.
    pub(super) fn frame(&self, section: Section, title: impl Into<String>) -> Frame {
        let within = Within {
            section,
            token: self.token.clone(),
            read_only: self.read_only,
            bot_id: self.bot_id,
            path: self.path.clone(),
        };
        Frame { language: self.language, title: title.into(), within: Some(within), renewed: None }
    }

    /// The same around the page that the menu leads to.
    pub(super) fn page(&self, section: Section) -> Frame {
        self.frame(section, section.name(self.language))
    }

    /// The one of two texts that is in their language.
    pub(super) fn say<'a>(&self, english: &'a str, russian: &'a str) -> &'a str {
        say(self.language, english, russian)
    }

    /// Whether nothing may be changed.
    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether a form came from a page of this session.
    pub(super) fn sent(&self, app: &Console, token: &str) -> bool {
        app.settings.keys.is_form_token(token, self.cookie.expose())
    }
}
