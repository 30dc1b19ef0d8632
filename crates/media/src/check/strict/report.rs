//! What a strict check has to say: rules, and how a file keeps them.

use std::fmt;

use serde::{Serialize, Serializer};

/// Something that a professional output keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    Streams,
    Whole,
    IndexFirst,
    Decodes,
    Upright,
    SquarePixels,
    EvenSize,
    Progressive,
    Colours,
    KeyFrames,
    ClosedGroups,
    Times,
    SteadyFrames,
    Start,
    CodecTag,
    MaxRate,
    Loudness,
    TruePeak,
    TargetDuration,
    SegmentTimes,
    Manifest,
    Independent,
    Attributes,
    Bandwidth,
    Aligned,
    Rungs,
    Kept,
    Duration,
    FrameCount,
    Shape,
    Upscale,
    SourceColours,
    Sync,
    Language,
    Likeness,
}

/// Every rule, its name and what it asks for, in the order of the documentation.
const TABLE: [(Rule, &str, &str); 35] = [
    (
        Rule::Streams,
        "streams",
        "there is a picture or sound, and no stream that players do not know",
    ),
    (Rule::Whole, "whole", "an MP4 ends where its last box does"),
    (
        Rule::IndexFirst,
        "index_first",
        "the index of an MP4 stands before its media",
    ),
    (
        Rule::Decodes,
        "decodes",
        "all of it can be decoded without an error",
    ),
    (
        Rule::Upright,
        "upright",
        "the picture is turned already: nothing asks players to turn it",
    ),
    (Rule::SquarePixels, "square_pixels", "pixels are square"),
    (Rule::EvenSize, "even_size", "width and height are even"),
    (
        Rule::Progressive,
        "progressive",
        "at most 1 % of the pictures show two fields",
    ),
    (
        Rule::Colours,
        "colours",
        "the range is limited, and high dynamic range has 10 bits and BT.2020",
    ),
    (
        Rule::KeyFrames,
        "key_frames",
        "it starts with a key frame, and none is later than asked for",
    ),
    (
        Rule::ClosedGroups,
        "closed_groups",
        "no picture before a key frame needs what comes after it",
    ),
    (
        Rule::Times,
        "times",
        "times of decoding rise, and no two pictures have the same time",
    ),
    (
        Rule::SteadyFrames,
        "steady_frames",
        "at most 0.5 % of the frames are lost, doubled or late",
    ),
    (
        Rule::Start,
        "start",
        "picture and sound start together, and at 0 where the container allows it",
    ),
    (
        Rule::CodecTag,
        "codec_tag",
        "H.265 is tagged hvc1, and in playlists only in fragmented MP4",
    ),
    (
        Rule::MaxRate,
        "max_rate",
        "no 2 s of the picture are more than a tenth above the cap",
    ),
    (
        Rule::Loudness,
        "loudness",
        "the integrated loudness is within 0.5 LU of what is asked for",
    ),
    (
        Rule::TruePeak,
        "true_peak",
        "where a loudness is asked for, no true peak is above -1 dBTP",
    ),
    (
        Rule::TargetDuration,
        "target_duration",
        "no segment is longer than the playlist says",
    ),
    (
        Rule::SegmentTimes,
        "segment_times",
        "segments are as long as the playlist says, each and together",
    ),
    (
        Rule::Manifest,
        "manifest",
        "a manifest of MPEG-DASH is as long as its segments, and they start and end when it says",
    ),
    (
        Rule::Independent,
        "independent",
        "each segment starts with a key frame and decodes by itself",
    ),
    (
        Rule::Attributes,
        "attributes",
        "BANDWIDTH, CODECS, RESOLUTION and FRAME-RATE are there and true, CODECS with the sound that goes with it",
    ),
    (
        Rule::Bandwidth,
        "bandwidth",
        "BANDWIDTH is within 10 % of the measured peak, with the largest sound that goes with it",
    ),
    (
        Rule::Aligned,
        "aligned",
        "segments and key frames of all renditions are at the same times of one clock, and sound of its own begins with the picture",
    ),
    (
        Rule::Rungs,
        "rungs",
        "more bandwidth of one codec looks no worse",
    ),
    (
        Rule::Kept,
        "kept",
        "it has a picture and sound where its source has them",
    ),
    (
        Rule::Duration,
        "duration",
        "it is as long as its source, to a frame and to the sound's packets",
    ),
    (
        Rule::FrameCount,
        "frame_count",
        "it has as many frames as the source's length makes, to 0.5 %",
    ),
    (
        Rule::Shape,
        "shape",
        "its picture has the proportions of the source's",
    ),
    (
        Rule::Upscale,
        "upscale",
        "its picture is no larger than the source's",
    ),
    (
        Rule::SourceColours,
        "source_colours",
        "transfer, primaries and matrix are the source's, or brought down to BT.709",
    ),
    (
        Rule::Sync,
        "sync",
        "its sound is at most 5 ms earlier or later than the source's",
    ),
    (
        Rule::Language,
        "language",
        "the sound has the source's language",
    ),
    (Rule::Likeness, "likeness", "it looks like its source"),
];

impl Rule {
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(rule, ..)| *rule)
    }

    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it asks for, in one line.
    pub fn asks(self) -> &'static str {
        self.row().2
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|rule| rule.name() == name)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        // Rows stand in the order of the variants, which a test holds.
        &TABLE[self as usize]
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How a file keeps a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Right,
    Wrong,
    /// It could not be looked into; the detail says why.
    Unjudged,
}

/// One rule and what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub rule: Rule,
    pub verdict: Verdict,
    pub detail: String,
}

/// Numbers that were measured on the way, absent where they were not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    pub seconds: Option<f64>,
    pub frames: Option<u64>,
    pub longest_key_interval_seconds: Option<f64>,
    pub integrated_lufs: Option<f64>,
    pub true_peak_dbtp: Option<f64>,
    pub ssim: Option<f64>,
    pub sound_offset_ms: Option<f64>,
    pub peak_bandwidth: Option<u64>,
}

/// All that is to say about a file, and about the renditions that it names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub file: String,
    pub findings: Vec<Finding>,
    pub measured: Measured,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<Report>,
}

impl Report {
    /// Whether no rule is broken, by the renditions neither.
    pub fn is_right(&self) -> bool {
        self.findings.iter().all(|it| it.verdict != Verdict::Wrong)
            && self.renditions.iter().all(Report::is_right)
    }

    /// What broke a rule, the renditions' with it.
    pub fn wrong(&self) -> Vec<&Finding> {
        let of_renditions = self.renditions.iter().flat_map(Report::wrong);
        let own = self.findings.iter();
        own.filter(|it| it.verdict == Verdict::Wrong)
            .chain(of_renditions)
            .collect()
    }
}

/// Collects findings about the rules that are to be judged.
pub(super) struct Findings<'a> {
    except: &'a [Rule],
    pub(super) list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(except: &'a [Rule]) -> Self {
        Self {
            except,
            list: Vec::new(),
        }
    }

    pub(super) fn wants(&self, rule: Rule) -> bool {
        !self.except.contains(&rule)
    }

    /// What was found is right, or wrong; either way it says what was measured.
    pub(super) fn judge(&mut self, rule: Rule, found: Result<String, String>) {
        let (verdict, detail) = match found {
            Ok(detail) => (Verdict::Right, detail),
            Err(detail) => (Verdict::Wrong, detail),
        };
        self.add(rule, verdict, detail);
    }

    pub(super) fn holds(&mut self, rule: Rule, holds: bool, detail: String) {
        self.judge(rule, if holds { Ok(detail) } else { Err(detail) });
    }

    pub(super) fn unjudged(&mut self, rule: Rule, why: impl Into<String>) {
        self.add(rule, Verdict::Unjudged, why.into());
    }

    fn add(&mut self, rule: Rule, verdict: Verdict, detail: String) {
        if self.wants(rule) {
            self.list.push(Finding {
                rule,
                verdict,
                detail,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_row() {
        for (index, (rule, name, asks)) in TABLE.iter().enumerate() {
            assert_eq!(*rule as usize, index, "{name}");
            assert_eq!(Rule::named(name), Some(*rule));
            assert!(!asks.is_empty());
        }
        assert_eq!(Rule::named("nothing"), None);
    }

    #[test]
    fn a_broken_rule_of_a_rendition_makes_the_whole_wrong() {
        let report = |verdict| Report {
            file: "a".to_owned(),
            findings: vec![Finding {
                rule: Rule::Upright,
                verdict,
                detail: String::new(),
            }],
            measured: Measured::default(),
            renditions: Vec::new(),
        };
        let mut whole = report(Verdict::Unjudged);
        assert!(whole.is_right());
        whole.renditions.push(report(Verdict::Wrong));
        assert!(!whole.is_right());
        assert_eq!(whole.wrong().len(), 1);
    }

    #[test]
    fn rules_that_are_left_out_are_not_judged() {
        let mut findings = Findings::new(&[Rule::Upright]);
        findings.holds(Rule::Upright, false, String::new());
        findings.holds(Rule::EvenSize, false, String::new());
        assert_eq!(findings.list.len(), 1);
    }
}
