//! Which page answers what.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

use super::app::App;
use super::problem::Problem;
use super::{assets, guard, login, pages};

/// The most that a form may send.
const LARGEST_FORM: usize = 64 << 10;

pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/login", get(login::show).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language", post(login::speak))
        .route("/assets/console.css", get(assets::css))
        .route("/assets/console.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
        .merge(pages::routes())
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn_with_state(app.clone(), guard::admit))
        .with_state(app)
}
