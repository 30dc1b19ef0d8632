//! What is kept for a time: how long per account, and taking it away when that is over.

mod cleaner;
mod prune;
mod retention;
#[cfg(test)]
mod tests;

pub use prune::{PruneCursor, PruneStep, Pruned};
pub use retention::KeptFor;
