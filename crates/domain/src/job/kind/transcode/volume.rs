//! How loud an output is.

use serde::{Deserialize, Serialize};

use super::{OutOfRange, check};

/// How the volume of the source is changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Volume {
    /// By so many dB, -100 to 20, whatever the source is. What is then above full scale is clipped.
    Gain { db: f64 },
    /// To an integrated loudness by EBU R 128, which is measured before. Peaks that would come out above the true
    /// peak are limited.
    Loudness {
        /// LUFS, -70 to -5.
        integrated: f64,
        /// dBTP, -9 to 0.
        #[serde(default = "default_true_peak")]
        true_peak: f64,
    },
    /// So that the highest true peak is at this share of full scale, 0 to 1.
    Peak { level: f64 },
}

const DEFAULT_TRUE_PEAK: f64 = -1.0;

const fn default_true_peak() -> f64 {
    DEFAULT_TRUE_PEAK
}

impl Volume {
    /// Where a vendor's word leaves the loudness to the service, and no vendor says what that is: what is common for
    /// sound on the web, -16 LUFS with peaks at -1 dBTP at most.
    pub const AUTO: Self = Self::Loudness {
        integrated: -16.0,
        true_peak: DEFAULT_TRUE_PEAK,
    };

    /// Whether the source has to be measured for it.
    pub const fn is_measured(self) -> bool {
        !matches!(self, Self::Gain { .. })
    }

    pub(super) fn validate(self) -> Result<(), OutOfRange> {
        match self {
            Self::Gain { db } => check(
                (-100.0..=20.0).contains(&db),
                "audio.volume.db",
                "-100 to 20",
            ),
            Self::Loudness {
                integrated,
                true_peak,
            } => {
                check(
                    (-70.0..=-5.0).contains(&integrated),
                    "audio.volume.integrated",
                    "-70 to -5 LUFS",
                )?;
                check(
                    (-9.0..=0.0).contains(&true_peak),
                    "audio.volume.true_peak",
                    "-9 to 0 dBTP",
                )
            }
            Self::Peak { level } => {
                check((0.0..=1.0).contains(&level), "audio.volume.level", "0 to 1")
            }
        }
    }
}
