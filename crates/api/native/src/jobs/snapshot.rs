//! The body of a job that takes pictures.

use reelgate_domain::job::kind::snapshot::{Moments, PictureFormat, SnapshotSpec, Sprite};
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::Address;

/// Pictures of a video:
///
/// ```json
/// {"kind": "snapshot", "input": OBJECT, "output": OBJECT, "moments": MOMENTS, "width", "height",
///  "format": "jpeg", "sprite": SPRITE, "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `input`, `output` and `moments` are required. MOMENTS is `{"at": [milliseconds, …]}`,
/// `{"every": {"first_ms", "step_ms", "most"}}` or `{"spread": {"first_ms", "count"}}`. Files are named as the
/// output with a number before its extension. SPRITE is `{"columns", "rows", "cell_width", "cell_height",
/// "padding", "margin", "keep_pictures"}`: pictures are tiled on sheets, and a WebVTT file says which part is
/// of when.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnapshotBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    input: Address,
    output: Address,
    moments: Moments,
    #[serde(default)]
    width: Option<u32>,
    #[serde(default)]
    height: Option<u32>,
    #[serde(default)]
    format: PictureFormat,
    #[serde(default)]
    sprite: Option<Sprite>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

impl SnapshotBody {
    pub(super) fn spec(self) -> (JobSpec, Common) {
        let spec = SnapshotSpec {
            input: self.input.0,
            output: self.output.0,
            moments: self.moments,
            width: self.width,
            height: self.height,
            format: self.format,
            sprite: self.sprite,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        (JobSpec::Snapshot(spec), common)
    }
}
