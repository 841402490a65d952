//! What holds for every request, whatever page it is for.

use std::time::Duration;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::frame::{Frame, Page};
use super::operator::Established;
use super::problem::Problem;
use super::tongue;
use crate::domain::phrases::Language;

/// The longest that a page may take, its request included.
const LONGEST: Duration = Duration::from_secs(30);

/// Nothing runs or is loaded but our own style, script and pictures, and a form leads nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Each with what it is where a page says nothing else.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // With "no-referrer" a browser would not say which page a form is of.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Lets a request in that is meant for the console, and dresses the answer.
pub(super) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let language = tongue::of(request.headers());
    let established = Established::default();
    request.extensions_mut().insert(established.clone());
    let mut response = match refusal(&app, &request) {
        Some(problem) => problem.into_response(),
        None => match tokio::time::timeout(LONGEST, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::Busy.into_response(),
        },
    };
    // A page of our own for whatever is refused, and in a language of the visitor's: also by what reads addresses and forms for us.
    let problem = response.extensions_mut().remove().or_else(|| Problem::of_status(response.status()));
    if let Some(problem) = problem {
        response = told(&problem, language, established.is_operator());
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Why a request is not let in.
fn refusal(app: &App, request: &Request) -> Option<Problem> {
    let headers = request.headers();
    if !text(headers, &HOST).is_some_and(|host| app.hosts().has(host)) {
        return Some(Problem::Host);
    }
    // PostgreSQL has no such character in any text, and nobody types it.
    if request.uri().query().is_some_and(|query| query.contains("%00")) {
        return Some(Problem::Malformed);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    (changes && !is_from_us(app, headers)).then_some(Problem::Foreign)
}

/// Whether a form is of a page of ours, as far as the browser says.
fn is_from_us(app: &App, headers: &HeaderMap) -> bool {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let site = text(headers, &SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text(headers, &ORIGIN)
        .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, host)| app.hosts().has(host)));
    site && origin
}

/// The value of a header; one that cannot be read is empty.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Told<'a> {
    frame: Frame,
    remedy: &'a str,
    detail: &'a str,
    again: bool,
}

/// The page of a problem.
fn told(problem: &Problem, language: Language, to_operator: bool) -> Response {
    let title = problem.title(language);
    let detail = match problem {
        Problem::Database(detail) if to_operator => detail,
        _ => "",
    };
    // A link from elsewhere, as in a message, comes without the cookie; one from here has it.
    let again = matches!(problem, Problem::LoggedOut | Problem::Busy | Problem::Database(_));
    let frame = Frame::outside(language, title, title);
    let page = Page(Told { frame, remedy: problem.remedy(language), detail, again });
    (problem.status(), page).into_response()
}
