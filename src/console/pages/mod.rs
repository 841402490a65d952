//! The pages, a file for each.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use super::app::App;
use super::frame::Section;

mod sessions;

/// The routes of all pages.
pub(super) fn routes() -> Router<App> {
    let first = get(async || Redirect::to(Section::ALL[0].path()));
    Router::new().route("/", first).merge(sessions::routes())
}
