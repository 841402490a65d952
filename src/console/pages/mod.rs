//! The pages, a file for each.

use axum::Router;

use super::app::App;

mod costs;
mod health;
mod now;
mod overview;
mod sessions;

/// The routes of all pages.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(overview::routes())
        .merge(now::routes())
        .merge(costs::routes())
        .merge(health::routes())
        .merge(sessions::routes())
}
