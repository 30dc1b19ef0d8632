//! Media info specs: what is in a file, told without making anything of it.

use serde::{Deserialize, Serialize};

use super::transcode::{Area, OutOfRange, Scan, check, is_default};
use crate::names::ObjectRef;

/// What a media info job looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaInfoSpec {
    pub input: ObjectRef,
    /// Where the facts go as JSON. Absent: they are the job's result only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<ObjectRef>,
    /// What is measured of its picture besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<ComplexitySpec>,
}

/// Measures how many bits a picture takes at a constant quality of H.264, by encoding samples of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplexitySpec {
    /// The quality, 1 (best) to 51.
    #[serde(default = "default_crf")]
    pub crf: u32,
    /// Up to 8 widths in pixels, 32 to 4096, at which it is measured. Those above the picture's are left out; where
    /// none is left it is measured at its own size.
    #[serde(default)]
    pub widths: Vec<u32>,
    /// As of an output.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scan: Scan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Area>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub crop_borders: bool,
}

const fn default_crf() -> u32 {
    25
}

impl Default for ComplexitySpec {
    fn default() -> Self {
        Self {
            crf: default_crf(),
            widths: Vec::new(),
            scan: Scan::default(),
            crop: None,
            crop_borders: false,
        }
    }
}

impl ComplexitySpec {
    const MOST_WIDTHS: usize = 8;

    fn validate(&self) -> Result<(), OutOfRange> {
        check(
            (1..=51).contains(&self.crf),
            "complexity.crf",
            "a whole number of 1 to 51",
        )?;
        let are_widths = self.widths.iter().all(|width| (32..=4096).contains(width));
        check(
            are_widths && self.widths.len() <= Self::MOST_WIDTHS,
            "complexity.widths",
            "at most 8 of 32 to 4096 pixels",
        )?;
        check(
            self.scan != Scan::Interlaced,
            "complexity.scan",
            "as_tagged or auto: presets make whole frames",
        )?;
        let fits = self.crop.is_none_or(|area| {
            (16..=8192).contains(&area.width) && (16..=8192).contains(&area.height)
        });
        check(fits, "complexity.crop", "16 to 8192 pixels wide and high")?;
        check(
            self.crop.is_none() || !self.crop_borders,
            "complexity.crop_borders",
            "false beside crop",
        )
    }
}

impl MediaInfoSpec {
    /// Checks what can be said without looking.
    pub fn validate(&self) -> Result<(), OutOfRange> {
        check(
            self.output.as_ref() != Some(&self.input),
            "output",
            "another object than the input",
        )?;
        let complexity = self.complexity.as_ref();
        complexity.map_or(Ok(()), ComplexitySpec::validate)
    }

    /// What its one result is about: the file of facts, or without one the input.
    pub const fn target(&self) -> &ObjectRef {
        match &self.output {
            Some(output) => output,
            None => &self.input,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_complexity_still_loads_and_is_written_alike() {
        let text = r#"{"input":{"bucket":"media","key":"a.mp4"}}"#;
        let spec: MediaInfoSpec = serde_json::from_str(text).unwrap();
        assert_eq!(spec.complexity, None);
        assert_eq!(serde_json::to_string(&spec).unwrap(), text);
    }

    #[test]
    fn what_is_measured_has_ranges() {
        let spec = |complexity: &str| {
            let text = format!(
                r#"{{"input":{{"bucket":"media","key":"a.mp4"}},"complexity":{complexity}}}"#
            );
            serde_json::from_str::<MediaInfoSpec>(&text).unwrap()
        };
        let plain = spec("{}");
        plain.validate().unwrap();
        assert_eq!(plain.complexity.unwrap().crf, 25);
        for (complexity, field) in [
            (r#"{"crf":0}"#, "complexity.crf"),
            (r#"{"crf":52}"#, "complexity.crf"),
            (r#"{"widths":[16]}"#, "complexity.widths"),
            (
                r#"{"widths":[64,64,64,64,64,64,64,64,64]}"#,
                "complexity.widths",
            ),
            (r#"{"crop":{"width":8,"height":64}}"#, "complexity.crop"),
            (
                r#"{"crop":{"width":64,"height":64},"crop_borders":true}"#,
                "complexity.crop_borders",
            ),
        ] {
            assert_eq!(spec(complexity).validate().unwrap_err().field, field);
        }
    }
}
