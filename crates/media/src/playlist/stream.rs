//! Rows of segments of fragmented MP4, as manifests tell of them.

use reelgate_domain::media::MediaFacts;

use super::{MediaPlaylist, Rendition, fps};
use crate::mp4::{Fragment, Track};

/// One choice of players: a row of segments, and what there is to know of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// The address of the header, relative to the manifest, already percent-encoded.
    pub init: String,
    /// The same of the segments, with [`NUMBER`] where their numbers stand.
    pub media: String,
    /// The number of the first segment.
    pub first: u64,
    pub times: Times,
    /// Bits a second at the peak.
    pub bandwidth: u64,
    /// As [`crate::mp4::codecs`] gives it.
    pub codecs: String,
    pub shows: Shows,
}

/// What a stream is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    Picture {
        width: u32,
        height: u32,
        /// Frames a second as a fraction, such as `30000/1001`.
        rate: Option<String>,
    },
    Sound {
        /// What listeners choose it by.
        name: Option<String>,
        /// A language tag (BCP 47).
        language: Option<String>,
        channels: Option<u32>,
        sample_rate: Option<u32>,
    },
}

/// When the segments of a stream are shown, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// Ticks a second.
    pub timescale: u32,
    pub start: u64,
    /// One for each segment; each starts where the one before ends.
    pub durations: Vec<u64>,
}

/// Stands for the number of a segment in addresses (ISO/IEC 23009-1, 5.3.9.4.4).
pub const NUMBER: &str = "$Number%05d$";
const DIGITS: usize = 5;

impl Times {
    /// Those of a media playlist whose first segment holds `first` of `track`. Lengths in playlists are millionths of a
    /// second, which are finer than ticks. None if it would start before its clock does.
    pub fn of(playlist: &MediaPlaylist, track: &Track, first: &Fragment) -> Option<Self> {
        let ticks = f64::from(track.timescale);
        let lengths = playlist.segments.iter();
        Some(Self {
            timescale: track.timescale,
            start: u64::try_from(first.start).ok()?,
            durations: lengths
                .map(|segment| (segment.seconds * ticks).round() as u64)
                .collect(),
        })
    }

    pub(super) fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / f64::from(self.timescale)
    }

    pub(super) fn end_seconds(&self) -> f64 {
        self.seconds(self.start + self.durations.iter().sum::<u64>())
    }

    /// The moment `origin` in the ticks of this stream.
    pub(super) fn ticks_of(&self, origin: &Self) -> u64 {
        let (own, other) = (u128::from(self.timescale), u128::from(origin.timescale));
        let ticks = (u128::from(origin.start) * own + other / 2) / other;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

/// The address of all segments of a playlist, with [`NUMBER`] where their numbers stand, and the first number. None if
/// their names do not differ by rising numbers alone.
pub fn numbered(playlist: &MediaPlaylist) -> Option<(String, u64)> {
    let first = &playlist.segments.first()?.uri;
    let (stem, ending) = first.rsplit_once('.')?;
    let (stem, digits) = stem.split_at_checked(stem.len().checked_sub(DIGITS)?)?;
    let number: u64 = digits.parse().ok()?;
    let named = |number: u64| format!("{stem}{number:05}.{ending}");
    let mut each = playlist.segments.iter().zip(number..);
    let is_row = each.all(|(segment, number)| segment.uri == named(number));
    is_row.then(|| (format!("{stem}{NUMBER}.{ending}"), number))
}

impl Stream {
    /// The row whose media playlist `told` tells of; its first segment has the samples of `track` that are `shown` then. None if
    /// they and the playlist do not go together.
    pub fn of(
        told: &Rendition,
        playlist: &MediaPlaylist,
        (track, shown): (&Track, &Fragment),
        shows: Shows,
    ) -> Option<Self> {
        let (name, first) = numbered(playlist)?;
        let init = playlist.init.as_deref()?;
        let times = Times::of(playlist, track, shown)?;
        let folder = told.uri.rsplit_once('/');
        let beside = |name: &str| match folder {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.to_owned(),
        };
        Some(Self {
            init: beside(init),
            media: beside(&name),
            first,
            times,
            bandwidth: told.bandwidth,
            codecs: told.codecs.clone(),
            shows,
        })
    }
}

impl Shows {
    /// What segments with these facts are of, and what listeners choose them by where they are sound.
    pub fn of(facts: &MediaFacts, name: Option<String>, language: Option<String>) -> Self {
        if let Some((_, video)) = facts.video() {
            let rate = video.average_rate.clone();
            return Self::Picture {
                width: video.width,
                height: video.height,
                rate: rate.filter(|_| fps(facts).is_some()),
            };
        }
        let audio = facts.audio().map(|(_, audio)| audio);
        Self::Sound {
            name,
            language,
            channels: audio.and_then(|audio| audio.channels),
            sample_rate: audio.and_then(|audio| audio.sample_rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::Segment;

    fn playlist(names: &[(&str, f64)]) -> MediaPlaylist {
        let segment = |(uri, seconds): &(&str, f64)| Segment {
            uri: (*uri).to_owned(),
            seconds: *seconds,
        };
        MediaPlaylist {
            target_seconds: 2,
            init: Some("a-init.mp4".to_owned()),
            segments: names.iter().map(segment).collect(),
        }
    }

    #[test]
    fn names_of_segments_become_one_address() {
        let row = playlist(&[("a%20b-00001.m4s", 2.0), ("a%20b-00002.m4s", 1.0)]);
        let expected = ("a%20b-$Number%05d$.m4s".to_owned(), 1);
        assert_eq!(numbered(&row), Some(expected));
        for odd in [
            playlist(&[("a-00001.m4s", 2.0), ("a-00003.m4s", 1.0)]),
            playlist(&[("a.m4s", 2.0)]),
            playlist(&[("00001", 2.0)]),
            playlist(&[("é0001.m4s", 2.0)]),
        ] {
            assert_eq!(numbered(&odd), None, "{odd:?}");
        }
    }
}
