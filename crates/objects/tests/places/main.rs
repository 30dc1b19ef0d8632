//! Both places of a bucket keep one contract, and an object store that misbehaves is survived.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

mod conformance;
mod faults;
mod house;
mod staging;
