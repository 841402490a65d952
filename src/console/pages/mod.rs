//! The pages, a file for each.

use axum::Router;

use super::app::App;

mod archive;
mod costs;
mod health;
mod now;
mod overview;
mod dialogue;
mod dialogues;
mod erase;
mod files;
mod forget;
mod people;
mod search;
mod sessions;
mod shown;
mod turns;

/// What pages add up over weeks, and keep for a while.
#[derive(Clone, Default)]
pub(super) struct Figures {
    overview: overview::Known,
    costs: costs::Known,
    health: health::Known,
}

impl Figures {
    /// Has all of them made before somebody asks.
    pub(super) async fn ahead(&self, app: &App) {
        overview::ahead(&self.overview, app).await;
        costs::ahead(&self.costs, app).await;
        health::ahead(&self.health, app).await;
    }
}

/// The routes of all pages.
pub(super) fn routes(figures: Figures) -> Router<App> {
    Router::new()
        .merge(overview::routes(figures.overview))
        .merge(now::routes())
        .merge(costs::routes(figures.costs))
        .merge(health::routes(figures.health))
        .merge(dialogues::routes())
        .merge(dialogue::routes())
        .merge(archive::routes())
        .merge(search::routes())
        .merge(turns::routes())
        .merge(files::routes())
        .merge(people::routes())
        .merge(erase::routes())
        .merge(forget::routes())
        .merge(sessions::routes())
}
