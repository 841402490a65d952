//! The pages, a file for each.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;

use super::app::App;
use super::frame::Section;

mod dialogue;
mod dialogues;
mod erase;
mod files;
mod people;
mod search;
mod sessions;
mod shown;
mod turns;

/// The routes of all pages.
pub(super) fn routes() -> Router<App> {
    let first = get(async || Redirect::to(Section::ALL[0].path()));
    Router::new()
        .route("/", first)
        .merge(dialogues::routes())
        .merge(dialogue::routes())
        .merge(search::routes())
        .merge(turns::routes())
        .merge(files::routes())
        .merge(people::routes())
        .merge(erase::routes())
        .merge(sessions::routes())
}
