//! Snapshot specs: pictures of moments of a video, one file each or tiled on sheets.

use serde::{Deserialize, Serialize};

use super::transcode::{Color, OutOfRange, check, is_default};
use crate::names::{InvalidName, ObjectKey, ObjectRef};

/// What a snapshot job reads and writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    pub input: ObjectRef,
    /// The first picture; the others lie beside it, see [`SnapshotSpec::numbered`]. With other names than numbers
    /// only its folder counts.
    pub output: ObjectRef,
    pub moments: Moments,
    /// Pixels, 8 to 4096. One side alone keeps the display aspect; none keeps the source's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Pixels of the longer side, 8 to 4096, in the place of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_side: Option<u32>,
    #[serde(default)]
    pub format: PictureFormat,
    /// Pictures are tiled on sheets, which are the output then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sprite: Option<Sprite>,
    #[serde(default, skip_serializing_if = "Naming::is_numbered")]
    pub naming: Naming,
    /// The name of a tar file beside the output that all files are packed into: it is all there is then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Each picture is the last key frame by its moment, in the place of the frame that is shown then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key_frames: bool,
    /// What the first picture must not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_black: Option<NotBlack>,
}

/// When a picture is black. In the place of a first picture that is, the first frame after it that is not is taken,
/// unless there is none in [`NotBlack::WITHIN_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotBlack {
    /// So many percent of its pixels are dark, 1 to 100.
    #[serde(default = "all_percent")]
    pub percent: u32,
    /// A pixel is dark below this luma of 0 to 255.
    #[serde(default = "dark_luma")]
    pub luma: u32,
}

const fn all_percent() -> u32 {
    100
}

const fn dark_luma() -> u32 {
    30
}

impl Default for NotBlack {
    fn default() -> Self {
        Self {
            percent: all_percent(),
            luma: dark_luma(),
        }
    }
}

impl NotBlack {
    /// How long after its moment the first picture is looked for.
    pub const WITHIN_MS: u64 = 5000;

    fn validate(self) -> Result<(), OutOfRange> {
        let percent = (1..=100).contains(&self.percent);
        check(percent, "not_black.percent", "1 to 100")?;
        check(self.luma <= 255, "not_black.luma", "0 to 255")
    }
}

/// Stands in patterns of names for a number of five digits, from 1 on.
pub const COUNT: &str = "{count}";
/// Stands in patterns of names of pictures for their moment in milliseconds.
pub const TIME: &str = "{time}";

/// What the files are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Naming {
    /// As the output, with numbers from 1 on before the extension.
    #[default]
    Numbered,
    /// By the second of each picture, after this text: `text11.jpg`. The last picture of a source goes by the second
    /// in which that ends. One that is alone may have a name of its own.
    Seconds {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alone: Option<String>,
    },
    /// Sheets have numbers from 0 on between these texts; the second ends with the extension.
    Sheets {
        before: String,
        after: String,
        cues: String,
    },
    /// As these patterns with [`COUNT`] in them, for pictures also or only [`TIME`], which end with the extension. One
    /// without them is the name of the only picture. Pictures have none where only sheets are stored.
    Pattern {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sheet: Option<String>,
    },
}

impl Naming {
    pub fn is_numbered(&self) -> bool {
        *self == Self::Numbered
    }

    /// Every text that becomes a part of a name.
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Numbered => Vec::new(),
            Self::Seconds { text, alone } => {
                let alone = alone.as_deref();
                std::iter::once(text.as_str()).chain(alone).collect()
            }
            Self::Sheets {
                before,
                after,
                cues,
            } => vec![before, after, cues],
            Self::Pattern { picture, sheet } => {
                let patterns = picture.iter().chain(sheet);
                patterns.map(String::as_str).collect()
            }
        }
    }
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
    /// At the first and then again and again to the end of the source, or of so much of it, and there once more if
    /// that is wanted. More than 10000 pictures are a fault.
    Through {
        first_ms: u64,
        /// At least 100.
        step_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        length_ms: Option<u64>,
        #[serde(default)]
        closing: bool,
    },
    /// From the beginning on at each so many millionths of the source's length, 100 to 1000000.
    Shares { step_ppm: u32 },
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
    /// Only each so many-th picture is on a sheet, from the first on; 1 to 10000.
    #[serde(default = "each", skip_serializing_if = "is_each")]
    pub every: u32,
    /// What is between and around the pictures.
    #[serde(default, skip_serializing_if = "is_default")]
    pub color: Color,
}

const fn each() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde asks for takes a reference"
)]
const fn is_each(every: &u32) -> bool {
    *every == each()
}

/// One picture on each sheet, and the sheets alone.
impl Default for Sprite {
    fn default() -> Self {
        Self {
            columns: 1,
            rows: 1,
            cell_width: None,
            cell_height: None,
            padding: 0,
            margin: 0,
            keep_pictures: false,
            every: each(),
            color: Color::default(),
        }
    }
}

impl SnapshotSpec {
    /// The most pictures of one job that says how many.
    pub const MAX_PICTURES: u32 = 300;
    /// The most of one whose number follows from the source's length.
    pub const MAX_THROUGH: u32 = 10_000;

    /// The latest moment that may be named, in milliseconds: 48 hours, which is as long as an output may be.
    pub const LATEST_MS: u64 = 48 * 3600 * 1000;

    /// Checks every range; a dialect whose ranges differ checks its own before.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        const TIME: &str = "at most 172800000";
        let counts = 1..=Self::MAX_PICTURES;
        let is_time = |time: &u64| *time <= Self::LATEST_MS;
        match &self.moments {
            Moments::At(times) => {
                let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
                let rise = times.windows(2).all(|pair| pair[0] < pair[1]);
                let fit = counts.contains(&count) && rise && times.iter().all(is_time);
                let expected = "1 to 300 times that rise, up to 172800000";
                check(fit, "moments.at", expected)?;
            }
            Moments::Every {
                first_ms,
                step_ms,
                most,
            } => {
                check(is_time(first_ms), "moments.every.first_ms", TIME)?;
                let fits = *step_ms >= 100 && is_time(step_ms);
                check(fits, "moments.every.step_ms", "100 to 172800000")?;
                check(counts.contains(most), "moments.every.most", "1 to 300")?;
            }
            Moments::Spread { first_ms, count } => {
                check(is_time(first_ms), "moments.spread.first_ms", TIME)?;
                check(counts.contains(count), "moments.spread.count", "1 to 300")?;
            }
            Moments::Through {
                first_ms,
                step_ms,
                length_ms,
                ..
            } => {
                check(is_time(first_ms), "moments.through.first_ms", TIME)?;
                let step = *step_ms >= 100 && is_time(step_ms);
                check(step, "moments.through.step_ms", "100 to 172800000")?;
                let length = length_ms.is_none_or(|length| length > 0 && is_time(&length));
                check(length, "moments.through.length_ms", "1 to 172800000")?;
            }
            Moments::Shares { step_ppm } => {
                let fits = (100..=1_000_000).contains(step_ppm);
                check(fits, "moments.shares.step_ppm", "100 to 1000000")?;
            }
        }
        let is_side = |side: Option<u32>| side.is_none_or(|side| (8..=4096).contains(&side));
        check(is_side(self.width), "width", "8 to 4096 pixels")?;
        check(is_side(self.height), "height", "8 to 4096 pixels")?;
        let is_only = self.width.is_none() && self.height.is_none();
        check(
            is_side(self.long_side) && (self.long_side.is_none() || is_only),
            "long_side",
            "8 to 4096 pixels, and without width and height",
        )?;
        self.check_names()?;
        self.not_black.map_or(Ok(()), NotBlack::validate)?;
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
            let every = (1..=Self::MAX_THROUGH).contains(&sprite.every);
            check(every, "sprite.every", "1 to 10000")?;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), OutOfRange> {
        let is_part = |text: &str| {
            text.len() <= 200 && !text.contains('/') && !text.chars().any(char::is_control)
        };
        let are_parts = self.naming.texts().iter().all(|text| is_part(text));
        check(
            are_parts,
            "naming",
            "texts of at most 200 bytes without slashes",
        )?;
        check(
            !matches!(self.naming, Naming::Sheets { .. }) || self.sprite.is_some(),
            "naming",
            "names of sheets only where there are sheets",
        )?;
        check(
            !matches!(self.naming, Naming::Seconds { .. }) || self.sprite.is_none(),
            "naming",
            "seconds only where there are no sheets",
        )?;
        self.check_patterns()?;
        check(
            self.archive
                .as_deref()
                .is_none_or(|name| is_part(name) && !name.is_empty()),
            "archive",
            "a name of at most 200 bytes without slashes",
        )
    }

    /// Whether each file that is stored has a pattern, and one of its own.
    fn check_patterns(&self) -> Result<(), OutOfRange> {
        let Naming::Pattern { picture, sheet } = &self.naming else {
            return Ok(());
        };
        let is_stored = self.sprite.is_none_or(|it| it.keep_pictures);
        check(
            picture.is_some() == is_stored && sheet.is_some() == self.sprite.is_some(),
            "naming",
            "a pattern for pictures and for sheets where they are stored",
        )?;
        let is_single = matches!(&self.moments, Moments::At(times) if times.len() == 1);
        let has_count = |pattern: &String| pattern.contains(COUNT);
        let is_each = |pattern: &String| has_count(pattern) || pattern.contains(TIME);
        check(
            sheet.as_ref().is_none_or(has_count)
                && (is_single || picture.as_ref().is_none_or(is_each)),
            "naming",
            "patterns with {count} where there may be several files, or for pictures with {time}",
        )?;
        check(
            picture.is_none() || picture != sheet,
            "naming",
            "patterns that differ",
        )
    }

    /// The key of the picture of this number, from 1 on, or of the sheet: the output's with the number, of
    /// five digits, before its extension.
    pub fn numbered(&self, number: u32) -> Result<ObjectKey, InvalidName> {
        if let Naming::Pattern {
            picture: Some(pattern),
            ..
        } = &self.naming
        {
            return self.beside(&counted(pattern, number));
        }
        let (stem, extension) = self.name();
        self.beside(&format!("{stem}-{number:05}.{extension}"))
    }

    /// The key of the picture of this number where sheets have the plain ones.
    pub fn cell(&self, number: u32) -> Result<ObjectKey, InvalidName> {
        if let Naming::Pattern {
            picture: Some(_), ..
        } = self.naming
        {
            return self.numbered(number);
        }
        let (stem, extension) = self.name();
        self.beside(&format!("{stem}-cell-{number:05}.{extension}"))
    }

    /// The key of the sheet of this number, from 1 on.
    pub fn sheet(&self, number: u32) -> Result<ObjectKey, InvalidName> {
        match &self.naming {
            Naming::Sheets { before, after, .. } => {
                self.beside(&format!("{before}{}{after}", number.saturating_sub(1)))
            }
            Naming::Pattern {
                sheet: Some(pattern),
                ..
            } => self.beside(&counted(pattern, number)),
            Naming::Numbered | Naming::Seconds { .. } | Naming::Pattern { sheet: None, .. } => {
                self.numbered(number)
            }
        }
    }

    /// The key of the picture of this number and moment, where names have moments in them.
    pub fn at_moment(&self, number: u32, at_ms: u64) -> Option<Result<ObjectKey, InvalidName>> {
        let Naming::Pattern {
            picture: Some(pattern),
            ..
        } = &self.naming
        else {
            return None;
        };
        let named = pattern.replace(TIME, &at_ms.to_string());
        let has_time = pattern.contains(TIME);
        has_time.then(|| self.beside(&counted(&named, number)))
    }

    /// The key of the picture of this second, which may be the only one.
    pub fn at_second(&self, second: u64, is_alone: bool) -> Option<Result<ObjectKey, InvalidName>> {
        let Naming::Seconds { text, alone } = &self.naming else {
            return None;
        };
        let extension = match self.format {
            PictureFormat::Jpeg => "jpg",
            PictureFormat::Png => "png",
        };
        Some(match alone.as_deref().filter(|_| is_alone) {
            Some(name) => self.beside(name),
            None => self.beside(&format!("{text}{second}.{extension}")),
        })
    }

    /// The key of the WebVTT file that says when which part of which sheet is shown.
    pub fn cues(&self) -> Result<ObjectKey, InvalidName> {
        match &self.naming {
            Naming::Sheets { cues, .. } => self.beside(cues),
            Naming::Pattern {
                sheet: Some(pattern),
                ..
            } => {
                let first = counted(pattern, 1);
                let stem = first.rsplit_once('.').map_or(&*first, |(stem, _)| stem);
                self.beside(&format!("{stem}.vtt"))
            }
            Naming::Numbered | Naming::Seconds { .. } | Naming::Pattern { sheet: None, .. } => {
                self.beside(&format!("{}.vtt", self.name().0))
            }
        }
    }

    fn name(&self) -> (&str, &str) {
        let name = self.output.key.file_name();
        name.rsplit_once('.').unwrap_or((name, "jpg"))
    }

    fn beside(&self, name: &str) -> Result<ObjectKey, InvalidName> {
        self.output.key.sibling(name)
    }
}

fn counted(pattern: &str, number: u32) -> String {
    pattern.replace(COUNT, &format!("{number:05}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_names_and_archives_still_loads_and_is_written_alike() {
        let text = r#"{"input":{"bucket":"media","key":"a.mp4"},"output":{"bucket":"media","key":"a.jpg"},"moments":{"at":[0]},"format":"jpeg"}"#;
        let spec: SnapshotSpec = serde_json::from_str(text).unwrap();
        assert!(spec.naming.is_numbered() && spec.archive.is_none() && spec.long_side.is_none());
        assert_eq!(serde_json::to_string(&spec).unwrap(), text);
    }

    /// Times that nothing can count in microseconds were written into command lines.
    #[test]
    fn moments_are_within_two_days() {
        let last = SnapshotSpec::LATEST_MS;
        let validate = |moments: Moments| {
            let text = r#"{"input":{"bucket":"media","key":"a.mp4"},"output":{"bucket":"media","key":"a.jpg"},"moments":{"at":[0]}}"#;
            let spec = serde_json::from_str::<SnapshotSpec>(text).unwrap();
            SnapshotSpec { moments, ..spec }.validate()
        };
        let every = |first_ms, step_ms| Moments::Every {
            first_ms,
            step_ms,
            most: 300,
        };
        let spread = |first_ms| Moments::Spread { first_ms, count: 2 };
        for moments in [Moments::At(vec![0, last]), every(last, last), spread(last)] {
            validate(moments).unwrap();
        }
        for too_late in [last + 1, u64::MAX] {
            for (moments, field) in [
                (Moments::At(vec![0, too_late]), "moments.at"),
                (every(too_late, 100), "moments.every.first_ms"),
                (every(0, too_late), "moments.every.step_ms"),
                (spread(too_late), "moments.spread.first_ms"),
            ] {
                assert_eq!(validate(moments).unwrap_err().field, field);
            }
        }
    }

    #[test]
    fn names_are_parts_of_names() {
        let spec = |more: &str| {
            let text = format!(
                r#"{{"input":{{"bucket":"media","key":"a.mp4"}},"output":{{"bucket":"media","key":"x/a.jpg"}},
                    "moments":{{"through":{{"first_ms":0,"step_ms":1000}}}}{more}}}"#
            );
            serde_json::from_str::<SnapshotSpec>(&text).unwrap()
        };
        let second = spec(r#","naming":{"seconds":{"text":"s_","alone":"one.jpg"}}"#);
        second.validate().unwrap();
        let both = spec(
            r#","sprite":{"columns":2,"rows":2,"keep_pictures":true},
               "naming":{"pattern":{"picture":"p{count}.jpg","sheet":"{count}.s.jpg"}}"#,
        );
        both.validate().unwrap();
        let texts = [both.cell(3), both.sheet(12), both.cues()].map(|it| it.unwrap().to_string());
        assert_eq!(texts, ["x/p00003.jpg", "x/00012.s.jpg", "x/00001.s.vtt"]);
        let key = |is_alone| second.at_second(7, is_alone).unwrap().unwrap().to_string();
        assert_eq!(
            (key(false), key(true)),
            ("x/s_7.jpg".into(), "x/one.jpg".into())
        );
        let timed = spec(r#","naming":{"pattern":{"picture":"{time}-{count}.jpg"}}"#);
        timed.validate().unwrap();
        let key = timed.at_moment(2, 1500).unwrap().unwrap();
        assert_eq!(key.as_str(), "x/1500-00002.jpg");
        assert!(both.at_moment(2, 1500).is_none());
        for (more, field) in [
            (r#","naming":{"seconds":{"text":"../"}}"#, "naming"),
            (
                r#","naming":{"sheets":{"before":"a","after":".jpg","cues":"a.vtt"}}"#,
                "naming",
            ),
            (r#","naming":{"pattern":{"picture":"a.jpg"}}"#, "naming"),
            (
                r#","naming":{"pattern":{"sheet":"a{count}.jpg"}}"#,
                "naming",
            ),
            (
                r#","sprite":{"columns":2,"rows":2,"keep_pictures":true},
                   "naming":{"pattern":{"picture":"{count}.jpg","sheet":"{count}.jpg"}}"#,
                "naming",
            ),
            (r#","naming":{"pattern":{"sheet":"{time}.jpg"}}"#, "naming"),
            (r#","not_black":{"percent":0}"#, "not_black.percent"),
            (r#","not_black":{"luma":256}"#, "not_black.luma"),
            (
                r#","sprite":{"columns":1,"rows":1,"every":0}"#,
                "sprite.every",
            ),
            (r#","archive":"a/b.tar""#, "archive"),
            (r#","archive":"""#, "archive"),
            (r#","long_side":480,"width":640"#, "long_side"),
            (r#","long_side":4097"#, "long_side"),
        ] {
            assert_eq!(spec(more).validate().unwrap_err().field, field, "{more}");
        }
    }
}
