//! MPEG-DASH manifests of the form we write, read: one period, and lists of segments by their numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// A manifest of what is finished.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// How long it says that all of it is.
    pub seconds: f64,
    pub representations: Vec<Representation>,
}

/// One choice of players.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Representation {
    /// Its own, and those of the set it is in.
    pub attributes: BTreeMap<String, String>,
    /// Ticks a second, at least 1.
    pub timescale: u32,
    /// The tick that is shown at the beginning.
    pub offset: u64,
    /// As written: percent-encoded, relative to the manifest.
    pub init: String,
    pub segments: Vec<ListedSegment>,
    /// What the addresses of segments are made of, and the number of the next.
    media: String,
    next: u64,
}

/// One segment, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSegment {
    /// As written: percent-encoded, relative to the manifest.
    pub uri: String,
    pub start: u64,
    pub lasts: u64,
}

/// Why a text is no manifest of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("it is no XML: {0}")]
    NoXml(String),
    #[error("{element} has no valid {attribute}")]
    BadAttribute {
        element: &'static str,
        attribute: &'static str,
    },
    #[error("it has {0} periods instead of one")]
    Periods(usize),
    #[error("{0} stands where it is not looked for")]
    Misplaced(&'static str),
    #[error("it names no segment, or more than {MOST_SEGMENTS}")]
    Segments,
}

/// Two days in segments of a second, of five choices.
const MOST_SEGMENTS: usize = 1_000_000;

type Attributes = BTreeMap<String, String>;

/// Whether a text is a manifest rather than a playlist.
pub fn is_manifest(text: &str) -> bool {
    !text.starts_with("#EXTM3U") && text.contains("<MPD")
}

impl Manifest {
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut reader = Reader::from_str(text);
        let (mut manifest, mut periods, mut count) = (Self::default(), 0, 0);
        let mut set = Attributes::new();
        loop {
            let event = reader.read_event();
            let event = event.map_err(|error| ManifestError::NoXml(error.to_string()))?;
            let (Event::Start(start) | Event::Empty(start)) = event else {
                match event {
                    Event::Eof => break,
                    _ => continue,
                }
            };
            let own = attributes(&start)?;
            let last = manifest.representations.last_mut();
            match start.local_name().as_ref() {
                "MPD" => {
                    let said = own.get("mediaPresentationDuration");
                    let seconds = said.and_then(|text| seconds(text));
                    manifest.seconds = seconds.ok_or(bad("MPD", "mediaPresentationDuration"))?;
                }
                "Period" => periods += 1,
                "AdaptationSet" => set = own,
                "Representation" => manifest.representations.push(Representation {
                    attributes: set.clone().into_iter().chain(own).collect(),
                    ..Representation::default()
                }),
                "SegmentTemplate" => last
                    .ok_or(ManifestError::Misplaced("SegmentTemplate"))?
                    .template(&own)?,
                "S" => {
                    let last = last.filter(|it| it.timescale > 0);
                    let last = last.ok_or(ManifestError::Misplaced("S"))?;
                    count += last.list(&own, MOST_SEGMENTS - count)?;
                }
                "SegmentBase" | "SegmentList" | "BaseURL" => {
                    return Err(ManifestError::Misplaced("an element of another form"));
                }
                _ => {}
            }
        }
        let is_empty = |it: &Representation| it.segments.is_empty();
        let all = &manifest.representations;
        match periods {
            1 if all.is_empty() || all.iter().any(is_empty) => Err(ManifestError::Segments),
            1 => Ok(manifest),
            other => Err(ManifestError::Periods(other)),
        }
    }
}

impl Representation {
    pub fn id(&self) -> &str {
        self.attributes.get("id").map_or("", String::as_str)
    }

    /// So many ticks in seconds.
    pub fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / f64::from(self.timescale)
    }

    /// When the last segment ends, counted from the beginning.
    pub fn end_seconds(&self) -> f64 {
        let last = self.segments.last();
        let end = last.map_or(0, |last| last.start + last.lasts);
        self.seconds(end) - self.seconds(self.offset)
    }

    /// The media playlist of the same segments.
    pub fn playlist(&self) -> String {
        let lengths = self.segments.iter().map(|it| self.seconds(it.lasts));
        let target = lengths.fold(0.0, f64::max).round().max(1.0);
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MAP:URI=\"{}\"\n",
            self.init
        );
        for segment in &self.segments {
            let length = self.seconds(segment.lasts);
            // Writing to a string cannot fail.
            let _ = write!(text, "#EXTINF:{length:.6},\n{}\n", segment.uri);
        }
        text + "#EXT-X-ENDLIST\n"
    }

    fn template(&mut self, own: &Attributes) -> Result<(), ManifestError> {
        const ELEMENT: &str = "SegmentTemplate";
        let address = |name: &'static str| {
            let known = own.get(name).filter(|it| !it.contains(['\n', '"']));
            known.cloned().ok_or(bad(ELEMENT, name))
        };
        let ticks = number(own, ELEMENT, "timescale", Some(1))?;
        self.timescale = u32::try_from(ticks).unwrap_or(0);
        if self.timescale == 0 {
            return Err(bad(ELEMENT, "timescale"));
        }
        self.offset = number(own, ELEMENT, "presentationTimeOffset", Some(0))?;
        self.next = number(own, ELEMENT, "startNumber", Some(1))?;
        self.init = address("initialization")?;
        self.media = address("media")?;
        Ok(())
    }

    /// Adds a row of segments, at most so many, and answers with their number.
    fn list(&mut self, own: &Attributes, most: usize) -> Result<usize, ManifestError> {
        let after = self.segments.last().map(|it| it.start + it.lasts);
        let mut start = number(own, "S", "t", after.or(Some(0)))?;
        let lasts = number(own, "S", "d", None)?;
        let count = number(own, "S", "r", Some(0))?.saturating_add(1);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > most {
            return Err(ManifestError::Segments);
        }
        for _ in 0..count {
            let uri = addressed(&self.media, self.next).ok_or(bad("SegmentTemplate", "media"))?;
            self.segments.push(ListedSegment { uri, start, lasts });
            start = start.checked_add(lasts).ok_or(bad("S", "d"))?;
            self.next = self.next.saturating_add(1);
        }
        start.checked_add(lasts).ok_or(bad("S", "d"))?;
        Ok(count)
    }
}

const fn bad(element: &'static str, attribute: &'static str) -> ManifestError {
    ManifestError::BadAttribute { element, attribute }
}

fn attributes(start: &BytesStart<'_>) -> Result<Attributes, ManifestError> {
    let no_xml = |error: &dyn std::fmt::Display| ManifestError::NoXml(error.to_string());
    let mut found = Attributes::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| no_xml(&error))?;
        let value = unescape(&attribute.value).map_err(|error| no_xml(&error))?;
        found.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(found)
}

fn number(
    own: &Attributes,
    element: &'static str,
    attribute: &'static str,
    absent: Option<u64>,
) -> Result<u64, ManifestError> {
    match own.get(attribute) {
        None => absent.ok_or(bad(element, attribute)),
        Some(text) => text.parse().map_err(|_| bad(element, attribute)),
    }
}

/// The address of one segment. None of what has no number, or is made of something else too.
fn addressed(media: &str, number: u64) -> Option<String> {
    let (before, rest) = media.split_once("$Number")?;
    let (form, after) = rest.split_once('$')?;
    let digits = match form {
        "" => 1,
        form => form.strip_prefix("%0")?.strip_suffix('d')?.parse().ok()?,
    };
    let is_plain = !before.contains('$') && !after.contains('$') && digits <= 20_usize;
    is_plain.then(|| format!("{before}{number:0digits$}{after}"))
}

/// `PT1H2M3.5S` (ISO 8601), in seconds. Days and more are not written.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut total = 0.0;
    for (unit, factor) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((value, after)) = rest.split_once(unit) {
            let is_plain = value.bytes().all(|it| it.is_ascii_digit() || it == b'.');
            total += factor * value.parse::<f64>().ok().filter(|_| is_plain)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::{MediaPlaylist, NUMBER, Shows, Stream, Times, manifest};

    fn written() -> String {
        let stream = Stream {
            init: "a%20b-init.mp4".to_owned(),
            media: format!("a%20b-{NUMBER}.m4s"),
            first: 1,
            times: Times {
                timescale: 12_800,
                start: 128_000,
                durations: vec![25_600, 25_600, 12_800],
            },
            bandwidth: 1_000_000,
            codecs: "avc1.64001E".to_owned(),
            shows: Shows::Picture {
                width: 640,
                height: 360,
                rate: None,
            },
        };
        manifest(&[stream]).unwrap()
    }

    #[test]
    fn what_we_write_is_read() {
        let text = written();
        assert!(is_manifest(&text));
        let read = Manifest::parse(&text).unwrap();
        assert!((read.seconds - 5.0).abs() < 1e-9);
        let one = &read.representations[0];
        assert_eq!(one.attributes["codecs"], "avc1.64001E");
        assert_eq!(one.attributes["mimeType"], "video/mp4");
        assert_eq!((one.timescale, one.offset), (12_800, 128_000));
        let names: Vec<&str> = one.segments.iter().map(|it| it.uri.as_str()).collect();
        assert_eq!(
            names,
            ["a%20b-00001.m4s", "a%20b-00002.m4s", "a%20b-00003.m4s"]
        );
        assert_eq!(one.segments[2].start, 128_000 + 2 * 25_600);
        assert!((one.end_seconds() - 5.0).abs() < 1e-9);
        let playlist = MediaPlaylist::parse(&one.playlist()).unwrap();
        assert_eq!(playlist.target_seconds, 2);
        assert_eq!(playlist.init.as_deref(), Some("a%20b-init.mp4"));
        assert!((playlist.seconds() - 5.0).abs() < 1e-6);
    }

    #[test]
    fn broken_ones_are_refused() {
        let bad = |element, attribute| ManifestError::BadAttribute { element, attribute };
        for (from, to, expected) in [
            ("PT5.000000S", "5", bad("MPD", "mediaPresentationDuration")),
            (
                "timescale=\"12800\"",
                "timescale=\"0\"",
                bad("SegmentTemplate", "timescale"),
            ),
            ("$Number%05d$", "$Time$", bad("SegmentTemplate", "media")),
            ("d=\"25600\" r=\"1\"", "r=\"1\"", bad("S", "d")),
            (" r=\"1\"", " r=\"9999999\"", ManifestError::Segments),
            (" r=\"1\"", " r=\"-1\"", bad("S", "r")),
            ("d=\"12800\"", "d=\"18446744073709551615\"", bad("S", "d")),
            (
                "<Period id=\"0\" start=\"PT0S\">",
                "<Period/><Period>",
                ManifestError::Periods(2),
            ),
            (
                "<SegmentTimeline>",
                "<BaseURL>x</BaseURL><SegmentTimeline>",
                ManifestError::Misplaced("an element of another form"),
            ),
        ] {
            let text = written();
            assert!(text.contains(from), "{from}");
            assert_eq!(
                Manifest::parse(&text.replacen(from, to, 1)),
                Err(expected),
                "{to}"
            );
        }
        let cut =
            Manifest::parse("<MPD mediaPresentationDuration=\"PT1S\"><Period></Period></MPD>");
        assert_eq!(cut, Err(ManifestError::Segments));
        assert!(matches!(
            Manifest::parse("<MPD a=1>"),
            Err(ManifestError::NoXml(_))
        ));
    }

    #[test]
    fn lengths_are_told_in_hours_minutes_and_seconds() {
        for (text, expected) in [
            ("PT5.5S", Some(5.5)),
            ("PT1H2M3S", Some(3723.0)),
            ("PT1M", Some(60.0)),
            ("P1D", None),
            ("PT-5S", None),
            ("PTxS", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
