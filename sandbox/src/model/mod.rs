//! model
/// x
pub struct Model;
