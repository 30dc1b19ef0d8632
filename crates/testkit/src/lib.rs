//! What tests arrange with: builders with sane defaults, ids in order, and a clock that stands
//! still.

mod clock;
mod ids;
mod jobs;
mod misbehaving;

pub use clock::FixedClock;
pub use ids::Ids;
pub use jobs::{JobBuilder, account, done, object, spec, staged, worker};
pub use misbehaving::Misbehaviour;
