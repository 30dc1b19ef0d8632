//! What a query has in common with a library, as segments per fingerprint.

mod frames;
mod passages;
mod pictures;
mod sound;

use std::collections::BTreeMap;

use crate::audio::AudioQuery;
use crate::index::{Index, Live, Snapshot};
use crate::text::{TextPrint, Token};
use crate::video::{PictureQuery, VideoQuery};

/// What is looked for; whatever is there is compared with what the library has of its kind.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub video: Option<VideoQuery>,
    pub picture: Option<PictureQuery>,
    pub audio: Option<AudioQuery>,
    pub text: Option<TextPrint>,
}

/// By what a segment was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    Video,
    Picture,
    Audio,
    Text,
}

/// A part of the query that is a part of the reference. Places are in seconds, those of text in tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub channel: Channel,
    pub query: (f64, f64),
    pub reference: (f64, f64),
    /// From 0 to 1; unrelated material does not get above 0.4.
    pub similarity: f64,
    /// Seconds of the reference in a second of the query.
    pub speed: f64,
    pub mirrored: bool,
    /// Another place of the same reference fits this part of the query as well: it repeats itself.
    pub is_tie: bool,
    /// The first and last token of both sides; the library's text itself is with the stored fingerprint.
    pub passage: Option<Passage>,
}

/// Where a passage of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    pub query: (Token, Token),
    pub reference: (Token, Token),
}

/// A fingerprint that shares something with the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub id: u64,
    /// The mean of its segments' similarities by their length.
    pub similarity: f64,
    /// In the query's order.
    pub segments: Vec<Segment>,
}

impl Index {
    /// Searches all that had been applied when it was called. The best comes first.
    pub fn search(&self, query: &Query) -> Vec<Found> {
        let snapshot = self.snapshot();
        let library = Library(&snapshot);
        let mut all: BTreeMap<u64, Vec<Segment>> = BTreeMap::new();
        let mut take = |segments: Vec<(u64, Segment)>| {
            for (id, segment) in segments {
                all.entry(id).or_default().push(segment);
            }
        };
        if let Some(video) = &query.video {
            take(frames::search(library, video));
        }
        if let Some(picture) = &query.picture {
            take(pictures::search(library, picture));
        }
        if let Some(audio) = &query.audio {
            take(sound::search(library, audio));
        }
        if let Some(text) = &query.text {
            take(passages::search(library, text));
        }
        let mut found: Vec<Found> = all
            .into_iter()
            .map(|(id, segments)| Found::new(id, segments))
            .collect();
        found.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        found
    }
}

impl Found {
    fn new(id: u64, mut segments: Vec<Segment>) -> Self {
        segments.sort_by(|a, b| {
            let places = a.query.0.total_cmp(&b.query.0);
            places
                .then(a.channel.cmp(&b.channel))
                .then(a.reference.0.total_cmp(&b.reference.0))
        });
        let length = |segment: &Segment| (segment.query.1 - segment.query.0).max(0.001);
        let total: f64 = segments.iter().map(length).sum();
        let weighted: f64 = segments
            .iter()
            .map(|segment| length(segment) * segment.similarity)
            .sum();
        Self {
            id,
            similarity: weighted / total,
            segments,
        }
    }

    fn weight(&self) -> f64 {
        let lengths = self.segments.iter().filter(|segment| !segment.is_tie);
        self.similarity
            * lengths
                .map(|segment| segment.query.1 - segment.query.0)
                .sum::<f64>()
    }
}

/// The segments of an index, whose fingerprints are counted through.
#[derive(Clone, Copy)]
struct Library<'a>(&'a Snapshot);

impl<'a> Library<'a> {
    /// The segments, each with the number of its first fingerprint.
    fn segments(self) -> impl Iterator<Item = (u32, &'a Live)> {
        let mut first = 0;
        self.0.segments.iter().map(move |live| {
            let own = first;
            first += live.segment.len() as u32;
            (own, live)
        })
    }

    /// The segment of a fingerprint, and its place there.
    fn part(self, number: u32) -> (&'a Live, usize) {
        let (first, live) = self
            .segments()
            .take_while(|(first, _)| *first <= number)
            .last()
            .expect("numbers are those of fingerprints");
        (live, (number - first) as usize)
    }
}

#[cfg(test)]
mod tests;
