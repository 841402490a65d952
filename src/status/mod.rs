//! What the running bot says about itself: `/metrics`, `/healthz` and `/readyz`.

mod endpoint;
mod view;

pub use endpoint::Endpoint;
pub use view::View;
