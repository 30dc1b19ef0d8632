//! Snapshot specs: pictures of moments of a video, one file each or tiled on sheets.

use serde::{Deserialize, Serialize};

use super::transcode::{OutOfRange, check};
use crate::names::{InvalidName, ObjectKey, ObjectRef};

/// What a snapshot job reads and writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    pub input: ObjectRef,
    /// The first picture; the others lie beside it, see [`SnapshotSpec::numbered`].
    pub output: ObjectRef,
    pub moments: Moments,
    /// Pixels, 8 to 4096. One side alone keeps the display aspect; none keeps the source's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    #[serde(default)]
    pub format: PictureFormat,
    /// Pictures are tiled on sheets, which are the output then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sprite: Option<Sprite>,
}

/// Which moments pictures are taken of. Times are of the source, from its first picture on. A picture is
/// what is shown at its moment; moments that the source ends before are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Moments {
    /// At these, in milliseconds, rising; 1 to 300 of them.
    At(Vec<u64>),
    /// At the first and then again and again.
    Every {
        first_ms: u64,
        /// At least 100.
        step_ms: u64,
        /// 1 to 300; fewer where the source ends before.
        most: u32,
    },
    /// So many, 1 to 300, from the first on, at equal parts of what follows it in the source.
    Spread { first_ms: u64, count: u32 },
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureFormat {
    #[default]
    Jpeg,
    Png,
}

/// How pictures are tiled on sheets: row by row, from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sprite {
    /// 1 to 100 each.
    pub columns: u32,
    pub rows: u32,
    /// Pixels of a picture on the sheet, 8 to 4096. One side alone keeps the display aspect; none
    /// takes the size of the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell_width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell_height: Option<u32>,
    /// Pixels between the pictures, and around them all.
    #[serde(default)]
    pub padding: u32,
    #[serde(default)]
    pub margin: u32,
    /// Whether the pictures are stored as well, see [`SnapshotSpec::cell`].
    #[serde(default)]
    pub keep_pictures: bool,
}

impl SnapshotSpec {
    /// The most pictures of one job.
    pub const MAX_PICTURES: u32 = 300;

    /// Checks every range; a dialect whose ranges differ checks its own before.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        let counts = 1..=Self::MAX_PICTURES;
        match &self.moments {
            Moments::At(times) => {
                let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
                let rise = times.windows(2).all(|pair| pair[0] < pair[1]);
                let fit = counts.contains(&count) && rise;
                check(fit, "moments.at", "1 to 300 times that rise")?;
            }
            Moments::Every { step_ms, most, .. } => {
                check(*step_ms >= 100, "moments.every.step_ms", "100 or more")?;
                check(counts.contains(most), "moments.every.most", "1 to 300")?;
            }
            Moments::Spread { count, .. } => {
                check(counts.contains(count), "moments.spread.count", "1 to 300")?;
            }
        }
        let is_side = |side: Option<u32>| side.is_none_or(|side| (8..=4096).contains(&side));
        check(is_side(self.width), "width", "8 to 4096 pixels")?;
        check(is_side(self.height), "height", "8 to 4096 pixels")?;
        if let Some(sprite) = &self.sprite {
            let fits = |count: u32| (1..=100).contains(&count);
            check(fits(sprite.columns), "sprite.columns", "1 to 100")?;
            check(fits(sprite.rows), "sprite.rows", "1 to 100")?;
            check(
                is_side(sprite.cell_width),
                "sprite.cell_width",
                "8 to 4096 pixels",
            )?;
            check(
                is_side(sprite.cell_height),
                "sprite.cell_height",
                "8 to 4096 pixels",
            )?;
            let most = sprite.padding.max(sprite.margin);
            check(most <= 1000, "sprite.padding", "at most 1000 pixels")?;
        }
        Ok(())
    }

    /// The key of the picture of this number, from 1 on, or of the sheet: the output's with the number, of
    /// five digits, before its extension.
    pub fn numbered(&self, number: u32) -> Result<ObjectKey, InvalidName> {
        let (stem, extension) = self.name();
        self.beside(&format!("{stem}-{number:05}.{extension}"))
    }

    /// The key of the picture of this number where sheets have the plain ones.
    pub fn cell(&self, number: u32) -> Result<ObjectKey, InvalidName> {
        let (stem, extension) = self.name();
        self.beside(&format!("{stem}-cell-{number:05}.{extension}"))
    }

    /// The key of the WebVTT file that says when which part of which sheet is shown.
    pub fn cues(&self) -> Result<ObjectKey, InvalidName> {
        self.beside(&format!("{}.vtt", self.name().0))
    }

    fn name(&self) -> (&str, &str) {
        let name = self.output.key.file_name();
        name.rsplit_once('.').unwrap_or((name, "jpg"))
    }

    fn beside(&self, name: &str) -> Result<ObjectKey, InvalidName> {
        self.output.key.sibling(name)
    }
}
