//! The body of a job that says what is in a file.

use reelgate_domain::job::kind::media_info::{ComplexitySpec, MediaInfoSpec};
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::Address;

/// What is in a file:
///
/// ```json
/// {"kind": "media_info", "input": OBJECT, "output": OBJECT,
///  "complexity": {"crf": 25, "widths": [1280, 640]},
///  "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `input` is required. `output` is where all that was found goes as JSON, `complexity` what is measured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaInfoBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    input: Address,
    #[serde(default)]
    output: Option<Address>,
    #[serde(default)]
    complexity: Option<ComplexitySpec>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

impl MediaInfoBody {
    pub(super) fn spec(self) -> (JobSpec, Common) {
        let spec = MediaInfoSpec {
            input: self.input.0,
            output: self.output.map(|output| output.0),
            complexity: self.complexity,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        (JobSpec::MediaInfo(spec), common)
    }
}
