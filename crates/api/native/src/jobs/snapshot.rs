//! The body of a job that takes pictures.

use reelgate_domain::job::kind::snapshot::{
    Moments, Naming, NotBlack, PictureFormat, SnapshotSpec, Sprite,
};
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::Address;

/// Pictures of a video:
///
/// ```json
/// {"kind": "snapshot", "input": OBJECT, "output": OBJECT, "moments": MOMENTS, "width", "height",
///  "long_side", "format": "jpeg", "sprite": SPRITE, "naming": NAMING, "archive": "name.tar", "key_frames": true,
///  "not_black": {"percent": 100, "luma": 30}, "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `input`, `output` and `moments` are required. MOMENTS is `{"at": [milliseconds, …]}`,
/// `{"every": {"first_ms", "step_ms", "most"}}`, `{"spread": {"first_ms", "count"}}`,
/// `{"through": {"first_ms", "step_ms", "length_ms", "closing"}}` or `{"shares": {"step_ppm"}}`. Files are named as
/// the output with a number before its extension; NAMING is `{"seconds": {"text", "alone"}}` or
/// `{"sheets": {"before", "after", "cues"}}` otherwise. SPRITE is `{"columns", "rows", "cell_width", "cell_height",
/// "padding", "margin", "keep_pictures", "every", "color"}`: pictures are tiled on sheets, and a WebVTT file says which part is
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
    long_side: Option<u32>,
    #[serde(default)]
    format: PictureFormat,
    #[serde(default)]
    sprite: Option<Sprite>,
    #[serde(default)]
    naming: Naming,
    #[serde(default)]
    archive: Option<String>,
    #[serde(default)]
    key_frames: bool,
    #[serde(default)]
    not_black: Option<NotBlack>,
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
            long_side: self.long_side,
            format: self.format,
            sprite: self.sprite,
            naming: self.naming,
            archive: self.archive,
            key_frames: self.key_frames,
            not_black: self.not_black,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        (JobSpec::Snapshot(spec), common)
    }
}
