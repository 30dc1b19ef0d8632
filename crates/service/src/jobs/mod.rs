//! Jobs: submit, look up, list, wait for, cancel.

mod cancel;
mod get;
mod list;
mod submit;

pub use list::{JobPage, JobQuery};
pub use submit::{Submission, SubmitJob};
