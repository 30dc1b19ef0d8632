//! Media info specs: what is in a file, told without making anything of it.

use serde::{Deserialize, Serialize};

use super::transcode::{OutOfRange, check};
use crate::names::ObjectRef;

/// What a media info job looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaInfoSpec {
    pub input: ObjectRef,
    /// Where the facts go as JSON. Absent: they are the job's result only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<ObjectRef>,
}

impl MediaInfoSpec {
    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        check(
            self.output.as_ref() != Some(&self.input),
            "output",
            "another object than the input",
        )
    }

    /// What its one result is about: the file of facts, or without one the input.
    pub const fn target(&self) -> &ObjectRef {
        match &self.output {
            Some(output) => output,
            None => &self.input,
        }
    }
}
