//! From single likenesses to runs: which part of a query is which part of a reference, and how fast it runs there.

pub(crate) mod grow;
pub(crate) mod runs;
pub(crate) mod seeds;
