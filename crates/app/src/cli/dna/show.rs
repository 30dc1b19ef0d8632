//! Libraries, entries and matches on the screen.

use anyhow::Result;
use reelgate_client::{EntryMatch, Library, LibraryEntry, MatchedSegment, Matches, Span};

use crate::cli::screen::{or_dash, size, table};

pub(super) fn libraries(libraries: &[Library]) -> Result<()> {
    let header = ["ID", "NAME", "MODEL", "ENTRIES", "CREATED", "DESCRIPTION"];
    let row = |library: &Library| {
        [
            library.id.clone(),
            library.name.clone(),
            library.model.to_string(),
            library.entries.to_string(),
            library.created_at.clone(),
            library.description.clone(),
        ]
    };
    table(header, libraries.iter().map(row))
}

pub(super) fn entries(entries: &[LibraryEntry]) -> Result<()> {
    let header = ["KEY", "LENGTH", "TAKES", "SOURCE", "JOB", "ADDED"];
    let row = |entry: &LibraryEntry| {
        [
            entry.key.clone(),
            or_dash(entry.duration_s.map(|seconds| moment(seconds, false))),
            size(entry.stored_bytes),
            entry.source.to_string(),
            entry.job_id.clone(),
            entry.created_at.clone(),
        ]
    };
    table(header, entries.iter().map(row))
}

/// A line for each matched part.
pub(super) fn matches(matches: &Matches) -> Result<()> {
    let header = [
        "KEY",
        "INPUT",
        "REFERENCE",
        "SIMILARITY",
        "SPEED",
        "MIRRORED",
        "CHANNEL",
    ];
    let rows = matches.entries.iter().flat_map(|entry| {
        let row = |segment| row(entry, segment);
        entry.segments.iter().map(row)
    });
    table(header, rows)
}

fn row(entry: &EntryMatch, segment: &MatchedSegment) -> [String; 7] {
    let interval = |span| interval(span, is_text(segment));
    [
        entry.key.clone(),
        interval(segment.input),
        interval(segment.reference),
        format!("{:.2}", segment.similarity),
        format!("{:.3}", segment.speed),
        if segment.mirrored { "yes" } else { "no" }.to_owned(),
        segment.channel.clone(),
    ]
}

/// Whether its places are characters, not seconds.
pub(super) fn is_text(segment: &MatchedSegment) -> bool {
    segment.channel == "text"
}

/// From and to; a dash for a picture, which has no length.
fn interval(span: Span, is_text: bool) -> String {
    let Span { start, end } = span;
    if start == 0.0 && end == 0.0 {
        return "-".to_owned();
    }
    format!("{}–{}", moment(start, is_text), moment(end, is_text))
}

/// `1:02:03.4`, `0:03.4`, or a number of a text's characters or seconds.
pub(super) fn moment(at: f64, is_text: bool) -> String {
    if is_text {
        // Texts whose lines have times are told in seconds, which the API does not say.
        let digits = usize::from(at.fract() != 0.0);
        return format!("{at:.digits$}");
    }
    let tenths = (at * 10.0).round().max(0.0) as u64;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    let (minutes, second) = (seconds / 60, seconds % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{second:02}.{tenth}"),
        hours => format!("{hours}:{:02}:{second:02}.{tenth}", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_clocks_are() {
        for (seconds, expected) in [
            (0.0, "0:00.0"),
            (59.96, "1:00.0"),
            (62.04, "1:02.0"),
            (3723.44, "1:02:03.4"),
        ] {
            assert_eq!(moment(seconds, false), expected);
        }
        assert_eq!(moment(412.0, true), "412");
        assert_eq!(moment(412.25, true), "412.2");
    }

    #[test]
    fn a_picture_has_no_interval() {
        let span = |start, end| interval(Span { start, end }, false);
        assert_eq!(span(0.0, 0.0), "-");
        assert_eq!(span(2.0, 22.4), "0:02.0–0:22.4");
    }
}
