//! What the running bot says about itself: `/metrics`, `/healthz` and `/readyz`, and what the console shows of it.

mod endpoint;
mod lanes;
mod view;

pub use endpoint::Endpoint;
pub use lanes::Lanes;
pub use view::{Part, View};
