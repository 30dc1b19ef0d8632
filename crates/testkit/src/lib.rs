//! What tests arrange with: builders with sane defaults, ids in order, a clock that stands still, and
//! the real program in a process that may be killed.

mod clock;
mod ids;
mod jobs;
mod misbehaving;
mod postgres;
mod processes;
mod programs;
mod server;

pub use clock::FixedClock;
pub use ids::Ids;
pub use jobs::{JobBuilder, account, done, fetching, object, of_kind, spec, staged, worker};
pub use misbehaving::Misbehaviour;
pub use postgres::{Postgres, PostgresSetup};
pub use processes::Process;
pub use programs::current_ffmpeg;
pub use server::Server;
