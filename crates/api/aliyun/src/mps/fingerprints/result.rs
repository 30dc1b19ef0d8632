//! What a search found, as answers and messages tell it: beginnings and lengths in seconds, every number a string.

use reelgate_domain::dna::{Channel, EntryMatch, Matches, Segment, Span};
use serde_json::{Value, json};

/// `FpShotResult`: an entry stands in the list of each channel by which something of it was found.
pub(super) fn shown(matches: &Matches) -> Value {
    json!({
        "FpShots": {"FpShot": shots(matches, |channel| {
            matches!(channel, Channel::Video | Channel::Image)
        })},
        "AudioFpShots": {"FpShot": shots(matches, |channel| channel == Channel::Audio)},
        "TextFpShots": {"TextFpShot": texts(matches)},
    })
}

fn shots(matches: &Matches, of: impl Fn(Channel) -> bool) -> Vec<Value> {
    let shot = |(entry, segments): (&EntryMatch, Vec<&Segment>)| {
        let slices: Vec<Value> = segments.into_iter().map(slice).collect();
        json!({
            "PrimaryKey": entry.key.as_str(),
            "Similarity": number(entry.similarity),
            "FpShotSlices": {"FpShotSlice": slices},
        })
    };
    by_channel(matches, of).map(shot).collect()
}

fn slice(segment: &Segment) -> Value {
    json!({
        "Similarity": number(segment.similarity),
        "Input": fragment(segment.input),
        "Duplication": fragment(segment.reference),
    })
}

fn texts(matches: &Matches) -> Vec<Value> {
    let text = |(entry, segments): (&EntryMatch, Vec<&Segment>)| {
        let slices: Vec<Value> = segments.into_iter().map(text_slice).collect();
        json!({
            "PrimaryKey": entry.key.as_str(),
            "Similarity": number(entry.similarity),
            "TextFpShotSlices": {"TextFpShotSlice": slices},
        })
    };
    by_channel(matches, |channel| channel == Channel::Text)
        .map(text)
        .collect()
}

/// Of a text without times the fragment is counted in characters.
fn text_slice(segment: &Segment) -> Value {
    let words = segment.text.as_ref();
    json!({
        "Similarity": number(segment.similarity),
        "InputText": words.map_or("", |words| words.input.as_str()),
        "DuplicationText": words.map_or("", |words| words.reference.as_str()),
        "InputFragment": fragment(segment.input),
    })
}

/// The entries that something was found of by such channels, with what was.
fn by_channel<'a>(
    matches: &'a Matches,
    of: impl Fn(Channel) -> bool + 'a,
) -> impl Iterator<Item = (&'a EntryMatch, Vec<&'a Segment>)> {
    matches.entries.iter().filter_map(move |entry| {
        let segments = entry.segments.iter();
        let segments: Vec<&Segment> = segments.filter(|it| of(it.channel)).collect();
        (!segments.is_empty()).then_some((entry, segments))
    })
}

fn fragment(span: Span) -> Value {
    json!({
        "Start": number(span.start),
        "Duration": number((span.end - span.start).max(0.0)),
    })
}

/// To a thousandth, without zeros at its end.
fn number(value: f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}

#[cfg(test)]
mod tests {
    use reelgate_domain::dna::{LibraryId, MatchedText, PrimaryKey};

    use super::*;

    fn found(key: &str, segments: Vec<Segment>) -> EntryMatch {
        EntryMatch {
            key: PrimaryKey::new(key).unwrap(),
            number: 1,
            similarity: 0.891_476_9,
            segments,
        }
    }

    fn segment(channel: Channel, input: (f64, f64), reference: (f64, f64)) -> Segment {
        let span = |(start, end)| Span { start, end };
        Segment {
            channel,
            input: span(input),
            reference: span(reference),
            similarity: 1.0,
            speed: 1.0,
            mirrored: false,
            text: None,
        }
    }

    fn rendered(entries: Vec<EntryMatch>) -> Value {
        shown(&Matches {
            library: LibraryId::from_bytes([1; 16]),
            version: 3,
            entries,
        })
    }

    #[test]
    fn ranges_are_told_by_beginning_and_length() {
        let parts = vec![
            segment(Channel::Video, (0.0, 20.4), (2.0, 22.4)),
            segment(Channel::Video, (30.000_4, 31.25), (0.1, 1.3)),
        ];
        let result = rendered(vec![found("film", parts)]);
        let expected = json!([{
            "PrimaryKey": "film",
            "Similarity": "0.891",
            "FpShotSlices": {"FpShotSlice": [
                {
                    "Similarity": "1",
                    "Input": {"Start": "0", "Duration": "20.4"},
                    "Duplication": {"Start": "2", "Duration": "20.4"},
                },
                {
                    "Similarity": "1",
                    "Input": {"Start": "30", "Duration": "1.25"},
                    "Duplication": {"Start": "0.1", "Duration": "1.2"},
                },
            ]},
        }]);
        assert_eq!(result["FpShots"]["FpShot"], expected);
        assert_eq!(result["AudioFpShots"]["FpShot"], json!([]));
        assert_eq!(result["TextFpShots"]["TextFpShot"], json!([]));
    }

    #[test]
    fn an_entry_stands_under_each_channel_that_found_it() {
        let (sound, picture) = (Channel::Audio, Channel::Image);
        let parts = vec![
            segment(sound, (1.0, 2.0), (1.0, 2.0)),
            segment(picture, (0.0, 0.0), (7.5, 9.0)),
        ];
        let result = rendered(vec![found("both", parts)]);
        for list in ["FpShots", "AudioFpShots"] {
            let shots = result[list]["FpShot"].as_array().unwrap();
            assert_eq!(shots.len(), 1, "{list}");
            let slices = &shots[0]["FpShotSlices"]["FpShotSlice"];
            assert_eq!(slices.as_array().unwrap().len(), 1, "{list}");
        }
    }

    #[test]
    fn texts_are_told_with_their_words() {
        let mut part = segment(Channel::Text, (3.5, 8.0), (120.0, 160.0));
        part.text = Some(MatchedText {
            input: "it is snowy today".to_owned(),
            reference: "It is snowy, today.".to_owned(),
        });
        let result = rendered(vec![found("novel", vec![part])]);
        let slice =
            &result["TextFpShots"]["TextFpShot"][0]["TextFpShotSlices"]["TextFpShotSlice"][0];
        let expected = json!({
            "Similarity": "1",
            "InputText": "it is snowy today",
            "DuplicationText": "It is snowy, today.",
            "InputFragment": {"Start": "3.5", "Duration": "4.5"},
        });
        assert_eq!(*slice, expected);
        assert_eq!(result["FpShots"]["FpShot"], json!([]));
    }
}
