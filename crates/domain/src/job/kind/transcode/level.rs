//! Levels of H.264: how much a decoder can take.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{RateCap, VideoProfile};

/// A level of H.264, written as `4.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct H264Level(&'static Limits);

/// What a level allows.
#[derive(Debug, PartialEq, Eq)]
struct Limits {
    /// Ten times the level.
    tenfold: u32,
    /// Blocks of 16x16 pixels a second.
    blocks_a_second: u64,
    /// Blocks of 16x16 pixels in a picture. Neither side may have more than the root of eight times as many.
    blocks: u64,
    /// In the baseline and main profiles; the high profile has a quarter more.
    cap: RateCap,
}

const fn limits(
    tenfold: u32,
    blocks_a_second: u64,
    blocks: u64,
    maxrate_kbps: u32,
    bufsize_kbit: u32,
) -> Limits {
    Limits {
        tenfold,
        blocks_a_second,
        blocks,
        cap: RateCap {
            maxrate_kbps,
            bufsize_kbit,
        },
    }
}

/// Table A-1 of the standard.
static LEVELS: [Limits; 16] = [
    limits(10, 1485, 99, 64, 175),
    limits(11, 3000, 396, 192, 500),
    limits(12, 6000, 396, 384, 1000),
    limits(13, 11_880, 396, 768, 2000),
    limits(20, 11_880, 396, 2000, 2000),
    limits(21, 19_800, 792, 4000, 4000),
    limits(22, 20_250, 1620, 4000, 4000),
    limits(30, 40_500, 1620, 10_000, 10_000),
    limits(31, 108_000, 3600, 14_000, 14_000),
    limits(32, 216_000, 5120, 20_000, 20_000),
    limits(40, 245_760, 8192, 20_000, 25_000),
    limits(41, 245_760, 8192, 50_000, 62_500),
    limits(42, 522_240, 8704, 50_000, 62_500),
    limits(50, 589_824, 22_080, 135_000, 135_000),
    limits(51, 983_040, 36_864, 240_000, 240_000),
    limits(52, 2_073_600, 36_864, 240_000, 240_000),
];

impl H264Level {
    /// The level whose tenfold this is: 41 for 4.1.
    pub fn tenfold(tenfold: u32) -> Option<Self> {
        LEVELS
            .iter()
            .find(|level| level.tenfold == tenfold)
            .map(Self)
    }

    /// Ten times the level.
    pub const fn number(self) -> u32 {
        self.0.tenfold
    }

    /// Whether a decoder can show pictures of this size.
    pub fn holds(self, width: u32, height: u32) -> bool {
        let (wide, high) = (blocks(width), blocks(height));
        wide * high <= self.0.blocks && wide.max(high) <= (8 * self.0.blocks).isqrt()
    }

    /// Whether it can show so many of them a second.
    pub fn keeps_up(self, width: u32, height: u32, fps: f64) -> bool {
        (blocks(width) * blocks(height)) as f64 * fps <= self.0.blocks_a_second as f64
    }

    /// The most that it can read.
    pub const fn cap(self, profile: VideoProfile) -> RateCap {
        let RateCap {
            maxrate_kbps,
            bufsize_kbit,
        } = self.0.cap;
        match profile {
            VideoProfile::Baseline | VideoProfile::Main => self.0.cap,
            VideoProfile::High => RateCap {
                maxrate_kbps: maxrate_kbps / 4 * 5,
                bufsize_kbit: bufsize_kbit / 4 * 5,
            },
        }
    }
}

fn blocks(pixels: u32) -> u64 {
    u64::from(pixels.div_ceil(16))
}

impl fmt::Display for H264Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.tenfold / 10, self.0.tenfold % 10)
    }
}

impl From<H264Level> for String {
    fn from(level: H264Level) -> Self {
        level.to_string()
    }
}

/// A text that is no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be one of 1.0, 1.1, 1.2, 1.3, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2, 4.0, 4.1, 4.2, 5.0, 5.1 and 5.2"
)]
pub struct NoLevel;

impl TryFrom<String> for H264Level {
    type Error = NoLevel;

    fn try_from(text: String) -> Result<Self, NoLevel> {
        LEVELS
            .iter()
            .map(Self)
            .find(|level| level.to_string() == text)
            .ok_or(NoLevel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_read_back_as_they_were_written() {
        for level in LEVELS.iter().map(H264Level) {
            let text = serde_json::to_string(&level).unwrap();
            assert_eq!(serde_json::from_str::<H264Level>(&text).unwrap(), level);
        }
        for none in ["\"4.10\"", "\"4\"", "\"1.4\"", "\"\"", "4.1", "41"] {
            serde_json::from_str::<H264Level>(none).expect_err(none);
        }
    }

    #[test]
    fn a_higher_level_allows_no_less() {
        for pair in LEVELS.windows(2) {
            let (low, high) = (&pair[0], &pair[1]);
            assert!(low.tenfold < high.tenfold);
            assert!(low.blocks_a_second <= high.blocks_a_second);
            assert!(low.blocks <= high.blocks);
            assert!(low.cap.maxrate_kbps <= high.cap.maxrate_kbps);
            assert!(low.cap.bufsize_kbit <= high.cap.bufsize_kbit);
        }
    }
}
