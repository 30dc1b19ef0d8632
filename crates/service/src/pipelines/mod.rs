//! Pipelines: create, look up, list, change (pause and resume), delete.

mod change;
mod create;
mod delete;
mod get;

pub use create::CreatePipeline;
pub use get::PipelineQuery;

use reelgate_domain::pipeline::MAX_NAME_BYTES;

use crate::ServiceError;

/// A name is 1 to 128 bytes and starts with a letter, a digit or anything beyond ASCII.
fn check_name(name: &str) -> Result<(), ServiceError> {
    let starts_well = name.starts_with(|first: char| !first.is_ascii() || first.is_alphanumeric());
    if name.len() > MAX_NAME_BYTES || !starts_well || name.chars().any(char::is_control) {
        let message = format!(
            "a pipeline name has 1 to {MAX_NAME_BYTES} bytes and starts with no special character"
        );
        return Err(ServiceError::invalid("name", message));
    }
    Ok(())
}
