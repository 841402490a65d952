//! Which page answers what.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, RawQuery};
use axum::http::HeaderMap;
use axum::middleware;
use axum::routing::{get, post};

use super::app::App;
use super::assets::{CSS, ICON, SCRIPT};
use super::login::{Chosen, Link};
use super::pages::Figures;
use super::posted::Posted;
use super::problem::Problem;
use super::{guard, login, pages};

/// The most that a form may send.
const LARGEST_FORM: usize = 64 << 10;

pub(super) fn router(app: App, figures: Figures) -> Router {
    let link = async |headers: HeaderMap, Query(link): Query<Link>| login::show(&headers, link);
    let language = async |Posted { form, .. }: Posted<Chosen>| login::speak(&form);
    Router::new()
        .route("/login", get(link).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language", post(language))
        .route("/assets/console.css", get(async |RawQuery(key): RawQuery| CSS.answer(key.as_deref())))
        .route("/assets/console.js", get(async |RawQuery(key): RawQuery| SCRIPT.answer(key.as_deref())))
        .route("/assets/icon.svg", get(async |RawQuery(key): RawQuery| ICON.answer(key.as_deref())))
        .merge(pages::routes(figures))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn_with_state(app.clone(), guard::admit))
        .with_state(app)
}
