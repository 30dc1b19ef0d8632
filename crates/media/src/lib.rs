//! FFmpeg behind a typed seam: specs become plans, plans become arguments, arguments become
//! supervised processes, and what those made is probed and checked before anyone hears of success.

mod argv;
pub mod check;
mod cues;
mod engine;
#[cfg(test)]
mod fixtures;
#[cfg(feature = "fuzzing")]
pub mod fuzz;
mod ivf;
pub mod live;
pub mod mp4;
pub mod plan;
pub mod playlist;
mod probe;
mod run;
mod segments;
mod words;

pub use check::made::{MadeFile, Transcoded};
pub use check::ssim::{SsimError, ssim};
pub use check::strict::{Against, CheckError, Finding, Measured, Report, Rule, Verdict, strict};
pub use cues::cues;
pub use engine::{Capabilities, Engine, EngineError, Part as Component};
pub use plan::{
    CoverPlan, Findings, Further, Plan, RemuxPlan, SamplePlan, SnapshotPlan, Sources, SurveyPlan,
    Wanted, cover_plan, groups, plan, plan_with, remux_plan, sample_plan, shareable, snapshot_plan,
    survey_plans,
};
pub use probe::{ProbeError, probe};
pub use run::cover::{Cover, cover};
pub use run::guard::guard_if_asked;
pub use run::live::{LiveProcess, live};
pub use run::quality::quality;
pub use run::remux::{REMUXED, Remux, remux};
pub use run::sample::{Sampled, Sampling, sample};
pub use run::snapshots::{Picture, Snapshots, Taken, snapshots};
pub use run::survey::{Survey, survey};
pub use run::transcode::{Part, Transcode, TranscodeError, transcode};
pub use run::{
    Landlock, Limits, LiveNetwork, Missing, Network, Runner, SandboxLevel, Seccomp, Stopped,
};
