//! Remux specs: the streams of a file in another container, as they are.

use serde::{Deserialize, Serialize};

use super::transcode::{Container, OutOfRange, check, check_container, check_playlist_name};
use crate::names::ObjectRef;

/// What a remux job reads and writes. The first moving picture and all sound are taken, and nothing is
/// encoded: what the container cannot hold is a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemuxSpec {
    pub input: ObjectRef,
    /// For HLS this is the playlist; segments lie beside it.
    pub output: ObjectRef,
    /// Segments of HLS start at the first key frame after the length asked for.
    pub container: Container,
    /// Whether titles, tags and chapters are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remove_metadata: bool,
}

impl RemuxSpec {
    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        let holds_pictures = matches!(self.container, Container::Mp4 | Container::Hls { .. });
        check(holds_pictures, "container", "mp4 or hls")?;
        check_container(self.container)?;
        check_playlist_name(self.container, &self.output, "output.key")?;
        check(
            self.output != self.input,
            "output",
            "another object than the input",
        )
    }
}
