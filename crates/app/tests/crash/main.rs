//! The real program when it is killed, stopped, or out of disk space.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

mod calls;
mod copies;
mod disk;
mod full;
mod home;
mod kills;
mod lane;
mod losses;
mod moment;
mod order;
mod outputs;
mod pieces;
mod rows;
mod siblings;
mod stops;
mod table;
