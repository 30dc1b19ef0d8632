//! The body of a job that copies streams into another container.

use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::Address;

/// The same picture and sound in another container, without encoding anything:
///
/// ```json
/// {"kind": "remux", "input": OBJECT, "output": OBJECT, "container": {"format": "mp4"},
///  "remove_metadata": false, "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// `input`, `output` and `container` are required; the latter is that of transcodes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemuxBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    input: Address,
    output: Address,
    container: Container,
    #[serde(default)]
    remove_metadata: bool,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

impl RemuxBody {
    pub(super) fn spec(self) -> (JobSpec, Common) {
        let spec = RemuxSpec {
            input: self.input.0,
            output: self.output.0,
            container: self.container,
            remove_metadata: self.remove_metadata,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        (JobSpec::Remux(spec), common)
    }
}
