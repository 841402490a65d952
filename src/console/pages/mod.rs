//! The pages, a file for each.

use axum::Router;

use super::app::App;

mod costs;
mod health;
mod now;
mod overview;
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
    Router::new()
        .merge(overview::routes())
        .merge(now::routes())
        .merge(costs::routes())
        .merge(health::routes())
        .merge(dialogues::routes())
        .merge(dialogue::routes())
        .merge(search::routes())
        .merge(turns::routes())
        .merge(files::routes())
        .merge(people::routes())
        .merge(erase::routes())
        .merge(sessions::routes())
}
