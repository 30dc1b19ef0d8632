//! Which of an input's streams an output is made from.

use serde::{Deserialize, Serialize};

use super::{OutOfRange, check};

/// Streams by their place among those of their type, from 0, as FFmpeg counts them in `0:v:1` and `0:a:1`: cover
/// pictures count as video, and cannot be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StreamChoice {
    /// 0 to 1000; absent: the first that is no cover picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<u32>,
    /// 0 to 1000; absent: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<u32>,
}

impl StreamChoice {
    /// More streams than any file has.
    pub const MOST: u32 = 1000;

    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        let fits = |place: Option<u32>| place.is_none_or(|place| place <= Self::MOST);
        check(fits(self.video), "streams.video", "0 to 1000")?;
        check(fits(self.audio), "streams.audio", "0 to 1000")
    }
}
