//! FFmpeg behind a typed seam: specs become plans, plans become arguments, arguments become
//! supervised processes, and what those made is probed and checked before anyone hears of success.

mod argv;
pub mod check;
mod engine;
#[cfg(test)]
mod fixtures;
pub mod plan;
pub mod playlist;
mod probe;
mod run;

pub use check::made::{MadeFile, Transcoded};
pub use check::ssim::{SsimError, ssim};
pub use engine::{Capabilities, Engine, EngineError, Part as Component};
pub use plan::{Plan, groups, plan, shareable};
pub use probe::{ProbeError, probe};
pub use run::transcode::{Part, Transcode, TranscodeError, transcode};
pub use run::{Landlock, Limits, Missing, Network, Runner, SandboxLevel, Seccomp, Stopped};
