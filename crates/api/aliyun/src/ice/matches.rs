//! The document that `DNAResult` leads to: a list of the library's files that the input has something in common with.

use reelgate_domain::dna::{Channel, EntryMatch, Matches, Segment};
use serde_json::{Map, Value, json};

/// What is put after the key of a job's own result to name this document.
pub const RESULT_SUFFIX: &str = ".ice.json";

/// The document, the most similar file first; an empty list if nothing was found.
pub fn matches_document(matches: &Matches) -> Vec<u8> {
    let files: Vec<Value> = matches.entries.iter().map(file).collect();
    Value::from(files).to_string().into_bytes()
}

fn file(entry: &EntryMatch) -> Value {
    let mut members = Map::new();
    members.insert("PrimaryKey".to_owned(), entry.key.as_str().into());
    members.insert("GlobalSimilarity".to_owned(), rounded(entry.similarity, 4));
    for (name, channels) in [
        // A picture is looked for in videos as if it were one of their frames.
        ("VideoMatchSegments", &[Channel::Video, Channel::Image][..]),
        ("AudioMatchSegments", &[Channel::Audio]),
        ("TextMatchSegments", &[Channel::Text]),
    ] {
        let found = entry.segments.iter();
        let found = found.filter(|segment| channels.contains(&segment.channel));
        let found: Vec<Value> = found.map(segment).collect();
        if !found.is_empty() {
            members.insert(name.to_owned(), found.into());
        }
    }
    Value::Object(members)
}

fn segment(segment: &Segment) -> Value {
    let similarity = rounded(segment.similarity, 4);
    let (input, reference) = (segment.input, segment.reference);
    if segment.channel == Channel::Text {
        let text = segment.text.as_ref();
        return json!({
            "Start": rounded(input.start, 3),
            "End": rounded(input.end, 3),
            "QueryText": text.map(|it| it.input.as_str()).unwrap_or_default(),
            "MasterText": text.map(|it| it.reference.as_str()).unwrap_or_default(),
            "Similarity": similarity,
        });
    }
    json!({
        "StartTime": rounded(input.start, 3),
        "EndTime": rounded(input.end, 3),
        "MasterStartTime": rounded(reference.start, 3),
        "MasterEndTime": rounded(reference.end, 3),
        "Similarity": similarity,
    })
}

/// A number with so many decimals at most.
fn rounded(number: f64, decimals: i32) -> Value {
    let scale = 10f64.powi(decimals);
    Value::from((number * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use reelgate_domain::dna::{MatchedText, PrimaryKey, Span};

    use super::*;

    fn found(channel: Channel, start: f64) -> Segment {
        Segment {
            channel,
            input: Span {
                start,
                end: start + 2.5,
            },
            reference: Span {
                start: start + 10.0,
                end: start + 12.500_4,
            },
            similarity: 0.891_52,
            speed: 1.0,
            mirrored: false,
            text: None,
        }
    }

    fn document(segments: Vec<Segment>) -> Value {
        let matches = Matches {
            library: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            version: 7,
            entries: vec![EntryMatch {
                key: PrimaryKey::new("film-1").unwrap(),
                number: 3,
                similarity: 0.915_66,
                segments,
            }],
        };
        serde_json::from_slice(&matches_document(&matches)).unwrap()
    }

    #[test]
    fn segments_stand_under_what_they_were_found_by() {
        let document = document(vec![
            found(Channel::Video, 0.0),
            found(Channel::Audio, 1.0),
            found(Channel::Video, 4.0),
        ]);
        let part = |start: f64| {
            json!({
                "StartTime": start, "EndTime": start + 2.5,
                "MasterStartTime": start + 10.0, "MasterEndTime": start + 12.5,
                "Similarity": 0.8915,
            })
        };
        let expected = json!([{
            "PrimaryKey": "film-1",
            "GlobalSimilarity": 0.9157,
            "VideoMatchSegments": [part(0.0), part(4.0)],
            "AudioMatchSegments": [part(1.0)],
        }]);
        assert_eq!(document, expected);
    }

    #[test]
    fn text_is_told_with_its_words() {
        let text = MatchedText {
            input: "to be or not".to_owned(),
            reference: "To be, or not".to_owned(),
        };
        let segment = Segment {
            text: Some(text),
            ..found(Channel::Text, 5.0)
        };
        let expected = json!([{
            "Start": 5.0, "End": 7.5, "Similarity": 0.8915,
            "QueryText": "to be or not", "MasterText": "To be, or not",
        }]);
        assert_eq!(document(vec![segment])[0]["TextMatchSegments"], expected);
    }

    #[test]
    fn nothing_found_is_an_empty_list() {
        let matches = Matches {
            library: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            version: 0,
            entries: Vec::new(),
        };
        assert_eq!(matches_document(&matches), b"[]");
    }
}
