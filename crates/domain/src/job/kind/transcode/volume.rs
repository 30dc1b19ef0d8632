//! How loud an output is.

use serde::{Deserialize, Serialize};

use super::{OutOfRange, check};

/// How the volume of the source is changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Volume {
    /// By so many dB, -100 to 20, whatever the source is. What is then above full scale is clipped.
    Gain { db: f64 },
}

impl Volume {
    pub(super) fn validate(self) -> Result<(), OutOfRange> {
        match self {
            Self::Gain { db } => check(
                (-100.0..=20.0).contains(&db),
                "audio.volume.db",
                "-100 to 20",
            ),
        }
    }
}
