//! Jobs: submit, look up, list, wait for, cancel, retry; what happened to them, what they wait for.

mod cancel;
mod delete;
mod get;
mod history;
mod list;
mod quality;
mod retry;
mod submit;
mod waiting;
mod written;

pub use cancel::CancelDecision;
pub use delete::DeleteDecision;
pub use list::{CountedJobs, JobPage, JobQuery};
pub use quality::OutputQuality;
pub use retry::RetryDecision;
pub use submit::{Submission, SubmitJob};
pub use waiting::Waiting;
pub use written::WrittenError;
pub(crate) use written::check_succeeded;
